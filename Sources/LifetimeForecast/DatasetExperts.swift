internal import NumericalMethods
internal import ResidualLearning

extension ForecastCore {
  /// Scores of the members on cells of other datasets, by component, member and cell; nothing of members that no
  /// variant listens to.
  func scores(ofOthers cells: [CoreCell], for variants: [ModelVariant]) throws -> [[[Double]]] {
    let builder = ForecastFeatures(law: law, extraColumns: extraColumns)
    let rows = cells.map {
      builder.values($0.observed, at: cutOff.isDesign ? 0 : $0.age, sulfidePrior: $0.sulfidePrior)
    }
    let x = scaler.transform(rows).x
    let nobody = [Int](repeating: -1, count: cells.count)
    let weights = variants.map { othersWeights($0) }
    return try members.indices.map { c in
      try members[c].indices.map { m in
        guard weights.contains(where: { ($0[safe: c]?[safe: m] ?? 0) != 0 }) else { return [] }
        return try members[c][m].predict(x, groups: nobody, scaler: scaler, withSpread: false).mean
      }
    }
  }

  /// Weights of the members for cells of other datasets, by component.
  private func othersWeights(_ variant: ModelVariant) -> [[Double]] {
    pool(variant, for: [.group, .cell])?.weights ?? []
  }

  /// z per level of one of the cells, on another scale; beyond the levels that this core knows straight on.
  func levels(_ scores: [[[Double]]], cell i: Int, variant: ModelVariant, on other: LevelScale, count: Int) -> [Double]
  {
    var z = meanLevels
    let weights = othersWeights(variant)
    for c in members.indices {
      let score = members[c].indices.reduce(0.0) { sum, m in
        let weight = weights[safe: c]?[safe: m] ?? 0
        return weight == 0 ? sum : sum + weight * scores[c][m][i]
      }
      for k in z.indices { z[k] += score * components[c, k] }
    }
    var remaining = z.prefix(count).map(scale.inverse)
    let known = remaining.count
    for k in known..<max(count, known) {
      let step = max(remaining[known - 1] - remaining[known - 2], 0)
      let shares = LevelGrid.shares
      remaining.append(
        remaining[k - 1] + step * (shares[k] - shares[k - 1]) / (shares[known - 1] - shares[known - 2]))
    }
    return remaining.map(other.forward)
  }
}

/// How truth follows forecasts and records of datasets held out: level by level, truth = centre + slope · (forecast −
/// its centre) + record slope · (pull of the record − its centre).
struct PanelCalibration: Sendable, Hashable, Codable {
  var variant: ModelVariant
  /// Whether it is of cells whose fade has been read: more than one reading.
  var isRead: Bool
  var slopes: [Double]
  var recordSlopes: [Double]
  var forecastCentres: [Double]
  var pullCentres: [Double]
  var truthCentres: [Double]

  /// What is believed of the slopes before any dataset is seen: forecasts hold, and a record says the less the further
  /// away a level is, of the end of life nothing (assumed).
  static func prior(level k: Int) -> [(mean: Double, deviation: Double)] {
    [(1, 2), (0, max(1 - LevelGrid.shares[k], 1e-3))]
  }

  /// Regression in which every dataset counts once, its slopes pulled to the prior as the scatter between datasets
  /// demands.
  ///
  /// - Parameters:
  ///   - pull: how far each cell's record would move its forecast; 0 where nothing was read.
  ///   - cells: the cells that teach, by dataset.
  init(_ variant: ModelVariant, isRead: Bool, forecast: Matrix, pull: Matrix, truth: Matrix, cells: [[Int]]) {
    self.variant = variant
    self.isRead = isRead
    let n = Double(cells.count)
    func average(_ f: (Int) -> Double) -> Double { mean(cells.map { own in mean(own.map(f)) }) }
    (slopes, recordSlopes, forecastCentres, pullCentres, truthCentres) = ([], [], [], [], [])
    for k in 0..<truth.columns {
      let (x, p, y) = (average { forecast[$0, k] }, average { pull[$0, k] }, average { truth[$0, k] })
      func covariance(_ f: (Int) -> Double, _ g: (Int) -> Double) -> Double { average { f($0) * g($0) } }
      let inputs = [{ (i: Int) in forecast[i, k] - x }, { (i: Int) in pull[i, k] - p }]
      let outcome = { (i: Int) in truth[i, k] - y }
      let (aa, ab, bb) = (
        covariance(inputs[0], inputs[0]), covariance(inputs[0], inputs[1]), covariance(inputs[1], inputs[1])
      )
      let (ay, by) = (covariance(inputs[0], outcome), covariance(inputs[1], outcome))
      let prior = Self.prior(level: k)
      var beta = prior.map(\.mean)
      // The centre is estimated too; the slopes cost what the prior does not pay.
      for _ in 0..<(n > 2 ? 10 : 0) {
        let rest = average { i in
          let e = outcome(i) - beta[0] * inputs[0](i) - beta[1] * inputs[1](i)
          return e * e
        }
        let precision = n / max(rest * n / max(n - 2.4, 0.6), 1e-9)
        let trust = prior.map { 1 / ($0.deviation * $0.deviation) }
        let (a, b, c) = (precision * aa + trust[0], precision * ab, precision * bb + trust[1])
        let (u, v) = (precision * ay + trust[0] * prior[0].mean, precision * by + trust[1] * prior[1].mean)
        let determinant = a * c - b * b
        beta = [(c * u - b * v) / determinant, (a * v - b * u) / determinant].map { max($0, 0) }
      }
      slopes.append(beta[0])
      recordSlopes.append(beta[1])
      forecastCentres.append(x)
      pullCentres.append(p)
      truthCentres.append(y)
    }
  }

  /// The calibrated level vector.
  func applied(to levels: [Double], pull: [Double]) -> [Double] {
    levels.indices.map {
      truthCentres[$0] + slopes[$0] * (levels[$0] - forecastCentres[$0])
        + recordSlopes[$0] * (pull[$0] - pullCentres[$0])
    }
  }
}

/// How the cores of single datasets forecast a dataset never seen: by their mean.
///
/// Between datasets everything differs at once, so a model of all of them together takes for cause what only names the
/// dataset. Within one, what an early sign says of the later fade is seen cleanly, and that carries over. The mean of
/// the experts is too even (each knows one kind of cell); how much so is learnt by forecasting each dataset from the
/// others. At the first levels a cell's own readings say more than the experts: what the ageing law through them
/// expects is the second input of that calibration.
///
/// - Source: combination of forecasts by regression, C. W. J. Granger and R. Ramanathan, J. Forecast. 3 (1984) 197,
///   doi:10.1002/for.3980030207.
struct DatasetExperts: Sendable, Hashable, Codable {
  /// Names of the datasets whose cores are the experts.
  var names: [String]
  /// Prior of the law through a cell's readings.
  var law: AgeingLawUpdate
  var calibrations: [PanelCalibration]

  /// Fewest datasets that can say how forecasts carry over.
  static let fewest = 3

  /// The datasets that can teach one: enough cells, most of which reached the end of life.
  static func candidates(_ datasets: [String], finished: [Bool]) -> [String] {
    let names = Dictionary(grouping: datasets.indices) { datasets[$0] }.filter { _, cells in
      cells.count >= FoldPlan.smallestUnit && 2 * cells.count { finished[$0] } >= cells.count
    }.keys.sorted()
    return names.count >= fewest ? names : []
  }

  /// Learns how the cores of single datasets carry over to others.
  ///
  /// - Parameters:
  ///   - z: level vectors of all training cells.
  ///   - starts: retention that each cell's levels count from.
  ///   - homes: cores of the datasets that teach one.
  /// - Returns: the panel, and for each variant what it expects of every training cell when the cell's dataset is held
  ///   out, in the order of the panel's calibrations.
  static func fit(
    _ z: Matrix, scale: LevelScale, starts: [Double], cells: [CoreCell], homes: [ForecastCore],
    variants: [ModelVariant], threads: Int
  ) async throws -> (panel: DatasetExperts, expected: [Matrix]) {
    let scores = try await parallelMap(count: homes.count, width: threads) { e in
      try homes[e].scores(ofOthers: cells, for: variants)
    }
    let units = cells.map(\.full.dataset)
    let taught = homes.compactMap(\.dataset)
    var panel = DatasetExperts(names: taught, law: AgeingLawUpdate(cells: cells.map(\.full)), calibrations: [])
    let laws = Dictionary(
      uniqueKeysWithValues: Set(units).map { name in
        (name, AgeingLawUpdate(cells: cells.map(\.full).filter { $0.dataset != name }))
      })
    let records = cells.indices.map { i in
      RecordLevels(cells[i], law: laws[units[i]] ?? panel.law, now: starts[i], scale: scale, count: z.columns)
    }
    // Cells of one reading say nothing of how records carry over, and are judged by forecasts alone.
    let teachers = [false, true].map { isRead in
      taught.map { name in
        cells.indices.filter { units[$0] == name && (!isRead || cells[$0].isRead) }
      }.filter { !$0.isEmpty }
    }
    var expected: [Matrix] = []
    for variant in variants {
      let heard = homes.indices.map { e in
        cells.indices.map { i in
          homes[e].levels(scores[e], cell: i, variant: variant, on: scale, count: z.columns)
        }
      }
      /// What the experts expect of each cell, without that of its own dataset and without one more.
      func blind(without name: String?) -> Matrix {
        Matrix(
          cells.indices.map { i in
            Self.mean(homes.indices.filter { taught[$0] != units[i] && taught[$0] != name }.map { heard[$0][i] })
          })
      }
      func calibrations(_ forecast: Matrix, without name: String?) -> [PanelCalibration] {
        let pull = Matrix(cells.indices.map { records[$0].pull(from: forecast.row($0)) })
        let nothing = Matrix(rows: pull.rows, columns: pull.columns)
        return [false, true].compactMap { isRead in
          let others = teachers[isRead ? 1 : 0].filter { units[$0[0]] != name }
          return others.isEmpty
            ? nil
            : PanelCalibration(
              variant, isRead: isRead, forecast: forecast, pull: isRead ? pull : nothing, truth: z, cells: others)
        }
      }
      let all = blind(without: nil)
      panel.calibrations += calibrations(all, without: nil)
      // A dataset's own errors have no say in what is expected of it, nor has its expert in how the others carry over.
      let without = Dictionary(
        uniqueKeysWithValues: Set(units).map { ($0, calibrations(blind(without: $0), without: $0)) })
      expected.append(
        Matrix(
          cells.indices.map { i in
            let forecast = all.row(i)
            let calibration = without[units[i]]?.first { $0.isRead == cells[i].isRead }
            return calibration?.applied(to: forecast, pull: records[i].pull(from: forecast)) ?? forecast
          }))
    }
    return (panel, expected)
  }

  /// What is expected of cells of a dataset never seen: z per level of each; nil for a variant that was not fitted.
  func expected(
    _ cells: [CoreCell], starts: [Double], scale: LevelScale, homes all: [ForecastCore], variant: ModelVariant
  ) throws -> [[Double]]? {
    let own = calibrations.filter { $0.variant == variant }
    guard let count = own.first?.slopes.count else { return nil }
    let homes = all.filter { $0.dataset.map(names.contains) ?? false }
    let scores = try homes.map { try $0.scores(ofOthers: cells, for: [variant]) }
    return cells.indices.map { i in
      let forecast = Self.mean(
        homes.indices.map { homes[$0].levels(scores[$0], cell: i, variant: variant, on: scale, count: count) })
      let record = RecordLevels(cells[i], law: law, now: starts[i], scale: scale, count: forecast.count)
      let calibration = own.first { $0.isRead == cells[i].isRead }
      return calibration?.applied(to: forecast, pull: record.pull(from: forecast)) ?? forecast
    }
  }

  /// Mean of level vectors.
  private static func mean(_ all: [[Double]]) -> [Double] {
    (all.first ?? []).indices.map { k in NumericalMethods.mean(all.map { $0[k] }) }
  }
}
