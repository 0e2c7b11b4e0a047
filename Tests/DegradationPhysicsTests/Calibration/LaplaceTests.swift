import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Laplace posterior")
struct LaplaceTests {
  @Test("Members have the covariance (I + JᵀWJ)⁻¹, and what no datum sees keeps its draw to the bit of rounding")
  func covariance() throws {
    let jacobian = Matrix([[3, 1, 0, 0], [0, 2, 0, 0.5]])
    let weights = [1, 0.25]
    let mean = [0.3, -1, 0, 2]
    let posterior = try LaplacePosterior(mean: mean, jacobian: jacobian, weights: weights)
    let draws = EnsembleSmoother.standardNormal(members: 20_000, variables: 4, seed: 2, purpose: "test")
    let z = posterior.members(draws)
    var precision = Matrix.identity(4)
    for i in 0..<2 {
      for a in 0..<4 { for b in 0..<4 { precision[a, b] += weights[i] * jacobian[i, a] * jacobian[i, b] } }
    }
    let exact = try Cholesky(precision).inverse
    // Four sd of a covariance of 20 000 draws.
    for (a, b) in zip(z.columnCovariance.storage, exact.storage) { #expect(abs(a - b) < 0.04) }
    for (a, b) in zip(z.columnMeans, mean) { #expect(abs(a - b) < 0.03) }
    for j in 0..<4 { #expect(abs(posterior.variances[j] - exact[j, j]) < 1e-12) }
    for k in 0..<100 { #expect(abs(z[k, 2] - draws[k, 2]) < 1e-12) }
  }
}
