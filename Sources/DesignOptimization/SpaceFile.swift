internal import BatteryData
internal import CellModel
internal import Foundation
internal import TOMLKit

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
/// cost = "stack_pressure_mpa * 0.1 + (coating != 'none') * 2"
/// ```
public struct SpaceFile: Sendable {
  /// The study.
  public var definition: StudyDefinition
  /// What the builds scatter by.
  public var variability: ManufacturingVariability
  /// Virtual cells as the file asks for; the study takes the next power of two.
  public var askedDraws: Int

  /// Reads a study.
  ///
  /// - Parameter metrics: what the evaluator gives.
  /// - Throws: `DataFaults` naming file and key.
  public init(contentsOf path: String, metrics: [String]) throws {
    let reader = try StudyTable(contentsOf: path)
    var base: [String: DesignValue] = [:]
    if let text = reader.root["base"] as? String { base = try Self.base(text, beside: path) }
    var variables: [DesignVariable] = []
    var mixtures: [DesignSpace.Mixture] = []
    for (k, entry) in reader.list("variable").enumerated() {
      if entry["type"] as? String == "mixture" {
        let (mixture, components) = try Self.mixture(entry, base, reader, "variable[\(k)] mixture")
        mixtures.append(mixture)
        variables += components
      } else {
        variables.append(try Self.variable(entry, reader, "variable[\(k)]"))
      }
    }
    for v in variables { try Self.checkColumn(v.name, reader, "variable") }
    var linked: [DesignSpace.Linked] = []
    for (k, entry) in reader.list("linked").enumerated() {
      let name = try reader.text(entry, "name", "linked[\(k)]")
      linked.append(
        DesignSpace.Linked(
          name: name, expression: try reader.formula(try reader.text(entry, "expression", "linked[\(k)]"), name)))
    }
    var constraints: [Expression] = []
    var chances: [ChanceConstraint] = []
    for (k, entry) in reader.list("constraint").enumerated() {
      let part = "constraint[\(k)]"
      if let text = entry["expression"] as? String {
        constraints.append(try reader.formula(text, part))
        continue
      }
      let op = try reader.text(entry, "op", part)
      guard [">=", "<="].contains(op) else { throw reader.fault(part, "op \"\(op)\", expected >= or <=") }
      chances.append(
        ChanceConstraint(
          metric: try reader.text(entry, "metric", part), isLowerBound: op == ">=",
          limit: try reader.number(entry, "value", part), probability: reader.optional(entry, "probability") ?? 0.5))
    }
    var objectives: [DesignObjective] = []
    for (k, entry) in reader.list("objective").enumerated() {
      let part = "objective[\(k)]"
      let goal = try reader.text(entry, "goal", part)
      guard ["max", "min"].contains(goal) else { throw reader.fault(part, "goal \"\(goal)\", expected max or min") }
      let text = entry["statistic"] as? String ?? "mean"
      guard let statistic = DesignStatistic(text) else {
        throw reader.fault(part, "statistic \"\(text)\", expected mean, q05 … q95 or p_ge:VALUE")
      }
      objectives.append(
        DesignObjective(
          metric: try reader.text(entry, "metric", part), isMaximised: goal == "max", statistic: statistic))
    }
    let cost = try (reader.root["cost"] as? String).map { try reader.formula($0, "cost") }
    do throws(DesignSpaceError) {
      let space = try DesignSpace(
        variables: variables, mixtures: mixtures, linked: linked, constraints: constraints, base: base)
      definition = try StudyDefinition(
        space: space, objectives: objectives, chances: chances, cost: cost, metrics: metrics)
    } catch {
      throw reader.fault(error.part, error.message)
    }
    variability = .none
    askedDraws = definition.draws
    if let text = reader.root["domain"] {
      guard text as? String == "free" else {
        throw reader.fault(
          "domain", "\(text), expected \"free\", or no such key to stay in what the model was taught by")
      }
      definition.staysInDomain = false
    }
    if let robust = reader.root["robust"] as? [String: Any] {
      if let file = robust["variability"] as? String {
        variability = try ManufacturingVariability(contentsOf: StudyTable.beside(path, file))
      }
      if let draws = reader.optional(robust, "draws") {
        guard draws >= 32, draws <= 4096 else { throw reader.fault("robust.draws", "\(draws), expected 32…4096") }
        askedDraws = Int(draws)
        definition.draws = 32
        while definition.draws < askedDraws { definition.draws *= 2 }
      }
    }
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
    let type = try reader.text(entry, "type", "\(part) \"\(name)\"")
    switch type {
    case "real":
      guard let bounds = (entry["bounds"] as? [NSNumber])?.map(\.doubleValue), bounds.count == 2, bounds[0] < bounds[1]
      else { throw reader.fault("\(part) \"\(name)\"", "bounds must be two ascending numbers") }
      let scale = entry["scale"] as? String ?? "linear"
      guard ["linear", "log"].contains(scale) else {
        throw reader.fault("\(part) \"\(name)\"", "scale \"\(scale)\", expected linear or log")
      }
      return DesignVariable(name, .real(bounds[0]...bounds[1], isLogarithmic: scale == "log"))
    case "ordinal":
      guard let values = (entry["values"] as? [NSNumber])?.map(\.doubleValue) else {
        throw reader.fault("\(part) \"\(name)\"", "values must be numbers")
      }
      return DesignVariable(name, .ordinal(values))
    case "category":
      guard let values = entry["values"] as? [String] else {
        throw reader.fault("\(part) \"\(name)\"", "values must be words in quotes")
      }
      return DesignVariable(name, .category(values))
    default:
      throw reader.fault("\(part) \"\(name)\"", "type \"\(type)\", expected real, ordinal, category or mixture")
    }
  }

  private static func mixture(
    _ entry: [String: Any], _ base: [String: DesignValue], _ reader: StudyTable, _ part: String
  ) throws -> (DesignSpace.Mixture, [DesignVariable]) {
    guard let names = entry["names"] as? [String] else { throw reader.fault(part, "names must be words in quotes") }
    let total: Expression
    if let number = reader.optional(entry, "total") {
      total = try reader.formula("\(number)", part)
    } else {
      total = try reader.formula(try reader.text(entry, "total", part), part)
    }
    var bounds: [[Double]]
    if let stated = entry["bounds"] {
      bounds = (stated as? [[NSNumber]])?.map { $0.map(\.doubleValue) } ?? []
    } else {
      let varied = Set(reader.list("variable").compactMap { $0["name"] as? String })
      guard varied.isDisjoint(with: total.names), let most = try? total.value({ base[$0] }), most > 0 else {
        throw reader.fault(part, "without bounds the total must be a number above 0 that no variable changes")
      }
      bounds = names.map { _ in [0, most] }
    }
    guard bounds.count == names.count, bounds.allSatisfy({ $0.count == 2 && $0[0] < $0[1] }) else {
      throw reader.fault(part, "bounds must be two ascending numbers for each of the \(names.count) names")
    }
    return (
      DesignSpace.Mixture(names: names, total: total),
      zip(names, bounds).map { DesignVariable($0, .real($1[0]...$1[1], isLogarithmic: false)) }
    )
  }

  private static func checkColumn(_ name: String, _ reader: StudyTable, _ part: String) throws {
    guard let column = ColumnDictionary.all.first(where: { $0.table == .cells && $0.name == name }) else {
      throw reader.fault("\(part) \"\(name)\"", "is no column of cells.csv; see `solidfade columns`")
    }
    if column.role != .input {
      throw reader.fault("\(part) \"\(name)\"", "is an outcome of a test, not something that is built")
    }
  }

  /// The columns of one cell of a table, `FILE:CELL`.
  private static func base(_ text: String, beside path: String) throws -> [String: DesignValue] {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    let dataset = try DatasetReader.read(StudyTable.beside(path, parts[0]))
    guard let cell = parts.count > 1 ? dataset.cells.first(where: { $0.id == parts[1] }) : dataset.cells.first else {
      throw DataFaults(
        DataFault(
          "E031", file: path, field: "base", "no cell \"\(parts.count > 1 ? parts[1] : "")\" in \(parts[0])",
          help: "there are \(dataset.cells.prefix(8).map(\.id).joined(separator: ", "))"))
    }
    var out: [String: DesignValue] = [:]
    for (name, x) in cell.attributes.numbers where x.isFinite { out[name] = .number(x) }
    for (name, t) in cell.attributes.texts { out[name] = .text(t) }
    return out
  }
}

extension ManufacturingVariability {
  /// Reads `variability.toml`.
  ///
  /// - Throws: `DataFaults` naming file and key.
  public init(contentsOf path: String) throws {
    let reader = try StudyTable(contentsOf: path)
    var parameters: [Parameter] = []
    for (k, entry) in reader.list("parameter").enumerated() {
      let name = try reader.text(entry, "name", "parameter[\(k)]")
      let part = "parameter[\(k)] \"\(name)\""
      guard let column = ColumnDictionary.all.first(where: { $0.table == .cells && $0.name == name }),
        column.kind != .text
      else { throw reader.fault(part, "is no number of cells.csv; see `solidfade columns`") }
      let low = reader.optional(entry, "min_rel")
      let high = reader.optional(entry, "max_rel")
      let spread: Spread
      let dist = try reader.text(entry, "dist", part)
      switch dist {
      case "normal": spread = .normal(try reader.number(entry, "sd_rel", part))
      case "lognormal": spread = .lognormal(try reader.number(entry, "sd_log", part))
      case "uniform", "triangular":
        guard let low, let high, low < high else {
          throw reader.fault(part, "\(dist) needs min_rel < max_rel")
        }
        spread = dist == "uniform" ? .uniform(low...high) : .triangular(low...high)
      default: throw reader.fault(part, "dist \"\(dist)\", expected normal, lognormal, uniform or triangular")
      }
      var limits: ClosedRange<Double>?
      if dist == "normal" || dist == "lognormal" {
        // What is built is positive.
        let (a, b) = (max(low ?? -0.999, -0.999), high ?? 1e6)
        guard a < b else { throw reader.fault(part, "min_rel \(a) is not below max_rel \(b)") }
        limits = a...b
      }
      parameters.append(
        Parameter(name, spread, limits: limits, isPerBatch: entry["level"] as? String == "batch"))
    }
    var correlations: [Correlation] = []
    for (k, entry) in reader.list("correlation").enumerated() {
      let part = "correlation[\(k)]"
      correlations.append(
        Correlation(
          try reader.text(entry, "a", part), try reader.text(entry, "b", part),
          rho: try reader.number(entry, "rho", part)))
    }
    do throws(DesignSpaceError) { try self.init(parameters, correlations: correlations) } catch {
      throw reader.fault(error.part, error.message)
    }
    if let table = reader.root["levels"] as? [String: Any] {
      for name in ["lab", "batch", "cell"] {
        let value = reader.optional(table, name) ?? 0
        guard value >= 0, value <= 3 else { throw reader.fault("levels.\(name)", "\(value), expected 0…3") }
      }
      levels = (
        reader.optional(table, "lab") ?? 0, reader.optional(table, "batch") ?? 0, reader.optional(table, "cell") ?? 0
      )
    }
    if let table = reader.root["early_failure"] as? [String: Any],
      let beta = (table["beta"] as? [NSNumber])?.map(\.doubleValue)
    {
      guard beta.count == 2, beta.allSatisfy({ $0 > 0 }) else {
        throw reader.fault("early_failure.beta", "expected two numbers above 0")
      }
      earlyFailure = (beta[0], beta[1])
    }
    if let text = reader.root["describes"] as? String {
      guard ["training", "new_line"].contains(text) else {
        throw reader.fault("describes", "\"\(text)\", expected training or new_line")
      }
      describesTraining = text == "training"
    }
  }
}

/// A TOML file as nested dictionaries, with faults that name file and key.
struct StudyTable {
  var path: String
  var root: [String: Any]

  init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataFaults(DataFault("E001", file: path, "cannot be read", help: "check the path and your rights to it"))
    }
    do {
      let json = try TOMLTable(string: String(decoding: data, as: UTF8.self)).convert(to: .json)
      root = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
    } catch let error as TOMLParseError {
      throw DataFaults(
        DataFault(
          "E010", file: path, line: error.source.begin.line, column: error.source.begin.column,
          "not well-formed TOML: \(error.description)", help: nil))
    } catch {
      throw DataFaults(DataFault("E010", file: path, "not well-formed TOML: \(error)", help: nil))
    }
    self.path = path
  }

  static func beside(_ path: String, _ other: String) -> String {
    other.hasPrefix("/")
      ? other : URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(other).path
  }

  func list(_ key: String) -> [[String: Any]] { root[key] as? [[String: Any]] ?? [] }

  func fault(_ part: String, _ message: String, column: Int? = nil) -> DataFaults {
    DataFaults(DataFault("E070", file: path, column: column, field: part, "\(part): \(message)", help: nil))
  }

  func text(_ entry: [String: Any], _ key: String, _ part: String) throws -> String {
    guard let value = entry[key] as? String else { throw fault(part, "key \"\(key)\" is missing or not text") }
    return value
  }

  func number(_ entry: [String: Any], _ key: String, _ part: String) throws -> Double {
    guard let value = optional(entry, key) else { throw fault(part, "key \"\(key)\" is missing or not a number") }
    return value
  }

  func optional(_ entry: [String: Any], _ key: String) -> Double? { (entry[key] as? NSNumber)?.doubleValue }

  func formula(_ text: String, _ part: String) throws -> Expression {
    do throws(ExpressionError) { return try Expression(text) } catch {
      throw fault(part, "in \"\(text)\", column \(error.column): \(error.message)")
    }
  }
}
