/// Parameters of the sulfide ageing model, SI, at 298.15 K; nominal is an uncoated single crystal against Li-In.
///
/// Values marked (fit) were found on published checkpoints and impedance series, (rec) are recalled and (asm) assumed;
/// only products such as ρᵢ·√D_p are identified by capacity and resistance alone.
public struct SulfideParameters: Sendable, Hashable, Codable {
  // Cell.
  /// Theoretical capacity of the cathode [Ah·kg⁻¹] (stoichiometry of NCM811).
  public var theoreticalCapacityAhPerKg = 275.5
  /// Density of the cathode material [kg·m⁻³] (rec).
  public var cathodeDensityKgPerM3 = 4770.0
  /// Lithium sites [mol·m⁻³] (rec).
  public var siteConcentrationMolPerM3 = 49_000.0
  /// Particle radius [m]: 1.75 µm single crystal, 4.5 µm polycrystal (asm).
  public var particleRadiusM = 1.75e-6
  /// Separator thickness [m] (asm, pellet).
  public var separatorThicknessM = 5e-4
  /// Electrolyte conductivity [S·m⁻¹]; reported 0.1…1.
  public var conductivitySPerM = 0.2
  /// Its activation energy [J·mol⁻¹] (rec).
  public var conductivityActivationJPerMol = 31e3
  /// Electrolyte volume fraction of the cathode layer (asm).
  public var electrolyteFraction = 0.40
  /// Tortuosity factor of that electrolyte (asm).
  public var tortuosityFactor = 3.5
  /// Active-material volume fraction (asm).
  public var activeFraction = 0.50
  /// Electronic and other contact resistance [Ω·m²] (asm).
  public var electronicResistanceOhmM2 = 5e-4
  /// Lithium diffusivity in the cathode [m²·s⁻¹] (fit of Chen et al. 2020).
  public var diffusivityM2PerS = 4e-15
  /// Its activation energy [J·mol⁻¹]: O'Kane et al. 2022, doi:10.1039/D2CP00417H.
  public var diffusionActivationJPerMol = 25e3
  /// Diffusivity left near full lithiation, and where and how sharply it falls (fit to 10 % first-cycle loss).
  public var lowDiffusionFactor = 0.03
  /// See `lowDiffusionFactor`.
  public var lowDiffusionContent = 0.88
  /// See `lowDiffusionFactor`.
  public var lowDiffusionWidth = 0.02
  /// Exchange current per contacted area [A·m⁻²] (asm).
  public var exchangeCurrentAPerM2 = 1.2
  /// Its activation energy [J·mol⁻¹] (asm).
  public var exchangeActivationJPerMol = 45e3
  // Contact.
  /// Contacted fraction at the start (fit).
  public var initialContact = 0.69
  /// Apparent conformity modulus [Pa] (asm).
  public var conformityModulusPa = 2e9
  /// Roughness scale [m] (asm).
  public var roughnessM = 60e-9
  /// Smoothing of the gap [m] (asm).
  public var gapSmoothingM = 5e-9
  /// Share of the breathing that opens a gap (asm).
  public var gapShare = 1.0
  /// Ratchet of the gap with fatigue (asm).
  public var gapRatchet = 0.5
  /// Shake-down [cycles] (asm).
  public var shakeDownCycles = 3.0
  /// Weibull shape of the contact lifetimes (fit, capacitance of a published series gives .48).
  public var contactShape = 0.5
  /// Contact patches per particle (asm).
  public var contactPatches = 3.5
  /// Contact fatigue per cycle at 5 % strain (fit).
  public var fatigueRatePerCycle = 3e-4
  /// Gain of fatigue per 20 nm of interphase (asm).
  public var fatigueInterphaseGain = 1.0
  /// Gain of fatigue per A·m⁻² of local current (asm).
  public var fatigueCurrentGain = 0.5
  /// Pressure below which fatigue grows [Pa] (asm).
  public var fatiguePressurePa = 10e6
  /// Offset of that pressure [Pa] (asm).
  public var fatiguePressureOffsetPa = 5e6
  // Strain and cracks.
  /// Strain per lithium exchanged (literature fit).
  public var strainLinear = 0.03
  /// Strain of the H2–H3 collapse: doi:10.1039/d3ee04115h.
  public var strainCollapse = 0.0155
  /// Lithium content below which it sets in, and its width.
  public var collapseContent = 0.40
  /// See `collapseContent`.
  public var collapseWidth = 0.15
  /// Strain scale: 0.48 single crystal, 1.0 polycrystal (Feng et al. 2025, references 55, 56).
  public var strainScale = 0.48
  /// Crack growth per cycle (fit).
  public var crackRatePerCycle = 4.5e-3
  /// Crack density at the start (asm).
  public var initialCrackDensity = 0.02
  /// Morphology factor of crack growth: 1 single crystal, 3.5 polycrystal (fit).
  public var crackMorphologyFactor = 1.0
  /// Active material isolated by full cracking (asm).
  public var crackIsolation = 0.25
  /// Lengthening of diffusion paths by cracks (asm).
  public var crackDiffusionGain = 3.0
  /// Fresh surface of cracks (asm).
  public var crackSurfaceGain = 0.2
  // Interphase and space charge.
  /// Interphase at the start [m] (asm).
  public var initialInterphaseM = 1e-9
  /// Reaction-limited growth [m·s⁻¹] (scale from onset within 16 h, Feng et al. 2025, reference 61).
  public var interphaseReactionMPerS = 8e-14
  /// Diffusion-limited growth constant [m²·s⁻¹] (fit).
  public var interphaseDiffusionM2PerS = 6e-22
  /// Activation energy of both [J·mol⁻¹] (asm).
  public var interphaseActivationJPerMol = 50e3
  /// Sensitivity to potential (asm) and its reference [V against Li].
  public var interphasePotentialFactor = 0.10
  /// See `interphasePotentialFactor`.
  public var interphaseReferenceV = 3.9
  /// Weight of oxidation in the growth (asm).
  public var interphaseOxidationWeight = 0.6
  /// Interphase resistivity [Ω·m] (fit).
  public var interphaseResistivityOhmM = 8e6
  /// Space-charge resistance [Ω·m² of contact] (asm), and its time constant [s].
  public var spaceChargeOhmM2 = 2e-3
  /// See `spaceChargeOhmM2`.
  public var spaceChargeTimeS = 3.6e4
  /// Share of the space charge that a coating removes (asm).
  public var spaceChargeShielding = 0.8
  // Oxidation and rock salt.
  /// Onset of sulfide oxidation [V against Li] (Feng et al. 2025, reference 85) and its width.
  public var oxidationOnsetV = 4.30
  /// See `oxidationOnsetV`.
  public var oxidationWidthV = 0.05
  /// Oxidation rate [s⁻¹] (asm).
  public var oxidationRatePerS = 4e-8
  /// Passivation of the oxidation (asm).
  public var oxidationPassivation = 0.05
  /// Exponent by which oxidation blocks the electrolyte (asm).
  public var oxidationBlocking = 3.0
  /// Gain of oxidation by released oxygen (asm).
  public var oxygenGain = 1.0
  /// Carbon area relative to a usual additive, 0 carbon-free (asm).
  public var carbonArea = 1.0
  /// Rock-salt growth [m·s⁻¹] (asm).
  public var rockSaltRateMPerS = 5e-15
  /// Lithium content below which oxygen leaves, and its width (rec).
  public var oxygenLossContent = 0.24
  /// See `oxygenLossContent`.
  public var oxygenLossWidth = 0.03
  /// Passivation thickness of the shell [m] (asm).
  public var rockSaltPassivationM = 3e-9
  /// Thickness by which kinetics fall [m] (asm).
  public var rockSaltKineticM = 6e-9
  /// Activation energy [J·mol⁻¹] (asm).
  public var rockSaltActivationJPerMol = 60e3
  // Coating and dopant.
  /// Coverage at the start; 0 bare.
  public var initialCoverage = 0.0
  /// Transport left through a covered surface (fit).
  public var coatingLeak = 0.08
  /// Coating resistance [Ω·m² of contact] (asm).
  public var coatingResistanceOhmM2 = 5e-5
  /// Mechanical wear per cycle at 5 % strain (asm).
  public var coatingWearPerCycle = 1e-4
  /// Electrochemical wear [s⁻¹] (asm).
  public var coatingWearPerS = 2e-9
  // Anode.
  /// Anode resistance at the start [Ω·m²] (asm).
  public var anodeResistanceOhmM2 = 5e-4
  /// Anode interphase growth constant [m²·s⁻¹] and resistivity [Ω·m] (asm: about 20 Ω cm² after 2000 h on Li-In; Li metal grows 10 × faster).
  public var anodeDiffusionM2PerS = 2e-23
  /// See `anodeDiffusionM2PerS`.
  public var anodeResistivityOhmM = 1e5
  /// Lithium lost per cycle, as a share of the first capacity (silicon 4.5e-4 (fit), graphite 1e-4 (asm), else 0).
  public var inventoryLossPerCycle = 0.0

  /// The nominal parameters.
  public init() {}

  /// A parameter that is uncertain or scatters, with its log-normal standard deviation.
  static let spreads: [(path: any WritableKeyPath<SulfideParameters, Double> & Sendable, logSpread: Double)] = [
    (\.particleRadiusM, 0.08), (\.separatorThicknessM, 0.06), (\.conductivitySPerM, 0.2), (\.electrolyteFraction, 0.08),
    (\.electronicResistanceOhmM2, 0.3), (\.diffusivityM2PerS, 0.3), (\.exchangeCurrentAPerM2, 0.3),
    (\.conformityModulusPa, 0.3), (\.roughnessM, 0.25), (\.shakeDownCycles, 0.3), (\.contactShape, 0.2),
    (\.contactPatches, 0.3), (\.fatigueRatePerCycle, 0.54), (\.strainScale, 0.05), (\.crackRatePerCycle, 0.4),
    (\.interphaseReactionMPerS, 0.5), (\.interphaseDiffusionM2PerS, 0.5), (\.interphasePotentialFactor, 0.5),
    (\.interphaseResistivityOhmM, 0.4), (\.oxidationRatePerS, 0.5), (\.rockSaltRateMPerS, 0.5),
    (\.spaceChargeOhmM2, 0.5), (\.coatingLeak, 0.5), (\.anodeResistanceOhmM2, 0.3),
  ]
}
