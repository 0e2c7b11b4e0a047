/// Shares of the features in the predictions of boosted trees: Shapley values, exact, by one pass over the leaves.
///
/// A feature's value is its mean effect over all orders in which features become known. What is "not known" is either
/// followed along the tree by the shares of the training rows (path-dependent), or taken from rows of a background
/// table (interventional). For each row the values add up to its prediction minus `base`.
///
/// A leaf reached only when each of its path's features j passes is a product game; its Shapley values are integrals
/// of polynomials, ∫₀¹ Πⱼ (t oⱼ + (1 − t) zⱼ) dt without one factor, which Gauss's rule gives exactly.
///
/// - Source: S. M. Lundberg et al., Nat. Mach. Intell. 2 (2020) 56, doi:10.1038/s42256-019-0138-9; G. Owen, Manag. Sci. 18
///   (1972) P64, doi:10.1287/mnsc.18.5.64 (the integral).
public struct TreeExplainer: Sendable {
  /// Name of each feature column.
  public let featureNames: [String]
  /// What a row is explained from: the mean prediction over the training rows or the background.
  public let base: Double
  private let paths: LeafPaths
  private let background: [Background]

  /// For each background row, which conditions of all paths it passes.
  private struct Background: Sendable { var passes: [Bool] }

  /// A path-dependent explainer: unknown features follow the shares of the training rows.
  ///
  /// - Throws: `LearningError.unsupported` for categorical splits or linear leaves.
  public init(_ trees: BoostedTrees) throws(LearningError) {
    try trees.requirePlain()
    featureNames = trees.featureNames
    let paths = LeafPaths(trees)
    self.paths = paths
    background = []
    base = paths.leaves.indices.reduce(trees.baseScore) { sum, leaf in
      sum + paths.value[leaf] * paths.leaves[leaf].reduce(1) { $0 * paths.share[$1] }
    }
  }

  /// An interventional explainer: unknown features are taken from the rows of a background table, all alike.
  ///
  /// - Parameter background: at least one row with the features of the trees.
  /// - Throws: `LearningError.unsupported` for categorical splits or linear leaves.
  public init(_ trees: BoostedTrees, background table: FeatureTable) throws(LearningError) {
    try trees.requirePlain()
    precondition(table.rowCount > 0 && table.columnCount == trees.featureNames.count, "a background that does not fit")
    featureNames = trees.featureNames
    let paths = LeafPaths(trees)
    self.paths = paths
    background = (0..<table.rowCount).map { row in
      Background(passes: paths.passes((0..<table.columnCount).map { table[row, $0] }))
    }
    base = trees.predict(table).reduce(0, +) / Double(table.rowCount)
  }

  /// The values of the features for each row of a table: rows × features.
  public func values(_ table: FeatureTable) -> [[Double]] {
    (0..<table.rowCount).map { row in values(row: (0..<table.columnCount).map { table[row, $0] }) }
  }

  /// The values of the features for one row.
  public func values(row: [Double]) -> [Double] {
    precondition(row.count == featureNames.count, "\(row.count) values for \(featureNames.count) features")
    let passes = paths.passes(row)
    var out = [Double](repeating: 0, count: row.count)
    if background.isEmpty {
      pathDependent(passes, into: &out)
    } else {
      for other in background { interventional(passes, other.passes, into: &out) }
      for k in out.indices { out[k] /= Double(background.count) }
    }
    return out
  }

  private func pathDependent(_ passes: [Bool], into out: inout [Double]) {
    var before = [Double](repeating: 1, count: paths.longest + 1)
    for leaf in paths.leaves.indices {
      let range = paths.leaves[leaf]
      let count = range.count
      guard count > 0 else { continue }
      let rule = paths.rules[(count + 1) / 2]
      for (t, weight) in zip(rule.points, rule.weights) {
        // Products of the factors before each place, then those behind it on the way back.
        func factor(_ k: Int) -> Double { (passes[k] ? t : 0) + (1 - t) * paths.share[k] }
        for (i, k) in range.enumerated() { before[i + 1] = before[i] * factor(k) }
        var behind = weight * paths.value[leaf]
        for (i, k) in zip(stride(from: count - 1, through: 0, by: -1), range.reversed()) {
          out[paths.feature[k]] += ((passes[k] ? 1 : 0) - paths.share[k]) * before[i] * behind
          behind *= factor(k)
        }
      }
    }
  }

  /// With shares of 0 or 1 the integral is (p − 1)! q! / (p + q)!, for p features only the row passes and q only the
  /// background passes.
  private func interventional(_ passes: [Bool], _ other: [Bool], into out: inout [Double]) {
    for leaf in paths.leaves.indices {
      let range = paths.leaves[leaf]
      var (p, q) = (0, 0)
      var isReached = true
      for k in range {
        if passes[k] != other[k] {
          if passes[k] { p += 1 } else { q += 1 }
        } else if !passes[k] {
          isReached = false
          break
        }
      }
      guard isReached, p + q > 0 else { continue }
      let (gain, loss) = (paths.value[leaf] * Self.weight(p - 1, q), paths.value[leaf] * Self.weight(p, q - 1))
      for k in range where passes[k] != other[k] { out[paths.feature[k]] += passes[k] ? gain : -loss }
    }
  }

  /// a! b! / (a + b + 1)!; 0 where a or b is negative.
  private static func weight(_ a: Int, _ b: Int) -> Double {
    guard a >= 0, b >= 0 else { return 0 }
    var out = 1 / Double(a + b + 1)
    for k in stride(from: 1, through: min(a, b), by: 1) { out *= Double(k) / Double(max(a, b) + k) }
    return out
  }

  /// Interaction values of one row by path: features × features, symmetric.
  ///
  /// Off the diagonal stands half of what a pair does together beyond the sum of both; rows add up to the values.
  ///
  /// - Source: Lundberg et al. (above), "SHAP interaction values"; M. Grabisch, M. Roubens, Int. J. Game Theory 28
  ///   (1999) 547.
  public func interactions(row: [Double]) -> [[Double]] {
    precondition(background.isEmpty, "interactions are path-dependent")
    precondition(row.count == featureNames.count, "\(row.count) values for \(featureNames.count) features")
    let passes = paths.passes(row)
    var out = [[Double]](repeating: [Double](repeating: 0, count: row.count), count: row.count)
    for leaf in paths.leaves.indices where paths.leaves[leaf].count > 1 {
      let range = paths.leaves[leaf]
      let rule = paths.rules[range.count / 2]
      for (t, weight) in zip(rule.points, rule.weights) {
        let factors = range.map { (passes[$0] ? t : 0) + (1 - t) * paths.share[$0] }
        let effects = range.map { (passes[$0] ? 1 : 0) - paths.share[$0] }
        for i in factors.indices {
          for j in (i + 1)..<max(i + 1, factors.count) {
            var product = 0.5 * weight * paths.value[leaf] * effects[i] * effects[j]
            for k in factors.indices where k != i && k != j { product *= factors[k] }
            let (a, b) = (paths.feature[range.lowerBound + i], paths.feature[range.lowerBound + j])
            out[a][b] += product
            out[b][a] += product
          }
        }
      }
    }
    for (feature, value) in values(row: row).enumerated() {
      out[feature][feature] = value - out[feature].reduce(0, +)
    }
    return out
  }
}

/// The way to every leaf as one condition a feature.
struct LeafPaths: Sendable {
  /// Conditions of each leaf.
  private(set) var leaves: [Range<Int>] = []
  /// Value of each leaf.
  private(set) var value: [Double] = []
  /// Column of each condition.
  private(set) var feature: [Int] = []
  /// A value passes when it is above the first (NaN: no limit) and at or below the second.
  private var lower: [Double] = []
  private var upper: [Double] = []
  /// Whether a missing value passes.
  private var missing: [Bool] = []
  /// Share of the training rows that went on along the path at the feature's splits.
  private(set) var share: [Double] = []
  /// Most conditions of a leaf.
  private(set) var longest = 0
  /// Gauss's rules on 0…1 by number of points, as many as the longest path needs.
  private(set) var rules: [(points: [Double], weights: [Double])] = []

  private struct Condition {
    var feature: Int
    var lower = Double.nan
    var upper = Double.infinity
    var missing = true
    var share = 1.0
  }

  init(_ trees: BoostedTrees) {
    for tree in trees.roots.indices {
      // The conditions on the way to each node; parents stand before their children.
      let nodes = trees.nodes(ofTree: tree)
      var ways = [[Condition]](repeating: [], count: nodes.count)
      for i in nodes {
        let way = ways[i - nodes.lowerBound]
        guard trees.left[i] != 0 else {
          leaves.append(feature.count..<(feature.count + way.count))
          value.append(trees.leaf[i])
          longest = max(longest, way.count)
          for condition in way {
            feature.append(condition.feature)
            lower.append(condition.lower)
            upper.append(condition.upper)
            missing.append(condition.missing)
            share.append(condition.share)
          }
          continue
        }
        let column = Int(trees.feature[i])
        let (cut, missingLeft, leftShare) = (trees.threshold[i], trees.flags[i] == 1, trees.leftShare(i))
        let child = Int(trees.left[i]) - nodes.lowerBound
        for (place, isLeft) in [(child, true), (child + 1, false)] {
          var next = way
          let k = next.firstIndex { $0.feature == column } ?? next.count
          if k == next.count { next.append(Condition(feature: column)) }
          if isLeft {
            next[k].upper = min(next[k].upper, cut)
          } else if !(next[k].lower >= cut) {
            next[k].lower = cut
          }
          next[k].missing = next[k].missing && missingLeft == isLeft
          next[k].share *= isLeft ? leftShare : 1 - leftShare
          ways[place] = next
        }
        ways[i - nodes.lowerBound] = []
      }
    }
    rules = (0...((longest + 1) / 2)).map { gaussLegendre($0) }
  }

  /// Which conditions a row passes.
  func passes(_ row: [Double]) -> [Bool] {
    feature.indices.map { k in
      let x = row[feature[k]]
      return x.isNaN ? missing[k] : x <= upper[k] && !(x <= lower[k])
    }
  }
}
