public import CellModel
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// ΔQ(V), the change of a discharge curve between an early and a late age, and its statistics.
///
/// Both curves must share current and cut-offs; growth of resistance shows in it at any rate above zero, so features of
/// resistance should accompany it.
///
/// - Source: K. A. Severson et al., Nature Energy 4 (2019) 383, doi:10.1038/s41560-019-0356-8.
public struct CurveDifference: Sendable, Hashable {
  /// Voltages [V].
  public var voltagesV: [Double]
  /// Late minus early capacity at each voltage, as a part of `spanAh` when relative, else [Ah].
  public var values: [Double]

  /// The median of late curves minus the median of early ones, on 1000 even voltages that all reach, relative to a
  /// capacity.
  ///
  /// - Returns: nil without a curve on either side or a common voltage.
  public init?(late: [DischargeCurve], early: [DischargeCurve], relativeToAh spanAh: Double) {
    guard !late.isEmpty, !early.isEmpty, let limits = DischargeCurve.commonLimitsV(late + early) else { return nil }
    voltagesV = DischargeCurve.evenGrid(limits)
    values = voltagesV.map { v in
      (median(late.map { $0.dischargedAh(atV: v) }) - median(early.map { $0.dischargedAh(atV: v) })) / spanAh
    }
  }

  /// The same on the curves' own grid without making them monotone, unknown points left out, not divided [Ah].
  ///
  /// - Parameters:
  ///   - late, early: indices of curves.
  public init(_ curves: VoltageCurves, late: [Int], early: [Int]) {
    voltagesV = []
    values = []
    for v in curves.voltagesV.indices {
      let a = late.map { curves.dischargedAh[$0][v] }.filter(\.isFinite)
      let b = early.map { curves.dischargedAh[$0][v] }.filter(\.isFinite)
      guard !a.isEmpty, !b.isEmpty else { continue }
      voltagesV.append(curves.voltagesV[v])
      values.append(median(a) - median(b))
    }
  }

  /// log₁₀|x|, at least log₁₀ of the floor.
  public static func logMagnitude(_ x: Double, floor: Double = 1e-12) -> Double { log10(max(abs(x), floor)) }

  /// Variance, divisor n.
  public var variance: Double {
    let sd = standardDeviation(values)
    return sd * sd
  }

  /// Third standardised moment; NaN without spread.
  public var skewness: Double { moment(3) }

  /// Fourth standardised moment less 3; NaN without spread.
  public var excessKurtosis: Double { moment(4) - 3 }

  private func moment(_ power: Int) -> Double {
    let m = mean(values)
    let sd = standardDeviation(values)
    guard sd > 0 else { return .nan }
    let sum = values.reduce(0) { total, x in
      let z = (x - m) / sd
      return total + (power == 3 ? z * z * z : z * z * z * z)
    }
    return sum / Double(values.count)
  }

  /// Mean voltage weighted by |ΔQ| [V]; NaN for no change.
  public var centroidV: Double {
    let weight = values.reduce(0) { $0 + abs($1) }
    guard weight > 0 else { return .nan }
    return zip(values, voltagesV).reduce(0) { $0 + abs($1.0) * $1.1 } / weight
  }

  /// |ΔQ| at a voltage [V] within the grid; NaN outside.
  public func magnitude(atV v: Double) -> Double {
    guard let a = voltagesV.first, let b = voltagesV.last, v >= min(a, b), v <= max(a, b) else { return .nan }
    return a < b
      ? abs(interpolate(v, voltagesV, values)) : abs(interpolate(v, voltagesV.reversed(), values.reversed()))
  }

  /// Which curves to compare when nothing later than `age` is known: those around ages 10 and 100, for shorter records
  /// 2 and the last, for sparse ones the first and the last.
  ///
  /// In a dense record (a curve at each age in reach) each side is up to three curves, against glitches; else one.
  ///
  /// - Parameter ages: ascending.
  /// - Returns: indices into `ages`, ascending and apart; nil with fewer than two visible.
  public static func choose(_ ages: [Double], upTo age: Double) -> (early: [Int], late: [Int])? {
    let visible = ages.indices.filter { ages[$0] <= age }
    guard visible.count >= 2 else { return nil }
    let target: (Double, Double) = age >= 100 ? (10, 100) : (2, age)
    let inside = visible.filter { ages[$0] >= target.0 && ages[$0] <= target.1 }
    guard inside.count >= 2 else { return ([visible[0]], [visible[visible.count - 1]]) }
    let width = inside.count >= 12 ? 3 : 1
    return (Array(inside.prefix(width)), Array(inside.suffix(width)))
  }
}
