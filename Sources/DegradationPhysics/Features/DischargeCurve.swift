internal import NumericalMethods

/// Why a curve is not differentiated or fitted.
public enum CurveRefusal: Error, Hashable, Sendable {
  /// Fewer points than 80: steps of the record would pass for features.
  case tooFewPoints(Int)
  /// Rate above C/2: polarisation hides the equilibrium curve.
  case rateTooHigh(cRate: Double)
  /// The rate is not known.
  case rateUnknown
}

/// One constant-current discharge: voltage against discharged capacity, and the reverse made monotone.
///
/// Measured and simulated curves pass through here alike.
public struct DischargeCurve: Sendable, Hashable {
  /// Points of the record that were used; of a stored curve those of its grid, which may be finer than the record was.
  public let rawCount: Int
  /// Discharge rate [1/h]; NaN when not known.
  public let cRate: Double
  /// Voltages [V], strictly ascending, with the capacity discharged at each.
  private let byVoltage: Points
  /// Discharged capacities [Ah], strictly ascending, with the voltage at each.
  private let byCapacity: Points

  private struct Points: Sendable, Hashable {
    var x: [Double]
    var y: [Double]

    /// Points with ascending x; of equal x the mean y is kept.
    init(_ x: [Double], _ y: [Double]) {
      self.x = []
      self.y = []
      var i = 0
      while i < x.count {
        var j = i
        var sum = 0.0
        while j < x.count && x[j] == x[i] {
          sum += y[j]
          j += 1
        }
        self.x.append(x[i])
        self.y.append(sum / Double(j - i))
        i = j
      }
    }
  }

  /// Fewest points for derivatives and fits.
  public static let fewestPoints = 80
  /// Highest rate for derivatives and fits [1/h].
  public static let highestCRate = 0.5
  /// Points of a resampled curve.
  public static let gridPoints = 1000

  /// A curve from samples in the order of the discharge.
  ///
  /// Samples with a missing value, or with a current more than 2 % off its median magnitude, are left out. For Q(V)
  /// voltages that rise are pooled with their neighbours (isotonic regression in the order of capacity); V(Q) is left as
  /// measured, so that its noise stays what it is.
  ///
  /// - Parameters:
  ///   - voltagesV: cell voltage [V].
  ///   - dischargedAh: capacity discharged so far [Ah], not falling beyond rounding.
  ///   - currentsA: current [A], either sign; nil when constant.
  ///   - cRate: discharge rate [1/h], NaN when not known.
  /// - Returns: nil for fewer than eight usable samples or no extent.
  public init?(voltagesV: [Double], dischargedAh: [Double], currentsA: [Double]? = nil, cRate: Double) {
    precondition(voltagesV.count == dischargedAh.count, "\(voltagesV.count) voltages, \(dischargedAh.count) capacities")
    precondition(currentsA.map { $0.count == voltagesV.count } ?? true, "currents of another record")
    var keep = voltagesV.indices.filter { voltagesV[$0].isFinite && dischargedAh[$0].isFinite }
    if let currents = currentsA {
      keep = keep.filter { currents[$0].isFinite }
      let typical = median(keep.map { abs(currents[$0]) })
      keep = keep.filter { abs(abs(currents[$0]) - typical) <= 0.02 * typical }
    }
    let q = isotonicRegression(keep.map { dischargedAh[$0] })
    let v = keep.map { voltagesV[$0] }
    self.init(q, v, monotoneV: isotonicRegression(v.map { -$0 }).map { -$0 }, cRate)
  }

  /// A curve from its capacity on a voltage grid (`VoltageCurves`).
  ///
  /// Capacities that fall with falling voltage are pooled with their neighbours.
  ///
  /// - Parameters:
  ///   - gridV: strictly monotone voltages [V].
  ///   - dischargedAh: capacity [Ah] discharged when the voltage has fallen to the grid value; NaN where not reached.
  ///   - cRate: discharge rate [1/h], NaN when not known.
  /// - Returns: nil for fewer than eight usable points or no extent.
  public init?(gridV: [Double], dischargedAh: [Double], cRate: Double) {
    precondition(gridV.count == dischargedAh.count, "\(gridV.count) voltages for \(dischargedAh.count) capacities")
    var keep = gridV.indices.filter { gridV[$0].isFinite && dischargedAh[$0].isFinite }
    if let first = keep.first, let last = keep.last, gridV[first] < gridV[last] { keep.reverse() }
    let v = keep.map { gridV[$0] }
    self.init(isotonicRegression(keep.map { dischargedAh[$0] }), v, monotoneV: v, cRate)
  }

  private init?(_ q: [Double], _ v: [Double], monotoneV: [Double], _ cRate: Double) {
    guard q.count >= 8, let q0 = q.first, let q1 = q.last, let v0 = monotoneV.first, let v1 = monotoneV.last, q1 > q0,
      v0 > v1
    else { return nil }
    rawCount = q.count
    self.cRate = cRate
    byVoltage = Points(monotoneV.reversed(), q.reversed())
    byCapacity = Points(q, v)
  }

  /// Lowest and highest voltage [V].
  public var limitsV: ClosedRange<Double> { byVoltage.x[0]...byVoltage.x[byVoltage.x.count - 1] }

  /// First and last discharged capacity [Ah].
  public var limitsAh: ClosedRange<Double> { byCapacity.x[0]...byCapacity.x[byCapacity.x.count - 1] }

  /// Capacity between the ends [Ah].
  public var spanAh: Double { limitsAh.upperBound - limitsAh.lowerBound }

  /// Capacity [Ah] discharged at a voltage [V], straight between points, constant beyond the ends.
  public func dischargedAh(atV v: Double) -> Double { interpolate(v, byVoltage.x, byVoltage.y) }

  /// Voltage [V] at a discharged capacity [Ah], straight between points, constant beyond the ends.
  public func voltageV(atAh q: Double) -> Double { interpolate(q, byCapacity.x, byCapacity.y) }

  /// Mean voltage over the discharged capacity [V].
  public var meanVoltageV: Double {
    var sum = 0.0
    for i in 1..<byCapacity.x.count {
      sum += 0.5 * (byCapacity.y[i] + byCapacity.y[i - 1]) * (byCapacity.x[i] - byCapacity.x[i - 1])
    }
    return sum / spanAh
  }

  /// Why derivatives and fits of this curve are refused; nil when they are not.
  public var refusal: CurveRefusal? {
    if rawCount < Self.fewestPoints { return .tooFewPoints(rawCount) }
    if cRate.isNaN { return .rateUnknown }
    return cRate > Self.highestCRate ? .rateTooHigh(cRate: cRate) : nil
  }

  /// Voltages that all curves reach [V]; nil when there is none.
  public static func commonLimitsV(_ curves: [DischargeCurve]) -> ClosedRange<Double>? {
    guard let low = curves.map(\.limitsV.lowerBound).max(), let high = curves.map(\.limitsV.upperBound).min(),
      low < high
    else { return nil }
    return low...high
  }

  /// `gridPoints` even steps over a range, both ends included.
  static func evenGrid(_ range: ClosedRange<Double>) -> [Double] {
    let step = (range.upperBound - range.lowerBound) / Double(gridPoints - 1)
    return (0..<gridPoints).map { range.lowerBound + step * Double($0) }
  }
}
