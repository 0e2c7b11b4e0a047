import Foundation

@testable import DesignOptimization

/// Problems with known fronts.
enum TestProblems {
  /// Runs a search to a number of evaluations and returns it.
  static func run(
    _ kinds: [GeneKind], size: Int, evaluations: Int, seed: UInt64, _ body: ([Double]) -> (f: [Double], g: [Double])
  ) -> EvolutionarySearch {
    var search = EvolutionarySearch(kinds, size: size, seed: seed)
    while search.evaluations < evaluations {
      let points = search.ask().prefix(evaluations - search.evaluations)
      search.tell(
        points.map { x in
          let (f, g) = body(x)
          return Evaluated(genes: x, objectives: f, violations: g.map { max($0, 0) })
        })
    }
    return search
  }

  static func reals(_ n: Int) -> [GeneKind] { [GeneKind](repeating: .real, count: n) }

  // E. Zitzler, K. Deb and L. Thiele, Evol. Comput. 8 (2000) 173.
  static func zdt(_ which: Int) -> @Sendable ([Double]) -> (f: [Double], g: [Double]) {
    { x in
      let rest = x.dropFirst()
      if which == 4 {
        let y = rest.map { -5 + 10 * $0 }
        let g = 1 + 10 * Double(y.count) + y.reduce(0) { $0 + $1 * $1 - 10 * cos(4 * Double.pi * $1) }
        return ([x[0], g * (1 - (x[0] / g).squareRoot())], [])
      }
      let g = 1 + 9 * rest.reduce(0, +) / Double(rest.count)
      let h =
        switch which {
        case 1: 1 - (x[0] / g).squareRoot()
        case 2: 1 - (x[0] / g) * (x[0] / g)
        default: 1 - (x[0] / g).squareRoot() - x[0] / g * sin(10 * Double.pi * x[0])
        }
      return ([x[0], g * h], [])
    }
  }

  // K. Deb et al., Scalable test problems for evolutionary multiobjective optimization, Springer 2005.
  static func dtlz2(_ x: [Double]) -> (f: [Double], g: [Double]) {
    let g = x.dropFirst(2).reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) }
    let (a, b) = (x[0] * Double.pi / 2, x[1] * Double.pi / 2)
    return ([(1 + g) * cos(a) * cos(b), (1 + g) * cos(a) * sin(b), (1 + g) * sin(a)], [])
  }

  static func c2dtlz2(_ x: [Double]) -> (f: [Double], g: [Double]) {
    let f = dtlz2(x).f
    let r = 0.4
    let corners = (0..<3).map { i in
      (f[i] - 1) * (f[i] - 1) + (0..<3).filter { $0 != i }.reduce(0) { $0 + f[$1] * f[$1] } - r * r
    }
    let middle = f.reduce(0) { $0 + ($1 - 1 / 3.0.squareRoot()) * ($1 - 1 / 3.0.squareRoot()) } - r * r
    return (f, [min(corners.min() ?? 0, middle)])
  }

  // T. T. Binh and U. Korn, 1997; scaled genes.
  static func bnh(_ u: [Double]) -> (f: [Double], g: [Double]) {
    let (x, y) = (5 * u[0], 3 * u[1])
    return (
      [4 * x * x + 4 * y * y, (x - 5) * (x - 5) + (y - 5) * (y - 5)],
      [((x - 5) * (x - 5) + y * y - 25) / 25, (7.7 - (x - 8) * (x - 8) - (y + 3) * (y + 3)) / 7.7]
    )
  }

  static func srn(_ u: [Double]) -> (f: [Double], g: [Double]) {
    let (x, y) = (-20 + 40 * u[0], -20 + 40 * u[1])
    return (
      [2 + (x - 2) * (x - 2) + (y - 1) * (y - 1), 9 * x - (y - 1) * (y - 1)],
      [(x * x + y * y - 225) / 225, (x - 3 * y + 10) / 10]
    )
  }
}
