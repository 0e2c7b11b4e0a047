/// What published sulfide cells have in common: outside it, nothing that was measured stands behind a forecast.
///
/// - Source: the 73 cells of `datasets/sulfide-literature`, each with its own citation; a test holds the two together.
public enum PublishedDomain {
  /// Smallest and largest stated value, how many cells state one, and how many different values there are.
  struct Stated: Sendable {
    var range: ClosedRange<Double>
    var cells: Int
    var values: Int
  }

  /// Fewest different values by which a column counts as varied.
  static let fewestValues = 3

  /// Columns that published cells state; all others were never varied.
  static let columns: [String: Stated] = [
    "nickel_fraction": Stated(range: 0...0.9, cells: 70, values: 11),
    "particle_d50_um": Stated(range: 3...8, cells: 2, values: 2),
    "coating_thickness_nm": Stated(range: 2...13.5, cells: 4, values: 4),
    "upper_cutoff_v": Stated(range: 4...5, cells: 46, values: 10),
    "charge_c_rate": Stated(range: 0.05...2, cells: 53, values: 7),
    "discharge_c_rate": Stated(range: 0.05...2, cells: 53, values: 7),
    "current_density_ma_cm2": Stated(range: 0.066...5, cells: 24, values: 9),
    "temperature_celsius": Stated(range: 25...60, cells: 36, values: 4),
    "stack_pressure_mpa": Stated(range: 2...250, cells: 28, values: 7),
    "areal_loading_mg_cm2": Stated(range: 7...20.3, cells: 17, values: 5),
  ]

  /// Classes of coating and words that published cells have, by the column that holds them.
  static let words: [String: Set<String>] = [
    "coating_class": ["none", "oxide", "phosphate", "halide", "sulfur", "polymer"],
    "electrolyte_class": [
      "argyrodite", "argyrodite_cl_rich", "argyrodite_modified", "thiophosphate", "halide", "halide_blend",
    ],
    "anode_class": ["LiIn", "Li", "LTO", "graphite", "silicon", "anode_free"],
    "morphology": ["single", "poly"],
    "electrolyte_grain": ["fine", "coarse"],
  ]

  /// Whether published cells differ in a column at all.
  public static func isVaried(_ column: String) -> Bool {
    if let stated = columns[column] { return stated.values >= fewestValues }
    // Words of materials are known by their class.
    return ["coating", "dopant", "cathode_material", "electrolyte_material", "anode_material"].contains(column)
      || words[column] != nil
  }

  /// Smallest and largest value that published cells state; nil for a column that they do not.
  public static func range(of column: String) -> ClosedRange<Double>? { columns[column]?.range }

  /// Why a number lies outside what was published; nil for one inside.
  public static func objection(_ column: String, _ x: Double) -> String? {
    guard isVaried(column) else { return "\(column) was never varied by published cells" }
    guard let range = columns[column]?.range, !range.contains(x) else { return nil }
    return "\(column) \(significant(x)) outside the published \(significant(range.lowerBound))…"
      + significant(range.upperBound)
  }

  /// Why a word lies outside what was published; nil for one inside.
  public static func objection(_ column: String, _ word: String) -> String? {
    guard isVaried(column) else { return "\(column) was never varied by published cells" }
    guard let known = words[column], !known.contains(word) else { return nil }
    return "\(column) \"\(word)\" was never published"
  }

  private static func significant(_ x: Double) -> String { "\((x * 1000).rounded() / 1000)" }
}
