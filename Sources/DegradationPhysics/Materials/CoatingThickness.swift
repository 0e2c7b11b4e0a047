/// What the thickness of a coating does to its coverage and resistance.
///
/// - Source: fitted to resistance growth and retention of NCM523 with 2, 5.5 and 13.5 nm of LiNbO3,
///   doi:10.1016/j.jpowsour.2023.233259.
enum CoatingThickness {
  /// Coverage of a classical coating of unstated thickness, the law at 3.9 nm.
  static let coverage = 0.92
  /// Coverage of a thick classical coating.
  static let saturation = 0.97
  /// Thickness scale [nm].
  static let scaleNm = 1.3
  /// Thickness of the tabulated resistance [nm] (assumed).
  static let referenceNm = 5.0
  static let source = "thickness law: \(Citation.bong)"

  /// θ₀ = 0.97 (1 − exp(−t/1.3 nm)) for a classical coating (0.92 when the thickness is not stated).
  ///
  /// Others scale with it and saturate at 0.97, or at their own coverage where that is higher.
  static func coverage(_ tabulated: Double, thicknessNm t: Double) -> Double {
    let law = saturation * (1 - _exp(-t / scaleNm))
    return min(tabulated * law / coverage, max(tabulated, saturation))
  }

  /// A coating's changes at a thickness.
  static func apply(_ thicknessNm: Double, to change: ParameterChange) -> ParameterChange {
    guard change.parameter == .initialCoverage, change.operation == .cover else { return change }
    var thick = change
    thick.value = coverage(change.value, thicknessNm: thicknessNm)
    thick.source += "; \(source)"
    return thick
  }

  /// R ∝ t.
  static func resistance(thicknessNm: Double) -> ParameterChange {
    ParameterChange(
      .coatingResistance, .multiply, thicknessNm / referenceNm, source: "proportional to thickness, assumed")
  }
}
