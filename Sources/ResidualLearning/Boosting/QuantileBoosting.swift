#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// Boosting of several quantiles that cannot cross: the middle one and the logs of the gaps between neighbours.
///
/// The summed pinball loss is lowered one parameter at a time; each leaf takes the value that minimises the loss of its
/// rows exactly, since the loss is convex in a shift of the middle and in a factor on a gap.
public struct QuantileBoosting: Sendable, Codable, Hashable {
  /// Options of the trees. A monotone constraint holds for every quantile.
  public var trees: BoostingOptions
  /// Probabilities, ascending, in (0, 1).
  public var levels: [Double]

  /// Options as named.
  public init(trees: BoostingOptions = BoostingOptions(), levels: [Double] = [0.05, 0.25, 0.5, 0.75, 0.95]) {
    self.trees = trees
    self.levels = levels
  }

  /// Largest factor on a gap in one leaf of one tree.
  private static let largestFactor = 20.0

  /// Fits trees to a target by the summed pinball loss.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing.
  ///   - target: one finite value a row.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - validation: rows to watch instead of learning from, by whole groups; the rounds with the least loss are kept.
  ///   - seed: of the draws of rows and columns.
  /// - Throws: `LearningError` for sizes that disagree, values that are not finite, or options out of range.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64
  ) throws(LearningError) -> QuantileTrees {
    try checkTarget(target, rows: table.rowCount)
    let ascending = zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 }
    guard !levels.isEmpty, ascending, levels.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw .invalidOption("levels", found: "\(levels)", allowed: "ascending, in (0, 1)")
    }
    var run = try BoostingRun(table, trees, weights: weights, validation: validation, seed: seed)
    let sorted = run.training.map { target[Int($0)] }.sorted()
    let middle = levels.count / 2
    let span = sorted[sorted.count - 1] - sorted[0]
    let floor = span > 0 ? 1e-6 * span : 1e-12
    var base = levels.map { quantile(ofSorted: sorted, $0) }
    let start = base
    for k in levels.indices where k != middle {
      base[k] = log(max(floor, k > middle ? start[k] - start[k - 1] : start[k + 1] - start[k]))
    }
    var parameters = base.map { [Double](repeating: $0, count: table.rowCount) }
    var forests = levels.map { _ in ForestBuilder() }
    var gradients = [Double](repeating: 0, count: table.rowCount)
    func quantiles(_ row: Int) -> [Double] { QuantileTrees.quantiles(parameters.map { $0[row] }, middle: middle) }
    func loss(_ rows: [UInt32]) -> Double {
      rows.reduce(0) { sum, row in
        let q = quantiles(Int(row))
        let one = zip(q, levels).reduce(0) { $0 + pinball(target[Int(row)] - $1.0, $1.1) }
        return sum + (weights?[Int(row)] ?? 1) * one
      }
    }
    var watch = EarlyStopping(patience: trees.patience)
    var counts = [levels.map { _ in 0 }]
    if !run.validation.isEmpty { _ = watch.shouldStop(after: 0, score: loss(run.validation)) }
    for round in 0..<trees.rounds {
      for output in levels.indices {
        // A lower gap must shrink where the middle may not fall: that keeps every quantile monotone.
        let slope = output < middle ? -1 : 1
        for row in run.training {
          let kinks = kinks(quantiles(Int(row)), parameters[output][Int(row)], output, middle, target[Int(row)])
          let start = output == middle ? 0.0 : 1.0
          let sum = kinks.reduce(0.0) { $0 + $1.weight * ($1.at < start ? 1 - $1.level : -$1.level) }
          gradients[Int(row)] = (weights?[Int(row)] ?? 1) * sum
        }
        var tree = run.grow(gradients, round: round, output: output, slope: slope)
        guard tree.nodes.count > 1 else { continue }
        let order = run.grower.order
        tree.refit(constraints: run.table.features.map { trees.monotone.isEmpty ? 0 : slope * trees.monotone[$0] }) {
          rows in
          var all: [Kink] = []
          for row in order[rows] {
            let i = Int(row)
            for var kink in kinks(quantiles(i), parameters[output][i], output, middle, target[i]) {
              kink.weight *= weights?[i] ?? 1
              all.append(kink)
            }
          }
          let best = minimum(of: all)
          return output == middle ? best : log(min(max(best, 1 / Self.largestFactor), Self.largestFactor))
        }
        tree.add(to: &parameters[output], run.table, scale: trees.learningRate)
        forests[output].append(tree, run.table, scale: trees.learningRate)
      }
      counts.append(forests.map(\.treeCount))
      if !run.validation.isEmpty, watch.shouldStop(after: counts.count - 1, score: loss(run.validation)) { break }
    }
    let kept = counts[run.validation.isEmpty ? counts.count - 1 : watch.best]
    var outputs: [BoostedTrees] = []
    for k in levels.indices {
      outputs.append(try forests[k].trees(table.names, baseScore: base[k], first: kept[k]))
    }
    return try QuantileTrees(levels: levels, outputs: outputs)
  }

  /// The kinks of one row's loss along one parameter: the shift of the middle, or the factor on a gap.
  private func kinks(
    _ q: [Double], _ parameter: Double, _ output: Int, _ middle: Int, _ y: Double
  ) -> [Kink] {
    if output == middle { return levels.indices.map { Kink(at: y - q[$0], weight: 1, level: levels[$0]) } }
    let gap = max(exp(parameter), 1e-300)
    if output > middle {
      return (output..<levels.count).map { Kink(at: (y - q[$0] + gap) / gap, weight: gap, level: levels[$0]) }
    }
    return (0...output).map { Kink(at: (q[$0] + gap - y) / gap, weight: gap, level: 1 - levels[$0]) }
  }
}

/// A pinball loss weight · ρ(at − s) of one variable s.
private struct Kink {
  var at: Double
  var weight: Double
  var level: Double
}

/// Where a sum of pinball losses is least; the lowest such place.
private func minimum(of kinks: [Kink]) -> Double {
  let sorted = kinks.sorted { $0.at < $1.at }
  var slope = -sorted.reduce(0) { $0 + $1.weight * $1.level }
  for kink in sorted {
    slope += kink.weight
    if slope >= 0 { return kink.at }
  }
  return sorted.last?.at ?? 0
}

/// The pinball loss of an error y − q at a level.
private func pinball(_ error: Double, _ level: Double) -> Double { error >= 0 ? level * error : (level - 1) * error }

/// Fitted trees giving quantiles that never cross.
public struct QuantileTrees: Sendable, Hashable, Codable {
  /// Probabilities, ascending.
  public let levels: [Double]
  /// Trees of the middle quantile and, at every other place, of the log of the gap to the neighbour nearer the middle.
  public let outputs: [BoostedTrees]

  /// A model from its parts.
  ///
  /// - Throws: `LearningError.corruptModel` for levels out of order or outputs that do not match.
  public init(levels: [Double], outputs: [BoostedTrees]) throws(LearningError) {
    let ascending = zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 }
    guard !levels.isEmpty, ascending, levels.allSatisfy({ $0 > 0 && $0 < 1 }), outputs.count == levels.count else {
      throw .corruptModel("levels \(levels) for \(outputs.count) outputs")
    }
    guard outputs.allSatisfy({ $0.featureNames == outputs[0].featureNames }) else {
      throw .corruptModel("the quantiles have different features")
    }
    self.levels = levels
    self.outputs = outputs
  }

  /// Reads a model and checks it.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      levels: box.decode([Double].self, forKey: .levels), outputs: box.decode([BoostedTrees].self, forKey: .outputs))
  }

  /// The quantiles of each row, ascending with the levels; columns are taken by position.
  public func predict(_ table: FeatureTable) -> [[Double]] {
    let parameters = outputs.map { $0.predict(table) }
    return (0..<table.rowCount).map { row in
      Self.quantiles(parameters.map { $0[row] }, middle: levels.count / 2)
    }
  }

  /// Quantiles from the middle one and the logs of the gaps.
  static func quantiles(_ parameters: [Double], middle: Int) -> [Double] {
    var q = parameters
    for k in stride(from: middle + 1, to: q.count, by: 1) { q[k] = q[k - 1] + exp(parameters[k]) }
    for k in stride(from: middle - 1, through: 0, by: -1) { q[k] = q[k + 1] - exp(parameters[k]) }
    return q
  }
}
