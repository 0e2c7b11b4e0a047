/// A counter-based stream of random numbers (Philox4x32-10): each draw is a pure function of
/// (seed, purpose, key, draw, position), so results never depend on order, company or threads.
///
/// - Source: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11, doi:10.1145/2063384.2063405.
public struct RandomStream: Sendable, Hashable {
  private let k0: UInt32
  private let k1: UInt32
  private let draw: UInt32
  private let keyLow: UInt32
  private let keyHigh: UInt32
  private var position: UInt32 = 0
  private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var left = 0

  /// A stream for one use.
  ///
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for, e.g. `"folds"`; streams of different purposes are independent.
  ///   - key: what they belong to, e.g. `stableHash(cellID)`.
  ///   - draw: which repetition.
  public init(seed: UInt64, purpose: String, key: UInt64 = 0, draw: Int = 0) {
    let mixed = mix64(seed ^ mix64(stableHash(purpose)))
    k0 = UInt32(truncatingIfNeeded: mixed)
    k1 = UInt32(truncatingIfNeeded: mixed >> 32)
    self.draw = UInt32(truncatingIfNeeded: draw)
    keyLow = UInt32(truncatingIfNeeded: key)
    keyHigh = UInt32(truncatingIfNeeded: key >> 32)
  }

  /// Equal when they will give the same numbers.
  public static func == (a: RandomStream, b: RandomStream) -> Bool {
    a.k0 == b.k0 && a.k1 == b.k1 && a.draw == b.draw && a.keyLow == b.keyLow && a.keyHigh == b.keyHigh
      && a.position == b.position && a.left == b.left
  }

  /// Hashes the state.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(k0)
    hasher.combine(k1)
    hasher.combine(draw)
    hasher.combine(keyLow)
    hasher.combine(keyHigh)
    hasher.combine(position)
    hasher.combine(left)
  }

  /// The Philox4x32-10 bijection of one counter under one key.
  public static func philox(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) * UInt64(c.0)
      let p1 = UInt64(0xCD9E_8D57) * UInt64(c.2)
      c = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.1 ^ k.0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.3 ^ k.1, UInt32(truncatingIfNeeded: p0)
      )
      k = (k.0 &+ 0x9E37_79B9, k.1 &+ 0xBB67_AE85)
    }
    return c
  }

  /// The next 32 random bits.
  public mutating func next32() -> UInt32 {
    if left == 0 {
      block = Self.philox(counter: (position, draw, keyLow, keyHigh), key: (k0, k1))
      position &+= 1
      left = 4
    }
    left -= 1
    switch left {
    case 3: return block.0
    case 2: return block.1
    case 1: return block.2
    default: return block.3
    }
  }

  /// A uniform number in (0, 1), 52 bits, never 0 or 1.
  public mutating func uniform() -> Double {
    let high = UInt64(next32())
    let low = UInt64(next32())
    return (Double(((high << 32) | low) >> 12) + 0.5) * 0x1p-52
  }

  /// A standard normal number by inversion: one uniform each.
  public mutating func normal() -> Double { NormalDistribution.quantile(uniform()) }

  /// A whole number in 0..<bound.
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0, "a random index below \(bound)")
    return min(bound - 1, Int(uniform() * Double(bound)))
  }

  /// A random order of 0..<count (Fisher–Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, index(below: i + 1)) }
    return order
  }
}

/// A 64-bit hash of a text that is the same in every process (FNV-1a, then mixed).
public func stableHash(_ text: String) -> UInt64 {
  var h: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in text.utf8 { h = (h ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
  return mix64(h)
}

/// The finaliser of SplitMix64.
func mix64(_ value: UInt64) -> UInt64 {
  var z = value &+ 0x9e37_79b9_7f4a_7c15
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}
