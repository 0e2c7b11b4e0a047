internal import CBLAS

/// What a factorisation can run into.
public enum LinearAlgebraError: Error, Hashable, Sendable {
  /// The leading minor of this order is not positive: the matrix is not positive definite.
  case notPositiveDefinite(order: Int)
  /// The eigenvalue iteration did not converge.
  case noConvergence
}

/// One BLAS thread: outer parallelism is faster for matrices of this size, and bits then never depend on threads.
let singleThread: Void = openblas_set_num_threads(1)

extension Matrix {
  /// The product `op(a) · op(b)`, where `op` transposes when asked to.
  public static func product(
    _ a: Matrix, transposed ta: Bool = false, _ b: Matrix, transposed tb: Bool = false
  ) -> Matrix {
    _ = singleThread
    let m = ta ? a.columns : a.rows
    let k = ta ? a.rows : a.columns
    let n = tb ? b.rows : b.columns
    precondition(k == (tb ? b.columns : b.rows), "product of \(m) × \(k) with \(tb ? b.columns : b.rows) × \(n)")
    var out = Matrix(rows: m, columns: n)
    guard m > 0, n > 0, k > 0 else { return out }
    out.storage.withUnsafeMutableBufferPointer { c in
      cblas_dgemm(
        CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, Int32(m), Int32(n),
        Int32(k), 1, a.storage, Int32(a.columns), b.storage, Int32(b.columns), 0, c.baseAddress, Int32(n))
    }
    return out
  }

  /// The product of the matrix, or of its transpose, with a vector.
  public func times(_ x: [Double], transposed: Bool = false) -> [Double] {
    var out = [Double](repeating: 0, count: transposed ? columns : rows)
    multiply(x, transposed: transposed, into: &out)
    return out
  }

  /// The same product written over a vector of its length, for the innermost loops.
  public func multiply(_ x: [Double], transposed: Bool = false, into out: inout [Double]) {
    _ = singleThread
    precondition(x.count == (transposed ? rows : columns), "\(rows) × \(columns) times a vector of \(x.count)")
    precondition(out.count == (transposed ? columns : rows), "a product of \(out.count) values")
    guard rows > 0, columns > 0 else {
      for k in out.indices { out[k] = 0 }
      return
    }
    out.withUnsafeMutableBufferPointer { y in
      cblas_dgemv(
        CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, Int32(rows), Int32(columns), 1, storage,
        Int32(columns), x, 1, 0, y.baseAddress, 1)
    }
  }
}

/// The Cholesky factor of a symmetric positive definite matrix, A = L·Lᵀ.
public struct Cholesky: Sendable, Hashable {
  /// The factor as LAPACK leaves it: column-major lower = row-major upper triangle; the rest is not meaningful.
  private var factor: [Double]
  /// Order of the matrix.
  public let order: Int

  /// Factors `a`, of which one triangle is read.
  ///
  /// - Throws: `LinearAlgebraError.notPositiveDefinite`.
  public init(_ a: Matrix) throws(LinearAlgebraError) {
    _ = singleThread
    precondition(a.rows == a.columns, "Cholesky of \(a.rows) × \(a.columns)")
    var work = a.storage
    var n = Int32(a.rows)
    var info: Int32 = 0
    if n > 0 { work.withUnsafeMutableBufferPointer { dpotrf_("L", &n, $0.baseAddress, &n, &info) } }
    if info != 0 { throw .notPositiveDefinite(order: Int(info)) }
    factor = work
    order = a.rows
  }

  /// log det A.
  public var logDeterminant: Double {
    var sum = 0.0
    for i in 0..<order { sum += Double.logOf(factor[i * order + i]) }
    return 2 * sum
  }

  /// The element L[i, j], j ≤ i.
  public func lower(_ i: Int, _ j: Int) -> Double { factor[j * order + i] }

  /// Solves A x = b for one right-hand side of `order` values.
  public func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == order, "a right-hand side of \(b.count) for order \(order)")
    var x = b
    var n = Int32(order)
    var one: Int32 = 1
    var info: Int32 = 0
    if n > 0 { x.withUnsafeMutableBufferPointer { dpotrs_("L", &n, &one, factor, &n, $0.baseAddress, &n, &info) } }
    return x
  }

  /// Solves A x = b for every row b of `rows`; row k of the result is the solution of row k.
  public func solve(rows b: Matrix) -> Matrix {
    precondition(b.columns == order, "right-hand sides of \(b.columns) for order \(order)")
    var x = b
    var n = Int32(order)
    var count = Int32(b.rows)
    var info: Int32 = 0
    guard n > 0, count > 0 else { return x }
    x.storage.withUnsafeMutableBufferPointer {
      dpotrs_("L", &n, &count, factor, &n, $0.baseAddress, &n, &info)
    }
    return x
  }

  /// A⁻¹, symmetric.
  public var inverse: Matrix {
    var work = factor
    var n = Int32(order)
    var info: Int32 = 0
    if n > 0 { work.withUnsafeMutableBufferPointer { dpotri_("L", &n, $0.baseAddress, &n, &info) } }
    for i in 0..<order { for j in 0..<i { work[i * order + j] = work[j * order + i] } }
    return Matrix(rows: order, columns: order, storage: work)
  }
}

/// Eigenvalues (ascending) and eigenvectors of a symmetric matrix.
///
/// - Returns: `values`, and `vectors` with the eigenvector of `values[k]` in row `k`, its largest element positive.
/// - Throws: `LinearAlgebraError.noConvergence`.
public func symmetricEigen(_ a: Matrix) throws(LinearAlgebraError) -> (values: [Double], vectors: Matrix) {
  _ = singleThread
  precondition(a.rows == a.columns, "eigenvalues of \(a.rows) × \(a.columns)")
  var n = Int32(a.rows)
  var values = [Double](repeating: 0, count: a.rows)
  guard n > 0 else { return ([], a) }
  var work = a.storage
  var scratch = [Double](repeating: 0, count: max(1, 34 * a.rows))
  var size = Int32(scratch.count)
  var info: Int32 = 0
  work.withUnsafeMutableBufferPointer { w in
    values.withUnsafeMutableBufferPointer { v in
      scratch.withUnsafeMutableBufferPointer { s in
        dsyev_("V", "L", &n, w.baseAddress, &n, v.baseAddress, s.baseAddress, &size, &info)
      }
    }
  }
  if info != 0 { throw .noConvergence }
  var vectors = Matrix(rows: a.rows, columns: a.rows, storage: work)
  for k in 0..<a.rows {
    let row = vectors.row(k)
    let lead = row.max { abs($0) < abs($1) } ?? 1
    if lead < 0 { for j in 0..<a.rows { vectors[k, j] = -row[j] } }
  }
  return (values, vectors)
}

extension Double {
  /// log(x), in one place for this module's files.
  static func logOf(_ x: Double) -> Double { _log(x) }
}
