package import SolidFade

/// The version of the tool, written into every output.
package let toolVersion = "0.1.0"

/// What a command hands back.
package struct Outcome: Sendable {
  /// The command's own keys of the JSON document.
  package var document: [String: JSONTree]
  /// What is printed for people.
  package var text: String
  package var warnings: [DataWarning]
  package var exit: Int32

  package init(
    document: [String: JSONTree] = [:], text: String = "", warnings: [DataWarning] = [], exit: Int32 = ExitStatus.done
  ) {
    self.document = document
    self.text = text
    self.warnings = warnings
    self.exit = exit
  }

  /// The one JSON document of a run (`solidfade.result/1`).
  package func json(command: String, seed: UInt64) -> String {
    ResultDocument.text(command, document, warnings, [], exit, seed)
  }
}

/// Parts of the JSON document that all commands share.
package enum ResultDocument {
  /// The document of a run that ended in an error.
  package static func failure(command: String, seed: UInt64, _ faults: [DataFault], exit: Int32) -> String {
    text(command, [:], [], faults, exit, seed)
  }

  fileprivate static func text(
    _ command: String, _ own: [String: JSONTree], _ warnings: [DataFault], _ errors: [DataFault], _ exit: Int32,
    _ seed: UInt64
  ) -> String {
    var all = own
    all["schema"] = .string("solidfade.result/1")
    all["command"] = .string(command)
    all["version"] = .string(toolVersion)
    all["seed"] = seed <= UInt64(Int64.max) ? .integer(Int64(seed)) : .string(String(seed))
    all["ok"] = .bool(exit == 0)
    all["exit"] = .integer(Int64(exit))
    all["warnings"] = .array(warnings.map(tree))
    all["errors"] = .array(errors.map(tree))
    return String(decoding: JSONTree.object(all).serialized(pretty: true), as: UTF8.self)
  }

  /// A fault as in the JSON document.
  package static func tree(_ f: DataFault) -> JSONTree {
    .object([
      "code": .string(f.code), "file": text(f.file), "line": whole(f.line), "column": whole(f.column),
      "field": text(f.field), "message": .string(f.message), "help": text(f.help),
    ])
  }

  package static func text(_ t: String?) -> JSONTree { t.map { .string($0) } ?? .null }
  package static func whole(_ i: Int?) -> JSONTree { i.map { .integer(Int64($0)) } ?? .null }
  package static func real(_ x: Double?) -> JSONTree { x.flatMap { $0.isFinite ? .number($0) : nil } ?? .null }
}
