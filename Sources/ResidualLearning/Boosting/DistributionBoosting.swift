/// Natural-gradient boosting: trees for both parameters of a distribution a row.
///
/// - Source: T. Duan et al., "NGBoost", ICML 2020, arXiv:1910.03225.
public struct DistributionBoosting: Sendable, Codable, Hashable {
  /// Options of the trees. A column with a monotone constraint moves the location alone, so that every quantile keeps
  /// the order.
  public var trees: BoostingOptions
  /// Family of the distribution.
  public var family: DistributionFamily
  /// Score the trees lower; see `ScoringRule` for the families and observations it is defined for.
  public var rule: ScoringRule
  /// Whether both parameters share the splits of one tree: half the time, not with monotone constraints.
  public var sharedTrees = false
  /// Whether one factor on all spreads is set by the validation rows, so that central 90 % intervals hold 90 % of them
  /// (by the log score where some are censored).
  public var calibratesSpread = false

  /// Options as named.
  public init(
    trees: BoostingOptions = BoostingOptions(), family: DistributionFamily = .normal, rule: ScoringRule = .logScore
  ) {
    self.trees = trees
    self.family = family
    self.rule = rule
  }

  /// Fits trees to observations, censored ones included.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing.
  ///   - observations: one a row; positive values where the family asks for them.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - validation: rows to watch instead of learning from, by whole groups; the rounds with the best score are kept.
  ///   - seed: of the draws of rows and columns.
  ///   - width: number of threads; the result has the same bits for any.
  /// - Throws: `LearningError` for sizes that disagree, options out of range, or a row whose score is not finite.
  public func fit(
    _ table: FeatureTable, observations: [Observation], weights: [Double]?, validation: [Bool]? = nil,
    stream seed: UInt64, width: Int = 1
  ) throws(LearningError) -> DistributionTrees {
    try fit(
      table, observations: observations, weights: weights, validation: validation, stream: seed, width: width,
      bins: nil)
  }

  /// Fits trees to exact targets.
  ///
  /// - Throws: `LearningError`, as for observations.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64,
    width: Int = 1
  ) throws(LearningError) -> DistributionTrees {
    try checkTarget(target, rows: table.rowCount)
    return try fit(
      table, observations: target.map { .exact($0) }, weights: weights, validation: validation, stream: seed,
      width: width)
  }

  func fit(
    _ table: FeatureTable, observations: [Observation], weights: [Double]?, validation: [Bool]?, stream seed: UInt64,
    width: Int, bins: BinnedTable?
  ) throws(LearningError) -> DistributionTrees {
    try check(table, observations)
    var run = try BoostingRun(
      table, trees, weights: weights, validation: validation, seed: seed, planes: 2, sharedTrees: sharedTrees,
      width: width, bins: bins)
    let state = try ParameterState(self, run, observations)
    var forests = (a: ForestBuilder(), b: ForestBuilder())
    var watch = EarlyStopping(patience: trees.patience)
    var current = state.score(run, run.training, step: 0)
    if !run.validation.isEmpty { _ = watch.shouldStop(after: 0, score: state.score(run, run.validation, step: 0)) }
    for round in 0..<trees.rounds {
      let importance = try state.setGradients(run)
      let (treeA, treeB) = grow(&run, round: round, importance: importance, into: state)
      guard treeA.nodes.count > 1 || treeB.nodes.count > 1 else { continue }
      // A natural gradient gives a direction; the length is found by halving until the training score falls.
      var scale = trees.learningRate
      var next = state.score(run, run.training, step: scale)
      var halvings = 0
      while !(next < current) && halvings < 10 {
        scale /= 2
        halvings += 1
        next = state.score(run, run.training, step: scale)
      }
      guard next < current else {
        // Another draw of rows or columns may still help.
        if trees.rowSubsample >= 1 && trees.columnSubsample >= 1 { break }
        continue
      }
      state.advance(run, step: scale)
      current = next
      forests.a.append(treeA, output: 0, run.table, scale: scale)
      forests.b.append(treeB, output: sharedTrees ? 1 : 0, run.table, scale: scale)
      if !run.validation.isEmpty,
        watch.shouldStop(after: forests.a.treeCount, score: state.score(run, run.validation, step: 0))
      {
        break
      }
    }
    let kept = run.validation.isEmpty ? forests.a.treeCount : watch.best
    let fitted = try DistributionTrees(
      family: family, location: forests.a.trees(table.names, baseScore: state.start.a, first: kept),
      spread: forests.b.trees(table.names, baseScore: state.start.b, first: kept), spreadBounds: state.bounds)
    guard calibratesSpread && !run.validation.isEmpty else { return fitted }
    let rows = run.validation.map { Int($0) }
    let shift = spreadShift(
      fitted.predict(table.selecting(rows: rows)).map { [$0] }, rows.map { observations[$0] },
      weights: rows.map { weights?[$0] ?? 1 })
    return try fitted.shiftingSpread(by: shift)
  }

  /// The trees of one round, and their values of every row as the next step.
  private func grow(
    _ run: inout BoostingRun, round: Int, importance: [Double], into state: ParameterState
  ) -> (a: Tree, b: Tree) {
    if sharedTrees {
      let tree = run.grow(round: round, importance: importance)
      run.write(tree, output: 0, to: state.stepA.base)
      run.write(tree, output: 1, to: state.stepB.base)
      return (tree, tree)
    }
    let isConstrained = trees.monotone.contains { $0 != 0 }
    let a = run.grow(round: round)
    run.write(a, output: 0, to: state.stepA.base)
    let b = run.grow(round: round, output: 1, plane: 1, barringConstrained: isConstrained)
    run.write(b, output: 0, to: state.stepB.base)
    return (a, b)
  }

  /// Checks the observations and what the options cannot do together.
  private func check(_ table: FeatureTable, _ observations: [Observation]) throws(LearningError) {
    if observations.count != table.rowCount {
      throw .sizes("\(observations.count) observations for \(table.rowCount) rows")
    }
    if case .studentT(let degrees) = family, !(1...1000).contains(degrees) {
      throw .invalidOption("degreesOfFreedom", found: "\(degrees)", allowed: "1…1000")
    }
    if sharedTrees && trees.monotone.contains(where: { $0 != 0 }) {
      throw .invalidOption("sharedTrees", found: "true", allowed: "false with monotone constraints")
    }
    if !trees.linearFeatures.isEmpty {
      throw .invalidOption("linearFeatures", found: "\(trees.linearFeatures)", allowed: "empty for distributions")
    }
    for (row, observation) in observations.enumerated() {
      guard observation.isProper else { throw .notFinite("observation", row: row) }
      guard rule.supports(family, observation) else {
        throw .invalidOption("rule", found: "\(rule) of \(family.rawValue) at row \(row)", allowed: "logScore")
      }
    }
  }
}

/// Fitted trees giving a distribution a row.
public struct DistributionTrees: Sendable, Hashable, Codable {
  /// Family of the distribution.
  public let family: DistributionFamily
  /// Trees of the location-like parameter a.
  public let location: BoostedTrees
  /// Trees of the log scale or log shape b.
  public let spread: BoostedTrees
  /// Least and greatest b.
  public let spreadBounds: ClosedRange<Double>

  /// A model from its parts.
  ///
  /// - Throws: `LearningError.corruptModel` when the parts do not have the same features or a bound is not finite.
  public init(
    family: DistributionFamily, location: BoostedTrees, spread: BoostedTrees, spreadBounds: ClosedRange<Double>
  ) throws(LearningError) {
    guard location.featureNames == spread.featureNames else {
      throw .corruptModel("the two parameters have different features")
    }
    guard spreadBounds.lowerBound.isFinite && spreadBounds.upperBound.isFinite else {
      throw .corruptModel("the bounds of the spread are \(spreadBounds)")
    }
    self.family = family
    self.location = location
    self.spread = spread
    self.spreadBounds = spreadBounds
  }

  /// Reads a model and checks it.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      family: box.decode(DistributionFamily.self, forKey: .family),
      location: box.decode(BoostedTrees.self, forKey: .location),
      spread: box.decode(BoostedTrees.self, forKey: .spread),
      spreadBounds: box.decode(ClosedRange<Double>.self, forKey: .spreadBounds))
  }

  /// The distribution of each row; columns are taken by position.
  public func predict(_ table: FeatureTable) -> [FittedDistribution] {
    zip(location.predict(table), spread.predict(table)).map { distribution($0, $1) }
  }

  /// The distribution of one row, the same bits as in a table.
  public func predict(row: [Double]) -> FittedDistribution {
    distribution(location.predict(row: row), spread.predict(row: row))
  }

  private func distribution(_ a: Double, _ b: Double) -> FittedDistribution {
    FittedDistribution(family, a: a, b: min(max(b, spreadBounds.lowerBound), spreadBounds.upperBound))
  }
}
