extension Material {
  /// Electrolytes. A conductivity is that of the pure powder, pressed; see `MaterialsLibrary.resolve` for a catholyte
  /// that differs from the separator.
  static let electrolytes: [Material] = argyrodites + thiophosphates + halides + mixtures

  /// Median of ten published values of Li6PS5Cl, 1.3–4.8 mS cm⁻¹ [S·m⁻¹].
  private static let argyroditeConductivity = ParameterChange.measured(
    .conductivity, 0.22,
    "median of ten values: doi:10.1002/adfm.202207978, anie.202213228, adfm.202315701, aenm.202203673, "
      + "aenm.201903253, 10.1016/j.ensm.2023.102787, 10.1149/1945-7111/abf8d7, 10.1038/s41467-025-59363-4 and others")
  private static let argyroditeDensity = ParameterChange(
    .electrolyteDensity, .set, 1860, source: "1.86 g cm⁻³, primary source not recorded")

  /// Slope of the parabolic growth of the interphase resistance at 4.32 V: 8.9 against 13.2 Ω h^-½ of Li6PS5Cl.
  private static let chlorineRich =
    [
      ParameterChange.measured(
        .conductivity, 0.6, "2.7 × Li6PS5Cl within two papers: \(Citation.liu), \(Citation.zuo)"),
      .measured(.conductivityActivation, 27_000, "0.28 eV: \(Citation.liu)"), argyroditeDensity,
      .measured(.electrolyteMolarMass, 0.2666, Citation.formula),
      .measured(.oxidationElectrons, 4, "per formula: \(Citation.zuo)"),
      ParameterChange(
        .interphaseDiffusion, .multiply, 0.45, spread: ParameterChange.remedySpread,
        source: "parabolic slopes 8.9 and 13.2 Ω h^-½ at 4.32 V: \(Citation.zuo)", confidence: .fitted),
    ]

  /// Oxygen on sulfur sites; also the class of modified argyrodites.
  private static let oxygenDoped = ParameterChange.remedy(
    Citation.review("77"),
    [
      (.interphaseReaction, .multiply, 0.3), (.interphaseDiffusion, .multiply, 0.3), (.oxidationOnset, .add, 0.1),
      (.spaceChargeElectrolyte, .cover, 0.6), (.conductivity, .multiply, 0.8),
    ])

  private static let argyrodites: [Material] = [
    Material(
      "argyrodite", .electrolyte, class: "argyrodite", aliases: ["argyrodite electrolyte"],
      summary: "as Li6PS5Cl", citation: Citation.review("19–24"), changes: [argyroditeConductivity, argyroditeDensity]),
    Material(
      "Li6PS5Cl", .electrolyte, class: "argyrodite", aliases: ["LPSCl", "LPSC", "chloride argyrodite"],
      summary: "the reference electrolyte of the model", citation: Citation.review("19–24"),
      changes: [argyroditeConductivity, argyroditeDensity]),
    Material(
      "Li6PS5Cl, self-healing", .electrolyte, class: "argyrodite",
      aliases: ["self-healing", "self-healing Li6PS5Cl", "self-healing LPSCl", "Li6PS5Cl 2.0-4.3 V"],
      summary: "sulfur from its oxidation is lithiated below 2.3 V and refills the contact; cycle 2.0–4.3 V",
      citation: Citation.review("84"), combines: ["Li6PS5Cl", "Li6PS5Cl, self-healing"],
      changes: [argyroditeConductivity, argyroditeDensity]
        + [
          ParameterChange(
            .healingRate, .set, 0.02, spread: 0.5, source: "mechanism: \(Citation.review("84")); .01–.05 assumed")
        ]),
    Material(
      "Li6PS5Cl, H2S absorber", .electrolyte, class: "argyrodite",
      aliases: ["H2S absorber", "H2S-absorber Li6PS5Cl", "air-stable Li6PS5Cl", "air-stable sulfide"],
      summary: "moisture does a third of the harm", citation: Citation.review("73, 76"),
      combines: ["Li6PS5Cl", "Li6PS5Cl, H2S absorber"],
      changes: [argyroditeConductivity, argyroditeDensity]
        + ParameterChange.remedy(Citation.review("73, 76"), [(.moistureSensitivity, .multiply, 0.3)])),
    Material(
      "argyrodite_cl_rich", .electrolyte, class: "argyrodite_cl_rich",
      aliases: ["Cl-rich argyrodite", "chlorine-rich argyrodite"],
      summary: "as Li5.5PS4.5Cl1.5", citation: Citation.zuo, changes: chlorineRich),
    Material(
      "Li5.5PS4.5Cl1.5", .electrolyte, class: "argyrodite_cl_rich", aliases: ["LPSCl1.5", "LPSC1.5"],
      summary: "conducts 2.7 × better, interphase grows at two thirds of the slope", citation: Citation.zuo,
      changes: chlorineRich),
    Material(
      "Li6PS5Br", .electrolyte, class: "argyrodite", aliases: ["LPSBr", "bromide argyrodite"],
      summary: "needs very high pressures to densify", citation: Citation.review("51, 52, 77"),
      changes: [
        .measured(.conductivity, 0.24, "annealed, 392 MPa: doi:10.1021/acsenergylett.1c01299 (.065 as glass-ceramic)"),
        .measured(.electrolyteMolarMass, 0.3128, Citation.formula),
      ]),
    Material(
      "argyrodite_modified", .electrolyte, class: "argyrodite_modified", aliases: ["modified argyrodite"],
      summary: "substituted argyrodites, as oxygen-doped bromide", citation: Citation.review("77"),
      changes: [argyroditeConductivity, argyroditeDensity] + oxygenDoped),
    Material(
      "Li6PS4.7O0.3Br", .electrolyte, class: "argyrodite_modified",
      aliases: ["LPSOBr", "oxygen-doped Li6PS5Br", "O-doped Li6PS5Br", "O-doped bromide", "oxygen-doped bromide"],
      summary: "oxygen doping slows the interphase, the space charge and the oxidation",
      citation: Citation.review("77"),
      changes: [
        .measured(.conductivity, 0.24, "undoped, annealed: doi:10.1021/acsenergylett.1c01299"),
        .measured(.electrolyteMolarMass, 0.3080, Citation.formula),
      ] + oxygenDoped),
    Material(
      "Ge/Si/Sb-Li6PS5I", .electrolyte, class: "argyrodite_modified",
      aliases: [
        "Ge/Si/Sb-substituted Li6PS5I", "Ge/Si/Sb-doped Li6PS5I", "Ge/Si/Sb iodide", "Ge/Si/Sb", "Li6PS5I (Ge,Si,Sb)",
      ],
      summary: "high-entropy iodide: faster conduction, lower activation energy", citation: Citation.review("107"),
      changes: highEntropyIodide),
  ]

  private static let highEntropyIodide =
    ParameterChange.remedy(
      Citation.review("107"), [(.conductivity, .multiply, 2.5), (.conductivityActivation, .multiply, 0.85)], spread: 0.2
    )
    + [.measured(.electrolyteMolarMass, 0.3598, "\(Citation.formula) of Li6PS5I")]

  private static let thiophosphates: [Material] = [
    Material(
      "thiophosphate", .electrolyte, class: "thiophosphate", aliases: ["LPS"],
      summary: "lithium thiophosphate of unstated kind: conducts less", citation: "doi:10.1039/c7ta07641j",
      changes: [
        ParameterChange(
          .conductivity, .set, 0.06, spread: 0.7, source: "between β-Li3PS4 .015 and argyrodite .22 S m⁻¹, assumed"),
        .measured(.electrolyteMolarMass, 0.1800, "\(Citation.formula) of Li3PS4"),
      ]),
    Material(
      "beta-Li3PS4", .electrolyte, class: "thiophosphate",
      aliases: ["Li3PS4", "crystalline Li3PS4", "Li3PS4 crystal", "b-Li3PS4", "beta-LPS"],
      summary: "crystalline thiophosphate, deforms irreversibly", citation: Citation.review("52, 53, 61"),
      changes: [
        .measured(.conductivity, 0.015, "25 °C: doi:10.1039/c7ta07641j"),
        .measured(.electrolyteMolarMass, 0.1800, Citation.formula),
        ParameterChange(
          .gapRatchet, .multiply, 1.5, spread: ParameterChange.remedySpread,
          source: "irreversible deformation: \(Citation.review("52, 53")); size assumed"),
      ]),
    Material(
      "Li3PS4 glass", .electrolyte, class: "thiophosphate",
      aliases: ["glass Li3PS4", "glassy Li3PS4", "g-Li3PS4", "75Li2S-25P2S5", "75Li2S-25P2S5 glass", "LPS glass"],
      summary: "glassy thiophosphate, yields elastically", citation: Citation.review("52, 53"),
      changes: [
        ParameterChange(.conductivity, .set, 0.03, spread: 0.3, source: "recalled 2–4 × 10⁻⁴ S cm⁻¹ of the glass"),
        .measured(.electrolyteMolarMass, 0.1800, Citation.formula),
        ParameterChange(
          .gapRatchet, .multiply, 0.5, spread: ParameterChange.remedySpread,
          source: "reversible deformation: \(Citation.review("52, 53")); size assumed"),
      ]),
    Material(
      "Li7P3S11", .electrolyte, class: "thiophosphate", aliases: ["70Li2S-30P2S5"],
      summary: "glass-ceramic thiophosphate", citation: "doi:10.1039/C3EE41655K",
      changes: [
        .measured(.conductivity, 1.7, "hot-pressed: doi:10.1039/C3EE41655K (recalled)"),
        .measured(.electrolyteMolarMass, 0.4942, Citation.formula),
      ]),
    Material(
      "Li10GeP2S12", .electrolyte, class: "thiophosphate", aliases: ["LGPS"],
      summary: "fast conductor, reduced at the anode to a conducting mixture", citation: "doi:10.1038/nmat3066",
      changes: [
        .measured(.conductivity, 1.2, "doi:10.1038/nmat3066 (recalled)"),
        .measured(.conductivityActivation, 24_100, "0.25 eV: doi:10.1038/nmat3066 (recalled)"),
        .measured(.electrolyteMolarMass, 0.5887, Citation.formula),
        ParameterChange(
          .anodeDiffusion, .multiply, 3, spread: 0.5,
          source: "instability at lithium: doi:10.1021/acs.chemmater.6b00610; size assumed"),
      ]),
    Material(
      "Li9.54Si1.74P1.44S11.7Cl0.3", .electrolyte, class: "thiophosphate", aliases: ["LSiPSCl", "LSPSCl"],
      summary: "fast conductor of the LGPS family", citation: "doi:10.1038/nenergy.2016.30",
      changes: [
        .measured(.conductivity, 2.5, "doi:10.1038/nenergy.2016.30 (recalled)"),
        .measured(.electrolyteMolarMass, 0.5454, Citation.formula),
      ]),
  ]

  /// Halides touching the cathode. Their contact with a sulfide separator grows a resistance, G√t: 20 Ω cm² of
  /// Li3InCl6 and 5 Ω cm² of Li2.5Y0.5Zr0.5Cl6 in 50 cycles at C/5, about 1.6 × 10⁶ s.
  private static let halides: [Material] = [
    halide(
      "halide", aliases: ["halide electrolyte", "chloride catholyte"], 0.05, "as Li2ZrCl6: \(Citation.cha)", nil, 0.4,
      8e-7, .assumed),
    halide(
      "Li3InCl6", aliases: ["LIC"], 0.12, "median of doi:10.1039/C9EE02311A and four others", 0.34834, 0.37, 1.6e-6
    )
    .with(.electrolyteDensity, 2710, "2.71 g cm⁻³, primary source not recorded"),
    halide(
      "Li2.5Y0.5Zr0.5Cl6", aliases: ["LYZC"], 0.14, "doi:10.1021/acsenergylett.9b02599 (recalled)", 0.3201, 0.11, 4e-7,
      .assumed),
    halide(
      "Li2Sc1/3In1/3Cl4", aliases: ["LSIC", "Li2Sc0.33In0.33Cl4"], 0.2, "doi:10.1038/s41560-021-00952-0 (recalled)",
      0.2089, 0.37, 8e-7, .assumed),
    halide("Li3YCl6", aliases: ["LYC"], 0.044, "doi:10.1002/adma.201803075 and \(Citation.cha)", 0.3224, 0.4, 8e-7),
    halide("Li3YBr6", aliases: ["LYB"], 0.17, "doi:10.1002/adma.201803075 (recalled)", 0.5892, 0.4, 8e-7),
    halide("Li2ZrCl6", aliases: ["LZC"], 0.051, Citation.cha, 0.3178, 0.4, 8e-7),
  ]

  private static func halide(
    _ name: String, aliases: [String], _ conductivitySPerM: Double, _ source: String, _ massKgPerMol: Double?,
    _ diffusion: Double, _ contactGrowth: Double, _ confidence: Confidence = .measured
  ) -> Material {
    let fitted = diffusion != 0.4
    return Material(
      name, .electrolyte, class: "halide", aliases: aliases,
      summary: "stable against the cathode; its contact with the sulfide separator grows", citation: Citation.kochetkov,
      changes: [ParameterChange(.conductivity, .set, conductivitySPerM, source: source, confidence: confidence)]
        + (massKgPerMol.map { [.measured(.electrolyteMolarMass, $0, Citation.formula)] } ?? [])
        + [
          ParameterChange(.oxidationElectrons, .set, 3, source: "chlorine of one metal site, assumed"),
          ParameterChange(
            .interphaseReaction, .multiply, 0.4, spread: ParameterChange.remedySpread,
            source: "as its diffusion, assumed"),
          ParameterChange(
            .interphaseDiffusion, .multiply, diffusion, spread: ParameterChange.remedySpread,
            source: "parabolic slope squared against Li6PS5Cl, 13.2 Ω h^-½: \(Citation.kochetkov)"
              + (fitted ? "" : ", between its members"), confidence: fitted ? .fitted : .assumed),
          ParameterChange(
            .oxidationOnset, .add, 0.1, spread: ParameterChange.remedySpread,
            source: "window to 4.2–4.3 V: \(Citation.kochetkov); size assumed"),
          ParameterChange(
            .catholyteContactGrowth, .set, contactGrowth, spread: 0.5,
            source: "5–20 Ω cm² in 50 cycles: \(Citation.kochetkov)", confidence: .fitted),
        ])
  }

  /// What a thin share of Li3InCl6 between active material and sulfide does.
  static let halideLayer: [(Parameter, ParameterChange.Operation, Double)] = [
    (.initialCoverage, .cover, 0.6), (.coatingLeak, .set, 0.25), (.coatingResistance, .set, 0),
    (.spaceChargeElectrolyte, .cover, 0.5), (.oxidationOnset, .add, 0.1),
  ]

  private static let mixtures: [Material] = [
    Material(
      "Li5.5PS4.5Cl1.5 + Li3InCl6", .electrolyte, class: "halide_blend",
      aliases: ["LIC mediator", "Li3InCl6 mediator", "Li5.5PS4.5Cl1.5 with Li3InCl6"],
      summary: "Li3InCl6 as mediator: covers 60 % of the active material, conducts less in the cathode",
      citation: Citation.review("106"), combines: ["Li5.5PS4.5Cl1.5", "Li3InCl6"],
      changes: chlorineRich
        + ParameterChange.remedy(Citation.review("106"), halideLayer + [(.tortuosity, .multiply, 1 / 0.6)])),
    Material(
      "halide_blend", .electrolyte, class: "halide_blend", aliases: ["halide–sulfide blend", "halide blend"],
      summary: "halide mixed with sulfide, as the Li3InCl6 mediator in Li6PS5Cl", citation: Citation.review("106"),
      changes: [argyroditeConductivity, argyroditeDensity]
        + ParameterChange.remedy(Citation.review("106"), halideLayer + [(.tortuosity, .multiply, 1 / 0.6)])),
    Material(
      "Ge/Si/Sb-Li6PS5I + Li3InCl6", .electrolyte, class: "argyrodite_modified",
      aliases: ["gradient sulfide electrolyte", "Ge/Si/Sb-substituted Li6PS5I + Li3InCl6 interlayer"],
      summary: "high-entropy iodide with a Li3InCl6 layer on the cathode side", citation: Citation.review("107"),
      combines: ["Ge/Si/Sb-Li6PS5I", "Li3InCl6"],
      changes: highEntropyIodide + ParameterChange.remedy(Citation.review("107"), halideLayer)),
    Material(
      "hydroborate", .electrolyte, class: "hydroborate", aliases: ["closo-borate", "Li3(CB11H12)2(CB9H10)"],
      summary: "hydroborate, oxidised from 3.9 V", citation: "Braun et al., ACS Energy Lett. 9 (2024) 707",
      changes: [
        .measured(.conductivity, 0.15, "Braun et al., ACS Energy Lett. 9 (2024) 707"),
        .measured(.oxidationOnset, 3.9, "Braun et al., ACS Energy Lett. 9 (2024) 707"),
        .measured(.electrolyteMolarMass, 0.4262, "\(Citation.formula) of Li3(CB11H12)2(CB9H10)"),
      ]),
    Material(
      "other", .electrolyte, class: "other", aliases: ["other electrolyte"],
      summary: "an electrolyte without its own row: nominal values", citation: "assumed"),
  ]

  /// Fine grain of the electrolyte in the cathode; coarse is nominal.
  static let electrolyteGrains: [Material] = [
    Material(
      "coarse", .electrolyteGrain, aliases: ["large grain", "micron"], summary: "coarse electrolyte, nominal",
      citation: Citation.zhou),
    Material(
      "fine", .electrolyteGrain, aliases: ["small grain", "milled", "submicron"],
      summary: "fine electrolyte: more contacts, shorter paths, less need of pressure", citation: Citation.zhou,
      changes: ParameterChange.remedy(
        "retention at 2, 10 and 30 MPa: \(Citation.zhou)",
        [(.fatigueRate, .multiply, 0.3), (.fatiguePressure, .multiply, 0.4)], confidence: .fitted)
        + [
          ParameterChange(
            .tortuosity, .multiply, 0.65, spread: 0.1, source: "1.21 against 1.84: \(Citation.zhou)",
            confidence: .measured),
          ParameterChange(
            .initialContact, .multiply, 1.1, spread: 0.05,
            source: "utilisation 100 against 94 %: \(Citation.zhou); size assumed"),
        ]),
  ]

  private func with(_ parameter: Parameter, _ value: Double, _ source: String) -> Material {
    var material = self
    material.changes.append(ParameterChange(parameter, .set, value, source: source))
    return material
  }
}
