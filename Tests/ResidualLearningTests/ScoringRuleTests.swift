import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Scores of distributions")
struct ScoringRuleTests {
  static let observations: [Observation] = [
    .exact(0.4), .exact(3), .above(0.7), .above(6), .below(0.5), .below(4), .between(0.3, 0.9), .between(2, 7),
  ]

  @Test("Log scores equal scipy's, censored ones and far tails included")
  func logScores() throws {
    func isClose(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-10 * max(1, abs(b)) }
    for r in try ScoreReference.load().logScores {
      func score(_ o: Observation) -> Double { ScoringRule.logScore.value(r.family, a: r.a, b: r.b, o) }
      #expect(isClose(score(.exact(r.value)), r.exact), "\(r)")
      #expect(isClose(score(.above(r.value)), r.above), "\(r)")
      #expect(isClose(score(.below(r.value)), r.below), "\(r)")
      #expect(isClose(score(.between(r.value, r.upper)), r.between), "\(r)")
    }
  }

  @Test("CRPS equals scoringrules' closed form")
  func crps() throws {
    for r in try ScoreReference.load().crps {
      let found = ScoringRule.crps.value(r.family, a: r.a, b: r.b, .exact(r.value))
      #expect(abs(found - r.crps) < 1e-10 * max(1, r.crps), "\(r)")
    }
  }

  @Test("Gradients are central differences of the value", arguments: DistributionFamily.tested)
  func gradients(family: DistributionFamily) {
    for rule in ScoringRule.allCases {
      for (a, b) in [(0.2, -0.4), (1.1, 0.3), (-0.5, 0.9)] {
        for observation in Self.observations where rule.supports(family, observation) {
          let found = rule.gradient(family, a: a, b: b, observation)
          let h = 1e-5
          func value(_ da: Double, _ db: Double) -> Double {
            rule.value(family, a: a + da, b: b + db, observation)
          }
          let byA = (value(h, 0) - value(-h, 0)) / (2 * h)
          let byB = (value(0, h) - value(0, -h)) / (2 * h)
          #expect(abs(found.a - byA) < 1e-6 * max(1, abs(byA)), "\(rule) \(observation) \(a) \(b)")
          #expect(abs(found.b - byB) < 1e-6 * max(1, abs(byB)), "\(rule) \(observation) \(a) \(b)")
        }
      }
    }
  }

  @Test("The metric is the curvature of the expected score at the truth", arguments: DistributionFamily.tested)
  func metric(family: DistributionFamily) {
    for rule in ScoringRule.allCases where rule.supports(family, .exact(1)) {
      let (a, b) = (0.4, 0.25)
      let truth = FittedDistribution(family, a: a, b: b)
      let draws = (0..<20_000).map { truth.quantile((Double($0) + 0.5) / 20_000) }
      let h = 1e-4
      func slope(_ da: Double, _ db: Double) -> (a: Double, b: Double) {
        let all = draws.map { rule.gradient(family, a: a + da, b: b + db, .exact($0)) }
        return (mean(all.map(\.a)), mean(all.map(\.b)))
      }
      let (up, down, right, left) = (slope(0, h), slope(0, -h), slope(h, 0), slope(-h, 0))
      let m = rule.metric(family, a: a, b: b)
      // The tails beyond the first and last draw are missing from the mean.
      #expect(abs((right.a - left.a) / (2 * h) - m.aa) < 3e-3 * m.aa, "\(rule)")
      #expect(abs((right.b - left.b) / (2 * h) - m.ab) < 3e-3 * m.aa, "\(rule)")
      #expect(abs((up.b - down.b) / (2 * h) - m.bb) < 3e-3 * m.bb, "\(rule)")
      let natural = rule.naturalGradient(family, a: a, b: b, .exact(1.7))
      let plain = rule.gradient(family, a: a, b: b, .exact(1.7))
      #expect(abs(m.aa * natural.a + m.ab * natural.b - plain.a) < 1e-12)
      #expect(abs(m.ab * natural.a + m.bb * natural.b - plain.b) < 1e-12)
    }
  }

  @Test("The natural gradient of the normal log score by hand")
  func naturalNormal() {
    // μ = 1, σ = 2, y = 4: z = 1.5, (μ − y, ½(1 − z²)).
    let g = ScoringRule.logScore.naturalGradient(.normal, a: 1, b: naturalLog(2), .exact(4))
    #expect(abs(g.a + 3) < 1e-12 && abs(g.b + 0.625) < 1e-12)
  }

  @Test("Family names survive as text; degrees of freedom out of range do not")
  func familyNames() {
    for family in DistributionFamily.tested { #expect(DistributionFamily(rawValue: family.rawValue) == family) }
    for name in ["cauchy", "studentT(0.5)", "studentT(nan)", "studentT", "studentT(5"] {
      #expect(DistributionFamily(rawValue: name) == nil)
    }
  }

  @Test("A mixture of two by hand: mean 1, variance 1 + 1, quantiles by symmetry, one part is itself")
  func mixtures() {
    let two = MixtureDistribution([
      FittedDistribution(.normal, a: 0, b: 0), FittedDistribution(.normal, a: 2, b: 0),
    ])
    #expect(abs(two.mean - 1) < 1e-12 && abs(two.variance - 2) < 1e-12)
    #expect(abs(two.quantile(0.5) - 1) < 1e-12 && abs(two.quantile(0.1) + two.quantile(0.9) - 2) < 1e-9)
    for p in [0.01, 0.3, 0.97] { #expect(abs(two.cumulative(two.quantile(p)) - p) < 1e-12) }
    let one = FittedDistribution(.weibull, a: 1, b: 0.5)
    #expect(abs(MixtureDistribution([one]).quantile(0.2) - one.quantile(0.2)) < 1e-12)
  }

  @Test("Quantile and cumulative are inverse; means and deviations by numbers", arguments: DistributionFamily.tested)
  func distributions(family: DistributionFamily) {
    let d = FittedDistribution(family, a: 0.3, b: family == .weibull ? 0.5 : family == .logLogistic ? 1.5 : -0.5)
    for p in [0.001, 0.1, 0.5, 0.9, 0.999] { #expect(abs(d.cumulative(d.quantile(p)) - p) < 1e-12) }
    let draws = (0..<200_000).map { d.quantile((Double($0) + 0.5) / 200_000) }
    #expect(abs(mean(draws) - d.mean) < 1e-4)
    #expect(abs(standardDeviation(draws) - d.standardDeviation) < 1e-3)
  }
}
