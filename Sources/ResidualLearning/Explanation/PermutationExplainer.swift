internal import NumericalMethods

/// Shares of the features in the output of any model, from random orders in which features become known.
///
/// For what trees cannot explain leaf by leaf: a network, or a named quantile of a distribution. Each order is run
/// forwards and backwards from one background row; the values add up exactly whatever the number of orders.
///
/// - Source: E. Štrumbelj, I. Kononenko, Knowl. Inf. Syst. 41 (2014) 647, doi:10.1007/s10115-013-0679-x.
public struct PermutationExplainer: Sendable {
  /// Rows that stand for what is not known.
  public let background: FeatureTable
  /// Orders drawn for each row, ≥ 1; twice as many are used.
  public let orders: Int
  private let seed: UInt64

  /// An explainer.
  ///
  /// - Parameters:
  ///   - background: at least one row.
  ///   - orders: orders drawn a row, ≥ 1; the background's rows are taken in turn.
  ///   - seed: of the orders.
  public init(background: FeatureTable, orders: Int, stream seed: UInt64) {
    precondition(background.rowCount > 0 && orders >= 1, "\(background.rowCount) rows and \(orders) orders")
    self.background = background
    self.orders = orders
    self.seed = seed
  }

  /// The values of the features for one row and what they are counted from: `base` plus all values is the output.
  ///
  /// - Parameter predict: one output a row of a table.
  public func explain(row: [Double], _ predict: (FeatureTable) -> [Double]) -> (base: Double, values: [Double]) {
    let count = background.columnCount
    precondition(row.count == count, "\(row.count) values for \(count) features")
    var stream = RandomStream(seed: seed, purpose: "feature orders")
    var sequences: [[Int]] = []
    var columns = [[Double]](repeating: [], count: count)
    for k in 0..<orders {
      let order = stream.permutation(count)
      for sequence in [order, order.reversed()] {
        sequences.append(sequence)
        var current = (0..<count).map { background[k % background.rowCount, $0] }
        for j in 0..<count { columns[j].append(current[j]) }
        for feature in sequence {
          current[feature] = row[feature]
          for j in 0..<count { columns[j].append(current[j]) }
        }
      }
    }
    let outputs = predict(FeatureTable(names: background.names, columns: columns))
    precondition(outputs.count == columns[0].count, "\(outputs.count) outputs for \(columns[0].count) rows")
    var values = [Double](repeating: 0, count: count)
    var base = 0.0
    let share = 1 / Double(sequences.count)
    for (s, sequence) in sequences.enumerated() {
      let first = s * (count + 1)
      base += share * outputs[first]
      for (i, feature) in sequence.enumerated() {
        values[feature] += share * (outputs[first + i + 1] - outputs[first + i])
      }
    }
    return (base, values)
  }
}
