/// What the nickel content of a layered cathode changes, relative to NCM811.
enum NickelContent {
  /// Volume change over 3.0–4.3 V: 1.2 % at one third, 5.1 % at 0.8.
  static let citation = "A. O. Kondrakov et al., doi:10.1021/acs.jpcc.6b12885"

  /// - Parameter nickel: share of nickel among the metals, 0…1; below one third as at one third.
  /// - Returns: strain as a straight line through 1.2 % and 5.1 % (5.8 % at 0.88, where NCA has 5.9 % measured), and
  ///   the lithium content where oxygen is lost, from 4.6 V up to 60 % nickel (content 0.14 on the curve of NCM811) to
  ///   4.3 V from 80 % (0.24).
  static func changes(_ nickel: Double) -> [ParameterChange] {
    let ni = max(nickel, 1.0 / 3)
    let strain = 1 + (5.1 - 1.2) / (0.8 - 1.0 / 3) / 5.1 * (ni - 0.8)
    let rise = min(max((ni - 0.6) / 0.2, 0), 1)
    return [
      ParameterChange(
        .strainScale, .multiply, strain, source: "volume change against nickel: \(citation)", confidence: .fitted),
      ParameterChange(
        .oxygenLossContent, .set, 0.14 + 0.10 * rise,
        source: "oxygen from 4.3 V on NCM811, 4.6 V on NCM622 and 111: doi:10.1149/2.0021707jes (recalled)"),
    ]
  }
}
