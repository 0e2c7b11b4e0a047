/// The best split of a leaf, from its histogram.
///
/// The quotient of a split is the sum over outputs of G_L²/(H_L+λ) + G_R²/(H_R+λ) in units of the packed sums, clipped
/// to the leaf's bounds where columns are constrained. These are whole numbers, so that splits that part the rows alike
/// tie exactly. Ties go to the lower column, then the lower bin, then missing on the
/// right.
struct SplitSearch {
  /// A candidate of one column.
  struct Candidate: BitwiseCopyable {
    var quotient: Double
    var column = -1
    var bin = 0
    var missingLeft = false
    /// Levels that go left, by bin; 0 for a numeric column.
    var levels: UInt64 = 0
  }

  /// What a leaf holds, for the search.
  struct Leaf {
    /// Packed sums by plane.
    var sums: [Int64]
    var rowCount: Int
    /// Allowed values of output 0, in units of the packed sums.
    var lower = -Double.infinity
    var upper = Double.infinity
  }

  let table: BinnedTable
  let outputs: Int
  /// Whether the plane behind the outputs counts rows.
  let isCounted: Bool
  let planeSize: Int
  let minRows: Int
  /// λ and the least weight of a side, in units of the packed weights.
  let lambda: Double
  let minWeight: Double
  /// What a squared packed gradient of each output counts; 1 for a single output.
  var importance: [Double]
  /// Sign of the allowed slope by binned column; empty without constraints.
  var monotone: [Int]

  /// Numbers of scratch a thread needs.
  static func scratchSize(planes: Int) -> Int { planes * lineSize }
  private static let lineSize = 272

  /// G²/(H+λ) summed over outputs, or what the leaf's bounds leave of it.
  func quotient(_ leaf: Leaf) -> Double {
    let h = Double(weightHalf(leaf.sums[0])) + lambda
    if outputs == 1 { return score(Double(gradientHalf(leaf.sums[0])), h, leaf) }
    var sum = 0.0
    for k in 0..<outputs {
      let g = Double(gradientHalf(leaf.sums[k]))
      sum += importance[k] * (g * g / h)
    }
    return sum
  }

  /// The value the leaf would have, in units of the packed sums.
  func value(of sum: Int64, in leaf: Leaf) -> Double {
    let h = Double(weightHalf(sum)) + lambda
    return min(max(-Double(gradientHalf(sum)) / h, leaf.lower), leaf.upper)
  }

  /// G²/H, or what the leaf's bounds leave of it.
  @inline(__always)
  private func score(_ gradient: Double, _ penalised: Double, _ leaf: Leaf) -> Double {
    let value = min(max(-gradient / penalised, leaf.lower), leaf.upper)
    return -(2 * gradient + penalised * value) * value
  }

  /// The best split of a column that beats `best`; `lines` is the leaf's slot.
  func improve(
    _ best: inout Candidate, column: Int, lines: UnsafePointer<Int64>, leaf: Leaf,
    scratch: UnsafeMutablePointer<Int64>
  ) {
    let line = lines + column * table.stride
    if table.isCategorical[column] {
      improveByLevels(&best, column, line, leaf)
    } else if !monotone.isEmpty {
      improveWithinBounds(&best, column, line, leaf)
    } else if outputs == 1 {
      if isCounted {
        improve(&best, column, line, leaf, scratch, outputs: 1, isCounted: true)
      } else {
        improve(&best, column, line, leaf, scratch, outputs: 1, isCounted: false)
      }
    } else {
      improve(&best, column, line, leaf, scratch, outputs: outputs, isCounted: isCounted)
    }
  }

  // MARK: Numeric columns

  @inline(__always)
  private func improve(
    _ best: inout Candidate, _ column: Int, _ line: UnsafePointer<Int64>, _ leaf: Leaf,
    _ scratch: UnsafeMutablePointer<Int64>, outputs: Int, isCounted: Bool
  ) {
    let bins = table.cuts[column].count
    let hasMissing = line[bins] != 0
    let floor = best
    for direction in 0..<(hasMissing ? 2 : 1) {
      let missingLeft = direction == 1
      let end = hasMissing && !missingLeft ? bins : bins - 1
      var bestValue = SIMD4<Double>(repeating: floor.quotient)
      var bestBin = SIMD4<Int64>(repeating: -1)
      var bin4 = SIMD4<Int64>(0, 1, 2, 3)
      forEachQuotient(line, bins, end, missingLeft, leaf, scratch, outputs: outputs, isCounted: isCounted) {
        _, quotient, legal in
        let better = legal .& (quotient .> bestValue)
        bestValue.replace(with: quotient, where: better)
        bestBin.replace(with: bin4, where: better)
        bin4 = bin4 &+ 4
      }
      for k in 0..<4 where bestBin[k] >= 0 {
        let bin = Int(bestBin[k])
        let isTie = bestValue[k] == best.quotient && best.column == column && bin < best.bin
        if bestValue[k] > best.quotient || isTie {
          best = Candidate(quotient: bestValue[k], column: column, bin: bin, missingLeft: missingLeft)
        }
      }
    }
  }

  /// Visits the quotients of four bins at a time with the mask of legal ones; bins from `end` on are never legal.
  @inline(__always)
  private func forEachQuotient(
    _ line: UnsafePointer<Int64>, _ bins: Int, _ end: Int, _ missingLeft: Bool, _ leaf: Leaf,
    _ scratch: UnsafeMutablePointer<Int64>, outputs: Int, isCounted: Bool,
    _ visit: (Int, SIMD4<Double>, SIMDMask<SIMD4<Int64>>) -> Void
  ) {
    for plane in 0..<(outputs &+ (isCounted ? 1 : 0)) {
      let from = line + plane &* planeSize
      let to = scratch + plane &* Self.lineSize
      var sum = missingLeft ? from[bins] : 0
      for bin in 0..<end {
        sum &+= from[bin]
        to[bin] = sum
      }
      // No rows on the left: not legal.
      for k in 0..<4 { to[end &+ k] = 0 }
    }
    let rows = Double(leaf.rowCount)
    // The count is the weight where weights are equal.
    let least = isCounted ? minWeight : max(minWeight, Double(minRows))
    let leastRows = Double(minRows)
    let h = Double(weightHalf(leaf.sums[0])) + 2 * lambda
    let bytes = UnsafeRawPointer(scratch)
    var bin = 0
    while bin < end {
      let first = bytes.loadUnaligned(fromByteOffset: bin &* 8, as: SIMD8<Int32>.self)
      let weight = SIMD4<Double>(first.evenHalf)
      let hl = weight + lambda
      let hr = h - hl
      let gl = SIMD4<Double>(first.oddHalf)
      let gr = Double(gradientHalf(leaf.sums[0])) - gl
      var numerator = gl * gl * hr + gr * gr * hl
      if outputs > 1 { numerator *= importance[0] }
      for k in 1..<max(1, outputs) {
        let word = bytes.loadUnaligned(
          fromByteOffset: (k &* Self.lineSize &+ bin) &* 8, as: SIMD8<Int32>.self)
        let left = SIMD4<Double>(word.oddHalf)
        let right = Double(gradientHalf(leaf.sums[k])) - left
        numerator += importance[k] * (left * left * hr + right * right * hl)
      }
      var legal = (weight .>= least) .& ((hr - lambda) .>= least)
      if isCounted {
        let word = bytes.loadUnaligned(
          fromByteOffset: (outputs &* Self.lineSize &+ bin) &* 8, as: SIMD8<Int32>.self)
        let count = SIMD4<Double>(word.evenHalf)
        legal = legal .& (count .>= leastRows) .& ((rows - count) .>= leastRows)
      }
      visit(bin, numerator / (hl * hr), legal)
      bin &+= 4
    }
  }

  /// Adds the gain of each split of a numeric column in one leaf to `gains`: bins with missing values on the right, then
  /// bins with them on the left, `lineSize` apart.
  func addGains(
    to gains: UnsafeMutablePointer<Double>, column: Int, lines: UnsafePointer<Int64>, leaf: Leaf,
    scratch: UnsafeMutablePointer<Int64>, gain: (_ children: Double, _ parent: Double) -> Double
  ) {
    let line = lines + column * table.stride
    let bins = table.cuts[column].count
    let hasMissing = line[bins] != 0
    let parent = quotient(leaf)
    for direction in 0..<(hasMissing ? 2 : 1) {
      let missingLeft = direction == 1
      let end = hasMissing && !missingLeft ? bins : bins - 1
      // A leaf that misses no value gains the same whichever side is for missing ones.
      let out = gains + direction * Self.lineSize
      let other = hasMissing ? nil : gains + Self.lineSize
      func add(_ bin: Int, _ quotient: Double) {
        let won = gain(quotient, parent)
        out[bin] += won
        if let other { other[bin] += won }
      }
      if monotone.isEmpty {
        forEachQuotient(line, bins, end, missingLeft, leaf, scratch, outputs: outputs, isCounted: isCounted) {
          bin, quotient, legal in
          for k in 0..<4 where legal[k] { add(bin &+ k, quotient[k]) }
        }
      } else {
        forEachBounded(column, line, leaf, missingLeft, end, add)
      }
    }
  }

  /// Numbers `addGains` fills.
  static let gainsSize = 2 * lineSize
  /// The gain of a split in what `addGains` filled.
  static func gain(_ gains: UnsafePointer<Double>, bin: Int, missingLeft: Bool) -> Double {
    gains[(missingLeft ? lineSize : 0) &+ bin]
  }

  // MARK: Constrained columns

  private func improveWithinBounds(
    _ best: inout Candidate, _ column: Int, _ line: UnsafePointer<Int64>, _ leaf: Leaf
  ) {
    let bins = table.cuts[column].count
    let hasMissing = line[bins] != 0
    for direction in 0..<(hasMissing ? 2 : 1) {
      let missingLeft = direction == 1
      forEachBounded(column, line, leaf, missingLeft, hasMissing && !missingLeft ? bins : bins - 1) { bin, quotient in
        let isTie = quotient == best.quotient && best.column == column && bin < best.bin
        if quotient > best.quotient || isTie {
          best = Candidate(quotient: quotient, column: column, bin: bin, missingLeft: missingLeft)
        }
      }
    }
  }

  /// Visits the legal splits of a column that keep the order of its constraint.
  @inline(__always)
  private func forEachBounded(
    _ column: Int, _ line: UnsafePointer<Int64>, _ leaf: Leaf, _ missingLeft: Bool, _ end: Int,
    _ visit: (Int, Double) -> Void
  ) {
    let sign = Double(monotone[column])
    let bins = table.cuts[column].count
    let counts = line + outputs &* planeSize
    var left = missingLeft ? line[bins] : 0
    var count = missingLeft && isCounted ? counts[bins] : 0
    for bin in 0..<end {
      left &+= line[bin]
      if isCounted { count &+= counts[bin] }
      let rows = Int(isCounted ? count : weightHalf(left))
      guard rows >= minRows && leaf.rowCount - rows >= minRows else { continue }
      if let quotient = bounded(left, leaf, sign) { visit(bin, quotient) }
    }
  }

  /// The quotient of a split by its left sum, within the leaf's bounds; nil: not legal.
  private func bounded(_ left: Int64, _ leaf: Leaf, _ sign: Double) -> Double? {
    let right = leaf.sums[0] &- left
    let hl = Double(weightHalf(left))
    let hr = Double(weightHalf(right))
    guard hl >= minWeight && hr >= minWeight else { return nil }
    if sign != 0, sign * (value(of: right, in: leaf) - value(of: left, in: leaf)) < 0 { return nil }
    return score(Double(gradientHalf(left)), hl + lambda, leaf)
      + score(Double(gradientHalf(right)), hr + lambda, leaf)
  }

  // MARK: Categorical columns

  /// Splits levels ordered by G/(H+λ) of output 0, as if they were numbers.
  ///
  /// - Source: W. D. Fisher, J. Am. Stat. Assoc. 53 (1958) 789: one such split is best for squared loss.
  private func improveByLevels(
    _ best: inout Candidate, _ column: Int, _ line: UnsafePointer<Int64>, _ leaf: Leaf
  ) {
    let bins = table.cuts[column].count
    let present = (0..<bins).filter { line[$0] != 0 }
    func ratio(_ bin: Int) -> Double {
      Double(gradientHalf(line[bin])) / (Double(weightHalf(line[bin])) + lambda)
    }
    let ratios = (0..<bins).map { ratio($0) }
    let order = present.sorted { (ratios[$0], $0) < (ratios[$1], $1) }
    let planes = outputs + (isCounted ? 1 : 0)
    for direction in 0..<(line[bins] != 0 ? 2 : 1) {
      var left = (0..<planes).map { direction == 1 ? line[$0 * planeSize + bins] : 0 }
      var levels: UInt64 = 0
      for (place, bin) in order.enumerated() {
        for plane in 0..<planes { left[plane] &+= line[plane * planeSize + bin] }
        levels |= 1 << UInt64(bin)
        let rows = Int(weightHalf(left[isCounted ? outputs : 0]))
        guard rows >= minRows && leaf.rowCount - rows >= minRows, var quotient = bounded(left[0], leaf, 0) else {
          continue
        }
        if outputs > 1 { quotient *= importance[0] }
        for k in 1..<max(1, outputs) {
          let gl = Double(gradientHalf(left[k]))
          let gr = Double(gradientHalf(leaf.sums[k])) - gl
          let hl = Double(weightHalf(left[k])) + lambda
          let hr = Double(weightHalf(leaf.sums[k] &- left[k])) + lambda
          quotient += importance[k] * (gl * gl / hl + gr * gr / hr)
        }
        if quotient > best.quotient {
          best = Candidate(
            quotient: quotient, column: column, bin: place, missingLeft: direction == 1, levels: levels)
        }
      }
    }
  }
}
