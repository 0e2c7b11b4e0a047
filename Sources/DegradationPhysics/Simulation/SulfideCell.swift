/// One cell to simulate: its design and its parameters.
public struct SulfideCell: Sendable, Hashable {
  /// The design and how it is cycled.
  public var design: CellDesign
  /// The parameters of its materials.
  public var parameters: ParameterSet
  /// Accumulated hazard at which this cell shorts, −ln u of a uniform draw u; the median cell by default.
  public var shortThreshold = 0.693_147_180_559_945_3

  /// A cell from its parts.
  public init(design: CellDesign, parameters: ParameterSet) {
    self.design = design
    self.parameters = parameters
  }
}
