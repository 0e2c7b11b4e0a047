import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Generic ageing law")
struct GenericAgeingTests {
  @Test("V22: A power state split into steps equals the whole, and under changing rates it keeps its loss")
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

  @Test("V22: under changing rates y^(1/p) adds up as k^(1/p) z, so the order of blocks does not matter")
  func changingRates() {
    for p in [0.3, 0.5, 1, 1.5] {
      func loss(_ rates: [Double]) -> Double {
        var s = PowerState()
        for k in rates { s.advance(by: 100, rate: k, exponent: p) }
        return s.value
      }
      let rates = [1e-3, 4e-3, 2e-3]
      let sum = rates.reduce(0) { $0 + _pow($1, 1 / p) * 100 }
      #expect(abs(loss(rates) / _pow(sum, p) - 1) < 1e-12)
      #expect(abs(loss(rates) / loss(rates.reversed()) - 1) < 1e-12)
    }
    var idle = PowerState(0.02)
    idle.advance(by: 100, rate: 0, exponent: 0.5)
    #expect(idle.value == 0.02)
    // Whatever the split and the exponent, a loss only grows.
    var s = PowerState()
    for k in 0..<200 {
      let before = s.value
      s.advance(by: Double(k % 7), rate: 1e-3 * Double(1 + k % 5), exponent: 0.3 + 0.2 * Double(k % 6))
      #expect(s.value >= before * (1 - 1e-12) && s.value.isFinite)
    }
  }

  @Test("V22: the soft minimum tends to the minimum, from below, as its width goes to zero")
  func softMinimum() {
    for (a, b) in [(0.9, 0.8), (0.8, 0.8), (0.5, 1.2)] {
      var last = Double.infinity
      for width in [0.1, 0.01, 1e-3, 1e-4] {
        let gap = min(a, b) - GenericAgeing.softMinimum(a, b, width: width)
        #expect(gap >= 0 && gap <= width * 0.693_147_180_559_946 + 1e-15 && gap <= last)
        #expect(GenericAgeing.softMinimum(b, a, width: width) == GenericAgeing.softMinimum(a, b, width: width))
        last = gap
      }
    }
  }

  @Test("V22: a fresh cell has all its capacity and its first resistance; break-in adds and fades out")
  func fresh() {
    let law = GenericAgeing()
    let point = law.run([GenericStress(days: 0, fullCycles: 0)])[0]
    #expect(point.retention == 1 && point.resistance == 1)
    var gaining = GenericAgeing()
    gaining.breakIn = -0.02
    gaining.breakInScale = 20
    let q = gaining.retention(at: [0, 20, 1000])
    #expect(q[0] == 1)
    #expect(abs(q[1] - (1 + 0.02 * (1 - _exp(-1)))) < 1e-12)
    #expect(abs(q[2] - 1.02) < 1e-12)
  }

  @Test("V22: Square-root and linear limits, and the smaller of two limits")
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
