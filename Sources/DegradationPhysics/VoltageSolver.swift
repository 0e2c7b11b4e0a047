/// The quasi-static cell at one state: polarisation, end points of charge and discharge, capacity, resistance.
struct VoltageSolver {
  let design: CellDesign
  let p: SulfideParameters
  private let activeArea: Double
  private let exchange: Double
  private let diffusivity: Double
  private let thermalV: Double
  /// Share of active material that is connected.
  let percolated: Double
  /// Share of active material lost to rock salt.
  let rockSaltLoss: Double
  /// Interphase resistance per electrode area [Ω·m²].
  let interphaseOhmM2: Double
  /// Space-charge resistance [Ω·m²].
  let spaceChargeOhmM2: Double
  /// All ohmic resistances [Ω·m²].
  let ohmicOhmM2: Double

  init(_ design: CellDesign, _ p: SulfideParameters, _ s: DegradationState) {
    self.design = design
    self.p = p
    let T = design.temperatureK
    thermalV = PhysicalConstants.gas * T / PhysicalConstants.faraday
    let f = min(max(s.contactFraction, 1e-4), 1)
    percolated = (1 - _pow(1 - min(f, 1 - 1e-12), p.contactPatches)) * (1 - p.crackIsolation * s.crackDensity)
    let geometric = 3 * design.loadingKgPerM2 / (p.cathodeDensityKgPerM3 * p.particleRadiusM)
    activeArea = geometric * f * percolated
    exchange =
      p.exchangeCurrentAPerM2 * arrhenius(p.exchangeActivationJPerMol, temperatureK: T)
      * _exp(-s.rockSaltThicknessM / p.rockSaltKineticM)
    diffusivity =
      p.diffusivityM2PerS * arrhenius(p.diffusionActivationJPerMol, temperatureK: T)
      / (1 + p.crackDiffusionGain * s.crackDensity)
    let conduction = arrhenius(p.conductivityActivationJPerMol, temperatureK: T)
    let sigma = p.conductivitySPerM * conduction
    let thickness = design.loadingKgPerM2 / (p.cathodeDensityKgPerM3 * p.activeFraction)
    let open = max(1 - s.oxidisedFraction, 1e-3)
    let layer = sigma * p.electrolyteFraction / p.tortuosityFactor * _pow(open, p.oxidationBlocking)
    interphaseOhmM2 =
      (p.interphaseResistivityOhmM * s.interphaseThicknessM / conduction + s.coatingCoverage * p.coatingResistanceOhmM2)
      / activeArea
    spaceChargeOhmM2 = p.spaceChargeOhmM2 * s.spaceCharge / activeArea
    ohmicOhmM2 =
      p.separatorThicknessM / sigma + thickness / (3 * layer) + interphaseOhmM2 + spaceChargeOhmM2
      + p.electronicResistanceOhmM2 + p.anodeResistanceOhmM2
      + p.anodeResistivityOhmM * s.anodeInterphaseM / conduction
    let shell = min(s.rockSaltThicknessM * (1 + 2 * s.crackDensity) / p.particleRadiusM, 0.9)
    rockSaltLoss = 1 - (1 - shell) * (1 - shell) * (1 - shell)
  }

  /// Kinetic overpotential [V] at a current density [A·m⁻²] and surface content.
  func overpotential(_ i: Double, _ x: Double) -> Double {
    let i0 = exchange * 2 * max(x * (1 - x), 1e-6).squareRoot()
    return 2 * thermalV * _asinh(i / (2 * activeArea * i0))
  }

  /// Surface minus mean lithium content at a current density (pseudo-steady parabolic profile).
  func surfaceShift(_ i: Double, _ x: Double) -> Double {
    let z = min(max((x - p.lowDiffusionContent) / p.lowDiffusionWidth, -60), 60)
    let factor = p.lowDiffusionFactor + (1 - p.lowDiffusionFactor) / (1 + _exp(z))
    let flux = i / (PhysicalConstants.faraday * activeArea)
    return flux * p.particleRadiusM / (5 * diffusivity * factor * p.siteConcentrationMolPerM3)
  }

  /// Cathode potential against Li [V] in discharge at a mean content.
  func dischargePotential(_ i: Double, _ x: Double) -> Double {
    let surface = x + surfaceShift(i, x)
    let inside = min(max(surface, 1e-4), 0.9999)
    return HalfCell.potentialV(lithiumContent: inside) - i * ohmicOhmM2 - overpotential(i, inside)
      - max(0, surface - 0.9999) * 50
  }

  /// Cathode potential against Li [V] in charge at a mean content.
  func chargePotential(_ i: Double, _ x: Double) -> Double {
    let inside = min(max(x - surfaceShift(i, x), 1e-4), 0.9999)
    return HalfCell.potentialV(lithiumContent: inside) + i * ohmicOhmM2 + overpotential(i, inside)
  }

  /// Mean contents at the end of charge and of discharge; the second is never below the first.
  func endPoints() -> (charged: Double, discharged: Double) {
    let low = HalfCell.range.lowerBound
    let high = 0.9985
    let end = design.chargeCurrentAPerM2 * design.chargeEndShare
    let charged = Self.bisect(low, high) { chargePotential(end, $0) > design.upperCutoffV }
    let discharged = Self.bisect(low, high) {
      dischargePotential(design.dischargeCurrentAPerM2, $0) > design.lowerCutoffV
    }
    return (charged, max(charged, discharged))
  }

  /// The point where a potential that falls with x passes its cut-off.
  private static func bisect(_ from: Double, _ to: Double, _ isAbove: (Double) -> Bool) -> Double {
    var low = from
    var high = to
    for _ in 0..<32 {
      let middle = 0.5 * (low + high)
      if isAbove(middle) { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// Capacity [Ah·m⁻²] between end points, before the lithium inventory limits it.
  func capacity(_ ends: (charged: Double, discharged: Double)) -> Double {
    design.loadingKgPerM2 * p.theoreticalCapacityAhPerKg * percolated * (1 - rockSaltLoss)
      * (ends.discharged - ends.charged)
  }

  /// Ten-second resistance [Ω·m²] at half charge.
  var resistanceOhmM2: Double { ohmicOhmM2 + thermalV / (activeArea * exchange) }

  /// Local current density on the contacted surface [A·m⁻²].
  var localCurrentAPerM2: Double { design.dischargeCurrentAPerM2 / activeArea }
}
