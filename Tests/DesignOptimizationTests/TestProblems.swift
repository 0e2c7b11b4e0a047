import Foundation
import NumericalMethods

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

extension TestProblems {
  /// The space, objectives and limits of `Mixed`.
  static func mixed() throws -> StudyDefinition {
    let space = try DesignSpace(
      variables: (1...8).map { DesignVariable("x\($0)", .real(0...1, isLogarithmic: false)) } + [
        DesignVariable("o", .ordinal([0, 1, 2, 3, 4])),
        DesignVariable("a", .category((0..<6).map { "a\($0)" })),
        DesignVariable("b", .category((0..<4).map { "b\($0)" })),
      ], constraints: [try Expression("0.25*x1 + 0.05*x2 <= 0.23")])
    return try StudyDefinition(
      space: space,
      objectives: [
        DesignObjective(metric: "life", isMaximised: true, statistic: .quantile(0.1)),
        DesignObjective(metric: "energy", isMaximised: true),
      ],
      chances: [ChanceConstraint(metric: "life", isLowerBound: true, limit: log(300), probability: 0.9)],
      metrics: ["life", "energy"])
  }

  /// Eight reals, an ordinal and two categories, six normals that scatter: log life against log energy.
  ///
  /// The virtual cells are part of the problem, the same for each seed of a study.
  struct Mixed: DesignEvaluator {
    let metrics = ["life", "energy"]
    private static let a = [0, -0.20, 0.93, -0.56, 0.23, -0.05]
    private static let b = [-0.09, 0.27, -0.45, -0.25]
    private static let o = [
      [0.66, 0.56, 0.28], [0.42, 0.72, 0.79], [0.62, 0.30, 0.73], [0.30, 0.40, 0.41], [0.43, 0.27, 0.31],
      [0.65, 0.25, 0.44],
    ]
    private static let normals = (0..<1024).map {
      SobolPoints(dimensions: 6, seed: 7, purpose: "mixed").point($0).map(NormalDistribution.quantile)
    }

    func evaluate(_ designs: [[String: DesignValue]], draws: Int, seed: UInt64) async throws -> [DesignDraws] {
      try await evaluate(designs, draws: 0..<draws, seed: seed) ?? []
    }

    func evaluate(
      _ designs: [[String: DesignValue]], draws range: Range<Int>, seed: UInt64
    ) async throws -> [DesignDraws]? {
      designs.map { d in
        let x = (1...8).map { d["x\($0)"]?.number ?? .nan }
        let ia = (0..<6).first { d["a"] == .text("a\($0)") } ?? 0
        let ib = (0..<4).first { d["b"] == .text("b\($0)") } ?? 0
        let v = 0.1 * (d["o"]?.number ?? .nan)
        var (lives, energies): ([Double], [Double]) = ([], [])
        for z in Self.normals[range] {
          let m = 0.6 + 0.25 * x[0] + 0.004 * z[0]
          let c = 0.05 * x[1]
          let p = log(2) + x[2] * log(40) + 0.15 * z[1]
          let h = 0.3 + 0.7 * x[3] * (1 + 0.03 * z[2])
          let q = p - 3 - 0.3 * Double(ib)
          var l = 6 + Self.a[ia] + Self.b[ib] - 9 * max(0, m - 0.72 + 0.02 * Double(ib))
          l -= 0.9 * (v - 0.1) * (ia == 0 ? 2 : 1) + 2500 * (c - 0.02) * (c - 0.02)
          l -= 0.12 * q * q + 0.5 * (h - 0.6) * (h - 0.6)
          for k in 0..<3 { l -= 1.2 * (x[4 + k] - Self.o[ia][k]) * (x[4 + k] - Self.o[ia][k]) }
          l -= 0.6 * abs(x[7] - 0.3)
          l += 0.1 * z[3] + 0.075 * max(z[4], -1) - (m + 2 * c > 0.86 + 0.02 * z[5] ? 0.8 : 0)
          lives.append(l)
          let gain = log(m * (0.5 + h) * (1 + 0.35 * v))
          energies.append(gain - 0.016 * Double(ia) - 0.1 * c - 0.02 * x[2] - 0.05 * (1 - x[7]))
        }
        return DesignDraws(metrics: ["life": lives, "energy": energies])
      }
    }
  }
}
