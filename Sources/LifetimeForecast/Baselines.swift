public import CellModel
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A simple forecast that every model has to beat.
public enum BaselineKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// The lives and the mean trajectory of the training cells, whatever the cell.
  case mean
  /// Retention straight in √age, fitted to the observed part.
  case sqrt
  /// Retention straight in a power of age, fitted to the observed part.
  case power
  /// Log life straight in the log variance of the change of the voltage curve.
  case variance
  /// No fade: the last observed retention stays.
  case last

  /// The name in `metrics`: `baseline:mean`, …
  public var name: String { "baseline:" + rawValue }
}

/// What baselines read of a cell.
public struct BaselineCell: Sendable, Hashable {
  /// The cell.
  public var id: String
  /// Its group of replicates.
  public var group: String
  /// Ages of the cleaned rows, ascending. Rows beyond the observed age are read in fitting only.
  public var ages: [Double]
  /// Cleaned retention of each row, a fraction.
  public var retention: [Double]
  /// Age at the end of life; nil when not observed. Read in fitting only.
  public var life: Double?
  /// Age of the last row, up to which a cell without an observed life is known to have lived.
  public var lastAge: Double
  /// `FittedBaseline.curveVariance(of:upTo:)` at the observed age; nil without curves.
  public var curveVariance: Double?
  /// Retention at which life ends.
  public var eol: Double
  /// The age up to which this cell is seen in fitting; nil for the age common to all.
  public var seenTo: Double?

  /// A cell from its parts.
  public init(
    id: String, group: String, ages: [Double], retention: [Double], life: Double?, lastAge: Double,
    curveVariance: Double? = nil, eol: Double
  ) {
    precondition(ages.count == retention.count, "\(id): \(ages.count) ages for \(retention.count) retentions")
    self.id = id
    self.group = group
    self.ages = ages
    self.retention = retention
    self.life = life
    self.lastAge = lastAge
    self.curveVariance = curveVariance
    self.eol = eol
  }

  /// Whether the cell was still alive and watched after `age`.
  fileprivate func isOpen(after age: Double) -> Bool { (life ?? lastAge) > age }
}

/// The life that a baseline forecasts.
public struct BaselineLife: Sendable, Hashable {
  /// Point forecast, in the age unit; may be infinite for `mean` when most training cells are censored.
  public var median: Double
  /// Equally probable lives, ascending; infinite where training cells never reached their end.
  public var draws: [Double]
}

/// The retention that a baseline forecasts at some ages.
public struct BaselineRetention: Sendable, Hashable {
  /// Point forecast at each age, a fraction.
  public var medians: [Double]
  /// Equally probable retentions at each age, ascending.
  public var draws: [[Double]]
}

/// A baseline fitted on training cells, for forecasts made at one age.
public struct FittedBaseline: Sendable, Hashable, Codable {
  /// Which one.
  public let kind: BaselineKind
  /// The age at which the training cells were cut, in the age unit.
  public let early: Double
  /// `mean`: distinct ages at which training cells ended.
  private var lifeAges: [Double] = []
  /// `mean`: Kaplan–Meier survival just after each of them.
  private var survival: [Double] = []
  /// `mean`: ages of the trajectory grid.
  private var gridAges: [Double] = []
  /// `mean`: retention of each training cell on the grid.
  private var trajectories: [[Double]] = []
  /// `mean`: retention below which no trajectory is continued.
  private var floor = 0.0
  /// `variance`: log10 life = intercept + slope · curve variance.
  private var intercept = 0.0
  /// `variance`: see `intercept`.
  private var slope = 0.0
  /// log(observed life / forecast life) of the training cells; leave-one-out for `variance`.
  private var lifeResiduals: [Double] = []
  /// Observed minus forecast retention of the training cells at the fractions `residualGrid` of `span`.
  private var retentionResiduals: [[Double]] = []
  /// Median remaining record of the training cells, in the age unit.
  private var span = 1.0
  /// `last`: retention of a cell without a visible row.
  private var initialRetention = 1.0

  /// Fractions of the span at which residuals of retention are kept.
  private static let residualGrid = (0...15).map { Double($0) / 10 }
  /// Longest life that a law may forecast, in the age unit: laws that see no fade would say infinity.
  private static let longestLife = 1e5

  private init(_ kind: BaselineKind, _ early: Double) {
    self.kind = kind
    self.early = early
  }

  /// Fits a baseline.
  ///
  /// - Parameters:
  ///   - kind: which one.
  ///   - cells: training cells with their whole records.
  ///   - early: age at which they are cut, ≥ 0, but for cells that state their own.
  /// - Returns: nil when the cells do not hold what this baseline needs.
  public static func fit(_ kind: BaselineKind, on cells: [BaselineCell], early: Double) -> FittedBaseline? {
    var out = FittedBaseline(kind, early)
    switch kind {
    case .mean: return out.fitMean(cells) ? out : nil
    case .variance: return out.fitVariance(cells) ? out : nil
    case .sqrt, .power, .last: return out.fitLaw(cells) ? out : nil
    }
  }

  /// The forecast life of a cell seen up to `age`; nil when this baseline has none for it.
  public func life(of cell: BaselineCell, observedAge age: Double) -> BaselineLife? {
    switch kind {
    case .mean:
      guard !lifeAges.isEmpty else { return nil }
      return BaselineLife(
        median: meanLife(0.5, after: age), draws: (0..<400).map { meanLife((Double($0) + 0.5) / 400, after: age) })
    case .last: return nil
    case .sqrt, .power:
      guard !lifeResiduals.isEmpty, let law = law(cell, age) else { return nil }
      return spread(Self.bounded(law.life(cell.eol), age), age)
    case .variance:
      guard let x = cell.curveVariance else { return nil }
      return spread(pow(10, intercept + slope * x), age)
    }
  }

  /// The forecast retention of a cell seen up to `age`, at later ages; nil when this baseline has none for it.
  public func retention(of cell: BaselineCell, observedAge age: Double, at ages: [Double]) -> BaselineRetention? {
    switch kind {
    case .variance: return nil
    case .mean:
      guard !trajectories.isEmpty else { return nil }
      let draws = ages.map { a in trajectories.map { Self.continued(a, gridAges, $0, floor) }.sorted() }
      return BaselineRetention(medians: draws.map(NumericalMethods.mean), draws: draws)
    case .sqrt, .power, .last:
      guard let law = law(cell, age) else { return nil }
      let medians = ages.map { law.retention($0) }
      let draws = zip(ages, medians).map { a, q -> [Double] in
        if retentionResiduals.isEmpty { return [q] }
        return retentionResiduals.map {
          Self.possible(q + interpolate((a - age) / span, Self.residualGrid, $0))
        }.sorted()
      }
      return BaselineRetention(medians: medians, draws: draws)
    }
  }

  // MARK: Training mean

  private mutating func fitMean(_ cells: [BaselineCell]) -> Bool {
    (lifeAges, survival) = kaplanMeier(
      times: cells.map { $0.life ?? $0.lastAge }, events: cells.map { $0.life != nil })
    let known = cells.filter { !$0.ages.isEmpty }
    guard !known.isEmpty else { return !lifeAges.isEmpty }
    let longest = known.map { $0.ages[$0.ages.count - 1] }.max() ?? 0
    // Denser where fade begins; 41 ages keep the bundle small.
    floor = known.map(\.eol).min() ?? 0
    gridAges = (0...40).map { longest * Double($0 * $0) / 1600 }
    trajectories = known.map { cell in
      // A single checkpoint is read as a straight line from the reference, which is 1 at age 0.
      let single = cell.ages.count == 1 && cell.ages[0] > 0
      let ages = (single ? [0] : []) + cell.ages
      let values = (single ? [1] : []) + cell.retention
      // Five decimals: a hundredth of the noise of a good measurement.
      return gridAges.map { (Self.continued($0, ages, values, cell.eol) * 1e5).rounded() / 1e5 }
    }
    return true
  }

  /// The age by which a share `p` of the cells alive at `age` has ended; infinite when too few ended.
  private func meanLife(_ p: Double, after age: Double) -> Double {
    var start = 1.0
    for (t, s) in zip(lifeAges, survival) where t <= age { start = s }
    // No training cell lived as long: the forecast is an end right now.
    guard start > 0 else { return age }
    for (t, s) in zip(lifeAges, survival) where t > age && s <= (1 - p) * start { return t }
    return .infinity
  }

  /// The value of a record at `age`; beyond its end it goes on straight with the slope of its last fifth, never rising
  /// and not below the end of life: later ages are not scored.
  private static func continued(_ age: Double, _ ages: [Double], _ values: [Double], _ eol: Double) -> Double {
    let last = ages.count - 1
    guard age > ages[last], last > 0 else { return interpolate(age, ages, values) }
    let first = min(last - 1, last * 4 / 5)
    let slope = min(0, (values[last] - values[first]) / (ages[last] - ages[first]))
    return max(min(eol, values[last]), values[last] + slope * (age - ages[last]))
  }

  // MARK: Laws of the observed part

  /// q = start − rate · ageᵖ.
  private struct Law {
    var start: Double
    var rate: Double
    var power: Double

    func retention(_ age: Double) -> Double { possible(start - rate * pow(age, power)) }

    /// Age at which retention is down to `eol`.
    func life(_ eol: Double) -> Double { pow(max(start - eol, 1e-3) / rate, 1 / power) }
  }

  private static func possible(_ retention: Double) -> Double { min(max(retention, 0), 2) }

  /// A law's life, kept behind the observed age and below `longestLife`.
  private static func bounded(_ life: Double, _ age: Double) -> Double {
    min(max(life, age + 1), max(longestLife, age + 1))
  }

  /// The law through the rows of a cell up to `age`; nil with too few of them.
  private func law(_ cell: BaselineCell, _ age: Double) -> Law? {
    let n = cell.ages.prefix { $0 <= age }.count
    let ages = Array(cell.ages.prefix(n))
    let retention = Array(cell.retention.prefix(n))
    switch kind {
    case .sqrt: return Self.fittedLaw(ages, retention, powers: [0.5], leastRate: 1e-6, rows: 2)
    case .power:
      return Self.fittedLaw(ages, retention, powers: (0...27).map { 0.3 + 0.1 * Double($0) }, leastRate: 1e-12, rows: 3)
    default: return Law(start: retention.last ?? initialRetention, rate: 0, power: 1)
    }
  }

  /// Least squares over the powers offered; the rate is kept positive.
  private static func fittedLaw(
    _ ages: [Double], _ retention: [Double], powers: [Double], leastRate: Double, rows: Int
  ) -> Law? {
    guard ages.count >= rows else { return nil }
    let centre = NumericalMethods.mean(retention)
    var best: (error: Double, law: Law)?
    for power in powers {
      let x = ages.map { pow($0, power) }
      let middle = NumericalMethods.mean(x)
      var xx = 0.0
      var xy = 0.0
      for i in x.indices {
        xx += (x[i] - middle) * (x[i] - middle)
        xy += (x[i] - middle) * (retention[i] - centre)
      }
      let rate = max(xx > 0 ? -xy / xx : 0, leastRate)
      let law = Law(start: centre + rate * middle, rate: rate, power: power)
      var error = 0.0
      for i in x.indices {
        let e = retention[i] - law.start + rate * x[i]
        error += e * e
      }
      if best.map({ error < $0.error }) ?? true { best = (error, law) }
    }
    return best?.law
  }

  private mutating func fitLaw(_ cells: [BaselineCell]) -> Bool {
    let open = cells.filter { $0.isOpen(after: $0.seenTo ?? early) }
    let starts = open.compactMap(\.retention.first)
    if !starts.isEmpty { initialRetention = median(starts) }
    let remaining = open.map { ($0.life ?? $0.lastAge) - ($0.seenTo ?? early) }
    guard !remaining.isEmpty else { return false }
    span = median(remaining)
    for cell in open {
      let early = cell.seenTo ?? early
      guard let law = law(cell, early) else { continue }
      if kind != .last, let life = cell.life {
        lifeResiduals.append(log(life / Self.bounded(law.life(cell.eol), early)))
      }
      let rows = cell.ages.indices.filter { cell.ages[$0] > early && cell.ages[$0] <= cell.life ?? .infinity }
      guard !rows.isEmpty else { continue }
      let known = [early] + rows.map { cell.ages[$0] }
      let errors = [0] + rows.map { cell.retention[$0] - law.retention(cell.ages[$0]) }
      // Beyond the record the last residual stays.
      retentionResiduals.append(Self.residualGrid.map { interpolate(early + $0 * span, known, errors) })
    }
    return !retentionResiduals.isEmpty || !lifeResiduals.isEmpty
  }

  private func spread(_ life: Double, _ age: Double) -> BaselineLife {
    BaselineLife(median: max(life, age), draws: lifeResiduals.map { max(life * exp($0), age) }.sorted())
  }

  // MARK: Variance of the change of the voltage curve

  /// log10 of the variance of one voltage curve minus another on the same grid, over the points where both are known;
  /// nil without two of them. Cycles 100 and 10 give the feature of the published model.
  ///
  /// - Source: K. A. Severson et al., Nat. Energy 4 (2019) 383, doi:10.1038/s41560-019-0356-8.
  public static func curveVariance(late: [Double], early: [Double]) -> Double? {
    let change = zip(late, early).map { $0 - $1 }.filter(\.isFinite)
    guard change.count >= 2 else { return nil }
    let s = standardDeviation(change)
    return s > 0 ? 2 * log10(s) : nil
  }

  /// The same between the last curve of age ≤ `age` and the earlier curve nearest age 10.
  ///
  /// - Returns: nil without two such curves.
  public static func curveVariance(of curves: VoltageCurves, upTo age: Double) -> Double? {
    let visible = curves.ages.prefix { $0 <= age }
    guard visible.count >= 2 else { return nil }
    let late = visible.count - 1
    var early = 0
    for k in 1..<late where abs(visible[k] - 10) < abs(visible[early] - 10) { early = k }
    return curveVariance(late: curves.dischargedAh[late], early: curves.dischargedAh[early])
  }

  private mutating func fitVariance(_ cells: [BaselineCell]) -> Bool {
    var x: [Double] = []
    var y: [Double] = []
    for cell in cells where cell.isOpen(after: cell.seenTo ?? early) {
      guard let feature = cell.curveVariance, let life = cell.life else { continue }
      x.append(feature)
      y.append(log10(life))
    }
    guard x.count >= 3 else { return false }
    let mx = NumericalMethods.mean(x)
    let my = NumericalMethods.mean(y)
    var xx = 0.0
    var xy = 0.0
    for i in x.indices {
      xx += (x[i] - mx) * (x[i] - mx)
      xy += (x[i] - mx) * (y[i] - my)
    }
    guard xx > 0 else { return false }
    slope = xy / xx
    intercept = my - slope * mx
    let n = Double(x.count)
    for i in x.indices {
      let leverage = 1 / n + (x[i] - mx) * (x[i] - mx) / xx
      let residual = (y[i] - intercept - slope * x[i]) * log(10)
      lifeResiduals.append(residual / max(1 - leverage, 1e-6))
    }
    return true
  }
}

/// The Kaplan–Meier estimate of survival.
///
/// - Parameters:
///   - times: age at the end of life or of the record.
///   - events: whether life ended there; a cell whose record ends at the age of an event was still alive.
/// - Returns: distinct event ages, ascending, and survival just after each.
/// - Source: E. L. Kaplan and P. Meier, J. Am. Stat. Assoc. 53 (1958) 457.
public func kaplanMeier(times: [Double], events: [Bool]) -> (ages: [Double], survival: [Double]) {
  precondition(times.count == events.count, "\(times.count) times for \(events.count) events")
  let order = times.indices.sorted { times[$0] < times[$1] }
  var ages: [Double] = []
  var survival: [Double] = []
  var alive = 1.0
  var next = 0
  while next < order.count {
    let age = times[order[next]]
    var end = next
    var ended = 0
    while end < order.count, times[order[end]] == age {
      if events[order[end]] { ended += 1 }
      end += 1
    }
    if ended > 0 {
      alive *= 1 - Double(ended) / Double(order.count - next)
      ages.append(age)
      survival.append(alive)
    }
    next = end
  }
  return (ages, survival)
}
