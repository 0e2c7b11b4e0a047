#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import CellModel
public import NumericalMethods

/// Cells of one design as a line builds them: how many live how long, how sure that is, and which tolerance costs most.
///
/// Two kinds of draw are kept apart. e is what nobody knows and all cells of the line share (the forecast of the design);
/// a is what differs from cell to cell (build parameters, and the scatter that replicates show). Yields and percentiles
/// are taken over a inside one e; their interval is the spread over e. How much cells scatter is itself not known: where a
/// fit says how well (`ManufacturingVariability.posterior`), each e has levels of its own. What replicates show holds the effect of the
/// tolerances they were built to, so it is counted once.
public struct BuiltPopulation: Sendable {
  /// A number that differs with what nobody knows.
  public struct Interval: Sendable, Hashable {
    /// Mean over e.
    public var mean: Double
    /// 5 % quantile over e.
    public var low: Double
    /// 95 % quantile over e.
    public var high: Double
  }

  /// How many cells reach a life.
  public struct Yield: Sendable, Hashable {
    /// The life asked for [the forecast's age unit].
    public var target: Double
    /// Share of the cells that reach it, early failures counted as not reaching it.
    public var share: Interval
    /// Standard error of the mean from the finite number of virtual cells.
    public var standardError: Double
  }

  /// How the share that reaches a life differs from lot to lot, at one target.
  public struct LotYield: Sendable, Hashable {
    /// The life asked for [the forecast's age unit].
    public var target: Double
    /// Yield of the lot that 5 %, 50 % and 95 % of the lots fall below, each with its interval over e.
    public var quantiles: [Interval]
  }

  /// A probability of failing a target that is too small to count virtual cells.
  public struct RareFailure: Sendable, Hashable {
    /// The life asked for.
    public var target: Double
    /// The probability at the median of e, early failures aside.
    public var probability: RareProbability
  }

  /// What a group of correlated build parameters (mostly one alone) does to the variance of log life.
  public struct Tolerance: Sendable, Hashable {
    /// Its parameters.
    public var names: [String]
    /// Share alone.
    public var first: SobolIndices.Estimate
    /// Share with its interactions.
    public var total: SobolIndices.Estimate
  }

  /// Yield at each target.
  public var yields: [Yield]
  /// Yields of whole lots at each target; empty unless asked for. Cells of a lot share what scatters by batch. Lots are
  /// large: scatter beside the build parameters is integrated over, not drawn.
  public var lots: [LotYield]
  /// Life that a share of the cells does not reach: share and interval.
  public var percentiles: [(share: Double, life: Interval)]
  /// Variance of log life: what nobody knows, what is built, and what measuring an end of life adds.
  public var variance: (model: Double, manufacturing: Double, measurement: Double)
  /// Part of the manufacturing variance that the tolerances explain by simulation; nil without a simulation.
  public var explained: Double?
  /// Ranking, largest total first; empty where nothing scatters or the physics does not simulate the design.
  public var tolerances: [Tolerance]
  /// Probability of an early failure.
  public var earlyFailure: Interval?
  /// The largest target at which failures are rare.
  public var rare: RareFailure?

  /// Draws of e and of a.
  public static let draws = (unknown: 200, cells: 256)
  /// Lots, and virtual cells of each.
  public static let lotDraws = (lots: 64, cells: 64)
  /// Shares of the lots at which their yield is given.
  public static let lotShares = [0.05, 0.5, 0.95]
  /// Rows of each scrambling of the ranking.
  private static let rankingRows = 128

  /// What a population is made of.
  public struct Plan: Sendable {
    /// The design.
    public var design: CellAttributes
    /// Draws of its life as forecast, all above 0.
    public var lives: [Double]
    /// Share of their variance that replicates show; nil where unknown, then as `variability.levels` say.
    public var manufacturingShare: Double?
    /// Variance of log life from the noise of one measured retention.
    public var measurementVariance: Double
    /// What scatters.
    public var variability: ManufacturingVariability
    /// How simulated life answers to the build; nil leaves the scatter of replicates alone.
    public var response: BuildResponse?
    /// Lives asked for.
    public var targets: [Double]
    /// Whether cells come from any laboratory, so that what laboratories differ by is scatter; otherwise all come from one
    /// line, and it is part of what nobody knows.
    public var isAcrossLabs = false
    /// Whether yields of whole lots are wanted.
    public var hasLots = false

    /// A plan from its parts.
    public init(
      design: CellAttributes, lives: [Double], manufacturingShare: Double? = nil, measurementVariance: Double = 0,
      variability: ManufacturingVariability, response: BuildResponse?, targets: [Double]
    ) {
      precondition(!lives.isEmpty && lives.allSatisfy { $0 > 0 }, "lives must be above 0")
      self.design = design
      self.lives = lives
      self.manufacturingShare = manufacturingShare
      self.measurementVariance = measurementVariance
      self.variability = variability
      self.response = response
      self.targets = targets
    }
  }

  /// Builds and counts the virtual cells.
  ///
  /// - Throws: `CancellationError`.
  public init(_ plan: Plan, seed: UInt64) async throws {
    let variability = plan.variability
    let levels = variability.levels
    let scatter = levels.cell * levels.cell + levels.batch * levels.batch
    let count = variability.parameters.count
    // One more dimension for what the build parameters do not explain.
    let points = SobolPoints(dimensions: count + 1, seed: seed, purpose: "population")
    let latent = (0..<Self.draws.cells).map { points.point($0).map(NormalDistribution.quantile) }
    var shifts = [Double](repeating: 0, count: Self.draws.cells)
    if let response = plan.response, count > 0 {
      shifts = try await response.shifts(latent.map { variability.built(plan.design, Array($0[..<count])) })
    }
    let built = standardDeviation(shifts) * standardDeviation(shifts)
    let labs = plan.isAcrossLabs ? levels.lab * levels.lab : 0
    let medians = Scatter(levels, plan, built: built)
    let possible =
      variability.posterior.isEmpty ? [medians] : variability.posterior.map { Scatter($0, plan, built: built) }
    // Deviations of the virtual cells under each of the levels that may be, ascending.
    let sorted = possible.map { s in zip(shifts, latent).map { $0 + s.variance.squareRoot() * $1[count] }.sorted() }
    let picks = Self.shuffled(possible.count, seed)

    let logs = plan.lives.sorted().map { log($0) }
    let middle = median(logs)
    let wide = standardDeviation(logs)
    let share = plan.manufacturingShare ?? (wide > 0 ? min(scatter / (wide * wide), 0.95) : 0)
    // What laboratories differ by is counted once: as scatter it leaves what nobody knows.
    let moved = wide > 0 ? labs / (wide * wide) : 0
    let keep = max(1 - min(max(share, 0), 1) - moved, 0).squareRoot()
    let places = (0..<Self.draws.unknown).map { k in
      quantile(ofSorted: logs, (Double(k) + 0.5) / Double(Self.draws.unknown))
    }
    let unknown = places.map { middle + keep * ($0 - middle) }
    let failure = variability.earlyFailure
    let early = failure.map { BetaDistribution($0.alpha, $0.beta) }
    var stream = RandomStream(seed: seed, purpose: "population-early")
    let failing = unknown.map { _ in early.map { $0.quantile(stream.uniform()) } ?? 0 }

    yields = plan.targets.map { target in
      let reached = zip(unknown, picks).map { e, k in
        Double(sorted[k].count { e + $0 >= log(target) }) / Double(sorted[k].count)
      }
      let happened = failure?.share(by: target) ?? 0
      let share = zip(reached, failing).map { $0 * (1 - happened * $1) }
      let error = NumericalMethods.mean(reached.map { $0 * (1 - $0) / Double(Self.draws.cells) }).squareRoot()
      return Yield(target: target, share: Self.interval(share), standardError: error)
    }
    lots =
      plan.hasLots
      ? try await Self.lots(plan, unknown: unknown, failing: failing, picks.map { possible[$0] }, seed) : []
    percentiles = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map { p in
      let shifts = sorted.map { quantile(ofSorted: $0, p) }
      return (p, Self.interval(zip(unknown, picks).map { exp($0 + shifts[$1]) }))
    }
    let spreads = sorted.map { standardDeviation($0) * standardDeviation($0) }
    let manufacturing = NumericalMethods.mean(picks.map { spreads[$0] })
    let known = keep * standardDeviation(places)
    variance = (known * known, manufacturing, plan.measurementVariance)
    explained = plan.response == nil || manufacturing == 0 ? nil : min(built / manufacturing, 1)
    earlyFailure = early.map { Interval(mean: $0.mean, low: $0.quantile(0.05), high: $0.quantile(0.95)) }
    tolerances = try await Self.ranking(plan, seed)
    let typical = zip(shifts, latent).map { $0 + medians.variance.squareRoot() * $1[count] }.sorted()
    rare = try await Self.rare(plan, yields, middle: middle, rest: medians.variance.squareRoot(), sorted: typical, seed)
  }

  /// Variances of log life beside the build parameters: what cells of a lot share, and what each has of its own.
  private struct Scatter {
    var between, within: Double
    var variance: Double { between + within }

    init(_ levels: ManufacturingVariability.Levels, _ plan: Plan, built: Double) {
      let all = levels.cell * levels.cell + levels.batch * levels.batch
      // What replicates show holds the tolerances of their own line.
      let replicates = plan.variability.describesTraining ? max(0, all - built) : all
      let lots = all > 0 ? replicates * levels.batch * levels.batch / all : 0
      between = lots + (plan.isAcrossLabs ? levels.lab * levels.lab : 0)
      within = replicates - lots
    }
  }

  /// For each draw of e one of `count` levels, all about as often, in no order.
  private static func shuffled(_ count: Int, _ seed: UInt64) -> [Int] {
    var out = (0..<draws.unknown).map { $0 % count }
    guard count > 1 else { return out }
    var stream = RandomStream(seed: seed, purpose: "population-levels")
    for k in stride(from: out.count - 1, to: 0, by: -1) { out.swapAt(k, stream.index(below: k + 1)) }
    return out
  }

  private static func interval(_ values: [Double]) -> Interval {
    let sorted = values.sorted()
    return Interval(
      mean: NumericalMethods.mean(sorted), low: quantile(ofSorted: sorted, 0.05), high: quantile(ofSorted: sorted, 0.95)
    )
  }

  /// Yields of lots: cells of one share the parameters that scatter by batch and a deviation of their own; `scatters` is
  /// by how much, for each draw of e.
  private static func lots(
    _ plan: Plan, unknown: [Double], failing: [Double], _ scatters: [Scatter], _ seed: UInt64
  ) async throws -> [LotYield] {
    let variability = plan.variability
    let count = variability.parameters.count
    let lots = SobolPoints(dimensions: count + 1, seed: seed, purpose: "population-lot")
    let cells = SobolPoints(dimensions: count, seed: seed, purpose: "population-lot-cell")
    let latent = (0..<(lotDraws.lots * lotDraws.cells)).map { i in
      let lot = lots.point(i / lotDraws.cells).map(NormalDistribution.quantile)
      let cell = cells.point(i).map(NormalDistribution.quantile)
      let build = (0..<count).map { variability.parameters[$0].isPerBatch ? lot[$0] : cell[$0] }
      return (build: build, shared: lot[count])
    }
    var shifts = [Double](repeating: 0, count: latent.count)
    if let response = plan.response, count > 0 {
      shifts = try await response.shifts(latent.map { variability.built(plan.design, $0.build) })
    }
    return plan.targets.map { target in
      let happened = variability.earlyFailure?.share(by: target) ?? 0
      let byUnknown = unknown.indices.map { k in
        let (margin, deviation) = (unknown[k] - log(target), scatters[k].within.squareRoot())
        let common = scatters[k].between.squareRoot()
        func reaches(_ i: Int) -> Double {
          let x = margin + shifts[i] + common * latent[i].shared
          return deviation > 0 ? NormalDistribution.cumulative(x / deviation) : x >= 0 ? 1 : 0
        }
        return (0..<lotDraws.lots).map { lot in
          let cells = (lot * lotDraws.cells)..<((lot + 1) * lotDraws.cells)
          return (1 - happened * failing[k]) * cells.reduce(0) { $0 + reaches($1) } / Double(lotDraws.cells)
        }.sorted()
      }
      return LotYield(
        target: target, quantiles: lotShares.map { share in interval(byUnknown.map { quantile(ofSorted: $0, share) }) })
    }
  }

  private static func ranking(_ plan: Plan, _ seed: UInt64) async throws -> [Tolerance] {
    let variability = plan.variability
    // A parameter that the design does not state does not scatter.
    let groups = variability.groups.filter { group in
      group.contains { plan.design.numbers[variability.parameters[$0].name] != nil }
    }
    guard let response = plan.response, !groups.isEmpty else { return [] }
    let found = try await SobolIndices.estimate(
      groups: groups, dimensions: variability.parameters.count, rows: rankingRows, seed: seed
    ) { points in
      try await response.shifts(points.map { variability.built(plan.design, $0.map(NormalDistribution.quantile)) })
    }
    guard let found else { return [] }
    return groups.indices.map { k in
      Tolerance(
        names: groups[k].map { variability.parameters[$0].name }.reduce(into: []) {
          if !$0.contains($1) { $0.append($1) }
        },
        first: found.first[k], total: found.total[k])
    }.sorted { ($0.total.value, $1.names[0]) > ($1.total.value, $0.names[0]) }
  }

  /// The largest target that fewer than ten of the virtual cells fail, by methods that need no such counting.
  private static func rare(
    _ plan: Plan, _ yields: [Yield], middle: Double, rest: Double, sorted: [Double], _ seed: UInt64
  ) async throws -> RareFailure? {
    let variability = plan.variability
    let count = variability.parameters.count
    guard sorted.last.map({ $0 > sorted[0] }) ?? false,
      let target = plan.targets.filter({ t in sorted.count { middle + $0 < log(t) } < 10 }).max()
    else { return nil }
    let found = try await RareProbability.estimate(dimensions: count + 1, seed: seed) { points in
      var shifts = [Double](repeating: 0, count: points.count)
      if let response = plan.response, count > 0 {
        shifts = try await response.shifts(points.map { variability.built(plan.design, Array($0[..<count])) })
      }
      return zip(points, shifts).map { middle + $1 + rest * $0[count] - log(target) }
    }
    return RareFailure(target: target, probability: found)
  }
}
