internal import BatteryData
internal import Foundation

extension ManufacturingVariability {
  /// Reads `variability.toml`.
  ///
  /// ```toml
  /// levels = { lab = 0.10, batch = 0.06, cell = 0.08 }   # sd of log life beside the parameters, 0…3
  /// describes = "training"             # or "new_line": tolerances of a line the model has not seen add to the levels
  /// parameter = [                      # relative to the design value; level = "batch" shares a draw in each batch
  ///   { name = "areal_loading_mg_cm2", dist = "normal", sd_rel = 0.03 },           # min_rel, max_rel cut it
  ///   { name = "particle_d50_um", dist = "lognormal", sd_log = 0.05, level = "batch" },   # likewise
  ///   { name = "stack_pressure_mpa", dist = "triangular", min_rel = -0.2, max_rel = 0.1 },
  ///   { name = "temperature_celsius", dist = "uniform", min_rel = -0.02, max_rel = 0.02 },
  ///   { name = "cathode_porosity", dist = "beta", min_rel = -0.3, max_rel = 0.5, mode_rel = 0, weight = 4 },
  /// ]
  /// correlation = [ { a = "areal_loading_mg_cm2", b = "cathode_porosity", rho = 0.5 } ]
  /// early_failure = { failed = 8, of = 100, prior = "jeffreys", until = 10 }   # or beta = [8, 92] in place of counts
  /// posterior = { lab = […], batch = […], cell = […] }   # equally likely levels, as `variability fit` writes them
  /// ```
  ///
  /// Draws never leave what the column allows at all, such as 0…1 of a mass fraction.
  ///
  /// - Throws: `DataFaults` naming file, line, column and key.
  public init(contentsOf path: String) throws {
    let reader = try StudyTable(contentsOf: path)
    try reader.check(
      reader.root, nil,
      allowed: ["levels", "describes", "parameter", "correlation", "early_failure", "posterior", "detail"])
    let parameters = try reader.list("parameter").enumerated().map { try Self.parameter($1, reader, $0) }
    let correlations = try reader.list("correlation").enumerated().map { k, entry in
      let part = "correlation[\(k)]"
      try reader.check(entry, part, allowed: ["a", "b", "rho"])
      return Correlation(
        try reader.text(entry, "a", part), try reader.text(entry, "b", part),
        rho: try reader.number(entry, "rho", part))
    }
    do throws(DesignSpaceError) { try self.init(parameters, correlations: correlations) } catch {
      throw reader.fault(error.part, error.message, help: error.help)
    }
    if let table = try reader.table("levels") { levels = try Self.levels(table, reader) }
    if let table = try reader.table("posterior") { posterior = try Self.posterior(table, reader) }
    if let table = try reader.table("early_failure") { earlyFailure = try Self.earlyFailure(table, reader) }
    if let stated = reader.root["describes"] {
      guard let text = stated as? String, ["training", "new_line"].contains(text) else {
        throw reader.fault(
          "describes", "\"\(stated)\", expected training or new_line",
          help: "training: the line that the model's cells came from; new_line: another")
      }
      describesTraining = text == "training"
    }
  }

  private static func parameter(_ entry: [String: Any], _ reader: StudyTable, _ k: Int) throws -> Parameter {
    let name = try reader.text(entry, "name", "parameter[\(k)]")
    let part = "parameter[\(k)] \"\(name)\""
    guard let column = ColumnDictionary.all.first(where: { $0.table == .cells && $0.name == name }),
      column.kind != .text, column.role == .input
    else {
      throw reader.fault(
        part, "is no number of a design in cells.csv", key: "name", help: "see `solidfade columns` for the names")
    }
    let keys = [
      "normal": ["sd_rel", "min_rel", "max_rel"], "lognormal": ["sd_log", "min_rel", "max_rel"],
      "uniform": ["min_rel", "max_rel"], "triangular": ["min_rel", "max_rel"],
      "beta": ["min_rel", "max_rel", "mode_rel", "weight"],
    ]
    let dist = try reader.text(entry, "dist", part)
    guard let own = keys[dist] else {
      throw reader.fault(
        part, "dist \"\(dist)\", expected normal, lognormal, uniform, triangular or beta", key: "dist",
        help: "correct dist")
    }
    try reader.check(entry, part, allowed: ["name", "dist", "level"] + own)
    let level = entry["level"] ?? "cell"
    guard let word = level as? String, ["cell", "batch"].contains(word) else {
      throw reader.fault(
        part, "level \"\(level)\", expected cell or batch", key: "level",
        help: "cell: each cell draws its own; batch: cells of a batch share a draw")
    }
    let low = try reader.optional(entry, "min_rel", part)
    let high = try reader.optional(entry, "max_rel", part)
    let spread: Spread
    var limits: ClosedRange<Double>?
    switch dist {
    case "normal", "lognormal":
      // What is built is positive.
      let (a, b) = (max(low ?? -0.999, -0.999), high ?? 1e6)
      guard a < b else {
        throw reader.fault(
          part, "min_rel \(a) is not below max_rel \(b)", key: low == nil ? "max_rel" : "min_rel",
          help: "both are relative to the design value, as in -0.2 and 0.1")
      }
      limits = a...b
      spread =
        dist == "normal"
        ? .normal(try reader.number(entry, "sd_rel", part)) : .lognormal(try reader.number(entry, "sd_log", part))
    default:
      guard let low, let high, low < high else {
        let found = [low, high].map { $0.map { "\($0)" } ?? "missing" }.joined(separator: " and ")
        throw reader.fault(
          part, "min_rel and max_rel are \(found), expected min_rel < max_rel", key: low == nil ? nil : "min_rel",
          help: "both are relative to the design value, as in -0.2 and 0.1")
      }
      switch dist {
      case "uniform": spread = .uniform(low...high)
      case "triangular": spread = .triangular(low...high)
      default:
        spread = .beta(
          low...high, mode: try reader.optional(entry, "mode_rel", part) ?? 0,
          weight: try reader.optional(entry, "weight", part) ?? 4)
      }
    }
    return Parameter(name, spread, limits: limits, isPerBatch: word == "batch", allowed: column.allowed)
  }

  private static func levels(_ table: [String: Any], _ reader: StudyTable) throws -> Levels {
    try reader.check(table, "levels", allowed: ["lab", "batch", "cell"])
    func level(_ name: String) throws -> Double {
      let value = try reader.optional(table, name, "levels") ?? 0
      guard value >= 0, value <= 3 else {
        throw reader.fault(
          "levels", "\(name) is \(value), expected 0…3", key: name,
          help: "a standard deviation of the natural logarithm of life: 0.1 is about 10 %")
      }
      return value
    }
    return Levels(lab: try level("lab"), batch: try level("batch"), cell: try level("cell"))
  }

  private static func posterior(_ table: [String: Any], _ reader: StudyTable) throws -> [Levels] {
    try reader.check(table, "posterior", allowed: ["lab", "batch", "cell"])
    let help = "copy the table as `solidfade variability fit` wrote it, or leave it out"
    let columns = try ["lab", "batch", "cell"].map { name -> [Double] in
      guard let values = (table[name] as? [NSNumber])?.map(\.doubleValue), (1...4096).contains(values.count),
        values.allSatisfy({ $0 >= 0 && $0.isFinite })
      else { throw reader.fault("posterior", "\(name) must be 1 to 4096 numbers, none below 0", key: name, help: help) }
      return values
    }
    guard Set(columns.map(\.count)).count == 1 else {
      throw reader.fault(
        "posterior",
        "lab, batch and cell have \(columns.map { "\($0.count)" }.joined(separator: ", ")) values, expected as many",
        help: help)
    }
    return columns[0].indices.map { Levels(lab: columns[0][$0], batch: columns[1][$0], cell: columns[2][$0]) }
  }

  private static func earlyFailure(_ table: [String: Any], _ reader: StudyTable) throws -> EarlyFailure {
    let part = "early_failure"
    try reader.check(table, part, allowed: ["probability", "beta", "failed", "of", "prior", "until"])
    let until = try reader.optional(table, "until", part) ?? 10
    guard until > 0 else {
      throw reader.fault(part, "until is \(until), expected an age above 0", key: "until", help: "10 is usual")
    }
    let priorName = table["prior"] ?? EarlyFailure.Prior.weak.rawValue
    guard let prior = (priorName as? String).flatMap(EarlyFailure.Prior.init) else {
      throw reader.fault(
        part, "prior \"\(priorName)\", expected weak or jeffreys", key: "prior",
        help: "weak: Beta(1, 19), one failure in twenty; jeffreys: Beta(0.5, 0.5)")
    }
    var counted: EarlyFailure?
    let (failed, of) = (try reader.optional(table, "failed", part), try reader.optional(table, "of", part))
    if failed != nil || of != nil {
      guard let failed, let of, failed >= 0, failed <= of else {
        let found = [failed, of].map { $0.map { "\($0)" } ?? "missing" }.joined(separator: " and ")
        throw reader.fault(
          part, "failed and of are \(found), expected 0 ≤ failed ≤ of", key: failed == nil ? "of" : "failed",
          help: "failed: cells that failed by age until; of: all cells that could have")
      }
      counted = EarlyFailure(failed: failed, of: of, prior: prior, until: until)
    }
    var out = counted
    if let stated = table["beta"] {
      guard let beta = (stated as? [NSNumber])?.map(\.doubleValue), beta.count == 2,
        beta.allSatisfy({ $0 > 0 && $0.isFinite })
      else {
        throw reader.fault(
          part, "beta is \(stated), expected two numbers above 0", key: "beta",
          help: "beta = [failed + 1, survived + 19] of cells counted")
      }
      let found = EarlyFailure(alpha: beta[0], beta: beta[1], until: until)
      if let counted, abs(counted.alpha - found.alpha) > 1e-3 || abs(counted.beta - found.beta) > 1e-3 {
        throw reader.fault(
          part, "beta is [\(beta[0]), \(beta[1])], but failed, of and prior give [\(counted.alpha), \(counted.beta)]",
          key: "beta", help: "state one or the other")
      }
      out = found
    }
    if let probability = try reader.optional(table, "probability", part) {
      guard (0...1).contains(probability) else {
        throw reader.fault(
          part, "probability is \(probability), expected 0…1", key: "probability", help: "give a fraction, not percent")
      }
      guard let out else {
        throw reader.fault(
          part, "probability alone does not say how sure it is", key: "probability",
          help: "add beta = [failed + 1, survived + 19], or failed and of, of the cells it was counted on")
      }
      guard abs(probability - out.mean) < 2e-3 else {
        throw reader.fault(
          part, "probability is \(probability), but the mean of Beta(\(out.alpha), \(out.beta)) is \(out.mean)",
          key: "probability", help: "leave probability out, or correct it")
      }
    }
    guard let out else {
      throw reader.fault(part, "neither beta nor failed and of is stated", help: "state one of them")
    }
    return out
  }
}
