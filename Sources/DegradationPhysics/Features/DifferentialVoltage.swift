internal import NumericalMethods

/// Differential voltage −dV/dQ of a slow discharge on 1000 even capacities.
///
/// - Source: I. Bloom et al., J. Power Sources 139 (2005) 295, doi:10.1016/j.jpowsour.2004.07.021.
public struct DifferentialVoltage: Sendable {
  /// Discharged capacities [Ah], ascending.
  public var dischargedAh: [Double]
  /// Fall of voltage per capacity [V·Ah⁻¹].
  public var slopeVPerAh: [Double]
  /// Noise of V(Q) about its smoothed course [V].
  public var noiseV: Double
  private var slopeNoise: Double

  /// A maximum of −dV/dQ.
  public struct Feature: Sendable, Hashable {
    /// Discharged capacity at the maximum [Ah].
    public var positionAh: Double
    /// Height above the higher of the minima beside it [V·Ah⁻¹].
    public var prominenceVPerAh: Double
  }

  /// Width of the smoothing window as a part of the capacity: 15 mV where the voltage falls by 0.75 V (assumed).
  private static let window = 0.02

  /// The derivative of a curve.
  ///
  /// - Throws: the curve's refusal.
  public init(_ curve: DischargeCurve) throws(CurveRefusal) {
    if let refusal = curve.refusal { throw refusal }
    let grid = DischargeCurve.evenGrid(curve.limitsAh)
    let smooth = SmoothedCurve(
      grid: grid, values: grid.map { curve.voltageV(atAh: $0) },
      width: curve.spanAh * max(Self.window, 5 / Double(curve.rawCount - 1)))
    dischargedAh = grid
    slopeVPerAh = smooth.slope.map { -$0 }
    noiseV = smooth.noise
    slopeNoise = smooth.slopeNoise
  }

  /// Maxima that stand out of the noise, between 5 and 95 % of the discharge, in order.
  public var features: [Feature] {
    let n = dischargedAh.count
    let found = SmoothedCurve.maxima(slopeVPerAh, in: (n / 20)..<(n - n / 20)).filter {
      SmoothedCurve.standsOut(prominence: $0.prominence, height: slopeVPerAh[$0.index], noise: slopeNoise)
    }
    return found.map {
      Feature(positionAh: SmoothedCurve.vertex(slopeVPerAh, dischargedAh, $0.index), prominenceVPerAh: $0.prominence)
    }
  }

  /// Distance between the two most stable features in the last of curves in order of age [Ah].
  ///
  /// A feature is followed from curve to curve to the nearest within 5 % of the first curve's capacity; the stable ones
  /// are those never lost, and of these the two whose smallest prominence is largest.
  ///
  /// - Returns: nil when fewer than two features last.
  public static func stableDistanceAh(_ curves: [DifferentialVoltage]) -> Double? {
    guard let first = curves.first, let end = first.dischargedAh.last else { return nil }
    let reach = 0.05 * (end - first.dischargedAh[0])
    var tracks = first.features.map { (position: $0.positionAh, prominence: $0.prominenceVPerAh) }
    for curve in curves.dropFirst() {
      let candidates = curve.features
      tracks = tracks.compactMap { track in
        guard
          let next = candidates.min(by: { abs($0.positionAh - track.position) < abs($1.positionAh - track.position) }),
          abs(next.positionAh - track.position) <= reach
        else { return nil }
        return (next.positionAh, min(track.prominence, next.prominenceVPerAh))
      }
    }
    let order = tracks.indices.sorted {
      tracks[$0].prominence != tracks[$1].prominence ? tracks[$0].prominence > tracks[$1].prominence : $0 < $1
    }
    guard order.count >= 2 else { return nil }
    let distance = abs(tracks[order[0]].position - tracks[order[1]].position)
    return distance > 0 ? distance : nil
  }
}
