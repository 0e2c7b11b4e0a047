import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Boosting against LightGBM, XGBoost, NGBoost and scikit-learn")
struct BoostingOracleTests {
  let reference: BoostingReference
  let leafWise: BoostingOptions

  init() throws {
    reference = try BoostingReference.load()
    var options = BoostingOptions()
    options.maxLeaves = 15
    options.minRows = 10
    leafWise = options
  }

  @Test("With the same cuts the first tree has the same splits and the whole forest the same error")
  func sameCuts() throws {
    var ratios: [Double] = []
    for oracle in reference.cases {
      let problem = BoostingProblem(
        kind: oracle.kind, rows: oracle.rows, columns: oracle.columns, levels: oracle.levels)
      #expect(abs(problem.target.reduce(0, +) - oracle.targetSum) < 1e-8 * abs(oracle.targetSum))
      let model = try leafWise.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 1)
      var one = leafWise
      one.rounds = 1
      let first = try one.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 1)
      let features = zip(first.left, first.feature).filter { $0.0 != 0 }.map { Int($0.1) }.sorted()
      #expect(features == oracle.firstTreeFeatures, "kind \(oracle.kind)")
      // LightGBM keeps gradients as 32-bit floats.
      let found = first.predict(problem.table.selecting(rows: Array(0..<oracle.firstTree.count)))
      #expect(largestGap(found, oracle.firstTree) < 1e-5, "kind \(oracle.kind)")
      ratios.append(problem.error(model) / oracle.rmse)
    }
    #expect(abs(mean(ratios) - 1) < 0.01, "error relative to LightGBM: \(ratios)")
    #expect(ratios.allSatisfy { $0 < 1.03 }, "error relative to LightGBM: \(ratios)")
  }

  @Test("On continuous columns the error of each of five laws, mean of 20 draws, is within 1 % of both")
  func continuousColumns() throws {
    var toLightGBM: [Double] = []
    var toScikitLearn: [Double] = []
    for oracle in reference.continuous {
      let errors = try (0..<oracle.seeds).map { seed in
        let problem = BoostingProblem(kind: oracle.kind, rows: oracle.rows, columns: oracle.columns, seed: seed)
        return problem.error(
          try leafWise.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 1))
      }
      toLightGBM.append(mean(errors) / oracle.rmse)
      toScikitLearn.append(mean(errors) / oracle.rmseScikitLearn)
    }
    #expect(toLightGBM.allSatisfy { $0 < 1.01 }, "error relative to LightGBM: \(toLightGBM)")
    #expect(toScikitLearn.allSatisfy { $0 < 1.01 }, "error relative to scikit-learn: \(toScikitLearn)")
  }

  @Test("The recipe for few rows has the error of LightGBM's, mean of 20 draws")
  func fewRows() throws {
    var ratios: [Double] = []
    for oracle in reference.recipes {
      let problem = BoostingProblem(kind: oracle.kind, rows: oracle.rows, columns: oracle.columns)
      let options = BoostingOptions.fewRows(oracle.rows)
      let errors = try (0..<20).map {
        problem.error(
          try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: UInt64($0)))
      }
      let ratio = mean(errors) / oracle.rmse
      ratios.append(ratio)
      // Two means of 20 draws each: four standard errors.
      #expect(abs(mean(errors) - oracle.rmse) < 4 * oracle.spread * (2.0 / 20).squareRoot(), "\(ratio)")
    }
    #expect(abs(mean(ratios) - 1) < 0.01, "error relative to LightGBM: \(ratios)")
  }

  @Test("Level by level with the same cuts the first tree is XGBoost's, and 100 have its error")
  func depthWise() throws {
    var options = BoostingOptions()
    options.growth = .depthWise
    options.maxDepth = 4
    options.minRows = 10
    var ratios: [Double] = []
    for oracle in reference.depthWise {
      let problem = BoostingProblem(
        kind: oracle.kind, rows: oracle.rows, columns: oracle.columns, levels: oracle.levels)
      var one = options
      one.rounds = 1
      let first = try one.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 1)
      let features = zip(first.left, first.feature).filter { $0.0 != 0 }.map { Int($0.1) }.sorted()
      #expect(features == oracle.firstTreeFeatures, "kind \(oracle.kind)")
      // XGBoost's values are 32-bit floats.
      let found = first.predict(problem.table.selecting(rows: Array(0..<oracle.firstTree.count)))
      #expect(largestGap(found, oracle.firstTree) < 1e-5, "kind \(oracle.kind)")
      let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 1)
      ratios.append(problem.error(model) / oracle.rmse)
    }
    #expect(abs(mean(ratios) - 1) < 0.01, "error relative to XGBoost: \(ratios)")
    #expect(ratios.allSatisfy { $0 < 1.03 }, "error relative to XGBoost: \(ratios)")
  }

  @Test("Natural gradient with stumps: NGBoost's parameters after one round, its log score after 50")
  func naturalGradient() throws {
    let oracle = reference.natural
    var problem = BoostingProblem(kind: 4, rows: oracle.rows, columns: oracle.columns, levels: oracle.levels)
    let centre = mean(problem.target)
    problem.target = problem.target.indices.map {
      centre + (problem.table[$0, 4] > 0.5 ? 1 : 0.7) * (problem.target[$0] - centre)
    }
    var boosting = DistributionBoosting()
    boosting.trees.rounds = 1
    boosting.trees.maxLeaves = 2
    boosting.trees.minRows = 5
    boosting.trees.lambda = 0
    boosting.trees.learningRate = 0.1 * oracle.firstScale
    let first = try boosting.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
      .predict(problem.table.selecting(rows: Array(0..<oracle.firstLocation.count)))
    #expect(largestGap(first.map(\.a), oracle.firstLocation) < 1e-8)
    #expect(largestGap(first.map(\.b), oracle.firstLogDeviation) < 1e-8)
    boosting.trees.rounds = 50
    let model = try boosting.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0)
    let test = Array(oracle.rows..<problem.target.count)
    let found = model.predict(problem.table.selecting(rows: test))
    let score = mean(
      zip(found, test).map { ScoringRule.logScore.value(.normal, a: $0.a, b: $0.b, .exact(problem.target[$1])) })
    #expect(abs(score / oracle.logScore - 1) < 0.02, "\(score) for \(oracle.logScore)")
  }
}
