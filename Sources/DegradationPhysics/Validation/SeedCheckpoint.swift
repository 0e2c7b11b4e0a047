public import CellModel
internal import NumericalMethods

/// A checkpoint of the review that the model's numbers were looked at with: a calibration check, not blind.
///
/// - Source: J. Feng et al., ChemSusChem 2025, doi:10.1002/cssc.202501033; the number in brackets is its reference.
public struct SeedCheckpoint: Sendable, Hashable {
  /// Letter.
  public var id: String
  /// System and reference.
  public var system: String
  /// Cycles.
  public var cycles: Double
  /// Published retention; nil where none was given, more than one where two readings are possible.
  public var published: [Double]
  /// The test as assumed: what is not stated is 10 mg cm⁻², 25 °C, 50 MPa, Li-In, polycrystal.
  public var attributes: CellAttributes
  /// The assumed test in words.
  public var test: String
  /// 5, 50 and 95 % of the prototype before the physics was fitted to literature [%].
  public var prototype: [Double]

  /// The checkpoints of the review and three bare cells.
  public static let all: [SeedCheckpoint] = [
    SeedCheckpoint(
      "A", "LTOF coating, 4.5 V [95]", 500, [0.94], "single crystal, 1 mA cm⁻²", [81, 91, 95],
      ["upper_cutoff_v": 4.5, "current_density_ma_cm2": 1], ["morphology": "single", "coating": "Li-Ta-O-F"]),
    SeedCheckpoint(
      "B", "gradient LPOS coating, 4.3 V [66]", 250, [0.8], "0.178 mA cm⁻²", [61, 71, 86],
      ["current_density_ma_cm2": 0.178], ["coating": "gradient Li3P1+xO4S4-x"]),
    SeedCheckpoint(
      "C", "LLTO flash-light sintered [96]", 50, [0.95], "1C", [84, 93, 97], ["discharge_c_rate": 1],
      ["coating": "LLTO"]),
    SeedCheckpoint(
      "E", "Ta/Nb co-diffusion, 4.5 V [98]", 120, [0.973], "single crystal, 0.3C", [97, 99, 99],
      ["upper_cutoff_v": 4.5, "discharge_c_rate": 0.3],
      ["morphology": "single", "coating": "LiNbO3", "dopant": "Ta+Nb"]),
    SeedCheckpoint(
      "F", "Ti2O3, 4.3 V [99]", 140, [0.865], "0.1C, 35 °C", [66, 82, 92],
      ["discharge_c_rate": 0.1, "temperature_celsius": 35], ["dopant": "Ti2O3"]),
    SeedCheckpoint(
      "G", "Zr doping + LLZAO coating [102]", 100, [0.911], "0.1C", [93, 97, 99], ["discharge_c_rate": 0.1],
      ["coating": "LLZAO", "dopant": "Zr"]),
    SeedCheckpoint(
      "H", "Li3PO4 coating + B/P, ≥ 4.6 V [103]", 2300, [0.77, 0.79], "single crystal, 1C", [0, 54, 92],
      ["upper_cutoff_v": 4.6, "discharge_c_rate": 1],
      ["morphology": "single", "coating": "Li3PO4", "dopant": "B+P"]),
    SeedCheckpoint(
      "I", "Li2ZrO3 coating + Al, 2 MPa [105]", 1000, [0.9627], "single crystal, 2C, 5 mg cm⁻²", [75, 90.5, 95.5],
      ["discharge_c_rate": 2, "stack_pressure_mpa": 2, "areal_loading_mg_cm2": 5],
      ["morphology": "single", "coating": "Li2ZrO3", "dopant": "Al"]),
    SeedCheckpoint(
      "J", "Li3InCl6 mediator [106]", 100, [0.774], "0.2C", [71, 88, 94], [:],
      ["electrolyte_material": "Li5.5PS4.5Cl1.5 with Li3InCl6", "electrolyte_class": "halide_blend"]),
    SeedCheckpoint(
      "L", "Ge/Si/Sb iodide + Li3InCl6 [107]", 550, [0.844], "single crystal, 1C", [80, 93, 97],
      ["discharge_c_rate": 1], ["morphology": "single"].merging(highEntropy) { a, _ in a }),
    SeedCheckpoint(
      "L'", "the same at 100 mg cm⁻² [107]", 550, [0.844], "single crystal, 1C = 20 mA cm⁻²", [40, 91, 97],
      ["discharge_c_rate": 1, "areal_loading_mg_cm2": 100],
      ["morphology": "single"].merging(highEntropy) { a, _ in a }),
    SeedCheckpoint(
      "M", "micro-silicon full cell [34]", 500, [0.8],
      "5 mA cm⁻²; silicon's loss was fitted to this value, with a coated single crystal assumed", [],
      ["current_density_ma_cm2": 5, "areal_loading_mg_cm2": 25],
      ["morphology": "single", "coating": "LiNbO3", "anode_material": "micro-Si", "anode_class": "silicon"]),
    SeedCheckpoint(
      "bare 1", "bare single crystal, 4.3 V", 100, [], "0.2C", [95, 97, 98], [:], ["morphology": "single"]),
    SeedCheckpoint("bare 2", "bare polycrystal, 4.3 V", 100, [], "0.2C", [68, 83, 91], [:], [:]),
    SeedCheckpoint(
      "bare 3", "bare single crystal, 4.5 V", 500, [], "1 mA cm⁻²", [3, 59, 82],
      ["upper_cutoff_v": 4.5, "current_density_ma_cm2": 1], ["morphology": "single"]),
  ]

  private static let highEntropy = [
    "electrolyte_material": "Ge/Si/Sb-substituted Li6PS5I + Li3InCl6 interlayer",
    "electrolyte_class": "argyrodite_modified",
  ]

  private init(
    _ id: String, _ system: String, _ cycles: Double, _ published: [Double], _ test: String, _ prototype: [Double],
    _ numbers: [String: Double], _ texts: [String: String]
  ) {
    self.id = id
    self.system = system
    self.cycles = cycles
    self.published = published
    self.test = test
    self.prototype = prototype
    attributes = Self.stated(numbers, texts)
  }

  /// A design with everything stated: bare polycrystal of NCM811 in Li6PS5Cl unless told otherwise.
  static func stated(_ numbers: [String: Double], _ texts: [String: String]) -> CellAttributes {
    var a = CellAttributes(
      numbers: [
        "nickel_fraction": 0.8, "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50,
        "upper_cutoff_v": 4.3, "lower_cutoff_v": 2.5,
      ],
      texts: [
        "cathode_material": "NCM811", "morphology": "poly", "electrolyte_material": "Li6PS5Cl",
        "electrolyte_class": "argyrodite", "anode_class": "LiIn", "voltage_reference": "Li",
      ])
    if numbers["current_density_ma_cm2"] == nil { a.numbers["discharge_c_rate"] = 0.2 }
    if texts["coating"] == nil { a.texts["coating_class"] = "none" }
    a.numbers.merge(numbers) { $1 }
    a.texts.merge(texts) { $1 }
    return a
  }

  /// What a population says of this checkpoint: retention from cycle 1 after `cycles`.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  public func prediction(
    _ population: SulfidePopulation, members: Int, seeds: [UInt64], threads: Int
  ) async throws -> CheckpointPrediction {
    var draws: [Double] = []
    for seed in seeds {
      let cells = try population.draws(
        CellHistory(id: "seed \(id)", attributes: attributes), count: members, seed: seed)
      let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: [cycles]), threads: threads)
      draws += runs.map { $0.capacityRetention.last ?? 0 }
    }
    return CheckpointPrediction(draws: draws)
  }
}
