internal import NumericalMethods

/// A smooth curve on even nodes: cubic Hermite pieces from values and slopes, clamped at both ends.
struct PotentialTable: Sendable {
  /// Value and slope × spacing of each node, interleaved.
  let pairs: [Double]
  let range: ClosedRange<Double>

  static let nodes = 2048

  /// - Parameter curve: value and slope at a point of `range`.
  init(_ range: ClosedRange<Double>, curve: (Double) -> (value: Double, slope: Double)) {
    self.range = range
    let h = (range.upperBound - range.lowerBound) / Double(Self.nodes - 1)
    pairs = (0..<Self.nodes).flatMap { k -> [Double] in
      let (value, slope) = curve(range.lowerBound + h * Double(k))
      return [value, slope * h]
    }
  }

  /// Value at one point.
  func value(_ x: Double) -> Double {
    pairs.withUnsafeBufferPointer { buffer -> Double in
      guard let base = buffer.baseAddress else { return .nan }
      return TableView(base: base, low: range.lowerBound, high: range.upperBound).lookup(Lanes(repeating: x)).value[0]
    }
  }
}

/// A table in the hand of a running loop; lives no longer than the buffer it points into.
struct TableView {
  let base: UnsafePointer<Double>
  let low: Double
  let high: Double

  /// Values and slopes (per unit of x) at `x`, held within the table.
  @inline(__always) func lookup(_ x: Lanes) -> (value: Lanes, slope: Lanes) {
    lookup(x, offset: SIMD8<Int>(repeating: 0))
  }

  /// The same in a stack of tables; `offset` is where each lane's table begins.
  @inline(__always) func lookup(_ x: Lanes, offset: SIMD8<Int>) -> (value: Lanes, slope: Lanes) {
    let scale = Double(PotentialTable.nodes - 1) / (high - low)
    let position = (LaneMath.clamp(x, low, high) - low) * scale
    var v0 = Lanes()
    var s0 = Lanes()
    var v1 = Lanes()
    var s1 = Lanes()
    var whole = Lanes()
    for l in 0..<Lanes.scalarCount {
      // A NaN must not become an index.
      let p = position[l]
      let k = p == p ? Int(p) : 0
      let node = k < PotentialTable.nodes - 1 ? k : PotentialTable.nodes - 2
      let at = base + (offset[l] + 2 * node)
      v0[l] = at[0]
      s0[l] = at[1]
      v1[l] = at[2]
      s1[l] = at[3]
      whole[l] = Double(node)
    }
    let t = position - whole
    let rise = v1 - v0
    let c2 = rise * 3 - (s0 * 2 + s1)
    let c3 = (s0 + s1) - rise * 2
    return (((c3 * t + c2) * t + s0) * t + v0, ((c3 * 3 * t + c2 * 2) * t + s0) * scale)
  }
}
