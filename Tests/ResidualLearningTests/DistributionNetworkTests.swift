import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Deep ensemble with a normal distribution per row")
struct DistributionNetworkTests {
  /// y = sin 2x₀ + x₁/2 + (0.1 + 0.4 |x₀|) ε; x₁ is missing in a share of the rows.
  struct Sample {
    var x: Matrix
    var target: [Double]

    init(rows: Int, missing: Double = 0, seed: UInt64) {
      var stream = RandomStream(seed: seed, purpose: "heteroscedastic")
      x = Matrix(rows: rows, columns: 3)
      target = []
      for i in 0..<rows {
        for j in 0..<3 { x[i, j] = stream.normal() }
        let noise = (0.1 + 0.4 * abs(x[i, 0])) * stream.normal()
        target.append(sin(2 * x[i, 0]) + 0.5 * x[i, 1] + noise)
        if stream.uniform() < missing { x[i, 1] = .nan }
      }
    }
  }

  static func score(_ means: [Double], _ deviations: [Double], _ target: [Double]) -> Double {
    mean(
      target.indices.map { i in
        let z = (target[i] - means[i]) / deviations[i]
        return 0.5 * z * z + log(deviations[i])
      })
  }

  let options = DistributionNetworkOptions(
    hidden: [32, 32], epochs: 150, batch: 64, learningRate: 3e-3, patience: 15, members: 3)

  @Test("Beats the constant normal by far, knows where the noise is, covers what it promises")
  func heteroscedastic() throws {
    let (training, test) = (Sample(rows: 900, seed: 1), Sample(rows: 1000, seed: 2))
    let model = try options.fit(
      training.x, target: training.target, validation: (0..<900).map { $0 % 5 == 0 }, seed: 1)
    let (means, deviations) = model.predict(test.x)
    let constant = Self.score(
      test.target.map { _ in mean(training.target) }, test.target.map { _ in standardDeviation(training.target) },
      test.target)
    let truth = Self.score(
      (0..<1000).map { sin(2 * test.x[$0, 0]) + 0.5 * test.x[$0, 1] },
      (0..<1000).map { 0.1 + 0.4 * abs(test.x[$0, 0]) }, test.target)
    let mine = Self.score(means, deviations, test.target)
    #expect(mine < constant - 0.6 * (constant - truth))
    let covered = test.target.indices.filter { abs(test.target[$0] - means[$0]) < 1.645 * deviations[$0] }.count
    #expect((840...960).contains(covered), "90 % intervals cover \(covered) of 1000")
    func spread(_ choose: (Double) -> Bool) -> Double {
      mean((0..<1000).filter { choose(abs(test.x[$0, 0])) }.map { deviations[$0] })
    }
    #expect(spread { $0 > 1 } > 1.8 * spread { $0 < 0.4 })
  }

  @Test("A missing value widens the forecast and traps nothing")
  func missing() throws {
    let training = Sample(rows: 800, missing: 0.4, seed: 3)
    let model = try options.fit(
      training.x, target: training.target, validation: (0..<800).map { $0 % 5 == 0 }, seed: 1)
    let (means, deviations) = model.predict(
      Matrix([[0, 2, 0], [0, .nan, 0], [.nan, .nan, .nan], [1e300, -1e300, 0]]))
    #expect(abs(means[0] - 1) < 0.35 && abs(means[1]) < 0.35)
    #expect(deviations[1] > 1.5 * deviations[0])
    #expect((means + deviations).allSatisfy { $0.isFinite })
    let empty = Matrix((0..<50).map { [Double($0), .nan] })
    let whole = try options.fit(
      empty, target: (0..<50).map { Double($0) }, validation: [Bool](repeating: false, count: 50), seed: 1)
    #expect(whole.predict(empty).mean.allSatisfy { $0.isFinite })
  }

  @Test("The head's gradient is the central difference; beyond the clamp it only points back")
  func headGradient() {
    let target = [0.3, -1.2, 2.0]
    let outputs: [Double] = [0.1, -0.5, -0.7, 0.4, 1.0, 2.5]
    var gradient = [Double](repeating: 0, count: 6)
    var unused = gradient
    _ = GaussianHead.loss(outputs, target, gradient: &gradient)
    for k in outputs.indices {
      var (up, down) = (outputs, outputs)
      up[k] += 1e-6
      down[k] -= 1e-6
      let difference =
        (GaussianHead.loss(up, target, gradient: &unused) - GaussianHead.loss(down, target, gradient: &unused)) / 2e-6
      #expect(abs(difference - gradient[k]) < 1e-8, "output \(k)")
    }
    var clamped = [Double](repeating: 9, count: 4)
    let value = GaussianHead.loss([0.0, -20, 0.0, 20], [0.0, 0.0], gradient: &clamped)
    #expect(value == 0)  // log σ = −8 and 8, errors 0.
    #expect(clamped[1] == 0 && clamped[3] == 0.5)
  }

  @Test("The gradient of the whole network with its head is the central difference")
  func networkGradient() {
    var stream = RandomStream(seed: 8, purpose: "start")
    var network = Network<Double>(sizes: [4, 5, 3, 2], activation: .relu, stream: &stream)
    let input = (0..<24).map { _ in stream.normal() }
    let target = (0..<6).map { _ in stream.normal() }
    var slopes = [Double](repeating: 0, count: 12)
    func value(_ network: Network<Double>) -> Double {
      GaussianHead.loss(network(input, rows: 6), target, gradient: &slopes)
    }
    _ = value(network)
    var pass = NetworkPass<Double>()
    pass.forward(network, input: input, rows: 6)
    var gradient = [Double](repeating: 0, count: network.parameters.count)
    pass.backward(network, input: input, rows: 6, outputGradient: slopes, into: &gradient)
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

  @Test("Float and Double networks with equal parameters agree")
  func precision() throws {
    var stream = RandomStream(seed: 6, purpose: "start")
    let wide = Network<Double>(sizes: [7, 16, 2], activation: .relu, stream: &stream)
    var again = RandomStream(seed: 6, purpose: "start")
    let narrow = Network<Float>(sizes: [7, 16, 2], activation: .relu, stream: &again)
    let input = (0..<70).map { _ in stream.normal() }
    #expect(largestGap(wide(input, rows: 10), narrow(input.map { Float($0) }, rows: 10).map { Double($0) }) < 1e-5)
  }

  @Test("First Adam steps by hand")
  func adam() {
    var stream = RandomStream(seed: 1, purpose: "start")
    var network = Network<Double>(sizes: [1, 1], activation: .relu, stream: &stream)
    network.parameters = [2, 1]
    var adam = Adam<Double>(parameters: 2, learningRate: 0.1, weightDecay: 0.5)
    // The first step has length `learningRate`; the weight decays first, 2·0.95, the bias does not.
    adam.step(&network, gradient: [3, -4])
    #expect(largestGap(network.parameters, [1.9 - 0.1, 1.1]) < 1e-6)
    // m̂ = (0.1·3·0.9)/(1 − 0.81) = 1.42105, v̂ = (0.001·9·0.999)/(1 − 0.998001) = 4.4977.
    adam.step(&network, gradient: [0, -4])
    #expect(abs(network.parameters[0] - (1.8 * 0.95 - 0.1 * 0.27 / 0.19 / (0.008991 / 0.001999).squareRoot())) < 1e-6)
    #expect(abs(network.parameters[1] - 1.2) < 1e-6)
  }

  @Test("Same seed, same bits; the variance of the members' means counts")
  func ensemble() throws {
    let sample = Sample(rows: 80, seed: 4)
    var few = options
    few.epochs = 5
    let validation = (0..<80).map { $0 % 4 == 0 }
    let model = try few.fit(sample.x, target: sample.target, validation: validation, seed: 7)
    #expect(try few.fit(sample.x, target: sample.target, validation: validation, seed: 7) == model)
    let single = model.networks.map {
      DistributionNetwork(encoding: model.encoding, centre: model.centre, scale: model.scale, networks: [$0])
        .predict(sample.x)
    }
    let (means, deviations) = model.predict(sample.x)
    for i in 0..<80 {
      let centre = mean(single.map { $0.mean[i] })
      let variance = mean(single.map { pow($0.standardDeviation[i], 2) + pow($0.mean[i] - centre, 2) })
      #expect(abs(means[i] - centre) < 1e-9 && abs(deviations[i] - variance.squareRoot()) < 1e-9)
    }
  }

  @Test("Wrong data is named; damaged files are refused")
  func refusals() throws {
    let sample = Sample(rows: 30, seed: 5)
    var few = options
    few.epochs = 2
    let all = [Bool](repeating: false, count: 30)
    var broken = sample.x
    broken[6, 1] = .infinity
    #expect(throws: LearningError.notFinite("column 1", row: 6)) {
      try few.fit(broken, target: sample.target, validation: all, seed: 1)
    }
    #expect(throws: LearningError.self) {
      try few.fit(sample.x, target: sample.target, validation: all.map { !$0 }, seed: 1)
    }
    #expect(throws: LearningError.self) { try few.fit(sample.x, target: [1], validation: all, seed: 1) }
    let model = try few.fit(sample.x, target: sample.target, validation: all, seed: 1)
    let data = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(DistributionNetwork.self, from: data) == model)
    let encodings: [[String: Any]] = [
      ["means": [0, 0, 0], "scales": [1, 1], "masked": [Int]()],
      ["means": [0, 0, 0], "scales": [1, 1, 0], "masked": [Int]()],
      ["means": [0, 0], "scales": [1, 1], "masked": [5]],
      ["means": [0, 0], "scales": [1, 1], "masked": [1, 1]],
      ["means": [0, 0], "scales": [1, 1], "masked": [Int]()],
    ]
    try expectDamageRefused(
      DistributionNetwork.self, data,
      encodings.map { ("encoding", $0) } + [("scale", -1), ("networks", [Any]()), ("networks", ["x"])])
  }
}
