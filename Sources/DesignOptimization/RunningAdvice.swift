internal import CellModel
internal import DegradationPhysics
internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Whether a running cell is worth its channel.
///
/// The next `ahead` cycles of a cell are worth what they would narrow the life in use, given all records so far; a new
/// test could have the channel instead. Only the ages of a record enter: in the linear-Gaussian approximation what was
/// read does not change what can still be learnt, so that stopping by this advice leaves censoring ignorable.
public struct RunningAdvice: Sendable, Hashable {
  /// What to do.
  public enum Recommendation: String, Sendable, Hashable, CaseIterable {
    /// Let it run.
    case go = "continue"
    /// Give the channel to a new test.
    case stop
    /// Measure now: that tells at least half as much as the cycles would.
    case checkUp = "check-up"
  }

  /// The cell.
  public var cellID: String
  /// Age now [cycles].
  public var age: Double
  /// Reduction of the width of what is known of log life by the next cycles, 0…1.
  public var value: Double
  /// Information of them a week on the channel [nat].
  public var perWeek: Double
  /// The same of the best new test.
  public var bestNew: Double
  /// What to do.
  public var recommendation: Recommendation
  /// Why.
  public var reason: String
  /// Whether its record is further off all that the physics expects than chance explains: nothing is learnt from it.
  public var isOff = false

  /// Standard deviations off what is expected beyond which a record gives no gain (assumed).
  static let mostOff = 4.0
  /// Cycles looked ahead.
  public static let ahead = 100.0
  /// Ensembles resampled for the upper value.
  static let resamples = 32
  /// Probability of a knee ahead above which the last cell of a condition is kept.
  static let kneeLimit = 0.2
  /// Age up to which knees are looked for [cycles].
  static let kneeHorizon = 2000.0
  /// Most running cells.
  public static let mostCells = 64

  /// Advice on each running cell with a record.
  ///
  /// - Parameters:
  ///   - goal: log life in use, by possible truth of the study.
  ///   - tests: new tests, of the same truths.
  /// - Throws: `DesignSpaceError` for too many cells and for one that the physics cannot read.
  static func of(
    _ cells: [CellHistory], in study: PlanStudy, goal: [Double], tests: [PlanEnsemble.Candidate]
  ) async throws -> [RunningAdvice] {
    let running = cells.filter { $0.series.count > 1 && $0.status != .failed && $0.status != .excluded }
    guard !running.isEmpty else { return [] }
    guard running.count <= mostCells else {
      throw DesignSpaceError(part: "running", message: "\(running.count) running cells, at most \(mostCells)")
    }
    var (seen, more, twice): ([PlanEnsemble.Candidate], [PlanEnsemble.Candidate], [PlanEnsemble.Candidate]) = (
      [], [], []
    )
    var (weeks, knees, off): ([Double], [Double], [Double]) = ([], [], [])
    for (k, cell) in running.enumerated() {
      let (truths, design) = try physical(cell, study)
      let lives = try await study.lives(truths)
      let now = cell.series.ages.last ?? 0
      let past = readings(cell.series.ages)
      func candidate(_ ages: [Double]) async throws -> PlanEnsemble.Candidate {
        try await study.candidate(truths, lives, condition: k, ages: ages, cost: 1)
      }
      seen.append(try await candidate(past))
      more.append(try await candidate(past + [now + ahead]))
      twice.append(try await candidate(past + [now]))
      off.append(deviation(study.lastRetention[cell.id], seen[k]))
      weeks.append(ahead / max(PlanStudy.cycles(design, weeks: 1), 1e-9))
      let grid = (1...40).map { (min(kneeHorizon, study.horizon) * Double($0) / 40).rounded() }
      let runs = try await SulfideAgeing.run(truths, SimulationRequest(ages: grid), threads: study.threads)
      knees.append(Double(runs.count { ($0.knee ?? 0) > now }) / Double(max(runs.count, 1)))
    }
    let decided = try decisions(
      goal: goal, seen: seen, more: more, twice: twice, tests: tests, weeks: weeks, conditions: running.map(\.groupID),
      knees: knees, seed: study.seed)
    return running.indices.map { i in
      let (cell, d) = (running[i], decided[i])
      var advice = RunningAdvice(
        cellID: cell.id, age: cell.series.ages.last ?? 0, value: 1 - exp(-d.gain), perWeek: d.perWeek,
        bestNew: d.bestNew, recommendation: d.what, reason: d.why)
      guard abs(off[i]) > mostOff else { return advice }
      (advice.isOff, advice.value, advice.perWeek, advice.recommendation) = (true, 0, 0, .checkUp)
      advice.reason =
        "\(off[i] > 0 ? "faded more" : "faded less") than the physics can explain (\(Int(min(abs(off[i]), 99).rounded())) sd): check it"
      return advice
    }
  }

  /// How far the last reading of a record is from what is expected of it, in standard deviations of what is not known and
  /// what scatters; positive for more fade, 0 where no retention is stated.
  static func deviation(_ retention: Double?, _ record: PlanEnsemble.Candidate) -> Double {
    guard let retention, retention.isFinite else { return 0 }
    let last = record.readings.columns - 1
    let expected = record.readings.column(last)
    let sd = standardDeviation(expected)
    let variance = sd * sd + record.cellVariance[last] + record.batchVariance[last] + record.measurementVariance[last]
    return (log(-log(min(max(retention, 0.05), 0.9995))) - mean(expected)) / max(variance, 1e-12).squareRoot()
  }

  /// What to do with one cell, and what it rests on.
  struct Decision: Sendable, Hashable {
    /// See `Gains`.
    var gain: Double
    /// See `Gains`.
    var perWeek: Double
    /// See `Gains`.
    var bestNew: Double
    var what: Recommendation
    var why: String
  }

  /// Decides on all cells at once, so that a condition with a knee ahead never loses its last running cell.
  ///
  /// - Parameters:
  ///   - seen: each cell's record; `more`: with the next cycles; `twice`: with one more measurement now.
  ///   - weeks: what the next cycles of each cell take.
  ///   - conditions: condition of each cell.
  ///   - knees: probability that a knee is ahead of each cell.
  static func decisions(
    goal: [Double], seen: [PlanEnsemble.Candidate], more: [PlanEnsemble.Candidate], twice: [PlanEnsemble.Candidate],
    tests: [PlanEnsemble.Candidate], weeks: [Double], conditions: [String], knees: [Double], seed: UInt64
  ) throws -> [Decision] {
    let found = try gains(goal: goal, seen: seen, more: more, twice: twice, tests: tests, weeks: weeks)
    // The same with resampled truths: what chance of the ensemble may hide.
    var upper = [[Double]](repeating: [], count: seen.count)
    for r in 0..<resamples {
      var stream = RandomStream(seed: seed, purpose: "running-advice", draw: r)
      let rows = goal.indices.map { _ in stream.index(below: goal.count) }
      func resampled(_ c: [PlanEnsemble.Candidate]) -> [PlanEnsemble.Candidate] {
        c.map { candidate in
          var out = candidate
          out.readings = candidate.readings.selecting(rows: rows)
          return out
        }
      }
      let again = try gains(
        goal: rows.map { goal[$0] }, seen: resampled(seen), more: resampled(more), twice: resampled(twice),
        tests: resampled(tests), weeks: weeks)
      for i in seen.indices { upper[i].append(again.perWeek[i] - again.bestNew) }
    }
    var out = seen.indices.map { i -> Decision in
      let most = quantile(ofSorted: upper[i].sorted(), 0.9)
      var (what, why): (Recommendation, String)
      if found.gain[i] == 0 {
        (what, why) = (.stop, "its next cycles tell nothing; the cell then counts as censored")
      } else if found.perWeek[i] >= found.bestNew {
        (what, why) = (.go, "tells more a week than any new test")
      } else if most < 0 {
        (what, why) = (.stop, "a new test tells more a week; the cell then counts as censored")
      } else {
        (what, why) = (.go, "not surely worth less than a new test")
      }
      return Decision(
        gain: found.gain[i], perWeek: found.perWeek[i], bestNew: found.bestNew, what: what, why: why)
    }
    for condition in Set(conditions) {
      let own = out.indices.filter { conditions[$0] == condition }
      guard own.allSatisfy({ out[$0].what == .stop }) else { continue }
      // The most telling of those that may still bend stays.
      let bending = own.filter { knees[$0] > kneeLimit }
      guard let kept = bending.max(by: { (out[$0].perWeek, $1) < (out[$1].perWeek, $0) }) else { continue }
      (out[kept].what, out[kept].why) = (.go, "last cell of its condition, and a knee may be ahead")
    }
    for i in out.indices where out[i].what == .go {
      guard found.repeated[i] >= 0.5 * found.gain[i], found.gain[i] > 1e-6 else { continue }
      out[i].what = .checkUp
      out[i].why = "one more measurement now tells at least half of what the next cycles would"
    }
    return out
  }

  /// A running cell in each possible truth, and its design.
  private static func physical(_ cell: CellHistory, _ study: PlanStudy) throws(DesignSpaceError) -> (
    [SulfideCell], CellDesign
  ) {
    do throws(DesignError) {
      return (try study.simulate(cell.attributes), try CellDesign(cell.attributes))
    } catch {
      throw DesignSpaceError(
        part: "running cell \(cell.id)", message: "\(error.field): found \(error.found), expected \(error.allowed)")
    }
  }

  /// What each running cell's next cycles tell, given all records.
  struct Gains {
    /// Half the log of the ratio of variances [nat], by cell.
    var gain: [Double]
    /// The same of one more measurement now.
    var repeated: [Double]
    var perWeek: [Double]
    var bestNew: Double
  }

  static func gains(
    goal: [Double], seen: [PlanEnsemble.Candidate], more: [PlanEnsemble.Candidate], twice: [PlanEnsemble.Candidate],
    tests: [PlanEnsemble.Candidate], weeks: [Double]
  ) throws -> Gains {
    let ensemble = try PlanEnsemble(goal: goal, candidates: seen + more + twice + tests)
    let n = seen.count
    let base = [Int](repeating: 1, count: n) + [Int](repeating: 0, count: 2 * n + tests.count)
    let now = ensemble.variance(base)
    func gain(_ change: (inout [Int]) -> Void) -> Double {
      var counts = base
      change(&counts)
      return max(0.5 * log(now / max(ensemble.variance(counts), 1e-300)), 0)
    }
    let next = (0..<n).map { i in gain { ($0[i], $0[n + i]) = (0, 1) } }
    return Gains(
      gain: next, repeated: (0..<n).map { i in gain { ($0[i], $0[2 * n + i]) = (0, 1) } },
      perWeek: zip(next, weeks).map { $0 / $1 },
      bestNew: tests.indices.map { k in gain { $0[3 * n + k] = 1 } / tests[k].cost }.max() ?? 0)
  }

  /// At most four ages of a record, evenly spaced, the last among them.
  private static func readings(_ ages: [Double]) -> [Double] {
    let usable = ages.filter { $0 >= 2 }
    guard let last = usable.last else { return [max(ages.last ?? 2, 2)] }
    var out: [Double] = []
    for share in PlanStudy.readings {
      let nearest = usable.min { abs($0 - share * last) < abs($1 - share * last) } ?? last
      if out.last != nearest { out.append(nearest) }
    }
    return out
  }
}
