/// Grows trees from gradients; all scratch memory is made once for many trees.
struct TreeGrower {
  /// A legal split and what its left side holds.
  private struct Split {
    var gain: Double
    var column: Int
    var bin: Int
    var missingLeft: Bool
    var left: Int64
  }

  /// A leaf that may still be split.
  private struct OpenLeaf {
    var node: Int
    var depth: Int
    var slot: Int
    var sum: Int64
    var rows: Range<Int>
    /// Allowed values, in units of the packed sums.
    var lower = -Double.infinity
    var upper = Double.infinity
    var split: Split?
  }

  let table: BinnedTable
  private let options: BoostingOptions
  /// Sign of the allowed slope by binned column; empty without constraints.
  private var monotone: [Int]
  private var slope = 1
  private var packed: PackedGradients
  private var histograms: Histograms
  /// The training rows of the tree, each node's in one range and in ascending order.
  private(set) var order: [UInt32] = []
  private var orderScratch: [UInt32]
  private var words: [Int64]

  /// A grower for the training rows of a binned table; `weights` is of all rows, `nil` for weight 1.
  init(_ table: BinnedTable, options: BoostingOptions, rows: [UInt32], weights: [Double]?) {
    self.table = table
    self.options = options
    monotone = options.monotone.contains { $0 != 0 } ? table.features.map { options.monotone[$0] } : []
    packed = PackedGradients(weights: weights, rows: rows, rowCount: table.rowCount)
    // A leaf beyond what depth and rows allow needs no room.
    let byDepth = options.maxDepth < 20 ? 1 << options.maxDepth : options.maxLeaves
    let leaves = max(1, min(options.maxLeaves, byDepth, rows.count / options.minRows))
    histograms = Histograms(slots: leaves + 1, stride: table.slotCount, counted: !packed.weightIsCount)
    orderScratch = [UInt32](repeating: 0, count: rows.count)
    words = [Int64](repeating: 0, count: rows.count)
  }

  /// Grows one tree.
  ///
  /// - Parameters:
  ///   - gradients: derivative of the loss by the score for each row, times its weight.
  ///   - weights: second derivative for each row; `nil` for 1.
  ///   - rows: the rows drawn, ascending.
  ///   - columns: the binned columns drawn, ascending.
  ///   - slope: −1 turns the monotone constraints around.
  mutating func grow(gradients: [Double], weights: [Double]?, rows: [UInt32], columns: [Int], slope: Int = 1) -> Tree {
    var tree = Tree()
    if slope != self.slope {
      self.slope = slope
      monotone = monotone.map { -$0 }
    }
    order = rows
    tree.nodes[0].rows = 0..<rows.count
    if packed.load(gradients, rows: rows) && !columns.isEmpty {
      var root = OpenLeaf(node: 0, depth: 0, slot: 0, sum: 0, rows: 0..<rows.count)
      for row in rows { root.sum &+= packed.words[Int(row)] }
      if canSplit(root) {
        fillHistogram(of: root, columns: columns)
        if options.growth == .symmetric {
          growLevels(&tree, root, columns)
        } else {
          growLeaves(&tree, root, columns)
        }
      }
    }
    setValues(&tree, gradients: gradients, weights: weights)
    return tree
  }

  // MARK: Growth

  /// Leaf-wise or depth-wise growth.
  private mutating func growLeaves(_ tree: inout Tree, _ root: OpenLeaf, _ columns: [Int]) {
    var open = [root]
    open[0].split = bestSplit(of: root, columns)
    var leaves = 1
    while leaves < options.maxLeaves {
      // Ties go to the older leaf; depth-wise the order of age is the order of levels.
      var chosen = -1
      for i in open.indices {
        guard let gain = open[i].split?.gain else { continue }
        if chosen < 0 || (options.growth == .leafWise && gain > (open[chosen].split?.gain ?? 0)) { chosen = i }
      }
      guard chosen >= 0, let split = open[chosen].split else { return }
      leaves += 1
      var (left, right) = apply(split, to: open[chosen], in: &tree, freeSlot: leaves - 1)
      open.remove(at: chosen)
      if leaves < options.maxLeaves && (canSplit(left) || canSplit(right)) {
        makeHistograms(&left, &right, columns)
        if canSplit(left) { left.split = bestSplit(of: left, columns) }
        if canSplit(right) { right.split = bestSplit(of: right, columns) }
      }
      open += [left, right]
    }
  }

  /// Symmetric growth.
  private mutating func growLevels(_ tree: inout Tree, _ root: OpenLeaf, _ columns: [Int]) {
    var open = [root]
    var slots = 1
    while !open.isEmpty {
      guard let split = bestLevelSplit(of: open, columns) else { return }
      let parts = open.map { leftSum(of: split, in: $0) }
      if slots + parts.filter({ $0 != nil }).count > options.maxLeaves { return }
      var next: [OpenLeaf] = []
      for (leaf, part) in zip(open, parts) {
        guard let part else { continue }
        var (left, right) = apply(part, to: leaf, in: &tree, freeSlot: slots)
        slots += 1
        if canSplit(left) || canSplit(right) { makeHistograms(&left, &right, columns) }
        next += [left, right].filter { canSplit($0) }
      }
      open = next
    }
  }

  private func canSplit(_ leaf: OpenLeaf) -> Bool {
    leaf.depth < options.maxDepth && leaf.rows.count >= 2 * options.minRows
  }

  /// Parts the rows of a leaf and gives its two children; they share its slot and `freeSlot` in no order yet.
  private mutating func apply(
    _ split: Split, to leaf: OpenLeaf, in tree: inout Tree, freeSlot: Int
  ) -> (left: OpenLeaf, right: OpenLeaf) {
    let middle = Self.partition(&order, leaf.rows, by: split, table, scratch: &orderScratch)
    let child = tree.nodes.count
    tree.nodes[leaf.node].column = split.column
    tree.nodes[leaf.node].bin = split.bin
    tree.nodes[leaf.node].missingLeft = split.missingLeft
    tree.nodes[leaf.node].gain = split.gain
    tree.nodes[leaf.node].left = child
    tree.nodes += [Tree.Node(), Tree.Node()]
    var left = OpenLeaf(
      node: child, depth: leaf.depth + 1, slot: leaf.slot, sum: split.left, rows: leaf.rows.lowerBound..<middle,
      lower: leaf.lower, upper: leaf.upper)
    var right = OpenLeaf(
      node: child + 1, depth: leaf.depth + 1, slot: freeSlot, sum: leaf.sum &- split.left,
      rows: middle..<leaf.rows.upperBound, lower: leaf.lower, upper: leaf.upper)
    if !monotone.isEmpty, monotone[split.column] != 0 {
      let between = (value(of: left.sum, in: leaf) + value(of: right.sum, in: leaf)) / 2
      if monotone[split.column] > 0 {
        left.upper = between
        right.lower = between
      } else {
        left.lower = between
        right.upper = between
      }
    }
    for side in [left, right] {
      let unit = packed.gradientUnit / packed.weightUnit
      tree.nodes[side.node].rows = side.rows
      tree.nodes[side.node].lower = side.lower * unit
      tree.nodes[side.node].upper = side.upper * unit
    }
    return (left, right)
  }

  /// Parts a range of rows stably, without a branch; returns the first index of the right side.
  private static func partition(
    _ order: inout [UInt32], _ range: Range<Int>, by split: Split, _ table: BinnedTable, scratch: inout [UInt32]
  ) -> Int {
    let missing = table.cuts[split.column].count
    let base = split.column * table.rowCount
    let bins = table.bins.span
    var rows = order.mutableSpan
    var others = scratch.mutableSpan
    var left = range.lowerBound
    var right = 0
    for i in range {
      let row = rows[i]
      let bin = Int(bins[base &+ Int(row)])
      let goesLeft = bin == missing ? split.missingLeft : bin <= split.bin
      rows[left] = row
      others[right] = row
      left &+= goesLeft ? 1 : 0
      right &+= goesLeft ? 0 : 1
    }
    for i in 0..<right { rows[left &+ i] = others[i] }
    return left
  }

  // MARK: Histograms

  private mutating func fillHistogram(of leaf: OpenLeaf, columns: [Int]) {
    for i in leaf.rows { words[i] = packed.words[Int(order[i])] }
    histograms.fill(slot: leaf.slot, table: table, columns: columns, rows: order, words: words, range: leaf.rows)
  }

  /// Fills the histogram of the child with fewer rows; the other's is what remains of the parent's.
  private mutating func makeHistograms(_ left: inout OpenLeaf, _ right: inout OpenLeaf, _ columns: [Int]) {
    if left.rows.count <= right.rows.count { swap(&left.slot, &right.slot) }
    let small = left.rows.count <= right.rows.count ? left : right
    let large = left.rows.count <= right.rows.count ? right : left
    fillHistogram(of: small, columns: columns)
    if canSplit(large) { histograms.subtract(small.slot, from: large.slot, table: table, columns: columns) }
  }

  // MARK: Splits

  /// G²/(H+λ) of a leaf, or what its bounds leave of it, in units of the packed sums.
  @inline(__always)
  private func score(_ gradient: Double, _ penalised: Double, _ leaf: OpenLeaf) -> Double {
    let value = min(max(-gradient / penalised, leaf.lower), leaf.upper)
    return -(2 * gradient + penalised * value) * value
  }

  private func value(of sum: Int64, in leaf: OpenLeaf) -> Double {
    let penalised = Double(weightHalf(sum)) + options.lambda / packed.weightUnit
    return min(max(-Double(gradientHalf(sum)) / penalised, leaf.lower), leaf.upper)
  }

  /// Gain of a split from the scores of its sides and of the whole, in the units of the loss; nil: not worth it.
  private func gain(children: Double, parent: Double) -> Double? {
    let unit = packed.gradientUnit * packed.gradientUnit / packed.weightUnit
    let gain = 0.5 * (children - parent) * unit - options.gamma
    // Below this the difference is rounding.
    return gain > 0 && children - parent > 1e-12 * children ? gain : nil
  }

  /// The best split of one leaf; ties go to the lower column, then the lower bin, then missing on the right.
  private func bestSplit(of leaf: OpenLeaf, _ columns: [Int]) -> Split? {
    let lambda = options.lambda / packed.weightUnit
    let g = Double(gradientHalf(leaf.sum))
    let h = Double(weightHalf(leaf.sum)) + 2 * lambda
    let leastWeight = options.minWeight / packed.weightUnit + lambda
    var best = -Double.infinity
    var bestColumn = -1
    var bestBin = 0
    var bestMissingLeft = false
    var bestLeft: Int64 = 0
    let constrained = !monotone.isEmpty
    for column in columns {
      let sign = constrained ? monotone[column] : 0
      histograms.forEachSplit(
        slot: leaf.slot, table: table, column: column, rows: leaf.rows.count, minRows: options.minRows,
        skippingEmpty: true
      ) { bin, missingLeft, left in
        let gl = Double(gradientHalf(left))
        let hl = Double(weightHalf(left)) + lambda
        let gr = g - gl
        let hr = h - hl
        let quotient: Double
        if constrained {
          if sign != 0 {
            let rise = value(of: leaf.sum &- left, in: leaf) - value(of: left, in: leaf)
            if Double(sign) * rise < 0 { return }
          }
          quotient = score(gl, hl, leaf) + score(gr, hr, leaf)
        } else {
          let numerator = gl * gl * hr + gr * gr * hl
          let denominator = hl * hr
          // The product spares the division; the quotient decides, so that equal ones tie.
          guard numerator > best * denominator else { return }
          quotient = numerator / denominator
        }
        if quotient > best && hl >= leastWeight && hr >= leastWeight {
          best = quotient
          bestColumn = column
          bestBin = bin
          bestMissingLeft = missingLeft
          bestLeft = left
        }
      }
    }
    guard bestColumn >= 0, let gain = gain(children: best, parent: score(g, h - lambda, leaf)) else { return nil }
    return Split(
      gain: gain, column: bestColumn, bin: bestBin,
      missingLeft: missingDirection(leaf, bestColumn, bestLeft) ?? bestMissingLeft, left: bestLeft)
  }

  /// Where missing values go if no row of the leaf misses the value: to the heavier side, when equal to the right.
  private func missingDirection(_ leaf: OpenLeaf, _ column: Int, _ left: Int64) -> Bool? {
    if histograms.missingWord(slot: leaf.slot, table: table, column: column) != 0 { return nil }
    return weightHalf(left) > weightHalf(leaf.sum &- left)
  }

  /// The split with the largest summed gain over the leaves it may part.
  private func bestLevelSplit(of leaves: [OpenLeaf], _ columns: [Int]) -> Split? {
    let lambda = options.lambda / packed.weightUnit
    let minWeight = options.minWeight / packed.weightUnit
    var best: Split?
    for column in columns {
      var gains = [Double](repeating: 0, count: 2 * table.cuts[column].count)
      let sign = monotone.isEmpty ? 0 : monotone[column]
      for leaf in leaves {
        let g = Double(gradientHalf(leaf.sum))
        let h = Double(weightHalf(leaf.sum)) + lambda
        let parent = score(g, h, leaf)
        histograms.forEachSplit(
          slot: leaf.slot, table: table, column: column, rows: leaf.rows.count, minRows: options.minRows,
          skippingEmpty: false
        ) { bin, missingLeft, left in
          let gl = Double(gradientHalf(left))
          let hl = Double(weightHalf(left)) + lambda
          let hr = h + lambda - hl
          if hl - lambda < minWeight || hr - lambda < minWeight { return }
          let rise = value(of: leaf.sum &- left, in: leaf) - value(of: left, in: leaf)
          if Double(sign) * rise < 0 { return }
          let children = score(gl, hl, leaf) + score(g - gl, hr, leaf)
          let won = gain(children: children, parent: parent) ?? 0
          gains[2 * bin + (missingLeft ? 1 : 0)] += won
        }
      }
      for (i, won) in gains.enumerated() where won > best?.gain ?? 0 {
        best = Split(gain: won, column: column, bin: i / 2, missingLeft: i % 2 == 1, left: 0)
      }
    }
    return best
  }

  /// The level's split for one leaf with the sum of its left side; nil where it may not part that leaf.
  private func leftSum(of split: Split, in leaf: OpenLeaf) -> Split? {
    let lambda = options.lambda / packed.weightUnit
    let sign = monotone.isEmpty ? 0 : monotone[split.column]
    let g = Double(gradientHalf(leaf.sum))
    let h = Double(weightHalf(leaf.sum)) + lambda
    let misses = histograms.missingWord(slot: leaf.slot, table: table, column: split.column) != 0
    var found: Split?
    histograms.forEachSplit(
      slot: leaf.slot, table: table, column: split.column, rows: leaf.rows.count, minRows: options.minRows,
      skippingEmpty: false
    ) { bin, missingLeft, left in
      guard bin == split.bin, missingLeft == split.missingLeft || !misses else { return }
      let hl = Double(weightHalf(left)) + lambda
      let gl = Double(gradientHalf(left))
      if min(hl, h + lambda - hl) - lambda < options.minWeight / packed.weightUnit { return }
      let rise = value(of: leaf.sum &- left, in: leaf) - value(of: left, in: leaf)
      let children = score(gl, hl, leaf) + score(g - gl, h + lambda - hl, leaf)
      guard Double(sign) * rise >= 0, let won = gain(children: children, parent: score(g, h, leaf)) else { return }
      found = split
      found?.left = left
      found?.gain = won
      found?.missingLeft = missingDirection(leaf, split.column, left) ?? split.missingLeft
    }
    return found
  }

  // MARK: Values

  /// Leaf values from the gradients themselves, summed in the stored order of the rows.
  private func setValues(_ tree: inout Tree, gradients: [Double], weights: [Double]?) {
    for i in tree.nodes.indices {
      var g = 0.0
      var h = 0.0
      for row in order[tree.nodes[i].rows] {
        g += gradients[Int(row)]
        h += weights?[Int(row)] ?? 1
      }
      tree.nodes[i].cover = h
      guard tree.nodes[i].left == 0, h + options.lambda > 0 else { continue }
      tree.nodes[i].value = min(max(-g / (h + options.lambda), tree.nodes[i].lower), tree.nodes[i].upper)
    }
  }
}
