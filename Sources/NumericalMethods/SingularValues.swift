internal import CBLAS

/// The thin singular value decomposition A = U·diag(s)·Vᵀ of an m × n matrix with m ≥ n.
public struct SingularValues: Sendable, Hashable {
  /// The singular values, descending, n of them.
  public let values: [Double]
  /// Left vectors, m × n, one a column.
  public let left: Matrix
  /// Right vectors, n × n, one a row.
  public let right: Matrix

  /// Decomposes `a`, which has at least as many rows as columns and holds finite numbers only.
  ///
  /// - Throws: `LinearAlgebraError.noConvergence`.
  public init(_ a: Matrix) throws(LinearAlgebraError) {
    _ = singleThread
    precondition(a.rows >= a.columns, "a thin decomposition of \(a.rows) × \(a.columns)")
    // Row-major A is column-major Aᵀ = V·diag(s)·Uᵀ.
    var m = Int32(a.rows)
    var n = Int32(a.columns)
    var s = [Double](repeating: 0, count: a.columns)
    var u = Matrix(rows: a.rows, columns: a.columns)
    var v = Matrix(rows: a.columns, columns: a.columns)
    guard n > 0 else {
      (values, left, right) = (s, u, v)
      return
    }
    var work = a.storage
    var scratch = [Double](repeating: 0, count: 5 * a.columns + 2 * a.rows + 64)
    var size = Int32(scratch.count)
    var info: Int32 = 0
    work.withUnsafeMutableBufferPointer { w in
      s.withUnsafeMutableBufferPointer { s in
        u.storage.withUnsafeMutableBufferPointer { u in
          v.storage.withUnsafeMutableBufferPointer { v in
            scratch.withUnsafeMutableBufferPointer { t in
              dgesvd_(
                "S", "S", &n, &m, w.baseAddress, &n, s.baseAddress, v.baseAddress, &n, u.baseAddress, &n,
                t.baseAddress, &size, &info)
            }
          }
        }
      }
    }
    if info != 0 { throw .noConvergence }
    (values, left, right) = (s, u, v)
  }
}
