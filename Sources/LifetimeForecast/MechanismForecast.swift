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

  /// Simulates a cell's population and splits its forecast loss by mechanism.
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
    guard let cells = try? SulfidePopulation().draws(cell, count: Self.draws, seed: seed) else { return nil }
    let runs = try await SulfideAgeing.run(cells, request, threads: threads).filter { $0.fault == nil }
    guard !runs.isEmpty else { return nil }
    let expected = forecast.retention(at: ages)
    for (k, age) in ages.enumerated() {
      let whole = 1 - mean(expected[k])
      var explained = 0.0
      for mechanism in MechanismShares.mechanisms {
        let values = runs.map { $0.losses[k][mechanism] }.sorted()
        explained += mean(values)
        losses.append(
          FadeForecast.MechanismLoss(
            mechanism: mechanism, age: age, lossMean: mean(values), q05: quantile(ofSorted: values, 0.05),
            q95: quantile(ofSorted: values, 0.95), share: whole > 1e-6 ? mean(values) / whole : nil))
      }
      let rest = expected[k].map { 1 - $0 - explained }.sorted()
      losses.append(
        FadeForecast.MechanismLoss(
          mechanism: .unexplained, age: age, lossMean: mean(rest), q05: quantile(ofSorted: rest, 0.05),
          q95: quantile(ofSorted: rest, 0.95), share: whole > 1e-6 ? mean(rest) / whole : nil))
      resistance.append((age, runs.map { $0.areaResistanceOhmM2[k] }))
    }
    for run in runs {
      if let mode = run.failure?.mode { failures[mode, default: 0] += 1 / Double(runs.count) }
    }
  }
}
