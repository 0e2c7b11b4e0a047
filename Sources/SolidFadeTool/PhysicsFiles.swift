import Foundation
import SolidFade

/// Reads the JSON files of the physics: parameters, own materials, protocols; every fault with its file and field.
enum PhysicsFiles {
  /// Parameters by name; those not named are nominal.
  static func parameters(_ path: String) throws -> ParameterSet { try read(path) }

  /// One material or a list of them.
  static func materials(_ path: String) throws -> [Material] {
    let data = try bytes(path)
    let first = data.first { !($0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09) }
    return first == 0x5b ? try read(path) : [try read(path)]
  }

  /// A shift of the global level, `calibration.json` of `validate`.
  static func calibration(_ path: String) throws -> GlobalCalibration { try read(path) }

  /// A test protocol.
  static func cycling(_ path: String) throws -> CyclingProtocol { try read(path) }

  private static func bytes(_ path: String) throws -> Data {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataFault("E001", file: path, "not found, or not readable", help: "check the path")
    }
    return data
  }

  private static func read<T: Decodable>(_ path: String) throws -> T {
    let data = try bytes(path)
    do { _ = try JSONTree(parsing: Array(data)) } catch {
      throw DataFault(
        "E010", file: path, line: error.line, column: error.column, "not well-formed JSON: \(error.message)",
        help: "correct the file")
    }
    do {
      return try JSONDecoder().decode(T.self, from: data)
    } catch let error as DecodingError {
      throw fault(error, path, data)
    }
  }

  private static func fault(_ error: DecodingError, _ path: String, _ data: Data) -> DataFault {
    func name(_ keys: [any CodingKey]) -> String? {
      let parts = keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }
      return parts.isEmpty ? nil : parts.joined(separator: ".").replacingOccurrences(of: ".[", with: "[")
    }
    /// Line of a key in the file, for the reader's convenience; nil when it stands there more than once.
    func line(_ key: String?) -> Int? {
      guard let key, let text = String(data: data, encoding: .utf8) else { return nil }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      let hits = lines.indices.filter { lines[$0].contains("\"\(key)\"") }
      return hits.count == 1 ? hits[0] + 1 : nil
    }
    switch error {
    case .keyNotFound(let key, let context):
      return DataFault(
        "E011", file: path, field: name(context.codingPath + [key]), "\"\(key.stringValue)\" is missing",
        help: "add it")
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return DataFault(
        "E011", file: path, line: line(context.codingPath.last?.stringValue), field: name(context.codingPath),
        context.debugDescription, help: "give the kind of value that is expected")
    case .dataCorrupted(let context):
      return DataFault(
        "E014", file: path, line: line(context.codingPath.last?.stringValue), field: name(context.codingPath),
        context.debugDescription, help: "correct the file")
    @unknown default:
      return DataFault("E010", file: path, "\(error)", help: "correct the file")
    }
  }

  /// What a nominal run had to assume.
  static func warnings(_ id: String, _ design: CellDesign, _ materials: ResolvedMaterials) -> [DataWarning] {
    var out: [DataWarning] = []
    let missing = Set(design.assumed + materials.missing).sorted()
    if !missing.isEmpty {
      out.append(
        DataWarning(
          "W020", field: id, "\(id): assumed \(missing.joined(separator: ", "))", help: "state them in cells.csv"))
    }
    for choice in materials.choices where choice.basis == .generic {
      out.append(
        DataWarning(
          "W021", field: choice.column,
          "\(id): \(choice.column) \"\(choice.text)\" has no row of its own; taken as \(choice.material)",
          help: "describe it in a JSON file (--materials)"))
    }
    return out
  }
}
