internal import NumericalMethods

/// The joint forecast of some cells: each path ahead is straight in ln n on the scale of log fade.
public struct StudyForecast: Sendable, Hashable {
  /// The cells.
  public let cells: [StudyCell]
  /// ln(n/100) of the first of two points of each cell's path; the second lies `reach` beyond.
  let anchors: [Double]
  /// Means of log fade at the two points, cell by cell.
  let mean: [Double]
  /// Their covariance.
  let covariance: Matrix
  /// Variance beside it.
  let floor: Double

  /// Distance of the two points: a factor 4.5 of age.
  static let reach = 1.5

  /// How much faster one design fades than another.
  public struct Contrast: Sendable, Hashable {
    /// The cells compared.
    public var first: String
    /// See `first`.
    public var second: String
    /// Mean difference of log fade after 100 cycles, first less second.
    public var difference: Double
    /// Its scale (Student's t, 6 degrees of freedom).
    public var scale: Double

    /// Ratio of the fade rates, first over second: the 5, 50 and 95 % quantiles.
    public var rateRatio: [Double] {
      [0.05, 0.5, 0.95].map { _exp(difference + scale * StudentT.quantile($0, freedom: StudyRegression.freedom)) }
    }

    /// Probability that the first fades more slowly.
    public var probabilityFirstBetter: Double {
      StudentT.cumulative(-difference / max(scale, 1e-12), freedom: StudyRegression.freedom)
    }
  }

  /// Scale of a t that has the predicted variance.
  private static let scale = ((StudyRegression.freedom - 2) / StudyRegression.freedom).squareRoot()

  /// Mean and standard deviation of log fade of cell `c` after `cycles`.
  public func logFade(_ c: Int, cycles: Double) -> (mean: Double, standardDeviation: Double) {
    let x = (_log(max(cycles, 1) / 100) - anchors[c]) / Self.reach
    let (i, j) = (2 * c, 2 * c + 1)
    let v =
      (1 - x) * (1 - x) * covariance[i, i] + 2 * x * (1 - x) * covariance[i, j] + x * x * covariance[j, j]
    return ((1 - x) * mean[i] + x * mean[j], (max(v, 1e-6) + floor).squareRoot())
  }

  /// The quantile of retention of cell `c` after `cycles` at probability `p`.
  public func retention(_ c: Int, cycles: Double, quantile p: Double) -> Double {
    let (m, s) = logFade(c, cycles: cycles)
    let y = m + s * Self.scale * StudentT.quantile(1 - p, freedom: StudyRegression.freedom)
    return _exp(-_exp(min(max(y, -12), 4)))
  }

  /// The contrast of cells `i` and `j` after 100 cycles.
  public func contrast(_ i: Int, _ j: Int) -> Contrast {
    func weights(_ c: Int) -> [(Int, Double)] {
      let w = -anchors[c] / Self.reach
      return [(2 * c, 1 - w), (2 * c + 1, w)]
    }
    let terms = weights(i) + weights(j).map { ($0.0, -$0.1) }
    let v = terms.reduce(0.0) { sum, a in sum + terms.reduce(0.0) { $0 + a.1 * $1.1 * covariance[a.0, $1.0] } }
    return Contrast(
      first: cells[i].id, second: cells[j].id, difference: terms.reduce(0.0) { $0 + $1.1 * mean[$1.0] },
      scale: max(v, 1e-9).squareRoot() * Self.scale)
  }

  /// Draws of the path of cell `c`: log fade at its first point, ln(n/100) there, and the slope ahead, at least 0.1
  /// since fade goes on.
  public func paths(_ c: Int, count: Int, seed: UInt64) -> [(level: Double, at: Double, slope: Double)] {
    var stream = RandomStream(seed: seed, purpose: "study-path", key: stableHash(cells[c].id))
    let (i, j) = (2 * c, 2 * c + 1)
    let varianceA = max(covariance[i, i], 1e-9)
    let varianceB = max(covariance[j, j] + covariance[i, i] - 2 * covariance[i, j], 1e-9)
    let a = (varianceA + floor).squareRoot()
    let along = (covariance[i, j] - covariance[i, i]) / a
    let rest = max(varianceB - along * along, 0).squareRoot()
    return (0..<count).map { _ in
      let (z1, z2) = (stream.normal(), stream.normal())
      let t = Self.scale / StudentT.chi(stream.uniform(), freedom: StudyRegression.freedom)
      let rise = mean[j] - mean[i] + t * (along * z1 + rest * z2)
      return (mean[i] + a * t * z1, anchors[c], max(rise / Self.reach, 0.1))
    }
  }
}

/// Student's t distribution with an even number of degrees of freedom, for which everything is elementary.
enum StudentT {
  /// P(T ≤ t).
  ///
  /// - Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, 26.7.4.
  static func cumulative(_ t: Double, freedom v: Double) -> Double {
    let sine = t / (v + t * t).squareRoot()
    let square = 1 - sine * sine
    var term = 1.0
    var sum = 1.0
    var k = 1.0
    while 2 * k < v {
      term *= square * (2 * k - 1) / (2 * k)
      sum += term
      k += 1
    }
    return 0.5 + 0.5 * sine * sum
  }

  /// The quantile by bisection.
  static func quantile(_ p: Double, freedom v: Double) -> Double {
    var (low, high) = (-1e3, 1e3)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if cumulative(middle, freedom: v) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// √(χ²/ν) at probability `p`, by bisection of the closed form of an even number of degrees of freedom.
  static func chi(_ p: Double, freedom v: Double) -> Double {
    var (low, high) = (0.0, 200.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      var term = 1.0
      var sum = 1.0
      var k = 1.0
      while k < v / 2 {
        term *= middle / 2 / k
        sum += term
        k += 1
      }
      if 1 - _exp(-middle / 2) * sum < p { low = middle } else { high = middle }
    }
    return ((low + high) / 2 / v).squareRoot()
  }
}
