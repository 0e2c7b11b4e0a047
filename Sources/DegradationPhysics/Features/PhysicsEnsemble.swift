/// Simulated members of one cell (draws of a population, or members of a posterior) as they stand at an observation age.
///
/// Members look ahead only in the simulation: nothing measured enters but what their parameters were conditioned on.
public struct PhysicsEnsemble: Sendable, Hashable {
  /// The members.
  public let members: [SulfideCell]
  /// Their trajectories with one report at `age`, losses by mechanism included, to the horizon.
  public let runs: [AgeingTrajectory]
  /// Retention at `age` with every arrow of the coupling diagram switched off; NaN where the numerics failed.
  public let uncoupledRetention: [Double]
  /// Observation age [cycles].
  public let age: Double
  /// Age to which lives were followed [cycles].
  public let horizon: Double

  /// Simulates members.
  ///
  /// - Parameters:
  ///   - members: cells of `SulfidePopulation.draws`, or one design with the sets of `CalibratedRecipe.members`.
  ///   - age: observation age [cycles], ≥ 0.
  ///   - horizon: age to which lives are followed [cycles], ≥ `age`.
  ///   - limit: retention that ends life, in (0, 1).
  /// - Throws: `CancellationError`.
  public init(
    _ members: [SulfideCell], at age: Double, horizon: Double, limit: Double = 0.8, cycling: CyclingProtocol = .plain,
    threads: Int = 1
  ) async throws {
    precondition(horizon >= age, "a horizon of \(horizon) before age \(age)")
    var request = SimulationRequest(ages: [age], horizon: horizon)
    request.limit = limit
    request.cycling = cycling
    request.attribution = true
    request.stopsAtEndOfLife = true
    runs = try await SulfideAgeing.run(members, request, threads: threads)
    request.horizon = age
    request.attribution = false
    request.without = Set(Coupling.allCases)
    let plain = try await SulfideAgeing.run(members, request, threads: threads)
    uncoupledRetention = plain.map { $0.capacityRetention.first ?? .nan }
    self.members = members
    self.age = age
    self.horizon = horizon
  }
}
