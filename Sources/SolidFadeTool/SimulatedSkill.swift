import Foundation
import RunDocuments
import SolidFade

/// How resistance growth and failure modes are forecast for simulated cells, whose truth is known.
///
/// Truth and forecast come from one physics with one prior, so the scores prove the machinery (are probabilities what
/// they say, does a record sharpen them), not that the physics is right.
enum SimulatedSkill {
  /// True cells of each design.
  static let replicates = 6
  /// Noise of a check-up, relative (assumed).
  static let noise = (retention: 0.002, resistance: 0.01)

  /// One simulated cell and what happened to it.
  private struct Truth {
    var cell: CellHistory
    var run: AgeingTrajectory
  }

  /// The section of the page.
  static func section(
    literature: Dataset, designs: Dataset, seed: UInt64, threads: Int
  ) async throws -> String {
    var options = TrainerOptions()
    options.early = [0]
    options.seed = seed
    options.threads = threads
    let model = try await Trainer(options, toolVersion: toolVersion).fit(
      [TrainingPart(dataset: literature, cellIDs: literature.cells.map(\.id))], scoring: false)
    let truths = try await truths(designs.cells, seed: seed, threads: threads)
    var dataset = designs
    dataset.cells = truths.map(\.cell)
    var text = """

      ## Simulated sulfide cells: resistance and failure modes

      \(truths.count) cells drawn from the physics and its prior, \(designs.cells.count) designs; check-ups every 25
      cycles with noise. Truth and forecast share one physics: this proves the machinery, not the physics. Resistance
      relative to cycle 1 at the last age of the forecast: error of the median and CRPS of its natural logarithm.
      Failure modes by that age: Brier score over all modes and none (0 is perfect), beside the shares among the cells of
      the other designs.

      | seen to cycle | cells alive | log R: error | CRPS | cover 90 | no growth: error | other designs: CRPS | modes: \
      Brier | other designs: Brier | most probable is true % |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |

      """
    for early in [0.0, 50, 200] {
      let alive = truths.filter { early == 0 || ($0.run.failure?.age ?? .infinity) > early }
      let forecasts = try await model.forecast(
        dataset, cellIDs: alive.map(\.cell.id), early: CutOff(early), draws: 400, seed: seed, threads: threads)
      text += row(early, alive, forecasts)
    }
    return text
  }

  private static func truths(_ designs: [CellHistory], seed: UInt64, threads: Int) async throws -> [Truth] {
    var out: [Truth] = []
    for design in designs {
      // The truth's draws are of another stream than any forecast's.
      let cells = try SulfidePopulation().draws(design, count: replicates, seed: stableHash("truth") &+ seed)
      let ages = [1.0] + (1...200).map { 25 * Double($0) }
      let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: ages), threads: threads)
      for (k, run) in runs.enumerated() where run.fault == nil {
        var cell = design
        cell.id = "\(design.id)-\(k + 1)"
        var stream = RandomStream(seed: seed, purpose: "simulated-skill", key: stableHash(cell.id))
        cell.series = CycleSeries(
          ages: run.ages, capacities: run.capacityRetention.map { $0 * (1 + noise.retention * stream.normal()) },
          columns: [
            "area_resistance_ohm_cm2": run.areaResistanceOhmM2.map {
              $0 * 1e4 * (1 + noise.resistance * stream.normal())
            }
          ])
        out.append(Truth(cell: cell, run: run))
      }
    }
    return out
  }

  private static func row(_ early: Double, _ truths: [Truth], _ forecasts: [FadeForecast]) -> String {
    var errors: [Double] = []
    var scores: [Double] = []
    var covered = 0
    var flat: [Double] = []
    var climate: [Double] = []
    var brier: [Double] = []
    var climateBrier: [Double] = []
    var hits = 0
    /// The true mode by an age; nil for none.
    func mode(_ t: Truth, _ age: Double) -> FailureMode? { t.run.failure.flatMap { $0.age <= age ? $0.mode : nil } }
    func growth(_ t: Truth, _ age: Double) -> Double {
      log(
        interpolate(age, t.run.ages, t.run.areaResistanceOhmM2)
          / interpolate(1, t.run.ages, t.run.areaResistanceOhmM2))
    }
    for (truth, forecast) in zip(truths, forecasts) {
      guard let last = forecast.areaResistance.last, let first = forecast.areaResistance.first else { continue }
      let others = truths.filter { $0.cell.groupID != truth.cell.groupID }
      let start = early > 0 ? interpolate(1, truth.run.ages, truth.run.areaResistanceOhmM2) : nil
      let draws = last.values.indices.map { log(last.values[$0] / (start ?? first.values[$0])) }.sorted()
      let y = growth(truth, last.age)
      errors.append(abs(median(draws) - y))
      scores.append(ForecastMetrics.crps(ofSorted: draws, observed: y))
      if quantile(ofSorted: draws, 0.05) <= y, y <= quantile(ofSorted: draws, 0.95) { covered += 1 }
      flat.append(abs(growth(truth, early) - y))
      climate.append(
        ForecastMetrics.crps(
          ofSorted: others.map { growth($0, last.age) }.sorted(), observed: y))
      let happened = mode(truth, last.age)
      var (own, usual) = (0.0, 0.0)
      let none = 1 - forecast.failureProbabilities.values.reduce(0, +)
      var best: (FailureMode?, Double) = (nil, none)
      for candidate in FailureMode.allCases.map(Optional.some) + [nil] {
        let p = candidate.map { forecast.failureProbabilities[$0] ?? 0 } ?? none
        let q = Double(others.count { mode($0, last.age) == candidate }) / Double(max(others.count, 1))
        let is1 = candidate == happened ? 1.0 : 0
        own += (p - is1) * (p - is1)
        usual += (q - is1) * (q - is1)
        if p > best.1 { best = (candidate, p) }
      }
      if best.0 == happened { hits += 1 }
      brier.append(own)
      climateBrier.append(usual)
    }
    let n = Double(max(errors.count, 1))
    let numbers = [
      mean(errors), mean(scores), Double(covered) / n, mean(flat), mean(climate), mean(brier), mean(climateBrier),
      100 * Double(hits) / n,
    ]
    return "| \(shortest(early)) | \(errors.count) | "
      + numbers.map { Tables.significant($0) }.joined(separator: " | ") + " |\n"
  }
}
