import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Network ensemble fitted by L-BFGS")
struct NetworkEnsembleTests {
  @Test("Reaches the loss of scikit-learn's MLPRegressor and predicts alike")
  func oracle() throws {
    let reference = try MemberReference.load()
    let x = Matrix(reference.x)
    let options = NetworkOptions()
    let ensemble = try options.fit(x, target: reference.target, seed: 1)
    let z = reference.target.map { ($0 - ensemble.centre) / ensemble.scale }
    let worst = try #require(reference.network.losses.max())
    for network in ensemble.networks {
      var pass = NetworkPass<Double>()
      #expect(options.loss(network, x, z, &pass).value < worst + 1e-3)
    }
    let predictions = ensemble.predict(Matrix(reference.newX))
    // The penalty leaves one deep minimum; starts differ by the search's tolerance.
    #expect(largestGap(predictions, reference.network.mean) < 0.02, "spread there \(reference.network.spread)")
  }

  @Test("The gradient is the central difference", arguments: [Activation.tanh, .relu])
  func gradient(_ activation: Activation) {
    let problem = MemberProblem(rows: 7, columns: 5, blocks: 1)
    var stream = RandomStream(seed: 4, purpose: "start")
    var network = Network<Double>(sizes: [5, 4, 3, 1], activation: activation, stream: &stream)
    let options = NetworkOptions()
    var pass = NetworkPass<Double>()
    let gradient = options.loss(network, problem.x, problem.target, &pass).gradient
    let parameters = network.parameters
    for p in parameters.indices {
      network.parameters[p] = parameters[p] + 1e-6
      let up = options.loss(network, problem.x, problem.target, &pass).value
      network.parameters[p] = parameters[p] - 1e-6
      let down = options.loss(network, problem.x, problem.target, &pass).value
      network.parameters[p] = parameters[p]
      #expect(abs((up - down) / 2e-6 - gradient[p]) < 1e-6 * max(1, abs(gradient[p])), "parameter \(p)")
    }
  }

  @Test("One hidden unit by hand")
  func byHand() throws {
    var stream = RandomStream(seed: 1, purpose: "start")
    var network = Network<Double>(sizes: [2, 1, 1], activation: .tanh, stream: &stream)
    network.parameters = [0.5, -1, 0.25, 2, 3]
    #expect(largestGap(network([1, 2, 0, 0], rows: 2), [3 + 2 * tanh(-1.25), 3 + 2 * tanh(0.25)]) < 1e-15)
  }

  @Test("Same seed, same bits; without columns the mean; edges run")
  func edges() throws {
    let problem = MemberProblem(rows: 20, columns: 6, blocks: 1)
    let options = NetworkOptions()
    let a = try options.fit(problem.x, target: problem.target, seed: 9)
    #expect(try options.fit(problem.x, target: problem.target, seed: 9) == a)
    #expect(try options.fit(problem.x, target: problem.target, seed: 10) != a)
    let none = try options.fit(Matrix(rows: 20, columns: 0), target: problem.target, seed: 9)
    #expect(none.predict(Matrix(rows: 2, columns: 0)) == [mean(problem.target), mean(problem.target)])
    let flat = try options.fit(problem.x, target: problem.target.map { _ in 2 }, seed: 9)
    #expect(largestGap(flat.predict(problem.x), [Double](repeating: 2, count: 20)) < 1e-6)
    #expect(
      try options.fit(problem.x.selecting(rows: [0]), target: [1], seed: 1).predict(problem.x).allSatisfy(\.isFinite))
    var broken = problem.x
    broken[4, 1] = .nan
    #expect(throws: LearningError.notFinite("column 1", row: 4)) {
      try options.fit(broken, target: problem.target, seed: 1)
    }
  }

  @Test("An ensemble survives its file form; damaged ones are refused")
  func coding() throws {
    let problem = MemberProblem(rows: 10, columns: 3, blocks: 1)
    let ensemble = try NetworkOptions(iterations: 5).fit(problem.x, target: problem.target, seed: 2)
    let data = try JSONEncoder().encode(ensemble)
    #expect(try JSONDecoder().decode(NetworkEnsemble.self, from: data) == ensemble)
    let networks: [[String: Any]] = [[3, -1, 1], [3, Int.max, 1], [3, 16, 1], [3], []].map {
      ["sizes": $0, "activation": "tanh", "parameters": [1.0]]
    }
    try expectDamageRefused(
      NetworkEnsemble.self, data,
      networks.map { ("networks", [$0]) } + [("networks", [Any]()), ("scale", 0), ("columns", 4), ("columns", -3)])
  }

  @Test("Fits fast enough for the folds of the stack; a loose bound, machines are busy")
  func speed() throws {
    let problem = MemberProblem(rows: 100)
    let elapsed = try ContinuousClock().measure {
      _ = try NetworkOptions().fit(problem.x, target: problem.target, seed: 1)
    }
    #expect(elapsed < .milliseconds(600))
  }
}
