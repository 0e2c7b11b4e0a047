import NumericalMethods
import Testing

@testable import ResidualLearning

/// One feature that sets the mean and one that sets the spread.
private func problem(rows: Int, seed: UInt64) -> (table: FeatureTable, target: [Double], sigma: [Double]) {
  var stream = RandomStream(seed: seed, purpose: "distribution")
  let x = (0..<rows).map { _ in stream.uniform() }
  let z = (0..<rows).map { _ in stream.uniform() }
  let sigma = z.map { $0 > 0.5 ? 2.0 : 0.5 }
  let y = (0..<rows).map { 4 * x[$0] + sigma[$0] * stream.normal() }
  return (FeatureTable(names: ["x", "z"], columns: [x, z]), y, sigma)
}

@Suite("Boosting of distributions")
struct DistributionBoostingTests {
  var trees: BoostingOptions {
    var options = BoostingOptions()
    options.maxDepth = 3
    options.maxLeaves = 8
    options.rounds = 100
    return options
  }

  @Test("A spread that varies by row is found, and the score beats one spread for all", arguments: ScoringRule.allCases)
  func varyingSpread(rule: ScoringRule) throws {
    let (table, target, _) = problem(rows: 1000, seed: 1)
    let model = try DistributionBoosting(trees: trees, rule: rule).fit(table, target: target, weights: nil, stream: 0)
    let test = problem(rows: 1000, seed: 2)
    let found = model.predict(test.table)
    for (wanted, range) in [(0.5, 0.35...0.65), (2.0, 1.5...2.5)] {
      let mine = found.indices.filter { test.sigma[$0] == wanted }.map { found[$0].standardDeviation }
      #expect(range.contains(median(mine)), "\(median(mine)) for \(wanted)")
    }
    func score(_ d: (Int) -> FittedDistribution) -> Double {
      mean(test.target.indices.map { rule.value(.normal, a: d($0).a, b: d($0).b, .exact(test.target[$0])) })
    }
    let one = FittedDistribution(.normal, a: mean(target), b: naturalLog(standardDeviation(target)))
    #expect(score { found[$0] } < 0.85 * score { _ in one })
  }

  @Test("Without rounds the start is the best single distribution; censored rows move it")
  func start() throws {
    var none = trees
    none.rounds = 0
    let table = FeatureTable(names: ["x"], columns: [[1, 2, 3, 4]])
    let normal = try DistributionBoosting(trees: none).fit(table, target: [1, 2, 4, 5], weights: nil, stream: 0)
    // Mean 3, variance 10/4.
    #expect(abs(normal.location.baseScore - 3) < 1e-9)
    #expect(abs(normal.spread.baseScore - 0.5 * naturalLog(2.5)) < 1e-6)
    // Exponential lives with a Weibull of shape 1 forced by symmetry are not closed; the score must be stationary.
    let observed: [Observation] = [.exact(100), .exact(250), .above(300), .between(50, 90)]
    for family in DistributionFamily.tested {
      let model = try DistributionBoosting(trees: none, family: family).fit(
        table, observations: observed, weights: nil, stream: 0)
      let (a, b) = (model.location.baseScore, model.spread.baseScore)
      let sum = observed.map { ScoringRule.logScore.naturalGradient(family, a: a, b: b, $0) }
      #expect(abs(sum.reduce(0) { $0 + $1.a }) < 1e-3 * max(1, abs(a)), "\(family)")
      #expect(abs(sum.reduce(0) { $0 + $1.b }) < 1e-3, "\(family)")
    }
  }

  @Test(
    "Censored lives: the median is right where dropping or trusting the limits is not",
    arguments: [
      DistributionFamily.logNormal, .weibull, .logLogistic,
    ])
  func censoredLives(family: DistributionFamily) throws {
    var stream = RandomStream(seed: 4, purpose: "lives")
    let x = (0..<800).map { $0 % 2 == 0 ? 0.0 : 1.0 }
    let lives = x.map { group in
      FittedDistribution(family, a: group == 0 ? 6 : 7, b: family == .logNormal ? -0.7 : 1).quantile(stream.uniform())
    }
    let observed: [Observation] = lives.map { $0 > 700 ? .above(700) : $0 < 200 ? .between(0, 200) : .exact($0) }
    let table = FeatureTable(names: ["x"], columns: [x])
    var options = trees
    options.lambda = 0
    let model = try DistributionBoosting(trees: options, family: family).fit(
      table, observations: observed, weights: nil, stream: 0)
    let found = model.predict(table)
    for group in 0..<2 {
      let truth = FittedDistribution(family, a: group == 0 ? 6 : 7, b: family == .logNormal ? -0.7 : 1)
      #expect(abs(found[group].quantile(0.5) / truth.quantile(0.5) - 1) < 0.1, "\(family) \(group)")
    }
  }

  @Test("Extreme rows give finite parameters within the bounds")
  func extremeRows() throws {
    var (table, target, _) = problem(rows: 200, seed: 3)
    target[7] = 1e9
    target[8] = -1e12
    for rule in ScoringRule.allCases {
      let model = try DistributionBoosting(trees: trees, rule: rule).fit(table, target: target, weights: nil, stream: 0)
      for d in model.predict(table) {
        #expect(d.a.isFinite && model.spreadBounds.contains(d.b))
      }
    }
    let constant = try DistributionBoosting(trees: trees).fit(
      table, target: [Double](repeating: 5, count: 200), weights: nil, stream: 0)
    #expect(constant.predict(table).allSatisfy { abs($0.mean - 5) < 1e-6 && $0.standardDeviation > 0 })
  }

  @Test("Impossible observations and scores are typed errors naming the row")
  func errors() {
    let table = FeatureTable(names: ["x"], columns: [[1, 2]])
    #expect(throws: LearningError.notFinite("observation", row: 1)) {
      try DistributionBoosting().fit(table, observations: [.exact(1), .between(3, 2)], weights: nil, stream: 0)
    }
    #expect(throws: LearningError.notFinite("logarithm of the observation", row: 0)) {
      try DistributionBoosting(family: .weibull).fit(table, target: [-1, 2], weights: nil, stream: 0)
    }
    #expect(throws: LearningError.self) {
      try DistributionBoosting(rule: .crps).fit(table, observations: [.exact(1), .above(2)], weights: nil, stream: 0)
    }
  }

  @Test("Early stopping watches the score of whole groups")
  func earlyStopping() throws {
    let (table, target, _) = problem(rows: 300, seed: 5)
    var options = trees
    options.rounds = 400
    options.patience = 10
    options.minRows = 3
    let watched = (0..<300).map { $0 / 10 % 3 == 0 }
    let stopped = try DistributionBoosting(trees: options).fit(
      table, target: target, weights: nil, validation: watched, stream: 0)
    let all = try DistributionBoosting(trees: options).fit(
      table, target: target, weights: watched.map { $0 ? 0 : 1 }, stream: 0)
    #expect(stopped.location.treeCount < all.location.treeCount)
    func score(_ model: DistributionTrees) -> Double {
      let d = model.predict(table)
      return (0..<300).filter { watched[$0] }.reduce(0) {
        $0 + ScoringRule.logScore.value(.normal, a: d[$1].a, b: d[$1].b, .exact(target[$1]))
      }
    }
    #expect(score(stopped) < score(all))
  }
}

@Suite("Ensembles and shared trees")
struct EnsembleTests {
  var trees: BoostingOptions {
    var options = BoostingOptions()
    options.maxDepth = 3
    options.maxLeaves = 8
    options.rounds = 200
    return options
  }

  @Test("Shared trees have one structure and find what separate ones find", arguments: ScoringRule.allCases)
  func sharedTrees(rule: ScoringRule) throws {
    let (table, target, _) = problem(rows: 1500, seed: 1)
    let test = problem(rows: 2000, seed: 2)
    var boosting = DistributionBoosting(trees: trees, rule: rule)
    boosting.trees.rounds = 60
    func score(_ model: DistributionTrees) -> Double {
      let found = model.predict(test.table)
      return mean(
        found.indices.map { rule.value(.normal, a: found[$0].a, b: found[$0].b, .exact(test.target[$0])) })
    }
    let separate = try boosting.fit(table, target: target, weights: nil, stream: 0)
    boosting.sharedTrees = true
    let shared = try boosting.fit(table, target: target, weights: nil, stream: 0)
    #expect(shared.location.threshold == shared.spread.threshold && shared.location.leaf != shared.spread.leaf)
    // One tree serves two aims with as many leaves: a few per cent are its price.
    #expect(score(shared) < score(separate) + 0.05 * abs(score(separate)))
  }

  @Test("An ensemble over groups covers new groups as it says; without calibration its members are too certain")
  func coverage() async throws {
    var stream = RandomStream(seed: 8, purpose: "cells")
    func draw(_ cells: Int) -> (FeatureTable, [Double], [Int]) {
      var columns = [[Double]](repeating: [], count: 6)
      var (y, groups): ([Double], [Int]) = ([], [])
      for cell in 0..<cells {
        let x = (0..<6).map { _ in stream.normal() }
        let effect = 0.7 * stream.normal()
        for _ in 0..<8 {
          for k in 0..<6 { columns[k].append(k < 3 ? x[k] : stream.normal()) }
          y.append(2 * x[0] + x[1] * (columns[4].last ?? 0) + effect + 0.5 * stream.normal())
          groups.append(cell)
        }
      }
      return (FeatureTable(names: (0..<6).map { "x\($0)" }, columns: columns), y, groups)
    }
    let (table, target, groups) = draw(60)
    let (testTable, testTarget, _) = draw(400)
    var ensemble = EnsembleBoosting(member: DistributionBoosting(trees: trees, rule: .crps))
    func coverage() async throws -> Double {
      let model = try await ensemble.fit(
        table, observations: target.map { .exact($0) }, groups: groups, weights: nil, stream: 3, width: 2)
      let below = zip(model.predict(testTable), testTarget).map { $0.cumulative($1) }
      return Double(below.count { $0 >= 0.05 && $0 <= 0.95 }) / Double(below.count)
    }
    let calibrated = try await coverage()
    // 60 groups set the factor, so its own standard error is about 0.03.
    #expect(abs(calibrated - 0.9) < 0.06, "\(calibrated)")
    ensemble.calibratesSpread = false
    let raw = try await coverage()
    #expect(raw < calibrated, "\(raw)")
  }

  @Test("Held-out groups are whole, of the asked share, and another seed draws others")
  func heldOut() {
    let groups = (0..<300).map { $0 % 20 }
    let marks = heldOutGroups(groups, share: 0.25, seed: 1)
    let drawn = Set(zip(groups, marks).filter(\.1).map(\.0))
    #expect(drawn.count == 5 && marks == groups.map { drawn.contains($0) })
    #expect(heldOutGroups(groups, share: 0.25, seed: 2) != marks)
    #expect(heldOutGroups([4, 9], share: 0.01, seed: 2).count { $0 } == 1)
  }
}

@Suite("Boosting of quantiles")
struct QuantileBoostingTests {
  @Test("Quantiles never cross, cover as they say and follow the spread", arguments: 0..<3)
  func coverage(seed: Int) throws {
    let (table, target, _) = problem(rows: 1500, seed: UInt64(10 + seed))
    var options = BoostingOptions()
    options.maxDepth = 3
    options.maxLeaves = 8
    options.rounds = 60
    let levels = [0.05, 0.25, 0.5, 0.75, 0.95]
    let model = try QuantileBoosting(trees: options, levels: levels).fit(
      table, target: target, weights: nil, stream: 0)
    let test = problem(rows: 2000, seed: UInt64(20 + seed))
    let found = model.predict(test.table)
    #expect(found.allSatisfy { zip($0, $0.dropFirst()).allSatisfy { $0 <= $1 } })
    for (k, level) in levels.enumerated() {
      let below = Double(found.indices.count { test.target[$0] <= found[$0][k] }) / 2000
      #expect(abs(below - level) < 0.05, "\(below) below the \(level) quantile")
    }
    let width = { (sigma: Double) in
      median(found.indices.filter { test.sigma[$0] == sigma }.map { found[$0][4] - found[$0][0] })
    }
    // 2 · 1.645 σ.
    #expect(abs(width(0.5) - 1.645) < 0.5 && abs(width(2) - 6.58) < 1.3, "\(width(0.5)) \(width(2))")
  }

  @Test("The summed pinball loss on training rows never rises")
  func lossFalls() throws {
    let (table, target, _) = problem(rows: 200, seed: 9)
    var options = BoostingOptions()
    options.minRows = 5
    options.learningRate = 0.3
    let levels = [0.1, 0.4, 0.9]
    let losses = try (0..<12).map { rounds in
      var some = options
      some.rounds = rounds
      let q = try QuantileBoosting(trees: some, levels: levels).fit(table, target: target, weights: nil, stream: 0)
        .predict(table)
      return target.indices.reduce(0.0) { sum, i in
        sum + zip(q[i], levels).reduce(0) { $0 + max($1.1 * (target[i] - $1.0), ($1.1 - 1) * (target[i] - $1.0)) }
      }
    }
    #expect(zip(losses, losses.dropFirst()).allSatisfy { $1 <= $0 * (1 + 1e-12) })
    #expect(losses[11] < 0.7 * losses[0])
  }

  @Test("Calibration on held-out rows puts overfitted quantiles right")
  func calibration() throws {
    let (table, target, _) = problem(rows: 1200, seed: 31)
    let test = problem(rows: 3000, seed: 32)
    let watched = (0..<1200).map { $0 % 3 == 0 }
    var boosting = QuantileBoosting(levels: [0.05, 0.5, 0.95])
    boosting.trees.rounds = 100
    boosting.trees.patience = 100
    boosting.trees.minRows = 3
    func coverage() throws -> Double {
      let found = try boosting.fit(table, target: target, weights: nil, validation: watched, stream: 0)
        .predict(test.table)
      return Double(found.indices.count { test.target[$0] > found[$0][0] && test.target[$0] <= found[$0][2] }) / 3000
    }
    let raw = try coverage()
    boosting.calibrates = true
    let calibrated = try coverage()
    // 400 rows set two factors: a standard error of 0.02.
    #expect(raw < 0.85 && abs(calibrated - 0.9) < 0.05, "\(raw) \(calibrated)")
  }

  @Test("One leaf by hand: the median alone steps to the weighted median of each side")
  func byHand() throws {
    var options = BoostingOptions()
    options.rounds = 1
    options.learningRate = 1
    options.maxLeaves = 2
    options.minRows = 1
    let table = FeatureTable(names: ["x"], columns: [[0, 0, 0, 1, 1, 1]])
    let model = try QuantileBoosting(trees: options, levels: [0.5]).fit(
      table, target: [1, 2, 9, 10, 20, 90], weights: nil, stream: 0)
    #expect(model.predict(table).map { $0[0] } == [2, 2, 2, 20, 20, 20])
  }
}
