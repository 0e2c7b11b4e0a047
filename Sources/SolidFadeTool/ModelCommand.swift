import ArgumentParser
import SolidFade

/// `solidfade model`: care of bundles.
struct ModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Show, verify or describe a model bundle.",
    subcommands: [Show.self, Verify.self, Card.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "What a bundle holds and how well it did out of fold.")
    @Argument(help: "Model bundle.") var model: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model show", global: global).run {
        let (m, sha) = try LifetimeModel.read(model)
        var outcome = Outcome()
        outcome.document = [
          "bundle_sha256": .string(sha), "kind": .string(m.kind.name),
          "early": .array(m.coreAges.map { .number($0) }), "group_by": .string(m.groupBy),
          "folds": .integer(Int64(m.folds)),
          "datasets": .array(
            m.datasets.map {
              .object([
                "name": .string($0.name), "kind": .string($0.kind.rawValue), "cell_family": .string($0.family.rawValue),
                "split": CommandRun.text($0.split), "n_cells": .integer(Int64($0.cells.count)),
              ])
            }), "metrics": .array(try m.outOfFold.map { try Tables.tree($0) }),
        ]
        let data = m.datasets.map {
          "  \($0.name) (\($0.kind.rawValue), \($0.family.rawValue)): \($0.cells.count) cells\($0.split.map { ", " + $0 } ?? "")"
        }
        outcome.text =
          "\(m.kind.name) model, version \(m.toolVersion), sha256 \(sha)\n" + data.joined(separator: "\n")
          + "\ncut-offs \(m.coreAges.map(shortest).joined(separator: ", ")); folds by \(m.groupBy)\n\n"
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
        let (sha, difference) = try LifetimeModel.verify(model)
        return Outcome(
          document: ["bundle_sha256": .string(sha), "largest_relative_difference": .number(difference)],
          text: "\(model) is whole; stored forecasts repeated within \(shortest(difference)) relative\n")
      }
    }
  }

  struct Card: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the model card.")
    @Argument(help: "Model bundle.") var model: String
    @OptionGroup var global: GlobalOptions

    func run() async throws {
      try await CommandRun(name: "model card", global: global).run {
        let (m, sha) = try LifetimeModel.read(model)
        return Outcome(document: ["bundle_sha256": .string(sha), "card": .string(m.cardText)], text: m.cardText)
      }
    }
  }
}
