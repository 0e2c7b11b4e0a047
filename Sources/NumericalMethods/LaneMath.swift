/// Eight cells side by side. Every operation acts lane by lane, so a lane's result never depends on its neighbours.
public typealias Lanes = SIMD8<Double>
/// One yes or no for each lane.
public typealias LaneMask = SIMDMask<SIMD8<Int64>>

/// Elementary functions on lanes, in plain multiplications and additions: equal bits with and without AVX2 and FMA.
///
/// Errors against the C library over the stated ranges: `exp` and `log` at most 2 ulp (tested).
public enum LaneMath {
  @usableFromInline static let roundingShift = 6_755_399_441_055_744.0
  @usableFromInline static let log2e = 1.442_695_040_888_963_4
  @usableFromInline static let ln2High = 0.693_147_180_369_123_816_49
  @usableFromInline static let ln2Low = 1.908_214_929_270_587_700_02e-10

  @inlinable @inline(__always) static func linear(_ x: Lanes, _ slope: Double, _ offset: Double) -> Lanes {
    x * slope + offset
  }

  /// eˣ; x is clamped to −708…709.
  @inlinable @inline(__always) public static func exp(_ x: Lanes) -> Lanes {
    let clamped = x.replacing(with: -708, where: x .< -708).replacing(with: 709, where: x .> 709)
    let shifted: Lanes = clamped * log2e + roundingShift
    let k: Lanes = shifted - roundingShift
    let high: Lanes = clamped - k * ln2High
    let r: Lanes = high - k * ln2Low
    let r2 = r * r
    let r4 = r2 * r2
    // Taylor to the thirteenth power on |r| ≤ ln 2 / 2: truncation below 5e-18.
    let a: Lanes = linear(r, 1.0 / 6, 0.5) * r2 + linear(r, 1, 1)
    let b: Lanes = linear(r, 1.0 / 5040, 1.0 / 720) * r2 + linear(r, 1.0 / 120, 1.0 / 24)
    let c: Lanes =
      linear(r, 1.0 / 39_916_800, 1.0 / 3_628_800) * r2 + linear(r, 1.0 / 362_880, 1.0 / 40_320)
    let d: Lanes = linear(r, 1.0 / 6_227_020_800, 1.0 / 479_001_600)
    let upper: Lanes = (d * r4 + c) * r4
    let series: Lanes = (upper + b) * r4 + a
    let bits = unsafeBitCast(shifted, to: SIMD8<Int64>.self)
    let exponent = (bits &- Int64(bitPattern: roundingShift.bitPattern) &+ 1023) &<< 52
    return series * unsafeBitCast(exponent, to: Lanes.self)
  }

  /// Natural logarithm of normal positive x; smaller values are taken as 1e-300, NaN stays NaN.
  @inlinable @inline(__always) public static func log(_ x: Lanes) -> Lanes {
    let positive = x.replacing(with: 1e-300, where: x .< 1e-300)
    // The bits of a NaN read as a number like any other; the difference, else 0, passes it on.
    return logOfNormal(positive) + (positive - positive)
  }

  @inlinable @inline(__always) static func logOfNormal(_ x: Lanes) -> Lanes {
    let bits = unsafeBitCast(x, to: SIMD8<UInt64>.self)
    let half: UInt64 = 0x3FE6_A09E_667F_3BCD  // √½
    let biased = ((bits &- half) &+ (1023 &<< 52)) &>> 52
    let magic = roundingShift.bitPattern
    let e = unsafeBitCast(biased &+ magic, to: Lanes.self) - roundingShift - 1023
    let m = unsafeBitCast(bits &- ((biased &- 1023) &<< 52), to: Lanes.self)
    let s = (m - 1) / (m + 1)
    let z = s * s
    let z2 = z * z
    let z4 = z2 * z2
    let low: Lanes = linear(z, 2.0 / 9, 2.0 / 7) * z2 + linear(z, 2.0 / 5, 2.0 / 3)
    let high: Lanes = linear(z, 2.0 / 17, 2.0 / 15) * z2 + linear(z, 2.0 / 13, 2.0 / 11)
    let top: Lanes = linear(z, 2.0 / 21, 2.0 / 19)
    let upper: Lanes = (top * z4 + high) * z4
    let tail: Lanes = (upper + low) * z
    let near: Lanes = s * 2 + s * tail
    return e * ln2High + (near + e * ln2Low)
  }

  /// ln(1 + eᶻ), without overflow.
  @inlinable @inline(__always) public static func softplus(_ z: Lanes) -> Lanes {
    let magnitude = z.replacing(with: -z, where: z .> 0)
    return z.replacing(with: 0, where: z .< 0) + logOfNormal(exp(magnitude) + 1)
  }

  /// A sum of ln(1 + eᶻ) that takes one logarithm for all its terms, of which it holds a thousand without overflow.
  public struct SoftplusSum {
    @usableFromInline var positive = Lanes()
    @usableFromInline var product = Lanes(repeating: 1)

    /// No terms.
    @inlinable @inline(__always) public init() {}

    /// Adds ln(1 + eᶻ).
    @inlinable @inline(__always) public mutating func add(_ z: Lanes) {
      let magnitude = z.replacing(with: -z, where: z .> 0)
      positive += z.replacing(with: 0, where: z .< 0)
      product *= LaneMath.exp(magnitude) + 1
    }

    /// The sum.
    @inlinable @inline(__always) public var value: Lanes { positive + LaneMath.logOfNormal(product) }
  }

  /// 1 / (1 + e⁻ᶻ).
  @inlinable @inline(__always) public static func logistic(_ z: Lanes) -> Lanes { 1 / (exp(-z) + 1) }

  /// xᵖ for x ≥ 0 (x below 1e-300 counts as 1e-300).
  @inlinable @inline(__always) public static func power(_ x: Lanes, _ p: Lanes) -> Lanes { exp(p * log(x)) }

  /// 1 / √x of normal positive x, within 2 ulp; smaller values are taken as 1e-300.
  ///
  /// Newton's iteration from the exponent halved in the bits. The toolchain's own root of lanes is eight scalar roots
  /// with a branch each.
  @inlinable @inline(__always) public static func inverseRoot(_ x: Lanes) -> Lanes {
    let positive = x.replacing(with: 1e-300, where: x .< 1e-300)
    let bits = unsafeBitCast(positive, to: SIMD8<UInt64>.self)
    var y = unsafeBitCast(0x5FE6_EB50_C7B5_37A9 &- (bits &>> 1), to: Lanes.self)
    let half: Lanes = positive * 0.5
    for _ in 0..<4 {
      let square: Lanes = half * y * y
      y = y * (1.5 - square)
    }
    return y
  }

  /// √x of normal positive x, within 1 ulp; smaller values are taken as 1e-300.
  @inlinable @inline(__always) public static func squareRoot(_ x: Lanes) -> Lanes {
    let positive = x.replacing(with: 1e-300, where: x .< 1e-300)
    let inverse = inverseRoot(positive)
    let root: Lanes = positive * inverse
    let residual: Lanes = positive - root * root
    return root + residual * inverse * 0.5
  }

  /// The whole part of 0 ≤ x < 2⁵¹ as a number and as an integer, the latter masked (also for a NaN).
  ///
  /// A whole x may come out as x − 1.
  @inlinable @inline(__always) public static func floor(_ x: Lanes, mask: Int64) -> (whole: Lanes, index: SIMD8<Int64>)
  {
    let shifted: Lanes = (x - 0.5) + roundingShift
    let bits = unsafeBitCast(shifted, to: SIMD8<Int64>.self)
    return (shifted - roundingShift, (bits &- Int64(bitPattern: roundingShift.bitPattern)) & mask)
  }

  /// The larger, lane by lane.
  @inlinable @inline(__always) public static func max(_ a: Lanes, _ b: Lanes) -> Lanes {
    a.replacing(with: b, where: a .< b)
  }

  /// The smaller, lane by lane.
  @inlinable @inline(__always) public static func min(_ a: Lanes, _ b: Lanes) -> Lanes {
    a.replacing(with: b, where: b .< a)
  }

  /// `x` held within bounds.
  @inlinable @inline(__always) public static func clamp(_ x: Lanes, _ low: Double, _ high: Double) -> Lanes {
    x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high)
  }
}
