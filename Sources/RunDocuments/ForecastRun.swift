package import SolidFade

/// Cells in, forecasts out: what `solidfade predict` and the C library do.
package struct ForecastRun: Sendable {
  /// The cells.
  package var dataset: Dataset
  /// Model bundle; nil takes the shipped one that fits the cells.
  package var model: String?
  /// Only observations up to this age are seen; nil sees all.
  package var early: CutOff?
  /// Draws of the predictive distribution, 10…100000.
  package var draws = 1000
  /// Retention that ends life, and what it is relative to; nil is the dataset's.
  package var limit: Double?
  package var reference: CapacityReference?
  /// Age beyond which nothing is claimed; nil is three times the longest training record.
  package var horizon: Double?
  /// How cells scatter about their design; nil makes no population.
  package var variability: ManufacturingVariability?
  /// Whether the population comes from any laboratory, not from one line.
  package var isAcrossLabs = false
  /// Whether the population is also counted lot by lot.
  package var hasLots = false
  /// Whether cells outside the training domain are refused.
  package var isStrict = false
  /// Whether cells too far from training get their forecast all the same.
  package var allowsExtrapolation = false
  package var seed: UInt64 = 1
  package var threads = 1

  /// Allowed numbers of draws.
  package static let allowedDraws = 10...100_000
  /// Cells forecast together.
  private static let batch = 256
  /// Most cells whose losses are split by mechanism: each costs a simulation of its own.
  private static let mostMechanisms = 100

  package init(dataset: Dataset, model: String?) {
    self.dataset = dataset
    self.model = model
  }

  /// The forecasts as document, text and the tables of an output folder.
  package func run(
    progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> (outcome: Outcome, files: [String: [UInt8]]) {
    var dataset = dataset
    let model = try self.model ?? ShippedModels.path(for: dataset.description.family)
    let (fitted, sha) = try await ShippedModels.forecaster(
      model, of: dataset.description.name, from: try Self.ages(of: dataset, early: early), threads: threads)
    // A lone table of designs says nothing of its family: it is asked of this model.
    if self.model != nil, dataset.folder == nil, let family = fitted.datasets.first?.family {
      dataset.description.family = family
    }
    let ids = dataset.cells.filter { $0.status != .excluded }.map(\.id)
    let cells = try await forecasts(of: ids, in: dataset, fitted, progress)
    let forecasts = cells.map(\.forecast)
    let outside = forecasts.filter { !$0.inDomain }
    if isStrict, !outside.isEmpty {
      throw OutsideDomain(cells: outside.map { ($0.cellID, $0.domainReasons.joined(separator: "; ")) })
    }
    var outcome = Outcome(warnings: dataset.warnings)
    if self.model == nil {
      outcome.warnings.append(
        DataWarning("W014", field: "--model", "forecast by the shipped model \(model)", help: "name one with -m"))
    }
    outcome.warnings += warnings(cells, outside, dataset)
    if cells.contains(where: \.isRefused) { outcome.exit = ExitStatus.domain }
    let writer = ForecastWriter(cells: cells, ageColumn: dataset.description.ageColumn, draws: draws, sha: sha)
    let contrasts = try await fitted.contrasts(dataset, cellIDs: ids, early: early, seed: seed, threads: threads)
    outcome.document = writer.document
    outcome.document["bundle"] = .string(model)
    outcome.document["contrasts"] = ForecastWriter.tree(contrasts)
    outcome.text = ForecastWriter.text(contrasts) + writer.text
    var files: [String: [UInt8]] = [:]
    if let variability {
      let populations = try await populations(cells, dataset, fitted, variability)
      outcome.warnings += populations.warnings
      let writer = PopulationWriter(populations.built, isAcrossLabs: isAcrossLabs)
      outcome.document["population"] = writer.tree
      outcome.text += writer.text
      files["population.csv"] = writer.table
    }
    files.merge(try await writer.files(outcome.document, threads: threads)) { $1 }
    if !contrasts.isEmpty { files["contrasts.csv"] = ForecastWriter.table(contrasts) }
    files["flags.csv"] = Self.flags(outcome.warnings)
    return (outcome, files)
  }

  /// Ages from which forecasts may be asked. The last rows of a record may turn out to be glitches: those before count
  /// too.
  private static func ages(of dataset: Dataset, early: CutOff?) throws -> [Double] {
    var ages: Set<Double> = []
    for cell in dataset.cells {
      let own = try early?.age(in: cell) ?? .infinity
      let seen = cell.series.ages.filter { $0 <= own }
      ages.formUnion(seen.isEmpty ? [0] : early == nil ? Array(seen.suffix(20)) : [own])
    }
    return ages.sorted()
  }

  /// Forecasts in batches: draws are many numbers a cell, and are summarised batch by batch. Cells of a study inform
  /// each other and stay together.
  private func forecasts(
    of ids: [String], in dataset: Dataset, _ fitted: LifetimeModel, _ progress: (@Sendable (ProgressEvent) -> Void)?
  ) async throws -> [ForecastWriter.Cell] {
    let own = dataset.description.endOfLife
    let base = fitted.trained(on: dataset.description.name)?.endOfLife ?? own
    let endOfLife = EndOfLife(fraction: limit ?? base.fraction, reference: reference ?? base.reference)
    let isJoint = dataset.description.family == .sulfideSolidState && dataset.cells.contains { $0.series.count > 0 }
    let size = isJoint ? max(ids.count, 1) : Self.batch
    var cells: [ForecastWriter.Cell] = []
    for start in stride(from: 0, to: ids.count, by: size) {
      var found = try await fitted.forecast(
        dataset, cellIDs: Array(ids[start...].prefix(size)), early: early, draws: draws,
        endOfLife: endOfLife == own ? nil : endOfLife, mechanisms: ids.count <= Self.mostMechanisms, seed: seed,
        threads: threads, progress: progress)
      if let horizon { for i in found.indices { found[i].horizon = min(horizon, found[i].horizon) } }
      let (batch, age, isForced) = (found, dataset.description.ageColumn, allowsExtrapolation)
      cells += try await parallelMap(count: batch.count, width: threads) {
        ForecastWriter.Cell(batch[$0], ageColumn: age, isForced: isForced)
      }
    }
    return cells
  }

  private func warnings(
    _ cells: [ForecastWriter.Cell], _ outside: [FadeForecast], _ dataset: Dataset
  ) -> [DataWarning] {
    let refused = cells.filter(\.isRefused)
    var out = refused.map { cell in
      DataWarning(
        "W018", field: cell.forecast.cellID,
        "\(cell.forecast.cellID): refused: \(cell.forecast.refusal ?? "")",
        help: "recalibrate on a few such cells (solidfade model update), or force it with --allow-extrapolation")
    }
    let silent = Set(refused.map(\.forecast.cellID))
    out += outside.filter { !silent.contains($0.cellID) }.map {
      DataWarning(
        "W012", field: $0.cellID, "\($0.cellID): \($0.domainReasons.joined(separator: "; "))",
        help: "the interval is widened, and not proven")
    }
    for cell in cells where !cell.isRefused {
      let f = cell.forecast
      if let age = f.survivorsFrom, cell.life.quantile(0.5).map({ $0 > age }) ?? true {
        out.append(
          DataWarning(
            "W016", field: f.cellID, "\(f.cellID): a life beyond \(shortest(age)) cycles is extrapolation",
            help: "published cells that ran longer are the ones that went well; trust the contrasts more"))
      }
    }
    if cells.count > Self.mostMechanisms, dataset.description.family == .sulfideSolidState {
      out.append(
        DataWarning(
          "W017", file: dataset.folder,
          "losses by mechanism are left out: \(cells.count) cells, at most \(Self.mostMechanisms)",
          help: "predict fewer cells at a time to see why they fade"))
    }
    return out
  }

  /// Virtual populations of the designs among the cells.
  private func populations(
    _ cells: [ForecastWriter.Cell], _ dataset: Dataset, _ fitted: LifetimeModel, _ variability: ManufacturingVariability
  ) async throws -> (built: [(cellID: String, population: BuiltPopulation)], warnings: [DataWarning]) {
    var built: [(cellID: String, population: BuiltPopulation)] = []
    var warnings: [DataWarning] = []
    let isSulfide = dataset.description.family == .sulfideSolidState
    if isAcrossLabs, variability.levels.lab == 0 {
      warnings.append(
        DataWarning(
          "W080", field: "--across", "levels.lab is 0 or not stated, so laboratories do not differ",
          help: "state levels.lab in the file of --variability"))
    }
    if hasLots, variability.levels.batch == 0, !variability.parameters.contains(where: \.isPerBatch) {
      warnings.append(
        DataWarning(
          "W081", field: "--per-batch", "nothing in the file scatters by batch, so lots differ only by chance",
          help: "state levels.batch, or level = \"batch\" of a parameter"))
    }
    for cell in cells where !cell.isRefused {
      let id = cell.forecast.cellID
      guard let attributes = dataset.cells.first(where: { $0.id == id })?.attributes else { continue }
      guard cell.forecast.early == 0, cell.life.observed == nil else {
        warnings.append(
          DataWarning(
            "W073", field: id, "\(id) is built already: no population is made of it",
            help: "ask for the design with --early 0"))
        continue
      }
      warnings += variability.warnings(of: attributes, named: id, file: nil)
      var response: BuildResponse?
      if isSulfide, !variability.parameters.isEmpty {
        do throws(DesignError) {
          response = try BuildResponse(attributes, limit: cell.forecast.endOfLife.fraction, threads: threads)
        } catch {
          warnings.append(
            DataWarning(
              "W074", field: error.field, "\(id) cannot be simulated: \(error.field) is \(error.found)",
              help: "allowed: \(error.allowed)"))
        }
      }
      if response == nil, !variability.parameters.isEmpty {
        warnings.append(
          DataWarning(
            "W075", field: id, "\(id): no simulation says what the tolerances do; the levels of the file count alone",
            help: isSulfide ? "check the design" : "the physics simulates sulfide cells"))
      }
      var plan = BuiltPopulation.Plan(
        design: attributes, lives: cell.life.draws.map { max($0, 1) },
        manufacturingShare: cell.forecast.manufacturingShare, measurementVariance: cell.lifeVarianceOfMeasuring,
        variability: variability, response: response, targets: ForecastWriter.ages)
      plan.isAcrossLabs = isAcrossLabs
      plan.hasLots = hasLots
      built.append((id, try await BuiltPopulation(plan, seed: seed)))
    }
    return (built, warnings)
  }

  private static func flags(_ warnings: [DataWarning]) -> [UInt8] {
    var table = CSVWriter(header: ["code", "cell_id", "message"])
    for w in warnings {
      table.append([.text(w.code), .text(["W012", "W018"].contains(w.code) ? w.field : nil), .text(w.message)])
    }
    return table.bytes
  }
}
