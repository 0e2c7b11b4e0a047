import BatteryData
import CellModel
import Foundation
import Testing

/// Design studies, spread of builds and notebooks from the command line.
@Suite(.serialized, .enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct StudyCommandTests {
  private func write(_ place: Workplace, _ name: String, _ text: String) throws {
    try place.write(name, Array(text.utf8))
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private func base(_ place: Workplace) throws {
    try write(
      place, "cells.csv",
      "cell_id,cathode_material,coating,electrolyte_material,anode_material,upper_cutoff_v,areal_loading_mg_cm2,"
        + "stack_pressure_mpa,temperature_celsius,discharge_c_rate\n"
        + "A,NCM811,none,Li6PS5Cl,Li-In,4.3,12,20,25,0.3\n")
    try write(
      place, "v.toml",
      "parameter = [ { name = \"areal_loading_mg_cm2\", dist = \"normal\", sd_rel = 0.05 } ]\n")
  }

  @Test("predict --variability adds yields and a ranking, and says what is not a design")
  func population() throws {
    let place = try Workplace()
    try base(place)
    let model = Self.root + "/models/sulfide-nmc811.solidfade"
    let out = place.at("p")
    let run = try Tool.run(
      ["predict", place.at("cells.csv"), "-m", model, "--variability", place.at("v.toml"), "-o", out, "--json", "-q"])
    #expect(run.code == 0, "\(run.error)")
    let population = try #require(try run.document()["population"] as? [[String: Any]])
    #expect(population.count == 1)
    #expect((population[0]["yield"] as? [[String: Any]])?.count == 4)
    #expect((population[0]["tolerances"] as? [[String: Any]])?.count == 1)
    let table = try String(contentsOfFile: out + "/population.csv", encoding: .utf8)
    #expect(table.hasPrefix("cell_id,item,name,mean,q05,q95,standard_error\nA,yield,p_life_ge_100,"))
    #expect(try Tool.run(["report", out, "-o", place.at("p.html"), "-q"]).code == 0)
    let page = try String(contentsOfFile: place.at("p.html"), encoding: .utf8)
    #expect(page.contains("share of the cells of this design") && page.contains("<td>areal_loading_mg_cm2</td>"))
    #expect(population[0]["lots"] is NSNull && population[0]["across"] as? String == "line")
    try write(place, "lots.toml", "levels = { lab = 0.3, batch = 0.1, cell = 0.1 }\n")
    func predict(_ arguments: [String], _ file: String = "lots.toml") throws -> Tool.Output {
      try Tool.run(["predict", place.at("cells.csv"), "-m", model, "--variability", place.at(file)] + arguments)
    }
    let lots = try predict(["--per-batch", "--across", "labs", "--json", "-o", place.at("l")])
    #expect(lots.code == 0 && !lots.error.contains("W08"), "\(lots.error)")
    let any = try #require((try lots.document()["population"] as? [[String: Any]])?.first)
    #expect(any["across"] as? String == "labs")
    #expect(((any["lots"] as? [String: Any])?["yield"] as? [[String: Any]])?.count == 4)
    let rows = try String(contentsOfFile: place.at("l/population.csv"), encoding: .utf8)
    #expect(rows.contains("A,lot_yield_q05,p_life_ge_100,") && rows.contains("A,lot_yield_q95,p_life_ge_1000,"))
    #expect(try Tool.run(["report", place.at("l"), "-o", place.at("l.html"), "-q"]).code == 0)
    let shown = try String(contentsOfFile: place.at("l.html"), encoding: .utf8)
    #expect(shown.contains("Lot by lot") && shown.contains("built by any laboratory"))
    let vain = try predict(["--per-batch", "--across", "labs"], "v.toml")
    #expect(vain.code == 0 && vain.error.contains("W080") && vain.error.contains("W081"))
    #expect(try predict(["--across", "cities"]).code == 64)
    #expect(try Tool.run(["predict", place.at("cells.csv"), "-m", model, "--per-batch"]).code == 64)
    try write(place, "bad.toml", "describes = \"mine\"\nparameter = []\n")
    let bad = try Tool.run(["predict", place.at("cells.csv"), "-m", model, "--variability", place.at("bad.toml"), "-q"])
    #expect(bad.code == 2)
    #expect(bad.error.contains("describes") && bad.error.contains("expected training or new_line"))
  }

  @Test("A study writes its front, the same for any number of threads, and a notebook shows it")
  func study() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      variable = [
        { name = "upper_cutoff_v", type = "ordinal", values = [4.1, 4.3] },
        { name = "coating", type = "category", values = ["none", "LiNbO3"] },
        { name = "stack_pressure_mpa", type = "real", bounds = [5, 50], scale = "log" },
      ]
      objective = [ { metric = "life", goal = "max", statistic = "q10" }, { metric = "cell_energy_wh_kg", goal = "max" } ]
      constraint = [ { expression = "stack_pressure_mpa <= 40" } ]
      robust = { variability = "v.toml", draws = 32 }
      """)
    var tables: [Data?] = []
    for threads in ["1", "2"] {
      let out = place.at("s" + threads)
      let run = try Tool.run(
        [
          "optimize", place.at("space.toml"), "--budget", "80", "--horizon", "200", "--threads", threads, "-o", out,
          "-q",
          "--json",
        ])
      #expect(run.code == 0, "\(run.error)")
      let front = try #require(try run.document()["front"] as? [[String: Any]])
      #expect(!front.isEmpty)
      tables.append(FileManager.default.contents(atPath: out + "/history.csv"))
    }
    #expect(tables[0] != nil && tables[0] == tables[1])
    let notebook = try Tool.run(["notebook", place.at("s1"), "-o", place.at("s.ipynb"), "-q"])
    #expect(notebook.code == 0, "\(notebook.error)")
    let text = try String(contentsOfFile: place.at("s.ipynb"), encoding: .utf8)
    #expect(text.contains("\"nbformat_minor\" : 5") && text.contains("Path(\\\"s1\\\")"))
    #expect(try Tool.run(["notebook", place.at("."), "-o", place.at("t.ipynb"), "-q"]).code == 2)
    let page = try Tool.run(["report", place.at("s1"), "-o", place.at("s.html"), "-q"])
    #expect(page.code == 0, "\(page.error)")
    let html = try String(contentsOfFile: place.at("s.html"), encoding: .utf8)
    #expect(html.contains("What to build") && html.contains("Front of the study") && html.contains("What moves design"))
  }

  @Test("A search that was broken off goes on from its checkpoint to the same tables; another study's is refused")
  func checkpoint() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      variable = [
        { name = "upper_cutoff_v", type = "ordinal", values = [4.1, 4.3] },
        { name = "stack_pressure_mpa", type = "real", bounds = [5, 50], scale = "log" },
        { name = "separator_thickness_um", type = "real", bounds = [20, 60] },
      ]
      objective = [ { metric = "life", goal = "max", statistic = "q10" }, { metric = "cell_energy_wh_kg", goal = "max" } ]
      constraint = [ { metric = "life", op = ">=", value = 20, probability = 0.8 } ]
      robust = { draws = 32 }
      """)
    let common = ["optimize", place.at("space.toml"), "--horizon", "100", "-q", "--budget"]
    let kept = ["--checkpoint", place.at("c.json")]
    let whole = try Tool.run(common + ["120", "-o", place.at("a")])
    #expect(whole.code == 0, "\(whole.error)")
    #expect(try Tool.run(common + ["80", "-o", place.at("b")] + kept).code == 0)
    // Cut short: what a break in the middle of a longer search leaves behind.
    #expect(try Tool.run(common + ["120", "-o", place.at("c")] + kept).code == 0)
    for name in ["history.csv", "front.csv"] {
      #expect(
        FileManager.default.contents(atPath: place.at("a/" + name))
          == FileManager.default.contents(atPath: place.at("c/" + name)))
    }
    let other = try Tool.run(common + ["120", "--seed", "2"] + kept)
    #expect(other.code == 2 && other.error.contains("E076"))
    // No published cell has ever varied the separator.
    let front = try String(contentsOfFile: place.at("a/front.csv"), encoding: .utf8)
    #expect(front.contains("separator_thickness_um was never varied by published cells"))
    let history = try String(contentsOfFile: place.at("a/history.csv"), encoding: .utf8)
    #expect(history.split(separator: "\n")[0].hasSuffix(",n_draws"))
    let loud = try Tool.run(["optimize", place.at("space.toml"), "--horizon", "100", "--budget", "80"])
    #expect(loud.error.contains("W076") && loud.error.contains("W082"))
  }

  @Test("Measured designs in, the next batch out; what is missing or outside is named with its line")
  func observed() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      variable = [
        { name = "upper_cutoff_v", type = "ordinal", values = [4.1, 4.2, 4.3] },
        { name = "stack_pressure_mpa", type = "real", bounds = [5, 50], scale = "log" },
      ]
      objective = [ { metric = "life", goal = "max" }, { metric = "stack_pressure_mpa", goal = "min" } ]
      robust = { draws = 32 }
      """)
    let header = "cell_id,upper_cutoff_v,stack_pressure_mpa,life\n"
    let rows = "p1,4.1,10,200\np2,4.2,20,180\np3,4.3,40,90\np4,4.1,45,260\n"
    try write(place, "built.csv", header + rows)
    let arguments = ["optimize", place.at("space.toml"), "--horizon", "100", "-q", "--observed", place.at("built.csv")]
    let run = try Tool.run(arguments + ["--batch", "3", "--json", "-o", place.at("n")])
    #expect(run.code == 0, "\(run.error)")
    let next = try #require(try run.document()["next"] as? [[String: Any]])
    #expect(next.count == 3)
    for pick in next {
      let design = try #require(pick["design"] as? [String: Any])
      #expect((5...50).contains(design["stack_pressure_mpa"] as? Double ?? 0))
      #expect((pick["expected"] as? [Double])?.count == 2)
    }
    #expect(FileManager.default.fileExists(atPath: place.at("n/next.csv")))
    // The same age of a cell that is still running speaks for longer lives.
    func expectedLife(_ status: String) throws -> Double {
      try write(
        place, "built.csv",
        "cell_id,upper_cutoff_v,stack_pressure_mpa,life,status\n"
          + rows.replacingOccurrences(of: "\n", with: ",completed\n") + "p5,4.1,30,150,\(status)\n")
      let run = try Tool.run(arguments + ["--batch", "1", "--json"])
      #expect(run.code == 0, "\(run.error)")
      let pick = try #require((try run.document()["next"] as? [[String: Any]])?.first)
      return try #require((pick["expected"] as? [Double])?.first)
    }
    #expect(try expectedLife("running") > expectedLife("completed"))
    // A cell beyond the space teaches, and is named; a column that no design has is named too.
    try write(
      place, "built.csv",
      header.dropLast() + ",colour\n" + "p1,4.1,10,200,red\np2,4.2,20,180,red\n"
        + "p3,4.3,40,90,red\np5,4.5,500,10,red\n")
    let beyond = try Tool.run(arguments.filter { $0 != "-q" } + ["--json"])
    #expect(beyond.code == 0, "\(beyond.error)")
    #expect(beyond.error.contains("W088") && beyond.error.contains("built.csv:5: cell p5"), "\(beyond.error)")
    #expect(beyond.error.contains("upper_cutoff_v 4.5, stack_pressure_mpa 500") && beyond.error.contains("colour"))
    for pick in try #require(try beyond.document()["next"] as? [[String: Any]]) {
      #expect((5...50).contains((pick["design"] as? [String: Any])?["stack_pressure_mpa"] as? Double ?? 0))
    }
    for (text, word) in [
      (header + rows + "p5,4.1,20,\n", "life"),
      ("cell_id,upper_cutoff_v,life\np1,4.1,200\n", "does not state it"), (header + "p1,4.1,10,200\n", "3 or more"),
      (header, "no cell after the header"), (header + rows + "p4,4.1,45,270\n", "E027"),
    ] {
      try write(place, "built.csv", text)
      let wrong = try Tool.run(arguments)
      #expect(wrong.code == 2 && wrong.error.contains(word) && wrong.error.contains("built.csv"), "\(wrong.error)")
    }
  }

  @Test("A fitted model's lives are searched in place of the physics")
  func fittedModel() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      variable = [
        { name = "coating", type = "category", values = ["none", "LiNbO3"] },
        { name = "upper_cutoff_v", type = "ordinal", values = [4.1, 4.3] },
      ]
      objective = [ { metric = "life", goal = "max", statistic = "q50" } ]
      robust = { draws = 64 }
      """)
    let model = Self.root + "/models/sulfide-nmc811.solidfade"
    func life(_ arguments: [String]) throws -> Double {
      let run = try Tool.run(
        ["optimize", place.at("space.toml"), "--budget", "80", "--horizon", "20000", "-q", "--json"] + arguments)
      #expect(run.code == 0, "\(run.error)")
      let front = try #require(try run.document()["front"] as? [[String: Any]])
      let best = try #require(front.first?["design"] as? [String: Any])
      #expect(best["coating"] as? String == "LiNbO3" && best["upper_cutoff_v"] as? Double == 4.1)
      return try #require((front.first?["objectives"] as? [Double])?.first)
    }
    // Published cells and the physics agree in order, not in level.
    #expect(try abs(log(life(["-m", model]) / life([]))) > 0.05)
    let liquid = try Tool.run(
      ["optimize", place.at("space.toml"), "-m", Self.root + "/models/liquid-general.solidfade", "-q"])
    #expect(liquid.code == 2 && liquid.error.contains("E077"), "\(liquid.error)")
  }

  @Test("A mixture of a space file adds up in every design that is tried")
  func mixture() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      objective = [ { metric = "life", goal = "max" }, { metric = "cell_energy_wh_kg", goal = "max" } ]
      robust = { draws = 40 }
      [[variable]]
      type = "mixture"
      names = ["active_mass_fraction", "carbon_mass_fraction", "electrolyte_mass_fraction"]
      total = 0.98
      bounds = [[0.6, 0.85], [0, 0.05], [0.1, 0.4]]
      """)
    let run = try Tool.run(
      ["optimize", place.at("space.toml"), "--budget", "80", "--horizon", "50", "-o", place.at("m"), "--json", "-q"])
    #expect(run.code == 0, "\(run.error)")
    let document = try run.document()
    #expect(document["draws"] as? Double == 64 && document["draws_asked"] as? Double == 40)
    let rows = try String(contentsOfFile: place.at("m/history.csv"), encoding: .utf8).split(separator: "\n")
    #expect(rows[0].hasPrefix("evaluation,active_mass_fraction,carbon_mass_fraction,electrolyte_mass_fraction,"))
    #expect(rows.count > 70)
    for row in rows.dropFirst() {
      let parts = row.split(separator: ",").dropFirst().prefix(3).compactMap { Double($0) }
      #expect(parts.count == 3 && abs(parts.reduce(0, +) - 0.98) < 1e-6, "\(row)")
    }
  }

  @Test("Sizes that make no sense are refused")
  func sizes() throws {
    let place = try Workplace()
    try base(place)
    try write(
      place, "space.toml",
      """
      base = "cells.csv:A"
      variable = [ { name = "stack_pressure_mpa", type = "real", bounds = [5, 50] } ]
      objective = [ { metric = "life", goal = "max" } ]
      robust = { draws = 16 }
      """)
    for (arguments, code, words) in [
      (["--budget", "79"], 64, ["--budget is 79", "80…1000000"]),
      (["--observed", place.at("cells.csv"), "--batch", "17"], 64, ["--batch is 17", "1…16"]),
      // A key of the file, not an option.
      (["--budget", "80"], 2, ["space.toml", "robust: draws is 16.0, expected a whole number 32…4096"]),
    ] as [([String], Int32, [String])] {
      let run = try Tool.run(["optimize", place.at("space.toml"), "-q"] + arguments)
      #expect(run.code == code, "\(arguments): \(run.code)")
      for word in words { #expect(run.error.contains(word), "\(run.error)") }
    }
  }

  @Test(
    "What a space gets wrong is named",
    arguments: [
      (
        "variable = [ { type = \"mixture\", names = [\"active_mass_fraction\", \"carbon_mass_fraction\"], total = 1, "
          + "bounds = [[0.1, 0.2], [0.1, 0.3]] } ]", "allow sums from 0.2 to 0.5"
      ),
      (
        "variable = [ { type = \"mixture\", names = [\"active_mass_fraction\", \"carbn\"], total = 1 } ]",
        "variable \"carbn\": is no column of cells.csv"
      ),
      (
        "variable = [ { type = \"mixture\", names = [\"active_mass_fraction\", \"carbon_mass_fraction\"], total = 1, "
          + "bounds = [[0.1, 0.2]] } ]", "each of the 2 names"
      ),
      ("variable = [ { name = \"lief\", type = \"real\", bounds = [1, 2] } ]", "lief"),
      ("variable = [ { name = \"stack_pressure_mpa\", type = \"real\", bounds = [2, 1] } ]", "ascending"),
      ("variable = [ { name = \"observed_life\", type = \"real\", bounds = [1, 2] } ]", "outcome"),
      (
        "variable = [ { name = \"stack_pressure_mpa\", type = \"real\", bounds = [1, 9] } ]\n"
          + "constraint = [ { expression = \"stack_pressure_mpa > 3 +\" } ]", "column 25"
      ),
      (
        "variable = [ { name = \"stack_pressure_mpa\", type = \"real\", bounds = [1, 9] } ]\n"
          + "constraint = [ { expression = \"stack_pressure_mpa > 30\" } ]", "stack_pressure_mpa > 30"
      ),
    ])
  func faults(text: String, word: String) throws {
    let place = try Workplace()
    try write(place, "space.toml", "objective = [ { metric = \"life\", goal = \"max\" } ]\n" + text + "\n")
    let run = try Tool.run(["optimize", place.at("space.toml"), "--budget", "80", "--horizon", "20", "-q"])
    #expect(run.code == 2)
    #expect(run.error.contains(word), "\(run.error)")
  }

  private static let pressure = "variable = [ { name = \"stack_pressure_mpa\", type = \"real\", bounds = [5, 50] } ]\n"

  @Test(
    "What a space gets wrong is named with its line and column",
    arguments: [
      (
        "variable = [ { name = \"active_mass_fraction\", type = \"real\", bounds = [0.5, 1.4] } ]", ":2:71: ",
        "1.4, allowed 0.0…1.0"
      ),
      ("variable = [\n  { name = \"upper_cutoff_v\", type = \"ordinal\", values = [] },\n]", ":3:3: ", "at least one"),
      ("variable = [ { name = \"coating\", type = \"real\", bounds = [1, 2] } ]", ":2:41: ", "holds words"),
      (
        "[[variable]]\nname = \"stack_pressure_mpa\"\ntype = \"category\"\nvalues = [\"a\"]", ":4:8: ",
        "cannot be category"
      ),
      (pressure + "[[variable]]\nname = \"x\"", ":3:1: ", "not well-formed"),
      (
        "[[variable]]\nname = \"stack_pressure_mpa\"\ntype = \"real\"\nbounds = [5, 50]\n[[linked]]\n"
          + "name = \"active_mass_fraction\"\nexpression = \"electrolyte_mass_fraction\"\n[[linked]]\n"
          + "name = \"electrolyte_mass_fraction\"\nexpression = \"active_mass_fraction\"", ":6:1: ", "needs itself"
      ),
      (pressure + "over = \"all\"", ":3:8: ", "expected joint or manufacturing"),
      (pressure + "robust = { draws = 16 }", ":3:20: ", "expected a whole number 32…4096"),
      (pressure + "robust = { draws = nan }", ":3:20: ", "expected a number"),
      (pressure + "objektive = 3 # a comment", ":3:13: ", "\"objektive\" is no key here"),
      (
        pressure + "constraint = [ { metric = \"life\", op = \">=\", value = 1, probability = 1 } ]", ":3:16: ",
        "between 0 and 1"
      ),
      (pressure + "constraint = [ { metric = \"life\", op = \"=\", value = 1 } ]", ":3:40: ", "expected >= or <="),
      (
        pressure + "constraint = [ { expression = \"log(stack_pressure_mpa - 45) > 0.1\" } ]", ":3:16: ",
        "has no value for 18 of the first 20 designs: log of"
      ),
      (pressure + "cost = \"1 / (stack_pressure_mpa * 0)\"", ":3:8: ", "division by zero"),
      (
        "variable = [ { name = \"cathode_material\", type = \"category\", values = [\"X1\", \"X2\"] } ]", "E078",
        "found X"
      ),
    ])
  func places(text: String, place: String, word: String) throws {
    let folder = try Workplace()
    try write(folder, "space.toml", "objective = [ { metric = \"life\", goal = \"max\" } ]\n" + text + "\n")
    let run = try Tool.run(["optimize", folder.at("space.toml"), "--budget", "80", "--horizon", "20", "-q"])
    #expect(run.code == 2)
    #expect(run.error.contains(place) && run.error.contains(word), "\(run.error)")
    #expect(run.error.contains("  help: ") && run.error.contains("space.toml"), "\(run.error)")
  }

  @Test("An objective that nothing changes is named; statistics over what is built alone leave no room for ignorance")
  func over() throws {
    let place = try Workplace()
    try base(place)
    func life(_ key: String) throws -> (error: String, spread: Double) {
      try write(
        place, "space.toml",
        "base = \"cells.csv:A\"\n" + Self.pressure + key
          + "objective = [ { metric = \"life\", goal = \"max\" }, { metric = \"temperature_celsius\", goal = \"min\" } ]\n"
          + "robust = { variability = \"v.toml\", draws = 64 }\n")
      let run = try Tool.run(
        [
          "optimize", place.at("space.toml"), "--budget", "80", "--horizon", "2000", "-o", place.at("o"), "--force",
          "--json",
        ])
      #expect(run.code == 0, "\(run.error)")
      #expect(try run.document()["over"] as? String == (key.isEmpty ? "joint" : "manufacturing"))
      let rows = try String(contentsOfFile: place.at("o/front.csv"), encoding: .utf8).split(separator: "\n")
      let names = rows[0].split(separator: ",").map(String.init)
      let values = rows[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      func value(_ name: String) throws -> Double {
        try #require(names.firstIndex(of: name).flatMap { Double(values[$0]) })
      }
      return (run.error, log(try value("life_q95") / value("life_q05")))
    }
    let joint = try life("")
    #expect(joint.error.contains("W085") && joint.error.contains("temperature_celsius"), "\(joint.error)")
    let built = try life("over = \"manufacturing\"\n")
    #expect(built.spread > 0 && built.spread < 0.6 * joint.spread, "\(built.spread), \(joint.spread)")
    #expect(!built.error.contains("W089"))
    // A model that no replicates taught has nothing to scatter by but stated levels.
    let model = ["-m", Self.root + "/models/sulfide-nmc811.solidfade"]
    let search =
      ["optimize", place.at("space.toml"), "--budget", "80", "--horizon", "2000", "--progress", "off"] + model
    let stiff = try Tool.run(search)
    #expect(stiff.code == 0 && stiff.error.contains("W089"), "\(stiff.error)")
    try write(place, "v.toml", "levels = { cell = 0.2 }\n")
    let stated = try Tool.run(search)
    #expect(stated.code == 0 && !stated.error.contains("W089"), "\(stated.error)")
  }

  @Test(
    "What a file of tolerances gets wrong is named with its line and column",
    arguments: [
      ("levels = { lab = -1 }", ":1:18: ", "lab is -1.0, expected 0…3"),
      ("levels = { cell = 3.5 }", ":1:19: ", "cell is 3.5, expected 0…3"),
      ("levels = { labb = 1 }", ":1:19: ", "\"labb\" is no key here"),
      ("[[parameter]]\nname = \"stack_pressure_mpa\"\ndist = \"normal\"\nsd_rel = 4", ":1:1: ", "sd 4.0"),
      ("[[parameter]]\nname = \"stack_pressure_mpa\"\ndist = \"gauss\"", ":3:8: ", "dist \"gauss\""),
      ("[[parameter]]\nname = \"observed_life\"\ndist = \"normal\"\nsd_rel = 0.1", ":2:8: ", "no number of a design"),
      (
        "parameter = [ { name = \"stack_pressure_mpa\", dist = \"uniform\", min_rel = 0.2, max_rel = 0.1 } ]",
        ":1:74: ", "min_rel < max_rel"
      ),
      (
        "parameter = [ { name = \"stack_pressure_mpa\", dist = \"normal\", sd_rel = 0.1, level = \"lot\" } ]",
        ":1:85: ", "expected cell or batch"
      ),
      (
        "parameter = [ { name = \"stack_pressure_mpa\", dist = \"normal\", sd_rel = 0.01, min_rel = 3 } ]", ":1:15: ",
        "exclude the distribution"
      ),
      (
        "parameter = [ { name = \"stack_pressure_mpa\", dist = \"normal\", sd_log = 0.1 } ]", ":1:72: ",
        "\"sd_log\" is no key"
      ),
      (
        "parameter = [ { name = \"cathode_porosity\", dist = \"beta\", min_rel = -0.3, max_rel = 0.5, mode_rel = 0.6 } ]",
        ":1:15: ", "within -0.3…0.5"
      ),
      (two + two, ":1:1: ", "named twice on the level cell"),
      (
        two + "[[correlation]]\na = \"stack_pressure_mpa\"\nb = \"temperature\"\nrho = 0.5", ":5:1: ",
        "no parameter of this file"
      ),
      (
        three + "[[correlation]]\na = \"stack_pressure_mpa\"\nb = \"temperature_celsius\"\nrho = 1", ":13:1: ",
        "between -1 and 1"
      ),
      (
        three + "[[correlation]]\na = \"stack_pressure_mpa\"\nb = \"temperature_celsius\"\nrho = 0.9\n"
          + "[[correlation]]\na = \"stack_pressure_mpa\"\nb = \"areal_loading_mg_cm2\"\nrho = 0.9\n"
          + "[[correlation]]\na = \"temperature_celsius\"\nb = \"areal_loading_mg_cm2\"\nrho = -0.5", ":21:1: ",
        "rho(temperature_celsius, areal_loading_mg_cm2) must lie in (0.63, 0.99)"
      ),
      ("early_failure = { probability = 1.5 }", ":1:33: ", "probability is 1.5, expected 0…1"),
      ("early_failure = { probability = 0.1 }", ":1:33: ", "alone does not say"),
      ("early_failure = { probability = 0.5, beta = [8, 92] }", ":1:33: ", "mean of Beta(8.0, 92.0)"),
      ("early_failure = { beta = [0, 2] }", ":1:26: ", "two numbers above 0"),
      ("early_failure = { failed = 3, of = 2 }", ":1:28: ", "0 ≤ failed ≤ of"),
      ("early_failure = { failed = 3, of = 20, prior = \"flat\" }", ":1:48: ", "weak or jeffreys"),
      ("early_failure = { failed = 3, of = 20, until = 0 }", ":1:48: ", "an age above 0"),
      ("early_failure = { failed = 3, of = 20, beta = [4, 4] }", ":1:47: ", "give [4.0, 36.0]"),
      ("posterior = { lab = [1], batch = [1, 2], cell = [1, 2] }", ":1:13: ", "1, 2, 2 values"),
      ("describes = \"mine\"", ":1:13: ", "training or new_line"),
    ])
  func tolerances(text: String, place: String, word: String) throws {
    let folder = try Workplace()
    try base(folder)
    try write(folder, "bad.toml", text + "\n")
    let run = try Tool.run([
      "variability", "sample", folder.at("bad.toml"), folder.at("cells.csv"), "-o", folder.at("n.csv"), "-q",
    ])
    #expect(run.code == 2)
    #expect(run.error.contains("bad.toml" + place) && run.error.contains(word), "\(run.error)")
    #expect(run.error.contains("  help: ") && !FileManager.default.fileExists(atPath: folder.at("n.csv")))
  }

  private static func normal(_ name: String) -> String {
    "[[parameter]]\nname = \"\(name)\"\ndist = \"normal\"\nsd_rel = 0.1\n"
  }
  private static let two = normal("stack_pressure_mpa")
  private static let three =
    normal("stack_pressure_mpa") + normal("temperature_celsius") + normal("areal_loading_mg_cm2")

  @Test("Limits that cut much of a tolerance are named; a parameter on two levels scatters by both")
  func cut() throws {
    let place = try Workplace()
    try base(place)
    let name = "stack_pressure_mpa"
    try write(
      place, "c.toml",
      "parameter = [ { name = \"\(name)\", dist = \"normal\", sd_rel = 0.1, min_rel = 0 },\n"
        + " { name = \"areal_loading_mg_cm2\", dist = \"beta\", min_rel = -0.1, max_rel = 0.1 } ]\n")
    let sample = ["variability", "sample", place.at("c.toml"), place.at("cells.csv"), "--n", "64"]
    let half = try Tool.run(sample)
    #expect(half.code == 0 && half.error.contains("W084") && half.error.contains("50.0 %"), "\(half.error)")
    #expect(!half.error.contains("areal_loading_mg_cm2"), "\(half.error)")
    try write(place, "c.toml", Self.two + Self.two + "level = \"batch\"\n")
    let both = try Tool.run(sample + ["--json"])
    #expect(both.code == 0, "\(both.error)")
    #expect((try both.document()["parameters"] as? [[String: Any]])?.count == 1)
  }

  @Test("A plan names what it lacks, takes levels of its own up to a limit, and spends what it may")
  func planOptions() throws {
    let place = try Workplace()
    try base(place)
    let cell = place.at("cells.csv") + ":A"
    for (arguments, code, words) in [
      (["--stress", "temperature_celsius", "--weeks", "0.01"], 2, ["--weeks", "fewer than the 8", "weeks or more"]),
      (["--stress", "cathode_thickness_um"], 2, ["does not state it"]),
      (["--stress", "cathode_thickness_um=1,2"], 2, ["does not state it", "use condition"]),
      (
        ["--stress", "temperature_celsius", "--max-stress", "temperature_celsius=20"], 2,
        ["20.0 at most", "--max-stress"]
      ),
      (
        ["--stress", "temperature_celsius=25,60", "--max-stress", "temperature_celsius=50"], 2, ["level 60 lies above"]
      ),
      (
        ["--stress", "temperature_celsius,discharge_c_rate,upper_cutoff_v,stack_pressure_mpa"], 2, ["320 combinations"]
      ),
      (
        ["--stress", "temperature_celsius", "--max-stress", "upper_cutoff_v=5"], 64,
        ["--stress names temperature_celsius"]
      ),
      (["--stress", "temperature_celsius", "--max-stress", "temperature_celsius"], 64, ["give NAME=VALUE"]),
      (["--stress", "temperature_celsius", "--cell-cost", "5"], 64, ["give both or none"]),
      (["--stress", "temperature_celsius", "--cell-cost", "-5", "--channel-cost", "1"], 64, ["cell-cost"]),
    ] as [([String], Int32, [String])] {
      let run = try Tool.run(["plan", cell, "-q"] + arguments)
      #expect(run.code == code, "\(arguments): \(run.code) \(run.error)")
      for word in words { #expect(run.error.contains(word), "\(run.error)") }
    }
    let limited = try Tool.run(
      [
        "plan", cell, "--channels", "4", "--weeks", "8", "--stress", "temperature_celsius", "--max-stress",
        "temperature_celsius=45", "--channel-cost", "10", "--cell-cost", "300", "-o", place.at("p"), "--json", "-q",
      ])
    #expect(limited.code == 0, "\(limited.error)")
    let document = try limited.document()
    #expect((document["conditions"] as? [[String: Any]])?.count == 5)
    // Four cells for eight weeks each.
    let most = 4.0 * (300 + 8 * 10)
    let costs = (document["plans"] as? [[String: Any]])?.compactMap { $0["cost"] as? Double } ?? []
    #expect(costs.count == 3 && costs.allSatisfy { $0 <= most + 1e-6 }, "\(costs)")
    let table = try String(contentsOfFile: place.at("p/plan.csv"), encoding: .utf8)
    #expect(table.split(separator: "\n")[0].hasSuffix(",information_nat,cost"))
    let factors = try String(contentsOfFile: place.at("p/acceleration.csv"), encoding: .utf8)
    #expect(factors.contains(",p_other_mechanism,") && factors.contains("\nc5,45,"))
  }

  @Test("A plan keeps its channels and weeks, in three styles, the optimal the narrowest; bad stresses are named")
  func plan() throws {
    let place = try Workplace()
    try base(place)
    let run = try Tool.run(
      [
        "plan", place.at("cells.csv") + ":A", "--channels", "8", "--weeks", "8", "--stress",
        "temperature_celsius=25,45,60", "-o", place.at("p"), "--json", "-q",
      ])
    #expect(run.code == 0, "\(run.error)")
    let beyond = try #require(try run.document()["share_beyond_horizon"] as? Double)
    #expect((0...1).contains(beyond))
    let plans = try #require(try run.document()["plans"] as? [[String: Any]])
    #expect(plans.compactMap { $0["style"] as? String } == ["optimal", "compromise", "balanced"])
    let spreads = plans.compactMap { $0["sd_log_life_linear"] as? Double }
    #expect(spreads[0] <= spreads[1] + 1e-9 && spreads[1] <= spreads[2] + 1e-9)
    let plan = try String(contentsOfFile: place.at("p/plan.csv"), encoding: .utf8).split(separator: "\n")
    #expect(plan[0].hasSuffix(",interval_width_after,approximate,information_nat"), "\(plan[0])")
    for plan in plans {
      #expect(plan["effective_members"] as? Double ?? 0 >= 1)
      #expect(plan["approximate"] is Bool == ((plan["effective_members"] as? Double ?? 0) >= 20))
      let rows = try #require(plan["rows"] as? [[String: Any]])
      let used = rows.reduce(0.0) { $0 + ($1["n_cells"] as? Double ?? 0) * ($1["weeks"] as? Double ?? 0) }
      #expect(used <= 64 + 1e-9)
    }
    let whole = try Tool.run(
      [
        "plan", place.at("cells.csv") + ":A", "--channels", "8", "--weeks", "8", "--stress",
        "temperature_celsius=25,45,60", "--criterion", "d-optimal", "--json", "-q",
      ])
    #expect(whole.code == 0, "\(whole.error)")
    let others = try #require(try whole.document()["plans"] as? [[String: Any]])
    // Best for all unknowns, not for the life alone; the balanced plan is the same.
    func nats(_ plans: [[String: Any]]) -> [Double] { plans.compactMap { $0["information_nat"] as? Double } }
    #expect(nats(others)[0] > nats(plans)[0] && nats(others)[2] == nats(plans)[2])
    #expect(try #require(others[0]["sd_log_life_linear"] as? Double) >= spreads[0] - 1e-9)
    #expect(try Tool.run(["plan", place.at("cells.csv") + ":A", "--stress", "a=1,2", "--criterion", "e"]).code == 64)
    #expect(FileManager.default.fileExists(atPath: place.at("p/acceleration.csv")))
    let page = try Tool.run(["report", place.at("p"), "-o", place.at("p.html"), "-q"])
    #expect(page.code == 0, "\(page.error)")
    let html = try String(contentsOfFile: place.at("p.html"), encoding: .utf8)
    #expect(html.contains("<h3>compromise</h3>") && html.contains("faster than use"))
    let notebook = try Tool.run(["notebook", place.at("p"), "-o", place.at("p.ipynb"), "-q"])
    #expect(notebook.code == 0, "\(notebook.error)")
    let simulated = try Tool.run(
      [
        "simulate", place.at("cells.csv"), "--cycles", "60", "--draws", "2", "--as-dataset", "-o", place.at("r"), "-q",
      ])
    #expect(simulated.code == 0, "\(simulated.error)")
    let advised = try Tool.run(
      [
        "plan", place.at("cells.csv") + ":A", "--channels", "4", "--weeks", "8", "--stress",
        "temperature_celsius=25,45,60", "--running", place.at("r"), "-o", place.at("q"), "--json", "-q",
      ])
    #expect(advised.code == 0, "\(advised.error)")
    let cells = try #require(try advised.document()["running"] as? [[String: Any]])
    #expect(!cells.isEmpty)
    for cell in cells {
      let value = try #require(cell["value_of_next_100_cycles"] as? Double)
      #expect((0..<1).contains(value))
      #expect(["continue", "stop", "check-up"].contains(try #require(cell["recommendation"] as? String)))
    }
    let advice = try String(contentsOfFile: place.at("q/continue.csv"), encoding: .utf8)
    #expect(
      advice.hasPrefix(
        "cell_id,cycle_count,value_of_next_100_cycles,gain_per_week,threshold,recommendation,reason\n"))
    let table = try String(contentsOfFile: place.at("r/cells.csv"), encoding: .utf8)
    try write(place, "r/cells.csv", table.replacingOccurrences(of: "NCM811", with: "LFP"))
    let wrong = try Tool.run(
      ["plan", place.at("cells.csv") + ":A", "--stress", "temperature_celsius=25,45", "--running", place.at("r"), "-q"])
    #expect(wrong.code == 2)
    #expect(wrong.error.contains("running cell") && wrong.error.contains("cathode_material"), "\(wrong.error)")
    for stress in ["lief=1,2", "temperature_celsius=25", "temperature_celsius=25,9000"] {
      #expect(try Tool.run(["plan", place.at("cells.csv") + ":A", "--stress", stress, "-q"]).code == 2)
    }
  }

  @Test("Cells as built scatter as stated, and replicates give the scatter of lives with its interval")
  func variability() throws {
    let place = try Workplace()
    try base(place)
    let sample = try Tool.run(
      [
        "variability", "sample", place.at("v.toml"), place.at("cells.csv") + ":A", "--n", "400", "-o",
        place.at("b.csv"), "-q",
      ])
    #expect(sample.code == 0, "\(sample.error)")
    let rows = try String(contentsOfFile: place.at("b.csv"), encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 401)
    let column = try #require(rows[0].split(separator: ",").firstIndex(of: "areal_loading_mg_cm2"))
    let values = rows.dropFirst().compactMap { Double($0.split(separator: ",")[column]) }
    let mean = values.reduce(0, +) / 400
    let sd = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400).squareRoot()
    #expect(abs(mean - 12) < 0.1 && abs(sd - 0.6) < 0.08)
    try place.dataset("d", cells: 12)
    let fit = try Tool.run(["variability", "fit", place.at("d"), "-o", place.at("f.toml"), "--json", "-q"])
    #expect(fit.code == 0, "\(fit.error)")
    let levels = try #require(try fit.document()["levels"] as? [String: [String: Any]])
    #expect(Set(levels.keys) == ["lab", "batch", "cell"])
    #expect(try String(contentsOfFile: place.at("f.toml"), encoding: .utf8).contains("[detail.cell]"))
  }

  @Test("Without replicates the spread is assumed, said so and written so; batches alike show no effect, never 0")
  func noEffect() throws {
    let place = try Workplace()
    try place.dataset("alone", cells: 6)
    let alone = try Tool.run(["variability", "fit", place.at("alone"), "-o", place.at("a.toml")])
    #expect(alone.code == 0 && alone.error.contains("W071"), "\(alone.error)")
    let file = try String(contentsOfFile: place.at("a.toml"), encoding: .utf8)
    #expect(file.split(separator: "status = \"assumed\"", omittingEmptySubsequences: false).count == 4)
    let d = DatasetDescription(
      name: "d", kind: .measured, family: .liquid, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    let cells = (0..<12).map { i -> CellHistory in
      let ages = stride(from: 0.0, through: 700, by: 20).map { $0 }
      let life = [400.0, 500, 600][i % 3]
      return CellHistory(
        id: "c\(i)", attributes: CellAttributes(numbers: [:], texts: ["group_id": "g", "batch_id": "b\(i / 3)"]),
        series: CycleSeries(ages: ages, capacities: ages.map { 1 - 0.2 * $0 / life }))
    }
    for (name, bytes) in DatasetWriter.files(d, cells: cells, readme: "synthetic\n") {
      try place.write("even/\(name)", bytes)
    }
    let even = try Tool.run(["variability", "fit", place.at("even")])
    #expect(even.code == 0 && even.out.contains("no batch effect visible (at most "), "\(even.out)")
    #expect(!even.out.contains("no cell effect"))
    let document = try Tool.run(["variability", "fit", place.at("even"), "--json"]).document()
    let levels = try #require(document["levels"] as? [String: [String: Any]])
    #expect(try #require(levels["batch"]?["sd"] as? Double) > 0)
  }

  @Test("A fit writes what it counted and how sure it is, and the file reads back; simulated draws are no replicates")
  func fitted() throws {
    let place = try Workplace()
    try base(place)
    func cell(_ id: String, _ last: Double, _ status: String, _ mode: String? = nil) -> CellHistory {
      let ages = stride(from: 0, through: last, by: 4).map { $0 }
      var texts = ["group_id": "g", "status": status]
      texts["failure_mode"] = mode
      return CellHistory(
        id: id, attributes: CellAttributes(numbers: [:], texts: texts),
        series: CycleSeries(ages: ages, capacities: ages.map { 1 - 0.22 * $0 / max(last, 100) }))
    }
    let d = DatasetDescription(
      name: "d", kind: .measured, family: .liquid, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    let cells =
      (0..<7).map { cell("a\($0)", 500 + 20 * Double($0), "completed") }
      + [cell("f1", 8, "failed", "short"), cell("f2", 8, "failed", "operator"), cell("r", 8, "running")]
    for (file, bytes) in DatasetWriter.files(d, cells: cells, readme: "synthetic\n") {
      try place.write("d/\(file)", bytes)
    }
    let run = try Tool.run(
      [
        "variability", "fit", place.at("d"), "--prior", "jeffreys", "--describes", "new_line", "--until", "12", "-o",
        place.at("f.toml"), "--json",
      ])
    #expect(run.code == 0 && !run.error.contains("W083"), "\(run.error)")
    let early = try #require(try run.document()["early_failure"] as? [String: Any])
    // Seven that lived on and one short; what the operator ended says nothing, nor does a cell of eight cycles.
    #expect(early["failed"] as? Double == 1 && early["of"] as? Double == 8 && early["until"] as? Double == 12)
    #expect(abs((early["probability"] as? Double ?? 0) - 1.5 / 9) < 1e-9)
    let text = try String(contentsOfFile: place.at("f.toml"), encoding: .utf8)
    #expect(text.contains("describes = \"new_line\"") && text.contains("prior = \"jeffreys\", until = 12"))
    #expect(text.contains("[posterior]"))
    let back = try Tool.run(["variability", "sample", place.at("f.toml"), place.at("cells.csv"), "--n", "2"])
    #expect(back.code == 0, "\(back.error)")
    for wrong in [["--prior", "flat"], ["--describes", "mine"]] {
      #expect(try Tool.run(["variability", "fit", place.at("d")] + wrong).code == 64)
    }
    let drawn = try Tool.run(["variability", "fit", Self.root + "/datasets/sulfide-simulated"])
    #expect(drawn.code == 0 && drawn.error.contains("W083"), "\(drawn.error)")
    // Builds that differ are replicates, simulated or not.
    let builds = try Tool.run(
      ["variability", "fit", Self.root + "/notebooks-export/02-tolerance-budget/replicates"])
    #expect(builds.code == 0 && !builds.error.contains("W083") && builds.out.contains("the prior counts"))
  }

  @Test("Lives between check-ups far apart count as intervals: about the scatter of the same cells seen often")
  func sparseCheckUps() throws {
    let place = try Workplace()
    let lives = [310.0, 360, 385, 410, 430, 455, 480, 505, 540, 590, 620, 700]
    func fit(_ name: String, every step: Double) throws -> (sd: Double, lives: [String: Any]) {
      let d = DatasetDescription(
        name: name, kind: .simulated, family: .liquid, capacityColumn: "capacity_retention",
        endOfLife: EndOfLife(fraction: 0.8, reference: .first))
      let cells = lives.enumerated().map { i, life -> CellHistory in
        let ages = stride(from: 0, through: 800, by: step).map { $0 }
        return CellHistory(
          id: "c\(i)", attributes: CellAttributes(numbers: [:], texts: ["group_id": "g"]),
          series: CycleSeries(ages: ages, capacities: ages.map { 1 - 0.2 * $0 / life }))
      }
      for (file, bytes) in DatasetWriter.files(d, cells: cells, readme: "synthetic\n") {
        try place.write("\(name)/\(file)", bytes)
      }
      let run = try Tool.run(["variability", "fit", place.at(name), "--json", "-q"])
      #expect(run.code == 0, "\(run.error)")
      let document = try run.document()
      let levels = try #require(document["levels"] as? [String: [String: Any]])
      return (try #require(levels["cell"]?["sd"] as? Double), try #require(document["lives"] as? [String: Any]))
    }
    let often = try fit("often", every: 20)
    let seldom = try fit("seldom", every: 200)
    #expect(often.lives["between_check_ups"] as? Double == 0 && often.lives["known"] as? Double == 12)
    #expect(seldom.lives["between_check_ups"] as? Double == 12 && seldom.lives["known"] as? Double == 0)
    #expect(abs(seldom.sd / often.sd - 1) < 0.35 && seldom.sd != often.sd, "\(seldom.sd), \(often.sd)")
  }
}
