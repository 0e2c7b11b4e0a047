import Foundation
import NumericalMethods
import Testing

@testable import DesignOptimization

@Suite struct BoundedSimplexTests {
  private static let box = BoundedSimplex(low: [0.6, 0.1, 0, 0.01], high: [0.85, 0.4, 0.05, 0.04], total: 0.98)

  @Test("The nearest point is that of SciPy's SLSQP")
  func projection() {
    for (x, answer) in [
      ([0.7, 0.3, 0.02, 0.02], [0.683333333, 0.283333333, 0.003333333, 0.01]),
      ([0.9, 0.4, 0.05, 0.04], [0.735, 0.235, 0, 0.01]), ([0.5, 0, 0.2, 0.3], [0.695, 0.195, 0.05, 0.04]),
      ([0.65, 0.12, 0, 0], [0.71, 0.18, 0.05, 0.04]), ([0.72, 0.21, 0.03, 0.02], [0.72, 0.21, 0.03, 0.02]),
    ] {
      let found = Self.box.projected(x)
      #expect(abs(found.reduce(0, +) - 0.98) < 1e-14)
      #expect(zip(found, answer).allSatisfy { abs($0 - $1) < 1e-8 }, "\(x): \(found)")
    }
  }

  @Test("No point of the same sum between the bounds is nearer")
  func nearest() {
    var stream = RandomStream(seed: 1, purpose: "test")
    for _ in 0..<200 {
      let n = 2 + stream.index(below: 5)
      let low = (0..<n).map { _ in stream.uniform() - 0.5 }
      let high = low.map { $0 + 0.01 + stream.uniform() }
      let share = stream.uniform()
      let total = zip(low, high).reduce(0) { $0 + $1.0 + share * ($1.1 - $1.0) }
      let simplex = BoundedSimplex(low: low, high: high, total: total)
      let x = (0..<n).map { _ in 3 * stream.uniform() - 1.5 }
      func distance(_ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
      let found = simplex.projected(x)
      #expect(abs(found.reduce(0, +) - total) < 1e-12)
      #expect(found.indices.allSatisfy { low[$0] <= found[$0] && found[$0] <= high[$0] })
      for _ in 0..<50 { #expect(distance(found) <= distance(simplex.drawn(&stream)) + 1e-12) }
    }
  }

  @Test("Points are drawn evenly: moments and quantiles of a rejection sample of four million")
  func evenly() {
    func sample(_ simplex: BoundedSimplex) -> [[Double]] {
      (0..<8000).map { d in
        var stream = RandomStream(seed: 3, purpose: "test", draw: d)
        return simplex.drawn(&stream)
      }
    }
    func check(_ points: [[Double]], _ means: [Double], _ deviations: [Double]) {
      for k in means.indices {
        let x = points.map { $0[k] }
        #expect(abs(mean(x) - means[k]) < 4 * deviations[k] / 8000.0.squareRoot())
        #expect(abs(standardDeviation(x) / deviations[k] - 1) < 0.03)
      }
    }
    let wide = sample(Self.box)
    check(wide, [0.715076, 0.216047, 0.024168, 0.024709], [0.067021, 0.067225, 0.014382, 0.008651])
    let first = wide.map { $0[0] }.sorted()
    #expect(
      abs(quantile(ofSorted: first, 0.1) - 0.6229) < 0.004 && abs(quantile(ofSorted: first, 0.9) - 0.8067) < 0.004)
    // Hardly any room: a corner of the box.
    check(
      sample(BoundedSimplex(low: [0, 0, 0], high: [0.5, 0.4, 0.3], total: 1)), [0.433333, 0.333333, 0.233333],
      [0.047140, 0.047140, 0.047140])
  }

  @Test("Sums that the bounds never reach leave nothing")
  func empty() {
    #expect(BoundedSimplex(low: [0, 0], high: [0.4, 0.5], total: 1).isEmpty)
    #expect(BoundedSimplex(low: [0.6, 0.5], high: [0.7, 0.9], total: 1).isEmpty)
    #expect(!BoundedSimplex(low: [0.6, 0.4], high: [0.7, 0.9], total: 1).isEmpty)
  }
}
