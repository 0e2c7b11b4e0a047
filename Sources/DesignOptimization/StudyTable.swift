internal import BatteryData
internal import Foundation
internal import TOMLKit

/// A TOML file as nested dictionaries, with faults that name file, line, column and key.
struct StudyTable {
  let path: String
  let root: [String: Any]
  private let places: TOMLPlaces

  /// Reads a file.
  ///
  /// - Throws: `DataFaults` where it cannot be read or is not well-formed.
  init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataFaults(DataFault("E001", file: path, "cannot be read", help: "check the path and your rights to it"))
    }
    let text = String(decoding: data, as: UTF8.self)
    let table: TOMLTable
    do { table = try TOMLTable(string: text) } catch {
      let place = (error as? TOMLParseError)?.source.begin
      throw DataFaults(
        DataFault(
          "E010", file: path, line: place?.line, column: place?.column,
          "not well-formed TOML: \((error as? TOMLParseError)?.description ?? "\(error)")",
          help: "text stands in quotes, lists in [ ], tables in { }"))
    }
    self.path = path
    places = TOMLPlaces(text)
    root = Self.plain(table)
  }

  private static func plain(_ table: TOMLTable) -> [String: Any] {
    var out: [String: Any] = [:]
    for key in table.keys { out[key] = table[key].map(plain) }
    return out
  }

  private static func plain(_ value: any TOMLValueConvertible) -> Any {
    if let table = value.table { return plain(table) }
    if let array = value.array { return array.map { plain($0) } }
    if let text = value.string { return text }
    if let truth = value.bool { return NSNumber(value: truth) }
    if let whole = value.int { return NSNumber(value: whole) }
    if let number = value.double { return NSNumber(value: number) }
    return value.debugDescription
  }

  static func beside(_ path: String, _ other: String) -> String {
    other.hasPrefix("/")
      ? other : URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(other).path
  }

  /// The tables of an array, none where the key is missing.
  func list(_ key: String) throws -> [[String: Any]] {
    guard let value = root[key] else { return [] }
    guard let tables = value as? [[String: Any]] else {
      throw fault(key, "is no list of tables", help: "write \(key) = [ { … }, { … } ]")
    }
    return tables
  }

  /// The table of a key, nil where it is missing.
  func table(_ key: String) throws -> [String: Any]? {
    guard let value = root[key] else { return nil }
    guard let table = value as? [String: Any] else {
      throw fault(key, "is no table", help: "write \(key) = { … }")
    }
    return table
  }

  /// A fault of a part, such as `parameter[2] "coating"`; `key` is the key of that part which is at fault.
  func fault(_ part: String, _ message: String, key: String? = nil, help: String? = nil) -> DataFaults {
    let base = entry(of: part)
    let place = key.flatMap { places.places["\(base).\($0)"] } ?? places.places[base]
    return DataFaults(
      DataFault(
        "E070", file: path, line: place?.line, column: place?.column, field: part, "\(part): \(message)", help: help))
  }

  /// The path of the table or key that a part of a message means.
  private func entry(of part: String) -> String {
    let words = part.split(separator: " ", maxSplits: 1).map(String.init)
    guard words.count == 2, places.places[words[0]] == nil || root[words[0]] is [Any] else { return words.first ?? "" }
    // `variable "coating"`, `constraint "a > b"`, `mixture of a, b`: found by what the part quotes.
    let names = part.hasPrefix("mixture of ") ? part.dropFirst(11).components(separatedBy: ", ") : quoted(words[1])
    let key = words[0] == "mixture" ? "variable" : words[0]
    for (k, table) in ((root[key] as? [[String: Any]]) ?? []).enumerated() {
      let own = ["name", "metric", "expression", "a", "b"].compactMap { table[$0] as? String }
      let mixed = table["names"] as? [String] ?? []
      if !names.isEmpty, names == own || names == mixed || (names.count == 1 && (own + mixed).contains(names[0])) {
        return "\(key)[\(k)]"
      }
    }
    return key
  }

  private func quoted(_ text: String) -> [String] {
    text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map {
      String($0.element)
    }
  }

  /// Refuses keys that a table may not have: a misspelt one would change nothing without a word.
  func check(_ table: [String: Any], _ part: String?, allowed: [String]) throws {
    guard let odd = table.keys.sorted().first(where: { !allowed.contains($0) }) else { return }
    let message = "\"\(odd)\" is no key here; there are \(allowed.joined(separator: ", "))"
    throw part.map { fault($0, message, key: odd, help: "correct or remove it") }
      ?? fault(odd, message, help: "correct or remove it")
  }

  func text(_ entry: [String: Any], _ key: String, _ part: String) throws -> String {
    guard let value = entry[key] as? String else {
      throw fault(
        part, entry[key].map { "\(key) is \($0), expected text" } ?? "key \"\(key)\" is missing", key: key,
        help: "write \(key) = \"…\"")
    }
    return value
  }

  func number(_ entry: [String: Any], _ key: String, _ part: String) throws -> Double {
    guard let value = try optional(entry, key, part) else {
      throw fault(part, "key \"\(key)\" is missing", help: "write \(key) = a number")
    }
    return value
  }

  /// The number of a key, nil where it is missing.
  func optional(_ entry: [String: Any], _ key: String, _ part: String) throws -> Double? {
    guard let value = entry[key] else { return nil }
    // A truth value is a number to the bridge.
    guard let number = value as? NSNumber, number.objCType.pointee != 0x63, number.doubleValue.isFinite else {
      throw fault(part, "\(key) is \(value), expected a number", key: key, help: "write \(key) = a number")
    }
    return number.doubleValue
  }

  func formula(_ text: String, _ part: String, key: String? = nil) throws -> Expression {
    do throws(ExpressionError) { return try Expression(text) } catch {
      throw fault(
        part, "in \"\(text)\", column \(error.column): \(error.message)", key: key,
        help: "formulas have numbers, columns, + - * / ^ ( ), comparisons, min max exp log sqrt, 'words' in quotes")
    }
  }
}
