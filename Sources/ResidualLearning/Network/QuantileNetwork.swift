public import NumericalMethods

/// How to fit a deep ensemble of networks that give quantiles per row, which cannot cross.
public struct QuantileNetworkOptions: Sendable, Codable, Hashable {
  /// Options of the training.
  public var training: NetworkTraining
  /// Probabilities, ascending, in (0, 1).
  public var levels: [Double]

  /// Options as named.
  public init(training: NetworkTraining = NetworkTraining(), levels: [Double] = [0.05, 0.25, 0.5, 0.75, 0.95]) {
    self.training = training
    self.levels = levels
  }

  /// Fits the ensemble by the summed pinball loss.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing, infinities are refused.
  ///   - target: one finite value a row.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - validation: rows to watch instead of learning from, by whole groups; the epoch with the best score is kept.
  ///   - seed: of the starts and the batches; member `k` draws from its own streams.
  /// - Throws: `LearningError` for sizes that disagree, options out of range, a value that is not finite, or training
  ///   that diverges.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]? = nil, validation: [Bool]? = nil, stream seed: UInt64
  ) throws(LearningError) -> QuantileNetwork {
    let (encoding, data) = try prepare(table, target, weights, validation)
    return QuantileNetwork(
      featureNames: table.names, encoding: encoding, scale: data.head.scale,
      networks: try training.ensemble(data, seed: seed))
  }

  /// Fits the ensemble with its members on at most `width` tasks; the result does not depend on `width`.
  ///
  /// - Throws: `LearningError` as the serial `fit`, or `CancellationError`.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]? = nil, validation: [Bool]? = nil, stream seed: UInt64,
    width: Int
  ) async throws -> QuantileNetwork {
    let (encoding, data) = try prepare(table, target, weights, validation)
    return QuantileNetwork(
      featureNames: table.names, encoding: encoding, scale: data.head.scale,
      networks: try await training.ensemble(data, seed: seed, width: width))
  }

  private func prepare(
    _ table: FeatureTable, _ target: [Double], _ weights: [Double]?, _ validation: [Bool]?
  ) throws(LearningError) -> (InputEncoding, NetworkData<QuantileHead>) {
    let rows = try training.divide(table, targets: target.count, weights: weights, validation: validation)
    try checkTarget(target, rows: table.rowCount)
    let ascending = zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 }
    guard !levels.isEmpty, ascending, levels.allSatisfy({ $0 > 0 && $0 < 1 }) else {
      throw .invalidOption("levels", found: "\(levels)", allowed: "ascending, in (0, 1)")
    }
    let encoding = InputEncoding(table, rows: rows.training)
    let head = QuantileHead(
      scale: QuantileScale(levels, rows.training.map { target[$0] }), target: target,
      weights: unitMean(weights, rows.training))
    return (
      encoding,
      NetworkData(
        inputs: encoding(table), width: encoding.width, training: rows.training, validation: rows.validation, head: head
      )
    )
  }
}

/// A fitted deep ensemble giving quantiles that never cross.
public struct QuantileNetwork: Sendable, Hashable, Codable {
  /// Name of each feature column.
  public let featureNames: [String]
  let encoding: InputEncoding
  let scale: QuantileScale
  /// The members; outputs are the middle quantile and the logs of the gaps in the units of `scale`.
  public let networks: [Network<Float>]
  private let packed: [PackedNetwork]

  /// Probabilities of the quantiles, ascending.
  public var levels: [Double] { scale.levels }

  init(featureNames: [String], encoding: InputEncoding, scale: QuantileScale, networks: [Network<Float>]) {
    self.featureNames = featureNames
    self.encoding = encoding
    self.scale = scale
    self.networks = networks
    packed = networks.map { PackedNetwork($0) }
  }

  /// The quantiles of each row, ascending with the levels: the mean over the members of each quantile.
  ///
  /// - Parameter table: columns are taken by position; NaN is missing.
  /// - Source: R. Ratcliff, Psychol. Bull. 86 (1979) 446 (averaging quantiles, "Vincentising").
  public func predict(_ table: FeatureTable) -> [[Double]] {
    precondition(
      table.columnCount == featureNames.count, "\(table.columnCount) columns for \(featureNames.count) features")
    let inputs = encoding(table)
    let count = levels.count
    let outputs = packed.map { $0.predict(inputs, rows: table.rowCount) }
    return (0..<table.rowCount).map { i in
      var sum = [Double](repeating: 0, count: count)
      for output in outputs {
        for (k, q) in scale.quantiles(output[(i * count)..<((i + 1) * count)]).enumerated() { sum[k] += q }
      }
      return sum.map { $0 / Double(outputs.count) }
    }
  }

  private enum CodingKeys: String, CodingKey { case featureNames, encoding, scale, networks }

  /// Decodes an ensemble; parts that do not fit together are an error.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      checking: box.decode([String].self, forKey: .featureNames),
      encoding: box.decode(InputEncoding.self, forKey: .encoding),
      scale: box.decode(QuantileScale.self, forKey: .scale),
      networks: box.decode([Network<Float>].self, forKey: .networks))
  }

  /// An ensemble from parts that may not belong together.
  init(
    checking featureNames: [String], encoding: InputEncoding, scale: QuantileScale, networks: [Network<Float>]
  ) throws(LearningError) {
    guard encoding.isValid, scale.isValid, !featureNames.isEmpty, encoding.means.count == featureNames.count,
      !networks.isEmpty,
      networks.allSatisfy({ $0.sizes.first == encoding.width && $0.sizes.last == scale.levels.count })
    else { throw .corruptModel("networks, inputs and quantiles that do not belong together") }
    self.init(featureNames: featureNames, encoding: encoding, scale: scale, networks: networks)
  }
}
