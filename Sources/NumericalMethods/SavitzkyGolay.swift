/// Smoothing and differentiation on an even grid by a polynomial fitted to a moving window.
///
/// Within half a window of an end, the polynomial of the last full window is evaluated off its centre.
///
/// - Source: A. Savitzky and M. J. E. Golay, Anal. Chem. 36 (1964) 1627; ends as in P. A. Gorry, Anal. Chem. 62 (1990)
///   570.
public struct SavitzkyGolay: Sendable, Hashable {
  /// Number of points in the window, odd.
  public let window: Int
  /// Degree of the polynomial, less than `window`.
  public let order: Int
  /// Derivative taken: 0, 1 or 2.
  public let derivative: Int
  /// Row e holds the weights for the value at offset e − window/2 from the centre.
  private let weights: Matrix

  /// A filter for a window of `window` (odd) points.
  public init(window: Int, order: Int = 3, derivative: Int = 0) {
    precondition(window % 2 == 1 && order >= 0 && order < window, "order \(order) in a window of \(window)")
    precondition((0...2).contains(derivative), "derivative \(derivative)")
    self.window = window
    self.order = order
    self.derivative = derivative
    weights = Self.weights(window: window, order: order, derivative: derivative)
  }

  /// Weights of the window's points for the value at its centre, for unit spacing.
  public var centralWeights: [Double] { weights.row(window / 2) }

  /// The filtered values.
  ///
  /// - Parameters:
  ///   - values: at least `window` of them, evenly spaced.
  ///   - spacing: distance between neighbours, for derivatives.
  public func apply(_ values: [Double], spacing: Double = 1) -> [Double] {
    precondition(values.count >= window, "\(values.count) values for a window of \(window)")
    let half = window / 2
    var scale = 1.0
    for _ in 0..<derivative { scale /= spacing }
    return values.indices.map { i in
      let begin = min(max(i - half, 0), values.count - window)
      let row = (i - begin) * window
      var sum = 0.0
      for k in 0..<window { sum += weights.storage[row + k] * values[begin + k] }
      return sum * scale
    }
  }

  /// Weights by discrete orthogonal (Gram) polynomials, whose three-term recurrence loses no digits.
  private static func weights(window: Int, order: Int, derivative: Int) -> Matrix {
    let half = Double(window / 2)
    // p[d] is the d-th derivative of the current polynomial at every offset.
    var now = [[Double]](repeating: [Double](repeating: 0, count: window), count: 3)
    now[0] = [Double](repeating: 1, count: window)
    var before = [[Double]](repeating: [Double](repeating: 0, count: window), count: 3)
    var normBefore = 1.0
    var out = Matrix(rows: window, columns: window)
    for degree in 0...order {
      let norm = now[0].reduce(0) { $0 + $1 * $1 }
      for e in 0..<window {
        for k in 0..<window { out[e, k] += now[derivative][e] * now[0][k] / norm }
      }
      guard degree < order else { break }
      let back = degree == 0 ? 0 : norm / normBefore
      var next = now
      for e in 0..<window {
        let t = Double(e) - half
        for d in 0...2 {
          let lower = d == 0 ? 0 : Double(d) * now[d - 1][e]
          next[d][e] = t * now[d][e] + lower - back * before[d][e]
        }
      }
      (before, now, normBefore) = (now, next, norm)
    }
    return out
  }
}
