/// Scores of held-out data, sorted: how large an error must be allowed for a chosen coverage of new data.
///
/// The exchangeable unit is the group: a group's rows share its weight equally. With one row a group the allowed score
/// is the ⌈coverage · (n + 1)⌉-th smallest, exactly.
///
/// - Source: V. Vovk et al., "Algorithmic Learning in a Random World", 2005 (split conformal); Y. Lee, R. F. Barber,
///   R. Willett, arXiv:2306.06342 (groups); R. J. Tibshirani et al., NeurIPS 2019, arXiv:1904.06019 (weights).
public struct ConformalScores: Sendable, Hashable, Codable {
  /// The scores, ascending.
  public let scores: [Double]
  /// Summed weight of the scores up to each.
  let cumulative: [Double]
  /// What the weights amount to as a number of groups: the square of their sum over the sum of their squares.
  public let effectiveSampleSize: Double

  /// Scores of rows.
  ///
  /// - Parameters:
  ///   - scores: finite, one a row.
  ///   - groups: the group of each row; `nil`: each row its own.
  ///   - weights: weight of each row's group among new data (a density ratio), not negative, in the unit of the weight
  ///     of a new row; of rows of one group the mean counts. `nil` for 1.
  /// - Throws: `LearningError` for no row, sizes that disagree, a score or weight that is not finite.
  public init(_ scores: [Double], groups: [Int]? = nil, weights: [Double]? = nil) throws(LearningError) {
    let n = scores.count
    guard n > 0 else { throw .empty("no score to calibrate with") }
    guard groups?.count ?? n == n, weights?.count ?? n == n else {
      throw .sizes("\(groups?.count ?? n) groups and \(weights?.count ?? n) weights for \(n) scores")
    }
    if let row = scores.firstIndex(where: { !$0.isFinite }) { throw .notFinite("score", row: row) }
    if let row = weights?.firstIndex(where: { !($0 >= 0 && $0.isFinite) }), let weight = weights?[row] {
      throw .invalidWeight(weight, row: row)
    }
    var sizes: [Int: Int] = [:]
    for group in groups ?? [] { sizes[group, default: 0] += 1 }
    func share(_ row: Int) -> Double {
      (weights?[row] ?? 1) / Double(groups.map { sizes[$0[row]] ?? 1 } ?? 1)
    }
    let order = (0..<n).sorted { (scores[$0], $0) < (scores[$1], $1) }
    var (sum, sums): (Double, [Double]) = (0, [])
    for row in order {
      sum += share(row)
      sums.append(sum)
    }
    guard sum > 0 else { throw .empty("no score with weight") }
    // Rows in their order, so that the sum over groups does not depend on that of a dictionary.
    var totals: [Int: Double] = [:]
    var squares = 0.0
    for row in 0..<n {
      guard let group = groups?[row] else {
        squares += share(row) * share(row)
        continue
      }
      let before = totals[group] ?? 0
      totals[group] = before + share(row)
      squares += (before + share(row)) * (before + share(row)) - before * before
    }
    self.scores = order.map { scores[$0] }
    cumulative = sums
    effectiveSampleSize = sum * sum / squares
  }

  /// The score that a new row's stays within with probability `coverage`; infinite where the data are too few to say.
  ///
  /// - Parameters:
  ///   - coverage: in (0, 1).
  ///   - weight: the new row's own weight, not negative.
  public func threshold(_ coverage: Double, weight: Double = 1) -> Double {
    precondition(coverage > 0 && coverage < 1, "coverage \(coverage)")
    precondition(weight >= 0, "weight \(weight)")
    let total = cumulative[cumulative.count - 1] + weight
    // A share of rows such as 0.9 · 10 must not become 10 by its last bit.
    let wanted = coverage * total - 1e-12 * total
    var (low, high) = (0, cumulative.count)
    while low < high {
      let middle = (low + high) / 2
      if cumulative[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < scores.count ? scores[low] : .infinity
  }

  private enum CodingKeys: String, CodingKey { case scores, cumulative, effectiveSampleSize }

  /// Decodes scores; ones that are not sorted or without weight are an error.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    scores = try box.decode([Double].self, forKey: .scores)
    cumulative = try box.decode([Double].self, forKey: .cumulative)
    effectiveSampleSize = try box.decode(Double.self, forKey: .effectiveSampleSize)
    func ascends(_ values: [Double]) -> Bool {
      values.allSatisfy(\.isFinite) && zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }
    }
    guard !scores.isEmpty, scores.count == cumulative.count, ascends(scores), ascends(cumulative), cumulative[0] >= 0,
      cumulative[cumulative.count - 1] > 0, effectiveSampleSize.isFinite
    else { throw LearningError.corruptModel("scores or weights out of order") }
  }
}
