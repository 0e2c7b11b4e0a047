import Foundation
import NumericalMethods
import Testing

@Suite("Limited-memory BFGS in a box")
struct LBFGSTests {
  private func rosenbrock(_ x: [Double]) -> (value: Double, gradient: [Double]) {
    var value = 0.0
    var gradient = x.map { _ in 0.0 }
    for i in 0..<(x.count - 1) {
      let (a, b) = (x[i + 1] - x[i] * x[i], 1 - x[i])
      value += 100 * a * a + b * b
      gradient[i] += -400 * x[i] * a - 2 * b
      gradient[i + 1] += 200 * a
    }
    return (value, gradient)
  }

  @Test("Finds the minimum of Rosenbrock's valley", arguments: [2, 10])
  func valley(n: Int) {
    let far = [Double](repeating: 100, count: n)
    let found = minimizeLBFGS(
      start: [Double](repeating: -1, count: n), lower: far.map { -$0 }, upper: far, iterations: 500,
      objective: rosenbrock)
    #expect(found.value < 1e-8)
    #expect(found.x.allSatisfy { abs($0 - 1) < 1e-3 })
  }

  @Test("Stops at the bound that holds the minimum off")
  func bound() {
    // On x ≤ ½ Rosenbrock's minimum is at (½, ¼), value ¼.
    let found = minimizeLBFGS(
      start: [-1, 1], lower: [-2, -2], upper: [0.5, 2], iterations: 300, objective: rosenbrock)
    #expect(abs(found.value - 0.25) < 1e-6 && found.x[0] == 0.5 && abs(found.x[1] - 0.25) < 1e-3)
  }

  @Test("A start outside is clipped; an infinite value is stepped back from")
  func barrier() {
    // −log x + x has its minimum 1 at x = 1 and is infinite for x ≤ 0.
    let found = minimizeLBFGS(start: [90], lower: [-5], upper: [20], iterations: 100) { x in
      x[0] > 0 ? (x[0] - log(x[0]), [1 - 1 / x[0]]) : (.infinity, [0])
    }
    #expect(abs(found.x[0] - 1) < 1e-4 && abs(found.value - 1) < 1e-8)
  }

  @Test("A quadratic of 700 variables takes few steps")
  func wide() {
    let n = 700
    var calls = 0
    let infinite = [Double](repeating: .infinity, count: n)
    let found = minimizeLBFGS(
      start: [Double](repeating: 1, count: n), lower: infinite.map { -$0 }, upper: infinite, iterations: 200
    ) { x in
      calls += 1
      var value = 0.0
      var gradient = x
      for i in 0..<n {
        let curvature = 1 + Double(i % 10)
        value += 0.5 * curvature * x[i] * x[i]
        gradient[i] = curvature * x[i]
      }
      return (value, gradient)
    }
    #expect(found.value < 1e-8 && calls < 60, "\(found.value) after \(calls) calls")
  }
}
