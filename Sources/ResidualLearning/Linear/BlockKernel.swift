#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
internal import NumericalMethods

/// A covariance made of parts: a constant, for every block of columns a linear and a radial part, a radial part over
/// all columns, and one for equal groups. Every part has its own variance.
///
/// Parts in order: constant; for each block linear `a·b/d` (if `linear`) and radial `exp(−r²/(2·s·d))` (if `radial`),
/// `d` columns in the block and `s` the length scale factor; radial over all columns (if `radial`); equal group, 1 or 0
/// (if `group`).
public struct BlockKernel: Sendable, Hashable, Codable {
  /// Whether each block has a linear part.
  public let linear: Bool
  /// Whether each block, and all columns together, have a radial part.
  public let radial: Bool
  /// Whether there is a part for equal groups.
  public let group: Bool
  /// Squared length scale of the radial parts in units of the number of their columns, positive.
  public let lengthScaleFactor: Double
  /// Columns of every block, from 0; no block is empty.
  public let blocks: [[Int]]
  /// Columns of the inputs.
  public let columns: Int

  init(linear: Bool, radial: Bool, group: Bool, lengthScaleFactor: Double, blocks: [[Int]], columns: Int) {
    self.linear = linear
    self.radial = radial
    self.group = group
    self.lengthScaleFactor = lengthScaleFactor
    self.blocks = blocks.filter { !$0.isEmpty }
    self.columns = columns
  }

  /// Number of parts.
  public var count: Int {
    1 + blocks.count * ((linear ? 1 : 0) + (radial ? 1 : 0)) + (radial && columns > 0 ? 1 : 0) + (group ? 1 : 0)
  }

  /// Calls `body` with the place, the columns and the kind of every part made from columns.
  private func forEachColumnPart(_ body: (_ part: Int, _ columns: [Int], _ isLinear: Bool) -> Void) {
    var part = 1
    for block in blocks {
      if linear {
        body(part, block, true)
        part += 1
      }
      if radial {
        body(part, block, false)
        part += 1
      }
    }
    if radial && columns > 0 { body(part, Array(0..<columns), false) }
  }

  /// Every part between the rows of `x`: row `k` is part `k`, its upper triangle packed row by row.
  func triangles(_ x: Matrix, groups: [Int]) -> Matrix {
    let n = x.rows
    let length = n * (n + 1) / 2
    var out = Matrix(rows: count, columns: length)
    out.storage.withUnsafeMutableBufferPointer { storage in
      for e in 0..<length { storage[e] = 1 }
      forEachColumnPart { part, columns, isLinear in
        var e = part * length
        let y = x.selecting(columns: columns)
        for i in 0..<n {
          for j in i..<n {
            storage[e] = value(y, i, y, j, isLinear)
            e += 1
          }
        }
      }
      guard group else { return }
      var e = (count - 1) * length
      for i in 0..<n {
        for j in i..<n {
          storage[e] = i == j || (groups[i] == groups[j] && groups[i] >= 0) ? 1 : 0
          e += 1
        }
      }
    }
    return out
  }

  /// The covariance between the rows of `a` and the rows of `b`, which are different observations.
  func covariance(_ a: Matrix, groups ga: [Int], _ b: Matrix, groups gb: [Int], variances: [Double]) -> Matrix {
    var out = Matrix(rows: a.rows, columns: b.rows, repeating: variances[0])
    out.storage.withUnsafeMutableBufferPointer { storage in
      forEachColumnPart { part, columns, isLinear in
        let (p, q, v) = (a.selecting(columns: columns), b.selecting(columns: columns), variances[part])
        var e = 0
        for i in 0..<p.rows {
          for j in 0..<q.rows {
            storage[e] += v * value(p, i, q, j, isLinear)
            e += 1
          }
        }
      }
      guard group else { return }
      let v = variances[count - 1]
      for i in 0..<a.rows where ga[i] >= 0 {
        for j in 0..<b.rows where ga[i] == gb[j] { storage[i * b.rows + j] += v }
      }
    }
    return out
  }

  /// The prior variance of every row of `x`.
  func diagonal(_ x: Matrix, variances: [Double]) -> [Double] {
    var out = [Double](repeating: variances[0] + (group ? variances[count - 1] : 0), count: x.rows)
    forEachColumnPart { part, columns, isLinear in
      let y = x.selecting(columns: columns)
      for i in 0..<x.rows { out[i] += variances[part] * value(y, i, y, i, isLinear) }
    }
    return out
  }

  /// One part between row `i` of `a` and row `j` of `b`, whose columns are the part's own.
  @inline(__always)
  private func value(_ a: Matrix, _ i: Int, _ b: Matrix, _ j: Int, _ isLinear: Bool) -> Double {
    let d = a.columns
    return a.storage.withUnsafeBufferPointer { p in
      b.storage.withUnsafeBufferPointer { q in
        var sum = 0.0
        if isLinear {
          for c in 0..<d { sum += p[i * d + c] * q[j * d + c] }
          return sum / Double(d)
        }
        for c in 0..<d {
          let difference = p[i * d + c] - q[j * d + c]
          sum += difference * difference
        }
        return exp(-0.5 * sum / (lengthScaleFactor * Double(d)))
      }
    }
  }

  /// What is wrong with the blocks or the length scale, if anything.
  var fault: String? {
    if !(lengthScaleFactor > 0 && lengthScaleFactor.isFinite) {
      return "length scale factor \(lengthScaleFactor) is not positive"
    }
    if columns < 0 { return "\(columns) columns" }
    for block in blocks {
      if block.isEmpty { return "a block without columns" }
      for j in block where j < 0 || j >= columns { return "a block names column \(j) of \(columns)" }
    }
    return nil
  }
}
