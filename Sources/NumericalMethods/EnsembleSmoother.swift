/// Variances of independent errors, or a full covariance matrix.
public enum NoiseCovariance: Sendable, Hashable {
  /// Variance of each observation, > 0.
  case diagonal([Double])
  /// Symmetric positive definite.
  case full(Matrix)
}

/// Why an ensemble cannot be conditioned.
public enum EnsembleSmootherError: Error, Hashable, Sendable {
  /// The forward map gave a response that is not finite, for this member in this pass (from 0).
  case nonFiniteResponse(member: Int, pass: Int)
  /// The noise covariance is not positive definite.
  case noiseNotPositiveDefinite
  /// The singular values of the responses did not converge.
  case noConvergence
}

/// Conditions an ensemble on observations by multiple data assimilation (ES-MDA): the Kalman update several times with
/// the noise inflated, Σ 1/α = 1, every pass with fresh forward runs.
///
/// Exact for a linear map and a Gaussian prior as members → ∞; errors fall as 1/√members. For a nonlinear map the
/// passes approach the posterior in small steps.
///
/// - Source: A. A. Emerick, A. C. Reynolds, Computers & Geosciences 55 (2013) 3, doi:10.1016/j.cageo.2012.03.011.
public struct EnsembleSmoother: Sendable, Hashable {
  /// Inflation α of the noise variance in each pass; their reciprocals add up to 1.
  public var inflations: [Double]
  /// Share of the degrees of freedom for signal, Σ s²/(s² + α) over the singular values s of the whitened responses,
  /// that the truncated inversion keeps; the rest is sampling noise.
  public var retained = 0.99

  /// A smoother of equal passes, each with α = `passes`.
  public init(passes: Int = 4) {
    precondition(passes > 0, "\(passes) passes")
    inflations = [Double](repeating: Double(passes), count: passes)
  }

  /// A smoother with stated inflations.
  public init(inflations: [Double]) {
    let sum = inflations.reduce(0) { $0 + 1 / $1 }
    precondition(inflations.allSatisfy { $0 >= 1 } && abs(sum - 1) < 1e-9, "reciprocal inflations add up to \(sum)")
    self.inflations = inflations
  }

  /// Independent standard normal members, one a row, of z ~ N(0, I); row k depends on the seed and k alone.
  public static func standardNormal(members: Int, variables: Int, seed: UInt64, purpose: String) -> Matrix {
    var z = Matrix(rows: members, columns: variables)
    for k in 0..<members {
      var stream = RandomStream(seed: seed, purpose: purpose, draw: k)
      for j in 0..<variables { z[k, j] = stream.normal() }
    }
    return z
  }

  /// Conditions members on observations.
  ///
  /// - Parameters:
  ///   - prior: members × variables, at least two members, on a scale where each variable has a spread of about 1.
  ///   - observations: what was observed.
  ///   - noise: covariance of its errors.
  ///   - seed: of the perturbations of the observations.
  ///   - forward: the responses (members × observations) of all members at once.
  /// - Returns: the posterior members, in the order of the prior ones.
  /// - Throws: `EnsembleSmootherError`, or what `forward` throws.
  public func condition(
    _ prior: Matrix, observations: [Double], noise: NoiseCovariance, seed: UInt64,
    forward: (_ members: Matrix) async throws -> Matrix
  ) async throws -> Matrix {
    precondition(prior.rows > 1, "an ensemble of \(prior.rows)")
    guard !observations.isEmpty else { return prior }
    let whitening = try Whitening(noise, count: observations.count)
    let target = whitening.apply(observations)
    var z = prior
    for (pass, inflation) in inflations.enumerated() {
      let raw = try await forward(z)
      precondition(raw.rows == z.rows && raw.columns == observations.count, "responses of another shape")
      var y = Matrix(rows: raw.rows, columns: raw.columns)
      for k in 0..<raw.rows {
        let row = raw.row(k)
        guard row.allSatisfy(\.isFinite) else {
          throw EnsembleSmootherError.nonFiniteResponse(member: k, pass: pass)
        }
        y.setRow(k, whitening.apply(row))
      }
      // Centred perturbations: their sample mean would only shift the posterior mean.
      var gap = Self.standardNormal(
        members: z.rows, variables: target.count, seed: seed, purpose: "smoother perturbations \(pass)"
      ).centred
      let width = inflation.squareRoot()
      for k in 0..<gap.rows {
        for j in 0..<gap.columns { gap[k, j] = target[j] + width * gap[k, j] - y[k, j] }
      }
      z = try update(z, y, gap, inflation)
    }
    return z
  }

  /// z + ΔZ ΔYᵀ (ΔY ΔYᵀ + αI)⁻¹ gap, by the singular values of the centred responses ΔY.
  private func update(
    _ z: Matrix, _ y: Matrix, _ gap: Matrix, _ inflation: Double
  ) throws(EnsembleSmootherError) -> Matrix {
    let scale = 1 / Double(z.rows - 1).squareRoot()
    let a = z.centred.scaled(by: scale)
    let b = y.centred.scaled(by: scale)
    let isTall = b.rows >= b.columns
    let d: SingularValues
    do { d = try SingularValues(isTall ? b : b.transposed) } catch { throw .noConvergence }
    // b = left · diag(s) · right
    let left = isTall ? d.left : d.right.transposed
    let right = isTall ? d.right : d.left.transposed
    let signal = d.values.map { $0 * $0 / ($0 * $0 + inflation) }
    let wanted = retained * signal.reduce(0, +)
    var sum = 0.0
    var t = Matrix.product(gap, transposed: false, right, transposed: true)
    for (i, s) in d.values.enumerated() {
      let gain = sum < wanted ? s / (s * s + inflation) : 0
      sum += signal[i]
      for k in 0..<t.rows { t[k, i] *= gain }
    }
    let shift = Matrix.product(Matrix.product(t, transposed: false, left, transposed: true), a)
    var out = z
    for i in out.storage.indices { out.storage[i] += shift.storage[i] }
    return out
  }
}

/// Maps observations to independent unit errors.
private struct Whitening {
  private var widths: [Double] = []
  private var factor: Cholesky?

  init(_ noise: NoiseCovariance, count: Int) throws(EnsembleSmootherError) {
    switch noise {
    case .diagonal(let variances):
      precondition(variances.count == count, "\(variances.count) variances for \(count) observations")
      guard variances.allSatisfy({ $0 > 0 }) else { throw .noiseNotPositiveDefinite }
      widths = variances.map { $0.squareRoot() }
    case .full(let matrix):
      precondition(matrix.rows == count, "a covariance of \(matrix.rows) for \(count) observations")
      do { factor = try Cholesky(matrix) } catch { throw .noiseNotPositiveDefinite }
    }
  }

  func apply(_ y: [Double]) -> [Double] {
    guard let factor else { return zip(y, widths).map { $0 / $1 } }
    var x = y
    for i in x.indices {
      for j in 0..<i { x[i] -= factor.lower(i, j) * x[j] }
      x[i] /= factor.lower(i, i)
    }
    return x
  }
}

extension Matrix {
  /// Means of the columns.
  public var columnMeans: [Double] {
    (0..<columns).map { j in (0..<rows).reduce(0.0) { $0 + self[$1, j] } / Double(max(rows, 1)) }
  }

  /// Covariance of the columns over the rows, divisor rows − 1; at least two rows.
  public var columnCovariance: Matrix {
    precondition(rows > 1, "a covariance of \(rows) rows")
    let c = centred
    return Matrix.product(c, transposed: true, c).scaled(by: 1 / Double(rows - 1))
  }

  /// Less the means of the columns.
  fileprivate var centred: Matrix {
    let mean = columnMeans
    var out = self
    for i in 0..<rows { for j in 0..<columns { out[i, j] -= mean[j] } }
    return out
  }

  fileprivate func scaled(by factor: Double) -> Matrix {
    Matrix(rows: rows, columns: columns, storage: storage.map { $0 * factor })
  }

  fileprivate mutating func setRow(_ i: Int, _ values: [Double]) {
    for j in 0..<columns { self[i, j] = values[j] }
  }
}
