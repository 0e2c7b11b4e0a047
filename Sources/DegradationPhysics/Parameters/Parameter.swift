/// How sure a value is.
public enum Confidence: String, Sendable, Hashable, Codable, CaseIterable {
  /// Measured and published.
  case measured
  /// Fitted to published data.
  case fitted
  /// Assumed.
  case assumed
}

/// A parameter of the sulfide ageing model at 298.15 K. Nominal is an uncoated single crystal against Li-In.
///
/// One row of the table gives its name in files, unit, nominal value, prior spread, allowed range, source and
/// confidence. Only products such as ρᵢ√D are identified by capacity and resistance alone.
public enum Parameter: Int, Sendable, Hashable, CaseIterable {
  case theoreticalCapacity, cathodeDensity, siteConcentration, particleRadius, separatorThickness, conductivity,
    conductivityActivation, electrolyteFraction, tortuosity, activeFraction, electronicResistance, diffusivity,
    diffusionActivation, lowDiffusionFactor, lowDiffusionContent, lowDiffusionWidth, exchangeCurrent,
    exchangeActivation, initialContact, conformityModulus, roughness, gapSmoothing, gapShare, gapRatchet,
    shakeDownCycles, contactShape, contactPatches, percolationThreshold, percolationWidth, fatigueRate,
    fatigueStrainExponent, fatigueInterphaseGain, fatigueCurrentGain, fatiguePressure, fatiguePressureOffset,
    strainLinear, strainCollapse, collapseContent, collapseWidth, collapseSaturation, strainScale, crackRate,
    initialCrackDensity, crackMorphologyFactor, crackIsolation, crackDiffusionGain, crackSurfaceGain,
    crackDiffusionStress, initialInterphase, interphaseReaction, interphaseDiffusion, interphaseActivation,
    interphasePotentialFactor, interphaseReferencePotential, interphaseOxidationWeight, interphaseOxidationOpening,
    interphasePassivation,
    interphaseResistivity,
    spaceChargeResistance, spaceChargeTime, spaceChargeShielding, spaceChargeElectrolyte, oxidationOnset,
    oxidationWidth, oxidationRate, oxidationPassivation, oxidationBlocking, oxygenGain, carbonArea, carbonGain,
    oxidationElectrons, electrolyteDensity, electrolyteMolarMass, rockSaltRate, oxygenLossContent,
    oxygenLossWidth, rockSaltPassivation, rockSaltKinetic, rockSaltActivation, initialCoverage, coatingLeak,
    coatingResistance, coatingWear, coatingOxidationWear, protectionReserve, reserveThickness, healingRate,
    healingPotential, catholyteContactGrowth, moistureSensitivity, anodeResistance, anodeReaction, anodeDiffusion,
    anodeResistivity, anodeSaturation, anodeInterphaseLithium, anodeCapacityRatio, anodeInitialContent,
    inventoryLoss, shortRate, shortPressure, shortCurrent, shortCurrentWidth, shortCapacity, voidRate,
    voidClosure, voidPressure, voidCurrent, voidExponent, pressureRelaxation, pressureFinalShare,
    pressureBreathing

  /// How a parameter is drawn.
  public enum Scale: String, Sendable, Hashable, Codable {
    /// Log-normal: the spread is a standard deviation of the logarithm.
    case log
    /// Logit-normal.
    case logit
    /// Normal, spread in the unit of the parameter.
    case linear
  }

  /// A row of the table.
  public struct Row: Sendable, Hashable {
    /// Name in files, with the unit where there is one.
    public let name: String
    /// Unit.
    public let unit: String
    /// Nominal value.
    public let nominal: Double
    /// Prior standard deviation shared by the cells of one recipe, on `scale`.
    public let recipeSpread: Double
    /// Standard deviation from cell to cell, on `scale`.
    public let cellSpread: Double
    /// Scale of the spreads.
    public let scale: Scale
    /// Allowed values.
    public let range: ClosedRange<Double>
    /// Where the value is from; empty when assumed.
    public let source: String
    /// How sure it is.
    public let confidence: Confidence
  }

  /// The row of this parameter.
  public var row: Row { Self.rows[rawValue] }

  /// The parameter of a name in files.
  public init?(name: String) {
    guard let found = Self.byName[name] else { return nil }
    self = found
  }

  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.row.name, $0) })

  /// The table, in the order of the cases.
  private static let rows: [Row] = [
    // theoreticalCapacity
    Row(
      name: "theoretical_capacity_ah_kg", unit: "Ah kg⁻¹", nominal: 275.5, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 50...400, source: "stoichiometry of NCM811", confidence: .measured),
    // cathodeDensity
    Row(
      name: "cathode_density_kg_m3", unit: "kg m⁻³", nominal: 4770, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 2000...7000, source: "recalled crystal density", confidence: .assumed),
    // siteConcentration
    Row(
      name: "site_concentration_mol_m3", unit: "mol m⁻³", nominal: 49000, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e4...1e5, source: "density and formula mass; doi:10.1149/1945-7111/ab9050 fits 63104",
      confidence: .assumed),
    // particleRadius
    Row(
      name: "particle_radius_m", unit: "m", nominal: 1.75e-6, recipeSpread: 0.25, cellSpread: 0.08, scale: .log,
      range: 5e-8...1e-4, source: "single crystals of 3–4 µm, secondary particles of 9 µm", confidence: .assumed),
    // separatorThickness
    Row(
      name: "separator_thickness_m", unit: "m", nominal: 5e-4, recipeSpread: 0.3, cellSpread: 0.06, scale: .log,
      range: 1e-6...1e-2, source: "pellet 0.5 mm, sheet 30 µm", confidence: .assumed),
    // conductivity
    Row(
      name: "conductivity_s_m", unit: "S m⁻¹", nominal: 0.2, recipeSpread: 0.3, cellSpread: 0.1, scale: .log,
      range: 1e-5...20, source: "doi:10.1002/cssc.202501033 [19–24]: 0.1–1", confidence: .measured),
    // conductivityActivation
    Row(
      name: "conductivity_activation_j_mol", unit: "J mol⁻¹", nominal: 31e3, recipeSpread: 3e3, cellSpread: 0,
      scale: .linear,
      range: 0...2e5, source: "recalled 0.30–0.38 eV", confidence: .assumed),
    // electrolyteFraction
    Row(
      name: "electrolyte_volume_fraction", unit: "1", nominal: 0.40, recipeSpread: 0, cellSpread: 0.08, scale: .log,
      range: 0.02...0.95, source: "typical composite", confidence: .assumed),
    // tortuosity
    Row(
      name: "tortuosity_factor", unit: "1", nominal: 3.5, recipeSpread: 0.1, cellSpread: 0, scale: .log,
      range: 1...100, source: "doi:10.1038/s41467-025-56514-5 (kind of study)", confidence: .assumed),
    // activeFraction
    Row(
      name: "active_volume_fraction", unit: "1", nominal: 0.50, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.02...0.98, source: "typical composite", confidence: .assumed),
    // electronicResistance
    Row(
      name: "electronic_resistance_ohm_m2", unit: "Ω m²", nominal: 5e-4, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 0...1, source: "carbon-free cathodes 10–80 ×", confidence: .assumed),
    // diffusivity
    Row(
      name: "diffusivity_m2_s", unit: "m² s⁻¹", nominal: 4e-15, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 1e-20...1e-10, source: "doi:10.1149/1945-7111/ab9050", confidence: .fitted),
    // diffusionActivation
    Row(
      name: "diffusion_activation_j_mol", unit: "J mol⁻¹", nominal: 25e3, recipeSpread: 0, cellSpread: 0,
      scale: .linear,
      range: 0...2e5, source: "doi:10.1039/D2CP00417H", confidence: .measured),
    // lowDiffusionFactor
    Row(
      name: "low_diffusion_factor", unit: "1", nominal: 0.03, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-4...1, source: "fit to 10 % first-cycle loss", confidence: .fitted),
    // lowDiffusionContent
    Row(
      name: "low_diffusion_content", unit: "1", nominal: 0.88, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0.5...1, source: "fit to 10 % first-cycle loss", confidence: .fitted),
    // lowDiffusionWidth
    Row(
      name: "low_diffusion_width", unit: "1", nominal: 0.02, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.005...0.3, source: "fit to 10 % first-cycle loss", confidence: .fitted),
    // exchangeCurrent
    Row(
      name: "exchange_current_a_m2", unit: "A m⁻²", nominal: 0.8, recipeSpread: 0.45, cellSpread: 0, scale: .log,
      range: 1e-5...1e3,
      source: "only its product with the contact is identified; liquid value 5.0: doi:10.1016/j.electacta.2022.140700",
      confidence: .assumed),
    // exchangeActivation
    Row(
      name: "exchange_activation_j_mol", unit: "J mol⁻¹", nominal: 45e3, recipeSpread: 5e3, cellSpread: 0,
      scale: .linear,
      range: 0...2e5, source: "", confidence: .assumed),
    // initialContact
    Row(
      name: "initial_contact_fraction", unit: "1", nominal: 0.69, recipeSpread: 0.5, cellSpread: 0.2, scale: .logit,
      range: 1e-3...0.999, source: "fit on published checkpoints", confidence: .fitted),
    // conformityModulus
    Row(
      name: "conformity_modulus_pa", unit: "Pa", nominal: 2e9, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 1e7...1e12, source: "elastic modulus about 20 GPa, lowered by plastic flow", confidence: .assumed),
    // roughness
    Row(
      name: "roughness_m", unit: "m", nominal: 60e-9, recipeSpread: 0.36, cellSpread: 0, scale: .log,
      range: 1e-10...1e-5, source: "", confidence: .assumed),
    // gapSmoothing
    Row(
      name: "gap_smoothing_m", unit: "m", nominal: 5e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-10...1e-6, source: "", confidence: .assumed),
    // gapShare
    Row(
      name: "gap_share", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...3, source: "", confidence: .assumed),
    // gapRatchet
    Row(
      name: "gap_ratchet", unit: "1", nominal: 0.5, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...10, source: "", confidence: .assumed),
    // shakeDownCycles
    Row(
      name: "shake_down_cycles", unit: "cycles", nominal: 3, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 0.1...1000, source: "", confidence: .assumed),
    // contactShape
    Row(
      name: "contact_weibull_shape", unit: "1", nominal: 0.45, recipeSpread: 0.22, cellSpread: 0, scale: .log,
      range: 0.1...3,
      source: "capacitance of kang2023 gives .48; local exponents of a measured record fall from .9 to .3",
      confidence: .fitted),
    // contactPatches
    Row(
      name: "contact_patches", unit: "1", nominal: 3.5, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 1...50, source: "", confidence: .assumed),
    // percolationThreshold
    Row(
      name: "percolation_threshold", unit: "1", nominal: 0.22, recipeSpread: 0.15, cellSpread: 0, scale: .log,
      range: 0...0.9,
      source: "share of the first contact at which diffusion resistance jumps (kang2023, cycles 100–150; one cell)",
      confidence: .fitted),
    // percolationWidth
    Row(
      name: "percolation_width", unit: "1", nominal: 0.035, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.005...1, source: "same cell", confidence: .fitted),
    // fatigueRate
    Row(
      name: "fatigue_rate_per_cycle", unit: "cycle⁻¹", nominal: 5e-4, recipeSpread: 0.7, cellSpread: 0.2, scale: .log,
      range: 0...1, source: "active-mass loss is the main early fade: doi:10.1149/1945-7111/ac13d2", confidence: .fitted
    ),
    // fatigueStrainExponent
    Row(
      name: "fatigue_strain_exponent", unit: "1", nominal: 3, recipeSpread: 0.2, cellSpread: 0, scale: .log,
      range: 0...8, source: "doi:10.1149/1945-7111/ac13d2 (.91 single, .63 poly after 40 cycles)", confidence: .fitted),
    // fatigueInterphaseGain
    Row(
      name: "fatigue_interphase_gain", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "per 20 nm", confidence: .assumed),
    // fatigueCurrentGain
    Row(
      name: "fatigue_current_gain_m2_a", unit: "m² A⁻¹", nominal: 0.5, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "", confidence: .assumed),
    // fatiguePressure
    Row(
      name: "fatigue_pressure_pa", unit: "Pa", nominal: 10e6, recipeSpread: 0.7, cellSpread: 0, scale: .log,
      range: 0...1e9, source: "", confidence: .assumed),
    // fatiguePressureOffset
    Row(
      name: "fatigue_pressure_offset_pa", unit: "Pa", nominal: 5e6, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e4...1e9, source: "", confidence: .assumed),
    // strainLinear
    Row(
      name: "strain_linear", unit: "1", nominal: 0.03, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "doi:10.1002/cssc.202501033 [55, 56]", confidence: .fitted),
    // strainCollapse
    Row(
      name: "strain_collapse", unit: "1", nominal: 0.0155, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "doi:10.1039/d3ee04115h", confidence: .fitted),
    // collapseContent
    Row(
      name: "collapse_content", unit: "1", nominal: 0.40, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "doi:10.1039/d3ee04115h", confidence: .measured),
    // collapseWidth
    Row(
      name: "collapse_width", unit: "1", nominal: 0.15, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.01...1, source: "doi:10.1039/d3ee04115h", confidence: .fitted),
    // collapseSaturation
    Row(
      name: "collapse_saturation", unit: "1", nominal: 2, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.1...100, source: "fade at 4.6 and 5.0 V (jangid2024, kochetkov2022) grows less than an exponential",
      confidence: .fitted),
    // strainScale
    Row(
      name: "strain_scale", unit: "1", nominal: 0.55, recipeSpread: 0.15, cellSpread: 0.05, scale: .log,
      range: 0.01...10,
      source: ".48 single and 1.0 poly: doi:10.1002/cssc.202501033 [55, 56]; .55 fits the published contrast better",
      confidence: .fitted),
    // crackRate
    Row(
      name: "crack_rate_per_cycle", unit: "cycle⁻¹", nominal: 3e-3, recipeSpread: 0.55, cellSpread: 0, scale: .log,
      range: 0...1, source: "single against polycrystal contrast of jung2023", confidence: .fitted),
    // initialCrackDensity
    Row(
      name: "initial_crack_density", unit: "1", nominal: 0.02, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1, source: "", confidence: .assumed),
    // crackMorphologyFactor
    Row(
      name: "crack_morphology_factor", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...100, source: "single crystals are far more robust: doi:10.1149/1945-7111/ac13d2", confidence: .fitted),
    // crackIsolation
    Row(
      name: "crack_isolation", unit: "1", nominal: 0.25, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...0.99, source: "", confidence: .assumed),
    // crackDiffusionGain
    Row(
      name: "crack_diffusion_gain", unit: "1", nominal: 3, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "", confidence: .assumed),
    // crackSurfaceGain
    Row(
      name: "crack_surface_gain", unit: "1", nominal: 0.2, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "", confidence: .assumed),
    // crackDiffusionStress
    Row(
      name: "crack_diffusion_stress", unit: "1", nominal: 2, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "", confidence: .assumed),
    // initialInterphase
    Row(
      name: "initial_interphase_m", unit: "m", nominal: 1e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1e-6, source: "", confidence: .assumed),
    // interphaseReaction
    Row(
      name: "interphase_reaction_m_s", unit: "m s⁻¹", nominal: 8e-14, recipeSpread: 0.57, cellSpread: 0, scale: .log,
      range: 0...1e-8, source: "onset within 16 h: doi:10.1002/cssc.202501033 [61]", confidence: .fitted),
    // interphaseDiffusion
    Row(
      name: "interphase_diffusion_m2_s", unit: "m² s⁻¹", nominal: 4e-22, recipeSpread: 0.64, cellSpread: 0, scale: .log,
      range: 0...1e-14, source: "published checkpoints; only ρᵢ√D is identified", confidence: .fitted),
    // interphaseActivation
    Row(
      name: "interphase_activation_j_mol", unit: "J mol⁻¹", nominal: 50e3, recipeSpread: 1e4, cellSpread: 0,
      scale: .linear,
      range: 0...2e5, source: "", confidence: .assumed),
    // interphasePotentialFactor
    Row(
      name: "interphase_potential_factor", unit: "1", nominal: 0.10, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 0...2, source: "impedance against cut-off wants .17–.34, capacity less", confidence: .fitted),
    // interphaseReferencePotential
    Row(
      name: "interphase_reference_potential_v", unit: "V", nominal: 3.9, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 2...5, source: "", confidence: .assumed),
    // interphaseOxidationWeight
    Row(
      name: "interphase_oxidation_weight", unit: "1", nominal: 0.6, recipeSpread: 0.4, cellSpread: 0, scale: .log,
      range: 0...100, source: "", confidence: .assumed),
    // interphaseOxidationOpening
    Row(
      name: "interphase_oxidation_opening", unit: "1", nominal: 0.4, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...100, source: "growth exponents .15/.8 at 4.3/4.6 V of a published impedance series",
      confidence: .fitted),
    // interphasePassivation
    Row(
      name: "interphase_passivation_m", unit: "m", nominal: 1.2e-7, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 1e-9...1e9,
      source: "growth exponents .1/.15 at 4.0/4.3 V of a published impedance series: a layer that closes",
      confidence: .fitted),
    // interphaseResistivity
    Row(
      name: "interphase_resistivity_ohm_m", unit: "Ω m", nominal: 1.5e6, recipeSpread: 0.58, cellSpread: 0, scale: .log,
      range: 0...1e12,
      source: "published interphase resistances grow 1.5–3 × in 100 cycles (seven series); only ρᵢ√D/f is identified",
      confidence: .fitted),
    // spaceChargeResistance
    Row(
      name: "space_charge_resistance_ohm_m2", unit: "Ω m²", nominal: 2e-3, recipeSpread: 0.5, cellSpread: 0,
      scale: .log,
      range: 0...10, source: "phenomenon: doi:10.1002/cssc.202501033 [66, 69]", confidence: .assumed),
    // spaceChargeTime
    Row(
      name: "space_charge_time_s", unit: "s", nominal: 3.6e4, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1...1e9, source: "", confidence: .assumed),
    // spaceChargeShielding
    Row(
      name: "space_charge_shielding", unit: "1", nominal: 0.8, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "coated share of the layer that is removed", confidence: .assumed),
    // spaceChargeElectrolyte
    Row(
      name: "space_charge_electrolyte_shielding", unit: "1", nominal: 0, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "halides and oxygen-doped sulfides", confidence: .assumed),
    // oxidationOnset
    Row(
      name: "oxidation_onset_v", unit: "V", nominal: 4.30, recipeSpread: 0.05, cellSpread: 0, scale: .linear,
      range: 2.5...6, source: "doi:10.1002/cssc.202501033 [85]; 1.71–2.14 V windows [80, 81] are thermodynamic only",
      confidence: .measured),
    // oxidationWidth
    Row(
      name: "oxidation_width_v", unit: "V", nominal: 0.05, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.005...1, source: "", confidence: .assumed),
    // oxidationRate
    Row(
      name: "oxidation_rate_per_s", unit: "s⁻¹", nominal: 4e-8, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...1e-2, source: "", confidence: .assumed),
    // oxidationPassivation
    Row(
      name: "oxidation_passivation", unit: "1", nominal: 0.05, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-4...1, source: "", confidence: .assumed),
    // oxidationBlocking
    Row(
      name: "oxidation_blocking", unit: "1", nominal: 3, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...20, source: "", confidence: .assumed),
    // oxygenGain
    Row(
      name: "oxygen_gain", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...100, source: "per 1e-15 m s⁻¹ of rock-salt growth", confidence: .assumed),
    // carbonArea
    Row(
      name: "carbon_area", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...20, source: "relative to a usual additive, 0 is carbon-free", confidence: .assumed),
    // carbonGain
    Row(
      name: "carbon_gain", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "", confidence: .assumed),
    // oxidationElectrons
    Row(
      name: "oxidation_electrons", unit: "1", nominal: 5, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...20, source: "per formula unit", confidence: .assumed),
    // electrolyteDensity
    Row(
      name: "electrolyte_density_kg_m3", unit: "kg m⁻³", nominal: 1.7e3, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 500...6000, source: "recalled", confidence: .assumed),
    // electrolyteMolarMass
    Row(
      name: "electrolyte_molar_mass_kg_mol", unit: "kg mol⁻¹", nominal: 0.268, recipeSpread: 0, cellSpread: 0,
      scale: .log,
      range: 0.05...2, source: "Li6PS5Cl", confidence: .measured),
    // rockSaltRate
    Row(
      name: "rock_salt_rate_m_s", unit: "m s⁻¹", nominal: 5e-15, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...1e-8, source: "", confidence: .assumed),
    // oxygenLossContent
    Row(
      name: "oxygen_loss_content", unit: "1", nominal: 0.24, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "onset above 75–80 % delithiation, recalled", confidence: .assumed),
    // oxygenLossWidth
    Row(
      name: "oxygen_loss_width", unit: "1", nominal: 0.03, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.005...1, source: "", confidence: .assumed),
    // rockSaltPassivation
    Row(
      name: "rock_salt_passivation_m", unit: "m", nominal: 3e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-10...1e-6, source: "", confidence: .assumed),
    // rockSaltKinetic
    Row(
      name: "rock_salt_kinetic_m", unit: "m", nominal: 6e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-10...1e-6, source: "", confidence: .assumed),
    // rockSaltActivation
    Row(
      name: "rock_salt_activation_j_mol", unit: "J mol⁻¹", nominal: 60e3, recipeSpread: 0, cellSpread: 0,
      scale: .linear,
      range: 0...2e5, source: "", confidence: .assumed),
    // initialCoverage
    Row(
      name: "initial_coverage", unit: "1", nominal: 0, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...0.999, source: "0 is bare; thickness law .97(1 − exp(−t/1.3 nm)) fitted on bong2023",
      confidence: .fitted),
    // coatingLeak
    Row(
      name: "coating_leak", unit: "1", nominal: 0.08, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...1, source: "bong2023 and kim2025 resistances", confidence: .fitted),
    // coatingResistance
    Row(
      name: "coating_resistance_ohm_m2", unit: "Ω m²", nominal: 5e-5, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1, source: "", confidence: .assumed),
    // coatingWear
    Row(
      name: "coating_wear_per_cycle", unit: "cycle⁻¹", nominal: 1e-4, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1, source: "", confidence: .assumed),
    // coatingOxidationWear
    Row(
      name: "coating_wear_per_s", unit: "s⁻¹", nominal: 2e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1e-2, source: "", confidence: .assumed),
    // protectionReserve
    Row(
      name: "protection_reserve", unit: "1", nominal: 0, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "mobile dopant or getter: doi:10.1002/cssc.202501033 [97, 99]", confidence: .assumed),
    // reserveThickness
    Row(
      name: "reserve_thickness_m", unit: "m", nominal: 2e-9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-11...1e-6, source: "rock salt that would use up the reserve", confidence: .assumed),
    // healingRate
    Row(
      name: "healing_rate_per_cycle", unit: "cycle⁻¹", nominal: 0, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...1, source: "mechanism: doi:10.1002/cssc.202501033 [84]; .01–.05 where it heals", confidence: .assumed),
    // healingPotential
    Row(
      name: "healing_potential_v", unit: "V", nominal: 2.3, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 1...4, source: "window 2.0–4.3 V of [84]", confidence: .assumed),
    // catholyteContactGrowth
    Row(
      name: "catholyte_contact_growth_ohm_m2_s05", unit: "Ω m² s⁻¹ᐟ²", nominal: 0, recipeSpread: 0.5, cellSpread: 0,
      scale: .log,
      range: 0...1, source: "halide | sulfide contact, 5–20 Ω cm² in 50 cycles", confidence: .fitted),
    // moistureSensitivity
    Row(
      name: "moisture_sensitivity", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...10, source: "doi:10.1002/cssc.202501033 [73–76]", confidence: .assumed),
    // anodeResistance
    Row(
      name: "anode_resistance_ohm_m2", unit: "Ω m²", nominal: 5e-4, recipeSpread: 0.3, cellSpread: 0, scale: .log,
      range: 0...1, source: "", confidence: .assumed),
    // anodeReaction
    Row(
      name: "anode_reaction_m_s", unit: "m s⁻¹", nominal: 1e-14, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1e-8, source: "", confidence: .assumed),
    // anodeDiffusion
    Row(
      name: "anode_diffusion_m2_s", unit: "m² s⁻¹", nominal: 2e-23, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...1e-14, source: "about 20 Ω cm² after 2000 h on Li-In", confidence: .assumed),
    // anodeResistivity
    Row(
      name: "anode_resistivity_ohm_m", unit: "Ω m", nominal: 1e5, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0...1e12, source: "", confidence: .assumed),
    // anodeSaturation
    Row(
      name: "anode_saturation_m", unit: "m", nominal: 1e-3, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e-9...1, source: "silicon passivates: doi:10.1126/science.abg7217", confidence: .assumed),
    // anodeInterphaseLithium
    Row(
      name: "anode_interphase_lithium_mol_m3", unit: "mol m⁻³", nominal: 4e4, recipeSpread: 0, cellSpread: 0,
      scale: .linear,
      range: 0...1e5, source: "lithium of Li2S and Li3P formed on reduction", confidence: .assumed),
    // anodeCapacityRatio
    Row(
      name: "anode_capacity_ratio", unit: "1", nominal: 3, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.5...1000, source: "anode over cathode capacity", confidence: .assumed),
    // anodeInitialContent
    Row(
      name: "anode_initial_content", unit: "1", nominal: 0.5, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "prelithiated Li-In", confidence: .assumed),
    // inventoryLoss
    Row(
      name: "inventory_loss_per_cycle", unit: "1", nominal: 0, recipeSpread: 0.6, cellSpread: 0, scale: .log,
      range: 0...0.1,
      source:
        "share of the theoretical capacity; silicon 2.5e-4 fitted to 80 % at 500: doi:10.1002/cssc.202501033 [34]",
      confidence: .fitted),
    // shortRate
    Row(
      name: "short_rate_per_s", unit: "s⁻¹", nominal: 5.6e-11, recipeSpread: 1, cellSpread: 0, scale: .log,
      range: 0...1, source: "lithium 5.6e-8 from 1000 h at 5 MPa: doi:10.1002/aenm.201903253; other anodes 1e-3 of it",
      confidence: .assumed),
    // shortPressure
    Row(
      name: "short_pressure_pa", unit: "Pa", nominal: 1e9, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e5...1e9, source: "creep shorts lithium metal only; its own row has 4.3 MPa", confidence: .fitted),
    // shortCurrent
    Row(
      name: "short_current_a_m2", unit: "A m⁻²", nominal: 20, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.01...1e4,
      source: "Li-In shorted after about 900 cycles of 3.8 mA cm⁻², 4 mAh cm⁻²: doi:10.1038/s41467-021-27311-7",
      confidence: .fitted),
    // shortCurrentWidth
    Row(
      name: "short_current_width_a_m2", unit: "A m⁻²", nominal: 2.5, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.01...1e4, source: "", confidence: .assumed),
    // shortCapacity
    Row(
      name: "short_capacity_ah_m2", unit: "Ah m⁻²", nominal: 30, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 0.1...1e4, source: "chemrxiv 61854810d828a4e42b6c7312", confidence: .assumed),
    // voidRate
    Row(
      name: "void_rate_per_cycle", unit: "cycle⁻¹", nominal: 0, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...10, source: "lithium .02", confidence: .assumed),
    // voidClosure
    Row(
      name: "void_closure_per_cycle", unit: "cycle⁻¹", nominal: 0.05, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0...10, source: "", confidence: .assumed),
    // voidPressure
    Row(
      name: "void_pressure_pa", unit: "Pa", nominal: 5e6, recipeSpread: 0, cellSpread: 0, scale: .log,
      range: 1e4...1e9, source: "", confidence: .assumed),
    // voidCurrent
    Row(
      name: "void_current_a_m2", unit: "A m⁻²", nominal: 5, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 0.01...1e4, source: "", confidence: .assumed),
    // voidExponent
    Row(
      name: "void_exponent", unit: "1", nominal: 1, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...5, source: "", confidence: .assumed),
    // pressureRelaxation
    Row(
      name: "pressure_relaxation_s", unit: "s", nominal: 1e7, recipeSpread: 0.5, cellSpread: 0, scale: .log,
      range: 1...1e12, source: "", confidence: .assumed),
    // pressureFinalShare
    Row(
      name: "pressure_final_share", unit: "1", nominal: 0.9, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...2, source: "drift of a constrained cell", confidence: .assumed),
    // pressureBreathing
    Row(
      name: "pressure_breathing_share", unit: "1", nominal: 0, recipeSpread: 0, cellSpread: 0, scale: .linear,
      range: 0...1, source: "silicon in a fixed frame", confidence: .assumed),
  ]
}
