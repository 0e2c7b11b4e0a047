import Testing

@testable import DesignOptimization

/// Accelerated tests against closed and published cases.
@Suite struct AcceleratedTestTests {
  @Test("Information of an uncensored extreme value: 1, 1 − γ and π²/6 + (1 − γ)² (D29)")
  func information() {
    let f = AcceleratedTest.information(6)
    #expect(abs(f.location - 1) < 1e-5)
    #expect(abs(f.mixed - 0.422784) < 1e-5)
    #expect(abs(f.scale - 1.823681) < 1e-5)
  }

  @Test(
    "Exponential mean: the best two levels (D27)",
    arguments: [(0.01, 0.465, 0.856, 40.363), (0.001, 0.625, 0.815, 90.212)])
  func exponential(use: Double, level: Double, share: Double, variance: Double) {
    let plan = AcceleratedTest(.exponentialMean, inUse: use, atHighest: 0.9).optimum
    #expect(abs(plan.levels[0] - level) < 5e-3)
    #expect(abs(plan.shares[0] - share) < 5e-3)
    #expect(abs(plan.variance - variance) < 1e-4 * variance)
  }

  @Test(
    "Weibull 10 % quantile: optimum, compromise, equal thirds and 4 : 2 : 1 (D28)",
    arguments: [
      (0.001, 0.682, 0.706, 119.91, [1.086, 1.148, 1.218]), (0.01, 0.537, 0.770, 49.19, [1.094, 1.211, 1.163]),
    ])
  func weibull(use: Double, level: Double, share: Double, variance: Double, ratios: [Double]) {
    let test = AcceleratedTest(.weibullQuantile(0.1), inUse: use, atHighest: 0.9)
    let best = test.optimum
    #expect(abs(best.levels[0] - level) < 0.01 && abs(best.shares[0] - share) < 0.01)
    #expect(abs(best.variance / variance - 1) < 0.005)
    let others = [test.compromise(), test.evenlySpaced(shares: [1, 1, 1]), test.evenlySpaced(shares: [4, 2, 1])]
    for (plan, ratio) in zip(others, ratios) { #expect(abs(plan.variance / best.variance / ratio - 1) < 0.005) }
    if use == 0.001 { #expect(abs(others[0].levels[0] - 0.637) < 0.01) }
  }

  @Test("One level cannot tell the slope")
  func singular() {
    let test = AcceleratedTest(.weibullQuantile(0.1), inUse: 0.01, atHighest: 0.9)
    #expect(test.variance([1, 1], [0.5, 0.5]) == .infinity || test.variance([1, 1], [0.5, 0.5]) > 1e6)
  }
}
