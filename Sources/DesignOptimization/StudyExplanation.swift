#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
internal import NumericalMethods

/// Why the best design is the best one: what moves it, what limits it, and what robustness costs.
///
/// It speaks of one design of the front, the best one for one objective, else the knee: the member farthest from the line
/// (plane) through the best of each objective. Differences are between designs on the same virtual cells, so their
/// standard errors are those of pairs.
public struct StudyExplanation: Sendable {
  /// A difference of an objective and its standard error over virtual cells.
  public struct Difference: Sendable, Hashable {
    /// The difference, in the unit of the objective.
    public var value: Double
    /// Standard error.
    public var standardError: Double
  }

  /// What a change of one variable does.
  public struct Sensitivity: Sendable, Hashable {
    /// The variable.
    public var variable: String
    /// Values before and after.
    public var from, to: DesignValue
    /// Change of each objective; empty where one of the designs cannot be evaluated or breaks a constraint of the space.
    public var changes: [Difference]
  }

  /// What keeps the design from being better.
  public struct Limit: Sendable, Hashable {
    /// The constraint, or the variable and the end of its range.
    public var name: String
    /// Gain of each objective (positive is better) when the limit is moved out by 5 % of the range, or of its own value,
    /// and the design is tuned again; for the end of a range, with the other variables as they are.
    public var gains: [Difference]
    /// Whether some gain is surely above 0 (two standard errors).
    public var isBinding: Bool { gains.contains { $0.value > 2 * $0.standardError && $0.value > 0 } }
  }

  /// The design for a line without spread beside the one for the line as it is.
  public struct Robustness: Sendable, Hashable {
    /// The design that is best when nothing that is built scatters.
    public var nominalDesign: [String: DesignValue]
    /// What the robust design gives away if nothing scatters, in each objective (positive is a loss).
    public var price: [Difference]
    /// What the robust design gains under the spread, in each objective (positive is a gain).
    public var benefit: [Difference]
  }

  /// The design explained: its place on the front.
  public var member: Int
  /// Reals moved from 2 % of their range below to 2 % above, ordinals to both neighbours, categories to every other word.
  public var sensitivities: [Sensitivity]
  /// Ends of ranges within 1 % and limits that hold only just.
  public var limits: [Limit]
  /// Price of robustness; nil without a nominal evaluator.
  public var robustness: Robustness?
}

extension DesignStudy {
  /// Explains the best design of a result.
  ///
  /// - Parameter nominal: the evaluator with the spread of what is built switched off.
  /// - Returns: nil where the front is empty.
  /// - Throws: what the evaluator throws.
  public func explanation(of result: StudyResult, nominal: Evaluator? = nil) async throws -> StudyExplanation? {
    guard let member = knee(of: result.front) else { return nil }
    let best = result.front[member].fresh
    return StudyExplanation(
      member: member, sensitivities: try await sensitivities(best.genes), limits: try await limits(best),
      robustness: try await nominal.asyncMap { try await robustness(best, result, nominal: $0) })
  }

  /// The member farthest towards better from the plane through the best of each objective.
  private func knee(of front: [StudyResult.Member]) -> Int? {
    let points = front.map { signed($0.fresh.objectives) }
    guard let first = points.first else { return nil }
    let low = first.indices.map { k in points.map { $0[k] }.min() ?? 0 }
    let span = first.indices.map { k in max((points.map { $0[k] }.max() ?? 0) - low[k], 1e-12) }
    let sums = points.map { p in p.indices.reduce(0.0) { $0 + (p[$1] - low[$1]) / span[$1] } }
    return sums.indices.max { (sums[$0], -$0) < (sums[$1], -$1) }
  }

  /// Objectives with more being better.
  private func signed(_ objectives: [Double]) -> [Double] {
    zip(definition.objectives, objectives).map { $0.isMaximised ? $1 : -$1 }
  }

  /// Draws of each objective's metric for designs on the cells that verify the front.
  private func draws(_ designs: [[String: DesignValue]], _ evaluator: Evaluator) async throws -> [[[Double]]?] {
    let found = try await evaluator.evaluate(
      designs, draws: definition.verifyingDraws, seed: definition.seed &+ Self.verifyingSeed)
    return zip(designs, found).map { design, d in
      guard d.fault == nil else { return nil }
      return definition.objectives.map { o in
        if let metric = d.metrics[o.metric] { return metric }
        if o.metric == "cost", let cost = definition.cost { return [(try? cost.value { design[$0] }) ?? .nan] }
        return [design[o.metric]?.number ?? .nan]
      }
    }
  }

  /// Change of each objective from one design's draws to another's, by a bootstrap of pairs.
  private func differences(_ a: [[Double]], _ b: [[Double]]) -> [StudyExplanation.Difference] {
    zip(definition.objectives, zip(a, b)).map { objective, draws in
      let (x, y) = draws
      func change(_ pick: [Int]) -> Double {
        let (p, q) = (pick.map { x[$0 % x.count] }.sorted(), pick.map { y[$0 % y.count] }.sorted())
        return objective.statistic.value(ofSorted: q) - objective.statistic.value(ofSorted: p)
      }
      let n = max(x.count, y.count)
      guard n > 1 else { return StudyExplanation.Difference(value: change([0]), standardError: 0) }
      let resamples = (0..<100).map { r -> Double in
        var stream = RandomStream(seed: definition.seed, purpose: "explain-bootstrap", draw: r)
        return change((0..<n).map { _ in stream.index(below: n) })
      }
      return StudyExplanation.Difference(
        value: change(Array(0..<n)), standardError: standardDeviation(resamples, sample: true))
    }
  }

  private func sensitivities(_ genes: [Double]) async throws -> [StudyExplanation.Sensitivity] {
    var pairs: [(variable: DesignVariable, from: [Double], to: [Double])] = []
    for (k, v) in definition.space.variables.enumerated() {
      func with(_ g: Double) -> [Double] {
        var out = genes
        out[k] = g
        return definition.space.repaired(out, holding: k)
      }
      switch v.range {
      case .real: pairs.append((v, with(max(genes[k] - 0.02, 0)), with(min(genes[k] + 0.02, 1))))
      case .ordinal(let values):
        for g in [genes[k] - 1, genes[k] + 1] where g >= 0 && Int(g) < values.count {
          pairs.append((v, genes, with(g)))
        }
      case .category(let words):
        for g in words.indices where g != Int(genes[k]) { pairs.append((v, genes, with(Double(g)))) }
      }
    }
    let designs = pairs.map { [try? definition.space.design($0.from), try? definition.space.design($0.to)] }
    let found = try await draws(designs.flatMap { $0.map { $0 ?? [:] } }, evaluator)
    return pairs.enumerated().map { i, pair in
      let name = pair.variable.name
      let isAllowed = designs[i].allSatisfy { d in
        d.flatMap { try? definition.space.violations($0) }?.allSatisfy { $0 <= 0 } ?? false
      }
      var changes: [StudyExplanation.Difference] = []
      if isAllowed, let a = found[2 * i], let b = found[2 * i + 1] { changes = differences(a, b) }
      return StudyExplanation.Sensitivity(
        variable: name, from: designs[i][0]?[name] ?? .number(.nan), to: designs[i][1]?[name] ?? .number(.nan),
        changes: changes)
    }
  }

  /// Moved out by this share.
  private static var relaxation: Double { 0.05 }

  private func limits(_ best: StudiedDesign) async throws -> [StudyExplanation.Limit] {
    var out: [StudyExplanation.Limit] = []
    guard let own = try await draws([best.design], evaluator)[0] else { return [] }
    func gains(_ other: [[Double]]) -> [StudyExplanation.Difference] {
      zip(definition.objectives, differences(own, other)).map { o, d in
        StudyExplanation.Difference(value: o.isMaximised ? d.value : -d.value, standardError: d.standardError)
      }
    }
    // Ends of ranges: what lies a twentieth of the range beyond, the rest as it is.
    for (k, v) in definition.space.variables.enumerated() where v.isReal {
      for (end, isNear) in [(0.0, best.genes[k] < 0.01), (1, best.genes[k] > 0.99)] where isNear {
        var genes = best.genes
        genes[k] = end + (end > 0 ? Self.relaxation : -Self.relaxation)
        guard case .real(let bounds, _) = v.range, let design = try? definition.space.design(genes, beyond: k),
          let beyond = try await draws([design], evaluator)[0]
        else { continue }
        let side = end > 0 ? "<= \(bounds.upperBound)" : ">= \(bounds.lowerBound)"
        out.append(StudyExplanation.Limit(name: "\(v.name) \(side)", gains: gains(beyond)))
      }
    }
    // Limits over virtual cells that the design keeps only just, as the draws of the search could tell: eased, and the
    // reals tuned again.
    let searched = Double(definition.draws)
    for (k, c) in definition.chances.enumerated()
    where best.probabilities.indices.contains(k)
      && best.probabilities[k] < c.probability + 3 * (c.probability * (1 - c.probability) / searched).squareRoot()
    {
      var eased = definition
      let step = Self.relaxation * abs(c.limit)
      eased.chances[k].limit += c.isLowerBound ? -step : step
      let tuned = try await DesignStudy(eased, evaluator: evaluator).tuned(best.genes)
      guard let design = try? definition.space.design(tuned), let after = try await draws([design], evaluator)[0] else {
        continue
      }
      out.append(StudyExplanation.Limit(name: c.text, gains: gains(after)))
    }
    return out
  }

  /// A better design nearby, the words and ranks as they are.
  ///
  /// Objectives are scaled by their size at the start and added.
  func tuned(_ start: [Double]) async throws -> [Double] {
    var scales: [Double] = definition.chances.map { _ in 1 }
    var sizes: [Double]?
    func evaluated(_ genes: [[Double]]) async throws -> [Evaluated] {
      let found = try await studied(genes, draws: definition.draws, seed: definition.seed, scales: &scales)
      if sizes == nil { sizes = found[0].objectives.map { max(abs($0), 1e-12) } }
      return found.map { d in
        let isValid = d.fault == nil && d.objectives.allSatisfy(\.isFinite)
        let loss = -zip(signed(d.objectives), sizes ?? []).reduce(0.0) { $0 + $1.0 / $1.1 }
        return Evaluated(
          genes: d.genes, objectives: [isValid ? loss : 0], violations: isValid ? d.violations : [1e6])
      }
    }
    // Without another rank to go to, words and ranks stay what they are.
    let kinds = definition.space.variables.map { $0.isReal ? GeneKind.real : .ordinal(0) }
    var polish = LocalPolish(try await evaluated([start]), kinds)
    while true {
      let steps = polish.ask().map { definition.space.repaired($0) }
      if steps.isEmpty { return polish.best.first?.genes ?? start }
      polish.tell(try await evaluated(steps))
    }
  }

  private func robustness(
    _ best: StudiedDesign, _ result: StudyResult, nominal: Evaluator
  ) async throws -> StudyExplanation.Robustness? {
    var quick = definition
    quick.budget = max(definition.budget / 4, 80)
    let study = DesignStudy(quick, evaluator: nominal)
    let found = try await study.run(starts: result.front.prefix(20).map(\.fresh.design))
    guard let knee = study.knee(of: found.front) else { return nil }
    let other = found.front[knee].fresh.design
    let plain = try await draws([best.design, other], nominal)
    let spread = try await draws([best.design, other], evaluator)
    guard let a = plain[0], let b = plain[1], let c = spread[0], let d = spread[1] else { return nil }
    func better(_ x: [StudyExplanation.Difference]) -> [StudyExplanation.Difference] {
      zip(definition.objectives, x).map { o, d in
        StudyExplanation.Difference(value: o.isMaximised ? d.value : -d.value, standardError: d.standardError)
      }
    }
    return StudyExplanation.Robustness(
      nominalDesign: other, price: better(differences(a, b)), benefit: better(differences(d, c)))
  }
}

extension DesignSpace {
  /// A design whose variable `k` may lie beyond its range.
  fileprivate func design(_ genes: [Double], beyond k: Int) throws(DesignSpaceError) -> [String: DesignValue] {
    guard case .real(let bounds, let isLogarithmic) = variables[k].range else { return try design(genes) }
    var wide = variables
    let factor = 1 + abs(genes[k] - min(max(genes[k], 0), 1))
    if isLogarithmic {
      let ratio = bounds.upperBound / bounds.lowerBound
      let end = exp((factor - 1) * log(ratio))
      wide[k].range = .real(bounds.lowerBound / end...bounds.upperBound * end, isLogarithmic: true)
    } else {
      let room = (bounds.upperBound - bounds.lowerBound) * (factor - 1)
      wide[k].range = .real(bounds.lowerBound - room...bounds.upperBound + room, isLogarithmic: false)
    }
    var moved = genes
    moved[k] = genes[k] < 0 ? 0 : 1
    let space = try DesignSpace(
      variables: wide, mixtures: mixtures, linked: linked, constraints: constraints, base: base)
    return try space.design(space.repaired(moved, holding: k))
  }
}

extension Optional where Wrapped: Sendable {
  fileprivate func asyncMap<T>(_ body: (Wrapped) async throws -> T?) async rethrows -> T? {
    guard let self else { return nil }
    return try await body(self)
  }
}
