internal import NumericalMethods

/// How networks are trained: Adam on minibatches, the epoch with the best validation score kept, several members from
/// different starts.
///
/// - Source: B. Lakshminarayanan et al., "Simple and scalable predictive uncertainty estimation using deep ensembles",
///   arXiv:1612.01474.
public struct NetworkTraining: Sendable, Codable, Hashable {
  /// Sizes of the hidden layers, each positive.
  public var hidden: [Int]
  /// What hidden layers do with their sums.
  public var activation: Activation
  /// Most passes over the rows, ≥ 0.
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
    hidden: [Int] = [64, 64], activation: Activation = .relu, epochs: Int = 200, batch: Int = 256,
    learningRate: Double = 1e-3, weightDecay: Double = 1e-3, patience: Int = 20, members: Int = 5
  ) {
    self.hidden = hidden
    self.activation = activation
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.patience = patience
    self.members = members
  }

  /// Checks the options and the data, and divides the rows.
  ///
  /// - Returns: the rows that are learnt from and those that are watched.
  func divide(
    _ table: FeatureTable, targets: Int, weights: [Double]?, validation: [Bool]?
  ) throws(LearningError) -> (training: [Int], validation: [Int]) {
    func require(_ ok: Bool, _ name: String, _ found: Any, _ allowed: String) throws(LearningError) {
      if !ok { throw .invalidOption(name, found: "\(found)", allowed: allowed) }
    }
    try require(hidden.allSatisfy { (1...(1 << 16)).contains($0) }, "hidden", hidden, "1…65536 each")
    try require(hidden.count <= 62, "hidden", "\(hidden.count) layers", "62 layers or fewer")
    try require(epochs >= 0, "epochs", epochs, "0 or more")
    try require(batch >= 1, "batch", batch, "1 or more")
    try require(learningRate > 0 && learningRate.isFinite, "learningRate", learningRate, "above 0")
    try require(
      weightDecay >= 0 && learningRate * weightDecay < 1, "weightDecay", weightDecay, "0 or more, below 1/learningRate")
    try require(patience >= 1, "patience", patience, "1 or more")
    try require(members >= 1, "members", members, "1 or more")
    let n = table.rowCount
    guard table.columnCount > 0 else { throw .sizes("a table without columns") }
    guard targets == n, weights?.count ?? n == n, validation?.count ?? n == n else {
      throw .sizes(
        "\(targets) targets, \(weights?.count ?? n) weights and \(validation?.count ?? n) marks for \(n) rows")
    }
    if let row = weights?.firstIndex(where: { !($0 >= 0 && $0.isFinite) }), let weight = weights?[row] {
      throw .invalidWeight(weight, row: row)
    }
    for j in 0..<table.columnCount {
      let column = table.columnSlice(j)
      if let i = column.firstIndex(where: \.isInfinite) {
        throw .notFinite("column \(table.names[j])", row: i - column.startIndex)
      }
    }
    let held = validation ?? [Bool](repeating: false, count: n)
    let training = (0..<n).filter { !held[$0] && (weights?[$0] ?? 1) > 0 }
    guard !training.isEmpty else { throw .empty("no row with weight to learn from") }
    return (training, (0..<n).filter { held[$0] && (weights?[$0] ?? 1) > 0 })
  }

  /// One member of the ensemble.
  func member<Head: NetworkHead>(_ k: Int, _ data: NetworkData<Head>, seed: UInt64) throws(LearningError) -> Network<
    Float
  > {
    var start = RandomStream(seed: seed, purpose: "network start", draw: k)
    var order = RandomStream(seed: seed, purpose: "network batches", draw: k)
    let network = Network<Float>(
      sizes: [data.width] + hidden + [data.head.outputs], activation: activation, stream: &start)
    var trainer = NetworkTrainer(data, network, learningRate: learningRate, weightDecay: weightDecay)
    var best = (score: Double.infinity, network: network, epoch: 0)
    for epoch in 0..<epochs {
      let permutation = order.permutation(data.training.count).map { data.training[$0] }
      for first in stride(from: 0, to: permutation.count, by: batch) {
        let value = trainer.step(permutation[first..<min(first + batch, permutation.count)])
        guard value.isFinite else { throw .numericalFailure("training diverged in epoch \(epoch)") }
      }
      guard !data.validation.isEmpty else { continue }
      let score = trainer.score(data.validation)
      if score < best.score { best = (score, trainer.network, epoch) }
      if epoch - best.epoch >= patience { break }
    }
    return data.validation.isEmpty ? trainer.network : best.network
  }

  /// All members, one after the other.
  func ensemble<Head: NetworkHead>(_ data: NetworkData<Head>, seed: UInt64) throws(LearningError) -> [Network<Float>] {
    var out: [Network<Float>] = []
    for k in 0..<members { out.append(try member(k, data, seed: seed)) }
    return out
  }

  /// All members on at most `width` tasks; the same bits as without.
  func ensemble<Head: NetworkHead>(
    _ data: NetworkData<Head>, seed: UInt64, width: Int
  ) async throws -> [Network<Float>] {
    try await parallelMap(count: members, width: width) { k in try member(k, data, seed: seed) }
  }
}

/// Encoded rows and what is known of their targets; shared by the members of an ensemble.
struct NetworkData<Head: NetworkHead>: Sendable {
  /// Inputs of all rows, row-major.
  let inputs: [Float]
  /// Inputs a row.
  let width: Int
  /// Rows that are learnt from.
  let training: [Int]
  /// Rows that choose the epoch; none: all epochs are run.
  let validation: [Int]
  let head: Head
}

/// A network on its way, with the scratch its steps need.
struct NetworkTrainer<Head: NetworkHead> {
  private(set) var network: Network<Float>
  private let data: NetworkData<Head>
  private var adam: Adam<Float>
  private var pass = NetworkPass<Float>()
  private var inputs: [Float] = []
  private var slopes: [Float] = []
  private var gradient: [Float]

  init(_ data: NetworkData<Head>, _ network: Network<Float>, learningRate: Double, weightDecay: Double) {
    self.data = data
    self.network = network
    adam = Adam(parameters: network.parameters.count, learningRate: learningRate, weightDecay: weightDecay)
    gradient = [Float](repeating: 0, count: network.parameters.count)
  }

  /// Takes one step on a batch and returns the score before it.
  mutating func step(_ rows: ArraySlice<Int>) -> Double {
    let value = forward(rows)
    pass.backward(network, input: inputs, rows: rows.count, outputGradient: slopes, into: &gradient)
    adam.step(&network, gradient: gradient)
    return value
  }

  /// The score of rows.
  mutating func score(_ rows: [Int]) -> Double {
    var sum = 0.0
    for first in stride(from: 0, to: rows.count, by: 1024) {
      let part = rows[first..<min(first + 1024, rows.count)]
      sum += Double(part.count) * forward(part)
    }
    return sum / Double(rows.count)
  }

  private mutating func forward(_ rows: ArraySlice<Int>) -> Double {
    let (width, count) = (data.width, rows.count)
    if inputs.count != count * width {
      inputs = [Float](repeating: 0, count: count * width)
      slopes = [Float](repeating: 0, count: count * data.head.outputs)
    }
    data.inputs.withUnsafeBufferPointer { all in
      inputs.withUnsafeMutableBufferPointer { mine in
        guard let source = all.baseAddress, var target = mine.baseAddress else { return }
        for row in rows {
          target.update(from: source + row * width, count: width)
          target += width
        }
      }
    }
    pass.forward(network, input: inputs, rows: count)
    return data.head.loss(pass.output, rows: rows, gradient: &slopes)
  }
}
