internal import NumericalMethods

/// Points of a given sum, each coordinate between bounds of its own.
struct BoundedSimplex {
  /// Least values.
  var low: [Double]
  /// Greatest values, none below `low`.
  var high: [Double]
  /// Sum of the coordinates.
  var total: Double

  /// Whether no point has the sum.
  var isEmpty: Bool {
    let slack = 1e-12 * max(abs(total), 1)
    return !(low.reduce(0, +) <= total + slack && high.reduce(0, +) >= total - slack)
  }

  /// The point nearest to `x`: all coordinates are lowered by one amount and cut at their bounds, and the sum falls
  /// piece by piece linearly with that amount.
  ///
  /// - Source: K. C. Kiwiel, J. Optim. Theory Appl. 136 (2008) 445, doi:10.1007/s10957-007-9317-7.
  func projected(_ x: [Double]) -> [Double] {
    func lowered(_ amount: Double) -> [Double] {
      x.indices.map { min(max(x[$0] - amount, low[$0]), high[$0]) }
    }
    let breaks = (x.indices.map { x[$0] - high[$0] } + x.indices.map { x[$0] - low[$0] }).sorted()
    var (left, above) = (breaks[0], high.reduce(0, +))
    for right in breaks.dropFirst() {
      let below = lowered(right).reduce(0, +)
      if below <= total {
        let amount = above > below ? left + (right - left) * (above - total) / (above - below) : right
        return lowered(max(amount, left))
      }
      (left, above) = (right, below)
    }
    return low
  }

  /// A point drawn evenly: from the middle, pairs of coordinates in turn share their sum anew.
  ///
  /// - Source: R. L. Smith, Oper. Res. 32 (1984) 1296, doi:10.1287/opre.32.6.1296 (hit and run).
  func drawn(_ stream: inout RandomStream) -> [Double] {
    let room = zip(low, high).reduce(0) { $0 + $1.1 - $1.0 }
    let share = room > 0 ? min(max((total - low.reduce(0, +)) / room, 0), 1) : 0
    var x = zip(low, high).map { $0 + share * ($1 - $0) }
    guard x.count > 1 else { return x }
    for _ in 0..<(30 * x.count * x.count) {
      let i = stream.index(below: x.count)
      let other = stream.index(below: x.count - 1)
      let j = other >= i ? other + 1 : other
      let sum = x[i] + x[j]
      let (a, b) = (max(low[i], sum - high[j]), min(high[i], sum - low[j]))
      x[i] = a + stream.uniform() * max(b - a, 0)
      x[j] = sum - x[i]
    }
    return projected(x)
  }
}
