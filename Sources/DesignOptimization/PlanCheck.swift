internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// How far the linear-Gaussian update of a plan can be trusted.
///
/// Some members are taken for the truth, one after another. Each time the outcome of the plan is drawn, the other members
/// are weighted by how well they explain it, and the scatter of the number asked for among them is what the plan leaves
/// without any line through the ensemble. A knee makes the two differ.
///
/// - Source: A. Kong, J. S. Liu and W. H. Wong, J. Am. Stat.
///   Assoc. 89 (1994) 278, doi:10.1080/01621459.1994.10476469 (effective size).
public struct PlanCheck: Sendable, Hashable {
  /// Standard deviation left by the linear update.
  public var linear: Double
  /// The same by weights, mean over the truths that enough members resemble; NaN where there are too few of these.
  public var weighted: Double
  /// Median effective number of members that explain an outcome.
  public var effectiveSize: Double

  /// Members taken for the truth.
  static let truths = 64
  /// Effective size below which weights say nothing.
  static let smallestSize = 20.0
  /// Relative difference of the two above which the linear update is called approximate (assumed).
  static let tolerance = 0.25

  /// Whether enough members resemble most outcomes for the weights to judge.
  public var isKnown: Bool { weighted.isFinite }
  /// Whether the linear update is off by more than a quarter.
  public var isApproximate: Bool { isKnown && abs(weighted - linear) > Self.tolerance * linear }
  /// The number to report: by weights where the linear update is off.
  public var spread: Double { isApproximate ? weighted : linear }
}

extension PlanEnsemble {
  /// Checks the linear update of a plan against weights of the members.
  ///
  /// The likelihood is that of a few independent sums of the outcome: first the linear estimate of the number itself, which
  /// says all there is where the ensemble is Gaussian, then the best measured ones, each as long as enough members still
  /// explain what is drawn. Its noise is that of the linear update; both agree, up to chance, in the Gaussian case.
  ///
  /// - Parameter isBounded: whether all that is known of a member's number is a bound; such a member is no truth to learn,
  ///   since those beside it have the same number.
  public func check(_ counts: [Int], seed: UInt64, isBounded: (Double) -> Bool = { _ in false }) -> PlanCheck {
    let linear = variance(counts).squareRoot()
    var check = PlanCheck(linear: linear, weighted: .nan, effectiveSize: 0)
    guard let signals = try? outcomeSums(counts) else { return check }
    let members = values.count
    let truths = values.indices.filter { !isBounded(values[$0]) }.prefix(PlanCheck.truths)
    guard !truths.isEmpty else { return check }
    var logWeights = truths.map { t in values.indices.map { $0 == t ? -Double.infinity : 0 } }
    for (i, signal) in signals.enumerated() {
      var trial = logWeights
      for (n, t) in truths.enumerated() {
        var stream = RandomStream(seed: seed, purpose: "plan-check", key: UInt64(i), draw: t)
        let outcome = signal[t] + stream.normal()
        for m in 0..<members { trial[n][m] -= 0.5 * (signal[m] - outcome) * (signal[m] - outcome) }
      }
      let found = trial.map(scatter)
      let size = quantile(ofSorted: found.map(\.size).sorted(), 0.5)
      if size < PlanCheck.smallestSize, i > 0 { continue }
      check.effectiveSize = size
      if size < PlanCheck.smallestSize { break }
      check.weighted = mean(found.filter { $0.size >= PlanCheck.smallestSize }.map(\.spread))
      logWeights = trial
    }
    return check
  }

  /// Independent sums of a plan's outcome in units of their noise, without it: one a direction, by member.
  private func outcomeSums(_ counts: [Int]) throws -> [[Double]] {
    let (precisions, axes) = try symmetricEigen(information(counts))
    // Scores along the axes, and the weights of the linear estimate, best measured axis first.
    let turned = Matrix.product(scores, transposed: false, axes, transposed: true)
    let order = precisions.indices.reversed().filter { precisions[$0] > 1e-9 }
    let goalAlong = axes.times(goal)
    let estimate = order.map { precisions[$0].squareRoot() / (1 + precisions[$0]) * goalAlong[$0] }
    var basis: [[Double]] = []
    for candidate in [estimate] + order.indices.map({ k in order.indices.map { $0 == k ? 1.0 : 0 } }) {
      var x = candidate
      for q in basis {
        let along = zip(x, q).reduce(0.0) { $0 + $1.0 * $1.1 }
        for j in x.indices { x[j] -= along * q[j] }
      }
      let size = x.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
      if size > 1e-6 * max(candidate.reduce(0.0) { $0 + $1 * $1 }.squareRoot(), 1e-12) {
        basis.append(x.map { $0 / size })
      }
    }
    return basis.map { q in
      values.indices.map { m in
        order.indices.reduce(0.0) { $0 + q[$1] * precisions[order[$1]].squareRoot() * turned[m, order[$1]] }
      }
    }
  }

  /// Effective number of members under weights, and the scatter of the number asked for.
  private func scatter(_ logWeights: [Double]) -> (size: Double, spread: Double) {
    let top = logWeights.max() ?? 0
    let weights = logWeights.map { exp($0 - top) }
    let total = weights.reduce(0, +)
    let squares = weights.reduce(0) { $0 + $1 * $1 } / (total * total)
    var (sum, sumOfSquares) = (0.0, 0.0)
    for m in weights.indices { sum += weights[m] * values[m] }
    let centre = sum / total
    for m in weights.indices { sumOfSquares += weights[m] * (values[m] - centre) * (values[m] - centre) }
    return (1 / squares, (sumOfSquares / total / max(1 - squares, 1e-12)).squareRoot())
  }
}
