#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Components of variance of nested replicates: outer units, units within them, and the values themselves.
///
/// y = condition mean + u_outer + u_inner + e, all normal. The posterior of the three standard deviations is worked out on
/// a grid of their logarithms: restricted likelihood times half-t priors with 3 degrees of freedom, condition means flat.
/// Few replicates say little, and the posterior says how little; a single estimate would not.
///
/// - Source: D. A. Harville, J. Am. Stat. Assoc. 72 (1977) 320, doi:10.1080/01621459.1977.10480998 (restricted
///   likelihood); A. Gelman, Bayesian Anal. 1 (2006) 515, doi:10.1214/06-BA117A (half-t priors).
public struct VarianceComponents: Sendable, Hashable {
  /// One value and where it belongs.
  public struct Observation: Sendable, Hashable {
    /// The value.
    public var value: Double
    /// Condition, 0, 1, …; each has a mean of its own.
    public var condition: Int
    /// Outer unit (a laboratory).
    public var outer: Int
    /// Inner unit (a batch), numbered apart in each outer unit.
    public var inner: Int
    /// Whether the true value is only known to lie above `value`.
    public var isLowerBound: Bool

    /// A value.
    public init(_ value: Double, condition: Int = 0, outer: Int = 0, inner: Int = 0, isLowerBound: Bool = false) {
      self.isLowerBound = isLowerBound
      self.value = value
      self.condition = condition
      self.outer = outer
      self.inner = inner
    }
  }

  /// How well a component is known.
  public enum Status: String, Sendable, Hashable, Codable {
    /// By at least five degrees of freedom.
    case estimated
    /// By fewer: the prior counts.
    case weak
    /// Not at all: the prior alone.
    case assumed
  }

  /// The posterior of one standard deviation.
  public struct Component: Sendable, Hashable {
    /// Median.
    public var median: Double
    /// 5 % quantile.
    public var q05: Double
    /// 95 % quantile.
    public var q95: Double
    /// Maximum of the restricted likelihood alone, not below 0; NaN where nothing is known.
    public var mode: Double
    /// Degrees of freedom.
    public var freedom: Int
    /// How well it is known.
    public var status: Status
  }

  /// Standard deviation between outer units.
  public let outer: Component
  /// Between inner units of one outer unit.
  public let inner: Component
  /// Within inner units.
  public let residual: Component

  /// Scales of the half-t priors.
  public struct PriorScales: Sendable, Hashable {
    /// Between outer units.
    public var outer: Double
    /// Between inner units.
    public var inner: Double
    /// Within inner units.
    public var residual: Double

    /// Scales; the defaults are for logarithms of lives (assumed).
    public init(outer: Double = 0.30, inner: Double = 0.08, residual: Double = 0.15) {
      self.outer = outer
      self.inner = inner
      self.residual = residual
    }
  }

  /// Works out the posterior.
  ///
  /// - Parameters:
  ///   - data: values; a condition with one value informs nothing.
  ///   - prior: scales of the priors.
  ///   - seed: the source of chance where values are only known to lie above a bound; of no meaning otherwise.
  public init(_ data: [Observation], prior: PriorScales = PriorScales(), seed: UInt64 = 1) {
    let scales = [prior.outer, prior.inner, prior.residual]
    let found =
      data.contains(where: \.isLowerBound) ? Self.sampled(data, scales, seed: seed) : Self.gridded(data, scales)
    (outer, inner, residual) = (found[0], found[1], found[2])
  }

  /// By the grid: lab, batch and cell.
  private static func gridded(_ data: [Observation], _ scales: [Double]) -> [Component] {
    let likelihood = NestedLikelihood(data)
    let freedom = likelihood.freedom
    let count = 41
    // Where a component is not estimable its axis is the prior's alone, and the likelihood does not see it.
    let spread = max(likelihood.overallSpread, 1e-12)
    func axis(_ k: Int) -> [Double] {
      guard freedom[k] > 0 else { return [0] }
      let (low, high) = (min(0.003, 0.02 * spread), max(3, 30 * spread))
      return (0..<count).map { exp(log(low) + (log(high) - log(low)) * Double($0) / Double(count - 1)) }
    }
    let axes = (0..<3).map(axis)
    var weights: [(index: [Int], log: Double)] = []
    var top = -Double.infinity
    for (i, a) in axes[0].enumerated() {
      for (j, b) in axes[1].enumerated() {
        for (k, c) in axes[2].enumerated() {
          var value = freedom[2] > 0 ? likelihood.log(outer: a, inner: b, residual: c) : 0
          let point = [a, b, c]
          for l in 0..<3 where freedom[l] > 0 {
            // Half-t prior, and the Jacobian of the logarithm.
            let ratio = point[l] / scales[l]
            value += log(point[l]) - 2 * log(1 + ratio * ratio / 3)
          }
          weights.append(([i, j, k], value))
          top = max(top, value)
        }
      }
    }
    var margins = axes.map { [Double](repeating: 0, count: $0.count) }
    for w in weights {
      let p = exp(w.log - top)
      for k in 0..<3 { margins[k][w.index[k]] += p }
    }
    let modes = likelihood.mode(estimable: freedom.map { $0 > 0 })
    func component(_ k: Int) -> Component {
      if freedom[k] <= 0 {
        let q = [0.05, 0.5, 0.95].map { scales[k] * halfTQuantile($0) }
        return Component(median: q[1], q05: q[0], q95: q[2], mode: .nan, freedom: 0, status: .assumed)
      }
      let q = [0.05, 0.5, 0.95].map { quantile(axes[k], margins[k], $0) }
      return Component(
        median: q[1], q05: q[0], q95: q[2], mode: modes[k], freedom: freedom[k],
        status: freedom[k] >= 5 ? .estimated : .weak)
    }
    return (0..<3).map(component)
  }

  /// By sampling, where some values are bounds; without modes.
  private static func sampled(_ all: [Observation], _ scales: [Double], seed: UInt64) -> [Component] {
    // A condition of bounds alone has no mean to scatter about.
    let known = Set(all.filter { !$0.isLowerBound }.map(\.condition))
    let data = all.filter { known.contains($0.condition) }
    let freedom = NestedLikelihood(data).freedom
    let found = CensoredComponents(data, scales: scales, seed: seed).draws
    func component(_ k: Int) -> Component {
      let q =
        found[k].isEmpty
        ? [0.05, 0.5, 0.95].map { scales[k] * halfTQuantile($0) }
        : [0.05, 0.5, 0.95].map { NumericalMethods.quantile(ofSorted: found[k], $0) }
      return Component(
        median: q[1], q05: q[0], q95: q[2], mode: .nan, freedom: max(freedom[k], 0),
        status: found[k].isEmpty ? .assumed : freedom[k] >= 5 ? .estimated : .weak)
    }
    return (0..<3).map(component)
  }

  /// Quantile of a density on a grid even in the logarithm, straight between the middles of its cells.
  private static func quantile(_ x: [Double], _ weights: [Double], _ p: Double) -> Double {
    let total = weights.reduce(0, +)
    var below = 0.0
    var edge = log(x[0]) - (log(x[1]) - log(x[0])) / 2
    let step = log(x[1]) - log(x[0])
    for w in weights {
      let share = w / total
      if below + share >= p, share > 0 { return exp(edge + step * (p - below) / share) }
      below += share
      edge += step
    }
    return x[x.count - 1]
  }

  /// Quantile of |t| with 3 degrees of freedom, by bisection of its closed form.
  static func halfTQuantile(_ p: Double) -> Double {
    func cumulative(_ t: Double) -> Double {
      let x = t / 3.0.squareRoot()
      return 2 / Double.pi * (atan(x) + x / (1 + x * x))
    }
    var (low, high) = (0.0, 1e4)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}

/// The restricted likelihood of nested data, in a time proportional to the data per point.
struct NestedLikelihood {
  private var data: [VarianceComponents.Observation]
  private let conditions: Int
  /// For each outer unit, the sums of products of (conditions, value, 1) over each of its inner units.
  private let sums: [[Matrix]]
  /// Degrees of freedom of outer units, inner units and values.
  let freedom: [Int]
  /// Standard deviation of the values about their conditions.
  let overallSpread: Double

  init(_ all: [VarianceComponents.Observation]) {
    let counts = Dictionary(all.map { ($0.condition, 1) }, uniquingKeysWith: +)
    data = all.filter { (counts[$0.condition] ?? 0) > 1 }
    data.sort { ($0.outer, $0.inner, $0.condition) < ($1.outer, $1.inner, $1.condition) }
    let names = Set(data.map(\.condition)).sorted()
    for i in data.indices { data[i].condition = names.firstIndex(of: data[i].condition) ?? 0 }
    conditions = names.count
    var sums: [[Matrix]] = []
    let columns = conditions + 2
    for (i, o) in data.enumerated() {
      if i == 0 || data[i - 1].outer != o.outer { sums.append([]) }
      if i == 0 || data[i - 1].outer != o.outer || data[i - 1].inner != o.inner {
        sums[sums.count - 1].append(Matrix(rows: columns, columns: columns))
      }
      let (lab, lot) = (sums.count - 1, sums[sums.count - 1].count - 1)
      let row = [(o.condition, 1.0), (conditions, o.value), (conditions + 1, 1.0)]
      for (p, x) in row { for (q, y) in row { sums[lab][lot][p, q] += x * y } }
    }
    self.sums = sums
    let labs = Set(data.map { [$0.outer] })
    let lots = Set(data.map { [$0.outer, $0.inner] })
    // A level is estimable where some unit above it holds at least two of its units within one condition.
    var freeLots = 0
    var freeLabs = 0
    for c in 0..<conditions {
      let own = data.filter { $0.condition == c }
      let ownLabs = Set(own.map(\.outer))
      freeLabs += max(ownLabs.count - 1, 0)
      for lab in ownLabs { freeLots += max(Set(own.filter { $0.outer == lab }.map(\.inner)).count - 1, 0) }
    }
    let cells = Dictionary(data.map { ([$0.condition, $0.outer, $0.inner], 1) }, uniquingKeysWith: +)
    let freeCells = cells.values.reduce(0) { $0 + $1 - 1 }
    freedom = [min(freeLabs, labs.count - 1), min(freeLots, lots.count - 1), freeCells]
    var squares = 0.0
    for c in 0..<conditions {
      let own = data.filter { $0.condition == c }.map(\.value)
      let m = mean(own)
      squares += own.reduce(0) { $0 + ($1 - m) * ($1 - m) }
    }
    overallSpread = (squares / Double(max(data.count - conditions, 1))).squareRoot()
  }

  /// Log restricted likelihood up to a constant.
  func log(outer a: Double, inner b: Double, residual c: Double) -> Double {
    let d = c * c
    var whole = Matrix(rows: conditions + 2, columns: conditions + 2)
    var logDeterminant = Double(data.count) * logarithm(d)
    for lab in sums {
      var labSums = Matrix(rows: conditions + 2, columns: conditions + 2)
      for var lot in lab {
        for k in lot.storage.indices { lot.storage[k] /= d }
        logDeterminant += Self.eliminate(&lot, b * b)
        for k in labSums.storage.indices { labSums.storage[k] += lot.storage[k] }
      }
      logDeterminant += Self.eliminate(&labSums, a * a)
      for k in whole.storage.indices { whole.storage[k] += labSums.storage[k] }
    }
    let indices = Array(0..<conditions)
    guard let factor = try? Cholesky(whole.selecting(rows: indices).selecting(columns: indices)) else {
      return -.infinity
    }
    let xy = indices.map { whole[$0, conditions] }
    let fitted = zip(xy, factor.solve(xy)).reduce(0) { $0 + $1.0 * $1.1 }
    return -0.5 * (logDeterminant + factor.logDeterminant + whole[conditions, conditions] - fitted)
  }

  /// Removes a common effect of variance `v` from the sums of a unit; returns its part of the log determinant.
  private static func eliminate(_ s: inout Matrix, _ v: Double) -> Double {
    guard v > 0 else { return 0 }
    let last = s.columns - 1
    let whole = s[last, last]
    let factor = v / (1 + v * whole)
    let ones = (0...last).map { s[$0, last] }
    for p in 0...last where ones[p] != 0 {
      let row = factor * ones[p]
      for q in 0...last { s.storage[p * (last + 1) + q] -= row * ones[q] }
    }
    return logarithm(1 + v * whole)
  }

  /// The maximum of the restricted likelihood over standard deviations not below 0, by coordinate search.
  func mode(estimable: [Bool]) -> [Double] {
    guard estimable[2], overallSpread > 0 else { return [.nan, .nan, overallSpread] }
    var best = estimable.map { $0 ? overallSpread / 2 : 0 }
    func value(_ x: [Double]) -> Double { log(outer: x[0], inner: x[1], residual: max(x[2], 1e-9 * overallSpread)) }
    for _ in 0..<60 {
      let before = best
      for k in 0..<3 where estimable[k] {
        let goal = { (x: Double) -> Double in
          var point = best
          point[k] = x
          return value(point)
        }
        // Flat to rounding long before 48 steps.
        best[k] = goldenSection(in: 0...(5 * overallSpread), steps: 48) { -goal($0) }
        // The boundary is a candidate of its own; near it the likelihood is flat to rounding.
        if k < 2, goal(0) >= goal(best[k]) - 1e-9 { best[k] = 0 }
      }
      if zip(before, best).allSatisfy({ abs($0 - $1) <= 1e-12 * overallSpread }) { break }
    }
    return best
  }
}

private func logarithm(_ x: Double) -> Double { log(x) }
