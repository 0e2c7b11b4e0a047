import BatteryData
import Foundation
import Testing

/// Cross-validation, recalibration and the look-up of shipped models from the command line.
@Suite(.serialized, .enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct ForecastCommandTests {
  @Test func crossValidationAndUpdate() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 12)
    let scored = try Tool.run(
      [
        "crossvalidate", place.at("d"), "--parts", "3", "--folds", "3", "--early", "20", "--baselines", "none", "-q",
        "--json", "-o", place.at("cv"),
      ])
    #expect(scored.code == 0, "\(scored.error)")
    let rows = try #require(try scored.document()["metrics"] as? [[String: Any]])
    #expect(rows.count == 1 && rows[0]["n_cells"] as? Int == 12)
    #expect(FileManager.default.fileExists(atPath: place.at("cv/predictions.csv")))
    let alone = try Tool.run(["crossvalidate", place.at("d"), "--by", "batch", "-q", "--json"])
    #expect(alone.code == 2)

    #expect(
      try Tool.run(
        ["train", place.at("d"), "-o", place.at("m.solidfade"), "--early", "20", "--folds", "3", "-q"]
      ).code == 0)
    try place.dataset("e", cells: 4)
    let name = try String(contentsOfFile: place.at("e/dataset.json"), encoding: .utf8)
    let cells = try String(contentsOfFile: place.at("e/cells.csv"), encoding: .utf8)
    #expect(!name.isEmpty && !cells.isEmpty)
    let updated = try Tool.run(
      [
        "model", "update", place.at("m.solidfade"), "--with", place.at("e"), "-o", place.at("n.solidfade"), "-q",
        "--json",
      ])
    #expect(updated.code == 0, "\(updated.error)")
    #expect(try updated.document()["parent"] as? String != nil)
    #expect(try Tool.run(["model", "verify", place.at("n.solidfade"), "-q"]).code == 0)
  }

  @Test("Cells of a dataset never seen that lie far out are refused with exit 5, unless extrapolation is allowed")
  func refusal() throws {
    let place = try Workplace()
    try place.dataset("d", cells: 12)
    try place.dataset("far", cells: 2)
    let trained = try Tool.run(
      ["train", place.at("d"), "-o", place.at("m.solidfade"), "--early", "20", "--folds", "3", "-q"])
    #expect(trained.code == 0, "\(trained.error)")
    let ask = ["predict", place.at("far"), "-m", place.at("m.solidfade"), "--early", "20", "-q", "--json"]
    #expect(try Tool.run(ask).code == 0)
    let hot = ask + ["--condition", "temperature_celsius=80"]
    let refused = try Tool.run(hot + ["-o", place.at("out")])
    #expect(refused.code == 5, "\(refused.error)")
    let document = try refused.document()
    #expect(document["ok"] as? Bool == false && document["exit"] as? Int == 5)
    let cells = try #require(document["cells"] as? [[String: Any]])
    #expect(cells.count == 2)
    for cell in cells {
      let life = try #require(cell["life"] as? [String: Any])
      #expect(life["status"] as? String == "refused")
      #expect((life["quantiles"] as? [Any])?.allSatisfy { $0 is NSNull } == true)
      #expect((life["p_life_ge"] as? [String: Any])?.values.allSatisfy { $0 is NSNull } == true)
      #expect((cell["forecast"] as? [Any])?.isEmpty == true && cell["in_domain"] as? Bool == false)
      #expect(
        (cell["refusal"] as? String)?.hasPrefix("temperature_celsius is 80, trained ") == true,
        "\(cell["refusal"] ?? "")")
    }
    let codes = (document["warnings"] as? [[String: Any]] ?? []).compactMap { $0["code"] as? String }
    #expect(codes.count { $0 == "W018" } == 2 && !codes.contains("W012"))
    let table = try String(contentsOfFile: place.at("out/forecast.csv"), encoding: .utf8)
    #expect(table.split(separator: "\n").dropFirst().allSatisfy { $0.contains(",true,false") }, "observed rows alone")
    let page = try Tool.run(["report", place.at("out"), "-o", place.at("r.html"), "-q"])
    #expect(page.code == 0, "\(page.error)")
    let html = try String(contentsOfFile: place.at("r.html"), encoding: .utf8)
    #expect(
      html.contains("Refused: too little in training is like this cell") && html.contains("temperature_celsius is 80"))
    #expect(try Tool.run(["notebook", place.at("out"), "-o", place.at("r.ipynb"), "-q"]).code == 0)

    let forced = try Tool.run(hot + ["--allow-extrapolation"])
    #expect(forced.code == 0)
    let life = try #require((try forced.document()["cells"] as? [[String: Any]])?.first?["life"] as? [String: Any])
    // The median may lie beyond the horizon; the early end of the interval and the shares do not.
    #expect(["forecast", "beyond_horizon"].contains(life["status"] as? String))
    #expect((life["quantiles"] as? [Any])?.first is Double && (life["p_life_ge"] as? [String: Double])?["100"] != nil)
    #expect(try Tool.run(hot + ["--allow-extrapolation", "--strict-domain"]).code == 64)
    // A dataset that taught the model is never refused.
    let own = ["predict", place.at("d"), "-m", place.at("m.solidfade"), "--early", "20", "-q"]
    #expect(try Tool.run(own + ["--condition", "temperature_celsius=80"]).code == 0)
  }

  @Test("Without -m the shipped model that fits is taken, and said; designs are put against each other")
  func shippedModel() throws {
    let place = try Workplace()
    let header = "cell_id,cathode_material,coating,electrolyte_material,anode_material,upper_cutoff_v"
    try place.write(
      "designs.csv",
      Array((header + "\nbare,NCM811,none,Li6PS5Cl,Li-In,4.3\nlno,NCM811,LiNbO3,Li6PS5Cl,Li-In,4.3\n").utf8))
    let found = try Tool.run(["predict", place.at("designs.csv"), "--json", "-q"])
    #expect(found.code == 0, "\(found.error)")
    let document = try found.document()
    #expect((document["bundle"] as? String)?.hasSuffix("sulfide-nmc811.solidfade") == true)
    let contrasts = try #require(document["contrasts"] as? [[String: Any]])
    #expect(contrasts.count == 1)
    #expect(try #require(contrasts[0]["p_better"] as? Double) > 0.6)
  }

  @Test("Tables of more cells than are written together: one header, cells in order, whatever the threads")
  func manyCells() throws {
    let place = try Workplace()
    let header = "cell_id,cathode_material,coating,electrolyte_material,anode_material,upper_cutoff_v"
    let ids = (0..<517).map { "cell-\($0)" }
    let rows = ids.enumerated().map { "\($1),NCM811,none,Li6PS5Cl,Li-In,\(4.1 + 0.001 * Double($0 % 300))" }
    try place.write("designs.csv", Array(([header] + rows).joined(separator: "\n").utf8))
    for threads in ["1", "5"] {
      let found = try Tool.run(
        ["predict", place.at("designs.csv"), "--draws", "20", "--threads", threads, "-q", "-o", place.at(threads)])
      #expect(found.code == 0, "\(found.error)")
    }
    for name in ["forecast.csv", "life.csv", "summary.json"] {
      let text = try String(contentsOfFile: place.at("1/" + name), encoding: .utf8)
      #expect(try String(contentsOfFile: place.at("5/" + name), encoding: .utf8) == text, "\(name)")
      guard name.hasSuffix("csv") else { continue }
      let first = text.split(separator: "\n").map { String($0.prefix { $0 != "," }) }
      #expect(first.count { $0 == "cell_id" } == 1)
      var seen: [String] = []
      for id in first.dropFirst() where seen.last != id { seen.append(id) }
      #expect(seen == ids, "\(name)")
    }
  }

  @Test("The shipped models reproduce their stored forecasts", arguments: ["sulfide-nmc811", "liquid-general"])
  func shippedReplay(name: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let bundle = root.appendingPathComponent("models/\(name).solidfade").path
    let verified = try Tool.run(["model", "verify", bundle, "--json", "-q"])
    #expect(verified.code == 0, "\(verified.error)")
  }
}
