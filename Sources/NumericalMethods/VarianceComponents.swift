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
    /// The value; the smallest it may be where it is not known.
    public var value: Double
    /// The largest it may be: `value` where it is known, infinity where it is only known to lie above `value`.
    public var upper: Double
    /// Condition, 0, 1, …; each has a mean of its own.
    public var condition: Int
    /// Outer unit (a laboratory).
    public var outer: Int
    /// Inner unit (a batch), numbered apart in each outer unit.
    public var inner: Int
    /// A value, or one between `value` and `upper`.
    public init(_ value: Double, upTo upper: Double? = nil, condition: Int = 0, outer: Int = 0, inner: Int = 0) {
      precondition(upper.map { $0 >= value } ?? true, "a value from \(value) up to \(upper ?? value)")
      self.value = value
      self.upper = upper ?? value
      self.condition = condition
      self.outer = outer
      self.inner = inner
    }

    /// Whether the value is known.
    public var isKnown: Bool { upper == value }
    /// Whether nothing but a lower bound is known.
    public var isLowerBound: Bool { upper == .infinity }
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

  /// Three standard deviations that go together.
  public struct Point: Sendable, Hashable {
    /// Between outer units.
    public var outer: Double
    /// Between inner units.
    public var inner: Double
    /// Within inner units.
    public var residual: Double
  }

  /// Equally likely points of the joint posterior, `supportCount` of them: what is not known of the components, for those
  /// who draw with them.
  public let posterior: [Point]
  /// Number of points of `posterior`.
  public static let supportCount = 64

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
  ///   - seed: the source of chance of the points of the posterior, and of all where some values are not known.
  public init(_ data: [Observation], prior: PriorScales = PriorScales(), seed: UInt64 = 1) {
    let scales = [prior.outer, prior.inner, prior.residual]
    let found =
      data.allSatisfy(\.isKnown) ? Self.gridded(data, scales, seed: seed) : Self.sampled(data, scales, seed: seed)
    (outer, inner, residual) = (found.components[0], found.components[1], found.components[2])
    posterior = found.points
  }

  /// Points of a posterior: where a component is not estimable, of its prior.
  private static func points(
    _ scales: [Double], _ freedom: [Int], seed: UInt64, _ estimable: (Int, [Double]) -> [Double]
  ) -> [Point] {
    let unit = SobolPoints(dimensions: 3, seed: seed, purpose: "variance-components")
    return (0..<supportCount).map { d in
      let u = unit.point(d)
      let own = estimable(d, u)
      let x = (0..<3).map { freedom[$0] > 0 ? own[$0] : scales[$0] * halfTQuantile(u[$0]) }
      return Point(outer: x[0], inner: x[1], residual: x[2])
    }
  }

  /// By the grid: lab, batch and cell.
  ///
  /// All axes are the same, even in the logarithm, so that the ratios of two standard deviations repeat and with them most
  /// of the likelihood. Below the axis neither likelihood nor prior changes with the standard deviation: the lowest cell
  /// stands for all down to 0.
  private static func gridded(
    _ data: [Observation], _ scales: [Double], seed: UInt64
  ) -> (components: [Component], points: [Point]) {
    let likelihood = NestedLikelihood(data)
    let freedom = likelihood.freedom
    let spread = max(likelihood.overallSpread, 1e-12)
    let count = 41
    let low = log(min(0.003, 0.02 * spread))
    let step = (log(max(3, 30 * spread)) - low) / Double(count - 1)
    let axis = (0..<count).map { low + step * Double($0) }
    // Where a component is not estimable the likelihood does not see it; the scatter within units is always part of it.
    let isSeen = [freedom[0] > 0, freedom[1] > 0, freedom.contains { $0 > 0 }]
    var margins = isSeen.map { [Double](repeating: 0, count: $0 ? count : 1) }
    var density = [Double](repeating: 0, count: margins.reduce(1) { $0 * $1.count })
    if isSeen[2] {
      // Half-t priors, and the Jacobian of the logarithm.
      let priors = (0..<3).map { k -> [Double] in
        guard isSeen[k] else { return [0] }
        return axis.map { x -> Double in
          let ratio = exp(x) / scales[k]
          // From 0 to the upper edge of the lowest cell, in cells of its density: ∫ exp(u) du up to step/2, over step.
          let cells = x == axis[0] ? step / 2 - log(step) : 0
          return x - 2 * log(1 + ratio * ratio / 3) + cells
        }
      }
      func ratios(_ k: Int) -> [Double] { isSeen[k] ? (1 - count..<count).map { exp(step * Double($0)) } : [0] }
      let inner = ratios(1)
      let parts = ratios(0).flatMap { a in inner.map { b in likelihood.unitParts(outer: a, inner: b) } }
      let precisions = axis.map { exp(-2 * $0) }
      let contrasts = Double(likelihood.contrasts)
      var at = 0
      for i in priors[0].indices {
        for j in priors[1].indices {
          for k in 0..<count {
            let (rowOfRatios, column) = (isSeen[0] ? i - k + count - 1 : 0, isSeen[1] ? j - k + count - 1 : 0)
            let part = parts[rowOfRatios * inner.count + column]
            let likelihood = contrasts * axis[k] + 0.5 * (part.determinants + part.squares * precisions[k])
            density[at] = priors[0][i] + priors[1][j] + priors[2][k] - likelihood
            at += 1
          }
        }
      }
      let top = density.max() ?? 0
      at = 0
      for i in priors[0].indices {
        for j in priors[1].indices {
          for k in 0..<count {
            let p = exp(density[at] - top)
            density[at] = p
            margins[0][i] += p
            margins[1][j] += p
            margins[2][k] += p
            at += 1
          }
        }
      }
    }
    let modes = likelihood.mode()
    let components = (0..<3).map { k in
      guard freedom[k] > 0 else { return assumed(scales[k]) }
      let q = [0.05, 0.5, 0.95].map { quantile(axis, margins[k], $0) }
      return Component(
        median: q[1], q05: q[0], q95: q[2], mode: modes[k], freedom: freedom[k],
        status: freedom[k] >= 5 ? .estimated : .weak)
    }
    let sizes = margins.map(\.count)
    // One axis after the other, each given those before it.
    let points = points(scales, freedom, seed: seed) { _, u in
      guard isSeen[2] else { return [0, 0, 0] }
      let (i, x) = place(margins[0], u[0])
      let plane = (0..<sizes[1]).map { j in
        (0..<sizes[2]).reduce(0.0) { $0 + density[(i * sizes[1] + j) * sizes[2] + $1] }
      }
      let (j, y) = place(plane, u[1])
      let (_, z) = place((0..<sizes[2]).map { density[(i * sizes[1] + j) * sizes[2] + $0] }, u[2])
      return [x, y, z].map { exp(low + step * $0) }
    }
    return (components, points)
  }

  /// The cell of a grid that holds a share of its weight, and the place of that share in units of cells.
  private static func place(_ weights: [Double], _ share: Double) -> (cell: Int, position: Double) {
    var left = share * weights.reduce(0, +)
    for (k, w) in weights.enumerated() {
      if left <= w, w > 0 { return (k, Double(k) - 0.5 + left / w) }
      left -= w
    }
    return (weights.count - 1, Double(weights.count - 1))
  }

  /// What the prior alone says.
  private static func assumed(_ scale: Double) -> Component {
    let q = [0.05, 0.5, 0.95].map { scale * halfTQuantile($0) }
    return Component(median: q[1], q05: q[0], q95: q[2], mode: .nan, freedom: 0, status: .assumed)
  }

  /// By sampling, where some values are bounds or intervals; without modes.
  private static func sampled(
    _ all: [Observation], _ scales: [Double], seed: UInt64
  ) -> (components: [Component], points: [Point]) {
    // A condition of bounds alone has no mean to scatter about.
    let known = Set(all.filter { !$0.isLowerBound }.map(\.condition))
    let data = all.filter { known.contains($0.condition) }
    let freedom = NestedLikelihood(data).freedom
    let sweeps = CensoredComponents(data, scales: scales, seed: seed).draws
    let components = (0..<3).map { k in
      guard freedom[k] > 0 else { return assumed(scales[k]) }
      let sorted = sweeps.map { $0[k] }.sorted()
      let q = [0.05, 0.5, 0.95].map { NumericalMethods.quantile(ofSorted: sorted, $0) }
      return Component(
        median: q[1], q05: q[0], q95: q[2], mode: .nan, freedom: freedom[k],
        status: freedom[k] >= 5 ? .estimated : .weak)
    }
    // Sweeps far apart hang on each other least.
    return (components, points(scales, freedom, seed: seed) { d, _ in sweeps[d * sweeps.count / supportCount] })
  }

  /// Quantile of a density on a grid even in the logarithm, straight between the edges of its cells; in the lowest, which
  /// reaches down to 0, straight in the standard deviation itself.
  private static func quantile(_ logs: [Double], _ weights: [Double], _ p: Double) -> Double {
    let total = weights.reduce(0, +)
    var below = 0.0
    let step = logs[1] - logs[0]
    var edge = logs[0] - step / 2
    for (k, w) in weights.enumerated() {
      let share = w / total
      if k == 0, share >= p, share > 0 { return exp(edge + step) * p / share }
      if below + share >= p, share > 0 { return exp(edge + step * (p - below) / share) }
      below += share
      edge += step
    }
    return exp(edge)
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
