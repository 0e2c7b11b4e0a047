internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// An accelerated life test, planned from two guesses: how likely a cell is to fail within the test at the condition of
/// use, and at the highest stress.
///
/// Log life has one scale σ and a location that is straight in the stress ξ, 0 in use and 1 at the highest stress; the
/// test ends for all cells at one age. Variances are those of maximum likelihood in large samples, of the logarithm of
/// the life in use, times the number of cells, over σ².
///
/// - Source: W. Q. Meeker and L. A. Escobar, Statistical Methods for Reliability Data, Wiley 1998, chapter 20; Fisher
///   information under censoring: L. A. Escobar and W. Q. Meeker, Appl. Stat. 43 (1994) 533, doi:10.2307/2986280.
public struct AcceleratedTest: Sendable, Hashable {
  /// What is to be estimated in use.
  public enum Estimand: Sendable, Hashable {
    /// The mean of exponential lives; σ is known to be 1.
    case exponentialMean
    /// A quantile of Weibull lives by its probability, within 0…1; σ is estimated too.
    case weibullQuantile(Double)
  }

  /// Cells at a few stresses.
  public struct Plan: Sendable, Hashable {
    /// Stresses, ascending, within 0…1.
    public var levels: [Double]
    /// Shares of the cells; they add up to 1.
    public var shares: [Double]
    /// Variance of the log of what is estimated, times the number of cells, over σ²; infinite where the plan cannot
    /// tell it.
    public var variance: Double
  }

  /// What is to be estimated.
  public var estimand: Estimand
  /// Probability of failing within the test in use, within 0…1.
  public var probabilityInUse: Double
  /// Probability of failing within the test at the highest stress, above that in use.
  public var probabilityAtHighest: Double

  /// A test from its parts.
  public init(_ estimand: Estimand, inUse: Double, atHighest: Double) {
    precondition(inUse > 0 && inUse < atHighest && atHighest < 1, "probabilities \(inUse) and \(atHighest)")
    self.estimand = estimand
    probabilityInUse = inUse
    probabilityAtHighest = atHighest
  }

  /// The plan that uses two levels, the highest and the one that is best with it.
  public var optimum: Plan {
    best { low in
      let share = goldenSection(in: 0.001...0.999, steps: 25) { variance([low, 1], [$0, 1 - $0]) }
      return ([low, 1], [share, 1 - share])
    }
  }

  /// The best plan with a given share midway between its two other levels, by which a bend would be seen.
  public func compromise(middleShare: Double = 0.2) -> Plan {
    best { low in
      let rest = 1 - middleShare
      let levels = [low, (low + 1) / 2, 1]
      let share = goldenSection(in: 0.001...(rest - 0.001), steps: 25) {
        variance(levels, [$0, middleShare, rest - $0])
      }
      return (levels, [share, middleShare, rest - share])
    }
  }

  /// The best plan of three evenly spaced levels with shares that are given, lowest stress first.
  public func evenlySpaced(shares: [Double]) -> Plan {
    precondition(shares.count == 3 && shares.allSatisfy { $0 > 0 }, "shares of three levels")
    let sum = shares.reduce(0, +)
    return best { low in ([low, (low + 1) / 2, 1], shares.map { $0 / sum }) }
  }

  /// Variance of a plan; infinite where it cannot tell what is asked.
  public func variance(_ levels: [Double], _ shares: [Double]) -> Double {
    var information = Matrix(rows: 3, columns: 3)
    for (x, share) in zip(levels, shares) {
      let f = Self.information(standardised(x))
      let rows = [[f.location, f.location * x, f.mixed], [f.location * x, f.location * x * x, f.mixed * x]]
      for i in 0..<2 { for j in 0..<3 { information[i, j] += share * rows[i][j] } }
      for (j, value) in [f.mixed, f.mixed * x, f.scale].enumerated() { information[2, j] += share * value }
    }
    let wanted: [Double]
    switch estimand {
    case .exponentialMean:
      for k in 0..<3 { (information[2, k], information[k, 2]) = (k == 2 ? 1 : 0, k == 2 ? 1 : 0) }
      wanted = [1, 0, 0]
    case .weibullQuantile(let p): wanted = [1, 0, log(-log1p(-p))]
    }
    guard let factor = try? Cholesky(information) else { return .infinity }
    return zip(wanted, factor.solve(wanted)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Standardised log age at the end of the test at a stress.
  private func standardised(_ x: Double) -> Double {
    let (use, highest) = (log(-log1p(-probabilityInUse)), log(-log1p(-probabilityAtHighest)))
    return use + x * (highest - use)
  }

  /// Information of one cell on location and scale of log life (smallest extreme value) when the test ends at the
  /// standardised log age `end`, times σ².
  static func information(_ end: Double) -> (location: Double, mixed: Double, scale: Double) {
    let c = exp(end)
    // In z = log u; below −40 the integrands are under 1e-16.
    let from = -40.0
    let count = 4000
    let h = (end - from) / Double(count)
    var (mixed, scale) = (0.0, 0.0)
    for k in 0...count {
      let z = from + h * Double(k)
      let u = exp(z)
      let density = exp(z - u) * (k == 0 || k == count ? 1 : k % 2 == 1 ? 4 : 2)
      mixed += density * (-1 + u + u * z)
      scale += density * (-1 - 2 * z + 2 * u * z + u * z * z)
    }
    return (
      -expm1(-c), mixed * h / 3 + c * (1 + end) * exp(-c), scale * h / 3 + c * (2 * end + end * end) * exp(-c)
    )
  }

  /// The lowest level, to a thousandth, that makes the plan best.
  private func best(_ plan: (Double) -> (levels: [Double], shares: [Double])) -> Plan {
    let low = goldenSection(in: 0...0.99, steps: 25) { low in
      let p = plan(low)
      return variance(p.levels, p.shares)
    }
    let p = plan(low)
    return Plan(levels: p.levels, shares: p.shares, variance: variance(p.levels, p.shares))
  }
}
