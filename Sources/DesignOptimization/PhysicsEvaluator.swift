public import CellModel
public import DegradationPhysics
internal import NumericalMethods

/// What the statistics of a design run over.
public enum DrawnOver: String, Sendable, Hashable, CaseIterable {
  /// All that is not known and all that scatters: a promise about the next cell.
  case joint
  /// What scatters from cell to cell alone, all that is not known at its centre: what the line adds.
  case manufacturing
}

/// What the sulfide physics says of designs: lives, energy and resistance of virtual cells.
///
/// Each virtual cell draws what nobody knows of the physics, of the recipe and of one build (`SulfidePopulation`); draw d
/// of every design shares these numbers.
public struct PhysicsEvaluator: DesignEvaluator {
  /// Life [cycles] (the horizon where it is not reached), specific energy of the stack [Wh kg⁻¹] and areal capacity
  /// [mAh cm⁻²] after the first cycle, area resistance [Ω cm²] of the fresh cell, capacity retention at the horizon.
  public let metrics = [
    "life", "cell_energy_wh_kg", "areal_capacity_mah_cm2", "area_resistance_ohm_cm2", "final_retention",
  ]
  /// Population that virtual cells are drawn from.
  public var population: SulfidePopulation
  /// Build parameters that scatter about their design value; none leaves the scatter of the physics alone.
  public var variability: ManufacturingVariability
  /// Retention that ends life.
  public var limit: Double
  /// Last cycle simulated.
  public var horizon: Double
  /// Tasks; never changes a number.
  public var threads: Int

  /// An evaluator.
  public init(
    population: SulfidePopulation = SulfidePopulation(), variability: ManufacturingVariability = .none,
    limit: Double = 0.8, horizon: Double = 1000, threads: Int = 1
  ) {
    self.population = population
    self.variability = variability
    self.limit = limit
    self.horizon = horizon
    self.threads = threads
  }

  /// Draws of every design; see `metrics`.
  public func evaluate(_ designs: [[String: DesignValue]], draws: Int, seed: UInt64) async throws -> [DesignDraws] {
    try await run(designs, 0..<draws, seed)
  }

  /// Some of the draws; see `metrics`.
  public func evaluate(
    _ designs: [[String: DesignValue]], draws range: Range<Int>, seed: UInt64
  ) async throws -> [DesignDraws]? { try await run(designs, range, seed) }

  private func run(_ designs: [[String: DesignValue]], _ range: Range<Int>, _ seed: UInt64) async throws
    -> [DesignDraws]
  {
    let (population, variability, limit, horizon) = (population, variability, limit, horizon)
    return try await parallelMap(count: designs.count, width: threads) { i in
      let attributes = CellAttributes(designs[i])
      let cells: [SulfideCell]
      var masses: [Double] = []
      do throws(DesignError) {
        // Drawing all is cheap beside the simulation of some.
        let all = try Self.virtualCells(attributes, population, variability, count: range.upperBound, seed: seed)
        (cells, masses) = (Array(all.0[range]), Array(all.1[range]))
      } catch {
        return DesignDraws(metrics: [:], hindrance: "\(error.field): found \(error.found), allowed \(error.allowed)")
      }
      var request = SimulationRequest.life(horizon: horizon, limit: limit)
      request.ages = [1]
      let runs = try await SulfideAgeing.run(cells, request, threads: 1)
      var out: [String: [Double]] = [:]
      // A virtual cell whose numerics fail counts as dead at once.
      out["life"] = runs.map { $0.fault != nil ? 0 : min($0.failure?.age ?? $0.life ?? horizon, horizon) }
      out["cell_energy_wh_kg"] = zip(runs, masses).map { ($0.arealEnergyWhPerM2.first ?? 0) / $1 }
      out["areal_capacity_mah_cm2"] = runs.map { ($0.arealCapacityAhPerM2.first ?? 0) * 0.1 }
      out["area_resistance_ohm_cm2"] = runs.map { ($0.areaResistanceOhmM2.first ?? 0) * 1e4 }
      out["final_retention"] = runs.map { $0.capacityRetention.last ?? 0 }
      return DesignDraws(
        metrics: out, failures: runs.count { $0.fault != nil }, objections: Self.objections(designs[i]))
    }
  }

  /// What ends the life of a design within the horizon: share of virtual cells by mode (no mode where nothing does), and
  /// the mechanism that has cost the nominal cell most by its end.
  ///
  /// - Returns: nil for a design that cannot be simulated.
  public func endings(
    of design: [String: DesignValue], draws: Int, seed: UInt64
  ) async throws -> (shares: [FailureMode: Double], leading: Mechanism?)? {
    let attributes = CellAttributes(design)
    guard let (cells, _) = try? Self.virtualCells(attributes, population, variability, count: draws, seed: seed),
      let cell = try? SulfideCell(attributes, library: population.library)
    else { return nil }
    let request = SimulationRequest.life(horizon: horizon, limit: limit)
    let runs = try await SulfideAgeing.run(cells, request, threads: threads)
    let modes = Dictionary(grouping: runs.compactMap { $0.failure?.mode }) { $0 }
    let end = SulfideAgeing.run(cell, request).life ?? horizon
    var last = SimulationRequest(ages: [end])
    last.limit = limit
    last.attribution = true
    let leading = SulfideAgeing.run(cell, last).losses.last?.dominant
    return (modes.mapValues { Double($0.count) / Double(runs.count) }, leading)
  }

  /// Why a design lies outside what was published, column by column.
  static func objections(_ design: [String: DesignValue]) -> [String: String] {
    var out: [String: String] = [:]
    for (name, value) in design {
      switch value {
      case .number(let x): out[name] = PublishedDomain.objection(name, x)
      case .text(let t): out[name] = PublishedDomain.objection(name, t)
      }
    }
    return out
  }

  /// The virtual cells of a design and the mass of each stack [kg m⁻²].
  private static func virtualCells(
    _ attributes: CellAttributes, _ population: SulfidePopulation, _ variability: ManufacturingVariability, count: Int,
    seed: UInt64
  ) throws(DesignError) -> ([SulfideCell], [Double]) {
    // One name for all designs: their draws share their random numbers.
    if variability.parameters.isEmpty {
      let cell = CellHistory(id: "design", attributes: attributes)
      let cells = try population.draws(cell, count: count, seed: seed)
      return (cells, [Double](repeating: StackMass.kgPerM2(attributes), count: count))
    }
    let built = variability.builds(attributes, count: count, seed: seed)
    let cells = try population.draws("design", builds: built, seed: seed)
    return (cells, built.map(StackMass.kgPerM2))
  }
}

/// Mass of a cell stack per area, from its own columns.
///
/// Assumed where a column is missing: 80 % active mass, separator of 50 µm at 1.64 g cm⁻³ (Li6PS5Cl at 88 % density),
/// anode of 20 µm lithium (or 50 µm In-Li, or 30 µm silicon), collectors of 10 µm aluminium and 8 µm nickel.
public enum StackMass {
  /// Mass per area [kg m⁻²] of cathode, separator, anode and collectors.
  public static func kgPerM2(_ a: CellAttributes) -> Double {
    let active = a.numbers["areal_loading_mg_cm2"].map { $0 * 0.01 } ?? 0.1
    let fraction = min(max(a.numbers["active_mass_fraction"] ?? 0.8, 0.05), 1)
    let separator = (a.numbers["separator_thickness_um"] ?? 50) * 1e-6 * 1640
    let anode =
      switch a.text("anode_class") ?? a.text("anode_material") ?? "" {
      case let name where name.contains("In"): 50e-6 * 7000.0
      case let name where name.contains("Si") || name.contains("si"): 30e-6 * 1400.0
      case let name where name.contains("raph"): 80e-6 * 1500.0
      default: 20e-6 * 534.0
      }
    return active / fraction + separator + anode + 10e-6 * 2700 + 8e-6 * 8900
  }
}

extension CellAttributes {
  /// The columns of a design.
  public init(_ design: [String: DesignValue]) {
    self.init()
    for (name, value) in design {
      switch value {
      case .number(let x): numbers[name] = x
      case .text(let t): texts[name] = t
      }
    }
  }
}
