import NumericalMethods

/// Marks the rows of a drawn share of groups, at least one group and not all: validation rows for early stopping.
///
/// Rows of one group belong together: where they are parted, early stopping watches rows it has nearly seen.
/// - Parameters:
///   - groups: group of each row, any numbers; at least two different ones.
///   - share: share of the groups to mark, in (0, 1).
///   - seed: of the draw.
public func heldOutGroups(_ groups: [Int], share: Double, seed: UInt64) -> [Bool] {
  precondition(share > 0 && share < 1, "a held-out share of \(share)")
  let names = Set(groups).sorted()
  precondition(names.count > 1, "\(names.count) groups to hold some out of")
  var stream = RandomStream(seed: seed, purpose: "held-out groups")
  let count = min(names.count - 1, max(1, Int((share * Double(names.count)).rounded())))
  let drawn = Set(stream.permutation(names.count).prefix(count).map { names[$0] })
  return groups.map { drawn.contains($0) }
}

/// How often each row stands in a bootstrap resample of groups, and whether its group was left out.
func resampledGroups(_ groups: [Int], seed: UInt64, member: Int) -> [Int] {
  let names = Set(groups).sorted()
  var stream = RandomStream(seed: seed, purpose: "resampled groups", key: UInt64(member))
  var counts = [Int](repeating: 0, count: names.count)
  for _ in names { counts[stream.index(below: names.count)] += 1 }
  var count: [Int: Int] = [:]
  for (name, times) in zip(names, counts) { count[name] = times }
  return groups.map { count[$0] ?? 0 }
}
