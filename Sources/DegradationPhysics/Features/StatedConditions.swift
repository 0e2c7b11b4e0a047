public import CellModel

/// The conditions that a cell states, in SI, and how usual they are; NaN for what it does not state.
///
/// | feature | meaning |
/// |---|---|
/// | `upper_cutoff_v`, `lower_cutoff_v` | cut-offs [V against Li] |
/// | `discharge_c_rate`, `charge_c_rate` | rates [1/h] on the stated basis |
/// | `temperature_k`, `stack_pressure_pa`, `areal_loading_kg_m2` | test temperature, pressure, active material per area |
/// | `morphology_…`, `anode_…`, `coating_…`, `electrolyte_…` | 1 for the class, 0 for the others, NaN when not stated |
/// | `…_missing` | 1 when the condition is not stated, else 0 |
///
/// A class is the stated one, else that of the row of the materials library that the text names; a text that the library
/// does not know counts as `other`. Current, rate and loading give each other.
public struct StatedConditions: Sendable, Hashable {
  /// Names, in the order of `values`.
  public static let names: [String] =
    numbers + kinds.flatMap { kind in kind.classes.map { kind.name + "_" + $0.lowercased() } }
    + (numbers + kinds.map(\.name)).map { $0 + "_missing" }

  /// One value for each of `names`.
  public let values: [Double]
  /// Mahalanobis distance of the stated numbers to the distribution of `UnstatedConditions`; 0 when none is stated.
  ///
  /// Those conditions are independent, so it is the root of the sum of squared standard scores. The lower cut-off and the
  /// charge rate have no distribution and do not count.
  public let priorDistance: Double

  private static let numbers = [
    "upper_cutoff_v", "lower_cutoff_v", "discharge_c_rate", "charge_c_rate", "temperature_k", "stack_pressure_pa",
    "areal_loading_kg_m2",
  ]

  private static let kinds: [(name: String, kind: MaterialKind, classes: [String])] = [
    ("morphology", .morphology, ["poly", "single"]), ("anode", .anode, MaterialKind.anode.classes),
    ("coating", .coating, MaterialKind.coating.classes),
    ("electrolyte", .electrolyte, MaterialKind.electrolyte.classes),
  ]

  /// Reads the conditions of a cell.
  public init(_ a: CellAttributes, library: MaterialsLibrary = .standard) {
    let classes = Self.kinds.map { Self.stated($0.kind, $0.name, a, library) }
    let offset = CellDesign.referenceOffsetV(a, AnodePotential(class: classes[1]))
    let basis = a.numbers["c_rate_basis_mah_g"] ?? 200
    let density = a.number("current_density_ma_cm2")
    var rate = a.number("discharge_c_rate")
    var loading = a.number("areal_loading_mg_cm2")
    // mA cm⁻² = mg cm⁻² × mAh g⁻¹ × 1/h / 1000; NaN unless the other two are known.
    if rate.isNaN {
      rate = 1000 * density / (loading * basis)
    } else if loading.isNaN {
      loading = 1000 * density / (rate * basis)
    }
    let upper = a.number("upper_cutoff_v") + offset
    let celsius = a.number("temperature_celsius")
    let pressure = a.number("stack_pressure_mpa")
    let stated = [
      upper, a.number("lower_cutoff_v") + offset, rate, a.number("charge_c_rate"), celsius + 273.15, pressure * 1e6,
      loading * 0.01,
    ].map { $0.isFinite ? $0 : .nan }
    values =
      stated
      + zip(Self.kinds, classes).flatMap { kind, found in
        kind.classes.map { found == nil ? .nan : $0 == found ? 1 : 0 }
      } + stated.map { $0.isNaN ? 1 : 0 } + classes.map { $0 == nil ? 1 : 0 }
    let leastPressure = LaneCell.leastPressure * 1e-6
    let scores = [
      UnstatedConditions.temperatureCelsius.standardScore(celsius),
      UnstatedConditions.stackPressureMPa.standardScore(pressure.isNaN ? .nan : max(pressure, leastPressure)),
      UnstatedConditions.loadingMgPerCm2.standardScore(loading), UnstatedConditions.upperCutoffV.standardScore(upper),
      UnstatedConditions.dischargeCRate.standardScore(rate),
    ]
    priorDistance = scores.reduce(0.0) { $0 + ($1.isFinite ? $1 * $1 : 0) }.squareRoot()
  }

  private static func stated(
    _ kind: MaterialKind, _ name: String, _ a: CellAttributes, _ library: MaterialsLibrary
  ) -> String? {
    if kind == .morphology { return a.text(name).flatMap { library.find($0, kind)?.name } }
    if let known = a.text(name + "_class"), kind.classes.contains(known) { return known }
    guard let text = a.text(name == "coating" ? name : name + "_material") else { return nil }
    return library.find(text, kind)?.materialClass ?? "other"
  }
}
