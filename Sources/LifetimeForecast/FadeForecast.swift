public import CellModel
internal import NumericalMethods

/// The forecast of one cell: capacity retention at any later age, its life, and what is behind it.
public struct FadeForecast: Sendable {
  /// One mechanism's part of the loss at an age.
  public struct MechanismLoss: Sendable, Hashable {
    /// The mechanism; `unexplained` is what the learners add to the physics.
    public var mechanism: Mechanism
    /// Age.
    public var age: Double
    /// Mean loss of retention.
    public var lossMean: Double
    /// Its 5 and 95 % quantiles.
    public var q05: Double
    /// The 95 % quantile.
    public var q95: Double
    /// Share of the whole loss; nil where the loss is not positive.
    public var share: Double?
  }

  /// The cell.
  public var cellID: String
  /// Age up to which the cell was seen; 0 for a design.
  public var early: Double
  /// The limit that ends life.
  public var endOfLife: EndOfLife
  /// True where conditions and record lie within what the model was trained on.
  public var inDomain: Bool
  /// Why not, in words.
  public var domainReasons: [String]
  /// Largest distance of an input from the training cells, as a multiple of where their domain ends; nil where no
  /// measured cells taught the model.
  public var novelty: Double?
  /// Why no forecast should be claimed: the cell is too far from what was trained on, or of a dataset never seen and
  /// nothing but its first reading is at hand; nil where one may be.
  public var refusal: String?
  /// Why a search for designs must not go there: an input beyond 99 % of the training cells; nil within.
  var extrapolation: String?
  /// Where the physics parameters come from: `prior`, `dataset` or `cell`.
  public var physicsStatus: String
  /// The training group the forecast leans on: the cell's own, where it was seen.
  public var nearestTrainingGroup: String?
  /// Age from which a forecast rests on a selection of survivors: published long runs are those that went well; nil for
  /// models of complete records.
  public var survivorsFrom: Double?
  /// Rows seen: age and retention.
  public var observedAges: [Double]
  /// Retention of the rows seen.
  public var observedRetention: [Double]
  /// Age beyond which nothing is claimed.
  public var horizon: Double
  /// Share of the predictive variance of log age that replicates of one group show, per level of the path from here to
  /// the end of life; nil when no replicates were seen.
  var manufacturingShares: [Double]?
  /// Losses by mechanism, where a physics model stands behind the cell.
  public var mechanisms: [MechanismLoss]
  /// Probability of each failure mode at the end of life.
  public var failureProbabilities: [FailureMode: Double]
  /// Area resistance forecast [Ω m²] at `resistanceAges`, from the physics; empty where there is none.
  public var areaResistance: [(age: Double, values: [Double])]
  var levels: LevelDraws
  var observedLife: Double?

  /// Draws of retention at each age, ages × draws, ascending; ages before the forecast give what was seen.
  public func retentionDraws(at ages: [Double]) -> [[Double]] { levels.retention(at: ages, sorted: true) }

  /// Share of the variance of log life that replicates of one group show; the rest is what the model does not know. Nil
  /// when no replicates were seen.
  public var manufacturingShare: Double? {
    manufacturingShares.map { $0[min(LevelGrid.endIndex, $0.count - 1)] }
  }

  /// The same share where the path has fallen to a retention.
  public func manufacturingShare(atRetention retention: Double) -> Double? {
    guard let shares = manufacturingShares else { return nil }
    let fallen = (levels.start - retention) / max(levels.start - levels.endFraction, 1e-9)
    return interpolate(fallen, Array(LevelGrid.shares.prefix(shares.count)), shares)
  }

  /// The forecast without its draws, for keeping many: only what is stored is left.
  public func withoutDraws() -> FadeForecast {
    var out = self
    out.levels.remaining = Matrix(rows: 0, columns: levels.levelCount)
    out.levels.sources = []
    return out
  }

  /// The forecast with nothing claimed: the reason and what was seen are left.
  public func withheld() -> FadeForecast {
    var out = withoutDraws()
    out.manufacturingShares = nil
    out.mechanisms = []
    out.failureProbabilities = [:]
    out.areaResistance = []
    return out
  }

  /// Standard deviation of one measured retention.
  public var measurementNoise: Double { levels.measurementNoise }

  /// Ages for a table or chart: from the forecast's age on, denser at the start, to the 97.5 % life or the horizon.
  public func grid(points: Int = 40, whole: Bool) -> [Double] {
    let start = levels.age
    let top = quantile(ofSorted: ascending(levels.lives()), 0.975)
    let end = max(min(top * 1.05, horizon), start + 1)
    var ages: [Double] = []
    for k in 0..<points {
      let u = Double(k) / Double(points - 1)
      var age = start + (end - start) * u * u.squareRoot()
      if whole { age = age.rounded() }
      if ages.last.map({ age > $0 }) ?? true { ages.append(age) }
    }
    return ages
  }

  /// The life under the forecast's own limit.
  public var life: LifetimeDistribution {
    if let observedLife {
      return LifetimeDistribution(status: .observed, observed: observedLife, horizon: horizon, draws: [observedLife])
    }
    return LifetimeDistribution(horizon: horizon, draws: levels.lives())
  }

  /// The life under another limit on the same reference: the first age at which a draw falls to `fraction`.
  public func life(_ fraction: Double) -> LifetimeDistribution {
    if fraction == endOfLife.fraction { return life }
    let ages = grid(points: 400, whole: false)
    let paths = levels.retention(at: ages)
    let draws = (0..<levels.count).map { d -> Double in
      guard let k = ages.indices.first(where: { paths[$0][d] <= fraction }) else { return horizon * 1.000001 }
      guard k > 0 else { return ages[0] }
      let w = (paths[k - 1][d] - fraction) / max(paths[k - 1][d] - paths[k][d], 1e-12)
      return ages[k - 1] + w * (ages[k] - ages[k - 1])
    }
    return LifetimeDistribution(horizon: horizon, draws: draws)
  }
}
