public import NumericalMethods

/// Finds the parameters of a recipe from its observed cells, and of a cell from its own early cycles.
///
/// The prior is the table's: every uncertain parameter, of the recipe and of each cell, is a standard normal number in
/// units of its spread. The most probable point is sought from several starts in the few parameters that fade curves
/// can identify, then in all of them. Around it the posterior is normal (Laplace) in the directions that the data
/// move and the prior in all others; where the responses bend too much for that, an ensemble smoother takes over if
/// its members are the more probable. Errors beyond `huber` standard deviations count linearly.
///
/// Misfit that the parameters cannot explain is left to the residual model: it is reported, never absorbed.
/// - Source: directions moved by data: A. Spantini et al., SIAM J. Sci. Comput. 37 (2015) A2451,
///   doi:10.1137/140977308; smoother: doi:10.1016/j.cageo.2012.03.011; loss: P. J. Huber, Ann. Math. Stat. 35 (1964) 73.
public struct PhysicsCalibration: Sendable, Hashable {
  /// Parameters to search from several starts; nil for `identifiable`.
  public var free: [Parameter]?
  /// Starts of the search, ≥ 1; the first is the prior's centre.
  public var starts = 8
  /// Members of the ensembles, ≥ 2.
  public var members = 200
  /// Seed of starts, draws and perturbations.
  public var seed: UInt64
  /// Tasks at the same time; no number depends on it.
  public var threads = 1
  /// Residual beyond which errors count linearly [sd].
  public var huber = 2.0
  /// The smoother.
  public var smoother = EnsembleSmoother()

  /// Deviation that draws a warning [prior sd].
  public static let guardLimit = 3.0
  /// Innovation beyond which a cell is not one this model describes [sd].
  public static let outOfModelLimit = 4.0
  /// Root mean square departure from linear responses above which the Laplace posterior is not used [noise sd].
  static let bendLimit = 1.0
  /// Bounds of the search [prior sd].
  private static let box = 5.0

  /// A calibration with default options.
  public init(seed: UInt64) { self.seed = seed }

  /// Parameters that capacity and resistance can move; cracks for polycrystals, and the onset of oxidation where cells
  /// were cycled to two or more cut-offs of which one is above 4.4 V against Li.
  public static func identifiable(_ data: CalibrationData) -> [Parameter] {
    var found: [Parameter] = [
      .interphaseResistivity, .interphaseDiffusion, .fatigueRate, .contactShape, .initialContact, .conductivity,
    ]
    if data.cells.contains(where: { $0.cell.parameters[.crackMorphologyFactor] > 1.5 }) { found.append(.crackRate) }
    let cutoffs = Set(data.cells.map(\.cell.design.upperCutoffV))
    if cutoffs.count > 1, cutoffs.contains(where: { $0 > 4.4 }) { found.append(.oxidationOnset) }
    return found
  }

  /// The prior of cells with these nominal parameters.
  public func prior(of cells: [ParameterSet], stated: Set<Parameter> = []) -> CalibratedRecipe {
    let space = CalibrationSpace(cells, stated: stated)
    return CalibratedRecipe(
      status: .prior, method: .prior, parameters: space.recipe, cellParameters: space.cell,
      mean: [Double](repeating: 0, count: space.recipe.count),
      ensemble: EnsembleSmoother.standardNormal(
        members: members, variables: space.recipe.count, seed: seed, purpose: "recipe prior"),
      residuals: ResidualSummary(), warnings: [])
  }

  /// Conditions the prior of a recipe on its observed cells; without observations the prior itself.
  ///
  /// - Throws: `CancellationError`.
  public func fit(_ data: CalibrationData) async throws -> CalibratedRecipe {
    var result = prior(of: data.cells.map(\.cell.parameters), stated: data.stated)
    guard data.count > 0 else { return result }
    let space = CalibrationSpace(data)
    let forward = CalibrationForward(data, space)
    let search = try await search(forward)
    let (responses, jacobian) = try await forward.jacobian(search.z, threads: threads)
    let weights = huberWeights(zip(responses, forward.observed).map { $0 - $1 })
    let draws = EnsembleSmoother.standardNormal(
      members: members, variables: space.count, seed: seed, purpose: "calibration prior")
    let laplace = try LaplacePosterior(mean: search.z, jacobian: jacobian, weights: weights)
    var posterior = laplace.members(draws)
    result.method = .laplace
    result.status = .dataset
    var mean = search.z
    let simulated = try await self.responses(posterior, forward)
    let bend = departure(posterior, simulated, from: search.z, responses, jacobian, weights)
    if search.isDoubtful || bend > Self.bendLimit {
      let other = try await condition(draws, forward, weights)
      let reached = try await self.responses(other, forward)
      if energy(other, reached, weights, forward) < energy(posterior, simulated, weights, forward) {
        posterior = other
        mean = posterior.columnMeans
        result.method = .smoother
      }
    }
    let recipe = Array(space.recipe.indices)
    result.ensemble = posterior.selecting(columns: recipe)
    describe(&result, mean, responses, forward)
    return result
  }

  /// Conditions a recipe's posterior on the early cycles of one of its cells that it has not seen.
  ///
  /// Runs start from the fresh cell, so parameters determine the states and need not be joined by them. The recipe's
  /// own part moves along with the cell's deviations.
  /// - Parameters:
  ///   - recipe: posterior or prior of the recipe.
  ///   - cell: what was observed of the cell so far.
  ///   - cycling: how it was tested.
  /// - Returns: the cell's posterior, `isOutOfModel` when an observation lies more than `outOfModelLimit` standard
  ///   deviations (of noise and ensemble) from what was expected, or the misfit after the update is as large in noise.
  /// - Throws: `CancellationError`.
  public func update(
    _ recipe: CalibratedRecipe, with cell: CellObservations, cycling: CyclingProtocol = .plain
  ) async throws -> CalibratedRecipe {
    let data = CalibrationData([cell], cycling: cycling)
    let space = CalibrationSpace(recipe: recipe.parameters, cell: recipe.cellParameters)
    let forward = CalibrationForward(data, space)
    let own = EnsembleSmoother.standardNormal(
      members: recipe.ensemble.rows, variables: space.cell.count, seed: seed, purpose: "cell prior")
    let start = recipe.ensemble.beside(recipe.cellEnsemble ?? own)
    var result = recipe
    guard cell.count > 0 else { return result }
    let expected = try await responses(start, forward)
    let spread = expected.columnCovariance
    let means = expected.columnMeans
    result.isOutOfModel = means.indices.contains {
      abs(forward.observed[$0] - means[$0]) > Self.outOfModelLimit * (spread[$0, $0] + 1).squareRoot()
    }
    var posterior = try await condition(start, forward, means.map { _ in 1 })
    var fitted = try await responses(posterior, forward).columnMeans
    let weights = huberWeights(zip(fitted, forward.observed).map { $0 - $1 })
    if weights.contains(where: { $0 < 1 }) {
      posterior = try await condition(start, forward, weights)
      fitted = try await responses(posterior, forward).columnMeans
    }
    result.status = .cell
    result.method = .smoother
    result.ensemble = posterior.selecting(columns: Array(space.recipe.indices))
    result.cellEnsemble = posterior.selecting(columns: Array(space.recipe.count..<space.count))
    describe(&result, posterior.columnMeans, fitted, forward)
    result.isOutOfModel = result.isOutOfModel || result.residuals.rootMeanSquare > Self.outOfModelLimit
    return result
  }

  // MARK: Parts

  /// Mean, misfit of the responses, and warnings.
  private func describe(
    _ result: inout CalibratedRecipe, _ z: [Double], _ responses: [Double], _ forward: CalibrationForward
  ) {
    result.mean = Array(z.prefix(result.parameters.count))
    var rest = zip(responses, forward.observed).map { $0 - $1 }[...]
    result.residuals = ResidualSummary(
      forward.data.cells.flatMap(\.channels).map { channel in
        defer { rest = rest.dropFirst(channel.ages.count) }
        return Array(rest.prefix(channel.ages.count))
      })
    result.warnings = zip(result.parameters, result.mean).filter { abs($0.1) > Self.guardLimit }
      .map { CalibratedRecipe.Warning(parameter: $0.0, deviation: $0.1) }
  }

  /// Huber's weights in units of the noise or, where the model as a whole does not fit better, of the median misfit.
  private func huberWeights(_ residuals: [Double]) -> [Double] {
    let sizes = residuals.map { abs($0) }.sorted()
    // A normal error's median size is .6745 of its standard deviation.
    let limit = huber * max(1, sizes[sizes.count / 2] / 0.6745)
    return residuals.map { abs($0) > limit ? limit / abs($0) : 1 }
  }

  private func responses(_ members: Matrix, _ forward: CalibrationForward) async throws -> Matrix {
    Matrix(try await forward.responses((0..<members.rows).map(members.row), threads: threads))
  }

  private func condition(
    _ start: Matrix, _ forward: CalibrationForward, _ weights: [Double]
  ) async throws -> Matrix {
    try await smoother.condition(
      start, observations: forward.observed, noise: .diagonal(weights.map { 1 / $0 }), seed: seed
    ) { try await responses($0, forward) }
  }

  /// Root mean square difference of true and linear responses over the members, in weighted noise sd.
  private func departure(
    _ members: Matrix, _ simulated: Matrix, from z: [Double], _ responses: [Double], _ jacobian: Matrix,
    _ weights: [Double]
  ) -> Double {
    var sum = 0.0
    for k in 0..<members.rows {
      let linear = jacobian.times(zip(members.row(k), z).map { $0 - $1 })
      for i in linear.indices {
        let gap = simulated[k, i] - responses[i] - linear[i]
        sum += weights[i] * gap * gap
      }
    }
    return (sum / Double(members.rows * max(responses.count, 1))).squareRoot()
  }

  /// Mean over the members of the squared misfit and the squared distance from the prior's centre: −2 log of the
  /// posterior density but for a constant. Of two ensembles the one with the lower is nearer to the posterior.
  private func energy(
    _ members: Matrix, _ simulated: Matrix, _ weights: [Double], _ forward: CalibrationForward
  ) -> Double {
    var sum = members.storage.reduce(0) { $0 + $1 * $1 }
    for k in 0..<members.rows {
      for (i, w) in weights.enumerated() {
        let gap = simulated[k, i] - forward.observed[i]
        sum += w * gap * gap
      }
    }
    return sum / Double(members.rows)
  }

  /// The most probable point, and whether others are nearly as probable or none was reached.
  private func search(_ forward: CalibrationForward) async throws -> (z: [Double], isDoubtful: Bool) {
    let space = forward.space
    let chosen = Set(free ?? Self.identifiable(forward.data))
    let open = space.recipe.indices.filter { chosen.contains(space.recipe[$0]) }
    let found = try await parallelMap(count: starts, width: threads) { k in
      var z = [Double](repeating: 0, count: space.count)
      if k > 0 {
        var stream = RandomStream(seed: seed, purpose: "calibration starts", draw: k)
        for j in open { z[j] = min(max(stream.normal(), -2), 2) }
      }
      return minimum(from: z, open, forward)
    }
    let minima = found.compactMap { $0 }
    let best = minima.min { $0.cost < $1.cost }
    let z = best?.z ?? [Double](repeating: 0, count: space.count)
    // A second minimum within a likelihood ratio of e² and beyond one prior standard deviation.
    let isMultimodal = minima.contains { m in
      m.cost < (best?.cost ?? 0) + 2 && zip(m.z, z).contains { abs($0 - $1) > 1 }
    }
    let all = minimum(from: z, Array(0..<space.count), forward)
    return (all?.z ?? z, isMultimodal || !(all?.converged ?? false))
  }

  /// A local minimum in the elements `open` of z, the others as they are; nil when the numerics failed.
  private func minimum(
    from z: [Double], _ open: [Int], _ forward: CalibrationForward
  ) -> (z: [Double], cost: Double, converged: Bool)? {
    func full(_ x: [Double]) -> [Double] {
      var out = z
      for (v, j) in zip(x, open) { out[j] = v }
      return out
    }
    var options = LeastSquaresOptions()
    options.iterations = 40
    options.costTolerance = 1e-4
    options.stepTolerance = 1e-3
    options.differenceStep = CalibrationForward.step
    do {
      let solution = try minimizeBatchedLeastSquares(
        start: open.map { z[$0] }, lower: open.map { _ in -Self.box }, upper: open.map { _ in Self.box },
        scales: open.map { _ in 1 }, options: options
      ) { points in
        zip(points, forward.responses(points.map(full))).map { x, y in
          zip(y, forward.observed).map { softened($0 - $1) } + x
        }
      }
      return (full(solution.x), solution.cost, solution.converged)
    } catch { return nil }
  }

  /// A residual whose half square is Huber's loss of `r`.
  private func softened(_ r: Double) -> Double {
    let size = abs(r)
    guard size > huber else { return r }
    let root = (2 * huber * size - huber * huber).squareRoot()
    return r < 0 ? -root : root
  }
}
