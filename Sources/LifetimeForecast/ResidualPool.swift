internal import NumericalMethods

/// Which part of the model forecasts.
public enum ModelVariant: String, Sendable, Hashable, Codable, CaseIterable {
  /// The whole stack.
  case hybrid
  /// The ageing law alone.
  case physics
  /// The learners without the law.
  case ml

  /// The name in `metrics`.
  public var name: String { rawValue }

  func allows(_ kind: MemberKind) -> Bool {
    switch self {
    case .hybrid: true
    case .physics: kind == .law
    case .ml: kind != .law
    }
  }
}

/// Weights of the members, and the errors they made on training cells out of fold: the predictive distribution.
struct ResidualPool: Sendable, Hashable, Codable {
  var scheme: FoldScheme
  var variant: ModelVariant
  /// Weight of each member, per component.
  var weights: [[Double]]
  /// Out-of-fold level vectors of the training cells, cells × levels.
  var expected: Matrix
  /// Residual vectors, cells × levels.
  var residuals: Matrix
  /// Root of their covariance, for smoothing.
  var covarianceRoot: Matrix
  /// Out-of-fold predictive spread of each training cell.
  var spread: [Double]
  /// Scale of the inner half (row 0) and of the 90 % range (row 1) in five bins of horizon.
  var horizonScale: [[Double]]

  init(
    scheme: FoldScheme, variant: ModelVariant, weights: [[Double]], expected: Matrix, residuals: Matrix,
    spread: [Double]
  ) throws {
    self.scheme = scheme
    self.variant = variant
    self.weights = weights
    self.expected = expected
    self.residuals = residuals
    self.spread = spread
    var c = sampleCovariance(residuals)
    for k in 0..<c.rows { c[k, k] += 1e-6 }
    covarianceRoot = try squareRoot(c)
    horizonScale = [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2)
  }

  /// Draws of the level vector of one cell around its expected one.
  ///
  /// - Parameters:
  ///   - expected: z per level.
  ///   - spread: the cell's own predictive spread, compared with those of the pool.
  ///   - widening: further factor on the spread (out of domain), 1 inside.
  ///   - excluded: a training cell to leave out of the pool.
  /// - Returns: draws × levels of z, non-decreasing in the level, and the pool cell behind each draw.
  func draws(
    _ count: Int, expected m: [Double], spread s: Double?, widening: Double, excluding excluded: Int?,
    stream: RandomStream
  ) -> (z: Matrix, source: [Int]) {
    var stream = stream
    let n = residuals.rows
    let pool = (0..<n).filter { $0 != excluded }
    let order = stream.permutation(count)
    let bandwidth = 1.06 * _pow(Double(n), -0.2)
    let shrink = 1 / (1 + bandwidth * bandwidth).squareRoot()
    let inflation = (Double(n + 1) / Double(max(n - 1, 1))).squareRoot()
    var z = Matrix(rows: count, columns: m.count)
    var source = [Int](repeating: 0, count: count)
    for d in 0..<count {
      let j = pool[order[d] % pool.count]
      source[d] = j
      let ratio = s.map { min(max($0 / self.spread[j], 0.5), 3) } ?? 1
      let noise = covarianceRoot.times(m.map { _ in stream.normal() })
      var highest = -Double.infinity
      for k in m.indices {
        let e = (residuals[j, k] + bandwidth * noise[k]) * shrink * inflation * ratio * widening
        highest = max(highest, m[k] + e)
        z[d, k] = highest
      }
    }
    return (z, source)
  }
}
