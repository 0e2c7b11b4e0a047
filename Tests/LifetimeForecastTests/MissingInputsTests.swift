import BatteryData
import CellModel
import NumericalMethods
import Testing

@testable import LifetimeForecast

/// Cells that have nothing of a kind of input that training cells have.
@Suite struct MissingInputsTests {
  /// Synthetic cells with a published early sign that nearly tells their life.
  private func cells(_ count: Int, seed: UInt64) -> [CellHistory] {
    var stream = RandomStream(seed: seed, purpose: "early-sign")
    return SyntheticCells.make(count, seed: seed).map { cell in
      var cell = cell
      cell.attributes.numbers["early_sign"] = _log(cell.attributes.number("observed_life")) + 0.03 * stream.normal()
      return cell
    }
  }

  private func model(_ cells: [CellHistory]) async throws -> LifetimeModel {
    var options = TrainerOptions()
    options.early = [50]
    options.folds = 5
    options.threads = 2
    let dataset = Dataset(description: SyntheticCells.description, cells: cells)
    return try await Trainer(options, toolVersion: "t").fit(
      [TrainingPart(dataset: dataset, cellIDs: cells.map(\.id))], scoring: false)
  }

  private func forecast(_ cells: [CellHistory], _ model: LifetimeModel) async throws -> [FadeForecast] {
    try await model.forecast(
      Dataset(description: SyntheticCells.description, cells: cells), cellIDs: cells.map(\.id), early: 50, draws: 200,
      seed: 1, threads: 2)
  }

  private func stripped(_ cell: CellHistory) -> CellHistory {
    var cell = cell
    cell.attributes.numbers["early_sign"] = nil
    return cell
  }

  @Test("A cell without what all but two training cells have is no cell like them; where three lack it, it is")
  func domain() async throws {
    for lacking in [2, 3] {
      let training = cells(24, seed: 1).enumerated().map { $0 < lacking ? stripped($1) : $1 }
      let found = try await forecast(
        cells(2, seed: 2).enumerated().map { $0 == 0 ? $1 : stripped($1) }, model(training))
      #expect(found.map(\.inDomain) == [true, lacking == 3])
      let reasons = lacking == 3 ? [] : ["no inputs of kind early, which the training cells have"]
      #expect(found[1].domainReasons == reasons)
    }
  }

  @Test("Without the sign that told most, other members speak, and the intervals hold")
  func missing() async throws {
    var model = try await model(cells(60, seed: 1))
    let bare = cells(100, seed: 2).map(stripped)
    func score(_ model: LifetimeModel) async throws -> (cover: Double, error: Double) {
      let found = try await forecast(bare, model)
      let lives = bare.map { $0.attributes.number("observed_life") }
      let covered = try zip(found, lives).map { f, life in
        let (low, high) = (try #require(f.life.quantile(0.05)), f.life.quantile(0.95) ?? .infinity)
        return low <= life && life <= high ? 1.0 : 0
      }
      let errors = try zip(found, lives).map { f, life in abs(_log(try #require(f.life.quantile(0.5)) / life)) }
      return (mean(covered), mean(errors))
    }
    let core = model.cores[0]
    let pool = try #require(core.pools.first { $0.variant == .hybrid })
    let known = try #require(core.missing.first { $0.variant == .hybrid && $0.blocks == [.early] })
    let law = try #require(core.members[0].firstIndex { $0.kind == .law })
    #expect(known.weights[0][law] > pool.weights[0][law] + 0.2, "the law never looks at early signs")
    let held = try await score(model)
    for k in model.cores[0].missing.indices { model.cores[0].missing[k].weights = pool.weights }
    let unweighed = try await score(model)
    model.cores[0].missing = []
    let unaware = try await score(model)
    #expect(held.cover >= 0.82 && unaware.cover < held.cover - 0.2, "\(held), unaware \(unaware)")
    #expect(held.error < 0.8 * unweighed.error, "\(held), as weighed with all inputs \(unweighed)")
  }

  @Test("Every choice of the kinds once, each in their order")
  func choices() {
    #expect(
      MissingInputs.choices(of: [.condition, .curve, .charge]) == [
        [.condition], [.curve], [.condition, .curve], [.charge], [.condition, .charge], [.curve, .charge],
        [.condition, .curve, .charge],
      ])
  }

  @Test("Truth is a line in what is forecast, with the scatter about it; what points the wrong way tells nothing")
  func line() throws {
    var stream = RandomStream(seed: 3, purpose: "line")
    let forecast = Matrix((0..<4000).map { _ in [5 + stream.normal(), 5 + stream.normal()] })
    var truth = forecast
    for i in 0..<truth.rows {
      truth[i, 0] = 7 + 0.5 * (forecast[i, 0] - 5) + 0.2 * stream.normal()
      truth[i, 1] = 7 - 0.5 * (forecast[i, 1] - 5)
    }
    let found = try #require(MissingInputs([.curve], .hybrid, weights: [], forecast: forecast, truth: truth))
    #expect(abs(found.slopes[0] - 0.5) < 0.02 && abs(found.deviations[0] - 0.2) < 0.01)
    #expect(found.slopes[1] == 0 && abs(found.deviations[1] - 0.5) < 0.02)
    let levels = found.applied(to: [6, 6])
    #expect(abs(levels[0] - 7.5) < 0.03 && abs(levels[1] - 7) < 0.03)
    let few = Matrix((0..<5).map { [Double($0)] })
    #expect(MissingInputs([.curve], .hybrid, weights: [], forecast: few, truth: few) == nil)
  }
}
