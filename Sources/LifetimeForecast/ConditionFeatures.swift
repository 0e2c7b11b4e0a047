internal import CellModel

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension ForecastFeatures {
  /// Stress terms of the test conditions and classes of the materials; what is not stated is absent.
  func conditions(_ cell: PreparedCell, _ put: (FeatureBlock, String, Double) -> Void) {
    let a = cell.attributes
    func add(_ name: String, _ value: Double) { put(.condition, name, value) }
    let temperature = a.number("temperature_celsius")
    // −1/RT in mol kJ⁻¹, relative to 25 °C: an Arrhenius rate is linear in it.
    add("inverse_temperature", (1 / 298.15 - 1 / (temperature + 273.15)) / 8.314462618e-3)
    add("temperature", (temperature - 25) / 10)
    add("temperature_squared", (temperature - 25) / 10 * ((temperature - 25) / 10))
    let charge = a.number("charge_c_rate")
    let discharge = a.number("discharge_c_rate")
    let depth = a.number("depth_of_discharge")
    let top = a.number("soc_max")
    add("log_charge_rate", log(charge))
    add("log_discharge_rate", log(discharge))
    add("charge_rate", charge)
    add("discharge_rate", discharge)
    add("log_depth", log(depth))
    add("soc_max", top)
    add("soc_mean", top - depth / 2)
    add("log_charge_rate_x_depth", log(charge) * log(depth))
    add("log_discharge_rate_x_depth", log(discharge) * log(depth))
    for (name, value) in Self.protocolSteps(a.text("charge_protocol") ?? "") { add(name, value) }
    let cathode = a.text("cathode_material") ?? ""
    let isBlend = cathode.contains("+")
    add("is_nca", cathode.hasPrefix("NCA") ? 1 : 0)
    add("is_ncm", cathode.hasPrefix("NCM") || cathode.hasPrefix("NMC") ? 1 : 0)
    add("is_blend", isBlend ? 1 : 0)
    add("log_nominal_capacity", log(a.number("nominal_capacity_ah")))
    solidState(a, add)
    for column in extraColumns {
      let value = a.numbers[column] ?? a.text(column).flatMap(Double.init) ?? .nan
      put(.condition, "column_" + column, value)
    }
  }

  /// What only solid-state cells state.
  private func solidState(_ a: CellAttributes, _ add: (String, Double) -> Void) {
    add("upper_cutoff", min(max(a.number("upper_cutoff_v"), 4.0), 4.7))
    add("log_stack_pressure", log(a.number("stack_pressure_mpa")))
    add("log_loading", log(a.number("areal_loading_mg_cm2")))
    add("nickel_fraction", a.number("nickel_fraction"))
    add("initial_specific_capacity", a.number("initial_specific_capacity_mah_g"))
    add("log_coating_thickness", log(a.number("coating_thickness_nm")))
    func classes(_ column: String, _ values: [String]) {
      guard let text = a.text(column) else { return }
      for value in values { add("\(column)_\(value)", text == value ? 1 : 0) }
    }
    classes("morphology", ["single"])
    classes("coating_class", ["none", "oxide", "phosphate", "halide", "sulfur", "polymer"])
    classes(
      "electrolyte_class",
      ["argyrodite", "argyrodite_cl_rich", "argyrodite_modified", "thiophosphate", "halide", "halide_blend"])
    classes("anode_class", ["LiIn", "Li", "LTO", "graphite", "silicon"])
    classes("electrolyte_grain", ["fine", "coarse"])
    if let dopant = a.text("dopant") { add("is_doped", dopant == "none" ? 0 : 1) }
  }

  /// Moments of a charge protocol by steps: `C1(Q1%)-C2…` to 80 % state of charge, or four rates of 20 % each.
  static func protocolSteps(_ text: String) -> [(String, Double)] {
    guard let steps = parseSteps(text) else { return [] }
    let total = steps.reduce(0) { $0 + $1.share }
    guard total > 0 else { return [] }
    let w = steps.map { $0.share / total }
    let c = steps.map(\.rate)
    func sum(_ f: (Int) -> Double) -> Double { c.indices.reduce(0) { $0 + w[$1] * f($1) } }
    let last = w[w.count - 1] > 0 ? c[c.count - 1] : c[0]
    return [
      ("protocol_mean_rate", log(sum { c[$0] })), ("protocol_mean_square_rate", log(sum { c[$0] * c[$0] })),
      ("protocol_max_rate", log(c.max() ?? 1)), ("protocol_time", log(sum { 1 / c[$0] })),
      ("protocol_last_rate", log(last)), ("protocol_first_rate", log(c[0])),
    ]
  }

  private static func parseSteps(_ text: String) -> [(rate: Double, share: Double)]? {
    if let open = text.firstIndex(of: "("), let close = text.range(of: "%)-", after: open) {
      let first = text[..<open]
      guard first.hasSuffix("C"), let a = Double(first.dropLast()),
        let share = Double(text[text.index(after: open)..<close.lowerBound]),
        let end = text[close.upperBound...].firstIndex(of: "C"),
        let b = Double(text[close.upperBound..<end]), a > 0, b > 0
      else { return nil }
      return [(a, min(share, 80) / 100), (b, max(0.8 - share / 100, 0))]
    }
    let parts = text.split(separator: "-").map { Double($0) }
    guard parts.count == 4, parts.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
    return parts.compactMap { $0 }.map { ($0, 0.2) }
  }
}

extension String {
  /// First occurrence of `needle` after an index.
  fileprivate func range(of needle: String, after start: Index) -> Range<Index>? {
    var i = start
    while i < endIndex {
      if self[i...].hasPrefix(needle) { return i..<index(i, offsetBy: needle.count) }
      i = index(after: i)
    }
    return nil
  }
}
