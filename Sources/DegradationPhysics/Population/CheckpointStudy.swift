public import CellModel
internal import NumericalMethods

/// A published capacity retention of a cell.
public struct Checkpoint: Sendable, Hashable {
  /// The cell's place among the cells of the study.
  public var cell: Int
  /// The paper (`lab_id`), the unit of splits.
  public var paper: String
  /// Cycles after the reference cycle, ≥ 1.
  public var cycles: Double
  /// Published retention.
  public var retention: Double
  /// Whether it counts in scores; rows that do not still teach.
  public var isScored: Bool

  /// A checkpoint from its parts.
  public init(cell: Int, paper: String, cycles: Double, retention: Double, isScored: Bool = true) {
    self.cell = cell
    self.paper = paper
    self.cycles = cycles
    self.retention = retention
    self.isScored = isScored
  }
}

/// What a population of simulated cells says about published checkpoints, and what the checkpoints say back.
///
/// The prior is sampled as `points`, draws of the global level of the physics, each with several members that differ
/// in recipe, unstated conditions and manufacturing. Points with equal weights are the prior predictive; weights that
/// fall with a point's score on training papers are a generalised posterior, so calibration needs no new simulation
/// and a paper that is held out never touches its own prediction.
/// - Source: P. G. Bissiri, C. C. Holmes and S. G. Walker, J. R. Stat. Soc. B 78 (2016) 1103, doi:10.1111/rssb.12158
///   (posterior from a loss); score: T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359,
///   doi:10.1198/016214506000001437.
public struct CheckpointStudy: Sendable {
  /// The cells.
  public let cells: [CellHistory]
  /// The checkpoints.
  public let rows: [Checkpoint]
  /// The global draws, one a point.
  public let points: [[Double]]
  /// Members of each point.
  public let members: Int
  /// Simulated retention of each row, members of one point together: `retention[row][point × members + member]`.
  public let retention: [[Double]]
  /// The same after 100 cycles, for each cell.
  public let atHundred: [[Double]]
  /// Mean score of each point on each row, lower is better: fair CRPS of its members.
  private let scores: [[Double]]

  /// Simulates every cell of a study.
  ///
  /// - Parameters:
  ///   - cells: cells with their columns; one that cannot be simulated is refused.
  ///   - rows: checkpoints of those cells.
  ///   - population: prior; its `detail` should be `.classes`, so that no row fitted on a cell predicts it.
  ///   - points: number of global draws.
  ///   - members: members of each, ≥ 2.
  /// - Throws: `DesignError`, `CancellationError`.
  public init(
    cells: [CellHistory], rows: [Checkpoint], population: SulfidePopulation, points: Int, members: Int, seed: UInt64,
    threads: Int
  ) async throws {
    precondition(points >= 1 && members >= 2, "\(points) points of \(members) members")
    let globals = (0..<points).map { population.globalDraw($0, seed: seed) }
    var retention = [[Double]](repeating: [], count: rows.count)
    var hundred: [[Double]] = []
    for (i, cell) in cells.enumerated() {
      let mine = rows.indices.filter { rows[$0].cell == i }
      // Retention counts from cycle 1 in a simulation, so n cycles later is age n + 1.
      let ages = Set(mine.map { rows[$0].cycles + 1 } + [101]).sorted()
      var members_: [SulfideCell] = []
      members_.reserveCapacity(points * members)
      for k in 0..<points {
        members_ += try population.draws(
          cell, global: globals[k], indices: (k * members)..<((k + 1) * members), seed: seed)
      }
      let runs = try await SulfideAgeing.run(members_, SimulationRequest(ages: ages), threads: threads)
      func values(_ age: Double) -> [Double] {
        guard let at = ages.firstIndex(of: age) else { return [] }
        // A run whose numerics failed says nothing good of its parameters: it counts as a dead cell.
        return runs.map { $0.capacityRetention.indices.contains(at) ? $0.capacityRetention[at] : 0 }
      }
      for row in mine { retention[row] = values(rows[row].cycles + 1) }
      hundred.append(values(101))
    }
    self.cells = cells
    self.rows = rows
    self.points = globals
    self.members = members
    self.retention = retention
    atHundred = hundred
    scores = rows.indices.map { row in
      (0..<points).map { k in
        Self.fairScore(retention[row][(k * members)..<((k + 1) * members)], rows[row].retention)
      }
    }
  }

  /// CRPS of an ensemble, unbiased for its size.
  private static func fairScore(_ x: ArraySlice<Double>, _ y: Double) -> Double {
    let n = Double(x.count)
    let sorted = x.sorted()
    var error = 0.0
    var spread = 0.0
    for (i, v) in sorted.enumerated() {
      error += abs(v - y)
      spread += v * (2 * Double(i) - n + 1)
    }
    return error / n - spread / (n * (n - 1))
  }

  /// Weights of the points from the papers that `isTraining` admits; the prior's at strength 0.
  ///
  /// - Parameters:
  ///   - strength: weight of the evidence per cell and per point of CRPS (0.01 of retention), ≥ 0.
  public func weights(strength: Double, isTraining: (String) -> Bool) -> [Double] {
    var loss = [Double](repeating: 0, count: points.count)
    let counts = rowsPerCell
    for (row, r) in rows.enumerated() where isTraining(r.paper) {
      for k in points.indices { loss[k] += 100 * scores[row][k] / counts[r.cell] }
    }
    let least = loss.min() ?? 0
    let raw = loss.map { _exp(-strength * ($0 - least)) }
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum }
  }

  private var rowsPerCell: [Double] {
    var counts = [Double](repeating: 0, count: cells.count)
    for r in rows { counts[r.cell] += 1 }
    return counts.map { max($0, 1) }
  }

  /// The strength that predicts left-out papers best, among the training papers alone.
  public func bestStrength(
    among candidates: [Double] = [0, 0.01, 0.02, 0.05, 0.1, 0.2], isTraining: (String) -> Bool
  ) -> Double {
    let papers = Set(rows.map(\.paper)).filter(isTraining).sorted()
    let counts = rowsPerCell
    var best = (strength: 0.0, score: Double.infinity)
    for strength in candidates {
      var score = 0.0
      for paper in papers {
        let w = weights(strength: strength) { isTraining($0) && $0 != paper }
        for (row, r) in rows.enumerated() where r.paper == paper && r.isScored {
          score += prediction(row: row, weights: w).score(r.retention) / counts[r.cell]
        }
      }
      if score < best.score - 1e-12 { best = (strength, score) }
    }
    return best.strength
  }

  /// The predictive distribution of a row under weights of the points.
  public func prediction(row: Int, weights: [Double]) -> WeightedEnsemble {
    WeightedEnsemble(retention[row], pointWeights: weights, members: members)
  }

  /// Mean log fade after 100 cycles of each cell under weights of the points: what contrasts are made of.
  public func logFade(weights: [Double]) -> [Double] {
    atHundred.map { values in
      var sum = 0.0
      for (j, v) in values.enumerated() {
        sum += weights[j / members] / Double(members) * SulfidePopulation.logFade(v)
      }
      return sum
    }
  }

  /// Mean log fade of a row under weights.
  public func logFade(row: Int, weights: [Double]) -> Double {
    var sum = 0.0
    for (j, v) in retention[row].enumerated() {
      sum += weights[j / members] / Double(members) * SulfidePopulation.logFade(v)
    }
    return sum
  }

  /// The calibration that all rows together give: the points with their weights, those of no weight left out.
  public func calibration(strength: Double, isTraining: (String) -> Bool = { _ in true }) -> GlobalCalibration {
    let w = weights(strength: strength, isTraining: isTraining)
    let kept = points.indices.filter { w[$0] > 1e-4 }
    let sum = kept.reduce(0) { $0 + w[$1] }
    return GlobalCalibration(points: kept.map { points[$0] }, weights: kept.map { w[$0] / sum })
  }
}

/// A distribution as weighted values.
public struct WeightedEnsemble: Sendable {
  /// Values, ascending.
  public let values: [Double]
  /// Their weights; the sum is 1.
  public let weights: [Double]

  init(_ values: [Double], pointWeights: [Double], members: Int) {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    self.values = order.map { values[$0] }
    weights = order.map { pointWeights[$0 / members] / Double(members) }
  }

  /// The `p` quantile: the least value whose cumulated weight reaches p.
  public func quantile(_ p: Double) -> Double {
    var sum = 0.0
    for (v, w) in zip(values, weights) {
      sum += w
      if sum >= p { return v }
    }
    return values.last ?? .nan
  }

  /// Share of the weight below a value, values equal to it by half.
  public func share(below y: Double) -> Double {
    var sum = 0.0
    for (v, w) in zip(values, weights) {
      if v < y { sum += w } else if v == y { sum += 0.5 * w }
    }
    return sum
  }

  /// Continuous ranked probability score against an observation, in the unit of the values.
  public func score(_ y: Double) -> Double {
    var below = 0.0
    var total = 0.0
    for k in values.indices.dropLast() {
      below += weights[k]
      let a = values[k]
      let b = values[k + 1]
      let left = min(max(y, a), b)
      total += (left - a) * below * below + (b - left) * (1 - below) * (1 - below)
    }
    if let first = values.first, y < first { total += first - y }
    if let last = values.last, y > last { total += y - last }
    return total
  }
}
