#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// A standard distribution symmetric about 0, in forms that keep their accuracy far out in the tails.
enum StandardLaw: Sendable {
  case normal
  case logistic
  case studentT(StudentT)

  /// log of the density.
  func logDensity(_ z: Double) -> Double {
    switch self {
    case .normal: return -0.5 * z * z - 0.918_938_533_204_672_8
    case .logistic: return -abs(z) - 2 * log1p(exp(-abs(z)))
    case .studentT(let t): return t.logDensity(z)
    }
  }

  /// Derivative of the log density by z.
  func logDensitySlope(_ z: Double) -> Double {
    switch self {
    case .normal: return -z
    case .logistic: return -tanh(0.5 * z)
    case .studentT(let t): return -(t.degreesOfFreedom + 1) * z / (t.degreesOfFreedom + z * z)
    }
  }

  /// The density.
  func density(_ z: Double) -> Double {
    if case .normal = self { return NormalDistribution.density(z) }
    return exp(logDensity(z))
  }

  /// S(z), the probability above z.
  func above(_ z: Double) -> Double {
    if case .normal = self { return NormalDistribution.cumulative(-z) }
    return exp(logAbove(z))
  }

  /// log S(z).
  func logAbove(_ z: Double) -> Double {
    switch self {
    case .normal:
      if z > 5 { return logDensity(z) + log(Self.millsRatio(z)) }
      return z < -1 ? log1p(-NormalDistribution.cumulative(z)) : log(NormalDistribution.cumulative(-z))
    case .logistic: return -softplus(z)
    case .studentT(let t): return t.logAbove(z)
    }
  }

  /// f(z) / S(z).
  func hazard(_ z: Double) -> Double {
    switch self {
    case .normal:
      return z > 5 ? 1 / Self.millsRatio(z) : NormalDistribution.density(z) / NormalDistribution.cumulative(-z)
    case .logistic: return exp(-softplus(-z))
    case .studentT(let t): return exp(t.logDensity(z) - t.logAbove(z))
    }
  }

  /// log of the probability between l < u, taken in the tail where both are small.
  func logBetween(_ l: Double, _ u: Double) -> Double {
    if l > 0 {
      let above = logAbove(l)
      return above + log(-expm1(logAbove(u) - above))
    }
    if u < 0 { return logBetween(-u, -l) }
    return log1p(-(above(-l) + above(u)))
  }

  /// S(z) / φ(z) of the normal law, for z > 5 by Laplace's continued fraction: no underflow.
  private static func millsRatio(_ z: Double) -> Double {
    var tail = z
    for k in stride(from: 80, through: 1, by: -1) { tail = z + Double(k) / tail }
    return 1 / tail
  }
}

/// Student's t distribution with a fixed number of degrees of freedom ν.
struct StudentT: Sendable {
  /// ν, 1…1000.
  let degreesOfFreedom: Double
  /// ∫ f² and ∫ z² f².
  let squaredDensity: Double
  let squaredDensityMoment: Double
  private let logConstant: Double
  private let logBeta: Double
  private let crpsConstant: Double

  init(degreesOfFreedom nu: Double) {
    degreesOfFreedom = nu
    func logBeta(_ p: Double, _ q: Double) -> Double { lgamma(p).0 + lgamma(q).0 - lgamma(p + q).0 }
    self.logBeta = logBeta(nu / 2, 0.5)
    logConstant = -self.logBeta - 0.5 * log(nu)
    // f² is a t density of 2ν + 1 degrees of freedom but for its scale.
    squaredDensity = exp(2 * logConstant + logBeta(0.5, nu + 0.5) + 0.5 * log(nu))
    squaredDensityMoment = exp(2 * logConstant + logBeta(1.5, nu - 0.5) + 1.5 * log(nu))
    crpsConstant = nu > 1 ? 2 * nu.squareRoot() / (nu - 1) * exp(logBeta(0.5, nu - 0.5) - 2 * self.logBeta) : .nan
  }

  func logDensity(_ z: Double) -> Double {
    logConstant - 0.5 * (degreesOfFreedom + 1) * log1p(z * z / degreesOfFreedom)
  }

  /// What the CRPS has beside z (2F − 1).
  ///
  /// - Source: A. Jordan, F. Krüger and S. Lerch, J. Stat. Softw. 90 (2019) 12, doi:10.18637/jss.v090.i12.
  func crpsSpread(_ z: Double) -> Double {
    2 * exp(logDensity(z)) * (degreesOfFreedom + z * z) / (degreesOfFreedom - 1) - crpsConstant
  }

  /// log S(z), from the incomplete beta function: S = ½ I_x(ν/2, ½) with x = ν/(ν + z²), z > 0.
  func logAbove(_ z: Double) -> Double {
    if z < 0 { return log1p(-exp(logAbove(-z))) }
    let p = degreesOfFreedom / 2
    let r = z * z / degreesOfFreedom
    let x = 1 / (1 + r)
    let logFactor = -p * log1p(r) + 0.5 * (log(r) - log1p(r)) - logBeta
    if x < (p + 1) / (p + 2.5) {
      return logFactor + log(incompleteBetaFraction(p, 0.5, x) / p) - log(2)
    }
    if z == 0 { return -log(2) }
    return log1p(-exp(logFactor) * incompleteBetaFraction(0.5, p, r / (1 + r)) / 0.5) - log(2)
  }

  /// The value with probability `p` above it, by safeguarded Newton steps on log S.
  func upperQuantile(_ p: Double) -> Double {
    if p > 0.5 { return -upperQuantile(1 - p) }
    if p == 0.5 { return 0 }
    let target = log(p)
    var low = 0.0
    var high = 1.0
    while logAbove(high) > target && high < 1e300 { high *= 2 }
    var z = 0.5 * (low + high)
    for _ in 0..<200 {
      let error = logAbove(z) - target
      if error > 0 { low = z } else { high = z }
      let newton = z + error / exp(logDensity(z) - logAbove(z))
      let next = newton > low && newton < high ? newton : 0.5 * (low + high)
      if abs(next - z) <= 1e-15 * abs(z) { return next }
      z = next
    }
    return z
  }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
///
/// - Source: DLMF 8.17.22, https://dlmf.nist.gov/8.17.E22.
private func incompleteBetaFraction(_ p: Double, _ q: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  func kept(_ v: Double) -> Double { abs(v) < tiny ? tiny : v }
  var c = 1.0
  var d = 1 / kept(1 - (p + q) * x / (p + 1))
  var value = d
  for m in 1...500 {
    let m = Double(m)
    let even = m * (q - m) * x / ((p + 2 * m - 1) * (p + 2 * m))
    d = 1 / kept(1 + even * d)
    c = kept(1 + even / c)
    value *= d * c
    let odd = -(p + m) * (p + q + m) * x / ((p + 2 * m) * (p + 2 * m + 1))
    d = 1 / kept(1 + odd * d)
    c = kept(1 + odd / c)
    let factor = d * c
    value *= factor
    if abs(factor - 1) < 1e-16 { break }
  }
  return value
}
