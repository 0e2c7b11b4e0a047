import Foundation
import Testing

@testable import DesignOptimization

/// The search on problems with known fronts, against the medians of NSGA-II and U-NSGA-III at equal evaluations.
@Suite struct EvolutionarySearchTests {
  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  @Test(
    "ZDT: final population reaches the front, median of 11 seeds (D16, D17)",
    arguments: [
      (1, 30, 0.8703, 0.876667), (2, 30, 0.5367, 0.543333), (3, 30, 1.3277, 1.331762), (4, 10, 0.86, 0.876667),
    ])
  func zdt(which: Int, n: Int, bar: Double, best: Double) {
    let found = (1...11).map { seed in
      let search = TestProblems.run(
        TestProblems.reals(n), size: 100, evaluations: 25_000, seed: UInt64(seed), TestProblems.zdt(which))
      return ParetoFront.hypervolume(search.population.map(\.objectives), reference: [1.1, 1.1])
    }
    #expect(median(found) >= bar && (found.max() ?? 0) <= best + 1e-6, "\(found)")
  }

  @Test("DTLZ2 and C2-DTLZ2: three objectives, median of 11 seeds (D18, D20)")
  func dtlz() {
    for (body, bar, best) in [
      (TestProblems.dtlz2, 0.7443, 0.807401), (TestProblems.c2dtlz2, 0.673, 0.73),
    ] as [(@Sendable ([Double]) -> (f: [Double], g: [Double]), Double, Double)] {
      let found = (1...11).map { seed -> Double in
        let search = TestProblems.run(
          TestProblems.reals(12), size: 92, evaluations: 23_000, seed: UInt64(seed), body)
        return ParetoFront.hypervolume(
          search.population.filter(\.isFeasible).map(\.objectives), reference: [1.1, 1.1, 1.1])
      }
      #expect(median(found) >= bar && (found.max() ?? 0) <= best, "\(found)")
    }
  }

  @Test("BNH and SRN: constrained fronts, all members feasible, median of 11 seeds (D19)")
  func constrained() {
    for (body, reference, bar, best) in [
      (TestProblems.bnh, [140.0, 50], 5252.0, 5285.4), (TestProblems.srn, [250.0, 10], 32_815.0, 33_094),
    ] as [(@Sendable ([Double]) -> (f: [Double], g: [Double]), [Double], Double, Double)] {
      let found = (1...11).map { seed -> Double in
        let search = TestProblems.run(TestProblems.reals(2), size: 100, evaluations: 10_000, seed: UInt64(seed), body)
        let isClean = search.population.allSatisfy(\.isFeasible)
        #expect(isClean)
        return ParetoFront.hypervolume(search.population.map(\.objectives), reference: reference)
      }
      #expect(median(found) >= bar && (found.max() ?? 0) <= best, "\(found)")
    }
  }

  @Test("The same seed gives the same points, and a stored search goes on as it would have")
  func repeatable() throws {
    let kinds: [GeneKind] = [.real, .real, .ordinal(5), .category(4)]
    func body(_ x: [Double]) -> (f: [Double], g: [Double]) {
      ([x[0] + abs(x[2] - 2), (1 - x[0]) * (1 + x[1]) + (x[3] == 1 ? 0 : 0.3)], [x[1] - 0.8])
    }
    let whole = TestProblems.run(kinds, size: 20, evaluations: 400, seed: 5, body)
    let half = TestProblems.run(kinds, size: 20, evaluations: 200, seed: 5, body)
    var again = try JSONDecoder().decode(EvolutionarySearch.self, from: JSONEncoder().encode(half))
    while again.evaluations < 400 {
      again.tell(
        again.ask().map { x in
          Evaluated(genes: x, objectives: body(x).f, violations: body(x).g.map { max($0, 0) })
        })
    }
    #expect(again.archive == whole.archive && again.population == whole.population)
    #expect(whole.archive.allSatisfy { $0.genes[3] == 1 && $0.genes[2] == 2 })
  }

  @Test("Where nothing is feasible at first, violations lead there")
  func phaseOne() {
    let search = TestProblems.run(TestProblems.reals(6), size: 20, evaluations: 2000, seed: 2) { x in
      let s = x.reduce(0, +)
      return ([s, -x[0]], [5.5 - s, 0.97 - x[3]])
    }
    #expect(!search.archive.isEmpty)
    #expect(search.population.allSatisfy { $0.isFeasible })
  }

  @Test("Small steps from the best come nearer to the front, also across ranks and words")
  func polish() {
    let kinds: [GeneKind] = [.real, .real, .real, .ordinal(4), .category(3)]
    func body(_ x: [Double]) -> [Double] {
      let off =
        (x[1] - 0.31) * (x[1] - 0.31) + (x[2] - 0.72) * (x[2] - 0.72) + (x[3] == 2 ? 0 : 0.2) + (x[4] == 1 ? 0 : 0.2)
      return [x[0] + off, (1 - x[0]) * (1 - x[0]) + off]
    }
    func evaluated(_ x: [Double]) -> Evaluated { Evaluated(genes: x, objectives: body(x), violations: []) }
    var search = EvolutionarySearch(kinds, size: 20, seed: 3)
    for _ in 0..<5 { search.tell(search.ask().map(evaluated)) }
    func value(_ s: EvolutionarySearch) -> Double {
      ParetoFront.hypervolume(s.archive.map(\.objectives), reference: [1.1, 1.1])
    }
    let before = value(search)
    search.polish()
    var rounds = 0
    while search.isPolishing, rounds < 500 {
      search.tell(search.ask().map(evaluated))
      rounds += 1
    }
    #expect(!search.isPolishing && value(search) > before)
    let knee = search.archive.min { $0.objectives.reduce(0, +) < $1.objectives.reduce(0, +) }
    #expect(knee.map { abs($0.genes[1] - 0.31) < 0.03 && abs($0.genes[2] - 0.72) < 0.03 } == true)
    #expect(knee.map { $0.genes[3] == 2 && $0.genes[4] == 1 } == true)
    let kept = search.archive
    search.restart()
    #expect(search.archive == kept && search.ask().count == 20)
  }
}
