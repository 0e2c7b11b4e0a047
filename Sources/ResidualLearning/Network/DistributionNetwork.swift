public import NumericalMethods

/// How to fit a deep ensemble of networks that give a distribution per row.
public struct DistributionNetworkOptions: Sendable, Codable, Hashable {
  /// Options of the training.
  public var training: NetworkTraining
  /// Family of the distribution.
  public var family: DistributionFamily
  /// Score that training lowers; `.crps` is for normal distributions and exact observations only.
  public var rule: ScoringRule

  /// Options as named.
  public init(
    training: NetworkTraining = NetworkTraining(), family: DistributionFamily = .normal, rule: ScoringRule = .logScore
  ) {
    self.training = training
    self.family = family
    self.rule = rule
  }

  /// Fits the ensemble to observations, censored ones included.
  ///
  /// - Parameters:
  ///   - table: features; NaN is missing, infinities are refused.
  ///   - observations: one a row; positive values where the family asks for them.
  ///   - weights: one finite value ≥ 0 a row; `nil` for 1.
  ///   - validation: rows to watch instead of learning from, by whole groups; the epoch with the best score is kept.
  ///   - seed: of the starts and the batches; member `k` draws from its own streams.
  /// - Throws: `LearningError` for sizes that disagree, options out of range, a value that is not finite, or training
  ///   that diverges.
  public func fit(
    _ table: FeatureTable, observations: [Observation], weights: [Double]? = nil, validation: [Bool]? = nil,
    stream seed: UInt64
  ) throws(LearningError) -> DistributionNetwork {
    let (encoding, data) = try prepare(table, observations, weights, validation)
    return DistributionNetwork(
      featureNames: table.names, encoding: encoding, scale: data.head.scale,
      networks: try training.ensemble(data, seed: seed))
  }

  /// Fits the ensemble with its members on at most `width` tasks; the result does not depend on `width`.
  ///
  /// - Throws: `LearningError` as the serial `fit`, or `CancellationError`.
  public func fit(
    _ table: FeatureTable, observations: [Observation], weights: [Double]? = nil, validation: [Bool]? = nil,
    stream seed: UInt64, width: Int
  ) async throws -> DistributionNetwork {
    let (encoding, data) = try prepare(table, observations, weights, validation)
    return DistributionNetwork(
      featureNames: table.names, encoding: encoding, scale: data.head.scale,
      networks: try await training.ensemble(data, seed: seed, width: width))
  }

  /// Fits the ensemble to exact targets.
  ///
  /// - Throws: `LearningError`, as for observations.
  public func fit(
    _ table: FeatureTable, target: [Double], weights: [Double]? = nil, validation: [Bool]? = nil, stream seed: UInt64
  ) throws(LearningError) -> DistributionNetwork {
    try fit(
      table, observations: target.map { .exact($0) }, weights: weights, validation: validation, stream: seed)
  }

  private func prepare(
    _ table: FeatureTable, _ observations: [Observation], _ weights: [Double]?, _ validation: [Bool]?
  ) throws(LearningError) -> (InputEncoding, NetworkData<DistributionHead>) {
    let rows = try training.divide(table, targets: observations.count, weights: weights, validation: validation)
    for (row, observation) in observations.enumerated() {
      guard observation.isOrdered else { throw .notFinite("observation", row: row) }
      guard rule.supports(family, observation) else {
        throw .invalidOption("rule", found: "\(rule) of \(family) at row \(row)", allowed: "logScore")
      }
    }
    let encoding = InputEncoding(table, rows: rows.training)
    let scale = try DistributionScale(family, rows.training.map { observations[$0] })
    guard scale.isValid else { throw .numericalFailure("the spread of the target is not finite; scale the targets") }
    let head = DistributionHead(
      scale: scale, rule: rule, observations: observations, weights: unitMean(weights, rows.training))
    return (
      encoding,
      NetworkData(
        inputs: encoding(table), width: encoding.width, training: rows.training, validation: rows.validation, head: head
      )
    )
  }
}

/// Weights with mean 1 over the training rows, so that they do not change the length of a step; none for none.
func unitMean(_ weights: [Double]?, _ rows: [Int]) -> [Double] {
  guard let weights else { return [] }
  let total = rows.reduce(0) { $0 + weights[$1] }
  return weights.map { $0 * Double(rows.count) / total }
}

/// A fitted deep ensemble: a mixture of distributions per row.
public struct DistributionNetwork: Sendable, Hashable, Codable {
  /// Name of each feature column.
  public let featureNames: [String]
  let encoding: InputEncoding
  let scale: DistributionScale
  /// The members; outputs are a and b in the units of `scale`.
  public let networks: [Network<Float>]
  private let packed: [PackedNetwork]

  /// Family of each member's distribution.
  public var family: DistributionFamily { scale.family }

  init(featureNames: [String], encoding: InputEncoding, scale: DistributionScale, networks: [Network<Float>]) {
    self.featureNames = featureNames
    self.encoding = encoding
    self.scale = scale
    self.networks = networks
    packed = networks.map { PackedNetwork($0) }
  }

  /// The distribution of each row, one component a member; columns are taken by position, NaN is missing.
  public func predict(_ table: FeatureTable) -> [MixtureDistribution] {
    precondition(
      table.columnCount == featureNames.count, "\(table.columnCount) columns for \(featureNames.count) features")
    let inputs = encoding(table)
    let outputs = packed.map { $0.predict(inputs, rows: table.rowCount) }
    return (0..<table.rowCount).map { i in
      MixtureDistribution(outputs.map { scale.distribution($0[2 * i], $0[2 * i + 1]) })
    }
  }

  /// The distribution of one row; same bits as in a table.
  public func predict(row: [Double]) -> MixtureDistribution {
    precondition(row.count == featureNames.count, "\(row.count) values for \(featureNames.count) features")
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: encoding.width + 2) { scratch in
      // The encoding has at least one column, so the buffer has an address.
      let input = scratch.baseAddress.unsafelyUnwrapped
      let output = input + encoding.width
      encoding.write(row, into: input)
      return MixtureDistribution(
        packed.map { network in
          network.predict(input, rows: 1, into: output)
          return scale.distribution(output[0], output[1])
        })
    }
  }

  private enum CodingKeys: String, CodingKey { case featureNames, encoding, scale, networks }

  /// Decodes an ensemble; parts that do not fit together are an error.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      checking: box.decode([String].self, forKey: .featureNames),
      encoding: box.decode(InputEncoding.self, forKey: .encoding),
      scale: box.decode(DistributionScale.self, forKey: .scale),
      networks: box.decode([Network<Float>].self, forKey: .networks))
  }

  /// An ensemble from parts that may not belong together.
  init(
    checking featureNames: [String], encoding: InputEncoding, scale: DistributionScale, networks: [Network<Float>]
  ) throws(LearningError) {
    guard encoding.isValid, scale.isValid, !featureNames.isEmpty, encoding.means.count == featureNames.count,
      !networks.isEmpty, networks.allSatisfy({ $0.sizes.first == encoding.width && $0.sizes.last == 2 })
    else { throw .corruptModel("networks, inputs and scale that do not belong together") }
    self.init(featureNames: featureNames, encoding: encoding, scale: scale, networks: networks)
  }
}
