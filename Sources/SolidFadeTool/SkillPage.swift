import RunDocuments
import SolidFade

/// The page of `solidfade skill`.
struct SkillPage {
  private var sections: [(task: SkillTask, rows: [ScoreRow], again: [ScoreRow])] = []
  /// Section of a published score that is no table of ours.
  var published = ""
  var sulfide = ""

  /// - Parameter again: the model's scores with further seeds.
  mutating func add(_ task: SkillTask, _ rows: [ScoreRow], again: [ScoreRow] = []) {
    sections.append((task, rows, again))
  }

  var allRows: [ScoreRow] { sections.flatMap(\.rows) }

  private static let columns: [(String, String)] = [
    ("life_rmse", "life RMSE"), ("life_mape", "MAPE %"), ("life_crps", "life CRPS"), ("life_coverage50", "cover 50"),
    ("life_coverage90", "cover 90"), ("life_width90", "width 90"), ("retention_mae", "retention MAE"),
    ("retention_crps", "retention CRPS"), ("retention_coverage90", "cover 90"),
  ]

  var markdown: String {
    var text = """
      # Forecast skill

      Written by `make skill`; every model of a table was scored on the same cells by the same run, which training had
      not seen. Brackets: 95 % bootstrap over cells. Life in cycles (equivalent full cycles for ISU and NCA), retention
      in points. Losing rows are kept. Chance (folds, starts, draws) is shown by training again with further seeds.
      Cross-validations refit everything in each of five parts. Liquid cells prove the machinery; sulfide cells are
      scored apart at the end.

      """
    for (task, rows, again) in sections {
      text += "\n## \(task.name)\n\n"
      if !task.published.isEmpty { text += "Published: \(task.published).\n\n" }
      for dataset in unique(rows.map(\.dataset)) {
        let own = rows.filter { $0.dataset == dataset }
        guard let head = own.first else { continue }
        text += "\(dataset): \(head.counts.cells) cells, \(head.counts.censored) censored"
        text += head.counts.skipped > 0 ? ", \(head.counts.skipped) not alive then.\n\n" : ".\n\n"
        if head.counts.refused > 0 {
          text += "**Refused: \(head.counts.refused) of \(head.counts.cells) cells**, scored all the same: "
          text += "\(head.refusal ?? "").\n\n"
        }
        text += "| model | " + Self.columns.map(\.1).joined(separator: " | ") + " |\n"
        text += "|" + String(repeating: " --- |", count: Self.columns.count + 1) + "\n"
        for row in own {
          let values = Dictionary(uniqueKeysWithValues: row.scores.map { ($0.name, $0.score) })
          let isOwn = row.split?.hasSuffix("own cells") ?? false
          let own = "recalibrated on \(row.split ?? ""), drawn \(CrossValidation.ownCellDraws) times"
          let isRest = row.split?.hasSuffix(Evaluation.notRefused) ?? false
          let rest = "the \(row.counts.cells) \(Evaluation.notRefused)"
          text += "| \(row.model)\(isOwn ? ", " + own : isRest ? ", " + rest : "") | "
          text += Self.columns.map { cell(values[$0.0], isMain: row.model == head.model) }.joined(separator: " | ")
          text += " |\n"
        }
        text += "\n"
        text += Self.seeds(
          [head] + again.filter { $0.dataset == dataset && $0.model == head.model && $0.split == head.split })
      }
    }
    return text + published + sulfide
  }

  /// A model's scores with each seed, in one sentence; nothing for one seed.
  private static func seeds(_ rows: [ScoreRow]) -> String {
    guard rows.count > 1, let model = rows.first?.model else { return "" }
    let lists = ["life_rmse", "life_mape", "life_crps", "life_coverage90", "retention_crps"].compactMap {
      name -> String? in
      let values = rows.compactMap { row in row.scores.first { $0.name == name }?.score.value }
      guard values.count == rows.count, let title = columns.first(where: { $0.0 == name })?.1 else { return nil }
      return title + " " + values.map { Tables.significant($0) }.joined(separator: " / ")
    }
    return "\(model), \(rows.count) seeds: " + lists.joined(separator: ", ") + ".\n\n"
  }

  private func cell(_ score: Score?, isMain: Bool) -> String {
    guard let score, let value = score.value else { return "–" }
    if value > 1e5 { return "> 10⁵" }
    guard isMain, let interval = score.interval, interval.count == 2 else { return Tables.significant(value) }
    return "\(Tables.significant(value)) [\(Tables.significant(interval[0])), \(Tables.significant(interval[1]))]"
  }

  private func unique(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}
