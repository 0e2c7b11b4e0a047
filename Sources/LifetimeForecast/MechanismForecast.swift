internal import CellModel
internal import DegradationPhysics
internal import NumericalMethods

/// What the sulfide simulation adds to a forecast: losses by mechanism, resistance, failure modes.
struct MechanismForecast: Sendable {
  var losses: [FadeForecast.MechanismLoss] = []
  var resistance: [(age: Double, values: [Double])] = []
  var failures: [FailureMode: Double] = [:]

  /// Draws behind the bands.
  static let draws = 200
  /// Draws among which those are sought that agree with a record.
  static let candidates = 1600
  /// What simulation and record may differ by, noise and the model's own error together (assumed).
  static let error: ObservationNoise = {
    var error = ObservationNoise()
    error.retention = 0.02
    error.logResistance = 0.1
    return error
  }()

  /// Simulates a cell's population and splits its forecast loss by mechanism.
  ///
  /// Of a running cell only those draws count that agree with what was seen of its capacity and resistance, and its
  /// resistance goes on from the one measured last.
  ///
  /// The simulation shares its loss among the mechanisms; what the forecast expects beyond the simulation is
  /// `unexplained` (negative where the cell is expected to do better than the simulation). Nil for a design that the
  /// physics cannot read.
  init?(_ cell: CellHistory, forecast: LevelDraws, horizon: Double, seed: UInt64, threads: Int) async throws {
    let likely = quantile(ofSorted: forecast.lives().sorted(), 0.75)
    let end = min(max(likely, forecast.age + 50, 100), max(min(horizon, 5000), forecast.age + 50))
    let start = max(forecast.age, 1)
    let ages = Set((0...8).map { (start + (end - start) * Double($0) / 8).rounded() }).sorted()
    var request = SimulationRequest(ages: ages)
    request.limit = forecast.endFraction
    request.attribution = true
    let population = SulfidePopulation()
    guard var cells = try? population.draws(cell, count: Self.draws, seed: seed), let first = cells.first else {
      return nil
    }
    let seen = CellObservations(cell: first, series: cell.series, upTo: forecast.age, noise: Self.error)
    if seen.count > 0, let many = try? population.draws(cell, count: Self.candidates, seed: seed) {
      cells = try await Self.agreeing(
        many, with: seen, stream: RandomStream(seed: seed, purpose: "agreeing-draws", key: stableHash(cell.id)),
        threads: threads)
    }
    let measured = Self.lastResistance(cell.series, upTo: forecast.age)
    if let measured { request.ages = Set(ages + [measured.age]).sorted() }
    let runs = try await SulfideAgeing.run(cells, request, threads: threads).filter { $0.fault == nil }
    guard !runs.isEmpty else { return nil }
    let scales = runs.map { run -> Double in
      guard let measured, let k = run.ages.firstIndex(of: measured.age) else { return 1 }
      return measured.value / run.areaResistanceOhmM2[k]
    }
    let expected = forecast.retention(at: ages)
    for (j, age) in ages.enumerated() {
      guard let k = runs[0].ages.firstIndex(of: age) else { continue }
      let whole = 1 - mean(expected[j])
      var explained = 0.0
      for mechanism in MechanismShares.mechanisms {
        let values = runs.map { $0.losses[k][mechanism] }.sorted()
        explained += mean(values)
        losses.append(
          FadeForecast.MechanismLoss(
            mechanism: mechanism, age: age, lossMean: mean(values), q05: quantile(ofSorted: values, 0.05),
            q95: quantile(ofSorted: values, 0.95), share: whole > 1e-6 ? mean(values) / whole : nil))
      }
      let rest = expected[j].map { 1 - $0 - explained }.sorted()
      losses.append(
        FadeForecast.MechanismLoss(
          mechanism: .unexplained, age: age, lossMean: mean(rest), q05: quantile(ofSorted: rest, 0.05),
          q95: quantile(ofSorted: rest, 0.95), share: whole > 1e-6 ? mean(rest) / whole : nil))
      resistance.append((age, zip(runs, scales).map { $0.areaResistanceOhmM2[k] * $1 }))
    }
    for run in runs {
      if let mode = run.failure?.mode { failures[mode, default: 0] += 1 / Double(runs.count) }
    }
  }

  /// The last resistance seen [Ω m²] and its age.
  private static func lastResistance(_ series: CycleSeries, upTo age: Double) -> (age: Double, value: Double)? {
    let seen = series.visible(upTo: age)
    guard let column = seen.columns["area_resistance_ohm_cm2"],
      let k = column.indices.last(where: { seen.flags[$0] == .ok && column[$0].isFinite && column[$0] > 0 })
    else { return nil }
    return (seen.ages[k], column[k] * 1e-4)
  }

  /// Draws that agree with a record: resampled by their likelihood, which is flattened where fewer than `draws`/4 of
  /// them would be left to speak.
  private static func agreeing(
    _ cells: [SulfideCell], with seen: CellObservations, stream: RandomStream, threads: Int
  ) async throws -> [SulfideCell] {
    var stream = stream
    let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: seen.ages), threads: threads)
    let misfits = runs.map { run -> Double in
      // A cell that runs was neither rejected nor shorted.
      let isDead = run.failures.contains { $0.mode == .assembly || $0.mode == .short }
      return run.fault == nil && !isDead ? seen.misfit(run) : .infinity
    }
    guard let least = misfits.min(), least.isFinite else { return Array(cells.prefix(draws)) }
    func weights(_ power: Double) -> [Double] { misfits.map { _exp(-power * ($0 - least)) } }
    func effective(_ w: [Double]) -> Double {
      let sum = w.reduce(0, +)
      return sum * sum / w.reduce(0) { $0 + $1 * $1 }
    }
    var power = 1.0
    while power > 1e-6, effective(weights(power)) < Double(draws) / 4 { power *= 0.8 }
    let w = weights(power)
    let total = w.reduce(0, +)
    var next = stream.uniform()
    var sum = 0.0
    var chosen: [SulfideCell] = []
    for (cell, weight) in zip(cells, w) {
      sum += weight / total * Double(draws)
      while next < sum, chosen.count < draws {
        chosen.append(cell)
        next += 1
      }
    }
    return chosen
  }
}
