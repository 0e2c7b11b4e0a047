internal import NumericalMethods

/// How forecasts hold of cells that have nothing of some kinds of input, where the mean of training stands for them.
///
/// The training cells are forecast once more with those inputs taken away. Level by level, truth is a straight line in what
/// is forecast then, and scatters about it by what the inputs would have said.
struct MissingInputs: Sendable, Hashable, Codable {
  /// The kinds that are missing.
  var blocks: [FeatureBlock]
  var variant: ModelVariant
  /// Per level: mean of the forecasts, mean of the truths, slope, and standard deviation of z about the line.
  var centres: [Double]
  var truths: [Double]
  var slopes: [Double]
  var deviations: [Double]
  /// Degrees of freedom behind the deviations.
  var freedom: Double

  /// Least squares on training cells; nil for under six of them.
  ///
  /// - Parameters:
  ///   - forecast: z that is forecast without the inputs, cells × levels.
  ///   - truth: z of the same cells.
  init?(_ blocks: [FeatureBlock], _ variant: ModelVariant, forecast: Matrix, truth: Matrix) {
    guard truth.rows >= 6 else { return nil }
    self.blocks = blocks
    self.variant = variant
    freedom = Double(truth.rows - 2)
    (centres, truths, slopes, deviations) = ([], [], [], [])
    for k in 0..<truth.columns {
      let (x, y) = (mean(forecast.column(k)), mean(truth.column(k)))
      var (xx, xy) = (0.0, 0.0)
      for i in 0..<truth.rows {
        xx += (forecast[i, k] - x) * (forecast[i, k] - x)
        xy += (forecast[i, k] - x) * (truth[i, k] - y)
      }
      // Members learnt to read the rest beside what is missing: alone it may say the opposite, which is no knowledge.
      let slope = xx > 1e-9 ? min(max(xy / xx, 0), 1) : 0
      let rest = (0..<truth.rows).reduce(0.0) { sum, i in
        let e = truth[i, k] - y - slope * (forecast[i, k] - x)
        return sum + e * e
      }
      centres.append(x)
      truths.append(y)
      slopes.append(slope)
      deviations.append((rest / freedom).squareRoot())
    }
  }

  /// The level vector on the line.
  func applied(to levels: [Double]) -> [Double] {
    levels.indices.map { truths[$0] + slopes[$0] * (levels[$0] - centres[$0]) }
  }

  /// Every choice of kinds, none left out of account: each alone, each two, and so on.
  static func choices(of blocks: [FeatureBlock]) -> [[FeatureBlock]] {
    blocks.reduce([[]]) { found, block in found + found.map { $0 + [block] } }.filter { !$0.isEmpty }
  }
}

extension ForecastCore {
  /// Forecasts the training cells without each choice of the kinds of input that cells may lack.
  ///
  /// - Parameter truth: z of the cells, cells × levels.
  func missingInputs(_ rows: [FeatureValues], groups: [Int], truth: Matrix, variants: [ModelVariant]) throws
    -> [MissingInputs]
  {
    try MissingInputs.choices(of: FeatureScaler.separable.filter(scaler.has)).flatMap { blocks in
      let x = scaler.transform(rows.map { row in row.filter { !blocks.contains($0.key.block) } }).x
      let scores = try members.map { component in
        try component.map { try $0.predict(x, groups: groups, scaler: scaler, withSpread: false).mean }
      }
      return variants.compactMap { variant in
        let forecast = Matrix(rows.indices.map { levels(scores, cell: $0, variant: variant) })
        return MissingInputs(blocks, variant, forecast: forecast, truth: truth)
      }
    }
  }
}
