internal import NumericalMethods

/// Scales of the predictive spread by horizon, so that half and nine tenths of held-out training points are covered.
enum HorizonCalibration {
  /// Points taken from one cell.
  static let pointsPerCell = 15

  /// The scales of the inner half (first row) and of the 90 % range (second), per horizon bin.
  ///
  /// κ is the finite-sample quantile of |error| over the half-width on that side, cells weighted equally, shrunk in
  /// the logarithm by m/(m + 15) and kept within 0.6…2.5.
  static func scales(cells: [PreparedCell], draws: [LevelDraws]) -> [[Double]] {
    var points = [[(inner: Double, outer: Double, weight: Double)]](repeating: [], count: 5)
    for (i, cell) in cells.enumerated() {
      let forecast = draws[i]
      let rows = scoredRows(cell, after: forecast.age, limit: pointsPerCell)
      guard !rows.isEmpty else { continue }
      let ages = rows.map { cell.ages[$0] }
      let future = forecast.retention(at: ages)
      let middleLife = median(forecast.lives())
      var stream = RandomStream(seed: 0, purpose: "measurement", key: cell.streamKey)
      var own = [[(Double, Double)]](repeating: [], count: 5)
      for (k, row) in rows.enumerated() {
        let values = future[k].map { $0 + forecast.measurementNoise * stream.normal() }.sorted()
        let q = [0.05, 0.25, 0.5, 0.75, 0.95].map { quantile(ofSorted: values, $0) }
        let error = cell.retention[row] - q[2]
        let inner = error > 0 ? error / max(q[3] - q[2], 1e-5) : -error / max(q[2] - q[1], 1e-5)
        let outer = error > 0 ? error / max(q[4] - q[2], 1e-5) : -error / max(q[2] - q[0], 1e-5)
        own[forecast.horizonBin(ages[k], middleLife)].append((inner, outer))
      }
      for b in 0..<5 {
        for p in own[b] { points[b].append((p.0, p.1, 1 / Double(own[b].count))) }
      }
    }
    var scales = [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2)
    for b in 0..<5 where points[b].count >= 5 {
      scales[0][b] = factor(points[b].map { ($0.inner, $0.weight) }, level: 0.5)
      scales[1][b] = factor(points[b].map { ($0.outer, $0.weight) }, level: 0.9)
    }
    return scales
  }

  private static func factor(_ ratios: [(value: Double, weight: Double)], level: Double) -> Double {
    let sorted = ratios.sorted { $0.value < $1.value }
    let total = sorted.reduce(0) { $0 + $1.weight }
    let wanted = min(level * (1 + 1 / total), 1)
    var sum = 0.0
    var chosen = sorted[sorted.count - 1].value
    for r in sorted {
      sum += r.weight
      if sum / total >= wanted - 1e-12 {
        chosen = r.value
        break
      }
    }
    let shrunk = _exp(_log(max(chosen, 1e-3)) * total / (total + 15))
    return min(max(shrunk, 0.6), 2.5)
  }
}

/// Rows of a record beyond N that are scored: to the end of life, or all of them where they are published
/// checkpoints (one below the limit is then all that is known of that cell). At most `limit`, evenly chosen.
func scoredRows(_ cell: PreparedCell, after age: Double, limit: Int) -> [Int] {
  let end = cell.life.isFinite && !cell.isPublished ? cell.life : cell.lastAge
  let rows = cell.ages.indices.filter { cell.ages[$0] > age && cell.ages[$0] <= end }
  guard rows.count > limit else { return rows }
  var chosen: [Int] = []
  for k in 0..<limit {
    let row = rows[Int(Double(k) * Double(rows.count - 1) / Double(limit - 1))]
    if chosen.last != row { chosen.append(row) }
  }
  return chosen
}
