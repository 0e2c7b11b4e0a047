extension Material {
  /// Counter electrodes. Those built without lithium start empty, so every loss on the first charge costs capacity.
  static let anodes: [Material] = [
    Material(
      "LiIn", .anode, class: "LiIn", aliases: ["In", "InLi", "In-Li", "indium", "lithium-indium"],
      summary: "indium–lithium with lithium in excess, the nominal anode", citation: "recalled plateau of 0.62 V"),
    Material(
      "Li", .anode, class: "Li", aliases: ["lithium", "Li metal", "lithium metal"],
      summary: "lithium metal: a thicker interphase, voids on stripping, shorts",
      citation: "doi:10.1002/aenm.201903253",
      changes: metal),
    Material(
      "anode_free", .anode, class: "anode_free", aliases: ["anode-free", "Cu", "bare collector"],
      summary: "lithium plated on the collector, none in excess", citation: "assumed, as lithium metal",
      changes: metal + empty(ratio: 1.5, source: "no lithium before the first charge")),
    Material(
      "Ag-C", .anode, class: "anode_free", aliases: ["silver-carbon", "AgC anode-free"],
      summary: "silver–carbon layer that spreads the plated lithium", citation: "doi:10.1038/s41560-020-0575-z",
      changes: metal + empty(ratio: 1.5, source: "no lithium before the first charge")
        + ParameterChange.remedy(
          "doi:10.1038/s41560-020-0575-z", [(.voidRate, .multiply, 0.3), (.shortRate, .multiply, 0.1)])
        + [
          ParameterChange(
            .shortCurrent, .set, 35, source: "no short in 1000 cycles of 3.4 mA cm⁻²: doi:10.1038/s41560-020-0575-z",
            confidence: .fitted),
          ParameterChange(
            .voidCurrent, .set, 100, source: "nor voids, at 2 MPa: doi:10.1038/s41560-020-0575-z", confidence: .fitted),
        ]),
    Material(
      "LTO", .anode, class: "LTO", aliases: ["Li4Ti5O12", "lithium titanate", "titanate"],
      summary: "zero strain: the cell breathes less and the contact tires less", citation: Citation.kang,
      changes: [
        ParameterChange(
          .fatigueRate, .multiply, 0.7, spread: ParameterChange.remedySpread,
          source: "pressure swing .2 against 3.8 MPa: \(Citation.kang), one pair; size assumed"),
        ParameterChange(
          .anodeDiffusion, .multiply, 0.1, source: "little reduction of the electrolyte at 1.55 V, assumed"),
        noPlating,
      ] + empty(ratio: 1.2, source: "delithiated as made, usual excess")),
    Material(
      "graphite", .anode, class: "graphite", aliases: ["Gr", "graphite composite", "C graphite"],
      summary: "graphite composite, lithium is lost to the electrolyte", citation: Citation.bong,
      changes: [noPlating, ParameterChange(.inventoryLoss, .set, 1e-4, spread: 0.5, source: "assumed")]
        + empty(ratio: 1.1, source: "delithiated as made, usual excess")),
    Material(
      "silicon", .anode, class: "silicon", aliases: ["Si", "micro-Si", "uSi", "microsilicon"],
      summary: "micro-silicon: passivates, loses lithium, breathes in a fixed frame",
      citation: "doi:10.1126/science.abg7217",
      changes: [
        ParameterChange(
          .inventoryLoss, .set, 2.5e-4, spread: ParameterChange.remedySpread,
          source: "80 % after 500 cycles beside a coated single crystal's own fade: \(Citation.review("34"))",
          confidence: .fitted),
        ParameterChange(
          .anodeSaturation, .set, 5e-8, source: "no continued growth: doi:10.1126/science.abg7217; size assumed"),
        ParameterChange(.pressureBreathing, .set, 0.1, source: "assumed"),
        noPlating,
      ] + empty(ratio: 1.1, source: "lithium-free as made, usual excess")),
    Material(
      "other", .anode, class: "other", aliases: ["other anode"],
      summary: "an anode without its own row: nominal values",
      citation: "assumed"),
  ]

  private static let metal = [
    ParameterChange(
      .anodeDiffusion, .multiply, 10, spread: 0.5, source: "interphase on lithium against Li-In, assumed"),
    ParameterChange(
      .shortRate, .set, 5.6e-8, spread: 1, source: ">1000 h at 5 MPa: doi:10.1002/aenm.201903253", confidence: .fitted),
    ParameterChange(.shortCurrent, .set, 5, source: "critical current of lithium metal, assumed"),
    ParameterChange(
      .shortPressure, .set, 4.3e6, source: "48 h at 25 MPa, at once at 75 MPa: doi:10.1002/aenm.201903253",
      confidence: .fitted),
    ParameterChange(.voidRate, .set, 0.02, spread: 0.5, source: "assumed"),
  ]

  private static let noPlating = ParameterChange(
    .shortCurrent, .set, 100, source: "stores lithium above 0 V: no metal to short below about 10 mA cm⁻², assumed")

  private static func empty(ratio: Double, source: String) -> [ParameterChange] {
    [
      ParameterChange(.anodeInitialContent, .set, 0, source: "\(source), assumed"),
      ParameterChange(.anodeCapacityRatio, .set, ratio, source: "\(source), assumed"),
    ]
  }
}
