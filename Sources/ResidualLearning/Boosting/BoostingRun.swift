/// What the rounds of one fit share: the rows, their bins, the gradients and the grower.
struct BoostingRun {
  let options: BoostingOptions
  let seed: UInt64
  let weights: [Double]?
  /// Rows to learn from, ascending.
  let training: [UInt32]
  /// Rows to watch, ascending.
  let validation: [UInt32]
  /// Derivatives of the loss for each row, times its weight; one plane after another.
  let gradients: ScratchMemory<Double>
  let pool: HelperPool
  private(set) var grower: TreeGrower
  private let features: FeatureTable
  private let columns: [UInt32]
  /// The bin of missing values, by column.
  private let missing: [Int]
  /// Rows of the table to score that the last tree did not learn from.
  private var absent: [UInt32] = []

  var table: BinnedTable { grower.table }
  var rowCount: Int { table.rowCount }

  init(
    _ table: FeatureTable, _ options: BoostingOptions, weights: [Double]?, validation: [Bool]?, seed: UInt64,
    planes: Int = 1, sharedTrees: Bool = false, width: Int = 1, bins: BinnedTable? = nil
  ) throws(LearningError) {
    try options.check(table)
    let n = table.rowCount
    if n >= 1 << 30 { throw .sizes("\(n) rows; at most 2³⁰ − 1 are possible") }
    if let weights {
      if weights.count != n { throw .sizes("\(weights.count) weights for \(n) rows") }
      for (row, weight) in weights.enumerated() where !(weight >= 0 && weight.isFinite) {
        throw .invalidWeight(weight, row: row)
      }
    }
    if let validation, validation.count != n { throw .sizes("\(validation.count) validation marks for \(n) rows") }
    var training: [UInt32] = []
    var watched: [UInt32] = []
    training.reserveCapacity(n)
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
    features = table
    pool = HelperPool(width: width)
    let binned: BinnedTable
    if let bins {
      binned = bins
    } else {
      binned = try BinnedTable(
        table, rows: training, maxBins: options.maxBins, minRowsPerBin: options.minRowsPerBin,
        categorical: options.columns(options.categoricalFeatures, table), pool: pool)
    }
    gradients = ScratchMemory(repeating: 0, count: planes * n)
    grower = TreeGrower(
      binned, options: options, rows: training, weights: weights, outputs: sharedTrees ? planes : 1, pool: pool)
    columns = (0..<binned.features.count).map { UInt32($0) }
    missing = binned.cuts.map { $0.count }
  }

  /// Grows the tree of one round from a plane of `gradients`, a shared one from all; `output` tells apart trees of the same round, and a `slope` of −1
  /// turns the monotone constraints around.
  ///
  /// - Parameters:
  ///   - importance: what the squared gradients of each plane count in the gain of a shared tree.
  ///   - barred: whether columns with a constraint are left out.
  mutating func grow(
    round: Int, output: Int = 0, plane: Int = 0, slope: Int = 1, importance: [Double] = [],
    barringConstrained barred: Bool = false
  ) -> Tree {
    let rows = sample(
      training, of: rowCount, share: options.rowSubsample, seed: seed, purpose: "boosting rows", round: round)
    var drawn = sample(
      columns, of: columns.count, share: options.columnSubsample, seed: seed, purpose: "boosting columns \(output)",
      round: round
    ).map { Int($0) }
    if barred { drawn.removeAll { options.monotone[table.features[$0]] != 0 } }
    if rows.count < training.count || round == 0 { absent = others(than: rows) }
    return grower.grow(
      gradients: UnsafePointer(gradients.base + plane * rowCount), weights: weights, rows: rows, columns: drawn,
      slope: slope,
      importance: importance)
  }

  private func others(than rows: [UInt32]) -> [UInt32] {
    if rows.count == training.count { return validation }
    var isDrawn = [Bool](repeating: false, count: rowCount)
    for row in rows { isDrawn[Int(row)] = true }
    return training.filter { !isDrawn[Int($0)] } + validation
  }

  /// Adds `scale` times the tree's values to the score of each training and validation row; for the tree grown last.
  func add(_ tree: Tree, output: Int = 0, scale: Double, to scores: ScratchMemory<Double>) {
    let target = scores.base
    forEachRow(of: tree, output: output) { row, value in target[row] += scale * value }
  }

  /// Writes the tree's value of each training and validation row; for the tree grown last.
  func write(_ tree: Tree, output: Int, to values: UnsafeMutablePointer<Double>) {
    forEachRow(of: tree, output: output) { row, value in values[row] = value }
  }

  @inline(__always)
  private func forEachRow(of tree: Tree, output: Int, _ visit: (Int, Double) -> Void) {
    let order = grower.order
    let outputs = tree.outputs
    let nodes = tree.nodes
    let values = tree.values
    let slopes = tree.slopes
    pool.run(nodes.count) { i, _ in
      guard nodes[i].left == 0 else { return }
      let value = values[i * outputs + output]
      if let slopes {
        for row in order[nodes[i].rows] { visit(Int(row), slopes.value(value, leaf: i, features, row: Int(row))) }
      } else {
        for row in order[nodes[i].rows] { visit(Int(truncatingIfNeeded: row), value) }
      }
    }
    guard !absent.isEmpty else { return }
    let chunk = PackedGradients.chunk
    pool.run((absent.count + chunk - 1) / chunk) { item, _ in
      table.bins.withUnsafeBufferPointer { bins in
        nodes.withUnsafeBufferPointer { nodes in
          missing.withUnsafeBufferPointer { missing in
            guard let nodes = nodes.baseAddress else { return }
            for k in (item * chunk)..<min(absent.count, (item + 1) * chunk) {
              let row = Int(absent[k])
              var leaf = 0
              if let bins = bins.baseAddress, let missing = missing.baseAddress {
                leaf = tree.leaf(of: row, nodes, bins, rowCount: rowCount, missing: missing)
              }
              let value = values[leaf * outputs + output]
              visit(row, slopes?.value(value, leaf: leaf, features, row: row) ?? value)
            }
          }
        }
      }
    }
  }

  /// The sum of a value over rows, in chunks of fixed size added in their order: the same bits at any width.
  func sum(_ rows: [UInt32], _ value: (Int) -> Double) -> Double {
    let chunk = PackedGradients.chunk
    let chunks = (rows.count + chunk - 1) / chunk
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: chunks) { partial in
      let partial = UnsafeMutableBufferPointer(rebasing: partial[...])
      pool.run(chunks) { item, _ in
        var sum = 0.0
        for i in (item * chunk)..<min(rows.count, (item + 1) * chunk) { sum += value(Int(rows[i])) }
        partial[item] = sum
      }
      return partial.reduce(0, +)
    }
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
