public import BatteryData
internal import CellModel
internal import NumericalMethods

/// Training cells of one dataset.
public struct TrainingPart: Sendable {
  /// The dataset as read.
  public var dataset: Dataset
  /// The cells to learn from; others of the dataset are never looked at.
  public var cellIDs: [String]
  /// `NAME/PART` of the split they come from; nil for all cells.
  public var split: String?

  /// A part from its cells.
  public init(dataset: Dataset, cellIDs: [String], split: String? = nil) {
    self.dataset = dataset
    self.cellIDs = cellIDs
    self.split = split
  }
}

/// Fits a model to training cells.
public struct Trainer: Sendable {
  /// Choices of the run.
  public var options: TrainerOptions
  /// Version written into the model.
  public var toolVersion: String

  /// A trainer with its choices.
  public init(_ options: TrainerOptions, toolVersion: String) {
    self.options = options
    self.toolVersion = toolVersion
  }

  /// Fits: clean → levels → law → features → members → stack → pool of out-of-fold errors → scores.
  ///
  /// - Parameter scoring: score the training cells out of fold, for the model's card.
  /// - Throws: `TrainingError`, `CellRefusal`, data faults of the curves, `CancellationError`.
  public func fit(
    _ parts: [TrainingPart], scoring: Bool = true, progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> LifetimeModel {
    let ages = Set(parts.map(\.dataset.description.ageColumn)).sorted()
    // Cycles of full depth are equivalent full cycles: the two may be mixed, other axes may not.
    guard ages.count == 1 || ages == ["cycle_count", "equivalent_full_cycles"] else {
      throw TrainingError.mixedAges(ages)
    }
    let early = Set(options.early).sorted()
    var assemblies: [CellAssembly] = []
    for (k, part) in parts.enumerated() {
      progress?(ProgressEvent(stage: "read curves", done: k, total: parts.count))
      assemblies.append(
        try await CellAssembly.make(
          part.dataset, cellIDs: part.cellIDs, endOfLife: options.limit(for: part.dataset.description), traits: nil,
          longest: early.map(\.longest).max() ?? 0, seed: options.seed, threads: options.threads))
    }
    let isLiterature = parts.allSatisfy { $0.dataset.description.kind == .literature }
    let grouping = try resolveGrouping(assemblies, isLiterature: isLiterature)
    let columns = matchedColumns(assemblies)
    var model = LifetimeModel(
      kind: options.kind, datasets: try describe(parts, assemblies), early: early, folds: options.folds,
      groupBy: grouping,
      seed: options.seed, toolVersion: toolVersion, outOfFold: [], notes: [], extraColumns: columns, cores: [],
      baselines: [])

    let isStudy = isLiteratureOfSulfide(parts) && !options.kind.variants.isEmpty
    if isStudy {
      let cells = try assemblies.flatMap { try $0.cells(at: 0, forTraining: true) }.filter { $0.full.ages.count >= 2 }
      guard cells.count >= 3 else { throw TrainingError.tooFewCells(found: cells.count, needed: 3, early: 0) }
      model.study = try StudyModel.fit(cells, variants: options.kind.variants)
    }

    for (k, n) in early.enumerated() {
      let cells = try assemblies.flatMap { try $0.cells(at: n, forTraining: true) }
        .filter { $0.full.ages.count >= (isLiterature ? 2 : 5) }
        .map { regroup($0, by: grouping) }
      let stage = "train, early \(n.text) (\(k + 1) of \(early.count))"
      progress?(ProgressEvent(stage: stage, done: 0, total: 1))
      let eligible = cells.filter { ForecastCore.isEligible($0, at: n) }
      guard eligible.count >= 3 else {
        model.notes.append("cut-off \(n.text) left out: \(eligible.count) cells were alive and seen then, 3 are needed")
        continue
      }
      if !options.kind.variants.isEmpty, !isStudy {
        let core = try await ForecastCore.fit(
          eligible, at: n, schemes: schemes(grouping: grouping), foldCount: options.folds,
          presence: isLiterature ? 0.2 : 0.6, extraColumns: columns, kinds: memberKinds,
          variants: options.kind.variants, seed: options.seed, threads: options.threads,
          progress: { done, total in progress?(ProgressEvent(stage: stage, done: done, total: total)) })
        model.cores.append(core)
      }
      var baselines = BaselineKind.allCases
      if case .baseline(let name) = options.kind { baselines = baselines.filter { $0.rawValue == name } }
      let set = BaselineSet(cells: eligible, at: n, kinds: baselines)
      if case .baseline(let name) = options.kind, set.fitted.isEmpty {
        model.notes.append("baseline \(name) cannot be fitted at cut-off \(n.text): the data it needs are absent")
      }
      model.baselines.append(set)
      guard scoring else { continue }
      model.outOfFold += try await OutOfFoldScores.rows(
        model, descriptions: parts.map(\.dataset.description), eligible, at: n, foldCount: options.folds,
        threads: options.threads)
    }
    guard !model.cores.isEmpty || model.study != nil || model.baselines.contains(where: { !$0.fitted.isEmpty }) else {
      let most =
        try early.map { n in
          try assemblies.flatMap { try $0.cells(at: n, forTraining: true) }.count {
            ForecastCore.isEligible($0, at: n)
          }
        }.max() ?? 0
      throw TrainingError.tooFewCells(found: most, needed: 3, early: early.first ?? 0)
    }
    return model
  }

  /// Publications of sulfide cells, perhaps with measured records beside them.
  private func isLiteratureOfSulfide(_ parts: [TrainingPart]) -> Bool {
    parts.allSatisfy { $0.dataset.description.family == .sulfideSolidState }
      && parts.contains { $0.dataset.description.kind == .literature }
  }

  private var memberKinds: [MemberKind] {
    MemberKind.allCases.filter { kind in options.kind.variants.contains { $0.allows(kind, .dataset) } }
  }

  private func describe(
    _ parts: [TrainingPart], _ assemblies: [CellAssembly]
  ) throws -> [LifetimeModel.TrainedDataset] {
    try zip(parts, assemblies).map { part, assembly in
      let d = part.dataset.description
      let cells = try assembly.cells(at: 0, forTraining: true)
      return LifetimeModel.TrainedDataset(
        name: d.name, kind: d.kind, family: d.family, ageColumn: d.ageColumn, endOfLife: assembly.endOfLife,
        split: part.split,
        cells: assembly.histories.map {
          LifetimeModel.TrainedCell(id: $0.id, recordHash: recordHash($0.series))
        },
        censored: cells.count { !$0.full.life.isFinite },
        texts: d.texts.filter { ["title", "license", "citation", "source", "version"].contains($0.key) },
        fingerprints: part.dataset.fingerprints, traits: assembly.traits)
    }
  }

  /// The column whose values are held out together: the first with at least five values that group cells.
  private func resolveGrouping(_ assemblies: [CellAssembly], isLiterature: Bool) throws -> String {
    let allowed = ["auto", "cell_id", "group_id", "batch_id", "lab_id"]
    guard allowed.contains(options.groupBy) else {
      throw TrainingError.unknownGrouping(options.groupBy, allowed: allowed)
    }
    if options.groupBy != "auto" { return options.groupBy }
    let histories = assemblies.flatMap(\.histories)
    for column in isLiterature ? ["lab_id", "group_id"] : ["group_id"] {
      let values = histories.map { $0.attributes.text(column) ?? $0.id }
      let distinct = Set(values).count
      // Where nearly every cell is a group of its own, holding out groups is holding out cells.
      if distinct >= 5, isLiterature || Double(values.count) >= 1.5 * Double(distinct) { return column }
    }
    return "cell_id"
  }

  private func regroup(_ cell: CoreCell, by column: String) -> CoreCell {
    guard column == "lab_id" || column == "batch_id" else { return cell }
    var out = cell
    let value = cell.full.attributes.text(column) ?? cell.full.id
    out.full.group = cell.full.dataset + "/" + value
    out.observed.group = out.full.group
    return out
  }

  /// The questions that errors are kept for. Published papers are always new to a user: only groups are held out there.
  private func schemes(grouping: String) -> [FoldScheme] {
    if grouping == "lab_id" { return [.group] }
    return grouping == "cell_id" ? [.cell, .batch, .dataset] : [.cell, .group, .batch, .dataset]
  }

  /// Columns of `cells.csv` that match `--use-columns`.
  private func matchedColumns(_ assemblies: [CellAssembly]) -> [String] {
    guard !options.useColumns.isEmpty else { return [] }
    var names: Set<String> = []
    for history in assemblies.flatMap(\.histories) {
      for name in history.attributes.numbers.keys { names.insert(name) }
      for name in history.attributes.texts.keys { names.insert(name) }
    }
    return names.filter { name in options.useColumns.contains { matches(Array(name), Array($0)) } }.sorted()
  }

  private func matches(_ name: [Character], _ pattern: [Character]) -> Bool {
    guard let head = pattern.first else { return name.isEmpty }
    let rest = Array(pattern.dropFirst())
    if head == "*" { return (0...name.count).contains { matches(Array(name.dropFirst($0)), rest) } }
    return name.first == head && matches(Array(name.dropFirst()), rest)
  }
}
