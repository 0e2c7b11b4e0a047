internal import CellModel

/// The P rules: what a report on sulfide solid-state cells states and keeps to.
struct ProtocolRules {
  var dataset: Dataset
  var limits: DatasetChecks.Limits

  /// One thing expected of every cell.
  private struct Expectation {
    var rule: String
    var fields: [String]
    var expected: String
    var severity: Severity
    var help: String
  }

  private static let stated: [Expectation] = [
    Expectation(
      rule: "P003", fields: ["initial_ocv_v"], expected: "initial open-circuit voltage", severity: .info,
      help: "it tells a cell that was assembled badly before its first cycle"),
    Expectation(
      rule: "P004", fields: ["stack_pressure_mpa"], expected: "stack pressure", severity: .warn,
      help: "life of a solid cell cannot be compared without it"),
    Expectation(
      rule: "P004", fields: ["pressure_control"], expected: "how the pressure is held", severity: .info,
      help: "fixed gap and constant force age differently"),
    Expectation(
      rule: "P005", fields: ["areal_loading_mg_cm2"], expected: "areal loading", severity: .warn,
      help: "it sets the current per area at a given rate"),
    Expectation(
      rule: "P005", fields: ["electrode_area_cm2"], expected: "electrode area", severity: .info,
      help: "it turns resistance and current into comparable numbers"),
    Expectation(
      rule: "P005", fields: ["cathode_thickness_um", "separator_thickness_um"],
      expected: "thickness of cathode and separator", severity: .info, help: "state both"),
    Expectation(
      rule: "P006", fields: ["discharge_c_rate", "c_rate_basis_mah_g"], expected: "C rate with its basis",
      severity: .warn, help: "a C rate means nothing without the capacity it refers to"),
    Expectation(
      rule: "P006", fields: ["current_density_ma_cm2"], expected: "current per area", severity: .info,
      help: "state mA cm⁻² beside the C rate"),
    Expectation(
      rule: "P007", fields: ["temperature_celsius"], expected: "temperature", severity: .warn,
      help: "state the temperature of the cell"),
    Expectation(
      rule: "P008", fields: ["pretreatment"], expected: "pre-treatment of the materials", severity: .info,
      help: "drying and storage decide on the water in the cell"),
    Expectation(
      rule: "P008", fields: ["dew_point_celsius", "h2o_ppm"], expected: "dew point or water content of the atmosphere",
      severity: .info, help: "sulfides react with moisture"),
    Expectation(
      rule: "P010", fields: ["upper_cutoff_v", "lower_cutoff_v", "voltage_reference"],
      expected: "cut-offs with their reference electrode", severity: .warn,
      help: "0.62 V lie between Li and In/InLi: name the reference"),
  ]

  /// Either of these fields is enough; elsewhere all are wanted.
  private static let eitherOf: Set<String> = ["dew_point_celsius"]

  private func meets(_ e: Expectation, _ cell: CellHistory) -> Bool {
    func has(_ field: String) -> Bool {
      cell.attributes.numbers[field] != nil || cell.attributes.texts[field]?.isEmpty == false
        || cell.series.columns[field]?.contains(where: \.isFinite) == true
    }
    return Self.eitherOf.contains(e.fields[0]) ? e.fields.contains(where: has) : e.fields.allSatisfy(has)
  }

  /// Share of the expectations that cells of a group satisfy, replicates included.
  func score(_ cells: [CellHistory]) -> Double? {
    let counted = cells.filter { $0.status != .excluded }
    guard !counted.isEmpty else { return nil }
    var met = counted.count >= limits.replicates ? 1.0 : 0
    for e in Self.stated { met += Double(counted.count { meets(e, $0) }) / Double(counted.count) }
    let kept: [(CellHistory) -> Finding?] = [openCircuit, pressure, temperature]
    for rule in kept { met += Double(counted.count { rule($0) == nil }) / Double(counted.count) }
    return met / Double(1 + Self.stated.count + kept.count)
  }

  func findings() -> [Finding] {
    let cells = dataset.cells.filter { $0.status != .excluded }
    var out = replicates(cells)
    if !cells.isEmpty, !dataset.cells.contains(where: { $0.status == .failed }) {
      out.append(
        Finding(
          "P002", .info, file: file, field: "status", value: "no failed cell among \(dataset.cells.count)",
          expected: "every cell built, failed ones included",
          help: "a list of survivors makes life look longer than it is"))
    }
    for e in Self.stated {
      let missing = cells.filter { !meets(e, $0) }
      guard let first = missing.first else { continue }
      let isOne = missing.count == 1
      out.append(
        Finding(
          e.rule, e.severity, cellID: isOne ? first.id : nil, file: file,
          line: isOne ? dataset.lines[first.id]?.cells : nil, field: e.fields.joined(separator: ","),
          value: "not stated for \(missing.count) of \(cells.count) cells", expected: e.expected, help: e.help))
    }
    for cell in cells { out += [openCircuit(cell), pressure(cell), temperature(cell)].compactMap { $0 } }
    return out
  }

  private var file: String { (dataset.folder.map { $0 + "/" } ?? "") + "cells.csv" }

  private func replicates(_ cells: [CellHistory]) -> [Finding] {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for cell in cells {
      if counts[cell.groupID] == nil { order.append(cell.groupID) }
      counts[cell.groupID, default: 0] += 1
    }
    let few = order.filter { (counts[$0] ?? 0) < limits.replicates }
    // One paper reports one cell: in literature few replicates are the rule, not a flaw of the table.
    let severity: Severity = dataset.description.kind == .literature ? .info : .warn
    func finding(_ value: String) -> Finding {
      Finding(
        "P001", severity, file: file, field: "group_id", value: value, expected: "\(limits.replicates) or more",
        help: "build replicates: without them scatter cannot be told from effect")
    }
    if few.count > 10 { return [finding("\(few.count) of \(order.count) groups have fewer cells")] }
    return few.map { finding("\(counts[$0] ?? 0) cells in group \($0)") }
  }

  private func atCell(_ rule: String, _ cell: CellHistory, _ field: String, _ value: String, _ expected: String)
    -> Finding
  {
    Finding(
      rule, .warn, cellID: cell.id, file: file, line: dataset.lines[cell.id]?.cells, field: field, value: value,
      expected: expected, help: "look at this cell before using it")
  }

  private func round3(_ x: Double) -> String { shortest((x * 1000).rounded() / 1000) }

  private func openCircuit(_ cell: CellHistory) -> Finding? {
    let shift: Double
    switch cell.attributes.text("voltage_reference") {
    case "Li": shift = 0
    case "InLi": shift = 0.62
    default: return nil
    }
    let value = cell.attributes.number("initial_ocv_v") + shift
    guard value.isFinite, !limits.openCircuitV.contains(value) else { return nil }
    return atCell(
      "P003", cell, "initial_ocv_v", "\(round3(value)) V vs Li",
      "\(shortest(limits.openCircuitV.lowerBound))…\(shortest(limits.openCircuitV.upperBound)) V vs Li")
  }

  private func pressure(_ cell: CellHistory) -> Finding? {
    let values = (cell.series.columns["applied_pressure_pa"] ?? []).filter(\.isFinite)
    guard let first = values.first, first > 0, let low = values.min(), let high = values.max() else { return nil }
    let drift = max(high - first, first - low) / first
    guard drift > limits.pressureDrift else { return nil }
    return atCell(
      "P004", cell, "applied_pressure_pa", "drifts by \(round3(100 * drift)) %",
      "at most \(shortest(100 * limits.pressureDrift)) %")
  }

  private func temperature(_ cell: CellHistory) -> Finding? {
    let stated = cell.attributes.number("temperature_celsius")
    let off = (cell.series.columns["ambient_temperature_celsius"] ?? []).map { abs($0 - stated) }.filter(\.isFinite)
    guard off.count >= 10 else { return nil }
    // Single readings stray; one in twenty is too many.
    let typical = off.sorted()[off.count * 19 / 20]
    guard typical > limits.temperatureK else { return nil }
    return atCell(
      "P007", cell, "ambient_temperature_celsius", "up to \(round3(typical)) K from \(shortest(stated)) °C",
      "within \(shortest(limits.temperatureK)) K")
  }
}
