internal import NumericalMethods

/// How much faster a test ends lives than use does, over the possible truths, and whether what it shows is what use will
/// show.
public struct AccelerationFactor: Sendable, Hashable {
  /// Life at use over life under test: 5, 50 and 95 % quantile.
  public var factor: [Double]
  /// The factor to an early loss over that to the end of life: 5, 50 and 95 % quantile; 1 where the test is use in another
  /// time.
  public var earlyRatio: [Double]
  /// Half the sum of the differences between the mechanisms' mean shares of the loss at the median life (total variation).
  public var mechanismDistance: Double
  /// Share of the possible truths in which another mechanism has cost most under test than at use.
  public var leadingDiffers: Double

  /// Shares further apart than this mean that another mechanism leads (assumed).
  static let mostDistance = 0.25
  /// The same of `leadingDiffers` (assumed).
  static let mostDiffering = 0.2
  /// Ratios within this range count as 1 (assumed).
  static let evenRatios = 0.8...1.25

  /// Whether use and test fade for different reasons.
  public var changesMechanism: Bool {
    mechanismDistance > Self.mostDistance || leadingDiffers > Self.mostDiffering
  }
  /// Whether the factor depends on the loss at which it is read: the 90 % interval of the ratio lies outside
  /// 0.8…1.25.
  public var dependsOnLoss: Bool {
    earlyRatio[2] < Self.evenRatios.lowerBound || earlyRatio[0] > Self.evenRatios.upperBound
  }

  /// Ages at which one possible truth after another reaches two losses.
  public struct Ages: Sendable {
    /// The early loss.
    public var early: [Double]
    /// The end of life.
    public var end: [Double]

    /// Ages, in the order of the truths.
    public init(early: [Double], end: [Double]) {
      self.early = early
      self.end = end
    }
  }

  /// Compares use and test.
  ///
  /// - Parameters:
  ///   - useShares: shares of the loss by mechanism, which add up to 1 (to 0 where nothing was lost), by truth.
  ///   - testShares: the same under test, of as many truths.
  public init(use: Ages, test: Ages, useShares: [[Double]], testShares: [[Double]]) {
    precondition(useShares.count == testShares.count && !useShares.isEmpty, "shares of different truths")
    func ratios(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 / max($1, 1) } }
    func quantiles(_ x: [Double]) -> [Double] {
      let sorted = x.sorted()
      return [0.05, 0.5, 0.95].map { quantile(ofSorted: sorted, $0) }
    }
    let end = ratios(use.end, test.end)
    factor = quantiles(end)
    earlyRatio = quantiles(zip(ratios(use.early, test.early), end).map { $0 / max($1, 1e-9) })
    mechanismDistance =
      zip(Self.mean(useShares), Self.mean(testShares)).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
    let leading = zip(useShares, testShares).map { (Self.leading($0), Self.leading($1)) }
    leadingDiffers = Double(leading.count { $0 != nil && $1 != nil && $0 != $1 }) / Double(leading.count)
  }

  /// The mean share of each mechanism.
  static func mean(_ shares: [[Double]]) -> [Double] {
    (shares.first ?? []).indices.map { m in NumericalMethods.mean(shares.map { $0[m] }) }
  }

  /// The mechanism with the largest share; nil where nothing was lost.
  private static func leading(_ shares: [Double]) -> Int? {
    shares.indices.filter { shares[$0] > 0 }.max { (shares[$0], $1) < (shares[$1], $0) }
  }
}
