internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The forecast life of one cell beside what was observed.
public struct LifePrediction: Sendable, Hashable {
  /// The cell.
  public var cellID: String
  /// What cells are resampled by when not one by one, e.g. the lab of a literature cell.
  public var group: String
  /// Age at the end of life; nil when it was not observed.
  public var observedLife: Double?
  /// Age up to which the cell is known to have lived; only read when there is no observed life.
  public var censoredAfter: Double
  /// The point forecast: the median life. It may lie beyond the horizon, and be infinite.
  public var median: Double
  /// Equally probable lives, ascending, in the age unit; those beyond the horizon may be infinite. Empty for a point
  /// forecast, which then has no probabilistic score.
  public var draws: [Double]
  /// The age beyond which the forecast says nothing but "later".
  public var horizon: Double

  /// A prediction from its parts; `draws` in any order, `median` theirs when not given.
  public init(
    cellID: String, group: String, observedLife: Double?, censoredAfter: Double, median: Double? = nil,
    draws: [Double], horizon: Double = .infinity
  ) {
    let sorted = ascending(draws)
    precondition(median != nil || !sorted.isEmpty, "\(cellID): neither draws nor a median")
    precondition(!draws.contains { $0.isNaN }, "\(cellID): a life that is not a number")
    self.cellID = cellID
    self.group = group
    self.observedLife = observedLife
    self.censoredAfter = censoredAfter
    self.median = median ?? quantile(ofSorted: sorted, 0.5)
    self.draws = sorted
    self.horizon = horizon
  }
}

/// The forecast retention of one cell at the ages where it was measured later.
public struct TrajectoryPrediction: Sendable, Hashable {
  /// The cell.
  public var cellID: String
  /// What cells are resampled by when not one by one.
  public var group: String
  /// Age up to which the forecast saw the cell.
  public var observedAge: Double
  /// Median forecast life, the unit of horizon of the reliability bins; may be infinite.
  public var medianLife: Double
  /// Ages of the measured points, all beyond `observedAge`; at least one.
  public var ages: [Double]
  /// Measured retention at each age, as a fraction.
  public var observed: [Double]
  /// Median forecast retention at each age, as a fraction.
  public var medians: [Double]
  /// Equally probable retentions at each age, ascending, as fractions, measurement noise included.
  public var draws: [[Double]]

  /// A prediction from its parts; the draws of an age in any order, `medians` theirs when not given.
  public init(
    cellID: String, group: String, observedAge: Double, medianLife: Double, ages: [Double], observed: [Double],
    medians: [Double]? = nil, draws: [[Double]]
  ) {
    precondition(
      !ages.isEmpty && observed.count == ages.count && draws.count == ages.count
        && (medians?.count ?? ages.count) == ages.count,
      "\(cellID): \(ages.count) ages for \(observed.count) observations and \(draws.count) forecasts")
    precondition(draws.allSatisfy { !$0.isEmpty }, "\(cellID): an age without draws")
    let sorted = draws.map(ascending)
    self.cellID = cellID
    self.group = group
    self.observedAge = observedAge
    self.medianLife = medianLife
    self.ages = ages
    self.observed = observed
    self.medians = medians ?? sorted.map { quantile(ofSorted: $0, 0.5) }
    self.draws = sorted
  }
}

/// One score with its 95 % bootstrap interval; nil where it is not defined.
public struct Score: Sendable, Hashable {
  /// The score.
  public var value: Double?
  /// Lower and upper end of the interval; nil for fewer than two cells (or groups).
  public var interval: [Double]?

  /// A score; a value that is not finite counts as undefined.
  public init(_ value: Double? = nil, interval: [Double]? = nil) {
    self.value = value.flatMap { $0.isFinite ? $0 : nil }
    self.interval = self.value == nil ? nil : interval
  }
}

/// How cells are resampled for the intervals of scores.
public struct Bootstrap: Sendable, Hashable {
  /// What is drawn with replacement.
  public enum Unit: Sendable, Hashable {
    /// Single cells.
    case cell
    /// All cells of a group at once: labs, for literature.
    case group
  }

  /// The run's seed.
  public var seed: UInt64
  /// Number of resamples.
  public var resamples: Int
  /// What is drawn.
  public var unit: Unit

  /// A bootstrap from its parts.
  public init(seed: UInt64, resamples: Int = 1000, unit: Unit = .cell) {
    self.seed = seed
    self.resamples = resamples
    self.unit = unit
  }
}

/// How many cells stand behind a row of scores.
public struct CellCounts: Sendable, Hashable {
  /// Cells forecast, censored ones included.
  public var cells: Int
  /// Those of them without an observed life.
  public var censored: Int
  /// Cells left out: over before the cut-off, or no forecast possible.
  public var skipped: Int
  /// Those of `cells` that `predict` would refuse as too far from training; they are scored all the same.
  public var refused: Int

  /// Counts from their parts.
  public init(cells: Int, censored: Int, skipped: Int, refused: Int = 0) {
    self.refused = refused
    self.cells = cells
    self.censored = censored
    self.skipped = skipped
  }
}

/// Scores of life forecasts. The point forecast is the median, or the horizon when the median lies beyond it.
public struct LifeScores: Sendable, Hashable {
  /// Root mean square error, in age units.
  public var rmse = Score()
  /// Mean absolute error, in age units.
  public var mae = Score()
  /// Mean absolute error relative to the observed life, in percent.
  public var mape = Score()
  /// Fraction of cells with a relative error of at most 15 %.
  public var within15 = Score()
  /// Mean continuous ranked probability score, in age units; life beyond the horizon counts as at the horizon.
  public var crps = Score()
  /// Fraction of lives inside the central 50 % interval.
  public var coverage50 = Score()
  /// Fraction of lives inside the central 90 % interval.
  public var coverage90 = Score()
  /// Mean width of the central 90 % interval, in age units; undefined when one of them is unbounded.
  public var width90 = Score()
  /// Harrell's index of concordance over all cells, censored ones included.
  public var concordance = Score()

  /// Undefined scores.
  public init() {}

  static var keys: [(String, WritableKeyPath<Self, Score>)] {
    [
      ("life_rmse", \.rmse), ("life_mae", \.mae), ("life_mape", \.mape), ("life_within15", \.within15),
      ("life_crps", \.crps), ("life_coverage50", \.coverage50), ("life_coverage90", \.coverage90),
      ("life_width90", \.width90), ("c_index", \.concordance),
    ]
  }
}

/// Scores of retention forecasts: averaged over the points of a cell, then over cells. Errors are in points of
/// retention, 0…100.
public struct TrajectoryScores: Sendable, Hashable {
  /// Mean absolute error of the median, in points.
  public var mae = Score()
  /// Root of the mean square error of the median, in points.
  public var rmse = Score()
  /// Mean continuous ranked probability score, in points.
  public var crps = Score()
  /// Fraction of points inside the central 50 % interval.
  public var coverage50 = Score()
  /// Fraction of points inside the central 90 % interval.
  public var coverage90 = Score()
  /// Mean negative log likelihood per point of a normal summary (see `ForecastMetrics.normalSummary`), retention in
  /// points.
  public var nll = Score()
  /// Mean of |observed − nominal coverage| over the central levels `ForecastMetrics.reliabilityLevels`.
  public var ece = Score()

  /// Undefined scores.
  public init() {}

  static var keys: [(String, WritableKeyPath<Self, Score>)] {
    [
      ("retention_mae", \.mae), ("retention_rmse", \.rmse), ("retention_crps", \.crps),
      ("retention_coverage50", \.coverage50), ("retention_coverage90", \.coverage90), ("retention_nll", \.nll),
      ("retention_ece", \.ece),
    ]
  }
}

/// One row of `metrics`: the scores of one model on one dataset, seen up to one age.
public struct ScoreRow: Sendable, Hashable, Codable {
  /// `hybrid`, `physics`, `ml` or `baseline:NAME`.
  public var model: String
  /// `out_of_fold` for scores of the training cells; nil for held-out cells.
  public var part: String?
  /// Name of the dataset.
  public var dataset: String
  /// Its kind, e.g. `measured`.
  public var kind: String
  /// Its cell family, e.g. `liquid`.
  public var cellFamily: String
  /// `NAME/PART` of the cells; nil for all of them.
  public var split: String?
  /// Age up to which the cells were seen; nil for all rows.
  public var early: CutOff?
  /// The dataset's age column.
  public var age: String
  /// How many cells.
  public var counts: CellCounts
  /// Why `predict` would refuse the first of the cells that it would refuse; nil where there is none.
  public var refusal: String?
  /// Scores of life.
  public var life: LifeScores
  /// Scores of retention.
  public var trajectory: TrajectoryScores

  /// A row from its parts.
  public init(
    model: String, part: String? = nil, dataset: String, kind: String, cellFamily: String, split: String?,
    early: CutOff?, age: String, counts: CellCounts, life: LifeScores, trajectory: TrajectoryScores
  ) {
    self.model = model
    self.part = part
    self.dataset = dataset
    self.kind = kind
    self.cellFamily = cellFamily
    self.split = split
    self.early = early
    self.age = age
    self.counts = counts
    self.life = life
    self.trajectory = trajectory
  }

  /// Every score with its name, in the order of a table.
  public var scores: [(name: String, score: Score)] {
    LifeScores.keys.map { ($0.0, life[keyPath: $0.1]) }
      + TrajectoryScores.keys.map { ($0.0, trajectory[keyPath: $0.1]) }
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  /// Writes every key; an undefined score is `null`.
  public func encode(to encoder: any Encoder) throws {
    var out = encoder.container(keyedBy: Key.self)
    try out.encode(model, forKey: Key("model"))
    try out.encodeIfPresent(part, forKey: Key("part"))
    try out.encode(dataset, forKey: Key("dataset"))
    try out.encode(kind, forKey: Key("kind"))
    try out.encode(cellFamily, forKey: Key("cell_family"))
    try out.encode(split, forKey: Key("split"))
    try out.encode(early, forKey: Key("early"))
    try out.encode(age, forKey: Key("age"))
    try out.encode(counts.cells, forKey: Key("n_cells"))
    try out.encode(counts.censored, forKey: Key("n_censored"))
    try out.encode(counts.skipped, forKey: Key("n_skipped"))
    try out.encode(counts.refused, forKey: Key("n_refused"))
    try out.encodeIfPresent(refusal, forKey: Key("refusal"))
    for (name, score) in scores {
      try out.encode(score.value, forKey: Key(name))
      try out.encode(score.interval, forKey: Key(name + "_ci"))
    }
  }

  /// Reads what `encode` writes; unknown keys are ignored, an absent score is undefined.
  public init(from decoder: any Decoder) throws {
    let from = try decoder.container(keyedBy: Key.self)
    func score(_ name: String) throws -> Score {
      Score(
        try from.decodeIfPresent(Double.self, forKey: Key(name)),
        interval: try from.decodeIfPresent([Double].self, forKey: Key(name + "_ci")))
    }
    model = try from.decode(String.self, forKey: Key("model"))
    part = try from.decodeIfPresent(String.self, forKey: Key("part"))
    dataset = try from.decode(String.self, forKey: Key("dataset"))
    kind = try from.decode(String.self, forKey: Key("kind"))
    cellFamily = try from.decode(String.self, forKey: Key("cell_family"))
    split = try from.decodeIfPresent(String.self, forKey: Key("split"))
    early = try from.decodeIfPresent(CutOff.self, forKey: Key("early"))
    age = try from.decode(String.self, forKey: Key("age"))
    counts = CellCounts(
      cells: try from.decode(Int.self, forKey: Key("n_cells")),
      censored: try from.decode(Int.self, forKey: Key("n_censored")),
      skipped: try from.decode(Int.self, forKey: Key("n_skipped")),
      refused: try from.decodeIfPresent(Int.self, forKey: Key("n_refused")) ?? 0)
    refusal = try from.decodeIfPresent(String.self, forKey: Key("refusal"))
    life = LifeScores()
    trajectory = TrajectoryScores()
    for (name, path) in LifeScores.keys { life[keyPath: path] = try score(name) }
    for (name, path) in TrajectoryScores.keys { trajectory[keyPath: path] = try score(name) }
  }
}

/// Observed coverage of one central interval in one horizon bin, cells weighted equally.
public struct ReliabilityRow: Sendable, Hashable, Codable {
  /// Lower end of the bin in (age − observed age) / (median life − observed age).
  public var horizonFrom: Double
  /// Upper end of the bin; nil for the last, open one.
  public var horizonTo: Double?
  /// Nominal coverage of the central interval.
  public var level: Double
  /// Observed coverage.
  public var observed: Double
  /// Cells in the bin.
  public var cells: Int
  /// Points in the bin.
  public var points: Int
}

/// Scores of probabilistic forecasts, as pure functions.
public enum ForecastMetrics {
  /// The central levels of the calibration error and of the reliability table.
  public static let reliabilityLevels = [0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99]
  /// Edges of the horizon bins, in (age − observed age) / (median life − observed age).
  public static let horizonEdges = [0.25, 0.5, 0.75, 1.0]
  /// Smallest standard deviation of a normal summary, as retention.
  public static let smallestDeviation = 0.003

  /// The continuous ranked probability score of equally probable draws, in their unit.
  ///
  /// mean |sᵢ − y| − Σ (2i − n − 1) s₍ᵢ₎ / n², which is ∫ (F(x) − 1{x ≥ y})² dx for the step function F of the draws.
  ///
  /// - Parameters:
  ///   - draws: ascending, finite, at least one.
  ///   - y: the observed value.
  /// - Source: T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359, eq. 21.
  public static func crps(ofSorted draws: [Double], observed y: Double) -> Double {
    precondition(!draws.isEmpty, "the score of no draws")
    let n = Double(draws.count)
    var distance = 0.0
    var spread = 0.0
    for (i, s) in draws.enumerated() {
      distance += abs(s - y)
      spread += (2 * Double(i + 1) - n - 1) * s
    }
    return distance / n - spread / (n * n)
  }

  /// The share of draws below the observed value, draws equal to it counted half: 0…1, uniform when calibrated.
  public static func probabilityIntegral(ofSorted draws: [Double], observed y: Double) -> Double {
    precondition(!draws.isEmpty, "the rank among no draws")
    var below = 0
    var equal = 0
    for s in draws { if s < y { below += 1 } else if s == y { equal += 1 } }
    return (Double(below) + 0.5 * Double(equal)) / Double(draws.count)
  }

  /// The normal distribution that stands for draws of retention: their median, and ½[(q84 − q16)/2 + (q95 − q05)/3.29]
  /// but at least `smallestDeviation`. Moments would follow the tails instead.
  public static func normalSummary(
    ofSorted draws: [Double], median: Double
  ) -> (mean: Double, standardDeviation: Double) {
    func q(_ p: Double) -> Double { quantile(ofSorted: draws, p) }
    let deviation = 0.5 * ((q(0.84) - q(0.16)) / 2 + (q(0.95) - q(0.05)) / 3.29)
    return (median, max(deviation, smallestDeviation))
  }

  // MARK: Life

  /// Scores of life forecasts with bootstrap intervals. The error scores read cells with an observed life only; the
  /// index of concordance reads all.
  public static func life(_ predictions: [LifePrediction], bootstrap: Bootstrap) -> LifeScores {
    let cells = predictions.map(LifeCell.init)
    let ranks = Concordance(
      times: predictions.map { $0.observedLife ?? $0.censoredAfter },
      events: predictions.map { $0.observedLife != nil }, forecasts: predictions.map { min($0.median, $0.horizon) })
    func average(_ value: (LifeCell) -> Double?) -> ([Double]) -> Double? {
      let values = cells.map { $0.isEvent ? value($0) : 0 }
      if values.contains(nil) { return { _ in nil } }
      return { weights in
        var sum = 0.0
        var total = 0.0
        for i in cells.indices where cells[i].isEvent {
          sum += weights[i] * (values[i] ?? 0)
          total += weights[i]
        }
        return total > 0 ? sum / total : nil
      }
    }
    let square = average { $0.error * $0.error }
    let scores = resample(
      groups: predictions.map { bootstrap.unit == .cell ? $0.cellID : $0.group }, bootstrap,
      [
        { square($0)?.squareRoot() }, average { abs($0.error) }, average { 100 * abs($0.relativeError) },
        average { abs($0.relativeError) <= 0.15 ? 1 : 0 }, average { $0.crps },
        average { $0.inside50.map { $0 ? 1 : 0 } }, average { $0.inside90.map { $0 ? 1 : 0 } }, average { $0.width90 },
        ranks.index,
      ])
    var out = LifeScores()
    for (k, (_, path)) in LifeScores.keys.enumerated() { out[keyPath: path] = scores[k] }
    return out
  }

  /// The probability integral of every observed life with draws, in the order given.
  public static func lifePIT(_ predictions: [LifePrediction]) -> [(cellID: String, value: Double)] {
    predictions.compactMap { p in
      guard let life = p.observedLife, !p.draws.isEmpty else { return nil }
      return (p.cellID, probabilityIntegral(ofSorted: p.draws, observed: life))
    }
  }

  /// What one cell adds to the life scores.
  private struct LifeCell {
    var isEvent: Bool
    var error = 0.0
    var relativeError = 0.0
    var crps: Double?
    var inside50: Bool?
    var inside90: Bool?
    var width90: Double?

    init(_ p: LifePrediction) {
      isEvent = p.observedLife != nil
      guard let y = p.observedLife else { return }
      error = min(p.median, p.horizon) - y
      relativeError = error / y
      guard !p.draws.isEmpty else { return }
      let visible = p.draws.map { min($0, p.horizon) }
      crps = visible.allSatisfy(\.isFinite) ? ForecastMetrics.crps(ofSorted: visible, observed: y) : nil
      /// The interval of central probability `level`; no upper end when that lies beyond the horizon.
      func interval(_ level: Double) -> (low: Double, high: Double?) {
        let high = quantile(ofSorted: p.draws, 0.5 + level / 2)
        return (
          min(quantile(ofSorted: p.draws, 0.5 - level / 2), p.horizon),
          high.isFinite && high <= p.horizon ? high : nil
        )
      }
      let half = interval(0.5)
      let most = interval(0.9)
      inside50 = y >= half.low && y <= half.high ?? .infinity
      inside90 = y >= most.low && y <= most.high ?? .infinity
      width90 = most.high.map { $0 - most.low }
    }
  }

  /// Harrell's index of concordance, weighted, in n log n.
  ///
  /// A pair counts when the shorter time is an event (a censored cell outlives an event of the same age). It is right
  /// when the forecast of the one that lived longer is longer; equal forecasts are half right.
  ///
  /// - Source: F. E. Harrell et al., J. Am. Med. Assoc. 247 (1982) 2543.
  private struct Concordance: Sendable {
    let times: [Double]
    let events: [Bool]
    let ranks: [Int]
    let rankCount: Int
    /// Longest first; at equal age censored cells before events.
    let order: [Int]

    init(times: [Double], events: [Bool], forecasts: [Double]) {
      self.times = times
      self.events = events
      var distinct: [Double] = []
      for value in forecasts.sorted() where distinct.last != value { distinct.append(value) }
      ranks = forecasts.map { value in
        var low = 0
        var high = distinct.count
        while low < high {
          let middle = (low + high) / 2
          if distinct[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
      }
      rankCount = distinct.count
      order = times.indices.sorted { a, b in
        if times[a] != times[b] { return times[a] > times[b] }
        if events[a] != events[b] { return !events[a] }
        return a < b
      }
    }

    func index(_ weights: [Double]) -> Double? {
      // A Fenwick tree over the ranks of the forecasts holds the weight of the cells that lived longer.
      var tree = [Double](repeating: 0, count: rankCount + 1)
      var inserted = 0.0
      func upTo(_ rank: Int) -> Double {
        var sum = 0.0
        var k = rank + 1
        while k > 0 {
          sum += tree[k]
          k -= k & -k
        }
        return sum
      }
      func insert(_ i: Int) {
        inserted += weights[i]
        var k = ranks[i] + 1
        while k <= rankCount {
          tree[k] += weights[i]
          k += k & -k
        }
      }
      var right = 0.0
      var pairs = 0.0
      var next = 0
      while next < order.count {
        var end = next
        while end < order.count, times[order[end]] == times[order[next]] { end += 1 }
        let tied = order[next..<end]
        for i in tied where !events[i] { insert(i) }
        for i in tied where events[i] && weights[i] > 0 {
          let atMost = upTo(ranks[i])
          let below = ranks[i] > 0 ? upTo(ranks[i] - 1) : 0
          right += weights[i] * ((inserted - atMost) + 0.5 * (atMost - below))
          pairs += weights[i] * inserted
        }
        for i in tied where events[i] { insert(i) }
        next = end
      }
      return pairs > 0 ? right / pairs : nil
    }
  }

  // MARK: Trajectory

  /// Scores of retention forecasts with bootstrap intervals.
  public static func trajectory(_ predictions: [TrajectoryPrediction], bootstrap: Bootstrap) -> TrajectoryScores {
    let cells = predictions.map(TrajectoryCell.init)
    func average(_ value: (TrajectoryCell) -> Double) -> ([Double]) -> Double? {
      let values = cells.map(value)
      return { weights in
        var sum = 0.0
        var total = 0.0
        for i in values.indices {
          sum += weights[i] * values[i]
          total += weights[i]
        }
        return total > 0 ? sum / total : nil
      }
    }
    let square = average(\.square)
    let covered = reliabilityLevels.indices.map { k in average { $0.coverage[k] } }
    let scores = resample(
      groups: predictions.map { bootstrap.unit == .cell ? $0.cellID : $0.group }, bootstrap,
      [
        average(\.absolute), { square($0)?.squareRoot() }, average(\.crps), average(\.coverage50),
        average(\.coverage90), average(\.nll),
        { weights in
          var sum = 0.0
          for (level, observed) in zip(reliabilityLevels, covered) {
            guard let share = observed(weights) else { return nil }
            sum += abs(share - level)
          }
          return sum / Double(reliabilityLevels.count)
        },
      ])
    var out = TrajectoryScores()
    for (k, (_, path)) in TrajectoryScores.keys.enumerated() { out[keyPath: path] = scores[k] }
    return out
  }

  /// The probability integral of every measured point.
  public static func trajectoryPIT(_ p: TrajectoryPrediction) -> [Double] {
    p.ages.indices.map { probabilityIntegral(ofSorted: p.draws[$0], observed: p.observed[$0]) }
  }

  /// The horizon bin of each age, 0…`horizonEdges.count`.
  public static func horizonBins(_ p: TrajectoryPrediction) -> [Int] {
    let span = p.medianLife - p.observedAge
    return p.ages.map { age in
      let fraction = span > 0 ? (age - p.observedAge) / span : .infinity
      return horizonEdges.prefix { $0 < fraction }.count
    }
  }

  /// Observed coverage of every central level in every horizon bin that has points.
  public static func reliability(_ predictions: [TrajectoryPrediction]) -> [ReliabilityRow] {
    let bins = predictions.map(horizonBins)
    return (0...horizonEdges.count).flatMap { bin in
      let members = predictions.indices.compactMap { i -> (TrajectoryPrediction, [Int])? in
        let points = bins[i].indices.filter { bins[i][$0] == bin }
        return points.isEmpty ? nil : (predictions[i], points)
      }
      if members.isEmpty { return [ReliabilityRow]() }
      return reliabilityLevels.map { level in
        let shares = members.map { p, points in
          mean(points.map { covers(p.draws[$0], level, p.observed[$0]) ? 1 : 0 })
        }
        return ReliabilityRow(
          horizonFrom: bin == 0 ? 0 : horizonEdges[bin - 1],
          horizonTo: bin < horizonEdges.count ? horizonEdges[bin] : nil, level: level, observed: mean(shares),
          cells: members.count, points: members.reduce(0) { $0 + $1.1.count })
      }
    }
  }

  /// Whether the central interval of probability `level` holds `y`.
  private static func covers(_ draws: [Double], _ level: Double, _ y: Double) -> Bool {
    y >= quantile(ofSorted: draws, 0.5 - level / 2) && y <= quantile(ofSorted: draws, 0.5 + level / 2)
  }

  /// What one cell adds to the retention scores: means over its points, errors in points of retention.
  private struct TrajectoryCell {
    var absolute = 0.0
    var square = 0.0
    var crps = 0.0
    var coverage50 = 0.0
    var coverage90 = 0.0
    var nll = 0.0
    var coverage = [Double](repeating: 0, count: reliabilityLevels.count)

    init(_ p: TrajectoryPrediction) {
      let share = 1 / Double(p.ages.count)
      for k in p.ages.indices {
        let y = p.observed[k]
        let error = 100 * (p.medians[k] - y)
        absolute += share * abs(error)
        square += share * error * error
        crps += share * 100 * ForecastMetrics.crps(ofSorted: p.draws[k], observed: y)
        if covers(p.draws[k], 0.5, y) { coverage50 += share }
        if covers(p.draws[k], 0.9, y) { coverage90 += share }
        let normal = normalSummary(ofSorted: p.draws[k], median: p.medians[k])
        let deviation = 100 * normal.standardDeviation
        let z = error / deviation
        nll += share * (0.5 * log(2 * Double.pi) + log(deviation) + 0.5 * z * z)
        for (j, level) in reliabilityLevels.enumerated() where covers(p.draws[k], level, y) { coverage[j] += share }
      }
    }
  }

  // MARK: Bootstrap

  /// Each score on all cells, with the 2.5 % and 97.5 % points over resamples of the groups.
  ///
  /// - Parameters:
  ///   - groups: the group of each cell; cells of one group are drawn together.
  ///   - scores: each a function of the weights of the cells.
  private static func resample(
    groups: [String], _ bootstrap: Bootstrap, _ scores: [([Double]) -> Double?]
  ) -> [Score] {
    let names = Set(groups).sorted()
    let position = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let members = groups.map { position[$0] ?? 0 }
    let ones = [Double](repeating: 1, count: groups.count)
    let values = scores.map { $0(ones) }
    guard names.count >= 2, bootstrap.resamples > 0 else { return values.map { Score($0) } }
    var samples = [[Double]](repeating: [], count: scores.count)
    for draw in 0..<bootstrap.resamples {
      var stream = RandomStream(seed: bootstrap.seed, purpose: "bootstrap", draw: draw)
      var times = [Double](repeating: 0, count: names.count)
      for _ in names { times[stream.index(below: names.count)] += 1 }
      let weights = members.map { times[$0] }
      for k in scores.indices where values[k] != nil {
        if let value = scores[k](weights), value.isFinite { samples[k].append(value) }
      }
    }
    return scores.indices.map { k in
      let sorted = samples[k].sorted()
      return Score(
        values[k],
        interval: sorted.isEmpty ? nil : [quantile(ofSorted: sorted, 0.025), quantile(ofSorted: sorted, 0.975)])
    }
  }
}
