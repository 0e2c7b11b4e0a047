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
  ///   - width: number of threads; the result has the same bits for any. More than one pays from some 10 000 rows; for
  ///     many small fits use `parallelMap` around them.
  /// - Throws: `LearningError` for sizes that disagree, values that are not finite, or options out of range.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]?, validation: [Bool]? = nil, stream seed: UInt64,
    width: Int = 1
  ) throws(LearningError) -> BoostedTrees {
    try checkTarget(target, rows: table.rowCount)
    var run = try BoostingRun(table, self, weights: weights, validation: validation, seed: seed, width: width)
    let n = table.rowCount
    func weighted(_ row: Int, _ value: Double) -> Double { weights.map { $0[row] * value } ?? value }
    let base = run.sum(run.training) { weighted($0, target[$0]) } / run.sum(run.training) { weighted($0, 1) }
    let scores = ScratchMemory<Double>(repeating: base, count: n)
    defer { withExtendedLifetime(scores) {} }
    let slopes = try columns(linearFeatures, table)
    let spreads = slopes.map { squaredSpread(table, $0, run.training) }
    var forest = ForestBuilder()
    var watch = EarlyStopping(patience: patience)
    func validationError() -> Double {
      run.sum(run.validation) {
        let error = scores.base[$0] - target[$0]
        return weighted($0, error * error)
      }
    }
    if !run.validation.isEmpty { _ = watch.shouldStop(after: 0, score: validationError()) }
    for round in 0..<rounds {
      setGradients(run, scores.base, target, weights)
      var tree = run.grow(round: round)
      guard tree.nodes.count > 1 else { continue }
      if !slopes.isEmpty {
        tree.slopes = LeafSlopes(
          tree, columns: slopes, order: run.grower.order, gradients: run.gradients.base, weights: weights,
          features: table, penalty: linearPenalty, scales: spreads)
      }
      run.add(tree, scale: learningRate, to: scores)
      forest.append(tree, run.table, scale: learningRate)
      if !run.validation.isEmpty, watch.shouldStop(after: forest.treeCount, score: validationError()) { break }
    }
    let kept = run.validation.isEmpty ? forest.treeCount : watch.best
    return try forest.trees(table.names, baseScore: base, first: kept)
  }

  /// The gradients of the squared loss.
  private func setGradients(
    _ run: BoostingRun, _ scores: UnsafePointer<Double>, _ target: [Double], _ weights: [Double]?
  ) {
    let gradients = run.gradients.base
    let n = run.rowCount
    let chunk = PackedGradients.chunk
    target.withUnsafeBufferPointer { target in
      run.pool.run((n + chunk - 1) / chunk) { item, _ in
        let rows = (item * chunk)..<min(n, (item + 1) * chunk)
        if let weights {
          for i in rows { gradients[i] = weights[i] * (scores[i] - target[i]) }
        } else {
          for i in rows { gradients[i] = scores[i] - target[i] }
        }
      }
    }
  }
}

/// The variance of a column over rows, missing and infinite values left out.
private func squaredSpread(_ table: FeatureTable, _ column: Int, _ rows: [UInt32]) -> Double {
  let values = rows.compactMap { table.finite(Int($0), column) }
  guard !values.isEmpty else { return 0 }
  let mean = values.reduce(0, +) / Double(values.count)
  return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
}

/// Checks one finite target a row, small enough for squares to be finite.
func checkTarget(_ target: [Double], rows: Int) throws(LearningError) {
  if target.count != rows { throw .sizes("\(target.count) targets for \(rows) rows") }
  if let row = target.firstIndex(where: { !$0.isFinite }) { throw .notFinite("target", row: row) }
  if let row = target.firstIndex(where: { abs($0) > 1e100 }) {
    throw .numericalFailure("the target \(target[row]) of row \(row) is beyond ±1e100; scale the targets")
  }
}
