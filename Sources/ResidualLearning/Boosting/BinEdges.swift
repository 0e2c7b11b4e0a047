internal import NumericalMethods

/// The edges of one column's bins.
struct Edges: Sendable {
  /// Upper edges, the last +∞; the codes 0… of a categorical column.
  var cuts: [Double] = []
  /// Whether the training rows differ in this column, be it only in missing it.
  var varies = false

  init() {}

  /// Edges from the values of `rows`, from an even sample of them where they are very many.
  init(_ line: UnsafeBufferPointer<Double>, rows: UnsafeBufferPointer<UInt32>, maxBins: Int, minRows: Int) {
    let step = max(1, rows.count / BinnedTable.sampleRows)
    let found = ScratchMemory<Double>(min(rows.count, 2 * BinnedTable.sampleRows))
    var count = 0
    var missing = false
    var place = 0
    for row in rows {
      let value = line[Int(row)]
      if value.isNaN {
        missing = true
      } else if place == 0 {
        found.base[count] = value + 0
        count &+= 1
      }
      place = place &+ 1 == step ? 0 : place &+ 1
    }
    let values = UnsafeMutableBufferPointer(start: found.base, count: count)
    sortByRadix(values)
    let sorted = Array(values)
    withExtendedLifetime(found) {}
    cuts = Self.cuts(ofSorted: sorted, maxBins: maxBins, minRows: minRows)
    varies = cuts.count > 1 || (missing && count > 0)
  }

  /// The levels of a categorical column.
  init(levels line: UnsafeBufferPointer<Double>, rows: UnsafeBufferPointer<UInt32>) {
    var seen = Set<UInt64>()
    for row in rows { seen.insert(line[Int(row)].isNaN ? .max : UInt64(line[Int(row)])) }
    var last = 0
    for value in line where !value.isNaN { last = max(last, Int(value)) }
    cuts = (0...last).map { Double($0) }
    varies = seen.count > 1
  }

  /// Upper edges of bins for ascending values: one bin a distinct value where that fits, else equally filled ones.
  ///
  /// Equal values never part, and each bin but the last holds at least `minRows` values.
  static func cuts(ofSorted values: [Double], maxBins: Int, minRows: Int) -> [Double] {
    let n = values.count
    var distinct = n > 0 ? 1 : 0
    for i in stride(from: 1, to: n, by: 1) where values[i] != values[i - 1] { distinct += 1 }
    var cuts: [Double] = []
    var begin = 0
    while begin < n && cuts.count < maxBins - 1 {
      let share = distinct <= maxBins ? 1 : (n - begin) / (maxBins - cuts.count)
      var end = begin + max(share, minRows)
      while end < n && values[end] == values[end - 1] { end += 1 }
      if end >= n { break }
      cuts.append(middle(values[end - 1], values[end]))
      begin = end
    }
    return cuts + [.infinity]
  }

  /// A cut between a < b that is never b, also where their distance or one of them is infinite.
  static func middle(_ a: Double, _ b: Double) -> Double {
    let c = a + (b - a) / 2
    return c >= a && c < b ? c : a
  }
}
