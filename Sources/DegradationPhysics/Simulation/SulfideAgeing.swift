internal import NumericalMethods

/// The mechanistic ageing of NCM | sulfide cells: contact, cracks, interphase, space charge, oxidation, rock salt,
/// coating wear and the anode, coupled through the potential, the local current and the strain of each cycle.
///
/// Capacity is never imposed: it follows from the end points of charge and discharge at the state of each age. This
/// is a bracketing prior. Most of its parameters are not identified by a fade curve.
public enum SulfideAgeing {
  /// Simulates cells under one request, eight side by side; the same numbers for any company and number of threads.
  ///
  /// - Parameters:
  ///   - cells: designs that were read without error.
  ///   - threads: tasks at the same time, ≥ 1.
  /// - Returns: one trajectory a cell, in their order; a cell whose numerics fail carries a `fault`.
  /// - Throws: `CancellationError`.
  public static func run(
    _ cells: [SulfideCell], _ request: SimulationRequest, threads: Int = 1
  ) async throws -> [AgeingTrajectory] {
    request.check()
    let size = Lanes.scalarCount
    let batches = (cells.count + size - 1) / size
    let parts = try await parallelMap(count: batches, width: threads) { b in
      run(batch: cells[(b * size)..<min((b + 1) * size, cells.count)], request)
    }
    return parts.flatMap { $0 }
  }

  /// Simulates one cell.
  public static func run(_ cell: SulfideCell, _ request: SimulationRequest) -> AgeingTrajectory {
    request.check()
    return run(batch: [cell], request)[0]
  }

  static func run(batch: ArraySlice<SulfideCell>, _ request: SimulationRequest) -> [AgeingTrajectory] {
    PotentialViews.with { views in
      var run = LaneRun(batch, request, views)
      return run.run()
    }
  }

  /// How much the couplings add to the fade: loss at an age with all of them over the loss with none.
  ///
  /// Above 1 the mechanisms reinforce each other. NaN when there is no loss (1e-6) without them.
  public static func loopGain(
    _ cell: SulfideCell, age: Double, cycling: CyclingProtocol = .plain
  ) -> Double {
    var request = SimulationRequest(ages: [age])
    request.cycling = cycling
    let all = run(cell, request).capacityRetention.last ?? .nan
    request.without = Set(Coupling.allCases)
    let none = run(cell, request).capacityRetention.last ?? .nan
    return none < 1 - 1e-6 ? (1 - all) / (1 - none) : .nan
  }
}
