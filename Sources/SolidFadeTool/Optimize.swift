import ArgumentParser
import SolidFade

/// `solidfade optimize`: which designs to build, under the spread of what is built.
struct Optimize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Search a design space with the sulfide physics, under manufacturing spread.",
    discussion: """
      SPACE is a TOML file: variables, linked quantities, objectives, constraints, robust = { variability, draws }.
      Metrics: life, cell_energy_wh_kg, areal_capacity_mah_cm2, area_resistance_ohm_cm2, final_retention, cost, and any
      column of the design. A budget of 2000 finds a clearly better front than 500 where the simulation is cheap.

      Example:
        solidfade optimize space.toml --budget 500 -o study
      """, aliases: ["optimise"])

  @Argument(help: "Design space, a TOML file.") var space: String
  @Option(help: "Designs to evaluate.") var budget = 500
  @Option(help: "Retention that ends life.") var eol = 0.8
  @Option(help: "Last cycle simulated.") var horizon = 1000.0
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if budget < 80 || budget > 1_000_000 { throw ValidationError("--budget is \(budget); give 80…1000000") }
    if !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if !(horizon >= 1 && horizon <= 100_000) { throw ValidationError("--horizon is \(horizon); give 1…100000") }
  }

  func run() async throws {
    let run = CommandRun(name: "optimize", global: global)
    try await run.run {
      var evaluator = PhysicsEvaluator(limit: eol, horizon: horizon, threads: global.taskCount)
      let file = try SpaceFile(contentsOf: space, metrics: evaluator.metrics)
      evaluator.variability = file.variability
      var definition = file.definition
      definition.budget = budget
      definition.seed = global.seed
      let report = run.progress
      let result = try await DesignStudy(definition, evaluator: evaluator).run(starts: [definition.space.base]) {
        report?(ProgressEvent(stage: "search", done: $0, total: $1))
      }
      let writer = StudyWriter(definition: definition, result: result)
      var outcome = Outcome(warnings: faults(result.history))
      outcome.document = writer.document
      if result.front.isEmpty {
        if result.conflict.isEmpty {
          outcome.exit = ExitStatus.partial
          outcome.text =
            "No feasible design within \(budget) evaluations; no set of constraints was proven to conflict.\n"
        } else {
          throw DataFaults(
            DataFault(
              "E071", file: space, field: "constraint",
              "no design keeps all of: "
                + result.conflict.map { "\($0.constraint) (nearest: off by \(Tables.significant($0.leastViolation)))" }
                .joined(separator: "; "), help: "relax one of these; the others can be kept"))
        }
      } else {
        outcome.text = writer.text
      }
      if let out = global.out {
        var files = writer.files
        files["run.json"] = RunRecord.bytes(command: "optimize", inputs: [space], global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  /// What kept designs from being simulated, each reason once.
  private func faults(_ history: [StudiedDesign]) -> [DataWarning] {
    Dictionary(grouping: history.compactMap(\.fault)) { $0 }.sorted { $0.key < $1.key }.prefix(10).map { reason, all in
      DataWarning(
        "W072", file: space, field: "variable",
        "\(all.count) of \(history.count) designs cannot be simulated: \(reason)",
        help: "they count as infeasible")
    }
  }
}
