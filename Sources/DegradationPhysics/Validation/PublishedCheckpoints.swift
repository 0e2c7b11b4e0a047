public import CellModel

/// The capacity retentions that a literature dataset publishes, as checkpoints of a study.
public struct PublishedCheckpoints: Sendable, Hashable {
  /// What was left out, and why.
  public struct Omission: Sendable, Hashable {
    /// The cell.
    public var cellID: String
    /// Cycle of the row; nil where the whole cell is left out.
    public var cycle: Double?
    /// Why.
    public var reason: String
  }

  /// The cells with at least one row left.
  public let cells: [CellHistory]
  /// The rows: retention against cycles after the cell's reference cycle.
  public let rows: [Checkpoint]
  /// The published cycle number of each row.
  public let cycles: [Double]
  /// Excluded cells and rows, rows at or before the reference cycle, and cells without a row.
  public let omissions: [Omission]

  /// Cycle from which rows are scored; earlier ones are formation and only teach.
  public static let firstScoredCycle = 10.0

  /// The checkpoints of cells whose capacity column is retention.
  ///
  /// The reference cycle is `reference_cycle`, or 1 where it is not stated; the paper is `lab_id`, or the cell itself.
  public init(_ all: [CellHistory]) {
    var cells: [CellHistory] = []
    var rows: [Checkpoint] = []
    var cycles: [Double] = []
    var omissions: [Omission] = []
    for cell in all {
      if cell.status == .excluded {
        let reason = cell.attributes.text("reason").map { ": \($0)" } ?? ""
        omissions.append(Omission(cellID: cell.id, cycle: nil, reason: "excluded\(reason)"))
        continue
      }
      let reference = cell.attributes.numbers["reference_cycle"] ?? 1
      let before = rows.count
      for (k, cycle) in cell.series.ages.enumerated() {
        let retention = cell.series.capacities[k]
        if cell.series.flags[k] != .ok {
          omissions.append(Omission(cellID: cell.id, cycle: cycle, reason: cell.series.flags[k].rawValue))
        } else if !(cycle > reference) {
          let reason = cycle == reference ? "is the reference cycle" : "before the reference cycle"
          omissions.append(Omission(cellID: cell.id, cycle: cycle, reason: reason))
        } else if !retention.isFinite {
          omissions.append(Omission(cellID: cell.id, cycle: cycle, reason: "no retention"))
        } else {
          rows.append(
            Checkpoint(
              cell: cells.count, paper: cell.attributes.text("lab_id") ?? cell.id, cycles: max(1, cycle - reference),
              retention: retention, isScored: cycle >= Self.firstScoredCycle))
          cycles.append(cycle)
        }
      }
      if rows.count > before {
        cells.append(cell)
      } else if cell.series.count == 0 {
        omissions.append(Omission(cellID: cell.id, cycle: nil, reason: "no checkpoint published"))
      }
    }
    self.cells = cells
    self.rows = rows
    self.cycles = cycles
    self.omissions = omissions
  }

  /// The papers, sorted.
  public var papers: [String] { Set(rows.map(\.paper)).sorted() }

  /// The cell of a row.
  public func cell(_ row: Int) -> CellHistory { cells[rows[row].cell] }

  /// How far a row is to be trusted, `source_kind`.
  public func trust(_ row: Int) -> String { cell(row).attributes.text("source_kind") ?? "not stated" }

  /// The rows that count in scores.
  public var scored: [Int] { rows.indices.filter { rows[$0].isScored } }
}
