import Foundation
import NumericalMethods
import Testing

@Suite("Matrix products and factorisations")
struct LinearAlgebraTests {
  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, purpose: "matrix")
    var out = Matrix(rows: rows, columns: columns)
    for k in out.storage.indices { out.storage[k] = stream.normal() }
    return out
  }

  private func gap(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }

  private func plainProduct(_ a: Matrix, _ b: Matrix) -> Matrix {
    var out = Matrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns { out[i, j] = (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
    }
    return out
  }

  @Test("A product with a vector is written over what stood there, also where there is nothing to add up")
  func productInPlace() {
    let a = random(5, 7, seed: 1)
    for isTransposed in [false, true] {
      let x = random(1, isTransposed ? 5 : 7, seed: 2).storage
      var out = [Double](repeating: 9, count: isTransposed ? 7 : 5)
      a.multiply(x, transposed: isTransposed, into: &out)
      #expect(out == a.times(x, transposed: isTransposed))
      var nothing = [9.0, 9]
      Matrix(rows: isTransposed ? 0 : 2, columns: isTransposed ? 2 : 0)
        .multiply([], transposed: isTransposed, into: &nothing)
      #expect(nothing == [0, 0])
    }
  }

  @Test("BLAS products equal plain loops, transposed or not")
  func products() {
    let (a, b) = (random(5, 7, seed: 1), random(7, 3, seed: 2))
    let expected = plainProduct(a, b)
    #expect(gap(Matrix.product(a, b).storage, expected.storage) < 1e-13)
    #expect(gap(Matrix.product(a.transposed, transposed: true, b).storage, expected.storage) < 1e-13)
    let both = Matrix.product(a.transposed, transposed: true, b.transposed, transposed: true)
    #expect(gap(both.storage, expected.storage) < 1e-13)
    #expect(gap(a.times(b.column(1)), expected.column(1)) < 1e-13)
    #expect(gap(a.times(a.column(0), transposed: true), plainProduct(a.transposed, a).column(0)) < 1e-13)
    #expect(Matrix(rows: 0, columns: 2).times([1, 2]) == [] && Matrix(rows: 2, columns: 0).times([]) == [0, 0])
  }

  @Test("Products of Float add to what is there")
  func floatProduct() {
    let (a, b) = (random(4, 6, seed: 3), random(6, 2, seed: 4))
    var c = [Float](repeating: 1, count: 8)
    Float.multiply(
      rows: 4, columns: 2, inner: 6, a.storage.map { Float($0) }, transposedA: false,
      b.transposed.storage.map { Float($0) }, transposedB: true, into: &c, adding: true)
    #expect(gap(c.map { Double($0) }, plainProduct(a, b).storage.map { $0 + 1 }) < 1e-5)
  }

  @Test("A Cholesky factor rebuilds, solves and inverts its matrix, and refuses an indefinite one")
  func cholesky() throws {
    let root = random(6, 9, seed: 5)
    let a = plainProduct(root, root.transposed)
    let factor = try Cholesky(a)
    var lower = Matrix(rows: 6, columns: 6)
    for i in 0..<6 { for j in 0...i { lower[i, j] = factor.lower(i, j) } }
    #expect(gap(plainProduct(lower, lower.transposed).storage, a.storage) < 1e-12)
    #expect(gap(plainProduct(a, factor.inverse).storage, Matrix.identity(6).storage) < 1e-10)
    let b = random(3, 6, seed: 6)
    let solved = factor.solve(rows: b)
    for k in 0..<3 {
      #expect(gap(a.times(solved.row(k)), b.row(k)) < 1e-10)
      #expect(gap(factor.solve(b.row(k)), solved.row(k)) < 1e-12)
    }
    let byHand = try Cholesky(Matrix([[4, 2], [2, 3]]))
    #expect(abs(byHand.logDeterminant - log(8)) < 1e-14)
    #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) { try Cholesky(Matrix([[1, 2], [2, 1]])) }
  }

  @Test("Eigenvectors and eigenvalues rebuild the matrix")
  func eigen() throws {
    let root = random(5, 5, seed: 7)
    let a = plainProduct(root, root.transposed)
    let (values, vectors) = try symmetricEigen(a)
    #expect(values == values.sorted())
    var scaled = vectors
    for k in 0..<5 { for j in 0..<5 { scaled[k, j] *= values[k] } }
    #expect(gap(plainProduct(vectors.transposed, scaled).storage, a.storage) < 1e-12)
  }

  @Test(
    "Sizes that disagree with the elements are refused when decoding",
    arguments: [(2, 2, 3), (-1, -3, 3), (.max, 2, 2), (0, 1, 1)])
  func decoding(rows: Int, columns: Int, count: Int) throws {
    let values = [Double](repeating: 1, count: count)
    let text = "{\"rows\":\(rows),\"columns\":\(columns),\"storage\":\(values)}"
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Matrix.self, from: Data(text.utf8)) }
    let whole = random(2, 3, seed: 8)
    #expect(try JSONDecoder().decode(Matrix.self, from: JSONEncoder().encode(whole)) == whole)
  }
}
