/// What the rounds of one fit share: the rows, their bins and the grower.
struct BoostingRun {
  let options: BoostingOptions
  let seed: UInt64
  let weights: [Double]?
  /// Rows to learn from, ascending.
  let training: [UInt32]
  /// Rows to watch, ascending.
  let validation: [UInt32]
  var grower: TreeGrower
  private let columns: [UInt32]

  var table: BinnedTable { grower.table }

  init(
    _ table: FeatureTable, _ options: BoostingOptions, weights: [Double]?, validation: [Bool]?, seed: UInt64
  ) throws(LearningError) {
    try options.check(columns: table.columnCount)
    let n = table.rowCount
    if n >= 1 << 30 { throw .sizes("\(n) rows; at most 2³⁰ − 1 are possible") }
    if table.columnCount > 65_536 { throw .sizes("\(table.columnCount) columns; at most 65536 are possible") }
    if let weights {
      if weights.count != n { throw .sizes("\(weights.count) weights for \(n) rows") }
      for (row, weight) in weights.enumerated() where !(weight >= 0 && weight.isFinite) {
        throw .invalidWeight(weight, row: row)
      }
    }
    if let validation, validation.count != n { throw .sizes("\(validation.count) validation marks for \(n) rows") }
    var training: [UInt32] = []
    var watched: [UInt32] = []
    for row in 0..<n where weights?[row] != 0 {
      if validation?[row] == true { watched.append(UInt32(row)) } else { training.append(UInt32(row)) }
    }
    if training.isEmpty { throw .empty("none of \(n) rows has weight to learn from") }
    let total = training.reduce(0.0) { $0 + (weights?[Int($1)] ?? 1) }
    guard total > 1e-100 && total < 1e100 else {
      throw .numericalFailure("the weights sum to \(total); scale them to a mean of 1")
    }
    self.options = options
    self.seed = seed
    self.weights = weights
    self.training = training
    self.validation = watched
    let binned = BinnedTable(table, rows: training, maxBins: options.maxBins, minRowsPerBin: options.minRowsPerBin)
    grower = TreeGrower(binned, options: options, rows: training, weights: weights)
    columns = (0..<binned.features.count).map { UInt32($0) }
  }

  /// Grows the tree of one round from weighted gradients; `output` tells apart trees of the same round, and a `slope` of
  /// −1 turns the monotone constraints around.
  mutating func grow(_ gradients: [Double], round: Int, output: Int = 0, slope: Int = 1) -> Tree {
    let rows = sample(
      training, of: table.rowCount, share: options.rowSubsample, seed: seed, purpose: "boosting rows", round: round)
    let drawn = sample(
      columns, of: columns.count, share: options.columnSubsample, seed: seed, purpose: "boosting columns \(output)",
      round: round)
    return grower.grow(gradients: gradients, weights: weights, rows: rows, columns: drawn.map { Int($0) }, slope: slope)
  }
}

/// Remembers the best validation score and when patience runs out.
struct EarlyStopping {
  let patience: Int
  private(set) var best = 0
  private var bestScore = Double.infinity
  private var waited = 0

  init(patience: Int) { self.patience = patience }

  /// Takes the score after a number of trees, lower is better; true when it is time to stop.
  mutating func shouldStop(after trees: Int, score: Double) -> Bool {
    if score < bestScore {
      bestScore = score
      best = trees
      waited = 0
    } else {
      waited += 1
    }
    return waited >= patience
  }
}
