import CellModel
import DegradationPhysics
import NumericalMethods

/// Synthetic cells whose parameters are known.
enum TwinCells {
  /// 10 mg cm⁻², 25 °C, 50 MPa, single crystal against Li-In.
  static func design(_ numbers: [String: Double] = [:]) throws -> CellDesign {
    try CellDesign(
      CellAttributes(
        numbers: [
          "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.3,
          "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2,
        ].merging(numbers) { $1 }, texts: ["anode_class": "LiIn", "voltage_reference": "Li"]))
  }

  /// A bare single crystal at the nominal parameters.
  static func single(_ numbers: [String: Double] = [:]) throws -> SulfideCell {
    SulfideCell(design: try design(numbers), parameters: ParameterSet())
  }

  /// A bare polycrystal: strain, grain boundaries and secondary particles of 9 µm.
  static func poly(_ numbers: [String: Double] = [:]) throws -> SulfideCell {
    var p = ParameterSet()
    p[.strainScale] = 1
    p[.crackMorphologyFactor] = 3.5
    p[.particleRadius] = 4.5e-6
    return SulfideCell(design: try design(numbers), parameters: p)
  }

  /// A cell drawn from the prior around `base`, with its recipe's deviations; another `cell` is another cell of the
  /// same recipe.
  static func draw(
    _ base: SulfideCell, seed: UInt64, cell: Int = 0
  ) -> (cell: SulfideCell, deviations: [Double]) {
    var prior = PhysicsCalibration(seed: 0).prior(of: [base.parameters])
    var stream = RandomStream(seed: seed, purpose: "true recipe")
    let z = prior.parameters.map { _ in stream.normal() }
    var own = RandomStream(seed: seed, purpose: "true cell", draw: cell)
    prior.ensemble = Matrix([z])
    prior.cellEnsemble = Matrix([prior.cellParameters.map { _ in own.normal() }])
    var truth = base
    truth.parameters = prior.members(nominal: base.parameters, count: 1, seed: 0)[0]
    return (truth, z)
  }

  /// The record of every cycle up to `last`, with noise of 0.5 % and 5 %.
  static func record(_ cell: SulfideCell, last: Int, seed: UInt64) -> CycleSeries {
    let ages = (1...last).map { Double($0) }
    let run = SulfideAgeing.run(cell, SimulationRequest(ages: ages))
    var stream = RandomStream(seed: seed, purpose: "measurement noise")
    let scale = 1 / cell.design.loadingKgPerM2
    let capacities = run.arealCapacityAhPerM2.map { $0 * scale * (1 + 0.005 * stream.normal()) }
    let resistances = run.areaResistanceOhmM2.map { $0 * 1e4 * (1 + 0.05 * stream.normal()) }
    return CycleSeries(ages: ages, capacities: capacities, columns: ["area_resistance_ohm_cm2": resistances])
  }

  /// Retentions at an age, ascending.
  static func retentions(
    _ members: [ParameterSet], _ design: CellDesign, age: Double
  ) async throws -> [Double] {
    let cells = members.map { SulfideCell(design: design, parameters: $0) }
    return try await SulfideAgeing.run(cells, SimulationRequest(ages: [age]), threads: 2)
      .map { $0.capacityRetention[0] }.sorted()
  }
}
