internal import CellModel
internal import DegradationPhysics
internal import NumericalMethods
public import LifetimeForecast

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// What a fitted model says of designs: its lives, beside energy and resistance of the fresh cell from the physics.
///
/// The spread of a fitted model already holds that of the lines it was taught by. Tolerances of another line
/// (`describes = "new_line"`) scale each life by what the physics makes of the virtual cell's build against the design's.
/// Where the physics holds what is not known at its centre, so do lives here: of their spread only the share that the
/// scatter of cells makes is left.
public struct ModelEvaluator: DesignEvaluator {
  /// The metrics of `PhysicsEvaluator`; life and retention are the model's.
  public var metrics: [String] { physics.metrics }
  /// The model; nil leaves lives to the physics alone.
  public var model: LifetimeModel?
  /// What the designs are changes of.
  public var base: [String: DesignValue]
  /// Energy, resistance and the effect of tolerances; also limit, horizon and tasks.
  public var physics: PhysicsEvaluator

  /// An evaluator.
  public init(model: LifetimeModel?, base: [String: DesignValue], physics: PhysicsEvaluator) {
    self.model = model
    self.base = base
    self.physics = physics
  }

  /// Some of the draws of the physics; the draws of a model come as a whole.
  public func evaluate(
    _ designs: [[String: DesignValue]], draws range: Range<Int>, seed: UInt64
  ) async throws -> [DesignDraws]? {
    model == nil ? try await physics.evaluate(designs, draws: range, seed: seed) : nil
  }

  /// Draws of every design; see `metrics`.
  public func evaluate(_ designs: [[String: DesignValue]], draws: Int, seed: UInt64) async throws -> [DesignDraws] {
    guard let model else { return try await physics.evaluate(designs, draws: draws, seed: seed) }
    var fresh = physics
    let scatters = !physics.variability.parameters.isEmpty && !physics.variability.describesTraining
    // Only where tolerances matter is a whole life simulated.
    if !scatters { fresh.horizon = 1 }
    var out = try await fresh.evaluate(designs, draws: draws, seed: seed)
    let usable = out.indices.filter { out[$0].fault == nil }
    var nominal: [DesignDraws] = []
    if scatters {
      var plain = physics
      plain.variability = .none
      nominal = try await plain.evaluate(usable.map { designs[$0] }, draws: draws, seed: seed)
    }
    let found = try await model.forecast(
      designs: usable.map { CellAttributes(designs[$0]) }, beside: CellAttributes(base), fraction: physics.limit,
      at: physics.horizon, draws: draws, seed: seed, threads: physics.threads)
    for (k, i) in usable.enumerated() {
      var lives = found[k].lives
      if physics.population.holdsUnknown { lives = scattered(lives, share: found[k].manufacturingShare) }
      if scatters, let built = out[i].metrics["life"], let plain = nominal[k].metrics["life"] {
        for d in lives.indices { lives[d] *= built[d] / max(plain[d], 1) }
      }
      out[i].metrics["life"] = lives.map { min($0, physics.horizon) }
      out[i].metrics["final_retention"] = found[k].retention
      // What publications taught is judged by the columns they state.
      if !model.isTaughtByPublications {
        out[i].objections = found[k].objection.map { ["": $0] } ?? [:]
      }
    }
    return out
  }

  /// Lives about their median with no more than the share of the variance of their logarithm that cells of one line differ
  /// by; where the model does not know it, with the levels of the file.
  private func scattered(_ lives: [Double], share: Double?) -> [Double] {
    let logs = lives.map { log(max($0, 1e-9)) }
    let middle = quantile(ofSorted: logs.sorted(), 0.5)
    let wide = standardDeviation(logs)
    guard wide > 0 else { return lives }
    let levels = physics.variability.levels
    let own = (levels.cell * levels.cell + levels.batch * levels.batch) / (wide * wide)
    let keep = min(max(share ?? own, 0), 1).squareRoot()
    return logs.map { exp(middle + keep * ($0 - middle)) }
  }
}
