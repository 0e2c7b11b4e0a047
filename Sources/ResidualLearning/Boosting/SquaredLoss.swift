extension BoostingOptions {
  /// Fits trees to a target by squared loss, starting from its weighted mean.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing.
  ///   - target: one finite value a row.
  ///   - weights: one finite value ≥ 0 a row, best with mean 1; a whole number is as good as repeating the row;
  ///     `nil` for 1. A row of weight 0 is not learnt from.
  ///   - validation: rows to watch instead of learning from, by whole groups; the number of trees with their least
  ///     squared error is kept.
  ///   - seed: of the draws of rows and columns.
  /// - Throws: `LearningError` for sizes that disagree, values that are not finite, or options out of range.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64
  ) throws(LearningError) -> BoostedTrees {
    try checkTarget(target, rows: table.rowCount)
    var run = try BoostingRun(table, self, weights: weights, validation: validation, seed: seed)
    var sum = 0.0
    var total = 0.0
    for row in run.training {
      let weight = weights?[Int(row)] ?? 1
      sum += weight * target[Int(row)]
      total += weight
    }
    let base = sum / total
    var scores = [Double](repeating: base, count: table.rowCount)
    var gradients = scores
    var forest = ForestBuilder()
    var watch = EarlyStopping(patience: patience)
    func validationError() -> Double? {
      run.validation.isEmpty
        ? nil
        : run.validation.reduce(0) { sum, row in
          let error = scores[Int(row)] - target[Int(row)]
          return sum + (weights?[Int(row)] ?? 1) * error * error
        }
    }
    if let error = validationError() { _ = watch.shouldStop(after: 0, score: error) }
    for round in 0..<rounds {
      for row in gradients.indices { gradients[row] = (weights?[row] ?? 1) * (scores[row] - target[row]) }
      let tree = run.grow(gradients, round: round)
      guard tree.nodes.count > 1 else { continue }
      tree.add(to: &scores, run.table, scale: learningRate)
      forest.append(tree, run.table, scale: learningRate)
      if let error = validationError(), watch.shouldStop(after: forest.treeCount, score: error) { break }
    }
    let kept = run.validation.isEmpty ? forest.treeCount : watch.best
    return try forest.trees(table.names, baseScore: base, first: kept)
  }
}

/// Checks one finite target a row, small enough for squares to be finite.
func checkTarget(_ target: [Double], rows: Int) throws(LearningError) {
  if target.count != rows { throw .sizes("\(target.count) targets for \(rows) rows") }
  if let row = target.firstIndex(where: { !$0.isFinite }) { throw .notFinite("target", row: row) }
  if let row = target.firstIndex(where: { abs($0) > 1e100 }) {
    throw .numericalFailure("the target \(target[row]) of row \(row) is beyond ±1e100; scale the targets")
  }
}
