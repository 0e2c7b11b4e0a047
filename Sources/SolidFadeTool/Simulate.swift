import ArgumentParser
import Foundation
import SolidFade

/// `solidfade simulate`: the physics alone.
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulate sulfide cells with the physics model alone; no training data.",
    discussion: """
      Examples:
        solidfade simulate designs.csv --cycles 1000
        solidfade simulate designs.csv:A01 --cycles 500 --draws 200 --json
        solidfade simulate designs.csv --cycles 600 --as-dataset -o my-simulated
      """)

  @Argument(help: "cells.csv or dataset folder; PATH:ID for one cell.") var cell: String
  @Option(help: "Cycles to simulate.") var cycles = 500
  @Option(help: "1 is nominal; more draw parameters and unstated conditions from their prior.") var draws = 1
  @Option(help: "Retention that ends life.") var eol = 0.8
  @Flag(name: .customLong("as-dataset"), help: "Write a dataset folder of kind simulated, with measurement noise.")
  var asDataset = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if cycles < 2 || cycles > 100_000 { throw ValidationError("--cycles is \(cycles); give 2…100000") }
    if draws < 1 || draws > 100_000 { throw ValidationError("--draws is \(draws); give 1…100000") }
    if !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if asDataset, global.out == nil { throw ValidationError("--as-dataset needs --out") }
  }

  func run() async throws {
    let run = CommandRun(name: "simulate", global: global)
    try await run.run {
      let dataset = try DatasetReader.read(cell)
      if dataset.description.family != .sulfideSolidState {
        throw DataFaults(
          DataFault(
            "E014", file: dataset.folder, field: "cell_family",
            "\(dataset.description.name) holds \(dataset.description.family.rawValue) cells; the model simulates sulfide_solid_state",
            help: "give a table of sulfide cells"))
      }
      let ages = grid
      var outcome = Outcome(warnings: dataset.warnings)
      var runs: [(CellHistory, [AgeingTrajectory])] = []
      for history in dataset.cells {
        do {
          if draws == 1 {
            let design = try CellDesign(history.attributes)
            if !design.assumed.isEmpty {
              outcome.warnings.append(
                DataWarning(
                  "W020", field: history.id, "\(history.id): assumed \(design.assumed.joined(separator: ", "))",
                  help: "state them in cells.csv"))
            }
            let model = SulfideAgeing(design: design, parameters: SulfideMaterials.parameters(history.attributes))
            runs.append((history, [try model.run(ages: ages, limit: eol, attribution: true)]))
          } else {
            runs.append(
              (
                history,
                try await SulfideEnsemble.run(
                  history, ages: ages, limit: eol, draws: draws, seed: global.seed, threads: global.taskCount)
              ))
          }
        } catch let error as DesignError {
          let line = dataset.lines[history.id]?.cells
          throw DataFaults(
            DataFault(
              "E024", file: cell, line: line, field: error.field,
              "\(history.id): column \"\(error.field)\": found \(error.found), expected \(error.allowed)",
              help: "correct the design"))
        }
        run.progress?(ProgressEvent(stage: "simulate", done: runs.count, total: dataset.cells.count))
      }
      outcome.document = document(runs)
      outcome.text = text(runs)
      if let out = global.out {
        try AtomicWrite.folder(
          out, files: asDataset ? datasetFiles(runs, name: (out as NSString).lastPathComponent) : files(runs),
          replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  /// Ages reported: every cycle to 10, then about 60 more.
  private var grid: [Double] {
    let top = Double(cycles)
    var ages = (1...min(10, cycles)).map(Double.init)
    let step = max(1, (top / 60).rounded())
    var age = 10 + step
    while age < top {
      ages.append(age)
      age += step
    }
    if (ages.last ?? 0) < top { ages.append(top) }
    return ages
  }

  private func document(_ runs: [(CellHistory, [AgeingTrajectory])]) -> [String: JSONTree] {
    func list(_ x: [Double]) -> JSONTree { .array(x.map { CommandRun.real($0) }) }
    let levels = ForecastWriter.quantiles
    func spread(_ values: [[Double]]) -> JSONTree {
      if draws == 1 { return list(values.map { $0[0] }) }
      return .object(["quantiles": .array(values.map { v in list(levels.map { quantile(ofSorted: v.sorted(), $0) }) })])
    }
    let cells = runs.map { history, all -> JSONTree in
      let ages = all[0].ages
      let names = all[0].states.first?.named.map(\.name) ?? []
      let states = names.enumerated().map { n, name in
        (name, spread(ages.indices.map { k in all.map { $0.states[k].named[n].value } }))
      }
      let lives = all.compactMap(\.life).sorted()
      var object: [String: JSONTree] = [
        "cell_id": .string(history.id), "age": list(ages),
        "capacity_retention": spread(ages.indices.map { k in all.map { $0.capacityRetention[k] } }),
        "areal_capacity_mah_cm2": spread(ages.indices.map { k in all.map { $0.arealCapacityAhPerM2[k] * 0.1 } }),
        "area_resistance_ohm_cm2": spread(ages.indices.map { k in all.map { $0.areaResistanceOhmM2[k] * 1e4 } }),
        "states": .object(Dictionary(uniqueKeysWithValues: states)),
        "life": draws == 1
          ? CommandRun.real(all[0].life)
          : .object([
            "reached": .number(Double(lives.count) / Double(all.count)),
            "median": lives.count * 2 > all.count
              ? CommandRun.real(quantile(ofSorted: lives, 0.5 * Double(all.count) / Double(lives.count))) : .null,
          ]),
      ]
      if draws == 1 {
        object["failure"] = .object([
          "mode": CommandRun.text(all[0].failure?.mode.rawValue), "age": CommandRun.real(all[0].failure?.age),
        ])
        object["mechanisms"] = .array(
          (all[0].losses.last ?? [:]).sorted { $0.key < $1.key }.map { mechanism, loss in
            let whole = 1 - (all[0].capacityRetention.last ?? 1)
            return .object([
              "mechanism": .string(mechanism.rawValue), "age": CommandRun.real(ages.last), "loss_mean": .number(loss),
              "share": whole > 1e-9 ? .number(loss / whole) : .null,
            ])
          })
      } else {
        var modes: [String: JSONTree] = [:]
        for mode in FailureMode.allCases {
          let share = Double(all.count { $0.failure?.mode == mode }) / Double(all.count)
          if share > 0 { modes[mode.rawValue] = .number(share) }
        }
        object["failure_p"] = .object(modes)
      }
      return .object(object)
    }
    return [
      "age": .string("cycle_count"), "draws": .integer(Int64(draws)), "tier": .string("A"),
      "quantiles": list(levels), "cells": .array(cells),
    ]
  }

  private func files(_ runs: [(CellHistory, [AgeingTrajectory])]) -> [String: [UInt8]] {
    var trajectory = CSVWriter(
      header: [
        "cell_id", "draw", "cycle_count", "capacity_retention", "areal_capacity_mah_cm2", "area_resistance_ohm_cm2",
      ])
    let names = runs.first?.1.first?.states.first?.named.map(\.name) ?? []
    var states = CSVWriter(header: ["cell_id", "draw", "cycle_count"] + names)
    var mechanisms = CSVWriter(header: ["cell_id", "cycle_count", "mechanism", "loss_mean", "share"])
    var life = CSVWriter(header: ["cell_id", "draw", "threshold", "life", "failure_mode", "failure_age"])
    for (history, all) in runs {
      for (d, r) in all.enumerated() {
        for k in r.ages.indices {
          trajectory.append([
            .text(history.id), .integer(d), .number(r.ages[k]), .number(r.capacityRetention[k]),
            .number(r.arealCapacityAhPerM2[k] * 0.1), .number(r.areaResistanceOhmM2[k] * 1e4),
          ])
          states.append(
            [.text(history.id), .integer(d), .number(r.ages[k])] + r.states[k].named.map { .number($0.value) })
        }
        for (k, parts) in r.losses.enumerated() {
          for (mechanism, loss) in parts.sorted(by: { $0.key < $1.key }) {
            let whole = 1 - r.capacityRetention[k]
            mechanisms.append([
              .text(history.id), .number(r.ages[k]), .text(mechanism.rawValue), .number(loss),
              .number(whole > 1e-9 ? loss / whole : nil),
            ])
          }
        }
        life.append([
          .text(history.id), .integer(d), .number(eol), .number(r.life), .text(r.failure?.mode.rawValue),
          .number(r.failure?.age),
        ])
      }
    }
    return [
      "trajectory.csv": trajectory.bytes, "states.csv": states.bytes, "mechanisms.csv": mechanisms.bytes,
      "life.csv": life.bytes, "summary.json": JSONTree.object(document(runs)).serialized(pretty: true),
      "run.json": RunRecord.bytes(command: "simulate", inputs: [cell], global: global),
    ]
  }

  /// A dataset of kind `simulated`: check-ups every 10 cycles with 0.2 % measurement noise; draws are replicates.
  private func datasetFiles(_ runs: [(CellHistory, [AgeingTrajectory])], name: String) -> [String: [UInt8]] {
    var columns = Set(runs.flatMap { $0.0.attributes.numbers.keys })
    var words = Set(runs.flatMap { $0.0.attributes.texts.keys })
    columns.subtract(["observed_life", "first_failure_cycle"])
    words.subtract(["status", "failure_mode", "reason", "group_id"])
    let numbers = columns.sorted()
    let texts = words.sorted()
    var cells = CSVWriter(header: ["cell_id", "group_id"] + texts + numbers + ["status"])
    var cycles = CSVWriter(header: [
      "cell_id", "cycle_count", "capacity_retention", "area_resistance_ohm_cm2", "quality_flag",
    ])
    for (history, all) in runs {
      for (d, r) in all.enumerated() {
        let id = all.count == 1 ? history.id : "\(history.id)-\(d + 1)"
        cells.append(
          [.text(id), .text(history.groupID)] + texts.map { .text(history.attributes.texts[$0]) }
            + numbers.map { .number(history.attributes.numbers[$0]) } + [.text("stopped")])
        var stream = RandomStream(seed: global.seed, purpose: "simulated-noise", key: stableHash(id))
        for k in r.ages.indices where r.ages[k] == 1 || r.ages[k] > 10 {
          let q = r.capacityRetention[k] * (1 + 0.002 * stream.normal())
          cycles.append([
            .text(id), .number(r.ages[k]), .number((q * 1e5).rounded() / 1e5),
            .number((r.areaResistanceOhmM2[k] * 1e4 * (1 + 0.01 * stream.normal()) * 10).rounded() / 10), .text("ok"),
          ])
          if q < 0.6 { break }
        }
      }
    }
    let description: JSONTree = .object([
      "schema": .string("solidfade.dataset/1"), "name": .string(name), "kind": .string("simulated"),
      "cell_family": .string("sulfide_solid_state"), "age": .string("cycle_count"),
      "capacity": .string("capacity_retention"), "title": .string("Simulated sulfide cells"),
      "description": .string(
        "written by solidfade simulate \(toolVersion), seed \(global.seed); no measurement stands behind it"),
      "version": .string("1"), "license": .string("Apache-2.0"), "citation": .string("SolidFade"),
      "source": .string("solidfade simulate --as-dataset"),
      "end_of_life": .object(["fraction": .number(eol), "reference": .string("first")]),
    ])
    let readme = """
      # \(name)

      SIMULATED by `solidfade simulate \(toolVersion) --draws \(draws) --cycles \(self.cycles) --seed \(global.seed) --as-dataset`.
      Every number comes from the physics model with its prior spread of parameters and 0.2 % noise; none was measured.
      Replicates of one design (`group_id`) are draws. Simulated cells are far more regular than real ones: use them to
      try the tool and to test it, never to judge its skill.

      """
    return [
      "dataset.json": description.serialized(pretty: true), "cells.csv": cells.bytes, "cycles.csv": cycles.bytes,
      "README.md": Array(readme.utf8),
    ]
  }

  private func text(_ runs: [(CellHistory, [AgeingTrajectory])]) -> String {
    var rows = [["cell", "draws", "retention at \(cycles)", "life to \(shortest(eol * 100)) %", "main cause"]]
    for (history, all) in runs {
      let last = all.compactMap { $0.capacityRetention.last }.sorted()
      let lives = all.compactMap(\.life).sorted()
      let cause =
        all[0].losses.last?.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key.rawValue
        ?? all[0].failure?.mode.rawValue ?? "–"
      let life = lives.count * 2 > all.count ? shortest(quantile(ofSorted: lives, 0.5).rounded()) : "> \(cycles)"
      rows.append([history.id, "\(all.count)", Tables.significant(quantile(ofSorted: last, 0.5)), life, cause])
    }
    return Tables.aligned(rows) + (runs.count <= 4 ? runs.map { plot($0.0.id, $0.1) }.joined() : "")
  }

  /// Retention over age as characters.
  private func plot(_ id: String, _ all: [AgeingTrajectory]) -> String {
    guard isatty(1) == 1, let r = all.first else { return "" }
    let width = 60
    var lines = [String](repeating: "", count: 11)
    for c in 0..<width {
      let age = 1 + Double(cycles - 1) * Double(c) / Double(width - 1)
      let q = interpolate(age, r.ages, r.capacityRetention)
      let row = 10 - Int((min(max((q - 0.5) / 0.5, 0), 1) * 10).rounded())
      for k in lines.indices { lines[k] += k == row ? "*" : (k == 4 ? "·" : " ") }
    }
    return "\n\(id): retention 100 … 50 % over 1 … \(cycles) cycles\n" + lines.map { "|" + $0 }.joined(separator: "\n")
      + "\n"
  }
}
