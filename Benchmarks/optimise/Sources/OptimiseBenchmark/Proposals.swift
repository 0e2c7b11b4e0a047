import DesignOptimization
import Foundation
import NumericalMethods

/// Batches of designs to build, for `ask.py`.
enum Proposals {
  /// BNH's objectives on the unit square, scaled by 140 and 50, both to be small.
  private static func truth(_ d: [String: DesignValue]) -> [Double] {
    let (x, y) = (5 * (d["x"]?.number ?? .nan), 3 * (d["y"]?.number ?? .nan))
    return [(4 * x * x + 4 * y * y) / 140, ((x - 5) * (x - 5) + (y - 5) * (y - 5)) / 50]
  }

  /// For each seed its eight starts (`start SEED x y f g`, measured with noise), then `reached SEED hypervolume seconds…`
  /// after five batches of four, with the seconds of each proposal.
  static func run(seeds: Int) async throws {
    let space = try DesignSpace(variables: ["x", "y"].map { DesignVariable($0, .real(0...1, isLogarithmic: false)) })
    for seed in 1...seeds {
      var noise = RandomStream(seed: UInt64(seed), purpose: "test-noise")
      func measured(_ d: [String: DesignValue]) -> BatchProposal.Measured {
        BatchProposal.Measured(design: d, values: truth(d).map { $0 + 0.03 * noise.normal() })
      }
      let points = SobolPoints(dimensions: 2, seed: UInt64(seed), purpose: "test-start")
      var all = try (0..<8).map { measured(try space.design(points.point($0))) }
      for m in all {
        let numbers = [m.design["x"]?.number ?? .nan, m.design["y"]?.number ?? .nan] + m.values
        print("start", seed, numbers.map { "\($0)" }.joined(separator: " "))
      }
      var seconds: [Double] = []
      for batch in 0..<5 {
        let start = Date()
        let next = try await BatchProposal(
          4, in: space, isMaximised: [false, false], measured: all, reference: [1, 1], seed: UInt64(10 * seed + batch))
        seconds.append(Date().timeIntervalSince(start))
        all += next.picks.map { measured($0.design) }
      }
      let reached = ParetoFront.hypervolume(all.map { truth($0.design) }, reference: [1, 1])
      print("reached", seed, ([reached] + seconds).map { "\($0)" }.joined(separator: " "))
    }
  }
}
