internal import NumericalMethods
internal import ResidualLearning

/// A model of one dataset alone.
struct DatasetExpert: Sendable, Hashable, Codable {
  /// Weights of the members under one variant, per component.
  struct Weights: Sendable, Hashable, Codable {
    var variant: ModelVariant
    var values: [[Double]]
  }

  var dataset: String
  var law: AgeingLawUpdate
  var scaler: FeatureScaler
  var meanLevels: [Double]
  var components: Matrix
  var members: [[LevelMember]]
  var weights: [Weights]

  /// Features of cells seen from a cut-off, their law judged by that of this dataset.
  static func features(_ cells: [CoreCell], law: AgeingLawUpdate, extraColumns: [String], at n: CutOff)
    -> [FeatureValues]
  {
    let builder = ForecastFeatures(law: law, extraColumns: extraColumns)
    return cells.map { builder.values($0.observed, at: n.isDesign ? 0 : $0.age, sulfidePrior: $0.sulfidePrior) }
  }

  /// Scores of the members on cells of other datasets, by component, member and cell.
  func scores(_ cells: [CoreCell], extraColumns: [String], at n: CutOff) throws -> [[[Double]]] {
    let x = scaler.transform(Self.features(cells, law: law, extraColumns: extraColumns, at: n)).x
    let nobody = [Int](repeating: -1, count: cells.count)
    return try members.map { component in
      try component.map { try $0.predict(x, groups: nobody, scaler: scaler, withSpread: false).mean }
    }
  }

  /// z per level of one of the cells.
  func levels(_ scores: [[[Double]]], cell i: Int, variant: ModelVariant) -> [Double] {
    var out = meanLevels
    let values = weights.first { $0.variant == variant }?.values ?? []
    for c in members.indices {
      let score = members[c].indices.reduce(0.0) { $0 + (values[safe: c]?[safe: $1] ?? 0) * scores[c][$1][i] }
      for k in out.indices { out[k] += score * components[c, k] }
    }
    return out
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

/// Models of single datasets, whose mean forecasts a dataset never seen.
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
  var experts: [DatasetExpert]
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

  /// Fits the experts and their calibration.
  ///
  /// - Parameters:
  ///   - z: level vectors of all training cells.
  ///   - starts: retention that each cell's levels count from.
  ///   - names: datasets that teach one.
  /// - Returns: the panel, and for each variant what it expects of every training cell when the cell's dataset is held
  ///   out, in the order of the panel's calibrations.
  static func fit(
    _ z: Matrix, scale: LevelScale, starts: [Double], cells: [CoreCell], groups: [Int], names: [String],
    presence: Double, extraColumns: [String], kinds: [MemberKind], variants: [ModelVariant], foldCount: Int,
    cutOff: CutOff, seed: UInt64, threads: Int
  ) async throws -> (panel: DatasetExperts, expected: [Matrix]) {
    var experts: [DatasetExpert] = []
    for name in names {
      let own = cells.indices.filter { cells[$0].full.dataset == name }
      let law = AgeingLawUpdate(cells: own.map { cells[$0].full })
      let rows = DatasetExpert.features(own.map { cells[$0] }, law: law, extraColumns: extraColumns, at: cutOff)
      let scaler = FeatureScaler(rows, presence: presence)
      let ownGroups = own.map { groups[$0] }
      let numbers = Set(ownGroups).sorted()
      let plan =
        FoldPlan.make(
          [numbers.count > 2 && numbers.count < own.count ? .group : .cell], cells: own.map { cells[$0].full },
          groups: ownGroups.map { numbers.firstIndex(of: $0) ?? 0 }, foldCount: foldCount, seed: seed, cutOff: cutOff)
      guard let plan = plan.first else { continue }
      let usable = kinds.filter { kind in
        kind != .ridge && kind != .population
          && (kind != .screenedObservations
            || (!cutOff.isDesign && scaler.has(.condition) && scaler.features.contains { $0.block != .condition }))
      }
      let ensemble = try await LevelEnsemble.fit(
        z.selecting(rows: own), x: scaler.transform(rows).x, groups: ownGroups, scaler: scaler,
        plans: [plan], kinds: usable, previous: nil, componentCount: 3, seed: seed, threads: threads)
      let weights = variants.map { variant in
        DatasetExpert.Weights(
          variant: variant, values: ensemble.stacked(plan) { variant.allows($0, plan.scheme) }.weights)
      }
      experts.append(
        DatasetExpert(
          dataset: name, law: law, scaler: scaler, meanLevels: ensemble.meanLevels, components: ensemble.components,
          members: ensemble.members, weights: weights))
    }
    let scores = try await parallelMap(count: experts.count, width: threads) { [experts] e in
      try experts[e].scores(cells, extraColumns: extraColumns, at: cutOff)
    }
    let units = cells.map(\.full.dataset)
    let taught = experts.map(\.dataset)
    var panel = DatasetExperts(
      experts: experts, law: AgeingLawUpdate(cells: cells.map(\.full)), calibrations: [])
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
      let blind = Matrix(
        cells.indices.map { i in
          panel.mean(where: { $0 != units[i] }) { e in experts[e].levels(scores[e], cell: i, variant: variant) }
        })
      let pull = Matrix(cells.indices.map { records[$0].pull(from: blind.row($0)) })
      let nothing = Matrix(rows: pull.rows, columns: pull.columns)
      func calibrations(without name: String?) -> [PanelCalibration] {
        [false, true].compactMap { isRead in
          let others = teachers[isRead ? 1 : 0].filter { units[$0[0]] != name }
          return others.isEmpty
            ? nil
            : PanelCalibration(
              variant, isRead: isRead, forecast: blind, pull: isRead ? pull : nothing, truth: z, cells: others)
        }
      }
      panel.calibrations += calibrations(without: nil)
      // A dataset's own errors have no say in what is expected of it.
      let without = Dictionary(uniqueKeysWithValues: Set(units).map { ($0, calibrations(without: $0)) })
      expected.append(
        Matrix(
          cells.indices.map { i in
            let calibration = without[units[i]]?.first { $0.isRead == cells[i].isRead }
            return calibration?.applied(to: blind.row(i), pull: pull.row(i)) ?? blind.row(i)
          }))
    }
    return (panel, expected)
  }

  /// What is expected of cells of a dataset never seen: z per level of each; nil for a variant that was not fitted.
  func expected(
    _ cells: [CoreCell], starts: [Double], scale: LevelScale, extraColumns: [String], at n: CutOff,
    variant: ModelVariant
  ) throws -> [[Double]]? {
    let own = calibrations.filter { $0.variant == variant }
    if own.isEmpty { return nil }
    let scores = try experts.map { try $0.scores(cells, extraColumns: extraColumns, at: n) }
    return cells.indices.map { i in
      let forecast = mean(where: { _ in true }) { e in experts[e].levels(scores[e], cell: i, variant: variant) }
      let record = RecordLevels(cells[i], law: law, now: starts[i], scale: scale, count: forecast.count)
      let calibration = own.first { $0.isRead == cells[i].isRead }
      return calibration?.applied(to: forecast, pull: record.pull(from: forecast)) ?? forecast
    }
  }

  private func mean(where keep: (String) -> Bool, _ levels: (Int) -> [Double]) -> [Double] {
    let all = experts.indices.filter { keep(experts[$0].dataset) }.map(levels)
    return (all.first ?? []).indices.map { k in NumericalMethods.mean(all.map { $0[k] }) }
  }
}
