/// Histograms of the open leaves of one tree, in numbered slots; a slot has a line of packed sums a column and plane.
struct Histograms {
  private let table: BinnedTable
  private let gradients: PackedGradients
  private let pool: HelperPool
  /// Words of one plane of a slot.
  let planeSize: Int
  private let sums: ScratchMemory<Int64>
  /// What the helpers sum before it is added to a slot.
  private let partial: ScratchMemory<Int64>
  private let tileWords: ScratchMemory<UInt64>
  private let tileSums: ScratchMemory<Int64>

  /// Rows gathered at once: 16 KiB of bins, which fit beside 16 KiB of histogram in a first-level cache.
  private static let tileRows = 256
  /// Leaves with fewer rows are summed by the caller alone.
  private static let sharedRows = 8192

  init(_ table: BinnedTable, _ gradients: PackedGradients, slots: Int, pool: HelperPool) {
    self.table = table
    self.gradients = gradients
    self.pool = pool
    planeSize = table.wordCount * 8 * table.stride
    sums = ScratchMemory(slots * gradients.planes * planeSize)
    partial = ScratchMemory(table.rowCount < Self.sharedRows ? 0 : (pool.width - 1) * gradients.planes * planeSize)
    tileWords = ScratchMemory(pool.width * Self.tileRows * 8)
    tileSums = ScratchMemory(pool.width * Self.tileRows * gradients.planes)
  }

  /// The first line of a slot; the line of a column stands `column · stride` behind, a plane `planeSize`.
  @inline(__always) func lines(_ slot: Int) -> UnsafeMutablePointer<Int64> {
    sums.base + slot * gradients.planes * planeSize
  }

  /// Sums the rows of a leaf into a slot for the given columns.
  ///
  /// - Parameters:
  ///   - rows: the rows, ascending.
  ///   - isWholeTable: whether these are all rows of the table.
  func fill(slot: Int, columns: [Int], rows: UnsafeBufferPointer<UInt32>, isWholeTable: Bool) {
    let target = lines(slot)
    let words = wordsOf(columns)
    let group = 8
    let wordGroups = (words.count + group - 1) / group
    let useRows = rows.count >= Self.sharedRows
    if pool.width == 1 || (!useRows && wordGroups < 2) {
      clear(target, columns)
      for g in 0..<wordGroups {
        add(rows, 0..<rows.count, words[(g * group)..<min(words.count, (g + 1) * group)], to: target, isWholeTable, 0)
      }
      return
    }
    if !useRows {
      clear(target, columns)
      pool.run(wordGroups) { g, thread in
        add(
          rows, 0..<rows.count, words[(g * group)..<min(words.count, (g + 1) * group)], to: target, isWholeTable,
          thread)
      }
      return
    }
    let width = pool.width
    let size = gradients.planes * planeSize
    let parts = partial.base
    let step = max(4096, (rows.count / (8 * width) + 1023) / 1024 * 1024)
    withUnsafeTemporaryAllocation(of: Bool.self, capacity: width) { touched in
      touched.initialize(repeating: false)
      let touched = UnsafeMutableBufferPointer(rebasing: touched[...])
      pool.run((rows.count + step - 1) / step) { item, thread in
        let out = thread == 0 ? target : parts + (thread - 1) * size
        if !touched[thread] {
          clear(out, columns)
          touched[thread] = true
        }
        let range = (item * step)..<min(rows.count, (item + 1) * step)
        for g in 0..<wordGroups {
          add(rows, range, words[(g * group)..<min(words.count, (g + 1) * group)], to: out, isWholeTable, thread)
        }
      }
      if !touched[0] { clear(target, columns) }
      for thread in 1..<width where touched[thread] {
        let part = parts + (thread - 1) * size
        forEachLine(columns) { line, count in
          for i in 0..<count { target[line &+ i] &+= part[line &+ i] }
        }
      }
    }
  }

  /// Takes the histogram of one child from its parent's, which becomes the other child's.
  func subtract(_ child: Int, from parent: Int, columns: [Int]) {
    let a = lines(parent)
    let b = lines(child)
    forEachLine(columns) { line, count in
      for i in 0..<count { a[line &+ i] &-= b[line &+ i] }
    }
  }

  // MARK: Loops

  /// Visits the start of each column's line in each plane and the number of its bins.
  @inline(__always) private func forEachLine(_ columns: [Int], _ visit: (Int, Int) -> Void) {
    for plane in 0..<gradients.planes {
      for column in columns { visit(plane &* planeSize &+ column &* table.stride, table.cuts[column].count &+ 1) }
    }
  }

  private func clear(_ target: UnsafeMutablePointer<Int64>, _ columns: [Int]) {
    forEachLine(columns) { line, count in (target + line).update(repeating: 0, count: count) }
  }

  /// The words that hold a drawn column, ascending.
  private func wordsOf(_ columns: [Int]) -> [Int] {
    if columns.count == table.features.count { return Array(0..<table.wordCount) }
    var words: [Int] = []
    for column in columns where words.last != column / 8 { words.append(column / 8) }
    return words
  }

  /// Adds a range of rows for up to eight words of a row.
  private func add(
    _ rows: UnsafeBufferPointer<UInt32>, _ range: Range<Int>, _ words: ArraySlice<Int>,
    to target: UnsafeMutablePointer<Int64>, _ isWholeTable: Bool, _ thread: Int
  ) {
    switch table.stride {
    case 32: add(rows, range, words, to: target, isWholeTable, thread, stride: 32)
    case 64: add(rows, range, words, to: target, isWholeTable, thread, stride: 64)
    case 128: add(rows, range, words, to: target, isWholeTable, thread, stride: 128)
    default: add(rows, range, words, to: target, isWholeTable, thread, stride: 256)
    }
  }

  @inline(__always)
  private func add(
    _ rows: UnsafeBufferPointer<UInt32>, _ range: Range<Int>, _ words: ArraySlice<Int>,
    to target: UnsafeMutablePointer<Int64>, _ isWholeTable: Bool, _ thread: Int, stride: Int
  ) {
    guard let first = words.first, let order = rows.baseAddress else { return }
    let planes = gradients.planes
    let n = table.rowCount
    let packed = gradients.words.base
    let rowWords = table.wordCount
    let lineSize = 8 * stride
    let adjacent = words.last == first + words.count - 1
    table.words.withUnsafeBufferPointer { all in
      guard let all = all.baseAddress else { return }
      if isWholeTable {
        // Rows in their own order need no gathering.
        var begin = range.lowerBound
        while begin < range.upperBound {
          let end = min(range.upperBound, begin &+ 2 &* Self.tileRows)
          for word in words {
            for plane in 0..<planes {
              let line = target + (plane &* planeSize &+ word &* lineSize)
              let sum = packed + plane &* n
              var source = all + (begin &* rowWords &+ word)
              for i in begin..<end {
                Self.add(source.pointee, sum[i], to: line, stride: stride)
                source += rowWords
              }
            }
          }
          begin = end
        }
        return
      }
      let tile = tileWords.base + thread &* Self.tileRows &* 8
      let tileSum = tileSums.base + thread &* Self.tileRows &* planes
      var begin = range.lowerBound
      while begin < range.upperBound {
        let count = min(Self.tileRows, range.upperBound &- begin)
        let part = order + begin
        if adjacent {
          // Always eight words a row, those past the wanted ones unused: loads that do not wait for each other.
          for i in 0..<count {
            let source = UnsafeRawPointer(all + (Int(truncatingIfNeeded: part[i]) &* rowWords &+ first))
            let place = UnsafeMutableRawPointer(tile + i &* 8)
            place.storeBytes(of: source.loadUnaligned(as: SIMD4<UInt64>.self), as: SIMD4<UInt64>.self)
            if words.count > 4 {
              place.storeBytes(
                of: source.loadUnaligned(fromByteOffset: 32, as: SIMD4<UInt64>.self), toByteOffset: 32,
                as: SIMD4<UInt64>.self)
            }
          }
        } else {
          for i in 0..<count {
            let source = all + Int(truncatingIfNeeded: part[i]) &* rowWords
            for (k, word) in words.enumerated() { tile[i &* 8 &+ k] = source[word] }
          }
        }
        for plane in 0..<planes {
          let source = packed + plane &* n
          let place = tileSum + plane &* Self.tileRows
          for i in 0..<count { place[i] = source[Int(truncatingIfNeeded: part[i])] }
        }
        var source = tile
        for word in words {
          for plane in 0..<planes {
            let line = target + (plane &* planeSize &+ word &* lineSize)
            let place = tileSum + plane &* Self.tileRows
            var row = source
            for i in 0..<count {
              Self.add(row.pointee, place[i], to: line, stride: stride)
              row += 8
            }
          }
          source += 1
        }
        begin &+= count
      }
    }
  }

  /// Adds one row to the lines of eight columns: eight chains that do not wait for each other.
  @inline(__always)
  private static func add(_ bins: UInt64, _ sum: Int64, to line: UnsafeMutablePointer<Int64>, stride: Int) {
    line[Int(truncatingIfNeeded: bins & 0xff)] &+= sum
    line[stride &+ Int(truncatingIfNeeded: (bins &>> 8) & 0xff)] &+= sum
    line[2 &* stride &+ Int(truncatingIfNeeded: (bins &>> 16) & 0xff)] &+= sum
    line[3 &* stride &+ Int(truncatingIfNeeded: (bins &>> 24) & 0xff)] &+= sum
    line[4 &* stride &+ Int(truncatingIfNeeded: (bins &>> 32) & 0xff)] &+= sum
    line[5 &* stride &+ Int(truncatingIfNeeded: (bins &>> 40) & 0xff)] &+= sum
    line[6 &* stride &+ Int(truncatingIfNeeded: (bins &>> 48) & 0xff)] &+= sum
    line[7 &* stride &+ Int(truncatingIfNeeded: bins &>> 56)] &+= sum
  }
}
