internal import CellModel
internal import DegradationPhysics
internal import NumericalMethods

/// The forecast of sulfide cells learnt from publications: the study regression in the forms that questions need.
struct StudyModel: Sendable, Hashable, Codable {
  /// A regression and the question it is for.
  struct Part: Sendable, Hashable, Codable {
    var variant: ModelVariant
    /// For cells of publications, whose horizon is known; the other form is for a user's cells.
    var isPublished: Bool
    var regression: StudyRegression
  }

  var parts: [Part]
  /// Longest training record, in cycles.
  var longestAge: Double

  /// Most rows taken of one record: neighbouring cycles say the same.
  static let rowsPerCell = 8
  /// Cycles beyond which the published cells are a selection of survivors.
  static let survivorsFrom = 300.0

  /// Fits all forms.
  static func fit(_ cells: [CoreCell], variants: [ModelVariant]) throws -> StudyModel {
    var parts: [Part] = []
    let (study, rows) = StudyModel.reading(cells, isPublished: true, keepsStudies: true)
    for variant in variants {
      guard let form = form(variant) else { continue }
      for isPublished in [true, false] {
        var own = form
        own.published = isPublished
        parts.append(
          Part(
            variant: variant, isPublished: isPublished, regression: try StudyRegression(study, rows: rows, form: own))
        )
      }
    }
    return StudyModel(parts: parts, longestAge: cells.map(\.full.lastAge).max() ?? 1)
  }

  /// The same with further cells, strengths unchanged.
  func adding(_ cells: [CoreCell]) throws -> StudyModel {
    var out = self
    let (study, rows) = Self.reading(cells, isPublished: true, keepsStudies: true)
    for p in parts.indices { out.parts[p].regression = parts[p].regression.adding(study, rows: rows) }
    return out
  }

  private static func form(_ variant: ModelVariant) -> StudyRegression.Form? {
    switch variant {
    case .hybrid: StudyRegression.Form()
    case .physics: StudyRegression.Form(inputs: false)
    case .ml: StudyRegression.Form(physics: false)
    case .ridge, .boosting: nil
    }
  }

  /// Cells and rows as the regression takes them.
  ///
  /// - Parameter keepsStudies: whole records for training; else only what has been observed.
  private static func reading(
    _ cells: [CoreCell], isPublished: Bool, keepsStudies: Bool
  ) -> (cells: [StudyCell], rows: [StudyRow]) {
    var longest: [String: Double] = [:]
    for cell in cells {
      let start = cell.full.isPublished ? 0 : cell.full.ages.first ?? 0
      longest[study(cell)] = max(longest[study(cell)] ?? 1, cell.full.lastAge - start)
    }
    var out: [StudyCell] = []
    var rows: [StudyRow] = []
    for (c, cell) in cells.enumerated() {
      let history = CellHistory(id: cell.full.id, attributes: cell.full.attributes)
      var own = StudyCell(
        history, study: study(cell), simulated: cell.sulfidePrior.map { $0.study + $0.contrast },
        horizon: isPublished ? longest[study(cell)] : nil)
      if let prior = cell.sulfidePrior, prior.isAgainstBase { own.level = prior.study }
      out.append(own)
      let seen = keepsStudies ? cell.full : cell.observed
      let start = seen.isPublished ? 0 : seen.ages.first ?? 0
      let error = seen.isPublished ? StudyRow.error(of: history) : 0.01
      let known = seen.ages.indices.filter { seen.ages[$0] - start >= 1 && seen.retention[$0].isFinite }
      for k in thinned(known, seen.ages.map { $0 - start }) {
        rows.append(StudyRow(cell: c, cycles: seen.ages[k] - start, retention: seen.smooth[k], error: error))
      }
    }
    return (out, rows)
  }

  /// At most `rowsPerCell` rows, the last and those nearest its halves, quarters …
  private static func thinned(_ rows: [Int], _ ages: [Double]) -> [Int] {
    guard rows.count > rowsPerCell, let last = rows.last else { return rows }
    var chosen: Set<Int> = [last]
    for h in 1..<rowsPerCell {
      let target = ages[last] * _exp(-Double(h) * _log(2))
      if let k = rows.min(by: { abs(ages[$0] - target) < abs(ages[$1] - target) }), ages[k] >= 5 { chosen.insert(k) }
    }
    return chosen.sorted()
  }

  /// The paper, or all designs of a table that names none.
  private static func study(_ cell: CoreCell) -> String {
    cell.full.attributes.text("lab_id").map { cell.full.dataset + "/" + $0 }
      ?? (cell.full.isPublished ? cell.full.dataset + "/" + cell.full.id : cell.full.dataset)
  }

  /// Cells that say nothing of each other's future: studies apart, and designs of which nothing was seen.
  static func independent(_ cells: [CoreCell]) -> [[Int]] {
    var studies: [String: [Int]] = [:]
    for i in cells.indices { studies[study(cells[i]), default: []].append(i) }
    return studies.values.sorted { $0[0] < $1[0] }.flatMap { own -> [[Int]] in
      if own.contains(where: { !cells[$0].observed.isPublished && !cells[$0].observed.ages.isEmpty }) { return [own] }
      return stride(from: 0, to: own.count, by: 32).map { Array(own[$0...].prefix(32)) }
    }
  }

  /// The joint forecast of cells of one table.
  func forecast(_ cells: [CoreCell], variant: ModelVariant) throws -> StudyForecast? {
    let isPublished = cells.contains { $0.full.isPublished }
    guard let part = parts.first(where: { $0.variant == variant && $0.isPublished == isPublished }) else { return nil }
    let (study, rows) = Self.reading(cells, isPublished: isPublished, keepsStudies: false)
    return try part.regression.forecast(study, seen: isPublished ? [] : rows)
  }

  /// Draws of one cell's future as levels: on the scale of log fade a path is straight in the logarithm of age.
  func levels(_ forecast: StudyForecast, _ c: Int, cell: CoreCell, count: Int, seed: UInt64) -> LevelDraws {
    let end = cell.full.endFraction
    let first = cell.observed.isPublished ? 0 : cell.observed.ages.first ?? 0
    let seen = cell.observed.isPublished ? 0 : max(cell.observed.lastAge - first, 0)
    let now = seen > 0 ? cell.observed.currentRetention(at: cell.age) ?? 1 : 1
    let start = max(now, end + LevelGrid.smallestHeadroom)
    let paths = forecast.paths(c, count: count, seed: seed)
    var remaining = Matrix(rows: count, columns: LevelGrid.shares.count)
    for (d, path) in paths.enumerated() {
      // The path of a seen cell goes through what was seen last.
      let offset =
        seen > 0 ? SulfidePopulation.logFade(start) - path.level - path.slope * (_log(seen / 100) - path.at) : 0
      var highest = 0.0
      for (k, share) in LevelGrid.shares.enumerated() {
        let level = min(start + share * (end - start), 0.9995)
        let x = path.at + (SulfidePopulation.logFade(level) - path.level - offset) / path.slope
        highest = max(highest, 100 * _exp(min(x, 30)) - seen)
        remaining[d, k] = highest
      }
    }
    return LevelDraws(
      remaining: remaining, age: seen > 0 ? cell.age : 0, start: start, endFraction: end,
      horizonScale: [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2),
      measurementNoise: cell.full.measurementNoise)
  }

  /// Inputs of a cell that lie outside those of the training cells.
  func unfamiliar(_ forecast: StudyForecast, _ c: Int) -> [String] {
    parts.first?.regression.unfamiliar(forecast.cells[c]) ?? []
  }
}
