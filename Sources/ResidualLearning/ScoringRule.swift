#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// A family of distributions with a location-like parameter `a` and a log scale or log shape `b`.
public enum DistributionFamily: String, Sendable, Codable, Hashable, CaseIterable {
  /// a = mean μ, b = log of the standard deviation σ.
  case normal
  /// The logarithm of the value is normal: a = its mean, b = log of its standard deviation.
  case logNormal
  /// a = log of the scale, b = log of the shape.
  case weibull
}

/// What is known of a row's target.
public enum Observation: Sendable, Hashable {
  /// The value itself.
  case exact(Double)
  /// The value is above this: right-censored.
  case above(Double)
  /// The value is at or below this: left-censored.
  case below(Double)
  /// The value is above the first and at or below the second, first < second: interval-censored.
  case between(Double, Double)
}

/// A proper score of a distribution at what was observed; lower is better.
public enum ScoringRule: String, Sendable, Codable, Hashable, CaseIterable {
  /// −log of the density, or of the probability of what a censored observation allows.
  case logScore
  /// Continuous ranked probability score of a normal distribution, in the unit of the value; exact values only.
  ///
  /// - Source: T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359, doi:10.1198/016214506000001437.
  case crps

  /// Whether the rule is defined for a family and every kind of observation given.
  func supports(_ family: DistributionFamily, _ observation: Observation) -> Bool {
    if self == .logScore { return true }
    if case .exact = observation { return family == .normal }
    return false
  }

  /// The score.
  public func value(_ family: DistributionFamily, a: Double, b: Double, _ observation: Observation) -> Double {
    evaluate(family, a: a, b: b, observation).value
  }

  /// The derivatives of the score by a and b.
  public func gradient(
    _ family: DistributionFamily, a: Double, b: Double, _ observation: Observation
  ) -> (a: Double, b: Double) {
    let all = evaluate(family, a: a, b: b, observation)
    return (all.a, all.b)
  }

  /// The score's metric at (a, b), a symmetric 2 × 2 matrix; the Fisher information for the log score.
  ///
  /// It is that of exact observations, also where some are censored.
  public func metric(_ family: DistributionFamily, a: Double, b: Double) -> (aa: Double, ab: Double, bb: Double) {
    switch (self, family) {
    case (.logScore, .normal), (.logScore, .logNormal):
      return (exp(-2 * b), 0, 2)
    case (.logScore, .weibull):
      let shape = exp(b)
      let c = 1 - eulerGamma
      return (shape * shape, -shape * c, Double.pi * Double.pi / 6 + c * c)
    case (.crps, _):
      let root = Double.pi.squareRoot()
      return (exp(-b) / root, 0, exp(b) / (2 * root))
    }
  }

  /// The gradient divided by the metric: the direction of steepest ascent among distributions, not parameters.
  ///
  /// - Source: T. Duan et al., "NGBoost", ICML 2020, arXiv:1910.03225.
  public func naturalGradient(
    _ family: DistributionFamily, a: Double, b: Double, _ observation: Observation
  ) -> (a: Double, b: Double) {
    let g = gradient(family, a: a, b: b, observation)
    let m = metric(family, a: a, b: b)
    let determinant = m.aa * m.bb - m.ab * m.ab
    return ((m.bb * g.a - m.ab * g.b) / determinant, (m.aa * g.b - m.ab * g.a) / determinant)
  }

  /// Score and derivatives in one pass.
  func evaluate(
    _ family: DistributionFamily, a: Double, b: Double, _ observation: Observation
  ) -> (value: Double, a: Double, b: Double) {
    switch (self, family) {
    case (.crps, _): normalCRPS(a, b, observation)
    case (.logScore, .normal): normalLogScore(a, b, observation)
    case (.logScore, .logNormal): logNormalLogScore(a, b, observation)
    case (.logScore, .weibull): weibullLogScore(a, b, observation)
    }
  }
}

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
    case .logNormal: return exp(a + exp(b) * NormalDistribution.quantile(p))
    case .weibull: return exp(a + log(-log1p(-p)) * exp(-b))
    }
  }

  /// The probability of a value at or below `x`.
  public func cumulative(_ x: Double) -> Double {
    switch family {
    case .normal: return NormalDistribution.cumulative((x - a) * exp(-b))
    case .logNormal: return x > 0 ? NormalDistribution.cumulative((log(x) - a) * exp(-b)) : 0
    case .weibull: return x > 0 ? -expm1(-exp(exp(b) * (log(x) - a))) : 0
    }
  }

  /// The mean.
  public var mean: Double {
    switch family {
    case .normal: return a
    case .logNormal: return exp(a + exp(2 * b) / 2)
    case .weibull: return exp(a) * tgamma(1 + exp(-b))
    }
  }

  /// The standard deviation.
  public var standardDeviation: Double {
    switch family {
    case .normal: return exp(b)
    case .logNormal: return mean * expm1(exp(2 * b)).squareRoot()
    case .weibull:
      let first = tgamma(1 + exp(-b))
      return exp(a) * max(0, tgamma(1 + 2 * exp(-b)) - first * first).squareRoot()
    }
  }
}

private let eulerGamma = 0.577_215_664_901_532_9
private let halfLogTwoPi = 0.918_938_533_204_672_8

// MARK: Normal

/// log of the standard normal density.
private func logDensity(_ z: Double) -> Double { -0.5 * z * z - halfLogTwoPi }

/// S(z) / φ(z), for z > 5 by Laplace's continued fraction: no underflow.
private func millsRatio(_ z: Double) -> Double {
  var tail = z
  for k in stride(from: 80, through: 1, by: -1) { tail = z + Double(k) / tail }
  return 1 / tail
}

/// log S(z), the log of the probability above z.
private func logAbove(_ z: Double) -> Double {
  if z > 5 { return logDensity(z) + log(millsRatio(z)) }
  return z < -1 ? log1p(-NormalDistribution.cumulative(z)) : log(NormalDistribution.cumulative(-z))
}

/// φ(z) / S(z).
private func hazard(_ z: Double) -> Double {
  z > 5 ? 1 / millsRatio(z) : NormalDistribution.density(z) / NormalDistribution.cumulative(-z)
}

/// log of the probability between l < u, taken in the tail where both are small.
private func logBetween(_ l: Double, _ u: Double) -> Double {
  if l > 0 {
    let above = logAbove(l)
    return above + log(-expm1(logAbove(u) - above))
  }
  if u < 0 { return logBetween(-u, -l) }
  return log1p(-(NormalDistribution.cumulative(l) + NormalDistribution.cumulative(-u)))
}

/// −log likelihood of a normal distribution with mean μ and log standard deviation s.
private func normalLogScore(_ mu: Double, _ s: Double, _ observation: Observation) -> (
  value: Double, a: Double, b: Double
) {
  let scale = exp(-s)
  switch observation {
  case .exact(let y):
    let z = (y - mu) * scale
    return (s - logDensity(z), -z * scale, 1 - z * z)
  case .above(let y):
    let z = (y - mu) * scale
    let h = hazard(z)
    return (-logAbove(z), -h * scale, -z * h)
  case .below(let y):
    let z = (y - mu) * scale
    let h = hazard(-z)
    return (-logAbove(-z), h * scale, z * h)
  case .between(let low, let high):
    let l = (low - mu) * scale
    let u = (high - mu) * scale
    let p = logBetween(l, u)
    let atLow = exp(logDensity(l) - p)
    let atHigh = exp(logDensity(u) - p)
    return (-p, (atHigh - atLow) * scale, u * atHigh - l * atLow)
  }
}

private func logNormalLogScore(_ mu: Double, _ s: Double, _ observation: Observation) -> (
  value: Double, a: Double, b: Double
) {
  switch observation {
  case .exact(let y):
    let inner = normalLogScore(mu, s, .exact(log(y)))
    return (inner.value + log(y), inner.a, inner.b)
  case .above(let y): return y > 0 ? normalLogScore(mu, s, .above(log(y))) : (0, 0, 0)
  case .below(let y): return normalLogScore(mu, s, .below(log(y)))
  case .between(let low, let high):
    let upper = log(high)
    return normalLogScore(mu, s, low > 0 ? .between(log(low), upper) : .below(upper))
  }
}

/// CRPS of a normal distribution at an exact value.
private func normalCRPS(_ mu: Double, _ s: Double, _ observation: Observation) -> (
  value: Double, a: Double, b: Double
) {
  guard case .exact(let y) = observation else { return (.nan, .nan, .nan) }
  let sigma = exp(s)
  let z = (y - mu) / sigma
  let centred = 1 - 2 * NormalDistribution.cumulative(-z)
  let spread = 2 * NormalDistribution.density(z) - 1 / Double.pi.squareRoot()
  return (sigma * (z * centred + spread), -centred, sigma * spread)
}

// MARK: Weibull

/// −log likelihood of a Weibull distribution with log scale and log shape.
private func weibullLogScore(_ logScale: Double, _ logShape: Double, _ observation: Observation) -> (
  value: Double, a: Double, b: Double
) {
  let shape = exp(logShape)
  /// w = shape · log(y / scale), e = exp w, and de/da = −shape e, de/db = w e.
  func hazardSum(_ y: Double) -> (w: Double, e: Double, a: Double, b: Double) {
    if y <= 0 { return (-.infinity, 0, 0, 0) }
    let w = shape * (log(y) - logScale)
    let e = exp(w)
    return (w, e, -shape * e, w * e)
  }
  switch observation {
  case .exact(let y):
    let h = hazardSum(y)
    return (h.e - h.w + log(y) - logShape, h.a + shape, h.b - h.w - 1)
  case .above(let y):
    let h = hazardSum(y)
    return (h.e, h.a, h.b)
  case .below(let y):
    let h = hazardSum(y)
    let slope = 1 / expm1(h.e)
    return (-log(-expm1(-h.e)), -h.a * slope, -h.b * slope)
  case .between(let low, let high):
    let l = hazardSum(low)
    let u = hazardSum(high)
    let slope = 1 / expm1(u.e - l.e)
    return (l.e - log(-expm1(l.e - u.e)), l.a - (u.a - l.a) * slope, l.b - (u.b - l.b) * slope)
  }
}
