internal import Foundation

/// The parts of a study's `optimize.json` that a report shows.
struct StudySummary: Decodable {
  struct Point: Decodable {
    var evaluations: Int
    var value: Double
  }
  struct Member: Decodable {
    var design_id: String
    var design: [String: Word]
    var objectives: [Double?]
    var probabilities: [Double]
    var verdict: String
    var outside: [String]
  }
  struct Difference: Decodable {
    var value: Double?
    var standard_error: Double?
  }
  struct Sensitivity: Decodable {
    var variable: String
    var from: Word
    var to: Word
    var changes: [Difference]
  }
  struct Limit: Decodable {
    var name: String
    var is_binding: Bool
  }
  struct Explanation: Decodable {
    var design_id: String
    var sensitivities: [Sensitivity]
    var limits: [Limit]
  }
  /// A number or a word.
  enum Word: Decodable {
    case number(Double)
    case text(String)
    case nothing

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let x = try? container.decode(Double.self) {
        self = .number(x)
      } else if let t = try? container.decode(String.self) {
        self = .text(t)
      } else {
        self = .nothing
      }
    }

    var shown: String {
      switch self {
      case .number(let x): abs(x) >= 100 ? Axis.label(x.rounded()) : Axis.label((x * 100).rounded() / 100)
      case .text(let t): t
      case .nothing: "–"
      }
    }
  }

  var variables: [String]
  var objectives: [String]
  var constraints: [String]
  var evaluations: Int
  var stop: String
  var hypervolume: [Point]
  var optimism: [Double?]
  var front: [Member]
  var explanation: Explanation?
}

/// The parts of a plan's `summary.json` that a report shows.
struct PlanSummary: Decodable {
  struct Row: Decodable {
    var condition_id: String
    var n_cells: Int
    var weeks: Double
    var levels: [String: Double]
  }
  struct Plan: Decodable {
    var style: String
    var interval_width_after: Double
    var approximate: Bool?
    var rows: [Row]
  }
  struct Condition: Decodable {
    var condition_id: String
    var acceleration: [Double]
    var flag: String
  }
  struct Advice: Decodable {
    var cell_id: String
    var cycle_count: Double
    var value_of_next_100_cycles: Double
    var recommendation: String
    var reason: String
  }

  var stresses: [String]
  var median_life: Double
  var interval_width_now: Double
  var interval_width_least: Double
  var plans: [Plan]
  var conditions: [Condition]
  var running: [Advice]
}

/// Studies and plans as the template shows them.
enum StudySections {
  /// Members of a front that stand in the table.
  private static let mostMembers = 25

  static func study(_ s: StudySummary, name: String) -> [String: Any] {
    let step = max((s.front.count + mostMembers - 1) / mostMembers, 1)
    let shown = stride(from: 0, to: s.front.count, by: step).map { s.front[$0] }
    let rows = shown.map { m -> [String: Any] in
      let values =
        s.variables.map { m.design[$0]?.shown ?? "–" } + m.objectives.map(number)
        + m.probabilities.map(number)
      return [
        "id": m.design_id, "values": values.map { ["v": $0] }, "verdict": m.verdict,
        "class": m.verdict == "holds" && m.outside.isEmpty ? "good" : "caution",
        "domain": m.outside.isEmpty ? "inside" : m.outside.joined(separator: "; "),
      ]
    }
    var why: [[String: Any]] = []
    if let e = s.explanation {
      why = [
        [
          "id": e.design_id, "objectives": s.objectives.map { ["v": $0] },
          "rows": e.sensitivities.filter { !$0.changes.isEmpty }.map { x -> [String: Any] in
            [
              "variable": x.variable, "from": x.from.shown, "to": x.to.shown,
              "changes": x.changes.map { ["v": signed($0)] },
            ]
          },
          "limits": e.limits.map { ["text": ($0.is_binding ? "limited by " : "not the limit: ") + $0.name] },
        ]
      ]
    }
    let headline =
      "\(s.front.count) designs that none of \(s.evaluations) evaluated ones beats in every objective"
      + (s.stop == "stalled" ? "; the search ended early, nothing new being found." : ".")
    return [
      "name": name, "headline": headline,
      "header": (s.variables + s.objectives + s.constraints).map { ["v": $0.replacing("_", with: " ")] }, "rows": rows,
      "front": figure(front(s)), "curve": figure(curve(s)), "why": why,
    ]
  }

  static func plan(_ p: PlanSummary, name: String) -> [String: Any] {
    let widths = p.plans.map {
      "\($0.style) \(number($0.interval_width_after))" + ($0.approximate == true ? " (approximate)" : "")
    }.joined(separator: ", ")
    let factors = Dictionary(p.conditions.map { ($0.condition_id, $0) }) { a, _ in a }
    return [
      "name": name,
      "headline": "90 % interval of the next cell's life: \(number(p.interval_width_now)) cycles wide now; after the "
        + "plan \(widths). By the linear update no plan of these conditions gets below "
        + "\(number(p.interval_width_least)).",
      "styles": p.plans.map { plan -> [String: Any] in
        [
          "style": plan.style, "header": p.stresses.map { ["v": $0.replacing("_", with: " ")] },
          "rows": plan.rows.map { r -> [String: Any] in
            let c = factors[r.condition_id]
            return [
              "id": r.condition_id, "levels": p.stresses.map { ["v": number(r.levels[$0])] }, "cells": "\(r.n_cells)",
              "weeks": number(r.weeks), "factor": c?.acceleration.map { number($0) }.joined(separator: " … ") ?? "–",
              "flag": c?.flag ?? "",
            ]
          },
        ]
      },
      "running": p.running.isEmpty
        ? []
        : [
          [
            "rows": p.running.map {
              [
                "id": $0.cell_id, "age": Axis.label($0.cycle_count),
                "value": number(100 * $0.value_of_next_100_cycles), "advice": $0.recommendation, "reason": $0.reason,
              ]
            }
          ]
        ],
    ]
  }

  private static func figure(_ svg: String?) -> [[String: String]] { svg.map { [["svg": $0]] } ?? [] }

  /// The first two objectives of the front.
  private static func front(_ s: StudySummary) -> String? {
    let points = s.front.compactMap { m -> (Double, Double)? in
      guard m.objectives.count > 1, let x = m.objectives[0], let y = m.objectives[1] else { return nil }
      return (x, y)
    }
    guard let x = range(points.map(\.0)), let y = range(points.map(\.1)), points.count > 1 else { return nil }
    var chart = Chart(
      x: Axis(x), y: Axis(y), xTitle: s.objectives[0].replacing("_", with: " "),
      yTitle: s.objectives[1].replacing("_", with: " "))
    chart.dots(points, class: "knot")
    return chart.svg(label: "Front of the study: \(s.objectives[0]) and \(s.objectives[1])")
  }

  /// Hypervolume over evaluations.
  private static func curve(_ s: StudySummary) -> String? {
    guard s.hypervolume.count > 1, let top = s.hypervolume.map(\.value).max(), let last = s.hypervolume.last else {
      return nil
    }
    var chart = Chart(
      x: Axis(0...Double(last.evaluations)), y: Axis(0...max(top, 1e-6)), xTitle: "designs evaluated",
      yTitle: "hypervolume (scaled)")
    chart.line(s.hypervolume.map { (Double($0.evaluations), $0.value) }, class: "median")
    return chart.svg(label: "Hypervolume of the front over the search")
  }

  private static func range(_ values: [Double]) -> ClosedRange<Double>? {
    guard let low = values.min(), let high = values.max() else { return nil }
    return low...max(high, low + 1e-9)
  }

  private static func signed(_ d: StudySummary.Difference) -> String {
    guard let value = d.value else { return "–" }
    let error = d.standard_error.map { $0 > 0 ? " ± " + number($0) : "" } ?? ""
    return (value > 0 ? "+" : "") + number(value) + error
  }

  private static func number(_ x: Double?) -> String {
    guard let x, x.isFinite else { return "–" }
    if abs(x) >= 100 { return Axis.label(x.rounded()) }
    return Axis.label((x * 1000).rounded() / 1000)
  }
}
