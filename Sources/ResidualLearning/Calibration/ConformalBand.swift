/// What a band of trajectories promises.
public enum BandCoverage: String, Sendable, Hashable, Codable, CaseIterable {
  /// Each place is covered in a share of new curves.
  case pointwise
  /// All places together are covered in a share of new curves.
  case simultaneous
}

/// Bands mean ± factor · deviation around predicted curves, the factors from held-out curves.
///
/// - Source: C. Diquigiovanni et al., Int. Stat. Rev. 90 (2022), arXiv:2102.06746 (maximum of the scaled residual).
public struct ConformalBand: Sendable, Hashable, Codable {
  /// What the band promises.
  public let coverage: BandCoverage
  /// Number of places (bins of the horizon) of a curve.
  public let places: Int
  /// Scores of each place, or of the curves as wholes.
  let scores: [ConformalScores]

  /// Calibrates on curves that the model has not learnt from.
  ///
  /// - Parameters:
  ///   - residuals: one list a curve of |observed − mean| / deviation at each place, not negative; NaN where the curve
  ///     was not observed. Several observations in one bin: their largest.
  ///   - coverage: simultaneous bands leave out curves that miss a place, since the maximum of a part is too small.
  ///   - groups: the group of each curve; `nil`: each curve its own.
  /// - Throws: `LearningError` for lists of different lengths, an infinite residual, or a place without a curve.
  public init(
    residuals: [[Double]], coverage: BandCoverage, groups: [Int]? = nil
  ) throws(LearningError) {
    let places = residuals.first?.count ?? 0
    guard places > 0 else { throw .empty("no curve, or curves without places") }
    guard residuals.allSatisfy({ $0.count == places }), groups?.count ?? residuals.count == residuals.count else {
      throw .sizes("curves of different lengths, or \(groups?.count ?? 0) groups for \(residuals.count) curves")
    }
    func calibrate(_ rows: [Int], _ score: (Int) -> Double) throws(LearningError) -> ConformalScores {
      try ConformalScores(rows.map(score), groups: groups.map { groups in rows.map { groups[$0] } })
    }
    var all: [ConformalScores] = []
    switch coverage {
    case .pointwise:
      for place in 0..<places {
        let seen = residuals.indices.filter { !residuals[$0][place].isNaN }
        all.append(try calibrate(seen) { residuals[$0][place] })
      }
    case .simultaneous:
      let whole = residuals.indices.filter { curve in residuals[curve].allSatisfy { !$0.isNaN } }
      all.append(try calibrate(whole) { residuals[$0].reduce(0, max) })
    }
    self.coverage = coverage
    self.places = places
    scores = all
  }

  /// The factor on the deviation at a place; infinite where the data are too few.
  public func factor(place: Int, level: Double) -> Double {
    precondition(place >= 0 && place < places, "place \(place) of \(places)")
    return scores[coverage == .simultaneous ? 0 : place].threshold(level)
  }

  /// The band around a new curve.
  ///
  /// - Parameters:
  ///   - mean: prediction at each place.
  ///   - deviation: predicted spread at each place, positive.
  ///   - level: share of curves covered, in (0, 1).
  public func band(mean: [Double], deviation: [Double], level: Double) -> [ClosedRange<Double>] {
    precondition(mean.count == places && deviation.count == places, "\(mean.count) values for \(places) places")
    return (0..<places).map { place in
      let half = factor(place: place, level: level) * deviation[place]
      return (mean[place] - half)...(mean[place] + half)
    }
  }

  private enum CodingKeys: String, CodingKey { case coverage, places, scores }

  /// Decodes a band; a number of scores that does not fit is an error.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    coverage = try box.decode(BandCoverage.self, forKey: .coverage)
    places = try box.decode(Int.self, forKey: .places)
    scores = try box.decode([ConformalScores].self, forKey: .scores)
    guard places > 0, scores.count == (coverage == .simultaneous ? 1 : places) else {
      throw LearningError.corruptModel("\(scores.count) lists of scores for \(places) places")
    }
  }
}
