import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade plan`: which cells to test, and how hard.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Plan tests that narrow the life of a design most.",
    discussion: """
      CELL is the design at its use condition. Each --stress gives levels that tests may run at, or names quantities alone:
      their levels then go from use to --max-stress, else to the most that published cells state. Three plans come side by
      side: optimal, compromise (three levels, replicates, no condition with more than half of the cells) and balanced.
      With --channel-cost and --cell-cost a plan may spend what as many cells as channels cost that run all weeks: dear
      cells then run longer.

      Example:
        solidfade plan designs.csv:A --channels 16 --weeks 12 --stress temperature_celsius=25,40,55 \\
          --stress upper_cutoff_v=4.2,4.3,4.4 -o plan
        solidfade plan designs.csv:A --stress temperature_celsius,discharge_c_rate --max-stress discharge_c_rate=1
      """)

  @Argument(help: "Design at its use condition, FILE or FILE:CELL.") var cell: String
  @Option(help: "NAME=LEVEL,LEVEL,… or NAME,NAME,…; may be repeated.") var stress: [String]
  @Option(help: "NAME=VALUE: no test goes beyond; may be repeated.") var maxStress: [String] = []
  @Option(help: "Channels, each for one cell at a time.") var channels = 16
  @Option(help: "Weeks at hand.") var weeks = 12.0
  @Option(help: "Price of a channel for a week, with --cell-cost.") var channelCost: Double?
  @Option(help: "Price of a cell, in the unit of --channel-cost.") var cellCost: Double?
  @Option(help: "Fewest cells of a condition in the compromise.") var minReplicates = 2
  @Option(
    help: """
      What optimal and compromise are best for: life (the interval of the life in use) or d-optimal (all unknowns of \
      the stress law together).
      """)
  var criterion = "life"
  @Option(help: "The plan shown in full.") var style = "compromise"
  @Option(help: "Dataset of cells of this design that run already: says which to continue.") var running: String?
  @Option(help: "variability.toml: scatter of lives between cells and batches.") var variability: String?
  @Option(help: "Retention that ends life.") var eol = 0.8
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if channels < 1 || channels > 10_000 { throw ValidationError("--channels is \(channels); give 1…10000") }
    if !(weeks > 0 && weeks <= 520) { throw ValidationError("--weeks is \(weeks); give a number up to 520") }
    if minReplicates < 1 { throw ValidationError("--min-replicates is \(minReplicates); give 1 or more") }
    if PlanStudy.Style(rawValue: style) == nil {
      throw ValidationError("--style is \"\(style)\"; give optimal, compromise or balanced")
    }
    if PlanEnsemble.Criterion(rawValue: criterion) == nil {
      throw ValidationError("--criterion is \"\(criterion)\"; give life or d-optimal")
    }
    if !(eol > 0 && eol < 1) { throw ValidationError("--eol is \(eol); give a fraction between 0 and 1") }
    if (channelCost == nil) != (cellCost == nil) {
      throw ValidationError("--channel-cost and --cell-cost say something together; give both or none")
    }
    if let channelCost, !(channelCost > 0 && channelCost.isFinite) {
      throw ValidationError("--channel-cost is \(channelCost); give a price above 0")
    }
    if let cellCost, !(cellCost >= 0 && cellCost.isFinite) {
      throw ValidationError("--cell-cost is \(cellCost); give a price, 0 or more")
    }
    let named = Set(stress.flatMap(Self.names))
    for text in maxStress {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, let value = Double(parts[1]), value.isFinite else {
        throw ValidationError("--max-stress is \"\(text)\"; give NAME=VALUE")
      }
      guard named.contains(parts[0]) else {
        throw ValidationError(
          "--max-stress names \"\(parts[0])\"; --stress names \(named.sorted().joined(separator: ", "))")
      }
    }
  }

  func run() async throws {
    let run = CommandRun(name: "plan", global: global)
    try await run.run {
      guard let use = try DatasetReader.read(cell).cells.first else {
        throw DataFaults(DataFault("E031", file: cell, "no cell", help: "name one as FILE:CELL"))
      }
      var study = PlanStudy(
        use: use.attributes, stresses: try stress.flatMap { try parse($0, use.attributes) }, channels: channels,
        weeks: weeks)
      study.replicates = minReplicates
      if let cellCost, let channelCost { study.cellCost = cellCost / channelCost }
      study.criterion = PlanEnsemble.Criterion(rawValue: criterion) ?? .life
      study.limit = eol
      study.seed = global.seed
      study.threads = global.taskCount
      if let variability {
        let spread = try ManufacturingVariability(contentsOf: variability).levels
        study.cellSpread = spread.cell
        study.batchSpread = spread.batch
      }
      if let running {
        let dataset = try DatasetReader.read(running)
        study.running = dataset.cells
        study.lastRetention = try ObservedLives.lastRetentions(of: dataset)
      }
      let found: PlanStudy.Result
      do { found = try await study.run() } catch let error as DesignError {
        throw DataFaults(
          DataFault(
            "E024", file: cell, field: error.field, "\(error.field): found \(error.found), expected \(error.allowed)",
            help: "correct the design or the stress"))
      } catch let error as DesignSpaceError {
        throw DataFaults(
          DataFault("E072", file: cell, field: error.part, "\(error.part): \(error.message)", help: error.help))
      }
      var outcome = Outcome()
      outcome.warnings += warnings(found, study)
      if found.shareBeyondHorizon > 0.05 {
        outcome.warnings.append(
          DataWarning(
            "W078", file: cell, field: "life",
            "\(Tables.significant(100 * found.shareBeyondHorizon)) % of the possible truths outlive \(shortest(study.horizon)) cycles at use and count as ending there",
            help: "widths in cycles are too small; compare plans by them, no more"))
      }
      outcome.text = text(found, study)
      outcome.document = document(found, study)
      if let out = global.out {
        var summary = outcome.document
        summary["schema"] = .string("solidfade.result/1")
        summary["command"] = .string("plan")
        var files = [
          "summary.json": JSONTree.object(summary).serialized(pretty: true), "plan.csv": plan(found, study),
          "acceleration.csv": acceleration(found, study),
          "run.json": RunRecord.bytes(
            command: "plan", inputs: [cell] + (running.map { [$0] } ?? []), global: global),
        ]
        if !found.advice.isEmpty { files["continue.csv"] = advice(found) }
        try AtomicWrite.folder(out, files: files, replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  /// The quantities that one `--stress` names.
  private static func names(_ text: String) -> [String] {
    guard let equals = text.firstIndex(of: "=") else { return text.split(separator: ",").map(String.init) }
    return [String(text[..<equals])]
  }

  private func parse(_ text: String, _ use: CellAttributes) throws -> [PlanStudy.Stress] {
    let most = Dictionary(
      maxStress.map { $0.split(separator: "=").map(String.init) }.map { ($0[0], Double($0[1]) ?? .nan) }
    ) { min($0, $1) }
    return try Self.names(text).map { name in
      guard
        let column = ColumnDictionary.all.first(where: {
          $0.table == .cells && $0.name == name && $0.role == .input && $0.kind != .text
        })
      else {
        throw DataFaults(
          DataFault("E014", field: "--stress", "\"\(name)\" is no number of a design", help: "see `solidfade columns`"))
      }
      if let value = most[name], let allowed = column.allowed, !allowed.contains(value) {
        throw DataFaults(
          DataFault(
            "E024", field: "--max-stress", "\(name)=\(shortest(value)): expected \(Self.shown(allowed))",
            help: "give a value that can be set"))
      }
      guard let equals = text.firstIndex(of: "=") else {
        do throws(DesignSpaceError) { return try PlanStudy.Stress(name, use: use, most: most[name]) } catch {
          throw DataFaults(
            DataFault("E072", file: cell, field: error.part, "\(error.part): \(error.message)", help: error.help))
        }
      }
      let levels = text[text.index(after: equals)...].split(separator: ",").map { Double($0) }
      let values = levels.compactMap { $0 }
      guard values.count == levels.count, values.count > 1, values.allSatisfy({ column.allowed?.contains($0) ?? true })
      else {
        throw DataFaults(
          DataFault(
            "E024", field: "--stress",
            "\(text): expected at least two levels" + (column.allowed.map { " within \(Self.shown($0))" } ?? ""),
            help: "give NAME=LEVEL,LEVEL, or the name alone"))
      }
      if let limit = most[name], let beyond = values.first(where: { $0 > limit }) {
        throw DataFaults(
          DataFault(
            "E024", field: "--stress", "\(text): level \(shortest(beyond)) lies above --max-stress \(shortest(limit))",
            help: "drop the level, or raise --max-stress"))
      }
      return PlanStudy.Stress(name, levels: Set(values).sorted())
    }
  }

  private static func shown(_ range: ClosedRange<Double>) -> String {
    "\(shortest(range.lowerBound))…\(shortest(range.upperBound))"
  }

  private func warnings(_ found: PlanStudy.Result, _ study: PlanStudy) -> [DataWarning] {
    var out: [DataWarning] = []
    let now = width(found, study, spread: found.spread)
    let gain = 1 - (found.plans.map { width(found, study, spread: $0.spread) }.min() ?? now) / max(now, 1e-12)
    if gain < 0.05 {
      out.append(
        DataWarning(
          "W079", field: "--channels",
          "no plan narrows the next cell's interval by more than \(Tables.significant(100 * max(gain, 0))) %: log life is unsure by \(Tables.significant(found.spread)), and cells scatter by \(Tables.significant(study.cellSpread))",
          help: "give more weeks or harder conditions; what cells scatter by only a better line narrows"))
    }
    let tested = Set(found.plans.flatMap { $0.rows.map(\.condition) }).sorted()
    let other = tested.filter { found.conditions[$0].acceleration.changesMechanism }
    if !other.isEmpty {
      let odds = other.map { k in
        "c\(k + 1) (\(Tables.significant(100 * found.conditions[k].acceleration.leadingDiffers)) % of the possible truths)"
      }
      out.append(
        DataWarning(
          "W086", field: "--stress",
          "another mechanism than at use may end life in \(odds.joined(separator: ", ")): what is seen there says less of use",
          help: "test nearer to use, or read `mechanism_flag` and the shares in acceleration.csv"))
    }
    for a in found.advice where a.isOff {
      out.append(
        DataWarning(
          "W087", file: running, field: a.cellID,
          "\(a.cellID) \(a.reason); it gives no gain, and widths are approximate",
          help: "check its record and its conditions; the physics may not hold for these cells"))
    }
    return out
  }

  /// Width of the 90 % interval of the next cell's life.
  private func width(_ found: PlanStudy.Result, _ study: PlanStudy, spread: Double) -> Double {
    let s = (spread * spread + study.cellSpread * study.cellSpread).squareRoot()
    return found.medianLife * 2 * sinh(1.645 * s)
  }

  private func plan(_ found: PlanStudy.Result, _ study: PlanStudy) -> [UInt8] {
    var table = CSVWriter(
      header: ["style", "condition_id"] + study.stresses.map(\.name) + [
        "n_cells", "cycles", "weeks", "expected_failures", "p_no_event", "mechanism_flag", "interval_width_now",
        "interval_width_after", "approximate", "information_nat",
      ] + (cellCost == nil ? [] : ["cost"]))
    for p in found.plans {
      for r in p.rows {
        let c = found.conditions[r.condition]
        let cycles = (c.cycles * r.weeks / study.weeks).rounded(.down)
        let failures = c.failures(cells: r.cells, cycles: cycles, spread: study.cellSpread)
        table.append(
          [.text(p.style.rawValue), .text("c\(r.condition + 1)")] + c.levels.map { .number($0) } + [
            .integer(r.cells), .number(cycles), .number(r.weeks), .number(failures.expected), .number(failures.none),
            .bool(c.acceleration.changesMechanism), .number(width(found, study, spread: found.spread)),
            .number(width(found, study, spread: p.spread)), p.check.isKnown ? .bool(p.check.isApproximate) : .text(nil),
            .number(p.information),
          ] + (price(r).map { [.number($0)] } ?? []))
      }
    }
    return table.bytes
  }

  /// What a row costs; nil without prices.
  private func price(_ r: PlanStudy.Row) -> Double? {
    guard let cellCost, let channelCost else { return nil }
    return Double(r.cells) * (cellCost + channelCost * r.weeks)
  }

  private func advice(_ found: PlanStudy.Result) -> [UInt8] {
    var table = CSVWriter(
      header: [
        "cell_id", "cycle_count", "value_of_next_100_cycles", "gain_per_week", "threshold",
        "recommendation", "reason",
      ])
    for a in found.advice {
      table.append([
        .text(a.cellID), .number(a.age), .number(a.value), .number(a.perWeek), .number(a.bestNew),
        .text(a.recommendation.rawValue), .text(a.reason),
      ])
    }
    return table.bytes
  }

  private func acceleration(_ found: PlanStudy.Result, _ study: PlanStudy) -> [UInt8] {
    var table = CSVWriter(
      header: ["condition_id"] + study.stresses.map(\.name) + [
        "factor_q05", "factor_q50", "factor_q95", "mechanism_flag", "early_ratio_q05", "early_ratio_q50",
        "early_ratio_q95", "loss_flag", "p_other_mechanism",
      ]
        + MechanismShares.mechanisms.map { "share_" + $0.rawValue })
    for (k, c) in found.conditions.enumerated() {
      table.append(
        [.text("c\(k + 1)")] + c.levels.map { .number($0) } + c.acceleration.factor.map { .number($0) }
          + [.bool(c.acceleration.changesMechanism)] + c.acceleration.earlyRatio.map { .number($0) }
          + [.bool(c.acceleration.dependsOnLoss), .number(c.acceleration.leadingDiffers)] + c.shares.map { .number($0) }
      )
    }
    return table.bytes
  }

  private func text(_ found: PlanStudy.Result, _ study: PlanStudy) -> String {
    var rows = [["condition"] + study.stresses.map(\.name) + ["cells", "weeks", "cycles", "faster than use ×", "flag"]]
    if let p = found.plans.first(where: { $0.style.rawValue == style }) {
      for r in p.rows {
        let c = found.conditions[r.condition]
        rows.append(
          ["c\(r.condition + 1)"] + c.levels.map { shortest($0) } + [
            "\(r.cells)", Tables.significant(r.weeks), shortest((c.cycles * r.weeks / study.weeks).rounded(.down)),
            c.acceleration.factor.map { Tables.significant($0) }.joined(separator: " … "), Self.flags(c.acceleration),
          ])
      }
    }
    var text = "Plan \(style): \(channels) channels, \(shortest(weeks)) weeks\n" + Tables.aligned(rows)
    let now = width(found, study, spread: found.spread)
    text += "90 % interval of the next cell's life: \(Tables.significant(now)) cycles wide now; after the plan "
    text +=
      found.plans.map { "\($0.style.rawValue) \(Tables.significant(width(found, study, spread: $0.spread)))" }
      .joined(separator: ", ") + ".\n"
    text += "What the plans tell of all unknowns of the stress law together: "
    text +=
      found.plans.map { "\($0.style.rawValue) \(Tables.significant($0.information))" }.joined(separator: ", ")
      + " nat.\n"
    if cellCost != nil {
      let costs = found.plans.map { p in
        "\(p.style.rawValue) \(Tables.significant(p.rows.reduce(0) { $0 + (price($1) ?? 0) }))"
      }
      text += "They cost: \(costs.joined(separator: ", ")).\n"
    }
    for p in found.plans where p.check.isApproximate {
      text += "\(p.style.rawValue): lives bend too much for the linear update, which says "
      text += "\(Tables.significant(width(found, study, spread: p.check.linear))); the number is by weights.\n"
    }
    let unknown = found.plans.filter { !$0.check.isKnown }.map(\.style.rawValue)
    if !unknown.isEmpty {
      text += "\(unknown.joined(separator: ", ")): too few possible truths resemble an outcome to check the update.\n"
    }
    let floor = width(found, study, spread: found.irreducible)
    text +=
      "By the linear update no plan of these conditions gets below \(Tables.significant(floor)): the scatter of cells "
    text += "remains.\n"
    guard !found.advice.isEmpty else { return text }
    let advice = found.advice.map { a in
      [
        a.cellID, shortest(a.age), Tables.significant(100 * a.value), a.recommendation.rawValue, a.reason,
      ]
    }
    return text + "Running cells; the next 100 cycles narrow what is known of log life by so many percent\n"
      + Tables.aligned([["cell", "cycles", "%", "advice", "because"]] + advice)
  }

  /// What to mind of a condition, in words; empty where a test shows what use will.
  private static func flags(_ a: AccelerationFactor) -> String {
    [
      a.changesMechanism ? "another mechanism leads" : nil,
      a.dependsOnLoss ? "not a pure time scale: the factor depends on the loss" : nil,
    ].compactMap { $0 }.joined(separator: "; ")
  }

  private func document(_ found: PlanStudy.Result, _ study: PlanStudy) -> [String: JSONTree] {
    [
      "median_life": .number(found.medianLife), "share_beyond_horizon": .number(found.shareBeyondHorizon),
      "criterion": .string(criterion), "sd_log_life_now": .number(found.spread),
      "sd_log_life_irreducible": .number(found.irreducible),
      "stresses": .array(study.stresses.map { .string($0.name) }),
      "interval_width_now": .number(width(found, study, spread: found.spread)),
      "interval_width_least": .number(width(found, study, spread: found.irreducible)),
      "conditions": .array(
        found.conditions.enumerated().map { k, c in
          .object([
            "condition_id": .string("c\(k + 1)"), "acceleration": .array(c.acceleration.factor.map { .number($0) }),
            "early_ratio": .array(c.acceleration.earlyRatio.map { .number($0) }),
            "mechanism_flag": .bool(c.acceleration.changesMechanism),
            "p_other_mechanism": .number(c.acceleration.leadingDiffers),
            "loss_flag": .bool(c.acceleration.dependsOnLoss), "flag": .string(Self.flags(c.acceleration)),
          ])
        }),
      "running": .array(
        found.advice.map {
          .object([
            "cell_id": .string($0.cellID), "cycle_count": .number($0.age),
            "value_of_next_100_cycles": .number($0.value), "gain_per_week": .number($0.perWeek),
            "threshold": .number($0.bestNew), "recommendation": .string($0.recommendation.rawValue),
            "reason": .string($0.reason),
          ])
        }),
      "plans": .array(
        found.plans.map { p in
          .object([
            "style": .string(p.style.rawValue), "sd_log_life_after": .number(p.spread),
            "interval_width_after": .number(width(found, study, spread: p.spread)),
            "information_nat": .number(p.information),
            "cost": ResultDocument.real(cellCost == nil ? nil : p.rows.reduce(0) { $0 + (price($1) ?? 0) }),
            "approximate": p.check.isKnown ? .bool(p.check.isApproximate) : .null,
            "sd_log_life_linear": .number(p.check.linear),
            "sd_log_life_weighted": ResultDocument.real(p.check.weighted),
            "effective_members": .number(p.check.effectiveSize),
            "rows": .array(
              p.rows.map { r in
                .object([
                  "condition_id": .string("c\(r.condition + 1)"), "n_cells": .integer(Int64(r.cells)),
                  "weeks": .number(r.weeks),
                  "levels": .object(
                    Dictionary(
                      uniqueKeysWithValues: zip(study.stresses, found.conditions[r.condition].levels).map {
                        ($0.name, .number($1))
                      })),
                ])
              }),
          ])
        }),
    ]
  }
}
