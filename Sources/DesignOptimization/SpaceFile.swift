public import BatteryData
internal import CellModel
internal import Foundation

/// A study as a file states it (`space.toml`).
///
/// ```toml
/// base = "cells.csv:A01"                 # everything not varied; relative to this file
/// variable = [
///   { name = "stack_pressure_mpa", type = "real", bounds = [2, 80], scale = "log" },
///   { name = "upper_cutoff_v", type = "ordinal", values = [4.1, 4.2, 4.3] },
///   { name = "coating", type = "category", values = ["none", "LiNbO3"] },
///   { type = "mixture", names = ["carbon_mass_fraction", "binder_mass_fraction"], total = 0.06 },
/// ]   # a mixture adds up to its total; bounds = [[0, 0.05], [0.01, 0.04]] limits its parts, else 0 to a fixed total
/// linked = [ { name = "electrolyte_mass_fraction", expression = "0.98 - active_mass_fraction" } ]
/// objective = [ { metric = "life", goal = "max", statistic = "q10" } ]
/// constraint = [
///   { metric = "life", op = ">=", value = 300, probability = 0.9 },
///   { expression = "electrolyte_mass_fraction >= 0.15" },
/// ]
/// robust = { variability = "variability.toml", draws = 128 }   # rounded up to a power of two
/// domain = "free"                        # designs outside what a model was taught by count as feasible
/// over = "manufacturing"                 # statistics over what is built alone, the unknown at its centre; else "joint"
/// cost = "stack_pressure_mpa * 0.1 + (coating != 'none') * 2"
/// ```
public struct SpaceFile: Sendable {
  /// The study.
  public var definition: StudyDefinition
  /// What the builds scatter by.
  public var variability: ManufacturingVariability
  /// What objectives and limits run over.
  public var over: DrawnOver
  /// Virtual cells as the file asks for; the study takes the next power of two.
  public var askedDraws: Int

  /// Reads a study.
  ///
  /// - Parameter metrics: what the evaluator gives.
  /// - Throws: `DataFaults` naming file, line, column and key.
  public init(contentsOf path: String, metrics: [String]) throws {
    let reader = try StudyTable(contentsOf: path)
    try reader.check(
      reader.root, nil,
      allowed: ["base", "variable", "linked", "objective", "constraint", "robust", "domain", "over", "cost"])
    var base: [String: DesignValue] = [:]
    if let stated = reader.root["base"] {
      guard let text = stated as? String else {
        throw reader.fault("base", "\(stated), expected text", help: "write base = \"cells.csv:CELL\"")
      }
      base = try Self.base(text, beside: path, reader)
    }
    var variables: [DesignVariable] = []
    var mixtures: [DesignSpace.Mixture] = []
    for (k, entry) in try reader.list("variable").enumerated() {
      if entry["type"] as? String == "mixture" {
        let (mixture, components) = try Self.mixture(entry, base, reader, "variable[\(k)] mixture")
        mixtures.append(mixture)
        variables += components
      } else {
        variables.append(try Self.variable(entry, reader, "variable[\(k)]"))
      }
    }
    for v in variables { try Self.checkColumn(v, reader) }
    var linked: [DesignSpace.Linked] = []
    for (k, entry) in try reader.list("linked").enumerated() {
      try reader.check(entry, "linked[\(k)]", allowed: ["name", "expression"])
      let name = try reader.text(entry, "name", "linked[\(k)]")
      let part = "linked[\(k)] \"\(name)\""
      try Self.checkRole(name, reader, part)
      linked.append(
        DesignSpace.Linked(
          name: name,
          expression: try reader.formula(try reader.text(entry, "expression", part), part, key: "expression")))
    }
    var constraints: [Expression] = []
    var chances: [ChanceConstraint] = []
    for (k, entry) in try reader.list("constraint").enumerated() {
      let part = "constraint[\(k)]"
      if entry["expression"] != nil {
        try reader.check(entry, part, allowed: ["expression"])
        constraints.append(try reader.formula(try reader.text(entry, "expression", part), part, key: "expression"))
        continue
      }
      try reader.check(entry, part, allowed: ["metric", "op", "value", "probability"])
      let op = try reader.text(entry, "op", part)
      guard [">=", "<="].contains(op) else {
        throw reader.fault(part, "op \"\(op)\", expected >= or <=", key: "op", help: "correct op")
      }
      chances.append(
        ChanceConstraint(
          metric: try reader.text(entry, "metric", part), isLowerBound: op == ">=",
          limit: try reader.number(entry, "value", part),
          probability: try reader.optional(entry, "probability", part) ?? 0.5))
    }
    var objectives: [DesignObjective] = []
    for (k, entry) in try reader.list("objective").enumerated() {
      let part = "objective[\(k)]"
      try reader.check(entry, part, allowed: ["metric", "goal", "statistic"])
      let goal = try reader.text(entry, "goal", part)
      guard ["max", "min"].contains(goal) else {
        throw reader.fault(part, "goal \"\(goal)\", expected max or min", key: "goal", help: "correct goal")
      }
      let text = entry["statistic"] == nil ? "mean" : try reader.text(entry, "statistic", part)
      guard let statistic = DesignStatistic(text) else {
        throw reader.fault(
          part, "statistic \"\(text)\", expected mean, q05 … q95 or p_ge:VALUE", key: "statistic",
          help: "q10 is the life that 10 % of the cells do not reach")
      }
      objectives.append(
        DesignObjective(
          metric: try reader.text(entry, "metric", part), isMaximised: goal == "max", statistic: statistic))
    }
    var cost: Expression?
    if let stated = reader.root["cost"] {
      // A bare number is a formula too.
      cost = try reader.formula(stated as? String ?? "\(stated)", "cost")
    }
    do throws(DesignSpaceError) {
      let space = try DesignSpace(
        variables: variables, mixtures: mixtures, linked: linked, constraints: constraints, base: base)
      definition = try StudyDefinition(
        space: space, objectives: objectives, chances: chances, cost: cost, metrics: metrics)
    } catch {
      throw reader.fault(
        error.part, error.message,
        help: error.help ?? (error.column != nil ? "correct the formula" : nil))
    }
    variability = .none
    askedDraws = definition.draws
    if let text = reader.root["domain"] {
      guard text as? String == "free" else {
        throw reader.fault(
          "domain", "\(text), expected \"free\", or no such key to stay in what the model was taught by",
          help: "remove the key, or write domain = \"free\"")
      }
      definition.staysInDomain = false
    }
    let overName = reader.root["over"] ?? DrawnOver.joint.rawValue
    guard let over = (overName as? String).flatMap(DrawnOver.init) else {
      throw reader.fault(
        "over", "\"\(overName)\", expected joint or manufacturing",
        help: "joint: all that is not known and all that scatters; manufacturing: what scatters from cell to cell alone"
      )
    }
    self.over = over
    if let robust = try reader.table("robust") {
      try reader.check(robust, "robust", allowed: ["variability", "draws"])
      if robust["variability"] != nil {
        let file = try reader.text(robust, "variability", "robust")
        variability = try ManufacturingVariability(contentsOf: StudyTable.beside(path, file))
      }
      if let draws = try reader.optional(robust, "draws", "robust") {
        guard draws >= 32, draws <= 4096, draws == draws.rounded() else {
          throw reader.fault(
            "robust", "draws is \(draws), expected a whole number 32…4096", key: "draws", help: "128 is usual")
        }
        askedDraws = Int(draws)
        definition.draws = 32
        while definition.draws < askedDraws { definition.draws *= 2 }
      }
    }
  }

  /// What is wrong with a space that a search has found, with its place in the file.
  public static func fault(_ error: DesignSpaceError, in path: String) throws -> DataFaults {
    try StudyTable(contentsOf: path).fault(error.part, error.message, help: error.help)
  }

  /// The files that a study is made of: the space, the table of its base design, the spread of what is built.
  public static func inputs(of path: String) throws -> [String] {
    let root = try StudyTable(contentsOf: path).root
    let base = (root["base"] as? String)?.split(separator: ":", maxSplits: 1).first.map(String.init)
    let spread = (root["robust"] as? [String: Any])?["variability"] as? String
    return [path] + [base, spread].compactMap { $0 }.map { StudyTable.beside(path, $0) }
  }

  private static func variable(_ entry: [String: Any], _ reader: StudyTable, _ part: String) throws -> DesignVariable {
    let name = try reader.text(entry, "name", part)
    let part = "\(part) \"\(name)\""
    let type = try reader.text(entry, "type", part)
    func found(_ key: String) -> String { entry[key].map { "\($0)" } ?? "missing" }
    switch type {
    case "real":
      try reader.check(entry, part, allowed: ["name", "type", "bounds", "scale"])
      guard let bounds = (entry["bounds"] as? [NSNumber])?.map(\.doubleValue), bounds.count == 2, bounds[0] < bounds[1]
      else {
        throw reader.fault(
          part, "bounds \(found("bounds")), expected two ascending numbers", key: "bounds",
          help: "write bounds = [low, high]")
      }
      let scale = entry["scale"] == nil ? "linear" : try reader.text(entry, "scale", part)
      guard ["linear", "log"].contains(scale) else {
        throw reader.fault(
          part, "scale \"\(scale)\", expected linear or log", key: "scale", help: "leave it out for linear")
      }
      return DesignVariable(name, .real(bounds[0]...bounds[1], isLogarithmic: scale == "log"))
    case "ordinal":
      try reader.check(entry, part, allowed: ["name", "type", "values"])
      guard let values = (entry["values"] as? [NSNumber])?.map(\.doubleValue) else {
        throw reader.fault(
          part, "values \(found("values")), expected numbers", key: "values", help: "write values = [4.1, 4.2]")
      }
      return DesignVariable(name, .ordinal(values))
    case "category":
      try reader.check(entry, part, allowed: ["name", "type", "values"])
      guard let values = entry["values"] as? [String] else {
        throw reader.fault(
          part, "values \(found("values")), expected words in quotes", key: "values",
          help: "write values = [\"none\", \"LiNbO3\"]")
      }
      return DesignVariable(name, .category(values))
    default:
      throw reader.fault(
        part, "type \"\(type)\", expected real, ordinal, category or mixture", key: "type", help: "correct type")
    }
  }

  private static func mixture(
    _ entry: [String: Any], _ base: [String: DesignValue], _ reader: StudyTable, _ part: String
  ) throws -> (DesignSpace.Mixture, [DesignVariable]) {
    try reader.check(entry, part, allowed: ["type", "names", "total", "bounds"])
    guard let names = entry["names"] as? [String] else {
      throw reader.fault(
        part, "names must be words in quotes", key: "names", help: "write names = [\"carbon_mass_fraction\", …]")
    }
    let total: Expression
    if entry["total"] is String {
      total = try reader.formula(try reader.text(entry, "total", part), part, key: "total")
    } else {
      total = try reader.formula("\(try reader.number(entry, "total", part))", part, key: "total")
    }
    var bounds: [[Double]]
    if let stated = entry["bounds"] {
      bounds = (stated as? [[NSNumber]])?.map { $0.map(\.doubleValue) } ?? []
    } else {
      let varied = Set(try reader.list("variable").compactMap { $0["name"] as? String })
      guard varied.isDisjoint(with: total.names), let most = try? total.value({ base[$0] }), most > 0 else {
        throw reader.fault(
          part, "without bounds the total must be a number above 0 that no variable changes", key: "total",
          help: "state bounds, [low, high] for each name")
      }
      bounds = names.map { _ in [0, most] }
    }
    guard bounds.count == names.count, bounds.allSatisfy({ $0.count == 2 && $0[0] < $0[1] }) else {
      throw reader.fault(
        part, "bounds must be two ascending numbers for each of the \(names.count) names", key: "bounds",
        help: "write bounds = [[low, high], …]")
    }
    return (
      DesignSpace.Mixture(names: names, total: total),
      zip(names, bounds).map { DesignVariable($0, .real($1[0]...$1[1], isLogarithmic: false)) }
    )
  }

  /// Refuses the name of something that nobody builds.
  private static func checkRole(_ name: String, _ reader: StudyTable, _ part: String) throws {
    let column = ColumnDictionary.all.first { $0.table == .cells && $0.name == name }
    guard column.map({ $0.role == .input }) ?? true else {
      throw reader.fault(
        part, "is an outcome of a test, not something that is built", key: "name", help: "name a column of the design")
    }
  }

  /// Refuses a variable that is no column of a design, or that takes values which its column does not allow.
  private static func checkColumn(_ v: DesignVariable, _ reader: StudyTable) throws {
    let part = "variable \"\(v.name)\""
    try checkRole(v.name, reader, part)
    guard let column = ColumnDictionary.all.first(where: { $0.table == .cells && $0.name == v.name }) else {
      throw reader.fault(
        part, "is no column of cells.csv; see `solidfade columns`", key: "name", help: "correct the name")
    }
    let values: [Double]
    switch v.range {
    case .real(let bounds, _): values = [bounds.lowerBound, bounds.upperBound]
    case .ordinal(let ranks): values = ranks
    case .category:
      guard column.kind == .text else {
        throw reader.fault(
          part, "is a number; its type cannot be category", key: "type", help: "use real, or ordinal with values")
      }
      return
    }
    guard column.kind != .text else {
      throw reader.fault(part, "holds words; its type must be category", key: "type", help: "write type = \"category\"")
    }
    if let allowed = column.allowed, let odd = values.first(where: { !allowed.contains($0) }) {
      throw reader.fault(
        part, "takes the value \(odd), allowed \(allowed.lowerBound)…\(allowed.upperBound)",
        key: v.isReal ? "bounds" : "values",
        help: "the unit is \(column.unit.isEmpty || column.unit == "1" ? "a fraction" : column.unit)")
    }
  }

  /// The columns of one cell of a table, `FILE:CELL`.
  private static func base(
    _ text: String, beside path: String, _ reader: StudyTable
  ) throws -> [String: DesignValue] {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard let file = parts.first else {
      throw reader.fault("base", "is empty", help: "write base = \"cells.csv:CELL\"")
    }
    let dataset = try DatasetReader.read(StudyTable.beside(path, file))
    guard let cell = parts.count > 1 ? dataset.cells.first(where: { $0.id == parts[1] }) : dataset.cells.first else {
      throw reader.fault(
        "base", "no cell \"\(parts.count > 1 ? parts[1] : "")\" in \(file)",
        help: "there are \(dataset.cells.prefix(8).map(\.id).joined(separator: ", "))")
    }
    var out: [String: DesignValue] = [:]
    for (name, x) in cell.attributes.numbers where x.isFinite { out[name] = .number(x) }
    for (name, t) in cell.attributes.texts { out[name] = .text(t) }
    return out
  }
}
