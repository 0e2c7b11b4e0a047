// Speed of the sulfide physics on 1000 drawn cells and 1000 cycles, as one line of JSON on standard output.
//
//     PhysicsBenchmark [repetitions]          measure
//     PhysicsBenchmark --life [repetitions]   the lives alone, for a profiler; likewise --draws
//     PhysicsBenchmark --cells > cells.csv    the same cells as a table: names of the parameters, one cell a row

import CellModel
import DegradationPhysics
import NumericalMethods

endBLASWorkers()

/// A coated single crystal with all its conditions stated: drawn cells differ in their parameters alone.
let reference = CellHistory(
  id: "coated-single-crystal",
  attributes: CellAttributes(
    numbers: [
      "nickel_fraction": 0.8, "upper_cutoff_v": 4.3, "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2,
      "temperature_celsius": 25, "stack_pressure_mpa": 50, "areal_loading_mg_cm2": 10,
    ],
    texts: [
      "cathode_material": "NCM811", "morphology": "single", "coating_class": "oxide", "coating": "LiNbO3",
      "dopant": "none", "electrolyte_material": "Li6PS5Cl", "electrolyte_class": "argyrodite",
      "anode_material": "Li-In", "anode_class": "LiIn", "voltage_reference": "Li",
    ]), series: CycleSeries(ages: [], capacities: []))
let cycles = 1000.0
let count = 1000

/// The lives alone, with every cell followed to the last cycle.
let everyCycle = SimulationRequest.life(horizon: cycles, limit: 0.01)

let population = SulfidePopulation()
let cells = try population.draws(reference, count: count, seed: 1)

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.first == "--life" {
  for _ in 0..<(arguments.dropFirst().first.flatMap { Int($0) } ?? 10) {
    let (timing, _) = try await Timing.of { try await SulfideAgeing.run(cells, everyCycle) }
    print("{\"life_us_per_cell_cycle\": \(timing.cpu * 1e6 / (cycles * Double(count)))}")
  }
} else if arguments.first == "--draws" {
  for _ in 0..<(arguments.dropFirst().first.flatMap { Int($0) } ?? 10) {
    let (timing, _) = try await Timing.of { try population.draws(reference, count: count, seed: 1) }
    print("{\"draw_cpu_ms\": \(timing.cpu * 1e3)}")
  }
} else if arguments.first == "--cells" {
  print(Parameter.allCases.map(\.row.name).joined(separator: ",") + ",short_threshold,retention")
  var request = SimulationRequest(ages: [cycles])
  request.limit = 0.01
  for (cell, run) in zip(cells, try await SulfideAgeing.run(cells, request)) {
    let values = Parameter.allCases.map { cell.parameters[$0] }
    print((values + [cell.shortThreshold, run.capacityRetention[0]]).map { "\($0)" }.joined(separator: ","))
  }
} else {
  let repetitions = arguments.first.flatMap { Int($0) } ?? 3
  for _ in 0..<repetitions { print(try await measured()) }
}

/// One measurement of everything.
func measured() async throws -> String {
  var rows: [(String, Double)] = []

  let (drawing, drawn) = try await Timing.of { try population.draws(reference, count: count, seed: 1) }
  rows.append(("draw_cpu_ms", drawing.cpu * 1e3))

  let (alone, lives) = try await Timing.of { try await SulfideAgeing.run(drawn, everyCycle) }
  rows.append(("life_us_per_cell_cycle", alone.cpu * 1e6 / (cycles * Double(count))))
  rows.append(("life_ended", Double(lives.filter { $0.life != nil }.count)))

  var full = SimulationRequest(ages: (1...60).map { (Double($0) * cycles / 60).rounded() })
  full.curveAges = (1...20).map { Double($0) * cycles / 20 }
  full.energyLimit = 0.8
  full.resistanceFactor = 2
  let (all, runs) = try await Timing.of { try await SulfideAgeing.run(drawn, full, threads: 2) }
  rows.append(("full_wall_s", all.wall))
  rows.append(("full_cpu_s", all.cpu))
  rows.append(("full_curve_points", Double(runs.reduce(0) { $0 + $1.curves.reduce(0) { $0 + $1.voltageV.count } })))

  var states = full
  states.curveAges = []
  let (plain, _) = try await Timing.of { try await SulfideAgeing.run(drawn, states) }
  rows.append(("states_cpu_s", plain.cpu))

  // What the split of one cell at one age costs, of a hundred cells at sixty ages.
  let some = Array(drawn.prefix(96))
  let (without, _) = try await Timing.of { try await SulfideAgeing.run(some, states) }
  states.attribution = true
  let (with, _) = try await Timing.of { try await SulfideAgeing.run(some, states) }
  rows.append(("attribution_us_per_cell_age", (with.cpu - without.cpu) * 1e6 / Double(some.count * 60)))

  return "{" + rows.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
}
