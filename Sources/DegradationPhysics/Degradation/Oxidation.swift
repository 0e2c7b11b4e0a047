internal import NumericalMethods

/// Oxidation of the sulfide, loss of oxygen from the cathode, and what protects against both.
extension LaneCell {
  /// Rock-salt growth on a bare shell [m·s⁻¹]; its own thickness slows it as d/dt = v / (1 + d/d_os).
  @inline(__always) func rockSaltGrowth(_ drive: LaneDrive, coating: Lanes, reserve: Lanes, cracks: Lanes) -> Lanes {
    rockSaltRate * drive.oxygen * (1 - coating * 0.5) * (1 - reserve) * (crackRockSalt * cracks + 1)
  }

  /// Oxidation of the sulfide per second and per share left: released oxygen adds, carbon adds, passivation slows.
  ///
  /// - Source: onset 4.3 V: doi:10.1002/cssc.202501033 [85]; the rest assumed.
  @inline(__always) func oxidationPerS(
    _ drive: LaneDrive, coating: Lanes, rockSaltRate v: Lanes, oxidised q: Lanes
  ) -> Lanes {
    oxidationRate * drive.oxidation * (1 - coating * 0.7) * (oxygenGain * v + 1) / (q * oxidationPassivation + 1)
  }

  /// Coating worn off per cycle: by strain and by oxidation (assumed).
  @inline(__always) func coatingWearPerCycle(_ drive: LaneDrive) -> Lanes {
    let relative = drive.strain * 20
    return coatingWear * relative * relative + coatingOxidationWear * drive.oxidation * drive.duration
  }
}
