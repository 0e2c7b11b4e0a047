import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Generic ageing law")
struct GenericAgeingTests {
  @Test("A power state split into steps equals the whole, and under changing rates it keeps its loss")
  func splitStep() {
    for p in [0.3, 0.5, 1, 1.5] {
      var whole = PowerState()
      whole.advance(by: 730, rate: 3e-3, exponent: p)
      var split = PowerState()
      for _ in 0..<730 { split.advance(by: 1, rate: 3e-3, exponent: p) }
      #expect(abs(split.value / whole.value - 1) < 1e-12)
      #expect(abs(whole.value - 3e-3 * _pow(730, p)) < 1e-12)
      let before = split.value
      split.advance(by: 1e-12, rate: 1e-4, exponent: p)
      #expect(abs(split.value - before) < 1e-9)
    }
  }

  @Test("Square-root and linear limits, and the smaller of two limits")
  func limits() {
    var law = GenericAgeing()
    law.cycleRate = 0.01
    law.cycleExponent = 0.5
    #expect(abs(law.retention(at: [400])[0] - 0.8) < 1e-12)
    law.cycleExponent = 1
    law.cycleRate = 2e-4
    #expect(abs(law.retention(at: [500])[0] - 0.9) < 1e-12)
    #expect(abs(GenericAgeing.softMinimum(0.9, 0.5, width: 0.01) - 0.5) < 1e-12)
    #expect(GenericAgeing.softMinimum(0.7, 0.7, width: 0.01) < 0.7)
    law.kneeAge = 600
    law.kneeExponent = 6
    #expect(law.retention(at: [590])[0] < 0.2)
    #expect(abs(law.retention(at: [100])[0] - 0.98) < 2e-3)
  }

  @Test("Warm storage fades by the Arrhenius ratio; blocks add up")
  func blocks() {
    var law = GenericAgeing()
    law.calendarRate = 2e-3
    law.calendarExponent = 1
    let cool = law.run([GenericStress(days: 100, fullCycles: 0)])[0]
    let warm = law.run([GenericStress(days: 100, fullCycles: 0, temperatureK: 318.15)])[0]
    let ratio = arrhenius(law.calendarActivationJPerMol, temperatureK: 318.15)
    #expect(abs((1 - warm.retention) / (1 - cool.retention) - ratio) < 1e-12)
    let halves = law.run([GenericStress(days: 50, fullCycles: 0), GenericStress(days: 50, fullCycles: 0)])
    #expect(abs(halves[1].retention - cool.retention) < 1e-12)
    #expect(cool.resistance > 1)
  }

  @Test("The fit recovers a power law within its stated uncertainty and foretells the rest")
  func recovery() {
    var inside = 0
    for seed in 0..<20 as Range<UInt64> {
      var stream = RandomStream(seed: seed, purpose: "generic")
      let p = 0.5 + 0.3 * stream.uniform()
      let rate = 0.2 / _pow(600 + 600 * stream.uniform(), p)
      let ages = (1...30).map { 10 * Double($0) }
      let q = ages.map { 1 - rate * _pow($0, p) + 0.001 * stream.normal() }
      let fit = GenericAgeingFit.fit(ages: ages, retention: q, noise: 0.001)
      #expect(abs(fit.members.reduce(0) { $0 + $1.weight } - 1) < 1e-9)
      let later = 600.0
      let (mean, sd) = fit.forecast(at: [later])
      let truth = 1 - rate * _pow(later, p)
      #expect(abs(mean[0] - truth) < 0.03, "seed \(seed): \(mean[0]) for \(truth)")
      if abs(mean[0] - truth) < 2 * sd[0] + 1e-4 { inside += 1 }
    }
    #expect(inside >= 16, "\(inside) of 20 within two standard deviations")
  }

  @Test("An unbent record claims no knee beyond its prior")
  func noKneeFromNothing() {
    let ages = (1...25).map { 4 * Double($0) }
    let q = ages.map { 1 - 0.002 * $0.squareRoot() }
    let fit = GenericAgeingFit.fit(ages: ages, retention: q, noise: 0.001)
    let knee = fit.members.first { $0.form == .knee }
    #expect(abs((knee?.parameters[3] ?? 0) - GenericAgeingFit.Prior().logKneeAge) < 0.7)
  }
}
