/// A grown tree: nodes with children after their parent, the right child next to the left one.
struct Tree {
  /// A split or a leaf.
  struct Node {
    /// Binned column the node splits, and the last bin that goes left.
    var column = 0
    var bin = 0
    /// Whether missing values go left.
    var missingLeft = false
    /// Levels of a categorical column that go left; 0 for a numeric one.
    var levels: UInt64 = 0
    /// Index of the left child; 0 for a leaf.
    var left = 0
    /// Gain of the split.
    var gain = 0.0
    /// Summed weight of the training rows.
    var cover = 0.0
    /// What a monotone constraint leaves the value of output 0.
    var lower = -Double.infinity
    var upper = Double.infinity
    /// Where the node's training rows stand in the grower's order.
    var rows = 0..<0

    /// Whether a bin of the node's column goes left; `missing` is the bin of missing values.
    @inline(__always) func goesLeft(_ bin: Int, missing: Int) -> Bool {
      bin == missing ? missingLeft : levels == 0 ? bin <= self.bin : (levels &>> UInt64(bin)) & 1 == 1
    }
  }

  /// Number of outputs.
  let outputs: Int
  var nodes: [Node] = [Node()]
  /// Values of the nodes before the learning rate, `outputs` a node; 0 for a split.
  var values: [Double] = []
  /// Slopes within the leaves, where asked for.
  var slopes: LeafSlopes?

  init(outputs: Int) { self.outputs = outputs }

  /// The leaf a row of the binned table falls into.
  @inline(__always)
  func leaf(
    of row: Int, _ nodes: UnsafePointer<Node>, _ bins: UnsafePointer<UInt8>, rowCount: Int, missing: UnsafePointer<Int>
  ) -> Int {
    var i = 0
    while nodes[i].left != 0 {
      let column = nodes[i].column
      let bin = Int(bins[column &* rowCount &+ row])
      i = nodes[i].goesLeft(bin, missing: missing[column]) ? nodes[i].left : nodes[i].left &+ 1
    }
    return i
  }

  /// Replaces the values of leaves by a function of their rows, kept in the order the constraints ask for.
  ///
  /// - Parameters:
  ///   - constraints: sign of the allowed slope by binned column.
  ///   - value: the value for a range of the grower's order; does not depend on the thread.
  mutating func refit(constraints: [Int], pool: HelperPool, _ value: (Range<Int>) -> Double) {
    // Only what a bound comes from needs a value beside the leaves.
    var isNeeded = nodes.map { $0.left == 0 }
    for node in nodes where node.left != 0 && constraints[node.column] != 0 {
      isNeeded[node.left] = true
      isNeeded[node.left + 1] = true
    }
    let all = nodes
    let needed = isNeeded
    values.withUnsafeMutableBufferPointer { values in
      let values = UnsafeMutableBufferPointer(rebasing: values[...])
      pool.run(all.count) { i, _ in values[i] = needed[i] ? value(all[i].rows) : 0 }
    }
    for i in nodes.indices {
      nodes[i].lower = -.infinity
      nodes[i].upper = .infinity
    }
    func bounded(_ i: Int) -> Double { min(max(values[i], nodes[i].lower), nodes[i].upper) }
    for i in nodes.indices {
      let left = nodes[i].left
      guard left != 0 else {
        values[i] = bounded(i)
        continue
      }
      values[i] = 0
      for child in [left, left + 1] {
        nodes[child].lower = nodes[i].lower
        nodes[child].upper = nodes[i].upper
      }
      let sign = constraints[nodes[i].column]
      guard sign != 0 else { continue }
      let between = (bounded(left) + bounded(left + 1)) / 2
      nodes[sign > 0 ? left : left + 1].upper = between
      nodes[sign > 0 ? left + 1 : left].lower = between
    }
  }
}
