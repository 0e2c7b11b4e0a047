internal import Foundation
package import SolidFade

/// Tables printed for people, and rows as JSON.
package enum Tables {
  /// A score row as in the JSON document.
  package static func tree(_ row: ScoreRow) throws -> JSONTree {
    let encoder = JSONEncoder()
    return try JSONTree(parsing: Array(try encoder.encode(row)))
  }

  /// A cut-off: a number for an age, else a text.
  package static func cutOff(_ c: CutOff) -> JSONTree {
    c.measure == .age && c.value.isFinite ? .number(c.value) : .string(c.text)
  }

  /// Scores as an aligned table.
  package static func scores(_ rows: [ScoreRow], title: String) -> String {
    guard !rows.isEmpty else { return title + ": none\n" }
    let wanted = [
      "life_rmse", "life_mape", "life_crps", "life_coverage90", "retention_mae", "retention_crps",
      "retention_coverage90",
    ]
    var table = [["dataset", "early", "model", "cells"] + wanted]
    for row in rows {
      let values = Dictionary(uniqueKeysWithValues: row.scores.map { ($0.name, $0.score.value) })
      table.append(
        [row.dataset, row.early?.text ?? "all", row.model, "\(row.counts.cells)"]
          + wanted.map { values[$0].flatMap { $0 }.map { significant($0) } ?? "–" })
    }
    return title + "\n" + aligned(table)
  }

  /// A number with about three figures.
  package static func significant(_ x: Double) -> String {
    if abs(x) >= 100 { return String(Int(x.rounded())) }
    return abs(x) >= 10 ? String(format: "%.1f", x) : String(format: "%.2f", x)
  }

  /// Columns padded to one width; the first and third to the left, numbers to the right.
  package static func aligned(_ rows: [[String]]) -> String {
    guard let first = rows.first else { return "" }
    let widths = first.indices.map { c in rows.map { $0[c].count }.max() ?? 0 }
    return rows.map { row in
      row.enumerated().map { c, text in
        let pad = String(repeating: " ", count: widths[c] - text.count)
        let isNumber = text.first.map { $0.isNumber || $0 == "-" || $0 == "–" } ?? false
        return isNumber ? pad + text : text + pad
      }.joined(separator: "  ")
    }.map { line in
      var end = line
      while end.last == " " { end.removeLast() }
      return end
    }.joined(separator: "\n") + "\n"
  }
}
