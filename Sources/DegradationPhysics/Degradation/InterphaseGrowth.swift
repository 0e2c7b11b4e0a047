internal import NumericalMethods

/// Linear–parabolic growth of an interphase, dL/dt = 1 / (1/k + L/D).
///
/// - Source: B. E. Deal and A. S. Grove, J. Appl. Phys. 36 (1965) 3770, doi:10.1063/1.1713945.
public enum InterphaseGrowth {
  /// Thickness [m] after a time, exact; the form keeps its digits when D/k ≫ L.
  ///
  /// - Parameters:
  ///   - L: thickness at the start [m], ≥ 0.
  ///   - k: reaction-limited rate [m·s⁻¹], > 0; no growth at 0.
  ///   - D: diffusion-limited constant [m²·s⁻¹], > 0; no growth at 0.
  ///   - t: time [s], ≥ 0.
  public static func advance(
    thicknessM L: Double, reactionMPerS k: Double, diffusionM2PerS D: Double, timeS t: Double
  ) -> Double {
    advance(Lanes(repeating: L), Lanes(repeating: k), Lanes(repeating: D), Lanes(repeating: t))[0]
  }

  @inline(__always) static func advance(_ L: Lanes, _ k: Lanes, _ D: Lanes, _ t: Lanes) -> Lanes {
    let growth = D * t * 2
    let b = L + D / LaneMath.max(k, Lanes(repeating: 1e-300))
    let grown = L + growth / (b + LaneMath.squareRoot(b * b + growth))
    return grown.replacing(with: L, where: k .<= 0 .| D .<= 0)
  }
}

/// The cathode | sulfide interphase.
extension LaneCell {
  /// Reaction-limited rate [m·s⁻¹] and diffusion-limited constant [m²·s⁻¹] of a drive.
  ///
  /// Both ∝ Arrhenius × (potential factor + oxidation) × what the coating leaves open × the fresh surface of cracks. The
  /// layer closes as it thickens, by e^(−δ/δ_p), and opens up above the onset of oxidation: it passivates up to 4.3 V,
  /// not above, where the reaction takes over.
  /// - Source: oxidation and redox potentials: doi:10.1002/cssc.202501033 eq. 1–2, [85]; growth exponents .1/.15/.8/.6
  ///   at 4.0/4.3/4.6/5.0 V of a published impedance series.
  @inline(__always) func interphaseGrowth(
    _ drive: LaneDrive, thickness: Lanes, coating: Lanes, cracks: Lanes
  ) -> (reaction: Lanes, diffusion: Lanes) {
    let open = (1 - coating) + coating * leak
    let growth = (drive.chemical + oxidationWeight * drive.oxidation) * open * (crackSurface * cracks + 1)
    let closing = LaneMath.exp(passivation * thickness)
    let opening = oxidationOpening * drive.oxidation
    return (reaction * growth, interphaseDiffusion * growth * (closing + opening))
  }

  /// Where the space charge relaxes to: coatings and some electrolytes remove a share of it.
  @inline(__always) func spaceChargeTarget(coating: Lanes) -> Lanes {
    (1 - coating * shielding) * (1 - electrolyteShielding)
  }
}
