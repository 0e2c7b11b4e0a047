extension MaterialResolver {
  /// What the stated numbers of the build change: sizes, conductivity, composition of the cathode, pressing.
  mutating func build() throws(DesignError) {
    if let d50 = try number("particle_d50_um", 0.1...200) { state(.particleRadius, d50 * 0.5e-6, "particle_d50_um") }
    let conductivity = try number("conductivity_ms_cm", 1e-4...200)
    if let conductivity { state(.conductivity, conductivity * 0.1, "conductivity_ms_cm") }
    if let thickness = try number("separator_thickness_um", 1...10_000) {
      state(.separatorThickness, thickness * 1e-6, "separator_thickness_um")
    }
    if let ratio = try number("np_ratio", 0.5...100) { state(.anodeCapacityRatio, ratio, "np_ratio") }
    try composition()
    if let pressing = try number("fabrication_pressure_mpa", 1...10_000) {
      result.append(Pressing.changes(pressing, conductivityStated: conductivity != nil), of: "fabrication_pressure_mpa")
    }
  }

  /// Volume fractions and carbon of the composite cathode.
  ///
  /// φ = (1 − porosity) (w/ρ) / Σ w/ρ. Densities of carbon (2000) and binder (1100 kg·m⁻³) are assumed, porosity is 0.10
  /// where not stated, as in the nominal parameters; what the stated fractions leave goes to the one of active material
  /// and electrolyte that is not stated.
  private mutating func composition() throws(DesignError) {
    let activeMass = try number("active_mass_fraction", 0...1)
    let electrolyteMass = try number("electrolyte_mass_fraction", 0...1, optional: activeMass != nil)
    let carbon = try number("carbon_mass_fraction", 0...1)
    let binder = try number("binder_mass_fraction", 0...1, optional: true) ?? 0
    let stated = try number("cathode_porosity", 0...0.9)
    let nominal = result.parameters()
    let void = 1 - ParameterSet()[.activeFraction] - ParameterSet()[.electrolyteFraction]
    let solid = 1 - (stated ?? void)
    if activeMass != nil || electrolyteMass != nil {
      let others = (carbon ?? 0) + binder
      let active = activeMass ?? 1 - others - (electrolyteMass ?? 0)
      let electrolyte = electrolyteMass ?? 1 - others - active
      guard active > 0, electrolyte > 0, active + electrolyte + others <= 1.001 else {
        throw DesignError(
          field: "active_mass_fraction",
          found: "active \(active), electrolyte \(electrolyte), carbon and binder \(others)",
          allowed: "shares above 0 that add up to 1 at most")
      }
      let volumes = [
        active / nominal[.cathodeDensity], electrolyte / nominal[.electrolyteDensity], (carbon ?? 0) / 2000,
        binder / 1100,
      ]
      let total = volumes.reduce(0, +)
      try stateShare(.activeFraction, solid * volumes[0] / total, "active_mass_fraction")
      try stateShare(.electrolyteFraction, solid * volumes[1] / total, "electrolyte_mass_fraction")
    } else if let stated {
      let scale = (1 - stated) / (1 - void)
      state(.activeFraction, nominal[.activeFraction] * scale, "cathode_porosity")
      state(.electrolyteFraction, nominal[.electrolyteFraction] * scale, "cathode_porosity")
    }
    guard let carbon else { return }
    if carbon > 0 {
      result.append(
        [
          ParameterChange(
            .carbonArea, .set, min(carbon / 0.03, 20), source: "relative to a usual 3 % by mass, assumed")
        ], of: "carbon_mass_fraction")
    } else if nominal[.carbonArea] > 0 {
      // A coating or dopant that conducts in place of carbon has set its own resistance.
      result.append(
        [
          ParameterChange(.carbonArea, .set, 0, source: "stated", confidence: .measured),
          ParameterChange(
            .electronicResistance, .atLeast, 0.01, spread: 0.6, source: "carbon-free 10–80 × usual, assumed"),
        ], of: "carbon_mass_fraction")
    }
  }

  private mutating func state(_ parameter: Parameter, _ value: Double, _ column: String) {
    result.append([ParameterChange(parameter, .set, value, source: "stated", confidence: .measured)], of: column)
    result.stated.append(parameter)
  }

  private mutating func stateShare(_ parameter: Parameter, _ value: Double, _ column: String) throws(DesignError) {
    guard parameter.row.range.contains(value) else {
      throw DesignError(
        field: column, found: "a volume share of \(value)",
        allowed: "a volume share of \(parameter.row.range.lowerBound)…\(parameter.row.range.upperBound)")
    }
    state(parameter, value, column)
  }
}

/// What the pressure that a cell was pressed at does; the nominal parameters are for 380 MPa.
///
/// All assumed, shapes after doi:10.1002/cssc.202501033 [47, 50]: contact 1 − exp(−p/150 MPa), conductivity
/// 1 − exp(−p/120 MPa), cracks + 0.03 (p/380 MPa − 1) above 380 MPa.
enum Pressing {
  /// Pressure of the nominal parameters [MPa].
  static let referenceMPa = 380.0

  static func changes(_ p: Double, conductivityStated: Bool) -> [ParameterChange] {
    func gain(_ scale: Double) -> Double { (1 - _exp(-p / scale)) / (1 - _exp(-referenceMPa / scale)) }
    let source = "pressing: doi:10.1002/cssc.202501033 [47, 50]; law assumed"
    var changes = [
      ParameterChange(.initialContact, .multiply, gain(150), source: source),
      ParameterChange(.initialCrackDensity, .add, 0.03 * max(0, p / referenceMPa - 1), source: source),
    ]
    if !conductivityStated { changes.append(ParameterChange(.conductivity, .multiply, gain(120), source: source)) }
    return changes
  }
}
