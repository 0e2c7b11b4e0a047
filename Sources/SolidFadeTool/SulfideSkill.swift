import RunDocuments
import SolidFade

/// How well published sulfide cells are forecast from what their papers state.
enum SulfideSkill {
  /// Draws of the simulation behind each cell's expected log fade.
  static let draws = 256
  /// Populations of the simulation, each with its own draws.
  static let populations: UInt64 = 3

  /// The section of the page.
  static func section(literature: Dataset, root: String, seed: UInt64, threads: Int) async throws -> String {
    let published = PublishedCheckpoints(literature.cells)
    var text = """

      ## Published sulfide cells

      Retention of cells from papers (or kinds of laboratory) that the model has not seen, rows from cycle 10 on, each
      cell of weight one. The signs of contrasts say which of two variants of a paper fades faster. Published cells may
      use the horizon of their paper; a user's design may not (last form).

      | held out | model | MAE | CRPS | cover 50 | cover 90 | width 90 | signs, linked | signs, all | r |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |

      """
    let row1 = CheckpointBaseline.meanByLogCycle.forecasts(published)
    text += line("paper", "mean by log cycle", StudySkill.level(row1, published), nil, nil)
    let forms: [(String, StudyRegression.Form)] = [
      ("regression on simulation and inputs", .init(published: true)),
      ("without the simulation", .init(physics: false, published: true)),
      ("without inputs", .init(inputs: false, published: true)),
      ("design form: no horizon, no flag", .init()),
    ]
    for k in 0..<populations {
      let simulated = try await SulfidePopulation(detail: .classes).meanLogFade(
        published.cells, draws: draws, seed: seed &+ k, threads: threads)
      for (name, form) in forms {
        let skill = try StudySkill(published, simulated: simulated, form: form)
        text += line("paper", "\(name), population \(k + 1)", skill.level, skill.linked, skill.pairs)
      }
      let kinds = try StudySkill(published, simulated: simulated, form: .init(published: true), unit: kind)
      text += line("kind", "regression, population \(k + 1)", kinds.level, kinds.linked, kinds.pairs)
    }
    return text + "\nA kind is the class of counter electrode and electrolyte together.\n"
      + (try await record(literature, root, seed, threads))
  }

  /// Kind of laboratory: what the cell is built of.
  static func kind(_ cell: CellHistory) -> String {
    (cell.attributes.text("anode_class") ?? "?") + " | " + (cell.attributes.text("electrolyte_class") ?? "?")
  }

  /// The one open per-cycle record, trained without it.
  private static func record(_ literature: Dataset, _ root: String, _ seed: UInt64, _ threads: Int) async throws
    -> String
  {
    guard let measured = try? DatasetReader.read(root + "/osbad-tohoku-ncm523-lpscl"), let cell = measured.cells.first
    else { return "" }
    var options = TrainerOptions()
    options.early = [0]
    options.seed = seed
    options.threads = threads
    let model = try await Trainer(options, toolVersion: toolVersion).fit(
      [TrainingPart(dataset: literature, cellIDs: literature.cells.map(\.id))], scoring: false)
    var text = """

      ### The measured sulfide record (NCM523 | Li6PS5Cl | In/InLi), trained without it

      | seen to cycle | cycle 475, median | 10–90 % | measured | √n law |
      | --- | --- | --- | --- | --- |

      """
    guard let first = cell.series.capacities.first, let row = cell.series.ages.firstIndex(of: 475) else { return "" }
    let truth = cell.series.capacities[row] / first
    for n in [0.0, 25, 50, 100, 200] {
      let forecast = try await model.forecast(
        measured, cellIDs: [cell.id], early: CutOff(n), draws: 2000, seed: seed, threads: threads)
      guard let draws = forecast.first?.retentionDraws(at: [475])[0] else { continue }
      let q = [0.1, 0.5, 0.9].map { quantile(ofSorted: draws, $0) }
      let law = squareRootLaw(cell, to: n, at: 475, reference: first)
      text += "| \(shortest(n)) | \(three(q[1])) | \(three(q[0]))–\(three(q[2])) | \(three(truth)) | "
      text += "\(law.map(three) ?? "–") |\n"
    }
    return text
  }

  /// Retention by a least-squares fit of 1 − a√n through the seen part.
  private static func squareRootLaw(_ cell: CellHistory, to n: Double, at age: Double, reference: Double) -> Double? {
    let rows = cell.series.ages.indices.filter { cell.series.ages[$0] <= n && cell.series.ages[$0] > 1 }
    guard !rows.isEmpty else { return nil }
    var (xx, xy) = (0.0, 0.0)
    for k in rows {
      let x = (cell.series.ages[k] - 1).squareRoot()
      xx += x * x
      xy += x * (1 - cell.series.capacities[k] / reference)
    }
    return 1 - xy / xx * (age - 1).squareRoot()
  }

  private static func three(_ x: Double) -> String {
    let thousandths = Int((x * 1000).rounded())
    return "0." + String(repeating: "0", count: max(0, 3 - String(thousandths).count)) + "\(thousandths)"
  }

  private static func line(
    _ held: String, _ model: String, _ level: CheckpointScores, _ linked: ContrastSkill?, _ pairs: ContrastSkill?
  ) -> String {
    func f(_ x: Double?) -> String { x.map { Tables.significant($0) } ?? "–" }
    return "| \(held) | \(model) | \(f(level.mae)) | \(f(level.crps)) | \(f(level.coverage50)) | \(f(level.coverage90))"
      + " | \(f(level.width90)) | \(f(linked?.signs)) | \(f(pairs?.signs)) | \(f(linked?.correlation)) |\n"
  }
}
