import NumericalMethods
import Testing

@testable import DesignOptimization

@Suite struct ParetoFrontTests {
  /// Volume of a union of boxes by inclusion and exclusion.
  private func byInclusion(_ points: [[Double]], _ reference: [Double]) -> Double {
    var total = 0.0
    for mask in 1..<(1 << points.count) {
      let chosen = points.indices.filter { mask >> $0 & 1 == 1 }
      var volume = 1.0
      for k in reference.indices {
        let corner = chosen.map { points[$0][k] }.max() ?? 0
        volume *= max(reference[k] - corner, 0)
      }
      total += chosen.count % 2 == 1 ? volume : -volume
    }
    return total
  }

  @Test(
    "Hypervolume is that of the union of boxes: random, equal, tied and outside points (D22)", arguments: [2, 3, 4])
  func hypervolume(d: Int) {
    var stream = RandomStream(seed: 3, purpose: "hypervolume", key: UInt64(d))
    for round in 0..<40 {
      var points = (0..<6).map { _ in (0..<d).map { _ in stream.uniform() * 1.2 } }
      if round % 3 == 0 { points[1] = points[0] }
      if round % 3 == 1 { points[2][0] = points[0][0] }
      let reference = [Double](repeating: 1, count: d)
      let whole = ParetoFront.hypervolume(points, reference: reference)
      #expect(abs(whole - byInclusion(points, reference)) < 1e-12)
      for (i, c) in ParetoFront.contributions(points, reference: reference).enumerated() {
        var rest = points
        rest.remove(at: i)
        #expect(abs(c - (whole - byInclusion(rest, reference))) < 1e-12)
      }
    }
  }

  @Test("Ranks by hand")
  func ranks() {
    #expect(ParetoFront.ranks([[0, 2], [1, 1], [2, 0], [1, 2], [2, 2], [0, 2]]) == [0, 0, 0, 1, 2, 0])
    #expect(ParetoFront.nondominated([[0, 2], [1, 1], [2, 0], [1, 2], [0, 2]]) == [0, 1, 2])
  }
}
