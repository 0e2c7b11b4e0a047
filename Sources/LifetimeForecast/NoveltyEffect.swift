internal import NumericalMethods

/// How much larger errors are for cells unlike those of training, learnt from cells held out.
///
/// With r a cell's novelty over the limit of the training domain, errors scale as max(r, 1)^exponent.
struct NoveltyEffect: Sendable, Hashable, Codable {
  /// 0 for no effect.
  var exponent = NoveltyEffect.prior.mean

  /// What is believed before any error is seen (assumed): errors grow with the root of novelty, give or take.
  static let prior = (mean: 0.5, deviation: 0.5)
  /// Exponents are kept within these.
  static let range = 0.0...2.0

  init() {}

  /// The exponent that makes the errors of held-out cells most likely: normal, of a common scale times
  /// max(r, 1)^exponent, units of the fold scheme counted once, with the prior.
  ///
  /// - Parameters:
  ///   - rows: features of the training cells; the scaler is fitted again without each fold.
  ///   - pool: out-of-fold errors under the same plan.
  ///   - level: the level whose errors are read.
  init(rows: [FeatureValues], presence: Double, plan: FoldPlan, pool: ResidualPool, level: Int) {
    var excess = [Double](repeating: 0, count: rows.count)
    let folds = plan.assignments[0]
    for fold in Set(folds).sorted() {
      let inside = rows.indices.filter { folds[$0] != fold }
      let outside = rows.indices.filter { folds[$0] == fold }
      guard inside.count > 1 else { continue }
      let scaler = FeatureScaler(inside.map { rows[$0] }, presence: presence)
      let limit = max(quantile(ofSorted: scaler.transform(inside.map { rows[$0] }).novelty.sorted(), 0.95), 2)
      for (i, novelty) in zip(outside, scaler.transform(outside.map { rows[$0] }).novelty) {
        excess[i] = _log(max(novelty / limit, 1))
      }
    }
    // A cell's own predictive spread speaks of its novelty too; what is learnt here is what that leaves.
    let errors = rows.indices.map { pool.residuals[$0, level] / max(pool.spread[$0], 1e-9) }
    let weights = plan.unitWeights.map { $0 * Double(Set(plan.units).count) / Double(rows.count) }
    let total = weights.reduce(0, +)
    func score(_ b: Double) -> Double {
      let squares = rows.indices.reduce(0.0) {
        $0 + weights[$1] * errors[$1] * errors[$1] * _exp(-2 * b * excess[$1])
      }
      let logs = rows.indices.reduce(0.0) { $0 + weights[$1] * b * excess[$1] }
      let surprise = (b - Self.prior.mean) / Self.prior.deviation
      return 0.5 * total * _log(max(squares / total, 1e-300)) + logs + 0.5 * surprise * surprise
    }
    let steps = 200
    let candidates = (0...steps).map {
      Self.range.lowerBound + (Self.range.upperBound - Self.range.lowerBound) * Double($0) / Double(steps)
    }
    exponent = candidates.min { score($0) < score($1) } ?? Self.prior.mean
  }

  /// Factor on the spread of a cell whose novelty is `ratio` times the limit.
  func widening(_ ratio: Double) -> Double { _pow(max(ratio, 1), exponent) }
}
