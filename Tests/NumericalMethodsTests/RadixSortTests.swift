import Testing

@testable import NumericalMethods

@Suite struct RadixSortTests {
  /// Numbers of every sign and size, ties, zeros of both signs, infinities, in lengths about those where the way of
  /// sorting changes.
  @Test(
    arguments: [0, 1, 2, 255, 256, 1000, 4095, 4096, 20_000],
    ["narrow", "crossing zero", "any bits", "few values"])
  func sortsLikeComparison(count: Int, kind: String) {
    var stream = RandomStream(seed: 7, purpose: kind, key: UInt64(count))
    let values = (0..<count).map { i -> Double in
      switch kind {
      case "narrow": return 0.9 + 1e-9 * stream.uniform()
      case "crossing zero": return i % 97 == 0 ? -1e9 * stream.uniform() : stream.normal()
      case "few values": return [0, -0.0, 1, -1, .infinity, -.infinity][stream.index(below: 6)]
      default:
        let bits = UInt64(stream.next32()) << 32 | UInt64(stream.next32())
        let value = Double(bitPattern: bits)
        return value.isNaN ? 1 : value
      }
    }
    let expected = values.sorted { $0 < $1 || ($0 == $1 && $0.sign == .minus && $1.sign == .plus) }
    #expect(ascending(values).map(\.bitPattern) == expected.map(\.bitPattern))
  }
}
