import NumericalMethods
import Testing

@Suite("Normal distribution")
struct NormalDistributionTests {
  /// Roots of ln Φ(z) = ln p found with mpmath 1.3 at 30 digits; .0749 and .0751 lie on both sides of a seam.
  @Test(
    "quantile against 30 digits",
    arguments: [
      (1e-300, -37.047096299361199), (1e-20, -9.2623400897984076), (1e-6, -4.7534243088228989),
      (0.01, -2.3263478740408411), (0.0749, -1.4402382675279636), (0.0751, -1.4388253927525400),
      (0.3, -0.52440051270804078), (0.8, 0.84162123357291421), (0.95, 1.6448536269514727),
    ])
  func quantile(_ p: Double, _ z: Double) {
    #expect(abs(NormalDistribution.quantile(p) / z - 1) < 4e-15)
  }

  @Test("quantile is odd about the median and inverts the cumulative probability")
  func symmetry() {
    #expect(NormalDistribution.quantile(0.5) == 0)
    for k in 1..<64 {
      let p = Double(k) / 128
      let z = NormalDistribution.quantile(p)
      #expect(NormalDistribution.quantile(1 - p) == -z)
      #expect(abs(NormalDistribution.cumulative(z) - p) < 1e-15)
    }
  }
}
