#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import NumericalMethods

/// What an ensemble of possible truths says of a question and of tests that could answer it.
///
/// Member m is one possible truth: the number asked for, and what each candidate test would show without error. Tests are
/// judged by how much they would narrow the number, in the linear-Gaussian approximation of the ensemble.
///
/// - Source: K. Chaloner and I. Verdinelli, Statist. Sci. 10 (1995) 273, doi:10.1214/ss/1177009939 (Bayesian design);
///   G. Evensen, Ocean Dyn. 53 (2003) 343, doi:10.1007/s10236-003-0036-9 (ensembles).
public struct PlanEnsemble: Sendable {
  /// One test: a condition and a length.
  public struct Candidate: Sendable, Hashable {
    /// Number of the condition.
    public var condition: Int
    /// Cost of one cell [channel-weeks], above 0.
    public var cost: Double
    /// Readings without error, members × readings.
    public var readings: Matrix
    /// Variance between cells of the condition: one deviation in all readings of a cell.
    public var cellVariance: [Double]
    /// Variance that all cells of one batch share, in all of their readings.
    public var batchVariance: [Double]
    /// Variance of one measurement, of each reading apart.
    public var measurementVariance: [Double]

    /// A test; without `measurementVariance` readings are exact.
    public init(
      condition: Int, cost: Double, readings: Matrix, cellVariance: [Double], batchVariance: [Double],
      measurementVariance: [Double]? = nil
    ) {
      self.condition = condition
      self.cost = cost
      self.readings = readings
      self.cellVariance = cellVariance
      self.batchVariance = batchVariance
      self.measurementVariance = measurementVariance ?? cellVariance.map { _ in 0 }
    }

    /// Covariance of the mean readings of `n` cells about the condition, and of what the directions leave over.
    fileprivate func noise(_ n: Int, leftover: [Double]) -> Matrix {
      let count = cellVariance.count
      var out = Matrix(rows: count, columns: count)
      for q in 0..<count {
        for p in 0..<count {
          let cells = (cellVariance[q] * cellVariance[p]).squareRoot() / Double(n)
          out[q, p] = cells + (batchVariance[q] * batchVariance[p]).squareRoot()
        }
        out[q, q] += measurementVariance[q] / Double(n) + leftover[q] + 1e-12
      }
      return out
    }
  }

  /// The tests.
  public let candidates: [Candidate]
  /// Variance of the number asked for before any test.
  public let priorVariance: Double
  /// What no test of these can tell of it.
  public let irreducibleVariance: Double
  /// The number asked for, by member.
  let values: [Double]
  /// Members × directions that tests can tell apart, of unit variance.
  let scores: Matrix
  /// Regression of the number on the scores.
  let goal: [Double]
  private let responses: [Matrix]
  private let leftovers: [[Double]]

  /// Most directions kept of what tests can tell apart.
  static let mostDirections = 25
  /// Variance of a direction in units of one cell's noise below which nothing is learnt there.
  static let smallestDirection = 1e-3

  /// An ensemble.
  ///
  /// - Parameters:
  ///   - goal: the number asked for, by member.
  ///   - candidates: the tests, each with as many rows of readings.
  public init(goal g: [Double], candidates: [Candidate]) throws {
    precondition(candidates.allSatisfy { $0.readings.rows == g.count }, "members of goal and readings differ")
    self.candidates = candidates
    values = g
    let members = g.count
    let columns = candidates.reduce(0) { $0 + $1.readings.columns }
    var anomalies = Matrix(rows: members, columns: columns)
    var at = 0
    for c in candidates {
      for k in 0..<c.readings.columns {
        let values = c.readings.column(k)
        let m = mean(values)
        let scale = 1 / max(c.cellVariance[k] + c.batchVariance[k] + c.measurementVariance[k], 1e-12).squareRoot()
        for i in 0..<members { anomalies[i, at + k] = (values[i] - m) * scale }
      }
      at += c.readings.columns
    }
    let (sizes, vectors) = try symmetricEigen(
      Matrix.product(anomalies, transposed: true, anomalies, transposed: false))
    // A direction counts while it is not small beside the noise of one cell, however small beside others.
    var kept = 0
    while kept < min(Self.mostDirections, columns, members - 1),
      sizes[columns - 1 - kept] / Double(members - 1) > Self.smallestDirection
    { kept += 1 }
    // Scores of unit variance on the leading directions.
    var scores = Matrix(rows: members, columns: kept)
    for j in 0..<kept {
      let direction = vectors.row(columns - 1 - j)
      let size = max(sizes[columns - 1 - j] / Double(members - 1), 1e-300).squareRoot()
      let projected = anomalies.times(direction)
      for i in 0..<members { scores[i, j] = projected[i] / size }
    }
    self.scores = scores
    func regression(_ y: [Double]) -> (coefficients: [Double], left: Double) {
      let m = mean(y)
      let c = (0..<kept).map { j in
        (0..<members).reduce(0.0) { $0 + scores[$1, j] * (y[$1] - m) } / Double(members - 1)
      }
      let variance = y.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(members - 1)
      return (c, max(variance - c.reduce(0) { $0 + $1 * $1 }, 0))
    }
    let (c, left) = regression(g)
    goal = c
    irreducibleVariance = left
    priorVariance = left + c.reduce(0) { $0 + $1 * $1 }
    var responses: [Matrix] = []
    var leftovers: [[Double]] = []
    for candidate in candidates {
      var h = Matrix(rows: candidate.readings.columns, columns: kept)
      var rest: [Double] = []
      for k in 0..<candidate.readings.columns {
        let (row, left) = regression(candidate.readings.column(k))
        for j in 0..<kept { h[k, j] = row[j] }
        rest.append(left)
      }
      responses.append(h)
      leftovers.append(rest)
    }
    self.responses = responses
    self.leftovers = leftovers
  }

  /// Variance of the number asked for once `counts[k]` cells of each candidate have been tested.
  public func variance(_ counts: [Int]) -> Double {
    guard !goal.isEmpty else { return irreducibleVariance }
    var precision = information(counts)
    for j in goal.indices { precision[j, j] += 1 }
    guard let factor = try? Cholesky(precision) else { return priorVariance }
    return zip(goal, factor.solve(goal)).reduce(irreducibleVariance) { $0 + $1.0 * $1.1 }
  }

  /// What a plan is judged by.
  public enum Criterion: String, Sendable, Hashable, CaseIterable {
    /// Variance left of the number asked for.
    case life
    /// Determinant of the covariance left of everything that the tests can tell apart, by its root of as many as there are
    /// directions: what is best for all unknowns of the stress law together.
    ///
    /// - Source: J. Kiefer and J. Wolfowitz, Can. J. Math. 12 (1960) 363, doi:10.4153/CJM-1960-030-4; with a prior:
    ///   K. Chaloner and I. Verdinelli, Statist. Sci. 10 (1995) 273, doi:10.1214/ss/1177009939.
    case dOptimal = "d-optimal"
  }

  /// What a plan is to make small, above 0.
  public func value(_ counts: [Int], _ criterion: Criterion) -> Double {
    switch criterion {
    case .life: return variance(counts)
    case .dOptimal: return goal.isEmpty ? 1 : exp(-2 * informationGain(counts) / Double(goal.count))
    }
  }

  /// What a plan tells of everything that the tests can tell apart: half the log of the determinant of prior over
  /// posterior covariance [nat], at least 0.
  public func informationGain(_ counts: [Int]) -> Double {
    var precision = information(counts)
    for j in goal.indices { precision[j, j] += 1 }
    guard let factor = try? Cholesky(precision) else { return 0 }
    return goal.indices.reduce(0.0) { $0 + log(factor.lower($1, $1)) }
  }

  /// What the tests add to the precision of the scores.
  func information(_ counts: [Int]) -> Matrix {
    let r = goal.count
    var precision = Matrix(rows: r, columns: r)
    for (k, n) in counts.enumerated() where n > 0 {
      let h = responses[k]
      guard let noise = try? Cholesky(candidates[k].noise(n, leftover: leftovers[k])) else { continue }
      for i in 0..<r {
        let x = noise.solve(h.column(i))
        for j in 0..<r { precision[i, j] += (0..<h.rows).reduce(0.0) { $0 + x[$1] * h[$1, j] } }
      }
    }
    return precision
  }
}

/// How many cells of each test.
public struct TestPlan: Sendable, Hashable {
  /// Cells by candidate.
  public var counts: [Int]
  /// Variance of the number asked for after the tests.
  public var variance: Double

  /// The plan that narrows the number most within a budget.
  ///
  /// Greedy by gain per cost, then exchanges of one cell at a time until none helps, from several starts.
  /// - Parameters:
  ///   - budget: channel-weeks.
  ///   - criterion: what the plan is judged by.
  ///   - isAllowed: further rules that the finished plan must keep; the start must keep them.
  ///   - start: a plan to begin with; nil begins empty.
  ///   - starts: number of starts, the first greedy, the others random.
  public static func best(
    _ ensemble: PlanEnsemble, budget: Double, start: [Int]? = nil, starts: Int = 8, seed: UInt64,
    criterion: PlanEnsemble.Criterion = .life, isAllowed: ([Int]) -> Bool = { _ in true }
  ) -> TestPlan {
    var best = start ?? ensemble.candidates.map { _ in 0 }
    var least = ensemble.value(best, criterion)
    for s in 0..<max(starts, 1) {
      var stream = RandomStream(seed: seed, purpose: "plan", draw: s)
      var counts = start ?? ensemble.candidates.map { _ in 0 }
      if start == nil {
        if s > 0 {
          fillAtRandom(&counts, ensemble, budget, &stream)
        } else {
          fillGreedily(&counts, ensemble, budget, criterion)
        }
      } else if s > 0 {
        break
      }
      exchange(&counts, ensemble, budget, criterion, isAllowed)
      let value = ensemble.value(counts, criterion)
      if isAllowed(counts), value < least - 1e-12 * min(least, 1) { (best, least) = (counts, value) }
    }
    return TestPlan(counts: best, variance: ensemble.variance(best))
  }

  private static func cost(_ counts: [Int], _ e: PlanEnsemble) -> Double {
    zip(counts, e.candidates).reduce(0) { $0 + Double($1.0) * $1.1.cost }
  }

  private static func fillGreedily(
    _ counts: inout [Int], _ e: PlanEnsemble, _ budget: Double, _ criterion: PlanEnsemble.Criterion
  ) {
    var now = e.value(counts, criterion)
    while true {
      let left = budget - cost(counts, e)
      var pick: (k: Int, gain: Double, value: Double)?
      for k in counts.indices where e.candidates[k].cost <= left + 1e-9 {
        counts[k] += 1
        let value = e.value(counts, criterion)
        counts[k] -= 1
        let gain = (now - value) / e.candidates[k].cost
        if gain > pick?.gain ?? -1 { pick = (k, gain, value) }
      }
      guard let pick else { return }
      counts[pick.k] += 1
      now = pick.value
    }
  }

  private static func fillAtRandom(
    _ counts: inout [Int], _ e: PlanEnsemble, _ budget: Double, _ stream: inout RandomStream
  ) {
    while true {
      let left = budget - cost(counts, e)
      let open = counts.indices.filter { e.candidates[$0].cost <= left + 1e-9 }
      if open.isEmpty { return }
      counts[open[stream.index(below: open.count)]] += 1
    }
  }

  /// Moves one cell at a time to wherever it helps most, and fills what is left.
  private static func exchange(
    _ counts: inout [Int], _ e: PlanEnsemble, _ budget: Double, _ criterion: PlanEnsemble.Criterion,
    _ isAllowed: ([Int]) -> Bool
  ) {
    var now = e.value(counts, criterion)
    while true {
      var best = (value: now * (1 - 1e-9), counts: counts)
      for from in counts.indices.map({ Optional($0) }) + [nil] where from.map({ counts[$0] > 0 }) ?? true {
        var trial = counts
        if let from { trial[from] -= 1 }
        let left = budget - cost(trial, e)
        for to in counts.indices where to != from && e.candidates[to].cost <= left + 1e-9 {
          trial[to] += 1
          let value = e.value(trial, criterion)
          if value < best.value, isAllowed(trial) { best = (value, trial) }
          trial[to] -= 1
        }
      }
      if best.counts == counts { return }
      counts = best.counts
      now = best.value
    }
  }
}
