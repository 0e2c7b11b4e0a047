import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade model`: care of bundles.
struct ModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Show, verify or describe a model bundle.",
    subcommands: [Show.self, Verify.self, Card.self, Update.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What a bundle holds and how well it did out of fold.")
    @Argument(help: "Model bundle.") var model: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model show", global: global).run {
        let (m, sha) = try await LifetimeModel.read(model, threads: global.taskCount)
        var outcome = Outcome()
        outcome.document = [
          "bundle_sha256": .string(sha), "kind": .string(m.kind.name),
          "early": .array(m.coreCutOffs.map(Tables.cutOff)), "group_by": .string(m.groupBy),
          "folds": .integer(Int64(m.folds)),
          "datasets": .array(
            m.datasets.map {
              .object([
                "name": .string($0.name), "kind": .string($0.kind.rawValue), "cell_family": .string($0.family.rawValue),
                "split": ResultDocument.text($0.split), "n_cells": .integer(Int64($0.cells.count)),
              ])
            }), "metrics": .array(try m.outOfFold.map { try Tables.tree($0) }),
        ]
        let data = m.datasets.map {
          "  \($0.name) (\($0.kind.rawValue), \($0.family.rawValue)): \($0.cells.count) cells\($0.split.map { ", " + $0 } ?? "")"
        }
        outcome.text =
          "\(m.kind.name) model, version \(m.toolVersion), sha256 \(sha)\n" + data.joined(separator: "\n")
          + "\ncut-offs \(m.coreCutOffs.map(\.text).joined(separator: ", ")); folds by \(m.groupBy)\n\n"
          + Tables.scores(m.outOfFold, title: "Out-of-fold scores")
        return outcome
      }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Check every hash and repeat the stored forecasts.")
    @Argument(help: "Model bundle.") var model: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model verify", global: global).run {
        let (sha, difference) = try await LifetimeModel.verify(model, threads: global.taskCount)
        return Outcome(
          document: ["bundle_sha256": .string(sha), "largest_relative_difference": .number(difference)],
          text: "\(model) is whole; stored forecasts repeated within \(shortest(difference)) relative\n")
      }
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Recalibrate a model on a few cells of a new dataset; nothing is refitted.",
      discussion: "Example:\n  solidfade model update m.solidfade --with mycells -o mine.solidfade")
    @Argument(help: "Model bundle.") var model: String
    @Option(help: "Dataset folder with the new cells.") var with: String
    @Option(help: "NAME/PART: use only the cells that splits.json lists there.") var split: String?
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model update", global: global).run {
        let out = try global.requiredOut("the new bundle")
        let (m, parent) = try await LifetimeModel.read(model, threads: global.taskCount)
        let dataset = try DatasetReader.read(with)
        let ids = try split.map { try dataset.cellIDs(split: $0) } ?? dataset.cells.map(\.id)
        let updated = try await m.updated(
          with: TrainingPart(dataset: dataset, cellIDs: ids, split: split), parent: parent, threads: global.taskCount)
        let sha = try updated.write(to: out, replacing: global.force)
        return Outcome(
          document: ["bundle": .string(out), "bundle_sha256": .string(sha), "parent": .string(parent)],
          text: "Wrote \(out) (sha256 \(sha.prefix(12))…): \(updated.notes.last ?? "")\n", warnings: dataset.warnings)
      }
    }
  }

  struct Card: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the model card.")
    @Argument(help: "Model bundle.") var model: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model card", global: global).run {
        let (m, sha) = try await LifetimeModel.read(model, threads: global.taskCount)
        return Outcome(document: ["bundle_sha256": .string(sha), "card": .string(m.cardText)], text: m.cardText)
      }
    }
  }
}
