#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// Natural-gradient boosting: trees for both parameters of a distribution a row.
///
/// - Source: T. Duan et al., "NGBoost", ICML 2020, arXiv:1910.03225.
public struct DistributionBoosting: Sendable, Codable, Hashable {
  /// Options of the trees.
  public var trees: BoostingOptions
  /// Family of the distribution.
  public var family: DistributionFamily
  /// Score the trees lower; `.crps` is for normal distributions and exact observations only.
  public var rule: ScoringRule

  /// Options as named.
  public init(
    trees: BoostingOptions = BoostingOptions(), family: DistributionFamily = .normal, rule: ScoringRule = .logScore
  ) {
    self.trees = trees
    self.family = family
    self.rule = rule
  }

  /// Longest step of one row, in the score's metric.
  private static let longestStep = 10.0
  /// Most halvings of a round's step.
  private static let halvings = 10

  /// Fits trees to observations, censored ones included.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing.
  ///   - observations: one a row; positive values where the family asks for them.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - validation: rows to watch instead of learning from, by whole groups; the rounds with the best score are kept.
  ///   - seed: of the draws of rows and columns.
  /// - Throws: `LearningError` for sizes that disagree, options out of range, or a row whose score is not finite.
  public func fit(
    _ table: FeatureTable, observations: [Observation], weights: [Double]?, validation: [Bool]? = nil,
    stream seed: UInt64
  ) throws(LearningError) -> DistributionTrees {
    if observations.count != table.rowCount {
      throw .sizes("\(observations.count) observations for \(table.rowCount) rows")
    }
    for (row, observation) in observations.enumerated() {
      guard observation.isProper else { throw .notFinite("observation", row: row) }
      guard rule.supports(family, observation) else {
        throw .invalidOption("rule", found: "\(rule) of \(family) at row \(row)", allowed: "logScore")
      }
    }
    var run = try BoostingRun(table, trees, weights: weights, validation: validation, seed: seed)
    let start = try start(observations, rows: run.training, weights: weights)
    let bounds = start.bounds
    var a = [Double](repeating: start.a, count: table.rowCount)
    var b = [Double](repeating: start.b, count: table.rowCount)
    var forests = (a: ForestBuilder(), b: ForestBuilder())
    var gradients = (a: a, b: b)
    func clamped(_ b: Double) -> Double { min(max(b, bounds.lowerBound), bounds.upperBound) }
    func score(_ rows: [UInt32], _ a: [Double], _ b: [Double]) -> Double {
      rows.reduce(0) { sum, row in
        let i = Int(row)
        return sum + (weights?[i] ?? 1) * rule.value(family, a: a[i], b: clamped(b[i]), observations[i])
      }
    }
    var current = score(run.training, a, b)
    var watch = EarlyStopping(patience: trees.patience)
    var counts = [(a: 0, b: 0)]
    if !run.validation.isEmpty { _ = watch.shouldStop(after: 0, score: score(run.validation, a, b)) }
    for round in 0..<trees.rounds {
      for row in run.training {
        let i = Int(row)
        let step = try naturalStep(a: a[i], b: b[i], bounds, observations[i], row: i)
        gradients.a[i] = (weights?[i] ?? 1) * step.a
        gradients.b[i] = (weights?[i] ?? 1) * step.b
      }
      let treeA = run.grow(gradients.a, round: round, output: 0)
      let treeB = run.grow(gradients.b, round: round, output: 1)
      guard treeA.nodes.count > 1 || treeB.nodes.count > 1 else { continue }
      // A natural gradient gives a direction; the length is found by halving until the training score falls.
      var scale = trees.learningRate
      var accepted = false
      for _ in 0..<Self.halvings {
        var nextA = a
        var nextB = b
        treeA.add(to: &nextA, run.table, scale: scale)
        treeB.add(to: &nextB, run.table, scale: scale)
        let next = score(run.training, nextA, nextB)
        if next < current {
          (a, b, current, accepted) = (nextA, nextB, next, true)
          break
        }
        scale /= 2
      }
      if !accepted {
        // Another draw of rows or columns may still help.
        if trees.rowSubsample >= 1 && trees.columnSubsample >= 1 { break }
        continue
      }
      if treeA.nodes.count > 1 { forests.a.append(treeA, run.table, scale: scale) }
      if treeB.nodes.count > 1 { forests.b.append(treeB, run.table, scale: scale) }
      counts.append((forests.a.treeCount, forests.b.treeCount))
      if !run.validation.isEmpty,
        watch.shouldStop(after: counts.count - 1, score: score(run.validation, a, b))
      {
        break
      }
    }
    let kept = counts[run.validation.isEmpty ? counts.count - 1 : watch.best]
    return try DistributionTrees(
      family: family, location: forests.a.trees(table.names, baseScore: start.a, first: kept.a),
      spread: forests.b.trees(table.names, baseScore: start.b, first: kept.b), spreadBounds: bounds)
  }

  /// Fits trees to exact targets.
  ///
  /// - Throws: `LearningError`, as for observations.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64
  ) throws(LearningError) -> DistributionTrees {
    try checkTarget(target, rows: table.rowCount)
    return try fit(
      table, observations: target.map { .exact($0) }, weights: weights, validation: validation, stream: seed)
  }

  /// The natural gradient of one row, no longer than `longestStep` and not out of the bounds of b.
  private func naturalStep(
    a: Double, b unbounded: Double, _ bounds: ClosedRange<Double>, _ observation: Observation, row: Int
  ) throws(LearningError) -> (a: Double, b: Double) {
    let b = min(max(unbounded, bounds.lowerBound), bounds.upperBound)
    let all = rule.evaluate(family, a: a, b: b, observation)
    var step = rule.naturalGradient(family, a: a, b: b, observation)
    guard all.value.isFinite && step.a.isFinite && step.b.isFinite else { throw .notFinite("score", row: row) }
    let length = max(0, step.a * all.a + step.b * all.b).squareRoot()
    if length > Self.longestStep {
      step.a *= Self.longestStep / length
      step.b *= Self.longestStep / length
    }
    if (unbounded <= bounds.lowerBound && step.b > 0) || (unbounded >= bounds.upperBound && step.b < 0) { step.b = 0 }
    return step
  }

  /// The one distribution that fits all rows best, and the bounds of b: a thousandth to a thousand times the spread.
  private func start(
    _ observations: [Observation], rows: [UInt32], weights: [Double]?
  ) throws(LearningError) -> (a: Double, b: Double, bounds: ClosedRange<Double>) {
    var points: [Double] = []
    for row in rows {
      let point = observations[Int(row)].point
      if family == .normal {
        points.append(point)
      } else {
        guard point > 0 else { throw .notFinite("logarithm of the observation", row: Int(row)) }
        points.append(log(point))
      }
    }
    let centre = mean(points)
    let sorted = points.sorted()
    let middleHalf = quantile(ofSorted: sorted, 0.75) - quantile(ofSorted: sorted, 0.25)
    let deviation = standardDeviation(points)
    let robust = middleHalf > 0 ? middleHalf / 1.349 : deviation
    let spread = robust > 0 ? robust : max(abs(centre), 1) * 1e-6
    let logSpread = log(spread)
    let thousand = 3 * log(10.0)
    var a = centre
    var b = log(max(deviation, spread))
    var bounds = (logSpread - thousand)...(logSpread + thousand)
    if family == .weibull {
      // The log of a Weibull value has standard deviation π / (√6 shape).
      let shift = log(Double.pi / 6.0.squareRoot())
      b = shift - b
      a = centre + 0.5772 * exp(-b)
      bounds = (shift - logSpread - thousand)...(shift - logSpread + thousand)
    }
    b = min(max(b, bounds.lowerBound), bounds.upperBound)
    func total(_ a: Double, _ b: Double) -> Double {
      rows.reduce(0) { sum, row in
        sum + (weights?[Int(row)] ?? 1) * rule.value(family, a: a, b: b, observations[Int(row)])
      }
    }
    let weight = rows.reduce(0) { $0 + (weights?[Int($1)] ?? 1) }
    var best = total(a, b)
    for _ in 0..<100 {
      var step = (a: 0.0, b: 0.0)
      for row in rows {
        let i = Int(row)
        let one = try naturalStep(a: a, b: b, bounds, observations[i], row: i)
        step.a += (weights?[i] ?? 1) * one.a / weight
        step.b += (weights?[i] ?? 1) * one.b / weight
      }
      var scale = 1.0
      var next = best
      var trial = (a: a, b: b)
      for _ in 0..<30 {
        trial = (a - scale * step.a, min(max(b - scale * step.b, bounds.lowerBound), bounds.upperBound))
        next = total(trial.a, trial.b)
        if next < best { break }
        scale /= 2
      }
      guard next < best else { break }
      let fall = best - next
      (a, b) = trial
      best = next
      if fall < 1e-12 * max(abs(best), 1) { break }
    }
    return (a, b, bounds)
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
    zip(location.predict(table), spread.predict(table)).map { a, b in
      FittedDistribution(family, a: a, b: min(max(b, spreadBounds.lowerBound), spreadBounds.upperBound))
    }
  }
}

extension Observation {
  /// A value in or at the border of what is known.
  fileprivate var point: Double {
    switch self {
    case .exact(let y), .above(let y), .below(let y): return y
    case .between(let low, let high): return low + (high - low) / 2
    }
  }

  /// Whether all values are finite and in order.
  fileprivate var isProper: Bool {
    switch self {
    case .exact(let y), .above(let y), .below(let y): return y.isFinite
    case .between(let low, let high): return low.isFinite && high.isFinite && low < high
    }
  }
}
