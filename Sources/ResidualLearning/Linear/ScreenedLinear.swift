public import NumericalMethods

/// How to fit a linear block model whose columns are first multiplied by their absolute correlation with the target.
public struct ScreenedLinearOptions: Sendable, Codable, Hashable {
  /// Most steps of the variance search from the prior means.
  public var iterations: Int
  /// Most steps of the variance search from the variances of another model.
  public var warmIterations: Int

  /// Options; every default is the forecast's.
  public init(iterations: Int = 40, warmIterations: Int = 4) {
    self.iterations = iterations
    self.warmIterations = warmIterations
  }

  /// Fits a screened linear model.
  ///
  /// - Parameters:
  ///   - x: one row an observation.
  ///   - target: one value a row.
  ///   - groups: the group of each row; the model has no group effect, only their number is checked.
  ///   - blocks: columns of each block.
  ///   - skipping: blocks, by index, that the model does not see; when nothing would be left it sees all.
  ///   - warmStart: a model of the same blocks, whose variances are the starting point.
  /// - Throws: `LearningError`, as `GaussianProcessOptions.fit`.
  public func fit(
    _ x: Matrix, target: [Double], groups: [Int], blocks: [[Int]], skipping: Set<Int> = [],
    warmStart: ScreenedLinear? = nil
  ) throws(LearningError) -> ScreenedLinear {
    try checkRows(x, target: target)
    let kept = blocks.indices.filter { !skipping.contains($0) && !blocks[$0].isEmpty }.map { blocks[$0] }
    var scales = (0..<x.columns).map { absoluteCorrelation(x.column($0), target) }
    let meanSquare = scales.reduce(0) { $0 + $1 * $1 } / Double(max(scales.count, 1))
    let rms = (meanSquare + 1e-12).squareRoot()
    for j in scales.indices { scales[j] /= rms }
    let process = try GaussianProcessOptions(
      linear: true, radial: false, group: false, iterations: iterations, warmIterations: warmIterations
    ).fit(
      x.scalingColumns(by: scales), target: target, groups: groups, blocks: kept.isEmpty ? blocks : kept,
      warmStart: warmStart?.process)
    return ScreenedLinear(scales: scales, process: process)
  }
}

/// A fitted linear block model on columns scaled by their correlation with the target.
public struct ScreenedLinear: Sendable, Hashable, Codable {
  /// Factor of each column: its absolute correlation with the target, root mean square 1 over the columns.
  public let scales: [Double]
  /// The linear model of the scaled columns.
  public let process: GaussianProcess

  init(scales: [Double], process: GaussianProcess) {
    self.scales = scales
    self.process = process
  }

  /// The predictive mean and standard deviation (noise included) of every row of `x`.
  ///
  /// - Throws: `LearningError.numericalFailure` when a model read from a file cannot be factored.
  public func predict(_ x: Matrix) throws(LearningError) -> (mean: [Double], standardDeviation: [Double]) {
    try process.predict(x.scalingColumns(by: scales), groups: [Int](repeating: -1, count: x.rows))
  }

  /// The predictive mean of every row of `x`.
  public func means(_ x: Matrix) -> [Double] {
    process.means(x.scalingColumns(by: scales), groups: [Int](repeating: -1, count: x.rows))
  }

  private enum CodingKeys: String, CodingKey { case scales, process }

  /// Decodes a model; scales that do not fit the process are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    scales = try container.decode([Double].self, forKey: .scales)
    process = try container.decode(GaussianProcess.self, forKey: .process)
    guard scales.count == process.kernel.columns, scales.allSatisfy(\.isFinite) else {
      throw DecodingError.dataCorruptedError(
        forKey: .scales, in: container,
        debugDescription: "\(scales.count) scales for \(process.kernel.columns) columns, or not finite")
    }
  }
}

extension Matrix {
  /// The matrix with column `j` multiplied by `factors[j]`.
  func scalingColumns(by factors: [Double]) -> Matrix {
    precondition(factors.count == columns, "\(factors.count) factors for \(columns) columns")
    var out = self
    for i in 0..<rows { for j in 0..<columns { out[i, j] *= factors[j] } }
    return out
  }
}

/// |Pearson correlation|; 0 when either side is constant.
private func absoluteCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  let (ma, mb) = (mean(a), mean(b))
  var (sab, saa, sbb) = (0.0, 0.0, 0.0)
  for i in a.indices {
    let (da, db) = (a[i] - ma, b[i] - mb)
    sab += da * db
    saa += da * da
    sbb += db * db
  }
  let value = abs(sab) / (saa * sbb).squareRoot()
  return value.isFinite ? value : 0
}
