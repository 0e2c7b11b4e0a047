import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("What the outputs of a network mean")
struct NetworkHeadTests {
  /// The largest gap between a head's gradient and central differences, relative to the largest slope.
  func gap<Head: NetworkHead>(_ head: Head, rows: Int, _ outputs: [Float]) -> Double {
    var gradient = [Float](repeating: 0, count: outputs.count)
    var unused = gradient
    _ = head.loss(outputs, rows: (0..<rows)[...].map { $0 }[...], gradient: &gradient)
    var (worst, largest) = (0.0, 0.0)
    for k in outputs.indices {
      var (up, down) = (outputs, outputs)
      up[k] += 0x1p-9
      down[k] -= 0x1p-9
      let order = Array(0..<rows)[...]
      let difference =
        (head.loss(up, rows: order, gradient: &unused) - head.loss(down, rows: order, gradient: &unused)) / 0x1p-8
      worst = max(worst, abs(difference - Double(gradient[k])))
      largest = max(largest, abs(difference))
    }
    return worst / largest
  }

  @Test(
    "Gradients of distribution heads are central differences",
    arguments: [DistributionFamily.normal, .logNormal, .weibull, .logLogistic, .studentT(degreesOfFreedom: 5)])
  func distributions(family: DistributionFamily) throws {
    var stream = RandomStream(seed: 5, purpose: "head")
    for rule in ScoringRule.allCases where rule == .logScore || family == .normal {
      let exact: [Observation] = (0..<6).map { _ in .exact(exp(0.4 * stream.normal())) }
      let all = rule == .crps ? exact : exact + [.above(1.3), .below(0.7), .between(0.8, 1.5)]
      let head = DistributionHead(
        scale: try DistributionScale(family, all), rule: rule, observations: all,
        weights: all.indices.map { 0.5 + Double($0 % 3) })
      let outputs = all.indices.flatMap { _ in [Float(0.5 * stream.normal()), Float(0.5 * stream.normal())] }
      // Central differences over 2⁻⁹ are good to about its square times the curvature.
      #expect(gap(head, rows: all.count, outputs) < 2e-4, "\(rule)")
    }
  }

  @Test("Gradients of quantile heads are central differences", arguments: [[0.5], [0.1, 0.9], [0.05, 0.3, 0.5, 0.9]])
  func quantiles(levels: [Double]) {
    var stream = RandomStream(seed: 6, purpose: "head")
    let target = (0..<8).map { _ in stream.normal() }
    let head = QuantileHead(scale: QuantileScale(levels, target), target: target, weights: target.map { 1 + abs($0) })
    let outputs = (0..<(8 * levels.count)).map { _ in Float(0.3 * stream.normal()) }
    #expect(gap(head, rows: 8, outputs) < 2e-4)
  }

  @Test("Beyond the bound of the log scale the gradient only points back")
  func clamp() throws {
    let head = DistributionHead(
      scale: try DistributionScale(.normal, [.exact(-1), .exact(1)]), rule: .logScore,
      observations: [.exact(0), .exact(0)], weights: [])
    var gradient = [Float](repeating: 9, count: 4)
    let value = head.loss([0, -20, 0, 20], rows: [0, 1], gradient: &gradient)
    // log σ = −8 and 8 at errors 0 leave the constant.
    #expect(abs(value - 0.5 * log(2 * Double.pi)) < 1e-12)
    #expect(gradient[1] == 0 && gradient[3] == 0.5)
  }

  @Test(
    "Zeros stand for the distribution of the targets",
    arguments: [DistributionFamily.normal, .logNormal, .weibull, .logLogistic, .studentT(degreesOfFreedom: 5)])
  func start(family: DistributionFamily) throws {
    var stream = RandomStream(seed: 9, purpose: "start")
    let drawn = FittedDistribution(family, a: 2, b: -0.7)
    let scale = try DistributionScale(family, (0..<4000).map { _ in .exact(drawn.quantile(stream.uniform())) })
    let start = scale.distribution(0, 0)
    // Three standard errors of 4000 values: of the log-logistic, whose log has a standard deviation of 3.7, and of the
    // worst of the others.
    #expect(abs(start.a - drawn.a) < (family == .logLogistic ? 0.18 : 0.05) && abs(start.b - drawn.b) < 0.06)
    let constant = try DistributionScale(family, [.exact(3), .exact(3)])
    #expect(constant.isValid)
  }
}

@Suite("Networks against PyTorch")
struct NetworkReferenceTests {
  struct Reference: Decodable {
    struct Case: Decodable {
      var head: String
      var target: [Double]
      var sizes: [Int]
      var start: [Float]
      var losses: [Double]
      var first: [Float]
      var last: [Float]
    }
    var inputs: [Float]
    var order: [[Int]]
    var rate: Double
    var decay: Double
    var levels: [Double]
    var censored: [Bool]
    var cases: [Case]
  }

  static func load() throws -> Reference {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/network.json")
    return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
  }

  func compare<Head: NetworkHead>(_ head: Head, _ one: Reference.Case, _ reference: Reference) throws {
    let data = NetworkData(inputs: reference.inputs, width: one.sizes[0], training: [], validation: [], head: head)
    var trainer = NetworkTrainer(
      data, try Network(sizes: one.sizes, activation: .relu, parameters: one.start), learningRate: reference.rate,
      weightDecay: reference.decay)
    func gap(_ parameters: [Float]) -> Double {
      largestGap(trainer.network.parameters.map { Double($0) }, parameters.map { Double($0) })
    }
    for (step, rows) in reference.order.enumerated() {
      let value = trainer.step(rows[...])
      if step == 0 {
        #expect(abs(value - one.losses[0]) < 1e-5 * max(1, abs(value)), "\(one.head), first loss")
        #expect(gap(one.first) < 1e-5, "\(one.head), 1 step")
      }
      if step == reference.order.count - 1 {
        #expect(abs(value - one.losses[1]) < 1e-3 * max(1, abs(value)), "\(one.head), last loss")
        #expect(gap(one.last) < 1e-3, "\(one.head), 100 steps")
      }
    }
  }

  @Test("The same start and batches give the same steps, 1 and 100, for every head")
  func steps() throws {
    let reference = try Self.load()
    #expect(reference.cases.map(\.head) == ["normal", "weibull", "quantiles"])
    for one in reference.cases {
      if one.head == "quantiles" {
        let scale = QuantileScale(reference.levels, one.target)
        try compare(QuantileHead(scale: scale, target: one.target, weights: []), one, reference)
      } else {
        let family: DistributionFamily = one.head == "normal" ? .normal : .weibull
        let observations: [Observation] = one.target.indices.map {
          family == .weibull && reference.censored[$0] ? .above(one.target[$0]) : .exact(one.target[$0])
        }
        let scale = try DistributionScale(family, observations)
        try compare(
          DistributionHead(scale: scale, rule: .logScore, observations: observations, weights: []), one, reference)
      }
    }
  }
}

@Suite("The kernel of prediction and the steps of training")
struct NetworkKernelTests {
  @Test("Our kernel agrees with OpenBLAS to 1e-6, for sizes that do and do not fill its tiles")
  func kernel() throws {
    var stream = RandomStream(seed: 6, purpose: "kernel")
    for sizes in [[1, 1], [7, 16, 2], [40, 64, 64, 2], [5, 17, 33, 3], [3, 130, 1]] {
      for activation in [Activation.relu, .tanh] {
        let network = Network<Float>(sizes: sizes, activation: activation, stream: &stream)
        let packed = PackedNetwork(network)
        for rows in [0, 1, 5, 6, 7, 48, 101] {
          let input = (0..<(rows * sizes[0])).map { _ in Float(stream.normal()) }
          let ours = packed.predict(input, rows: rows)
          let gap = largestGap(
            ours.map { Double($0) }, rows == 0 ? [] : network(input, rows: rows).map { Double($0) })
          #expect(gap < 1e-6 * Double(sizes.max()!), "\(sizes), \(rows) rows")
          for row in 0..<rows {
            let one = packed.predict(Array(input[(row * sizes[0])..<((row + 1) * sizes[0])]), rows: 1)
            let outputs = sizes[sizes.count - 1]
            #expect(one == Array(ours[(row * outputs)..<((row + 1) * outputs)]), "one row as in a batch")
          }
        }
      }
    }
  }

  @Test("The gradient of a whole network is the central difference", arguments: [Activation.relu, .tanh])
  func networkGradient(activation: Activation) {
    var stream = RandomStream(seed: 8, purpose: "start")
    var network = Network<Double>(sizes: [4, 5, 3, 2], activation: activation, stream: &stream)
    let input = (0..<24).map { _ in stream.normal() }
    let target = (0..<12).map { _ in stream.normal() }
    func value(_ network: Network<Double>) -> Double {
      zip(network(input, rows: 6), target).reduce(0) { $0 + 0.5 * ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    var pass = NetworkPass<Double>()
    pass.forward(network, input: input, rows: 6)
    var gradient = [Double](repeating: 0, count: network.parameters.count)
    pass.backward(
      network, input: input, rows: 6, outputGradient: zip(pass.output, target).map { $0 - $1 }, into: &gradient)
    let parameters = network.parameters
    for k in parameters.indices {
      network.parameters[k] = parameters[k] + 1e-6
      let up = value(network)
      network.parameters[k] = parameters[k] - 1e-6
      let down = value(network)
      network.parameters[k] = parameters[k]
      #expect(abs((up - down) / 2e-6 - gradient[k]) < 1e-6 * max(1, abs(gradient[k])), "parameter \(k)")
    }
  }

  @Test("First Adam steps by hand")
  func adam() throws {
    var network = try Network<Double>(sizes: [1, 1], activation: .relu, parameters: [2, 1])
    var adam = Adam<Double>(parameters: 2, learningRate: 0.1, weightDecay: 0.5)
    // The first step has length `learningRate`; the weight decays first, 2·0.95, the bias does not.
    adam.step(&network, gradient: [3, -4])
    #expect(largestGap(network.parameters, [1.9 - 0.1, 1.1]) < 1e-6)
    // m̂ = (0.1·3·0.9)/(1 − 0.81) = 1.42105, v̂ = (0.001·9·0.999)/(1 − 0.998001) = 4.4977.
    adam.step(&network, gradient: [0, -4])
    #expect(abs(network.parameters[0] - (1.8 * 0.95 - 0.1 * 0.27 / 0.19 / (0.008991 / 0.001999).squareRoot())) < 1e-6)
    #expect(abs(network.parameters[1] - 1.2) < 1e-6)
  }
}
