import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade simulate`: the physics alone.
struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulate sulfide cells with the physics model alone; no training data.",
    discussion: """
      One draw is the nominal cell, with its losses by mechanism. More draws take everything that is not known from its
      prior: parameters, unstated conditions, the strength of remedies, manufacturing scatter.

      Examples:
        solidfade simulate designs.csv --cycles 1000
        solidfade simulate designs.csv:A01 --cycles 500 --draws 200 --json
        solidfade simulate designs.csv --protocol protocol.json --materials own-coating.json -o run
        solidfade simulate designs.csv --cycles 600 --draws 3 --as-dataset --curves 10,100 -o my-simulated
      """)

  @Argument(help: "cells.csv or dataset folder; PATH:ID for one cell.") var cell: String
  @Option(help: "Cycles to simulate.") var cycles = 500
  @Option(help: "1 is nominal; more draw what is not known from its prior.") var draws = 1
  @Option(help: "Retention that ends life.") var eol = 0.8
  @Option(name: .customLong("energy-limit"), help: "Retention of energy that counts as failure.") var energyLimit:
    Double?
  @Option(name: .customLong("resistance-limit"), help: "Resistance over its first value that counts as failure.")
  var resistanceLimit: Double?
  @Option(
    name: .customLong("protocol"),
    help: "Test protocol (JSON): formation, cycles, check-ups, rests, re-pressing, rate tests.")
  var protocolFile: String?
  @Option(help: "Parameters of the reference cell (JSON): names and values.") var params: String?
  @Option(help: "calibration.json of validate: what papers have taught about the prior; needs several draws.")
  var calibration: String?
  @Option(help: "Own materials (JSON): one, or a list; may be repeated.") var materials: [String] = []
  @Option(help: "Ages of discharge curves, separated by commas.") var curves = ""
  @Option(help: "Arrow of the coupling diagram to switch off; may be repeated.") var without: [String] = []
  @Option(name: .customLong("assembly-rejects"), help: "Share of cells rejected at assembly, with several draws.")
  var assemblyRejects = 0.05
  @Flag(name: .customLong("as-dataset"), help: "Write a dataset folder of kind simulated, with measurement noise.")
  var asDataset = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if cycles < 2 || cycles > 100_000 { throw ValidationError("--cycles is \(cycles); give 2…100000") }
    if draws < 1 || draws > 100_000 { throw ValidationError("--draws is \(draws); give 1…100000") }
    if !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if let e = energyLimit, !(e > 0 && e < 1) {
      throw ValidationError("--energy-limit is \(e); give a fraction between 0 and 1")
    }
    if let r = resistanceLimit, !(r > 1 && r < 1e6) {
      throw ValidationError("--resistance-limit is \(r); give a factor above 1")
    }
    if !(assemblyRejects >= 0 && assemblyRejects < 1) {
      throw ValidationError("--assembly-rejects is \(assemblyRejects); give a share from 0 to below 1")
    }
    if calibration != nil, draws == 1 {
      throw ValidationError("--calibration moves the prior; it needs --draws above 1")
    }
    if asDataset, global.out == nil { throw ValidationError("--as-dataset needs --out") }
    for name in without where Coupling(rawValue: name) == nil {
      throw ValidationError(
        "--without is \"\(name)\"; choose from \(Coupling.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    _ = try curveAges()
  }

  func run() async throws {
    let run = CommandRun(name: "simulate", global: global)
    try await run.run {
      let dataset = try DatasetReader.read(cell)
      guard dataset.description.family == .sulfideSolidState else {
        throw DataFaults(
          DataFault(
            "E014", file: dataset.folder, field: "cell_family",
            "\(dataset.description.name) holds \(dataset.description.family.rawValue) cells; the model simulates sulfide_solid_state",
            help: "give a table of sulfide cells"))
      }
      let request = try request()
      var population = SulfidePopulation(assemblyRejects: assemblyRejects)
      if let params { population.base = try PhysicsFiles.parameters(params) }
      if let calibration { population.calibration = try PhysicsFiles.calibration(calibration) }
      population.library = population.library.adding(try materials.flatMap(PhysicsFiles.materials))
      var outcome = Outcome(warnings: dataset.warnings)
      var results = SimulationResults(
        request: request, draws: draws, cycles: cycles, keepsSeries: global.out != nil)
      for history in dataset.cells {
        do {
          if draws == 1 {
            let resolved = try population.library.resolve(history.attributes)
            let one = SulfideCell(
              design: try CellDesign(history.attributes, anode: resolved.anode),
              parameters: resolved.parameters(base: population.base))
            outcome.warnings += PhysicsFiles.warnings(history.id, one.design, resolved)
            results.add(
              history, [SulfideAgeing.run(one, request)], of: [one],
              loopGain: SulfideAgeing.loopGain(one, age: Double(cycles), cycling: request.cycling))
          } else {
            let cells = try population.draws(history, count: draws, seed: global.seed)
            results.add(history, try await SulfideAgeing.run(cells, request, threads: global.taskCount), of: cells)
          }
        } catch let error as DesignError {
          throw DataFaults(
            DataFault(
              "E024", file: cell, line: dataset.lines[history.id]?.cells, field: error.field,
              "\(history.id): column \"\(error.field)\": found \(error.found), expected \(error.allowed)",
              help: "correct the design"))
        }
        run.progress?(ProgressEvent(stage: "simulate", done: results.cells.count, total: dataset.cells.count))
      }
      if results.hasNoSoundRun { throw results.firstFault }
      outcome.warnings += results.faults
      if !results.faults.isEmpty { outcome.exit = ExitStatus.partial }
      outcome.document = results.document
      outcome.text = results.text
      if let out = global.out {
        let files =
          asDataset
          ? SimulatedDataset(results, name: (out as NSString).lastPathComponent, seed: global.seed).files
          : results.files.merging(
            ["run.json": RunRecord.bytes(command: "simulate", inputs: [cell], global: global)]) { $1 }
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  private func request() throws -> SimulationRequest {
    var r = SimulationRequest(ages: grid, horizon: Double(cycles))
    r.limit = eol
    r.energyLimit = energyLimit
    r.resistanceFactor = resistanceLimit
    r.curveAges = try curveAges()
    // A tester's record is denser than a figure needs.
    if asDataset { r.curvePoints = 1000 }
    r.attribution = draws == 1
    r.without = Set(without.compactMap(Coupling.init))
    if let protocolFile { r.cycling = try PhysicsFiles.cycling(protocolFile) }
    return r
  }

  private func curveAges() throws -> [Double] {
    try curves.split(separator: ",").map { part in
      guard let age = Double(part), age >= 0, age <= Double(cycles) else {
        throw ValidationError("--curves holds \"\(part)\"; give ages from 0 to \(cycles), separated by commas")
      }
      return age
    }.sorted()
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
}
