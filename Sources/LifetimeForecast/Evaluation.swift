public import BatteryData
internal import CellModel
internal import NumericalMethods

/// What keeps a model from being scored on cells.
public enum EvaluationError: Error, Hashable, Sendable {
  /// Cells that were in training, under their own id or as a copy of a training record.
  case overlap(dataset: String, cells: [String])
  /// No cell is left to score.
  case nothingLeft(dataset: String, reason: String)
}

/// Scores of a model and its rivals on cells it has not seen.
public struct Evaluation: Sendable {
  /// One row per model or baseline and cut-off.
  public var rows: [ScoreRow]
  /// Coverage of the model's central intervals by cut-off and horizon.
  public var reliability: [Reliability]
  /// Probability integral transforms of the model, by cut-off.
  public var integrals: [Integral]
  /// Forecast and truth of each cell.
  public var predictions: [PredictionRow]

  /// Coverage at one level in one horizon bin.
  public struct Reliability: Sendable, Hashable {
    /// Cut-off.
    public var early: Double
    /// The coverage.
    public var row: ReliabilityRow
  }

  /// The probability integral of one observation: uniform when calibrated.
  public struct Integral: Sendable, Hashable {
    /// Cut-off.
    public var early: Double
    /// `life` or `capacity_retention`.
    public var quantity: String
    /// Cell.
    public var cellID: String
    /// Share of the draws below the observed value.
    public var value: Double
  }

  /// One cell's forecast life beside its observed one.
  public struct PredictionRow: Sendable, Hashable {
    /// Cut-off.
    public var early: Double
    /// Cell.
    public var cellID: String
    /// Group.
    public var groupID: String
    /// Observed life; nil while censored.
    public var observedLife: Double?
    /// Last age of the record.
    public var lastAge: Double
    /// Quantiles 5, 25, 50, 75 and 95 % of the forecast life; nil beyond the horizon.
    public var quantiles: [Double?]
    /// Whether the cell lies inside the training domain.
    public var inDomain: Bool
  }

  /// Draws a cell is scored with.
  static let draws = 400
  /// Scores a model on cells of a dataset.
  ///
  /// - Parameters:
  ///   - cellIDs: cells to score; nil for every cell of the dataset that was not in training.
  ///   - split: name under which the cells were chosen, for the record.
  ///   - early: cut-offs; nil for the model's own.
  ///   - baselines: names to put beside the model (`physics`, `ml`, `baseline:NAME`); nil for all.
  /// - Throws: `EvaluationError` on overlap with training or when no cell is left.
  public static func run(
    _ model: LifetimeModel, on dataset: Dataset, cellIDs: [String]?, split: String?, early: [Double]?,
    baselines: [String]?, seed: UInt64, threads: Int, progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> Evaluation {
    let chosen = try heldOut(model, dataset, cellIDs)
    let known = model.trained(on: dataset.description.name)
    let limit = known?.endOfLife ?? dataset.description.endOfLife
    var result = Evaluation(rows: [], reliability: [], integrals: [], predictions: [])
    let cutoffs = early ?? model.early
    for (k, n) in cutoffs.enumerated() {
      progress?(ProgressEvent(stage: "evaluate, early \(Int(n))", done: k, total: cutoffs.count))
      let assembly = try await CellAssembly.make(
        dataset, cellIDs: chosen, endOfLife: limit, traits: known?.traits, longest: n, seed: seed, threads: threads)
      let truths = try assembly.cells(at: n, forTraining: true)
      let views = try assembly.cells(at: n, forTraining: false)
      let alive = truths.indices.filter { ForecastCore.isEligible(truths[$0].full, at: n) }
      let context = ScoreContext(
        dataset: dataset.description, split: split, early: n, part: nil, skipped: chosen.count - alive.count,
        seed: seed, truths: alive.map { truths[$0].full })
      let seen = alive.map { views[$0] }
      for variant in model.kind.variants {
        let isMain = variant.rawValue == model.kind.name
        guard isMain || (baselines?.contains(variant.rawValue) ?? true) else { continue }
        let forecasts = try await model.forecast(
          seen, assembly: assembly, asked: n, draws: draws, limit: limit, variant: variant, seed: seed,
          threads: threads, progress: nil)
        let lives = forecasts.indices.map { i in
          context.life(i, draws: forecasts[i].levels.lives(), horizon: forecasts[i].horizon)
        }
        let paths = forecasts.indices.compactMap { i in
          context.path(
            i, from: forecasts[i].levels.age, medianLife: lives[i].median, noise: forecasts[i].measurementNoise
          ) { forecasts[i].levels.retention(at: $0) }
        }
        result.rows.append(context.row(variant.rawValue, lives, paths))
        if isMain {
          result.reliability += ForecastMetrics.reliability(paths).map { Reliability(early: n, row: $0) }
          result.integrals += ForecastMetrics.lifePIT(lives).map {
            Integral(early: n, quantity: "life", cellID: $0.cellID, value: $0.value)
          }
          result.integrals += paths.flatMap { p in
            ForecastMetrics.trajectoryPIT(p).map {
              Integral(early: n, quantity: "capacity_retention", cellID: p.cellID, value: $0)
            }
          }
          result.predictions += forecasts.indices.map { i in
            let truth = context.truths[i]
            return PredictionRow(
              early: n, cellID: truth.id, groupID: truth.attributes.text("group_id") ?? truth.id,
              observedLife: truth.life.isFinite ? truth.life : nil, lastAge: truth.lastAge,
              quantiles: [0.05, 0.25, 0.5, 0.75, 0.95].map {
                LifetimeDistribution(horizon: forecasts[i].horizon, draws: forecasts[i].levels.lives()).quantile($0)
              }, inDomain: forecasts[i].inDomain)
          }
        }
      }
      let set = model.baselines.min { abs($0.early - n) < abs($1.early - n) }
      let horizon = LifetimeModel.horizonFactor * (model.core(for: n)?.longestAge ?? set?.longestAge ?? 1)
      let inputs = seen.map { BaselineCell($0.observed, curves: $0, age: $0.age) }
      for baseline in set?.fitted ?? [] {
        let isMain = model.kind == .baseline(baseline.kind.rawValue)
        guard isMain || (baselines?.contains(baseline.kind.name) ?? true) else { continue }
        let row = context.baselineRow(
          baseline, observed: inputs, ages: seen.map(\.age), horizon: horizon)
        if isMain { result.rows.insert(row, at: 0) } else { result.rows.append(row) }
      }
    }
    return result
  }

  /// The cells to score: those asked for, or all that training has not seen.
  private static func heldOut(_ model: LifetimeModel, _ dataset: Dataset, _ cellIDs: [String]?) throws -> [String] {
    let known = model.datasets.first { $0.name == dataset.description.name }
    let trainedIDs = Set(known?.cells.map(\.id) ?? [])
    let hashes = Set(model.datasets.flatMap { $0.cells.compactMap(\.recordHash) })
    func isSeen(_ cell: CellHistory) -> Bool {
      trainedIDs.contains(cell.id) || (recordHash(cell.series).map { hashes.contains($0) } ?? false)
    }
    let wanted = cellIDs.map(Set.init)
    let candidates = dataset.cells.filter { wanted?.contains($0.id) ?? true }.filter { $0.status != .excluded }
    let seen = candidates.filter(isSeen).map(\.id)
    if cellIDs != nil {
      if !seen.isEmpty { throw EvaluationError.overlap(dataset: dataset.description.name, cells: seen) }
      return candidates.map(\.id)
    }
    let left = candidates.filter { !isSeen($0) }.map(\.id)
    // A copy of a training cell under another name is a leak, not a cell to leave out quietly.
    let copies = candidates.filter { isSeen($0) && !trainedIDs.contains($0.id) }.map(\.id)
    if !copies.isEmpty { throw EvaluationError.overlap(dataset: dataset.description.name, cells: copies) }
    if left.isEmpty {
      throw EvaluationError.nothingLeft(
        dataset: dataset.description.name, reason: "all \(seen.count) cells were used in training")
    }
    return left
  }
}
