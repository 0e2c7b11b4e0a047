import CellModel
import Foundation
import Testing

/// `validate` on a small literature dataset, and on what is none.
@Suite(.enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct ValidateCommandTests {
  /// Two papers with a bare and a coated cell each.
  private func literature(_ place: Workplace, _ change: (inout CellHistory) -> Void = { _ in }) throws {
    var cells: [CellHistory] = []
    for paper in ["p1", "p2"] {
      for (coating, kept) in [("none", 0.8), ("oxide", 0.9)] {
        var cell = CellHistory(
          id: "\(paper)-\(coating)",
          attributes: CellAttributes(
            numbers: ["nickel_fraction": 0.8, "upper_cutoff_v": 4.3, "reference_cycle": 1],
            texts: ["lab_id": paper, "coating_class": coating, "voltage_reference": "Li", "source_kind": "abstract"]),
          series: CycleSeries(ages: [1, 50], capacities: [1, kept]))
        change(&cell)
        cells.append(cell)
      }
    }
    try place.literature("d", cells)
  }

  @Test("Writes page, tables and a calibration that simulate reads; the same bytes for any number of threads")
  func writes() throws {
    let place = try Workplace()
    try literature(place)
    let arguments = ["validate", place.at("d"), "--members", "8", "--seeds", "2", "--progress", "off"]
    let run = try Tool.run(arguments + ["-o", place.at("one"), "--threads", "1", "--json"])
    #expect(run.code == 0, "\(run.error)")
    let document = try run.document()
    #expect((document["scores"] as? [[String: Any]])?.count == 4)
    #expect((document["contrasts"] as? [[String: Any]])?.first?["all_pairs"] as? Int == 2)
    #expect(try Tool.run(arguments + ["-o", place.at("two"), "--threads", "3"]).code == 0)
    for name in ["validation.md", "checkpoints.csv", "contrasts.csv", "calibration.json"] {
      let a = try Data(contentsOf: URL(fileURLWithPath: place.at("one/\(name)")))
      #expect(try a == Data(contentsOf: URL(fileURLWithPath: place.at("two/\(name)"))), "\(name)")
      #expect(!a.isEmpty)
    }
    let page = try String(contentsOfFile: place.at("one/validation.md"), encoding: .utf8)
    for cell in ["p1-none", "p2-oxide"] { #expect(page.contains("| \(cell) | 50 |")) }
    try place.write("cells.csv", Array("cell_id,upper_cutoff_v,voltage_reference\nA,4.3,Li\n".utf8))
    let simulate = ["simulate", place.at("cells.csv"), "--cycles", "50", "--draws", "4", "--json", "--calibration"]
    #expect(try Tool.run(simulate + [place.at("one/calibration.json")]).code == 0)
    try place.write("bad.json", Array(#"{"shift": {"speed": 1}}"#.utf8))
    let bad = try Tool.run(simulate + [place.at("bad.json")])
    #expect(bad.code == 2)
    #expect((try bad.document()["errors"] as? [[String: Any]])?.first?["code"] as? String == "E014")
  }

  @Test("Other data are refused: simulated cells, one paper, an impossible cell")
  func refuses() throws {
    func code(_ place: Workplace) throws -> String? {
      let run = try Tool.run([
        "validate", place.at("d"), "--members", "8", "--seeds", "1", "--json", "--progress", "off",
      ])
      #expect(run.code == 2)
      return (try run.document()["errors"] as? [[String: Any]])?.first?["code"] as? String
    }
    let simulated = try Workplace()
    try simulated.dataset("d", cells: 4)
    #expect(try code(simulated) == "E014")
    let single = try Workplace()
    try literature(single) { $0.attributes.texts["lab_id"] = "p1" }
    #expect(try code(single) == "E046")
    let impossible = try Workplace()
    try literature(impossible) { $0.attributes.numbers["lower_cutoff_v"] = 4.5 }
    #expect(try code(impossible) == "E024")
    let usage = try Tool.run(["validate", impossible.at("d"), "--members", "1"])
    #expect(usage.code == 64)
  }
}
