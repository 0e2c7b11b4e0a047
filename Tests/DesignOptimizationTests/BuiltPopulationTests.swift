import CellModel
import DegradationPhysics
import NumericalMethods
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@testable import DesignOptimization

@Suite("Populations of built cells")
struct BuiltPopulationTests {
  static let design = CellAttributes(
    numbers: [
      "upper_cutoff_v": 4.3, "lower_cutoff_v": 2.5, "discharge_c_rate": 0.3, "temperature_celsius": 30,
      "stack_pressure_mpa": 50, "areal_loading_mg_cm2": 15, "particle_d50_um": 5,
    ],
    texts: [
      "cathode_material": "NCM811", "morphology": "poly", "coating": "LiNbO3", "electrolyte_material": "Li6PS5Cl",
      "anode_material": "Li-In",
    ])

  static func line(_ scale: Double = 1, cell: Double, isNew: Bool = false) throws -> ManufacturingVariability {
    var v = try ManufacturingVariability([
      .init("stack_pressure_mpa", .normal(0.15 * scale)), .init("temperature_celsius", .normal(0.05 * scale)),
      .init("areal_loading_mg_cm2", .normal(0.05 * scale)),
    ])
    v.levels.cell = cell
    v.describesTraining = !isNew
    return v
  }

  /// Log-normal lives by their quantiles.
  static func lives(_ median: Double, _ sd: Double) -> [Double] {
    (0..<2000).map { median * exp(sd * NormalDistribution.quantile((Double($0) + 0.5) / 2000)) }
  }

  @Test("Scatter alone: yields against the closed form, variances split")
  func closedForm() async throws {
    var v = ManufacturingVariability.none
    v.levels.cell = 0.2
    let plan = BuiltPopulation.Plan(
      design: Self.design, lives: Self.lives(500, 0.5), manufacturingShare: 0.16, variability: v, response: nil,
      targets: [300, 500, 800])
    let found = try await BuiltPopulation(plan, seed: 1)
    #expect(abs(found.variance.manufacturing - 0.04) < 0.001)
    #expect(abs(found.variance.model - 0.84 * 0.25) < 0.005)
    for (yield, log) in zip(found.yields, [0.510826, 0, -0.470004]) {
      let truth = NormalDistribution.cumulative(log / (0.84 * 0.25 + 0.04).squareRoot())
      #expect(abs(yield.share.mean - truth) < 0.01)
      #expect(yield.share.low < truth && truth < yield.share.high)
    }
    #expect(found.tolerances.isEmpty && found.explained == nil)
  }

  @Test("Spread is counted once: what replicates show holds the tolerances of their line (D10)")
  func once() async throws {
    // Variance of log life, and of the part that simulation explains; mean and standard error over seeds.
    let response = try BuildResponse(Self.design, limit: 0.8, threads: 2)
    func variance(_ v: ManufacturingVariability) async throws -> (all: [Double], built: [Double]) {
      var (all, built): ([Double], [Double]) = ([], [])
      for seed in 1...5 {
        let plan = BuiltPopulation.Plan(
          design: Self.design, lives: Self.lives(500, 0.3), variability: v, response: response, targets: [])
        let found = try await BuiltPopulation(plan, seed: UInt64(seed))
        all.append(found.variance.manufacturing)
        built.append(found.variance.manufacturing * (found.explained ?? 0))
      }
      return (all, built)
    }
    func isNear(_ values: [Double], _ truth: Double) -> Bool {
      abs(mean(values) - truth) < 4 * standardDeviation(values, sample: true) / Double(values.count).squareRoot()
    }
    // So small that life answers in proportion: at the tolerances of `line` it falls off a knee.
    let cell = 0.005
    let training = try await variance(Self.line(0.05, cell: cell))
    #expect(isNear(training.all, cell * cell), "\(training)")
    let own = mean(training.built)
    #expect(own > 0.01 * cell * cell && own < cell * cell)
    // Another line: its tolerances come on top; twice as wide they add three times as much again.
    let new = try await variance(Self.line(0.05, cell: cell, isNew: true))
    #expect(isNear(zip(new.all, training.built).map { $0 - $1 }, cell * cell), "\(new)")
    let doubled = try await variance(Self.line(0.1, cell: cell, isNew: true))
    #expect(isNear(zip(doubled.all, new.all).map { $0 - $1 }, 3 * own), "\(doubled), \(new), \(own)")
    // Within what replicates show, doubled tolerances of the line itself change nothing.
    #expect(isNear(try await variance(Self.line(0.1, cell: cell)).all, cell * cell))
    // Tolerances wider than what replicates show speak for themselves.
    let wide = try await variance(Self.line(3, cell: 0.001))
    #expect(mean(wide.all) > 4 * own && zip(wide.all, wide.built).allSatisfy { abs($0 / $1 - 1) < 1e-12 })
  }

  @Test("Early failures lower every yield")
  func early() async throws {
    var v = ManufacturingVariability.none
    v.levels.cell = 0.1
    v.earlyFailure = .init(alpha: 8, beta: 92)
    let plan = BuiltPopulation.Plan(
      design: Self.design, lives: Self.lives(500, 0.1), variability: v, response: nil, targets: [100])
    let found = try await BuiltPopulation(plan, seed: 1)
    #expect(abs(found.yields[0].share.mean - 0.92) < 0.005)
    #expect(abs((found.earlyFailure?.mean ?? 0) - 0.08) < 1e-12)
    #expect(found.rare?.probability.best.probability ?? 1 < 1e-7)
  }

  @Test("Targets before the end of early failures count the share that has happened by then")
  func until() async throws {
    var v = ManufacturingVariability.none
    v.levels.cell = 1e-6
    v.earlyFailure = .init(failed: 19.5, of: 99, prior: .jeffreys, until: 40)
    let plan = BuiltPopulation.Plan(
      design: Self.design, lives: Self.lives(500, 1e-6), variability: v, response: nil, targets: [10, 40, 100])
    let found = try await BuiltPopulation(plan, seed: 1)
    // Beta(20, 80), drawn 200 times.
    for (yield, truth) in zip(found.yields, [0.95, 0.8, 0.8]) {
      #expect(abs(yield.share.mean - truth) < 0.008, "\(yield.share.mean)")
    }
  }

  @Test("Levels that are not known are drawn: mixtures of their yields, wider intervals; the same ones change nothing")
  func posterior() async throws {
    var v = ManufacturingVariability.none
    v.levels = .init(batch: 0.05, cell: 0.2)
    func population(_ posterior: [ManufacturingVariability.Levels], lots: Bool = false) async throws -> BuiltPopulation
    {
      v.posterior = posterior
      var plan = BuiltPopulation.Plan(
        design: Self.design, lives: Self.lives(500, 1e-9), manufacturingShare: 0, variability: v, response: nil,
        targets: [400])
      plan.hasLots = lots
      return try await BuiltPopulation(plan, seed: 1)
    }
    let known = try await population([])
    let same = try await population([v.levels, v.levels])
    #expect(known.yields == same.yields && known.variance == same.variance)
    #expect(known.yields[0].share.high - known.yields[0].share.low < 1e-9)
    let (narrow, wide) = (ManufacturingVariability.Levels(cell: 0.1), ManufacturingVariability.Levels(cell: 0.4))
    let unsure = try await population([narrow, wide], lots: true)
    let truths = [0.1, 0.4].map { NormalDistribution.cumulative(log(500 / 400.0) / $0) }
    let yield = unsure.yields[0].share
    #expect(abs(yield.mean - (truths[0] + truths[1]) / 2) < 0.01)
    #expect(abs(yield.high - truths[0]) < 0.01 && abs(yield.low - truths[1]) < 0.01)
    #expect(abs(unsure.variance.manufacturing - (0.01 + 0.16) / 2) < 0.002)
    // Without scatter between batches lots are alike, but nobody knows at which yield.
    let lot = try #require(unsure.lots.first)
    #expect(abs(lot.quantiles[0].low - truths[1]) < 0.01 && abs(lot.quantiles[0].high - truths[0]) < 0.01)
  }

  @Test("Tolerances are ranked by what they do, whatever the threads")
  func ranking() async throws {
    var results: [BuiltPopulation] = []
    for threads in [1, 2] {
      let plan = BuiltPopulation.Plan(
        design: Self.design, lives: Self.lives(500, 0.3), variability: try Self.line(cell: 0.05),
        response: try BuildResponse(Self.design, limit: 0.8, threads: threads), targets: [100, 450])
      results.append(try await BuiltPopulation(plan, seed: 7))
    }
    let found = results[0]
    #expect(found.tolerances == results[1].tolerances && found.yields == results[1].yields)
    #expect(
      found.tolerances.map(\.names) == [["stack_pressure_mpa"], ["temperature_celsius"], ["areal_loading_mg_cm2"]])
    #expect(found.tolerances.reduce(0) { $0 + $1.first.value } < 1.1)
    #expect(found.tolerances.reduce(0) { $0 + $1.total.value } > 0.9)
  }

  @Test("Yields of lots: the quantile over lots of a normal lot mean, the scatter of its cells about it")
  func lots() async throws {
    var v = ManufacturingVariability.none
    v.levels = .init(batch: 0.15, cell: 0.2)
    v.earlyFailure = .init(alpha: 8e9, beta: 92e9)
    // All is known but what scatters: e does not widen.
    var plan = BuiltPopulation.Plan(
      design: Self.design, lives: Self.lives(500, 1e-9), manufacturingShare: 0, variability: v, response: nil,
      targets: [400, 500])
    #expect(try await BuiltPopulation(plan, seed: 1).lots.isEmpty)
    plan.hasLots = true
    let found = try await BuiltPopulation(plan, seed: 1)
    for lot in found.lots {
      for (share, q) in zip(BuiltPopulation.lotShares, lot.quantiles) {
        // 64 lots end between their outer ones: quantiles of 64 even points.
        let z = NormalDistribution.quantile((share * 63 + 0.5) / 64)
        let truth = 0.92 * NormalDistribution.cumulative((log(500 / lot.target) + 0.15 * z) / 0.2)
        #expect(abs(q.mean - truth) < 0.02, "\(lot.target), \(share): \(q.mean) and \(truth)")
        #expect(abs(q.low - q.high) < 1e-3)
      }
    }
    // A parameter that scatters by batch makes lots differ; the same by cell does not.
    func spread(isPerBatch: Bool) async throws -> Double {
      let line = try ManufacturingVariability([.init("stack_pressure_mpa", .normal(0.3), isPerBatch: isPerBatch)])
      let response = try #require(try BuildResponse(Self.design, limit: 0.8, threads: 2))
      var plan = BuiltPopulation.Plan(
        design: Self.design, lives: Self.lives(response.life, 1e-9), manufacturingShare: 0, variability: line,
        response: response, targets: [response.life])
      plan.hasLots = true
      let q = try await BuiltPopulation(plan, seed: 3).lots[0].quantiles
      return q[2].mean - q[0].mean
    }
    let (byBatch, byCell) = (try await spread(isPerBatch: true), try await spread(isPerBatch: false))
    #expect(byBatch == 1 && byCell < 0.2)
  }

  @Test("Any laboratory: the population widens by what laboratories differ by, exactly, and ignorance shrinks by it")
  func acrossLabs() async throws {
    var v = ManufacturingVariability.none
    v.levels = .init(lab: 0.3, batch: 0.06, cell: 0.08)
    var plan = BuiltPopulation.Plan(
      design: Self.design, lives: Self.lives(500, 0.5), manufacturingShare: 0.04, variability: v, response: nil,
      targets: [300])
    let line = try await BuiltPopulation(plan, seed: 1)
    plan.isAcrossLabs = true
    let any = try await BuiltPopulation(plan, seed: 1)
    #expect(abs(any.variance.manufacturing / line.variance.manufacturing - 0.1 / 0.01) < 1e-10)
    #expect(abs(any.variance.model / line.variance.model - (0.96 - 0.09 / 0.25) / 0.96) < 1e-3)
    let widths = [line, any].map { $0.yields[0].share.high - $0.yields[0].share.low }
    #expect(widths[1] < widths[0])
    // More than all that is not known cannot leave it.
    plan.variability.levels.lab = 2
    #expect(try await BuiltPopulation(plan, seed: 1).variance.model == 0)
  }

  @Test("Correlated parameters are one group")
  func groups() throws {
    let v = try ManufacturingVariability(
      [
        .init("stack_pressure_mpa", .normal(0.1)), .init("temperature_celsius", .normal(0.1)),
        .init("areal_loading_mg_cm2", .normal(0.1)),
      ], correlations: [.init("areal_loading_mg_cm2", "stack_pressure_mpa", rho: 0.5)])
    #expect(v.groups == [[0, 2], [1]])
  }
}
