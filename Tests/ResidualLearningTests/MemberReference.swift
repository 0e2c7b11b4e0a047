import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

/// Values computed by `scripts/reference/members.py` with numpy, scipy and scikit-learn.
struct MemberReference: Decodable {
  struct Process: Decodable {
    var linear: Bool
    var radial: Bool
    var group: Bool
    var lengthScaleFactor: Double
    var startValue: Double
    var startGradient: [Double]
    var value: Double
    var variances: [Double]
    var mean: [Double]
    var standardDeviation: [Double]
  }
  struct Screened: Decodable {
    var scales: [Double]
    var value: Double
    var mean: [Double]
    var standardDeviation: [Double]
  }
  struct Networks: Decodable {
    var losses: [Double]
    var mean: [Double]
    var spread: [Double]
  }
  struct Stack: Decodable {
    var predictions: [[Double]]
    var target: [Double]
    var weights: [Double]
    var lambda: Double
  }
  var x: [[Double]]
  var target: [Double]
  var groups: [Int]
  var blocks: [[Int]]
  var newX: [[Double]]
  var newGroups: [Int]
  var processes: [Process]
  var screened: Screened
  var network: Networks
  var stacks: [Stack]

  static func load() throws -> MemberReference {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/members.json")
    return try JSONDecoder().decode(MemberReference.self, from: Data(contentsOf: file))
  }
}

/// Random rows, a target that depends on them and on a group, and four blocks.
struct MemberProblem {
  var x: Matrix
  var target: [Double]
  var groups: [Int]
  var blocks: [[Int]]

  init(rows: Int, columns: Int = 40, blocks count: Int = 5, groups groupCount: Int = 12, seed: UInt64 = 1) {
    var stream = RandomStream(seed: seed, purpose: "member problem")
    x = Matrix(rows: rows, columns: columns)
    for k in x.storage.indices { x.storage[k] = stream.normal() }
    groups = (0..<rows).map { _ in stream.index(below: groupCount) }
    let effects = (0..<groupCount).map { _ in 0.5 * stream.normal() }
    target = []
    for i in 0..<rows {
      let law = columns > 2 ? x[i, 0] + 0.5 * x[i, 1] * x[i, 2] : 0
      target.append(3 + law + effects[groups[i]] + 0.3 * stream.normal())
    }
    blocks = (0..<count).map { b in (0..<columns).filter { $0 % count == b } }
  }
}

/// The largest absolute difference.
func largestGap(_ a: [Double], _ b: [Double]) -> Double {
  a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
}
