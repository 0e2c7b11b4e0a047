public import CellModel
internal import NumericalMethods

/// What the physics says of a cell at an observation age: states, margins, mechanisms and life of an ensemble, and the
/// stated conditions.
///
/// | feature | meaning |
/// |---|---|
/// | `phys_NAME_mean`, `phys_NAME_sd` | mean and standard deviation (divisor n) over members of a state, SI |
/// | `phys_…_resistance_share` | part of the ten-second resistance at half charge |
/// | `phys_min_stack_pressure_pa` | least pressure within a cycle at the observation age: the state less breathing |
/// | `phys_loop_gain` | mean loss over mean loss without couplings; NaN for a loss below 1e-6 without them |
/// | `phys_margin_charge_v`, `phys_margin_discharge_v` | mean headroom to the cut-offs half-way |
/// | `phys_dominant_MECHANISM` | share of members whose largest loss it is, of those that lost anything |
/// | `phys_life_q10`, `_q50`, `_q90` | quantiles of life [age], 10 % of members live shorter than q10 |
/// | `phys_prior_distance` | `StatedConditions.priorDistance` |
/// | conditions | `StatedConditions.names` |
///
/// Lives are censored at the horizon: a member that outlives it counts as the horizon, so a quantile equal to the horizon
/// says "at least that". Members whose numerics failed are left out.
public enum PhysicsFeatures {
  /// Names, in the order of `extract`.
  public static let names: [String] =
    states.flatMap { ["phys_\($0.name)_mean", "phys_\($0.name)_sd"] }
    + ["phys_loop_gain", "phys_margin_charge_v", "phys_margin_discharge_v"]
    + MechanismShares.mechanisms.map { "phys_dominant_\($0.rawValue)" } + lives.map(\.name) + ["phys_prior_distance"]
    + StatedConditions.names

  /// One member at the observation age.
  private struct Member {
    var state: DegradationState
    var resistance: ResistanceSplit
    var parameters: ParameterSet
  }

  private typealias State = (name: String, value: @Sendable (Member) -> Double)

  private static let states: [State] = {
    func state(_ name: String) -> State {
      guard let path = DegradationState.paths.first(where: { $0.name == name })?.path else {
        preconditionFailure("no state \(name)")
      }
      return (name, { $0.state[keyPath: path] })
    }
    let interphase: State = (
      "interphase_resistance_share", { $0.resistance.interphaseOhmM2 / $0.resistance.totalOhmM2 }
    )
    let spaceCharge: State = (
      "space_charge_resistance_share", { $0.resistance.spaceChargeOhmM2 / $0.resistance.totalOhmM2 }
    )
    let pressure: State = (
      "min_stack_pressure_pa", { $0.state.stackPressurePa * (1 - $0.parameters[.pressureBreathing]) }
    )
    return [
      state("contact_fraction"), state("contact_fatigue"), state("percolated_fraction"), state("crack_density"),
      state("interphase_thickness_m"), interphase, spaceCharge, state("oxidised_electrolyte_fraction"),
      state("rock_salt_thickness_m"), state("coating_coverage"), state("void_fraction"), state("short_hazard"),
      pressure,
    ]
  }()

  private static let lives: [(name: String, level: Double)] = [
    ("phys_life_q10", 0.1), ("phys_life_q50", 0.5), ("phys_life_q90", 0.9),
  ]

  /// The features of a sulfide cell.
  ///
  /// - Parameters:
  ///   - ensemble: its members.
  ///   - attributes: its columns.
  /// - Returns: one value for each of `names`, in that order.
  public static func extract(
    _ ensemble: PhysicsEnsemble, _ attributes: CellAttributes
  ) -> [(name: String, value: Double)] {
    let sound = ensemble.runs.indices.filter {
      ensemble.runs[$0].fault == nil && ensemble.uncoupledRetention[$0].isFinite
    }
    let runs = sound.map { ensemble.runs[$0] }
    let members = sound.map { k in
      Member(
        state: ensemble.runs[k].states[0], resistance: ensemble.runs[k].resistances[0],
        parameters: ensemble.members[k].parameters)
    }
    var values: [Double] = []
    for state in states {
      let x = members.map(state.value)
      values += [mean(x), standardDeviation(x)]
    }
    let loss = 1 - mean(runs.map { $0.capacityRetention[0] })
    let alone = 1 - mean(sound.map { ensemble.uncoupledRetention[$0] })
    values += [
      alone > 1e-6 ? loss / alone : .nan, mean(runs.map { $0.margins[0].chargeV }),
      mean(runs.map { $0.margins[0].dischargeV }),
    ]
    let largest = runs.map { $0.losses[0] }.filter { ($0.values.max() ?? 0) > 0 }.map(\.dominant)
    values += MechanismShares.mechanisms.map { m in
      largest.isEmpty ? .nan : Double(largest.count { $0 == m }) / Double(largest.count)
    }
    let ends = runs.map { min($0.life ?? .infinity, ensemble.horizon) }.sorted()
    values += lives.map { ends.isEmpty ? .nan : quantile(ofSorted: ends, $0.level) }
    return named(values, attributes)
  }

  /// The features of a cell whose physics is not modelled: life and conditions; all else is NaN.
  ///
  /// A life quantile is the first age at which retention has fallen to the limit with that probability, censored at the
  /// horizon.
  /// - Parameters:
  ///   - fit: the generic law fitted to the visible record; nil for none, which leaves the life NaN too.
  ///   - limit: retention that ends life, in (0, 1).
  ///   - horizon: age beyond which nothing is claimed, > 0.
  public static func extract(
    generic fit: GenericAgeingFit?, _ attributes: CellAttributes, limit: Double = 0.8, horizon: Double
  ) -> [(name: String, value: Double)] {
    precondition(horizon > 0, "horizon \(horizon)")
    var values = [Double](repeating: .nan, count: 2 * states.count + 3 + MechanismShares.mechanisms.count)
    let ages = (0...1000).map { horizon * Double($0) / 1000 }
    let forecast = fit?.forecast(at: ages)
    values += lives.map { life in
      guard let forecast else { return .nan }
      let z = NormalDistribution.quantile(life.level)
      // Retention at this level of the forecast, less the limit: life ends where it falls to 0.
      let room = ages.indices.map { forecast.mean[$0] + z * forecast.standardDeviation[$0] - limit }
      guard let k = room.firstIndex(where: { $0 <= 0 }) else { return horizon }
      guard k > 0 else { return 0 }
      return ages[k - 1] + (ages[k] - ages[k - 1]) * room[k - 1] / max(room[k - 1] - room[k], 1e-300)
    }
    return named(values, attributes)
  }

  private static func named(_ values: [Double], _ attributes: CellAttributes) -> [(name: String, value: Double)] {
    let conditions = StatedConditions(attributes)
    let all = values + [conditions.priorDistance] + conditions.values
    return zip(names, all).map { ($0, $1.isFinite ? $1 : .nan) }
  }
}
