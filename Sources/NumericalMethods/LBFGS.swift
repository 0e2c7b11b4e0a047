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
  let n = start.count
  func clip(_ x: [Double]) -> [Double] { (0..<n).map { min(max(x[$0], lower[$0]), upper[$0]) } }
  func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  var x = clip(start)
  var (f, g) = objective(x)
  var steps: [[Double]] = []
  var changes: [[Double]] = []
  for _ in 0..<iterations {
    let free = (0..<n).map { !(x[$0] <= lower[$0] && g[$0] > 0) && !(x[$0] >= upper[$0] && g[$0] < 0) }
    let pg = (0..<n).map { free[$0] ? g[$0] : 0 }
    if (pg.map(abs).max() ?? 0) < 1e-6 { break }
    var d = pg
    var alphas: [Double] = []
    for k in steps.indices.reversed() {
      let a = dot(steps[k], d) / dot(steps[k], changes[k])
      alphas.append(a)
      for i in 0..<n { d[i] -= a * changes[k][i] }
    }
    if let s = steps.last, let y = changes.last {
      let gamma = dot(s, y) / dot(y, y)
      for i in 0..<n { d[i] *= gamma }
    } else {
      let norm = dot(pg, pg).squareRoot()
      for i in 0..<n { d[i] /= max(1, norm) }
    }
    for (k, a) in zip(steps.indices, alphas.reversed()) {
      let b = dot(changes[k], d) / dot(steps[k], changes[k])
      for i in 0..<n { d[i] += (a - b) * steps[k][i] }
    }
    for i in 0..<n { d[i] = free[i] ? -d[i] : 0 }
    var slope = dot(pg, d)
    if !(slope < 0) {
      d = pg.map { -$0 }
      slope = dot(pg, d)
      steps = []
      changes = []
    }
    var t = 1.0
    var accepted = false
    for _ in 0..<25 {
      let trial = clip((0..<n).map { x[$0] + t * d[$0] })
      let (ft, gt) = objective(trial)
      let decrease = dot(pg, (0..<n).map { trial[$0] - x[$0] })
      if ft.isFinite && ft <= f + 1e-4 * min(decrease, 0) && ft < f {
        let s = (0..<n).map { trial[$0] - x[$0] }
        let y = (0..<n).map { gt[$0] - g[$0] }
        if dot(s, y) > 1e-10 * dot(y, y) {
          steps.append(s)
          changes.append(y)
          if steps.count > memory {
            steps.removeFirst()
            changes.removeFirst()
          }
        }
        accepted = true
        let gain = f - ft
        x = trial
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
