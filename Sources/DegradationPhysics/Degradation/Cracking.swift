internal import NumericalMethods

/// Cracks within particles, density κ from 0 (intact) to 1 (all grain boundaries open).
extension LaneCell {
  /// Rate of the logistic growth dκ/dN = r (κ₀ + κ)(1 − κ), r = k g [(ε / 5 %)(1 + 2 Δx)]³.
  ///
  /// The cube stands for the Paris exponent; Δx, the content shift in the particle at half charge, adds the stress of
  /// the gradient. Logistic, so growth cannot run away.
  /// - Source: single crystals crack far less: doi:10.1149/1945-7111/ac13d2 and doi:10.1002/cssc.202501033 [57, 60];
  ///   exponent assumed (PyBaMM's O'Kane 2022 set uses 2.2 per stress intensity).
  @inline(__always) func crackGrowth(strain: Lanes, shift: Lanes) -> Lanes {
    let stress = strain * 20 * (crackStress * shift + 1)
    return crackRate * stress * stress * stress
  }

  /// Crack density after `exposure` = r N: the exact logistic step.
  @inline(__always) func cracks(_ k: Lanes, after exposure: Lanes) -> Lanes {
    let odds = (crackOffset + k) / (1 - k)
    let grown = odds * LaneMath.exp(LaneMath.min(exposure * (crackOffset + 1), Lanes(repeating: 60)))
    return LaneMath.clamp((grown - crackOffset) / (grown + 1), 0, 1 - 1e-9)
  }
}
