/// Sources that many rows share.
enum Citation {
  /// The review of NCM811 with sulfide electrolytes, J. Feng et al., ChemSusChem 2025, with its reference number.
  static func review(_ reference: String) -> String { "doi:10.1002/cssc.202501033 [\(reference)]" }

  static let kochetkov = "I. Kochetkov, L. F. Nazar et al., Energy Environ. Sci. 15 (2022) 3933"
  static let zuo = "doi:10.1002/anie.202213228"
  static let cha = "doi:10.1016/j.jpowsour.2024.235157"
  static let bong = "doi:10.1016/j.jpowsour.2023.233259"
  static let kang = "doi:10.1016/j.ensm.2023.103049"
  static let zhou = "doi:10.1021/acsenergylett.4c03256"
  static let choi = "doi:10.1002/smll.73805"
  static let liu = "doi:10.1002/adfm.202207978"
  static let formula = "formula mass"
}

extension ParameterChange {
  /// Changes of a remedy whose effect is published and whose size in the parameters is assumed.
  ///
  /// Factors and sums are unsure by 0.4 in the logarithm, the bare share of a cover by 0.5, set values not.
  static func remedy(
    _ citation: String, _ list: [(Parameter, Operation, Double)], spread: Double = remedySpread,
    confidence: Confidence = .assumed
  ) -> [ParameterChange] {
    list.map { parameter, operation, value in
      let unsure =
        switch operation {
        case .set: 0.0
        case .cover: 0.5
        case .multiply, .add, .atLeast, .atMost: spread
        }
      return ParameterChange(
        parameter, operation, value, spread: unsure,
        source: confidence == .assumed ? "effect: \(citation); size assumed" : citation, confidence: confidence)
    }
  }

  /// A property that was measured.
  static func measured(_ parameter: Parameter, _ value: Double, _ source: String) -> ParameterChange {
    ParameterChange(parameter, .set, value, source: source, confidence: .measured)
  }
}
