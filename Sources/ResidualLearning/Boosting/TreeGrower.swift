/// Grows trees from gradients; all scratch memory is made once for many trees.
struct TreeGrower {
  /// A legal split and what its left side holds.
  private struct Split {
    var gain: Double
    var column: Int
    var bin: Int
    var missingLeft: Bool
    var levels: UInt64
    var left: [Int64]
  }

  /// A leaf that may still be split.
  private struct OpenLeaf {
    var node: Int
    var depth: Int
    var slot: Int
    var rows: Range<Int>
    var content: SplitSearch.Leaf
    var split: Split?
  }

  let table: BinnedTable
  let pool: HelperPool
  private let options: BoostingOptions
  private var search: SplitSearch
  private var slope = 1
  /// What a quotient of 1 is worth in the units of the loss.
  private var gainUnit = 1.0
  private var packed: PackedGradients
  private let histograms: Histograms
  private var partition: RowPartition
  private let searchScratch: ScratchMemory<Int64>

  /// The training rows of the last tree, each node's in one range and in ascending order.
  var order: UnsafeBufferPointer<UInt32> { partition.order }

  /// A grower for the training rows of a binned table.
  ///
  /// - Parameters:
  ///   - outputs: numbers a leaf holds.
  ///   - weights: one a row of the table; `nil` for 1.
  init(
    _ table: BinnedTable, options: BoostingOptions, rows: [UInt32], weights: [Double]?, outputs: Int = 1,
    pool: HelperPool = HelperPool(width: 1)
  ) {
    self.table = table
    self.options = options
    self.pool = pool
    packed = PackedGradients(outputs: outputs, weights: weights, rows: rows, rowCount: table.rowCount)
    // A leaf beyond what depth and rows allow needs no room.
    let byDepth = options.maxDepth < 20 ? 1 << options.maxDepth : options.maxLeaves
    let leaves = max(1, min(options.maxLeaves, byDepth, rows.count / options.minRows))
    histograms = Histograms(table, packed, slots: leaves + 1, pool: pool)
    partition = RowPartition(table, count: rows.count, pool: pool)
    searchScratch = ScratchMemory(pool.width * SplitSearch.scratchSize(planes: packed.planes))
    search = SplitSearch(
      table: table, outputs: outputs, isCounted: packed.planes > outputs, planeSize: histograms.planeSize,
      minRows: options.minRows, lambda: options.lambda / packed.weightUnit,
      minWeight: options.minWeight / packed.weightUnit, importance: [Double](repeating: 1, count: outputs),
      monotone: options.monotone.contains { $0 != 0 } ? table.features.map { options.monotone[$0] } : [])
  }

  /// Grows one tree.
  ///
  /// - Parameters:
  ///   - gradients: derivative of the loss by the score for each row, times its weight; one output after another.
  ///   - weights: second derivative for each row; `nil` for 1.
  ///   - rows: the rows drawn, ascending.
  ///   - columns: the binned columns drawn, ascending.
  ///   - slope: −1 turns the monotone constraints around.
  ///   - importance: what the squared gradients of each output count in the gain; empty for one output.
  mutating func grow(
    gradients: UnsafePointer<Double>, weights: [Double]?, rows: [UInt32], columns: [Int], slope: Int = 1,
    importance: [Double] = []
  ) -> Tree {
    var tree = Tree(outputs: search.outputs)
    if slope != self.slope {
      self.slope = slope
      search.monotone = search.monotone.map { -$0 }
    }
    partition.load(rows)
    tree.nodes[0].rows = 0..<rows.count
    if packed.load(gradients, rows: order, pool: pool) && !columns.isEmpty {
      weigh(importance)
      let content = SplitSearch.Leaf(sums: packed.sums(order), rowCount: rows.count)
      let root = OpenLeaf(node: 0, depth: 0, slot: 0, rows: 0..<rows.count, content: content)
      if canSplit(root) {
        fillHistogram(of: root, columns)
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

  /// Sets what the outputs count in a gain.
  private mutating func weigh(_ importance: [Double]) {
    if search.outputs == 1 {
      gainUnit = packed.gradientUnits[0] * packed.gradientUnits[0] / packed.weightUnit
      return
    }
    for k in 0..<search.outputs {
      search.importance[k] = packed.gradientUnits[k] * packed.gradientUnits[k] * importance[k] / packed.weightUnit
    }
    gainUnit = 1
  }

  // MARK: Growth

  /// Leaf-wise or depth-wise growth.
  private mutating func growLeaves(_ tree: inout Tree, _ root: OpenLeaf, _ columns: [Int]) {
    var open = [root]
    findSplits(&open, 0..<1, columns)
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
      let parent = open.remove(at: chosen)
      var (left, right) = apply(split, to: parent, in: &tree, freeSlot: leaves - 1)
      let goesOn = leaves < options.maxLeaves && (canSplit(left) || canSplit(right))
      if goesOn { makeHistograms(&left, &right, columns) }
      open += [left, right]
      if goesOn { findSplits(&open, (open.count - 2)..<open.count, columns) }
    }
  }

  /// Symmetric growth.
  private mutating func growLevels(_ tree: inout Tree, _ root: OpenLeaf, _ columns: [Int]) {
    var open = [root]
    var leaves = 1
    while !open.isEmpty {
      guard let split = bestLevelSplit(of: open, columns) else { return }
      let parts = open.map { part(of: split, in: $0) }
      let splits = parts.count { $0 != nil }
      if splits == 0 || leaves + splits > options.maxLeaves { return }
      var next: [OpenLeaf] = []
      for (leaf, part) in zip(open, parts) {
        guard let part else { continue }
        var (left, right) = apply(part, to: leaf, in: &tree, freeSlot: leaves)
        leaves += 1
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
    let child = tree.nodes.count
    tree.nodes[leaf.node].column = split.column
    tree.nodes[leaf.node].bin = split.bin
    tree.nodes[leaf.node].missingLeft = split.missingLeft
    tree.nodes[leaf.node].levels = split.levels
    tree.nodes[leaf.node].gain = split.gain
    tree.nodes[leaf.node].left = child
    let middle = partition.part(leaf.rows, by: tree.nodes[leaf.node])
    tree.nodes += [Tree.Node(), Tree.Node()]
    var left = SplitSearch.Leaf(
      sums: split.left, rowCount: middle - leaf.rows.lowerBound, lower: leaf.content.lower, upper: leaf.content.upper)
    var right = SplitSearch.Leaf(
      sums: zip(leaf.content.sums, split.left).map { $0 &- $1 }, rowCount: leaf.rows.upperBound - middle,
      lower: leaf.content.lower, upper: leaf.content.upper)
    if !search.monotone.isEmpty, search.monotone[split.column] != 0 {
      let between =
        (search.value(of: left.sums[0], in: leaf.content) + search.value(of: right.sums[0], in: leaf.content)) / 2
      if search.monotone[split.column] > 0 {
        left.upper = between
        right.lower = between
      } else {
        left.lower = between
        right.upper = between
      }
    }
    for (node, side) in [(child, left), (child + 1, right)] {
      let unit = packed.gradientUnits[0] / packed.weightUnit
      tree.nodes[node].lower = side.lower * unit
      tree.nodes[node].upper = side.upper * unit
    }
    tree.nodes[child].rows = leaf.rows.lowerBound..<middle
    tree.nodes[child + 1].rows = middle..<leaf.rows.upperBound
    let depth = leaf.depth + 1
    return (
      OpenLeaf(node: child, depth: depth, slot: leaf.slot, rows: tree.nodes[child].rows, content: left),
      OpenLeaf(node: child + 1, depth: depth, slot: freeSlot, rows: tree.nodes[child + 1].rows, content: right)
    )
  }

  // MARK: Histograms

  private func fillHistogram(of leaf: OpenLeaf, _ columns: [Int]) {
    histograms.fill(
      slot: leaf.slot, columns: columns, rows: UnsafeBufferPointer(rebasing: order[leaf.rows]),
      isWholeTable: leaf.rows.count == table.rowCount)
  }

  /// Sums the smaller child; the larger one is the parent less that.
  private func makeHistograms(_ left: inout OpenLeaf, _ right: inout OpenLeaf, _ columns: [Int]) {
    if left.rows.count <= right.rows.count { swap(&left.slot, &right.slot) }
    let (small, large) = left.rows.count <= right.rows.count ? (left, right) : (right, left)
    fillHistogram(of: small, columns)
    if canSplit(large) { histograms.subtract(small.slot, from: large.slot, columns: columns) }
  }

  // MARK: Splits

  /// Gain from the quotients of a split and of the whole, in the units of the loss; 0: not worth it.
  private func gain(children: Double, parent: Double) -> Double {
    let gain = 0.5 * (children - parent) * gainUnit - options.gamma
    // Below this the difference is rounding.
    return gain > 0 && children - parent > 1e-12 * children ? gain : 0
  }

  /// Finds the best split of some open leaves.
  private func findSplits(_ open: inout [OpenLeaf], _ leaves: Range<Int>, _ columns: [Int]) {
    let wanted = leaves.filter { canSplit(open[$0]) }
    guard !wanted.isEmpty else { return }
    let groups = pool.width == 1 ? 1 : min(columns.count, 2 * pool.width)
    let count = wanted.count * groups
    let stride = SplitSearch.scratchSize(planes: packed.planes)
    withUnsafeTemporaryAllocation(of: SplitSearch.Candidate.self, capacity: count) { found in
      let found = UnsafeMutableBufferPointer(rebasing: found[...])
      let all = open
      pool.run(count) { item, thread in
        let leaf = all[wanted[item / groups]]
        let group = item % groups
        var best = SplitSearch.Candidate(quotient: search.quotient(leaf.content))
        let lines = UnsafePointer(histograms.lines(leaf.slot))
        for i in (columns.count * group / groups)..<(columns.count * (group + 1) / groups) {
          search.improve(
            &best, column: columns[i], lines: lines, leaf: leaf.content,
            scratch: searchScratch.base + thread * stride)
        }
        found[item] = best
      }
      for (w, i) in wanted.enumerated() {
        var best = found[w * groups]
        for group in 1..<groups where found[w * groups + group].quotient > best.quotient {
          best = found[w * groups + group]
        }
        let won = gain(children: best.quotient, parent: search.quotient(open[i].content))
        open[i].split = best.column >= 0 && won > 0 ? split(best, of: open[i], gain: won) : nil
      }
    }
  }

  /// A candidate with the sums of its left side.
  private func split(_ candidate: SplitSearch.Candidate, of leaf: OpenLeaf, gain: Double) -> Split {
    let bins = table.cuts[candidate.column].count
    let lines = histograms.lines(leaf.slot) + candidate.column * table.stride
    var split = Split(
      gain: gain, column: candidate.column, bin: candidate.bin, missingLeft: candidate.missingLeft,
      levels: candidate.levels, left: [Int64](repeating: 0, count: packed.planes))
    for plane in 0..<packed.planes {
      let line = lines + plane * histograms.planeSize
      var sum = candidate.missingLeft ? line[bins] : 0
      for bin in 0..<bins {
        let goesLeft = candidate.levels == 0 ? bin <= candidate.bin : candidate.levels >> UInt64(bin) & 1 == 1
        if goesLeft { sum &+= line[bin] }
      }
      split.left[plane] = sum
    }
    // Where no row misses the value: to the heavier side, when equal to the right.
    if lines[bins] == 0 && options.growth != .symmetric {
      split.missingLeft = weightHalf(split.left[0]) > weightHalf(leaf.content.sums[0] &- split.left[0])
    }
    return split
  }

  /// The split with the largest summed gain over the leaves of a level.
  private func bestLevelSplit(of leaves: [OpenLeaf], _ columns: [Int]) -> SplitSearch.Candidate? {
    let stride = SplitSearch.scratchSize(planes: packed.planes)
    let size = SplitSearch.gainsSize
    let sums = ScratchMemory<Double>(pool.width * size)
    defer { withExtendedLifetime(sums) {} }
    var found = [SplitSearch.Candidate](repeating: SplitSearch.Candidate(quotient: 0), count: columns.count)
    found.withUnsafeMutableBufferPointer { found in
      let found = UnsafeMutableBufferPointer(rebasing: found[...])
      pool.run(columns.count) { i, thread in
        let column = columns[i]
        let gains = sums.base + thread * size
        gains.update(repeating: 0, count: size)
        for leaf in leaves {
          search.addGains(
            to: gains, column: column, lines: UnsafePointer(histograms.lines(leaf.slot)), leaf: leaf.content,
            scratch: searchScratch.base + thread * stride, gain: gain)
        }
        for bin in 0..<table.cuts[column].count {
          for missingLeft in [false, true] {
            let won = SplitSearch.gain(gains, bin: bin, missingLeft: missingLeft)
            if won > found[i].quotient {
              found[i] = SplitSearch.Candidate(quotient: won, column: column, bin: bin, missingLeft: missingLeft)
            }
          }
        }
      }
    }
    var best = SplitSearch.Candidate(quotient: 0)
    for candidate in found where candidate.quotient > best.quotient { best = candidate }
    guard best.column >= 0 else { return nil }
    let bins = table.cuts[best.column].count
    let misses = leaves.contains { histograms.lines($0.slot)[best.column * table.stride + bins] != 0 }
    if !misses {
      var balance: Int64 = 0
      for leaf in leaves {
        let left = split(best, of: leaf, gain: 0).left[0]
        balance += 2 * weightHalf(left) - weightHalf(leaf.content.sums[0])
      }
      best.missingLeft = balance > 0
    }
    return best
  }

  /// The level's split for one leaf; nil where it may not part that leaf.
  private func part(of candidate: SplitSearch.Candidate, in leaf: OpenLeaf) -> Split? {
    let stride = SplitSearch.scratchSize(planes: packed.planes)
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: SplitSearch.gainsSize) { gains in
      guard let base = gains.baseAddress else { return nil }
      base.initialize(repeating: 0, count: SplitSearch.gainsSize)
      search.addGains(
        to: base, column: candidate.column, lines: UnsafePointer(histograms.lines(leaf.slot)), leaf: leaf.content,
        scratch: searchScratch.base + 0 * stride, gain: gain)
      let won = SplitSearch.gain(base, bin: candidate.bin, missingLeft: candidate.missingLeft)
      return won > 0 ? split(candidate, of: leaf, gain: won) : nil
    }
  }

  // MARK: Values

  /// Leaf values from the gradients themselves, summed in the stored order of the rows.
  private func setValues(_ tree: inout Tree, gradients: UnsafePointer<Double>, weights: [Double]?) {
    let outputs = tree.outputs
    let count = tree.nodes.count
    let n = table.rowCount
    let order = order
    let nodes = tree.nodes
    let lambda = options.lambda
    tree.values = [Double](repeating: 0, count: count * outputs)
    var covers = [Double](repeating: 0, count: count)
    tree.values.withUnsafeMutableBufferPointer { values in
      covers.withUnsafeMutableBufferPointer { covers in
        let values = UnsafeMutableBufferPointer(rebasing: values[...])
        let covers = UnsafeMutableBufferPointer(rebasing: covers[...])
        pool.run(count) { i, _ in
          guard nodes[i].left == 0 else { return }
          let rows = UnsafeBufferPointer(rebasing: order[nodes[i].rows])
          var h = Double(rows.count)
          if let weights {
            h = 0
            for row in rows { h += weights[Int(row)] }
          }
          covers[i] = h
          guard h + lambda > 0 else { return }
          for k in 0..<outputs {
            let line = gradients + k * n
            var g = 0.0
            for row in rows { g += line[Int(truncatingIfNeeded: row)] }
            values[i * outputs + k] = -g / (h + lambda)
          }
          values[i * outputs] = min(max(values[i * outputs], nodes[i].lower), nodes[i].upper)
        }
      }
    }
    for i in tree.nodes.indices.reversed() {
      let left = tree.nodes[i].left
      if left != 0 { covers[i] = covers[left] + covers[left + 1] }
      tree.nodes[i].cover = covers[i]
    }
  }
}
