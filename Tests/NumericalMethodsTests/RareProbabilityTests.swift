import NumericalMethods
import Testing

@Suite("Rare failures")
struct RareProbabilityTests {
  @Test(
    "A straight limit: mean of 50 repetitions within 4 standard errors of Φ(−β), spread as stated (D13)",
    arguments: [2, 20, 100], [(2.0, 0.0227501, 0.2), (3, 0.00134990, 0.3), (4.264891, 1e-5, 0.5)])
  func straight(_ d: Int, _ limitState: (beta: Double, truth: Double, spread: Double)) async {
    let (beta, truth, limit) = limitState
    var runs: [RareProbability] = []
    for seed in 0..<50 {
      runs.append(
        await RareProbability.estimate(dimensions: d, seed: UInt64(seed)) { points in
          points.map { beta - $0.reduce(0, +) / Double(d).squareRoot() }
        })
    }
    let sharp = runs.compactMap(\.importance?.probability)
    #expect(sharp.count == runs.count)
    let error = standardDeviation(sharp, sample: true)
    #expect(error / truth <= 0.1)
    #expect(abs(mean(sharp) - truth) < 4 * error / 50.0.squareRoot())
    // Each is the mean of four runs.
    let coarse = runs.map(\.subset.probability)
    let spread = standardDeviation(coarse, sample: true)
    #expect(spread / truth <= limit / 2)
    #expect(abs(mean(coarse) - truth) < 4 * spread / 50.0.squareRoot())
    #expect(runs.count { $0.hasSeveralRegions } <= 1)
  }

  @Test("Two regions of failure are found and told (D14)")
  func twoRegions() async {
    let truth = 4.6526e-4
    var (coarse, sharp): ([Double], [Double]) = ([], [])
    for seed in 0..<50 {
      let found = await RareProbability.estimate(dimensions: 3, seed: UInt64(seed)) { points in
        points.map { 3.5 - abs($0[0]) }
      }
      #expect(found.hasSeveralRegions)
      // A single estimate scatters by 6 %, so that one of 50 is off by 15 %.
      #expect(abs(found.best.probability / truth - 1) < 4 * max(found.best.relativeError, 0.06), "\(found)")
      sharp.append(found.best.probability)
      coarse.append(found.subset.probability)
    }
    // One run of subset simulation scatters by a quarter, the mean of four by an eighth: 15 % bounds the mean of seeds.
    for all in [coarse, sharp] {
      #expect(abs(mean(all) / truth - 1) < 0.15)
      #expect(abs(mean(all) - truth) < 4 * standardDeviation(all, sample: true) / 50.0.squareRoot())
    }
  }

  @Test("Against brute force, a curved limit")
  func curved() async {
    func g(_ u: [Double]) -> Double { 3 - u[0] - 0.3 * u[1] * u[1] }
    var stream = RandomStream(seed: 1, purpose: "brute-force")
    let n = 1_000_000
    var failed = 0
    for _ in 0..<n { failed += g([stream.normal(), stream.normal()]) <= 0 ? 1 : 0 }
    let truth = Double(failed) / Double(n)
    let found = await RareProbability.estimate(dimensions: 2, seed: 2) { $0.map(g) }
    #expect(abs(found.best.probability - truth) < 4 * found.best.probability * found.best.relativeError)
  }
}

@Suite("Beta distribution")
struct BetaDistributionTests {
  @Test("Beta(2.5, 18.5): mean and quantiles against SciPy (D15)")
  func quantiles() {
    let beta = BetaDistribution(2.5, 18.5)
    #expect(abs(beta.mean - 0.119048) < 1e-6)
    #expect(abs(beta.quantile(0.05) - 0.029334) < 1e-5)
    #expect(abs(beta.quantile(0.95) - 0.250227) < 1e-5)
  }

  /// scipy.special.betaincinv(a, b, p), SciPy 1.17.1.
  @Test("quantiles to 1e-10 (D15)")
  func manyQuantiles() {
    for (a, b, p, x) in Self.reference { #expect(abs(BetaDistribution(a, b).quantile(p) - x) < 1e-10) }
  }

  static let reference: [(Double, Double, Double, Double)] = [
    (1.0, 19.0, 0.05, 0.0026960063028712822),
    (1.0, 19.0, 0.5, 0.03582400205750492),
    (1.0, 19.0, 0.95, 0.1458685033122434),
    (0.5, 0.5, 0.05, 0.0061558297024311365),
    (0.5, 0.5, 0.5, 0.4999999999999999),
    (0.5, 0.5, 0.95, 0.9938441702975689),
    (8.0, 92.0, 0.05, 0.040843787478896026),
    (8.0, 92.0, 0.5, 0.07720588274612816),
    (8.0, 92.0, 0.95, 0.12870460304827241),
    (0.05, 3.0, 0.05, 2.1934957510612626e-27),
    (0.05, 3.0, 0.5, 2.1934966675234358e-07),
    (0.05, 3.0, 0.95, 0.09921222864313502),
    (300.0, 2.0, 0.05, 0.9843373284756908),
    (300.0, 2.0, 0.5, 0.9944303748073786),
    (300.0, 2.0, 0.95, 0.9988181297052748),
  ]
}
