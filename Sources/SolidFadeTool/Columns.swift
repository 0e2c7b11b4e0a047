import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade columns`: the column dictionary.
struct Columns: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the columns of the dataset format with their units and roles.")

  @OptionGroup var global: GlobalOptions

  func run() async throws {
    try await CommandRun(name: "columns", global: global).run {
      var outcome = Outcome()
      let all = ColumnDictionary.all
      outcome.document = [
        "columns": .array(
          all.map {
            .object([
              "table": .string($0.table.rawValue), "name": .string($0.name), "kind": .string($0.kind.rawValue),
              "unit": .string($0.unit), "role": .string($0.role.rawValue),
              "aliases": .array($0.aliases.map { .string($0) }),
            ])
          })
      ]
      outcome.text = Tables.aligned(
        [["table", "column", "kind", "unit", "role"]]
          + all.map { [$0.table.rawValue, $0.name, $0.kind.rawValue, $0.unit, $0.role.rawValue] })
      return outcome
    }
  }
}
