import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade crossvalidate`: scores with the whole model refitted for each held-out part.
struct CrossValidate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crossvalidate",
    abstract: "Score by holding out cells, conditions, batches or whole datasets in turn.",
    discussion: """
      Examples:
        solidfade crossvalidate mydata --early 0,50
        solidfade crossvalidate mydata --by group --early 100 --baselines all
        solidfade crossvalidate a b c --by dataset --early 50 -o shift
      """)

  @Argument(help: "Dataset folders.") var data: [String]
  @Option(help: "What is held out together: cell, group, batch or dataset.") var by = "cell"
  @Option(help: "NAME/PART: use only the cells that splits.json lists there.") var split: String?
  @Option(help: "Parts held out in turn.") var parts = 5
  @Option(help: "hybrid, physics, ml or baseline:NAME.") var kind = "hybrid"
  @Option(help: "Cut-offs: ages, days (21d) or check-ups (2checkups); 0 is the design alone.") var early = "0,50"
  @Option(help: "Folds inside each training set.") var folds = 10
  @Option(help: "all, none, or a list such as physics,ml,baseline:mean.") var baselines = "all"
  @Option(help: "Retention that ends life, instead of the dataset's.") var eol: Double?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if parts < 2 { throw ValidationError("--parts is \(parts); at least 2 are needed") }
    if folds < 2 { throw ValidationError("--folds is \(folds); at least 2 are needed") }
    if HoldOut(rawValue: by) == nil { throw ValidationError("--by is \"\(by)\"; give cell, group, batch or dataset") }
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if try parseEarly(early).contains(where: { $0 == nil }) {
      throw ValidationError("--early all has no meaning here; give cut-offs")
    }
  }

  func run() async throws {
    let run = CommandRun(name: "crossvalidate", global: global)
    try await run.run {
      let datasets = try data.map { try DatasetReader.read($0) }
      var options = TrainerOptions()
      options.kind = try ModelKind(kind)
      options.early = try parseEarly(early).compactMap { $0 }
      options.folds = folds
      options.seed = global.seed
      options.threads = global.taskCount
      options.endFraction = eol
      var chosen: [String: [String]] = [:]
      if let split {
        for dataset in datasets { chosen[dataset.description.name] = try dataset.cellIDs(split: split) }
      }
      let results = try await CrossValidation.run(
        datasets, cellIDs: chosen, by: HoldOut(rawValue: by) ?? .cell, folds: parts, options: options,
        rivals: EvaluationFiles.rivals(baselines), toolVersion: toolVersion, progress: run.progress)
      var outcome = Outcome(warnings: datasets.flatMap(\.warnings))
      let rows = results.flatMap(\.rows)
      outcome.document = ["metrics": .array(try rows.map { try Tables.tree($0) })]
      outcome.text = Tables.scores(rows, title: "Held out by \(by)")
      if let out = global.out {
        var all = Evaluation(rows: rows)
        if results.count == 1 { all = results[0] }
        var files = EvaluationFiles.files(all)
        files["summary.json"] = JSONTree.object(outcome.document).serialized(pretty: true)
        files["run.json"] = RunRecord.bytes(command: "crossvalidate", inputs: data, global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }
}
