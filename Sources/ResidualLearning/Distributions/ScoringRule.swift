#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A proper score of a distribution at what was observed; lower is better.
public enum ScoringRule: String, Sendable, Codable, Hashable, CaseIterable {
  /// −log of the density, or of the probability of what a censored observation allows.
  case logScore
  /// Continuous ranked probability score, in the unit of the value: normal, log-normal and Student's t with more than
  /// one degree of freedom, at exact values.
  ///
  /// - Source: T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359, doi:10.1198/016214506000001437.
  case crps

  /// Whether the rule is defined for a family and the kind of observation given.
  public func supports(_ family: DistributionFamily, _ observation: Observation) -> Bool {
    if self == .logScore { return true }
    guard case .exact = observation else { return false }
    switch family {
    case .normal, .logNormal: return true
    case .studentT(let degrees): return degrees > 1
    case .weibull, .logLogistic: return false
    }
  }

  /// The score.
  public func value(_ family: DistributionFamily, a: Double, b: Double, _ observation: Observation) -> Double {
    Score(self, family).evaluate(a: a, b: b, observation).value
  }

  /// The derivatives of the score by a and b.
  public func gradient(
    _ family: DistributionFamily, a: Double, b: Double, _ observation: Observation
  ) -> (a: Double, b: Double) {
    let all = Score(self, family).evaluate(a: a, b: b, observation)
    return (all.a, all.b)
  }

  /// The score's metric at (a, b), a symmetric 2 × 2 matrix; the Fisher information for the log score.
  ///
  /// It is that of exact observations, also where some are censored.
  public func metric(_ family: DistributionFamily, a: Double, b: Double) -> (aa: Double, ab: Double, bb: Double) {
    Score(self, family).metric(a: a, b: b)
  }

  /// The gradient divided by the metric: the direction of steepest ascent among distributions, not parameters.
  ///
  /// - Source: T. Duan et al., "NGBoost", ICML 2020, arXiv:1910.03225.
  public func naturalGradient(
    _ family: DistributionFamily, a: Double, b: Double, _ observation: Observation
  ) -> (a: Double, b: Double) {
    let step = Score(self, family).naturalStep(a: a, b: b, observation)
    return (step.a, step.b)
  }
}

/// A score of one family with the constants that do not change from row to row.
struct Score: Sendable {
  let rule: ScoringRule
  let family: DistributionFamily
  /// The symmetric law of (value − a)/σ or (log value − a)/σ; unused for Weibull.
  private let law: StandardLaw

  init(_ rule: ScoringRule, _ family: DistributionFamily) {
    self.rule = rule
    self.family = family
    switch family {
    case .normal, .logNormal, .weibull: law = .normal
    case .logLogistic: law = .logistic
    case .studentT(let degrees): law = .studentT(StudentT(degreesOfFreedom: degrees))
    }
  }

  /// The score and its derivatives by a and b.
  @inline(__always)
  func evaluate(a: Double, b: Double, _ observation: Observation) -> (value: Double, a: Double, b: Double) {
    switch family {
    case .normal, .studentT:
      return rule == .crps ? crps(a, b, observation) : logScore(a, b, observation)
    case .logNormal:
      return rule == .crps ? logNormalCRPS(a, b, observation) : logScoreOfLogarithm(a, b, observation)
    case .logLogistic:
      let all = logScoreOfLogarithm(a, -b, observation)
      return (all.value, all.a, -all.b)
    case .weibull:
      return weibullLogScore(a, b, observation)
    }
  }

  /// The natural gradient, the score, and the squared length of the gradient in the metric.
  @inline(__always)
  func naturalStep(
    a: Double, b: Double, _ observation: Observation
  ) -> (a: Double, b: Double, value: Double, squaredLength: Double) {
    let all = evaluate(a: a, b: b, observation)
    let m = metric(a: a, b: b)
    let determinant = m.aa * m.bb - m.ab * m.ab
    let step = ((m.bb * all.a - m.ab * all.b) / determinant, (m.aa * all.b - m.ab * all.a) / determinant)
    return (step.0, step.1, all.value, step.0 * all.a + step.1 * all.b)
  }

  /// The metric: Fisher information, or for the CRPS 2 ∫ ∇F ∇Fᵀ dy.
  @inline(__always)
  func metric(a: Double, b: Double) -> (aa: Double, ab: Double, bb: Double) {
    let rootPi = 1.772_453_850_905_516
    if rule == .crps {
      if case .logNormal = family {
        let sigma = exp(b)
        let scale = exp(a + sigma * sigma / 4) / rootPi
        return (scale / sigma, scale * sigma / 2, scale * sigma * (0.5 + sigma * sigma / 4))
      }
      if case .studentT(let t) = law {
        return (2 * exp(-b) * t.squaredDensity, 0, 2 * exp(b) * t.squaredDensityMoment)
      }
      return (exp(-b) / rootPi, 0, exp(b) / (2 * rootPi))
    }
    switch family {
    case .normal, .logNormal: return (exp(-2 * b), 0, 2)
    case .studentT(let degrees):
      return ((degrees + 1) / (degrees + 3) * exp(-2 * b), 0, 2 * degrees / (degrees + 3))
    case .logLogistic: return (exp(2 * b) / 3, 0, (3 + Double.pi * Double.pi) / 9)
    case .weibull:
      let shape = exp(b)
      let c = 1 - 0.577_215_664_901_532_9
      return (shape * shape, -shape * c, Double.pi * Double.pi / 6 + c * c)
    }
  }

  // MARK: Log score of a location and a log scale

  private func logScore(_ a: Double, _ s: Double, _ observation: Observation) -> (value: Double, a: Double, b: Double) {
    let scale = exp(-s)
    switch observation {
    case .exact(let y):
      let z = (y - a) * scale
      let slope = law.logDensitySlope(z)
      return (s - law.logDensity(z), slope * scale, 1 + slope * z)
    case .above(let y):
      let z = (y - a) * scale
      let h = law.hazard(z)
      return (-law.logAbove(z), -h * scale, -z * h)
    case .below(let y):
      let z = (y - a) * scale
      let h = law.hazard(-z)
      return (-law.logAbove(-z), h * scale, z * h)
    case .between(let low, let high):
      let l = (low - a) * scale
      let u = (high - a) * scale
      let p = law.logBetween(l, u)
      let atLow = exp(law.logDensity(l) - p)
      let atHigh = exp(law.logDensity(u) - p)
      return (-p, (atHigh - atLow) * scale, u * atHigh - l * atLow)
    }
  }

  /// The log score of a positive value whose logarithm has the law.
  private func logScoreOfLogarithm(
    _ a: Double, _ s: Double, _ observation: Observation
  ) -> (value: Double, a: Double, b: Double) {
    switch observation {
    case .exact(let y):
      let inner = logScore(a, s, .exact(log(y)))
      return (inner.value + log(y), inner.a, inner.b)
    case .above(let y): return y > 0 ? logScore(a, s, .above(log(y))) : (0, 0, 0)
    case .below(let y): return logScore(a, s, .below(log(y)))
    case .between(let low, let high):
      return logScore(a, s, low > 0 ? .between(log(low), log(high)) : .below(log(high)))
    }
  }

  // MARK: CRPS

  /// The CRPS of a location and a log scale at an exact value.
  private func crps(_ a: Double, _ s: Double, _ observation: Observation) -> (value: Double, a: Double, b: Double) {
    guard case .exact(let y) = observation else { return (.nan, .nan, .nan) }
    let sigma = exp(s)
    let z = (y - a) / sigma
    let centred = 1 - 2 * law.above(z)
    let spread: Double
    if case .studentT(let t) = law {
      spread = t.crpsSpread(z)
    } else {
      spread = 2 * law.density(z) - 0.564_189_583_547_756_3
    }
    return (sigma * (z * centred + spread), -centred, sigma * spread)
  }

  /// The CRPS of a log-normal distribution.
  ///
  /// - Source: S. Baran and S. Lerch, Q. J. R. Meteorol. Soc. 141 (2015) 2289, doi:10.1002/qj.2521.
  private func logNormalCRPS(
    _ a: Double, _ s: Double, _ observation: Observation
  ) -> (value: Double, a: Double, b: Double) {
    guard case .exact(let y) = observation else { return (.nan, .nan, .nan) }
    let sigma = exp(s)
    let z = (log(y) - a) / sigma
    func below(_ x: Double) -> Double { law.above(-x) }
    func density(_ x: Double) -> Double { law.density(x) }
    let root = sigma * 0.707_106_781_186_547_6
    let mean = exp(a + sigma * sigma / 2)
    let inner = below(z - sigma) + below(root) - 1
    let value = y * (2 * below(z) - 1) - 2 * mean * inner
    // y φ(z) = mean φ(z − σ): the derivatives of both terms by z cancel.
    let byS = -2 * mean * (sigma * sigma * inner + density(root) * root - density(z - sigma) * sigma)
    return (value, -2 * mean * inner, byS)
  }
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
