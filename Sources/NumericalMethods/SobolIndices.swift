/// How much of the variance of a response comes from each group of inputs.
///
/// Independent scramblings of the points give the interval: a bootstrap of rows would ignore what Sobol points gain.
/// - Source: A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, doi:10.1016/j.cpc.2009.09.018 (first order);
///   M. J. W. Jansen, Comput. Phys. Commun. 117 (1999) 35, doi:10.1016/S0010-4655(98)00154-4 (total).
public struct SobolIndices: Sendable, Hashable {
  /// An index and its 95 % interval; a negative estimate is kept as it is.
  public struct Estimate: Sendable, Hashable {
    /// Mean over the scramblings.
    public var value: Double
    /// Lower end.
    public var low: Double
    /// Upper end.
    public var high: Double
  }

  /// First-order index of each group: its share of the variance alone.
  public var first: [Estimate]
  /// Total index of each group: its share with all its interactions.
  public var total: [Estimate]

  /// Independent scramblings.
  public static let scramblings = 8
  /// 97.5 % point of Student's t at seven degrees of freedom.
  private static let t7 = 2.364_624

  /// Estimates the indices.
  ///
  /// - Parameters:
  ///   - groups: coordinates of each group; within a group they may depend on each other.
  ///   - dimensions: number of coordinates of the response.
  ///   - rows: rows of each scrambling, a power of two; (2 + groups) × 8 × rows responses are asked for.
  ///   - response: values at points of the unit cube.
  /// - Returns: nil where the response hardly varies (standard deviation below 1e-9 of the size of its mean).
  public static func estimate(
    groups: [[Int]], dimensions: Int, rows: Int = 512, seed: UInt64, response: ([[Double]]) async throws -> [Double]
  ) async rethrows -> SobolIndices? {
    var firsts: [[Double]] = []
    var totals: [[Double]] = []
    for scrambling in 0..<scramblings {
      let points = SobolPoints(dimensions: 2 * dimensions, seed: seed, purpose: "indices-\(scrambling)")
      let both = (0..<rows).map(points.point)
      // Neighbouring dimensions, which fill the plane best, go to the two values of one coordinate: errors of the total
      // index are a fifth of those with one half of the dimensions each (g-function, 8 inputs).
      let a = both.map { p in (0..<dimensions).map { p[2 * $0] } }
      let b = both.map { p in (0..<dimensions).map { p[2 * $0 + 1] } }
      let mixed = groups.flatMap { group in
        zip(a, b).map { a, b in
          var row = a
          for k in group { row[k] = b[k] }
          return row
        }
      }
      let f = try await response(a + b + mixed)
      let (fa, fb) = (f[..<rows], f[rows..<(2 * rows)])
      let centre = mean(Array(f[..<(2 * rows)]))
      let spread = standardDeviation(Array(f[..<(2 * rows)]))
      guard spread > 1e-9 * abs(centre), spread > 0 else { return nil }
      let variance = spread * spread
      var one: [Double] = []
      var all: [Double] = []
      for g in groups.indices {
        let fm = f[((2 + g) * rows)..<((3 + g) * rows)]
        var first = 0.0
        var total = 0.0
        for ((x, y), m) in zip(zip(fa, fb), fm) {
          first += (y - centre) * (m - x)
          total += (x - m) * (x - m)
        }
        one.append(first / Double(rows) / variance)
        all.append(0.5 * total / Double(rows) / variance)
      }
      firsts.append(one)
      totals.append(all)
    }
    func estimates(_ values: [[Double]]) -> [Estimate] {
      groups.indices.map { g in
        let x = values.map { $0[g] }
        let half = t7 * standardDeviation(x, sample: true) / Double(scramblings).squareRoot()
        return Estimate(value: mean(x), low: mean(x) - half, high: mean(x) + half)
      }
    }
    return SobolIndices(first: estimates(firsts), total: estimates(totals))
  }
}
