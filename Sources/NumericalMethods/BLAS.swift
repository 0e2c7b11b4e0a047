internal import CBLAS

/// Ends OpenBLAS's own worker threads, for a program to call first, before any other thread may be in BLAS.
///
/// They start with the process and spin for about a tenth of a second before they sleep; nothing here uses them, as
/// work is shared out above BLAS.
public func endBLASWorkers() { solidfade_end_blas_workers() }

/// A number type whose matrix products OpenBLAS computes.
public protocol BLASScalar: BinaryFloatingPoint, Codable, Hashable, Sendable {
  /// Sets `c` (m × n) to `op(a) · op(b)`, plus what `c` holds when `adding`; all row-major without gaps.
  ///
  /// - Parameters:
  ///   - m: rows of `c`.
  ///   - n: columns of `c`.
  ///   - k: inner length of the product.
  ///   - a: m × k values, k × m when `transposedA`.
  ///   - b: k × n values, n × k when `transposedB`.
  ///   - c: m × n values; must not overlap `a` or `b`.
  static func multiply(
    rows m: Int, columns n: Int, inner k: Int, _ a: UnsafePointer<Self>, transposedA: Bool,
    _ b: UnsafePointer<Self>, transposedB: Bool, into c: UnsafeMutablePointer<Self>, adding: Bool)
}

extension Double: BLASScalar {
  /// The product of two matrices of `Double`.
  public static func multiply(
    rows m: Int, columns n: Int, inner k: Int, _ a: UnsafePointer<Double>, transposedA: Bool,
    _ b: UnsafePointer<Double>, transposedB: Bool, into c: UnsafeMutablePointer<Double>, adding: Bool
  ) {
    _ = singleThread
    guard m > 0, n > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, transposedA ? CblasTrans : CblasNoTrans, transposedB ? CblasTrans : CblasNoTrans, Int32(m),
      Int32(n), Int32(k), 1, a, Int32(max(1, transposedA ? m : k)), b, Int32(max(1, transposedB ? k : n)),
      adding ? 1 : 0, c, Int32(n))
  }
}

extension Float: BLASScalar {
  /// The product of two matrices of `Float`.
  public static func multiply(
    rows m: Int, columns n: Int, inner k: Int, _ a: UnsafePointer<Float>, transposedA: Bool,
    _ b: UnsafePointer<Float>, transposedB: Bool, into c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    _ = singleThread
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposedA ? CblasTrans : CblasNoTrans, transposedB ? CblasTrans : CblasNoTrans, Int32(m),
      Int32(n), Int32(k), 1, a, Int32(max(1, transposedA ? m : k)), b, Int32(max(1, transposedB ? k : n)),
      adding ? 1 : 0, c, Int32(n))
  }
}
