import BatteryData
import CellModel
import Foundation
import LifetimeForecast
import NumericalMethods
import Testing

@testable import DesignOptimization

/// Searches over the lives of a fitted model.
@Suite struct ModelEvaluatorTests {
  /// A model of 24 cells at 20…40 °C and one at 90 °C that live shorter the hotter they are.
  private func model(early: [CutOff]) async throws -> LifetimeModel {
    let cells = (0..<25).map { i -> CellHistory in
      var stream = RandomStream(seed: 1, purpose: "test-cells", key: UInt64(i))
      let celsius = i == 24 ? 90 : 20 + 20 * stream.uniform()
      let life = exp(6 - 0.02 * (celsius - 20) + 0.1 * stream.normal())
      let ages = (1...60).map { Double(10 * $0) }
      return CellHistory(
        id: "c\(i)",
        attributes: CellAttributes(
          numbers: ["temperature_celsius": celsius, "discharge_c_rate": 0.2 + 0.3 * stream.uniform()],
          texts: ["group_id": "g\(i / 2)"]),
        series: CycleSeries(ages: ages, capacities: ages.map { 1 - 0.2 * $0 / life + 0.001 * stream.normal() }))
    }
    var options = TrainerOptions()
    options.early = early
    options.folds = 5
    options.threads = 2
    let dataset = Dataset(
      description: DatasetDescription(
        name: "small", kind: .simulated, family: .liquid, capacityColumn: "capacity_retention",
        endOfLife: EndOfLife(fraction: 0.8, reference: .first)),
      cells: cells)
    return try await Trainer(options, toolVersion: "t").fit(
      [TrainingPart(dataset: dataset, cellIDs: cells.map(\.id))], scoring: false)
  }

  @Test("The hottest design stays within 99 % of the training cells, with and without a design cut-off, unless free")
  func domain() async throws {
    let base = BuiltPopulationTests.design
    var columns: [String: DesignValue] = base.texts.mapValues { .text($0) }
    for (name, value) in base.numbers { columns[name] = .number(value) }
    let space = try DesignSpace(
      variables: [DesignVariable("temperature_celsius", .real(20...150, isLogarithmic: false))], base: columns)
    for early in [[0, 50], [50]] as [[CutOff]] {
      let fitted = try await model(early: early)
      #expect(fitted.forecastsDesigns == early.contains(0))
      let evaluator = ModelEvaluator(
        model: fitted, base: columns, physics: PhysicsEvaluator(limit: 0.8, horizon: 1000, threads: 2))
      var definition = try StudyDefinition(
        space: space, objectives: [DesignObjective(metric: "temperature_celsius", isMaximised: true)],
        metrics: evaluator.metrics)
      definition.budget = 80
      definition.draws = 32
      definition.verifyingDraws = 32
      func hottest() async throws -> Double {
        let front = try await DesignStudy(definition, evaluator: evaluator).run().front
        return try #require(front.first).fresh.design["temperature_celsius"]?.number ?? .nan
      }
      // Two standard deviations, where the domain of a forecast ends here, are below 65 °C; the hot cell is at 90 °C.
      let inside = try await hottest()
      #expect((65..<90).contains(inside), "\(inside)")
      definition.staysInDomain = false
      let free = try await hottest()
      #expect(free > 149)
      func lives(_ celsius: Double) async throws -> DesignDraws {
        var design = columns
        design["temperature_celsius"] = .number(celsius)
        return try await evaluator.evaluate([design], draws: 64, seed: 1)[0]
      }
      let (cool, hot, outside) = (try await lives(25), try await lives(40), try await lives(120))
      #expect(cool.objections.isEmpty && hot.objections.isEmpty)
      #expect(outside.objections[""]?.contains("beyond 99 % of the training cells") == true)
      if early.contains(0) {
        #expect(median(cool.metrics["life"] ?? []) > median(hot.metrics["life"] ?? []))
      }
    }
  }
}
