#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Gauss's rule on 0…1: exact for polynomials of degree 2n − 1.
///
/// Roots of the Legendre polynomial by Newton's method from the asymptotic guess.
///
/// - Source: W. H. Press et al., "Numerical Recipes", 3rd ed. 2007, §4.6.1.
func gaussLegendre(_ n: Int) -> (points: [Double], weights: [Double]) {
  var points = [Double](repeating: 0.5, count: n)
  var weights = [Double](repeating: 1, count: n)
  for i in 0..<((n + 1) / 2) {
    var x = cos(Double.pi * (Double(i) + 0.75) / (Double(n) + 0.5))
    var slope = 1.0
    for _ in 0..<100 {
      var (current, previous) = (1.0, 0.0)
      for k in 1...n {
        (current, previous) = ((Double(2 * k - 1) * x * current - Double(k - 1) * previous) / Double(k), current)
      }
      slope = Double(n) * (x * current - previous) / (x * x - 1)
      let step = current / slope
      x -= step
      if abs(step) < 1e-15 { break }
    }
    let weight = 1 / ((1 - x * x) * slope * slope)
    points[i] = (1 - x) / 2
    points[n - 1 - i] = (1 + x) / 2
    weights[i] = weight
    weights[n - 1 - i] = weight
  }
  return (points, weights)
}
