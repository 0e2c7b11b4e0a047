import CellModel
import Foundation
import NumericalMethods
import Testing

@testable import DesignOptimization

/// Distributions and copula of build parameters against known numbers.
@Suite struct ManufacturingVariabilityTests {
  private let name = "stack_pressure_mpa"

  /// Mean and standard deviation of what is built of a design of 1, in units of the parameter's own, by the mid-point rule
  /// in probability.
  private func moments(_ limits: ClosedRange<Double>) throws -> (mean: Double, sd: Double) {
    let v = try ManufacturingVariability([.init(name, .normal(0.1), limits: limits)])
    var design = CellAttributes()
    design.numbers[name] = 1
    let count = 200_000
    let x = (0..<count).map { k in
      let z = NormalDistribution.quantile((Double(k) + 0.5) / Double(count))
      return ((v.built(design, [z]).numbers[name] ?? .nan) - 1) / 0.1
    }
    return (mean(x), standardDeviation(x))
  }

  @Test(
    "A truncated normal has the moments of the formula", arguments: [(-0.5, 3.0), (-4.0, 0.2), (-1.0, 1.0), (0.0, 6.0)])
  func truncated(low: Double, high: Double) throws {
    func density(_ z: Double) -> Double { exp(-z * z / 2) / (2 * Double.pi).squareRoot() }
    let inside = NormalDistribution.cumulative(high) - NormalDistribution.cumulative(low)
    let mean = (density(low) - density(high)) / inside
    let variance = 1 + (low * density(low) - high * density(high)) / inside - mean * mean
    let found = try moments((0.1 * low)...(0.1 * high))
    #expect(abs(found.mean - mean) < 1e-6 && abs(found.sd / variance.squareRoot() - 1) < 1e-5)
  }

  @Test("The copula: Kendall's τ is 2/π · asin ρ, and every margin stays what it is (D9)")
  func copula() throws {
    let other = "temperature_celsius"
    let rho = 0.9
    let v = try ManufacturingVariability(
      [.init(name, .uniform(-0.5...0.5)), .init(other, .uniform(-0.5...0.5))],
      correlations: [.init(name, other, rho: rho)])
    var design = CellAttributes()
    design.numbers = [name: 1, other: 1]
    // Four standard errors of the mean of 16 repetitions.
    let n = 1024
    let builds = (0..<32).map { v.builds(design, count: n, seed: UInt64($0)) }
    func margin(_ r: Int, _ name: String) -> [Double] { builds[r].map { ($0.numbers[name] ?? .nan) - 0.5 } }
    // Pairs of cells of two seeds: within one the points avoid each other, which moves τ by 4e-4.
    let tau = (0..<16).map { r -> Double in
      let (x, y) = (margin(2 * r, name), margin(2 * r, other))
      let (p, q) = (margin(2 * r + 1, name), margin(2 * r + 1, other))
      var sum = 0
      for i in 0..<n { for j in 0..<n { sum += (x[i] - p[j]) * (y[i] - q[j]) > 0 ? 1 : -1 } }
      return Double(sum) / Double(n * n)
    }
    let error = standardDeviation(tau, sample: true) / 4
    #expect(abs(mean(tau) - 0.71287) < 4 * error && error < 0.002, "\(mean(tau)) ± \(error)")
    for margin in [margin(0, name).sorted(), margin(0, other).sorted()] {
      let gap = margin.indices.map { abs(margin[$0] - (Double($0) + 0.5) / Double(n)) }.max() ?? 1
      // Kolmogorov's limit at 0.1 %.
      #expect(gap < 1.95 / Double(n).squareRoot())
    }
  }

  @Test("A beta tolerance has the moments of its distribution, and is uniform without weight")
  func beta() throws {
    // Ends −0.3 and 0.5, mode 0.1: Beta(3, 3) for weight 4, with mean 0.5 and variance 1/28 of the width squared.
    func spread(_ weight: Double) -> ManufacturingVariability.Spread { .beta(-0.3...0.5, mode: 0.1, weight: weight) }
    let count = 4000
    let x = (0..<count).map { spread(4).quantile((Double($0) + 0.5) / Double(count)) }
    #expect(abs(mean(x) - 1.1) < 1e-6 && abs(standardDeviation(x) / (0.8 * (1 / 28.0).squareRoot()) - 1) < 1e-3)
    for p in [0.05, 0.5, 0.8] {
      #expect(abs(spread(4).cumulative(spread(4).quantile(p)) - p) < 1e-12)
      #expect(abs(spread(0).quantile(p) - (0.7 + 0.8 * p)) < 1e-12)
    }
    // Off the middle: Beta(1 + 4/8, 1 + 4 · 7/8), whose mean is 0.25.
    let early = ManufacturingVariability.Spread.beta(-0.1...0.7, mode: 0, weight: 4)
    #expect(abs(mean((0..<count).map { early.quantile((Double($0) + 0.5) / Double(count)) }) - 1.1) < 1e-4)
  }

  @Test("What a column allows is never left, and how much is cut off is said")
  func allowed() throws {
    let parameter = ManufacturingVariability.Parameter("active_mass_fraction", .normal(0.2), allowed: 0...1)
    #expect(abs(parameter.cutShare(about: 0.8) - NormalDistribution.cumulative(-1.25)) < 1e-6)
    #expect(parameter.cutShare(about: 0.1) < 1e-6)
    var design = CellAttributes()
    design.numbers = ["active_mass_fraction": 0.8]
    let built = try ManufacturingVariability([parameter]).builds(design, count: 2000, seed: 1)
    #expect(built.allSatisfy { (0...1).contains($0.numbers["active_mass_fraction"] ?? .nan) })
    #expect(built.contains { ($0.numbers["active_mass_fraction"] ?? 0) > 0.99 })
    // Limits of negative values keep their sense.
    let cold = ManufacturingVariability.Parameter("temperature_celsius", .normal(0.5), allowed: -60...200)
    #expect(abs(cold.cutShare(about: -40) - NormalDistribution.cumulative(-1)) < 1e-6)
  }

  @Test("A parameter on two levels scatters by both, and batches by one; the two are one in a ranking")
  func twoLevels() throws {
    let v = try ManufacturingVariability([
      .init(name, .lognormal(0.1), isPerBatch: true), .init(name, .lognormal(0.2)),
    ])
    #expect(v.groups == [[0, 1]])
    var design = CellAttributes()
    design.numbers[name] = 10
    let logs = v.builds(design, count: 4096, perBatch: 64, seed: 3).map { log(($0.numbers[name] ?? .nan) / 10) }
    let batches = (0..<64).map { b in mean(Array(logs[(b * 64)..<((b + 1) * 64)])) }
    let within = (0..<64).map { b in standardDeviation(Array(logs[(b * 64)..<((b + 1) * 64)])) }
    #expect(abs(standardDeviation(batches) - 0.1) < 0.015 && abs(mean(within) - 0.2) < 0.01)
    #expect(throws: DesignSpaceError.self) {
      try ManufacturingVariability(
        [.init(name, .normal(0.1), isPerBatch: true), .init(name, .normal(0.1)), .init("np_ratio", .normal(0.1))],
        correlations: [.init(name, "np_ratio", rho: 0.5)])
    }
  }

  @Test("Correlations count together, in any order; the fewest that contradict each other are named")
  func correlations() throws {
    let names = ["stack_pressure_mpa", "temperature_celsius", "areal_loading_mg_cm2", "np_ratio"]
    func line(_ third: Double) throws -> ManufacturingVariability {
      try ManufacturingVariability(
        names.map { .init($0, .normal(0.1)) },
        correlations: [
          .init(names[3], names[0], rho: 0.1), .init(names[0], names[1], rho: 0.9), .init(names[0], names[2], rho: 0.9),
          .init(names[1], names[2], rho: third),
        ])
    }
    // Without the third the first two could not hold.
    #expect(try line(0.8).correlations.count == 4)
    // ρ₁₂ρ₁₃ ± √((1 − ρ₁₂²)(1 − ρ₁₃²)) = 0.81 ± 0.19.
    let error = try #require(throws: DesignSpaceError.self) { try line(-0.5) }
    #expect(error.message.contains("of \(names[0]), \(names[1]), \(names[2]) contradict"), "\(error.message)")
    #expect(error.message.contains("must lie in (0.63, 0.99)"), "\(error.message)")
  }

  @Test("Places of keys: comments, strings of all kinds, tables in tables, both ways to write a list")
  func places() {
    let found = TOMLPlaces(
      """
      # levels = 1
      a = "x # no comment, \\" [" # one
      'b c' = [ 1, [2,
        3] ] # two
      d.e = { f = 'g', "h" = { i = 2 } }
      m = \"\"\"
      n = 1
      \"\"\"
      [t]
      u = 1
      [[p]]
      q = 1
      [[p]]
      q = 2
      [p.s]
      v = 3
      """
    ).places
    func at(_ line: Int, _ column: Int) -> TOMLPlaces.Place { .init(line: line, column: column) }
    #expect(found["levels"] == nil && found["n"] == nil)
    #expect(found["a"] == at(2, 5) && found["b c"] == at(3, 9) && found["b c[1][1]"] == at(4, 3))
    #expect(found["d.e"] == at(5, 7) && found["d.e.f"] == at(5, 13) && found["d.e.h.i"] == at(5, 30))
    #expect(found["t"] == at(9, 1) && found["t.u"] == at(10, 5))
    #expect(found["p[1]"] == at(13, 1) && found["p[1].q"] == at(14, 5) && found["p[1].s.v"] == at(16, 5))
  }
}
