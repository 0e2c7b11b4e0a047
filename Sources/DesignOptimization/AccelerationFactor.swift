internal import NumericalMethods

/// How much faster a test ends lives than use does, over the possible truths, and whether what it shows is what use will
/// show.
public struct AccelerationFactor: Sendable, Hashable {
  /// Life at use over life under test: 5, 50 and 95 % quantile.
  public var factor: [Double]
  /// The factor to an early loss over that to the end of life: 5, 50 and 95 % quantile; 1 where the test is use in another
  /// time.
  public var earlyRatio: [Double]
  /// Half the sum of the differences between the mechanisms' shares of the loss at half-life (total variation).
  public var mechanismDistance: Double

  /// Shares further apart than this mean that another mechanism leads (assumed).
  static let mostDistance = 0.25
  /// Ratios within this range count as 1 (assumed).
  static let evenRatios = 0.8...1.25

  /// Whether use and test fade for different reasons.
  public var changesMechanism: Bool { mechanismDistance > Self.mostDistance }
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
  ///   - useShares: shares of the loss by mechanism, which add up to 1.
  ///   - testShares: see `useShares`.
  public init(use: Ages, test: Ages, useShares: [Double], testShares: [Double]) {
    func ratios(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 / max($1, 1) } }
    func quantiles(_ x: [Double]) -> [Double] {
      let sorted = x.sorted()
      return [0.05, 0.5, 0.95].map { quantile(ofSorted: sorted, $0) }
    }
    let end = ratios(use.end, test.end)
    factor = quantiles(end)
    earlyRatio = quantiles(zip(ratios(use.early, test.early), end).map { $0 / max($1, 1e-9) })
    mechanismDistance = zip(useShares, testShares).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
  }
}
