/// Fitted trees whose values add up to one number a row, in flat arrays.
///
/// A row goes left at a node when its value is at or below the threshold, or one of the levels. Children stand after their parent, the right
/// one next to the left one. The initialiser checks every rule, so prediction cannot run away.
public struct BoostedTrees: Sendable, Hashable {
  /// Name of each feature column.
  public let featureNames: [String]
  /// What every row starts from.
  public let baseScore: Double
  /// First node of each tree, ascending; the first is 0.
  public let roots: [UInt32]
  /// Feature column a node splits; 0 for a leaf.
  public let feature: [UInt16]
  /// Threshold of each split, possibly infinite, never NaN; 0 for a leaf or a categorical split.
  public let threshold: [Double]
  /// Left child of each node; 0 for a leaf.
  public let left: [UInt32]
  /// 1 where missing values go left, else 0.
  public let flags: [UInt8]
  /// Value of each leaf, the learning rate included; 0 for a split.
  public let leaf: [Double]
  /// Gain of each split, ≥ 0; 0 for a leaf.
  public let gain: [Double]
  /// Summed weight of the training rows that reached each node, ≥ 0.
  public let cover: [Double]
  /// Codes of a categorical split that go left, bit c for code c; 0 for a numeric split or a leaf. Empty: no
  /// categorical split.
  public let levels: [UInt64]
  /// Functions that replace the leaf values; `nil`: the values stand alone.
  public let linear: LinearLeaves?
  private let kernel: ForestKernel

  /// Number of trees.
  public var treeCount: Int { roots.count }

  /// Trees from their arrays, one element a node.
  ///
  /// - Parameters:
  ///   - levels: codes of categorical splits; a code that is missing, not a whole number in 0…63 or unknown to the split
  ///     goes where its flag or the right side says. Empty: none.
  ///   - linear: functions in the leaves.
  /// - Throws: `LearningError.corruptModel` for arrays of different lengths, an index out of range, a node with no or
  ///   two parents, a NaN threshold, a value that is not finite or an unknown flag.
  public init(
    featureNames: [String], baseScore: Double, roots: [UInt32], feature: [UInt16], threshold: [Double],
    left: [UInt32], flags: [UInt8], leaf: [Double], gain: [Double], cover: [Double], levels: [UInt64] = [],
    linear: LinearLeaves? = nil
  ) throws(LearningError) {
    func require(_ ok: Bool, _ message: @autoclosure () -> String) throws(LearningError) {
      if !ok { throw .corruptModel(message()) }
    }
    let n = feature.count
    for (name, count) in [
      ("threshold", threshold.count), ("left", left.count), ("flags", flags.count), ("leaf", leaf.count),
      ("gain", gain.count), ("cover", cover.count),
    ] { try require(count == n, "\(count) values of \(name) for \(n) nodes") }
    try require(levels.isEmpty || levels.count == n, "\(levels.count) values of levels for \(n) nodes")
    if let linear { try linear.check(nodes: n, columns: featureNames.count) }
    try require(baseScore.isFinite, "base score \(baseScore)")
    try require(roots.isEmpty == (n == 0) && roots.first ?? 0 == 0, "\(n) nodes, first tree at \(roots.first ?? 0)")
    for tree in roots.indices {
      let begin = Int(roots[tree])
      let end = tree + 1 < roots.count ? Int(roots[tree + 1]) : n
      try require(begin < end && end <= n, "tree \(tree) takes nodes \(begin)..<\(end) of \(n)")
      var isChild = [Bool](repeating: false, count: end - begin)
      for i in begin..<end {
        try require(i == begin || isChild[i - begin], "node \(i) has no parent")
        try require(threshold[i].isNaN == false, "threshold of node \(i) is NaN")
        try require(leaf[i].isFinite && gain[i].isFinite && cover[i].isFinite, "a value of node \(i) is not finite")
        try require(gain[i] >= 0 && cover[i] >= 0, "gain or cover of node \(i) is negative")
        try require(flags[i] <= 1, "flags \(flags[i]) of node \(i)")
        try require(
          left[i] == 0 || Int(feature[i]) < featureNames.count, "node \(i) splits feature \(feature[i])")
        guard left[i] != 0 else { continue }
        let child = Int(left[i])
        try require(child > i && child + 1 < end, "node \(i) has children at \(child)")
        try require(!isChild[child - begin] && !isChild[child + 1 - begin], "node \(child) has two parents")
        isChild[child - begin] = true
        isChild[child + 1 - begin] = true
      }
    }
    self.featureNames = featureNames
    self.baseScore = baseScore
    self.roots = roots
    self.feature = feature
    self.threshold = threshold
    self.left = left
    self.flags = flags
    self.leaf = leaf
    self.gain = gain
    self.cover = cover
    self.levels = levels.contains { $0 != 0 } ? levels : []
    self.linear = linear
    kernel = ForestKernel(
      baseScore: baseScore, roots: roots, feature: feature, threshold: threshold, left: left, flags: flags, leaf: leaf)
  }

  /// The sum of the base score and the trees for each row; columns are taken by position.
  public func predict(_ table: FeatureTable) -> [Double] {
    precondition(
      table.columnCount == featureNames.count, "\(table.columnCount) columns for \(featureNames.count) features")
    if levels.isEmpty && linear == nil {
      return table.storage.withUnsafeBufferPointer { kernel.scores($0, rowCount: table.rowCount) }
    }
    var row = [Double](repeating: 0, count: table.columnCount)
    return (0..<table.rowCount).map { i in
      for column in row.indices { row[column] = table.storage[column * table.rowCount + i] }
      return score(row)
    }
  }

  /// The score of one row, the same bits as in a table.
  public func predict(row: [Double]) -> Double {
    precondition(row.count == featureNames.count, "\(row.count) values for \(featureNames.count) features")
    return levels.isEmpty && linear == nil ? row.withUnsafeBufferPointer { kernel.score($0) } : score(row)
  }

  /// The score of a row by plain walks, for categorical splits and linear leaves.
  private func score(_ row: [Double]) -> Double {
    var sum = baseScore
    for root in roots {
      var i = Int(root)
      while left[i] != 0 {
        let value = row[Int(feature[i])]
        let goesLeft: Bool
        if value.isNaN {
          goesLeft = flags[i] == 1
        } else if !levels.isEmpty && levels[i] != 0 {
          goesLeft = value >= 0 && value < 64 && value.rounded() == value && levels[i] >> UInt64(value) & 1 == 1
        } else {
          goesLeft = value <= threshold[i]
        }
        i = Int(left[i]) + (goesLeft ? 0 : 1)
      }
      sum += linear?.value(leaf[i], node: i, row) ?? leaf[i]
    }
    return sum
  }

  /// Summed gain of the splits on each feature column.
  public var gainImportance: [Double] {
    var out = [Double](repeating: 0, count: featureNames.count)
    for i in left.indices where left[i] != 0 { out[Int(feature[i])] += gain[i] }
    return out
  }

  /// Number of splits on each feature column.
  public var splitCount: [Int] {
    var out = [Int](repeating: 0, count: featureNames.count)
    for i in left.indices where left[i] != 0 { out[Int(feature[i])] += 1 }
    return out
  }
}

extension BoostedTrees {
  /// Refuses trees that are more than thresholds and constants, for forms and methods that know only those.
  ///
  /// - Throws: `LearningError.unsupported`.
  func requirePlain() throws(LearningError) {
    if !levels.isEmpty { throw .unsupported("categorical splits") }
    if linear != nil { throw .unsupported("linear leaves") }
  }
}

extension BoostedTrees: Codable {
  private enum CodingKeys: String, CodingKey {
    case featureNames, baseScore, roots, feature, thresholdBits, left, flags, leaf, gain, cover, levels, linear
  }

  /// Reads trees and checks every rule of theirs.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      featureNames: box.decode([String].self, forKey: .featureNames),
      baseScore: box.decode(Double.self, forKey: .baseScore), roots: box.decode([UInt32].self, forKey: .roots),
      feature: box.decode([UInt16].self, forKey: .feature),
      threshold: box.decode([UInt64].self, forKey: .thresholdBits).map { Double(bitPattern: $0) },
      left: box.decode([UInt32].self, forKey: .left), flags: box.decode([UInt8].self, forKey: .flags),
      leaf: box.decode([Double].self, forKey: .leaf), gain: box.decode([Double].self, forKey: .gain),
      cover: box.decode([Double].self, forKey: .cover),
      levels: box.decodeIfPresent([UInt64].self, forKey: .levels) ?? [],
      linear: box.decodeIfPresent(LinearLeaves.self, forKey: .linear))
  }

  /// Writes the arrays; thresholds as bit patterns, since JSON has no infinity.
  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: CodingKeys.self)
    try box.encode(featureNames, forKey: .featureNames)
    try box.encode(baseScore, forKey: .baseScore)
    try box.encode(roots, forKey: .roots)
    try box.encode(feature, forKey: .feature)
    try box.encode(threshold.map(\.bitPattern), forKey: .thresholdBits)
    try box.encode(left, forKey: .left)
    try box.encode(flags, forKey: .flags)
    try box.encode(leaf, forKey: .leaf)
    try box.encode(gain, forKey: .gain)
    try box.encode(cover, forKey: .cover)
    if !levels.isEmpty { try box.encode(levels, forKey: .levels) }
    try box.encodeIfPresent(linear, forKey: .linear)
  }
}
