import Foundation
import RunDocuments
import SolidFade

/// The outcome of a validation as a page, tables and JSON.
struct ValidationPage {
  private let result: PhysicsValidation
  private let dataset: String
  private let seeds: [UInt64]
  private let seedTable: [(checkpoint: SeedCheckpoint, named: CheckpointPrediction, classes: CheckpointPrediction)]
  private let contradictions: [Contradiction]

  /// Gathers what the page shows; simulates the checkpoints of the review.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  init(
    _ result: PhysicsValidation, prior: SulfidePopulation, dataset: String, seeds: [UInt64], threads: Int
  ) async throws {
    self.result = result
    self.dataset = dataset
    self.seeds = seeds
    var table: [(SeedCheckpoint, CheckpointPrediction, CheckpointPrediction)] = []
    var byClass = prior
    byClass.detail = .classes
    for checkpoint in SeedCheckpoint.all {
      let named = try await checkpoint.prediction(
        prior, members: result.members, seeds: seeds, threads: threads)
      let classes = try await checkpoint.prediction(
        byClass, members: result.members, seeds: seeds, threads: threads)
      table.append((checkpoint, named, classes))
    }
    seedTable = table
    contradictions = try await result.contradictions(threads: threads)
  }

  // MARK: Outputs

  /// What is printed.
  var summary: String {
    Tables.aligned(scoreTable) + "\n" + Tables.aligned(contrastTable)
      + "\nvalidation.md (--out) holds every row, the review's checkpoints and the contradictions\n"
  }

  var document: [String: JSONTree] {
    let published = result.published
    return [
      "dataset": .string(dataset), "members": .integer(Int64(result.members)),
      "seeds": .array(seeds.map { .integer(Int64($0)) }),
      "scores": .array(
        PhysicsValidation.Source.all.map { source in
          let s = result.scores(source)
          let gain = result.gain(source)
          return .object([
            "source": .string(source.name), "cells": .integer(Int64(s.cells)), "rows": .integer(Int64(s.rows)),
            "mae": .number(s.mae), "crps": .number(s.crps), "bias": .number(s.bias),
            "coverage50": .number(s.coverage50), "coverage90": .number(s.coverage90), "width90": .number(s.width90),
            "crps_by_seed": .array(perSeed(source).map { .number($0) }),
            "crps_less_mean_baseline": .number(gain.value),
            "crps_less_mean_baseline_ci90": .array([
              .number(gain.interval.lowerBound), .number(gain.interval.upperBound),
            ]),
          ])
        }),
      "contrasts": .array(
        [PhysicsValidation.Source.prior, .heldOut].map { source in
          let linked = result.skill(source) { $0.isLinked }
          let all = result.skill(source) { _ in true }
          return .object([
            "source": .string(source.name), "linked_pairs": .integer(Int64(linked.pairs)),
            "linked_signs": .number(linked.signs), "linked_correlation": ResultDocument.real(linked.correlation),
            "all_pairs": .integer(Int64(all.pairs)), "all_signs": .number(all.signs),
          ])
        }), "papers": .integer(Int64(published.papers.count)), "omitted": .integer(Int64(published.omissions.count)),
    ]
  }

  var files: [String: [UInt8]] {
    [
      "validation.md": Array(markdown.utf8), "checkpoints.csv": checkpoints, "contrasts.csv": contrastsCSV,
      "calibration.json": calibration,
    ]
  }

  // MARK: Tables

  private func perSeed(_ source: PhysicsValidation.Source) -> [Double] {
    if case .baseline = source { return [] }
    return result.populations.indices.map { result.scores(source, population: $0).crps }
  }

  private func f1(_ x: Double) -> String { x.isFinite ? String(format: "%.1f", x) : "–" }
  private func f2(_ x: Double) -> String { x.isFinite ? String(format: "%.2f", x) : "–" }
  private func whole(_ x: Double) -> String { x.isFinite ? String(Int(x.rounded())) : "–" }
  private func percent(_ x: Double) -> String { f1(100 * x) }

  private var scoreTable: [[String]] {
    [
      [
        "forecast", "MAE", "CRPS", "CRPS by seed", "bias", "cover 50", "cover 90", "width 90",
        "CRPS less row 1, 5…95 %",
      ]
    ]
      + PhysicsValidation.Source.all.map { source in
        let s = result.scores(source)
        let gain = result.gain(source)
        let seeds = perSeed(source).map(f2).joined(separator: " ")
        let isFirst = source == .baseline(.meanByLogCycle)
        return [
          isFirst ? source.name + " (row 1)" : source.name, f1(s.mae), f2(s.crps), seeds.isEmpty ? "–" : seeds,
          f1(s.bias), whole(s.coverage50), whole(s.coverage90), whole(s.width90),
          isFirst
            ? "–" : "\(f2(gain.value)) (\(f2(gain.interval.lowerBound))…\(f2(gain.interval.upperBound)))",
        ]
      }
  }

  private var contrastTable: [[String]] {
    var table = [["contrast", "pairs", "prior signs %", "prior r", "left-out signs %", "left-out r"]]
    func add(_ name: String, _ chosen: (DesignContrast) -> Bool) {
      let prior = result.skill(.prior, where: chosen)
      guard prior.pairs > 0 else { return }
      let out = result.skill(.heldOut, where: chosen)
      table.append([
        name, String(prior.pairs), f1(prior.signs), f2(prior.correlation), f1(out.signs), f2(out.correlation),
      ])
    }
    add("compared by their paper") { $0.isLinked }
    add("all pairs") { _ in true }
    for kind in DesignContrast.Kind.allCases { add(kind.rawValue) { $0.kind == kind } }
    return table
  }

  private func split(_ title: String, _ groups: [(name: String, rows: (Int) -> Bool)]) -> [[String]] {
    var table = [[title, "cells", "rows"]]
    let sources = PhysicsValidation.Source.all.prefix(3)
    table[0] += sources.flatMap { ["\($0.name): CRPS", "cover 90"] }
    for group in groups {
      let scores = sources.map { result.scores($0, where: group.rows) }
      guard scores[0].rows > 0 else { continue }
      table.append(
        [group.name, String(scores[0].cells), String(scores[0].rows)]
          + scores.flatMap { [f2($0.crps), whole($0.coverage90)] })
    }
    return table
  }

  private static func markdown(_ table: [[String]]) -> String {
    guard let head = table.first else { return "" }
    let lines = [head, head.map { _ in "---" }] + table.dropFirst()
    return lines.map { "| " + $0.map { $0.replacingOccurrences(of: "|", with: "\\|") }.joined(separator: " | ") + " |" }
      .joined(separator: "\n") + "\n"
  }

  private func interval(_ p: CheckpointPrediction) -> String {
    [0.05, 0.5, 0.95].map { percent(p.quantile($0)) }.joined(separator: "/")
  }

  private func interval(_ f: CheckpointForecast) -> String {
    [0, 2, 4].map { percent(f.quantiles[$0]) }.joined(separator: "/")
  }

  // MARK: Page

  private var markdown: String {
    let published = result.published
    let scored = published.scored
    let prior = result.forecasts(.prior)
    let heldOut = result.forecasts(.heldOut)
    let linked = result.skill(.prior) { $0.isLinked }
    let trusts = Set(scored.map(published.trust)).sorted()
    var out = """
      # Validation of the sulfide physics

      Written by `make validation` (`solidfade validate \(dataset)`): \(result.members) draws of every cell in each of
      \(seeds.count) populations (seeds \(seeds.map(String.init).joined(separator: ", "))). Do not edit.

      ## How to read it

      - **Prior alone**: the mechanistic model with nominal parameters and their spread; conditions that a paper does not
        state are drawn. Materials count by their class only, so no row fitted on a cell predicts that cell.
        The nominal values were chosen by people who had seen these papers; this is no blind test of them.
      - **Fit, paper left out**: the centre of \(CheckpointStudy.leading.count) parameters is fitted to the other papers,
        for every paper anew. The search sees nothing of the paper it predicts.
      - **Row 1** is the rival: retention straight in log cycle with the empirical residuals of the other papers. It
        knows nothing of the cell. A level worse than row 1 means that the physics does not know levels.
      - Scores are in points of retention, every cell weighs 1, rows from cycle \(shortest(PublishedCheckpoints.firstScoredCycle)) on.
        Percentile: share of the predictive distribution below the published value; pass: 5…95.
      - Published cells are survivors, and good cells are cycled longer. Pairs of one paper are not independent.

      ## Scores

      \(scored.count) rows of \(result.scores(.prior).cells) cells, \(Set(scored.map { published.rows[$0].paper }).count) papers. The interval is a bootstrap over papers.

      """
    out += "\n" + Self.markdown(scoreTable)
    let aims: [(String, Bool)] = [
      ("the prior alone scores below 15.0 CRPS", result.scores(.prior).crps < 15),
      ("the fit that leaves the paper out scores below 15.0 CRPS", result.scores(.heldOut).crps < 15),
      ("the prior tells at least 89 % of the linked contrasts in sign", linked.signs.rounded() >= 89),
      (
        "so does the fit that leaves the paper out", result.skill(.heldOut) { $0.isLinked }.signs.rounded() >= 89
      ),
    ]
    out += "\nAims: " + aims.map { "\($0.0): **\($0.1 ? "met" : "missed")**" }.joined(separator: "; ") + ".\n"
    out +=
      "\n"
      + Self.markdown(
        split(
          "cycles after the reference",
          PhysicsValidation.horizons.map { h in (h.name, { h.cycles.contains(published.rows[$0].cycles) }) }))
    out += "\n" + Self.markdown(split("trust", trusts.map { t in (t, { published.trust($0) == t }) }))
    out += "\n## Contrasts\n\nTwo cells of one paper at the last cycle that both report, two points apart or more.\n\n"
    out += Self.markdown(contrastTable)
    out += "\n" + seedSection + contradictionSection
    out += """

      ## Every row

      Rows before cycle \(shortest(PublishedCheckpoints.firstScoredCycle)) are shown but not scored (–).


      """
    out += Self.markdown(
      [
        [
          "cell", "cycle", "trust", "published %", "prior 5/50/95 %", "pct", "pass", "left out 5/50/95 %", "pct",
          "pass",
        ]
      ]
        + published.rows.indices.map { k in
          let isScored = published.rows[k].isScored
          func pass(_ f: CheckpointForecast) -> String { isScored ? (f.passes ? "yes" : "**no**") : "–" }
          return [
            published.cell(k).id, shortest(published.cycles[k]), published.trust(k),
            percent(published.rows[k].retention), interval(prior[k]), whole(100 * prior[k].percentile), pass(prior[k]),
            interval(heldOut[k]), whole(100 * heldOut[k].percentile), pass(heldOut[k]),
          ]
        })
    out += "\n## Every contrast\n\nDifference of log fade ln(−ln R), first less second; * compared by its paper.\n\n"
    out += Self.markdown(
      [["first", "second", "cycle", "kind", "published", "prior 5/50/95 %", "sign", "left out", "sign"]]
        + contrastRows.map { c, p, h in
          [
            published.cell(c.rows.first).id + (c.isLinked ? " *" : ""), published.cell(c.rows.second).id,
            shortest(published.cycles[c.rows.first]), c.kind.rawValue, f2(c.observed),
            p.quantiles.map(f2).joined(separator: "/"), mark(p.hit(c.observed)), f2(h.mean), mark(h.hit(c.observed)),
          ]
        })
    out +=
      "\n## What the papers moved\n\nShift of the centre in prior standard deviations, mean over the populations.\n\n"
    out += Self.markdown(
      [["parameter", "all papers", "least and greatest with one paper left out"]]
        + CheckpointStudy.leading.map { name in
          let folds = published.papers.map { result.calibration(without: $0).shift[name] ?? 0 }
          return [
            name, f2(result.calibration.shift[name] ?? 0), "\(f2(folds.min() ?? 0))…\(f2(folds.max() ?? 0))",
          ]
        })
    out += "\n## Left out\n\n"
    out += Self.markdown(
      [["cell", "cycle", "why"]]
        + published.omissions.map { [$0.cellID, $0.cycle.map(shortest) ?? "all", $0.reason] })
    return out
  }

  private func mark(_ hit: Double) -> String { hit == 1 ? "right" : (hit == 0 ? "**wrong**" : "tie") }

  private var seedSection: String {
    """
    ## Checkpoints of the review

    Calibration check, not blind: remedies of named rows were chosen with these values in view. "Class" uses the row of
    the class alone. Conditions that the review does not state are assumed (10 mg cm⁻², 25 °C, 50 MPa, Li-In, C/5,
    polycrystal). "Prototype" is the first table, before the physics was fitted to literature.


    """
      + Self.markdown(
        [
          [
            "id", "system", "test", "cycles", "published %", "named 5/50/95 %", "pct", "pass", "class 5/50/95 %", "pct",
            "prototype %",
          ]
        ]
          + seedTable.map { c, named, classes in
            let pct = c.published.map { whole(100 * named.share(below: $0)) }
            let passes = c.published.contains { named.share(below: $0) >= 0.05 && named.share(below: $0) <= 0.95 }
            return [
              c.id, c.system, c.test, shortest(c.cycles),
              c.published.isEmpty ? "–" : c.published.map(percent).joined(separator: " or "), interval(named),
              pct.isEmpty ? "–" : pct.joined(separator: " or "),
              c.published.isEmpty ? "–" : (passes ? "yes" : "**no**"), interval(classes),
              c.published.isEmpty
                ? "–" : c.published.map { whole(100 * classes.share(below: $0)) }.joined(separator: " or "),
              c.prototype.isEmpty ? "–" : c.prototype.map(shortest).joined(separator: "/"),
            ]
          })
  }

  private var contradictionSection: String {
    var out = """

      ## Contradictions

      Where the first prototype and the data disagreed. Contrasts are differences of log fade (0.69 is a factor 2 in
      fade). Mended: within the tolerance; better: two thirds of the former error or less is left.


      """
    out += Self.markdown(
      [["topic", "quantity", "published", "before", "now, prior", "now, left out", "tolerance", "verdict"]]
        + contradictions.flatMap { c in
          c.quantities.map { q in
            [
              c.topic, q.name, f2(q.published), q.before.map(f2) ?? "–", f2(q.now), q.heldOut.map(f2) ?? "–",
              f2(q.tolerance), q.verdict,
            ]
          }
        })
    out += "\n" + contradictions.map { "- **\($0.topic).** \($0.reason)" }.joined(separator: "\n") + "\n"
    return out
  }

  // MARK: Files

  private var contrastRows: [(DesignContrast, ContrastForecast, ContrastForecast)] {
    zip(result.contrasts, zip(result.contrastForecasts(.prior), result.contrastForecasts(.heldOut))).map {
      ($0, $1.0, $1.1)
    }
  }

  private var checkpoints: [UInt8] {
    let published = result.published
    let names = ["prior", "left_out", "row_1"]
    let all = PhysicsValidation.Source.all.prefix(3).map { result.forecasts($0) }
    let fields = ["q05", "q25", "q50", "q75", "q95", "percentile", "crps", "pass"]
    var table = CSVWriter(
      header: ["cell_id", "paper", "cycle_count", "cycles_after_reference", "source_kind", "scored", "published"]
        + names.flatMap { name in fields.map { "\(name)_\($0)" } })
    for (k, row) in published.rows.enumerated() {
      table.append(
        [
          .text(published.cell(k).id), .text(row.paper), .number(published.cycles[k]), .number(row.cycles),
          .text(published.trust(k)), .bool(row.isScored), .number(row.retention),
        ]
          + all.flatMap { f in
            f[k].quantiles.map { CSVWriter.Field.number($0) }
              + [.number(f[k].percentile), .number(f[k].crps), .bool(f[k].passes)]
          })
    }
    return table.bytes
  }

  private var contrastsCSV: [UInt8] {
    let published = result.published
    var table = CSVWriter(
      header: [
        "paper", "first", "second", "cycle_count", "kind", "linked", "published", "prior_mean", "prior_q05",
        "prior_q50", "prior_q95", "left_out_mean", "left_out_q05", "left_out_q50", "left_out_q95",
      ])
    for (c, p, h) in contrastRows {
      table.append(
        [
          .text(published.rows[c.rows.first].paper), .text(published.cell(c.rows.first).id),
          .text(published.cell(c.rows.second).id), .number(published.cycles[c.rows.first]), .text(c.kind.rawValue),
          .bool(c.isLinked), .number(c.observed),
        ] + ([p.mean] + p.quantiles + [h.mean] + h.quantiles).map { .number($0) })
    }
    return table.bytes
  }

  private var calibration: [UInt8] {
    func tree(_ c: GlobalCalibration) -> JSONTree { .object(c.shift.mapValues { .number($0) }) }
    let papers = result.published.papers
    return JSONTree.object([
      "schema": .string("solidfade.calibration/1"), "dataset": .string(dataset),
      "members": .integer(Int64(result.members)), "seeds": .array(seeds.map { .integer(Int64($0)) }),
      "unit": .string("prior standard deviations, mean over the populations"), "shift": tree(result.calibration),
      "without_paper": .object(
        Dictionary(uniqueKeysWithValues: papers.map { ($0, tree(result.calibration(without: $0))) })),
    ]).serialized(pretty: true)
  }
}
