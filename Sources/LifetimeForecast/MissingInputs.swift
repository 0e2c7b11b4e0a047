internal import NumericalMethods

/// How forecasts hold of cells that have nothing of some kinds of input, where the mean of training stands for them.
///
/// The training cells are forecast once more with those inputs taken away. Level by level, truth is a straight line in what
/// is forecast then, and scatters about it by what the inputs would have said.
struct MissingInputs: Sendable, Hashable, Codable {
  /// The kinds that are missing.
  var blocks: [FeatureBlock]
  var variant: ModelVariant
  /// Weight of each member, per component.
  var weights: [[Double]]
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
  ///   - weights: of the members in that forecast.
  ///   - forecast: z that is forecast without the inputs, cells × levels.
  ///   - truth: z of the same cells.
  init?(_ blocks: [FeatureBlock], _ variant: ModelVariant, weights: [[Double]], forecast: Matrix, truth: Matrix) {
    guard truth.rows >= 6 else { return nil }
    self.weights = weights
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

extension LevelEnsemble {
  /// Forecasts the training cells without each choice of the kinds of input that cells may lack: out of fold with all
  /// inputs, and by how much the members say otherwise without them. Members are weighed anew: those that never looked
  /// at what is missing may be the best then.
  ///
  /// - Parameters:
  ///   - rows: inputs of the training cells.
  ///   - truth: z of the cells, cells × levels.
  func missingInputs(
    _ rows: [FeatureValues], scaler: FeatureScaler, groups: [Int], truth: Matrix, plan: FoldPlan,
    variants: [ModelVariant], threads: Int
  ) async throws -> [MissingInputs] {
    @Sendable func scores(without blocks: [FeatureBlock]) throws -> [[[Double]]] {
      let x = scaler.transform(rows.map { row in row.filter { !blocks.contains($0.key.block) } }).x
      return try members.map { component in
        try component.map { try $0.predict(x, groups: groups, scaler: scaler, withSpread: false).mean }
      }
    }
    let whole = try scores(without: [])
    let choices = MissingInputs.choices(of: scaler.expected)
    return try await parallelMap(count: choices.count, width: threads) { c in
      let bare = try scores(without: choices[c])
      let shifts = zip(bare, whole).map { a, b in zip(a, b).map { a, b in zip(a, b).map { $0 - $1 } } }
      return variants.compactMap { variant in
        let (weights, levels) = stacked(plan, shifts: shifts) { variant.allows($0, plan.scheme) }
        return MissingInputs(choices[c], variant, weights: weights, forecast: levels, truth: truth)
      }
    }.flatMap { $0 }
  }
}
