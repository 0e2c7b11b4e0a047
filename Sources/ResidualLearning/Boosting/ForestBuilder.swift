/// Collects grown trees into the flat arrays of `BoostedTrees`.
struct ForestBuilder {
  private var roots: [UInt32] = []
  private var feature: [UInt16] = []
  private var threshold: [Double] = []
  private var left: [UInt32] = []
  private var flags: [UInt8] = []
  private var leaf: [Double] = []
  private var gain: [Double] = []
  private var cover: [Double] = []

  /// Number of trees so far.
  var treeCount: Int { roots.count }

  /// Appends a tree with its values times `scale`.
  mutating func append(_ tree: Tree, _ table: BinnedTable, scale: Double) {
    let base = feature.count
    roots.append(UInt32(base))
    for node in tree.nodes {
      let isSplit = node.left != 0
      feature.append(isSplit ? UInt16(table.features[node.column]) : 0)
      threshold.append(isSplit ? table.cuts[node.column][node.bin] : 0)
      left.append(isSplit ? UInt32(base + node.left) : 0)
      flags.append(isSplit && node.missingLeft ? 1 : 0)
      leaf.append(isSplit ? 0 : scale * node.value)
      gain.append(node.gain)
      cover.append(node.cover)
    }
  }

  /// The first `trees` trees.
  func trees(_ names: [String], baseScore: Double, first trees: Int) throws(LearningError) -> BoostedTrees {
    let end = trees < roots.count ? Int(roots[trees]) : feature.count
    return try BoostedTrees(
      featureNames: names, baseScore: baseScore, roots: Array(roots.prefix(trees)), feature: Array(feature[..<end]),
      threshold: Array(threshold[..<end]), left: Array(left[..<end]), flags: Array(flags[..<end]),
      leaf: Array(leaf[..<end]), gain: Array(gain[..<end]), cover: Array(cover[..<end]))
  }
}
