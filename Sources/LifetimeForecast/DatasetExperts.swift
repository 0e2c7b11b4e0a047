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

/// How truth follows forecasts of datasets held out: level by level, truth = centre + slope · (forecast − its centre).
struct PanelCalibration: Sendable, Hashable, Codable {
  var variant: ModelVariant
  var slopes: [Double]
  var forecastCentres: [Double]
  var truthCentres: [Double]

  /// What is believed of a slope before any dataset is seen (assumed).
  static let prior = (mean: 1.0, deviation: 2.0)

  /// Regression in which every dataset counts once, its slope pulled to 1 as the scatter between datasets demands.
  ///
  /// - Parameters:
  ///   - units: dataset of each cell; those not in `used` teach nothing.
  init(_ variant: ModelVariant, forecast: Matrix, truth: Matrix, units: [String], used: [String]) {
    self.variant = variant
    let cells = used.map { name in units.indices.filter { units[$0] == name } }.filter { !$0.isEmpty }
    let n = Double(cells.count)
    func average(_ f: (Int) -> Double) -> Double { mean(cells.map { own in mean(own.map(f)) }) }
    var (slopes, centres, truths): ([Double], [Double], [Double]) = ([], [], [])
    for k in 0..<truth.columns {
      let (x, y) = (average { forecast[$0, k] }, average { truth[$0, k] })
      let xx = average { (forecast[$0, k] - x) * (forecast[$0, k] - x) }
      let xy = average { (forecast[$0, k] - x) * (truth[$0, k] - y) }
      var slope = Self.prior.mean
      if n > 2, xx > 1e-9 {
        let rest = average { i in
          let e = truth[i, k] - y - xy / xx * (forecast[i, k] - x)
          return e * e
        }
        let precision = n * xx / max(rest * n / (n - 2), 1e-9)
        let trust = 1 / (Self.prior.deviation * Self.prior.deviation)
        slope = max((precision * xy / xx + trust * Self.prior.mean) / (precision + trust), 0)
      }
      slopes.append(slope)
      centres.append(x)
      truths.append(y)
    }
    self.slopes = slopes
    forecastCentres = centres
    truthCentres = truths
  }

  /// The calibrated level vector.
  func applied(to levels: [Double]) -> [Double] {
    levels.indices.map { truthCentres[$0] + slopes[$0] * (levels[$0] - forecastCentres[$0]) }
  }
}

/// Models of single datasets, whose mean forecasts a dataset never seen.
///
/// Between datasets everything differs at once, so a model of all of them together takes for cause what only names the
/// dataset. Within one, what an early sign says of the later fade is seen cleanly, and that carries over. The mean of
/// the experts is too even (each knows one kind of cell); how much so is learnt by forecasting each dataset from the
/// others.
struct DatasetExperts: Sendable, Hashable, Codable {
  var experts: [DatasetExpert]
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
  ///   - names: datasets that teach one.
  /// - Returns: the panel, and for each variant what it expects of every training cell when the cell's dataset is held
  ///   out, in the order of the panel's calibrations.
  static func fit(
    _ z: Matrix, cells: [CoreCell], groups: [Int], names: [String], presence: Double, extraColumns: [String],
    kinds: [MemberKind], variants: [ModelVariant], foldCount: Int, cutOff: CutOff, seed: UInt64, threads: Int
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
    var panel = DatasetExperts(experts: experts, calibrations: [])
    var expected: [Matrix] = []
    for variant in variants {
      let blind = Matrix(
        cells.indices.map { i in
          panel.mean(where: { $0 != units[i] }) { e in experts[e].levels(scores[e], cell: i, variant: variant) }
        })
      panel.calibrations.append(
        PanelCalibration(variant, forecast: blind, truth: z, units: units, used: taught))
      // A dataset's own errors have no say in what is expected of it.
      let without = Dictionary(
        uniqueKeysWithValues: Set(units).map { name in
          let others = taught.filter { $0 != name }
          return (name, PanelCalibration(variant, forecast: blind, truth: z, units: units, used: others))
        })
      expected.append(
        Matrix(cells.indices.map { i in without[units[i]]?.applied(to: blind.row(i)) ?? blind.row(i) }))
    }
    return (panel, expected)
  }

  /// What is expected of cells of a dataset never seen: z per level of each; nil for a variant that was not fitted.
  func expected(_ cells: [CoreCell], extraColumns: [String], at n: CutOff, variant: ModelVariant) throws
    -> [[Double]]?
  {
    guard let calibration = calibrations.first(where: { $0.variant == variant }) else { return nil }
    let scores = try experts.map { try $0.scores(cells, extraColumns: extraColumns, at: n) }
    return cells.indices.map { i in
      calibration.applied(
        to: mean(where: { _ in true }) { e in experts[e].levels(scores[e], cell: i, variant: variant) })
    }
  }

  private func mean(where keep: (String) -> Bool, _ levels: (Int) -> [Double]) -> [Double] {
    let all = experts.indices.filter { keep(experts[$0].dataset) }.map(levels)
    return (all.first ?? []).indices.map { k in NumericalMethods.mean(all.map { $0[k] }) }
  }
}
