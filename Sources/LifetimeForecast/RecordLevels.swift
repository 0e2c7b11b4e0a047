internal import NumericalMethods

/// Where a straight line through a cell's own readings leads, and how much the readings say of it.
struct RecordLevels: Sendable, Hashable {
  /// z per level if the fade goes on as it has.
  var levels: [Double]
  /// Share of the prior variance of the log rate that the readings have removed, 0…1; 0 without two readings.
  var trust: Double

  /// Of the ageing law's members the linear one (p = 1): of datasets held out, it and the parabolic one err alike at the
  /// first levels, and the linear one less where few readings are at hand.
  ///
  /// - Parameters:
  ///   - law: its prior from the cells of other datasets.
  ///   - now: retention that the levels count from.
  init(_ cell: CoreCell, law: AgeingLawUpdate, now: Double, scale: LevelScale, count: Int) {
    let observed = cell.observed
    guard let member = law.members.first(where: { $0.exponent == 1 }), cell.isRead else {
      levels = [Double](repeating: 0, count: count)
      trust = 0
      return
    }
    let (mean, spread) = law.posterior(
      member, ages: observed.ages, retention: observed.retention, noise: observed.lawNoise)
    let headroom = max(now - observed.endFraction, LevelGrid.smallestHeadroom)
    levels = LevelGrid.shares.prefix(count).map { scale.forward($0 * headroom / _exp(mean)) }
    trust = min(max(1 - spread * spread / (member.spread * member.spread), 0), 1)
  }

  /// How far the record would move a forecast, per level.
  func pull(from forecast: [Double]) -> [Double] { zip(levels, forecast).map { trust * ($0 - $1) } }
}

extension PreparedCell {
  /// Standard deviation of a reading about a smooth law.
  var lawNoise: Double { isDense ? max(2e-3, measurementNoise) : 3e-3 }
}
