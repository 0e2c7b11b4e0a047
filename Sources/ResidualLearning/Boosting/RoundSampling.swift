import NumericalMethods

/// Draws `share` of `items` without replacement, in their order and at least one.
///
/// The draw of item i is a pure function of (seed, purpose, round, i), i its place among `count`.
func sample(
  _ items: [UInt32], of count: Int, share: Double, seed: UInt64, purpose: String, round: Int
) -> [UInt32] {
  if share >= 1 { return items }
  var stream = RandomStream(seed: seed, purpose: purpose, key: UInt64(round))
  var wanted = max(1, Int(share * Double(items.count)))
  var out: [UInt32] = []
  out.reserveCapacity(wanted)
  // Selection sampling: each item is taken with chance wanted / left (Knuth, TAOCP vol. 2, 3.4.2, algorithm S).
  var next = 0
  for index in 0..<count where next < items.count {
    let draw = UInt64(stream.next32())
    guard items[next] == UInt32(index) else { continue }
    if draw &* UInt64(items.count - next) < UInt64(wanted) << 32 {
      out.append(items[next])
      wanted -= 1
    }
    next += 1
  }
  return out
}
