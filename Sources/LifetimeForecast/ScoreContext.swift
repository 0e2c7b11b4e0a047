internal import CellModel
internal import NumericalMethods

/// What scores need beside the forecasts: the truth of each cell and how to name and resample it.
struct ScoreContext: Sendable {
  var dataset: DatasetDescription
  var split: String?
  var early: CutOff
  var part: String?
  /// Cells left out for this cut-off.
  var skipped: Int
  var seed: UInt64
  var truths: [PreparedCell]

  /// Points of a trajectory that are scored in one cell, evenly chosen between N and the end of life or record.
  static let pointsPerCell = 100

  private func group(_ cell: PreparedCell) -> String { cell.attributes.text("lab_id") ?? cell.id }

  /// A life forecast beside the truth of cell `i`.
  func life(_ i: Int, draws: [Double], median: Double? = nil, horizon: Double) -> LifePrediction {
    let truth = truths[i]
    return LifePrediction(
      cellID: truth.id, group: group(truth), observedLife: truth.life.isFinite ? truth.life : nil,
      censoredAfter: truth.lastAge, median: median, draws: draws, horizon: horizon)
  }

  /// A trajectory forecast beside the truth of cell `i`, with measurement noise added; nil without later rows.
  func path(
    _ i: Int, from age: Double, medianLife: Double, noise: Double, _ retention: ([Double]) -> [[Double]]?
  ) -> TrajectoryPrediction? {
    let truth = truths[i]
    let seen = early.measure == .age ? max(age, early.value) : age
    let rows = scoredRows(truth, after: seen, limit: Self.pointsPerCell)
    guard !rows.isEmpty else { return nil }
    let ages = rows.map { truth.ages[$0] }
    guard let clean = retention(ages) else { return nil }
    var stream = RandomStream(seed: seed, purpose: "measurement", key: truth.streamKey)
    let draws = clean.map { values in values.map { $0 + noise * stream.normal() } }
    return TrajectoryPrediction(
      cellID: truth.id, group: group(truth), observedAge: age, medianLife: medianLife, ages: ages,
      observed: rows.map { truth.retention[$0] }, draws: draws)
  }

  /// How many cells there are to score.
  var counts: CellCounts {
    CellCounts(cells: truths.count, censored: truths.count { !$0.life.isFinite }, skipped: skipped)
  }

  /// The scores of one model.
  func row(_ model: String, _ lives: [LifePrediction], _ paths: [TrajectoryPrediction]) -> ScoreRow {
    HeldOutForecasts(model: model, lives: lives, paths: paths, counts: counts)
      .row(dataset, split: split, early: early, part: part, seed: seed)
  }

  /// Forecasts of a fitted baseline; a cell for which it has none is left out.
  func baseline(_ baseline: FittedBaseline, observed: [BaselineCell], ages: [Double], horizon: Double)
    -> HeldOutForecasts
  {
    var out = HeldOutForecasts(model: baseline.kind.name, counts: counts)
    for i in truths.indices {
      let life = baseline.life(of: observed[i], observedAge: ages[i])
      if let life {
        out.lives.append(self.life(i, draws: life.draws, median: life.median, horizon: horizon))
      }
      let path = path(i, from: ages[i], medianLife: life?.median ?? truths[i].lastAge, noise: 0) { later in
        baseline.retention(of: observed[i], observedAge: ages[i], at: later)?.draws
      }
      if let path { out.paths.append(path) }
    }
    return out
  }
}

extension BaselineCell {
  /// What baselines read of a prepared cell seen up to `age`.
  init(_ cell: PreparedCell, curves: CoreCell, age: Double) {
    self.init(
      id: cell.id, group: cell.group, ages: cell.ages, retention: cell.retention,
      life: cell.life.isFinite ? cell.life : nil, lastAge: cell.lastAge,
      curveVariance: curves.observed.curveVariance(at: age), eol: cell.endFraction)
  }
}

extension PreparedCell {
  /// log10 variance of Q(V) at the last curve seen minus Q(V) at cycle 10 (or the first later one), whole curve.
  ///
  /// - Source: the variance model of Severson et al., Nature Energy 4 (2019) 383, doi:10.1038/s41560-019-0356-8.
  func curveVariance(at age: Double) -> Double? {
    guard let curves, age > 0 else { return nil }
    let use = curves.ages.indices.filter { curves.ages[$0] <= age }
    guard let last = use.last, let first = use.first(where: { curves.ages[$0] >= 10 }) ?? use.first, first != last
    else {
      return nil
    }
    let d = curves.voltagesV.indices.map { curves.dischargedAh[last][$0] - curves.dischargedAh[first][$0] }
      .filter(\.isFinite)
    let variance = standardDeviation(d) * standardDeviation(d)
    return variance > 0 ? _log(variance) / _log(10) : nil
  }
}

/// The baselines fitted for one cut-off.
struct BaselineSet: Sendable, Hashable, Codable {
  var early: CutOff
  var fitted: [FittedBaseline]
  /// Longest training record, in age.
  var longestAge: Double

  init(cells: [CoreCell], at early: CutOff, kinds: [BaselineKind] = BaselineKind.allCases) {
    self.early = early
    // Where each cell has an age N of its own, the baselines read it from the cell.
    let isCommon = early.measure == .age
    let inputs = cells.map { cell in
      var input = BaselineCell(cell.full, curves: cell, age: cell.age)
      input.seenTo = isCommon ? nil : cell.age
      return input
    }
    longestAge = cells.map(\.full.lastAge).max() ?? 1
    fitted = kinds.compactMap { FittedBaseline.fit($0, on: inputs, early: isCommon ? early.value : 0) }
  }
}

/// Scores of training cells, each predicted by what was fitted without it.
enum OutOfFoldScores {
  /// Draws per cell.
  static let draws = 400

  static func rows(
    _ model: LifetimeModel, descriptions: [DatasetDescription], _ cells: [CoreCell], at n: CutOff, foldCount: Int,
    threads: Int
  ) async throws -> [ScoreRow] {
    var rows: [ScoreRow] = []
    for description in descriptions {
      let members = cells.indices.filter { cells[$0].full.dataset == description.name }
      guard !members.isEmpty else { continue }
      let context = ScoreContext(
        dataset: description, split: model.trained(on: description.name)?.split, early: n, part: "out_of_fold",
        skipped: (model.trained(on: description.name)?.cells.count ?? 0) - members.count, seed: model.seed,
        truths: members.map { cells[$0].full })
      let core = model.cores.first { $0.cutOff == n }?.answering(for: description.name)
      let horizon = LifetimeModel.horizonFactor * (core?.longestAge ?? cells.map(\.full.lastAge).max() ?? 1)
      if let study = model.study {
        rows += try studies(
          study, context, members.map { cells[$0] }, variants: model.kind.variants, foldCount: foldCount)
      }
      for variant in model.kind.variants {
        guard let core, let pool = core.pools.first(where: { $0.variant == variant }) else { continue }
        let found = try await parallelMap(count: members.count, width: threads) { k in
          let i = members[k]
          let index = core.dataset == nil ? i : k
          let d = core.outOfFoldDraws(pool, index: index, cell: cells[i], count: draws, seed: model.seed)
          let life = d.lives()
          let path = context.path(k, from: d.age, medianLife: median(life), noise: d.measurementNoise) {
            d.retention(at: $0)
          }
          return (life: context.life(k, draws: life, horizon: horizon), path: path)
        }
        rows.append(context.row(variant.name, found.map(\.life), found.compactMap(\.path)))
      }
      rows += try await baselines(
        context, members.map { cells[$0] }, foldCount: foldCount, horizon: horizon, seed: model.seed, threads: threads)
    }
    return rows
  }

  /// Papers held out in turn, the regression refitted.
  private static func studies(
    _ study: StudyModel, _ context: ScoreContext, _ cells: [CoreCell], variants: [ModelVariant], foldCount: Int
  ) throws -> [ScoreRow] {
    let papers = Set(cells.map(\.full.group)).sorted()
    var stream = RandomStream(seed: context.seed, purpose: "folds-studies")
    let order = stream.permutation(papers.count)
    let folds = cells.map { cell in order[papers.firstIndex(of: cell.full.group) ?? 0] % min(foldCount, papers.count) }
    var out: [ModelVariant: HeldOutForecasts] = [:]
    for fold in Set(folds).sorted() {
      let test = cells.indices.filter { folds[$0] == fold }
      let model = try StudyModel.fit(cells.indices.filter { folds[$0] != fold }.map { cells[$0] }, variants: variants)
      for variant in variants {
        guard let joint = try model.forecast(test.map { cells[$0] }, variant: variant) else { continue }
        var part = HeldOutForecasts(model: variant.name)
        for (c, i) in test.enumerated() {
          let levels = model.levels(joint, c, cell: cells[i], count: draws, seed: context.seed)
          let life = levels.lives()
          part.lives.append(
            context.life(i, draws: life, horizon: LifetimeModel.horizonFactor * study.longestAge))
          let path = context.path(i, from: levels.age, medianLife: median(life), noise: levels.measurementNoise) {
            levels.retention(at: $0)
          }
          if let path { part.paths.append(path) }
        }
        out[variant, default: HeldOutForecasts(model: variant.name)].append(part)
      }
    }
    return variants.compactMap { variant in
      guard let part = out[variant] else { return nil }
      return context.row(variant.name, part.lives, part.paths)
    }
  }

  private static func baselines(
    _ context: ScoreContext, _ cells: [CoreCell], foldCount: Int, horizon: Double, seed: UInt64, threads: Int
  ) async throws -> [ScoreRow] {
    var stream = RandomStream(seed: seed, purpose: "folds-baselines", key: context.early.streamKey)
    let order = stream.permutation(cells.count)
    let folds = min(foldCount, cells.count)
    var predictions: [BaselineKind: [(Int, FittedBaseline)]] = [:]
    for f in 0..<folds {
      let train = cells.indices.filter { order[$0] % folds != f }.map { cells[$0] }
      let set = BaselineSet(cells: train, at: context.early)
      for b in set.fitted {
        predictions[b.kind, default: []] += cells.indices.filter { order[$0] % folds == f }.map { ($0, b) }
      }
    }
    let kinds = BaselineKind.allCases.filter { predictions[$0] != nil }
    return try await parallelMap(count: kinds.count, width: threads) { [predictions] k in
      let (kind, list) = (kinds[k], predictions[kinds[k]] ?? [])
      var lives: [LifePrediction] = []
      var paths: [TrajectoryPrediction] = []
      for (i, b) in list.sorted(by: { $0.0 < $1.0 }) {
        let cell = BaselineCell(cells[i].observed, curves: cells[i], age: cells[i].age)
        let life = b.life(of: cell, observedAge: cells[i].age)
        if let life { lives.append(context.life(i, draws: life.draws, median: life.median, horizon: horizon)) }
        let path = context.path(i, from: cells[i].age, medianLife: life?.median ?? 0, noise: 0) {
          b.retention(of: cell, observedAge: cells[i].age, at: $0)?.draws
        }
        if let path { paths.append(path) }
      }
      return context.row(kind.name, lives, paths)
    }
  }
}
