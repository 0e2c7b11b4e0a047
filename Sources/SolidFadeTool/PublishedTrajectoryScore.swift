import Foundation
import RunDocuments
import SolidFade

/// The published score of trajectories on the ISU-ILCC cells: 21 points a cell (relative capacity 1.00, 0.99 … 0.80 and
/// the throughput where it is reached), normal distributions, percent of initial capacity.
///
/// - Source: Li et al., Applied Energy 389 (2025) 125703, doi:10.1016/j.apenergy.2025.125703: CRPS and negative log
///   likelihood of normal distributions averaged over points; ECE is the mean over the central levels 0.01, 0.1 … 0.9,
///   0.99 of |observed − nominal coverage|.
struct PublishedTrajectoryScore {
  var mae = 0.0
  var crps = 0.0
  var nll = 0.0
  var ece = 0.0
  var points = 0

  private static let levels = [0.01] + (1...9).map { Double($0) / 10 } + [0.99]

  /// A normal distribution and what came, in percent; whether the age had been seen already.
  private struct Point {
    var cell: String
    var mean: Double
    var sd: Double
    var truth: Double
    var isKnown: Bool
  }

  /// Parts that the training cells are dealt into.
  private static let parts = 4

  /// Scores points.
  private init(_ predicted: [Point]) {
    points = predicted.count
    guard points > 0 else { return }
    let n = Double(points)
    for p in predicted {
      let z = (p.truth - p.mean) / p.sd
      let (density, below) = (NormalDistribution.density(z), NormalDistribution.cumulative(z))
      mae += abs(p.truth - p.mean) / n
      crps += p.sd * (z * (2 * below - 1) + 2 * density - 1 / Double.pi.squareRoot()) / n
      nll += (0.5 * z * z + log(p.sd) + 0.5 * log(2 * Double.pi)) / n
    }
    for level in Self.levels {
      let half = NormalDistribution.quantile(0.5 + level / 2)
      let covered = predicted.count { abs($0.truth - $0.mean) <= half * $0.sd }
      ece += abs(Double(covered) / n - level) / Double(Self.levels.count)
    }
  }

  /// The section of the page; empty where the data are absent.
  static func section(root: String, seed: UInt64, threads: Int) async throws -> String {
    guard let dataset = try? DatasetReader.read(root + "/isu-ilcc-nmc"),
      let table = try? String(contentsOfFile: root + "/isu-ilcc-nmc/benchmark_trajectories.csv", encoding: .utf8)
    else { return "" }
    var truth: [String: [(age: Double, percent: Double)]] = [:]
    for line in table.split(separator: "\n").dropFirst() {
      let f = line.split(separator: ",")
      guard f.count == 3, let throughput = Double(f[1]), let q = Double(f[2].trimmingCharacters(in: .whitespaces)),
        let cell = dataset.cells.first(where: { $0.id == f[0] })
      else { continue }
      // A full cycle charges and discharges the nominal capacity.
      truth[cell.id, default: []].append(
        (throughput / (2 * cell.attributes.number("nominal_capacity_ah")), 100 * q))
    }
    var text = """

      ## ISU high depth of discharge, the published 21-point score

      Percent of initial capacity. Best published (different models): MAE 1.96, CRPS 1.634, NLL 2.50, ECE .077.
      Standard deviations are scaled by a factor learnt on training cells that each of four parts leaves out. Brackets:
      95 % bootstrap over cells.

      | seen | points | MAE | CRPS | NLL | ECE |
      | --- | --- | --- | --- | --- | --- |

      """
    let train = try dataset.cellIDs(split: "published/train")
    let test = try dataset.cellIDs(split: "published/test_high_dod")
    // The published models saw three weeks; what a cell did in three weeks depends on how it was cycled.
    for seen in [CutOff(0), 50, CutOff(21, .days)] {
      var options = TrainerOptions()
      options.early = [seen]
      options.seed = seed
      options.threads = threads
      let forecaster = Forecaster(dataset: dataset, truth: truth, options: options, seen: seen)
      // What a normal distribution leaves of the draws is set right on training cells that each part leaves out.
      var heldOut: [Point] = []
      for part in 0..<parts {
        let away = train.indices.filter { $0 % parts == part }.map { train[$0] }
        heldOut += try await forecaster.points(of: away, trainedOn: train.filter { !away.contains($0) })
      }
      let scales = [true, false].map { known in scale(heldOut.filter { $0.isKnown == known }) }
      let points = try await forecaster.points(of: test, trainedOn: train).map { point in
        var scaled = point
        scaled.sd *= scales[point.isKnown ? 0 : 1]
        return scaled
      }
      for (name, list) in [("all", points), ("still ahead", points.filter { !$0.isKnown })] where !list.isEmpty {
        let s = PublishedTrajectoryScore(list)
        let resampled = resamples(of: list, seed: seed)
        func shown(_ score: KeyPath<PublishedTrajectoryScore, Double>, digits: Int = 2) -> String {
          let sorted = resampled.map { $0[keyPath: score] }.sorted()
          let ends = [0.025, 0.975].map { String(format: "%.\(digits)f", quantile(ofSorted: sorted, $0)) }
          return String(format: "%.\(digits)f", s[keyPath: score]) + " [\(ends[0]), \(ends[1])]"
        }
        text += "| \(Self.name(seen)) | \(s.points), \(name) | \(shown(\.mae)) | \(shown(\.crps)) | \(shown(\.nll))"
        text += " | \(shown(\.ece, digits: 3)) |\n"
      }
    }
    return text
  }

  /// Scores of cells drawn with replacement.
  private static func resamples(of points: [Point], seed: UInt64) -> [PublishedTrajectoryScore] {
    let cells = Dictionary(grouping: points, by: \.cell).sorted { $0.key < $1.key }.map(\.value)
    return (0..<1000).map { draw in
      var stream = RandomStream(seed: seed, purpose: "bootstrap", draw: draw)
      return PublishedTrajectoryScore(cells.flatMap { _ in cells[stream.index(below: cells.count)] })
    }
  }

  /// The factor on standard deviations with the least calibration error among those whose CRPS is within one per cent
  /// of the best; 1 for no points.
  private static func scale(_ points: [Point]) -> Double {
    guard !points.isEmpty else { return 1 }
    let tried = (0...40).map { k -> (factor: Double, score: PublishedTrajectoryScore) in
      let factor = pow(10, -0.6 + 0.02 * Double(k))
      return (
        factor,
        PublishedTrajectoryScore(
          points.map { point in
            var scaled = point
            scaled.sd *= factor
            return scaled
          })
      )
    }
    let best = tried.map(\.score.crps).min() ?? 0
    return tried.filter { $0.score.crps <= 1.01 * best }.min { $0.score.ece < $1.score.ece }?.factor ?? 1
  }

  /// Forecasts of the published points.
  private struct Forecaster {
    var dataset: Dataset
    /// Points of each cell: age in equivalent full cycles and percent.
    var truth: [String: [(age: Double, percent: Double)]]
    var options: TrainerOptions
    var seen: CutOff

    func points(of cells: [String], trainedOn train: [String]) async throws -> [Point] {
      let model = try await Trainer(options, toolVersion: toolVersion).fit(
        [TrainingPart(dataset: dataset, cellIDs: train)], scoring: false)
      let forecasts = try await model.forecast(
        dataset, cellIDs: cells, early: seen, draws: 400, seed: options.seed, threads: options.threads)
      // What was seen is known between check-ups to the error that such readings had on the training cells.
      let records = Dictionary(
        uniqueKeysWithValues: try dataset.cells.map { ($0.id, Record($0, upTo: try seen.age(in: $0))) })
      let misreadings = train.flatMap { id in
        (truth[id] ?? []).compactMap { point in records[id]?.percent(at: point.age).map { $0 - point.percent } }
      }
      let known = max((misreadings.reduce(0) { $0 + $1 * $1 } / Double(max(misreadings.count, 1))).squareRoot(), 0.05)
      return forecasts.flatMap { forecast in
        (truth[forecast.cellID] ?? []).map { point -> Point in
          if let read = records[forecast.cellID]?.percent(at: point.age) {
            return Point(cell: forecast.cellID, mean: read, sd: known, truth: point.percent, isKnown: true)
          }
          let draws = forecast.retentionDraws(at: [point.age])[0].map { 100 * $0 }
          let spread =
            0.5
            * ((quantile(ofSorted: draws, 0.84) - quantile(ofSorted: draws, 0.16)) / 2
              + (quantile(ofSorted: draws, 0.95) - quantile(ofSorted: draws, 0.05)) / 3.29)
          return Point(
            cell: forecast.cellID, mean: quantile(ofSorted: draws, 0.5), sd: max(spread, 0.3), truth: point.percent,
            isKnown: false)
        }
      }
    }
  }

  /// The rows of a cell that a forecast has seen.
  private struct Record {
    private var roots: [Double] = []
    private var percents: [Double] = []

    init(_ cell: CellHistory, upTo early: Double) {
      for k in 0..<cell.series.count where early > 0 && cell.series.ages[k] <= early {
        roots.append(cell.series.ages[k].squareRoot())
        percents.append(100 * cell.series.capacities[k])
      }
    }

    /// Straight in √age between check-ups; nil beyond the last.
    func percent(at age: Double) -> Double? {
      guard let first = roots.first, let last = roots.last, age.squareRoot() <= last else { return nil }
      return interpolate(max(age.squareRoot(), first), roots, percents)
    }
  }

  private static func name(_ seen: CutOff) -> String {
    if seen.isDesign { return "conditions only" }
    return seen.measure == .days ? "\(shortest(seen.value / 7)) weeks" : "\(seen.text) full cycles"
  }

}
