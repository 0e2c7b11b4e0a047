/// Why a record ends.
public enum CellStatus: String, Sendable, Hashable, Codable, CaseIterable {
  /// The test was carried to its planned end.
  case completed
  /// Still cycling.
  case running
  /// Ended by a failure, see `failure_mode`.
  case failed
  /// Stopped early; never a failure.
  case stopped
  /// Counted, never trained on or scored.
  case excluded
}

/// One built cell: what it is, how it is tested, and what was observed.
public struct CellHistory: Sendable, Hashable {
  /// Unique within the dataset.
  public var id: String
  /// Conditions and outcome columns of `cells.csv`.
  public var attributes: CellAttributes
  /// The observations; empty for a new design.
  public var series: CycleSeries
  /// Voltage curves when the dataset has them.
  public var curves: VoltageCurves?

  /// A cell from its parts.
  public init(
    id: String, attributes: CellAttributes = CellAttributes(), series: CycleSeries = CycleSeries(),
    curves: VoltageCurves? = nil
  ) {
    self.id = id
    self.attributes = attributes
    self.series = series
    self.curves = curves
  }

  /// Replicates of one recipe and condition share it; the cell's own id when not stated.
  public var groupID: String { attributes.text("group_id") ?? id }

  /// Why the record ends; `completed` when not stated.
  public var status: CellStatus { attributes.text("status").flatMap(CellStatus.init) ?? .completed }
}
