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

  /// The last usable retention of each cell with a record.
  ///
  /// - Throws: `CellRefusal` for a cell that cannot be related to its reference.
  public static func lastRetentions(of dataset: Dataset) throws -> [String: Double] {
    let preparation = CellPreparation(description: dataset.description, endOfLife: dataset.description.endOfLife)
    var out: [String: Double] = [:]
    for cell in dataset.cells where cell.series.count > 0 {
      out[cell.id] = try preparation.relative(cell).retention.last
    }
    return out
  }

  /// Width of the gap between check-ups in which a life ends, as a share of the life, above which the life is only known
  /// to lie in the gap (assumed: replicates scatter by about as much).
  public static let widestGap = 0.1

  /// The same; the last age of cells that were alive then (running, or stopped before their end), above which their
  /// lives lie; and the ages between which those lives lie that ended between two check-ups far apart.
  public static func withBounds(
    of dataset: Dataset, limit: EndOfLife? = nil
  ) throws -> (lives: [String: Double], bounds: [String: Double], gaps: [String: ClosedRange<Double>]) {
    let preparation = CellPreparation(
      description: dataset.description, endOfLife: limit ?? dataset.description.endOfLife)
    let cells = dataset.cells.filter { $0.status != .excluded }
    let withRows = cells.filter { $0.series.count > 0 }
    let traits = try RecordTraits(retentions: withRows.map { try preparation.relative($0).retention })
    var (lives, bounds) = ([String: Double](), [String: Double]())
    var gaps: [String: ClosedRange<Double>] = [:]
    let isOwnLimit = preparation.endOfLife == dataset.description.endOfLife
    for cell in withRows {
      let prepared = try preparation.prepare(cell, traits: traits)
      if prepared.life.isFinite, prepared.life > 0 {
        lives[cell.id] = prepared.life
        let isStated = isOwnLimit && cell.attributes.number("observed_life").isFinite
        if !isStated, let gap = prepared.gap(around: prepared.life),
          gap.upperBound - gap.lowerBound > widestGap * prepared.life
        {
          gaps[cell.id] = gap
        }
      } else if cell.status != .failed, prepared.lastAge > 0 {
        bounds[cell.id] = prepared.lastAge
      }
    }
    return (lives, bounds, gaps)
  }
}

extension PreparedCell {
  /// The ages of the rows around an age within the record; an age of 1 where no row comes before.
  fileprivate func gap(around age: Double) -> ClosedRange<Double>? {
    guard let k = ages.firstIndex(where: { $0 >= age }) else { return nil }
    return min(max(k > 0 ? ages[k - 1] : 0, 1), ages[k])...ages[k]
  }
}
