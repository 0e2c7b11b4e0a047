internal import NumericalMethods

/// All rates at one state; per cycle for mechanics, per second for chemistry.
struct DegradationRates {
  var contactTarget = 0.0
  var fatiguePerCycle = 0.0
  var crackPerCycle = 0.0
  var interphaseReaction = 0.0
  var interphaseDiffusion = 0.0
  var spaceChargeTarget = 0.0
  var oxidationPerS = 0.0
  var rockSaltPerS = 0.0
  var coatingWearPerCycle = 0.0
  var cycleS = 0.0

  init(_ cell: VoltageSolver, _ s: DegradationState, _ drive: DriveFactors) {
    let p = cell.p
    let T = cell.design.temperatureK
    let P = max(cell.design.stackPressurePa, 1e3)
    let relative = drive.strain / 0.05
    let covered = s.coatingCoverage
    let open = (1 - covered) + covered * p.coatingLeak
    let fresh = 1 + p.crackSurfaceGain * s.crackDensity
    let interphase = arrhenius(p.interphaseActivationJPerMol, temperatureK: T)
    let growth = (drive.chemical + p.interphaseOxidationWeight * drive.oxidation) * open * fresh * interphase

    // Contact: the gap that breathing opens, less what pressure closes; fatigue by a Weibull law.
    let gap =
      p.gapShare * p.particleRadiusM * drive.strain * (1 + p.gapRatchet * s.contactFatigue) / 3
    let closing = p.particleRadiusM * P / p.conformityModulusPa
    contactTarget =
      p.initialContact * _exp(-p.gapSmoothingM / p.roughnessM * softplus((gap - closing) / p.gapSmoothingM))
      * _exp(-_pow(s.contactFatigue, p.contactShape))
    fatiguePerCycle =
      p.fatigueRatePerCycle * relative * relative
      * (1 + p.fatigueInterphaseGain * s.interphaseThicknessM / 20e-9)
      * (1 + p.fatigueCurrentGain * cell.localCurrentAPerM2)
      * (1 + p.fatiguePressurePa / (P + p.fatiguePressureOffsetPa))
    let stress = relative * (1 + 2 * abs(cell.surfaceShift(cell.design.dischargeCurrentAPerM2, 0.6)))
    crackPerCycle =
      p.crackRatePerCycle * p.crackMorphologyFactor * stress * stress * stress
      * (p.initialCrackDensity + s.crackDensity) * (1 - s.crackDensity)
    interphaseReaction = p.interphaseReactionMPerS * growth
    interphaseDiffusion = p.interphaseDiffusionM2PerS * growth
    spaceChargeTarget = 1 - covered * p.spaceChargeShielding
    rockSaltPerS =
      p.rockSaltRateMPerS * arrhenius(p.rockSaltActivationJPerMol, temperatureK: T) * drive.oxygen
      * (1 - 0.5 * covered) * (1 + s.crackDensity) / (1 + s.rockSaltThicknessM / p.rockSaltPassivationM)
    oxidationPerS =
      p.oxidationRatePerS * interphase * drive.oxidation * p.carbonArea
      * (1 - 0.7 * covered) * (1 + p.oxygenGain * rockSaltPerS / 1e-15)
      / (1 + s.oxidisedFraction / p.oxidationPassivation)
    coatingWearPerCycle =
      p.coatingWearPerCycle * relative * relative + p.coatingWearPerS * drive.oxidation * drive.durationS
    cycleS = drive.durationS
  }

  /// The mean of rates at the start and the predicted end of a step.
  func averaged(with other: DegradationRates) -> DegradationRates {
    var m = self
    m.contactTarget = 0.5 * (contactTarget + other.contactTarget)
    m.fatiguePerCycle = 0.5 * (fatiguePerCycle + other.fatiguePerCycle)
    m.crackPerCycle = 0.5 * (crackPerCycle + other.crackPerCycle)
    m.interphaseReaction = 0.5 * (interphaseReaction + other.interphaseReaction)
    m.interphaseDiffusion = 0.5 * (interphaseDiffusion + other.interphaseDiffusion)
    m.spaceChargeTarget = 0.5 * (spaceChargeTarget + other.spaceChargeTarget)
    m.oxidationPerS = 0.5 * (oxidationPerS + other.oxidationPerS)
    m.rockSaltPerS = 0.5 * (rockSaltPerS + other.rockSaltPerS)
    m.coatingWearPerCycle = 0.5 * (coatingWearPerCycle + other.coatingWearPerCycle)
    m.cycleS = 0.5 * (cycleS + other.cycleS)
    return m
  }

  /// The state `n` cycles later, by closed forms that keep every state in its range.
  func advance(_ s: DegradationState, cycles n: Double, _ p: SulfideParameters, temperatureK T: Double)
    -> DegradationState
  {
    var out = s
    let time = n * cycleS
    out.timeS += time
    out.contactFatigue += fatiguePerCycle * n
    out.contactFraction = contactTarget + (s.contactFraction - contactTarget) * _exp(-n / p.shakeDownCycles)
    out.crackDensity = min(s.crackDensity + crackPerCycle * n, 1)
    out.interphaseThicknessM = InterphaseGrowth.advance(
      thicknessM: s.interphaseThicknessM, reactionMPerS: interphaseReaction, diffusionM2PerS: interphaseDiffusion,
      timeS: time)
    out.spaceCharge = spaceChargeTarget + (s.spaceCharge - spaceChargeTarget) * _exp(-time / p.spaceChargeTimeS)
    out.oxidisedFraction = min(1 - (1 - s.oxidisedFraction) * _exp(-oxidationPerS * time), 0.999)
    out.rockSaltThicknessM = min(s.rockSaltThicknessM + rockSaltPerS * time, 0.9 * p.particleRadiusM)
    out.coatingCoverage = s.coatingCoverage * _exp(-coatingWearPerCycle * n)
    let anode = p.anodeDiffusionM2PerS * arrhenius(p.interphaseActivationJPerMol, temperatureK: T)
    out.anodeInterphaseM = (s.anodeInterphaseM * s.anodeInterphaseM + 2 * anode * time).squareRoot()
    out.inventoryLoss = min(s.inventoryLoss + p.inventoryLossPerCycle * n, 1)
    return out
  }
}
