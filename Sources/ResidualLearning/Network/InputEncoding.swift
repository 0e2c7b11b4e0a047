internal import NumericalMethods

/// How columns with missing values (NaN) become network inputs.
///
/// Each column is standardised over its known training values and bounded; a missing value becomes 0. Columns that
/// were ever missing in training get a second input, 1 where missing. The others get none: a mask that never changed
/// in training would carry random weights into a prediction.
struct InputEncoding: Sendable, Hashable, Codable {
  /// Mean of each column's known values.
  let means: [Double]
  /// Standard deviation of each column's known values, 1 when that is 0.
  let scales: [Double]
  /// Columns with a mask.
  let masked: [Int]
  /// Standardised values stay within ± this, so that no input can overflow a network.
  static let bound = 10.0

  init(_ x: Matrix) {
    var (means, scales, masked): ([Double], [Double], [Int]) = ([], [], [])
    for j in 0..<x.columns {
      let known = x.column(j).filter { !$0.isNaN }
      let spread = known.isEmpty ? 0 : standardDeviation(known)
      means.append(known.isEmpty ? 0 : mean(known))
      scales.append(spread > 0 ? spread : 1)
      if known.count < x.rows { masked.append(j) }
    }
    self.means = means
    self.scales = scales
    self.masked = masked
  }

  /// Number of inputs.
  var width: Int { means.count + masked.count }

  /// The inputs of all rows, row-major.
  func callAsFunction(_ x: Matrix) -> [Float] {
    var out: [Float] = []
    out.reserveCapacity(x.rows * width)
    for i in 0..<x.rows {
      for j in means.indices {
        let z = (x[i, j] - means[j]) / scales[j]
        out.append(z.isNaN ? 0 : Float(min(max(z, -Self.bound), Self.bound)))
      }
      for j in masked { out.append(x[i, j].isNaN ? 1 : 0) }
    }
    return out
  }

  /// Whether all parts belong together.
  var isValid: Bool {
    means.count == scales.count && means.allSatisfy(\.isFinite) && scales.allSatisfy { $0 > 0 && $0.isFinite }
      && masked.allSatisfy(means.indices.contains) && Set(masked).count == masked.count
  }
}
