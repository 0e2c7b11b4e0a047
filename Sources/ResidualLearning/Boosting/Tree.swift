/// A grown tree: nodes with children after their parent, the right child next to the left one.
struct Tree {
  /// A split or a leaf.
  struct Node {
    /// Binned column the node splits, and the last bin that goes left.
    var column = 0
    var bin = 0
    /// Whether missing values go left.
    var missingLeft = false
    /// Index of the left child; 0 for a leaf.
    var left = 0
    /// Gain of the split.
    var gain = 0.0
    /// Summed weight of the training rows.
    var cover = 0.0
    /// Value of a leaf, before the learning rate.
    var value = 0.0
    /// What a monotone constraint leaves the value.
    var lower = -Double.infinity
    var upper = Double.infinity
    /// Where the node's training rows stand in the grower's order.
    var rows = 0..<0
  }

  var nodes: [Node] = [Node()]

  /// Adds `scale` times the tree's value to the score of each row of the binned table.
  func add(to scores: inout [Double], _ table: BinnedTable, scale: Double) {
    let nodes = nodes.span
    let bins = table.bins.span
    let missing = table.cuts.map(\.count)
    for row in scores.indices {
      var i = 0
      while nodes[i].left != 0 {
        let bin = Int(bins[nodes[i].column &* table.rowCount &+ row])
        let goesLeft = bin == missing[nodes[i].column] ? nodes[i].missingLeft : bin <= nodes[i].bin
        i = goesLeft ? nodes[i].left : nodes[i].left &+ 1
      }
      scores[row] += scale * nodes[i].value
    }
  }

  /// Replaces the values of leaves by a function of their rows, kept in the order the constraints ask for.
  ///
  /// - Parameters:
  ///   - constraints: sign of the allowed slope by binned column.
  ///   - value: the value for a range of the grower's order.
  mutating func refit(constraints: [Int], _ value: (Range<Int>) -> Double) {
    for i in nodes.indices {
      nodes[i].lower = -.infinity
      nodes[i].upper = .infinity
    }
    func bounded(_ node: Node) -> Double { min(max(value(node.rows), node.lower), node.upper) }
    for i in nodes.indices {
      guard nodes[i].left != 0 else {
        nodes[i].value = bounded(nodes[i])
        continue
      }
      let left = nodes[i].left
      for child in [left, left + 1] {
        nodes[child].lower = nodes[i].lower
        nodes[child].upper = nodes[i].upper
      }
      let sign = constraints[nodes[i].column]
      guard sign != 0 else { continue }
      let between = (bounded(nodes[left]) + bounded(nodes[left + 1])) / 2
      nodes[sign > 0 ? left : left + 1].upper = between
      nodes[sign > 0 ? left + 1 : left].lower = between
    }
  }
}
