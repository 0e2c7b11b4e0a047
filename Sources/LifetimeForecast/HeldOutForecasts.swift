internal import BatteryData
internal import CellModel
internal import NumericalMethods

/// What one model forecast for cells it had not seen, beside the truth; folds of a cross-validation add up.
struct HeldOutForecasts: Sendable {
  /// `hybrid`, `physics`, `ml` or `baseline:NAME`.
  var model: String
  var lives: [LifePrediction] = []
  var paths: [TrajectoryPrediction] = []
  var predictions: [Evaluation.PredictionRow] = []
  /// Cells scored, those of them without an observed life, and cells left out.
  var counts = CellCounts(cells: 0, censored: 0, skipped: 0)

  /// Adds the forecasts of another fold.
  mutating func append(_ other: HeldOutForecasts) {
    lives += other.lives
    paths += other.paths
    predictions += other.predictions
    counts = CellCounts(
      cells: counts.cells + other.counts.cells, censored: counts.censored + other.counts.censored,
      skipped: counts.skipped + other.counts.skipped, refused: counts.refused + other.counts.refused)
  }

  /// The forecasts that `predict` would give; nil where it would refuse none or all.
  func withoutRefused() -> HeldOutForecasts? {
    guard counts.refused > 0, counts.refused < counts.cells else { return nil }
    let kept = Set(predictions.filter { $0.refusal == nil }.map(\.cellID))
    var out = HeldOutForecasts(model: model)
    out.lives = lives.filter { kept.contains($0.cellID) }
    out.paths = paths.filter { kept.contains($0.cellID) }
    out.predictions = predictions.filter { $0.refusal == nil }
    out.counts = CellCounts(
      cells: out.predictions.count, censored: out.predictions.count { $0.observedLife == nil }, skipped: counts.skipped)
    return out
  }
}

extension HeldOutForecasts {
  /// Forecasts of a model's variants and baselines at one cut-off, the model's own kind first.
  ///
  /// - Parameters:
  ///   - rivals: names to put beside the model; nil for all.
  static func make(
    _ model: LifetimeModel, _ dataset: Dataset, cellIDs: [String], early n: CutOff, rivals: [String]?, seed: UInt64,
    threads: Int
  ) async throws -> [HeldOutForecasts] {
    let known = model.trained(on: dataset.description.name)
    let limit = known?.endOfLife ?? dataset.description.endOfLife
    let assembly = try await CellAssembly.make(
      dataset, cellIDs: cellIDs, endOfLife: limit, traits: known?.traits, longest: n.longest, seed: seed,
      threads: threads)
    let truths = try assembly.cells(at: n, forTraining: true)
    let views = try assembly.cells(at: n, forTraining: false)
    let alive = truths.indices.filter { ForecastCore.isEligible(truths[$0], at: n) }
    let context = ScoreContext(
      dataset: dataset.description, split: nil, early: n, part: nil, skipped: cellIDs.count - alive.count,
      seed: seed, truths: alive.map { truths[$0].full })
    let seen = alive.map { views[$0] }
    var out: [HeldOutForecasts] = []
    for variant in model.kind.variants {
      let isMain = variant.rawValue == model.kind.name
      guard isMain || (rivals?.contains(variant.name) ?? true) else { continue }
      let forecasts = try await model.forecast(
        seen, assembly: assembly, asked: n, draws: Evaluation.draws, limit: limit, variant: variant, seed: seed,
        threads: threads, progress: nil)
      var part = HeldOutForecasts(model: variant.name)
      part.counts = context.counts
      part.counts.refused = forecasts.count { $0.refusal != nil }
      part.lives = forecasts.indices.map { i in
        context.life(i, draws: forecasts[i].levels.lives(), horizon: forecasts[i].horizon)
      }
      part.paths = forecasts.indices.compactMap { i in
        context.path(
          i, from: forecasts[i].levels.age, medianLife: part.lives[i].median, noise: forecasts[i].measurementNoise
        ) { forecasts[i].levels.retention(at: $0) }
      }
      part.predictions = forecasts.indices.map { i in
        let truth = context.truths[i]
        let life = LifetimeDistribution(horizon: forecasts[i].horizon, draws: part.lives[i].draws)
        return Evaluation.PredictionRow(
          early: n, cellID: truth.id, groupID: truth.attributes.text("group_id") ?? truth.id,
          observedLife: truth.life.isFinite ? truth.life : nil, lastAge: truth.lastAge,
          quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map { life.quantile($0) }, inDomain: forecasts[i].inDomain,
          refusal: forecasts[i].refusal)
      }
      out.append(part)
    }
    let byAge = model.baselines.filter { $0.early.measure == .age }
    let set =
      model.baselines.first { $0.early == n }
      ?? byAge.min { abs($0.early.value - n.value) < abs($1.early.value - n.value) }
    let longest = model.cores.first { $0.cutOff == n }?.longestAge ?? model.cores.first?.longestAge ?? set?.longestAge
    let horizon = LifetimeModel.horizonFactor * (longest ?? 1)
    let inputs = seen.map { BaselineCell($0.observed, curves: $0, age: $0.age) }
    for baseline in set?.fitted ?? [] {
      let isMain = model.kind == .baseline(baseline.kind.rawValue)
      guard isMain || (rivals?.contains(baseline.kind.name) ?? true) else { continue }
      let part = context.baseline(baseline, observed: inputs, ages: seen.map(\.age), horizon: horizon)
      if isMain { out.insert(part, at: 0) } else { out.append(part) }
    }
    return out
  }

  /// The scores as a row.
  func row(_ dataset: DatasetDescription, split: String?, early: CutOff, part: String? = nil, seed: UInt64) -> ScoreRow
  {
    let bootstrap = Bootstrap(seed: seed, unit: dataset.kind == .literature ? .group : .cell)
    var row = ScoreRow(
      model: model, part: part, dataset: dataset.name, kind: dataset.kind.rawValue,
      cellFamily: dataset.family.rawValue, split: split, early: early, age: dataset.ageColumn, counts: counts,
      life: ForecastMetrics.life(lives, bootstrap: bootstrap),
      trajectory: ForecastMetrics.trajectory(paths, bootstrap: bootstrap))
    row.refusal = predictions.lazy.compactMap(\.refusal).first
    return row
  }
}
