/// Whether a measured row may be used.
public enum QualityFlag: String, Sendable, Hashable, Codable, CaseIterable {
  /// A good row; also what an empty field means.
  case ok
  /// A wrong value.
  case glitch
  /// A cycle that was broken off.
  case interrupted
  /// Left out by the source: never used.
  case excluded
}

/// The observations of one cell, one array per column, in ascending age.
public struct CycleSeries: Sendable, Hashable {
  /// Age of each row, in the dataset's age unit (cycles or equivalent full cycles), ≥ 0, strictly ascending.
  public var ages: [Double]
  /// The dataset's capacity column as it stands in the file (Ah, mAh g⁻¹ or retention); NaN where empty.
  public var capacities: [Double]
  /// Other numeric columns by name, NaN where empty, in the unit of the name.
  public var columns: [String: [Double]]
  /// Quality of each row.
  public var flags: [QualityFlag]

  /// A series from its columns, all of the length of `ages`; no flags means all rows are good.
  public init(
    ages: [Double] = [], capacities: [Double] = [], columns: [String: [Double]] = [:], flags: [QualityFlag]? = nil
  ) {
    precondition(ages.count == capacities.count, "\(ages.count) ages for \(capacities.count) capacities")
    self.ages = ages
    self.capacities = capacities
    self.columns = columns
    self.flags = flags ?? [QualityFlag](repeating: .ok, count: ages.count)
  }

  /// Number of rows.
  public var count: Int { ages.count }

  /// The rows of age ≤ `age`: all that a forecast made at that age may see.
  public func visible(upTo age: Double) -> CycleSeries {
    let n = ages.prefix { $0 <= age }.count
    return CycleSeries(
      ages: Array(ages.prefix(n)), capacities: Array(capacities.prefix(n)),
      columns: columns.mapValues { Array($0.prefix(n)) }, flags: Array(flags.prefix(n)))
  }
}

/// Discharge capacity against voltage, for some cycles of one cell (`curves/CELL.csv.gz`).
public struct VoltageCurves: Sendable, Hashable {
  /// The voltage grid [V], strictly monotone.
  public var voltagesV: [Double]
  /// Ages of the curves, ascending.
  public var ages: [Double]
  /// For each age, the cumulative discharge capacity [Ah] when the voltage has fallen to the grid value.
  public var dischargedAh: [[Double]]

  /// Curves from their grid and columns.
  public init(voltagesV: [Double], ages: [Double], dischargedAh: [[Double]]) {
    self.voltagesV = voltagesV
    self.ages = ages
    self.dischargedAh = dischargedAh
  }
}
