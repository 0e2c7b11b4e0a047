import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Prediction of trees")
struct PredictionTests {
  /// Plain walks over the public arrays.
  func walk(_ model: BoostedTrees, _ row: [Double]) -> Double {
    var sum = model.baseScore
    for root in model.roots {
      var i = Int(root)
      while model.left[i] != 0 {
        let value = row[Int(model.feature[i])]
        let goesLeft = value.isNaN ? model.flags[i] == 1 : value <= model.threshold[i]
        i = Int(model.left[i]) + (goesLeft ? 0 : 1)
      }
      sum += model.leaf[i]
    }
    return sum
  }

  @Test(
    "A table, a row and plain walks give the same bits, on cuts, NaN and infinities too", arguments: TreeGrowth.allCases
  )
  func samePaths(growth: TreeGrowth) throws {
    for (seed, depth) in [(0, 30), (1, 3), (2, 1), (3, 7)] {
      let problem = BoostingProblem(kind: 2, rows: 300, columns: 6, levels: seed == 0 ? 0 : 16, seed: seed)
      var options = BoostingOptions()
      options.growth = growth
      options.maxDepth = depth
      options.maxLeaves = 128
      options.minRows = 3
      options.rounds = 37
      let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 2)
      var stream = RandomStream(seed: UInt64(seed), purpose: "rows")
      let cuts = zip(model.left, model.threshold).filter { $0.0 != 0 && $0.1.isFinite }.map(\.1)
      let rows = (0..<301).map { _ in
        (0..<6).map { _ in
          let kind = stream.uniform()
          if kind < 0.1 { return Double.nan }
          if kind < 0.2 { return kind < 0.15 ? Double.infinity : -Double.infinity }
          if kind < 0.6 { return cuts[stream.index(below: cuts.count)] }
          return stream.uniform()
        }
      }
      let table = FeatureTable(names: problem.table.names, columns: (0..<6).map { k in rows.map { $0[k] } })
      let all = model.predict(table)
      for (i, row) in rows.enumerated() {
        #expect(all[i] == walk(model, row), "row \(i)")
        #expect(model.predict(row: row) == all[i], "row \(i)")
      }
    }
  }

  @Test("Scores during training are the predictions of the model, with subsampling and held-out rows")
  func trainingScores() throws {
    let problem = BoostingProblem(kind: 2, rows: 200, columns: 5)
    var options = BoostingOptions.fewRows(200)
    options.rounds = 10
    var run = try BoostingRun(
      problem.trainTable, options, weights: nil, validation: (0..<200).map { $0 % 9 == 0 }, seed: 3)
    let scores = ScratchMemory<Double>(repeating: 0, count: 200)
    var forest = ForestBuilder()
    for round in 0..<10 {
      for i in 0..<200 { run.gradients.base[i] = scores.base[i] - problem.target[i] }
      let tree = run.grow(round: round)
      run.add(tree, scale: 0.3, to: scores)
      forest.append(tree, run.table, scale: 0.3)
    }
    let model = try forest.trees(problem.table.names, baseScore: 0, first: 10)
    #expect(model.predict(problem.trainTable) == (0..<200).map { scores.base[$0] })
  }

  @Test("No columns, no rows, no trees")
  func empty() throws {
    let model = try BoostedTrees(
      featureNames: [], baseScore: 3, roots: [0], feature: [0], threshold: [0], left: [0], flags: [0], leaf: [1],
      gain: [0], cover: [1])
    #expect(model.predict(row: []) == 4)
    #expect(model.predict(FeatureTable(names: [], columns: [])) == [])
    let none = try BoostedTrees(
      featureNames: ["x"], baseScore: 3, roots: [], feature: [], threshold: [], left: [], flags: [], leaf: [],
      gain: [], cover: [])
    #expect(none.predict(FeatureTable(names: ["x"], columns: [[1, .nan]])) == [3, 3])
    #expect(none.predict(row: [1]) == 3)
  }
}
