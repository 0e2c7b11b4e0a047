internal import NumericalMethods

/// Forecasts of published retention that know no physics and no design, fitted on the other papers: rivals to beat.
public enum CheckpointBaseline: String, Sendable, Hashable, CaseIterable {
  /// Mean retention, straight in the logarithm of age, with the empirical residuals.
  case meanByLogCycle = "mean by log cycle"
  /// 1 − a √n with the empirical a.
  case squareRoot = "1 - a sqrt(n)"

  /// Quantiles of a forecast, at (k + ½)/199.
  private static let levels = (0..<199).map { (Double($0) + 0.5) / 199 }

  /// The forecast of every row by a fit that has not seen its paper.
  public func forecasts(_ published: PublishedCheckpoints) -> [CheckpointForecast] {
    var out: [String: (Double) -> [Double]] = [:]
    for paper in published.papers {
      out[paper] = fit(published, on: published.rows.indices.filter { published.rows[$0].paper != paper })
    }
    return published.rows.map { row in
      CheckpointForecast(quantiles: out[row.paper]?(row.cycles) ?? [], observed: row.retention)
    }
  }

  /// Quantiles of retention by cycles after the reference.
  private func fit(_ published: PublishedCheckpoints, on training: [Int]) -> (Double) -> [Double] {
    var perCell = [Double](repeating: 0, count: published.cells.count)
    for row in published.rows { perCell[row.cell] += 1 }
    let rows = training.map { published.rows[$0] }
    let weights = rows.map { 1 / perCell[$0.cell] }
    /// A cell counts about once, so its rows are repeated the less the more they are.
    func weighted(_ values: [Double]) -> [Double] {
      zip(values, weights).flatMap { value, w in
        [Double](repeating: value, count: max(1, Int((8 * w).rounded(.toNearestOrEven))))
      }.sorted()
    }
    switch self {
    case .meanByLogCycle:
      let x = rows.map { _log($0.cycles / 100) }
      let line = Self.line(x, rows.map(\.retention), weights)
      let residuals = weighted(zip(x, rows).map { $1.retention - line.start - line.slope * $0 })
      guard !residuals.isEmpty else { return { _ in Self.levels.map { _ in 1 } } }
      let spread = Self.levels.map { quantile(ofSorted: residuals, $0) }
      return { n in spread.map { min(max($0 + line.start + line.slope * _log(n / 100), 0), 1) } }
    case .squareRoot:
      let rates = weighted(rows.map { max(0, (1 - $0.retention) / $0.cycles.squareRoot()) })
      guard !rates.isEmpty else { return { _ in Self.levels.map { _ in 1 } } }
      let spread = Self.levels.map { quantile(ofSorted: rates, 1 - $0) }
      return { n in spread.map { min(max(1 - $0 * n.squareRoot(), 0), 1) } }
    }
  }

  /// Weighted least squares; level where the abscissae do not differ.
  private static func line(_ x: [Double], _ y: [Double], _ w: [Double]) -> (start: Double, slope: Double) {
    let total = max(w.reduce(0, +), 1e-12)
    let mx = zip(w, x).reduce(0.0) { $0 + $1.0 * $1.1 } / total
    let my = zip(w, y).reduce(0.0) { $0 + $1.0 * $1.1 } / total
    var xx = 0.0
    var xy = 0.0
    for i in x.indices {
      xx += w[i] * (x[i] - mx) * (x[i] - mx)
      xy += w[i] * (x[i] - mx) * (y[i] - my)
    }
    let slope = xx > 1e-12 ? xy / xx : 0
    return (my - slope * mx, slope)
  }
}
