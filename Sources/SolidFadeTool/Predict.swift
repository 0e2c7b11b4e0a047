import ArgumentParser
import SolidFade

/// `solidfade predict`: cells in, forecasts out.
struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forecast capacity fade and life of new or running cells.",
    discussion: """
      Examples:
        solidfade predict designs.csv -m m.solidfade
        solidfade predict mydata:A03 -m m.solidfade --early 50 --json
        solidfade predict mydata -m m.solidfade -o forecast && solidfade report forecast -o report.html
      """)

  @Argument(help: "Dataset folder or cells.csv; PATH:ID for one cell.") var new: String
  @Option(name: [.customShort("m"), .long], help: "Model bundle; by default the shipped one that fits the cells.")
  var model: String?
  @Option(help: "See only observations up to this age; 0 is the design alone; all rows by default.") var early: String?
  @Option(help: "Draws of the predictive distribution.") var draws = 1000
  @Option(help: "Retention that ends life, instead of the dataset's.") var eol: Double?
  @Option(help: "What retention is relative to: first, max, mean:2-4 or nominal.") var reference: String?
  @Option(help: "Age beyond which nothing is claimed; by default three times the longest training record.")
  var horizon: Double?
  @Option(help: "NAME=VALUE: state or replace a condition of every cell; may be repeated.") var condition: [String] = []
  @Flag(name: .customLong("strict-domain"), help: "Refuse (exit 5) cells outside the training domain.")
  var strictDomain = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if draws < 10 || draws > 100_000 { throw ValidationError("--draws is \(draws); give 10…100000") }
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if let horizon, !(horizon > 0) { throw ValidationError("--horizon is \(horizon); give an age above 0") }
    if let reference, CapacityReference(reference) == nil {
      throw ValidationError("--reference is \"\(reference)\"; give first, max, mean:2-4 or nominal")
    }
    for text in condition where !text.contains("=") {
      throw ValidationError("--condition is \"\(text)\"; give NAME=VALUE")
    }
  }

  /// Cells forecast together.
  private static let batch = 256

  /// Most cells whose losses are split by mechanism: each costs a simulation of its own.
  private static let mostMechanisms = 100

  func run() async throws {
    let run = CommandRun(name: "predict", global: global)
    try await run.run {
      var dataset = try DatasetReader.read(new)
      try applyConditions(&dataset)
      let model = try self.model ?? ShippedModels.path(for: dataset.description.family)
      let (fitted, sha) = try LifetimeModel.read(model)
      if case .baseline(let name) = fitted.kind {
        throw DataFaults(
          DataFault(
            "E047", file: model, field: "kind",
            "a baseline:\(name) model is a rival for evaluate; it makes no forecasts",
            help: "train with --kind hybrid, physics or ml"))
      }
      // A lone table of designs says nothing of its family: it is asked of this model.
      if self.model != nil, dataset.folder == nil, let family = fitted.datasets.first?.family {
        dataset.description.family = family
      }
      let own = dataset.description.endOfLife
      let base = fitted.trained(on: dataset.description.name)?.endOfLife ?? own
      let limit = EndOfLife(
        fraction: eol ?? base.fraction, reference: reference.flatMap(CapacityReference.init) ?? base.reference)
      let cutoff = try early.map { try parseEarly($0) }?.first ?? nil
      let ids = dataset.cells.filter { $0.status != .excluded }.map(\.id)
      let keepsOwn = limit == own
      var cells: [ForecastWriter.Cell] = []
      // Draws are many numbers a cell: they are summarised batch by batch. Cells of a study inform each other.
      let isJoint = dataset.description.family == .sulfideSolidState && dataset.cells.contains { $0.series.count > 0 }
      let batch = isJoint ? max(ids.count, 1) : Self.batch
      for start in stride(from: 0, to: ids.count, by: batch) {
        var forecasts = try await fitted.forecast(
          dataset, cellIDs: Array(ids[start...].prefix(batch)), early: cutoff, draws: draws,
          endOfLife: keepsOwn ? nil : limit, mechanisms: ids.count <= Self.mostMechanisms, seed: global.seed,
          threads: global.taskCount, progress: run.progress)
        if let horizon { for i in forecasts.indices { forecasts[i].horizon = min(horizon, forecasts[i].horizon) } }
        let (found, age) = (forecasts, dataset.description.ageColumn)
        cells += try await parallelMap(count: found.count, width: global.taskCount) {
          ForecastWriter.Cell(found[$0], ageColumn: age)
        }
      }
      let forecasts = cells.map(\.forecast)
      if strictDomain {
        let outside = forecasts.filter { !$0.inDomain }
        if !outside.isEmpty {
          throw OutsideDomain(cells: outside.map { ($0.cellID, $0.domainReasons.joined(separator: "; ")) })
        }
      }
      var outcome = Outcome(warnings: dataset.warnings)
      if self.model == nil {
        outcome.warnings.append(
          DataWarning("W014", field: "--model", "forecast by the shipped model \(model)", help: "name one with -m"))
      }
      outcome.warnings += forecasts.filter { !$0.inDomain }.map {
        DataWarning(
          "W012", field: $0.cellID, "\($0.cellID): \($0.domainReasons.joined(separator: "; "))",
          help: "the interval is widened, not proven")
      }
      for cell in cells {
        let f = cell.forecast
        if let age = f.survivorsFrom, cell.life.quantile(0.5).map({ $0 > age }) ?? true {
          outcome.warnings.append(
            DataWarning(
              "W016", field: f.cellID, "\(f.cellID): a life beyond \(shortest(age)) cycles is extrapolation",
              help: "published cells that ran longer are the ones that went well; trust the contrasts more"))
        }
      }
      if ids.count > Self.mostMechanisms, dataset.description.family == .sulfideSolidState {
        outcome.warnings.append(
          DataWarning(
            "W017", file: new, "losses by mechanism are left out: \(ids.count) cells, at most \(Self.mostMechanisms)",
            help: "predict fewer cells at a time to see why they fade"))
      }
      let writer = ForecastWriter(
        cells: cells, ageColumn: dataset.description.ageColumn, draws: draws, sha: sha)
      let document = writer.document
      outcome.document = document
      let contrasts = try await fitted.contrasts(
        dataset, cellIDs: ids, early: cutoff, seed: global.seed, threads: global.taskCount)
      outcome.document["bundle"] = .string(model)
      outcome.document["contrasts"] = ForecastWriter.tree(contrasts)
      outcome.text = ForecastWriter.text(contrasts) + writer.text
      if let out = global.out {
        var files = writer.files(document)
        if !contrasts.isEmpty { files["contrasts.csv"] = ForecastWriter.table(contrasts) }
        files["flags.csv"] = flags(outcome.warnings)
        files["run.json"] = RunRecord.bytes(command: "predict", inputs: [new, model], global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out). Next: solidfade report \(out) -o report.html\n"
      }
      return outcome
    }
  }

  private func flags(_ warnings: [DataWarning]) -> [UInt8] {
    var table = CSVWriter(header: ["code", "cell_id", "message"])
    for w in warnings { table.append([.text(w.code), .text(w.code == "W012" ? w.field : nil), .text(w.message)]) }
    return table.bytes
  }

  private func applyConditions(_ dataset: inout Dataset) throws {
    for text in condition {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let name = parts[0]
      let value = parts.count > 1 ? parts[1] : ""
      guard let column = ColumnDictionary.all.first(where: { $0.table == .cells && $0.name == name }),
        column.role == .input || name == "group_id"
      else {
        throw DataFaults(
          DataFault(
            "E014", field: "--condition", "\"\(name)\" is not a condition of a cell", help: "see `solidfade columns`"))
      }
      for i in dataset.cells.indices {
        if column.kind == .text {
          dataset.cells[i].attributes.texts[name] = value
        } else {
          guard let x = Double(value), column.allowed?.contains(x) ?? true else {
            throw DataFaults(
              DataFault(
                "E024", field: "--condition",
                "\(name): found \"\(value)\", expected a number within "
                  + (column.allowed.map { "\(shortest($0.lowerBound))…\(shortest($0.upperBound))" } ?? "the reals"),
                help: "the unit is \(column.unit)"))
          }
          dataset.cells[i].attributes.numbers[name] = x
        }
      }
    }
  }
}
