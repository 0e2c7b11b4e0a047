internal import CellModel

/// The D rules on a dataset that was read.
struct DataRules {
  var dataset: Dataset

  private var description: DatasetDescription { dataset.description }

  func findings() -> [Finding] {
    var out: [Finding] = []
    for cell in dataset.cells where cell.status != .excluded {
      signs(cell, &out)
      clocks(cell, &out)
      units(cell, &out)
      efficiency(cell, &out)
      glitches(cell, &out)
    }
    copies(&out)
    normalisation(&out)
    leakage(&out)
    return out
  }

  private var folder: String { dataset.folder.map { $0 + "/" } ?? "" }

  private func line(_ cell: CellHistory, _ row: Int) -> Int? {
    guard let rows = dataset.lines[cell.id]?.rows, row < rows.count else { return nil }
    return rows[row]
  }

  private func atRow(
    _ rule: String, _ severity: Severity, _ cell: CellHistory, _ row: Int, _ field: String, value: String,
    expected: String, help: String
  ) -> Finding {
    Finding(
      rule, severity, cellID: cell.id, file: dataset.lines[cell.id]?.cyclesFile ?? folder + "cycles.csv",
      line: line(cell, row), field: field, value: value, expected: expected, help: help)
  }

  private func atCell(
    _ rule: String, _ severity: Severity, _ cell: CellHistory, _ field: String, value: String, expected: String,
    help: String
  ) -> Finding {
    Finding(
      rule, severity, cellID: cell.id, file: folder + "cells.csv", line: dataset.lines[cell.id]?.cells, field: field,
      value: value, expected: expected, help: help)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let n = sorted.count
    if n == 0 { return .nan }
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
  }

  private func round3(_ x: Double) -> String { shortest((x * 1000).rounded() / 1000) }

  private func column(_ cell: CellHistory, _ name: String) -> [Double]? {
    name == description.capacityColumn ? cell.series.capacities : cell.series.columns[name]
  }

  // MARK: Rules of one cell

  private static let nonNegative = [
    "cycle_discharging_capacity_ah", "cycle_charging_capacity_ah", "specific_discharging_capacity_mah_g",
    "capacity_retention", "coulombic_efficiency", "cycle_discharging_energy_wh", "cycle_charging_energy_wh",
    "dc_internal_resistance_ohm", "area_resistance_ohm_cm2", "charge_c_rate", "discharge_c_rate", "cc_charge_ah",
    "cv_charge_ah", "cc_charge_time_second", "cv_charge_time_second", "charge_time_second", "applied_pressure_pa",
    "surface_pressure_pa", "value_sd",
  ]

  private func signs(_ cell: CellHistory, _ out: inout [Finding]) {
    for name in Self.nonNegative {
      guard let values = column(cell, name) else { continue }
      let bad = values.indices.filter { values[$0] < 0 && cell.series.flags[$0] == .ok }
      guard let first = bad.first else { continue }
      out.append(
        atRow(
          "D003", .error, cell, first, name, value: "\(shortest(values[first])) (\(bad.count) rows)",
          expected: "a number ≥ 0", help: "give amounts without the sign of the current"))
    }
  }

  private func clocks(_ cell: CellHistory, _ out: inout [Finding]) {
    for (name, unit) in [("unix_time_second", 1.0), ("test_time_second", 1.0), ("test_time_day", 86400.0)] {
      guard let values = cell.series.columns[name] else { continue }
      let rows = values.indices.filter { values[$0].isFinite }
      let pairs = zip(rows, rows.dropFirst()).map { ($0, $1) }
      if let back = pairs.first(where: { values[$0.1] < values[$0.0] }) {
        out.append(
          atRow(
            "D004", .warn, cell, back.1, name,
            value: "\(shortest(values[back.1])) after \(shortest(values[back.0]))",
            expected: "a time that does not fall",
            help: "the clock was set back, perhaps by a restart: add the time before it"))
      }
      // A factor shows only where the rates say how long a cycle takes.
      let rates = ["charge_c_rate", "discharge_c_rate"].map { cell.attributes.number($0) }
      guard description.ageColumn == "cycle_count", rates.allSatisfy({ $0 > 0 }) else { continue }
      let expected = 3600 / rates[0] + 3600 / rates[1]
      let steps = pairs.map {
        (values[$0.1] - values[$0.0]) * unit / (cell.series.ages[$0.1] - cell.series.ages[$0.0])
      }
      guard steps.count >= 5 else { continue }
      let ratio = Self.median(steps) / expected
      if ratio > 200 || (ratio > 0 && ratio < 1.0 / 200) {
        out.append(
          atRow(
            "D004", .error, cell, pairs[0].0, name,
            value: "a cycle takes \(round3(ratio)) times what its rates say", expected: "about 1",
            help: "the column is likely in another unit (ms, min, h): convert it"))
      }
    }
  }

  private func units(_ cell: CellHistory, _ out: inout [Finding]) {
    let good = LifeRules.goodRows(cell.series)
    guard let first = good.first else { return }
    let early = Self.median(good.prefix(10).map { cell.series.capacities[$0] })
    let name = description.capacityColumn
    func judge(_ value: Double, _ allowed: ClosedRange<Double>, _ what: String, _ help: String) {
      guard value.isFinite, !allowed.contains(value) else { return }
      out.append(
        atRow(
          "D005", .warn, cell, first, name, value: "\(round3(value)) \(what)",
          expected: "\(shortest(allowed.lowerBound))…\(shortest(allowed.upperBound))", help: help))
    }
    switch name {
    case "capacity_retention":
      judge(early, 0.05...1.5, "early in the record", "retention is a share: divide percent by 100")
    case "specific_discharging_capacity_mah_g":
      judge(early, 50...280, "mAh/g early in the record", "check the mass (cathode active material) and the unit")
    default:
      let mass = cell.attributes.number("cathode_active_mass_mg")
      if mass > 0 {
        judge(early * 1e6 / mass, 50...280, "mAh/g with the stated mass", "check cathode_active_mass_mg and the unit")
      }
      let nominal = cell.attributes.number("nominal_capacity_ah")
      if nominal > 0 {
        judge(early / nominal, 0.2...2, "of the nominal capacity", "check nominal_capacity_ah and the unit (Ah)")
      }
    }
  }

  private func efficiency(_ cell: CellHistory, _ out: inout [Finding]) {
    var name = "coulombic_efficiency"
    var values = cell.series.columns[name]
    if values == nil, let charge = cell.series.columns["cycle_charging_capacity_ah"],
      description.capacityColumn == "cycle_discharging_capacity_ah"
    {
      name = "cycle_charging_capacity_ah"
      values = zip(cell.series.capacities, charge).map { $1 > 0 ? $0 / $1 : .nan }
    }
    guard let values else { return }
    // The first row often holds a discharge of a charge made elsewhere.
    let bad = values.indices.dropFirst().filter { values[$0] > 1.02 && cell.series.flags[$0] == .ok }
    guard let first = bad.first else { return }
    out.append(
      atRow(
        "D006", bad.count * 100 > values.count ? .warn : .info, cell, first, name,
        value: "efficiency \(round3(values[first])) (\(bad.count) of \(values.count) rows)", expected: "at most 1.02",
        help: values[first] > 20
          ? "give the efficiency as a share, not in percent"
          : "look for broken cycles, a changed range or a counter not set to zero"))
  }

  private func glitches(_ cell: CellHistory, _ out: inout [Finding]) {
    let good = LifeRules.goodRows(cell.series)
    guard good.count >= 15 else { return }
    let values = good.map { cell.series.capacities[$0] }
    // Symmetric windows, shrinking to the ends: on a record that only falls the median is the row itself.
    let residuals = values.indices.map { i in
      let half = min(3, i, values.count - 1 - i)
      return values[i] - Self.median(Array(values[(i - half)...(i + half)]))
    }
    // Records are written with few digits: a spread below 0.25 % of the capacity says nothing.
    let spread = max(1.4826 * Self.median(residuals.map(abs)), 0.0025 * Self.median(values))
    let bad = residuals.indices.filter { abs(residuals[$0]) > 8 * spread }
    guard let first = bad.first else { return }
    out.append(
      atRow(
        "D007", .warn, cell, good[first], description.capacityColumn,
        value: "\(round3(values[first])) (robust z \(round3(residuals[first] / spread)); \(bad.count) rows)",
        expected: "within 8 of the neighbouring rows",
        help: "mark the rows with quality_flag glitch, or interrupted for broken cycles"))
  }

  // MARK: Rules of the dataset

  /// Pairs of cells whose first ten rows are the same.
  private func twins() -> [(CellHistory, CellHistory)] {
    var seen: [String: CellHistory] = [:]
    var out: [(CellHistory, CellHistory)] = []
    for cell in dataset.cells where cell.status != .excluded {
      guard let hash = recordHash(cell.series) else { continue }
      if let first = seen[hash] { out.append((first, cell)) } else { seen[hash] = cell }
    }
    return out
  }

  private func copies(_ out: inout [Finding]) {
    for (first, second) in twins() {
      out.append(
        atCell(
          "D008", .error, second, "cell_id", value: "the first ten rows of \(first.id)",
          expected: "a record of its own",
          help: "remove one of the two, or set its status to excluded"))
    }
  }

  private func normalisation(_ out: inout [Finding]) {
    guard description.capacityColumn == "cycle_discharging_capacity_ah" else { return }
    let fields = ["cathode_active_mass_mg", "electrode_area_cm2", "areal_loading_mg_cm2"]
    let cells = dataset.cells.filter { $0.status != .excluded }
    let bare = cells.filter { cell in !fields.contains { cell.attributes.numbers[$0] != nil } }
    guard let first = bare.first else { return }
    let hasNominal = bare.allSatisfy { $0.attributes.numbers["nominal_capacity_ah"] != nil }
    out.append(
      Finding(
        "D009", hasNominal ? .info : .warn, cellID: bare.count == 1 ? first.id : nil, file: folder + "cells.csv",
        line: bare.count == 1 ? dataset.lines[first.id]?.cells : nil, field: fields[0],
        value: "\(bare.count) of \(cells.count) cells state neither mass, area nor loading",
        expected: "cathode_active_mass_mg or electrode_area_cm2",
        help: hasNominal
          ? "cells are compared by nominal capacity alone" : "without them cells of different size cannot be compared"))
  }

  private func leakage(_ out: inout [Finding]) {
    let groups = Dictionary(uniqueKeysWithValues: dataset.cells.map { ($0.id, $0.attributes.text("group_id")) })
    let copies = twins()
    for (name, parts) in dataset.splits.sorted(by: { $0.key < $1.key }) {
      guard let training = parts["train"] else { continue }
      let known = Set(training)
      let trained = Set(training.compactMap { groups[$0] ?? nil })
      for (part, ids) in parts.sorted(by: { $0.key < $1.key }) where part != "train" {
        func add(_ severity: Severity, _ value: String, _ expected: String, _ help: String) {
          out.append(
            Finding(
              "D010", severity, file: folder + "splits.json", field: "\(name)/\(part)", value: value,
              expected: expected, help: help))
        }
        // Parts such as `validation` may be drawn from training on purpose; a test part may not.
        let severity: Severity = part.lowercased().contains("test") ? .error : .info
        let shared = ids.filter { known.contains($0) }
        if let first = shared.first {
          add(
            severity, "\(shared.count) cells also in train, first \(first)", "no cell of train",
            "scores on cells the model has seen say nothing")
        }
        let replicas = ids.filter { id in !known.contains(id) && (groups[id] ?? nil).map(trained.contains) ?? false }
        if let first = replicas.first {
          add(
            .info, "\(replicas.count) cells with replicates in train, first \(first)", "groups of their own",
            "such scores show interpolation to a further replicate, not to a new recipe")
        }
        let inPart = Set(ids)
        for (a, b) in copies
        where (known.contains(a.id) && inPart.contains(b.id)) || (known.contains(b.id) && inPart.contains(a.id)) {
          add(
            severity, "\(a.id) and \(b.id) are the same record", "records of their own",
            "keep copies on one side of a split")
        }
      }
    }
  }
}
