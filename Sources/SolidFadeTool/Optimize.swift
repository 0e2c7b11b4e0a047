import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade optimize`: which designs to build, under the spread of what is built.
struct Optimize: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Search a design space with the sulfide physics or a fitted model, under manufacturing spread.",
    discussion: """
      SPACE is a TOML file: variables (real, ordinal, category, mixture), linked quantities, objectives, constraints,
      robust = { variability, draws }, domain = "free" to leave what a fitted model was taught by.
      Metrics: life, cell_energy_wh_kg, areal_capacity_mah_cm2, area_resistance_ohm_cm2, final_retention, cost, and any
      column of the design. A budget of 2000 finds a clearly better front than 500 where the simulation is cheap.

      Example:
        solidfade optimize space.toml --budget 500 -o study
        solidfade optimize space.toml -m models/sulfide-nmc811.solidfade --budget 500 -o study
        solidfade optimize space.toml --observed built.csv --batch 4 -o next
      """, aliases: ["optimise"])

  @Argument(help: "Design space, a TOML file.") var space: String
  @Option(name: .shortAndLong, help: "Model bundle whose lives are searched, instead of the physics alone.")
  var model: String?
  @Option(help: "Designs to evaluate.") var budget = 500
  @Option(help: "Retention that ends life.") var eol = 0.8
  @Option(help: "Last cycle simulated.") var horizon = 1000.0
  @Option(help: "File that keeps what was evaluated: the same command goes on from it after a break.")
  var checkpoint: String?
  @Option(help: "Table of built cells: proposes the next batch from what was measured, and searches nothing.")
  var observed: String?
  @Option(help: "Designs of the next batch, with --observed.") var batch = 4
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if !SearchRun.allowedBudgets.contains(budget) {
      throw ValidationError("--budget is \(budget); give 80…1000000")
    }
    if !NextBatchRun.allowedCounts.contains(batch) {
      throw ValidationError("--batch is \(batch); give 1…\(NextBatchRun.allowedCounts.upperBound)")
    }
    if !SearchRun.allowedLimits.contains(eol) { throw ValidationError("--eol is \(eol); give 0.01…0.99") }
    if !SearchRun.allowedHorizons.contains(horizon) {
      throw ValidationError("--horizon is \(horizon); give 1…100000")
    }
  }

  private var search: SearchRun {
    var search = SearchRun(space: space)
    search.model = model
    search.budget = budget
    search.checkpoint = checkpoint
    search.limit = eol
    search.horizon = horizon
    search.seed = global.seed
    search.threads = global.taskCount
    return search
  }

  func run() async throws {
    let run = CommandRun(name: "optimize", global: global)
    try await run.run {
      var (outcome, files): (Outcome, [String: [UInt8]])
      if let observed {
        var next = NextBatchRun(search: search, observed: observed)
        next.count = batch
        (outcome, files) = try await next.run()
      } else {
        (outcome, files) = try await search.run(progress: run.progress)
      }
      if let out = global.out {
        files["run.json"] = RunRecord.bytes(
          command: "optimize", inputs: [space] + [observed].compactMap { $0 }, global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }
}
