public import CellModel
internal import NumericalMethods

/// An input of the study regression: how it is read from a cell, and what is thought of it before any data.
///
/// Prior standard deviations and the mean and spread of an unstated input are those of a study of leave-one-paper-out
/// skill on the published checkpoints (assumed before it, kept by it).
struct StudyFeature: Sendable {
  var name: String
  /// Prior standard deviation of its coefficient on log fade.
  var spread: Double
  /// Mean and standard deviation over cells where it is not stated.
  var unstated: (mean: Double, spread: Double)
  /// The value; nil where it is not stated.
  var value: @Sendable (CellAttributes) -> Double?

  init(
    _ name: String, _ spread: Double, unstated: (Double, Double) = (0, 0),
    _ value: @escaping @Sendable (CellAttributes) -> Double?
  ) {
    self.name = name
    self.spread = spread
    self.unstated = unstated
    self.value = value
  }

  /// Says whether the published variant is the modified one: an outcome of publishing, never known of a user's cell.
  static let modified = StudyFeature("modified", 0.2) { a in
    switch a.text("control_or_modified") {
    case "modified": 1
    case "control": -1
    default: 0
    }
  }

  /// All others.
  static let standard: [StudyFeature] = [
    StudyFeature("coating_oxide", 0.5, unstated: (0.25, 0.45)) {
      indicator($0, "coating_class", ["oxide", "phosphate", "other"])
    },
    StudyFeature("coating_halide", 0.5, unstated: (0.03, 0.2)) { indicator($0, "coating_class", ["halide"]) },
    StudyFeature("coating_soft", 0.6, unstated: (0.01, 0.1)) { indicator($0, "coating_class", ["sulfur", "polymer"]) },
    StudyFeature("coating_thickness", 0.2) { a in
      let t = a.number("coating_thickness_nm")
      return t.isFinite ? min(max(_log(min(max(t, 1), 20) / 5), -1.6), 1) : 0
    },
    StudyFeature("dopant", 0.4) { a in
      let dopant = a.text("dopant") ?? ""
      return dopant.isEmpty || dopant == "none" ? 0 : 1
    },
    StudyFeature("single_crystal", 0.5, unstated: (-0.1, 0.49)) { a in
      a.text("morphology").map { $0 == "single" ? 0.5 : -0.5 }
    },
    StudyFeature("nickel", 0.15, unstated: (0, 0.5)) { scaled($0, "nickel_fraction") { ($0 - 0.8) / 0.1 } },
    StudyFeature("upper_cutoff", 0.12, unstated: (0, 1)) {
      scaled($0, "upper_cutoff_v") { (min(max($0, 4), 4.7) - 4.3) / 0.1 }
    },
    StudyFeature("rate", 0.2, unstated: (0, 0.8)) { scaled($0, "discharge_c_rate") { _log(max($0, 1e-3) / 0.2) } },
    StudyFeature("temperature", 0.1, unstated: (0.5, 1)) { scaled($0, "temperature_celsius") { ($0 - 25) / 10 } },
    StudyFeature("pressure", 0.1, unstated: (0, 1)) { scaled($0, "stack_pressure_mpa") { _log(max($0, 0.1) / 50) } },
    StudyFeature("electrolyte_cl_rich", 0.4, unstated: (0.1, 0.3)) {
      indicator($0, "electrolyte_class", ["argyrodite_cl_rich"])
    },
    StudyFeature("electrolyte_modified", 0.4, unstated: (0.1, 0.3)) {
      indicator($0, "electrolyte_class", ["argyrodite_modified"])
    },
    StudyFeature("electrolyte_halide", 0.7, unstated: (0.07, 0.25)) {
      indicator($0, "electrolyte_class", ["halide", "halide_blend"])
    },
    StudyFeature("electrolyte_thiophosphate", 0.5, unstated: (0.05, 0.2)) {
      indicator($0, "electrolyte_class", ["thiophosphate"])
    },
    StudyFeature("anode_lithium", 0.3, unstated: (0.25, 0.4)) { indicator($0, "anode_class", ["Li"]) },
    StudyFeature("anode_zero_strain", 0.5, unstated: (0.05, 0.2)) { indicator($0, "anode_class", ["LTO"]) },
    StudyFeature("anode_graphite_silicon", 0.5, unstated: (0.1, 0.2)) {
      indicator($0, "anode_class", ["graphite", "silicon", "anode_free"])
    },
    StudyFeature("electrolyte_fine", 0.3) { a in
      switch a.text("electrolyte_grain") {
      case "fine": 1
      case "coarse": -1
      default: 0
      }
    },
    StudyFeature("initial_capacity", 0.2, unstated: (0, 1)) {
      scaled($0, "initial_specific_capacity_mah_g") { ($0 - 170) / 30 }
    },
  ]

  private static func indicator(_ a: CellAttributes, _ column: String, _ values: [String]) -> Double? {
    a.text(column).map { values.contains($0) ? 1 : 0 }
  }

  private static func scaled(_ a: CellAttributes, _ column: String, _ map: (Double) -> Double) -> Double? {
    let value = a.number(column)
    return value.isFinite ? map(value) : nil
  }
}

/// A cell as the study regression sees it.
public struct StudyCell: Sendable, Hashable, Codable {
  /// Its id.
  public var id: String
  /// The paper or design study it belongs to.
  public var study: String
  /// Log fade after 100 cycles that the simulation expects, mean over what is unknown; nil for a cell that cannot be
  /// simulated.
  public var simulated: Double?
  /// Longest published cycle number of the study; nil for a cell that nobody has published.
  public var horizon: Double?
  /// What the simulation expects of the study as a whole; nil for the mean of its cells.
  public var level: Double?
  var inputs: [Double?]
  var modified: Double

  /// A cell.
  ///
  /// - Parameters:
  ///   - study: what it is compared within; nil for its `lab_id`, or itself.
  ///   - simulated: `SulfidePopulation.meanLogFade` after 100 cycles.
  ///   - horizon: cycles after the reference; nil in design mode.
  public init(_ cell: CellHistory, study: String? = nil, simulated: Double?, horizon: Double? = nil) {
    id = cell.id
    self.study = study ?? cell.attributes.text("lab_id") ?? cell.id
    self.simulated = simulated.flatMap { $0.isFinite ? $0 : nil }
    self.horizon = horizon
    inputs = StudyFeature.standard.map { $0.value(cell.attributes) }
    modified = StudyFeature.modified.value(cell.attributes) ?? 0
  }
}

/// A retention seen of a cell.
public struct StudyRow: Sendable, Hashable, Codable {
  /// The cell's place.
  public var cell: Int
  /// Cycles after the reference cycle, ≥ 1.
  public var cycles: Double
  /// Retention, a fraction.
  public var retention: Double
  /// Standard deviation of the reading.
  public var error: Double

  /// A row from its parts.
  public init(cell: Int, cycles: Double, retention: Double, error: Double) {
    self.cell = cell
    self.cycles = max(cycles, 1)
    self.retention = retention
    self.error = error
  }

  /// Reading error of a published retention: one point where the number was stated or measured, else two.
  public static func error(of cell: CellHistory) -> Double {
    let direct = ["measured_dataset", "primary_text", "abstract", "report"]
    return direct.contains(cell.attributes.text("source_kind") ?? "") ? 0.01 : 0.02
  }

  /// The reading error on the scale of log fade: cells above 98 % say little.
  var logFadeError: Double {
    let r = min(max(retention, 0.02), 0.995)
    return min(error / (r * -_log(r)), 3)
  }
}
