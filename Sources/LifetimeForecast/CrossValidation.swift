public import BatteryData
internal import CellModel
internal import NumericalMethods

/// What is held out together in a cross-validation.
public enum HoldOut: String, Sendable, Hashable, CaseIterable {
  /// Single cells: new cells of known conditions.
  case cell
  /// Groups of replicates: new conditions (papers, for literature).
  case group
  /// Batches.
  case batch
  /// Whole datasets: the others train.
  case dataset
}

/// Scores of cells that were held out in turn, the whole model refitted without them each time.
public enum CrossValidation {
  /// Times that a dataset's own cells are drawn: which few they are decides much.
  public static let ownCellDraws = 5

  /// Runs it on each dataset (or over the datasets).
  ///
  /// - Parameters:
  ///   - cellIDs: cells to use, by dataset name; all cells of a dataset that is not named.
  ///   - folds: number of folds; leave-one-out where there are fewer units.
  ///   - rivals: names to score beside the model; nil for all.
  ///   - ownCells: with `dataset`, also score the model recalibrated on this many cells of the dataset, on its others.
  /// - Returns: one evaluation per dataset, the folds pooled, and where own cells were given a second one, in which every
  ///   cell stands once for each draw of them that left it out.
  /// - Throws: `TrainingError` where a fold cannot be trained, `EvaluationError.nothingLeft`.
  public static func run(
    _ datasets: [Dataset], cellIDs: [String: [String]] = [:], by unit: HoldOut, folds: Int, options: TrainerOptions,
    ownCells: Int = 0, rivals: [String]?, toolVersion: String, progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> [Evaluation] {
    var results: [Evaluation] = []
    for (d, dataset) in datasets.enumerated() {
      let name = dataset.description.name
      let ids = (cellIDs[name] ?? dataset.cells.map(\.id))
      let cells = dataset.cells.filter { ids.contains($0.id) && $0.status != .excluded }
      let tests = unit == .dataset ? [cells.map(\.id)] : split(cells, by: unit, folds: folds, seed: options.seed)
      guard tests.count > 1 || unit == .dataset && datasets.count > 1 else {
        throw EvaluationError.nothingLeft(dataset: name, reason: "there is one \(unit.rawValue) only")
      }
      var recalibrated = Evaluation()
      var pooled: [CutOff: [HeldOutForecasts]] = [:]
      for (f, test) in tests.enumerated() {
        progress?(ProgressEvent(stage: "\(name), fold", done: f, total: tests.count))
        let held = Set(test)
        var parts: [TrainingPart] = []
        if unit == .dataset {
          for (o, other) in datasets.enumerated() where o != d {
            parts.append(
              TrainingPart(
                dataset: other, cellIDs: cellIDs[other.description.name] ?? other.cells.map(\.id)))
          }
        } else {
          parts.append(TrainingPart(dataset: dataset, cellIDs: cells.map(\.id).filter { !held.contains($0) }))
        }
        let model = try await Trainer(options, toolVersion: toolVersion).fit(parts, scoring: false)
        for n in options.early {
          let found = try await HeldOutForecasts.make(
            model, dataset, cellIDs: test, early: n, rivals: rivals, seed: options.seed, threads: options.threads)
          pooled[n] = merge(pooled[n] ?? [], found)
          guard unit == .dataset, ownCells > 0, test.count > 2 * ownCells else { continue }
          var stream = RandomStream(seed: options.seed, purpose: "own-cells", key: stableHash(name))
          var all: [HeldOutForecasts] = []
          for _ in 0..<ownCellDraws {
            let order = stream.permutation(test.count)
            let updated = try await model.updated(
              with: TrainingPart(dataset: dataset, cellIDs: order.prefix(ownCells).map { test[$0] }), parent: nil,
              threads: options.threads)
            all = merge(
              all,
              try await HeldOutForecasts.make(
                updated, dataset, cellIDs: order.dropFirst(ownCells).map { test[$0] }, early: n,
                rivals: ["hybrid"], seed: options.seed, threads: options.threads
              ).filter { $0.model == options.kind.name })
          }
          recalibrated.append(
            all, dataset.description, split: "\(ownCells) own cells", early: n, main: options.kind.name,
            seed: options.seed)
        }
      }
      var evaluation = Evaluation()
      for n in options.early {
        evaluation.append(
          pooled[n] ?? [], dataset.description, split: "cross-validation by \(unit.rawValue)", early: n,
          main: options.kind.name, seed: options.seed)
      }
      results.append(evaluation)
      if !recalibrated.rows.isEmpty { results.append(recalibrated) }
    }
    return results
  }

  private static func merge(_ all: [HeldOutForecasts], _ more: [HeldOutForecasts]) -> [HeldOutForecasts] {
    var out = all
    for part in more {
      if let k = out.firstIndex(where: { $0.model == part.model }) {
        out[k].append(part)
      } else {
        out.append(part)
      }
    }
    return out
  }

  /// Units dealt into folds at random.
  private static func split(_ cells: [CellHistory], by unit: HoldOut, folds: Int, seed: UInt64) -> [[String]] {
    let isLiterature = unit == .group && cells.contains { $0.attributes.text("lab_id") != nil }
    func label(_ cell: CellHistory) -> String {
      switch unit {
      case .cell, .dataset: cell.id
      case .batch: cell.attributes.text("batch_id") ?? "no batch"
      case .group:
        isLiterature && cell.attributes.text("source_kind") != nil
          ? cell.attributes.text("lab_id") ?? cell.id : cell.groupID
      }
    }
    let names = Set(cells.map(label)).sorted()
    var stream = RandomStream(seed: seed, purpose: "cross-validation-\(unit.rawValue)")
    let order = stream.permutation(names.count)
    let count = min(folds, names.count)
    var fold: [String: Int] = [:]
    for (k, name) in names.enumerated() { fold[name] = order[k] % count }
    return (0..<count).map { f in cells.filter { fold[label($0)] == f }.map(\.id) }
  }
}
