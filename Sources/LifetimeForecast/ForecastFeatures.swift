internal import CellModel
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The blocks into which the learners' inputs fall; each has kernels of its own.
public enum FeatureBlock: String, Sendable, Hashable, Codable, CaseIterable {
  /// What the physics law or simulation says.
  case law
  /// Capacity against age so far.
  case trend
  /// ΔQ(V) of the discharge curves.
  case curve
  /// Constant-current and constant-voltage windows of the charge.
  case charge
  /// Published features of the first weeks (`early_*` columns).
  case early
  /// Conditions and materials.
  case condition
}

/// One input of the learners.
struct Feature: Sendable, Hashable, Codable {
  var name: String
  var block: FeatureBlock
}

/// Inputs of one cell at one age, by feature; absent means not known.
typealias FeatureValues = [Feature: Double]

/// Builds the inputs of a cell from what is visible at age N.
struct ForecastFeatures: Sendable {
  var law: AgeingLawUpdate
  /// Names of further condition columns, from `--use-columns`.
  var extraColumns: [String]

  /// All features of a cell; `observed` must hold rows of age ≤ `age` only; age 0 means design alone.
  func values(_ observed: PreparedCell, at age: Double, sulfidePrior: SulfidePrior?) -> FeatureValues {
    var out: FeatureValues = [:]
    func put(_ block: FeatureBlock, _ name: String, _ value: Double) {
      if value.isFinite { out[Feature(name: name, block: block)] = value }
    }
    if age > 0 {
      trend(observed, age, put)
      charge(observed, put)
      if let curves = observed.curves { curveDifference(curves, age, put) }
      for (name, value) in observed.attributes.numbers where name.hasPrefix("early_") && !name.contains("stress") {
        put(.early, name, value)
      }
    }
    conditions(observed, put)
    if let sulfidePrior {
      put(.law, "simulated_log_fade_of_study", sulfidePrior.study)
      put(.law, "simulated_log_fade_contrast", sulfidePrior.contrast)
    }
    return out
  }

  private func trend(_ cell: PreparedCell, _ age: Double, _ put: (FeatureBlock, String, Double) -> Void) {
    let t = cell.ages
    let q = cell.retention
    let n = t.count
    guard n >= 2, let now = cell.currentRetention(at: age) else { return }
    let width = max(1, min(5, n / 4))
    let first = cell.isDense ? median(Array(q.prefix(width))) : q[0]
    let headroom = log(max(now - cell.endFraction, LevelGrid.smallestHeadroom))
    put(.trend, "retention_now", now)
    put(.trend, "retention_first", first)
    put(.law, "log_headroom", headroom)
    put(.trend, "loss_so_far", signedLog(first - now, scale: 2e-3))
    put(.trend, "rise", signedLog((q.max() ?? first) - first, scale: 2e-3))
    let slopeAll = signedLog(-slope(t, q) * age, scale: 2e-3)
    put(.trend, "slope_all", slopeAll)
    let half = t.indices.filter { t[$0] >= t[0] + 0.5 * (t[n - 1] - t[0]) }
    var slopeHalf: Double?
    if half.count >= 2 {
      slopeHalf = signedLog(-slope(half.map { t[$0] }, half.map { q[$0] }) * age, scale: 2e-3)
      put(.trend, "slope_last_half", slopeHalf ?? .nan)
    }
    put(.trend, "slope_change", (slopeHalf ?? 0) - slopeAll)
    for member in law.members {
      let (m, s) = law.posterior(member, ages: t, retention: q, noise: cell.lawNoise)
      let p = member.exponent == 1 ? "linear" : "sqrt"
      put(.law, "log_rate_\(p)", m)
      put(.law, "log_rate_sd_\(p)", log(s))
      put(.law, "log_remaining_\(p)", (headroom - m) / member.exponent)
    }
  }

  private func slope(_ x: [Double], _ y: [Double]) -> Double {
    let mx = mean(x)
    let my = mean(y)
    var xx = 0.0
    var xy = 0.0
    for i in x.indices {
      xx += (x[i] - mx) * (x[i] - mx)
      xy += (x[i] - mx) * (y[i] - my)
    }
    return xx > 0 ? xy / xx : 0
  }

  private func charge(_ cell: PreparedCell, _ put: (FeatureBlock, String, Double) -> Void) {
    for name in ["cc_charge_ah", "cc_charge_time_second", "cv_charge_ah", "cv_charge_time_second"] {
      guard let values = cell.columns[name]?.filter(\.isFinite), values.count > 4 else { continue }
      let width = max(3, cell.ages.count / 8)
      let early = median(Array(values.prefix(width)))
      let late = median(Array(values.suffix(width)))
      let scale = name.hasSuffix("ah") ? cell.reference : 1000
      put(.charge, "level_" + name, log(max(early, 1e-4) / scale))
      put(.charge, "change_" + name, log(max(late, 1e-4) / max(early, 1e-4)))
    }
  }

  /// Statistics of ΔQ(V) between the curves around N/10 and the last ones seen.
  ///
  /// - Source: Severson et al., Nature Energy 4 (2019) 383, doi:10.1038/s41560-019-0356-8.
  private func curveDifference(_ curves: VoltageCurves, _ age: Double, _ put: (FeatureBlock, String, Double) -> Void) {
    let use = curves.ages.indices.filter { curves.ages[$0] <= age }
    guard use.count >= 2, let oldest = use.first, let newest = use.last else { return }
    let isDense = use.count >= 12
    func nearest(_ target: Double) -> [Int] {
      Array(
        use.sorted {
          let a = abs(curves.ages[$0] - target)
          let b = abs(curves.ages[$1] - target)
          return a != b ? a < b : $0 < $1
        }.prefix(3))
    }
    let late = isDense ? Array(use.suffix(3)) : [newest]
    let early = isDense ? nearest(max(age / 10, 3)) : [oldest]
    let span = curves.dischargedAh[oldest].filter(\.isFinite).map(abs).max() ?? 0
    guard span > 0 else { return }
    let d = Self.difference(curves, late, early).map { $0 / span }
    guard d.count > 2 else { return }
    func level(_ v: Double) -> Double { log10(max(abs(v), 1e-9)) }
    let sorted = d.sorted()
    let variance = 2 * level(standardDeviation(d))
    put(.curve, "dq_log_variance", variance)
    put(.curve, "dq_log_min", level(sorted[0]))
    put(.curve, "dq_log_mean", level(mean(d)))
    put(.curve, "dq_log_iqr", level(quantile(ofSorted: sorted, 0.75) - quantile(ofSorted: sorted, 0.25)))
    put(.curve, "dq_log_mean_abs", level(mean(d.map(abs))))
    if isDense {
      let d2 = Self.difference(curves, late, nearest(age / 2)).map { $0 / span }
      let variance2 = 2 * level(standardDeviation(d2))
      put(.curve, "dq_log_variance_half", variance2)
      put(.curve, "dq_acceleration", variance2 - variance)
    }
  }

  /// Median of the late curves minus median of the early ones on the cell's own grid, unknown points left out.
  private static func difference(_ curves: VoltageCurves, _ late: [Int], _ early: [Int]) -> [Double] {
    curves.voltagesV.indices.compactMap { v in
      let a = late.map { curves.dischargedAh[$0][v] }.filter(\.isFinite)
      let b = early.map { curves.dischargedAh[$0][v] }.filter(\.isFinite)
      return a.isEmpty || b.isEmpty ? nil : median(a) - median(b)
    }
  }
}
