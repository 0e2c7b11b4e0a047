import Foundation
import Testing

/// The C library beside the test bundle.
private enum Library {
  static let path: String? = Tool.path.flatMap { tool in
    let path = URL(fileURLWithPath: tool).deletingLastPathComponent().appendingPathComponent("libSolidFadeC.so").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// Sends a request and gives the code and the text of the answer.
  ///
  /// On a thread of its own, as a call from C: it blocks, which a thread of Swift's pool must not.
  private static func answer(_ function: String, _ request: String) async throws -> (code: Int32, text: String) {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try blockingAnswer(function, request) }) }
    }
  }

  /// Sends a request and gives the code and the document.
  static func call(_ function: String, _ request: String) async throws -> (code: Int32, document: [String: Any]) {
    let (code, text) = try await answer(function, request)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return (code, try #require(object as? [String: Any]))
  }

  private static func blockingAnswer(_ function: String, _ request: String) throws -> (code: Int32, text: String) {
    let handle = try #require(dlopen(path ?? "", RTLD_NOW | RTLD_LOCAL))
    typealias Call =
      @convention(c) (
        UnsafePointer<CChar>?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
      ) -> Int32
    typealias Free = @convention(c) (UnsafeMutablePointer<CChar>?) -> Void
    let call = unsafeBitCast(try #require(dlsym(handle, function)), to: Call.self)
    let free = unsafeBitCast(try #require(dlsym(handle, "solidfade_free")), to: Free.self)
    var text: UnsafeMutablePointer<CChar>?
    let code = call(request, &text)
    defer { free(text) }
    return (code, String(cString: try #require(text)))
  }

  static func messages(_ document: [String: Any]) -> [String] {
    (document["errors"] as? [[String: Any]] ?? []).compactMap { $0["message"] as? String }
  }
}

@Suite("C library", .enabled(if: Library.path != nil, "libSolidFadeC.so was not built"))
struct LibraryTests {
  static let design = """
    {"cell_id": "a", "cathode_material": "NCM811", "electrolyte_material": "Li6PS5Cl", "anode_material": "Li-In"}
    """

  @Test("The document is the command's")
  func sameAsCommand() async throws {
    let place = try Workplace()
    let model = Library.root + "/models/sulfide-nmc811.solidfade"
    try place.write(
      "cells.csv", Array("cell_id,anode_material,cathode_material,electrolyte_material\na,Li-In,NCM811,Li6PS5Cl\n".utf8)
    )
    let tool = try Tool.run(["predict", place.at("cells.csv"), "-m", model, "--json", "-q"])
    let (code, document) = try await Library.call(
      "solidfade_predict_json", "{\"model\": \"\(model)\", \"cells\": [\(Self.design)]}")
    #expect(code == 0 && tool.code == 0)
    #expect(NSDictionary(dictionary: document) == NSDictionary(dictionary: try tool.document()))
  }

  @Test("Cut-offs are read as the command reads them", arguments: ["1checkups", "all", "12"])
  func cutOff(_ early: String) async throws {
    let cells = Library.root + "/datasets/demo-cells/running"
    let model = Library.root + "/models/sulfide-nmc811.solidfade"
    let tool = try Tool.run(["predict", cells, "-m", model, "--early", early, "--json", "-q"])
    let (code, document) = try await Library.call(
      "solidfade_predict_json", "{\"model\": \"\(model)\", \"dataset\": \"\(cells)\", \"early\": \"\(early)\"}")
    #expect(code == 0 && tool.code == 0)
    #expect(NSDictionary(dictionary: document) == NSDictionary(dictionary: try tool.document()))
  }

  @Test(
    "A wrong request is told what is wrong",
    arguments: [
      ("", "the document ends too early"), ("[1]", "request: not a JSON object"),
      ("{}", "cells: missing; give \"dataset\": PATH or \"cells\": [{…}]"),
      (
        "{\"cells\": [\(design)], \"early\": \"21w\"}",
        "early: found \"21w\", expected an age, a day or a check-up (50, \"21d\", \"2checkups\") or \"all\""
      ),
      ("{\"cells\": [\(design)], \"draws\": 3}", "draws: found 3, expected a whole number 10…100000"),
      (
        "{\"cells\": [\(design), {\"cell_id\": \"b\", \"temperature_celsius\": \"hot\"}]}",
        "cells[1]: column \"temperature_celsius\": found \"hot\", expected a number"
      ),
      (
        "{\"cells\": [{\"cell_id\": \"b\", \"coating\": {}}]}",
        "cells[0].coating: found {}, expected a number or a text"
      ),
    ])
  func wrongRequest(_ request: String, _ message: String) async throws {
    let (code, document) = try await Library.call("solidfade_predict_json", request)
    #expect(code == 2)
    #expect(document["ok"] as? Bool == false)
    #expect(Library.messages(document) == [message])
  }

  @Test("A search gives its front, and refuses keys it does not know")
  func search() async throws {
    let space = Library.root + "/notebooks-export/01-coating-cutoff-pressure/space.toml"
    let (code, document) = try await Library.call(
      "solidfade_optimize_json", "{\"space\": \"\(space)\", \"budget\": 80, \"horizon\": 100}")
    #expect(code == 0)
    #expect((document["front"] as? [Any])?.isEmpty == false)
    let (wrong, refused) = try await Library.call("solidfade_optimize_json", "{\"space\": \"x\", \"cells\": []}")
    #expect(wrong == 2)
    #expect(
      Library.messages(refused) == [
        "cells: unknown key; there are budget, eol, horizon, model, seed, space, space_toml, threads"
      ])
  }

  private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test("The Python example runs", .enabled(if: python != nil, "no python3"))
  func pythonExample() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.python ?? "")
    process.arguments = [
      Library.root + "/Examples/python/predict.py", Library.path ?? "",
      Library.root + "/models/sulfide-nmc811.solidfade",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    #expect(text.contains("bare P(life >= 500) =") && text.contains("coated P(life >= 500) ="))
  }
}
