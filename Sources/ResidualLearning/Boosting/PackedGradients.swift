/// Gradient and weight of each row as whole numbers in one word: gradient · 2³² + weight.
///
/// Whole numbers add up to the same sum in any order, so no histogram depends on threads or on the way it was made.
/// |Σ gradient| and Σ weight stay below 2³¹, the lower half is never negative, and plain 64-bit sums are exact on both.
/// Each output has a plane of words; where weights differ, one more plane counts the rows.
struct PackedGradients {
  /// Number of outputs.
  let outputs: Int
  /// Number of planes.
  let planes: Int
  /// The packed word of each row of the table, plane after plane.
  let words: ScratchMemory<Int64>
  /// What one step of the lower half is worth.
  let weightUnit: Double
  /// What one step of the upper half is worth, by output.
  private(set) var gradientUnits: [Double]
  private let rowCount: Int
  /// Whole-number weight of each row; `nil` for 1.
  private let weights: [Int64]?

  /// Rows whose gradients are summed together before the sums are.
  static let chunk = 4096

  /// Prepares the weights of the training rows; `nil` is weight 1.
  init(outputs: Int, weights: [Double]?, rows: [UInt32], rowCount: Int) {
    self.outputs = outputs
    self.rowCount = rowCount
    gradientUnits = [Double](repeating: 0, count: outputs)
    guard let weights, let first = rows.first.map({ weights[Int($0)] }) else {
      self.weights = nil
      weightUnit = 1
      planes = outputs
      words = ScratchMemory(outputs * rowCount)
      return
    }
    let total = rows.reduce(0.0) { $0 + weights[Int($1)] }
    let equal = rows.allSatisfy { weights[Int($0)] == first }
    let whole = total <= 0x1p30 && rows.allSatisfy { weights[Int($0)].rounded() == weights[Int($0)] }
    weightUnit = equal ? first : whole ? 1 : total / 0x1p30
    planes = outputs + (equal ? 0 : 1)
    words = ScratchMemory(planes * rowCount)
    if equal {
      self.weights = nil
      return
    }
    var steps = [Int64](repeating: 0, count: rowCount)
    for row in rows {
      steps[Int(row)] = max(1, Int64((weights[Int(row)] / weightUnit).rounded(.toNearestOrEven)))
      words.base[outputs * rowCount + Int(row)] = 1
    }
    self.weights = steps
  }

  /// Packs new gradients, an array of the table's rows for each output; false when they leave nothing to split.
  mutating func load(_ gradients: UnsafePointer<Double>, rows: UnsafeBufferPointer<UInt32>, pool: HelperPool) -> Bool {
    let n = rowCount
    let chunks = (rows.count + Self.chunk - 1) / Self.chunk
    let sums = ScratchMemory<Double>(chunks)
    defer { withExtendedLifetime(sums) {} }
    var useful = false
    for output in 0..<outputs {
      let line = gradients + output * n
      let target = words.base + output * n
      let partial = sums.base
      pool.run(chunks) { chunk, _ in
        var sum = 0.0
        for i in (chunk * Self.chunk)..<min(rows.count, (chunk + 1) * Self.chunk) {
          sum += abs(line[Int(truncatingIfNeeded: rows[i])])
        }
        partial[chunk] = sum
      }
      var total = 0.0
      for chunk in 0..<chunks { total += partial[chunk] }
      let isUseful = total > 0x1p-900 && total.isFinite
      useful = useful || isUseful
      gradientUnits[output] = isUseful ? total / 0x1p30 : 0
      let scale = isUseful ? 0x1p30 / total : 0
      let weights = weights
      pool.run(chunks) { chunk, _ in
        let range = (chunk * Self.chunk)..<min(rows.count, (chunk + 1) * Self.chunk)
        if let weights {
          let weight = weights.span
          for i in range {
            let row = Int(truncatingIfNeeded: rows[i])
            target[row] = Self.upperHalf(line[row] * scale) &+ weight[row]
          }
        } else {
          for i in range {
            let row = Int(truncatingIfNeeded: rows[i])
            target[row] = Self.upperHalf(line[row] * scale) &+ 1
          }
        }
      }
    }
    return useful
  }

  /// The nearest whole number, ties to even, times 2³²; for |x| < 2³¹.
  ///
  /// Adding 1.5 · 2⁵² leaves the whole number in the low bits of the sum.
  @inline(__always) private static func upperHalf(_ x: Double) -> Int64 {
    Int64(bitPattern: (x + 0x1.8p52).bitPattern) &<< 32
  }

  /// The packed sums of some rows, one a plane.
  func sums(_ rows: UnsafeBufferPointer<UInt32>) -> [Int64] {
    (0..<planes).map { plane in
      let line = words.base + plane * rowCount
      var sum: Int64 = 0
      for row in rows { sum &+= line[Int(truncatingIfNeeded: row)] }
      return sum
    }
  }
}

/// The gradient half of a packed sum.
@inline(__always) func gradientHalf(_ word: Int64) -> Int64 { word >> 32 }

/// The weight half of a packed sum.
@inline(__always) func weightHalf(_ word: Int64) -> Int64 { word & 0xffff_ffff }
