import ArgumentParser
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
  @Option(help: "Cut-off ages; the model's own by default.") var early: String?
  @Option(help: "all, none, or a list such as physics,ml,baseline:mean.") var baselines = "all"
  @OptionGroup var global: GlobalOptions

  func run() async throws {
    let run = CommandRun(name: "evaluate", global: global)
    try await run.run {
      let (fitted, sha) = try LifetimeModel.read(model)
      let dataset = try DatasetReader.read(data)
      let ids = try split.map { try dataset.cellIDs(split: $0) }
      let cutoffs = try early.map { try parseEarly($0).map { $0 ?? .infinity } }
      let rivals: [String]? =
        baselines == "all" ? nil : (baselines == "none" ? [] : baselines.split(separator: ",").map(String.init))
      let result = try await Evaluation.run(
        fitted, on: dataset, cellIDs: ids, split: split, early: cutoffs, baselines: rivals, seed: global.seed,
        threads: global.taskCount, progress: run.progress)
      var outcome = Outcome(warnings: dataset.warnings)
      outcome.document = [
        "bundle_sha256": .string(sha), "metrics": .array(try result.rows.map { try Tables.tree($0) }),
      ]
      outcome.text = Tables.scores(
        result.rows, title: "Scores on \(dataset.description.name) (\(dataset.description.kind.rawValue))")
      if let out = global.out {
        try AtomicWrite.folder(out, files: files(result, outcome.document), replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  private func files(_ result: Evaluation, _ document: [String: JSONTree]) throws -> [String: [UInt8]] {
    let names = result.rows.first?.scores.map(\.name) ?? []
    var metrics = CSVWriter(
      header: [
        "model", "dataset", "kind", "cell_family", "split", "early", "age", "n_cells", "n_censored", "n_skipped",
      ]
        + names.flatMap { [$0, $0 + "_low", $0 + "_high"] })
    for row in result.rows {
      metrics.append(
        [
          .text(row.model), .text(row.dataset), .text(row.kind), .text(row.cellFamily), .text(row.split),
          .number(row.early), .text(row.age), .integer(row.counts.cells), .integer(row.counts.censored),
          .integer(row.counts.skipped),
        ]
          + row.scores.flatMap {
            [.number($0.score.value), .number($0.score.interval?.first), .number($0.score.interval?.last)]
          })
    }
    var calibration = CSVWriter(
      header: ["early", "horizon_from", "horizon_to", "level", "observed", "n_cells", "n_points"])
    for r in result.reliability {
      calibration.append([
        .number(r.early), .number(r.row.horizonFrom), .number(r.row.horizonTo), .number(r.row.level),
        .number(r.row.observed), .integer(r.row.cells), .integer(r.row.points),
      ])
    }
    var integrals = CSVWriter(header: ["early", "quantity", "cell_id", "pit"])
    for i in result.integrals {
      integrals.append([.number(i.early), .text(i.quantity), .text(i.cellID), .number(i.value)])
    }
    var predictions = CSVWriter(
      header: [
        "early", "cell_id", "group_id", "observed_life", "last_age", "q05", "q25", "q50", "q75", "q95", "in_domain",
      ])
    for p in result.predictions {
      predictions.append(
        [.number(p.early), .text(p.cellID), .text(p.groupID), .number(p.observedLife), .number(p.lastAge)]
          + p.quantiles.map { .number($0) } + [.bool(p.inDomain)])
    }
    return [
      "metrics.csv": metrics.bytes, "calibration.csv": calibration.bytes, "pit.csv": integrals.bytes,
      "predictions.csv": predictions.bytes, "summary.json": JSONTree.object(document).serialized(pretty: true),
      "run.json": RunRecord.bytes(command: "evaluate", inputs: [model, data], global: global),
    ]
  }
}
