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
}
