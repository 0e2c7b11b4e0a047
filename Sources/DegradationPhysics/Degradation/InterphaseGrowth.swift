/// Linear–parabolic growth of an interphase, dL/dt = 1 / (1/k + L/D).
///
/// - Source: B. E. Deal and A. S. Grove, J. Appl. Phys. 36 (1965) 3770, doi:10.1063/1.1713945.
public enum InterphaseGrowth {
  /// Thickness [m] after a time, exact; the form keeps its digits when D/k ≫ L.
  ///
  /// - Parameters:
  ///   - L: thickness at the start [m], ≥ 0.
  ///   - k: reaction-limited rate [m·s⁻¹], > 0.
  ///   - D: diffusion-limited constant [m²·s⁻¹], > 0.
  ///   - t: time [s], ≥ 0.
  public static func advance(
    thicknessM L: Double, reactionMPerS k: Double, diffusionM2PerS D: Double, timeS t: Double
  ) -> Double {
    guard k > 0, D > 0 else { return L }
    let b = L + D / k
    return L + 2 * D * t / (b + (b * b + 2 * D * t).squareRoot())
  }
}
