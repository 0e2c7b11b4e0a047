/// Trees of another program on their way to `BoostedTrees`: children anywhere, leaves numbered as they come.
struct TreeAssembly {
  /// A split or a leaf.
  struct Node {
    /// Column of a split.
    var feature = 0
    /// Values at or below go left.
    var threshold = 0.0
    var missingLeft = false
    /// Places of the children in the tree's list; `nil` for a leaf.
    var children: (left: Int, right: Int)?
    var value = 0.0
    var gain = 0.0
    var cover = 0.0
  }

  private var roots: [UInt32] = []
  private var feature: [UInt16] = []
  private var threshold: [Double] = []
  private var left: [UInt32] = []
  private var flags: [UInt8] = []
  private var leaf: [Double] = []
  private var gain: [Double] = []
  private var cover: [Double] = []

  /// Appends a tree whose root is the first node, parents before children and right beside left.
  ///
  /// - Throws: `LearningError.corruptModel` for a child that does not exist or is reached twice.
  mutating func append(_ nodes: [Node], tree: Int) throws(LearningError) {
    guard !nodes.isEmpty else { throw .corruptModel("tree \(tree) has no node") }
    let base = feature.count
    roots.append(UInt32(truncatingIfNeeded: base))
    var order = [0]
    var reached = [Bool](repeating: false, count: nodes.count)
    reached[0] = true
    var next = 0
    while next < order.count {
      let node = nodes[order[next]]
      next += 1
      guard base + order.count + 2 <= Int(UInt32.max) else { throw .corruptModel("too many nodes") }
      if let children = node.children {
        left.append(UInt32(base + order.count))
        for child in [children.left, children.right] {
          guard nodes.indices.contains(child), !reached[child] else {
            throw .corruptModel("tree \(tree): node \(child) does not exist or has two parents")
          }
          reached[child] = true
          order.append(child)
        }
        guard let column = UInt16(exactly: node.feature) else {
          throw .corruptModel("tree \(tree): feature \(node.feature)")
        }
        feature.append(column)
      } else {
        left.append(0)
        feature.append(0)
      }
      let isSplit = node.children != nil
      threshold.append(isSplit ? node.threshold : 0)
      flags.append(isSplit && node.missingLeft ? 1 : 0)
      leaf.append(isSplit ? 0 : node.value)
      gain.append(isSplit && node.gain > 0 && node.gain.isFinite ? node.gain : 0)
      cover.append(node.cover > 0 && node.cover.isFinite ? node.cover : 0)
    }
  }

  /// The trees.
  func trees(_ names: [String], baseScore: Double) throws(LearningError) -> BoostedTrees {
    try BoostedTrees(
      featureNames: names, baseScore: baseScore, roots: roots, feature: feature, threshold: threshold, left: left,
      flags: flags, leaf: leaf, gain: gain, cover: cover)
  }
}

extension BoostedTrees {
  /// The nodes of a tree.
  func nodes(ofTree tree: Int) -> Range<Int> {
    Int(roots[tree])..<(tree + 1 < roots.count ? Int(roots[tree + 1]) : feature.count)
  }

  /// The output of each node: of a leaf its value, of a split the mean of what is below, weighted by the training rows.
  func nodeValues(_ nodes: Range<Int>) -> [Double] {
    var out = [Double](repeating: 0, count: nodes.count)
    for i in nodes.reversed() {
      if left[i] == 0 {
        out[i - nodes.lowerBound] = leaf[i]
        continue
      }
      let (l, r) = (Int(left[i]), Int(left[i]) + 1)
      let share = leftShare(i)
      out[i - nodes.lowerBound] = share * out[l - nodes.lowerBound] + (1 - share) * out[r - nodes.lowerBound]
    }
    return out
  }

  /// The share of a split's training rows that went left; ½ where none is known.
  func leftShare(_ node: Int) -> Double {
    let (l, r) = (cover[Int(left[node])], cover[Int(left[node]) + 1])
    return l + r > 0 ? l / (l + r) : 0.5
  }
}
