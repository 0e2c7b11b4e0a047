/// The varying columns of a table as bins: bin b holds the values above cut b − 1 and at or below cut b.
///
/// The last cut is +∞ and the bin after it holds the missing values. A categorical column has one bin a level and no
/// cuts. Trees keep the cut or the level, so prediction needs no bins.
struct BinnedTable: Sendable {
  /// Number of rows, those that are not trained on included.
  let rowCount: Int
  /// The table's column of each binned column; constant columns have none.
  let features: [Int]
  /// Upper edges of the value bins of each binned column; a level's code in a categorical one.
  let cuts: [[Double]]
  /// Whether each binned column is categorical.
  let isCategorical: [Bool]
  /// Bins of a histogram line, a power of two that holds every column's bins.
  let stride: Int
  /// Words of a row in `words`.
  let wordCount: Int
  /// Bin of each row, one binned column after another: for parting rows.
  let bins: [UInt8]
  /// The same bins row after row, eight columns a word, the first in the lowest byte: for histograms. Eight words of
  /// padding stand behind the last row.
  let words: [UInt64]

  /// Most levels of a categorical column, codes 0…63.
  static let mostLevels = 64
  /// A column's cuts come from at most this many rows, evenly spaced.
  static let sampleRows = 200_000
  private static let blockRows = 2048

  /// Bins `table` by the values of `rows`; the result does not depend on the pool.
  ///
  /// - Throws: `LearningError.invalidOption` for a categorical value that is not a whole number in 0…63.
  init(
    _ table: FeatureTable, rows: [UInt32], maxBins: Int, minRowsPerBin: Int, categorical: [Int] = [],
    pool: HelperPool = HelperPool(width: 1)
  ) throws(LearningError) {
    let n = table.rowCount
    var isCategory = [Bool](repeating: false, count: table.columnCount)
    for column in categorical {
      isCategory[column] = true
      for (row, value) in table.columnSlice(column).enumerated() where !value.isNaN {
        guard value >= 0 && value < Double(Self.mostLevels) && value.rounded() == value else {
          throw .invalidOption(
            "categorical column \(table.names[column])", found: "\(value) at row \(row)", allowed: "0…63 or missing")
        }
      }
    }
    var found = [Edges](repeating: Edges(), count: table.columnCount)
    let chosen = isCategory
    table.storage.withUnsafeBufferPointer { values in
      rows.withUnsafeBufferPointer { rows in
        found.withUnsafeMutableBufferPointer { found in
          let found = UnsafeMutableBufferPointer(rebasing: found[...])
          pool.run(table.columnCount) { column, _ in
            let line = UnsafeBufferPointer(rebasing: values[(column * n)..<((column + 1) * n)])
            found[column] =
              chosen[column]
              ? Edges(levels: line, rows: rows)
              : Edges(line, rows: rows, maxBins: maxBins, minRows: minRowsPerBin)
          }
        }
      }
    }
    let kept = found.indices.filter { found[$0].varies }
    let cuts = kept.map { found[$0].cuts }
    let categories = kept.map { chosen[$0] }
    var stride = 32
    while stride < (cuts.map(\.count).max() ?? 0) + 1 { stride *= 2 }
    self.stride = stride
    let wordCount = (kept.count + 7) / 8
    rowCount = n
    features = kept
    self.cuts = cuts
    isCategorical = categories
    self.wordCount = wordCount
    var words: [UInt64] = []
    bins = [UInt8](unsafeUninitializedCapacity: n * kept.count) { bins, binCount in
      binCount = n * kept.count
      if let base = bins.baseAddress { adviseHugePages(UnsafeMutableRawPointer(base), bytes: binCount) }
      words = [UInt64](unsafeUninitializedCapacity: n * wordCount + 8) { words, count in
        count = n * wordCount + 8
        guard let words = words.baseAddress, let bins = bins.baseAddress else { return }
        adviseHugePages(UnsafeMutableRawPointer(words), bytes: 8 * count)
        (words + n * wordCount).initialize(repeating: 0, count: 8)
        Self.fill(table, kept, cuts, categories, bins: bins, words: words, wordCount: wordCount, pool)
      }
    }
    self.words = words
  }

  /// Writes the bins of all rows, block by block.
  private static func fill(
    _ table: FeatureTable, _ columns: [Int], _ cuts: [[Double]], _ isCategorical: [Bool],
    bins: UnsafeMutablePointer<UInt8>, words: UnsafeMutablePointer<UInt64>, wordCount: Int, _ pool: HelperPool
  ) {
    let n = table.rowCount
    // 256 cuts a column, so that the search needs no bounds.
    let edges = ScratchMemory<Double>(repeating: .infinity, count: 256 * columns.count)
    for (k, line) in cuts.enumerated() {
      for (b, cut) in line.enumerated() { edges.base[256 * k + b] = cut }
    }
    defer { withExtendedLifetime(edges) {} }
    let flat = edges.base
    let last = cuts.map { UInt8($0.count) }
    let bytes = UnsafeMutableRawPointer(words).assumingMemoryBound(to: UInt8.self)
    table.storage.withUnsafeBufferPointer { storage in
      guard let storage = storage.baseAddress else { return }
      pool.run((n + blockRows - 1) / blockRows) { block, _ in
        let begin = block * blockRows
        let end = min(n, begin + blockRows)
        for word in (begin * wordCount)..<(end * wordCount) { words[word] = 0 }
        for k in columns.indices {
          let values = storage + columns[k] * n
          let line = bins + k * n
          let row = bytes + k
          let step = wordCount * 8
          if isCategorical[k] {
            for i in begin..<end {
              let bin = values[i].isNaN ? last[k] : UInt8(values[i])
              line[i] = bin
              row[i &* step] = bin
            }
            continue
          }
          search(values, begin..<end, flat + 256 * k, missing: last[k]) { i, bin in
            line[i] = bin
            row[i &* step] = bin
          }
        }
      }
    }
  }

  /// The first cut at or above each value of a range, eight values at a time to hide the latency of the search.
  @inline(__always)
  private static func search(
    _ values: UnsafePointer<Double>, _ range: Range<Int>, _ cuts: UnsafePointer<Double>, missing: UInt8,
    _ store: (Int, UInt8) -> Void
  ) {
    var i = range.lowerBound
    while i < range.upperBound {
      let count = min(8, range.upperBound &- i)
      var value = SIMD8<Double>(repeating: 0)
      for j in 0..<count { value[j] = values[i &+ j] }
      var place = SIMD8<Int64>(repeating: 0)
      var step: Int64 = 128
      while step > 0 {
        var probe = SIMD8<Double>()
        for j in 0..<8 { probe[j] = cuts[Int(place[j] &+ step &- 1)] }
        place.replace(with: place &+ step, where: probe .< value)
        step >>= 1
      }
      for j in 0..<count {
        store(i &+ j, value[j].isNaN ? missing : UInt8(truncatingIfNeeded: place[j]))
      }
      i &+= 8
    }
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
}
