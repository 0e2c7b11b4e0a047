import ArgumentParser
import RunDocuments
import SolidFade

/// `solidfade predict`: cells in, forecasts out.
struct Predict: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forecast capacity fade and life of new or running cells.",
    discussion: """
      Examples:
        solidfade predict designs.csv -m m.solidfade
        solidfade predict mydata:A03 -m m.solidfade --early 50 --json
        solidfade predict designs.csv --variability variability.toml --per-batch
        solidfade predict mydata -m m.solidfade -o forecast && solidfade report forecast -o report.html
      """)

  @Argument(help: "Dataset folder or cells.csv; PATH:ID for one cell.") var new: String
  @Option(name: [.customShort("m"), .long], help: "Model bundle; by default the shipped one that fits the cells.")
  var model: String?
  @Option(
    help: "See only observations up to this age, day (21d) or check-up (2checkups); 0 is the design; default all rows.")
  var early: String?
  @Option(help: "Draws of the predictive distribution.") var draws = 1000
  @Option(help: "Retention that ends life, instead of the dataset's.") var eol: Double?
  @Option(help: "What retention is relative to: first, max, mean:2-4 or nominal.") var reference: String?
  @Option(help: "Age beyond which nothing is claimed; by default three times the longest training record.")
  var horizon: Double?
  @Option(help: "NAME=VALUE: state or replace a condition of every cell; may be repeated.") var condition: [String] = []
  @Option(help: "Spread of the build parameters, a TOML file: adds yields and a ranking of tolerances.")
  var variability: String?
  @Option(
    help: """
      Whose cells the population is: line (one line; what laboratories differ by is not known of it) or labs (any \
      laboratory: it is scatter).
      """)
  var across: String?
  @Flag(name: .customLong("per-batch"), help: "Also count the population lot by lot: how yields of lots differ.")
  var perBatch = false
  @Flag(
    name: .customLong("strict-domain"), help: "Write nothing (exit 5) if any cell lies outside the training domain.")
  var strictDomain = false
  @Flag(
    name: .customLong("allow-extrapolation"),
    help: "Forecast also cells so far from training that they would be refused (status refused, exit 5).")
  var allowExtrapolation = false
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if strictDomain, allowExtrapolation {
      throw ValidationError("--strict-domain and --allow-extrapolation ask for opposite things; give one")
    }
    if !ForecastRun.allowedDraws.contains(draws) {
      throw ValidationError("--draws is \(draws); give 10…100000")
    }
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if let horizon, !(horizon > 0) { throw ValidationError("--horizon is \(horizon); give an age above 0") }
    if let reference, CapacityReference(reference) == nil {
      throw ValidationError("--reference is \"\(reference)\"; give first, max, mean:2-4 or nominal")
    }
    if let across, !["line", "labs"].contains(across) {
      throw ValidationError("--across is \"\(across)\"; give line or labs")
    }
    if variability == nil, across != nil || perBatch {
      throw ValidationError("\(perBatch ? "--per-batch" : "--across") needs --variability FILE")
    }
    for text in condition where !text.contains("=") {
      throw ValidationError("--condition is \"\(text)\"; give NAME=VALUE")
    }
  }

  func run() async throws {
    let run = CommandRun(name: "predict", global: global)
    try await run.run {
      var dataset = try DatasetReader.read(new)
      try applyConditions(&dataset)
      var forecast = ForecastRun(dataset: dataset, model: model)
      forecast.early = try early.map { try parseEarly($0) }?.first ?? nil
      forecast.draws = draws
      forecast.limit = eol
      forecast.reference = reference.flatMap(CapacityReference.init)
      forecast.horizon = horizon
      forecast.variability = try variability.map { try ManufacturingVariability(contentsOf: $0) }
      forecast.isAcrossLabs = across == "labs"
      forecast.hasLots = perBatch
      forecast.isStrict = strictDomain
      forecast.allowsExtrapolation = allowExtrapolation
      forecast.seed = global.seed
      forecast.threads = global.taskCount
      var (outcome, files) = try await forecast.run(progress: run.progress)
      if let out = global.out {
        let used = try model ?? ShippedModels.path(for: dataset.description.family)
        files["run.json"] = RunRecord.bytes(
          command: "predict", inputs: [new, used] + (variability.map { [$0] } ?? []), global: global)
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out). Next: solidfade report \(out) -o report.html\n"
      }
      return outcome
    }
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
