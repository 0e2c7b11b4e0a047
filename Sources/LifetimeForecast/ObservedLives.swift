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
    let preparation = CellPreparation(
      description: dataset.description, endOfLife: limit ?? dataset.description.endOfLife)
    let cells = dataset.cells.filter { $0.status != .excluded }
    let withRows = cells.filter { $0.series.count > 0 }
    let traits = try RecordTraits(retentions: withRows.map { try preparation.relative($0).retention })
    var out: [String: Double] = [:]
    for cell in withRows {
      let life = try preparation.prepare(cell, traits: traits).life
      if life.isFinite, life > 0 { out[cell.id] = life }
    }
    return out
  }
}
