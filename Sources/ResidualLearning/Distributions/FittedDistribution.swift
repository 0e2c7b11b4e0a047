#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// A distribution of one row.
public struct FittedDistribution: Sendable, Codable, Hashable {
  /// The family that gives a and b their meaning.
  public var family: DistributionFamily
  /// Location-like parameter.
  public var a: Double
  /// Log of scale or shape.
  public var b: Double

  /// A distribution from its parameters.
  public init(_ family: DistributionFamily, a: Double, b: Double) {
    self.family = family
    self.a = a
    self.b = b
  }

  /// The value with probability `p` at or below it, 0 < p < 1.
  public func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of probability \(p)")
    switch family {
    case .normal: return a + exp(b) * NormalDistribution.quantile(p)
    case .studentT(let degrees):
      return a - exp(b) * StudentT(degreesOfFreedom: degrees).upperQuantile(p)
    case .logNormal: return exp(a + exp(b) * NormalDistribution.quantile(p))
    case .weibull: return exp(a + log(-log1p(-p)) * exp(-b))
    case .logLogistic: return exp(a + (log(p) - log1p(-p)) * exp(-b))
    }
  }

  /// The probability of a value at or below `x`.
  public func cumulative(_ x: Double) -> Double {
    if family.isPositive && x <= 0 { return 0 }
    switch family {
    case .normal: return NormalDistribution.cumulative((x - a) * exp(-b))
    case .studentT(let degrees): return exp(StudentT(degreesOfFreedom: degrees).logAbove((a - x) * exp(-b)))
    case .logNormal: return NormalDistribution.cumulative((log(x) - a) * exp(-b))
    case .weibull: return -expm1(-exp(exp(b) * (log(x) - a)))
    case .logLogistic: return exp(-softplus((a - log(x)) * exp(b)))
    }
  }

  /// The mean; the median for Student's t; infinite for a log-logistic shape of at most 1.
  public var mean: Double {
    switch family {
    case .normal, .studentT: return a
    case .logNormal: return exp(a + exp(2 * b) / 2)
    case .weibull: return exp(a) * tgamma(1 + exp(-b))
    case .logLogistic:
      let c = Double.pi * exp(-b)
      return b > 0 ? exp(a) * c / sin(c) : .infinity
    }
  }

  /// The standard deviation; infinite for a Student's t of at most 2 degrees of freedom and a log-logistic shape of at
  /// most 2.
  public var standardDeviation: Double {
    switch family {
    case .normal: return exp(b)
    case .studentT(let degrees): return degrees > 2 ? exp(b) * (degrees / (degrees - 2)).squareRoot() : .infinity
    case .logNormal: return mean * expm1(exp(2 * b)).squareRoot()
    case .weibull:
      let first = tgamma(1 + exp(-b))
      return exp(a) * max(0, tgamma(1 + 2 * exp(-b)) - first * first).squareRoot()
    case .logLogistic:
      let c = Double.pi * exp(-b)
      return exp(b) > 2 ? exp(a) * max(0, 2 * c / sin(2 * c) - c * c / (sin(c) * sin(c))).squareRoot() : .infinity
    }
  }
}
