import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade variability`: virtual populations of built cells.
struct VariabilityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "variability", abstract: "Manufacturing variability: fit it from replicates, sample cells as built.",
    subcommands: [VariabilityFit.self, VariabilitySample.self])
}

/// `solidfade variability sample`: cells as built, from a design and the spread of its build parameters.
struct VariabilitySample: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Draw cells as built about a design.",
    discussion: """
      Writes a table of cells that `simulate` and `predict` read.

      Example:
        solidfade variability sample variability.toml designs.csv:A01 --n 1000 -o built.csv
      """)

  @Argument(help: "Spread of the build parameters, a TOML file.") var variability: String
  @Argument(help: "Design, FILE or FILE:CELL.") var cell: String
  @Option(help: "Cells to draw.") var n = 1000
  @Option(help: "Cells of one batch.") var perBatch = 1
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if n < 1 || n > 1_000_000 { throw ValidationError("--n is \(n); give 1…1000000") }
    if perBatch < 1 { throw ValidationError("--per-batch is \(perBatch); give 1 or more") }
  }

  func run() async throws {
    let run = CommandRun(name: "variability sample", global: global)
    try await run.run {
      let spread = try ManufacturingVariability(contentsOf: variability)
      let dataset = try DatasetReader.read(cell)
      guard let design = dataset.cells.first else {
        throw DataFaults(DataFault("E031", file: cell, "no cell", help: "name one as FILE:CELL"))
      }
      let built = spread.builds(design.attributes, count: n, perBatch: perBatch, seed: global.seed)
      let numbers = design.attributes.numbers.keys.sorted()
      let texts = design.attributes.texts.keys.filter { $0 != "batch_id" }.sorted()
      var table = CSVWriter(header: ["cell_id", "batch_id"] + texts + numbers)
      for (d, a) in built.enumerated() {
        table.append(
          [.text("\(design.id)-\(d + 1)"), .text("b\(d / perBatch + 1)")] + texts.map { .text(a.texts[$0]) }
            + numbers.map { .number(a.numbers[$0]) })
      }
      var rows = [["parameter", "design", "mean", "sd", "q05", "q95"]]
      var outcome = Outcome()
      outcome.warnings = spread.warnings(of: design.attributes, named: design.id, file: variability)
      for (k, p) in spread.parameters.enumerated() {
        guard let value = design.attributes.numbers[p.name],
          spread.parameters.firstIndex(where: { $0.name == p.name }) == k
        else { continue }
        let drawn = built.compactMap { $0.numbers[p.name] }.sorted()
        rows.append(
          [p.name]
            + [
              value, mean(drawn), standardDeviation(drawn), quantile(ofSorted: drawn, 0.05),
              quantile(ofSorted: drawn, 0.95),
            ].map { Tables.significant($0) })
      }
      outcome.text = Tables.aligned(rows)
      outcome.document = [
        "n": .integer(Int64(n)),
        "parameters": .array(
          rows.dropFirst().map { r in .object(["name": .string(r[0]), "mean": .string(r[2]), "sd": .string(r[3])]) }),
      ]
      if let out = global.out {
        try AtomicWrite.file(out, table.bytes, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }
}
