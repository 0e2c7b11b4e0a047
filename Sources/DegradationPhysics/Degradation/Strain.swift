internal import NumericalMethods

extension LaneCell {
  /// Anisotropic strain of a cycle between end points.
  ///
  /// ε = s [e₁ (x_d − x_c) + e₂ w (…)]: linear in the lithium exchanged, and below 40 % lithium the collapse of the
  /// layers, which begins exponentially and saturates once they have closed up.
  /// - Source: onset doi:10.1039/d3ee04115h; 5.0 % (poly) and 2.4 % (single) at 4.3 V: Feng et al. 2025,
  ///   doi:10.1002/cssc.202501033 [55, 56]; saturation fitted on cells cut off at 4.6 and 5.0 V.
  @inline(__always) func strain(_ ends: EndPoints) -> Lanes {
    let swing = collapse(ends.charged) - collapse(ends.discharged)
    return strainScale * (strainLinear * (ends.discharged - ends.charged) + strainCollapse * swing)
  }

  @inline(__always) private func collapse(_ x: Lanes) -> Lanes {
    let depth = LaneMath.max(collapseContent - x, Lanes()) * collapseWidth
    let free = LaneMath.exp(LaneMath.min(depth, Lanes(repeating: 60))) - 1
    return free / (free * collapseSaturation + 1) * collapseScale
  }
}
