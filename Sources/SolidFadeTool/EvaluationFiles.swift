import SolidFade

/// What `evaluate` and `crossvalidate` write.
enum EvaluationFiles {
  /// The rivals asked for by `--baselines`; nil for all.
  static func rivals(_ text: String) -> [String]? {
    text == "all" ? nil : (text == "none" ? [] : text.split(separator: ",").map(String.init))
  }

  /// Scores, reliability by horizon, probability integrals and single forecasts as tables.
  static func files(_ result: Evaluation) -> [String: [UInt8]] {
    let names = result.rows.first?.scores.map(\.name) ?? []
    var metrics = CSVWriter(
      header: [
        "model", "dataset", "kind", "cell_family", "split", "early", "age", "n_cells", "n_censored", "n_skipped",
        "n_refused",
      ]
        + names.flatMap { [$0, $0 + "_low", $0 + "_high"] })
    for row in result.rows {
      metrics.append(
        [
          .text(row.model), .text(row.dataset), .text(row.kind), .text(row.cellFamily), .text(row.split),
          .text(row.early?.text), .text(row.age), .integer(row.counts.cells), .integer(row.counts.censored),
          .integer(row.counts.skipped), .integer(row.counts.refused),
        ]
          + row.scores.flatMap {
            [.number($0.score.value), .number($0.score.interval?.first), .number($0.score.interval?.last)]
          })
    }
    var calibration = CSVWriter(
      header: ["early", "horizon_from", "horizon_to", "level", "observed", "n_cells", "n_points"])
    for r in result.reliability {
      calibration.append([
        .text(r.early.text), .number(r.row.horizonFrom), .number(r.row.horizonTo), .number(r.row.level),
        .number(r.row.observed), .integer(r.row.cells), .integer(r.row.points),
      ])
    }
    var integrals = CSVWriter(header: ["early", "quantity", "cell_id", "pit"])
    for i in result.integrals {
      integrals.append([.text(i.early.text), .text(i.quantity), .text(i.cellID), .number(i.value)])
    }
    var predictions = CSVWriter(
      header: [
        "early", "cell_id", "group_id", "observed_life", "last_age", "q05", "q25", "q50", "q75", "q95", "in_domain",
        "refusal",
      ])
    for p in result.predictions {
      predictions.append(
        [.text(p.early.text), .text(p.cellID), .text(p.groupID), .number(p.observedLife), .number(p.lastAge)]
          + p.quantiles.map { .number($0) } + [.bool(p.inDomain), .text(p.refusal)])
    }
    return [
      "metrics.csv": metrics.bytes, "calibration.csv": calibration.bytes, "pit.csv": integrals.bytes,
      "predictions.csv": predictions.bytes,
    ]
  }
}
