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

  /// The encoding of the columns of `table` as seen in `rows`.
  init(_ table: FeatureTable, rows: [Int]) {
    var (means, scales, masked): ([Double], [Double], [Int]) = ([], [], [])
    for j in 0..<table.columnCount {
      let column = table.columnSlice(j)
      let known = rows.map { column[column.startIndex + $0] }.filter { !$0.isNaN }
      let spread = known.isEmpty ? 0 : standardDeviation(known)
      means.append(known.isEmpty ? 0 : mean(known))
      // A spread that overflows would turn every value into 0 or NaN.
      scales.append(spread > 0 && spread.isFinite ? spread : 1)
      if known.count < rows.count { masked.append(j) }
    }
    self.means = means
    self.scales = scales
    self.masked = masked
  }

  init(means: [Double], scales: [Double], masked: [Int]) {
    self.means = means
    self.scales = scales
    self.masked = masked
  }

  /// Number of inputs.
  var width: Int { means.count + masked.count }

  /// The input of one value of a column.
  private func standardised(_ value: Double, _ column: Int) -> Float {
    let z = (value - means[column]) / scales[column]
    return z.isNaN ? 0 : Float(min(max(z, -Self.bound), Self.bound))
  }

  /// The inputs of all rows, row-major.
  func callAsFunction(_ table: FeatureTable) -> [Float] {
    let (rows, width) = (table.rowCount, width)
    var out = [Float](repeating: 0, count: rows * width)
    for j in means.indices {
      let column = table.columnSlice(j)
      for i in 0..<rows { out[i * width + j] = standardised(column[column.startIndex + i], j) }
    }
    for (k, j) in masked.enumerated() {
      let column = table.columnSlice(j)
      for i in 0..<rows where column[column.startIndex + i].isNaN { out[i * width + means.count + k] = 1 }
    }
    return out
  }

  /// Writes the inputs of one row.
  func write(_ row: [Double], into out: UnsafeMutablePointer<Float>) {
    for j in means.indices { out[j] = standardised(row[j], j) }
    for (k, j) in masked.enumerated() { out[means.count + k] = row[j].isNaN ? 1 : 0 }
  }

  /// Whether all parts belong together.
  var isValid: Bool {
    means.count == scales.count && means.allSatisfy(\.isFinite) && scales.allSatisfy { $0 > 0 && $0.isFinite }
      && masked.allSatisfy(means.indices.contains) && zip(masked, masked.dropFirst()).allSatisfy { $0 < $1 }
  }
}
