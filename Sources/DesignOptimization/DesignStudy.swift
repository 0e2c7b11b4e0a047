internal import Foundation
internal import NumericalMethods

/// One design with what was found of it.
public struct StudiedDesign: Sendable, Hashable, Codable {
  /// Columns of the design.
  public var design: [String: DesignValue]
  /// Genes within the space.
  public var genes: [Double]
  /// Value of each objective, in its own sense.
  public var objectives: [Double]
  /// 5, 50 and 95 % quantile of each objective's metric.
  public var quantiles: [[Double]]
  /// Share of virtual cells that keep each chance constraint.
  public var probabilities: [Double]
  /// How far each constraint (of the space, then of chance, then the domain where the study stays in it) is from holding.
  public var violations: [Double]
  /// Number of virtual cells behind its probabilities. Objectives are those of no more than the study's draws, so that
  /// designs are compared on the same cells.
  public var draws: Int
  /// What hinders it.
  public var fault: String?
  /// Why it lies outside what the evaluator was taught by, variable by variable; empty inside.
  public var objections: [String]
  /// Number of the evaluation, from 0.
  public var index: Int

  /// Whether every constraint holds.
  public var isFeasible: Bool { fault == nil && violations.allSatisfy { $0 <= 0 } }
}

/// How far a study had come: what another run of it need not evaluate again.
public struct StudyCheckpoint: Sendable, Hashable, Codable {
  /// Designs evaluated, in order.
  public var designs: [StudiedDesign]
  /// Scale of each chance constraint.
  var scales: [Double]
  /// Where nothing is feasible: which constraints alone were found to hold together, or not.
  var trials: [Trial] = []

  /// Constraints by their places, and whether a design keeps them all.
  struct Trial: Sendable, Hashable, Codable {
    var active: [Int]
    var isReached: Bool
  }

  /// Evaluations and trials behind it.
  public var steps: (designs: Int, trials: Int) { (designs.count, trials.count) }
}

/// Whether the chance constraints of a design on the front hold on fresh virtual cells.
public enum Verdict: String, Sendable, Hashable {
  /// The lower 95 % bound of every probability is high enough.
  case holds
  /// The interval of some probability contains its limit.
  case undecided
  /// The upper 95 % bound of some probability is too low.
  case fails
}

/// What a study found.
public struct StudyResult: Sendable {
  /// A design on the front, re-evaluated on virtual cells that the search has not seen.
  public struct Member: Sendable, Hashable {
    /// Values on fresh virtual cells.
    public var fresh: StudiedDesign
    /// Objectives as the search saw them.
    public var searched: [Double]
    /// Whether its constraints hold.
    public var verdict: Verdict
  }

  /// Non-dominated designs, best first objective first, at most 100.
  public var front: [Member]
  /// Every design evaluated, in order.
  public var history: [StudiedDesign]
  /// Hypervolume of the archive after each generation, objectives scaled by the first twenty feasible designs.
  public var hypervolume: [(evaluations: Int, value: Double)]
  /// Mean by which the search flattered each objective of the front.
  public var optimism: [Double]
  /// Why the search ended: `budget`, `stalled`.
  public var stop: String
  /// Where nothing is feasible: the smallest set of constraints found that cannot hold together, with the least violation
  /// of each among the designs that keep the others of it (among all, where none does); empty where no set was shown to.
  public var conflict: [(constraint: String, leastViolation: Double)]
}

/// Searches a space for the best designs under the spread of what is built.
///
/// All designs are judged on the same virtual cells (common random numbers); the front is judged again on fresh ones, so
/// that a winner is not the luckiest.
public struct DesignStudy<Evaluator: DesignEvaluator>: Sendable {
  /// What is wanted.
  public let definition: StudyDefinition
  /// What says how designs do.
  public let evaluator: Evaluator

  /// A study.
  public init(_ definition: StudyDefinition, evaluator: Evaluator) {
    self.definition = definition
    self.evaluator = evaluator
  }

  /// Added to the seed for virtual cells that the search has not seen.
  static var verifyingSeed: UInt64 { 0x5eed }

  /// Draws at which a close call is left as it is.
  private static var mostDraws: Int { 1024 }

  /// Share of the budget that ends the search with small steps from the best.
  private static var polishShare: Double { 0.15 }
  private static var mostRestarts: Int { 3 }

  private var kinds: [GeneKind] {
    definition.space.variables.map { v in
      switch v.range {
      case .real: .real
      case .ordinal(let values): .ordinal(values.count)
      case .category(let words): .category(words.count)
      }
    }
  }

  /// Runs the search.
  ///
  /// - Parameters:
  ///   - starts: designs to begin with (a base design, measured designs); those outside the space are left out.
  ///   - resuming: what an earlier run of the same study had reached: the search takes the same path, and nothing is
  ///     evaluated again.
  ///   - checkpoint: called after each generation with what has been reached.
  ///   - progress: designs evaluated so far, of how many.
  /// - Throws: what the evaluator throws; `DesignSpaceError` for a formula without a value at most of the first designs;
  ///   cancellation.
  public func run(
    starts: [[String: DesignValue]] = [], resuming: StudyCheckpoint? = nil,
    checkpoint: ((StudyCheckpoint) throws -> Void)? = nil, progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> StudyResult {
    let stored = Dictionary((resuming?.designs ?? []).map { ($0.genes, $0) }) { a, _ in a }
    let budget = definition.budget
    let size = min(max(budget <= 1000 ? 20 : budget <= 4000 ? 40 : 100, 4), max(budget / 4, 4))
    var search = EvolutionarySearch(
      kinds, size: size, starts: starts.compactMap { definition.space.genes($0) }, seed: definition.seed)
    var history: [StudiedDesign] = []
    var known: [[Double]: Int] = [:]
    var scales: [Double] = resuming?.scales ?? []
    var curve: [(evaluations: Int, value: Double)] = []
    var frame: (low: [Double], span: [Double])?
    var stop = "budget"
    var barren = 0
    // Whether the last restart has found nothing so far.
    var isBarren = false
    var restarts = 0
    var isPolished = false
    while history.count < budget {
      try Task.checkCancellation()
      let genes = asked(&search, atMost: budget - search.evaluations)
      if genes.isEmpty { break }
      if history.isEmpty { try definition.checkFormulas(genes) }
      let new = genes.filter { known[$0] == nil }.reduce(into: [[Double]]()) { if !$0.contains($1) { $0.append($1) } }
      let fresh = new.filter { stored[$0] == nil }
      // Among feasible designs alone, one that breaks a limit does not live on: it need not be known well.
      let races = !search.population.isEmpty && search.population.allSatisfy(\.isFeasible)
      let made = try await studied(
        fresh, draws: definition.draws, seed: definition.seed, scales: &scales, races: races, rivals: search.archive)
      let byGenes = Dictionary(uniqueKeysWithValues: zip(fresh, made))
      let found = new.compactMap { stored[$0] ?? byGenes[$0] }
      for (g, var design) in zip(new, found) {
        design.index = history.count
        known[g] = history.count
        history.append(design)
      }
      search.tell(
        genes.map { g in
          let d = history[known[g] ?? 0]
          return Evaluated(genes: g, objectives: minimised(d), violations: d.fault == nil ? d.violations : [1e6])
        })
      if frame == nil {
        let feasible = history.filter(\.isFeasible)
        if feasible.count >= 20 { frame = Self.frame(feasible.map(minimised)) }
      }
      if let frame {
        let scaled = search.archive.map { p in
          p.objectives.indices.map { (p.objectives[$0] - frame.low[$0]) / frame.span[$0] }
        }
        let value = ParetoFront.hypervolume(scaled, reference: frame.low.map { _ in 1.1 })
        let before = curve.last?.value ?? 0
        barren = value > before * 1.001 ? 0 : barren + 1
        if barren == 0 { isBarren = false }
        curve.append((history.count, value))
      }
      if !fresh.isEmpty { try checkpoint?(StudyCheckpoint(designs: history, scales: scales)) }
      progress?(history.count, budget)
      if isPolished {
        if stop == "stalled", !search.isPolishing { break }
        continue
      }
      if new.isEmpty || barren * size > max(budget / 5, 10 * size) {
        // Twice nothing new: what is left of the budget would find nothing either.
        restarts += 1
        if restarts > Self.mostRestarts || isBarren { stop = "stalled" }
        isBarren = true
        barren = 0
        search.restart()
      }
      if stop == "stalled" || Double(search.evaluations) >= (1 - Self.polishShare) * Double(budget) {
        isPolished = true
        search.polish()
      }
    }
    let front = try await verified(history, search.archive)
    return StudyResult(
      front: front, history: history, hypervolume: curve, optimism: optimism(front), stop: stop,
      conflict: front.isEmpty && history.contains { $0.fault == nil }
        ? try await conflict(history, resuming?.trials ?? []) { trials in
          try checkpoint?(StudyCheckpoint(designs: history, scales: scales, trials: trials))
        } : [])
  }

  /// Whether a design that keeps its limits would join the front, and the limits are open.
  private func isCloseCall(_ d: StudiedDesign, _ found: DesignDraws, _ rivals: [Evaluated]) -> Bool {
    guard found.fault == nil, found.count >= definition.draws,
      definition.chances.contains(where: { $0.isOpen(found.metrics[$0.metric] ?? []) }),
      !definition.chances.contains(where: { $0.isLost(found.metrics[$0.metric] ?? []) }),
      !definition.staysInDomain || found.objections[""] == nil
    else { return false }
    let own = minimised(d)
    return !rivals.contains { ParetoFront.dominates($0.objectives, own) }
  }

  /// Draws of designs; with `races`, those that surely break a limit after 32, 64 … draws are given no more.
  private func drawn(
    _ designs: [[String: DesignValue]], _ draws: Int, _ seed: UInt64, races: Bool
  ) async throws -> [DesignDraws] {
    var reached = 32
    guard races, !definition.chances.isEmpty, reached < draws,
      var found = try await evaluator.evaluate(designs, draws: 0..<reached, seed: seed)
    else { return try await evaluator.evaluate(designs, draws: draws, seed: seed) }
    while reached < draws {
      let open = found.indices.filter { i in
        // Failures are counted over all draws, not rung by rung.
        found[i].hindrance == nil && !definition.chances.contains { $0.isLost(found[i].metrics[$0.metric] ?? []) }
      }
      let next = min(2 * reached, draws)
      guard !open.isEmpty,
        let more = try await evaluator.evaluate(open.map { designs[$0] }, draws: reached..<next, seed: seed)
      else { break }
      // A design left behind has fewer draws and is not asked for again.
      for (k, i) in open.enumerated() where found[i].count == reached { found[i].append(more[k]) }
      reached = next
    }
    return found
  }

  /// The next points of a search, mixtures made to add up.
  private func asked(_ search: inout EvolutionarySearch, atMost count: Int) -> [[Double]] {
    let points = search.ask().prefix(count)
    let space = definition.space
    guard search.isBeginning else { return points.map { space.repaired($0) } }
    return points.enumerated().map { space.spread($1, seed: definition.seed, point: search.evaluations + $0) }
  }

  /// Designs evaluated on given virtual cells.
  ///
  /// - Parameters:
  ///   - races: whether designs that surely break a limit are left after few draws.
  ///   - rivals: the front so far: designs that would join it and may break a limit are given up to 1024 draws; nil
  ///     leaves close calls as they are.
  func studied(
    _ genes: [[Double]], draws: Int, seed: UInt64, scales: inout [Double], races: Bool = false,
    rivals: [Evaluated]? = nil
  ) async throws -> [StudiedDesign] {
    let space = definition.space
    var designs = genes.map { g -> StudiedDesign in
      var d = StudiedDesign(
        design: [:], genes: g, objectives: [], quantiles: [], probabilities: [], violations: [], draws: 0, fault: nil,
        objections: [], index: 0)
      do throws(DesignSpaceError) {
        (d.design, d.violations) = try definition.design(g)
      } catch {
        d.fault = error.part + ": " + error.message
      }
      return d
    }
    // What cannot be built costs nothing.
    let use = designs.indices.filter { designs[$0].fault == nil && designs[$0].violations.allSatisfy { $0 <= 0 } }
    var found = try await drawn(use.map { designs[$0].design }, draws, seed, races: races)
    if scales.isEmpty, !found.isEmpty { scales = definition.chances.map { Self.spread(found, of: $0.metric) } }
    for (k, i) in use.enumerated() where found[k].fault == nil { fill(&designs[i], found[k].metrics) }
    var reached = draws
    while let rivals, reached < Self.mostDraws {
      let open = use.indices.filter { found[$0].count == reached && isCloseCall(designs[use[$0]], found[$0], rivals) }
      let next = min(2 * reached, Self.mostDraws)
      guard !open.isEmpty,
        let more = try await evaluator.evaluate(
          open.map { designs[use[$0]].design }, draws: reached..<next, seed: seed)
      else { break }
      for (k, m) in zip(open, more) { found[k].append(m) }
      reached = next
    }
    for (k, i) in use.enumerated() {
      designs[i].fault = found[k].fault
      guard found[k].fault == nil else {
        (designs[i].objectives, designs[i].quantiles) = ([], [])
        continue
      }
      designs[i].draws = found[k].count
      let chosen = Set(space.variables.map(\.name) + space.linked.map(\.name) + [""])
      designs[i].objections = found[k].objections.filter { chosen.contains($0.key) }.sorted { $0.key < $1.key }
        .map(\.value)
      for (c, scale) in zip(definition.chances, scales) {
        let values = (found[k].metrics[c.metric] ?? []).sorted()
        designs[i].probabilities.append(c.share(values))
        designs[i].violations.append(c.margin(ofSorted: values, scale: max(scale, 1e-12)))
      }
      if definition.staysInDomain { designs[i].violations.append(found[k].objections[""] == nil ? 0 : 1) }
    }
    for i in designs.indices where designs[i].objectives.isEmpty {
      designs[i].objectives = definition.objectives.map { _ in .nan }
      designs[i].violations += definition.chances.map { _ in 10 } + (definition.staysInDomain ? [1] : [])
    }
    return designs
  }

  /// Enters the objectives.
  private func fill(_ d: inout StudiedDesign, _ metrics: [String: [Double]]) {
    var sorted: [String: [Double]] = [:]
    func draws(_ name: String) -> [Double] {
      if let found = sorted[name] { return found }
      let values: [Double]
      if let found = metrics[name] {
        values = found.sorted()
      } else if name == "cost", let cost = definition.cost {
        values = [(try? cost.value { d.design[$0] }) ?? .infinity]
      } else {
        values = [d.design[name]?.number ?? .nan]
      }
      sorted[name] = values
      return values
    }
    for o in definition.objectives {
      let values = draws(o.metric)
      d.objectives.append(values.count == 1 ? values[0] : o.statistic.value(ofSorted: values))
      d.quantiles.append([0.05, 0.5, 0.95].map { DesignStatistic.quantile($0).value(ofSorted: values) })
    }
  }

  /// Objectives as the search minimises them.
  private func minimised(_ d: StudiedDesign) -> [Double] {
    zip(definition.objectives, d.objectives).map { o, x in x.isFinite ? (o.isMaximised ? -x : x) : 1e12 }
  }

  private static func frame(_ points: [[Double]]) -> (low: [Double], span: [Double]) {
    let front = ParetoFront.nondominated(points).map { points[$0] }
    return HypervolumeSelection.bounds(front.count > 1 ? front : points)
  }

  /// Interquartile range of a metric over all first designs.
  private static func spread(_ found: [DesignDraws], of metric: String) -> Double {
    let values = found.flatMap { $0.metrics[metric] ?? [] }.filter(\.isFinite).sorted()
    guard values.count > 3 else { return 1 }
    return max(quantile(ofSorted: values, 0.75) - quantile(ofSorted: values, 0.25), 1e-9)
  }

  /// The front on fresh virtual cells.
  private func verified(_ history: [StudiedDesign], _ archive: [Evaluated]) async throws -> [StudyResult.Member] {
    let byGenes = Dictionary(history.map { ($0.genes, $0) }) { a, _ in a }
    let kept = HypervolumeSelection.keep(archive, count: 100)
    let searched = kept.compactMap { byGenes[$0.genes] }.sorted { minimised($0)[0] < minimised($1)[0] }
    var scales = definition.chances.map { _ in 1.0 }
    let fresh = try await studied(
      searched.map(\.genes), draws: definition.verifyingDraws, seed: definition.seed &+ Self.verifyingSeed,
      scales: &scales)
    return zip(searched, fresh).map { old, new in
      var new = new
      new.index = old.index
      return StudyResult.Member(fresh: new, searched: old.objectives, verdict: verdict(new))
    }
  }

  private func verdict(_ d: StudiedDesign) -> Verdict {
    var out = Verdict.holds
    for (c, p) in zip(definition.chances, d.probabilities) {
      let (low, high) = Self.interval(p, Double(max(d.draws, 1)))
      if high < c.probability { return .fails }
      if low < c.probability { out = .undecided }
    }
    return out
  }

  /// Wilson's 95 % interval of a probability.
  ///
  /// - Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
  static func interval(_ p: Double, _ n: Double) -> (Double, Double) {
    let z = 1.959964
    let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot() / (1 + z * z / n)
    return (centre - half, centre + half)
  }

  private func optimism(_ front: [StudyResult.Member]) -> [Double] {
    definition.objectives.indices.map { k in
      let gaps = front.map { m in
        (m.searched[k] - m.fresh.objectives[k]) * (definition.objectives[k].isMaximised ? 1 : -1)
      }
      return gaps.isEmpty ? 0 : gaps.reduce(0, +) / Double(gaps.count)
    }
  }

  /// The constraints that cannot hold together, by leaving one after another out (deletion filter).
  ///
  /// - Source: J. W. Chinneck, Feasibility and Infeasibility in Optimization, Springer 2008, section 6.2.
  ///
  /// - Parameters:
  ///   - known: trials of an earlier run.
  ///   - keep: called with all trials so far after each.
  private func conflict(
    _ history: [StudiedDesign], _ known: [StudyCheckpoint.Trial], keep: ([StudyCheckpoint.Trial]) throws -> Void
  ) async throws -> [(constraint: String, leastViolation: Double)] {
    var names = definition.space.constraints.map(\.text) + definition.chances.map(\.text)
    // What is outside breaks the last, if the study stays in its domain and anything left it.
    if definition.staysInDomain,
      history.contains(where: { !$0.objectives.contains(where: \.isNaN) && $0.violations.last == 1 })
    {
      names.append(StudyDefinition.domainText)
    }
    guard !names.isEmpty else { return [] }
    var active = Array(names.indices)
    var trials: [StudyCheckpoint.Trial] = []
    func isReached(_ trial: [Int]) async throws -> Bool {
      let found: Bool
      if let stored = known.first(where: { $0.active == trial }) {
        found = stored.isReached
      } else {
        found = try await reach(trial, history)
      }
      trials.append(StudyCheckpoint.Trial(active: trial, isReached: found))
      try keep(trials)
      return found
    }
    for candidate in names.indices where active.count > 1 {
      let trial = active.filter { $0 != candidate }
      if try await !isReached(trial) { active = trial }
    }
    // A search on them alone may find what the whole one missed: then nothing is proven.
    if try await isReached(active) { return [] }
    let judged = history.filter { d in active.allSatisfy { d.violations.count > $0 } }
    return active.map { k in
      let keeping = judged.filter { d in active.allSatisfy { $0 == k || d.violations[$0] <= 0 } }
      return (names[k], (keeping.isEmpty ? judged : keeping).map { $0.violations[k] }.min() ?? .nan)
    }
  }

  /// Whether some design keeps the constraints of `active`, by a short search on them alone.
  private func reach(_ active: [Int], _ history: [StudiedDesign]) async throws -> Bool {
    func gaps(_ d: StudiedDesign) -> [Double] { active.map { d.violations.count > $0 ? d.violations[$0] : 10 } }
    if history.contains(where: { $0.fault == nil && gaps($0).allSatisfy { $0 <= 0 } }) { return true }
    var relaxed = definition
    let own = active.filter { $0 < definition.space.constraints.count }
    relaxed.space = try DesignSpace(
      variables: definition.space.variables, mixtures: definition.space.mixtures, linked: definition.space.linked,
      constraints: own.map { definition.space.constraints[$0] }, base: definition.space.base)
    let first = definition.space.constraints.count
    relaxed.chances = definition.chances.indices.filter { active.contains(first + $0) }.map { definition.chances[$0] }
    relaxed.staysInDomain = definition.staysInDomain && active.contains(first + definition.chances.count)
    let study = DesignStudy(relaxed, evaluator: evaluator)
    var search = EvolutionarySearch(kinds, size: 20, seed: definition.seed &+ UInt64(active.count))
    var scales: [Double] = []
    while search.evaluations < max(definition.budget / 5, 40) {
      let genes = study.asked(&search, atMost: .max)
      let found = try await study.studied(genes, draws: definition.draws, seed: definition.seed, scales: &scales)
      if found.contains(where: \.isFeasible) { return true }
      search.tell(
        found.map {
          Evaluated(genes: $0.genes, objectives: [0], violations: $0.fault == nil ? $0.violations : [1e6])
        })
    }
    return false
  }
}

extension Array {
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
