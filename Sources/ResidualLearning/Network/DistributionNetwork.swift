#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import NumericalMethods

/// How to fit a deep ensemble of networks that give a normal distribution per row.
///
/// Each member is a ReLU perceptron with outputs μ and log σ, trained by Adam on the negative log density of
/// minibatches; the parameters of the epoch with the best score on the validation rows are kept.
///
/// - Source: B. Lakshminarayanan et al., "Simple and scalable predictive uncertainty estimation using deep ensembles",
///   arXiv:1612.01474.
public struct DistributionNetworkOptions: Sendable, Codable, Hashable {
  /// Sizes of the hidden layers, each positive.
  public var hidden: [Int]
  /// Most passes over the rows.
  public var epochs: Int
  /// Rows a step, positive.
  public var batch: Int
  /// Length of Adam's steps, positive.
  public var learningRate: Double
  /// Share of the weights taken off per unit of learning rate and step, not negative.
  public var weightDecay: Double
  /// Epochs without a better validation score before training stops, positive.
  public var patience: Int
  /// Networks in the ensemble, positive.
  public var members: Int

  /// Options with usable defaults for 10² to 10⁵ rows.
  public init(
    hidden: [Int] = [64, 64], epochs: Int = 200, batch: Int = 256, learningRate: Double = 1e-3,
    weightDecay: Double = 1e-3, patience: Int = 20, members: Int = 5
  ) {
    self.hidden = hidden
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.patience = patience
    self.members = members
  }

  /// Fits the ensemble.
  ///
  /// - Parameters:
  ///   - x: one row an observation; NaN is a missing value.
  ///   - target: one finite value a row.
  ///   - validation: whether a row is held back to choose the epoch; when no row is, all epochs are run.
  ///   - seed: of the starts and the batches; member `k` draws from its own streams.
  /// - Throws: `LearningError` for sizes that disagree, no training row, an infinite value, or training that diverges.
  public func fit(
    _ x: Matrix, target: [Double], validation: [Bool], seed: UInt64
  ) throws(LearningError) -> DistributionNetwork {
    let sizesFit = x.rows == target.count && validation.count == target.count && validation.contains(false)
    guard sizesFit else {
      throw .sizes("\(x.rows) rows, \(target.count) targets, \(validation.filter { !$0 }.count) training rows")
    }
    guard x.columns > 0, members > 0, batch > 0, patience > 0, hidden.allSatisfy({ $0 > 0 }) else {
      throw .sizes("\(members) networks of layers \(hidden), batches of \(batch), for \(x.columns) columns")
    }
    for i in 0..<x.rows {
      if !target[i].isFinite { throw .notFinite("target", row: i) }
      for j in 0..<x.columns where x[i, j].isInfinite { throw .notFinite("column \(j)", row: i) }
    }
    let training = validation.indices.filter { !validation[$0] }
    let known = training.map { target[$0] }
    let centre = mean(known)
    let scale = standardDeviation(known) + 1e-9
    let encoding = InputEncoding(x.selecting(rows: training))
    func part(_ rows: [Int]) -> NetworkBatch {
      NetworkBatch(inputs: encoding(x.selecting(rows: rows)), target: rows.map { (target[$0] - centre) / scale })
    }
    let fitted = part(training)
    let held = part(validation.indices.filter { validation[$0] })
    var networks: [Network<Float>] = []
    for member in 0..<members {
      networks.append(try train(fitted, held, width: encoding.width, seed: seed, member: member))
    }
    return DistributionNetwork(encoding: encoding, centre: centre, scale: scale, networks: networks)
  }

  /// One member.
  private func train(
    _ rows: NetworkBatch, _ held: NetworkBatch, width: Int, seed: UInt64, member: Int
  ) throws(LearningError) -> Network<Float> {
    var start = RandomStream(seed: seed, purpose: "network start", draw: member)
    var order = RandomStream(seed: seed, purpose: "network batches", draw: member)
    var network = Network<Float>(sizes: [width] + hidden + [2], activation: .relu, stream: &start)
    var adam = Adam<Float>(
      parameters: network.parameters.count, learningRate: learningRate, weightDecay: weightDecay)
    var gradient = [Float](repeating: 0, count: network.parameters.count)
    var pass = NetworkPass<Float>()
    var best = (score: Double.infinity, network: network, epoch: 0)
    for epoch in 0..<epochs {
      let permutation = order.permutation(rows.target.count)
      for first in stride(from: 0, to: permutation.count, by: batch) {
        let chosen = rows.selecting(permutation[first..<min(first + batch, permutation.count)], width: width)
        let count = chosen.target.count
        pass.forward(network, input: chosen.inputs, rows: count)
        var slopes = [Float](repeating: 0, count: 2 * count)
        let value = GaussianHead.loss(pass.output, chosen.target, gradient: &slopes)
        guard value.isFinite else { throw .numericalFailure("training diverged in epoch \(epoch)") }
        pass.backward(network, input: chosen.inputs, rows: count, outputGradient: slopes, into: &gradient)
        adam.step(&network, gradient: gradient)
      }
      guard !held.target.isEmpty else { continue }
      var unused = [Float](repeating: 0, count: 2 * held.target.count)
      let score = GaussianHead.loss(
        network(held.inputs, rows: held.target.count), held.target, gradient: &unused)
      if score < best.score { best = (score, network, epoch) }
      if epoch - best.epoch >= patience { break }
    }
    return held.target.isEmpty ? network : best.network
  }
}

/// Encoded rows with their standardised targets.
private struct NetworkBatch {
  var inputs: [Float]
  var target: [Double]

  func selecting(_ rows: ArraySlice<Int>, width: Int) -> NetworkBatch {
    var out = NetworkBatch(inputs: [], target: rows.map { target[$0] })
    out.inputs.reserveCapacity(rows.count * width)
    for i in rows { out.inputs += inputs[(i * width)..<((i + 1) * width)] }
    return out
  }
}

/// A fitted deep ensemble: a normal distribution per row.
public struct DistributionNetwork: Sendable, Hashable, Codable {
  let encoding: InputEncoding
  /// Mean of the training target.
  public let centre: Double
  /// Standard deviation (divisor n) of the training target.
  public let scale: Double
  /// The members.
  public let networks: [Network<Float>]
  /// Columns of the inputs.
  public var columns: Int { encoding.means.count }

  init(encoding: InputEncoding, centre: Double, scale: Double, networks: [Network<Float>]) {
    self.encoding = encoding
    self.centre = centre
    self.scale = scale
    self.networks = networks
  }

  /// The mean and standard deviation of every row of `x`: the mixture of the members, whose variance is the mean of
  /// their variances plus the variance of their means.
  ///
  /// - Parameter x: rows with the columns of the training inputs; NaN is a missing value.
  public func predict(_ x: Matrix) -> (mean: [Double], standardDeviation: [Double]) {
    precondition(x.columns == columns, "\(x.columns) columns for networks of \(columns)")
    let inputs = encoding(x)
    let outputs = networks.map { $0(inputs, rows: x.rows) }
    let share = 1 / Double(networks.count)
    var (means, deviations) = ([Double](repeating: 0, count: x.rows), [Double](repeating: 0, count: x.rows))
    for i in 0..<x.rows {
      var centreOfMeans = 0.0
      for output in outputs { centreOfMeans += share * Double(output[2 * i]) }
      var variance = 0.0
      for output in outputs {
        let shift = Double(output[2 * i]) - centreOfMeans
        variance += share * (exp(2 * GaussianHead.logDeviation(output[2 * i + 1])) + shift * shift)
      }
      means[i] = centre + scale * centreOfMeans
      deviations[i] = scale * variance.squareRoot()
    }
    return (means, deviations)
  }

  private enum CodingKeys: String, CodingKey { case encoding, centre, scale, networks }

  /// Decodes an ensemble; parts that do not fit together are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let encoding = try container.decode(InputEncoding.self, forKey: .encoding)
    centre = try container.decode(Double.self, forKey: .centre)
    scale = try container.decode(Double.self, forKey: .scale)
    networks = try container.decode([Network<Float>].self, forKey: .networks)
    guard encoding.isValid, centre.isFinite, scale.isFinite, scale > 0, !networks.isEmpty,
      networks.allSatisfy({ $0.sizes.first == encoding.width && $0.sizes.last == 2 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .networks, in: container, debugDescription: "networks, inputs and scale that do not belong together")
    }
    self.encoding = encoding
  }
}
