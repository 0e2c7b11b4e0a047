/// Linear functions in the leaves of fitted trees, each clipped to a range.
///
/// A leaf gives min(max(leaf + Σ coefficient · (x − centre), lower), upper); a missing or infinite x adds nothing.
public struct LinearLeaves: Sendable, Hashable, Codable {
  /// Feature columns the functions use, m in number.
  public let features: [UInt16]
  /// What is taken off each feature, m a node.
  public let centres: [Double]
  /// Change of the value with each feature, the learning rate included, m a node.
  public let coefficients: [Double]
  /// Least value of each node's function.
  public let lower: [Double]
  /// Greatest value of each node's function.
  public let upper: [Double]

  /// Functions from their arrays; `BoostedTrees` checks them.
  public init(features: [UInt16], centres: [Double], coefficients: [Double], lower: [Double], upper: [Double]) {
    self.features = features
    self.centres = centres
    self.coefficients = coefficients
    self.lower = lower
    self.upper = upper
  }

  /// The value of a leaf whose constant is `constant`.
  func value(_ constant: Double, node: Int, _ row: [Double]) -> Double {
    var sum = constant
    for (k, feature) in features.enumerated() {
      let x = row[Int(feature)]
      let i = node * features.count + k
      sum += coefficients[i] * (x.isFinite ? x - centres[i] : 0)
    }
    return min(max(sum, lower[node]), upper[node])
  }

  /// Checks lengths, indices and values.
  func check(nodes: Int, columns: Int) throws(LearningError) {
    let m = features.count
    guard
      centres.count == m * nodes, coefficients.count == m * nodes, lower.count == nodes, upper.count == nodes,
      features.allSatisfy({ Int($0) < columns })
    else { throw .corruptModel("linear leaves of \(m) features do not fit \(nodes) nodes and \(columns) columns") }
    guard
      (centres + coefficients + lower + upper).allSatisfy(\.isFinite), zip(lower, upper).allSatisfy({ $0 <= $1 })
    else { throw .corruptModel("a linear leaf has a value that is not finite or an empty range") }
  }
}
