internal import NumericalMethods

/// A smooth curve on even nodes: cubic Hermite pieces from values and slopes, clamped at both ends.
struct PotentialTable: Sendable {
  /// Value and slope × spacing of each node, interleaved; the last node stands twice.
  let pairs: [Double]
  let range: ClosedRange<Double>

  /// A power of two, so that masking keeps any index within the table.
  static let nodes = 2048

  /// - Parameter curve: value and slope at a point of `range`.
  init(_ range: ClosedRange<Double>, curve: (Double) -> (value: Double, slope: Double)) {
    self.range = range
    let h = (range.upperBound - range.lowerBound) / Double(Self.nodes - 1)
    pairs = (0...Self.nodes).flatMap { k -> [Double] in
      let (value, slope) = curve(range.lowerBound + h * Double(min(k, Self.nodes - 1)))
      return [value, slope * h]
    }
  }

  /// Runs `body` with a view of the table.
  func withView<R>(_ body: (TableView) -> R) -> R {
    pairs.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("a table without nodes") }
      return body(TableView(base: base, low: range.lowerBound, high: range.upperBound))
    }
  }

  /// Value at one point.
  func value(_ x: Double) -> Double { withView { $0.lookup(Lanes(repeating: x)).value[0] } }
}

/// A table in the hand of a running loop; lives no longer than the buffer it points into.
struct TableView {
  let base: UnsafePointer<Double>
  let low: Double
  let high: Double

  /// Values and slopes (per unit of x) at `x`, held within the table.
  @inline(__always) func lookup(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let scale = Double(PotentialTable.nodes - 1) / (high - low)
    let position: Lanes = (LaneMath.clamp(x, low, high) - low) * scale
    let (whole, index) = LaneMath.floor(position, mask: Int64(PotentialTable.nodes - 1))
    let r0 = row(index[0])
    let r1 = row(index[1])
    let r2 = row(index[2])
    let r3 = row(index[3])
    let r4 = row(index[4])
    let r5 = row(index[5])
    let r6 = row(index[6])
    let r7 = row(index[7])
    let v0 = Lanes(r0[0], r1[0], r2[0], r3[0], r4[0], r5[0], r6[0], r7[0])
    let s0 = Lanes(r0[1], r1[1], r2[1], r3[1], r4[1], r5[1], r6[1], r7[1])
    let v1 = Lanes(r0[2], r1[2], r2[2], r3[2], r4[2], r5[2], r6[2], r7[2])
    let s1 = Lanes(r0[3], r1[3], r2[3], r3[3], r4[3], r5[3], r6[3], r7[3])
    let t: Lanes = position - whole
    let rise: Lanes = v1 - v0
    let c2: Lanes = rise * 3 - (s0 * 2 + s1)
    let c3: Lanes = (s0 + s1) - rise * 2
    let value: Lanes = ((c3 * t + c2) * t + s0) * t + v0
    let slope: Lanes = (c3 * 3 * t + c2 * 2) * t + s0
    return (value, slope * scale)
  }

  @inline(__always) private func row(_ k: Int64) -> SIMD4<Double> {
    UnsafeRawPointer(base + (2 &* Int(truncatingIfNeeded: k))).loadUnaligned(as: SIMD4<Double>.self)
  }
}
