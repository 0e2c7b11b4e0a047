internal import NumericalMethods

/// Completes the level vectors of cells whose record stops early, given what the learners expect (the E-step).
struct CensoredLevels {
  /// Covariance of the residuals over the levels.
  var covariance: Matrix
  /// Draws per cell.
  static let draws = 30

  /// The residual covariance, shrunk to its diagonal: 0.9 C + 0.1 diag C.
  init(residuals: Matrix, complete: [Int]) {
    let use = complete.count > residuals.columns + 4 ? residuals.selecting(rows: complete) : residuals
    covariance = sampleCovariance(use)
    for i in 0..<covariance.rows {
      for j in 0..<covariance.columns where i != j { covariance[i, j] *= 0.9 }
      covariance[i, i] += 1e-4
    }
  }

  /// Level vectors consistent with what one cell has shown.
  ///
  /// The first missing level is truncated at the age where the record ends (inverse CDF at mid-points, at most three
  /// spreads beyond), the rest is drawn given it; no level comes before the one above it.
  func draws(expected m: [Double], known z: [Double?], censoredAt c: Double, stream: RandomStream) throws -> Matrix {
    var stream = stream
    let seen = z.indices.filter { z[$0] != nil }
    let missing = z.indices.filter { z[$0] == nil }
    guard let first = missing.first else { return Matrix([z.compactMap { $0 }]) }
    var mu = missing.map { m[$0] }
    var v = covariance.selecting(rows: missing).selecting(columns: missing)
    if !seen.isEmpty {
      var css = covariance.selecting(rows: seen).selecting(columns: seen)
      for i in seen.indices { css[i, i] += 1e-3 }
      let factor = try Cholesky(css)
      let cms = covariance.selecting(rows: missing).selecting(columns: seen)
      let shift = cms.times(factor.solve(seen.map { (z[$0] ?? 0) - m[$0] }))
      for i in mu.indices { mu[i] += shift[i] }
      for i in missing.indices {
        let solved = factor.solve(cms.row(i))
        for j in missing.indices { v[i, j] -= zip(solved, cms.row(j)).reduce(0) { $0 + $1.0 * $1.1 } }
      }
    }
    let s0 = max(v[0, 0], 1e-4).squareRoot()
    let a = NormalDistribution.cumulative((c - mu[0]) / s0)
    var out = Matrix(rows: Self.draws, columns: z.count)
    let rest = Array(missing.dropFirst())
    let slope = rest.indices.map { v[$0 + 1, 0] / max(v[0, 0], 1e-4) }
    var w = Matrix(rows: rest.count, columns: rest.count)
    for i in rest.indices {
      for j in rest.indices {
        let value =
          v[i + 1, j + 1] - (slope[i] * v[0, j + 1] + slope[j] * v[0, i + 1]) / 2
        w[i, j] = value
      }
    }
    let root = try squareRoot(w)
    for d in 0..<Self.draws {
      let p = min(max(a + (1 - a) * (Double(d) + 0.5) / Double(Self.draws), 1e-9), 1 - 1e-9)
      let x0 = min(max(mu[0] + s0 * NormalDistribution.quantile(p), c), max(c, mu[0]) + 3 * s0)
      for k in seen { out[d, k] = z[k] ?? 0 }
      out[d, first] = x0
      let noise = root.times(rest.map { _ in stream.normal() })
      for (i, k) in rest.enumerated() { out[d, k] = mu[i + 1] + slope[i] * (x0 - mu[0]) + noise[i] }
      for k in 1..<max(z.count, 1) { out[d, k] = max(out[d, k], out[d, k - 1]) }
    }
    return out
  }
}

/// Covariance of the columns of a sample, divisor n − 1.
func sampleCovariance(_ x: Matrix) -> Matrix {
  let means = (0..<x.columns).map { mean(x.column($0)) }
  var centred = x
  for i in 0..<x.rows { for j in 0..<x.columns { centred[i, j] -= means[j] } }
  var c = Matrix.product(centred, transposed: true, centred, transposed: false)
  for k in c.storage.indices { c.storage[k] /= Double(max(x.rows - 1, 1)) }
  return c
}

/// A matrix R with R·Rᵀ = the nearest positive semi-definite matrix to `c`.
func squareRoot(_ c: Matrix) throws -> Matrix {
  let (values, vectors) = try symmetricEigen(c)
  var root = Matrix(rows: c.rows, columns: c.columns)
  for i in 0..<c.rows {
    for k in 0..<c.columns { root[i, k] = vectors[k, i] * max(values[k], 0).squareRoot() }
  }
  return root
}
