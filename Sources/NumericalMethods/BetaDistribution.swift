#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The Beta distribution of a probability.
public struct BetaDistribution: Sendable, Hashable {
  /// Exponents, both above 0.
  public var alpha, beta: Double

  /// A distribution from its exponents.
  public init(_ alpha: Double, _ beta: Double) {
    precondition(alpha > 0 && beta > 0, "Beta(\(alpha), \(beta))")
    self.alpha = alpha
    self.beta = beta
  }

  /// The mean.
  public var mean: Double { alpha / (alpha + beta) }

  /// Probability of a value at or below `x`: the regularised incomplete beta function.
  ///
  /// - Source: continued fraction NIST DLMF 8.17.22, evaluated by Lentz's method.
  public func cumulative(_ x: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges fast below the mean of the mirrored tail.
    if x > (alpha + 1) / (alpha + beta + 2) { return 1 - BetaDistribution(beta, alpha).cumulative(1 - x) }
    let front = exp(
      lgamma(alpha + beta) - lgamma(alpha) - lgamma(beta) + alpha * log(x) + beta * log1p(-x))
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (alpha + beta) * x / (alpha + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var h = d
    for m in 1...1000 {
      let k = Double(m)
      for term in [
        k * (beta - k) * x / ((alpha + 2 * k - 1) * (alpha + 2 * k)),
        -(alpha + k) * (alpha + beta + k) * x / ((alpha + 2 * k) * (alpha + 2 * k + 1)),
      ] {
        d = 1 + term * d
        d = 1 / (abs(d) < tiny ? tiny : d)
        c = 1 + term / c
        if abs(c) < tiny { c = tiny }
        h *= c * d
      }
      if abs(c * d - 1) < 1e-16 { break }
    }
    return front * h / alpha
  }

  /// The value with probability `p` below it, 0 < p < 1, by halving: absolute error below 1e-15.
  public func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of probability \(p)")
    var low = 0.0
    var high = 1.0
    for _ in 0..<100 {
      let middle = 0.5 * (low + high)
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }
}
