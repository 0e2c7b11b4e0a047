internal import CellModel
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// How densely a dataset records its cells; decided on training cells and kept with the model.
struct RecordTraits: Sendable, Hashable, Codable {
  /// True for one row a cycle, false for check-ups.
  var isDense: Bool
  /// Standard deviation of one measured retention.
  var measurementNoise: Double
}

extension RecordTraits {
  /// The traits of a dataset from its cells' retention records.
  ///
  /// Dense means more than 60 rows in the median cell. Noise is the median over cells of 1.4826·median|Δq|/√2 for
  /// dense records and 0.001 (assumed) for check-ups.
  init(retentions: [[Double]]) {
    let typical = median(retentions.map { Double($0.count) })
    isDense = typical > 60
    let noises = retentions.compactMap { q -> Double? in
      guard q.count > 2 else { return nil }
      return 1.4826 * median((1..<q.count).map { abs(q[$0] - q[$0 - 1]) }) / 2.0.squareRoot()
    }
    measurementNoise = isDense && !noises.isEmpty ? median(noises) : 1e-3
  }
}

/// One cell, cleaned: relative capacity against age, and what its record says about its life.
struct PreparedCell: Sendable {
  var id: String
  /// Name of the dataset the cell belongs to.
  var dataset: String
  /// Dataset and replicate group, the unit of partial pooling.
  var group: String
  var attributes: CellAttributes
  /// Ages of the rows kept.
  var ages: [Double]
  /// Retention of the rows kept.
  var retention: [Double]
  /// Retention smoothed by a running median of 7 (dense records only).
  var smooth: [Double]
  /// Other columns at the rows kept.
  var columns: [String: [Double]]
  var curves: VoltageCurves?
  var isDense: Bool
  /// True for published checkpoints, false for a record.
  var isPublished = false
  var measurementNoise: Double
  /// Capacity that stands for retention 1 (1 where the file holds retention).
  var reference: Double
  /// Retention that ends life.
  var endFraction: Double
  /// Age at the end of life; NaN while not reached.
  var life: Double
  /// Rows left out as not finite, not positive, flagged or glitches.
  var droppedRows: Int

  /// Last age of the record; 0 without rows.
  var lastAge: Double { ages.last ?? 0 }

  /// The key under which random numbers of this cell are drawn.
  var streamKey: UInt64 { stableHash(id) }
}

/// What keeps a cell out of a forecast.
public struct CellRefusal: Error, Hashable, Sendable {
  /// The cell.
  public var cellID: String
  /// The column at fault.
  public var field: String
  /// Why.
  public var message: String
  /// What to do.
  public var help: String
}

/// Turns records into prepared cells.
struct CellPreparation {
  var description: DatasetDescription
  var endOfLife: EndOfLife

  /// Retention of the usable rows, before any smoothing, and the reference capacity.
  func relative(_ cell: CellHistory) throws(CellRefusal) -> (rows: [Int], retention: [Double], reference: Double) {
    let s = cell.series
    let rows = (0..<s.count).filter { s.flags[$0] == .ok && s.capacities[$0].isFinite && s.capacities[$0] > 0 }
    let isRetention = description.capacityColumn == "capacity_retention"
    var reference = 1.0
    if !isRetention {
      switch endOfLife.reference {
      case .nominal:
        let column =
          description.capacityColumn == "specific_discharging_capacity_mah_g"
          ? "nominal_specific_capacity_mah_g" : "nominal_capacity_ah"
        reference = cell.attributes.number(column)
        guard reference.isFinite, reference > 0 else {
          throw CellRefusal(
            cellID: cell.id, field: column, message: "\(cell.id): no positive \(column) to relate capacity to",
            help: "state it in cells.csv, or choose another reference (--reference first)")
        }
      case .first: reference = rows.first.map { s.capacities[$0] } ?? 1
      case .max: reference = rows.map { s.capacities[$0] }.max() ?? 1
      case .mean(let range):
        let inside = rows.filter { range.contains(s.ages[$0]) }.map { s.capacities[$0] }
        reference = inside.isEmpty ? (rows.first.map { s.capacities[$0] } ?? 1) : mean(inside)
      }
    }
    return (rows, rows.map { s.capacities[$0] / reference }, reference)
  }

  /// Cleans one cell. Centred filters see the rows given and no others: pass `visible(upTo:)` to forecast.
  func prepare(_ cell: CellHistory, traits: RecordTraits) throws(CellRefusal) -> PreparedCell {
    var (rows, q, reference) = try relative(cell)
    var ages = rows.map { cell.series.ages[$0] }
    var columnRows = rows
    if traits.isDense && q.count > 2 {
      let middle = runningMedian(q, window: 9)
      let good = q.indices.filter { abs(q[$0] - middle[$0]) < 0.015 }
      ages = good.map { ages[$0] }
      columnRows = good.map { columnRows[$0] }
      q = good.map { q[$0] }
    }
    var columns = cell.series.columns.mapValues { values in columnRows.map { values[$0] } }
    // A published checkpoint is relative to its reference cycle: that point is known and starts the record.
    if description.kind == .literature {
      let start = cell.attributes.number("reference_cycle")
      let startAge = start.isFinite ? start : 1
      if ages.first.map({ $0 > startAge }) ?? true {
        ages.insert(startAge, at: 0)
        q.insert(1, at: 0)
        columns = columns.mapValues { [.nan] + $0 }
      }
      ages = ages.map { $0 - startAge }
    }
    let smooth = traits.isDense && q.count > 2 ? runningMedian(q, window: 7) : q
    var prepared = PreparedCell(
      id: cell.id, dataset: description.name, group: description.name + "/" + cell.groupID,
      attributes: cell.attributes, ages: ages, retention: q, smooth: smooth, columns: columns, curves: cell.curves,
      isDense: traits.isDense, measurementNoise: traits.measurementNoise, reference: reference,
      endFraction: endOfLife.fraction, life: .nan, droppedRows: cell.series.count - columnRows.count)
    prepared.isPublished = description.kind == .literature
    prepared.life = life(prepared, cell)
    return prepared
  }

  /// Age at end of life by the rules of the dataset format: stated, else first crossing, else NaN (censored).
  private func life(_ prepared: PreparedCell, _ cell: CellHistory) -> Double {
    if cell.status == .failed {
      // Its capacity life is censored where it failed, whatever the rows after say.
      return .nan
    }
    let stated = cell.attributes.number("observed_life")
    if stated.isFinite, endOfLife == description.endOfLife { return stated }
    return prepared.crossing(endOfLife.fraction, after: -.infinity)
  }
}

extension PreparedCell {
  /// First age after `start` at which smoothed retention is at or below `level`; NaN if never.
  ///
  /// Straight between rows in age, and in √age between check-ups.
  func crossing(_ level: Double, after start: Double) -> Double {
    guard let k = ages.indices.first(where: { ages[$0] > start && smooth[$0] <= level }) else { return .nan }
    guard k > 0, smooth[k - 1] > level else { return max(ages[k], start) }
    let w = (smooth[k - 1] - level) / max(smooth[k - 1] - smooth[k], 1e-9)
    if !isDense {
      let a = ages[k - 1].squareRoot()
      let b = ages[k].squareRoot()
      let root = a + w * (b - a)
      return max(root * root, start)
    }
    return max(ages[k - 1] + w * (ages[k] - ages[k - 1]), start)
  }

  /// Retention now: the median of the last up to five rows of age ≤ `age` (the last row of a sparse record).
  func currentRetention(at age: Double) -> Double? {
    let n = ages.prefix { $0 <= age }.count
    guard n > 0 else { return nil }
    if !isDense { return retention[n - 1] }
    let width = max(1, min(5, n / 4))
    return median(Array(retention[(n - width)..<n]))
  }

  /// Retention at the start: the median of the first five rows (the first row of a sparse record).
  var initialRetention: Double? {
    guard let first = retention.first else { return nil }
    return isDense ? median(Array(retention.prefix(5))) : first
  }
}
