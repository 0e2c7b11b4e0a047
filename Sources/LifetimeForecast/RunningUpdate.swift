internal import NumericalMethods

/// A running cell: rows after the core's cut-off sharpen its draws, and the forecast moves to the last row.
///
/// The draws are a sample of the joint distribution of z over the levels, so what has been reached since is learnt by
/// the ensemble form of conditioning (Matheron's rule): z ← z + C Hᵀ (H C Hᵀ + R)⁻¹ (y + e − H z), e ~ N(0, R).
/// Draws that would already have fallen further than the cell are no longer possible and give way to others.
///
/// - Source: G. Evensen, Ocean Dyn. 53 (2003) 343, doi:10.1007/s10236-003-0036-9.
struct RunningUpdate {
  /// Smallest error of a level's log age: what the grid of levels cannot say (assumed).
  static let smallestError = 0.03
  /// Smallest error of the retention that a row stands for, dense records and check-ups.
  static let retentionError = (dense: 0.002, sparse: 0.003)
  /// Most reached levels used.
  static let observations = 6

  /// - Parameters:
  ///   - draws: from the core's cut-off.
  ///   - cell: prepared from all rows seen.
  ///   - now: age of the last row seen, later than the cut-off.
  static func apply(_ draws: LevelDraws, cell: PreparedCell, at now: Double, scale: LevelScale, stream: RandomStream)
    throws -> LevelDraws
  {
    var stream = stream
    let passed = now - draws.age
    guard passed > 0, let seen = cell.currentRetention(at: now) else { return draws }
    // A design's path starts where training cells do on average; this cell's own start is known.
    let start = draws.age > 0 ? draws.start : max(cell.initialRetention ?? draws.start, draws.endFraction + 0.02)
    let headroom = start - draws.endFraction
    let current = max(seen, draws.endFraction + LevelGrid.smallestHeadroom)
    let share = (start - current) / headroom
    let paths = LevelPaths(draws)
    let error =
      max(cell.measurementNoise, cell.isDense ? retentionError.dense : retentionError.sparse) / headroom

    var observed: [(share: Double, passed: Double)] = []
    for s in LevelGrid.shares.prefix(draws.levelCount) where s < share - error {
      let age = cell.crossing(start - s * headroom, after: draws.age)
      if age.isFinite, age <= now { observed.append((s, age - draws.age)) }
    }
    if share > 2 * error { observed.append((share, passed)) }
    observed = Array(observed.suffix(observations))

    let count = draws.count
    var z = Matrix(rows: count, columns: draws.levelCount)
    for k in z.storage.indices { z.storage[k] = scale.forward(draws.remaining.storage[k]) }
    if !observed.isEmpty {
      var predicted = Matrix(rows: count, columns: observed.count)
      var errors = [Double](repeating: 0, count: observed.count)
      for (j, o) in observed.enumerated() {
        var slopes = [Double](repeating: 0, count: count)
        for d in 0..<count {
          predicted[d, j] = scale.forward(paths.age(o.share, d))
          let low = max(o.share - error, 0)
          slopes[d] = scale.forward(paths.age(o.share + error, d)) - scale.forward(paths.age(low, d))
        }
        errors[j] = max(median(slopes) / 2, smallestError)
      }
      var joint = Matrix(rows: count, columns: z.columns + observed.count)
      for d in 0..<count {
        for k in 0..<z.columns { joint[d, k] = z[d, k] }
        for j in observed.indices { joint[d, z.columns + j] = predicted[d, j] }
      }
      let covariance = sampleCovariance(joint)
      let levels = Array(0..<z.columns)
      let measured = observed.indices.map { z.columns + $0 }
      var own = covariance.selecting(rows: measured).selecting(columns: measured)
      for j in measured.indices { own[j, j] += errors[j] * errors[j] }
      let factor = try Cholesky(own)
      let cross = covariance.selecting(rows: levels).selecting(columns: measured)
      for d in 0..<count {
        let gap = observed.indices.map { j in
          scale.forward(observed[j].passed) + errors[j] * stream.normal() - predicted[d, j]
        }
        let shift = cross.times(factor.solve(gap))
        for k in levels { z[d, k] += shift[k] }
      }
    }
    var updated = draws
    for d in 0..<count {
      var highest = 0.0
      for k in 0..<z.columns {
        highest = max(highest, scale.inverse(z[d, k]))
        updated.remaining[d, k] = highest
      }
    }
    return moved(updated, share: share, passed: passed, to: now, current: current, error: error, stream: stream)
  }

  /// The same futures seen from `now`: of the draws that are still possible, levels between here and the end of life.
  private static func moved(
    _ draws: LevelDraws, share: Double, passed: Double, to now: Double, current: Double, error: Double,
    stream: RandomStream
  ) -> LevelDraws {
    var stream = stream
    let paths = LevelPaths(draws)
    let possible = (0..<draws.count).filter { paths.age(share + 2 * error, $0) > passed }
    let sources: [Int]
    if possible.count >= max(draws.count / 20, 10) {
      let order = stream.permutation(draws.count)
      var all = (0..<draws.count).map { possible[order[$0] % possible.count] }
      // Whoever is possible stays itself.
      let kept = Set(possible)
      for d in all.indices where kept.contains(d) { all[d] = d }
      sources = all
    } else {
      // The cell outlives nearly all draws: each goes on from where the cell is.
      sources = Array(0..<draws.count)
    }
    var result = draws
    result.age = now
    result.start = current
    for (d, source) in sources.enumerated() {
      let origin = min(paths.age(max(share, 0), source), passed)
      if !draws.sources.isEmpty { result.sources[d] = draws.sources[source] }
      var highest = 0.0
      for k in 0..<draws.levelCount {
        let s = share + LevelGrid.shares[k] * (1 - share)
        // Where draw and cell differ by less than the error, the path passes through the cell.
        let from = possible.count >= max(draws.count / 20, 10) ? passed : origin
        highest = max(highest, paths.age(s, source) - from, 1e-6 * Double(k + 1))
        result.remaining[d, k] = highest
      }
    }
    return result
  }
}

/// Draws as functions: remaining age at any share of the headroom.
struct LevelPaths {
  private let draws: LevelDraws
  private let shares: [Double]

  init(_ draws: LevelDraws) {
    self.draws = draws
    shares = [0] + Array(LevelGrid.shares.prefix(draws.levelCount))
  }

  /// Remaining age of draw `d` at a share; straight beyond the last level.
  func age(_ share: Double, _ d: Int) -> Double {
    guard share > 0 else { return 0 }
    let last = draws.levelCount
    if share >= shares[last] {
      return draws.remaining[d, last - 1] + draws.slope(d) * (share - shares[last])
    }
    let k = shares.firstIndex { $0 > share } ?? last
    let low = k == 1 ? 0 : draws.remaining[d, k - 2]
    let w = (share - shares[k - 1]) / (shares[k] - shares[k - 1])
    return low + w * (draws.remaining[d, k - 1] - low)
  }
}
