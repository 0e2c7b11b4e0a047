public import NumericalMethods

/// How to fit an ensemble of small networks by full-batch L-BFGS: tanh hidden layers, squared loss, standardised
/// target.
///
/// Each member minimises ½·mean(error²) + `l2`/(2n)·Σ weight² (biases are free) from its own random start.
public struct NetworkOptions: Sendable, Codable, Hashable {
  /// Sizes of the hidden layers, each positive.
  public var hidden: [Int]
  /// Weight penalty; its share falls with the number of rows n.
  public var l2: Double
  /// Most L-BFGS steps.
  public var iterations: Int
  /// Networks averaged, positive.
  public var members: Int

  /// Options; every default is the forecast's.
  public init(hidden: [Int] = [16], l2: Double = 3, iterations: Int = 80, members: Int = 3) {
    self.hidden = hidden
    self.l2 = l2
    self.iterations = iterations
    self.members = members
  }

  /// Fits the ensemble; without columns it predicts the mean of the target.
  ///
  /// - Parameters:
  ///   - x: one row an observation, columns of about unit scale.
  ///   - target: one value a row.
  ///   - seed: of the starts; member `k` draws from its own stream.
  /// - Throws: `LearningError` for sizes that disagree or a value that is not finite.
  public func fit(_ x: Matrix, target: [Double], seed: UInt64) throws(LearningError) -> NetworkEnsemble {
    try checkRows(x, target: target)
    guard members > 0, hidden.allSatisfy({ $0 > 0 }) else { throw .sizes("\(members) networks of layers \(hidden)") }
    let centre = mean(target)
    let scale = standardDeviation(target) + 1e-9
    let z = target.map { ($0 - centre) / scale }
    guard x.columns > 0 else { return NetworkEnsemble(columns: 0, centre: centre, scale: scale, networks: []) }
    let networks = (0..<members).map { member in
      var stream = RandomStream(seed: seed, purpose: "network start", draw: member)
      let start = Network<Double>(sizes: [x.columns] + hidden + [1], activation: .tanh, stream: &stream)
      return fitted(start, x, z)
    }
    return NetworkEnsemble(columns: x.columns, centre: centre, scale: scale, networks: networks)
  }

  /// The network after the search from `start`.
  func fitted(_ start: Network<Double>, _ x: Matrix, _ target: [Double]) -> Network<Double> {
    var network = start
    var pass = NetworkPass<Double>()
    let infinite = [Double](repeating: .infinity, count: start.parameters.count)
    let found = minimizeLBFGS(
      start: start.parameters, lower: infinite.map { -$0 }, upper: infinite, iterations: iterations
    ) { parameters in
      network.parameters = parameters
      return loss(network, x, target, &pass)
    }
    network.parameters = found.x
    return network
  }

  /// The penalised loss of a network and its gradient.
  func loss(
    _ network: Network<Double>, _ x: Matrix, _ target: [Double], _ pass: inout NetworkPass<Double>
  ) -> (value: Double, gradient: [Double]) {
    let n = Double(target.count)
    pass.forward(network, input: x.storage, rows: x.rows)
    var errors = pass.output
    var value = 0.0
    for i in errors.indices {
      errors[i] -= target[i]
      value += 0.5 * errors[i] * errors[i] / n
      errors[i] /= n
    }
    var gradient = [Double](repeating: 0, count: network.parameters.count)
    pass.backward(network, input: x.storage, rows: x.rows, outputGradient: errors, into: &gradient)
    for layer in network.layers {
      for k in layer.weights {
        let weight = network.parameters[k]
        value += 0.5 * l2 / n * weight * weight
        gradient[k] += l2 / n * weight
      }
    }
    return (value, gradient)
  }
}

/// Fitted networks whose predictions are averaged.
public struct NetworkEnsemble: Sendable, Codable, Hashable {
  /// Columns of the inputs.
  public let columns: Int
  /// Mean of the training target.
  public let centre: Double
  /// Standard deviation (divisor n) of the training target.
  public let scale: Double
  /// The members; none when the inputs have no columns.
  public let networks: [Network<Double>]

  init(columns: Int, centre: Double, scale: Double, networks: [Network<Double>]) {
    self.columns = columns
    self.centre = centre
    self.scale = scale
    self.networks = networks
  }

  /// The prediction for every row of `x`, whose columns are those of the training inputs.
  public func predict(_ x: Matrix) -> [Double] {
    precondition(x.columns == columns, "\(x.columns) columns for networks of \(columns)")
    var sum = [Double](repeating: 0, count: x.rows)
    guard !networks.isEmpty, x.rows > 0 else { return sum.map { _ in centre } }
    for network in networks {
      let output = network(x.storage, rows: x.rows)
      for i in sum.indices { sum[i] += output[i] }
    }
    return sum.map { centre + scale * ($0 / Double(networks.count)) }
  }

  private enum CodingKeys: String, CodingKey { case columns, centre, scale, networks }

  /// Decodes an ensemble; members that do not fit together are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    columns = try container.decode(Int.self, forKey: .columns)
    centre = try container.decode(Double.self, forKey: .centre)
    scale = try container.decode(Double.self, forKey: .scale)
    networks = try container.decode([Network<Double>].self, forKey: .networks)
    let columns = columns
    guard columns >= 0, centre.isFinite, scale.isFinite, scale > 0, columns == 0 || !networks.isEmpty,
      networks.allSatisfy({ $0.sizes.first == columns && $0.sizes.last == 1 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .networks, in: container, debugDescription: "networks that do not map \(columns) columns to one value")
    }
  }
}
