package import SolidFade

/// A design space in, its best designs out: what `solidfade optimize` and the C library do.
package struct SearchRun: Sendable {
  /// The space, a TOML file.
  package var space: String
  /// Designs to evaluate.
  package var budget = 500
  /// Retention that ends life.
  package var limit = 0.8
  /// Last cycle simulated.
  package var horizon = 1000.0
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
    var evaluator = PhysicsEvaluator(limit: limit, horizon: horizon, threads: threads)
    let file = try SpaceFile(contentsOf: space, metrics: evaluator.metrics)
    evaluator.variability = file.variability
    var definition = file.definition
    definition.budget = budget
    definition.seed = seed
    let study = DesignStudy(definition, evaluator: evaluator)
    let result = try await study.run(starts: [definition.space.base]) {
      progress?(ProgressEvent(stage: "search", done: $0, total: $1))
    }
    var writer = StudyWriter(definition: definition, result: result)
    if !result.front.isEmpty {
      var nominal = evaluator
      nominal.variability = .none
      let why = try await study.explanation(of: result, nominal: file.variability.parameters.isEmpty ? nil : nominal)
      if let why {
        writer.explanation = why
        writer.endings = try await evaluator.endings(
          of: result.front[why.member].fresh.design, draws: definition.draws, seed: seed)
        writer.baseEndings = try await evaluator.endings(of: definition.space.base, draws: definition.draws, seed: seed)
      }
    }
    var outcome = Outcome(warnings: faults(result.history))
    outcome.document = writer.document
    if !result.front.isEmpty {
      outcome.text = writer.text
    } else if result.conflict.isEmpty {
      outcome.exit = ExitStatus.partial
      outcome.text = "No feasible design within \(budget) evaluations; no set of constraints was proven to conflict.\n"
    } else {
      throw DataFaults(
        DataFault(
          "E071", file: space, field: "constraint",
          "no design keeps all of: "
            + result.conflict.map { "\($0.constraint) (nearest: off by \(Tables.significant($0.leastViolation)))" }
            .joined(separator: "; "), help: "relax one of these; the others can be kept"))
    }
    return (outcome, writer.files)
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
