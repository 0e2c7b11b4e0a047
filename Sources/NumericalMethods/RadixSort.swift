/// Sorts numbers in place, ascending, −0 before 0, NaN last: by radix on their upper bits, then what shares these by
/// comparison. For the hundreds of numbers and more of draws and table columns, several times as fast as `sort`.
public func sortByRadix(_ values: UnsafeMutableBufferPointer<Double>) {
  let n = values.count
  guard let start = values.baseAddress else { return }
  start.withMemoryRebound(to: UInt64.self, capacity: n) { keys in
    for i in 0..<n { keys[i] = orderedKey(keys[i]) }
    sortKeys(keys, n)
    for i in 0..<n { keys[i] = orderedBits(keys[i]) }
  }
}

/// The numbers in ascending order.
public func ascending(_ values: [Double]) -> [Double] {
  var out = values
  out.withUnsafeMutableBufferPointer { sortByRadix($0) }
  return out
}

/// A whole number that is ordered as the number of these bits is. All NaN are one, the last: their sign is chance.
@inline(__always) private func orderedKey(_ bits: UInt64) -> UInt64 {
  if bits & (.max >> 1) > Double.infinity.bitPattern { return .max }
  return bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) >> 63) | 1 << 63)
}

/// The bits of an ordered key.
@inline(__always) private func orderedBits(_ key: UInt64) -> UInt64 { key >> 63 == 1 ? key ^ (1 << 63) : ~key }

private func sortKeys(_ keys: UnsafeMutablePointer<UInt64>, _ n: Int) {
  if n < 256 {
    var all = UnsafeMutableBufferPointer(start: keys, count: n)
    all.sort()
    return
  }
  var (low, high) = (keys[0], keys[0])
  for i in 1..<n {
    low = min(low, keys[i])
    high = max(high, keys[i])
  }
  // Only the digits in which the keys differ count: two of 11 bits tell some thousand numbers apart, three more.
  let digits = n < 4096 ? 2 : 3
  let unused = max(UInt64.bitWidth - (high &- low).leadingZeroBitCount - 11 * digits, 0)
  withUnsafeTemporaryAllocation(of: UInt64.self, capacity: n) { scratch in
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 2048) { place in
      guard let place = place.baseAddress, let scratch = scratch.baseAddress else { return }
      scratch.initialize(repeating: 0, count: n)
      var (from, to) = (keys, scratch)
      for digit in 0..<digits {
        let shift = UInt64(unused + 11 * digit)
        place.initialize(repeating: 0, count: 2048)
        for i in 0..<n { place[Int(truncatingIfNeeded: ((from[i] &- low) &>> shift) & 2047)] &+= 1 }
        var sum = 0
        for b in 0..<2048 {
          let count = place[b]
          place[b] = sum
          sum &+= count
        }
        for i in 0..<n {
          let b = Int(truncatingIfNeeded: ((from[i] &- low) &>> shift) & 2047)
          to[place[b]] = from[i]
          place[b] &+= 1
        }
        swap(&from, &to)
      }
      if digits % 2 == 1 { keys.update(from: scratch, count: n) }
    }
  }
  // What shares these digits still stands as it came.
  var i = 1
  while i < n {
    if keys[i] >= keys[i - 1] {
      i &+= 1
      continue
    }
    let shared = (keys[i] &- low) >> unused
    var begin = i
    while begin > 0 && (keys[begin - 1] &- low) >> unused == shared { begin -= 1 }
    while i < n && (keys[i] &- low) >> unused == shared { i += 1 }
    var part = UnsafeMutableBufferPointer(start: keys + begin, count: i - begin)
    part.sort()
  }
}
