import Foundation
import NumericalMethods

@testable import ResidualLearning

/// Values computed by `scripts/reference/boosting.py` with LightGBM, XGBoost, NGBoost and scikit-learn.
struct BoostingReference: Decodable {
  /// One fit on columns of few distinct values, so that both sides have the same cuts.
  struct Case: Decodable {
    var kind: Int
    var rows: Int
    var columns: Int
    var levels: Int
    var targetSum: Double
    var firstTreeFeatures: [Int]
    var firstTree: [Double]
    var rmse: Double
  }
  /// Mean error over several data seeds, continuous columns.
  struct Continuous: Decodable {
    var kind: Int
    var rows: Int
    var columns: Int
    var seeds: Int
    var rmse: Double
    var rmseScikitLearn: Double
  }
  /// Mean error over 20 draws of the recipe for few rows.
  struct Recipe: Decodable {
    var kind: Int
    var rows: Int
    var columns: Int
    var levels: Int
    var targetSum: Double
    var rmse: Double
    var spread: Double
  }
  /// One fit by XGBoost, level by level.
  struct DepthWise: Decodable {
    var kind: Int
    var rows: Int
    var columns: Int
    var levels: Int
    var firstTreeFeatures: [Int]
    var firstTree: [Double]
    var rmse: Double
  }
  /// Normal distributions by NGBoost with stumps.
  struct Natural: Decodable {
    var rows: Int
    var columns: Int
    var levels: Int
    var firstScale: Double
    var firstLocation: [Double]
    var firstLogDeviation: [Double]
    var logScore: Double
  }
  var cases: [Case]
  var depthWise: [DepthWise]
  var natural: Natural
  var continuous: [Continuous]
  var recipes: [Recipe]

  static func load() throws -> BoostingReference { try readReference("boosting") }
}

/// Values computed by `scripts/reference/boosting.py` with scipy and scoringrules.
struct ScoreReference: Decodable {
  struct LogScore: Decodable {
    var family: DistributionFamily
    var a: Double
    var b: Double
    var value: Double
    var upper: Double
    var exact: Double
    var above: Double
    var below: Double
    var between: Double
  }
  struct CRPS: Decodable {
    var family: DistributionFamily
    var a: Double
    var b: Double
    var value: Double
    var crps: Double
  }
  var logScores: [LogScore]
  var crps: [CRPS]

  static func load() throws -> ScoreReference { try readReference("scores") }
}

private func readReference<T: Decodable>(_ name: String) throws -> T {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return try JSONDecoder().decode(
    T.self, from: Data(contentsOf: folder.appending(path: "Reference/\(name).json")))
}

/// The data of the reference script: training rows first, then 1000 to test on.
struct BoostingProblem {
  var table: FeatureTable
  var target: [Double]
  var rows: Int

  init(kind: Int, rows: Int, columns: Int, levels: Int = 0, seed: Int = 0) {
    func uniform(_ seed: Int, _ index: Int) -> Double {
      var z = (UInt64(seed) << 40) &+ (UInt64(index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
    let all = rows + 1000
    var values = (0..<columns).map { j in
      (0..<all).map { i in
        let u = uniform(1000 * seed + kind, i * columns + j)
        return levels > 0 ? (u * Double(levels)).rounded(.down) / Double(levels) : u
      }
    }
    target = (0..<all).map { i in
      let noise = (0..<4).reduce(-2.0) { $0 + uniform(1000 * seed + 100 + kind * 4 + $1, i) }
      let x = values.map { $0[i] }
      switch kind {
      case 0: return 10 * x[0] * x[1] + 20 * (x[2] - 0.5) * (x[2] - 0.5) + 10 * x[3] + 5 * x[4] + noise
      case 1: return (x[0] > 0.5 ? 3 : 0) + (x[1] > 0.3 && x[2] > 0.6 ? 4 : 0) + noise
      case 2:
        let gone = uniform(1000 * seed + 50, i) < 0.2
        if gone { values[0][i] = .nan }
        return 8 * abs(x[0] - 0.5) + 5 * x[1] * x[1] * x[1] + (gone ? 2 : 0) + noise
      case 3: return 60 * (x[0] - 0.5) * (x[1] - 0.5) * (x[2] - 0.5) + x[3] + 0.5 * noise
      default: return 4 * x[0] + 3 * x[1] * x[2] + (x[3] > 0.5 ? 2 : 0) + 0.5 * noise
      }
    }
    table = FeatureTable(names: (0..<columns).map { "x\($0)" }, columns: values)
    self.rows = rows
  }

  var trainTable: FeatureTable { table.selecting(rows: Array(0..<rows)) }
  var trainTarget: [Double] { Array(target[..<rows]) }

  /// Root mean squared error on the test rows.
  func error(_ model: BoostedTrees) -> Double {
    let test = Array(rows..<target.count)
    let found = model.predict(table.selecting(rows: test))
    let sum = zip(found, test).reduce(0.0) { $0 + ($1.0 - target[$1.1]) * ($1.0 - target[$1.1]) }
    return (sum / Double(test.count)).squareRoot()
  }
}

/// The natural logarithm, for tests without Foundation.
func naturalLog(_ x: Double) -> Double { log(x) }

extension DistributionFamily {
  /// One of each.
  static let tested: [DistributionFamily] = [
    .normal, .studentT(degreesOfFreedom: 5), .logNormal, .weibull, .logLogistic,
  ]
}

/// The exponential, for tests without Foundation.
func naturalExponential(_ x: Double) -> Double { exp(x) }
