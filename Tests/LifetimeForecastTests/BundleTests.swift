import BatteryData
import Foundation
import LifetimeForecast
import Testing

@Suite("Bundle folders")
struct BundleTests {
  let contents = BundleContents(
    toolVersion: "0.1.0", seed: .max, datasets: [BundleDataset(name: "d", fingerprints: ["cells.csv": "ab"])],
    trainingCells: [BundleCell(id: "A", dataset: "d", record: "cd"), BundleCell(id: "B", dataset: "d", record: nil)],
    files: [
      "model.json": Array("{}\n".utf8), "weights.safetensors": [0, 1, 2, 255], "empty.bin": [],
      "two-blocks.txt": Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
    ])

  /// Runs `body` with a fresh folder that is removed afterwards.
  func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bundle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
  }

  /// Rewrites `bundle.json` by a change of text.
  func edit(_ bundle: String, _ old: String, _ new: String) throws {
    let path = bundle + "/bundle.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try #require(text.contains(old))
    try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
  }

  func code(_ bundle: String) -> String {
    do {
      _ = try BundleFolder(bundle).contents()
      return "read"
    } catch { return error.code }
  }

  @Test("What is written reads back equal; the same content gives the same bytes")
  func roundTrip() throws {
    try inFolder { folder in
      let hash = try BundleFolder.write(contents, to: folder + "/a.solidfade")
      let read = try BundleFolder(folder + "/a.solidfade")
      #expect(try read.contents() == contents)
      #expect(read.sha256 == hash && hash.count == 64)
      #expect(try BundleFolder.write(contents, to: folder + "/b.solidfade") == hash)
      #expect(
        FileManager.default.contents(atPath: folder + "/a.solidfade/bundle.json")
          == FileManager.default.contents(atPath: folder + "/b.solidfade/bundle.json"))
      // Nothing else is left beside them.
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.solidfade", "b.solidfade"])
    }
  }

  @Test("bundle.json names format, hashes and lengths, and writes null for what is not there")
  func manifest() throws {
    try inFolder { folder in
      try BundleFolder.write(contents, to: folder + "/m")
      let data = try #require(FileManager.default.contents(atPath: folder + "/m/bundle.json"))
      let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(object["format"] as? String == "solidfade.bundle/1")
      #expect(object["parent"] is NSNull)
      #expect(Set(object.keys) == ["format", "version", "seed", "datasets", "training_cells", "parent", "files"])
      let files = try #require(object["files"] as? [String: [String: Any]])
      // SHA-256 of no byte and of 56 bytes (FIPS 180 test values).
      #expect(
        files["empty.bin"]?["sha256"] as? String == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
      #expect(
        files["two-blocks.txt"]?["sha256"] as? String
          == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
      #expect(files["weights.safetensors"]?["bytes"] as? Int == 4)
      #expect(String(decoding: data, as: UTF8.self).contains("\"seed\" : 18446744073709551615"))
    }
  }

  @Test("Damage of every sort has its code")
  func damage() throws {
    try inFolder { folder in
      func fresh(_ name: String) throws -> String {
        try BundleFolder.write(contents, to: folder + "/" + name)
        return folder + "/" + name
      }
      #expect(code(folder + "/absent") == "E301")
      let missing = try fresh("missing")
      try FileManager.default.removeItem(atPath: missing + "/model.json")
      #expect(code(missing) == "E304")
      let long = try fresh("long")
      try Data([0, 1, 2, 255, 0]).write(to: URL(fileURLWithPath: long + "/weights.safetensors"))
      #expect(code(long) == "E305")
      let flipped = try fresh("flipped")
      try Data([0, 1, 3, 255]).write(to: URL(fileURLWithPath: flipped + "/weights.safetensors"))
      #expect(code(flipped) == "E306")
      let newer = try fresh("newer")
      try edit(newer, "solidfade.bundle/1", "solidfade.bundle/2")
      try edit(newer, "\"files\"", "\"parts\"")
      #expect(code(newer) == "E303")
      let other = try fresh("other")
      try edit(other, "solidfade.bundle/1", "other.bundle/1")
      #expect(code(other) == "E302")
      let keyless = try fresh("keyless")
      try edit(keyless, "\"training_cells\"", "\"cells\"")
      #expect(code(keyless) == "E302")
      let cut = try fresh("cut")
      let data = try Data(contentsOf: URL(fileURLWithPath: cut + "/bundle.json"))
      try data.prefix(40).write(to: URL(fileURLWithPath: cut + "/bundle.json"))
      #expect(code(cut) == "E302")
      let escaping = try fresh("escaping")
      try edit(escaping, "\"model.json\"", "\"../missing/bundle.json\"")
      #expect(code(escaping) == "E307")
      let extended = try fresh("extended")
      try edit(extended, "\"parent\"", "\"later_key\" : {\"a\": [1]}, \"parent\"")
      #expect(code(extended) == "read")
    }
  }

  @Test("An existing folder is kept unless it may be replaced; then it is replaced as a whole")
  func replacing() throws {
    try inFolder { folder in
      let path = folder + "/m"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      try BundleFolder.write(contents, to: path)
      var other = contents
      other.files = ["only.json": [1]]
      let refused = #expect(throws: DataFaults.self) { try BundleFolder.write(other, to: path) }
      #expect(refused?.faults.first?.code == "E309")
      #expect(try BundleFolder(path).contents() == contents)
      try BundleFolder.write(other, to: path, replacing: true)
      #expect(try BundleFolder(path).contents() == other)
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["bundle.json", "only.json"])
      #expect(throws: BundleError.self) {
        var bad = other
        bad.files["../x"] = []
        try BundleFolder.write(bad, to: folder + "/bad")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["m"])
    }
  }
}
