public import Foundation
internal import Mustache

/// What keeps a report from being written.
public enum ReportError: Error, Hashable, Sendable {
  /// A run whose summary cannot be read.
  case unreadable(run: String, reason: String)
}

/// One self-contained page on forecasts, scores, studies and plans: inline figures, no network, printable, light and dark.
public enum HTMLReport {
  /// Cells whose figures are drawn; further ones stand in the table only.
  public static let mostFigures = 30

  /// Writes the page.
  ///
  /// - Parameters:
  ///   - runs: name and `summary.json` (`optimize.json` of a study) of each run.
  ///   - title: of the page; nil for a plain one.
  /// - Throws: `ReportError` for a summary that cannot be read.
  public static func page(_ runs: [(name: String, summary: Data)], title: String?) throws -> String {
    var cells: [[String: Any]] = []
    var rows: [[String: Any]] = []
    var scores: [[String: Any]] = []
    var sources: [[String: Any]] = []
    var studies: [[String: Any]] = []
    var plans: [[String: Any]] = []
    for run in runs {
      let summary: ForecastSummary
      do {
        summary = try JSONDecoder().decode(ForecastSummary.self, from: run.summary)
        switch summary.command {
        case "optimize":
          studies.append(
            StudySections.study(try JSONDecoder().decode(StudySummary.self, from: run.summary), name: run.name))
        case "plan":
          plans.append(
            StudySections.plan(try JSONDecoder().decode(PlanSummary.self, from: run.summary), name: run.name))
        default: break
        }
      } catch { throw ReportError.unreadable(run: run.name, reason: "\(error)") }
      let quantiles = summary.quantiles ?? []
      for cell in summary.cells ?? [] {
        let described = describe(cell, quantiles: quantiles, unit: summary.ageUnit)
        rows.append(described)
        if cells.count < mostFigures {
          var one = described
          let figures = (
            fan: Figures.fan(cell, quantiles: quantiles, unit: summary.ageUnit),
            survival: Figures.survival(cell, quantiles: quantiles, unit: summary.ageUnit)
          )
          one["fan"] = figures.fan.map { [["figure": $0]] } ?? []
          one["survival"] = figures.survival.map { [["figure": $0]] } ?? []
          if let figure = Figures.mechanisms(cell, unit: summary.ageUnit) {
            one["mechanisms"] = [
              [
                "figure": figure,
                "legend": Figures.mechanismNames.enumerated().map {
                  ["class": "m\($0.offset)", "title": $0.element.title]
                },
              ] as [String: Any]
            ]
          }
          let modes = (cell.failure_p ?? [:]).sorted { ($1.value, $0.key) < ($0.value, $1.key) }
          if let population = summary.population?.first(where: { $0.cell_id == cell.cell_id }) {
            one["population"] = [describe(population, unit: summary.ageUnit)]
          }
          if !modes.isEmpty {
            one["failures"] = [["modes": modes.map { ["mode": $0.key, "share": percent($0.value)] }]]
          }
          cells.append(one)
        }
      }
      scores += (summary.metrics ?? []).map { m in
        [
          "dataset": "\(m.dataset) (\(m.kind))", "early": m.early.map(Axis.label) ?? "all", "model": m.model,
          "n": m.n_cells, "rmse": number(m.life_rmse), "mape": number(m.life_mape), "crps": number(m.life_crps),
          "cover": number(m.life_coverage90), "mae": number(m.retention_mae), "rcrps": number(m.retention_crps),
          "rcover": number(m.retention_coverage90),
        ]
      }
      sources.append([
        "name": run.name, "sha": summary.bundle_sha256.map { String($0.prefix(16)) } ?? "–",
        "draws": summary.draws.map(String.init) ?? "–",
      ])
    }
    let context: [String: Any] = [
      "title": title ?? "SolidFade forecast", "cells": cells, "sources": sources, "studies": studies, "plans": plans,
      "forecasts": cells.isEmpty ? [] : [[String: Any]()],
      "table": rows.isEmpty ? [] : [["rows": rows]], "scores": scores.isEmpty ? [] : [["rows": scores]],
    ]
    let text = String(decoding: PackageResources.report_mustache, as: UTF8.self)
    return try MustacheTemplate(string: text).render(context)
  }

  private static func describe(
    _ cell: ForecastSummary.Cell, quantiles: [Double], unit: String
  ) -> [String: Any] {
    let life = cell.life
    func at(_ p: Double) -> String {
      guard let k = quantiles.firstIndex(where: { abs($0 - p) < 1e-9 }), k < life.quantiles.count else { return "–" }
      if life.status == "refused" { return "–" }
      return life.quantiles[k].map { Axis.label($0.rounded()) } ?? "beyond \(Axis.label(life.horizon.rounded()))"
    }
    let seen = cell.early > 0 ? "seen up to \(Axis.label(cell.early)) \(unit)" : "design alone, no observation"
    let limit = Axis.label(100 * (cell.end_of_life?.fraction ?? 0.8))
    let isRefused = life.status == "refused"
    let headline =
      isRefused
      ? "Refused: too little in training is like this cell, or too little was seen of it."
      : life.observed.map { "Reached \(limit) % at \(Axis.label($0.rounded())) \(unit)." }
        ?? "Median life \(at(0.5)) \(unit) to \(limit) %; nine in ten such cells between \(at(0.05)) and \(at(0.95))."
    let targets = life.p_life_ge.compactMap { key, p in p.flatMap { p in Double(key).map { ($0, p) } } }.sorted {
      $0.0 < $1.0
    }
    .map { ["target": Axis.label($0.0), "p": percent($0.1)] }
    return [
      "id": cell.cell_id, "seen": seen, "headline": headline, "q05": at(0.05), "q50": at(0.5), "q95": at(0.95),
      "targets": targets, "p500": (life.p_life_ge["500"] ?? nil).map(percent) ?? "–",
      "domain": cell.in_domain ? "inside the training domain" : "outside the training domain",
      "domainClass": cell.in_domain ? "good" : "caution",
      "reasons": (isRefused ? [cell.refusal ?? ""] : cell.domain_reasons ?? []).map { ["text": $0] },
    ]
  }

  private static func describe(_ p: ForecastSummary.Population, unit: String) -> [String: Any] {
    let v = p.variance_of_log_life
    let all = max(v.model + v.manufacturing + v.measurement, 1e-300)
    let parts = [
      ("what the model does not know", v.model), ("what is built", v.manufacturing), ("measuring", v.measurement),
    ]
    func index(_ e: ForecastSummary.Estimate) -> String { "\(number(e.value)) (\(number(e.low))…\(number(e.high)))" }
    return [
      "unit": unit, "whose": p.across == "labs" ? ", built by any laboratory," : "",
      "lots":
        (p.lots.map { lots in
          [
            [
              "rows": lots.yield.map { y in
                ["target": Axis.label(y.target)].merging(
                  zip(["q05", "q50", "q95"], [y.q05, y.q50, y.q95]).map {
                    ($0, "\(percent($1.mean)) (\(percent($1.q05))…\(percent($1.q95)))")
                  }
                ) { a, _ in a }
              }
            ]
          ]
        }) ?? [],
      "yields": p.yield.map {
        ["target": Axis.label($0.target), "mean": percent($0.mean), "q05": percent($0.q05), "q95": percent($0.q95)]
      },
      "variance": parts.map { "\($0) \(percent($1 / all))" }.joined(separator: ", "),
      "early": (p.early_failure.map { [["mean": percent($0.mean), "q05": percent($0.q05), "q95": percent($0.q95)]] })
        ?? [],
      "ranking": p.tolerances.isEmpty
        ? []
        : [
          [
            "rows": p.tolerances.map {
              ["name": $0.names.joined(separator: ", "), "first": index($0.first), "total": index($0.total)]
            }
          ]
        ],
    ]
  }

  private static func percent(_ p: Double) -> String {
    p > 0.995 && p < 1 ? "> 99 %" : (p > 0 && p < 0.005 ? "< 1 %" : "\(Int((100 * p).rounded())) %")
  }

  private static func number(_ x: Double?) -> String {
    guard let x else { return "–" }
    return abs(x) >= 100 ? String(Int(x.rounded())) : String((x * 100).rounded() / 100)
  }
}
