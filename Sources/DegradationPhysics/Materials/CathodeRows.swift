extension Material {
  /// Cathodes by composition. Capacities follow from the formula; `NickelContent` turns the share of nickel into strain
  /// and oxygen loss. All run on the open-circuit curve of NCM811, so absolute capacities of the others are too high.
  static let cathodes: [Material] = [
    layered(
      "NCM", 0.8, massGPerMol: nil, aliases: ["NMC", "layered oxide"], "layered nickel oxide of unstated content"),
    layered("NCM111", 1.0 / 3, massGPerMol: 96.46, aliases: ["NMC111", "NCM333", "NMC333", "LiNi1/3Co1/3Mn1/3O2"]),
    layered(
      "NCM523", 0.5, massGPerMol: 96.55,
      aliases: ["NMC523", "NCM532", "NMC532", "LiNi0.5Co0.2Mn0.3O2", "LiNi0.5Mn0.3Co0.2O2"]),
    layered("NCM622", 0.6, massGPerMol: 96.93, aliases: ["NMC622", "LiNi0.6Co0.2Mn0.2O2"]),
    layered("NCM75", 0.75, massGPerMol: 97.1, aliases: ["NMC75", "NCM Ni75", "Ni75"]),
    layered("NCM811", 0.8, massGPerMol: 97.28, aliases: ["NMC811", "LiNi0.8Co0.1Mn0.1O2"]),
    layered("NCM82", 0.82, massGPerMol: 97.3, aliases: ["NMC82", "Ni82"]),
    layered("NCM83", 0.83, massGPerMol: 97.3, aliases: ["NMC83", "Ni83", "NCM831205"]),
    layered("NCM85", 0.85, massGPerMol: 97.4, aliases: ["NMC85", "Ni85", "NCM851005"]),
    layered("NCM88", 0.88, massGPerMol: 97.4, aliases: ["NMC88", "Ni88"]),
    layered("NCM90", 0.9, massGPerMol: 97.5, aliases: ["NMC90", "Ni90", "NCM900505", "NMC955", "NCM955"]),
    layered("LiNiO2", 1, massGPerMol: 97.63, aliases: ["lithium nickel oxide"]),
    layered(
      "NCA", 0.8, massGPerMol: 96.09, aliases: ["NCA80", "LiNi0.8Co0.15Al0.05O2"],
      "lithium nickel cobalt aluminium oxide"),
    Material(
      "NCA88", .cathode, aliases: ["LiNi0.88Co0.09Al0.03O2"], summary: "NCA with 88 % nickel, 5.9 % volume change",
      citation: Citation.kang, nickelFraction: 0.88,
      changes: [
        .measured(.theoreticalCapacity, 277.2, "\(Citation.formula) 96.70 g mol⁻¹"),
        ParameterChange(.siteConcentration, .set, 48_000, source: "\(Citation.kang), input of its model"),
      ]),
    Material(
      "LiCoO2", .cathode, aliases: ["LCO", "lithium cobalt oxide"],
      summary: "no nickel: small strain, no collapse of the layers below 4.5 V",
      citation: "J. N. Reimers, J. R. Dahn, J. Electrochem. Soc. 139 (1992) 2091 (recalled)",
      changes: [
        .measured(.theoreticalCapacity, 273.8, "\(Citation.formula) 97.87 g mol⁻¹"),
        ParameterChange(.cathodeDensity, .set, 5050, source: "recalled crystal density"),
        ParameterChange(.siteConcentration, .set, 51_600, source: "density and formula mass"),
        ParameterChange(.strainCollapse, .set, 0, source: "no H2–H3 step in the range of use, assumed"),
        ParameterChange(.oxygenLossContent, .set, 0.14, source: "as low-nickel NCM, assumed"),
      ]),
  ]

  private static func layered(
    _ name: String, _ nickel: Double, massGPerMol: Double?, aliases: [String],
    _ summary: String = "layered nickel oxide"
  ) -> Material {
    Material(
      name, .cathode, aliases: aliases, summary: summary, citation: "stoichiometry; \(NickelContent.citation)",
      nickelFraction: nickel,
      changes: massGPerMol.map { mass in
        // One lithium a formula: F/3.6 [mAh·mol⁻¹] over the mass.
        let capacity = PhysicalConstants.faraday / 3.6 / mass
        return [.measured(.theoreticalCapacity, capacity, "\(Citation.formula) \(mass) g mol⁻¹")]
      } ?? [])
  }

  /// Single crystals are nominal.
  static let morphologies: [Material] = [
    Material(
      "single", .morphology, aliases: ["single-crystal", "single-crystalline", "monocrystalline", "SC"],
      summary: "single crystals, the nominal cathode", citation: Citation.review("55–57")),
    Material(
      "poly", .morphology, aliases: ["polycrystal", "polycrystalline", "polycrystals", "PC", "secondary particles"],
      summary: "secondary particles strain twice as much and crack along their grains",
      citation: Citation.review("55–57"),
      changes: [
        ParameterChange(
          .strainScale, .set, 1, source: "volume change 5.0 %: \(Citation.review("55, 56"))", confidence: .measured),
        ParameterChange(
          .crackMorphologyFactor, .set, 3.5, spread: ParameterChange.remedySpread,
          source: "active mass .63 poly and .91 single after 40 cycles: doi:10.1149/1945-7111/ac13d2",
          confidence: .fitted),
        ParameterChange(.particleRadius, .set, 4.5e-6, source: "usual secondary particles of 9 µm, assumed"),
      ]),
  ]
}
