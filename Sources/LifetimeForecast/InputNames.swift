internal import CellModel
internal import NumericalMethods

/// A learner's input in the words and units of the dataset's columns.
struct InputInColumns {
  var column: String
  var value: Double
  var range: ClosedRange<Double>

  /// - Parameters:
  ///   - name: of the feature; one that no single column gives keeps its name and number.
  ///   - value: of the feature.
  ///   - range: what training covers of it.
  init(_ name: String, value: Double, range: ClosedRange<Double>, of attributes: CellAttributes) {
    func back(_ column: String, _ f: (Double) -> Double) {
      self.column = column
      self.value = f(value)
      self.range = f(range.lowerBound)...f(range.upperBound)
    }
    (column, self.value, self.range) = (Self.column(of: name), value, range)
    switch name {
    case "temperature": back(column) { 25 + 10 * $0 }
    case "inverse_temperature":
      // Beyond the pole of the inverse every temperature is covered.
      back(column) { 1 / max(1 / 298.15 - $0 * 8.314462618e-3, 1e-4) - 273.15 }
    case "temperature_squared":
      let half = 10 * max(range.upperBound, 0).squareRoot()
      (self.value, self.range) = (attributes.number(column), 25 - half...25 + half)
    default: if Self.logarithms[name] != nil { back(column) { _exp(min($0, 700)) } }
    }
  }

  /// The column a feature comes from; its own name where several do.
  static func column(of name: String) -> String {
    if name.hasPrefix("column_") { return String(name.dropFirst("column_".count)) }
    return logarithms[name] ?? plain[name] ?? name
  }

  private static let logarithms = [
    "log_charge_rate": "charge_c_rate", "log_discharge_rate": "discharge_c_rate", "log_depth": "depth_of_discharge",
    "log_nominal_capacity": "nominal_capacity_ah", "log_stack_pressure": "stack_pressure_mpa",
    "log_loading": "areal_loading_mg_cm2", "log_coating_thickness": "coating_thickness_nm",
  ]
  private static let plain = [
    "temperature": "temperature_celsius", "inverse_temperature": "temperature_celsius",
    "temperature_squared": "temperature_celsius", "charge_rate": "charge_c_rate", "discharge_rate": "discharge_c_rate",
    "upper_cutoff": "upper_cutoff_v", "initial_specific_capacity": "initial_specific_capacity_mah_g",
  ]
}
