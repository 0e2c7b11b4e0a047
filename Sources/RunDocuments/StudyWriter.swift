internal import Foundation
package import SolidFade

/// What a study found as tables, JSON and text.
package struct StudyWriter {
  package var definition: StudyDefinition
  package var result: StudyResult
  /// Virtual cells of a design as the file asks for.
  package var askedDraws: Int
  /// What objectives and limits run over.
  package var over: DrawnOver
  /// Why the best design is the best one.
  package var explanation: StudyExplanation?
  /// What ends its life, and that of the base design.
  package var endings, baseEndings: (shares: [FailureMode: Double], leading: Mechanism?)?

  package init(definition: StudyDefinition, askedDraws: Int, over: DrawnOver, result: StudyResult) {
    self.definition = definition
    self.askedDraws = askedDraws
    self.over = over
    self.result = result
  }

  private var variables: [String] { definition.space.variables.map(\.name) + definition.space.linked.map(\.name) }

  private func label(_ o: DesignObjective) -> String {
    switch o.statistic {
    case .mean: o.metric + "_mean"
    case .quantile(let p): o.metric + "_q" + (p < 0.095 ? "0" : "") + shortest((p * 100).rounded())
    case .probabilityAtLeast(let x): "p_" + o.metric + "_ge_" + shortest(x)
    }
  }

  private var objectiveHeader: [String] {
    definition.objectives.flatMap { o in [label(o)] + ["q05", "q50", "q95"].map { o.metric + "_" + $0 } }
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private func objectiveFields(_ d: StudiedDesign) -> [CSVWriter.Field] {
    var values: [String: Double] = [:]
    for (k, o) in definition.objectives.enumerated() where d.objectives.count > k {
      values[label(o)] = d.objectives[k]
      for (q, name) in ["q05", "q50", "q95"].enumerated() where d.quantiles.count > k {
        values[o.metric + "_" + name] = d.quantiles[k][q]
      }
    }
    return objectiveHeader.map { .number(values[$0].flatMap { $0.isFinite ? $0 : nil }) }
  }

  package var files: [String: [UInt8]] {
    let chances = definition.chances.indices.map { "p_constraint_\($0 + 1)" }
    var front = CSVWriter(
      header: ["design_id"] + variables + objectiveHeader + chances + [
        "verdict", "n_draws", "evaluation", "in_domain", "outside",
      ])
    var history = CSVWriter(
      header: ["evaluation"] + variables + objectiveHeader + chances + ["feasible", "violation", "fault", "n_draws"])
    var candidates = CSVWriter(header: ["cell_id"] + columns)
    for (k, m) in result.front.enumerated() {
      let d = m.fresh
      front.append(
        [.text("d\(k + 1)")] + variables.map { d.design[$0]?.field ?? .number(nil) } + objectiveFields(d)
          + d.probabilities.map { .number($0) }
          + [.text(m.verdict.rawValue), .number(Double(d.draws)), .number(Double(d.index))]
          + [.bool(d.objections.isEmpty), .text(d.objections.isEmpty ? nil : d.objections.joined(separator: "; "))])
      candidates.append([.text("d\(k + 1)")] + columns.map { d.design[$0]?.field ?? .number(nil) })
    }
    for d in result.history {
      history.append(
        [.number(Double(d.index))] + variables.map { d.design[$0]?.field ?? .number(nil) } + objectiveFields(d)
          + chances.indices.map { .number(d.probabilities.indices.contains($0) ? d.probabilities[$0] : nil) }
          + [.bool(d.isFeasible), .number(d.violations.reduce(0, +)), .text(d.fault), .number(Double(d.draws))])
    }
    var summary = document
    summary["schema"] = .string("solidfade.result/1")
    summary["command"] = .string("optimize")
    return [
      "front.csv": front.bytes, "history.csv": history.bytes, "candidates.csv": candidates.bytes,
      "optimize.json": JSONTree.object(summary).serialized(pretty: true),
    ]
  }

  /// Columns of a cell that are stated anywhere on the front.
  private var columns: [String] {
    Set(result.front.flatMap { $0.fresh.design.keys }).subtracting(["cell_id"]).sorted()
  }

  package var document: [String: JSONTree] {
    [
      "variables": .array(variables.map { .string($0) }), "stop": .string(result.stop),
      "evaluations": .integer(Int64(result.history.count)),
      "over": .string(over.rawValue), "draws": .integer(Int64(definition.draws)),
      "draws_asked": .integer(Int64(askedDraws)),
      "draws_total": .integer(result.history.reduce(0) { $0 + Int64($1.draws) }),
      "optimism": .array(result.optimism.map { ResultDocument.real($0) }),
      "hypervolume": .array(
        result.hypervolume.map {
          .object(["evaluations": .integer(Int64($0.evaluations)), "value": .number($0.value)])
        }),
      "objectives": .array(definition.objectives.map { .string(label($0)) }),
      "constraints": .array(definition.chances.map { .string($0.text) }),
      "front": .array(
        result.front.enumerated().map { k, m in
          .object([
            "design_id": .string("d\(k + 1)"), "design": .object(m.fresh.design.mapValues(\.tree)),
            "objectives": .array(m.fresh.objectives.map { ResultDocument.real($0) }),
            "searched": .array(m.searched.map { ResultDocument.real($0) }),
            "probabilities": .array(m.fresh.probabilities.map { .number($0) }), "verdict": .string(m.verdict.rawValue),
            "outside": .array(m.fresh.objections.map { .string($0) }),
          ])
        }),
      "explanation": explanation.map(tree) ?? .null,
      "conflict": .array(
        result.conflict.map {
          .object(["constraint": .string($0.constraint), "least_violation": ResultDocument.real($0.leastViolation)])
        }),
    ]
  }

  /// The winners as a table: what to build, what is expected, how sure.
  package var text: String {
    let shown = definition.objectives.map(label)
    let varied = definition.space.variables.map(\.name)
    var rows = [["design"] + varied + shown + definition.chances.map(\.text) + ["verdict"]]
    let step = max((result.front.count + 11) / 12, 1)
    for k in stride(from: 0, to: result.front.count, by: step) {
      let m = result.front[k]
      rows.append(
        ["d\(k + 1)"]
          + varied.map { m.fresh.design[$0]?.shown ?? "–" } + m.fresh.objectives.map { Tables.significant($0) }
          + m.fresh.probabilities.map { Tables.significant($0) }
          + [m.verdict.rawValue])
    }
    let flattered = zip(shown, result.optimism).map { "\($0) \(Tables.significant($1))" }.joined(separator: ", ")
    return Tables.aligned(rows)
      + "\(result.front.count) designs on the front of \(result.history.count) evaluated, judged on fresh virtual cells;\n"
      + "the search flattered them by \(flattered).\n" + why
  }

  private func tree(_ why: StudyExplanation) -> JSONTree {
    func differences(_ all: [StudyExplanation.Difference]) -> JSONTree {
      .array(
        all.map {
          .object(["value": ResultDocument.real($0.value), "standard_error": ResultDocument.real($0.standardError)])
        })
    }
    func ends(_ e: (shares: [FailureMode: Double], leading: Mechanism?)?) -> JSONTree {
      guard let e else { return .null }
      return .object([
        "failure_p": .object(Dictionary(uniqueKeysWithValues: e.shares.map { ($0.key.rawValue, .number($0.value)) })),
        "leading_mechanism": ResultDocument.text(e.leading?.rawValue),
      ])
    }
    return .object([
      "design_id": .string("d\(why.member + 1)"), "ends": ends(endings), "base_ends": ends(baseEndings),
      "sensitivities": .array(
        why.sensitivities.map {
          .object([
            "variable": .string($0.variable), "from": $0.from.tree, "to": $0.to.tree,
            "changes": differences($0.changes),
          ])
        }),
      "limits": .array(
        why.limits.map {
          .object(["name": .string($0.name), "gains": differences($0.gains), "is_binding": .bool($0.isBinding)])
        }),
      "robustness": why.robustness.map {
        .object([
          "nominal_design": .object($0.nominalDesign.mapValues(\.tree)), "price": differences($0.price),
          "benefit": differences($0.benefit),
        ])
      } ?? .null,
    ])
  }

  /// Why the best design is the best one, in words.
  private var why: String {
    guard let explanation else { return "" }
    func number(_ x: Double) -> String {
      abs(x) >= 0.1 || x == 0 ? Tables.significant(x) : String(format: "%.2g", x)
    }
    func signed(_ d: StudyExplanation.Difference) -> String {
      (d.value > 0 ? "+" : "") + number(d.value) + (d.standardError > 0 ? " ± " + number(d.standardError) : "")
    }
    var rows = [["change at d\(explanation.member + 1)", "from", "to"] + definition.objectives.map(label)]
    for s in explanation.sensitivities where !s.changes.isEmpty {
      rows.append([s.variable, s.from.shown, s.to.shown] + s.changes.map(signed))
    }
    var text = "\n" + Tables.aligned(rows)
    for limit in explanation.limits {
      let gains = zip(definition.objectives, limit.gains).map { "\(label($0)) \(signed($1))" }.joined(separator: ", ")
      text +=
        limit.isBinding ? "limited by \(limit.name): 5 % more room gains \(gains)\n" : "not the limit: \(limit.name)\n"
    }
    if let r = explanation.robustness {
      let price = zip(definition.objectives, r.price).map { "\(label($0)) \(signed($1))" }.joined(separator: ", ")
      let gain = zip(definition.objectives, r.benefit).map { "\(label($0)) \(signed($1))" }.joined(separator: ", ")
      text +=
        "against the best design of a line without spread it gives away \(price) where nothing scatters and gains \(gain)"
      text += " where it does\n"
    }
    func ends(_ e: (shares: [FailureMode: Double], leading: Mechanism?)) -> String {
      let shares = e.shares.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
      let modes = shares.prefix(3).map { "\($0.key.rawValue) \(Tables.significant($0.value))" }
      return (modes.isEmpty ? "nothing within the horizon" : modes.joined(separator: ", "))
        + (e.leading.map { "; most is lost to \($0.rawValue)" } ?? "")
    }
    if let endings { text += "ends its life: \(ends(endings))\n" }
    if let baseEndings { text += "ends that of the base design: \(ends(baseEndings))\n" }
    return text
  }
}
