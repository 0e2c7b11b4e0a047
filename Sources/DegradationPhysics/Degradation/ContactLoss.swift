internal import NumericalMethods

/// Contact between particle and electrolyte.
///
/// f = f_s exp(−w^β): f_s, what shake-down of the first cycles leaves, relaxes to f₀ exp(−gap / h_r); w, the fatigue
/// clock, counts cycles by their severity, and β < 1 is the spread of contact lifetimes (Weibull).
extension LaneCell {
  /// Where the contact of a cycle relaxes to, before fatigue.
  ///
  /// The gap that breathing opens, ψ R ε (1 + b w) / 3, less what pressure closes, R P / E (both assumed).
  @inline(__always) func contactTarget(strain: Lanes, fatigue w: Lanes, pressure P: Lanes) -> Lanes {
    let gap = gapShare * strain * (ratchet * LaneMath.min(w, Lanes(repeating: 1e3)) + 1)
    let closed = conformity * P * breathing
    return initialContact * LaneMath.exp(-roughness * LaneMath.softplus((gap - closed) / gapSmoothing))
  }

  /// Fatigue per cycle: k (ε / 5 %)ᵐ (1 + δ/20 nm) (1 + c i_loc) (1 + P_a / (P + P_b)).
  ///
  /// - Source: form assumed; active-mass loss leads the early fade: doi:10.1149/1945-7111/ac13d2; pressure:
  ///   published pairs at 2…30 MPa.
  @inline(__always) func fatiguePerCycle(
    strain: Lanes, interphase: Lanes, localCurrent i: Lanes, pressure P: Lanes
  ) -> Lanes {
    fatigueRate * LaneMath.power(strain * 20, strainExponent) * (fatigueInterphase * interphase + 1)
      * (fatigueCurrent * i + 1) * (fatiguePressure / (P * breathing + fatiguePressureOffset) + 1)
  }

  /// Share of the fatigue healed per cycle: oxidised sulfur flows back on a deep discharge.
  ///
  /// - Source: mechanism and window 2.0–4.3 V: Feng et al. 2025, doi:10.1002/cssc.202501033 [84]; rate assumed.
  @inline(__always) func healingPerCycle(oxidised q: Lanes) -> Lanes { healing * q / (q + 0.02) }
}
