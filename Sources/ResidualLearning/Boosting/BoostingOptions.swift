/// How a tree spends its leaves.
public enum TreeGrowth: String, Sendable, Codable, Hashable, CaseIterable {
  /// Always the leaf with the largest gain next.
  case leafWise
  /// All leaves of a level before the next level.
  case depthWise
  /// One split a level for all its leaves, chosen by summed gain; a leaf it would leave too small stays whole.
  case symmetric
}

/// Options of gradient boosting with histogram trees.
public struct BoostingOptions: Sendable, Codable, Hashable {
  /// Most trees, ≥ 0.
  public var rounds = 100
  /// Factor on each tree's values, in (0, 1].
  public var learningRate = 0.1
  /// Most leaves of a tree, ≥ 2.
  public var maxLeaves = 31
  /// Most splits from root to leaf, ≥ 1.
  public var maxDepth = 30
  /// Fewest rows of a leaf, ≥ 1; rows are counted whatever their weight.
  public var minRows = 20
  /// Least summed weight of a leaf, ≥ 0.
  public var minWeight = 0.0
  /// L2 penalty λ on the values of leaves, ≥ 0, in units of summed weight.
  public var lambda = 1.0
  /// What a split must gain, γ ≥ 0: ½[G²/(H+λ) of the children − of the parent] > γ.
  public var gamma = 0.0
  /// Share of the rows each round draws without replacement, in (0, 1].
  public var rowSubsample = 1.0
  /// Share of the varying columns each tree draws without replacement, in (0, 1].
  public var columnSubsample = 1.0
  /// Most value bins of a feature, 2…255.
  public var maxBins = 255
  /// Fewest training rows of a value bin, ≥ 1.
  public var minRowsPerBin = 1
  /// How a tree spends its leaves.
  public var growth = TreeGrowth.leafWise
  /// Sign of the allowed slope by column, −1, 0 or +1; empty: no constraint.
  public var monotone: [Int] = []
  /// Columns whose values are codes 0…63 of categories, by name; not with symmetric trees.
  public var categoricalFeatures: [String] = []
  /// Columns that get a slope in every leaf, by name; squared loss only, without constraints. Empty: constant leaves.
  public var linearFeatures: [String] = []
  /// L2 penalty on the slopes of leaves, ≥ 0, in units of summed weight for columns of variance 1.
  public var linearPenalty = 10.0
  /// With validation rows: stop after this many rounds without a better validation score, ≥ 1.
  public var patience = 30

  /// Options as above.
  public init() {}

  /// A recipe for few rows and many columns: 150 shallow, strongly subsampled trees.
  ///
  /// - Parameter rows: number of training rows; the smallest leaf is a twelfth of them, within 3…10.
  public static func fewRows(_ rows: Int) -> BoostingOptions {
    var options = BoostingOptions()
    options.rounds = 150
    options.learningRate = 0.05
    options.maxLeaves = 6
    options.maxDepth = 3
    options.minRows = max(3, min(10, rows / 12))
    options.lambda = 2
    options.rowSubsample = 0.7
    options.columnSubsample = 0.5
    options.minRowsPerBin = 3
    return options
  }

  /// The places of named columns in a table.
  func columns(_ names: [String], _ table: FeatureTable) throws(LearningError) -> [Int] {
    var out: [Int] = []
    for name in names {
      guard let column = table.names.firstIndex(of: name) else {
        throw .invalidOption("feature", found: name, allowed: "a column of the table")
      }
      out.append(column)
    }
    return out
  }

  /// Checks every range and what the options say of columns against a table.
  func check(_ table: FeatureTable) throws(LearningError) {
    let columns = table.columnCount
    if columns > 65_536 { throw .sizes("\(columns) columns; at most 65536 are possible") }
    func require(_ ok: Bool, _ name: String, _ found: Any, _ allowed: String) throws(LearningError) {
      if !ok { throw .invalidOption(name, found: "\(found)", allowed: allowed) }
    }
    try require(rounds >= 0, "rounds", rounds, "0 or more")
    try require(learningRate > 0 && learningRate <= 1, "learningRate", learningRate, "(0, 1]")
    try require(maxLeaves >= 2 && maxLeaves <= 65_536, "maxLeaves", maxLeaves, "2…65536")
    try require(maxDepth >= 1, "maxDepth", maxDepth, "1 or more")
    try require(minRows >= 1, "minRows", minRows, "1 or more")
    try require(minWeight >= 0 && minWeight.isFinite, "minWeight", minWeight, "0 or more")
    try require(lambda >= 0 && lambda.isFinite, "lambda", lambda, "0 or more")
    try require(gamma >= 0 && gamma.isFinite, "gamma", gamma, "0 or more")
    try require(rowSubsample > 0 && rowSubsample <= 1, "rowSubsample", rowSubsample, "(0, 1]")
    try require(columnSubsample > 0 && columnSubsample <= 1, "columnSubsample", columnSubsample, "(0, 1]")
    try require(maxBins >= 2 && maxBins <= 255, "maxBins", maxBins, "2…255")
    try require(minRowsPerBin >= 1, "minRowsPerBin", minRowsPerBin, "1 or more")
    try require(patience >= 1, "patience", patience, "1 or more")
    try require(linearPenalty >= 0 && linearPenalty.isFinite, "linearPenalty", linearPenalty, "0 or more")
    try require(
      monotone.isEmpty || monotone.count == columns && monotone.allSatisfy { abs($0) <= 1 }, "monotone", monotone,
      "empty, or −1, 0 or 1 for each of \(columns) columns")
    let constrained = monotone.contains { $0 != 0 }
    try require(
      linearFeatures.isEmpty || !constrained, "linearFeatures", linearFeatures, "empty with monotone constraints")
    try require(
      categoricalFeatures.isEmpty || growth != .symmetric, "categoricalFeatures", categoricalFeatures,
      "empty with symmetric trees")
    for column in try self.columns(categoricalFeatures, table) where constrained {
      try require(
        monotone[column] == 0, "monotone", monotone[column], "0 for the categorical column \(table.names[column])")
    }
    _ = try self.columns(linearFeatures, table)
  }
}
