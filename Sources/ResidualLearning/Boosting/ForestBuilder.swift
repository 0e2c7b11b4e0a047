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
  private var levels: [UInt64] = []
  private var linearFeatures: [UInt16]?
  private var centres: [Double] = []
  private var coefficients: [Double] = []
  private var lower: [Double] = []
  private var upper: [Double] = []

  /// Number of trees so far.
  var treeCount: Int { roots.count }

  /// Appends one output of a tree with its values times `scale`.
  mutating func append(_ tree: Tree, output: Int = 0, _ table: BinnedTable, scale: Double) {
    let base = feature.count
    roots.append(UInt32(base))
    for (i, node) in tree.nodes.enumerated() {
      let isSplit = node.left != 0
      let isNumeric = isSplit && node.levels == 0
      feature.append(isSplit ? UInt16(table.features[node.column]) : 0)
      threshold.append(isNumeric ? table.cuts[node.column][node.bin] : 0)
      left.append(isSplit ? UInt32(base + node.left) : 0)
      flags.append(isSplit && node.missingLeft ? 1 : 0)
      leaf.append(isSplit ? 0 : scale * tree.values[i * tree.outputs + output])
      gain.append(node.gain)
      cover.append(node.cover)
      levels.append(node.levels)
    }
    guard let slopes = tree.slopes else { return }
    linearFeatures = slopes.columns.map { UInt16($0) }
    centres += slopes.centres
    coefficients += slopes.coefficients.map { scale * $0 }
    lower += slopes.lower.map { scale * $0 }
    upper += slopes.upper.map { scale * $0 }
  }

  /// The first `trees` trees.
  func trees(_ names: [String], baseScore: Double, first trees: Int) throws(LearningError) -> BoostedTrees {
    let end = trees < roots.count ? Int(roots[trees]) : feature.count
    let linear = linearFeatures.map { features in
      LinearLeaves(
        features: features, centres: Array(centres[..<(features.count * end)]),
        coefficients: Array(coefficients[..<(features.count * end)]), lower: Array(lower[..<end]),
        upper: Array(upper[..<end]))
    }
    return try BoostedTrees(
      featureNames: names, baseScore: baseScore, roots: Array(roots.prefix(trees)), feature: Array(feature[..<end]),
      threshold: Array(threshold[..<end]), left: Array(left[..<end]), flags: Array(flags[..<end]),
      leaf: Array(leaf[..<end]), gain: Array(gain[..<end]), cover: Array(cover[..<end]), levels: Array(levels[..<end]),
      linear: linear)
  }
}
