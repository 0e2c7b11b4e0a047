public import CellModel
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Simulations with uncertain parameters and unstated conditions drawn: the prior of the sulfide model.
public enum SulfideEnsemble {
  /// Parameters and attributes of one draw of a cell.
  ///
  /// Parameter draws are shared by all cells of a run (what is not known of the materials is not known of any of
  /// them); conditions that a paper does not state are drawn once per `lab_id`.
  static func member(
    _ cell: CellHistory, draw d: Int, seed: UInt64
  ) throws(DesignError) -> SulfideAgeing {
    var stream = RandomStream(seed: seed, purpose: "sulfide-parameters", draw: d)
    var base = SulfideParameters()
    for spread in SulfideParameters.spreads { base[keyPath: spread.path] *= exp(spread.logSpread * stream.normal()) }
    let odds = log(base.initialContact / (1 - base.initialContact)) + 0.35 * stream.normal()
    base.initialContact = 1 / (1 + exp(-odds))
    base.oxidationOnsetV += 0.05 * stream.normal()
    let attributes = completed(cell, draw: d, seed: seed)
    return SulfideAgeing(
      design: try CellDesign(attributes), parameters: SulfideMaterials.parameters(attributes, base: base))
  }

  /// Attributes with what is not stated drawn from what published cells use (assumed shares).
  static func completed(_ cell: CellHistory, draw d: Int, seed: UInt64) -> CellAttributes {
    var a = cell.attributes
    let paper = stableHash(a.text("lab_id") ?? cell.id)
    var stream = RandomStream(seed: seed, purpose: "sulfide-conditions", key: paper, draw: d)
    func pick<T>(_ values: [(T, Double)], _ u: Double) -> T? {
      var sum = 0.0
      for (value, share) in values {
        sum += share
        if u <= sum { return value }
      }
      return values.last?.0
    }
    let u = (0..<9).map { _ in stream.uniform() }
    let z = u.map { NormalDistribution.quantile($0) }
    if a.numbers["temperature_celsius"] == nil {
      a.numbers["temperature_celsius"] = pick([(25.0, 0.7), (30, 0.15), (60, 0.15)], u[0])
    }
    if a.numbers["stack_pressure_mpa"] == nil {
      a.numbers["stack_pressure_mpa"] = min(max(50 * exp(0.9 * z[1]), 2), 300)
    }
    if a.numbers["areal_loading_mg_cm2"] == nil {
      a.numbers["areal_loading_mg_cm2"] = min(max(10 * exp(0.45 * z[2]), 0.5), 100)
    }
    if a.numbers["upper_cutoff_v"] == nil {
      a.numbers["upper_cutoff_v"] = pick([(4.2, 0.12), (4.25, 0.18), (4.3, 0.5), (4.4, 0.12), (4.5, 0.08)], u[3])
      a.texts["voltage_reference"] = "Li"
    }
    if a.numbers["discharge_c_rate"] == nil, a.numbers["current_density_ma_cm2"] == nil {
      a.numbers["discharge_c_rate"] = min(max(0.2 * exp(0.7 * z[4]), 0.02), 5)
    }
    if a.texts["morphology"] == nil {
      let share = (a.numbers["nickel_fraction"] ?? 0.8) < 0.7 ? 0.25 : 0.4
      a.texts["morphology"] = u[5] < share ? "single" : "poly"
    }
    if a.texts["coating_class"] == nil, a.texts["coating"] == nil {
      let share = a.text("control_or_modified") == "control" ? 0.2 : 0.3
      a.texts["coating_class"] = u[6] < share ? "oxide" : "none"
    }
    if a.texts["anode_class"] == nil {
      a.texts["anode_class"] = pick([("LiIn", 0.6), ("Li", 0.3), ("graphite", 0.1)], u[7])
    }
    return a
  }

  /// Mean over draws of log fade, ln(−ln retention), at one age, for each cell by id.
  ///
  /// NaN for a cell that cannot be simulated (an impossible design).
  /// - Throws: `CancellationError`.
  public static func logFade(
    _ cells: [CellHistory], age: Double = 100, draws: Int = 48, seed: UInt64, threads: Int
  ) async throws -> [String: Double] {
    let values = try await parallelMap(count: cells.count, width: threads) { i -> Double in
      var sum = 0.0
      for d in 0..<draws {
        guard let run = try? member(cells[i], draw: d, seed: seed).run(ages: [age]) else { return .nan }
        let q = run.capacityRetention.last ?? 1
        sum += log(-log(min(max(q, 0.02), 0.9995)))
      }
      return sum / Double(draws)
    }
    return Dictionary(uniqueKeysWithValues: zip(cells.map(\.id), values))
  }

  /// One draw of one cell.
  ///
  /// - Throws: `DesignError`, `SimulationError`.
  public static func simulate(
    _ cell: CellHistory, draw d: Int, ages: [Double], limit: Double, attribution: Bool, seed: UInt64
  ) throws -> AgeingTrajectory {
    try member(cell, draw: d, seed: seed).run(ages: ages, limit: limit, attribution: attribution)
  }

  /// Simulated lives of one cell.
  public static func run(
    _ cell: CellHistory, ages: [Double], limit: Double, draws: Int, seed: UInt64, threads: Int
  ) async throws -> [AgeingTrajectory] {
    try await parallelMap(count: draws, width: threads) { d in
      try member(cell, draw: d, seed: seed).run(ages: ages, limit: limit)
    }
  }
}
