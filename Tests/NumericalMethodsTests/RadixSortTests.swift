import Testing

@testable import NumericalMethods

@Suite("Sorting by radix")
struct RadixSortTests {
  @Test(
    "As by comparison: numbers of every sign and size, ties, zeros of both signs, infinities, whatever the length",
    arguments: [0, 1, 2, 255, 256, 1000, 4095, 4096, 20_000, 300_000],
    ["narrow", "crossing zero", "any bits", "few values", "equal", "neighbours"])
  func sortsLikeComparison(count: Int, kind: String) {
    var stream = RandomStream(seed: 7, purpose: kind, key: UInt64(count))
    let values = (0..<count).map { i -> Double in
      switch kind {
      case "narrow": return 0.9 + 1e-9 * stream.uniform()
      case "crossing zero": return i % 97 == 0 ? -1e9 * stream.uniform() : stream.normal()
      case "few values": return [0, -0.0, 1, -1, .infinity, -.infinity][stream.index(below: 6)]
      case "equal": return 0.8
      case "neighbours": return stream.uniform() < 0.5 ? 0.8 : (0.8).nextUp
      default:
        let bits = UInt64(stream.next32()) << 32 | UInt64(stream.next32())
        let value = Double(bitPattern: bits)
        return value.isNaN ? 1 : value
      }
    }
    let expected = values.sorted { $0 < $1 || ($0 == $1 && $0.sign == .minus && $1.sign == .plus) }
    // Compared apart: a report of so many numbers would take hours.
    let isSame = ascending(values).map(\.bitPattern) == expected.map(\.bitPattern)
    #expect(isSame)
  }

  @Test("NaN of either sign comes last", arguments: [3, 300])
  func notANumber(count: Int) {
    let numbers = (2..<count).map { $0 % 2 == 0 ? Double.infinity : -Double($0) }
    let values: [Double] = [-Double.nan, Double.nan] + numbers
    let sorted = ascending(values)
    #expect(sorted.suffix(2).count { $0.isNaN } == 2)
    #expect(Array(sorted.dropLast(2)) == numbers.sorted())
  }
}
