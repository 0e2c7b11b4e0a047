import CellModel
import Foundation
import NumericalMethods
import Testing

@testable import DesignOptimization

@Suite struct TestPlanTests {
  /// Straight line in a stress: g at stress 0, readings at stresses of [0.2, 1].
  private func line(_ members: Int, stresses: [Double], slopeSpread: Double = 1) throws -> PlanEnsemble {
    var stream = RandomStream(seed: 2, purpose: "line")
    let truths = (0..<members).map { _ in (stream.normal(), slopeSpread * stream.normal()) }
    return try PlanEnsemble(
      goal: truths.map(\.0),
      candidates: stresses.enumerated().map { k, s in
        PlanEnsemble.Candidate(
          condition: k, cost: 1, readings: Matrix(truths.map { [$0.0 + s * $0.1] }), cellVariance: [0.04],
          batchVariance: [0])
      })
  }

  @Test("The variance left is that of the exact posterior; a perfect reading leaves none, a useless one all (D30)")
  func posterior() throws {
    let e = try line(4000, stresses: [0.3, 1])
    // Exact: prior I; readings a + s b with variances 0.04/n.
    func exact(_ n: [Int]) -> Double {
      let p = [0.3, 1.0]
      var m = [1.0, 0, 1.0]
      for (s, c) in zip(p, n) {
        let w = Double(c) / 0.04
        m[0] += w
        m[1] += w * s
        m[2] += w * s * s
      }
      return m[2] / (m[0] * m[2] - m[1] * m[1])
    }
    for n in [[3, 0], [0, 5], [4, 4]] { #expect(abs((e.variance(n) / exact(n)).squareRoot() - 1) < 0.03) }
    var stream = RandomStream(seed: 3, purpose: "useless")
    let g = (0..<2000).map { _ in stream.normal() }
    let noise = (0..<2000).map { _ in stream.normal() }
    let f = try PlanEnsemble(
      goal: g,
      candidates: [
        .init(condition: 0, cost: 1, readings: Matrix(g.map { [$0] }), cellVariance: [1e-9], batchVariance: [0]),
        .init(condition: 1, cost: 1, readings: Matrix(noise.map { [$0] }), cellVariance: [1], batchVariance: [0]),
      ])
    #expect(f.variance([1, 0]) < 1e-3 * f.priorVariance)
    #expect(f.variance([0, 9]) > 0.99 * f.priorVariance)
    // Readings without noise leave exactly what no test can tell; readings that no truth changes, exactly all.
    let exactly = try PlanEnsemble(
      goal: g,
      candidates: [
        .init(condition: 0, cost: 1, readings: Matrix(g.map { [$0] }), cellVariance: [0], batchVariance: [0]),
        .init(condition: 1, cost: 1, readings: Matrix(g.map { _ in [7] }), cellVariance: [1], batchVariance: [0]),
      ])
    #expect(abs(exactly.variance([1, 0]) - exactly.irreducibleVariance) < 1e-9)
    #expect(exactly.variance([0, 9]) == exactly.variance([0, 0]))
  }

  @Test("A line of unknown level and slope: the textbook variance, and the exact split of twelve cells (D26)")
  func twelve() throws {
    // Four truths with exact moments and a prior that says nothing beside noise of variance 1.
    let (low, sigma) = (0.5, 1.0)
    let truths = [(1.0, 1.0), (1, -1), (-1, 1), (-1, -1)].map { (1e4 * $0.0, 1e4 * $0.1) }
    let e = try PlanEnsemble(
      goal: truths.map(\.0),
      candidates: [low, 1].enumerated().map { k, x in
        .init(
          condition: k, cost: 1, readings: Matrix(truths.map { [$0.0 + x * $0.1] }), cellVariance: [sigma],
          batchVariance: [0])
      })
    for n in 1..<12 {
      // Weights of the two means in the value at 0 are 1/(1 − low) and −low/(1 − low).
      let expected = (1 / Double(n) + low * low / Double(12 - n)) / ((1 - low) * (1 - low))
      #expect(abs(e.variance([n, 12 - n]) / expected - 1) < 1e-6)
    }
    let plan = TestPlan.best(e, budget: 12, seed: 1)
    #expect(plan.counts == [8, 4])
    #expect(abs(plan.variance / (9 * sigma / 12) - 1) < 1e-6)
  }

  @Test("D-optimal: a straight line half and half, a parabola in thirds at −1, 0, 1 (D26)", arguments: [2, 3])
  func dOptimal(terms: Int) throws {
    // Truths with exact moments, all signs of each term, and a prior that says nothing beside noise of variance 1.
    let prior = 1e4
    let truths = (0..<8).map { m in (0..<terms).map { (m >> $0) & 1 == 0 ? prior : -prior } }
    let stresses = (-4...4).map { Double($0) / 4 }
    let e = try PlanEnsemble(
      goal: truths.map { $0[0] },
      candidates: stresses.enumerated().map { k, x in
        let row = [1, x, x * x]
        return .init(
          condition: k, cost: 1, readings: Matrix(truths.map { t in [t.indices.reduce(0) { $0 + t[$1] * row[$1] }] }),
          cellVariance: [1], batchVariance: [0])
      })
    let plan = TestPlan.best(e, budget: 12, seed: 1, criterion: .dOptimal)
    let expected = terms == 2 ? [6, 0, 0, 0, 0, 0, 0, 0, 6] : [4, 0, 0, 0, 4, 0, 0, 0, 4]
    #expect(plan.counts == expected)
    // det X'X: 12² for six cells at ±1; 4³ (Vandermonde)² = 256 for four each at −1, 0, 1. The truths' own variance is
    // 8/7 of prior² as a sample.
    let determinant = terms == 2 ? 144.0 : 256
    let nats = 0.5 * log(determinant) + Double(terms) * 0.5 * log(8.0 / 7 * prior * prior)
    #expect(abs(e.informationGain(plan.counts) - nats) < 1e-6)
    // The same cells for the value at 0 alone go elsewhere: that is what the criterion changes.
    #expect(TestPlan.best(e, budget: 12, seed: 1).counts[4] > expected[4])
    #expect(e.informationGain(stresses.map { _ in 0 }) == 0)
  }

  @Test("Levels of a stress go from use to the most, even in 1/T and in the logarithm of a rate")
  func levels() throws {
    var use = CellAttributes()
    use.numbers = ["temperature_celsius": 25, "discharge_c_rate": 0.25, "upper_cutoff_v": 4.2]
    let heat = try PlanStudy.Stress("temperature_celsius", use: use, most: 65)
    #expect(heat.levels == [25, 34.1, 43.7, 54, 65])
    #expect(try PlanStudy.Stress("discharge_c_rate", use: use, most: 2).levels == [0.25, 0.5, 1, 2])
    #expect(try PlanStudy.Stress("upper_cutoff_v", use: use, most: 4.5).levels == [4.2, 4.3, 4.4, 4.5])
    // The most that published cells state.
    #expect(try PlanStudy.Stress("temperature_celsius", use: use, most: nil).levels.last == 60)
    for name in ["temperature_celsius", "stack_pressure_mpa"] {
      #expect(throws: DesignSpaceError.self) { try PlanStudy.Stress(name, use: use, most: 20) }
    }
  }

  @Test("Dearer channels never lengthen tests, and a plan spends what it may")
  func prices() async throws {
    var last = Double.infinity
    // Price of a cell in weeks of a channel: falls as channels grow dear.
    for cellCost in [40.0, 10, 2.5, 0] {
      var use = CellAttributes()
      use.numbers = [
        "temperature_celsius": 25, "discharge_c_rate": 0.3, "upper_cutoff_v": 4.3, "lower_cutoff_v": 2.5,
        "areal_loading_mg_cm2": 12, "stack_pressure_mpa": 30,
      ]
      use.texts = [
        "cathode_material": "NCM811", "morphology": "poly", "coating": "none", "electrolyte_material": "Li6PS5Cl",
        "anode_material": "Li-In",
      ]
      var study = PlanStudy(
        use: use, stresses: [.init("temperature_celsius", levels: [25, 45, 60])], channels: 6, weeks: 8)
      study.cellCost = cellCost
      study.members = 120
      study.horizon = 2000
      study.threads = 2
      let plan = try #require(try await study.run().plans.first)
      let spent = plan.rows.reduce(0) { $0 + Double($1.cells) * ($1.weeks + cellCost) }
      #expect(spent <= 6 * (8 + cellCost) + 1e-9)
      let cells = plan.rows.reduce(0) { $0 + $1.cells }
      let length = plan.rows.reduce(0) { $0 + Double($1.cells) * $1.weeks } / Double(cells)
      #expect(length <= last + 1e-9, "\(cellCost): \(length) weeks, before \(last)")
      last = length
    }
    #expect(last < 8)
  }

  @Test("A record is judged by how far its last reading lies from all that may be")
  func off() {
    let readings = Matrix((0..<200).map { [NormalDistribution.quantile((Double($0) + 0.5) / 200)] })
    let record = PlanEnsemble.Candidate(
      condition: 0, cost: 1, readings: readings, cellVariance: [2], batchVariance: [0.5], measurementVariance: [0.5])
    // ln(−ln r) = 6 at a spread of 2 from variances 1 + 3.
    #expect(abs(RunningAdvice.deviation(exp(-exp(-6.0)), record) + 3) < 0.02)
    #expect(RunningAdvice.deviation(nil, record) == 0)
  }

  @Test("A line extrapolated to 0 from two stresses is best tested as 1/(1 + low) says")
  func shares() throws {
    let e = try line(4000, stresses: [0.25, 1], slopeSpread: 30)
    let plan = TestPlan.best(e, budget: 40, seed: 1)
    // Share at the low stress 1/(1 + 0.25) = 0.8 (H. Chernoff, Ann. Math. Statist. 24 (1953) 586).
    #expect(abs(Double(plan.counts[0]) / 40 - 0.8) < 0.06)
    #expect(plan.counts.reduce(0, +) == 40)
  }

  @Test("Greedy and exchange find the best of all plans: 40 sets of nine conditions and five cells (D31)")
  func exhaustive() throws {
    var stream = RandomStream(seed: 5, purpose: "instances")
    var hits = 0
    for instance in 0..<40 {
      let truths = (0..<300).map { _ in (0..<5).map { _ in stream.normal() } }
      let weights = (0..<5).map { _ in stream.normal() }
      let candidates = (0..<9).map { k -> PlanEnsemble.Candidate in
        let h = (0..<5).map { _ in stream.uniform() < 0.5 ? stream.normal() : 0 }
        return PlanEnsemble.Candidate(
          condition: k, cost: 1, readings: Matrix(truths.map { t in [zip(t, h).reduce(0) { $0 + $1.0 * $1.1 }] }),
          cellVariance: [0.3], batchVariance: [0.05])
      }
      let e = try PlanEnsemble(
        goal: truths.map { t in zip(t, weights).reduce(0) { $0 + $1.0 * $1.1 } }, candidates: candidates)
      var best = Double.infinity
      func all(_ counts: [Int], _ left: Int) {
        if counts.count == 8 {
          best = min(best, e.variance(counts + [left]))
          return
        }
        for n in 0...left { all(counts + [n], left - n) }
      }
      all([], 5)
      let found = TestPlan.best(e, budget: 5, seed: UInt64(instance))
      if found.variance <= best * (1 + 1e-9) { hits += 1 }
    }
    #expect(hits >= 39)
  }

  @Test("Rules are kept, and more budget never widens")
  func rules() throws {
    let e = try line(500, stresses: [0.2, 0.6, 1])
    let balanced = [3, 3, 3]
    let plan = TestPlan.best(e, budget: 9, start: balanced, seed: 1) { counts in
      counts.allSatisfy { $0 >= 2 } && counts.reduce(0, +) <= 9
    }
    #expect(plan.counts.allSatisfy { $0 >= 2 } && plan.variance <= e.variance(balanced))
    #expect(TestPlan.best(e, budget: 20, seed: 1).variance <= TestPlan.best(e, budget: 10, seed: 1).variance)
  }

  @Test("Weights of the members leave the same width where all is linear and Gaussian, and no flag")
  func checkOfLines() throws {
    let e = try line(3000, stresses: [0.3, 1])
    for counts in [[1, 0], [2, 1], [0, 3]] {
      let check = e.check(counts, seed: 4)
      #expect(check.effectiveSize >= 20 && check.isKnown && !check.isApproximate)
      #expect(abs(check.weighted / check.linear - 1) < 0.08, "\(counts): \(check)")
      #expect(check.spread == check.linear && check == e.check(counts, seed: 4))
    }
  }

  @Test("A number that bends with what is read is flagged and reported by weights; too few members decide nothing")
  func checkOfBends() throws {
    func bent(_ members: Int) throws -> PlanEnsemble {
      var stream = RandomStream(seed: 6, purpose: "bend")
      let truths = (0..<members).map { _ in stream.normal() }
      return try PlanEnsemble(
        goal: truths.map { $0 * $0 },
        candidates: [
          .init(condition: 0, cost: 1, readings: Matrix(truths.map { [$0] }), cellVariance: [0.04], batchVariance: [0])
        ])
    }
    // No line through a parabola tells anything: sd √2. Given θ to 0.196, θ² is known to about 2 |θ| 0.196, mean 0.31.
    let check = try bent(2000).check([1], seed: 1)
    #expect(check.isApproximate && check.linear > 1.3)
    #expect(abs(check.spread - 0.32) < 0.06, "\(check)")
    // Members of which a bound alone is known are no truths.
    let none = try bent(2000).check([1], seed: 1, isBounded: { _ in true })
    #expect(!none.isKnown && none.spread == none.linear)
    let few = try bent(40).check([9], seed: 1)
    #expect(!few.isKnown && !few.isApproximate && few.spread == few.linear)
  }
}

/// Whether a running cell is worth its channel: gains of the next cycles, given all records.
@Suite struct RunningAdviceTests {
  /// Cells read at given ages on straight lines of log fade: level and slope unknown.
  private func gains(_ ages: [[Double]], measurement: Double) throws -> RunningAdvice.Gains {
    var stream = RandomStream(seed: 7, purpose: "advice")
    let truths = (0..<2000).map { _ in (stream.normal(), 0.5 * stream.normal()) }
    func candidate(_ at: [Double]) -> PlanEnsemble.Candidate {
      PlanEnsemble.Candidate(
        condition: 0, cost: 1, readings: Matrix(truths.map { t in at.map { t.0 + t.1 * $0 / 100 } }),
        cellVariance: at.map { _ in 0.01 }, batchVariance: at.map { _ in 0 },
        measurementVariance: at.map { _ in measurement })
    }
    return try RunningAdvice.gains(
      goal: truths.map { $0.0 + 10 * $0.1 }, seen: ages.map { candidate($0) },
      more: ages.map { candidate($0 + [($0.last ?? 0) + 100]) }, twice: ages.map { candidate($0 + [$0.last ?? 0]) },
      tests: [candidate([400])], weeks: ages.map { _ in 1 })
  }

  /// Two cells of condition A and one of B, read with an error beside one new test.
  private func decisions(error: Double, knees: [Double]) throws -> [RunningAdvice.Decision] {
    var stream = RandomStream(seed: 7, purpose: "advice")
    let truths = (0..<500).map { _ in (stream.normal(), 0.5 * stream.normal()) }
    func candidate(_ at: [Double], _ error: Double) -> PlanEnsemble.Candidate {
      PlanEnsemble.Candidate(
        condition: 0, cost: 1, readings: Matrix(truths.map { t in at.map { t.0 + t.1 * $0 / 100 } }),
        cellVariance: at.map { _ in 0.01 }, batchVariance: at.map { _ in 0 }, measurementVariance: at.map { _ in error }
      )
    }
    let ages = [[50.0, 100], [50, 100], [50, 100]]
    return try RunningAdvice.decisions(
      goal: truths.map { $0.0 + 10 * $0.1 }, seen: ages.map { candidate($0, error) },
      more: ages.map { candidate($0 + [200], error) }, twice: ages.map { candidate($0 + [100], error) },
      tests: [candidate([400], 0.01)], weeks: [1, 1, 1], conditions: ["A", "A", "B"], knees: knees, seed: 1)
  }

  @Test("Readings that are all noise tell exactly nothing: stop (D33)")
  func noise() throws {
    for cell in try decisions(error: 1e300, knees: [0, 0, 0.2]) {
      #expect(cell.gain == 0 && cell.perWeek == 0 && cell.bestNew > 0)
      #expect(cell.what == .stop)
    }
    // Much noise but not all: as useless beside a new test.
    #expect(try decisions(error: 1e9, knees: [0, 0, 0]).allSatisfy { $0.what == .stop && $0.gain < 1e-6 })
    #expect(try decisions(error: 0.001, knees: [0, 0, 0]).allSatisfy { $0.gain > 0 })
  }

  @Test("A condition keeps its last running cell while a knee may be ahead, however little it tells")
  func lastCell() throws {
    let kept = try decisions(error: 1e300, knees: [0.5, 0.5, 0.5])
    #expect(kept.map(\.what) == [.go, .stop, .go])
    let one = try decisions(error: 1e300, knees: [0.1, 0.3, 0.2])
    #expect(one.map(\.what) == [.stop, .go, .stop])
  }

  @Test("Of twins the second tells less; the value falls as the record grows (D33)")
  func order() throws {
    let alone = try gains([[50, 100]], measurement: 0.01).gain[0]
    let twin = try gains([[50, 100], [50, 100, 200]], measurement: 0.01).gain[0]
    #expect(twin < alone)
    let lengths = try [[100.0], [100, 200], [100, 200, 300], [100, 200, 300, 400]].map {
      try gains([$0], measurement: 0.01).gain[0]
    }
    #expect(zip(lengths, lengths.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test("A deviation that all readings of a cell share is not averaged away by reading it again")
  func shared() throws {
    var stream = RandomStream(seed: 8, purpose: "shared")
    let g = (0..<3000).map { _ in stream.normal() }
    func left(_ readings: Int, cells: Int) throws -> Double {
      let e = try PlanEnsemble(
        goal: g,
        candidates: [
          .init(
            condition: 0, cost: 1, readings: Matrix(g.map { [Double](repeating: $0, count: readings) }),
            cellVariance: [Double](repeating: 0.5, count: readings),
            batchVariance: [Double](repeating: 0, count: readings))
        ])
      return e.variance([cells])
    }
    #expect(abs(try left(4, cells: 1) / left(1, cells: 1) - 1) < 0.02)
    // One reading of variance 0.5 on a prior of 1 leaves 1/3; two cells leave 1/5.
    #expect(abs(try left(1, cells: 1) - 1.0 / 3) < 0.03)
    #expect(abs(try left(1, cells: 2) - 0.2) < 0.02)
  }

  @Test("Acceleration: one mechanism gives Arrhenius' factor without a flag, two that cross are flagged (D32)")
  func acceleration() {
    let gas = 8.314462618
    func rate(_ energy: Double, _ kelvin: Double) -> Double { exp(-energy / gas * (1 / kelvin - 1 / 298.15)) }
    let (use, test) = (298.15, 333.15)
    // Loss k · n: ages at 5 and 20 % for members that differ in k alone.
    func ages(_ kelvin: Double) -> AccelerationFactor.Ages {
      let rates = (1...50).map { Double($0) * 1e-5 * rate(50_000, kelvin) }
      return .init(early: rates.map { 0.05 / $0 }, end: rates.map { 0.2 / $0 })
    }
    let one = AccelerationFactor(use: ages(use), test: ages(test), useShares: [[1, 0]], testShares: [[1, 0]])
    let expected = exp(50_000 / gas * (1 / use - 1 / test))
    #expect(one.factor.allSatisfy { abs($0 / expected - 1) < 1e-6 })
    #expect(!one.changesMechanism && !one.dependsOnLoss)

    // One mechanism linear in n and cool, the other with its root and hot.
    func age(_ loss: Double, _ a: Double, _ b: Double) -> Double {
      let root = (-b + (b * b + 4 * a * loss).squareRoot()) / (2 * a)
      return root * root
    }
    func both(_ kelvin: Double) -> (ages: AccelerationFactor.Ages, shares: [Double]) {
      let (a, b) = (2e-4 * rate(10_000, kelvin), 5e-4 * rate(90_000, kelvin))
      let end = age(0.2, a, b)
      return (
        .init(early: [Double](repeating: age(0.05, a, b), count: 20), end: [Double](repeating: end, count: 20)),
        [a * end / 0.2, b * end.squareRoot() / 0.2]
      )
    }
    let (cool, hot) = (both(use), both(test))
    let two = AccelerationFactor(use: cool.ages, test: hot.ages, useShares: [cool.shares], testShares: [hot.shares])
    #expect(two.changesMechanism && two.dependsOnLoss)

    // Means alike, but in some of the truths another mechanism leads: more than a fifth counts.
    func mixed(_ swapped: Int) -> AccelerationFactor {
      let shares = (0..<20).map { _ in [0.52, 0.48] }
      return AccelerationFactor(
        use: ages(use), test: ages(test), useShares: shares,
        testShares: shares.enumerated().map { $0 < swapped ? [$1[1], $1[0]] : $1 })
    }
    #expect(mixed(5).changesMechanism && !mixed(4).changesMechanism)
    #expect(mixed(5).leadingDiffers == 0.25 && mixed(5).mechanismDistance < 0.02)
  }
}
