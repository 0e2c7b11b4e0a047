import NumericalMethods
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Scrambled Sobol points and indices")
struct SobolTests {
  @Test("The first 2^m points lie one in each interval of each axis (D7)")
  func axes() {
    let points = SobolPoints(dimensions: 64, seed: 3, purpose: "test")
    for m in 1...10 {
      let n = 1 << m
      let all = (0..<n).map(points.point)
      for d in 0..<64 {
        #expect(Set(all.map { Int($0[d] * Double(n)) }).count == n)
      }
    }
  }

  @Test("The first two dimensions are a (0, m, 2)-net (D7)")
  func net() {
    let points = SobolPoints(dimensions: 2, seed: 9, purpose: "test")
    let most = (0..<(1 << 10)).map(points.point)
    for m in 1...10 {
      for a in 0...m {
        let boxes = Set(
          most[..<(1 << m)].map { Int($0[0] * Double(1 << a)) << m | Int($0[1] * Double(1 << (m - a))) })
        #expect(boxes.count == 1 << m)
      }
    }
  }

  @Test("A point depends on seed, purpose, dimension and number alone (D7)")
  func pure() {
    let a = SobolPoints(dimensions: 70, seed: 1, purpose: "x")
    let b = SobolPoints(dimensions: 80, seed: 1, purpose: "x")
    #expect(a.point(5) == Array(b.point(5)[..<70]))
    #expect(a.point(5) != SobolPoints(dimensions: 70, seed: 2, purpose: "x").point(5))
    #expect(a.point(5) != SobolPoints(dimensions: 70, seed: 1, purpose: "y").point(5))
  }

  @Test("The error of a mean falls faster than n to the -1.1 (D8)")
  func slope() {
    func error(_ m: Int) -> Double {
      let runs = 50
      let squares = (0..<runs).map { r -> Double in
        let points = SobolPoints(dimensions: 8, seed: UInt64(r), purpose: "slope")
        let values = (0..<(1 << m)).map { i in
          points.point(i).enumerated().reduce(1.0) { $0 * (1 + ($1.element - 0.5) / Double($1.offset + 1)) }
        }
        return (mean(values) - 1) * (mean(values) - 1)
      }
      return mean(squares).squareRoot()
    }
    let m = [8.0, 9, 10, 11, 12]
    let y = m.map { log2(error(Int($0))) }
    let slope = zip(m, y).reduce(0.0) { $0 + ($1.0 - 10) * $1.1 } / 10
    #expect(slope <= -1.1)
  }

  static func ishigami(_ u: [Double]) -> Double {
    let x = u.map { (2 * $0 - 1) * Double.pi }
    let s = sin(x[1])
    return sin(x[0]) + 7 * s * s + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0])
  }

  @Test("Ishigami: indices within .05, 95 % intervals cover .90 to .99 over 60 seeds (D11)")
  func ishigamiIndices() async throws {
    let first = [0.313905, 0.442411, 0]
    let total = [0.557589, 0.442411, 0.243684]
    var covered = 0
    for seed in 0..<60 {
      let estimate = await SobolIndices.estimate(groups: [[0], [1], [2]], dimensions: 3, seed: UInt64(seed)) {
        $0.map(Self.ishigami)
      }
      let found = try #require(estimate)
      for (estimate, truth) in zip(found.first + found.total, first + total) {
        #expect(abs(estimate.value - truth) < 0.05)
        covered += estimate.low <= truth && truth <= estimate.high ? 1 : 0
      }
    }
    #expect((0.90...0.99).contains(Double(covered) / 360))
  }

  @Test("Sobol's g-function of eight inputs within .02 (D12)")
  func gFunction() async throws {
    let a = [0, 1, 4.5, 9, 99, 99, 99, 99]
    let estimate = await SobolIndices.estimate(groups: (0..<8).map { [$0] }, dimensions: 8, seed: 1) { rows in
      rows.map { u in zip(u, a).reduce(1) { $0 * (abs(4 * $1.0 - 2) + $1.1) / (1 + $1.1) } }
    }
    let found = try #require(estimate)
    let first = [0.716192, 0.179048, 0.023676, 0.007162, 7.2e-5, 7.2e-5, 7.2e-5, 7.2e-5]
    let total = [0.787144, 0.242198, 0.034317, 0.010460, 1.05e-4, 1.05e-4, 1.05e-4, 1.05e-4]
    for (estimate, truth) in zip(found.first + found.total, first + total) {
      #expect(abs(estimate.value - truth) < 0.02)
    }
  }

  @Test("Inputs that depend on each other count as one group; a constant has no indices")
  func groups() async throws {
    let estimate = await SobolIndices.estimate(groups: [[0, 1], [2]], dimensions: 3, rows: 256, seed: 1) { rows in
      rows.map { ($0[0] - 0.5) * ($0[1] - 0.5) * 24 + $0[2] }
    }
    let found = try #require(estimate)
    // Var of the product 4, of the rest 1/12.
    #expect(abs(found.first[0].value - 4 / (4 + 1.0 / 12)) < 0.03)
    #expect(abs(found.total[1].value - (1.0 / 12) / (4 + 1.0 / 12)) < 0.01)
    let constant = await SobolIndices.estimate(groups: [[0]], dimensions: 1, seed: 1) { $0.map { _ in 5.0 } }
    #expect(constant == nil)
  }
}
