import BatteryData
import Foundation
import Testing

/// Bundles: the same bytes from the same seed, and refusal of what is damaged, newer or seen in training.
@Suite(.serialized, .enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct BundleCommandTests {
  private func train(_ place: Workplace, _ name: String, _ more: [String] = []) throws -> Tool.Output {
    try Tool.run(
      ["train", place.at("d"), "-o", place.at(name), "--kind", "ml", "--early", "20", "--folds", "3", "-q", "--json"]
        + more)
  }

  /// All files of a folder as one list of name and hash.
  private func hashes(_ folder: String) throws -> [String] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String }.sorted() ?? []
    return names.compactMap { name in
      FileManager.default.contents(atPath: folder + "/" + name).map { "\(name) \(sha256(Array($0)))" }
    }
  }

  @Test func threadsChangeNothingAndSeedDoes() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 12)
    let first = try train(place, "a.solidfade", ["--threads", "1"])
    #expect(first.code == 0, "\(first.error)")
    #expect(try first.document()["ok"] as? Bool == true)
    #expect(try train(place, "b.solidfade", ["--threads", "2"]).code == 0)
    #expect(try train(place, "c.solidfade", ["--threads", "2", "--seed", "2"]).code == 0)
    let one = try hashes(place.at("a.solidfade"))
    #expect(!one.isEmpty)
    #expect(try hashes(place.at("b.solidfade")) == one)
    #expect(try hashes(place.at("c.solidfade")) != one)
    try refuse(place)
  }

  /// What is tried on the trained bundle.
  private func refuse(_ place: Workplace) throws {
    let bundle = place.at("a.solidfade")
    let seen = try Tool.run(["evaluate", bundle, place.at("d"), "--json", "-q"])
    #expect(seen.code == 2)
    let code = (try seen.document()["errors"] as? [[String: Any]])?.first?["code"] as? String
    #expect(code == "E045" || code == "E046")
    try place.write("d/splits.json", Array(#"{"s": {"test": ["c1", "c2"]}}"#.utf8))
    let overlap = try Tool.run(["evaluate", bundle, place.at("d"), "--split", "s/test", "--json", "-q"])
    #expect(overlap.code == 2)
    #expect((try overlap.document()["errors"] as? [[String: Any]])?.first?["code"] as? String == "E045")

    let manager = FileManager.default
    let tensors = try #require(
      manager.enumerator(atPath: bundle)?.compactMap { $0 as? String }.sorted().first { $0.hasSuffix(".safetensors") })
    let file = URL(fileURLWithPath: bundle + "/" + tensors)
    let whole = try Data(contentsOf: file)
    var broken = whole
    broken[broken.count / 2] ^= 0xff
    try broken.write(to: file)
    try expectRefused(place, bundle)
    try whole.prefix(whole.count / 2).write(to: file)
    try expectRefused(place, bundle)
    try whole.write(to: file)

    let manifest = bundle + "/bundle.json"
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    let newer = text.replacing("solidfade.bundle/1", with: "solidfade.bundle/2")
      .replacing("solidfade.bundle\\/1", with: "solidfade.bundle\\/2")
    #expect(newer != text, "the manifest states no format")
    try newer.write(toFile: manifest, atomically: true, encoding: .utf8)
    try expectRefused(place, bundle)
  }

  private func expectRefused(
    _ place: Workplace, _ bundle: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = place.names()
    let run = try Tool.run(["predict", place.at("d"), "-m", bundle, "-o", place.at("f"), "--json", "-q"])
    #expect(run.code == 3, "\(run.error)", sourceLocation: sourceLocation)
    #expect(try run.document()["exit"] as? Int == 3, sourceLocation: sourceLocation)
    let plain = try Tool.run(["model", "verify", bundle, "-q"])
    #expect(plain.code == 3, "\(plain.error)", sourceLocation: sourceLocation)
    #expect(plain.error.split(separator: "\n").count { $0.contains("error[") } == 1, sourceLocation: sourceLocation)
    #expect(place.names() == before, sourceLocation: sourceLocation)
  }
}
