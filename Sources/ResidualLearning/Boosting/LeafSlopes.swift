import NumericalMethods

/// Linear functions within the leaves of one tree, by ridge regression on a few columns.
///
/// A leaf's function is clipped to the range of the residuals of its rows, so it cannot run away outside the data.
struct LeafSlopes {
  /// Table columns the functions use.
  let columns: [Int]
  /// What is taken off each column, `columns.count` a node.
  private(set) var centres: [Double]
  /// Change of the value with each column, `columns.count` a node.
  private(set) var coefficients: [Double]
  /// Least and greatest value of each node's function.
  private(set) var lower: [Double]
  private(set) var upper: [Double]

  /// Fits functions to what a tree's leaves leave of the residuals −gradient / weight.
  ///
  /// - Parameters:
  ///   - order: the grower's rows.
  ///   - scales: squared spread of each column, the unit of the penalty.
  init(
    _ tree: Tree, columns: [Int], order: UnsafeBufferPointer<UInt32>, gradients: UnsafePointer<Double>,
    weights: [Double]?, features: FeatureTable, penalty: Double, scales: [Double]
  ) {
    let m = columns.count
    let count = tree.nodes.count
    self.columns = columns
    centres = [Double](repeating: 0, count: m * count)
    coefficients = centres
    lower = [Double](repeating: 0, count: count)
    upper = lower
    for i in tree.nodes.indices where tree.nodes[i].left == 0 {
      let rows = order[tree.nodes[i].rows]
      let value = tree.values[i]
      lower[i] = value
      upper[i] = value
      var sums = [Double](repeating: 0, count: m)
      var total = sums
      for row in rows {
        let weight = weights?[Int(row)] ?? 1
        let residual = -gradients[Int(row)] / weight
        lower[i] = min(lower[i], residual)
        upper[i] = max(upper[i], residual)
        for (k, column) in columns.enumerated() {
          let x = features.finite(Int(row), column)
          guard let x else { continue }
          sums[k] += weight * x
          total[k] += weight
        }
      }
      for k in 0..<m where total[k] > 0 { centres[i * m + k] = sums[k] / total[k] }
      var normal = Matrix(rows: m, columns: m)
      var right = [Double](repeating: 0, count: m)
      for row in rows {
        let weight = weights?[Int(row)] ?? 1
        let residual = -gradients[Int(row)] / weight - value
        for k in 0..<m {
          let x = offset(k, leaf: i, features, row: Int(row))
          right[k] += weight * x * residual
          for l in 0...k { normal[k, l] += weight * x * offset(l, leaf: i, features, row: Int(row)) }
        }
      }
      for k in 0..<m {
        for l in 0..<k { normal[l, k] = normal[k, l] }
        normal[k, k] += penalty * scales[k]
      }
      // A column that does not vary anywhere has no spread and no slope.
      for k in 0..<m where normal[k, k] == 0 { normal[k, k] = 1 }
      guard let factor = try? Cholesky(normal) else { continue }
      let solution = factor.solve(right)
      guard solution.allSatisfy(\.isFinite) else { continue }
      for k in 0..<m { coefficients[i * m + k] = solution[k] }
    }
  }

  private func offset(_ k: Int, leaf: Int, _ features: FeatureTable, row: Int) -> Double {
    features.finite(row, columns[k]).map { $0 - centres[leaf * columns.count + k] } ?? 0
  }

  /// The value of a leaf's function whose constant is `value`; a missing or infinite column adds nothing.
  func value(_ value: Double, leaf: Int, _ features: FeatureTable, row: Int) -> Double {
    var sum = value
    for k in columns.indices {
      sum += coefficients[leaf * columns.count + k] * offset(k, leaf: leaf, features, row: row)
    }
    return min(max(sum, lower[leaf]), upper[leaf])
  }
}

extension FeatureTable {
  /// The value of a cell; nil where it is missing or infinite.
  func finite(_ row: Int, _ column: Int) -> Double? {
    let value = storage[column * rowCount + row]
    return value.isFinite ? value : nil
  }
}
