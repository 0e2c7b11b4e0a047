import Foundation
import NumericalMethods
import Testing

@Suite("Bounded Levenberg–Marquardt")
struct LeastSquaresTests {
  private let wide = [Double](repeating: .infinity, count: 2)

  private func rosenbrock(_ x: [Double]) -> [Double] { [10 * (x[1] - x[0] * x[0]), 1 - x[0]] }

  @Test("Finds what scipy finds, with its covariance and singular values, free and at a bound")
  func scipy() throws {
    let reference = try CurveReference.load()
    for p in reference.problems {
      let found = try minimizeLeastSquares(
        start: p.start, lower: p.lower, upper: p.upper, scales: [1, 1, 1]
      ) { v in zip(reference.t, reference.y).map { v[0] * exp(-v[1] * $0) + v[2] - $1 } }
      #expect(found.converged)
      // scipy's interior method stops about 1e-8 short of a bound.
      #expect(largestGap(found.x, p.x) < 2e-7, "\(p.name): \(found.x), scipy \(p.x)")
      #expect(abs(found.cost - p.cost) < 1e-8 * p.cost + 1e-9)
      #expect(largestGap(found.singularValues, p.singular) < 1e-5)
      let covariance = try #require(found.covariance)
      #expect(largestGap(covariance.storage, p.covariance.flatMap { $0 }) < 1e-4)
    }
  }

  @Test("Finds the minimum of Rosenbrock's valley, whatever the scales", arguments: [1e-3, 1, 1e3])
  func valley(scale: Double) throws {
    let found = try minimizeLeastSquares(
      start: [-1.2, 1], lower: wide.map { -$0 }, upper: wide, scales: [scale, 1], residuals: rosenbrock)
    #expect(found.cost < 1e-16 && largestGap(found.x, [1, 1]) < 1e-7)
  }

  @Test("Stops exactly at the bound that holds the minimum off")
  func bound() throws {
    let found = try minimizeLeastSquares(
      start: [-1, 1], lower: [-2, -2], upper: [0.5, 2], scales: [1, 1], residuals: rosenbrock)
    #expect(found.x[0] == 0.5 && abs(found.x[1] - 0.25) < 1e-8 && abs(found.cost - 0.125) < 1e-12)
  }

  @Test("A variable without influence gives ratio 0, names its direction, and has no covariance")
  func silent() throws {
    let found = try minimizeLeastSquares(
      start: [2, 3], lower: wide.map { -$0 }, upper: wide, scales: [1, 1]
    ) { [$0[0] - 1, 2 * $0[0] - 2, 0.5 * $0[0]] }
    #expect(found.singularValueRatio == 0 && found.covariance == nil)
    #expect(abs(found.directions[1, 1]) == 1 && found.x[1] == 3)
  }

  @Test("Jacobian and covariance are those of a straight line")
  func line() throws {
    let t = [0.0, 1, 2, 3]
    let found = try minimizeLeastSquares(
      start: [0, 0], lower: wide.map { -$0 }, upper: wide, scales: [1, 10]
    ) { v in t.map { v[0] + v[1] * $0 - (1 + 2 * $0) } }
    #expect(largestGap(found.x, [1, 2]) < 1e-10)
    #expect(largestGap(found.jacobian.storage, t.flatMap { [1, $0] }) < 1e-8)
    // (JᵀJ)⁻¹ of [[4, 6], [6, 14]].
    #expect(largestGap(try #require(found.covariance).storage, [0.7, -0.3, -0.3, 0.2]) < 1e-8)
  }

  @Test("A step into non-finite residuals is taken back; a start there is an error")
  func nonFinite() throws {
    func root(_ x: [Double]) -> [Double] { [x[0] > 0 ? log(x[0]) : .nan, 0] }
    let found = try minimizeLeastSquares(start: [9], lower: [-50], upper: [50], scales: [1], residuals: root)
    #expect(abs(found.x[0] - 1) < 1e-8)
    #expect(throws: LeastSquaresError.nonFiniteResiduals(at: [-1])) {
      try minimizeLeastSquares(start: [-1], lower: [-50], upper: [50], scales: [1], residuals: root)
    }
    #expect(throws: LeastSquaresError.tooFewResiduals(1, variables: 2)) {
      try minimizeLeastSquares(start: [1, 1], lower: [0, 0], upper: [2, 2], scales: [1, 1]) { [$0[0]] }
    }
  }

  @Test("Says when the iterations ran out")
  func unfinished() throws {
    var options = LeastSquaresOptions()
    options.iterations = 2
    let found = try minimizeLeastSquares(
      start: [-1.2, 1], lower: wide.map { -$0 }, upper: wide, scales: [1, 1], options: options, residuals: rosenbrock)
    #expect(!found.converged)
  }

  @Test("Singular values equal numpy's and rebuild the matrix")
  func singularValues() throws {
    let reference = try CurveReference.load()
    let a = Matrix(reference.matrix)
    let d = try SingularValues(a)
    #expect(largestGap(d.values, reference.singular) < 1e-13)
    var scaled = d.right
    for k in 0..<4 { for j in 0..<4 { scaled[k, j] *= d.values[k] } }
    #expect(largestGap(Matrix.product(d.left, scaled).storage, a.storage) < 1e-13)
  }

  @Test("Asked for in batches, the Jacobian's points come together and the answer is the same")
  func batches() throws {
    var sizes: [Int] = []
    let one = try minimizeLeastSquares(
      start: [-1.2, 1], lower: wide.map { -$0 }, upper: wide, scales: [1, 1], residuals: rosenbrock)
    let many = try minimizeBatchedLeastSquares(
      start: [-1.2, 1], lower: wide.map { -$0 }, upper: wide, scales: [1, 1],
      batch: { points in
        sizes.append(points.count)
        return points.map(rosenbrock)
      })
    #expect(one == many)
    #expect(Set(sizes) == [1, 4])
  }
}
