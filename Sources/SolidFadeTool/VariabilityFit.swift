import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade variability fit`: how much lives scatter between laboratories, batches and cells.
struct VariabilityFit: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit", abstract: "Estimate the scatter of lives from replicates.",
    discussion: """
      Cells of one group_id (one condition) are replicates; lab_id and batch_id are the levels above them. Few replicates
      say little: each component comes with its interval and its degrees of freedom. A life that ended between two
      check-ups further apart than a tenth of it counts as lying between them; a cell still alive as lying above.

      Example:
        solidfade variability fit mydata -o variability.toml
      """)

  @Argument(help: "Dataset folder.") var data: String
  @Option(help: "Retention that ends life, instead of the dataset's.") var eol: Double?
  @Option(help: "Age up to which a failure counts as early.") var until = 10.0
  @Option(help: "What was known of early failures before: weak, Beta(1, 19), or jeffreys, Beta(0.5, 0.5).")
  var prior = "weak"
  @Option(
    help: """
      Whose cells these are: of the line that the model's training cells come from (training), so that tolerances added \
      to the file are part of the scatter found, or of another (new_line), so that they add to it.
      """)
  var describes = "training"
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if ManufacturingVariability.EarlyFailure.Prior(rawValue: prior) == nil {
      throw ValidationError("--prior is \"\(prior)\"; give weak or jeffreys")
    }
    if !["training", "new_line"].contains(describes) {
      throw ValidationError("--describes is \"\(describes)\"; give training or new_line")
    }
    if !(until > 0) { throw ValidationError("--until is \(until); give an age above 0") }
  }

  func run() async throws {
    let run = CommandRun(name: "variability fit", global: global)
    try await run.run {
      let dataset = try DatasetReader.read(data)
      var limit = dataset.description.endOfLife
      if let eol { limit = EndOfLife(fraction: eol, reference: limit.reference) }
      let (lives, bounds, gaps) = try ObservedLives.withBounds(of: dataset, limit: limit)
      func number(_ names: [String]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: Set(names).sorted().enumerated().map { ($1, $0) })
      }
      func lab(_ c: CellHistory) -> String { c.attributes.text("lab_id") ?? "" }
      func lot(_ c: CellHistory) -> String { lab(c) + "/" + (c.attributes.text("batch_id") ?? "") }
      let groups = number(dataset.cells.map(\.groupID))
      let labs = number(dataset.cells.map(lab))
      let lots = number(dataset.cells.map(lot))
      let observations = dataset.cells.compactMap { c -> VarianceComponents.Observation? in
        guard let life = gaps[c.id]?.lowerBound ?? lives[c.id] ?? bounds[c.id] else { return nil }
        let upper = gaps[c.id]?.upperBound ?? (lives[c.id] == nil ? .infinity : life)
        return VarianceComponents.Observation(
          log(life), upTo: log(upper), condition: groups[c.groupID] ?? 0, outer: labs[lab(c)] ?? 0,
          inner: lots[lot(c)] ?? 0)
      }
      let alive = observations.count { $0.isLowerBound }
      // Where most cells still live, their bounds say more about the prior than about the scatter.
      let isMostlyAlive = 2 * alive > observations.count
      let found = VarianceComponents(
        isMostlyAlive ? observations.filter { !$0.isLowerBound } : observations, seed: global.seed)
      let counts = earlyFailures(dataset, lives)
      let early = ManufacturingVariability.EarlyFailure(
        failed: Double(counts.failed), of: Double(counts.of),
        prior: ManufacturingVariability.EarlyFailure.Prior(rawValue: prior) ?? .weak, until: until)
      let levels = [("lab", found.outer), ("batch", found.inner), ("cell", found.residual)]
      var outcome = Outcome()
      if levels.allSatisfy({ $0.1.status == .assumed }) {
        outcome.warnings.append(
          DataWarning(
            "W071", file: data, field: "group_id", "no replicates: spread is assumed, not measured",
            help: "cells of one condition share a group_id"))
      }
      if isMostlyAlive {
        outcome.warnings.append(
          DataWarning(
            "W077", file: data, field: "observed_life",
            "\(alive) of \(observations.count) cells have not reached \(shortest(limit.fraction)): they are left out, and the spread is that of the short-lived",
            help: "ask for a higher --eol that most cells have reached"))
      }
      if let group = drawnGroup(dataset) {
        outcome.warnings.append(
          DataWarning(
            "W083", file: data, field: "kind",
            "cells of \(group) are simulated from equal inputs: they differ by draws of what the physics does not know, not as cells of a line do",
            help: "fit measured cells, or cells simulated from `variability sample`"))
      }
      outcome.text = text(levels, early, (lives.count, gaps.count, alive: isMostlyAlive ? 0 : alive))
      outcome.document = [
        "levels": .object(
          Dictionary(
            uniqueKeysWithValues: levels.map { name, c in
              (
                name,
                .object([
                  "sd": .number(c.median), "q05": .number(c.q05), "q95": .number(c.q95),
                  "mode": ResultDocument.real(c.mode), "df": .integer(Int64(c.freedom)),
                  "status": .string(c.status.rawValue),
                ])
              )
            })),
        "lives": .object([
          "known": .integer(Int64(lives.count - gaps.count)), "between_check_ups": .integer(Int64(gaps.count)),
          "above_last_age": .integer(Int64(alive)),
        ]),
        "early_failure": .object([
          "failed": .integer(Int64(counts.failed)), "of": .integer(Int64(counts.of)),
          "probability": .number(early.mean),
          "prior": .string(prior), "until": .number(until),
        ]),
        "describes": .string(describes),
      ]
      if let out = global.out {
        try AtomicWrite.file(out, Array(file(levels, found.posterior, counts, early).utf8), replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  /// Cells that failed early, of those that could have: alive or failed after `until`, or failed before.
  ///
  /// What an operator or the equipment ended is no failure of the cell, and a fade to the end of life is its life.
  private func earlyFailures(_ dataset: Dataset, _ lives: [String: Double]) -> (failed: Int, of: Int) {
    var (failed, of) = (0, 0)
    for c in dataset.cells where c.status != .excluded {
      let last = c.series.ages.last ?? 0
      let isCells = !["operator", "equipment"].contains(c.attributes.text("failure_mode") ?? "")
      if c.status == .failed, last <= until, isCells, lives[c.id] == nil {
        failed += 1
        of += 1
      } else if last > until {
        of += 1
      }
    }
    return (failed, of)
  }

  /// A group of simulated cells with equal inputs; nil where there is none.
  private func drawnGroup(_ dataset: Dataset) -> String? {
    guard dataset.description.kind == .simulated else { return nil }
    let inputs = ColumnDictionary.all.filter { $0.table == .cells && $0.role == .input }.map(\.name)
    let groups = Dictionary(grouping: dataset.cells, by: \.groupID)
    return groups.keys.sorted().first { name in
      let cells = groups[name] ?? []
      return cells.count > 1
        && Set(
          cells.map { c in inputs.map { c.attributes.texts[$0] ?? c.attributes.numbers[$0].map { "\($0)" } ?? "" } }
        )
        .count < cells.count
    }
  }

  private typealias Levels = [(String, VarianceComponents.Component)]

  private func text(
    _ levels: Levels, _ early: ManufacturingVariability.EarlyFailure, _ cells: (lives: Int, gaps: Int, alive: Int)
  ) -> String {
    var rows = [["level", "sd of log life", "q05", "q95", "df", "status"]]
    for (name, c) in levels {
      rows.append(
        [name] + [c.median, c.q05, c.q95].map { Tables.significant($0) } + ["\(c.freedom)", c.status.rawValue])
    }
    var text = Tables.aligned(rows) + "from \(cells.lives) lives"
    if cells.gaps > 0 { text += ", \(cells.gaps) of them only known to lie between two check-ups" }
    if cells.alive > 0 { text += " and \(cells.alive) cells that outlived their test" }
    text += "\n"
    for (name, c) in levels where c.status == .weak {
      text += "\(c.freedom) degrees of freedom fix the spread of a \(name) to within a factor of "
      text += "\(Tables.significant((c.q95 / c.q05).squareRoot())) either way; the prior counts.\n"
    }
    // Means of units that differ no more than chance of what is below them would make them.
    for (name, c) in levels where c.mode == 0 {
      text += "no \(name) effect visible (at most \(Tables.significant(c.q95)) at 95 %).\n"
    }
    return text
      + "early failure (by age \(shortest(until))): probability \(Tables.significant(early.mean)), "
      + "Beta(\(shortest(early.alpha)), \(shortest(early.beta)))\n"
  }

  private func file(
    _ levels: Levels, _ posterior: [VarianceComponents.Point], _ counts: (failed: Int, of: Int),
    _ early: ManufacturingVariability.EarlyFailure
  ) -> String {
    func digits(_ x: Double) -> String { String(format: "%.6g", x) }
    var text = "# Scatter of log life, estimated from replicates; components without data are assumed.\n"
    text += "levels = { " + levels.map { "\($0) = \(digits($1.median))" }.joined(separator: ", ") + " }\n"
    text += "describes = \"\(describes)\"\n"
    text += "early_failure = { failed = \(counts.failed), of = \(counts.of), prior = \"\(prior)\", "
    text += "until = \(shortest(until)), beta = [\(digits(early.alpha)), \(digits(early.beta))] }\nparameter = []\n"
    for (name, c) in levels {
      text += "\n[detail.\(name)]\nsd = \(digits(c.median))\nq05 = \(digits(c.q05))\nq95 = \(digits(c.q95))\n"
      text += "df = \(c.freedom)\nstatus = \"\(c.status.rawValue)\"\n"
    }
    text += "\n# Equally likely levels: how little the replicates say of them is drawn too.\n[posterior]\n"
    for (name, values) in [
      ("lab", posterior.map(\.outer)), ("batch", posterior.map(\.inner)), ("cell", posterior.map(\.residual)),
    ] {
      text += "\(name) = [\(values.map(digits).joined(separator: ", "))]\n"
    }
    return text
  }
}
