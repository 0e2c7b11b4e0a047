import BatteryData
import CellModel
import Foundation
import Testing

/// Broken inputs: the documented exit code, one message that names the place, nothing written.
@Suite(.enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct BrokenInputTests {
  private func refuse(
    _ place: Workplace, _ arguments: [String], code: Int32, fault: String, naming: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = place.names()
    let plain = try Tool.run(arguments + ["--color", "never", "--progress", "off"])
    #expect(plain.code == code, "\(plain.error)", sourceLocation: sourceLocation)
    let errors = plain.error.split(separator: "\n").filter { $0.hasPrefix("error[") }
    #expect(errors.count == 1, "\(plain.error)", sourceLocation: sourceLocation)
    #expect(errors.first?.hasPrefix("error[\(fault)]") == true, "\(plain.error)", sourceLocation: sourceLocation)
    #expect(errors.first?.contains(naming) == true, "\(plain.error)", sourceLocation: sourceLocation)
    #expect(plain.out.isEmpty, sourceLocation: sourceLocation)
    #expect(place.names() == before, "something was left behind", sourceLocation: sourceLocation)
    let json = try Tool.run(arguments + ["--json", "--progress", "off"])
    #expect(json.code == code, sourceLocation: sourceLocation)
    let document = try json.document()
    #expect(document["ok"] as? Bool == false, sourceLocation: sourceLocation)
    #expect(document["exit"] as? Int == Int(code), sourceLocation: sourceLocation)
    let listed = document["errors"] as? [[String: Any]]
    #expect(listed?.first?["code"] as? String == fault, sourceLocation: sourceLocation)
    #expect(place.names() == before, sourceLocation: sourceLocation)
  }

  private func train(
    fault: String, naming: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ damage: (Workplace) throws -> Void
  ) throws {
    let place = try Workplace()
    try place.dataset("d", cells: 4)
    try damage(place)
    try refuse(
      place, ["train", place.at("d"), "-o", place.at("m.solidfade")], code: 2, fault: fault, naming: naming,
      sourceLocation: sourceLocation)
  }

  @Test func missingColumn() throws {
    try train(fault: "E020", naming: "cycles.csv:1:1") {
      try $0.edit("d/cycles.csv", "cell_id,cycle_count,capacity_retention", "cell_id,cycle_count,cap")
    }
  }

  @Test func textInNumber() throws {
    try train(fault: "E022", naming: "cycles.csv:3:6") { try $0.edit("d/cycles.csv", "c0,2,", "c0,2,bad") }
  }

  @Test func decreasingCycles() throws {
    try train(fault: "E025", naming: "cycles.csv:4:4") { try $0.edit("d/cycles.csv", "c0,3,", "c0,1,") }
  }

  @Test func duplicateCell() throws {
    try train(fault: "E027", naming: "cells.csv:3:1") { try $0.edit("d/cells.csv", "\nc1,", "\nc0,") }
  }

  @Test func truncatedCycles() throws {
    try train(fault: "E002", naming: "cycles.csv.gz") {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: $0.at("d/cycles.csv")))
      let packed = gzipped(Array(bytes))
      try FileManager.default.removeItem(atPath: $0.at("d/cycles.csv"))
      try $0.write("d/cycles.csv.gz", Array(packed.prefix(packed.count / 2)))
    }
  }

  @Test func truncatedCurve() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 4)
    var table = "voltage_volt,c1,c2\n"
    for i in 0..<500 { table += "\(2 + Double(i) / 500),\(1 / Double(i + 2)),\(1 / Double(i + 3))\n" }
    let packed = gzipped(Array(table.utf8))
    try place.write("d/curves/c1.csv.gz", Array(packed.prefix(packed.count / 2)))
    try refuse(place, ["check", place.at("d")], code: 2, fault: "E002", naming: "c1.csv.gz")
  }

  @Test func unknownCellInSplit() throws {
    try train(fault: "E028", naming: "splits.json") {
      try $0.write("d/splits.json", Array(#"{"main": {"train": ["c0", "nobody"]}}"#.utf8))
    }
  }

  @Test func emptyFile() throws {
    try train(fault: "E029", naming: "cycles.csv:1") { try $0.write("d/cycles.csv", []) }
  }

  @Test func outputInTheWay() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 4)
    try place.write("m.solidfade/kept.txt", [1])
    try refuse(
      place, ["train", place.at("d"), "-o", place.at("m.solidfade")], code: 2, fault: "E309", naming: "m.solidfade")
  }

  @Test func usage() throws {
    let unknown = try Tool.run(["train", "d", "-o", "m", "--no-such-option"])
    #expect(unknown.code == 64)
    #expect(unknown.out.isEmpty && unknown.error.contains("--no-such-option"))
    #expect(try Tool.run(["no-such-command"]).code == 64)
    #expect(try Tool.run(["--help"]).code == 0)
  }
}

@Suite(.enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct CheckCommandTests {
  @Test func soundDataPass() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 3)
    let run = try Tool.run(["check", place.at("d"), "--json"])
    #expect(run.code == 0)
    let document = try run.document()
    #expect(document["ok"] as? Bool == true)
    #expect((document["dataset"] as? [String: Any])?["n_cells"] as? Int == 3)
    #expect((document["groups"] as? [Any])?.count == 3)
  }

  @Test func faultsBecomeFindings() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 3)
    try place.edit("d/cycles.csv", "c0,3,", "c0,2.5,")
    let run = try Tool.run(["check", place.at("d"), "--json", "-o", place.at("out")])
    #expect(run.code == 1)
    let document = try run.document()
    let finding = try #require((document["findings"] as? [[String: Any]])?.first)
    #expect(finding["rule"] as? String == "D002")
    #expect(finding["line"] as? Int == 4 && finding["column"] as? Int == 4)
    #expect(FileManager.default.fileExists(atPath: place.at("out/findings.csv")))
    #expect(try Tool.run(["check", place.at("d"), "--fail-on", "never"]).code == 0)
    #expect(try Tool.run(["check", place.at("d"), "--only", "P*"]).code == 0)
  }

  @Test func protocolAndFailOn() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 3)
    #expect(try Tool.run(["check", place.at("d"), "--protocol", "assb"]).code == 0)
    #expect(try Tool.run(["check", place.at("d"), "--protocol", "assb", "--fail-on", "warn"]).code == 1)
    #expect(try Tool.run(["check", place.at("d"), "--protocol", "other"]).code == 64)
  }
}

@Suite(.enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct ImportCommandTests {
  @Test func writesADatasetOrNothing() throws {
    let place = try Workplace()
    try place.write("A1.csv", Array("cycle;retention\n1;1,0\n2;0,97\n".utf8))
    try place.write("bad.csv", Array("cycle;other\n1;1,0\n".utf8))
    let run = try Tool.run(["import", place.at("A1.csv"), "-d", place.at("d"), "--area-cm2", "0.785", "--json"])
    #expect(run.code == 0)
    #expect(try run.document()["ok"] as? Bool == true)
    let dataset = try DatasetReader.read(place.at("d"))
    #expect(dataset.cells.map(\.id) == ["A1"])
    #expect(dataset.cells[0].series.capacities == [1, 0.97])
    #expect(dataset.cells[0].attributes.number("electrode_area_cm2") == 0.785)
    let before = place.names()
    let bad = try Tool.run(["import", place.at("bad.csv"), "-d", place.at("e"), "--json"])
    #expect(bad.code == 2)
    #expect((try bad.document()["errors"] as? [[String: Any]])?.first?["code"] as? String == "E033")
    #expect(try Tool.run(["import", place.at("A1.csv"), "-d", place.at("d")]).code == 2)
    #expect(place.names() == before)
  }
}
