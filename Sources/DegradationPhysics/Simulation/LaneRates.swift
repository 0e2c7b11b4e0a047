internal import NumericalMethods

/// All rates at one state: per cycle for mechanics, per second for chemistry.
struct LaneRates {
  var contactTarget, fatiguePerCycle, healingPerCycle, crackPerCycle: Lanes
  var reaction, diffusion, spaceChargeTarget: Lanes
  var oxidationPerS, rockSaltPerS, coatingWearPerCycle: Lanes
  var anodeReaction, anodeDiffusion, voidGrowth, voidClosure, hazardPerS: Lanes
  var capacity, cycleS: Lanes

  /// - Parameter current: discharge current [A·m⁻²], 0 at rest.
  init(
    _ c: LaneCell, _ s: LaneState, _ e: LaneElectrode, _ drive: LaneDrive, capacity q: Lanes, current: Lanes
  ) {
    let P = s.pressure
    contactTarget = c.contactTarget(strain: drive.strain, fatigue: s.fatigue, pressure: P)
    fatiguePerCycle = c.fatiguePerCycle(
      strain: drive.strain, interphase: s.interphase, localCurrent: current / e.area, pressure: P)
    healingPerCycle = c.healingPerCycle(oxidised: s.oxidised)
    let shift = e.shift(current, Lanes(repeating: 0.6))
    crackPerCycle = c.crackGrowth(strain: drive.strain, shift: LaneMath.min(shift, Lanes(repeating: 1)))
    (reaction, diffusion) = c.interphaseGrowth(
      drive, thickness: s.interphase, coating: s.coating, cracks: s.cracks)
    spaceChargeTarget = c.spaceChargeTarget(coating: s.coating)
    rockSaltPerS = c.rockSaltGrowth(drive, coating: s.coating, reserve: s.reserve, cracks: s.cracks)
    let shell = s.rockSalt / c.rockSaltPassivation + 1
    oxidationPerS = c.oxidationPerS(
      drive, coating: s.coating, rockSaltRate: rockSaltPerS / shell, oxidised: s.oxidised)
    coatingWearPerCycle = c.coatingWearPerCycle(drive)
    (anodeReaction, anodeDiffusion) = c.anodeGrowth(thickness: s.anodeInterphase)
    let stripping = current / (1 - s.void)
    (voidGrowth, voidClosure) = c.voidRates(current: stripping, pressure: P)
    hazardPerS = c.shortHazard(current: stripping, capacity: q, pressure: P)
    capacity = q
    cycleS = drive.duration
  }

  /// The mean of rates at the start and at the predicted end of a step.
  func averaged(with o: LaneRates) -> LaneRates {
    var m = self
    m.contactTarget = (contactTarget + o.contactTarget) * 0.5
    m.fatiguePerCycle = (fatiguePerCycle + o.fatiguePerCycle) * 0.5
    m.healingPerCycle = (healingPerCycle + o.healingPerCycle) * 0.5
    m.crackPerCycle = (crackPerCycle + o.crackPerCycle) * 0.5
    m.reaction = (reaction + o.reaction) * 0.5
    m.diffusion = (diffusion + o.diffusion) * 0.5
    m.spaceChargeTarget = (spaceChargeTarget + o.spaceChargeTarget) * 0.5
    m.oxidationPerS = (oxidationPerS + o.oxidationPerS) * 0.5
    m.rockSaltPerS = (rockSaltPerS + o.rockSaltPerS) * 0.5
    m.coatingWearPerCycle = (coatingWearPerCycle + o.coatingWearPerCycle) * 0.5
    m.anodeReaction = (anodeReaction + o.anodeReaction) * 0.5
    m.anodeDiffusion = (anodeDiffusion + o.anodeDiffusion) * 0.5
    m.voidGrowth = (voidGrowth + o.voidGrowth) * 0.5
    m.voidClosure = (voidClosure + o.voidClosure) * 0.5
    m.hazardPerS = (hazardPerS + o.hazardPerS) * 0.5
    m.capacity = (capacity + o.capacity) * 0.5
    m.cycleS = (cycleS + o.cycleS) * 0.5
    return m
  }

  /// The state `n` cycles and `t` seconds later, by closed forms that keep every state in its range.
  func advance(_ s: LaneState, _ c: LaneCell, cycles n: Double, time t: Lanes) -> LaneState {
    var out = s
    out.time += t
    out.throughput += capacity * n
    out.contact = contactTarget + (s.contact - contactTarget) * LaneMath.exp(-n * c.shakeDown)
    // (1 − e^{−h n}) / h, by its series where h n is small.
    let healed = healingPerCycle * n
    let decay = LaneMath.exp(-healed)
    let small = healed .< 1e-6
    let spent = ((1 - decay) / healed.replacing(with: 1, where: small)).replacing(with: 1 - healed * 0.5, where: small)
    out.fatigue = s.fatigue * decay + fatiguePerCycle * n * spent
    out.cracks = c.cracks(s.cracks, after: crackPerCycle * n)
    out.interphase = InterphaseGrowth.advance(s.interphase, reaction, diffusion, t)
    out.spaceCharge = spaceChargeTarget + (s.spaceCharge - spaceChargeTarget) * LaneMath.exp(-t * c.spaceChargeTime)
    out.oxidised = LaneMath.min(
      1 - (1 - s.oxidised) * LaneMath.exp(-oxidationPerS * t), Lanes(repeating: LaneState.mostOxidised))
    let shell = InterphaseGrowth.advance(s.rockSalt, rockSaltPerS, rockSaltPerS * c.rockSaltPassivation, t)
    out.rockSalt = LaneMath.min(shell, c.radius * 0.9)
    out.coating = s.coating * LaneMath.exp(-coatingWearPerCycle * n)
    out.reserve = s.reserve * LaneMath.exp((s.rockSalt - out.rockSalt) * c.reserveThickness)
    out.anodeInterphase = InterphaseGrowth.advance(s.anodeInterphase, anodeReaction, anodeDiffusion, t)
    let rate = voidGrowth + voidClosure
    let rest = voidGrowth / LaneMath.max(rate, Lanes(repeating: 1e-300))
    out.void = LaneMath.min(
      rest + (s.void - rest) * LaneMath.exp(-rate * n), Lanes(repeating: LaneState.mostVoid))
    out.hazard = s.hazard + LaneMath.min(hazardPerS * t, Lanes(repeating: 1e30))
    let level = s.setPressure * c.pressureFinal
    out.pressure = level + (s.pressure - level) * LaneMath.exp(-t * c.pressureTime)
    let given = (out.oxidised - s.oxidised) * c.donatedPerOxidised * c.inventoryFollows
    let bound = (out.anodeInterphase - s.anodeInterphase) * c.anodeLithium + c.inventoryLoss * n
    let taken = LaneMath.min(bound * c.inventoryFollows, s.lithium)
    out.lithium = s.lithium + given - taken
    out.donated = s.donated + given
    out.trapped = s.trapped + taken
    return out
  }
}
