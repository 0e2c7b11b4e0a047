#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import NumericalMethods

/// How to fit a Gaussian process with block kernels.
///
/// The log variances of the kernels are found by penalised marginal likelihood: log v ~ N(log[½ / kernels], 2²) for a
/// kernel, N(0, ½²) for the constant, N(log 0.2, 1) for the noise, the target having unit variance.
///
/// - Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006, eq. 5.8–5.9.
public struct GaussianProcessOptions: Sendable, Codable, Hashable {
  /// Whether each block has a linear kernel.
  public var linear: Bool
  /// Whether each block, and all columns together, have a radial kernel.
  public var radial: Bool
  /// Whether equal groups share an intercept (partial pooling). Dropped when the groups are all equal or all different.
  public var group: Bool
  /// Squared length scale of the radial kernels in units of the number of their columns, positive.
  public var lengthScaleFactor: Double
  /// Most steps of the variance search from the prior means.
  public var iterations: Int
  /// Most steps of the variance search from the variances of another model.
  public var warmIterations: Int

  /// Options; every default is the forecast's.
  public init(
    linear: Bool = true, radial: Bool = true, group: Bool = true, lengthScaleFactor: Double = 1,
    iterations: Int = 40, warmIterations: Int = 4
  ) {
    self.linear = linear
    self.radial = radial
    self.group = group
    self.lengthScaleFactor = lengthScaleFactor
    self.iterations = iterations
    self.warmIterations = warmIterations
  }

  /// Fits a process.
  ///
  /// - Parameters:
  ///   - x: one row an observation; may have no columns.
  ///   - target: one value a row.
  ///   - groups: the group of each row; −1 is unknown and equals nothing.
  ///   - blocks: columns of each block; a block without columns is left out.
  ///   - warmStart: a process of the same options and blocks, whose variances are the starting point and whose use of
  ///     groups is kept.
  /// - Throws: `LearningError` for sizes that disagree, a value that is not finite, or a covariance that cannot be
  ///   factored.
  public func fit(
    _ x: Matrix, target: [Double], groups: [Int], blocks: [[Int]], warmStart: GaussianProcess? = nil
  ) throws(LearningError) -> GaussianProcess {
    try checkRows(x, target: target)
    guard groups.count == x.rows else { throw .sizes("\(groups.count) groups for \(x.rows) rows") }
    let kernel = BlockKernel(
      linear: linear, radial: radial, group: group && (warmStart?.kernel.group ?? Self.informative(groups)),
      lengthScaleFactor: lengthScaleFactor, blocks: blocks, columns: x.columns)
    if let fault = kernel.fault { throw .sizes(fault) }
    if let warmStart, warmStart.kernel.count != kernel.count {
      throw .sizes("a warm start with \(warmStart.kernel.count) kernels for \(kernel.count)")
    }
    let centre = mean(target)
    let scale = standardDeviation(target) + 1e-9
    let evidence = Evidence(kernel: kernel, x: x, groups: groups, target: target.map { ($0 - centre) / scale })
    let found = minimizeLBFGS(
      start: warmStart.map { $0.variances.map { log($0) } } ?? evidence.priorMeans,
      lower: [Double](repeating: -9, count: kernel.count + 1), upper: [Double](repeating: 3, count: kernel.count + 1),
      iterations: warmStart == nil ? iterations : warmIterations, objective: evidence.penalised)
    return try GaussianProcess(
      kernel: kernel, inputs: x, groups: groups, standardisedTarget: evidence.target, centre: centre, scale: scale,
      variances: found.x.map { exp($0) }, triangles: evidence.triangles)
  }

  /// Whether some groups are equal and some are not.
  private static func informative(_ groups: [Int]) -> Bool {
    let known = Set(groups.filter { $0 >= 0 }).count
    let distinct = known + groups.filter { $0 < 0 }.count
    return distinct > 1 && distinct < groups.count
  }
}

/// Refuses rows that do not match the target and values that are not finite.
func checkRows(_ x: Matrix, target: [Double]) throws(LearningError) {
  if target.isEmpty { throw .sizes("no rows") }
  if x.rows != target.count { throw .sizes("\(target.count) targets for \(x.rows) rows") }
  for i in 0..<x.rows {
    if !target[i].isFinite { throw .notFinite("target", row: i) }
    for j in 0..<x.columns where !x[i, j].isFinite { throw .notFinite("column \(j)", row: i) }
  }
}

/// The penalised marginal likelihood of log variances, given data.
struct Evidence {
  let target: [Double]
  /// Means of the log variances: constant, kernels, noise.
  let priorMeans: [Double]
  private let priorDeviations: [Double]
  /// The parts of the kernel between all observations, as `BlockKernel.triangles` gives them.
  let triangles: Matrix
  /// Added to the diagonal so that the factorisation never fails by rounding.
  static let jitter = 1e-6

  init(kernel: BlockKernel, x: Matrix, groups: [Int], target: [Double]) {
    self.target = target
    triangles = kernel.triangles(x, groups: groups)
    let parts = kernel.count - 1
    priorMeans = [0] + [Double](repeating: log(0.5 / Double(max(parts, 1))), count: parts) + [log(0.2)]
    priorDeviations = [0.5] + [Double](repeating: 2, count: parts) + [1]
  }

  /// The covariance of the observations for variances of all kernels and, last, the noise.
  static func covariance(triangles: Matrix, order n: Int, variances: [Double]) -> Matrix {
    let packed = triangles.times(Array(variances.dropLast()), transposed: true)
    var k = Matrix(rows: n, columns: n)
    let ridge = variances[variances.count - 1] + jitter
    k.storage.withUnsafeMutableBufferPointer { out in
      var e = 0
      for i in 0..<n {
        for j in i..<n {
          out[i * n + j] = packed[e]
          e += 1
        }
        out[i * n + i] += ridge
      }
    }
    return k
  }

  /// Minus the log posterior of log variances `theta` (up to a constant), and its gradient; infinite where the
  /// covariance cannot be factored.
  ///
  /// The gradient of the likelihood is −½ tr[(αα′ − K⁻¹) v_k K_k].
  func penalised(_ theta: [Double]) -> (value: Double, gradient: [Double]) {
    let n = target.count
    let variances = theta.map { exp($0) }
    let k = Self.covariance(triangles: triangles, order: n, variances: variances)
    guard let factor = try? Cholesky(k) else { return (.infinity, theta.map { _ in 0 }) }
    let alpha = factor.solve(target)
    let inverse = factor.inverse
    var weights = [Double](repeating: 0, count: n * (n + 1) / 2)
    var trace = 0.0
    weights.withUnsafeMutableBufferPointer { out in
      inverse.storage.withUnsafeBufferPointer { inverse in
        var e = 0
        for i in 0..<n {
          let own = alpha[i] * alpha[i] - inverse[i * n + i]
          trace += own
          out[e] = own
          e += 1
          // Off the diagonal an element stands for two.
          for j in (i + 1)..<max(n, i + 1) {
            out[e] = 2 * (alpha[i] * alpha[j] - inverse[i * n + j])
            e += 1
          }
        }
      }
    }
    var traces = triangles.times(weights)
    traces.append(trace)
    var value = 0.5 * factor.logDeterminant
    for i in 0..<n { value += 0.5 * target[i] * alpha[i] }
    var gradient = [Double](repeating: 0, count: theta.count)
    for p in theta.indices {
      let z = (theta[p] - priorMeans[p]) / priorDeviations[p]
      value += 0.5 * z * z
      gradient[p] = -0.5 * variances[p] * traces[p] + z / priorDeviations[p]
    }
    return (value, gradient)
  }
}

/// A fitted Gaussian process with block kernels.
///
/// The file form holds the data, the variances and the coefficients; the factorisation, which only predictive deviations
/// need, is made anew on demand (`prepared`).
public struct GaussianProcess: Sendable, Hashable, Codable {
  /// The covariance.
  public let kernel: BlockKernel
  /// The observations, one a row.
  public let inputs: Matrix
  /// The group of each observation; −1 is unknown.
  public let groups: [Int]
  /// The target, centred and scaled.
  public let standardisedTarget: [Double]
  /// Mean of the target.
  public let centre: Double
  /// Standard deviation (divisor n) of the target.
  public let scale: Double
  /// Variance of every part of the kernel in its order and, last, of the noise; in units of `scale`².
  public let variances: [Double]
  private let factor: Cholesky?
  private let coefficients: [Double]
  /// Smallest predictive variance, in units of `scale`².
  private static let varianceFloor = 1e-6

  /// A process with given variances; `triangles` are the kernel's parts where they are at hand already.
  ///
  /// - Throws: `LearningError.numericalFailure` when the covariance cannot be factored.
  init(
    kernel: BlockKernel, inputs: Matrix, groups: [Int], standardisedTarget: [Double], centre: Double, scale: Double,
    variances: [Double], triangles: Matrix? = nil
  ) throws(LearningError) {
    self.kernel = kernel
    self.inputs = inputs
    self.groups = groups
    self.standardisedTarget = standardisedTarget
    self.centre = centre
    self.scale = scale
    self.variances = variances
    let k = Evidence.covariance(
      triangles: triangles ?? kernel.triangles(inputs, groups: groups), order: inputs.rows, variances: variances)
    let factor: Cholesky
    do { factor = try Cholesky(k) } catch { throw .numericalFailure("covariance of \(inputs.rows) rows: \(error)") }
    self.factor = factor
    coefficients = factor.solve(standardisedTarget)
  }

  /// The process with its factorisation at hand, for many calls of `predict`.
  ///
  /// - Throws: `LearningError.numericalFailure` when the covariance cannot be factored.
  public func prepared() throws(LearningError) -> GaussianProcess {
    if factor != nil { return self }
    return try GaussianProcess(
      kernel: kernel, inputs: inputs, groups: groups, standardisedTarget: standardisedTarget, centre: centre,
      scale: scale, variances: variances)
  }

  /// The predictive mean of every row of `x`, whatever the other rows; costs far less than the deviations.
  ///
  /// - Parameters:
  ///   - x: rows with the columns of the training inputs, finite.
  ///   - groups: the group of each row; −1 is unknown.
  public func means(_ x: Matrix, groups: [Int]) -> [Double] {
    precondition(x.columns == kernel.columns, "\(x.columns) columns for a process of \(kernel.columns)")
    precondition(groups.count == x.rows, "\(groups.count) groups for \(x.rows) rows")
    let cross = kernel.covariance(x, groups: groups, inputs, groups: self.groups, variances: variances)
    return (0..<x.rows).map { mean(covariance: cross.row($0)) }
  }

  /// The predictive mean at a point of which the covariances with the observations are given. One point at a time:
  /// products of matrices round a row by its place, and a row's numbers must not depend on its company.
  private func mean(covariance: [Double]) -> Double {
    centre + scale * Matrix(rows: 1, columns: covariance.count, storage: covariance).times(coefficients)[0]
  }

  /// The predictive mean and standard deviation (noise included) of every row of `x`, whatever the other rows.
  ///
  /// - Parameters:
  ///   - x: rows with the columns of the training inputs, finite.
  ///   - groups: the group of each row; −1 is unknown.
  /// - Throws: `LearningError.numericalFailure` when a process read from a file cannot be factored.
  public func predict(_ x: Matrix, groups: [Int]) throws(LearningError) -> (
    mean: [Double], standardDeviation: [Double]
  ) {
    guard let factor else { return try prepared().predict(x, groups: groups) }
    precondition(x.columns == kernel.columns, "\(x.columns) columns for a process of \(kernel.columns)")
    precondition(groups.count == x.rows, "\(groups.count) groups for \(x.rows) rows")
    let cross = kernel.covariance(x, groups: groups, inputs, groups: self.groups, variances: variances)
    let prior = kernel.diagonal(x, variances: variances)
    var (means, deviations) = ([Double](), [Double]())
    for i in 0..<x.rows {
      let row = cross.row(i)
      means.append(mean(covariance: row))
      let solved = factor.solve(row)
      var variance = prior[i] + variances[variances.count - 1]
      for j in row.indices { variance -= row[j] * solved[j] }
      deviations.append(scale * max(variance, Self.varianceFloor).squareRoot())
    }
    return (means, deviations)
  }

  /// The joint predictive distribution of the rows of `x`, without noise: mean and covariance.
  ///
  /// - Parameters:
  ///   - x: rows with the columns of the training inputs, finite.
  ///   - groups: the group of each row; −1 is unknown.
  /// - Throws: `LearningError.numericalFailure` when a process read from a file cannot be factored.
  /// - Source: Rasmussen and Williams 2006, eq. 2.23–2.24.
  public func joint(_ x: Matrix, groups: [Int]) throws(LearningError) -> (mean: [Double], covariance: Matrix) {
    guard let factor else { return try prepared().joint(x, groups: groups) }
    precondition(x.columns == kernel.columns, "\(x.columns) columns for a process of \(kernel.columns)")
    precondition(groups.count == x.rows, "\(groups.count) groups for \(x.rows) rows")
    let cross = kernel.covariance(x, groups: groups, inputs, groups: self.groups, variances: variances)
    let known = Matrix.product(cross, transposed: false, factor.solve(rows: cross), transposed: true)
    var covariance = kernel.covariance(x, groups: groups, x, groups: groups, variances: variances)
    for k in covariance.storage.indices {
      covariance.storage[k] = scale * scale * (covariance.storage[k] - known.storage[k])
    }
    return (cross.times(coefficients).map { centre + scale * $0 }, covariance)
  }

  /// The prediction for every training row from the rows of all other folds, at the variances of the whole, in closed
  /// form.
  ///
  /// - Parameter folds: the fold of each training row.
  /// - Throws: `LearningError` when the folds do not match the rows or a block cannot be factored.
  /// - Source: D. Ginsbourger and C. Schärer, "Fast calculation of Gaussian process multiple-fold cross-validation
  ///   residuals and their covariances", arXiv:2101.03108.
  public func leaveFoldsOut(folds: [Int]) throws(LearningError) -> (mean: [Double], standardDeviation: [Double]) {
    guard folds.count == inputs.rows else { throw .sizes("\(folds.count) folds for \(inputs.rows) rows") }
    guard let inverse = try prepared().factor?.inverse else { throw .numericalFailure("no factor") }
    var means = [Double](repeating: 0, count: folds.count)
    var deviations = means
    for fold in Set(folds).sorted() {
      let held = folds.indices.filter { folds[$0] == fold }
      let block: Matrix
      do { block = try Cholesky(inverse.selecting(rows: held).selecting(columns: held)).inverse } catch {
        throw .numericalFailure("fold \(fold): \(error)")
      }
      let shifts = block.times(held.map { coefficients[$0] })
      for (k, i) in held.enumerated() {
        means[i] = centre + scale * (standardisedTarget[i] - shifts[k])
        deviations[i] = scale * max(block[k, k] - Evidence.jitter, Self.varianceFloor).squareRoot()
      }
    }
    return (means, deviations)
  }

  private enum CodingKeys: String, CodingKey {
    case kernel, inputs, groups, standardisedTarget, centre, scale, variances, coefficients
  }

  /// Decodes a process; sizes or numbers that cannot belong to one are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kernel = try container.decode(BlockKernel.self, forKey: .kernel)
    let inputs = try container.decode(Matrix.self, forKey: .inputs)
    let groups = try container.decode([Int].self, forKey: .groups)
    let target = try container.decode([Double].self, forKey: .standardisedTarget)
    let centre = try container.decode(Double.self, forKey: .centre)
    let scale = try container.decode(Double.self, forKey: .scale)
    let variances = try container.decode([Double].self, forKey: .variances)
    func refuse(_ key: CodingKeys, _ text: String) -> DecodingError {
      DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: text)
    }
    if let fault = kernel.fault { throw refuse(.kernel, fault) }
    guard inputs.columns == kernel.columns, inputs.rows > 0, inputs.storage.allSatisfy(\.isFinite) else {
      throw refuse(.inputs, "\(inputs.rows) × \(inputs.columns) inputs for \(kernel.columns) columns, or not finite")
    }
    guard groups.count == inputs.rows else { throw refuse(.groups, "\(groups.count) groups") }
    guard target.count == inputs.rows, target.allSatisfy(\.isFinite) else {
      throw refuse(.standardisedTarget, "\(target.count) targets for \(inputs.rows) rows, or not finite")
    }
    guard centre.isFinite else { throw refuse(.centre, "centre \(centre)") }
    guard scale > 0, scale.isFinite else { throw refuse(.scale, "scale \(scale)") }
    guard variances.count == kernel.count + 1, variances.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw refuse(.variances, "\(variances.count) variances for \(kernel.count) kernels, or not positive")
    }
    let coefficients = try container.decode([Double].self, forKey: .coefficients)
    guard coefficients.count == inputs.rows, coefficients.allSatisfy(\.isFinite) else {
      throw refuse(.coefficients, "\(coefficients.count) coefficients for \(inputs.rows) rows, or not finite")
    }
    self.kernel = kernel
    self.inputs = inputs
    self.groups = groups
    standardisedTarget = target
    self.centre = centre
    self.scale = scale
    self.variances = variances
    self.coefficients = coefficients
    factor = nil
  }

  /// Encodes what decoding reads.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kernel, forKey: .kernel)
    try container.encode(inputs, forKey: .inputs)
    try container.encode(groups, forKey: .groups)
    try container.encode(standardisedTarget, forKey: .standardisedTarget)
    try container.encode(centre, forKey: .centre)
    try container.encode(scale, forKey: .scale)
    try container.encode(variances, forKey: .variances)
    try container.encode(coefficients, forKey: .coefficients)
  }

  /// Equal processes have equal files; whether the factorisation is at hand is no difference.
  public static func == (a: GaussianProcess, b: GaussianProcess) -> Bool {
    a.kernel == b.kernel && a.inputs == b.inputs && a.groups == b.groups
      && a.standardisedTarget == b.standardisedTarget && a.centre == b.centre && a.scale == b.scale
      && a.variances == b.variances && a.coefficients == b.coefficients
  }

  /// Hashes what tells processes apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kernel)
    hasher.combine(coefficients)
  }
}
