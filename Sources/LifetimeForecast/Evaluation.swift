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

  /// Rows alone.
  public init(rows: [ScoreRow] = []) {
    self.rows = rows
    reliability = []
    integrals = []
    predictions = []
  }

  /// Coverage at one level in one horizon bin.
  public struct Reliability: Sendable, Hashable {
    /// Cut-off.
    public var early: CutOff
    /// The coverage.
    public var row: ReliabilityRow
  }

  /// The probability integral of one observation: uniform when calibrated.
  public struct Integral: Sendable, Hashable {
    /// Cut-off.
    public var early: CutOff
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
    public var early: CutOff
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
    /// Why `predict` would refuse the cell; nil where it would not.
    public var refusal: String?
  }

  /// How the cells are called that `predict` would not refuse, in the split of a further row.
  public static let notRefused = "cells not refused"

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
    _ model: LifetimeModel, on dataset: Dataset, cellIDs: [String]?, split: String?, early: [CutOff]?,
    baselines: [String]?, seed: UInt64, threads: Int, progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> Evaluation {
    let chosen = try heldOut(model, dataset, cellIDs)
    var result = Evaluation()
    let cutoffs = early ?? model.early
    for (k, n) in cutoffs.enumerated() {
      progress?(ProgressEvent(stage: "evaluate, early \(n.text)", done: k, total: cutoffs.count))
      let parts = try await HeldOutForecasts.make(
        model, dataset, cellIDs: chosen, early: n, rivals: baselines, seed: seed, threads: threads)
      result.append(parts, dataset.description, split: split, early: n, main: model.kind.name, seed: seed)
    }
    return result
  }

  /// Adds the scores at one cut-off; calibration and single forecasts are kept of the main model.
  mutating func append(
    _ parts: [HeldOutForecasts], _ dataset: DatasetDescription, split: String?, early n: CutOff, main: String,
    seed: UInt64
  ) {
    for part in parts {
      rows.append(part.row(dataset, split: split, early: n, seed: seed))
      guard part.model == main else { continue }
      if let rest = part.withoutRefused() {
        let name = (split.map { $0 + ", " } ?? "") + Self.notRefused
        rows.append(rest.row(dataset, split: name, early: n, seed: seed))
      }
      reliability += ForecastMetrics.reliability(part.paths).map { Reliability(early: n, row: $0) }
      integrals += ForecastMetrics.lifePIT(part.lives).map {
        Integral(early: n, quantity: "life", cellID: $0.cellID, value: $0.value)
      }
      integrals += part.paths.flatMap { path in
        ForecastMetrics.trajectoryPIT(path).map {
          Integral(early: n, quantity: "capacity_retention", cellID: path.cellID, value: $0)
        }
      }
      predictions += part.predictions
    }
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
