internal import NumericalMethods

/// One peak of dQ/dV.
public struct IncrementalCapacityPeak: Sendable, Hashable {
  /// Voltage of the maximum [V].
  public var positionV: Double
  /// dQ/dV at the maximum [Ah·V⁻¹].
  public var heightAhPerV: Double
  /// Area above the line between the lowest points on either side within the window [Ah].
  public var areaAh: Double
  /// Full width at half of the height above that line [V].
  public var widthV: Double
}

/// Incremental capacity dQ/dV of a slow discharge on 1000 even voltages, cubic Savitzky–Golay over about 15 mV.
///
/// - Source: M. Dubarry, C. Truchot, B. Y. Liaw, J. Power Sources 219 (2012) 204, doi:10.1016/j.jpowsour.2012.07.016.
public struct IncrementalCapacity: Sendable {
  /// Voltages [V], ascending.
  public var voltagesV: [Double]
  /// Capacity per voltage [Ah·V⁻¹], positive.
  public var capacityAhPerV: [Double]
  /// Noise of Q(V) about its smoothed course [Ah].
  public var noiseAh: Double
  private var peakNoise: Double

  /// Half width of the window in which a peak is looked for [V].
  public static let windowV = 0.06

  /// Where the three peaks of NCM811 are looked for first [V against Li].
  public static let startV: [ClosedRange<Double>] = [3.65...3.65, 3.75...3.95, 4.19...4.19]

  /// The derivative of a curve between voltages that it reaches.
  ///
  /// - Throws: the curve's refusal.
  public init(_ curve: DischargeCurve, limitsV: ClosedRange<Double>) throws(CurveRefusal) {
    if let refusal = curve.refusal { throw refusal }
    let grid = DischargeCurve.evenGrid(limitsV)
    // Five points of the record at least, lest the straight lines between them be differentiated.
    let raw = (curve.limitsV.upperBound - curve.limitsV.lowerBound) / Double(curve.rawCount - 1)
    let smooth = SmoothedCurve(
      grid: grid, values: grid.map { curve.dischargedAh(atV: $0) }, width: max(0.015, 5 * raw))
    voltagesV = grid
    capacityAhPerV = smooth.slope.map { -$0 }
    noiseAh = smooth.noise
    peakNoise = smooth.slopeNoise
  }

  /// The highest peak in a window [V]; nil when no interior maximum stands out of the noise.
  public func peak(in window: ClosedRange<Double>) -> IncrementalCapacityPeak? {
    let y = capacityAhPerV
    let first = voltagesV.firstIndex { $0 >= window.lowerBound } ?? voltagesV.count
    let end = voltagesV.firstIndex { $0 > window.upperBound } ?? voltagesV.count
    guard first < end else { return nil }
    let found = SmoothedCurve.maxima(y, in: first..<end).filter {
      SmoothedCurve.standsOut(prominence: $0.prominence, height: y[$0.index], noise: peakNoise)
    }
    guard let top = found.max(by: { y[$0.index] < y[$1.index] })?.index else { return nil }
    let a = (first..<top).min { y[$0] < y[$1] } ?? first
    let b = ((top + 1)..<end).min { y[$0] < y[$1] } ?? (end - 1)
    func line(_ i: Int) -> Double { y[a] + (y[b] - y[a]) * Double(i - a) / Double(b - a) }
    let step = voltagesV[1] - voltagesV[0]
    let area = (a...b).reduce(0) { $0 + y[$1] - line($1) } * step
    let half = 0.5 * (y[top] - line(top))
    func crossing(_ indices: some Sequence<Int>, _ towards: Int) -> Double? {
      for i in indices where y[i] - line(i) <= half {
        let high = y[i - towards] - line(i - towards) - half
        let low = y[i] - line(i) - half
        return voltagesV[i] - Double(towards) * step * (low / (low - high))
      }
      return nil
    }
    guard half > 0, let left = crossing((a..<top).reversed(), -1), let right = crossing((top + 1)...b, 1) else {
      return nil
    }
    return IncrementalCapacityPeak(
      positionV: SmoothedCurve.vertex(y, voltagesV, top), heightAhPerV: y[top], areaAh: area, widthV: right - left)
  }

  /// Follows the three peaks through curves in order of age.
  ///
  /// In the first curve a peak is looked for within 60 mV of where it is known, later within 60 mV of its last place.
  ///
  /// - Parameter anodeV: potential of the anode [V against Li], which cell voltages lie below the cathode's.
  /// - Returns: for each peak its form in the first and in the last curve; nil when absent in either or lost between.
  public static func track(
    _ curves: [IncrementalCapacity], anodeV: Double
  ) -> [(first: IncrementalCapacityPeak, last: IncrementalCapacityPeak)?] {
    startV.map { start in
      guard
        let initial = curves.first?.peak(
          in: (start.lowerBound - anodeV - windowV)...(start.upperBound - anodeV + windowV))
      else { return nil }
      var now = initial
      for curve in curves.dropFirst() {
        guard let next = curve.peak(in: (now.positionV - windowV)...(now.positionV + windowV)) else { return nil }
        now = next
      }
      return (initial, now)
    }
  }
}
