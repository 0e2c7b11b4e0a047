extension Material {
  /// Coatings. A coated cell fades at 0.37 × the rate of a bare one (median of 11 published pairs, range .12–1.15).
  static let coatings: [Material] = [
    Material(
      "none", .coating, class: "none", aliases: ["bare", "uncoated", "pristine", "no coating"],
      summary: "bare active material, nominal", citation: "definition"),
    oxide(
      "oxide", aliases: ["oxide coating"], "oxides that conduct lithium ions", Citation.review("48, 57, 82, 87–93")),
    oxide("LiNbO3", aliases: ["LNO", "lithium niobate", "LiNbOx"], "the usual coating", Citation.review("57, 82")),
    oxide("LiAlO2", aliases: ["lithium aluminate", "LiAlOx"], "classical coating", Citation.review("48")),
    oxide("Li2O", aliases: ["lithium oxide"], "classical coating", Citation.review("87")),
    oxide("LiOH", aliases: ["lithium hydroxide"], "classical coating", Citation.review("88")),
    oxide("Li2SiOx", aliases: ["Li2SiO3", "Li4SiO4", "lithium silicate"], "classical coating", Citation.review("90")),
    oxide("Li2ZrO3", aliases: ["LZO", "lithium zirconate"], "classical coating", Citation.review("91")),
    oxide("Li3VO4", aliases: ["lithium vanadate"], "classical coating", Citation.review("92")),
    oxide("Li5FeO4", aliases: ["lithium ferrite"], "classical coating", Citation.review("93")),
    oxide("Li2O-ZrO2", aliases: ["Li2O ZrO2"], "coating of the Ag-C cells", "doi:10.1038/s41560-020-0575-z"),
    oxide("LiTaO3", aliases: ["lithium tantalate"], "as lithium niobate", "assumed"),
    oxide("Li4Ti5O12", aliases: ["LTO"], "as lithium niobate", "assumed"),
    oxide("Al2O3", aliases: ["alumina"], "as lithium aluminate", "assumed"),
    oxide("Nb2O5", aliases: ["niobium oxide"], "niobium oxide", "doi:10.1038/s41467-024-54331-w"),
    oxide("Li7TaO6", aliases: ["lithium hexatantalate"], "highly lithiated tantalate", Citation.review("104")),
    oxide(
      "ZrO2", aliases: ["zirconia"], "hardly conducts lithium ions", Citation.choi,
      [resistance(0.3, "192.9 against 44.5 Ω: \(Citation.choi); 1 cm², area of 10 mg cm⁻² assumed")]),
    oxide(
      "ZrO2-x", aliases: ["oxygen-deficient ZrO2", "ZrO2-δ"], "oxygen vacancies let lithium through", Citation.choi,
      [resistance(0.03, "55.2 against 44.5 Ω: \(Citation.choi); 1 cm², area of 10 mg cm⁻² assumed")]),
    oxide(
      "LLTO", coverage: 0.95,
      aliases: ["flash-sintered LLTO", "flash-light sintered LLTO", "lithium lanthanum titanate", "LLTO FLS"],
      "flash-light sintering: dense and complete, no cation disorder", Citation.review("96")),
    oxide(
      "LLZAO", aliases: ["Li6.25La3Zr2Al0.25O12", "LLZO", "Al-LLZO"], "garnet layer, conducts well",
      Citation.review("102"),
      ParameterChange.remedy(Citation.review("102"), [(.coatingResistance, .multiply, 0.5)])),
    oxide(
      "phosphate", class: "phosphate", aliases: ["phosphate coating"], "phosphates of lithium", Citation.review("89")),
    oxide(
      "Li3PO4", class: "phosphate", aliases: ["LPO", "lithium phosphate"], "classical coating",
      Citation.review("89, 103")),
    oxide(
      "gradient Li3P1+xO4S4-x", class: "phosphate",
      aliases: [
        "Li3P1+xO4S4-x", "Li3P1+xO4S4x", "gradient Li3P1+xO4S4x", "LPOS", "gradient LPOS", "Li-P-O-S",
        "gradient Li-P-O-S",
      ],
      "sulfur rises outwards: compliant, no step in potential", Citation.review("66"),
      ParameterChange.remedy(
        Citation.review("66"),
        [
          (.conformityModulus, .multiply, 0.8), (.spaceChargeShielding, .set, 0.9), (.coatingWear, .multiply, 0.5),
        ])),
    layer(
      "Li-Ta-O-F", class: "halide",
      aliases: ["LTOF", "LTaOF", "Li-Ta-O-F oxyhalide", "TaF5 gas–solid", "Li–Ta–O–F halogen oxide"],
      "oxyhalide grown from the residual lithium by gas–solid reaction, to 4.5 V", Citation.review("95"),
      [
        (.initialCoverage, .cover, 0.97), (.coatingLeak, .set, 0.05), (.fatigueRate, .multiply, 0.35),
        (.rockSaltRate, .multiply, 0.3), (.crackRate, .multiply, 0.7), (.coatingOxidationWear, .multiply, 0.5),
      ]),
    layer(
      "PEDOT", class: "polymer", aliases: ["PEDOT MLD", "poly(3,4-ethylenedioxythiophene)"],
      "conducting polymer by molecular layer deposition in place of carbon", Citation.review("94"),
      polymer + [(.carbonArea, .set, 0), (.electronicResistance, .atLeast, 0.02)]),
    layer("polymer", class: "polymer", aliases: ["polymer coating"], "polymer films", Citation.review("94"), polymer),
    layer(
      "halide", class: "halide", aliases: ["halide coating", "chloride coating"], "halides between cathode and sulfide",
      Citation.cha, halideLayer),
    halideCoating("Li3InCl6", aliases: ["LIC"], coverage: 0.6, leak: 0.25, ratio: "55 against 74.4"),
    halideCoating("Li3YCl6", aliases: ["LYC"], coverage: 0.75, leak: 0.2, ratio: "30 against 74.4"),
    halideCoating("Li2ZrCl6", aliases: ["LZC"], coverage: 0.85, leak: 0.15, ratio: "20.1 against 74.4"),
    layer(
      "S", class: "sulfur", aliases: ["elemental sulfur", "sulphur"], "sulfur on the active material", sulfurPaper,
      sulfur),
    layer("sulfur", class: "sulfur", aliases: ["sulfur coating"], "sulfur and sulfides", sulfurPaper, sulfur),
    oxide("other", class: "other", aliases: ["other coating"], "a coating of another class, as an oxide", "assumed"),
  ]

  /// The classical coating; b_k, R and shielding are those of the parameter table.
  static let classicalCoating: [(Parameter, ParameterChange.Operation, Double)] = [
    (.initialCoverage, .cover, CoatingThickness.coverage), (.rockSaltRate, .multiply, 0.5),
    (.fatigueRate, .multiply, 0.5),
    (.crackRate, .multiply, 0.7),
  ]

  private static let sulfurPaper = "doi:10.1002/adfm.202315701"
  private static let sulfur: [(Parameter, ParameterChange.Operation, Double)] = [
    (.initialCoverage, .cover, CoatingThickness.coverage), (.coatingLeak, .set, 0.5),
  ]

  private static let polymer: [(Parameter, ParameterChange.Operation, Double)] = [
    (.initialCoverage, .cover, CoatingThickness.coverage), (.coatingLeak, .set, 0.3), (.oxidationRate, .multiply, 0.3),
  ]

  private static func oxide(
    _ name: String, class kind: String = "oxide", coverage: Double = CoatingThickness.coverage, aliases: [String],
    _ summary: String, _ citation: String, _ more: [ParameterChange] = []
  ) -> Material {
    let covered = classicalCoating.map { $0.0 == .initialCoverage ? ($0.0, $0.1, coverage) : $0 }
    var material = layer(name, class: kind, aliases: aliases, summary, citation, [])
    material.changes =
      ParameterChange.remedy("11 coated and bare pairs, median fade rate × .37; \(citation)", covered) + more
    return material
  }

  private static func layer(
    _ name: String, class kind: String, aliases: [String], _ summary: String, _ citation: String,
    _ list: [(Parameter, ParameterChange.Operation, Double)]
  ) -> Material {
    Material(
      name, .coating, class: kind, aliases: aliases, summary: summary, citation: citation,
      changes: ParameterChange.remedy(citation, list))
  }

  /// Coverage and leak such that 1 − θ + θ b is the ratio of the interfacial resistances [Ω cm²] of coated and bare.
  private static func halideCoating(
    _ name: String, aliases: [String], coverage: Double, leak: Double, ratio: String
  ) -> Material {
    let fit = ParameterChange.remedy(
      "interfacial resistance \(ratio) Ω cm²: \(Citation.cha)",
      [(.initialCoverage, .cover, coverage), (.coatingLeak, .set, leak)], confidence: .fitted)
    let rest = halideLayer.filter { $0.0 != .initialCoverage && $0.0 != .coatingLeak }
    return Material(
      name, .coating, class: "halide", aliases: aliases, summary: "halide coating", citation: Citation.cha,
      changes: fit + ParameterChange.remedy(Citation.cha, rest))
  }

  private static func resistance(_ ohmM2: Double, _ source: String) -> ParameterChange {
    ParameterChange(.coatingResistance, .set, ohmM2, spread: 0.5, source: source, confidence: .fitted)
  }
}
