internal import CellModel
internal import NumericalMethods

/// The sulfide physics against published retention: the prior alone, and fits that have not seen the paper they predict.
///
/// Materials are known by their class only, so that no row fitted on a cell predicts that cell.
public struct PhysicsValidation: Sendable {
  /// What one population of draws says.
  public struct Population: Sendable {
    /// Seed of its draws.
    public let seed: UInt64
    /// Prediction of every row by the prior.
    public let prior: [CheckpointPrediction]
    /// Prediction of every row by a fit to the other papers.
    public let heldOut: [CheckpointPrediction]
    /// The fit to all papers.
    public let calibration: GlobalCalibration
    /// The fit that leaves a paper out, by paper.
    public let folds: [String: GlobalCalibration]
  }

  /// Where a forecast comes from.
  public enum Source: Sendable, Hashable {
    /// The mechanistic prior alone.
    case prior
    /// The physics with its centre fitted on the other papers.
    case heldOut
    /// A rival without physics.
    case baseline(CheckpointBaseline)

    /// All of them, in the order of tables.
    public static let all: [Source] = [.prior, .heldOut] + CheckpointBaseline.allCases.map(Source.baseline)

    /// Name in tables.
    public var name: String {
      switch self {
      case .prior: "prior alone"
      case .heldOut: "fit, paper left out"
      case .baseline(let b): "baseline: \(b.rawValue)"
      }
    }
  }

  /// The published values.
  public let published: PublishedCheckpoints
  /// The prior, materials by class.
  let base: SulfidePopulation
  /// One population a seed.
  public let populations: [Population]
  /// Draws of each cell in a population.
  public let members: Int
  /// Pairs of cells of one paper.
  public let contrasts: [DesignContrast]
  private let rivals: [CheckpointBaseline: [CheckpointForecast]]

  /// Runs the validation.
  ///
  /// - Parameters:
  ///   - prior: materials and parameters; its named rows and its calibration are not used.
  ///   - members: draws of each cell in a population, ≥ 2.
  ///   - seeds: one population each, ≥ 1.
  ///   - progress: called with the fits done and their number.
  /// - Throws: `DesignError` for a cell that cannot be; `CancellationError`.
  public static func run(
    _ published: PublishedCheckpoints, prior: SulfidePopulation = SulfidePopulation(), members: Int, seeds: [UInt64],
    threads: Int, progress: ((Int, Int) -> Void)? = nil
  ) async throws -> PhysicsValidation {
    precondition(!seeds.isEmpty, "no seed")
    let papers = published.papers
    let base = SulfidePopulation(library: prior.library, base: prior.base, detail: .classes)
    var populations: [Population] = []
    var done = 0
    for seed in seeds {
      var study = CheckpointStudy(
        cells: published.cells, rows: published.rows, population: base, members: members, seed: seed, threads: threads)
      func tick() {
        done += 1
        progress?(done, seeds.count * (papers.count + 1))
      }
      var prior: [CheckpointPrediction] = []
      for k in published.rows.indices {
        prior.append(try await study.prediction(row: k, point: CheckpointStudy.prior))
      }
      let whole = try await study.fit { _ in true }
      tick()
      var heldOut = prior
      var folds: [String: GlobalCalibration] = [:]
      for paper in papers {
        let point = try await study.fit { $0 != paper }
        folds[paper] = CheckpointStudy.calibration(point)
        for k in published.rows.indices where published.rows[k].paper == paper {
          heldOut[k] = try await study.prediction(row: k, point: point)
        }
        tick()
      }
      populations.append(
        Population(
          seed: seed, prior: prior, heldOut: heldOut, calibration: CheckpointStudy.calibration(whole), folds: folds))
    }
    var rivals: [CheckpointBaseline: [CheckpointForecast]] = [:]
    for b in CheckpointBaseline.allCases { rivals[b] = b.forecasts(published) }
    return PhysicsValidation(
      published: published, base: base, populations: populations, members: members,
      contrasts: DesignContrast.all(published), rivals: rivals)
  }

  /// The fit to all papers, mean over the populations.
  public var calibration: GlobalCalibration { Self.mean(populations.map(\.calibration)) }

  /// The fit that leaves a paper out, mean over the populations.
  public func calibration(without paper: String) -> GlobalCalibration {
    Self.mean(populations.map { $0.folds[paper] ?? $0.calibration })
  }

  private static func mean(_ all: [GlobalCalibration]) -> GlobalCalibration {
    GlobalCalibration(
      shift: GlobalLevel.names.indices.map { d in NumericalMethods.mean(all.map { $0.values[d] }) })
  }

  /// Predictions of every row by the physics, populations pooled or one of them; nil for a rival.
  func predictions(_ source: Source, population: Int? = nil) -> [CheckpointPrediction]? {
    let chosen = population.map { [populations[$0]] } ?? populations
    let path: KeyPath<Population, [CheckpointPrediction]>
    switch source {
    case .prior: path = \.prior
    case .heldOut: path = \.heldOut
    case .baseline: return nil
    }
    return published.rows.indices.map { k in CheckpointPrediction(pooling: chosen.map { $0[keyPath: path][k] }) }
  }

  /// Forecast of every row, populations pooled or one of them.
  public func forecasts(_ source: Source, population: Int? = nil) -> [CheckpointForecast] {
    if case .baseline(let b) = source { return rivals[b] ?? [] }
    return zip(predictions(source, population: population) ?? [], published.rows).map {
      CheckpointForecast($0, observed: $1.retention)
    }
  }

  /// Scores over the scored rows.
  ///
  /// - Parameters:
  ///   - population: one population; nil pools them.
  ///   - chosen: whether a scored row counts.
  public func scores(
    _ source: Source, population: Int? = nil, where chosen: (Int) -> Bool = { _ in true }
  ) -> CheckpointScores {
    CheckpointScores(
      forecasts(source, population: population), published, rows: published.scored.filter(chosen))
  }

  /// CRPS of a source less that of the mean by log cycle [points], with the 5…95 % interval over resampled papers;
  /// negative is better than the rival.
  public func gain(_ source: Source, resamples: Int = 1000) -> (value: Double, interval: ClosedRange<Double>) {
    let own = forecasts(source)
    let rival = forecasts(.baseline(.meanByLogCycle))
    let rows = published.scored
    func difference(_ weight: (String) -> Double) -> Double {
      CheckpointScores(own, published, rows: rows, paperWeight: weight).crps
        - CheckpointScores(rival, published, rows: rows, paperWeight: weight).crps
    }
    let papers = Set(rows.map { published.rows[$0].paper }).sorted()
    let samples = (0..<resamples).map { draw -> Double in
      var stream = RandomStream(seed: populations[0].seed, purpose: "validation-bootstrap", draw: draw)
      var times: [String: Double] = [:]
      for _ in papers { times[papers[stream.index(below: papers.count)], default: 0] += 1 }
      return difference { times[$0] ?? 0 }
    }.sorted()
    return (
      difference { _ in 1 }, quantile(ofSorted: samples, 0.05)...quantile(ofSorted: samples, 0.95)
    )
  }

  /// What the physics says of every contrast, in their order.
  public func contrastForecasts(_ source: Source, population: Int? = nil) -> [ContrastForecast] {
    guard let all = predictions(source, population: population) else { return [] }
    return contrasts.map { ContrastForecast(all[$0.first], all[$0.second]) }
  }

  /// Signs and correlation over the contrasts chosen.
  public func skill(
    _ source: Source, population: Int? = nil, where chosen: (DesignContrast) -> Bool
  ) -> ContrastSkill {
    ContrastSkill(
      zip(contrasts, contrastForecasts(source, population: population)).filter { chosen($0.0) }.map { ($0, $1) })
  }

  /// Ranges of cycles after the reference by which scores are split.
  public static let horizons: [(name: String, cycles: Range<Double>)] = [
    ("n < 60", 0..<60), ("60 ≤ n < 130", 60..<130), ("130 ≤ n < 320", 130..<320), ("n ≥ 320", 320..<Double.infinity),
  ]
}
