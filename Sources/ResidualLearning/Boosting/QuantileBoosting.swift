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
  /// Whether a shift of the middle and a factor on each gap are set by the pinball loss of the validation rows: trees
  /// that fit their rows too well make gaps too narrow.
  public var calibrates = false

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
  ///   - width: number of threads; the result has the same bits for any.
  /// - Throws: `LearningError` for sizes that disagree, values that are not finite, or options out of range.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64,
    width: Int = 1
  ) throws(LearningError) -> QuantileTrees {
    try checkTarget(target, rows: table.rowCount)
    let ascending = zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 }
    guard !levels.isEmpty, ascending, levels.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw .invalidOption("levels", found: "\(levels)", allowed: "ascending, in (0, 1)")
    }
    if !trees.linearFeatures.isEmpty {
      throw .invalidOption("linearFeatures", found: "\(trees.linearFeatures)", allowed: "empty for quantiles")
    }
    var run = try BoostingRun(table, trees, weights: weights, validation: validation, seed: seed, width: width)
    let loss = QuantileLoss(levels: levels, target: target, weights: weights)
    let middle = loss.middle
    let base = start(run.training.map { target[Int($0)] }.sorted(), middle: middle)
    let parameters = base.map { ScratchMemory<Double>(repeating: $0, count: table.rowCount) }
    let quantiles = ScratchMemory<Double>(repeating: 0, count: levels.count * table.rowCount)
    defer { withExtendedLifetime((parameters, quantiles)) {} }
    var forests = levels.map { _ in ForestBuilder() }
    var watch = EarlyStopping(patience: trees.patience)
    var counts = [levels.map { _ in 0 }]
    loss.setQuantiles(run, parameters, quantiles)
    if !run.validation.isEmpty {
      _ = watch.shouldStop(after: 0, score: run.sum(run.validation) { loss.value($0, quantiles) })
    }
    for round in 0..<trees.rounds {
      for output in levels.indices {
        // A lower gap must shrink where the middle may not fall: that keeps every quantile monotone.
        let slope = output < middle ? -1 : 1
        loss.setGradients(run, output, parameters[output], quantiles)
        var tree = run.grow(round: round, output: output, slope: slope)
        guard tree.nodes.count > 1 else { continue }
        let order = run.grower.order
        let constraints = run.table.features.map { trees.monotone.isEmpty ? 0 : slope * trees.monotone[$0] }
        tree.refit(constraints: constraints, pool: run.pool) { rows in
          let best = loss.bestStep(
            output, parameters[output], quantiles, UnsafeBufferPointer(rebasing: order[rows]))
          return output == middle ? best : log(min(max(best, 1 / Self.largestFactor), Self.largestFactor))
        }
        run.add(tree, scale: trees.learningRate, to: parameters[output])
        forests[output].append(tree, run.table, scale: trees.learningRate)
        loss.setQuantiles(run, parameters, quantiles)
      }
      counts.append(forests.map(\.treeCount))
      if !run.validation.isEmpty,
        watch.shouldStop(
          after: counts.count - 1, score: run.sum(run.validation) { loss.value($0, quantiles) })
      {
        break
      }
    }
    let kept = counts[run.validation.isEmpty ? counts.count - 1 : watch.best]
    var outputs: [BoostedTrees] = []
    for k in levels.indices {
      outputs.append(try forests[k].trees(table.names, baseScore: base[k], first: kept[k]))
    }
    if calibrates && !run.validation.isEmpty {
      for (k, shift) in shifts(of: outputs, table, loss, run).enumerated() {
        outputs[k] = try outputs[k].shiftingBase(by: shift)
      }
    }
    return try QuantileTrees(levels: levels, outputs: outputs)
  }

  /// What to add to each output for the least loss on the validation rows, from the middle outwards, twice.
  private func shifts(
    of outputs: [BoostedTrees], _ table: FeatureTable, _ loss: QuantileLoss, _ run: BoostingRun
  ) -> [Double] {
    let n = table.rowCount
    let parameters = outputs.map { output in
      let memory = ScratchMemory<Double>(n)
      for (row, value) in output.predict(table).enumerated() { memory.base[row] = value }
      return memory
    }
    let quantiles = ScratchMemory<Double>(repeating: 0, count: levels.count * n)
    defer { withExtendedLifetime((parameters, quantiles)) {} }
    let middle = loss.middle
    let order = Array(middle..<levels.count) + (0..<middle).reversed()
    var shifts = [Double](repeating: 0, count: levels.count)
    for output in order + order {
      loss.setQuantiles(run, parameters, quantiles)
      let best = run.validation.withUnsafeBufferPointer { loss.bestStep(output, parameters[output], quantiles, $0) }
      let shift = output == middle ? best : log(min(max(best, 1 / Self.largestFactor), Self.largestFactor))
      shifts[output] += shift
      for row in 0..<n { parameters[output].base[row] += shift }
    }
    return shifts
  }

  /// The middle quantile and the logs of gaps of all targets together.
  private func start(_ sorted: [Double], middle: Int) -> [Double] {
    let span = sorted[sorted.count - 1] - sorted[0]
    let floor = span > 0 ? 1e-6 * span : 1e-12
    let all = levels.map { quantile(ofSorted: sorted, $0) }
    var base = all
    for k in levels.indices where k != middle {
      base[k] = log(max(floor, k > middle ? all[k] - all[k - 1] : all[k + 1] - all[k]))
    }
    return base
  }
}

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
