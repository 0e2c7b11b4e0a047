/// Intervals mean ± factor · deviation, the factor from held-out data.
///
/// - Source: J. Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094, doi:10.1080/01621459.2017.1307116, §5.2.
public struct SplitConformal: Sendable, Hashable, Codable {
  /// |target − mean| / deviation of the held-out rows.
  public let scores: ConformalScores

  /// Calibrates on rows that the model has not learnt from.
  ///
  /// - Parameters:
  ///   - target: one finite value a row.
  ///   - mean: what was predicted.
  ///   - deviation: the predicted spread, positive; all 1 for intervals of constant width.
  ///   - groups: the group of each row; `nil`: each row its own.
  ///   - weights: see `ConformalScores`.
  /// - Throws: `LearningError` for sizes that disagree or a score that is not finite.
  public init(
    target: [Double], mean: [Double], deviation: [Double], groups: [Int]? = nil, weights: [Double]? = nil
  ) throws(LearningError) {
    guard target.count == mean.count, target.count == deviation.count else {
      throw .sizes("\(target.count) targets, \(mean.count) means and \(deviation.count) deviations")
    }
    if let row = deviation.firstIndex(where: { !($0 > 0) }) { throw .notFinite("deviation", row: row) }
    scores = try ConformalScores(
      target.indices.map { abs(target[$0] - mean[$0]) / deviation[$0] }, groups: groups, weights: weights)
  }

  /// The interval of a new row, unbounded where the data are too few for the coverage.
  public func interval(
    mean: Double, deviation: Double, coverage: Double, weight: Double = 1
  ) -> ClosedRange<Double> {
    let half = scores.threshold(coverage, weight: weight) * deviation
    return (mean - half)...(mean + half)
  }
}

/// Intervals between two predicted quantiles, widened or narrowed by what held-out data ask for.
///
/// - Source: Y. Romano, E. Patterson, E. Candès, "Conformalized quantile regression", NeurIPS 2019, arXiv:1905.03222.
public struct ConformalQuantiles: Sendable, Hashable, Codable {
  /// How far the target lies outside the two quantiles; negative inside.
  public let scores: ConformalScores

  /// Calibrates on rows that the model has not learnt from; see `SplitConformal`.
  ///
  /// - Throws: `LearningError` for sizes that disagree or a score that is not finite.
  public init(
    target: [Double], lower: [Double], upper: [Double], groups: [Int]? = nil, weights: [Double]? = nil
  ) throws(LearningError) {
    guard target.count == lower.count, target.count == upper.count else {
      throw .sizes("\(target.count) targets, \(lower.count) lower and \(upper.count) upper quantiles")
    }
    scores = try ConformalScores(
      target.indices.map { max(lower[$0] - target[$0], target[$0] - upper[$0]) }, groups: groups, weights: weights)
  }

  /// The interval of a new row; its middle alone where it would be narrowed to nothing.
  public func interval(
    lower: Double, upper: Double, coverage: Double, weight: Double = 1
  ) -> ClosedRange<Double> {
    let margin = scores.threshold(coverage, weight: weight)
    let (low, high) = (lower - margin, upper + margin)
    if low <= high { return low...high }
    let middle = lower + (upper - lower) / 2
    return middle...middle
  }
}

/// Intervals from a cross-validation (CV+): every row is held out once, none is lost to calibration.
///
/// New data are covered with probability of at least 2 · coverage − 1, in practice about `coverage`.
///
/// - Source: R. F. Barber et al., Ann. Statist. 49 (2021) 486, doi:10.1214/20-AOS1965, eq. 11.
public struct CrossConformal: Sendable, Hashable, Codable {
  /// |target − mean| / deviation of each row under the model of the fold that held it out.
  let scores: [Double]
  /// The fold that held each row out.
  let folds: [Int]
  /// Group of each row; `nil`: each row its own.
  let groups: [Int]?
  /// Number of folds.
  public let foldCount: Int

  /// Collects the errors of a cross-validation.
  ///
  /// - Parameters:
  ///   - target: one finite value a row.
  ///   - mean: the prediction of the model that did not learn from the row.
  ///   - deviation: its predicted spread, positive.
  ///   - folds: which model that was, from 0; rows of one group belong to one fold.
  ///   - groups: the group of each row; `nil`: each row its own.
  /// - Throws: `LearningError` for sizes that disagree, a group in two folds, or a score that is not finite.
  public init(
    target: [Double], mean: [Double], deviation: [Double], folds: [Int], groups: [Int]? = nil
  ) throws(LearningError) {
    let split = try SplitConformal(target: target, mean: mean, deviation: deviation, groups: groups)
    guard folds.count == target.count, folds.allSatisfy({ $0 >= 0 && $0 < 1_000_000 }) else {
      throw .sizes("\(folds.count) folds for \(target.count) rows")
    }
    precondition(split.scores.scores.count == target.count, "a score is missing")
    var owner: [Int: Int] = [:]
    for (row, group) in (groups ?? []).enumerated() {
      guard owner[group] ?? folds[row] == folds[row] else { throw .sizes("group \(group) is in two folds") }
      owner[group] = folds[row]
    }
    scores = target.indices.map { abs(target[$0] - mean[$0]) / deviation[$0] }
    self.folds = folds
    self.groups = groups
    foldCount = (folds.max() ?? 0) + 1
  }

  /// The interval of a new row from the predictions of all fold models, unbounded where the data are too few.
  ///
  /// - Parameters:
  ///   - means: prediction of each fold's model.
  ///   - deviations: their predicted spreads, positive.
  public func interval(means: [Double], deviations: [Double], coverage: Double) throws(LearningError) -> ClosedRange<
    Double
  > {
    guard means.count == foldCount, deviations.count == foldCount else {
      throw .sizes("\(means.count) means and \(deviations.count) deviations for \(foldCount) folds")
    }
    let errors = scores.indices.map { scores[$0] * deviations[folds[$0]] }
    let upper = try ConformalScores(scores.indices.map { means[folds[$0]] + errors[$0] }, groups: groups)
    let lower = try ConformalScores(scores.indices.map { errors[$0] - means[folds[$0]] }, groups: groups)
    let (low, high) = (-lower.threshold(coverage), upper.threshold(coverage))
    // Few, very different folds can cross the ends.
    return min(low, high)...max(low, high)
  }
}
