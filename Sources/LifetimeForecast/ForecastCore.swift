internal import CellModel
internal import NumericalMethods
internal import ResidualLearning

private func _square(_ x: Double) -> Double { x * x }

/// One cell as the core sees it: the whole record for training, the visible part for features.
struct CoreCell: Sendable {
  /// All rows (training), or the visible ones (a forecast).
  var full: PreparedCell
  /// The rows of age ≤ N.
  var observed: PreparedCell
  /// Age of the last thing seen: N, or the cell's own last age below it.
  var age: Double
  /// What the sulfide simulation expects, where it applies.
  var sulfidePrior: SulfidePrior?

  /// Whether its fade has been read: more than one reading.
  var isRead: Bool { observed.ages.count > 1 }
}

/// The forecast from one cut-off N: level vectors, members, weights and the pool of out-of-fold errors.
struct ForecastCore: Sendable, Hashable, Codable {
  /// How far training cells were seen.
  var cutOff: CutOff
  var law: AgeingLawUpdate
  var extraColumns: [String]
  var scaler: FeatureScaler
  var scale: LevelScale
  /// Levels in use.
  var levelCount: Int
  /// Mean initial retention of training cells, the start of a design's path.
  var initialRetention: Double
  var meanLevels: [Double]
  var components: Matrix
  var members: [[LevelMember]]
  /// Groups of the training cells, in the order of their numbers.
  var groups: [String]
  /// Datasets and batches of the training cells.
  var datasets: [String]
  var batches: [String]
  var pools: [ResidualPool]
  /// The one dataset it was taught by; nil for several.
  var dataset: String?
  /// Of several datasets, a core for each alone: what is special to its records, all of its cells have.
  var homes: [ForecastCore] = []
  /// How the homes forecast a dataset never seen; nil where there are too few.
  var experts: DatasetExperts?
  /// What cells of further datasets taught.
  var corrections: [DatasetCorrection] = []
  /// Representation residuals of the training cells, cells × shares.
  var offsets: Matrix
  /// Ids of the training cells, in pool order.
  var cellIDs: [String]
  /// 95 and 99 % points of training novelty.
  var noveltyPoints: [Double]
  /// Longest training record, in age.
  var longestAge: Double
  /// Variance of z within groups of replicates, per level: what cells built and cycled alike differ by; nil without
  /// replicates.
  var withinVariances: [Double]?
  /// How errors grow with novelty.
  var noveltyEffect = NoveltyEffect()
  /// How forecasts hold of cells that lack kinds of input.
  var missing: [MissingInputs] = []

  /// Whether a training cell can teach a forecast from a cut-off: it has been seen and was alive then.
  static func isEligible(_ cell: CoreCell, at cutOff: CutOff) -> Bool {
    let age = cutOff.measure == .age ? cutOff.value : cell.age
    if !cutOff.isDesign, cell.full.ages.first.map({ $0 > age }) ?? true { return false }
    return cell.full.life.isFinite ? cell.full.life > age : cell.full.lastAge > age
  }

  /// Fits all of it.
  ///
  /// - Parameters:
  ///   - folds: the fold scheme(s) to calibrate by.
  ///   - presence: smallest share of cells a feature must be known for.
  static func fit(
    _ all: [CoreCell], at cutOff: CutOff, schemes: [FoldScheme], foldCount: Int, presence: Double,
    extraColumns: [String], kinds: [MemberKind], variants: [ModelVariant], seed: UInt64, threads: Int,
    progress: (@Sendable (Int, Int) -> Void)?
  ) async throws -> ForecastCore {
    let cells = all.filter { isEligible($0, at: cutOff) }
    let isDesign = cutOff.isDesign
    guard cells.count >= 3 else { throw TrainingError.tooFewCells(found: cells.count, needed: 3, early: cutOff) }
    let n = cells.count
    let initial = mean(cells.compactMap { $0.full.initialRetention })
    let targets = cells.map { cell in
      LevelTarget(
        cell.full, now: isDesign ? initial : cell.observed.currentRetention(at: cell.age) ?? initial, at: cell.age)
    }
    let typical = median(
      targets.map { t in
        let life = t.remaining[LevelGrid.endIndex]
        return life.isFinite ? life : t.censoredAfter
      })
    let scale = LevelScale(offset: max(0.01 * typical, 1e-6))
    let need = max(min(6, Double(n) / 2), 0.3 * Double(n))
    let reached = LevelGrid.shares.indices.map { k in Double(targets.count { $0.remaining[k].isFinite }) }
    let levelCount = max(3, reached.count { $0 >= need })
    let law = AgeingLawUpdate(cells: cells.map(\.full))
    let builder = ForecastFeatures(law: law, extraColumns: extraColumns)
    let rows = cells.map { builder.values($0.observed, at: isDesign ? 0 : $0.age, sulfidePrior: $0.sulfidePrior) }
    let scaler = FeatureScaler(rows, presence: presence)
    let (x, novelty) = scaler.transform(rows)
    let groups = Set(cells.map(\.full.group)).sorted()
    let groupNumbers = cells.map { cell in groups.firstIndex(of: cell.full.group) ?? -1 }

    var plans = FoldPlan.make(
      schemes, cells: cells.map(\.full), groups: groupNumbers, foldCount: foldCount, seed: seed, cutOff: cutOff)
    let finished = targets.map { $0.remaining[min(LevelGrid.endIndex, levelCount - 1)].isFinite }
    let teachers = DatasetExperts.candidates(cells.map(\.full.dataset), finished: finished)
    if teachers.isEmpty { plans.removeAll { $0.scheme == .dataset } }
    guard let firstPlan = plans.first else { throw TrainingError.tooFewCells(found: n, needed: 3, early: cutOff) }
    let names = Set(cells.map(\.full.dataset)).sorted()
    var homes: [ForecastCore] = []
    for name in names where names.count > 1 {
      let own = cells.filter { $0.full.dataset == name }
      if own.count < FoldPlan.smallestUnit { continue }
      homes.append(
        try await fit(
          own, at: cutOff, schemes: schemes, foldCount: foldCount, presence: presence, extraColumns: extraColumns,
          kinds: kinds, variants: variants, seed: seed, threads: threads, progress: nil))
    }
    // Where each cell has a home to answer for it, only what was never seen is left to ask about.
    let answered = names.allSatisfy { name in homes.contains { $0.dataset == name && $0.answersItsOwn } }
    if answered, plans.contains(where: { $0.scheme == .dataset }) { plans.removeAll { $0.scheme != .dataset } }

    // E-step and M-step over the levels that the records do not reach.
    let known = targets.map { t in
      (0..<levelCount).map { t.remaining[$0].isFinite ? scale.forward(t.remaining[$0]) : nil }
    }
    let limits = targets.map { scale.forward($0.censoredAfter) }
    let complete = known.indices.filter { i in known[i].allSatisfy { $0 != nil } }
    var z = firstCompletion(known, limits)
    let rounds = complete.count == n ? 1 : 3
    let kindsInUse = kinds.filter { kind in
      kind != .screenedObservations
        || (!isDesign && scaler.has(.condition) && scaler.features.contains { $0.block != .condition })
    }
    let hasHybrid = variants.contains(.hybrid)
    var ensemble: LevelEnsemble?
    var imputed: [Matrix?] = [Matrix?](repeating: nil, count: n)
    for round in 0..<rounds {
      if round > 0, let current = ensemble {
        let expected = current.stacked(firstPlan) { (hasHybrid ? .hybrid : variants[0]).allows($0, firstPlan.scheme) }
          .levels
        var residuals = z
        for k in residuals.storage.indices { residuals.storage[k] -= expected.storage[k] }
        let completion = CensoredLevels(residuals: residuals, complete: complete)
        for i in 0..<n where known[i].contains(where: { $0 == nil }) {
          let draws = try completion.draws(
            expected: expected.row(i), known: known[i], censoredAt: limits[i],
            stream: RandomStream(seed: seed, purpose: "censored-levels", key: cells[i].full.streamKey, draw: round))
          imputed[i] = draws
          for k in 0..<levelCount { z[i, k] = mean(draws.column(k)) }
        }
      }
      // Only the last round needs the errors of every scheme.
      ensemble = try await LevelEnsemble.fit(
        z, x: x, groups: groupNumbers, scaler: scaler, plans: round == rounds - 1 ? plans : [firstPlan],
        kinds: kindsInUse, previous: ensemble,
        componentCount: 3, seed: seed, threads: threads)
      progress?(round + 1, rounds + 1)
    }
    guard let ensemble else { throw TrainingError.tooFewCells(found: n, needed: 3, early: cutOff) }

    let offsets = Matrix(
      cells.indices.map { i in
        RepresentationResidual.offsets(
          cells[i].full, levels: z.row(i), scale: scale, start: targets[i].start, age: isDesign ? 0 : cells[i].age)
      })
    let sortedNovelty = novelty.sorted()
    var core = ForecastCore(
      cutOff: cutOff, law: law, extraColumns: extraColumns, scaler: scaler, scale: scale, levelCount: levelCount,
      initialRetention: initial, meanLevels: ensemble.meanLevels, components: ensemble.components,
      members: ensemble.members, groups: groups, datasets: Set(cells.map(\.full.dataset)).sorted(),
      batches: Set(cells.map(\.full.batch)).sorted(), pools: [], offsets: offsets, cellIDs: cells.map(\.full.id),
      noveltyPoints: [quantile(ofSorted: sortedNovelty, 0.95), quantile(ofSorted: sortedNovelty, 0.99)],
      longestAge: cells.map(\.full.lastAge).max() ?? 1, withinVariances: nil)
    core.dataset = names.count == 1 ? names[0] : nil
    core.homes = homes
    var unseen: [ModelVariant: Matrix] = [:]
    if plans.contains(where: { $0.scheme == .dataset }) {
      let own = variants.filter { !$0.isRival }
      let (panel, expected) = try await DatasetExperts.fit(
        z, scale: scale, starts: targets.map(\.start), cells: cells,
        homes: homes.filter { $0.dataset.map(teachers.contains) ?? false }, variants: own, threads: threads)
      core.experts = panel
      unseen = Dictionary(uniqueKeysWithValues: zip(own, expected))
    }
    // Too few batches to hold out: the widest question that could be asked stands in for them.
    let standIn =
      plans.contains { $0.scheme == .batch } ? nil : plans.last { $0.scheme == .cell || $0.scheme == .group }
    let asked = (plans + [standIn?.asked(as: .elsewhere)].compactMap { $0 }).flatMap { plan in
      variants.map { (plan: plan, variant: $0) }
    }
    core.pools = try await parallelMap(count: asked.count, width: threads) { [core, unseen, imputed, z] a in
      let (plan, variant) = asked[a]
      let answered = plan.scheme == .elsewhere ? standIn ?? plan : plan
      var (weights, expected) = ensemble.stacked(answered, evenly: plan.scheme == .elsewhere) {
        variant.allows($0, answered.scheme)
      }
      if plan.scheme == .dataset, let own = unseen[variant] {
        // The experts speak, not the members.
        weights = weights.map { $0.map { _ in 0 } }
        expected = own
      }
      var residuals = z
      for i in 0..<n {
        // A censored cell teaches with one of its possible completions, not with their mean.
        var stream = RandomStream(seed: seed, purpose: "pool", key: cells[i].full.streamKey)
        let row = imputed[i].map { $0.row(stream.index(below: $0.rows)) } ?? z.row(i)
        for k in 0..<levelCount { residuals[i, k] = row[k] - expected[i, k] }
      }
      let spread = ensemble.outOfFoldSpread[answered.scheme] ?? [Double](repeating: 1, count: n)
      var pool = try ResidualPool(
        plan: plan, variant: variant, weights: weights, expected: expected, residuals: residuals, spread: spread,
        finished: finished,
        unread: plan.scheme == .dataset && !isDesign ? cells.indices.filter { !cells[$0].isRead } : [])
      pool.horizonScale = HorizonCalibration.scales(
        cells: cells.map(\.full),
        draws: cells.indices.map { i in
          core.outOfFoldDraws(pool, index: i, cell: cells[i], count: 200, seed: seed)
        })
      return pool
    }
    if let pool = core.pools.first {
      core.withinVariances = withinGroupVariances(pool.residuals, groupNumbers)
    }
    if let plan = plans.first(where: { $0.scheme == .group }) ?? plans.first(where: { $0.scheme == .cell }),
      let pool = core.pools.first(where: { $0.scheme == plan.scheme })
    {
      core.noveltyEffect = NoveltyEffect(
        rows: rows, presence: presence, plan: plan, pool: pool, level: min(LevelGrid.endIndex, levelCount - 1))
    }
    if !answered {
      core.missing = try await ensemble.missingInputs(
        rows, scaler: scaler, groups: groupNumbers, truth: z, plan: firstPlan, variants: variants, threads: threads)
    }
    progress?(rounds + 1, rounds + 1)
    return core
  }

  /// Within-group variance of the residuals per level (one-way analysis of variance); nil with under three degrees of
  /// freedom.
  private static func withinGroupVariances(_ residuals: Matrix, _ groups: [Int]) -> [Double]? {
    let replicated = Dictionary(grouping: groups.indices) { groups[$0] }.values.filter { $0.count > 1 }
    let freedom = replicated.reduce(0) { $0 + $1.count - 1 }
    guard freedom >= 3 else { return nil }
    let ordered = replicated.sorted { $0[0] < $1[0] }
    return (0..<residuals.columns).map { k in
      ordered.reduce(0.0) { sum, cells in
        sum + _square(standardDeviation(cells.map { residuals[$0, k] })) * Double(cells.count)
      } / Double(freedom)
    }
  }

  /// Continues each record from its last known level with the mean shape.
  private static func firstCompletion(_ known: [[Double?]], _ limits: [Double]) -> Matrix {
    let count = known.first?.count ?? 0
    var shape = (0..<count).map { k in mean(known.compactMap { $0[k] }) }
    for k in shape.indices where shape[k].isNaN { shape[k] = k > 0 ? shape[k - 1] : (limits.max() ?? 0) }
    var z = Matrix(rows: known.count, columns: count)
    for (i, row) in known.enumerated() {
      let last = row.lastIndex { $0 != nil }
      let shift = last.map { (row[$0] ?? 0) - shape[$0] } ?? 0
      var highest = -Double.infinity
      for k in 0..<count {
        highest = max(highest, row[k] ?? max(shape[k] + shift, limits[i]))
        z[i, k] = row[k] ?? highest
      }
    }
    return z
  }

  /// The kinds of question that a cell may be, the widest first: of a new dataset, of a new batch, of a
  /// new group, a new cell.
  private func questions(_ core: CoreCell) -> [FoldScheme] {
    if correction(for: core) != nil { return [.cell, .group] }
    let cell = core.full
    // A table of designs belongs to no dataset; only a record is known to come from elsewhere.
    let isForeign = !datasets.contains(cell.dataset)
    if isForeign { return cell.ages.isEmpty ? [.dataset, .batch, .group, .cell] : Self.questionsOfAnother }
    let isNewBatch = cell.attributes.text("batch_id") != nil && !batches.contains(cell.batch)
    if isNewBatch { return [.batch, .elsewhere, .group, .cell] }
    return groups.contains(cell.group) ? [.cell, .group] : [.group, .cell]
  }

  /// What own cells taught of cells like this one.
  private func correction(for cell: CoreCell) -> DatasetCorrection? {
    corrections.first { $0.dataset == cell.full.dataset && $0.isRead == cell.isRead }
  }

  /// What a cell of a dataset that training did not see may be, the widest kind of question first.
  private static let questionsOfAnother: [FoldScheme] = [.dataset, .batch, .elsewhere, .group, .cell]

  /// The pool of a variant for a question; the next narrower one where training could not answer it.
  func pool(_ variant: ModelVariant, for questions: [FoldScheme]) -> ResidualPool? {
    let own = pools.filter { $0.variant == variant }
    return questions.lazy.compactMap { q in own.first { $0.scheme == q } }.first ?? own.first
  }

  /// Retention that a cell's levels count from.
  private func start(_ cell: CoreCell) -> Double {
    let now = cutOff.isDesign ? initialRetention : cell.observed.currentRetention(at: cell.age) ?? initialRetention
    return max(now, cell.full.endFraction + LevelGrid.smallestHeadroom)
  }

  /// Joint draws for training cell `index`, out of fold and with its own error left out of the pool.
  func outOfFoldDraws(_ pool: ResidualPool, index i: Int, cell: CoreCell, count: Int, seed: UInt64) -> LevelDraws {
    let (z, source) = pool.draws(
      count, expected: pool.expected.row(i), spread: pool.spread[i], widening: 1,
      scatter: pool.unitScatter(), excluding: i,
      stream: RandomStream(seed: seed, purpose: "out-of-fold", key: cell.full.streamKey))
    return draws(z, source, pool, cell: cell)
  }

  private func draws(_ z: Matrix, _ source: [Int], _ pool: ResidualPool, cell: CoreCell) -> LevelDraws {
    var remaining = z
    for k in remaining.storage.indices { remaining.storage[k] = scale.inverse(remaining.storage[k]) }
    let end = cell.full.endFraction
    return LevelDraws(
      remaining: remaining, age: cutOff.isDesign ? 0 : cell.age, start: start(cell),
      endFraction: end, offsets: offsets, sources: source, horizonScale: pool.horizonScale,
      measurementNoise: cell.full.measurementNoise)
  }

  /// A forecast before any number is drawn.
  struct Expectation: Sendable {
    /// z per level.
    var levels: [Double]
    /// Predictive spread of the leading component.
    var spread: Double?
    var novelty: Double
    /// The most novel feature.
    var mostNovel: String?
    /// Kinds of input that the training cells have and this one has nothing of.
    var absent: [FeatureBlock]
    var groupIsKnown: Bool
    /// What is asked, the widest kind of question first.
    var questions: [FoldScheme]
    /// The scatter, where own cells taught it.
    var scatter: ResidualPool.Scatter?
    /// The scatter of a cell of a whole new unit, where that is what is asked.
    var unitScatter: ResidualPool.Scatter?
    /// The scatter for want of inputs.
    var missing: ResidualPool.Scatter?
  }

  /// The core with its factorisation at hand, for many calls of `expectations` of cells like these.
  func prepared(for cells: [CoreCell], variant: ModelVariant) throws -> ForecastCore {
    if cells.allSatisfy({ isForExperts($0, variant) }) { return self }
    var core = self
    let source = LevelEnsemble.spreadSource(members.first?.map(\.kind) ?? [])
    for m in members.first?.indices ?? 0..<0 where members[0][m].kind == source {
      if case .process(let model) = members[0][m].fit { core.members[0][m].fit = .process(try model.prepared()) }
    }
    return core
  }

  /// Fewest cells of a dataset whose core answers for its own cells; with fewer it is better to be told what is common
  /// to all (assumed).
  private static let fewestAtHome = 20

  /// Whether it answers for new cells of its dataset, where there are others.
  var answersItsOwn: Bool { cellIDs.count >= Self.fewestAtHome }

  /// The core that answers for cells of a dataset: its own, where that learnt from enough of them.
  func answering(for name: String) -> ForecastCore {
    homes.first { $0.dataset == name && $0.answersItsOwn } ?? self
  }

  /// Whether the experts speak of a cell and the members are silent: it is of a dataset never seen, or of one whose
  /// correction was learnt about what they expect.
  private func isForExperts(_ cell: CoreCell, _ variant: ModelVariant) -> Bool {
    guard experts?.calibrations.contains(where: { $0.variant == variant }) ?? false else { return false }
    return questions(cell).first == .dataset || correction(for: cell) != nil
  }

  /// What is expected of new cells.
  func expectations(_ cells: [CoreCell], variant: ModelVariant) throws -> [Expectation] {
    let builder = ForecastFeatures(law: law, extraColumns: extraColumns)
    let isDesign = cutOff.isDesign
    let rows = cells.map { builder.values($0.observed, at: isDesign ? 0 : $0.age, sulfidePrior: $0.sulfidePrior) }
    let (x, novelty) = scaler.transform(rows)
    let numbers = cells.map { groups.firstIndex(of: $0.full.group) ?? -1 }
    let unseen = cells.indices.filter { isForExperts(cells[$0], variant) }
    let blind = try experts?.expected(
      unseen.map { cells[$0] }, starts: unseen.map { start(cells[$0]) }, scale: scale, homes: homes, variant: variant)
    var expected = [[Double]](repeating: meanLevels, count: cells.count)
    for (i, levels) in zip(unseen, blind ?? []) { expected[i] = levels }
    let own = cells.indices.filter { !unseen.contains($0) }
    let (ownX, ownNumbers) = (x.selecting(rows: own), own.map { numbers[$0] })
    let asked = cells.map(questions)
    let pools = pools.filter { $0.variant == variant }
    let unitScatters = Dictionary(pools.map { ($0.scheme, $0.unitScatter()) }, uniquingKeysWith: { first, _ in first })
    let absent = rows.map(scaler.absent)
    // Experts were judged on cells that lacked what their own datasets have.
    let lacking = cells.indices.map { i in
      unseen.contains(i) || absent[i].isEmpty
        ? nil : missing.first { $0.variant == variant && $0.blocks == absent[i] }
    }
    let weights = own.map { i in
      if let lacking = lacking[i] { return lacking.weights }
      let questions = correction(for: cells[i]) == nil ? asked[i] : Self.questionsOfAnother
      return pool(variant, for: questions)?.weights ?? []
    }
    var spread = [Double?](repeating: nil, count: cells.count)
    let source = LevelEnsemble.spreadSource(members.first?.map(\.kind) ?? [])
    for c in members.indices where !own.isEmpty {
      var scores = [Double](repeating: 0, count: own.count)
      for (m, member) in members[c].enumerated() {
        let isSource = c == 0 && member.kind == source
        let p = try member.predict(ownX, groups: ownNumbers, scaler: scaler, withSpread: isSource)
        for j in own.indices {
          scores[j] += (weights[j][safe: c]?[safe: m] ?? 0) * p.mean[j]
          if isSource { spread[own[j]] = p.spread?[j] }
        }
      }
      for (j, i) in own.enumerated() {
        for k in expected[i].indices { expected[i][k] += scores[j] * components[c, k] }
      }
    }
    return cells.indices.map { i in
      var levels = expected[i]
      var wanting: ResidualPool.Scatter?
      if let lacking = lacking[i] {
        levels = lacking.applied(to: levels)
        wanting = .init(deviations: lacking.deviations, freedom: lacking.freedom)
      }
      let correction = correction(for: cells[i])
      var scatter: ResidualPool.Scatter?
      if let correction {
        let freedom = (correction.lines[safe: LevelGrid.endIndex] ?? correction.lines.last)?.freedom ?? 1
        scatter = .init(deviations: zip(levels, correction.lines).map { $1.deviation($0) }, freedom: freedom)
        levels = correction.applied(to: levels)
      }
      // tanh is monotone: the largest bounded input belongs to the most novel feature.
      let lead = scaler.features.indices.max { abs(x[i, $0]) < abs(x[i, $1]) }
      return Expectation(
        levels: levels, spread: spread[i], novelty: novelty[i], mostNovel: lead.map { scaler.features[$0].name },
        absent: absent[i], groupIsKnown: numbers[i] >= 0, questions: asked[i], scatter: scatter,
        unitScatter: pool(variant, for: asked[i]).flatMap { unitScatters[$0.scheme] ?? nil }, missing: wanting)
    }
  }

  /// Whether a cell lies within the training cells: novelty at most their 95 % point.
  func isInDomain(_ e: Expectation) -> Bool { e.novelty <= noveltyLimit }

  /// The input that lies beyond the 99 % point of training novelty, in words; nil where none does.
  func extrapolation(_ e: Expectation) -> String? {
    guard e.novelty > max(noveltyPoints[1], 2) else { return nil }
    return "\(e.mostNovel.map(InputInColumns.column) ?? "an input") lies beyond 99 % of the training cells"
  }

  /// The novelty where the training domain ends.
  private var noveltyLimit: Double { max(noveltyPoints[0], 2) }

  /// How far a cell lies from the training cells, as a multiple of where their domain ends.
  func relativeNovelty(_ e: Expectation) -> Double { e.novelty / noveltyLimit }

  /// Whether a cell lies so far out that nothing should be claimed: beyond twice the 99 % point of training. Twice the
  /// 95 % point would refuse rare training cells themselves.
  func isFar(_ e: Expectation) -> Bool { e.novelty > 2 * max(noveltyPoints[1], 2) }

  /// The inputs of a cell that lie furthest out, in words, with the range that training covers.
  func strangeness(_ cell: CoreCell) -> String {
    let values = ForecastFeatures(law: law, extraColumns: extraColumns)
      .values(cell.observed, at: cutOff.isDesign ? 0 : cell.age, sulfidePrior: cell.sulfidePrior)
    var columns: [String] = []
    var words: [String] = []
    for far in scaler.furthest(values, beyond: noveltyLimit) where words.count < 3 {
      let input = InputInColumns(
        far.feature.name, value: far.value, range: far.range, of: cell.observed.attributes)
      // Several features of one column are one reason.
      if columns.contains(input.column) { continue }
      columns.append(input.column)
      words.append(
        "\(input.column) is \(short(input.value)), trained \(short(input.range.lowerBound))…"
          + "\(short(input.range.upperBound)) (\(short(far.novelty / noveltyLimit)) times as far from its mean)")
    }
    return words.joined(separator: "; ")
  }

  /// Draws a cell's future; `e` is what `expectations` gave for the same variant.
  func draw(_ cell: CoreCell, _ e: Expectation, variant: ModelVariant, count: Int, seed: UInt64) -> LevelDraws? {
    guard let pool = pool(variant, for: e.questions) else { return nil }
    // The errors of whole batches and datasets held out are those of novel cells already.
    let widening = pool.scheme.isFar ? 1 : noveltyEffect.widening(e.novelty / noveltyLimit)
    let (z, source) = pool.draws(
      count, expected: e.levels,
      // A process knows nothing of how far experts err.
      spread: pool.scheme == .dataset ? nil : e.spread, widening: widening,
      scatter: e.scatter ?? e.missing.map { pool.scatter(atLeast: $0, widening: widening) } ?? e.unitScatter,
      excluding: nil, stream: RandomStream(seed: seed, purpose: "residual", key: cell.full.streamKey))
    return draws(z, source, pool, cell: cell)
  }
}
