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
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if let eol, !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
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
      let early = dataset.cells.count { c in
        guard c.status == .failed, let last = c.series.ages.last else { return false }
        return last <= until
      }
      let counted = dataset.cells.count { c in
        c.status != .excluded && (c.series.ages.last.map { $0 > until } ?? false || c.status == .failed)
      }
      let beta = [1 + Double(early), 19 + Double(counted - early)]
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
      outcome.text = text(levels, beta, (lives.count, gaps.count, alive: isMostlyAlive ? 0 : alive))
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
        "early_failure": .object(["failed": .integer(Int64(early)), "of": .integer(Int64(counted))]),
      ]
      if let out = global.out {
        try AtomicWrite.file(out, Array(file(levels, beta).utf8), replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  private typealias Levels = [(String, VarianceComponents.Component)]

  private func text(_ levels: Levels, _ beta: [Double], _ cells: (lives: Int, gaps: Int, alive: Int)) -> String {
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
    let p = beta[0] / (beta[0] + beta[1])
    return text
      + "early failure: probability \(Tables.significant(p)), Beta(\(shortest(beta[0])), \(shortest(beta[1])))\n"
  }

  private func file(_ levels: Levels, _ beta: [Double]) -> String {
    func digits(_ x: Double) -> String { String(format: "%.6g", x) }
    var text = "# Scatter of log life, estimated from replicates; components without data are assumed.\n"
    text += "levels = { " + levels.map { "\($0) = \(digits($1.median))" }.joined(separator: ", ") + " }\n"
    text += "early_failure = { probability = \(digits(beta[0] / (beta[0] + beta[1]))), "
    text += "beta = [\(digits(beta[0])), \(digits(beta[1]))] }\nparameter = []\n"
    for (name, c) in levels {
      text += "\n[detail.\(name)]\nsd = \(digits(c.median))\nq05 = \(digits(c.q05))\nq95 = \(digits(c.q95))\n"
      text += "df = \(c.freedom)\nstatus = \"\(c.status.rawValue)\"\n"
    }
    return text
  }
}
