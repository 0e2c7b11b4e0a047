public import CellModel
internal import DegradationPhysics
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Which cells to test, and how hard, to learn most of a design's life at its use condition.
///
/// The sulfide physics with everything unknown drawn gives possible truths; a test reads the logarithm of fade,
/// ln(−ln retention), at a quarter, half, three quarters and the whole of its length.
public struct PlanStudy: Sendable {
  /// A quantity that tests may be run harder at, and its levels, the use value among them.
  public struct Stress: Sendable, Hashable {
    /// Column of `cells.csv`.
    public var name: String
    /// Levels, ascending.
    public var levels: [Double]

    /// A stress.
    public init(_ name: String, levels: [Double]) {
      self.name = name
      self.levels = levels
    }

    /// A stress with levels from its use value up to the most that a test may take: three beside the use value, four of
    /// temperature, evenly spaced in what rates follow (1/T; the logarithm of rate, current and pressure; else the value).
    ///
    /// - Parameter most: nil for the largest value that published cells state.
    /// - Throws: `DesignSpaceError` where the use value is missing, or nothing lies above it.
    public init(_ name: String, use: CellAttributes, most: Double?) throws(DesignSpaceError) {
      let part = "stress \"\(name)\""
      guard let low = use.numbers[name] else {
        throw DesignSpaceError(part: part, message: "the design does not state it", help: "state its value at use")
      }
      guard let high = most ?? PublishedDomain.range(of: name)?.upperBound else {
        throw DesignSpaceError(
          part: part, message: "no published cell says how far it may go",
          help: "give --max-stress \(name)=VALUE, or its levels")
      }
      guard high > low else {
        throw DesignSpaceError(
          part: part, message: "at use it is \(low) already, and a test may take \(high) at most",
          help: "give --max-stress \(name)=VALUE above it, or its levels")
      }
      let steps = name == "temperature_celsius" ? 4 : 3
      let isLogarithmic = low > 0 && ["c_rate", "current", "pressure"].contains(where: name.contains)
      let levels = (0...steps).map { k -> Double in
        let share = Double(k) / Double(steps)
        if k == 0 || k == steps { return k == 0 ? low : high }
        if name == "temperature_celsius" {
          let (a, b) = (1 / (low + 273.15), 1 / (high + 273.15))
          return ((1 / (a + share * (b - a)) - 273.15) * 10).rounded() / 10
        }
        let x = isLogarithmic ? low * pow(high / low, share) : low + share * (high - low)
        // Three digits are as much as a test bench sets.
        let unit = pow(10, (log10(abs(x)).rounded(.down)) - 2)
        return x == 0 ? 0 : (x / unit).rounded() * unit
      }
      self.init(name, levels: Set(levels).sorted())
    }
  }

  /// How plans are laid out.
  public enum Style: String, Sendable, Hashable, CaseIterable {
    /// Narrows the life most, whatever it takes.
    case optimal
    /// Optimal under rules: three levels of every stress, no condition with more than half of the cells, replicates.
    case compromise
    /// Equal cells at the centre and at corners of the levels.
    case balanced
  }

  /// The design at its use condition.
  public var use: CellAttributes
  /// Stresses.
  public var stresses: [Stress]
  /// Cells of this design that run already, each under its own conditions; only their ages are read.
  public var running: [CellHistory] = []
  /// Last retention on record of running cells, by cell; one far off all that is possible is not advised by.
  public var lastRetention: [String: Double] = [:]
  /// Channels, each for one cell at a time.
  public var channels: Int
  /// Weeks at hand.
  public var weeks: Double
  /// Price of a cell in weeks of a channel, at least 0: what a plan spends is at most what `channels` cells cost that run
  /// all of the weeks.
  public var cellCost = 0.0
  /// Fewest cells of a condition that is tested at all (compromise).
  public var replicates = 2
  /// What the optimal and the compromise plan make small.
  public var criterion = PlanEnsemble.Criterion.life
  /// Scatter of log life between cells, and between batches, beside the physics.
  public var cellSpread = 0.11
  /// See `cellSpread`.
  public var batchSpread = 0.06
  /// Possible truths.
  public var members = 400
  /// Retention that ends life.
  public var limit = 0.8
  /// Last cycle simulated.
  public var horizon = 10_000.0
  /// The only source of chance.
  public var seed: UInt64 = 1
  /// Tasks; never changes a number.
  public var threads = 1

  /// A study.
  public init(use: CellAttributes, stresses: [Stress], channels: Int, weeks: Double) {
    self.use = use
    self.stresses = stresses
    self.channels = channels
    self.weeks = weeks
  }

  /// A condition that can be tested.
  public struct Condition: Sendable, Hashable {
    /// Level of each stress.
    public var levels: [Double]
    /// Cycles in the weeks at hand.
    public var cycles: Double
    /// Life here in each possible truth.
    public var lives: [Double]
    /// How much faster life ends here than at use.
    public var acceleration: AccelerationFactor
    /// Shares of the loss by mechanism, in the order of `MechanismShares.mechanisms`.
    public var shares: [Double]

    /// Failures to expect of `cells` that run for `cycles`, and the probability of none; cells scatter about each
    /// possible truth by `spread` of log life.
    public func failures(cells: Int, cycles: Double, spread: Double) -> (expected: Double, none: Double) {
      let shares = lives.map { NormalDistribution.cumulative(log(max(cycles, 1) / max($0, 1)) / max(spread, 1e-6)) }
      return (Double(cells) * mean(shares), mean(shares.map { pow(1 - $0, Double(cells)) }))
    }
  }

  /// One row of a plan.
  public struct Row: Sendable, Hashable {
    /// Number of the condition.
    public var condition: Int
    /// Cells.
    public var cells: Int
    /// Weeks each runs.
    public var weeks: Double
  }

  /// A plan of one style.
  public struct Plan: Sendable, Hashable {
    /// Its style.
    public var style: Style
    /// What to run.
    public var rows: [Row]
    /// Standard deviation of log life at use that is left, and how far it can be trusted.
    public var check: PlanCheck
    /// What it tells of everything that the tests can tell apart [nat].
    public var information: Double

    /// Standard deviation of log life at use that is left.
    public var spread: Double { check.spread }
  }

  /// What the study found.
  public struct Result: Sendable {
    /// Conditions.
    public var conditions: [Condition]
    /// A plan of each style.
    public var plans: [Plan]
    /// Median life at use.
    public var medianLife: Double
    /// Share of the possible truths whose life at use lies beyond the horizon; they count as ending there.
    public var shareBeyondHorizon: Double
    /// Standard deviation of log life at use before any test.
    public var spread: Double
    /// What no test of these can narrow.
    public var irreducible: Double
    /// What to do with the cells that run.
    public var advice: [RunningAdvice]
  }

  /// Lengths of tests as shares of the weeks at hand.
  static let lengths = [0.25, 0.5, 1]
  /// Shares of the length at which a test is read.
  static let readings = [0.25, 0.5, 0.75, 1]
  /// Error of one retention (assumed).
  static let retentionError = 0.003

  /// Works out the plans.
  ///
  /// - Throws: `DesignError` for a design or level that cannot be; `DesignSpaceError` where nothing can be planned.
  public func run() async throws -> Result {
    let grid = try conditions()
    let useIndex = try simulate(use)
    let truth = try await lives(useIndex)
    let goal = truth.map { log(max($0, 1)) }
    let early = try await lives(useIndex, limit: earlyLimit)
    let useShares = try await shares(useIndex, at: min(quantile(ofSorted: truth.sorted(), 0.5), horizon))
    var found: [Condition] = []
    var candidates: [PlanEnsemble.Candidate] = []
    var places: [(condition: Int, length: Double)] = []
    for (k, levels) in grid.enumerated() {
      let attributes = self.attributes(levels)
      let cells = try simulate(attributes)
      let cycles = Self.cycles(try CellDesign(attributes), weeks: weeks)
      let own = try await lives(cells)
      let mechanism = try await shares(cells, at: min(quantile(ofSorted: own.sorted(), 0.5), horizon))
      let factor = AccelerationFactor(
        use: .init(early: early, end: truth), test: .init(early: try await lives(cells, limit: earlyLimit), end: own),
        useShares: useShares, testShares: mechanism)
      found.append(
        Condition(
          levels: levels, cycles: cycles, lives: own, acceleration: factor,
          shares: AccelerationFactor.mean(mechanism)))
      for length in Self.lengths where cycles * length >= 8 {
        let ages = Self.readings.map { max(($0 * cycles * length).rounded(), 2) }
        candidates.append(try await candidate(cells, own, condition: k, ages: ages, cost: length * weeks + cellCost))
        places.append((k, length))
      }
    }
    guard !candidates.isEmpty else {
      // Over many weeks, so that nothing is lost to whole cycles.
      let perWeek = try grid.map { Self.cycles(try CellDesign(attributes($0)), weeks: 1000) / 1000 }.max() ?? 0
      throw DesignSpaceError(
        part: "--weeks",
        message: "\(weeks) weeks hold \(Int(perWeek * weeks)) cycles at most, fewer than the 8 that can be read",
        help: "give \((100 * 8 / max(perWeek, 1e-6)).rounded(.up) / 100) weeks or more, or a stress that cycles faster")
    }
    let ensemble = try PlanEnsemble(goal: goal, candidates: candidates)
    let advice = try await RunningAdvice.of(running, in: self, goal: goal, tests: candidates)
    func plan(_ style: Style, _ p: TestPlan) -> Plan {
      Plan(
        style: style,
        rows: p.counts.indices.filter { p.counts[$0] > 0 }.map {
          Row(condition: places[$0].condition, cells: p.counts[$0], weeks: places[$0].length * weeks)
        }, check: ensemble.check(p.counts, seed: seed) { $0 >= log(horizon) },
        information: ensemble.informationGain(p.counts))
    }
    let budget = Double(channels) * (weeks + cellCost)
    let even = balanced(grid, places)
    let rules = { (counts: [Int]) in self.keepsRules(counts, grid, places) }
    return Result(
      conditions: found,
      plans: [
        plan(.optimal, TestPlan.best(ensemble, budget: budget, seed: seed, criterion: criterion)),
        plan(
          .compromise,
          TestPlan.best(
            ensemble, budget: budget, start: even, seed: seed, criterion: criterion, isAllowed: rules)),
        plan(.balanced, TestPlan(counts: even, variance: ensemble.variance(even))),
      ], medianLife: quantile(ofSorted: truth.sorted(), 0.5),
      shareBeyondHorizon: Double(truth.count { $0 >= horizon }) / Double(members),
      spread: ensemble.priorVariance.squareRoot(),
      irreducible: ensemble.irreducibleVariance.squareRoot(), advice: advice)
  }

  /// Every combination of levels.
  private func conditions() throws(DesignSpaceError) -> [[Double]] {
    guard !stresses.isEmpty, stresses.contains(where: { $0.levels.count > 1 }) else {
      throw DesignSpaceError(
        part: "--stress", message: "no stress with at least two levels",
        help: "temperature_celsius frees most: --stress temperature_celsius, or with its levels, =25,45,60")
    }
    for s in stresses where use.numbers[s.name] == nil {
      throw DesignSpaceError(
        part: "stress \"\(s.name)\"", message: "the design does not state it, so that its use condition is not known",
        help: "state \(s.name) in the design")
    }
    var out: [[Double]] = [[]]
    for s in stresses { out = out.flatMap { head in s.levels.map { head + [$0] } } }
    guard out.count <= 120 else {
      throw DesignSpaceError(
        part: "--stress", message: "\(out.count) combinations of levels, at most 120",
        help: "name fewer stresses, or give fewer levels of each: NAME=LEVEL,LEVEL")
    }
    return out
  }

  private func attributes(_ levels: [Double]) -> CellAttributes {
    var a = use
    for (s, level) in zip(stresses, levels) { a.numbers[s.name] = level }
    return a
  }

  func simulate(_ a: CellAttributes) throws(DesignError) -> [SulfideCell] {
    try SulfidePopulation().draws("plan", builds: [CellAttributes](repeating: a, count: members), seed: seed)
  }

  /// Retention at a quarter of the loss that ends life.
  private var earlyLimit: Double { 1 - 0.25 * (1 - limit) }

  func lives(_ cells: [SulfideCell], limit other: Double? = nil) async throws -> [Double] {
    try await SulfideAgeing.run(cells, .life(horizon: horizon, limit: other ?? limit), threads: threads)
      .map { min($0.failure?.age ?? $0.life ?? horizon, horizon) }
  }

  /// Shares of the loss by mechanism at an age in each of the first possible truths; zeros where nothing was lost.
  private func shares(_ cells: [SulfideCell], at age: Double) async throws -> [[Double]] {
    var request = SimulationRequest(ages: [max(age.rounded(), 1)])
    request.attribution = true
    return try await SulfideAgeing.run(Array(cells.prefix(48)), request, threads: threads).map { run in
      let losses = MechanismShares.mechanisms.map { max(run.losses.last?[$0] ?? 0, 0) }
      let whole = losses.reduce(0, +)
      return whole > 0 ? losses.map { $0 / whole } : losses
    }
  }

  /// A test: what each possible truth would show at some ages, and how well it can be read.
  func candidate(
    _ cells: [SulfideCell], _ lives: [Double], condition: Int, ages: [Double], cost: Double
  ) async throws -> PlanEnsemble.Candidate {
    let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: ages), threads: threads)
    var values = Matrix(rows: members, columns: ages.count)
    var between = [Double](repeating: cellSpread * cellSpread, count: ages.count)
    var noise = [Double](repeating: 0, count: ages.count)
    for k in ages.indices {
      var errors = 0.0
      for i in 0..<members {
        let r = min(max(runs[i].capacityRetention.count > k ? runs[i].capacityRetention[k] : 0.05, 0.05), 0.9995)
        values[i, k] = log(-log(r))
        errors += min(Self.retentionError / (r * abs(log(r))), 3) / Double(members)
      }
      // What ends before a reading gives none there.
      let alive = max(Double(lives.count { $0 > 0.5 * ages[k] }) / Double(members), 0.02)
      between[k] /= alive
      noise[k] = errors * errors / alive
    }
    return PlanEnsemble.Candidate(
      condition: condition, cost: cost, readings: values, cellVariance: between,
      batchVariance: [Double](repeating: batchSpread * batchSpread, count: ages.count), measurementVariance: noise)
  }

  /// Cycles of a cell in some weeks: charge and discharge of 85 % of the basis of the C-rate, and rest (assumed).
  static func cycles(_ d: CellDesign, weeks: Double) -> Double {
    let hours = 0.85 * d.oneCAPerM2 * (1 / d.chargeCurrentAPerM2 + 1 / d.dischargeCurrentAPerM2) + d.restS / 3600
    return (weeks * 168 / hours).rounded(.down)
  }

  /// Equal cells, whole length: the centre, and the corners with an even number of high levels (all levels of one stress).
  private func balanced(_ grid: [[Double]], _ places: [(condition: Int, length: Double)]) -> [Int] {
    let chosen = grid.indices.filter { k in
      let ranks = zip(grid[k], stresses).map { level, s in
        (rank: s.levels.firstIndex(of: level) ?? 0, top: s.levels.count - 1)
      }
      if ranks.count == 1 { return [0, ranks[0].top / 2, ranks[0].top].contains(ranks[0].rank) }
      if ranks.allSatisfy({ $0.rank == $0.top / 2 }) { return true }
      return ranks.allSatisfy { $0.rank == 0 || $0.rank == $0.top } && ranks.count { $0.rank == $0.top } % 2 == 0
    }
    var counts = [Int](repeating: 0, count: places.count)
    let usable = places.indices.filter { places[$0].length == 1 && chosen.contains(places[$0].condition) }
    for (n, p) in usable.enumerated() {
      counts[p] = channels / usable.count + (n < channels % usable.count ? 1 : 0)
    }
    return counts
  }

  private func keepsRules(_ counts: [Int], _ grid: [[Double]], _ places: [(condition: Int, length: Double)]) -> Bool {
    var cells: [Int: Int] = [:]
    for (k, n) in counts.enumerated() where n > 0 { cells[places[k].condition, default: 0] += n }
    let total = cells.values.reduce(0, +)
    let fewest = min(replicates, max(channels / max(cells.count, 1), 1))
    guard cells.values.allSatisfy({ $0 >= fewest && 2 * $0 <= max(total, 2) }) else { return false }
    return stresses.indices.allSatisfy { s in
      Set(cells.keys.map { grid[$0][s] }).count >= min(3, stresses[s].levels.count)
    }
  }
}
