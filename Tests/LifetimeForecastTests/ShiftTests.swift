import BatteryData
import CellModel
import NumericalMethods
import Testing

@testable import LifetimeForecast

/// Cells unlike those of training: kinds of question, held-out parts, recalibration.
@Suite struct ShiftTests {
  /// A dataset of synthetic cells that live `factor` times as long.
  private func dataset(_ name: String, _ count: Int, seed: UInt64, factor: Double = 1) -> Dataset {
    var cells = SyntheticCells.make(count, seed: seed, prefix: name)
    for i in cells.indices {
      cells[i].series = CycleSeries(
        ages: cells[i].series.ages.map { ($0 * factor).rounded() }, capacities: cells[i].series.capacities)
      cells[i].attributes.numbers["observed_life"]? *= factor
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

  @Test("Plans: few batches are not held out, units never straddle folds")
  func plans() throws {
    let cells = try SyntheticCells.assembly(SyntheticCells.make(24, seed: 3)).cells(at: 0, forTraining: true).map(
      \.full)
    let groups = cells.indices.map { $0 / 3 }
    let plans = FoldPlan.make(
      FoldScheme.allCases, cells: cells, groups: groups, foldCount: 4, seed: 1, age: 0)
    #expect(plans.map(\.scheme) == [.cell, .group])
    for plan in plans {
      for u in Set(plan.units) {
        #expect(Set(plan.units.indices.filter { plan.units[$0] == u }.map { plan.folds[$0] }).count == 1)
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
        residuals: residuals, spread: [Double](repeating: 1, count: 40))
    }
    func life(_ pool: ResidualPool) -> [Double] {
      pool.draws(
        2000, expected: [0, 1], spread: 1, widening: 1, excluding: nil, stream: RandomStream(seed: 1, purpose: "t")
      ).z.column(1)
    }
    let cells = life(try pool(.cell, Array(0..<40)))
    let groups = life(try pool(.group, (0..<40).map { $0 / 20 }))
    #expect(abs(median(cells) - 1.2) < 0.03)
    #expect(abs(median(groups) - 1) < 0.05)
    #expect(standardDeviation(groups) > 1.5 * standardDeviation(cells))
  }

  @Test("Cross-validation by dataset: own cells mend the level of a dataset that lives twice as long")
  func recalibration() async throws {
    let datasets = [
      dataset("a", 16, seed: 1), dataset("b", 16, seed: 2, factor: 1.2), dataset("c", 16, seed: 3, factor: 0.9),
      dataset("d", 20, seed: 4, factor: 2),
    ]
    let results = try await CrossValidation.run(
      datasets, by: .dataset, folds: 1, options: options, ownCells: 5, rivals: ["hybrid", "baseline:mean"],
      toolVersion: "t")
    let rows = results.flatMap(\.rows).filter { $0.dataset == "d" && $0.model == "hybrid" }
    let blind = try #require(rows.first { $0.split == "cross-validation by dataset" })
    let told = try #require(rows.first { $0.split == "5 own cells" })
    #expect(blind.counts.cells == 20 && told.counts.cells == 15)
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
