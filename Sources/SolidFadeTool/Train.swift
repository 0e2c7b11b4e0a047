import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade train`: datasets in, a model bundle out.
struct Train: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit a model to the cells of one or more datasets.",
    discussion: """
      Examples:
        solidfade train mydata -o m.solidfade
        solidfade train matr-severson --split severson/train --early 100 -o m.solidfade
        solidfade train a b --split a:main/train --kind physics -o m.solidfade
      """)

  @Argument(help: "Dataset folders.") var data: [String]
  @Option(help: "hybrid, physics, ml or baseline:NAME.") var kind = "hybrid"
  @Option(help: "[DATASET:]NAME/PART: train on the cells that splits.json lists there; may be repeated.")
  var split: [String] = []
  @Option(help: "Cut-offs to learn from: ages, days (21d) or check-ups (2checkups); 0 is the design alone.") var early =
    "0,20,50,100"
  @Option(help: "Folds of the out-of-fold predictions.") var folds = 10
  @Option(name: .customLong("group-by"), help: "Column held out together: auto, cell_id, group_id, batch_id, lab_id.")
  var groupBy = "auto"
  @Option(name: .customLong("use-columns"), help: "Pattern of further columns of cells.csv to learn from.")
  var useColumns: [String] = []
  @Option(help: "Retention that ends life, instead of the dataset's.") var eol: Double?
  @Option(help: "What retention is relative to: first, max, mean:2-4 or nominal.") var reference: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if folds < 2 { throw ValidationError("--folds is \(folds); at least 2 are needed") }
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if let reference, CapacityReference(reference) == nil {
      throw ValidationError("--reference is \"\(reference)\"; give first, max, mean:2-4 or nominal")
    }
    if try parseEarly(early).contains(where: { $0 == nil }) {
      throw ValidationError("--early all has no meaning in train; give cut-offs")
    }
    _ = try global.requiredOut("the model bundle")
  }

  func run() async throws {
    let run = CommandRun(name: "train", global: global)
    try await run.run {
      let start = Date()
      let out = try global.requiredOut("the model bundle")
      let datasets = try data.map { try DatasetReader.read($0) }
      var warnings = datasets.flatMap(\.warnings)
      let parts = try chooseParts(datasets, &warnings)
      var options = TrainerOptions()
      options.kind = try ModelKind(kind)
      options.early = try parseEarly(early).compactMap { $0 }
      options.folds = folds
      options.groupBy = groupBy
      options.seed = global.seed
      options.threads = global.taskCount
      options.useColumns = useColumns
      options.endFraction = eol
      options.reference = reference.flatMap(CapacityReference.init)
      for d in datasets where d.description.capacityColumn == "capacity_retention" && options.reference == .nominal {
        throw DataFaults(
          DataFault(
            "E014", file: d.folder, field: "--reference",
            "nominal with capacity_retention, which is relative already", help: "leave --reference out"))
      }
      let model = try await Trainer(options, toolVersion: toolVersion).fit(parts, progress: run.progress)
      let sha = try model.write(to: out, replacing: global.force)
      warnings += model.notes.map { DataWarning("W010", $0) }
      try writeRunRecord(out, parts, seconds: Date().timeIntervalSince(start), sha: sha)
      var outcome = Outcome(warnings: warnings)
      let rows = try model.outOfFold.map { try Tables.tree($0) }
      outcome.document = [
        "bundle": .string(out), "bundle_sha256": .string(sha), "kind": .string(model.kind.name),
        "datasets": .array(
          model.datasets.map {
            .object([
              "name": .string($0.name), "split": ResultDocument.text($0.split),
              "n_cells": .integer(Int64($0.cells.count)),
            ])
          }),
        "early": .array((model.coreCutOffs.isEmpty ? model.early : model.coreCutOffs).map(Tables.cutOff)),
        "folds": .integer(Int64(folds)), "group_by": .string(model.groupBy), "metrics": .array(rows),
      ]
      outcome.text =
        Tables.scores(model.outOfFold, title: "Out-of-fold scores of the training cells")
        + "\nWrote \(out) (sha256 \(sha.prefix(12))…). Next: solidfade predict NEW -m \(out)\n"
      return outcome
    }
  }

  /// The training cells of each dataset: of the splits asked for, else all.
  private func chooseParts(_ datasets: [Dataset], _ warnings: inout [DataWarning]) throws -> [TrainingPart] {
    var used = [Bool](repeating: false, count: split.count)
    var parts: [TrainingPart] = []
    for dataset in datasets {
      var ids: [String]?
      var names: [String] = []
      for (k, text) in split.enumerated() {
        let prefix = text.split(separator: ":", maxSplits: 1).map(String.init)
        let (owner, name) = prefix.count == 2 ? (prefix[0], prefix[1]) : (nil, text)
        if let owner, owner != dataset.description.name { continue }
        let splitName = name.split(separator: "/").first.map(String.init) ?? name
        if owner == nil, dataset.splits[splitName] == nil, datasets.count > 1 { continue }
        ids = (ids ?? []) + (try dataset.cellIDs(split: name)).filter { !(ids ?? []).contains($0) }
        names.append(name)
        used[k] = true
      }
      if ids == nil, !dataset.splits.isEmpty {
        warnings.append(
          DataWarning(
            "W011", file: dataset.folder, field: "--split",
            "\(dataset.description.name) has splits, but all its cells are used in training",
            help: "name a part with --split \(dataset.splits.keys.sorted()[0])/PART to keep test cells unseen"))
      }
      parts.append(
        TrainingPart(
          dataset: dataset, cellIDs: ids ?? dataset.cells.map(\.id),
          split: names.isEmpty ? nil : names.joined(separator: "+")))
    }
    if let k = used.firstIndex(of: false) {
      throw DataFaults(
        DataFault(
          "E030", field: "--split", "no dataset has a split \"\(split[k])\"",
          help: "there are: "
            + datasets.flatMap { d in d.splits.keys.sorted().map { "\(d.description.name):\($0)" } }.joined(
              separator: ", ")))
    }
    return parts
  }

  /// Times and versions of the run, beside the bundle: the bundle itself holds no clock.
  private func writeRunRecord(_ out: String, _ parts: [TrainingPart], seconds: Double, sha: String) throws {
    var base = out
    while base.count > 1, base.hasSuffix("/") { base.removeLast() }
    if base.hasSuffix(".solidfade") { base.removeLast(10) }
    let record: JSONTree = .object([
      "command": .string("train"), "version": .string(toolVersion),
      "seconds": .number((seconds * 1000).rounded() / 1000),
      "finished": .string(ISO8601DateFormatter().string(from: Date())), "bundle_sha256": .string(sha),
      "threads": .integer(Int64(global.taskCount)),
      "inputs": .array(
        parts.map { part in
          .object([
            "dataset": .string(part.dataset.description.name),
            "sha256": .object(part.dataset.fingerprints.mapValues { .string($0) }),
          ])
        }),
    ])
    try AtomicWrite.file(base + ".run.json", record.serialized(pretty: true), replacing: true)
  }
}
