internal import Foundation
package import SolidFade

/// A design space in, its best designs out: what `solidfade optimize` and the C library do.
package struct SearchRun: Sendable {
  /// The space, a TOML file.
  package var space: String
  /// Model bundle whose lives are searched; nil takes the physics alone.
  package var model: String?
  /// Designs to evaluate.
  package var budget = 500
  /// Retention that ends life.
  package var limit = 0.8
  /// Last cycle simulated.
  package var horizon = 1000.0
  /// File that keeps what was evaluated, for a run that is broken off; nil for none.
  package var checkpoint: String?
  package var seed: UInt64 = 1
  package var threads = 1

  /// Allowed budgets, limits and horizons.
  package static let allowedBudgets = 80...1_000_000
  package static let allowedLimits = 0.01...0.99
  package static let allowedHorizons = 1.0...100_000

  package init(space: String) { self.space = space }

  /// The front as document, text and the tables of an output folder.
  package func run(
    progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> (outcome: Outcome, files: [String: [UInt8]]) {
    let (file, evaluator) = try await study()
    var definition = file.definition
    definition.budget = budget
    definition.seed = seed
    let study = DesignStudy(definition, evaluator: evaluator)
    var nominal = evaluator
    nominal.physics.variability = .none
    let stored = try checkpoint.map { try CheckpointFile($0, of: try fingerprint()) }
    var kept = (designs: 0, trials: 0)
    let result: StudyResult
    do {
      result = try await study.run(
        starts: [definition.space.base], resuming: try stored?.read(),
        checkpoint: { reached in
          // The whole file is written: not for every generation of a long search, and a twentieth is soon made up.
          let steps = reached.steps
          guard 20 * (steps.designs - kept.designs) >= steps.designs || steps.trials > kept.trials else { return }
          try stored?.write(reached)
          kept = steps
        }
      ) {
        progress?(ProgressEvent(stage: "search", done: $0, total: $1))
      }
    } catch let error as DesignSpaceError {
      throw try SpaceFile.fault(error, in: space)
    }
    try checkSimulated(result.history)
    var writer = StudyWriter(definition: definition, askedDraws: file.askedDraws, over: file.over, result: result)
    if !result.front.isEmpty {
      let why = try await study.explanation(of: result, nominal: file.variability.parameters.isEmpty ? nil : nominal)
      if let why {
        writer.explanation = why
        writer.endings = try await evaluator.physics.endings(
          of: result.front[why.member].fresh.design, draws: definition.draws, seed: seed)
        writer.baseEndings = try await evaluator.physics.endings(
          of: definition.space.base, draws: definition.draws, seed: seed)
      }
    }
    var outcome = Outcome(
      warnings: stiff(result, definition, file.over) + unmoved(result.history, definition) + faults(result.history)
        + extrapolations(result)
        + fewDraws(definition) + withoutDesigns(evaluator))
    outcome.warnings += file.variability.warnings(
      of: CellAttributes(result.front.first?.fresh.design ?? definition.space.base), named: "the design", file: nil)
    outcome.document = writer.document
    if !result.front.isEmpty {
      outcome.text = writer.text
    } else if result.conflict.isEmpty {
      outcome.exit = ExitStatus.partial
      outcome.text = "No feasible design within \(budget) evaluations; no set of constraints was proven to conflict.\n"
      outcome.text += nearest(result.history, definition)
    } else {
      throw DataFaults(
        DataFault(
          "E071", file: space, field: "constraint",
          "no design keeps all of: "
            + result.conflict.map {
              "\($0.constraint) (the others kept: off by \(Tables.significant($0.leastViolation)))"
            }
            .joined(separator: "; "),
          help: "relax one of these; the others can be kept"
            + (result.conflict.contains { $0.constraint == StudyDefinition.domainText }
              ? "; domain = \"free\" lets the search leave what the model was taught by" : "")))
    }
    return (outcome, writer.files)
  }

  /// Ends a run in which not one design could be simulated.
  private func checkSimulated(_ history: [StudiedDesign]) throws {
    let faults = history.compactMap(\.fault)
    guard !faults.isEmpty, faults.count == history.count else { return }
    let most =
      Dictionary(grouping: faults) { $0 }.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.key ?? ""
    let fault = DataFault(
      "E078", file: space, field: "variable", "none of \(history.count) designs can be simulated; mostly: \(most)",
      help: "correct the base design or the bounds")
    if faults.allSatisfy({ $0.hasPrefix("numerical") }) { throw NumericalFailure(faults: [fault]) }
    throw DataFaults(fault)
  }

  /// The design that comes nearest to keeping its limits, in words.
  private func nearest(_ history: [StudiedDesign], _ definition: StudyDefinition) -> String {
    let usable = history.filter { $0.fault == nil }
    guard let best = usable.min(by: { $0.violations.reduce(0, +) < $1.violations.reduce(0, +) }) else { return "" }
    let names = definition.space.constraints.map(\.text) + definition.chances.map(\.text)
    let off = zip(names, best.violations).filter { $1 > 0 }.map { "\($0) off by \(Tables.significant($1))" }
    let design = definition.space.variables.map { "\($0.name) \(best.design[$0.name]?.shown ?? "–")" }
    return "Nearest: \(design.joined(separator: ", ")); \(off.joined(separator: ", ")). Raise --budget.\n"
  }

  /// The study of the file, and what says how its designs do.
  func study() async throws -> (file: SpaceFile, evaluator: ModelEvaluator) {
    var physics = PhysicsEvaluator(limit: limit, horizon: horizon, threads: threads)
    let file = try SpaceFile(contentsOf: space, metrics: physics.metrics)
    physics.variability = file.variability
    physics.population.holdsUnknown = file.over == .manufacturing
    var fitted: LifetimeModel?
    if let model { fitted = try await ShippedModels.forecaster(model, of: nil, from: [0], threads: threads).model }
    if let model, let family = fitted?.datasets.first?.family, family != .sulfideSolidState {
      throw DataFaults(
        DataFault(
          "E077", file: model, field: "cell_family", "a model of \(family.rawValue) cells; designs are sulfide cells",
          help: "name a model of sulfide cells, or none for the physics alone"))
    }
    return (file, ModelEvaluator(model: fitted, base: file.definition.space.base, physics: physics))
  }

  /// What an evaluation hangs on.
  private func fingerprint() throws -> String {
    var text = "\(limit) \(horizon) \(seed) \(toolVersion)"
    for path in try SpaceFile.inputs(of: space) + (model.map { [$0 + "/bundle.json"] } ?? []) {
      text += " " + sha256([UInt8](FileManager.default.contents(atPath: path) ?? Data()))
    }
    return sha256(Array(text.utf8))
  }

  /// Where the search left what the model was taught by: variables that nothing measured ever varied, and how much of
  /// the front lies outside.
  private func extrapolations(_ result: StudyResult) -> [DataWarning] {
    let counts = Dictionary(grouping: result.front.flatMap { Set($0.fresh.objections.map(reason)) }) { $0 }
    return counts.sorted { $0.key < $1.key }.prefix(10).map { why, members in
      DataWarning(
        "W076", file: space, field: "variable",
        "\(members.count) of \(result.front.count) designs on the front are extrapolations: \(why)",
        help: "see `outside` in front.csv; test before building on them")
    }
  }

  /// A model that has only learnt from records knows of a design what its conditions say.
  private func withoutDesigns(_ evaluator: ModelEvaluator) -> [DataWarning] {
    guard let fitted = evaluator.model, !fitted.forecastsDesigns, let first = fitted.coreCutOffs.first else {
      return []
    }
    return [
      DataWarning(
        "W090", file: model, field: "early",
        "the model never learnt from designs alone; its first cut-off is \(first.text), and no design has a record",
        help: "train it with --early 0, or 0 beside other cut-offs")
    ]
  }

  /// Statistics over what is built where nothing of it scatters.
  private func stiff(_ result: StudyResult, _ definition: StudyDefinition, _ over: DrawnOver) -> [DataWarning] {
    guard over == .manufacturing, let k = definition.objectives.firstIndex(where: { $0.metric == "life" }),
      let first = result.front.first?.fresh.quantiles[k], log(first[2] / max(first[0], 1)) < 1e-9
    else { return [] }
    return [
      DataWarning(
        "W089", file: space, field: "over",
        "lives do not scatter from cell to cell: training showed no replicates, and no levels are stated",
        help: "state levels in the file of robust.variability")
    ]
  }

  /// Objectives that no design changes.
  private func unmoved(_ history: [StudiedDesign], _ definition: StudyDefinition) -> [DataWarning] {
    let known = history.filter { $0.fault == nil && $0.objectives.allSatisfy(\.isFinite) }
    return definition.objectives.enumerated().compactMap { k, o in
      let values = known.map { $0.objectives[k] }
      guard values.count > 1, let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
      return DataWarning(
        "W085", file: space, field: "objective",
        "objective \"\(o.metric)\" is \(Tables.significant(first)) for all \(values.count) designs: it decides nothing",
        help: o.metric == "life" ? "raise --horizon, or choose another statistic" : "vary what it hangs on, or drop it")
    }
  }

  /// How little few virtual cells say of a rare life.
  private func fewDraws(_ definition: StudyDefinition) -> [DataWarning] {
    guard definition.draws < 128 else { return [] }
    let points = 100 * (0.09 / Double(definition.draws)).squareRoot()
    return [
      DataWarning(
        "W082", file: space, field: "robust.draws",
        "\(definition.draws) virtual cells of a design: the share below a 10 % quantile is sure to ± "
          + "\(Tables.significant(points)) percentage points", help: "128 or more")
    ]
  }

  /// A reason without the value of the single design.
  private func reason(_ text: String) -> String {
    guard let cut = text.range(of: " outside the published ") else { return text }
    return String(text[..<cut.lowerBound].prefix { $0 != " " }) + String(text[cut.lowerBound...])
  }

  /// What kept designs from being simulated, each reason once.
  private func faults(_ history: [StudiedDesign]) -> [DataWarning] {
    Dictionary(grouping: history.compactMap(\.fault)) { $0 }.sorted { $0.key < $1.key }.prefix(10).map { reason, all in
      DataWarning(
        "W072", file: space, field: "variable",
        "\(all.count) of \(history.count) designs cannot be simulated: \(reason)", help: "they count as infeasible")
    }
  }
}
