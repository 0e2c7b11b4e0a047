internal import NumericalMethods

/// How much likelier a row is among new data than among the data at hand, for calibration under covariate shift.
///
/// Trees tell the two tables apart by least squares, whose best answer is the probability p of "new"; the ratio is
/// p/(1 − p), corrected for the sizes of the tables. Rows at hand get the ratio of trees that did not learn from them.
///
/// - Source: R. J. Tibshirani et al., "Conformal prediction under covariate shift", NeurIPS 2019, arXiv:1904.06019, §2.3.
public struct DensityRatio: Sendable, Hashable, Codable {
  /// Ratio of each row at hand, with mean 1 before clipping.
  public let weights: [Double]
  /// Trees of each fold.
  let folds: [BoostedTrees]
  /// Factor from odds to ratios.
  let unit: Double
  /// Ratios stay within 1/limit…limit.
  public let limit: Double

  /// What the weights amount to as a number of rows.
  public var effectiveSampleSize: Double {
    let sum = weights.reduce(0, +)
    return sum * sum / weights.reduce(0) { $0 + $1 * $1 }
  }

  /// Learns the ratio.
  ///
  /// - Parameters:
  ///   - present: the rows at hand, for calibration.
  ///   - new: rows of the new data; their targets are not needed.
  ///   - groups: the group of each row at hand, kept in one fold; `nil`: each row its own.
  ///   - options: of the trees.
  ///   - foldCount: number of folds, ≥ 2.
  ///   - limit: largest ratio, and its inverse the smallest, > 1.
  ///   - seed: of the folds and the trees.
  /// - Throws: `LearningError` for tables with other columns, too few rows, or options out of range.
  public init(
    present: FeatureTable, new: FeatureTable, groups: [Int]? = nil, options: BoostingOptions, foldCount: Int = 5,
    limit: Double = 20, stream seed: UInt64
  ) throws(LearningError) {
    let (n, m) = (present.rowCount, new.rowCount)
    guard present.names == new.names, groups?.count ?? n == n else {
      throw .sizes("tables with different columns, or \(groups?.count ?? n) groups for \(n) rows")
    }
    guard foldCount >= 2 else { throw .invalidOption("foldCount", found: "\(foldCount)", allowed: "2 or more") }
    guard limit > 1 else { throw .invalidOption("limit", found: "\(limit)", allowed: "above 1") }
    let own = groups ?? Array(0..<n)
    let distinct = Array(Set(own)).sorted()
    guard distinct.count >= foldCount, m >= foldCount else {
      throw .empty("\(distinct.count) groups and \(m) new rows for \(foldCount) folds")
    }
    var stream = RandomStream(seed: seed, purpose: "density ratio folds")
    var fold: [Int: Int] = [:]
    for (k, place) in stream.permutation(distinct.count).enumerated() { fold[distinct[place]] = k % foldCount }
    var foldOfRow = own.map { fold[$0] ?? 0 }
    let newOrder = stream.permutation(m)
    foldOfRow += [Int](repeating: 0, count: m)
    for (k, place) in newOrder.enumerated() { foldOfRow[n + place] = k % foldCount }
    let all = FeatureTable(
      names: present.names, columns: (0..<present.columnCount).map { present.column($0) + new.column($0) })
    let label = (0..<(n + m)).map { $0 < n ? 0.0 : 1.0 }
    var models: [BoostedTrees] = []
    for k in 0..<foldCount {
      let rows = all.selecting(rows: foldOfRow.indices.filter { foldOfRow[$0] != k })
      let labels = foldOfRow.indices.filter { foldOfRow[$0] != k }.map { label[$0] }
      models.append(try options.fit(rows, target: labels, weights: nil, stream: seed &+ UInt64(k)))
    }
    folds = models
    self.limit = limit
    var ratios = [Double](repeating: 0, count: n)
    let raw = Double(n) / Double(m)
    for k in 0..<foldCount {
      let rows = (0..<n).filter { foldOfRow[$0] == k }
      for (row, p) in zip(rows, models[k].predict(present.selecting(rows: rows))) {
        ratios[row] = Self.odds(p) * raw
      }
    }
    unit = raw / mean(ratios)
    let unitRatio = 1 / mean(ratios)
    weights = ratios.map { min(max($0 * unitRatio, 1 / limit), limit) }
  }

  /// The ratio of other rows: the mean over the folds.
  public func callAsFunction(_ table: FeatureTable) -> [Double] {
    let all = folds.map { $0.predict(table) }
    return (0..<table.rowCount).map { row in
      let ratio = unit * all.reduce(0) { $0 + Self.odds($1[row]) } / Double(folds.count)
      return min(max(ratio, 1 / limit), limit)
    }
  }

  /// Odds of a probability by least squares, which can leave (0, 1).
  private static func odds(_ p: Double) -> Double {
    let bounded = min(max(p, 0.01), 0.99)
    return bounded / (1 - bounded)
  }
}
