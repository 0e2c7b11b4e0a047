extension Material {
  /// Bulk dopants of the active material.
  static let dopants: [Material] = [
    Material(
      "none", .dopant, aliases: ["undoped", "no dopant", "pristine"], summary: "undoped, nominal",
      citation: "definition"),
    Material(
      "cation", .dopant,
      aliases: ["cation dopant", "doped", "B", "P", "Mg", "Ti", "W", "Mo", "Sb", "Cr", "Sn", "La", "Y"],
      summary: "strong metal–oxygen bonds: less strain, fewer cracks, less rock salt",
      citation: Citation.review("102, 103"),
      changes: bulk(Citation.review("102, 103"))),
    Material(
      "B/P", .dopant, aliases: ["P/B", "B and P", "B/P co-doping"], summary: "B–O and P–O bonds hold the oxygen",
      citation: Citation.review("103"), changes: bulk(Citation.review("103"))),
    Material(
      "Zr", .dopant, aliases: ["Zr doping", "Zr-doped", "zirconium"], summary: "Zr–O bonds hold the lattice",
      citation: Citation.review("102"), changes: bulk(Citation.review("102"))),
    Material(
      "Al", .dopant, aliases: ["Al doping", "Al-doped", "aluminium", "aluminum"],
      summary: "spreads the stress of the particle",
      citation: Citation.review("105"), changes: bulk(Citation.review("105"))),
    Material(
      "Ta", .dopant, aliases: ["Ta doping", "Ta-doped", "tantalum"], summary: "Ta–O bonds hold the oxygen",
      citation: Citation.review("98, 104"), changes: bulk(Citation.review("98, 104"))),
    Material(
      "Nb", .dopant, aliases: ["Nb doping", "Nb-doped", "niobium"], summary: "niobium doping",
      citation: Citation.review("98"), changes: bulk(Citation.review("98"))),
    Material(
      "F", .dopant, aliases: ["F doping", "F-doped", "fluorine", "fluoride", "mobile F"],
      summary: "fluorine moves inward on charge and holds the particle together", citation: Citation.review("97"),
      changes: ParameterChange.remedy(
        Citation.review("97"),
        [(.crackRate, .multiply, 0.5), (.rockSaltRate, .multiply, 0.6), (.protectionReserve, .set, 0.5)])),
    Material(
      "Ta/Nb", .dopant, aliases: ["Nb/Ta", "Ta+Nb", "Nb+Ta", "Ta/Nb co-diffusion", "Ta- and Nb-based"],
      summary: "Ta holds the oxygen in the bulk, Nb forms a LiNbO3 layer; to 4.5 V", citation: Citation.review("98"),
      changes: ParameterChange.remedy(
        Citation.review("98"),
        [
          (.strainScale, .multiply, 0.8), (.crackRate, .multiply, 0.4), (.rockSaltRate, .multiply, 0.3),
          (.initialCoverage, .cover, 0.9), (.coatingLeak, .set, 0.1), (.spaceChargeShielding, .set, 0.9),
        ])),
    Material(
      "Ti2O3", .dopant, aliases: ["Ti2O3-based", "titanium sesquioxide"],
      summary: "conducts in place of carbon and catches oxygen; used up above 4.3 V", citation: Citation.review("99"),
      changes: ParameterChange.remedy(
        Citation.review("99"),
        [
          (.carbonArea, .set, 0), (.interphaseOxidationWeight, .multiply, 0.5), (.crackRate, .multiply, 0.6),
          (.rockSaltRate, .multiply, 0.4), (.protectionReserve, .set, 0.8), (.reserveThickness, .multiply, 0.5),
        ])),
  ]

  private static func bulk(_ citation: String) -> [ParameterChange] {
    ParameterChange.remedy(
      citation,
      [
        (.strainScale, .multiply, 0.8), (.crackRate, .multiply, 0.4), (.rockSaltRate, .multiply, 0.3),
        (.fatigueRate, .multiply, 0.6),
      ])
  }

  /// Coating and dopant together; each row stands for both of the rows it combines.
  static let synergies: [Material] = [
    Material(
      "Ta/Nb + LiNbO3", .synergy, summary: "the LiNbO3 layer that niobium forms, on a bulk held by tantalum",
      citation: Citation.review("98"), combines: ["LiNbO3", "Ta/Nb"],
      changes: ParameterChange.remedy(
        Citation.review("98"),
        [
          (.initialCoverage, .cover, CoatingThickness.coverage), (.strainScale, .multiply, 0.8),
          (.fatigueRate, .multiply, 0.5), (.crackRate, .multiply, 0.28), (.rockSaltRate, .multiply, 0.15),
          (.spaceChargeShielding, .set, 0.9),
        ])),
    Material(
      "CD-LLZAO", .synergy, aliases: ["Zr + LLZAO", "NCM811@CD-LLZAO", "LLZAO + Zr", "Zr doping + LLZAO coating"],
      summary: "zirconium in the bulk, garnet on the surface", citation: Citation.review("102"),
      combines: ["LLZAO", "Zr"],
      changes: ParameterChange.remedy(
        Citation.review("102"),
        [
          (.initialCoverage, .cover, CoatingThickness.coverage), (.strainScale, .multiply, 0.8),
          (.crackRate, .multiply, 0.28), (.rockSaltRate, .multiply, 0.15), (.fatigueRate, .multiply, 0.3),
          (.coatingResistance, .multiply, 0.5),
        ])),
    Material(
      "Li3PO4 + B/P", .synergy, aliases: ["Li3PO4 coating + B/P co-doping", "B/P + Li3PO4", "LPO + B/P"],
      summary: "2300 cycles at 4.6 V", citation: Citation.review("103"), combines: ["Li3PO4", "B/P"],
      changes: highVoltage(Citation.review("103"))),
    Material(
      "Li7TaO6 + Ta", .synergy, aliases: ["Ta + Li7TaO6", "Li7TaO6 coating + Ta doping"],
      summary: "the same plan with tantalum", citation: Citation.review("104"), combines: ["Li7TaO6", "Ta"],
      changes: highVoltage(Citation.review("104"))),
    Material(
      "AZ@SC811", .synergy,
      aliases: ["Li2ZrO3 + Al", "Al + Li2ZrO3", "Li2ZrO3 + Al at 2 MPa", "Li2ZrO3 coating + Al doping"],
      summary: "spreads the stress: 1000 cycles at 2 MPa", citation: Citation.review("105"),
      combines: ["Li2ZrO3", "Al"],
      changes: ParameterChange.remedy(
        Citation.review("105"),
        [
          (.initialCoverage, .cover, 0.97), (.coatingLeak, .set, 0.05), (.strainScale, .multiply, 0.7),
          (.fatigueRate, .multiply, 0.15), (.crackRate, .multiply, 0.18), (.rockSaltRate, .multiply, 0.15),
          (.roughness, .multiply, 1.3),
        ])),
  ]

  private static func highVoltage(_ citation: String) -> [ParameterChange] {
    ParameterChange.remedy(
      citation,
      [
        (.initialCoverage, .cover, 0.97), (.coatingLeak, .set, 0.05), (.strainScale, .multiply, 0.7),
        (.fatigueRate, .multiply, 0.18), (.crackRate, .multiply, 0.18), (.rockSaltRate, .multiply, 0.05),
      ])
  }
}
