import Foundation

/// Values computed by `scripts/reference/curves.py` with numpy, scipy and scikit-learn.
struct CurveReference: Decodable {
  struct Problem: Decodable {
    var name: String
    var start: [Double]
    var lower: [Double]
    var upper: [Double]
    var x: [Double]
    var cost: Double
    var singular: [Double]
    var covariance: [[Double]]
  }
  struct Filter: Decodable {
    var window: Int
    var order: Int
    var derivative: Int
    var values: [Double]
  }
  var t: [Double]
  var y: [Double]
  var problems: [Problem]
  var signal: [Double]
  var weights: [Double]
  var isotonic: [Double]
  var isotonicWeighted: [Double]
  var filters: [Filter]
  var matrix: [[Double]]
  var singular: [Double]

  static func load() throws -> CurveReference {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference/curves.json")
    return try JSONDecoder().decode(CurveReference.self, from: Data(contentsOf: file))
  }
}

/// Largest difference; infinite for unequal lengths.
func largestGap(_ a: [Double], _ b: [Double]) -> Double {
  a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
