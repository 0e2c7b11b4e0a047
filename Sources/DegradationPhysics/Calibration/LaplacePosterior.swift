internal import NumericalMethods

/// The normal posterior around the most probable point of a standard normal prior.
///
/// Along the right singular vectors v of the weighted Jacobian with singular values s the spread is 1/√(1 + s²);
/// across them it is that of the prior, draw by draw.
/// - Source: A. Spantini et al., SIAM J. Sci. Comput. 37 (2015) A2451, doi:10.1137/140977308, equation 2.4.
struct LaplacePosterior {
  let mean: [Double]
  /// Squared singular values, descending.
  let information: [Double]
  /// Their directions, one a row.
  let directions: Matrix

  /// - Parameter jacobian: whitened observations × variables.
  init(mean: [Double], jacobian: Matrix, weights: [Double]) throws(LinearAlgebraError) {
    var weighted = jacobian
    for i in 0..<weighted.rows {
      for j in 0..<weighted.columns { weighted[i, j] *= weights[i].squareRoot() }
    }
    let (values, vectors) = try symmetricEigen(Matrix.product(weighted, transposed: true, weighted))
    self.mean = mean
    information = values.reversed().map { max($0, 0) }
    directions = vectors.selecting(rows: Array((0..<vectors.rows).reversed()))
  }

  /// Posterior members from draws of the prior (rows).
  func members(_ draws: Matrix) -> Matrix {
    let along = Matrix.product(draws, transposed: false, directions, transposed: true)
    var change = along
    for k in 0..<along.rows {
      for (i, s2) in information.enumerated() { change[k, i] = along[k, i] * (1 / (1 + s2).squareRoot() - 1) }
    }
    let moved = Matrix.product(change, directions)
    var out = draws
    for k in 0..<out.rows { for j in 0..<out.columns { out[k, j] += mean[j] + moved[k, j] } }
    return out
  }

  /// Diagonal of the posterior covariance (I + JᵀJ)⁻¹.
  var variances: [Double] {
    mean.indices.map { j in
      information.indices.reduce(1.0) { sum, i in
        let v = directions[i, j]
        return sum - v * v * information[i] / (1 + information[i])
      }
    }
  }
}
