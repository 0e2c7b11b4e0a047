/// Gradient and weight of each row as whole numbers in one word: gradient · 2³² + weight.
///
/// Whole numbers add up to the same sum in any order, so no histogram depends on threads or on the way it was made.
/// |Σ gradient| and Σ weight stay below 2³¹, the lower half is never negative, and plain 64-bit sums are exact on both.
struct PackedGradients {
  /// The packed word of each row of the table.
  private(set) var words: [Int64]
  /// Whole-number weight of each row.
  private let weights: [Int64]
  /// What one step of the upper half is worth.
  private(set) var gradientUnit = 0.0
  /// What one step of the lower half is worth.
  let weightUnit: Double
  /// Whether the lower half is a count of rows.
  let weightIsCount: Bool

  /// Prepares the weights of the training rows; `nil` is weight 1.
  init(weights: [Double]?, rows: [UInt32], rowCount: Int) {
    words = [Int64](repeating: 0, count: rowCount)
    guard let weights, let first = rows.first.map({ weights[Int($0)] }) else {
      self.weights = [Int64](repeating: 1, count: rowCount)
      weightUnit = 1
      weightIsCount = true
      return
    }
    let total = rows.reduce(0.0) { $0 + weights[Int($1)] }
    weightIsCount = rows.allSatisfy { weights[Int($0)] == first }
    let whole = total <= 0x1p30 && rows.allSatisfy { weights[Int($0)].rounded() == weights[Int($0)] }
    weightUnit = weightIsCount ? first : whole ? 1 : total / 0x1p30
    var steps = [Int64](repeating: 0, count: rowCount)
    for row in rows {
      steps[Int(row)] = max(1, Int64((weights[Int(row)] / weightUnit).rounded(.toNearestOrEven)))
    }
    self.weights = steps
  }

  /// Packs new gradients; false when they leave nothing to split.
  mutating func load(_ gradients: [Double], rows: [UInt32]) -> Bool {
    var total = 0.0
    for row in rows { total += abs(gradients[Int(row)]) }
    guard total > 0x1p-900 && total.isFinite else { return false }
    gradientUnit = total / 0x1p30
    let scale = 0x1p30 / total
    for row in rows {
      let i = Int(row)
      let step = Int64((gradients[i] * scale).rounded(.toNearestOrEven))
      words[i] = (step << 32) &+ weights[i]
    }
    return true
  }
}

/// The gradient half of a packed sum.
@inline(__always) func gradientHalf(_ word: Int64) -> Int64 { word >> 32 }

/// The weight half of a packed sum.
@inline(__always) func weightHalf(_ word: Int64) -> Int64 { word & 0xffff_ffff }

/// Histograms of the open leaves of one tree, in numbered slots.
struct Histograms {
  private var sums: [Int64]
  /// Rows by bin; empty where the weight half already counts them.
  private var counts: [Int32]
  private let stride: Int

  init(slots: Int, stride: Int, counted: Bool) {
    sums = [Int64](repeating: 0, count: slots * stride)
    counts = [Int32](repeating: 0, count: counted ? slots * stride : 0)
    self.stride = stride
  }

  /// Fills `slot` for the given columns from a range of rows and their packed words.
  mutating func fill(
    slot: Int, table: BinnedTable, columns: [Int], rows allRows: [UInt32], words allWords: [Int64], range: Range<Int>
  ) {
    let bins = table.bins.span
    let rows = allRows.span.extracting(range)
    let words = allWords.span.extracting(range)
    for column in columns {
      let first = slot * stride + table.offsets[column]
      let size = table.cuts[column].count + 1
      let base = column * table.rowCount
      var target = sums.mutableSpan
      for i in first..<(first + size) { target[i] = 0 }
      for i in 0..<rows.count {
        let bin = first &+ Int(bins[base &+ Int(rows[unchecked: i])])
        target[bin] &+= words[unchecked: i]
      }
      guard !counts.isEmpty else { continue }
      var tally = counts.mutableSpan
      for i in first..<(first + size) { tally[i] = 0 }
      for i in 0..<rows.count { tally[first &+ Int(bins[base &+ Int(rows[unchecked: i])])] &+= 1 }
    }
  }

  /// Takes the histogram of one child from its parent's, which becomes the other child's.
  mutating func subtract(_ child: Int, from parent: Int, table: BinnedTable, columns: [Int]) {
    for column in columns {
      let size = table.cuts[column].count + 1
      let a = parent * stride + table.offsets[column]
      let b = child * stride + table.offsets[column]
      var target = sums.mutableSpan
      for i in 0..<size { target[a &+ i] &-= target[b &+ i] }
      guard !counts.isEmpty else { continue }
      var tally = counts.mutableSpan
      for i in 0..<size { tally[a &+ i] &-= tally[b &+ i] }
    }
  }

  /// Visits the splits of a column that leave at least `minRows` rows on both sides, by ascending bin and with missing
  /// values on the right first.
  ///
  /// - Parameters:
  ///   - rows: number of rows in the leaf.
  ///   - skippingEmpty: leave out bins that part a leaf with missing values as the bin before does.
  ///   - visit: bin, whether missing values go left, and the packed sum of the left side.
  @inline(__always)
  func forEachSplit(
    slot: Int, table: BinnedTable, column: Int, rows: Int, minRows: Int, skippingEmpty: Bool,
    _ visit: (_ bin: Int, _ missingLeft: Bool, _ left: Int64) -> Void
  ) {
    let size = table.cuts[column].count
    let first = slot * stride + table.offsets[column]
    let line = sums.span.extracting(first..<(first + size + 1))
    let counted = !counts.isEmpty
    let tally = counted ? counts.span.extracting(first..<(first + size + 1)) : counts.span
    let missing = line[size]
    let missingRows = counted ? Int(tally[size]) : Int(weightHalf(missing))
    var left: Int64 = 0
    var leftRows = 0
    if missingRows == 0 {
      // An empty bin repeats the split before it and cannot win a tie: cheaper to visit than to tell apart.
      for bin in 0..<(size - 1) {
        left &+= line[unchecked: bin]
        leftRows = counted ? leftRows + Int(tally[bin]) : Int(weightHalf(left))
        if rows - leftRows < minRows { return }
        if leftRows >= minRows { visit(bin, false, left) }
      }
      return
    }
    for bin in 0..<size {
      let word = line[bin]
      if skippingEmpty && word == 0 { continue }
      left &+= word
      leftRows = counted ? leftRows + Int(tally[bin]) : Int(weightHalf(left))
      if leftRows >= minRows && rows - leftRows >= minRows { visit(bin, false, left) }
      let withMissing = leftRows + missingRows
      if withMissing >= minRows && rows - withMissing >= minRows { visit(bin, true, left &+ missing) }
    }
  }

  /// The packed sum of a leaf's rows that miss the value; not 0 if there are any.
  func missingWord(slot: Int, table: BinnedTable, column: Int) -> Int64 {
    sums[slot * stride + table.offsets[column] + table.cuts[column].count]
  }
}
