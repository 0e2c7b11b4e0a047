internal import NumericalMethods

/// The convex weights that combine out-of-fold predictions of several members.
///
/// Minimises ‖P′w − y‖² + λ·m·σ̄²·‖w − 1/m‖² over w ≥ 0, Σw = 1, with m members and σ̄² the mean squared error of all
/// members over all rows; solved exactly by an active-set method.
///
/// - Parameters:
///   - predictions: for each member one finite value a row.
///   - target: one finite value a row.
///   - lambda: strength of the pull to equal weights, not negative.
/// - Returns: one weight a member; empty for no members.
/// - Source: D. H. Wolpert, Neural Networks 5 (1992) 241; L. Breiman, Machine Learning 24 (1996) 49 (non-negative
///   weights).
public func convexWeights(predictions: [[Double]], target: [Double], lambda: Double) -> [Double] {
  let m = predictions.count
  guard m > 1 else { return [Double](repeating: 1, count: m) }
  precondition(
    predictions.allSatisfy { $0.count == target.count }, "members and target differ in their number of rows")
  precondition(lambda >= 0, "a stack penalty of \(lambda)")
  let equal = [Double](repeating: 1 / Double(m), count: m)
  // Since Σw = 1, the objective is w′Hw up to a constant, with H from the members' errors.
  let errors = Matrix(predictions.map { p in zip(p, target).map { $0 - $1 } })
  var h = Matrix.product(errors, transposed: false, errors, transposed: true)
  let trace = (0..<m).reduce(0) { $0 + h[$1, $1] }
  precondition(trace.isFinite, "predictions or targets that are not finite")
  guard trace > 0, !target.isEmpty else { return equal }
  // λ·m·σ̄² = λ·trace/rows. The second term keeps equal members from making H singular when λ = 0.
  let ridge = lambda * trace / Double(target.count) + 1e-12 * trace
  for k in 0..<m { h[k, k] += ridge }
  return minimiserOnSimplex(h) ?? equal
}

/// The minimiser of w′Hw over w ≥ 0, Σw = 1, for a positive definite H; nil when H is not.
private func minimiserOnSimplex(_ h: Matrix) -> [Double]? {
  let m = h.rows
  var w = [Double](repeating: 1 / Double(m), count: m)
  var free = Array(0..<m)
  // Each pass drops or adds one member; with a convex objective no free set returns.
  for _ in 0..<(10 * m * m) {
    guard let factor = try? Cholesky(h.selecting(rows: free).selecting(columns: free)) else { return nil }
    let direction = factor.solve([Double](repeating: 1, count: free.count))
    let total = direction.reduce(0, +)
    var step = 1.0
    var leaving: Int?
    for (k, i) in free.enumerated() {
      let goal = direction[k] / total
      if goal < 0, w[i] / (w[i] - goal) < step {
        step = w[i] / (w[i] - goal)
        leaving = k
      }
    }
    for (k, i) in free.enumerated() { w[i] += step * (direction[k] / total - w[i]) }
    if let leaving {
      w[free[leaving]] = 0
      free.remove(at: leaving)
      continue
    }
    let slope = h.times(w)
    let level = zip(w, slope).reduce(0) { $0 + $1.0 * $1.1 }
    let held = (0..<m).filter { !free.contains($0) }
    guard let entering = held.min(by: { slope[$0] < slope[$1] }), slope[entering] < level * (1 - 1e-12) else { break }
    free.append(entering)
    free.sort()
  }
  return w
}
