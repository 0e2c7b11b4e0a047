import NumericalMethods
import Testing

@Suite("Ensemble smoother")
struct EnsembleSmootherTests {
  /// y = G z + e with 3 observations of 4 variables; the second is observed by nothing.
  private static let map = Matrix([[2, 0, 0.5, 0], [0.3, 0, -1, 0.2], [0, 0, 0.4, 3]])
  private static let observed = [1.5, -0.8, 2.5]
  private static let noise = Matrix([[0.5, 0.2, 0], [0.2, 0.4, 0.1], [0, 0.1, 0.3]])

  /// The posterior of the linear-Gaussian problem: P = (I + Gᵀ C⁻¹ G)⁻¹, m = P Gᵀ C⁻¹ y.
  private func exact(_ noise: Matrix) throws -> (mean: [Double], covariance: Matrix) {
    let c = try Cholesky(noise)
    let weighted = c.solve(rows: Self.map.transposed)
    var precision = Matrix.product(weighted, Self.map)
    for i in 0..<4 { precision[i, i] += 1 }
    let p = try Cholesky(precision).inverse
    return (p.times(Self.map.times(c.solve(Self.observed), transposed: true)), p)
  }

  private func posterior(
    members: Int, seed: UInt64, noise: NoiseCovariance, smoother: EnsembleSmoother = EnsembleSmoother()
  ) async throws -> Matrix {
    let prior = EnsembleSmoother.standardNormal(members: members, variables: 4, seed: seed, purpose: "prior")
    return try await smoother.condition(prior, observations: Self.observed, noise: noise, seed: seed) {
      Matrix.product($0, transposed: false, Self.map, transposed: true)
    }
  }

  /// Root mean square, over seeds, of the errors of mean and covariance.
  private func error(members: Int, seeds: Range<UInt64>, noise: Matrix) async throws -> (mean: Double, cov: Double) {
    let truth = try exact(noise)
    var (mean, cov) = (0.0, 0.0)
    for seed in seeds {
      let z = try await posterior(members: members, seed: seed, noise: .full(noise))
      for (a, b) in zip(z.columnMeans, truth.mean) { mean += (a - b) * (a - b) / 4 }
      for (a, b) in zip(z.columnCovariance.storage, truth.covariance.storage) { cov += (a - b) * (a - b) / 16 }
    }
    let n = Double(seeds.count)
    return ((mean / n).squareRoot(), (cov / n).squareRoot())
  }

  @Test("Mean and covariance approach the exact posterior as 1/√members, also with correlated noise")
  func linearGaussian() async throws {
    let few = try await error(members: 100, seeds: 0..<40, noise: Self.noise)
    let many = try await error(members: 1600, seeds: 0..<40, noise: Self.noise)
    // 16 times the members: a quarter of the error. 40 seeds leave about 10 % in either root mean square.
    #expect(abs(few.mean / many.mean - 4) < 1.4, "mean: \(few.mean) and \(many.mean)")
    #expect(abs(few.cov / many.cov - 4) < 1.4, "covariance: \(few.cov) and \(many.cov)")
    // A sample of 1600 of the posterior itself would miss its mean by sd/40, at most .025.
    #expect(many.mean < 0.05 && many.cov < 0.05)
  }

  @Test("Diagonal noise is the full matrix with that diagonal; unequal inflations reach the same posterior")
  func diagonal() async throws {
    let variances = [0.5, 0.4, 0.3]
    var full = Matrix(rows: 3, columns: 3)
    for i in 0..<3 { full[i, i] = variances[i] }
    let a = try await posterior(members: 50, seed: 3, noise: .diagonal(variances))
    let b = try await posterior(members: 50, seed: 3, noise: .full(full))
    #expect(zip(a.storage, b.storage).allSatisfy { abs($0 - $1) < 1e-10 })
    let truth = try exact(full)
    let z = try await posterior(
      members: 4000, seed: 5, noise: .diagonal(variances), smoother: EnsembleSmoother(inflations: [8, 4, 8, 2]))
    // Four sd of the mean of 4000 standard normals.
    #expect(zip(z.columnMeans, truth.mean).allSatisfy { abs($0 - $1) < 0.064 })
  }

  @Test("More observations than members are fine, and a variable that nothing observes keeps its draws' spread")
  func manyObservations() async throws {
    let prior = EnsembleSmoother.standardNormal(members: 60, variables: 2, seed: 1, purpose: "prior")
    let z = try await EnsembleSmoother().condition(
      prior, observations: [Double](repeating: 1, count: 100),
      noise: .diagonal([Double](repeating: 25, count: 100)), seed: 1
    ) { m in
      var y = Matrix(rows: m.rows, columns: 100)
      for k in 0..<m.rows { for j in 0..<100 { y[k, j] = m[k, 0] } }
      return y
    }
    // 100 observations of sd 5 are one of sd .5: mean .8, sd .447; ± 4 sd of an estimate from 60 members.
    #expect(abs(z.columnMeans[0] - 0.8) < 0.25)
    #expect(abs(z.columnCovariance[0, 0].squareRoot() - 0.447) < 0.17)
    #expect(abs(z.columnCovariance[1, 1].squareRoot() - prior.columnCovariance[1, 1].squareRoot()) < 0.1)
  }

  @Test("Without observations the prior stays; a response that is no number is an error with its member")
  func edges() async throws {
    let prior = EnsembleSmoother.standardNormal(members: 5, variables: 2, seed: 1, purpose: "prior")
    let same = try await EnsembleSmoother().condition(prior, observations: [], noise: .diagonal([]), seed: 1) { $0 }
    #expect(same == prior)
    await #expect(throws: EnsembleSmootherError.nonFiniteResponse(member: 3, pass: 0)) {
      try await EnsembleSmoother().condition(prior, observations: [0], noise: .diagonal([1]), seed: 1) { m in
        var y = Matrix(rows: m.rows, columns: 1)
        y[3, 0] = .nan
        return y
      }
    }
    await #expect(throws: EnsembleSmootherError.noiseNotPositiveDefinite) {
      try await EnsembleSmoother().condition(
        prior, observations: [0, 0], noise: .full(Matrix([[1, 2], [2, 1]])), seed: 1
      ) { $0 }
    }
  }
}
