package import SolidFade

extension ForecastWriter {
  /// Contrasts of designs as JSON.
  package static func tree(_ contrasts: [StudyForecast.Contrast]) -> JSONTree {
    .array(
      contrasts.map { c in
        .object([
          "cell_id": .string(c.first), "reference": .string(c.second),
          "fade_rate_ratio": .array(c.rateRatio.map { ResultDocument.real($0) }),
          "p_better": .number(c.probabilityFirstBetter),
        ])
      })
  }

  /// The same as a table.
  package static func table(_ contrasts: [StudyForecast.Contrast]) -> [UInt8] {
    var table = CSVWriter(
      header: ["cell_id", "reference", "fade_rate_ratio_q05", "fade_rate_ratio_q50", "fade_rate_ratio_q95", "p_better"])
    for c in contrasts {
      table.append(
        [.text(c.first), .text(c.second)] + c.rateRatio.map { .number($0) } + [.number(c.probabilityFirstBetter)])
    }
    return table.bytes
  }

  /// The same for people.
  package static func text(_ contrasts: [StudyForecast.Contrast]) -> String {
    guard !contrasts.isEmpty else { return "" }
    var rows = [["design", "against", "fade rate ×", "5 %", "95 %", "P(better)"]]
    for c in contrasts {
      rows.append(
        [c.first, c.second] + [1, 0, 2].map { Tables.significant(c.rateRatio[$0]) }
          + [Tables.significant(c.probabilityFirstBetter)])
    }
    return "Designs against each other (better known than any single life)\n" + Tables.aligned(rows) + "\n"
  }
}
