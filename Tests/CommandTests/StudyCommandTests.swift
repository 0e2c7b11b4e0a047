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
    for (text, word) in [
      (header + rows + "p5,4.1,500,10\n", "stack_pressure_mpa"), (header + rows + "p5,4.1,20,\n", "life"),
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
      (["--budget", "80"], 2, ["space.toml", "robust.draws", "16.0, expected 32…4096"]),
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
    #expect(FileManager.default.fileExists(atPath: place.at("q/continue.csv")))
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
