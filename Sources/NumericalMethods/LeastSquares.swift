/// Why a least-squares problem has no answer.
public enum LeastSquaresError: Error, Hashable, Sendable {
  /// The residuals at this point are not all finite.
  case nonFiniteResiduals(at: [Double])
  /// Fewer residuals than variables.
  case tooFewResiduals(Int, variables: Int)
  /// The singular values of the Jacobian did not converge.
  case noConvergence
}

/// When a least-squares iteration ends, and how it differentiates.
public struct LeastSquaresOptions: Sendable, Hashable {
  /// Most Jacobians.
  public var iterations = 100
  /// Ends when the cost falls by less than this part of itself.
  public var costTolerance = 1e-12
  /// Ends when every variable moves by less than this part of its scale.
  public var stepTolerance = 1e-10
  /// Half width of the central differences, as a part of each scale.
  public var differenceStep = 1e-5

  /// The default tolerances.
  public init() {}
}

/// A local minimum of a sum of squares.
public struct LeastSquaresSolution: Sendable, Hashable {
  /// The variables.
  public var x: [Double]
  /// Half the sum of squared residuals.
  public var cost: Double
  /// The residuals.
  public var residuals: [Double]
  /// Derivative of each residual (row) by each variable (column).
  public var jacobian: Matrix
  /// Singular values of the Jacobian by variables in units of their scales, descending.
  public var singularValues: [Double]
  /// The directions of `singularValues` in scaled variables, one a row.
  public var directions: Matrix
  /// (JᵀJ)⁻¹: the covariance of the variables if the residuals are independent with unit variance.
  ///
  /// Bounds are not considered. Nil when the residuals do not determine every variable to rounding.
  public var covariance: Matrix?
  /// False when `iterations` ran out.
  public var converged: Bool

  /// Smallest over largest singular value, 0 when the residuals do not depend on some direction.
  public var singularValueRatio: Double {
    guard let largest = singularValues.first, let smallest = singularValues.last, largest > 0 else { return 0 }
    return smallest / largest
  }
}

/// Minimises ½ Σ rᵢ(x)² inside a box by the Levenberg–Marquardt method.
///
/// The damped step solves (JᵀJ + λI) p = −Jᵀr in variables divided by their scales, by the singular values of J;
/// variables that the gradient holds at a bound are left out of the step, the rest is clipped to the box. The
/// damping follows the ratio of true to predicted reduction. Finds the minimum near the start: several starts are the
/// caller's choice.
///
/// - Parameters:
///   - start: first point; it is clipped to the box.
///   - lower, upper: bounds of each variable, infinite for none.
///   - scales: a typical change of each variable, positive.
///   - residuals: r(x), always of the same length, at least that of x; called inside the box only. Points whose
///     residuals are not finite are stepped back from.
/// - Throws: `LeastSquaresError`.
/// - Source: K. Levenberg, Q. Appl. Math. 2 (1944) 164; D. W. Marquardt, SIAM J. Appl. Math. 11 (1963) 431; damping of
///   H. B. Nielsen, report IMM-REP-1999-05, Technical University of Denmark; bounds by an active set with projection
///   (D. P. Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
public func minimizeLeastSquares(
  start: [Double], lower: [Double], upper: [Double], scales: [Double],
  options: LeastSquaresOptions = LeastSquaresOptions(), residuals: (_ x: [Double]) -> [Double]
) throws(LeastSquaresError) -> LeastSquaresSolution {
  try minimizeBatchedLeastSquares(
    start: start, lower: lower, upper: upper, scales: scales, options: options, batch: { $0.map(residuals) })
}

/// `minimizeLeastSquares` with residuals of several points asked for at once: one point for a trial, all 2n points of
/// the central differences for a Jacobian.
///
/// - Parameter batch: r(x) of each point, in their order.
/// - Throws: `LeastSquaresError`.
public func minimizeBatchedLeastSquares(
  start: [Double], lower: [Double], upper: [Double], scales: [Double],
  options: LeastSquaresOptions = LeastSquaresOptions(), batch: (_ points: [[Double]]) -> [[Double]]
) throws(LeastSquaresError) -> LeastSquaresSolution {
  let n = start.count
  precondition(lower.count == n && upper.count == n && scales.count == n, "bounds or scales for other variables")
  precondition(scales.allSatisfy { $0 > 0 } && zip(lower, upper).allSatisfy { $0 <= $1 }, "scales or bounds")
  let problem = ScaledProblem(lower: lower, upper: upper, scales: scales, step: options.differenceStep)
  var x = problem.clip(start)
  var r = batch([x])[0]
  guard r.count >= n else { throw .tooFewResiduals(r.count, variables: n) }
  guard r.allSatisfy(\.isFinite) else { throw .nonFiniteResiduals(at: x) }
  var cost = halfSquares(r)
  var damping: Double?
  var growth = 2.0
  var converged = false
  var jacobian = try problem.jacobian(x, batch)
  for _ in 0..<options.iterations {
    let gradient = jacobian.times(r, transposed: true)
    let free = (0..<n).filter { !(x[$0] <= lower[$0] && gradient[$0] > 0 || x[$0] >= upper[$0] && gradient[$0] < 0) }
    if cost == 0 || free.isEmpty {
      converged = true
      break
    }
    let decomposition = try decompose(jacobian.selecting(columns: free))
    let s = decomposition.values
    let projected = decomposition.left.times(r, transposed: true)
    var mu = damping ?? 1e-3 * max(s[0] * s[0], .leastNormalMagnitude)
    var accepted = false
    for _ in 0..<60 {
      // p = −V diag(s / (s² + λ)) Uᵀ r
      let weights = s.indices.map { -s[$0] / (s[$0] * s[$0] + mu) * projected[$0] }
      let p = decomposition.right.times(weights, transposed: true)
      var trial = x
      for (k, i) in free.enumerated() { trial[i] += p[k] * scales[i] }
      trial = problem.clip(trial)
      let moved = (0..<n).map { (trial[$0] - x[$0]) / scales[$0] }
      if moved.allSatisfy({ abs($0) < options.stepTolerance }) {
        converged = true
        break
      }
      let rt = batch([trial])[0]
      let trialCost = rt.allSatisfy(\.isFinite) ? halfSquares(rt) : .infinity
      let change = jacobian.times(moved)
      let predicted = cost - halfSquares(zip(r, change).map { $0 + $1 })
      if trialCost < cost {
        let ratio = predicted > 0 ? (cost - trialCost) / predicted : 0
        let t = 2 * min(ratio, 1) - 1
        mu *= max(1.0 / 3, 1 - t * t * t)
        growth = 2
        converged = cost - trialCost <= options.costTolerance * cost
        (x, r, cost) = (trial, rt, trialCost)
        accepted = true
        break
      }
      mu *= growth
      growth *= 2
    }
    damping = mu
    if accepted { jacobian = try problem.jacobian(x, batch) }
    if converged { break }
  }
  let decomposition = try decompose(jacobian)
  return LeastSquaresSolution(
    x: x, cost: cost, residuals: r, jacobian: problem.unscaled(jacobian), singularValues: decomposition.values,
    directions: decomposition.right, covariance: problem.covariance(decomposition), converged: converged)
}

private func halfSquares(_ r: [Double]) -> Double { 0.5 * r.reduce(0) { $0 + $1 * $1 } }

private func decompose(_ a: Matrix) throws(LeastSquaresError) -> SingularValues {
  do { return try SingularValues(a) } catch { throw .noConvergence }
}

/// The box and the scales of a problem.
private struct ScaledProblem {
  var lower: [Double]
  var upper: [Double]
  var scales: [Double]
  var step: Double

  func clip(_ x: [Double]) -> [Double] { x.indices.map { min(max(x[$0], lower[$0]), upper[$0]) } }

  /// dr/d(x/scale) by central differences, one-sided at a bound.
  func jacobian(_ x: [Double], _ batch: ([[Double]]) -> [[Double]]) throws(LeastSquaresError) -> Matrix {
    var points: [[Double]] = []
    for j in x.indices {
      var high = x
      var low = x
      high[j] = min(x[j] + step * scales[j], upper[j])
      low[j] = max(x[j] - step * scales[j], lower[j])
      points += [high, low]
    }
    let values = batch(points)
    var out = Matrix(rows: values.first?.count ?? 0, columns: x.count)
    for j in x.indices {
      let (a, b) = (values[2 * j], values[2 * j + 1])
      guard a.allSatisfy(\.isFinite) else { throw .nonFiniteResiduals(at: points[2 * j]) }
      guard b.allSatisfy(\.isFinite) else { throw .nonFiniteResiduals(at: points[2 * j + 1]) }
      let width = (points[2 * j][j] - points[2 * j + 1][j]) / scales[j]
      if width > 0 { for i in a.indices { out[i, j] = (a[i] - b[i]) / width } }
    }
    return out
  }

  func unscaled(_ jacobian: Matrix) -> Matrix {
    var out = jacobian
    for i in 0..<out.rows { for j in scales.indices { out[i, j] /= scales[j] } }
    return out
  }

  func covariance(_ d: SingularValues) -> Matrix? {
    guard let largest = d.values.first, let smallest = d.values.last else { return Matrix(rows: 0, columns: 0) }
    // numpy.linalg.matrix_rank's limit of what rounding leaves.
    guard smallest > largest * Double(d.left.rows) * .ulpOfOne else { return nil }
    var out = Matrix(rows: scales.count, columns: scales.count)
    for i in scales.indices {
      for j in scales.indices {
        var sum = 0.0
        for k in d.values.indices { sum += d.right[k, i] * d.right[k, j] / (d.values[k] * d.values[k]) }
        out[i, j] = sum * scales[i] * scales[j]
      }
    }
    return out
  }
}
