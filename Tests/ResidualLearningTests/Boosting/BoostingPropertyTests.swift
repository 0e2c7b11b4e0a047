import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Properties of boosting")
struct BoostingPropertyTests {
  var options: BoostingOptions {
    var options = BoostingOptions()
    options.rounds = 30
    options.minRows = 3
    options.maxLeaves = 8
    return options
  }

  @Test("More columns than a node can name are refused; the last that it can name is used")
  func manyColumns() throws {
    func table(_ columns: Int) -> FeatureTable {
      var x = Matrix(rows: 40, columns: columns)
      for i in 0..<40 { x[i, columns - 1] = Double(i) }
      return FeatureTable(names: (0..<columns).map { "c\($0)" }, x)
    }
    let target = (0..<40).map { $0 < 20 ? 0.0 : 1 }
    let model = try options.fit(table(65_536), target: target, weights: nil, stream: 1)
    #expect(model.feature.contains(65_535))
    #expect(throws: LearningError.sizes("1000000 columns; at most 65536 are possible")) {
      try options.fit(table(1_000_000), target: target, weights: nil, stream: 1)
    }
  }

  @Test("The same bits at any width, and another seed gives other trees")
  func parallelWidths() async throws {
    let problem = BoostingProblem(kind: 2, rows: 120, columns: 10)
    let (table, target) = (problem.trainTable, problem.trainTarget)
    let options = BoostingOptions.fewRows(120)
    let alone = try (0..<8).map { try options.fit(table, target: target, weights: nil, stream: UInt64($0)) }
    for width in [1, 2, 3, 7] {
      let models = try await parallelMap(count: 8, width: width) {
        try options.fit(table, target: target, weights: nil, stream: UInt64($0))
      }
      #expect(models == alone)
    }
    #expect(alone[0] != alone[1])
  }

  @Test("Row order does not matter", arguments: TreeGrowth.allCases)
  func rowOrder(growth: TreeGrowth) throws {
    for seed in 0..<200 {
      let problem = BoostingProblem(kind: 3, rows: 90, columns: 5, seed: seed)
      var options = options
      options.growth = growth
      let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
      var stream = RandomStream(seed: UInt64(seed), purpose: "order")
      let order = stream.permutation(90)
      let shuffled = try options.fit(
        problem.trainTable.selecting(rows: order), target: order.map { problem.target[$0] }, weights: nil, stream: 0)
      #expect(largestGap(model.predict(problem.table), shuffled.predict(problem.table)) < 1e-9, "seed \(seed)")
    }
  }

  @Test("A whole-number weight is as good as repeated rows; weight 0 as no row")
  func weightsAreRepeats() throws {
    for seed in 0..<200 {
      let problem = BoostingProblem(kind: 2, rows: 60, columns: 5, seed: seed)
      let weights = (0..<60).map { Double(($0 * 7 + seed) % 4) }
      let repeated = (0..<60).flatMap { [Int](repeating: $0, count: Int(weights[$0])) }
      var options = options
      options.minRows = 1
      options.minWeight = 5
      let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: weights, stream: 0)
      let other = try options.fit(
        problem.trainTable.selecting(rows: repeated), target: repeated.map { problem.target[$0] }, weights: nil,
        stream: 0)
      #expect(largestGap(model.predict(problem.table), other.predict(problem.table)) < 1e-9, "seed \(seed)")
    }
  }

  @Test("Weights that are not whole numbers: a common factor matters only against λ")
  func scaledWeights() throws {
    let problem = BoostingProblem(kind: 0, rows: 80, columns: 5)
    let weights = (0..<80).map { 0.3 + Double($0 % 7) * 0.21 }
    var a = options
    a.lambda = 2
    var b = options
    b.lambda = 20
    let model = try a.fit(problem.trainTable, target: problem.trainTarget, weights: weights, stream: 0)
    let other = try b.fit(
      problem.trainTable, target: problem.trainTarget, weights: weights.map { 10 * $0 }, stream: 0)
    #expect(largestGap(model.predict(problem.table), other.predict(problem.table)) < 1e-8)
    let plain = try a.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    #expect(largestGap(model.predict(problem.table), plain.predict(problem.table)) > 1e-3)
  }

  @Test("A constant column changes nothing, subsampled or not")
  func constantColumn() throws {
    let problem = BoostingProblem(kind: 1, rows: 100, columns: 6)
    let columns = (0..<6).map { problem.trainTable.column($0) }
    let constant = [Double](repeating: 3, count: 100)
    for options in [options, BoostingOptions.fewRows(100)] {
      let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 5)
      let wider = FeatureTable(
        names: ["k"] + problem.table.names + ["missing"],
        columns: [constant] + columns + [constant.map { _ in .nan }])
      let other = try options.fit(wider, target: problem.trainTarget, weights: nil, stream: 5)
      #expect(model.predict(problem.trainTable) == other.predict(wider))
      #expect(other.splitCount.first == 0 && other.splitCount.last == 0)
    }
  }

  @Test("Missing and infinite features train and predict; what is missing can carry the signal")
  func specialFeatures() throws {
    let n = 200
    let gone = (0..<n).map { $0 % 3 == 0 }
    let x: [Double] = (0..<n).map { gone[$0] ? .nan : ($0 % 3 == 1 ? .infinity : Double($0)) }
    let z: [Double] = (0..<n).map { $0 % 5 == 0 ? -.infinity : Double($0 % 7) }
    let y: [Double] = (0..<n).map { (gone[$0] ? 5 : ($0 % 3 == 1 ? -2 : 0)) + ($0 % 5 == 0 ? 1 : 0) }
    let table = FeatureTable(names: ["x", "z"], columns: [x, z])
    var options = options
    options.rounds = 300
    let model = try options.fit(table, target: y, weights: nil, stream: 0)
    #expect(largestGap(model.predict(table), y) < 1e-2)
    // A value never seen as missing in training takes one of the two sides.
    let unseen = FeatureTable(names: ["x", "z"], columns: [[1], [.nan]])
    #expect(model.predict(unseen)[0].isFinite)
  }

  @Test("Values on a cut take the same side in training and prediction")
  func valuesOnCuts() throws {
    let problem = BoostingProblem(kind: 2, rows: 400, columns: 4, levels: 8)
    let grower = try BoostingRun(problem.trainTable, options, weights: nil, validation: nil, seed: 0)
    for (k, feature) in grower.table.features.enumerated() {
      for row in 0..<400 {
        let value = problem.table[row, feature]
        let bin = Int(grower.table.bins[k * 400 + row])
        if value.isNaN {
          #expect(bin == grower.table.cuts[k].count)
        } else {
          #expect(value <= grower.table.cuts[k][bin] && (bin == 0 || value > grower.table.cuts[k][bin - 1]))
        }
      }
    }
  }

  @Test("Monotone constraints hold on 10 000 pairs", arguments: TreeGrowth.allCases)
  func monotone(growth: TreeGrowth) throws {
    let problem = BoostingProblem(kind: 3, rows: 300, columns: 4)
    var options = options
    options.growth = growth
    options.monotone = [1, -1, 0, 0]
    options.rounds = 60
    let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    #expect(violations(growth) { model.predict($0) } == 0)
    options.monotone = []
    let free = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    #expect(violations(growth) { free.predict($0) } > 0)
  }

  @Test("Monotone constraints hold for every quantile", arguments: TreeGrowth.allCases)
  func monotoneQuantiles(growth: TreeGrowth) throws {
    var options = options
    options.growth = growth
    let problem = BoostingProblem(kind: 3, rows: 200, columns: 4)
    options.monotone = [1, -1, 0, 0]
    let levels = [0.1, 0.5, 0.9]
    let model = try QuantileBoosting(trees: options, levels: levels).fit(
      problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    for k in levels.indices { #expect(violations(growth) { model.predict($0).map { $0[k] } } == 0) }
  }

  @Test("Monotone constraints hold for every quantile of a distribution", arguments: TreeGrowth.allCases)
  func monotoneDistributions(growth: TreeGrowth) throws {
    let problem = BoostingProblem(kind: 3, rows: 200, columns: 4)
    var boosting = DistributionBoosting(trees: options)
    boosting.trees.growth = growth
    boosting.trees.monotone = [1, -1, 0, 0]
    for family in [DistributionFamily.normal, .logLogistic] {
      boosting.family = family
      let target = problem.trainTarget.map { family.isPositive ? naturalExponential($0) : $0 }
      let model = try boosting.fit(problem.trainTable, target: target, weights: nil, stream: 0)
      #expect(model.spread.splitCount.prefix(2) == [0, 0] && model.spread.splitCount.reduce(0, +) > 0)
      for p in [0.05, 0.5, 0.95] {
        #expect(violations(growth) { model.predict($0).map { $0.quantile(p) } } == 0)
      }
    }
    boosting.sharedTrees = true
    #expect(throws: LearningError.self) {
      try boosting.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    }
  }

  /// Pairs that differ in column 0 or 1 only and break the order, out of 10 000.
  private func violations(_ growth: TreeGrowth, _ predict: (FeatureTable) -> [Double]) -> Int {
    var stream = RandomStream(seed: 1, purpose: "pairs \(growth)")
    let low = Matrix((0..<10_000).map { _ in (0..<4).map { _ in stream.uniform() } })
    var high = low
    for i in 0..<low.rows { high[i, i % 2] = min(1, low[i, i % 2] + 0.3 * stream.uniform()) }
    let names = ["x0", "x1", "x2", "x3"]
    let rise = zip(predict(FeatureTable(names: names, high)), predict(FeatureTable(names: names, low))).map { $0 - $1 }
    return rise.enumerated().count { ($0.offset % 2 == 0 ? $0.element : -$0.element) < -1e-12 }
  }

  @Test("Early stopping keeps the rounds with the least error on the watched rows, which teach nothing")
  func earlyStopping() throws {
    let problem = BoostingProblem(kind: 3, rows: 200, columns: 6)
    let watched = (0..<200).map { $0 / 20 % 3 == 0 }
    var options = options
    options.rounds = 300
    options.patience = 10
    let (table, target) = (problem.trainTable, problem.trainTarget)
    let model = try options.fit(table, target: target, weights: nil, validation: watched, stream: 0)
    #expect(model.treeCount > 0 && model.treeCount < 300)
    func error(_ trees: Int) throws -> Double {
      var fixed = options
      fixed.rounds = trees
      let rows = (0..<200).filter { !watched[$0] }
      let other = try fixed.fit(
        table.selecting(rows: rows), target: rows.map { target[$0] }, weights: nil, stream: 0)
      if trees == model.treeCount { #expect(other == model) }
      let found = other.predict(table)
      return (0..<200).filter { watched[$0] }.reduce(0) { $0 + (found[$1] - target[$1]) * (found[$1] - target[$1]) }
    }
    let best = try error(model.treeCount)
    for shift in [-5, -1, 1, 9] where model.treeCount + shift > 0 {
      #expect(try error(model.treeCount + shift) >= best)
    }
  }

  @Test("Faulty data and options are typed errors that name the place")
  func errors() throws {
    let table = FeatureTable(names: ["x"], columns: [[1, 2, 3]])
    #expect(throws: LearningError.notFinite("target", row: 1)) {
      try options.fit(table, target: [0, .nan, 1], weights: nil, stream: 0)
    }
    #expect(throws: LearningError.invalidWeight(-1, row: 2)) {
      try options.fit(table, target: [0, 0, 1], weights: [1, 1, -1], stream: 0)
    }
    #expect(throws: LearningError.sizes("2 targets for 3 rows")) {
      try options.fit(table, target: [0, 1], weights: nil, stream: 0)
    }
    #expect(throws: LearningError.self) { try options.fit(table, target: [0, 0, 1], weights: [1], stream: 0) }
    #expect(throws: LearningError.empty("none of 3 rows has weight to learn from")) {
      try options.fit(table, target: [0, 0, 1], weights: [0, 0, 0], stream: 0)
    }
    #expect(throws: LearningError.self) { try options.fit(table, target: [0, 0, 1e200], weights: nil, stream: 0) }
    let tiny = Double.leastNonzeroMagnitude
    #expect(throws: LearningError.self) {
      try options.fit(table, target: [0, 0, 1], weights: [tiny, 2 * tiny, tiny], stream: 0)
    }
    var wrong = options
    wrong.learningRate = .nan
    #expect(throws: LearningError.invalidOption("learningRate", found: "nan", allowed: "(0, 1]")) {
      try wrong.fit(table, target: [0, 0, 1], weights: nil, stream: 0)
    }
  }

  @Test("Nothing to learn gives the mean: one row, a constant target, no varying column, no round")
  func nothingToLearn() throws {
    let table = FeatureTable(names: ["x"], columns: [[1, 2, 3, 4]])
    var options = options
    options.minRows = 1
    let constant = try options.fit(table, target: [2, 2, 2, 2], weights: nil, stream: 0)
    #expect(constant.treeCount == 0 && constant.predict(table) == [2, 2, 2, 2])
    let one = FeatureTable(names: ["x"], columns: [[1]])
    #expect(try options.fit(one, target: [7], weights: nil, stream: 0).predict(table) == [7, 7, 7, 7])
    let flat = FeatureTable(names: ["x"], columns: [[1, 1, 1, 1]])
    #expect(
      try options.fit(flat, target: [0, 1, 2, 3], weights: nil, stream: 0).predict(flat) == [1.5, 1.5, 1.5, 1.5])
    options.rounds = 0
    #expect(try options.fit(table, target: [0, 1, 2, 3], weights: nil, stream: 0).treeCount == 0)
  }
}
