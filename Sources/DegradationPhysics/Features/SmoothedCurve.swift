internal import NumericalMethods

/// A curve on an even grid, its derivative, and how noisy both are.
struct SmoothedCurve: Sendable {
  var grid: [Double]
  /// dy/dx of the smoothed curve.
  var slope: [Double]
  /// Standard deviation of y about its smoothed course, from the median absolute residual.
  var noise: Double
  /// What that noise leaves in `slope` if it is independent from point to point.
  var slopeNoise: Double

  /// Smooths with cubics in a moving window.
  ///
  /// - Parameters:
  ///   - width: window in the unit of the grid; it is widened to at least five points.
  init(grid: [Double], values: [Double], width: Double) {
    let spacing = (grid[grid.count - 1] - grid[0]) / Double(grid.count - 1)
    let half = min(max(Int((0.5 * width / spacing).rounded()), 2), (grid.count - 1) / 2)
    let smoothing = SavitzkyGolay(window: 2 * half + 1)
    let derivative = SavitzkyGolay(window: 2 * half + 1, derivative: 1)
    let smooth = smoothing.apply(values)
    self.grid = grid
    slope = derivative.apply(values, spacing: spacing)
    // Independent noise of variance s² leaves residuals of variance s²(1 − c₀), c₀ the central weight.
    let kept = max(1 - smoothing.centralWeights[half], .ulpOfOne)
    noise = 1.4826 * median(values.indices.map { abs(values[$0] - smooth[$0]) }) / kept.squareRoot()
    let gain = derivative.centralWeights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    slopeNoise = noise * gain / spacing
  }

  /// Whether a maximum is more than noise: six standard deviations (the range of a hundred values is five) and a
  /// hundredth of its height (assumed).
  static func standsOut(prominence: Double, height: Double, noise: Double) -> Bool {
    prominence > max(6 * noise, 0.01 * height)
  }

  /// Interior local maxima of `curve` between two indices, by ascending index, each with its height above the higher
  /// of the lowest points on either side up to the next higher maximum or the end.
  static func maxima(_ curve: [Double], in range: Range<Int>) -> [(index: Int, prominence: Double)] {
    guard range.count >= 3 else { return [] }
    var out: [(index: Int, prominence: Double)] = []
    for i in (range.lowerBound + 1)..<(range.upperBound - 1) where curve[i] > curve[i - 1] && curve[i] >= curve[i + 1] {
      func lowest(_ indices: some Sequence<Int>) -> Double {
        var low = curve[i]
        for j in indices {
          if curve[j] > curve[i] { break }
          low = min(low, curve[j])
        }
        return low
      }
      let left = lowest((range.lowerBound..<i).reversed())
      let right = lowest((i + 1)..<range.upperBound)
      out.append((i, curve[i] - max(left, right)))
    }
    return out
  }

  /// Position of a maximum between grid points, by the parabola through it and its neighbours.
  static func vertex(_ curve: [Double], _ grid: [Double], _ i: Int) -> Double {
    let bend = curve[i - 1] - 2 * curve[i] + curve[i + 1]
    let shift = bend < 0 ? 0.5 * (curve[i - 1] - curve[i + 1]) / bend : 0
    return grid[i] + shift * (grid[i + 1] - grid[i])
  }
}
