internal import CellModel
internal import NumericalMethods

/// Features of the rows of a record, one number a cycle each; see `CurveFeatures` for their meaning.
struct SeriesFeatures {
  let ages: [Double]
  /// Retention: capacity over reference capacity.
  let q: [Double]
  private let series: CycleSeries
  private let capacityColumn: String

  /// - Parameter record: holds visible and good rows only.
  init(_ record: FeatureRecord) {
    let series = record.series
    let rows = (0..<series.count).filter { series.capacities[$0].isFinite && series.capacities[$0] > 0 }
    self.series = series
    capacityColumn = record.capacityColumn
    ages = rows.map { series.ages[$0] }
    q = rows.map { series.capacities[$0] / record.referenceCapacity }
  }

  /// Retention at age 2, straight between rows; NaN when the rows do not reach around it.
  var atTwo: Double {
    guard let first = ages.first, let last = ages.last, first <= 2, last >= 2 else { return .nan }
    return interpolate(2, ages, q)
  }

  /// Slope of the regression line over the last `count` rows; NaN for fewer than two.
  func slope(last count: Int) -> Double { Self.slope(Array(ages.suffix(count)), Array(q.suffix(count))) }

  /// Second derivative of the regression parabola; NaN for fewer than four rows.
  var curvature: Double {
    guard ages.count >= 4 else { return .nan }
    let centre = mean(ages)
    let t = ages.map { $0 - centre }
    // What of t² is not a line in t, against what of q is not a line.
    let square = t.map { $0 * $0 }
    let level = mean(square)
    let tilt = Self.slope(t, square)
    let p = t.indices.map { square[$0] - level - tilt * t[$0] }
    let norm = p.reduce(0) { $0 + $1 * $1 }
    return norm > 0 ? 2 * zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } / norm : .nan
  }

  /// Slope of log(loss since the first row) against log(age since then).
  ///
  /// Rows with a loss above 0.001 only; NaN for fewer than three, or when they span less than a factor of 2 in age.
  var fadeExponent: Double {
    guard let t0 = ages.first, let q0 = q.first else { return .nan }
    let rows = ages.indices.filter { ages[$0] > t0 && q0 - q[$0] > 1e-3 }
    guard rows.count >= 3, ages[rows[rows.count - 1]] - t0 >= 2 * (ages[rows[0]] - t0) else { return .nan }
    return Self.slope(rows.map { _log(ages[$0] - t0) }, rows.map { _log(q0 - q[$0]) })
  }

  /// First resistance (median of the first three), its relative growth to the last three, and the age of its least
  /// running median of three.
  var resistance: (first: Double, growth: Double, leastAge: Double) {
    for (name, factor) in [("dc_internal_resistance_ohm", 1.0), ("area_resistance_ohm_cm2", 1e-4)] {
      let (t, r) = finite(name)
      guard !r.isEmpty else { continue }
      let first = median(Array(r.prefix(3)))
      let smooth = runningMedian(r, window: 3)
      let least = smooth.indices.min { smooth[$0] < smooth[$1] } ?? 0
      let growth = r.count > 3 && first > 0 ? median(Array(r.suffix(3))) / first - 1 : .nan
      return (first * factor, growth, t[least])
    }
    return (.nan, .nan, .nan)
  }

  /// Median of 1 − coulombic efficiency.
  var efficiencyGap: Double {
    let stated = finite("coulombic_efficiency").values
    if !stated.isEmpty { return 1 - median(stated) }
    guard capacityColumn == "cycle_discharging_capacity_ah",
      let charged = series.columns["cycle_charging_capacity_ah"]
    else { return .nan }
    return 1 - median(ratios(series.capacities, charged))
  }

  /// Median ratio of discharged to charged energy.
  var energyEfficiency: Double {
    guard let out = series.columns["cycle_discharging_energy_wh"], let into = series.columns["cycle_charging_energy_wh"]
    else { return .nan }
    return median(ratios(out, into))
  }

  /// First (median of three) minus last mean discharge voltage [V].
  var meanVoltageDrop: Double {
    let v = finite("mean_discharge_voltage_v").values
    return v.count > 3 ? median(Array(v.prefix(3))) - median(Array(v.suffix(3))) : .nan
  }

  /// Median share of the charge that is taken at constant voltage.
  var constantVoltageShare: Double {
    guard let cc = series.columns["cc_charge_ah"], let cv = series.columns["cv_charge_ah"] else { return .nan }
    return median(ratios(cv, zip(cc, cv).map { $0 + $1 }))
  }

  /// Mean of the first `count` values of a column; NaN without any.
  func meanOfFirst(_ count: Int, _ column: String) -> Double { mean(Array(finite(column).values.prefix(count))) }

  /// Median of the last three values of a column; NaN without any.
  func latest(_ column: String) -> Double { median(Array(finite(column).values.suffix(3))) }

  /// The finite values of a column and their ages.
  func finite(_ column: String) -> (ages: [Double], values: [Double]) {
    guard let values = series.columns[column] else { return ([], []) }
    let rows = values.indices.filter { values[$0].isFinite }
    return (rows.map { series.ages[$0] }, rows.map { values[$0] })
  }

  private func ratios(_ a: [Double], _ b: [Double]) -> [Double] {
    zip(a, b).filter { $0.isFinite && $1.isFinite && $1 > 0 }.map { $0 / $1 }
  }

  private static func slope(_ x: [Double], _ y: [Double]) -> Double {
    guard x.count >= 2 else { return .nan }
    let (mx, my) = (mean(x), mean(y))
    var (xx, xy) = (0.0, 0.0)
    for i in x.indices {
      xx += (x[i] - mx) * (x[i] - mx)
      xy += (x[i] - mx) * (y[i] - my)
    }
    return xx > 0 ? xy / xx : .nan
  }
}
