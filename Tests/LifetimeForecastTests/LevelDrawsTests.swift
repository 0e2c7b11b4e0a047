import NumericalMethods
import Testing

@testable import LifetimeForecast

@Suite("Paths of draws")
struct LevelDrawsTests {
  /// Draws of which a third are the same, and among the shortest: the scale of the spread changes from rank to rank there.
  private func draws(_ count: Int, age: Double, scale: [[Double]]) -> LevelDraws {
    var stream = RandomStream(seed: 5, purpose: "draws", key: UInt64(count))
    let rows = (0..<count).map { d -> [Double] in
      let life = d % 3 == 0 ? 90 : 50 + 300 * stream.uniform()
      return LevelGrid.shares.map { life * $0 }
    }
    let offsets = Matrix((0..<3).map { i in RepresentationResidual.shares.map { 0.01 * Double(i) * $0 } })
    return LevelDraws(
      remaining: Matrix(rows), age: age, start: age > 0 ? 0.97 : 1, endFraction: 0.8, offsets: offsets,
      sources: rows.indices.map { $0 % 3 }, horizonScale: scale, measurementNoise: 0)
  }

  /// Draws ranked by value and place, stretched about their median, and put back.
  private func stretched(_ values: [Double], inner: Double, outer: Double) -> [Double] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    let n = values.count
    var out = values
    guard n > 0 else { return out }
    let middle = (values[order[(n - 1) / 2]] + values[order[n / 2]]) / 2
    var highest = -Double.infinity
    for (rank, d) in order.enumerated() {
      let outside = abs(2 * (Double(rank) + 0.5) / Double(n) - 1)
      let w = min(max((outside - 0.5) / 0.4, 0), 1)
      highest = max(highest, middle + ((1 - w) * inner + w * outer) * (values[d] - middle))
      out[d] = highest
    }
    return out.map { max($0, 0) }
  }

  @Test("Scaled spread: every draw stays on its path, whatever their number", arguments: [0, 1, 2, 9, 300], [0.0, 40])
  func scaling(count: Int, age: Double) {
    let ages = [1.0, 5, 20, 80, 150, 400, 2000].map { $0 + age }
    let plain = draws(count, age: age, scale: [[Double]](repeating: [1, 1, 1, 1, 1], count: 2))
    let scale = [[1.0, 0.7, 1.3, 0.6, 2], [1.4, 0.9, 1.3, 2, 0.6]]
    let wide = draws(count, age: age, scale: scale)
    let (before, after, ranked) = (
      plain.retention(at: ages), wide.retention(at: ages), wide.retention(at: ages, sorted: true)
    )
    let middle = median(wide.lives())
    for i in ages.indices {
      // Beyond its range a path is cut at nothing left; that would hide what it was.
      if before[i].contains(0) { continue }
      let bin = wide.horizonBin(ages[i], middle)
      #expect(after[i] == stretched(before[i], inner: scale[0][bin], outer: scale[1][bin]))
      #expect(after[i].sorted() == ranked[i])
    }
  }

  @Test("A path passes through its levels, and goes straight on beyond the last")
  func levels() {
    let one = LevelDraws(
      remaining: Matrix([LevelGrid.shares.map { 100 * $0 * $0 }]), age: 50, start: 0.9, endFraction: 0.8,
      horizonScale: [[Double]](repeating: [1, 1, 1, 1, 1], count: 2), measurementNoise: 0)
    let ages = LevelGrid.shares.map { 50 + 100 * $0 * $0 }
    for (found, share) in zip(one.retention(at: ages), LevelGrid.shares) {
      #expect(abs(found[0] - (0.9 - 0.1 * share)) < 1e-8)
    }
    let far = one.retention(at: [250, 300, 350]).map { $0[0] }
    #expect(far[0] > far[1] && abs((far[0] - far[1]) - (far[1] - far[2])) < 1e-12)
  }
}
