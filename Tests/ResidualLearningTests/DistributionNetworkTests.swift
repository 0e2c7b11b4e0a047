import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Deep ensemble with a normal distribution per row")
struct DistributionNetworkTests {
  /// y = sin 2x₀ + x₁/2 + (0.1 + 0.4 |x₀|) ε; x₁ is missing in a share of the rows.
  struct Sample {
    var x: FeatureTable
    var target: [Double]

    init(rows: Int, missing: Double = 0, seed: UInt64) {
      var stream = RandomStream(seed: seed, purpose: "heteroscedastic")
      var x = Matrix(rows: rows, columns: 3)
      target = []
      for i in 0..<rows {
        for j in 0..<3 { x[i, j] = stream.normal() }
        let noise = (0.1 + 0.4 * abs(x[i, 0])) * stream.normal()
        target.append(sin(2 * x[i, 0]) + 0.5 * x[i, 1] + noise)
        if stream.uniform() < missing { x[i, 1] = .nan }
      }
      self.x = FeatureTable(names: ["a", "b", "c"], x)
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
    training: NetworkTraining(
      hidden: [32, 32], epochs: 150, batch: 64, learningRate: 3e-3, patience: 15, members: 3))

  @Test("Beats the constant normal by far, knows where the noise is, covers what it promises")
  func heteroscedastic() throws {
    let (training, test) = (Sample(rows: 900, seed: 1), Sample(rows: 1000, seed: 2))
    let model = try options.fit(
      training.x, target: training.target, validation: (0..<900).map { $0 % 5 == 0 }, stream: 1)
    let (means, deviations) = moments(model.predict(test.x))
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

  func moments(_ all: [MixtureDistribution]) -> (mean: [Double], standardDeviation: [Double]) {
    (all.map(\.mean), all.map(\.standardDeviation))
  }

  @Test("A missing value widens the forecast and traps nothing")
  func missing() throws {
    let training = Sample(rows: 800, missing: 0.4, seed: 3)
    let model = try options.fit(
      training.x, target: training.target, validation: (0..<800).map { $0 % 5 == 0 }, stream: 1)
    let (means, deviations) = moments(
      model.predict(
        FeatureTable(
          names: ["a", "b", "c"], Matrix([[0, 2, 0], [0, .nan, 0], [.nan, .nan, .nan], [1e300, -.infinity, 0]]))))
    #expect(abs(means[0] - 1) < 0.35 && abs(means[1]) < 0.35)
    #expect(deviations[1] > 1.5 * deviations[0])
    #expect((means + deviations).allSatisfy { $0.isFinite })
    let empty = FeatureTable(names: ["a", "b"], Matrix((0..<50).map { [Double($0), .nan] }))
    let whole = try options.fit(empty, target: (0..<50).map { Double($0) }, stream: 1)
    #expect(whole.predict(empty).map(\.mean).allSatisfy { $0.isFinite })
  }

  @Test("Censored lifetimes: the Weibull head finds the scale that ignoring the censoring would miss")
  func censored() throws {
    var stream = RandomStream(seed: 11, purpose: "lives")
    var x = Matrix(rows: 1200, columns: 1)
    var (observations, truth): ([Observation], [Double]) = ([], [])
    for i in 0..<1200 {
      x[i, 0] = stream.normal()
      let median = exp(5 + 0.6 * x[i, 0])
      let life = median * pow(-log(stream.uniform()) / log(2), 1 / 3.0)
      let end = exp(5 + 0.4 * stream.normal())
      truth.append(median)
      observations.append(life < end ? .exact(life) : .above(end))
    }
    let table = FeatureTable(names: ["x"], x)
    var weibull = options
    weibull.family = .weibull
    weibull.training.members = 2
    func bias(_ known: [Observation]) throws -> Double {
      let model = try weibull.fit(table, observations: known, validation: (0..<1200).map { $0 % 5 == 0 }, stream: 1)
      return mean(zip(model.predict(table), truth).map { log($0.quantile(0.5) / $1) })
    }
    #expect(abs(try bias(observations)) < 0.06)
    #expect(try bias(observations.map { .exact($0.nearest) }) < -0.15)
    #expect(throws: LearningError.notFinite("logarithm of the observation", row: 0)) {
      try weibull.fit(table, observations: observations.map { _ in .exact(-1) }, stream: 1)
    }
    weibull.rule = .crps
    #expect(throws: LearningError.self) { try weibull.fit(table, observations: observations, stream: 1) }
  }

  @Test(
    "Every family finds the median and the spread of its own law",
    arguments: [DistributionFamily.normal, .logNormal, .weibull, .logLogistic, .studentT(degreesOfFreedom: 4)])
  func families(family: DistributionFamily) throws {
    func sample(_ seed: UInt64) -> (FeatureTable, [FittedDistribution], [Double]) {
      var stream = RandomStream(seed: seed, purpose: "families")
      var x = Matrix(rows: 1000, columns: 1)
      var laws: [FittedDistribution] = []
      for i in 0..<1000 {
        x[i, 0] = stream.normal()
        laws.append(FittedDistribution(family, a: 2 + 0.8 * x[i, 0], b: (family.hasShape ? 1 : 0) + 0.3 * x[i, 0]))
      }
      return (FeatureTable(names: ["x"], x), laws, laws.map { $0.quantile(stream.uniform()) })
    }
    let (table, _, target) = sample(1)
    let (fresh, laws, seen) = sample(2)
    var chosen = options
    chosen.family = family
    chosen.training.members = 2
    let found = try chosen.fit(
      table, target: target, validation: (0..<1000).map { $0 % 5 == 0 }, stream: 1
    ).predict(fresh)
    // Of the spread of the law: distance of the medians.
    let misses = zip(found, laws).map {
      abs($0.quantile(0.5) - $1.quantile(0.5)) / ($1.quantile(0.84) - $1.quantile(0.16))
    }
    #expect(mean(misses) < 0.12)
    let covered = zip(found, seen).count { $0.quantile(0.05) <= $1 && $1 <= $0.quantile(0.95) }
    #expect((860...940).contains(covered))
  }

  @Test("CRPS as the score finds the same noise", arguments: [ScoringRule.logScore, .crps])
  func rules(rule: ScoringRule) throws {
    let (training, test) = (Sample(rows: 900, seed: 1), Sample(rows: 500, seed: 2))
    var chosen = options
    chosen.rule = rule
    let model = try chosen.fit(
      training.x, target: training.target, validation: (0..<900).map { $0 % 5 == 0 }, stream: 1)
    let ratios = zip(model.predict(test.x), 0..<500).map { $0.standardDeviation / (0.1 + 0.4 * abs(test.x[$1, 0])) }
    #expect(abs(median(ratios) - 1) < 0.25)
  }

  @Test("Quantiles never cross and split the rows as promised")
  func quantiles() throws {
    let (training, test) = (Sample(rows: 1500, seed: 1), Sample(rows: 1000, seed: 2))
    let levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    let model = try QuantileNetworkOptions(training: options.training, levels: levels).fit(
      training.x, target: training.target, validation: (0..<1500).map { $0 % 5 == 0 }, stream: 1)
    let all = model.predict(test.x)
    #expect(all.allSatisfy { zip($0, $0.dropFirst()).allSatisfy { $0 < $1 } })
    for (k, level) in levels.enumerated() {
      let below = Double(zip(all, test.target).filter { $1 <= $0[k] }.count) / 1000
      // Three standard errors of a share of 1000 rows and as much again for what 1200 rows can teach.
      #expect(abs(below - level) < 0.03 + 3 * (level * (1 - level) / 1000).squareRoot(), "\(level): \(below)")
    }
    let data = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(QuantileNetwork.self, from: data) == model)
    try expectDamageRefused(QuantileNetwork.self, data, [("networks", [Any]()), ("featureNames", ["a"])])
  }

  @Test("A row of weight 0 is not learnt from; equal weights change nothing")
  func weights() throws {
    let sample = Sample(rows: 90, seed: 4)
    var few = options
    few.training.epochs = 5
    let part = few.training.batch
    #expect(part > 1)
    let zero = (0..<90).map { $0 < 60 ? 1.0 : 0.0 }
    let kept = try few.fit(
      sample.x.selecting(rows: Array(0..<60)), target: Array(sample.target[..<60]), stream: 2)
    let weighted = try few.fit(sample.x, target: sample.target, weights: zero, stream: 2)
    #expect(weighted.networks == kept.networks)
    let plain = try few.fit(sample.x, target: sample.target, stream: 2)
    #expect(try few.fit(sample.x, target: sample.target, weights: zero.map { _ in 2 }, stream: 2) == plain)
  }

  @Test("Same seed, same bits on any number of tasks; the variance of the members' means counts")
  func ensemble() async throws {
    let sample = Sample(rows: 80, seed: 4)
    var few = options
    few.training.epochs = 5
    let validation = (0..<80).map { $0 % 4 == 0 }
    let model = try few.fit(sample.x, target: sample.target, validation: validation, stream: 7)
    for width in [1, 2, 3, 7] {
      let again = try await few.fit(
        sample.x, observations: sample.target.map { .exact($0) }, validation: validation, stream: 7, width: width)
      #expect(again == model, "\(width) tasks")
    }
    let quantiles = QuantileNetworkOptions(training: few.training, levels: [0.1, 0.9])
    #expect(
      try await quantiles.fit(sample.x, target: sample.target, stream: 7, width: 3)
        == quantiles.fit(sample.x, target: sample.target, stream: 7))
    for (i, one) in model.predict(sample.x).enumerated() {
      let centre = mean(one.parts.map(\.a))
      let variance = mean(one.parts.map { exp(2 * $0.b) + pow($0.a - centre, 2) })
      #expect(abs(one.mean - centre) < 1e-12 && abs(one.standardDeviation - variance.squareRoot()) < 1e-12)
      #expect(model.predict(row: (0..<3).map { sample.x[i, $0] }) == one)
      for p in [0.01, 0.5, 0.9] { #expect(abs(one.cumulative(one.quantile(p)) - p) < 1e-12) }
    }
  }

  @Test("Wrong data is named; damaged files are refused")
  func refusals() throws {
    let sample = Sample(rows: 30, seed: 5)
    var few = options
    few.training.epochs = 2
    let columns = (0..<3).map { sample.x.column($0) }
    var broken = columns
    broken[1][6] = .infinity
    #expect(throws: LearningError.notFinite("column b", row: 6)) {
      try few.fit(FeatureTable(names: ["a", "b", "c"], columns: broken), target: sample.target, stream: 1)
    }
    #expect(throws: LearningError.self) {
      try few.fit(sample.x, target: sample.target, validation: [Bool](repeating: true, count: 30), stream: 1)
    }
    #expect(throws: LearningError.self) { try few.fit(sample.x, target: [1], stream: 1) }
    #expect(throws: LearningError.invalidWeight(-1, row: 0)) {
      try few.fit(sample.x, target: sample.target, weights: [Double](repeating: -1, count: 30), stream: 1)
    }
    #expect(throws: LearningError.notFinite("observation", row: 2)) {
      try few.fit(sample.x, target: sample.target.indices.map { $0 == 2 ? .nan : 1 }, stream: 1)
    }
    for spoil: (inout NetworkTraining) -> Void in [
      { $0.batch = 0 }, { $0.members = 0 }, { $0.hidden = [0] }, { $0.learningRate = .nan }, { $0.patience = 0 },
      { $0.weightDecay = -1 }, { $0.epochs = -1 },
    ] {
      var wrong = few
      spoil(&wrong.training)
      #expect(throws: LearningError.self) { try wrong.fit(sample.x, target: sample.target, stream: 1) }
    }
    let model = try few.fit(sample.x, target: sample.target, stream: 1)
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
      encodings.map { ("encoding", $0) } + [("networks", [Any]()), ("networks", ["x"]), ("featureNames", ["a"])])
  }
}
