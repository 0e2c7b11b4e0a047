internal import NumericalMethods

/// What a forecast says about a life.
public enum LifeStatus: String, Sendable, Hashable, Codable {
  /// The end of life has been seen.
  case observed
  /// Forecast within the horizon.
  case forecast
  /// The cell had ended before the age of the forecast.
  case passed
  /// The median lies beyond the horizon.
  case beyondHorizon = "beyond_horizon"
  /// Nothing is claimed: the cell is too far from what was trained on.
  case refused
}

/// The distribution of the age at which a cell's life ends; the part beyond the horizon is kept apart, never dropped.
public struct LifetimeDistribution: Sendable, Hashable {
  /// Whether the life is forecast or already known.
  public var status: LifeStatus
  /// The life seen, when it was.
  public var observed: Double?
  /// Age beyond which nothing is claimed.
  public var horizon: Double
  /// Draws of the life in the dataset's age unit, ascending; those beyond the horizon are there but not claimed.
  public var draws: [Double]

  /// A distribution from its draws.
  public init(status: LifeStatus = .forecast, observed: Double? = nil, horizon: Double, draws: [Double]) {
    self.observed = observed
    self.horizon = horizon
    self.draws = ascending(draws)
    self.status = status
    if status == .forecast, let middle = quantileOfAll(0.5), middle > horizon { self.status = .beyondHorizon }
  }

  /// The `p` quantile; nil when it lies beyond the horizon.
  public func quantile(_ p: Double) -> Double? {
    quantileOfAll(p).flatMap { $0 > horizon ? nil : $0 }
  }

  private func quantileOfAll(_ p: Double) -> Double? {
    draws.isEmpty ? nil : NumericalMethods.quantile(ofSorted: draws, p)
  }

  /// Share of the distribution beyond the horizon.
  public var probabilityBeyondHorizon: Double { probability(atLeast: horizon.nextUp) }

  /// P(life ≥ `age`).
  public func probability(atLeast age: Double) -> Double {
    draws.isEmpty ? 0 : Double(draws.count { $0 >= age }) / Double(draws.count)
  }

  /// The mean; nil once more than 1 % lies beyond the horizon.
  public var mean: Double? {
    guard !draws.isEmpty, probabilityBeyondHorizon <= 0.01 else { return nil }
    return NumericalMethods.mean(draws.map { min($0, horizon) })
  }

  /// The standard deviation, under the same rule as the mean.
  public var standardDeviation: Double? {
    guard !draws.isEmpty, probabilityBeyondHorizon <= 0.01 else { return nil }
    return NumericalMethods.standardDeviation(draws.map { min($0, horizon) })
  }
}
