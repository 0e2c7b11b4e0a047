/// The varying columns of a table as bins: bin b holds the values above cut b − 1 and at or below cut b.
///
/// The last cut is +∞ and the bin after it holds the missing values. Trees keep the cut, so prediction needs no bins.
struct BinnedTable: Sendable {
  /// Number of rows, those that are not trained on included.
  let rowCount: Int
  /// The table's column of each binned column; constant columns have none.
  let features: [Int]
  /// Upper edges of the value bins of each binned column.
  let cuts: [[Double]]
  /// Whether a training row misses the value.
  let hasMissing: [Bool]
  /// First histogram slot of each binned column; one slot a value bin and one for "missing".
  let offsets: [Int]
  /// Number of histogram slots in all.
  let slotCount: Int
  /// Bin of each row, one binned column after another.
  let bins: [UInt8]

  /// Bins `table` by the values of `rows`.
  init(_ table: FeatureTable, rows: [UInt32], maxBins: Int, minRowsPerBin: Int) {
    rowCount = table.rowCount
    var features: [Int] = []
    var cuts: [[Double]] = []
    var hasMissing: [Bool] = []
    var offsets: [Int] = []
    var slots = 0
    var bins: [UInt8] = []
    bins.reserveCapacity(table.rowCount * table.columnCount)
    var values: [Double] = []
    values.reserveCapacity(rows.count)
    for feature in 0..<table.columnCount {
      let column = table.columnSlice(feature)
      values.removeAll(keepingCapacity: true)
      for row in rows {
        let value = column[column.startIndex + Int(row)]
        if !value.isNaN { values.append(value) }
      }
      let missing = values.count < rows.count
      values.sort()
      let edges = Self.cuts(ofSorted: values, maxBins: maxBins, minRows: minRowsPerBin)
      guard edges.count > 1 || (missing && !values.isEmpty) else { continue }
      features.append(feature)
      cuts.append(edges)
      hasMissing.append(missing)
      offsets.append(slots)
      slots += edges.count + 1
      for value in column { bins.append(Self.bin(of: value, edges)) }
    }
    self.features = features
    self.cuts = cuts
    self.hasMissing = hasMissing
    self.offsets = offsets
    slotCount = slots
    self.bins = bins
  }

  /// The bin of a value: the first whose cut is not below it; `cuts.count` for a missing value.
  static func bin(of value: Double, _ cuts: [Double]) -> UInt8 {
    if value.isNaN { return UInt8(cuts.count) }
    var low = 0
    var high = cuts.count - 1
    while low < high {
      let middle = (low + high) / 2
      if value <= cuts[middle] { high = middle } else { low = middle + 1 }
    }
    return UInt8(low)
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
