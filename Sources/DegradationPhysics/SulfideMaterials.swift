public import CellModel

/// What materials and remedies change in the parameters.
public enum SulfideMaterials {
  /// Volts to add to a stated cut-off to have it against Li.
  static func referenceOffsetV(_ a: CellAttributes) -> Double {
    switch a.text("voltage_reference") {
    case "InLi": 0.62
    case "cell": counterPotentialV(a)
    default: 0
    }
  }

  /// Potential of the counter electrode [V against Li] (recalled plateaus).
  static func counterPotentialV(_ a: CellAttributes) -> Double {
    if let stated = a.numbers["counter_potential_v"] { return stated }
    switch a.text("anode_class") {
    case "Li", "anode_free": return 0
    case "LTO": return 1.55
    case "graphite": return 0.1
    case "silicon": return 0.3
    default: return 0.62
    }
  }

  /// Parameters of a cell's materials: `base` changed by morphology, electrolyte, anode, coating and dopant.
  ///
  /// Coatings: `none` is bare, not stated is bare too (and listed by `CellDesign` as assumed). Multipliers are the
  /// generic rows of published pairs: a coated cell fades 0.37 × as fast (median of 11 pairs); coverage grows with
  /// thickness as 0.97·(1 − exp(−t/1.3 nm)) (fit on three thicknesses of LiNbO₃).
  public static func parameters(_ a: CellAttributes, base: SulfideParameters = SulfideParameters()) -> SulfideParameters
  {
    var p = base
    if a.text("morphology") == "poly" {
      p.strainScale *= 1.0 / 0.48
      p.crackMorphologyFactor = 3.5
      p.particleRadiusM *= 4.5 / 1.75
    }
    if let d50 = a.numbers["particle_d50_um"], d50 > 0 {
      p.particleRadiusM *= d50 / 2 * 1e-6 / SulfideParameters().particleRadiusM
      if a.text("morphology") == "poly" { p.particleRadiusM /= 4.5 / 1.75 }
    }
    if let sigma = a.numbers["conductivity_ms_cm"], sigma > 0 { p.conductivitySPerM *= sigma * 0.1 / 0.2 }
    if let thickness = a.numbers["separator_thickness_um"], thickness > 0 {
      p.separatorThicknessM *= thickness * 1e-6 / 5e-4
    }
    if a.numbers["carbon_mass_fraction"] == 0 {
      p.carbonArea = 0
      p.electronicResistanceOhmM2 *= 20
    }
    // Nickel-poorer layers breathe and oxidise less; scale of the published strains (assumed linear).
    if let nickel = a.numbers["nickel_fraction"] { p.strainScale *= 1 + 1.5 * (min(max(nickel, 0.3), 1) - 0.8) }
    electrolyte(a, &p)
    switch a.text("anode_class") {
    case "Li", "anode_free": p.anodeDiffusionM2PerS *= 10
    case "silicon": p.inventoryLossPerCycle = 4.5e-4
    case "graphite": p.inventoryLossPerCycle = 1e-4
    case "LTO": p.fatigueRatePerCycle *= 0.7
    default: break
    }
    if let pressing = a.numbers["fabrication_pressure_mpa"], pressing > 0 {
      // Contact and conductivity after pressing (assumed): full above about 380 MPa.
      let full = 1 - _exp(-380.0 / 150)
      p.initialContact *= min((1 - _exp(-pressing / 150)) / full, 1.05)
      p.initialCrackDensity += 0.03 * max(0, pressing / 380 - 1)
    }
    coating(a, &p)
    if let dopant = a.text("dopant"), dopant != "none" {
      p.strainScale *= 0.8
      p.crackRatePerCycle *= 0.4
      p.rockSaltRateMPerS *= 0.3
      p.fatigueRatePerCycle *= 0.6
    }
    return p
  }

  private static func electrolyte(_ a: CellAttributes, _ p: inout SulfideParameters) {
    switch a.text("electrolyte_class") {
    case "argyrodite_cl_rich":
      p.interphaseDiffusionM2PerS *= 0.45
      p.conductivitySPerM *= 2.7
    case "argyrodite_modified":
      p.interphaseReactionMPerS *= 0.3
      p.interphaseDiffusionM2PerS *= 0.3
      p.oxidationOnsetV += 0.1
      p.conductivitySPerM *= 0.8
    case "halide", "halide_blend":
      p.interphaseReactionMPerS *= 0.4
      p.interphaseDiffusionM2PerS *= 0.4
      p.oxidationOnsetV += 0.1
      p.conductivitySPerM *= 0.5
    case "thiophosphate": p.conductivitySPerM *= 0.3
    default: break
    }
    if a.text("electrolyte_grain") == "fine" {
      p.fatigueRatePerCycle *= 0.3
      p.tortuosityFactor *= 0.65
      p.fatiguePressurePa *= 0.4
    }
  }

  private static func coating(_ a: CellAttributes, _ p: inout SulfideParameters) {
    let text = a.text("coating")
    let kind = a.text("coating_class") ?? (text == nil || text == "none" ? "none" : "oxide")
    guard kind != "none" else { return }
    p.initialCoverage = 0.92
    if let thickness = a.numbers["coating_thickness_nm"], thickness > 0 {
      p.initialCoverage = 0.97 * (1 - _exp(-thickness / 1.3))
      p.coatingResistanceOhmM2 *= thickness / 5
    }
    switch kind {
    case "halide":
      p.initialCoverage = min(p.initialCoverage, 0.6)
      p.coatingLeak = 0.25
      p.coatingResistanceOhmM2 = 0
      p.oxidationOnsetV += 0.1
    case "polymer":
      p.coatingLeak = 0.3
      p.oxidationRatePerS *= 0.3
    case "sulfur":
      p.coatingLeak = 0.5
    default:
      p.rockSaltRateMPerS *= 0.5
      p.fatigueRatePerCycle *= 0.5
      p.crackRatePerCycle *= 0.7
    }
  }
}
