internal import NumericalMethods

/// How the output of a model changes with one feature.
public struct PartialEffect: Sendable, Hashable, Codable {
  /// Values of the feature, ascending.
  public let points: [Double]
  /// Mean output at each point.
  public let mean: [Double]
  /// Output of each row at each point: rows × points; empty where the effect is accumulated.
  public let rows: [[Double]]

  /// Outputs with the feature set to each point in turn in every row, and their mean.
  ///
  /// Where features depend on each other it asks the model for rows that do not exist; see `accumulated`.
  ///
  /// - Parameters:
  ///   - column: the feature, from 0.
  ///   - points: values of it, ascending; `nil`: its distinct quantiles at 0, 5, …, 100 %.
  ///   - table: rows that stand for the data, at least one.
  ///   - predict: one output a row.
  /// - Source: J. H. Friedman, Ann. Statist. 29 (2001) 1189 (partial dependence); A. Goldstein et al., J. Comput. Graph.
  ///   Stat. 24 (2015) 44 (one curve a row).
  public static func dependence(
    of column: Int, at points: [Double]? = nil, over table: FeatureTable, _ predict: (FeatureTable) -> [Double]
  ) -> PartialEffect {
    let points = points ?? quantiles(table.column(column), count: 20)
    var rows = [[Double]](repeating: [], count: table.rowCount)
    var means: [Double] = []
    for point in points {
      let outputs = predict(table.replacing(column: column, by: [Double](repeating: point, count: table.rowCount)))
      for (row, output) in outputs.enumerated() { rows[row].append(output) }
      means.append(NumericalMethods.mean(outputs))
    }
    return PartialEffect(points: points, mean: means, rows: rows)
  }

  /// The local changes of the output, accumulated from the smallest value of the feature and centred on mean 0 over the
  /// rows: only rows near each point are asked about it. Rows that miss the feature are left out.
  ///
  /// - Parameters:
  ///   - column: the feature, from 0.
  ///   - intervals: most intervals, equally filled.
  ///   - table: rows that stand for the data.
  ///   - predict: one output a row.
  /// - Source: D. W. Apley, J. Zhu, J. R. Stat. Soc. B 82 (2020) 1059, doi:10.1111/rssb.12377, eq. 15 and 16.
  public static func accumulated(
    of column: Int, intervals: Int = 20, over table: FeatureTable, _ predict: (FeatureTable) -> [Double]
  ) -> PartialEffect {
    let known = (0..<table.rowCount).filter { table[$0, column].isFinite }
    let data = table.selecting(rows: known)
    let values = data.column(column)
    let points = quantiles(values, count: intervals)
    guard points.count > 1 else { return PartialEffect(points: points, mean: points.map { _ in 0 }, rows: []) }
    // Interval k reaches from above point k to point k + 1; the smallest value belongs to the first.
    let place = values.map { value in max(1, points.firstIndex { value <= $0 } ?? points.count - 1) - 1 }
    let low = predict(data.replacing(column: column, by: place.map { points[$0] }))
    let high = predict(data.replacing(column: column, by: place.map { points[$0 + 1] }))
    var (sums, counts) = (
      [Double](repeating: 0, count: points.count - 1), [Double](repeating: 0, count: points.count - 1)
    )
    for (row, k) in place.enumerated() {
      sums[k] += high[row] - low[row]
      counts[k] += 1
    }
    var effect = [0.0]
    for k in sums.indices { effect.append(effect[k] + (counts[k] > 0 ? sums[k] / counts[k] : 0)) }
    let centre = sums.indices.reduce(0) { $0 + counts[$1] * (effect[$1] + effect[$1 + 1]) / 2 } / Double(known.count)
    return PartialEffect(points: points, mean: effect.map { $0 - centre }, rows: [])
  }

  /// The distinct quantiles of the finite values at 0, 1/count, …, 1.
  private static func quantiles(_ values: [Double], count: Int) -> [Double] {
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { return [] }
    var out: [Double] = []
    for k in 0...max(1, count) {
      let value = quantile(ofSorted: sorted, Double(k) / Double(max(1, count)))
      if out.last.map({ value > $0 }) ?? true { out.append(value) }
    }
    return out
  }
}

extension FeatureTable {
  /// The table with other values in one column.
  func replacing(column: Int, by values: [Double]) -> FeatureTable {
    FeatureTable(names: names, columns: (0..<columnCount).map { $0 == column ? values : self.column($0) })
  }
}
