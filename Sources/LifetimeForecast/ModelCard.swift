/// What a model card says; plain text and numbers, made by the trainer.
public struct ModelCardFacts: Sendable, Hashable {
  /// One training dataset.
  public struct DatasetFact: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// Its title.
    public var title: String
    /// `measured`, `simulated`, …
    public var kind: String
    /// `liquid`, `sulfide_solid_state`, …
    public var cellFamily: String
    /// Its licence as the dataset states it.
    public var license: String
    /// Its citation as the dataset states it.
    public var citation: String
    /// Training cells taken from it.
    public var cells: Int
    /// Those without an observed life.
    public var censored: Int

    /// Facts from their parts.
    public init(
      name: String, title: String, kind: String, cellFamily: String, license: String, citation: String, cells: Int,
      censored: Int
    ) {
      self.name = name
      self.title = title
      self.kind = kind
      self.cellFamily = cellFamily
      self.license = license
      self.citation = citation
      self.cells = cells
      self.censored = censored
    }
  }

  /// Name of the model, e.g. the bundle's folder name without extension.
  public var name: String
  /// `hybrid`, `physics`, `ml`, `baseline:NAME`.
  public var kind: String
  /// Version of the tool that trained it.
  public var version: String
  /// Licence of the model.
  public var license: String
  /// Training data.
  public var datasets: [DatasetFact]
  /// The age column.
  public var ageColumn: String
  /// Retention at which life ends, and what it is relative to, e.g. `0.8 of nominal`.
  public var endOfLife: String
  /// Ages at which the training cells were cut; nil stands for all rows.
  public var early: [CutOff?]
  /// Out-of-fold scores of the model and of the baselines.
  public var scores: [ScoreRow]
  /// What is switched on, weighted or important, one sentence each.
  public var sensitivity: [String]
  /// Where the model should not be trusted, one sentence each.
  public var limits: [String]

  /// Facts from their parts.
  public init(
    name: String, kind: String, version: String, license: String, datasets: [DatasetFact], ageColumn: String,
    endOfLife: String, early: [CutOff?], scores: [ScoreRow], sensitivity: [String], limits: [String]
  ) {
    self.name = name
    self.kind = kind
    self.version = version
    self.license = license
    self.datasets = datasets
    self.ageColumn = ageColumn
    self.endOfLife = endOfLife
    self.early = early
    self.scores = scores
    self.sensitivity = sensitivity
    self.limits = limits
  }
}

/// The text of `MODEL_CARD.md`.
public enum ModelCard {
  /// Markdown with a YAML head in the manner of Hugging Face model cards.
  public static func text(_ facts: ModelCardFacts) -> String {
    var lines = head(facts)
    lines += ["", "# \(inline(facts.name))", ""]
    lines += [
      "Forecasts capacity fade and life of battery cells, with intervals. Kind: \(facts.kind). "
        + "Trained by solidfade \(facts.version). Age is counted in `\(facts.ageColumn)`; life ends at "
        + "\(facts.endOfLife).", "",
    ]
    lines += ["## Data", "", "| dataset | kind | family | cells | censored | licence | citation |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for d in facts.datasets {
      lines.append(
        "| \(cell("\(d.name): \(d.title)")) | \(cell(d.kind)) | \(cell(d.cellFamily)) | \(d.cells) | \(d.censored) "
          + "| \(cell(d.license)) | \(cell(d.citation)) |")
    }
    let cuts = facts.early.map { $0?.text ?? "all rows" }.joined(separator: ", ")
    lines += ["", "Training cells were seen up to age: \(cuts).", "", "## Scores", ""]
    lines += scoreTable(facts)
    lines += ["", "## Sensitivity", ""] + bullets(facts.sensitivity, none: "Not assessed.")
    lines += ["", "## Limits", ""] + bullets(facts.limits, none: "None stated.")
    lines += [
      "", "## How to use", "", "```sh", "solidfade predict NEW -m BUNDLE -o out",
      "solidfade evaluate BUNDLE DATA --baselines all --json", "solidfade model verify BUNDLE", "```", "",
      "`NEW` is a dataset folder, a `cells.csv` of designs, or one per-cycle table; `BUNDLE` is this folder.",
    ]
    lines += ["", "## Citation", "", "Cite SolidFade \(facts.version) and the training data:", ""]
    lines += bullets(facts.datasets.map { "\($0.name): \($0.citation)" }, none: "No dataset.")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func head(_ facts: ModelCardFacts) -> [String] {
    let families = Set(facts.datasets.map(\.cellFamily)).sorted()
    var lines = ["---", "license: \(quoted(facts.license))", "library_name: solidfade", "tags:"]
    lines += (["battery", "lifetime", "capacity-fade"] + families).map { "- \(quoted($0))" }
    lines.append(facts.datasets.isEmpty ? "datasets: []" : "datasets:")
    lines += facts.datasets.map { "- \(quoted($0.name))" }
    lines +=
      ["metrics:"] + ["life_rmse", "life_mape", "life_crps", "life_coverage90", "retention_mae"].map { "- \($0)" }
    return lines + ["---"]
  }

  private static func scoreTable(_ facts: ModelCardFacts) -> [String] {
    guard !facts.scores.isEmpty else { return ["Not scored."] }
    let columns: [(title: String, name: String, decimals: Int)] = [
      ("life RMSE", "life_rmse", 1), ("life MAPE / %", "life_mape", 1), ("life CRPS", "life_crps", 1),
      ("life 90 % coverage", "life_coverage90", 2), ("retention MAE / points", "retention_mae", 2),
    ]
    var lines = [
      "Lives in the age unit, 95 % bootstrap interval over cells in brackets; – where not defined.", "",
      "| model | part | dataset | seen up to | cells | " + columns.map(\.title).joined(separator: " | ") + " |",
      "|---|---|---|---|---|" + String(repeating: "---|", count: columns.count),
    ]
    for row in facts.scores {
      let scores = Dictionary(uniqueKeysWithValues: row.scores.map { ($0.name, $0.score) })
      let values = columns.map { column -> String in
        guard let score = scores[column.name], let value = score.value else { return "–" }
        let ends = score.interval.map { $0.map { fixed($0, column.decimals) }.joined(separator: ", ") }
        return fixed(value, column.decimals) + (ends.map { " [\($0)]" } ?? "")
      }
      let early = row.early?.text ?? "all"
      lines.append(
        "| \(cell(row.model)) | \(cell(row.part ?? row.split ?? "all")) | \(cell(row.dataset)) | \(early) "
          + "| \(row.counts.cells) | " + values.joined(separator: " | ") + " |")
    }
    return lines
  }

  private static func bullets(_ lines: [String], none: String) -> [String] {
    lines.isEmpty ? [none] : lines.map { "- " + inline($0) }
  }

  /// Text on one line: a dataset's words must not open a new block.
  private static func inline(_ text: String) -> String {
    text.split { $0.isNewline }.joined(separator: " ")
  }

  /// Text inside a table.
  private static func cell(_ text: String) -> String {
    inline(text).split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  }

  /// A YAML string that no content can break out of.
  private static func quoted(_ text: String) -> String {
    var out = "\""
    for character in inline(text) {
      if character == "\"" || character == "\\" { out.append("\\") }
      out.append(character)
    }
    return out + "\""
  }

  private static func age(_ value: Double) -> String { fixed(value, value == value.rounded() ? 0 : 1) }

  /// A number with a fixed count of decimals, rounded half away from zero.
  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = [1.0, 10, 100, 1000][decimals]
    let scaled = (abs(value) * scale).rounded()
    guard scaled < 1e15 else { return String(value) }
    let digits = String(Int(scaled))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return sign + (decimals == 0 ? padded : "\(padded.dropLast(decimals)).\(padded.suffix(decimals))")
  }
}
