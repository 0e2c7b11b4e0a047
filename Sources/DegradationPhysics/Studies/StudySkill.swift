public import CellModel
internal import NumericalMethods

/// How well the study regression forecasts papers (or kinds of paper) it has not seen.
public struct StudySkill: Sendable, Hashable {
  /// Scores of the level of retention.
  public var level: CheckpointScores
  /// Contrasts of all pairs of one paper, and of those the paper compares.
  public var pairs: ContrastSkill
  /// See `pairs`.
  public var linked: ContrastSkill

  /// Scores of forecasts of every row, over the rows that count.
  public static func level(_ forecasts: [CheckpointForecast], _ published: PublishedCheckpoints) -> CheckpointScores {
    CheckpointScores(forecasts, published, rows: published.scored)
  }

  /// Leave-out scores.
  ///
  /// - Parameters:
  ///   - published: the checkpoints.
  ///   - simulated: log fade after 100 cycles by cell id, from the simulation.
  ///   - form: the terms; published cells may use `published` ones.
  ///   - unit: what is held out together: the paper of a cell by default.
  public init(
    _ published: PublishedCheckpoints, simulated: [String: Double], form: StudyRegression.Form,
    unit: (CellHistory) -> String = { $0.attributes.text("lab_id") ?? $0.id }
  ) throws {
    let study = PublishedStudies(published, simulated: simulated)
    let units = published.cells.map(unit)
    var forecasts = [CheckpointForecast?](repeating: nil, count: published.rows.count)
    var means = [Double](repeating: 0, count: published.rows.count)
    for held in Set(units).sorted() {
      let test = published.cells.indices.filter { units[$0] == held }
      let model = try study.fit(form: form) { units[$0] != held }
      let found = try model.forecast(test.map { study.cells[$0] })
      for (c, cell) in test.enumerated() {
        for k in published.rows.indices where published.rows[k].cell == cell {
          let cycles = published.rows[k].cycles
          means[k] = found.logFade(c, cycles: cycles).mean
          forecasts[k] = CheckpointForecast(
            quantiles: (0..<199).map { found.retention(c, cycles: cycles, quantile: (Double($0) + 0.5) / 199) },
            observed: published.rows[k].retention)
        }
      }
    }
    level = CheckpointScores(forecasts.compactMap { $0 }, published, rows: published.scored)
    let contrasts = DesignContrast.all(published).map { contrast in
      (contrast: contrast, forecast: ContrastForecast(mean: means[contrast.first] - means[contrast.second]))
    }
    pairs = ContrastSkill(contrasts)
    linked = ContrastSkill(contrasts.filter(\.contrast.isLinked))
  }
}

/// Published checkpoints as the study regression takes them.
public struct PublishedStudies: Sendable {
  /// The cells.
  public let cells: [StudyCell]
  /// The rows.
  public let rows: [StudyRow]

  /// Cells and rows of publications.
  public init(_ published: PublishedCheckpoints, simulated: [String: Double]) {
    var longest: [String: Double] = [:]
    for row in published.rows { longest[row.paper] = max(longest[row.paper] ?? 0, row.cycles) }
    cells = published.cells.map { cell in
      StudyCell(
        cell, simulated: simulated[cell.id], horizon: longest[cell.attributes.text("lab_id") ?? cell.id])
    }
    rows = published.rows.map { row in
      StudyRow(
        cell: row.cell, cycles: row.cycles, retention: row.retention,
        error: StudyRow.error(of: published.cells[row.cell]))
    }
  }

  /// A fit to some of the cells.
  ///
  /// - Throws: `StudyError`.
  public func fit(form: StudyRegression.Form, to isTraining: (Int) -> Bool = { _ in true }) throws(StudyError)
    -> StudyRegression
  {
    let kept = cells.indices.filter(isTraining)
    var place = [Int?](repeating: nil, count: cells.count)
    for (k, c) in kept.enumerated() { place[c] = k }
    return try StudyRegression(
      kept.map { cells[$0] },
      rows: rows.compactMap { row in
        guard let c = place[row.cell] else { return nil }
        return StudyRow(cell: c, cycles: row.cycles, retention: row.retention, error: row.error)
      }, form: form)
  }
}

extension ContrastForecast {
  /// A contrast of which only the mean is asked.
  init(mean: Double) {
    self.mean = mean
    quantiles = [mean, mean, mean]
  }
}
