public import CellModel

/// One cell to simulate: its design and its parameters.
public struct SulfideCell: Sendable, Hashable {
  /// The design and how it is cycled.
  public var design: CellDesign
  /// The parameters of its materials.
  public var parameters: ParameterSet
  /// Accumulated hazard at which this cell shorts, −ln u of a uniform draw u; the median cell by default.
  public var shortThreshold = 0.693_147_180_559_945_3
  /// Whether the cell is rejected at assembly.
  public var isRejectedAtAssembly = false

  /// A cell from its parts.
  public init(design: CellDesign, parameters: ParameterSet) {
    self.design = design
    self.parameters = parameters
  }

  /// A cell from its columns with nominal parameters of its materials.
  ///
  /// - Throws: `DesignError`.
  public init(_ attributes: CellAttributes, library: MaterialsLibrary = .standard) throws(DesignError) {
    let materials = try library.resolve(attributes)
    self.init(
      design: try CellDesign(attributes, anode: materials.anode), parameters: materials.parameters())
  }
}
