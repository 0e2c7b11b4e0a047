internal import NumericalMethods

/// The anode | electrolyte interface: interphase, voids, shorts.
extension LaneCell {
  /// Growth constants of the anode interphase; a passivating layer stops at its saturation thickness.
  ///
  /// - Source: silicon stops: doi:10.1126/science.abg7217.
  @inline(__always) func anodeGrowth(thickness: Lanes) -> (reaction: Lanes, diffusion: Lanes) {
    let left = LaneMath.max(1 - thickness * anodeSaturation, Lanes())
    return (anodeReaction * left, anodeDiffusion * left)
  }

  /// Voids of a stripped lithium anode, dv/dN = a (1 − v) − b v, with a = k_v max(0, i/i_v − 1) and b = k_c P/P_ref.
  ///
  /// i_v ∝ (P/P_ref)ⁿ is the current that creep can follow (assumed). Returns a and b.
  @inline(__always) func voidRates(current i: Lanes, pressure P: Lanes) -> (growth: Lanes, closure: Lanes) {
    let relative = P * voidPressure
    let bearable = voidCurrent * LaneMath.power(relative, voidExponent)
    let excess = LaneMath.clamp(i / LaneMath.max(bearable, Lanes(repeating: 1e-9)) - 1, 0, 1e6)
    return (voidRate * excess, voidClosure * relative)
  }

  /// Hazard of an internal short [s⁻¹]: creep under pressure, current above the critical one, areal capacity.
  ///
  /// λ = λ₀ exp((P − 5 MPa)/P_s) exp((i − i_cc)/i_s) max(1, (Q/Q_thr)²).
  /// - Source: 1000 h at 5 MPa, 48 h at 25 MPa, at once at 75 MPa: doi:10.1002/aenm.201903253; capacity: chemrxiv
  ///   61854810d828a4e42b6c7312.
  @inline(__always) func shortHazard(current i: Lanes, capacity q: Lanes, pressure P: Lanes) -> Lanes {
    let creep = LaneMath.min((P - 5e6) * shortPressure, Lanes(repeating: 60))
    let crowding = LaneMath.min((i - shortCurrent) * shortWidth, Lanes(repeating: 15))
    let relative = q * shortCapacity
    return shortRate * LaneMath.exp(creep + crowding) * LaneMath.max(relative * relative, Lanes(repeating: 1))
  }
}
