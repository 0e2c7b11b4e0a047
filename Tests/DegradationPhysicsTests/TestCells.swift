import CellModel
import NumericalMethods

@testable import DegradationPhysics

/// A design: 10 mg cm⁻², 25 °C, 50 MPa, 2.5…4.3 V against Li, C/5, unless told otherwise.
func testDesign(_ numbers: [String: Double] = [:], anode: String = "LiIn") throws -> CellDesign {
  let base: [String: Double] = [
    "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.3,
    "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2, "c_rate_basis_mah_g": 200,
  ]
  return try CellDesign(
    CellAttributes(
      numbers: base.merging(numbers) { $1 }, texts: ["anode_class": anode, "voltage_reference": "Li"]))
}

/// A cell whose every parameter that calibration may move is set here, so that the tests outlive it.
func testCell(
  _ numbers: [String: Double] = [:], anode: String = "LiIn", _ change: (inout ParameterSet) -> Void = { _ in }
) throws -> SulfideCell {
  var p = ParameterSet()
  for (name, value) in testedValues { p[name] = value }
  change(&p)
  return SulfideCell(design: try testDesign(numbers, anode: anode), parameters: p)
}

/// The bare single crystal of the design page.
private let testedValues: [(Parameter, Double)] = [
  (.theoreticalCapacity, 275.5), (.cathodeDensity, 4770), (.siteConcentration, 4.9e4), (.particleRadius, 1.75e-6),
  (.separatorThickness, 5e-4), (.conductivity, 0.2), (.conductivityActivation, 31e3), (.electrolyteFraction, 0.4),
  (.tortuosity, 3.5), (.activeFraction, 0.5), (.electronicResistance, 5e-4), (.diffusivity, 4e-15),
  (.diffusionActivation, 25e3), (.lowDiffusionFactor, 0.03), (.lowDiffusionContent, 0.88), (.lowDiffusionWidth, 0.02),
  (.exchangeCurrent, 1.2), (.exchangeActivation, 45e3), (.initialContact, 0.69), (.conformityModulus, 2e9),
  (.roughness, 60e-9), (.gapSmoothing, 5e-9), (.gapShare, 1), (.gapRatchet, 0.5), (.shakeDownCycles, 3),
  (.contactShape, 0.5), (.contactPatches, 3.5), (.percolationThreshold, 0.22), (.percolationWidth, 0.035),
  (.fatigueRate, 3e-4), (.fatigueStrainExponent, 2), (.fatigueInterphaseGain, 1), (.fatigueCurrentGain, 0.5),
  (.fatiguePressure, 10e6), (.fatiguePressureOffset, 5e6), (.strainLinear, 0.03), (.strainCollapse, 0.0155),
  (.collapseContent, 0.4), (.collapseWidth, 0.15), (.collapseSaturation, 2), (.strainScale, 0.48),
  (.crackRate, 4.5e-3), (.initialCrackDensity, 0.02), (.crackMorphologyFactor, 1), (.crackIsolation, 0.25),
  (.crackDiffusionGain, 3), (.crackSurfaceGain, 0.2), (.crackDiffusionStress, 2), (.initialInterphase, 1e-9),
  (.interphaseReaction, 8e-14), (.interphaseDiffusion, 6e-22), (.interphaseActivation, 50e3),
  (.interphasePotentialFactor, 0.13), (.interphaseReferencePotential, 3.9), (.interphaseOxidationWeight, 0.6),
  (.interphaseOxidationOpening, 2), (.interphasePassivation, 1e9), (.interphaseResistivity, 8e6),
  (.spaceChargeResistance, 2e-3),
  (.spaceChargeTime, 3.6e4), (.spaceChargeShielding, 0.8), (.spaceChargeElectrolyte, 0), (.oxidationOnset, 4.3),
  (.oxidationWidth, 0.05), (.oxidationRate, 4e-8), (.oxidationPassivation, 0.05), (.oxidationBlocking, 3),
  (.oxygenGain, 1), (.carbonArea, 1), (.carbonGain, 1), (.oxidationElectrons, 5), (.rockSaltRate, 5e-15),
  (.oxygenLossContent, 0.24), (.oxygenLossWidth, 0.03), (.rockSaltPassivation, 3e-9), (.rockSaltKinetic, 6e-9),
  (.rockSaltActivation, 60e3), (.initialCoverage, 0), (.coatingLeak, 0.08), (.coatingResistance, 5e-5),
  (.coatingWear, 1e-4), (.coatingOxidationWear, 2e-9), (.protectionReserve, 0), (.reserveThickness, 2e-9),
  (.healingRate, 0), (.healingPotential, 2.3), (.catholyteContactGrowth, 0), (.moistureSensitivity, 1),
  (.anodeResistance, 5e-4), (.anodeReaction, 1e-14), (.anodeDiffusion, 2e-23), (.anodeResistivity, 1e5),
  (.anodeSaturation, 1e-3), (.anodeInterphaseLithium, 4e4), (.anodeCapacityRatio, 3), (.anodeInitialContent, 0.5),
  (.inventoryLoss, 0), (.shortRate, 5.6e-11), (.shortPressure, 4.3e6), (.shortCurrent, 5), (.shortCurrentWidth, 2.5),
  (.shortCapacity, 30), (.voidRate, 0), (.voidClosure, 0.05), (.voidPressure, 5e6), (.voidCurrent, 5),
  (.voidExponent, 1), (.pressureRelaxation, 1e7), (.pressureFinalShare, 0.9), (.pressureBreathing, 0),
]

extension ParameterSet {
  /// Nothing wears: contact, cracks and what strain does to them.
  mutating func stopMechanics() {
    for p: Parameter in [.fatigueRate, .crackRate, .gapShare] { self[p] = 0 }
    self[.pressureFinalShare] = 1
  }

  /// Nothing reacts.
  mutating func stopChemistry() {
    for p: Parameter in [
      .interphaseReaction, .oxidationRate, .rockSaltRate, .spaceChargeResistance, .anodeReaction, .inventoryLoss,
      .voidRate, .catholyteContactGrowth, .shortRate,
    ] { self[p] = 0 }
  }
}

/// One state of one cell with what follows from it.
struct Bench {
  let cell: LaneCell
  var state: LaneState
  let views: PotentialViews

  /// Runs `body` on a fresh cell, changed if need be.
  static func with<R>(
    _ cell: SulfideCell, without off: Set<Coupling> = [], _ change: (inout LaneState) -> Void = { _ in },
    _ body: (Bench) -> R
  ) -> R {
    PotentialViews.with { views in
      let c = LaneCell([cell], CycleConditions(), without: off)
      var s = LaneState(fresh: c)
      change(&s)
      return body(Bench(cell: c, state: s, views: views))
    }
  }

  var electrode: LaneElectrode { LaneElectrode(cell, state) }
  var ends: EndPoints { electrode.endPoints(cell, from: EndPoints(), views) }
  var capacity: Double { electrode.capacity(ends)[0] }

  /// Rates of a cycle at this state.
  var rates: LaneRates {
    let e = electrode
    let at = ends
    let q = e.capacity(at)
    return LaneRates(
      cell, state, e, LaneDrive(cell, e, at, capacity: q, views), capacity: q, current: cell.dischargeCurrent)
  }
}

/// Retention of a cell at an age.
func retention(_ cell: SulfideCell, at age: Double = 300) -> Double {
  SulfideAgeing.run(cell, SimulationRequest(ages: [age])).capacityRetention.last ?? .nan
}

extension DegradationState {
  static var names: [String] { paths.map(\.name) }

  /// The state of a name; NaN for an unknown one.
  subscript(_ name: String) -> Double {
    Self.paths.first { $0.name == name }.map { self[keyPath: $0.path] } ?? .nan
  }
}
