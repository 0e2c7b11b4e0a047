/// A column that the dataset format knows.
public struct ColumnDefinition: Sendable, Hashable {
  /// The table it stands in.
  public enum Table: String, Sendable, Hashable {
    /// One row per cell.
    case cells
    /// One row per cell and observation.
    case cycles
  }

  /// What its fields hold.
  public enum Kind: String, Sendable, Hashable {
    /// A real number.
    case number
    /// A whole number.
    case integer
    /// Text.
    case text
  }

  /// What a model may do with it.
  public enum Role: String, Sendable, Hashable {
    /// An input.
    case input
    /// An observation.
    case observation
    /// What a cell is called or belongs to; never an input.
    case identity
    /// What became of a cell; never an input.
    case outcome
  }

  /// Machine name, the unit at its end.
  public var name: String
  /// Table.
  public var table: Table
  /// Kind.
  public var kind: Kind
  /// Unit in words; empty without one.
  public var unit: String
  /// Allowed values.
  public var allowed: ClosedRange<Double>?
  /// Role.
  public var role: Role
  /// Other spellings that are read.
  public var aliases: [String]
}

/// The columns that the dataset format knows, their units and their other spellings.
public enum ColumnDictionary {
  /// All columns, cells first.
  public static let all: [ColumnDefinition] = cells + cycles

  private static func define(
    _ table: ColumnDefinition.Table, _ name: String, _ kind: ColumnDefinition.Kind, _ unit: String = "",
    _ allowed: ClosedRange<Double>? = nil, _ role: ColumnDefinition.Role, _ aliases: [String] = []
  ) -> ColumnDefinition {
    ColumnDefinition(
      name: name, table: table, kind: kind, unit: unit, allowed: allowed, role: role, aliases: aliases)
  }

  private static let cells: [ColumnDefinition] = {
    func text(_ names: [String], _ role: ColumnDefinition.Role) -> [ColumnDefinition] {
      names.map { define(.cells, $0, .text, "", nil, role) }
    }
    func number(
      _ name: String, _ unit: String, _ allowed: ClosedRange<Double>, _ role: ColumnDefinition.Role = .input
    ) -> ColumnDefinition { define(.cells, name, .number, unit, allowed, role) }
    return text(
      [
        "cell_id", "group_id", "replicate", "batch_id", "lab_id", "built_on", "source_doi", "source_kind",
        "control_or_modified", "compared_with", "citation", "note", "reason",
      ], .identity)
      + text(
        [
          "cathode_material", "morphology", "morphology_note", "coating", "coating_class", "dopant",
          "electrolyte_material", "electrolyte_class", "electrolyte_grain", "anode_material", "anode_class",
          "pressure_control", "pretreatment", "voltage_reference", "charge_protocol", "protocol_id", "cv_hold",
          "areal_loading_note",
        ], .input)
      + text(["status", "failure_mode"], .outcome)
      + [
        number("nickel_fraction", "1", 0...1), number("particle_d50_um", "µm", 0.01...200),
        number("coating_thickness_nm", "nm", 0...10_000), number("dopant_fraction", "1", 0...1),
        number("cathode_active_mass_mg", "mg", 0...1e6), number("active_mass_fraction", "1", 0...1),
        number("electrolyte_mass_fraction", "1", 0...1), number("carbon_mass_fraction", "1", 0...1),
        number("binder_mass_fraction", "1", 0...1), number("areal_loading_mg_cm2", "mg cm⁻²", 0...1000),
        number("cathode_thickness_um", "µm", 0...10_000), number("cathode_porosity", "1", 0...1),
        number("nominal_capacity_ah", "Ah", 0...10_000), number("nominal_specific_capacity_mah_g", "mAh g⁻¹", 0...5000),
        number("initial_specific_capacity_mah_g", "mAh g⁻¹", 0...5000),
        number("conductivity_ms_cm", "mS cm⁻¹", 0...1000),
        number("electrolyte_d50_um", "µm", 0...1000), number("separator_thickness_um", "µm", 0...10_000),
        number("np_ratio", "1", 0...100), number("counter_potential_v", "V", -1...5),
        number("electrode_area_cm2", "cm²", 0...100_000), number("fabrication_pressure_mpa", "MPa", 0...10_000),
        number("fabrication_time_min", "min", 0...1e5), number("stack_pressure_mpa", "MPa", 0...1000),
        number("dew_point_celsius", "°C", -120...60), number("h2o_ppm", "ppm", 0...1e6),
        number("o2_ppm", "ppm", 0...1e6), number("temperature_celsius", "°C", -60...200),
        number("upper_cutoff_v", "V", 0...6), number("lower_cutoff_v", "V", -1...5),
        number("charge_c_rate", "1/h", 0...200), number("discharge_c_rate", "1/h", 0...200),
        number("current_density_ma_cm2", "mA cm⁻²", 0...1000), number("c_rate_basis_mah_g", "mAh g⁻¹", 0...5000),
        number("depth_of_discharge", "1", 0...1.5), number("soc_max", "1", 0...1.5),
        number("initial_ocv_v", "V", -1...6), number("reference_cycle", "cycle", 0...1e6, .identity),
        number("observed_life", "age", 0...1e7, .outcome), number("first_failure_cycle", "age", 0...1e7, .outcome),
      ]
  }()

  private static let cycles: [ColumnDefinition] = {
    func number(
      _ name: String, _ unit: String, _ allowed: ClosedRange<Double>?, _ aliases: [String] = []
    ) -> ColumnDefinition { define(.cycles, name, .number, unit, allowed, .observation, aliases) }
    return [
      define(.cycles, "cell_id", .text, "", nil, .identity, ["cell", "battery_id"]),
      define(
        .cycles, "cycle_count", .integer, "1", 0...1e7, .observation,
        ["cycle", "cycle_index", "cycle_number", "cycle number", "cycle_no", "cycleindex"]),
      number("equivalent_full_cycles", "1", 0...1e7, ["efc"]),
      define(.cycles, "phase", .text, "", nil, .observation),
      define(.cycles, "quality_flag", .text, "", nil, .observation),
      number(
        "cycle_discharging_capacity_ah", "Ah", nil,
        ["discharge_capacity", "discharge_capacity (ah)", "discharge_capacity_ah", "capacity_discharge", "dchg_cap_ah"]),
      number(
        "cycle_charging_capacity_ah", "Ah", nil,
        ["charge_capacity", "charge_capacity (ah)", "charge_capacity_ah", "capacity_charge"]),
      number("specific_discharging_capacity_mah_g", "mAh g⁻¹", nil, ["discharge_capacity_mah_g"]),
      number("capacity_retention", "1", nil, ["retention", "soh", "relative_capacity"]),
      number("coulombic_efficiency", "1", nil, ["ce"]),
      number(
        "cycle_discharging_energy_wh", "Wh", nil, ["discharge_energy", "discharge_energy (wh)", "discharge_energy_wh"]),
      number("cycle_charging_energy_wh", "Wh", nil, ["charge_energy", "charge_energy (wh)", "charge_energy_wh"]),
      number("mean_charge_voltage_v", "V", nil), number("mean_discharge_voltage_v", "V", nil),
      number("dc_internal_resistance_ohm", "Ω", nil, ["dc_internal_resistance", "internal_resistance"]),
      number("area_resistance_ohm_cm2", "Ω cm²", nil), number("charge_c_rate", "1/h", 0...200),
      number("discharge_c_rate", "1/h", 0...200), number("cc_charge_ah", "Ah", nil), number("cv_charge_ah", "Ah", nil),
      number("cc_charge_time_second", "s", nil), number("cv_charge_time_second", "s", nil),
      number("charge_time_second", "s", nil, ["charge_time"]),
      number("ambient_temperature_celsius", "°C", -60...200, ["temperature_average", "cell_temperature (c)"]),
      number("applied_pressure_pa", "Pa", nil), number("surface_pressure_pa", "Pa", nil),
      number("unix_time_second", "s", nil, ["unix_time"]),
      number("test_time_second", "s", nil, ["test_time", "test_time (s)"]),
      number("test_time_day", "d", nil), number("value_sd", "as the capacity", nil),
    ]
  }()

  private static let bySpelling: [String: ColumnDefinition] = {
    var out: [String: ColumnDefinition] = [:]
    for column in all.reversed() {
      for spelling in column.aliases + [column.name] { out["\(column.table.rawValue)/\(spelling)"] = column }
    }
    return out
  }()

  /// A header read: the column, and the factor and offset from the file's unit to the column's.
  public struct Match: Sendable, Hashable {
    /// The column.
    public var column: ColumnDefinition
    /// Value in the column's unit = factor · value + offset.
    public var factor: Double
    /// See `factor`.
    public var offset: Double

    /// A header's meaning from its parts.
    public init(column: ColumnDefinition, factor: Double, offset: Double) {
      self.column = column
      self.factor = factor
      self.offset = offset
    }
  }

  /// The column that a header means; nil for an unknown one.
  ///
  /// Read are machine names, aliases, and BDF labels such as `Cycle Discharging Capacity / mAh`, with the unit after
  /// `/`, in `()` or `[]` converted.
  ///
  /// - Throws: `DataFault` E032 (without a place) for a known column with a unit that cannot be converted.
  public static func match(_ header: String, table: ColumnDefinition.Table) throws(DataFault) -> Match? {
    let plain = header.lowercased().split(separator: " ").joined(separator: " ")
    if let column = bySpelling["\(table.rawValue)/\(plain)"] { return Match(column: column, factor: 1, offset: 0) }
    guard let (label, unit) = splitUnit(header) else {
      let joined = plain.split(separator: " ").joined(separator: "_")
      return bySpelling["\(table.rawValue)/\(joined)"].map { Match(column: $0, factor: 1, offset: 0) }
    }
    let words = label.lowercased().split { $0 == " " || $0 == "_" }.joined(separator: "_")
    let candidates = all.filter { column in
      column.table == table
        && ([column.name] + column.aliases).contains { stem($0, unit: column.unit) == words || $0 == words }
    }
    guard let column = candidates.first else { return nil }
    guard let (factor, offset) = conversion(from: unit, to: column.unit) else {
      throw DataFault(
        "E032", field: header, "unit \"\(unit)\" cannot be converted to \"\(column.unit)\"",
        help: "give the column in \(column.unit), or rename it to stay unknown")
    }
    return Match(column: column, factor: factor, offset: offset)
  }

  private static func stem(_ name: String, unit: String) -> String {
    for suffix in [
      "_ah", "_wh", "_mah_g", "_celsius", "_pa", "_second", "_day", "_ohm_cm2", "_ohm", "_v", "_mpa", "_um", "_nm",
      "_mg_cm2", "_mg", "_cm2", "_ms_cm", "_ma_cm2", "_min", "_ppm",
    ] where name.hasSuffix(suffix) { return String(name.dropLast(suffix.count)) }
    return name
  }

  private static func splitUnit(_ header: String) -> (String, String)? {
    func trim(_ s: Substring) -> String {
      var t = s
      while t.first == " " { t = t.dropFirst() }
      while t.last == " " { t = t.dropLast() }
      return String(t)
    }
    for (open, close) in [("(", ")"), ("[", "]")] as [(Character, Character)] {
      if header.last == close, let i = header.lastIndex(of: open) {
        return (trim(header[..<i]), trim(header[header.index(after: i)...].dropLast()))
      }
    }
    if let i = header.lastIndex(of: "/") { return (trim(header[..<i]), trim(header[header.index(after: i)...])) }
    return nil
  }

  /// Factor and offset from one unit to another; nil when they do not measure the same.
  static func conversion(from: String, to: String) -> (Double, Double)? {
    func canonical(_ unit: String) -> String {
      var u = unit.replacing("·", with: " ").replacing("⁻¹", with: "-1").replacing("²", with: "2").replacing(
        "⁻", with: "-")
      u = u.replacing("μ", with: "µ").replacing("deg", with: "°").replacing("Ω", with: "ohm").replacing(
        "Ohm", with: "ohm")
      return u.split(separator: " ").joined(separator: " ")
    }
    let a = canonical(from)
    let b = canonical(to)
    if a == b || a.lowercased() == b.lowercased() { return (1, 0) }
    let table: [String: (String, Double, Double)] = [
      "mAh": ("Ah", 1e-3, 0), "mA.h": ("Ah", 1e-3, 0), "A.h": ("Ah", 1, 0), "A h": ("Ah", 1, 0), "C": ("°C", 1, 0),
      "celsius": ("°C", 1, 0), "degC": ("°C", 1, 0), "K": ("°C", 1, -273.15), "mWh": ("Wh", 1e-3, 0),
      "W.h": ("Wh", 1, 0), "mV": ("V", 1e-3, 0), "mohm": ("ohm", 1e-3, 0), "kPa": ("Pa", 1e3, 0), "bar": ("Pa", 1e5, 0),
      "MPa": ("Pa", 1e6, 0), "min": ("s", 60, 0), "h": ("s", 3600, 0), "ms": ("s", 1e-3, 0), "d": ("s", 86400, 0),
      "day": ("s", 86400, 0), "%": ("1", 0.01, 0), "mAh/g": ("mAh g-1", 1, 0), "mAh g^-1": ("mAh g-1", 1, 0),
      "Ah/kg": ("mAh g-1", 1, 0), "um": ("µm", 1, 0), "ohm cm^2": ("ohm cm2", 1, 0), "ohm.cm2": ("ohm cm2", 1, 0),
      "mg/cm2": ("mg cm-2", 1, 0), "mA/cm2": ("mA cm-2", 1, 0), "-": ("1", 1, 0), "": ("1", 1, 0),
    ]
    if b == "MPa", let (target, factor, offset) = table[a], target == "Pa" { return (factor / 1e6, offset / 1e6) }
    if b == "MPa", a == "Pa" { return (1e-6, 0) }
    if b == "d", let (target, factor, _) = table[a], target == "s" { return (factor / 86400, 0) }
    if b == "d", a == "s" { return (1 / 86400.0, 0) }
    guard let (target, factor, offset) = table[a], target == b else { return nil }
    return (factor, offset)
  }
}
