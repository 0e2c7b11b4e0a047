internal import CBLAS

/// Minimises a smooth function of few variables inside a box by limited-memory BFGS with projection.
///
/// - Parameters:
///   - start: first point; it is clipped to the box.
///   - lower, upper: bounds of each variable.
///   - iterations: most iterations.
///   - objective: value and gradient; an infinite value is a point to step back from.
/// - Returns: the best point and its value.
///
/// - Source: D. C. Liu and J. Nocedal, Math. Program. 45 (1989) 503; bounds by projection of the step and of the
///   active set (D. P. Bertsekas, SIAM J. Control Optim. 20 (1982) 221).
public func minimizeLBFGS(
  start: [Double], lower: [Double], upper: [Double], iterations: Int, memory: Int = 10,
  objective: (_ x: [Double]) -> (value: Double, gradient: [Double])
) -> (x: [Double], value: Double) {
  _ = singleThread
  let n = start.count
  let size = Int32(n)
  func dot(_ a: [Double], _ b: [Double]) -> Double { cblas_ddot(size, a, 1, b, 1) }
  func clip(_ x: inout [Double]) { for i in 0..<n { x[i] = min(max(x[i], lower[i]), upper[i]) } }
  var x = start
  clip(&x)
  var (f, g) = objective(x)
  var pairs: [(step: [Double], change: [Double], product: Double)] = []
  var projected = g
  var d = g
  var trial = x
  for _ in 0..<iterations {
    var steepest = 0.0
    for i in 0..<n {
      let held = (x[i] <= lower[i] && g[i] > 0) || (x[i] >= upper[i] && g[i] < 0)
      projected[i] = held ? 0 : g[i]
      steepest = max(steepest, abs(projected[i]))
    }
    if steepest < 1e-6 { break }
    d = projected
    var alphas: [Double] = []
    for pair in pairs.reversed() {
      let a = dot(pair.step, d) / pair.product
      alphas.append(a)
      cblas_daxpy(size, -a, pair.change, 1, &d, 1)
    }
    if let last = pairs.last {
      cblas_dscal(size, last.product / dot(last.change, last.change), &d, 1)
    } else {
      cblas_dscal(size, 1 / max(1, dot(projected, projected).squareRoot()), &d, 1)
    }
    for (pair, a) in zip(pairs, alphas.reversed()) {
      cblas_daxpy(size, a - dot(pair.change, d) / pair.product, pair.step, 1, &d, 1)
    }
    for i in 0..<n {
      let held = (x[i] <= lower[i] && g[i] > 0) || (x[i] >= upper[i] && g[i] < 0)
      d[i] = held ? 0 : -d[i]
    }
    if !(dot(projected, d) < 0) {
      for i in 0..<n { d[i] = -projected[i] }
      pairs = []
    }
    var t = 1.0
    var accepted = false
    for _ in 0..<25 {
      for i in 0..<n { trial[i] = x[i] + t * d[i] }
      clip(&trial)
      let (ft, gt) = objective(trial)
      var decrease = 0.0
      for i in 0..<n { decrease += projected[i] * (trial[i] - x[i]) }
      if ft.isFinite && ft <= f + 1e-4 * min(decrease, 0) && ft < f {
        var step = trial
        var change = gt
        for i in 0..<n {
          step[i] -= x[i]
          change[i] -= g[i]
        }
        let product = dot(step, change)
        if product > 1e-10 * dot(change, change) {
          pairs.append((step, change, product))
          if pairs.count > memory { pairs.removeFirst() }
        }
        accepted = true
        let gain = f - ft
        swap(&x, &trial)
        f = ft
        g = gt
        if gain < 1e-9 * max(abs(f), 1) { return (x, f) }
        break
      }
      t *= 0.5
    }
    if !accepted { break }
  }
  return (x, f)
}
