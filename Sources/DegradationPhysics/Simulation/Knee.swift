/// Where a fade curve turns steep.
public enum Knee {
  /// The age where two straight lines that meet there fit best (Bacon–Watts with a sharp bend), if the second falls at
  /// least twice as fast and the pair explains most of what one line leaves.
  ///
  /// - Source: D. W. Bacon and D. G. Watts, Biometrika 58 (1971) 525, doi:10.1093/biomet/58.3.525; for cells: P. Fermín-Cueto
  ///   et al., Energy and AI 1 (2020) 100006, doi:10.1016/j.egyai.2020.100006.
  /// - Parameters:
  ///   - ages: ascending, at least eight.
  ///   - values: one per age, finite.
  public static func age(_ ages: [Double], _ values: [Double]) -> Double? {
    let n = ages.count
    guard n >= 8, values.count == n, values.allSatisfy(\.isFinite) else { return nil }
    let line = fit(ages, values, bend: nil)
    var best: (bend: Double, error: Double, before: Double, after: Double)?
    for k in 2..<(n - 2) {
      let f = fit(ages, values, bend: ages[k])
      if f.error < best?.error ?? .infinity { best = (ages[k], f.error, f.before, f.after) }
    }
    guard let best, best.after < 0, best.after < 2 * min(best.before, 0), best.after < best.before - 1e-9,
      best.error < 0.3 * line.error
    else { return nil }
    return best.bend
  }

  /// Least squares of a + b t + c max(0, t − bend): squared error and both slopes.
  private static func fit(
    _ t: [Double], _ y: [Double], bend: Double?
  ) -> (error: Double, before: Double, after: Double) {
    func centred(_ v: [Double]) -> [Double] {
      let mean = v.reduce(0, +) / Double(v.count)
      return v.map { $0 - mean }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let x = centred(t)
    let z = centred(y)
    let xx = dot(x, x)
    guard xx > 0 else { return (dot(z, z), 0, 0) }
    let u = centred(t.map { max(0, $0 - (bend ?? .infinity)) })
    let xu = dot(x, u)
    let uu = dot(u, u)
    let determinant = xx * uu - xu * xu
    let c = determinant > 1e-12 * xx * xx ? (dot(u, z) * xx - dot(x, z) * xu) / determinant : 0
    let b = (dot(x, z) - c * xu) / xx
    let error = (0..<t.count).reduce(0.0) { sum, k in
      let e = z[k] - b * x[k] - c * u[k]
      return sum + e * e
    }
    return (error, b, b + c)
  }
}
