/// Scrambled Sobol points: point i of a dimension is a pure function of (seed, purpose, dimension, i), so any prefix and
/// any number of threads give the same numbers.
///
/// Owen's nested uniform scrambling: each binary digit is flipped or not by a hash of the digits before it. Use
/// powers of two: a prefix of another length loses most of the gain.
/// - Source: S. Joe and F. Y. Kuo, SIAM J. Sci. Comput. 30 (2008) 2635, doi:10.1137/070709359 (direction numbers
///   new-joe-kuo-6.21201); A. B. Owen, J. Complexity 14 (1998) 466, doi:10.1006/jcom.1998.0487.
public struct SobolPoints: Sendable {
  /// Dimensions with direction numbers; further ones are filled with independent uniform numbers.
  public static let dimensionLimit = 64
  private let keys: [UInt64]
  private let seed: UInt64
  private let purpose: String

  /// Points of `dimensions` coordinates.
  public init(dimensions: Int, seed: UInt64, purpose: String) {
    self.seed = seed
    self.purpose = purpose
    keys = (0..<dimensions).map { d in
      var stream = RandomStream(seed: seed, purpose: "sobol-\(purpose)", key: UInt64(d))
      return UInt64(stream.next32()) << 32 | UInt64(stream.next32())
    }
  }

  /// Coordinates of point `i` < 2³², each in (0, 1).
  public func point(_ i: Int) -> [Double] {
    keys.indices.map { d in
      guard d < Self.dimensionLimit else {
        var stream = RandomStream(seed: seed, purpose: "beyond-\(purpose)", key: UInt64(d), draw: i)
        return stream.uniform()
      }
      return (Double(Self.scrambled(Self.digits(i, d), keys[d])) + 0.5) * 0x1p-32
    }
  }

  /// Unscrambled digits of point `i`.
  private static func digits(_ i: Int, _ d: Int) -> UInt32 {
    var x: UInt32 = 0
    var bits = UInt32(truncatingIfNeeded: i)
    var k = 0
    while bits != 0 {
      if bits & 1 == 1 { x ^= directions[d][k] }
      bits >>= 1
      k += 1
    }
    return x
  }

  private static func scrambled(_ x: UInt32, _ key: UInt64) -> UInt32 {
    var y: UInt32 = 0
    for bit in stride(from: 31, through: 0, by: -1) {
      // The digits before this one, with a leading 1 that tells their number.
      let prefix = (UInt64(x) | 0x1_0000_0000) >> UInt64(bit + 1)
      let flip = UInt32(truncatingIfNeeded: mix64(key ^ mix64(prefix)) & 1)
      y |= ((x >> UInt32(bit)) & 1 ^ flip) << UInt32(bit)
    }
    return y
  }

  private static let directions: [[UInt32]] =
    [(0..<32).map { UInt32(1) << UInt32(31 - $0) }]
    + primitives.map { a, m in
      let s = m.count
      var v = m.enumerated().map { UInt32($1) << UInt32(31 - $0) }
      for k in s..<32 {
        var x = v[k - s] ^ (v[k - s] >> UInt32(s))
        for j in 1..<max(s, 1) where (a >> (s - 1 - j)) & 1 == 1 { x ^= v[k - j] }
        v.append(x)
      }
      return v
    }

  /// Inner coefficients of the primitive polynomial and first direction numbers of dimensions 2…64.
  private static let primitives: [(Int, [Int])] = [
    (0, [1]),
    (1, [1, 3]),
    (1, [1, 3, 1]),
    (2, [1, 1, 1]),
    (1, [1, 1, 3, 3]),
    (4, [1, 3, 5, 13]),
    (2, [1, 1, 5, 5, 17]),
    (4, [1, 1, 5, 5, 5]),
    (7, [1, 1, 7, 11, 19]),
    (11, [1, 1, 5, 1, 1]),
    (13, [1, 1, 1, 3, 11]),
    (14, [1, 3, 5, 5, 31]),
    (1, [1, 3, 3, 9, 7, 49]),
    (13, [1, 1, 1, 15, 21, 21]),
    (16, [1, 3, 1, 13, 27, 49]),
    (19, [1, 1, 1, 15, 7, 5]),
    (22, [1, 3, 1, 15, 13, 25]),
    (25, [1, 1, 5, 5, 19, 61]),
    (1, [1, 3, 7, 11, 23, 15, 103]),
    (4, [1, 3, 7, 13, 13, 15, 69]),
    (7, [1, 1, 3, 13, 7, 35, 63]),
    (8, [1, 3, 5, 9, 1, 25, 53]),
    (14, [1, 3, 1, 13, 9, 35, 107]),
    (19, [1, 3, 1, 5, 27, 61, 31]),
    (21, [1, 1, 5, 11, 19, 41, 61]),
    (28, [1, 3, 5, 3, 3, 13, 69]),
    (31, [1, 1, 7, 13, 1, 19, 1]),
    (32, [1, 3, 7, 5, 13, 19, 59]),
    (37, [1, 1, 3, 9, 25, 29, 41]),
    (41, [1, 3, 5, 13, 23, 1, 55]),
    (42, [1, 3, 7, 3, 13, 59, 17]),
    (50, [1, 3, 1, 3, 5, 53, 69]),
    (55, [1, 1, 5, 5, 23, 33, 13]),
    (56, [1, 1, 7, 7, 1, 61, 123]),
    (59, [1, 1, 7, 9, 13, 61, 49]),
    (62, [1, 3, 3, 5, 3, 55, 33]),
    (14, [1, 3, 1, 15, 31, 13, 49, 245]),
    (21, [1, 3, 5, 15, 31, 59, 63, 97]),
    (22, [1, 3, 1, 11, 11, 11, 77, 249]),
    (38, [1, 3, 1, 11, 27, 43, 71, 9]),
    (47, [1, 1, 7, 15, 21, 11, 81, 45]),
    (49, [1, 3, 7, 3, 25, 31, 65, 79]),
    (50, [1, 3, 1, 1, 19, 11, 3, 205]),
    (52, [1, 1, 5, 9, 19, 21, 29, 157]),
    (56, [1, 3, 7, 11, 1, 33, 89, 185]),
    (67, [1, 3, 3, 3, 15, 9, 79, 71]),
    (70, [1, 3, 7, 11, 15, 39, 119, 27]),
    (84, [1, 1, 3, 1, 11, 31, 97, 225]),
    (97, [1, 1, 1, 3, 23, 43, 57, 177]),
    (103, [1, 3, 7, 7, 17, 17, 37, 71]),
    (115, [1, 3, 1, 5, 27, 63, 123, 213]),
    (122, [1, 1, 3, 5, 11, 43, 53, 133]),
    (8, [1, 3, 5, 5, 29, 17, 47, 173, 479]),
    (13, [1, 3, 3, 11, 3, 1, 109, 9, 69]),
    (16, [1, 1, 1, 5, 17, 39, 23, 5, 343]),
    (22, [1, 3, 1, 5, 25, 15, 31, 103, 499]),
    (25, [1, 1, 1, 11, 11, 17, 63, 105, 183]),
    (44, [1, 1, 5, 11, 9, 29, 97, 231, 363]),
    (47, [1, 1, 5, 15, 19, 45, 41, 7, 383]),
    (52, [1, 3, 7, 7, 31, 19, 83, 137, 221]),
    (55, [1, 1, 1, 3, 23, 15, 111, 223, 83]),
    (59, [1, 1, 5, 13, 31, 15, 55, 25, 161]),
    (62, [1, 1, 3, 13, 25, 47, 39, 87, 257]),
  ]
}
