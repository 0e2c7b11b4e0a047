internal import NumericalMethods

/// What a forecast says of one published retention, beside the value.
public struct CheckpointForecast: Sendable, Hashable {
  /// The 5, 25, 50, 75 and 95 % quantiles of retention.
  public var quantiles: [Double]
  /// Share of the predictive distribution below the published value, ties by half.
  public var percentile: Double
  /// Continuous ranked probability score, a fraction of retention.
  public var crps: Double
  /// Mean predicted log fade.
  public var logFade: Double
  /// The published retention.
  public var observed: Double

  /// Whether the published value lies within the 5…95 % interval.
  public var passes: Bool { observed >= quantiles[0] && observed <= quantiles[4] }

  /// A simulated ensemble against a published retention.
  public init(_ prediction: CheckpointPrediction, observed: Double) {
    self.init(prediction, observed: observed, crps: prediction.score(observed))
  }

  /// Equally probable quantiles, the whole of a distribution, against a published retention.
  init(quantiles: [Double], observed: Double) {
    self.init(
      CheckpointPrediction(draws: quantiles), observed: observed,
      crps: CheckpointStudy.score(ofQuantiles: quantiles.sorted(), observed))
  }

  private init(_ prediction: CheckpointPrediction, observed: Double, crps: Double) {
    quantiles = [0.05, 0.25, 0.5, 0.75, 0.95].map(prediction.quantile)
    percentile = prediction.share(below: observed)
    self.crps = crps
    logFade = prediction.logFade
    self.observed = observed
  }
}

/// Mean scores over cells, in points of retention; every cell weighs 1, shared by its rows.
public struct CheckpointScores: Sendable, Hashable {
  /// Cells and rows scored.
  public var cells = 0
  /// See `cells`.
  public var rows = 0
  /// Mean absolute error of the median [points].
  public var mae = 0.0
  /// Mean continuous ranked probability score [points].
  public var crps = 0.0
  /// Mean of median less published [points].
  public var bias = 0.0
  /// Published values within the 25…75 % and the 5…95 % interval [%].
  public var coverage50 = 0.0
  /// See `coverage50`.
  public var coverage90 = 0.0
  /// Mean width of the 5…95 % interval [points].
  public var width90 = 0.0

  /// Scores of some rows; NaN for none.
  ///
  /// - Parameters:
  ///   - forecasts: one a row of `published`.
  ///   - chosen: the rows that count.
  ///   - paperWeight: how often a paper counts (for resampling).
  init(
    _ forecasts: [CheckpointForecast], _ published: PublishedCheckpoints, rows chosen: [Int],
    paperWeight: (String) -> Double = { _ in 1 }
  ) {
    var perCell = [Double](repeating: 0, count: published.cells.count)
    for k in chosen { perCell[published.rows[k].cell] += 1 }
    var total = 0.0
    for k in chosen {
      let row = published.rows[k]
      let f = forecasts[k]
      let w = paperWeight(row.paper) / perCell[row.cell]
      total += w
      mae += w * 100 * abs(f.quantiles[2] - row.retention)
      crps += w * 100 * f.crps
      bias += w * 100 * (f.quantiles[2] - row.retention)
      coverage50 += row.retention >= f.quantiles[1] && row.retention <= f.quantiles[3] ? 100 * w : 0
      coverage90 += f.passes ? 100 * w : 0
      width90 += w * 100 * (f.quantiles[4] - f.quantiles[0])
    }
    cells = perCell.count { $0 > 0 }
    rows = chosen.count
    for path in [\Self.mae, \.crps, \.bias, \.coverage50, \.coverage90, \.width90] { self[keyPath: path] /= total }
  }
}

extension CheckpointStudy {
  /// Continuous ranked probability score of a distribution given by n quantiles at (k + ½)/n, ascending.
  ///
  /// Twice the mean pinball loss of the quantiles.
  static func score(ofQuantiles x: [Double], _ y: Double) -> Double {
    let n = Double(x.count)
    return x.enumerated().reduce(0.0) { sum, item in
      let p = (Double(item.offset) + 0.5) / n
      return sum + (y >= item.element ? p * (y - item.element) : (1 - p) * (item.element - y))
    } * 2 / n
  }
}
