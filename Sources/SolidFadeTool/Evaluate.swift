import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade evaluate`: scores on cells the model has not seen.
struct Evaluate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score a model on cells it was not trained on.",
    discussion: """
      Examples:
        solidfade evaluate m.solidfade mydata --baselines all
        solidfade evaluate m.solidfade matr-severson --split severson/primary_test --early 100 --json
        solidfade evaluate m.solidfade other-lab --early 20,50 -o scores
      """)

  @Argument(help: "Model bundle.") var model: String
  @Argument(help: "Dataset folder.") var data: String
  @Option(help: "NAME/PART of splits.json; without it every cell that was not in training.") var split: String?
  @Option(help: "Cut-offs: ages, days (21d) or check-ups (2checkups); the model's own by default.") var early: String?
  @Option(help: "all, none, or a list such as physics,ml,baseline:mean.") var baselines = "all"
  @OptionGroup var global: GlobalOptions

  func run() async throws {
    let run = CommandRun(name: "evaluate", global: global)
    try await run.run {
      let (fitted, sha) = try await LifetimeModel.read(model, threads: global.taskCount)
      let dataset = try DatasetReader.read(data)
      let ids = try split.map { try dataset.cellIDs(split: $0) }
      let cutoffs = try early.map { try parseEarly($0).map { $0 ?? .all } }
      let result = try await Evaluation.run(
        fitted, on: dataset, cellIDs: ids, split: split, early: cutoffs, baselines: EvaluationFiles.rivals(baselines),
        seed: global.seed,
        threads: global.taskCount, progress: run.progress)
      var outcome = Outcome(warnings: dataset.warnings)
      outcome.document = [
        "bundle_sha256": .string(sha), "metrics": .array(try result.rows.map { try Tables.tree($0) }),
      ]
      outcome.text = Tables.scores(
        result.rows, title: "Scores on \(dataset.description.name) (\(dataset.description.kind.rawValue))")
      if let out = global.out {
        var files = EvaluationFiles.files(result)
        files["summary.json"] = JSONTree.object(outcome.document).serialized(pretty: true)
        files["run.json"] = RunRecord.bytes(command: "evaluate", inputs: [model, data], global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }
}
