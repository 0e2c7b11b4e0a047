/// Where the numbers of a dataset come from; shown wherever a score is.
public enum DatasetKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// Measured by its source.
  case measured
  /// Read off figures.
  case digitised
  /// Published checkpoints.
  case literature
  /// Written by a simulation.
  case simulated
}

/// Which physics a cell belongs to.
public enum CellFamily: String, Sendable, Hashable, Codable, CaseIterable {
  /// NCM with a sulfide (or halide) electrolyte.
  case sulfideSolidState = "sulfide_solid_state"
  /// Liquid electrolyte.
  case liquid
  /// Anything else.
  case other
}

/// What `dataset.json` says about a dataset.
public struct DatasetDescription: Sendable, Hashable {
  /// Unique name.
  public var name: String
  /// Origin of the numbers.
  public var kind: DatasetKind
  /// Physics family.
  public var family: CellFamily
  /// The column that counts age: `cycle_count` or `equivalent_full_cycles`.
  public var ageColumn: String
  /// The column that holds capacity.
  public var capacityColumn: String
  /// The dataset's own definition of life.
  public var endOfLife: EndOfLife
  /// Text keys: title, description, version, license, citation, source …
  public var texts: [String: String]

  /// A description from its parts.
  public init(
    name: String, kind: DatasetKind, family: CellFamily, ageColumn: String = "cycle_count", capacityColumn: String,
    endOfLife: EndOfLife, texts: [String: String] = [:]
  ) {
    self.name = name
    self.kind = kind
    self.family = family
    self.ageColumn = ageColumn
    self.capacityColumn = capacityColumn
    self.endOfLife = endOfLife
    self.texts = texts
  }
}
