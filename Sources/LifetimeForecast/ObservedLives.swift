public import BatteryData
public import CellModel

/// The lives that a dataset's cells reached, by the rules of its format.
public enum ObservedLives {
  /// Life of each cell that reached its end: stated, else the first crossing of the cleaned record. Cells that were
  /// excluded, or failed before, are absent.
  ///
  /// - Parameter limit: the limit of life; nil for the dataset's own.
  /// - Throws: `CellRefusal` for a cell that cannot be related to its reference.
  public static func of(_ dataset: Dataset, limit: EndOfLife? = nil) throws -> [String: Double] {
    try withBounds(of: dataset, limit: limit).lives
  }

  /// The same, and the last age of cells that were alive then (running, or stopped before their end): their lives lie
  /// above it.
  public static func withBounds(
    of dataset: Dataset, limit: EndOfLife? = nil
  ) throws -> (lives: [String: Double], bounds: [String: Double]) {
    let preparation = CellPreparation(
      description: dataset.description, endOfLife: limit ?? dataset.description.endOfLife)
    let cells = dataset.cells.filter { $0.status != .excluded }
    let withRows = cells.filter { $0.series.count > 0 }
    let traits = try RecordTraits(retentions: withRows.map { try preparation.relative($0).retention })
    var (lives, bounds) = ([String: Double](), [String: Double]())
    for cell in withRows {
      let prepared = try preparation.prepare(cell, traits: traits)
      if prepared.life.isFinite, prepared.life > 0 {
        lives[cell.id] = prepared.life
      } else if cell.status != .failed, prepared.lastAge > 0 {
        bounds[cell.id] = prepared.lastAge
      }
    }
    return (lives, bounds)
  }
}
