import BatteryData
import CellModel
import NumericalMethods
import Testing

@testable import LifetimeForecast

/// One model, any number of observed cycles.
@Suite struct RunningUpdateTests {
  /// Model of 60 cells that saw 50 cycles, and 60 other cells.
  private func parts() async throws -> (LifetimeModel, Dataset) {
    let dataset = Dataset(description: SyntheticCells.description, cells: SyntheticCells.make(120, seed: 5))
    var options = TrainerOptions()
    options.early = [50]
    options.folds = 5
    options.threads = 2
    let part = TrainingPart(dataset: dataset, cellIDs: dataset.cells.prefix(60).map(\.id))
    return (try await Trainer(options, toolVersion: "test").fit([part]), dataset)
  }

  @Test("Rows since the cut-off sharpen the forecast, and it stays calibrated")
  func sharpens() async throws {
    let (model, dataset) = try await parts()
    let ids = dataset.cells.suffix(60).filter { $0.attributes.number("observed_life") > 260 }.map(\.id)
    let lives = Dictionary(
      uniqueKeysWithValues: dataset.cells.map { ($0.id, $0.attributes.number("observed_life")) })
    var scores: [Double] = []
    for age in [50.0, 120, 250] {
      let found = try await model.forecast(dataset, cellIDs: ids, early: CutOff(age), draws: 400, seed: 1, threads: 2)
      var covered = 0
      var loss: [Double] = []
      for forecast in found {
        let truth = lives[forecast.cellID] ?? .nan
        let draws = forecast.levels.lives().sorted()
        #expect(draws[0] > age)
        covered += quantile(ofSorted: draws, 0.05) <= truth && truth <= quantile(ofSorted: draws, 0.95) ? 1 : 0
        loss.append(ForecastMetrics.crps(ofSorted: draws, observed: truth))
      }
      scores.append(mean(loss))
      let share = Double(covered) / Double(found.count)
      #expect((0.75...1).contains(share), "age \(age): \(share)")
    }
    #expect(scores[1] < 0.97 * scores[0])
    #expect(scores[2] < 0.85 * scores[0])
  }

  @Test("Rows after what is seen change nothing, and the path starts where the cell is")
  func noLookAhead() async throws {
    let (model, dataset) = try await parts()
    let ids = [dataset.cells[80].id, dataset.cells[90].id]
    var cut = dataset
    for i in cut.cells.indices { cut.cells[i].series = cut.cells[i].series.visible(upTo: 133) }
    let whole = try await model.forecast(dataset, cellIDs: ids, early: 133, draws: 200, seed: 3, threads: 1)
    let short = try await model.forecast(cut, cellIDs: ids, early: nil, draws: 200, seed: 3, threads: 2)
    #expect(whole.map { $0.levels.lives() } == short.map { $0.levels.lives() })
    for forecast in whole {
      let now = try #require(forecast.observedRetention.last)
      let next = forecast.retentionDraws(at: [134])[0]
      #expect(abs(median(next) - now) < 0.006)
    }
  }

  @Test("A cell that outlives every draw goes on from where it is")
  func outlier() async throws {
    let (model, dataset) = try await parts()
    var cells = dataset.cells
    let slow = (1...4000).map(Double.init)
    cells[90].series = CycleSeries(ages: slow, capacities: slow.map { 1 - 1e-6 * $0 })
    let strange = Dataset(description: dataset.description, cells: cells)
    let found = try await model.forecast(
      strange, cellIDs: [cells[90].id], early: 4000, draws: 200, seed: 3, threads: 1)
    let lives = found[0].levels.lives()
    #expect(lives.allSatisfy { $0.isFinite && $0 > 4000 })
  }
}
