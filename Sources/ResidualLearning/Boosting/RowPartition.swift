/// The rows of one tree in an order in which every node has one range; parting is stable, so each range ascends.
struct RowPartition {
  private let table: BinnedTable
  private let pool: HelperPool
  private let rows: ScratchMemory<UInt32>
  private let scratch: ScratchMemory<UInt32>

  private var count = 0

  /// Leaves with fewer rows are parted by the caller alone.
  private static let sharedRows = 16_384

  /// Room for `count` rows of a table.
  init(_ table: BinnedTable, count: Int, pool: HelperPool) {
    self.table = table
    self.pool = pool
    rows = ScratchMemory(count)
    scratch = ScratchMemory(pool.width > 1 && count >= Self.sharedRows ? 2 * count : count)
  }

  /// The rows in their present order.
  var order: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: rows.base, count: count) }

  /// Starts with ascending rows, at most those there is room for.
  mutating func load(_ ascending: [UInt32]) {
    count = ascending.count
    ascending.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { rows.base.update(from: base, count: source.count) }
    }
  }

  /// Parts a range by a split; returns where the right side begins.
  func part(_ range: Range<Int>, by node: Tree.Node) -> Int {
    let missing = table.cuts[node.column].count
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { side in
      guard let left = side.baseAddress else { return range.lowerBound }
      for bin in 0..<256 { left[bin] = bin <= missing && node.goesLeft(bin, missing: missing) ? 1 : 0 }
      return table.bins.withUnsafeBufferPointer { bins in
        guard let bins = bins.baseAddress else { return range.lowerBound }
        let column = bins + node.column * table.rowCount
        if pool.width == 1 || range.count < Self.sharedRows {
          let first = rows.base + range.lowerBound
          let count = Self.part(first, range.count, column, left, first, scratch.base)
          (first + count).update(from: scratch.base, count: range.count - count)
          return range.lowerBound + count
        }
        return partShared(range, column, left)
      }
    }
  }

  /// Parts pieces side by side, then puts them together in their order.
  private func partShared(_ range: Range<Int>, _ column: UnsafePointer<UInt8>, _ left: UnsafePointer<UInt8>) -> Int {
    let n = range.count
    let step = max(8192, n / (8 * pool.width) + 1)
    let items = (n + step - 1) / step
    let from = rows.base + range.lowerBound
    let lefts = scratch.base
    let rights = scratch.base + rows.count
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * items) { counts in
      let counts = UnsafeMutableBufferPointer(rebasing: counts[...])
      pool.run(items) { item, _ in
        let begin = item * step
        counts[item] = Self.part(from + begin, min(step, n - begin), column, left, lefts + begin, rights + begin)
      }
      var sum = 0
      for item in 0..<items {
        counts[items + item] = sum
        sum += counts[item]
      }
      let middle = sum
      pool.run(items) { item, _ in
        let begin = item * step
        let count = counts[item]
        let before = counts[items + item]
        (from + before).update(from: lefts + begin, count: count)
        (from + middle + begin - before).update(from: rights + begin, count: min(step, n - begin) - count)
      }
      return range.lowerBound + middle
    }
  }

  /// Writes each row to both targets and moves on in one: no branch. Returns how many went left.
  @inline(__always)
  private static func part(
    _ rows: UnsafePointer<UInt32>, _ count: Int, _ column: UnsafePointer<UInt8>, _ left: UnsafePointer<UInt8>,
    _ lefts: UnsafeMutablePointer<UInt32>, _ rights: UnsafeMutablePointer<UInt32>
  ) -> Int {
    var l = 0
    for i in 0..<count {
      let row = rows[i]
      let goesLeft = Int(left[Int(column[Int(truncatingIfNeeded: row)])])
      lefts[l] = row
      rights[i &- l] = row
      l &+= goesLeft
    }
    return l
  }
}
