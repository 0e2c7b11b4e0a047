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

/// What a population of simulated cells says of published checkpoints, and where the checkpoints move its centre.
///
/// A point is a shift of the global level along a few leading directions, on a lattice of prior standard deviations.
/// Every point is simulated with the same draws, so points differ by the physics alone, and once: a fit to other papers
/// looks it up. The fit of a fold never sees the paper that is left out.
/// - Source: minimum of a proper score: T. Gneiting and A. E. Raftery, J. Am. Stat. Assoc. 102 (2007) 359,
///   doi:10.1198/016214506000001437.
public struct CheckpointStudy: Sendable {
  /// The cells.
  public let cells: [CellHistory]
  /// The checkpoints.
  public let rows: [Checkpoint]
  private let population: SulfidePopulation
  private let members: Int
  private let seed: UInt64
  private let threads: Int
  private let rowsPerCell: [Double]
  private var known: [[Int]: Outcome] = [:]

  /// Directions of the fit: what capacity and resistance data move (`physics.md` §12, impedance series).
  public static let leading: [String] =
    [
      Parameter.fatigueRate, .contactShape, .interphaseResistivity, .interphasePassivation, .contactPatches, .crackRate,
      .fatigueStrainExponent, .exchangeCurrent, .interphasePotentialFactor,
    ].map(\.row.name) + ["strength_of_coating"]

  private static let dimensions = leading.compactMap { GlobalLevel.names.firstIndex(of: $0) }
  /// Least and greatest shift of a direction, in prior standard deviations.
  private static let reach = 5
  /// Points of CRPS (0.01 of retention) that a shift by one standard deviation costs, per squared shift (assumed): the
  /// prior's pull.
  private static let penalty = 0.02

  /// What one point predicts.
  struct Outcome: Sendable {
    /// Members of each row, in the order of draws.
    var retention: [[Double]]
    /// CRPS of each row.
    var score: [Double]
    /// Mean log fade of each cell after 100 cycles.
    var atHundred: [Double]
  }

  /// A study of published cells.
  ///
  /// - Parameters:
  ///   - population: prior; its `detail` should be `.classes`, so that no row fitted on a cell predicts it.
  ///   - members: draws of each cell at each point, ≥ 2.
  public init(
    cells: [CellHistory], rows: [Checkpoint], population: SulfidePopulation, members: Int, seed: UInt64, threads: Int
  ) {
    precondition(members >= 2, "\(members) members")
    self.cells = cells
    self.rows = rows
    self.population = population
    self.members = members
    self.seed = seed
    self.threads = threads
    var counts = [Double](repeating: 0, count: cells.count)
    for r in rows where r.isScored { counts[r.cell] += 1 }
    rowsPerCell = counts.map { max($0, 1) }
  }

  /// The prior's own point.
  public static var prior: [Int] { [Int](repeating: 0, count: dimensions.count) }

  /// The shift of the global level that a point stands for.
  static func shift(_ point: [Int]) -> [Double] {
    var z = [Double](repeating: 0, count: GlobalLevel.count)
    for (d, steps) in zip(dimensions, point) { z[d] = Double(steps) }
    return z
  }

  /// Simulates a point unless that was done before.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  private mutating func outcome(_ point: [Int]) async throws -> Outcome {
    if let found = known[point] { return found }
    var shifted = population
    shifted.calibration = GlobalCalibration(shift: Self.shift(point))
    var out = Outcome(
      retention: Array(repeating: [], count: rows.count), score: Array(repeating: 0, count: rows.count), atHundred: [])
    for (i, cell) in cells.enumerated() {
      let mine = rows.indices.filter { rows[$0].cell == i }
      // Retention counts from cycle 1 in a simulation, so n cycles later is age n + 1.
      let ages = Set(mine.map { rows[$0].cycles + 1 } + [101]).sorted()
      let draws = try shifted.draws(cell, count: members, seed: seed)
      let runs = try await SulfideAgeing.run(draws, SimulationRequest(ages: ages), threads: threads)
      func values(_ age: Double) -> [Double] {
        guard let at = ages.firstIndex(of: age) else { return [] }
        // A run whose numerics failed says nothing good of its parameters: it counts as a dead cell.
        return runs.map { $0.capacityRetention.indices.contains(at) ? $0.capacityRetention[at] : 0 }
      }
      for row in mine {
        out.retention[row] = values(rows[row].cycles + 1)
        out.score[row] = Self.score(ofSorted: out.retention[row].sorted(), rows[row].retention)
      }
      out.atHundred.append(mean(values(101).map(SulfidePopulation.logFade)))
    }
    known[point] = out
    return out
  }

  /// Continuous ranked probability score of an ensemble, unbiased for its size.
  static func score(ofSorted x: [Double], _ y: Double) -> Double {
    let n = Double(x.count)
    var error = 0.0
    var spread = 0.0
    for (i, v) in x.enumerated() {
      error += abs(v - y)
      spread += v * (2 * Double(i) - n + 1)
    }
    return error / n - spread / (n * (n - 1))
  }

  /// Mean score over the cells of the papers that are admitted, in points, and the pull of the prior.
  private mutating func objective(_ point: [Int], _ isTraining: (String) -> Bool) async throws -> Double {
    let o = try await outcome(point)
    var sum = 0.0
    var weight = 0.0
    for (k, r) in rows.enumerated() where r.isScored && isTraining(r.paper) {
      sum += 100 * o.score[k] / rowsPerCell[r.cell]
      weight += 1 / rowsPerCell[r.cell]
    }
    let pull = point.reduce(0.0) { $0 + Double($1 * $1) }
    return sum / max(weight, 1e-9) + Self.penalty * pull
  }

  /// The point that scores best on the papers admitted: steps along one direction at a time, from the prior, until none
  /// helps.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  public mutating func fit(isTraining: (String) -> Bool) async throws -> [Int] {
    var point = Self.prior
    var best = try await objective(point, isTraining)
    var moved = true
    while moved {
      moved = false
      for d in point.indices {
        for step in [1, -1] {
          var trial = point
          trial[d] += step
          while abs(trial[d]) <= Self.reach {
            let value = try await objective(trial, isTraining)
            guard value < best - 1e-9 else { break }
            best = value
            point = trial
            moved = true
            trial[d] += step
          }
        }
      }
    }
    return point
  }

  /// What a point predicts for a row.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  public mutating func prediction(row: Int, point: [Int]) async throws -> CheckpointPrediction {
    CheckpointPrediction(draws: try await outcome(point).retention[row])
  }

  /// Mean log fade of each cell after 100 cycles: what contrasts are made of.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  public mutating func logFadeAtHundred(point: [Int]) async throws -> [Double] { try await outcome(point).atHundred }

  /// The calibration a point stands for.
  public static func calibration(_ point: [Int]) -> GlobalCalibration { GlobalCalibration(shift: shift(point)) }
}

/// The predictive distribution of a published checkpoint.
public struct CheckpointPrediction: Sendable, Hashable {
  /// Simulated retentions in the order of draws: draw d of two cells of a paper shares physics and recipe.
  public let draws: [Double]
  /// The same, ascending.
  public let values: [Double]

  /// A prediction from its draws, ≥ 2.
  public init(draws: [Double]) {
    self.draws = draws
    values = draws.sorted()
  }

  /// One prediction of several populations.
  public init(pooling predictions: [CheckpointPrediction]) { self.init(draws: predictions.flatMap(\.draws)) }

  /// Mean log fade.
  public var logFade: Double { mean(draws.map(SulfidePopulation.logFade)) }

  /// The `p` quantile.
  public func quantile(_ p: Double) -> Double { NumericalMethods.quantile(ofSorted: values, p) }

  /// Share of the values below an observation, ties by half.
  public func share(below y: Double) -> Double {
    values.reduce(0.0) { $0 + ($1 < y ? 1 : $1 == y ? 0.5 : 0) } / Double(values.count)
  }

  /// Continuous ranked probability score against an observation, in the unit of the values.
  public func score(_ y: Double) -> Double { CheckpointStudy.score(ofSorted: values, y) }
}
