import BatteryData
import CellModel
import Foundation
import NumericalMethods
import Testing

@testable import LifetimeForecast

/// Cells unlike those of training: kinds of question, held-out parts, recalibration.
@Suite struct ShiftTests {
  /// A dataset of synthetic cells whose ages are `factor` times as long, all of them or those after `start`.
  private func dataset(_ name: String, _ count: Int, seed: UInt64, factor: Double = 1, after start: Double = 0)
    -> Dataset
  {
    var cells = SyntheticCells.make(count, seed: seed, prefix: name)
    func stretched(_ age: Double) -> Double { age <= start ? age : start + (age - start) * factor }
    for i in cells.indices {
      cells[i].series = CycleSeries(
        ages: cells[i].series.ages.map { stretched($0).rounded() }, capacities: cells[i].series.capacities)
      if let life = cells[i].attributes.numbers["observed_life"] {
        cells[i].attributes.numbers["observed_life"] = stretched(life)
      }
    }
    var description = SyntheticCells.description
    description.name = name
    return Dataset(description: description, cells: cells)
  }

  private var options: TrainerOptions {
    var options = TrainerOptions()
    options.early = [50]
    options.folds = 5
    options.threads = 2
    return options
  }

  @Test("Cells of a dataset never seen that lie far out are refused, and scored all the same")
  func refusal() async throws {
    let own = dataset("a", 20, seed: 1)
    let model = try await Trainer(options, toolVersion: "t").fit(
      [TrainingPart(dataset: own, cellIDs: own.cells.map(\.id))], scoring: false)
    func asked(_ name: String, _ temperature: Double?, of model: LifetimeModel) async throws -> [FadeForecast] {
      var other = dataset(name, 8, seed: 2)
      for i in other.cells.indices where temperature != nil {
        other.cells[i].attributes.numbers["temperature_celsius"] = temperature
      }
      return try await model.forecast(
        other, cellIDs: other.cells.map(\.id), early: 50, draws: 50, seed: 1, threads: 2)
    }
    #expect(try await asked("b", nil, of: model).allSatisfy { $0.refusal == nil })
    #expect(try await asked("a", 150, of: model).allSatisfy { $0.refusal == nil && !$0.inDomain })
    let far = try await asked("b", 150, of: model)
    #expect(far.allSatisfy { !$0.inDomain && $0.novelty ?? 0 > 2 })
    #expect(
      far.allSatisfy { $0.refusal?.hasPrefix("temperature_celsius is 150, trained ") ?? false },
      "\(far[0].refusal ?? "")")

    // Nothing seen but the first reading, of a dataset nobody knows.
    func read(_ name: String) async throws -> [FadeForecast] {
      var other = dataset(name, 4, seed: 2)
      for i in other.cells.indices {
        let series = other.cells[i].series
        other.cells[i].series = CycleSeries(ages: [series.ages[0]], capacities: [series.capacities[0]])
      }
      return try await model.forecast(
        other, cellIDs: other.cells.map(\.id), early: 50, draws: 50, seed: 1, threads: 2)
    }
    #expect(try await read("b").allSatisfy { $0.refusal?.contains("one reading") ?? false })
    #expect(try await read("a").allSatisfy { $0.refusal == nil })

    var other = dataset("b", 8, seed: 2)
    for i in other.cells.indices { other.cells[i].attributes.numbers["temperature_celsius"] = 150 }
    let row = try #require(
      try await Evaluation.run(
        model, on: other, cellIDs: nil, split: nil, early: [50], baselines: [], seed: 1, threads: 2
      ).rows.first)
    #expect(row.counts.refused == row.counts.cells && row.refusal != nil && row.life.crps.value != nil)
    let updated = try await model.updated(
      with: TrainingPart(dataset: other, cellIDs: Array(other.cells.map(\.id).prefix(3))), parent: nil, threads: 2)
    #expect(try await asked("b", 150, of: updated).allSatisfy { $0.refusal == nil })
  }

  @Test("Own cells teach only of cells like them: read ones nothing of those that have one reading")
  func ownKinds() async throws {
    let own = dataset("a", 20, seed: 1)
    let model = try await Trainer(options, toolVersion: "t").fit(
      [TrainingPart(dataset: own, cellIDs: own.cells.map(\.id))], scoring: false)
    func updated(unread: Int) async throws -> [DatasetCorrection] {
      var other = dataset("b", 6, seed: 2, factor: 2, after: 50)
      for i in 0..<unread {
        let series = other.cells[i].series
        // The next reading after the first lies behind the cut-off.
        let kept = [0] + series.ages.indices.filter { series.ages[$0] > 50 }
        other.cells[i].series = CycleSeries(
          ages: kept.map { series.ages[$0] }, capacities: kept.map { series.capacities[$0] })
      }
      return try await model.updated(
        with: TrainingPart(dataset: other, cellIDs: other.cells.map(\.id)), parent: nil, threads: 2
      ).cores[0].corrections
    }
    #expect(try await updated(unread: 0).map(\.isRead) == [true])
    let both = try await updated(unread: 3)
    #expect(both.map(\.isRead) == [true, false])
    #expect(both[0].lines != both[1].lines)
    #expect(try await updated(unread: 6).map(\.isRead) == [false])
  }

  /// Draws of two levels whose errors are independent.
  private func twoLevels(_ expected: [Double], deviations: [Double], count: Int) throws -> Matrix {
    var stream = RandomStream(seed: 6, purpose: "errors")
    let residuals = Matrix((0..<4000).map { _ in [0.1 * stream.normal(), 0.1 * stream.normal()] })
    let pool = try ResidualPool(
      plan: FoldPlan(scheme: .cell, units: Array(0..<4000), folds: Array(0..<4000)), variant: .hybrid, weights: [],
      expected: Matrix(rows: 4000, columns: 2), residuals: residuals, spread: [Double](repeating: 1, count: 4000),
      finished: [Bool](repeating: true, count: 4000))
    return pool.draws(
      count, expected: expected, spread: nil, widening: 1, scatter: .init(deviations: deviations, freedom: 1000),
      excluding: nil, stream: RandomStream(seed: 1, purpose: "t")
    ).z
  }

  @Test("Levels judged apart are drawn given their order, to .3 in log age; where they cross the last one stands")
  func order() throws {
    // The difference of two independent levels, weighed by how far they cross: by quadrature.
    let (m, s) = ([5.5, 5.2], [0.4, 0.3])
    let variance = s[0] * s[0] + s[1] * s[1]
    var (sum, first) = (0.0, 0.0)
    for i in 0..<6000 {
      let d = -3 + 6 * (Double(i) + 0.5) / 6000
      let back = max(-d, 0) / 0.3
      let e = d - (m[1] - m[0])
      let w = _exp(-e * e / (2 * variance) - back * back / 2)
      sum += w
      first += w * d
    }
    let end = m[1] + s[1] * s[1] / variance * (first / sum - (m[1] - m[0]))
    let z = try twoLevels(m, deviations: s, count: 20000)
    #expect(abs(mean(z.column(1)) - end) < 0.01, "\(mean(z.column(1))) \(end)")
    #expect(end > 5.25)
    #expect((0..<20000).allSatisfy { z[$0, 0] <= z[$0, 1] })
    // In order already: nothing moves.
    let apart = try twoLevels([4, 8], deviations: s, count: 20000)
    #expect(abs(mean(apart.column(0)) - 4) < 0.01 && abs(mean(apart.column(1)) - 8) < 0.01)
    #expect(abs(standardDeviation(apart.column(1)) / 0.3 - 1) < 0.03)
  }

  @Test("Levels that contradict each other altogether end in order all the same")
  func contradiction() throws {
    let z = try twoLevels([9, 5], deviations: [0.1, 0.1], count: 500)
    #expect((0..<500).allSatisfy { z[$0, 0] <= z[$0, 1] })
    #expect(abs(mean(z.column(1)) - 5) < 0.1)
  }

  @Test("A further row scores the cells that are not refused, as if they had been asked about alone")
  func notRefused() async throws {
    let own = dataset("a", 20, seed: 1)
    let model = try await Trainer(options, toolVersion: "t").fit(
      [TrainingPart(dataset: own, cellIDs: own.cells.map(\.id))], scoring: false)
    var other = dataset("b", 8, seed: 2)
    for i in 0..<3 {
      let series = other.cells[i].series
      let kept = [0] + series.ages.indices.filter { series.ages[$0] > 50 }
      other.cells[i].series = CycleSeries(
        ages: kept.map { series.ages[$0] }, capacities: kept.map { series.capacities[$0] })
    }
    func rows(_ cellIDs: [String]?, split: String?) async throws -> [ScoreRow] {
      try await Evaluation.run(
        model, on: other, cellIDs: cellIDs, split: split, early: [50], baselines: [], seed: 1, threads: 2
      ).rows
    }
    let all = try await rows(nil, split: "test")
    #expect(all.map(\.split) == ["test", "test, cells not refused"])
    #expect(all[0].counts.cells == 8 && all[0].counts.refused == 3 && all[0].refusal != nil)
    #expect(all[1].counts.cells == 5 && all[1].counts.refused == 0 && all[1].refusal == nil)
    let alone = try await rows(other.cells.dropFirst(3).map(\.id), split: nil)
    #expect(alone.count == 1 && alone[0].life == all[1].life)
    // The noise of a reading is judged by all cells at hand, so paths agree to that.
    let scores = try [alone[0], all[1], all[0]].map { try #require($0.trajectory.crps.value) }
    #expect(abs(scores[0] - scores[1]) < 1e-4 && abs(scores[0] - scores[2]) > 1e-2, "\(scores)")
    #expect(all[0].life.crps != all[1].life.crps)
    #expect(try await rows(nil, split: nil).map(\.split) == [nil, "cells not refused"])
  }

  @Test("What is too far is told in the columns and units of the dataset")
  func columns() {
    var attributes = CellAttributes()
    attributes.numbers["temperature_celsius"] = -20
    func told(_ name: String, _ value: Double, _ range: ClosedRange<Double>) -> InputInColumns {
      InputInColumns(name, value: value, range: range, of: attributes)
    }
    let temperatures = [
      told("temperature", -4.5, 0...2), told("temperature_squared", 20.25, -1...4),
      told("inverse_temperature", (1 / 298.15 - 1 / 253.15) / 8.314462618e-3, 0...1),
    ]
    #expect(temperatures.allSatisfy { $0.column == "temperature_celsius" && abs($0.value + 20) < 1e-9 })
    #expect(temperatures[0].range == 25...45 && temperatures[1].range == 5...45)
    let loading = told("log_loading", _log(20), _log(5)..._log(10))
    #expect(loading.column == "areal_loading_mg_cm2" && abs(loading.value - 20) < 1e-9)
    #expect(abs(loading.range.upperBound - 10) < 1e-9)
    #expect(told("column_porosity", 0.4, 0...0.1).column == "porosity")
    #expect(told("protocol_time", 2, 0...1).column == "protocol_time")
  }

  @Test("Plans: few batches are not held out, units never straddle folds")
  func plans() throws {
    let cells = try SyntheticCells.assembly(SyntheticCells.make(24, seed: 3)).cells(at: 0, forTraining: true).map(
      \.full)
    let groups = cells.indices.map { $0 / 3 }
    let plans = FoldPlan.make(
      FoldScheme.allCases, cells: cells, groups: groups, foldCount: 4, seed: 1, cutOff: 0)
    #expect(plans.map(\.scheme) == [.cell, .group])
    for plan in plans {
      #expect(plan.assignments.count == FoldPlan.mostAssignments && Set(plan.assignments).count > 1)
      for (u, folds) in Set(plan.units).flatMap({ u in plan.assignments.map { (u, $0) } }) {
        #expect(Set(plan.units.indices.filter { plan.units[$0] == u }.map { folds[$0] }).count == 1)
      }
    }
    #expect(abs(mean(plans[1].unitWeights) - 1) < 1e-12)
  }

  @Test("Pools by unit: draws of few units scatter more, and not about a bias of theirs")
  func unitPools() throws {
    let residuals = Matrix((0..<40).map { [$0 < 20 ? 0.3 : 0.1, $0 < 20 ? 0.3 : 0.1] })
    let expected = Matrix(rows: 40, columns: 2)
    func pool(_ scheme: FoldScheme, _ units: [Int]) throws -> ResidualPool {
      try ResidualPool(
        plan: FoldPlan(scheme: scheme, units: units, folds: units), variant: .hybrid, weights: [], expected: expected,
        residuals: residuals, spread: [Double](repeating: 1, count: 40),
        finished: [Bool](repeating: true, count: 40))
    }
    func life(_ pool: ResidualPool) -> [Double] {
      pool.draws(
        2000, expected: [0, 1], spread: 1, widening: 1, scatter: nil, excluding: nil,
        stream: RandomStream(seed: 1, purpose: "t")
      ).z.column(1)
    }
    let cells = life(try pool(.cell, Array(0..<40)))
    let groups = life(try pool(.group, (0..<40).map { $0 / 20 }))
    #expect(abs(median(cells) - 1.2) < 0.03)
    #expect(abs(median(groups) - 1) < 0.05)
    #expect(standardDeviation(groups) > 1.5 * standardDeviation(cells))
  }

  @Test("A scatter known of the cells stands in place of the pool's, of which only how levels move together is kept")
  func knownScatter() throws {
    var stream = RandomStream(seed: 5, purpose: "errors")
    let residuals = Matrix(
      (0..<400).map { _ in
        let e = 0.1 * stream.normal()
        return [0.8 * e, e]
      })
    let pool = try ResidualPool(
      plan: FoldPlan(scheme: .cell, units: Array(0..<400), folds: Array(0..<400)), variant: .hybrid, weights: [],
      expected: Matrix(rows: 400, columns: 2), residuals: residuals, spread: [Double](repeating: 1, count: 400),
      finished: [Bool](repeating: true, count: 400))
    let z = pool.draws(
      4000, expected: [0, 5], spread: 3, widening: 2, scatter: .init(deviations: [0.2, 0.4], freedom: 50),
      excluding: nil, stream: RandomStream(seed: 1, purpose: "t")
    ).z
    #expect(abs(standardDeviation(z.column(1)) / 0.4 - 1) < 0.06)
    #expect(abs(standardDeviation(z.column(0)) / 0.2 - 1) < 0.06)
    let together = mean((0..<4000).map { z[$0, 0] * (z[$0, 1] - 5) })
    #expect(together / (0.2 * 0.4) > 0.95)
    // Where inputs are missing: at least what is known of such cells, and at least the pool's own, as wide as asked.
    let wide = pool.scatter(atLeast: .init(deviations: [0.3, 0.02], freedom: 50), widening: 2).deviations
    #expect(wide[0] == 0.3 && abs(wide[1] / 0.2 - 1) < 0.1)
  }

  @Test("A few datasets say how large the error of the next may be: nine in ten lie within, whatever their sizes")
  func unitScatter() throws {
    var stream = RandomStream(seed: 8, purpose: "units")
    var inside = 0
    for trial in 0..<200 {
      let offsets = (0..<8).map { _ in 0.5 * stream.normal() }
      let units = (0..<7).flatMap { u in [Int](repeating: u, count: 5 + 20 * u) }
      let residuals = Matrix(units.map { [offsets[$0] + 0.2 * stream.normal()] })
      let pool = try ResidualPool(
        plan: FoldPlan(scheme: .dataset, units: units, folds: units), variant: .hybrid, weights: [],
        expected: Matrix(rows: units.count, columns: 1), residuals: residuals,
        spread: [Double](repeating: 1, count: units.count), finished: [Bool](repeating: true, count: units.count))
      let scatter = try #require(pool.unitScatter())
      #expect(scatter.deviations.count == 1 && scatter.freedom == 4)
      let z = pool.draws(
        400, expected: [0], spread: nil, widening: 1, scatter: scatter, excluding: nil,
        stream: RandomStream(seed: UInt64(trial), purpose: "t")
      ).z.column(0).sorted()
      let truth = offsets[7] + 0.2 * stream.normal()
      if quantile(ofSorted: z, 0.05) < truth, truth < quantile(ofSorted: z, 0.95) { inside += 1 }
    }
    #expect((170...198).contains(inside), "\(inside)")
    let near = try ResidualPool(
      plan: FoldPlan(scheme: .cell, units: [0, 1, 2], folds: [0, 1, 2]), variant: .hybrid, weights: [],
      expected: Matrix(rows: 3, columns: 1), residuals: Matrix([[0.1], [0.2], [-0.1]]), spread: [1, 1, 1],
      finished: [true, true, true])
    #expect(near.unitScatter() == nil)
  }

  /// Offsets and slopes of datasets drawn as the correction supposes them.
  private func dataset(_ stream: inout RandomStream, cells: Int, scatter: Double) -> [(forecast: Double, error: Double)]
  {
    let (offset, slope) = (0.5 * stream.normal(), 0.3 + 0.8 * stream.normal())
    return (0..<cells).map { _ in
      let x = 0.3 * stream.normal()
      return (forecast: 5 + x, error: offset + slope * x + scatter * stream.normal())
    }
  }

  @Test("Slopes of datasets: their mean, their spread and the scatter about them are recovered")
  func slopes() throws {
    var stream = RandomStream(seed: 11, purpose: "slopes")
    let found = try #require(LevelSlope((0..<400).map { _ in dataset(&stream, cells: 12, scatter: 0.2) }))
    #expect(abs(found.mean - 0.3) < 0.12 && abs(found.variance.squareRoot() - 0.8) < 0.12)
    #expect(abs(found.scatter.squareRoot() - 0.2) < 0.01)
    #expect(LevelSlope((0..<2).map { _ in dataset(&stream, cells: 12, scatter: 0.2) }) == nil)
  }

  @Test("A dataset's line from a few of its groups covers the others as it says", arguments: [2, 6, 20])
  func lineCovers(groups: Int) throws {
    var stream = RandomStream(seed: UInt64(groups), purpose: "line")
    var prior = LevelSlope.unknown(scatter: 0.04)
    (prior.mean, prior.variance) = (0.3, 0.64)
    var (inside, count, rest, raw) = (0, 0, 0.0, 0.0)
    for _ in 0..<400 {
      let all = dataset(&stream, cells: groups + 10, scatter: 0.2)
      let line = DatasetCorrection.Line(
        all.prefix(groups).map { GroupError(forecast: $0.forecast, error: $0.error) }, between: 0.25, slope: prior)
      for cell in all.dropFirst(groups) {
        let e = cell.error - line.shift(cell.forecast)
        if abs(e) < 1.645 * line.deviation(cell.forecast) { inside += 1 }
        rest += e * e
        raw += cell.error * cell.error
        count += 1
      }
    }
    #expect(abs(Double(inside) / Double(count) - 0.9) < 0.04)
    #expect(rest < 0.6 * raw)
  }

  @Test("Own cells whose records end early speak too: those that got to the end are the short-lived ones")
  func outlived() throws {
    // Two levels whose errors go together (correlation .95) about a dataset's offset; records end at z = 0.4.
    var stream = RandomStream(seed: 12, purpose: "outlived")
    func errors(_ offset: Double) -> [Double] {
      let first = offset + 0.3 * stream.normal()
      return [first, offset + 0.95 * (first - offset) + 0.3 * (1 - 0.95 * 0.95).squareRoot() * stream.normal()]
    }
    let pool = try ResidualPool(
      plan: FoldPlan(scheme: .cell, units: Array(0..<2000), folds: Array(0..<2000)), variant: .hybrid, weights: [],
      expected: Matrix(rows: 2000, columns: 2), residuals: Matrix((0..<2000).map { _ in errors(0) }),
      spread: [Double](repeating: 1, count: 2000), finished: [Bool](repeating: true, count: 2000))
    var (all, reached, weights) = ([Double](), [Double](), [Double]())
    for _ in 0..<3000 {
      let z = errors(0.5)
      // The first level is always seen, the second up to the end of the record.
      let own = OwnErrors(
        [[z[0], z[1] < 0.4 ? z[1] : nil]], outlived: [0.4], expected: [[0, 0]], pool: pool)
      all.append(own.errors[0, 1])
      weights.append(own.weights[0, 1])
      if z[1] < 0.4 { reached.append(z[1]) }
    }
    #expect(mean(reached) < 0.3)
    #expect(abs(mean(all) - 0.5) < 0.02, "\(mean(all))")
    #expect(weights.allSatisfy { $0 > 0.85 && $0 <= 1 })

    // Nothing reached: no less than what was outlived, and nothing said where that was expected anyway.
    func alone(_ outlived: Double) -> (error: Double, weight: Double) {
      let own = OwnErrors([[nil, nil]], outlived: [outlived], expected: [[0, 0]], pool: pool)
      return (own.errors[0, 1], own.weights[0, 1])
    }
    #expect(alone(0.9).error > 0.9 && alone(0.9).weight > 0.7)
    #expect(abs(alone(-3).error) < 1e-3 && alone(-3).weight < 1e-3)
    #expect(alone(30).error > 30 && alone(30).error < 31 && alone(30).weight <= 1)
  }

  @Test("Too few batches to learn from: a record from elsewhere is asked of all members alike")
  func elsewhere() async throws {
    let core = try await SyntheticCells.core(SyntheticCells.make(40, seed: 7), at: 50)
    let pool = try #require(core.pools.first { $0.scheme == .elsewhere && $0.variant == .hybrid })
    for weights in pool.weights {
      let used = weights.filter { $0 > 0 }
      #expect(used.count >= 3 && used.allSatisfy { abs($0 - 1 / Double(used.count)) < 1e-12 })
    }
    #expect(core.pool(.hybrid, for: [.dataset, .batch, .elsewhere, .group])?.scheme == .elsewhere)
  }

  @Test("No forecast is drawn from errors that nobody measured, unless there are no others")
  func unfinishedUnits() throws {
    let residuals = Matrix((0..<30).map { [$0 < 10 ? -3 : $0 < 20 ? 0.1 : -0.1] })
    func pool(_ scheme: FoldScheme, finished: [Bool], unread: [Int] = []) throws -> ResidualPool {
      let units = (0..<30).map { $0 / 10 }
      return try ResidualPool(
        plan: FoldPlan(scheme: scheme, units: units, folds: units), variant: .hybrid, weights: [],
        expected: Matrix(rows: 30, columns: 1), residuals: residuals, spread: [Double](repeating: 1, count: 30),
        finished: finished, unread: unread)
    }
    let finished = (0..<30).map { $0 >= 6 }
    let far = try pool(.dataset, finished: finished)
    #expect(far.silent == Array(0..<10))
    let drawn = far.draws(
      500, expected: [0], spread: 1, widening: 1, scatter: nil, excluding: nil,
      stream: RandomStream(seed: 1, purpose: "t"))
    #expect(drawn.source.allSatisfy { $0 >= 10 })
    #expect(try pool(.group, finished: finished).silent.isEmpty)
    #expect(try pool(.dataset, finished: (0..<30).map { $0 >= 16 }).silent.isEmpty)
    #expect(try pool(.dataset, finished: finished, unread: [12, 25]).silent == Array(0..<10) + [12, 25])
    #expect(try pool(.dataset, finished: finished, unread: Array(10..<20)).silent == Array(0..<10))
    // What unread cells erred by is known where their dataset got to its end.
    #expect(try pool(.dataset, finished: finished, unread: [2, 12, 25]).unread == [12, 25])
    let (all, own) = (far.variances(level: 0), far.variances(level: 0, of: [12, 13, 25, 26]))
    #expect(all.units == 2 && own.units == 2 && abs(own.between - 0.01) < 1e-12 && own.within < 1e-12)
  }

  @Test("How errors grow with novelty is learnt from held-out cells", arguments: [0.0, 1.0])
  func novelty(exponent: Double) throws {
    var stream = RandomStream(seed: 3, purpose: "novelty")
    let rows = (0..<4000).map { i -> FeatureValues in
      [Feature(name: "x", block: .condition): (i % 10 == 0 ? 8 : 1) * stream.normal()]
    }
    let scaler = FeatureScaler(rows, presence: 0.5)
    let novelty = scaler.transform(rows).novelty
    let limit = max(quantile(ofSorted: novelty.sorted(), 0.95), 2)
    let residuals = Matrix(
      novelty.map { v in [0.2 * stream.normal() * _pow(max(v / limit, 1), exponent)] })
    let plan = FoldPlan(scheme: .cell, units: Array(0..<4000), folds: (0..<4000).map { $0 / 10 % 10 })
    let pool = try ResidualPool(
      plan: plan, variant: .hybrid, weights: [], expected: Matrix(rows: 4000, columns: 1), residuals: residuals,
      spread: [Double](repeating: 1, count: 4000), finished: [Bool](repeating: true, count: 4000))
    let effect = NoveltyEffect(rows: rows, presence: 0.5, plan: plan, pool: pool, level: 0)
    // 200 cells beyond the limit tell the exponent to about ±.12; the prior ±.5 pulls little.
    #expect(abs(effect.exponent - exponent) < 0.4)
    #expect(effect.widening(0.3) == 1 && effect.widening(2) >= 1)
  }

  @Test("A panel's calibration: the slope of many datasets is found, that of few is pulled to 1")
  func panelCalibration() {
    var stream = RandomStream(seed: 9, purpose: "panel")
    func calibration(_ count: Int, noise: Double) -> PanelCalibration {
      var (forecast, truth, cells): ([[Double]], [[Double]], [[Int]]) = ([], [], [])
      for d in 0..<count {
        cells.append([])
        let level = stream.normal()
        let offset = noise * stream.normal()
        // Datasets of unequal size count alike.
        for _ in 0..<(5 + 10 * d) {
          let x = level + 0.3 * stream.normal()
          forecast.append([x])
          truth.append([1 + 2.5 * x + offset])
          cells[d].append(truth.count - 1)
        }
      }
      return PanelCalibration(
        .hybrid, isRead: false, forecast: Matrix(forecast), pull: Matrix(rows: truth.count, columns: 1),
        truth: Matrix(truth), cells: cells)
    }
    let many = calibration(12, noise: 0.1)
    #expect(abs(many.slopes[0] - 2.5) < 0.2)
    #expect(abs(many.applied(to: [0], pull: [0])[0] - 1) < 0.2 && many.recordSlopes == [0])
    #expect(calibration(2, noise: 0.1).slopes == [1])
    let noisy = calibration(4, noise: 20).slopes[0]
    #expect(noisy >= 0 && noisy < 8)
  }

  @Test("A panel's calibration: where truth follows the records, they take the forecasts' place")
  func recordCalibration() {
    var stream = RandomStream(seed: 10, purpose: "records")
    var (forecast, pull, truth, cells): ([[Double]], [[Double]], [[Double]], [[Int]]) = ([], [], [], [])
    for d in 0..<12 {
      cells.append([])
      let level = stream.normal()
      for _ in 0..<10 {
        let (x, record) = (stream.normal(), level + 0.3 * stream.normal())
        forecast.append([x, x])
        pull.append([record - x, record - x])
        // The first level follows the record, the second the forecast.
        truth.append([record + 0.1 * stream.normal(), x + 0.1 * stream.normal()])
        cells[d].append(truth.count - 1)
      }
    }
    let found = PanelCalibration(
      .hybrid, isRead: true, forecast: Matrix(forecast), pull: Matrix(pull), truth: Matrix(truth), cells: cells)
    #expect(zip(found.slopes + found.recordSlopes, [1, 1, 1, 0]).allSatisfy { abs($0 - $1) < 0.1 })
    #expect(abs(found.applied(to: [0, 0], pull: [2, 2])[0] - 2) < 0.2)
    #expect(abs(found.applied(to: [0, 0], pull: [2, 2])[1]) < 0.2)
  }

  @Test("A record speaks of the first levels and not of the end of life, however right it was of that elsewhere")
  func recordsEnd() {
    var stream = RandomStream(seed: 11, purpose: "records")
    let columns = LevelGrid.endIndex + 1
    var (forecast, pull, truth, cells): ([[Double]], [[Double]], [[Double]], [[Int]]) = ([], [], [], [])
    for d in 0..<6 {
      cells.append([])
      for _ in 0..<10 {
        let (x, record) = (stream.normal(), stream.normal())
        forecast.append([Double](repeating: x, count: columns))
        pull.append([Double](repeating: record - x, count: columns))
        truth.append([Double](repeating: record + 0.1 * stream.normal(), count: columns))
        cells[d].append(truth.count - 1)
      }
    }
    let slopes = PanelCalibration(
      .hybrid, isRead: true, forecast: Matrix(forecast), pull: Matrix(pull), truth: Matrix(truth), cells: cells
    ).recordSlopes
    #expect(slopes[0] > 0.9 && slopes[LevelGrid.endIndex] < 0.01, "\(slopes)")
  }

  @Test("A record that follows the law is carried on by it; one reading says nothing")
  func recordLevels() throws {
    var cells = SyntheticCells.make(6, seed: 3)
    let ages = (1...100).map(Double.init)
    for i in cells.indices {
      cells[i].series = CycleSeries(ages: ages, capacities: ages.map { 1 - 5e-4 * $0 })
      cells[i].attributes.numbers["observed_life"] = 400
    }
    let seen = try SyntheticCells.assembly(cells).cells(at: 100, forTraining: true)
    let law = AgeingLawUpdate(cells: seen.map(\.full))
    let now = 1 - 5e-4 * 98
    let scale = LevelScale(offset: 1)
    let record = RecordLevels(seen[0], law: law, now: now, scale: scale, count: 11)
    let left = scale.inverse(record.levels[LevelGrid.endIndex])
    #expect(abs(left / ((now - 0.8) / 5e-4) - 1) < 0.05, "\(left)")
    #expect(record.trust > 0.8)
    #expect(zip(record.levels, record.levels.dropFirst()).allSatisfy { $0 < $1 })
    let one = try SyntheticCells.assembly(cells).cells(at: 1, forTraining: true)
    let nothing = RecordLevels(one[0], law: law, now: 1, scale: scale, count: 11)
    #expect(nothing.trust == 0 && nothing.pull(from: record.levels).allSatisfy { $0 == 0 })
  }

  @Test("Only datasets of enough cells that lived to the end teach an expert, and three at least")
  func candidates() {
    let names = ["a", "b", "c", "d"].flatMap { [String](repeating: $0, count: 6) } + ["e", "e"]
    let all = [Bool](repeating: true, count: names.count)
    #expect(DatasetExperts.candidates(names, finished: all) == ["a", "b", "c", "d"])
    let some = names.indices.map { names[$0] != "b" || $0 % 6 == 0 }
    #expect(DatasetExperts.candidates(names, finished: some) == ["a", "c", "d"])
    let few = names.indices.map { names[$0] == "a" || names[$0] == "c" }
    #expect(DatasetExperts.candidates(names, finished: few).isEmpty)
  }

  @Test("Of several datasets, each answers for its own cells as if it had been trained alone; small ones are pooled")
  func homes() async throws {
    let sets = [
      dataset("a", 24, seed: 1), dataset("b", 26, seed: 2, factor: 1.6), dataset("c", 10, seed: 3, factor: 0.7),
    ]
    func train(_ parts: [Dataset]) async throws -> LifetimeModel {
      try await Trainer(options, toolVersion: "t").fit(
        parts.map { d in TrainingPart(dataset: d, cellIDs: d.cells.dropLast(3).map(\.id)) }, scoring: true)
    }
    func medians(_ model: LifetimeModel, _ set: Dataset) async throws -> [Double?] {
      try await model.forecast(
        set, cellIDs: set.cells.suffix(3).map(\.id), early: 50, draws: 100, seed: 1, threads: 2
      ).map { $0.life.quantile(0.5) }
    }
    // In another order than that of their names: files are numbered in the one, cores stand in the other.
    let joint = try await train(sets.reversed())
    for set in sets.prefix(2) {
      let alone = try await train([set])
      let (one, other) = (try await medians(joint, set), try await medians(alone, set))
      #expect(one == other && one.allSatisfy { $0 != nil })
      // Out of fold too.
      let name = set.description.name
      func score(_ model: LifetimeModel) -> Score? {
        model.outOfFold.first { $0.dataset == name && $0.model == "hybrid" }?.life.crps
      }
      #expect(score(joint) == score(alone) && score(joint)?.value != nil)
    }
    #expect(joint.cores[0].answering(for: "a").dataset == "a")
    #expect(joint.cores[0].answering(for: "c").dataset == nil)
    #expect(try await medians(joint, sets[2]) != medians(try await train([sets[2]]), sets[2]))
    // One dataset is too small to answer: its cells are asked about as new cells of all.
    #expect(joint.cores[0].pools.contains { $0.scheme == .cell })
    let read = try await LifetimeModel(try joint.bundleContents())
    for set in sets { #expect(try await medians(read, set) == medians(joint, set)) }
    // Forecasts of a dataset that answers for itself read its core alone.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    _ = try joint.write(to: folder)
    for set in sets {
      let part = try await LifetimeModel.read(
        folder, forecasting: set.description.name, from: [50], threads: 1
      ).model
      #expect(part.cores.map(\.dataset) == [set.description.name == "c" ? nil : set.description.name])
      #expect(try await medians(part, set) == medians(joint, set))
    }
    let other = dataset("d", 6, seed: 9)
    let any = try await LifetimeModel.read(folder, forecasting: "d", from: [50], threads: 2).model
    #expect(any.cores[0].homes.map(\.dataset) == joint.cores[0].homes.map(\.dataset))
    #expect(try await medians(any, other) == medians(joint, other))
  }

  @Test("Own cells of a dataset that has a core of its own are learnt there")
  func homeCorrection() async throws {
    let sets = [dataset("a", 24, seed: 1), dataset("b", 24, seed: 2, factor: 1.6)]
    let model = try await Trainer(options, toolVersion: "t").fit(
      sets.map { TrainingPart(dataset: $0, cellIDs: $0.cells.map(\.id)) }, scoring: false)
    var late = dataset("b", 30, seed: 2, factor: 2.5, after: 50)
    late.cells = Array(late.cells.suffix(6))
    let updated = try await model.updated(
      with: TrainingPart(dataset: late, cellIDs: late.cells.prefix(3).map(\.id)), parent: nil, threads: 2)
    let core = updated.cores[0]
    #expect(core.corrections.isEmpty && core.homes.map(\.corrections.isEmpty) == [true, false])
    func life(_ model: LifetimeModel) async throws -> Double {
      mean(
        try await model.forecast(
          late, cellIDs: late.cells.suffix(3).map(\.id), early: 50, draws: 200, seed: 1, threads: 2
        ).compactMap { $0.life.quantile(0.5) })
    }
    #expect(try await life(updated) > 1.2 * life(model))
  }

  @Test("Where datasets differ by an offset and early signs mean the same within each, experts beat their mean life")
  func experts() async throws {
    let datasets = [
      dataset("a", 24, seed: 1), dataset("b", 24, seed: 2, factor: 1.6), dataset("c", 24, seed: 3, factor: 0.7),
      dataset("d", 24, seed: 4, factor: 1.2), dataset("e", 24, seed: 5, factor: 0.9),
    ]
    let rows = try await CrossValidation.run(
      datasets, by: .dataset, folds: 1, options: options, rivals: ["hybrid", "baseline:mean"], toolVersion: "t"
    ).flatMap(\.rows)
    func score(_ name: String, _ model: String) -> Double {
      mean(rows.filter { $0.model == model }.compactMap { row in row.scores.first { $0.name == name }?.score.value })
    }
    #expect(score("life_crps", "hybrid") < score("life_crps", "baseline:mean"))
    #expect(score("life_coverage90", "hybrid") > 0.85)
  }

  @Test("What is expected of a dataset held out does not change with what became of its cells")
  func heldOut() async throws {
    func end(pace: Double) async throws -> (expected: Double, truth: Double) {
      var last = dataset("d", 12, seed: 4)
      for i in last.cells.indices {
        // From cycle 50 on it fades at another pace.
        let series = last.cells[i].series
        let now = series.capacities[(series.ages.firstIndex { $0 > 50 } ?? 1) - 1]
        let later = zip(series.ages, series.capacities).map { $0 > 50 ? now + pace * ($1 - now) : $1 }
        last.cells[i].series = CycleSeries(ages: series.ages, capacities: later)
        last.cells[i].attributes.numbers["observed_life"] =
          zip(series.ages, later).first {
            $1 <= 0.8 * later[0]
          }?.0
      }
      let datasets = [
        dataset("a", 16, seed: 1), dataset("b", 16, seed: 2, factor: 1.4), dataset("c", 16, seed: 3, factor: 0.8), last,
      ]
      let model = try await Trainer(options, toolVersion: "t").fit(
        datasets.map { TrainingPart(dataset: $0, cellIDs: $0.cells.map(\.id)) }, scoring: false)
      let core = model.cores[0]
      let pool = try #require(core.pools.first { $0.scheme == .dataset && $0.variant == .hybrid })
      let own = core.cellIDs.indices.filter { core.cellIDs[$0].hasPrefix("d") }
      let k = LevelGrid.endIndex
      return (mean(own.map { pool.expected[$0, k] }), mean(own.map { pool.expected[$0, k] + pool.residuals[$0, k] }))
    }
    let (one, other) = (try await end(pace: 1), try await end(pace: 3))
    #expect(one.truth - other.truth > 0.3, "\(one) \(other)")
    #expect(abs(other.expected - one.expected) < 0.05, "\(one) \(other)")
  }

  @Test("Cross-validation by dataset: own cells mend the level of a dataset that slows down once it is out of sight")
  func recalibration() async throws {
    let datasets = [
      dataset("a", 16, seed: 1), dataset("b", 16, seed: 2, factor: 1.2), dataset("c", 16, seed: 3, factor: 0.9),
      dataset("d", 20, seed: 4, factor: 2.5, after: 50),
    ]
    let results = try await CrossValidation.run(
      datasets, by: .dataset, folds: 1, options: options, ownCells: 5, rivals: ["hybrid", "baseline:mean"],
      toolVersion: "t")
    let rows = results.flatMap(\.rows).filter { $0.dataset == "d" && $0.model == "hybrid" }
    let blind = try #require(rows.first { $0.split == "cross-validation by dataset" })
    let told = try #require(rows.first { $0.split == "5 own cells" })
    #expect(blind.counts.cells == 20 && told.counts.cells == 5 * 15)
    let (before, after) = (try #require(blind.life.mape.value), try #require(told.life.mape.value))
    #expect(after < 0.9 * before, "\(before) \(after)")
    #expect(try #require(told.life.coverage90.value) >= 0.7)
  }

  @Test("Cross-validation by cell scores every cell once, the same for any number of threads")
  func byCell() async throws {
    let data = dataset("a", 18, seed: 7)
    var one = options
    one.threads = 1
    let a = try await CrossValidation.run(
      [data], by: .cell, folds: 3, options: options, rivals: [], toolVersion: "t")
    let b = try await CrossValidation.run([data], by: .cell, folds: 3, options: one, rivals: [], toolVersion: "t")
    #expect(a[0].rows == b[0].rows)
    #expect(Set(a[0].predictions.map(\.cellID)).count == 18)
    await #expect(throws: EvaluationError.self) {
      try await CrossValidation.run([data], by: .batch, folds: 3, options: options, rivals: [], toolVersion: "t")
    }
  }
}
