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

  /// Scores points of mean, standard deviation and truth, all in percent.
  init(_ predicted: [(mean: Double, sd: Double, truth: Double)]) {
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

      | seen | points | MAE | CRPS | NLL | ECE |
      | --- | --- | --- | --- | --- | --- |

      """
    let test = try dataset.cellIDs(split: "published/test_high_dod")
    // The published models saw three weeks; what a cell did in three weeks depends on how it was cycled.
    for seen in [Seen.cycles(0), .cycles(50), .days(21)] {
      var options = TrainerOptions()
      options.early = seen.cutOffs
      options.seed = seed
      options.threads = threads
      let model = try await Trainer(options, toolVersion: toolVersion).fit(
        [TrainingPart(dataset: dataset, cellIDs: try dataset.cellIDs(split: "published/train"))], scoring: false)
      let visible = seen.visible(dataset)
      let forecasts = try await model.forecast(
        visible, cellIDs: test, early: seen.cutOff, draws: 400, seed: seed, threads: threads)
      // What was seen is known between check-ups to the error that such readings had on the training cells.
      let records = Dictionary(
        uniqueKeysWithValues: visible.cells.map { ($0.id, Record($0, upTo: seen.cutOff ?? .infinity)) })
      let train = try dataset.cellIDs(split: "published/train")
      let misreadings = train.flatMap { id in
        (truth[id] ?? []).compactMap { point in records[id]?.percent(at: point.age).map { $0 - point.percent } }
      }
      let known = max((misreadings.reduce(0) { $0 + $1 * $1 } / Double(max(misreadings.count, 1))).squareRoot(), 0.05)
      var all: [(mean: Double, sd: Double, truth: Double)] = []
      var future = all
      for forecast in forecasts {
        for point in truth[forecast.cellID] ?? [] {
          if let read = records[forecast.cellID]?.percent(at: point.age) {
            all.append((read, known, point.percent))
            continue
          }
          let draws = forecast.retentionDraws(at: [point.age])[0].map { 100 * $0 }
          let middle = quantile(ofSorted: draws, 0.5)
          let spread =
            0.5
            * ((quantile(ofSorted: draws, 0.84) - quantile(ofSorted: draws, 0.16)) / 2
              + (quantile(ofSorted: draws, 0.95) - quantile(ofSorted: draws, 0.05)) / 3.29)
          all.append((middle, max(spread, 0.3), point.percent))
          future.append((middle, max(spread, 0.3), point.percent))
        }
      }
      for (name, list) in [("all", all), ("still ahead", future)] where !list.isEmpty {
        let s = PublishedTrajectoryScore(list)
        text += "| \(seen.text) | \(s.points), \(name) | \(two(s.mae)) | \(two(s.crps)) | \(two(s.nll))"
        text += " | \(String(format: "%.3f", s.ece)) |\n"
      }
    }
    return text
  }

  /// What a forecast may see of each cell.
  private enum Seen {
    case cycles(Double)
    case days(Double)

    var cutOffs: [Double] {
      switch self {
      case .cycles(let n): [n]
      case .days: [0, 50, 100, 150]
      }
    }

    /// Nil for all rows that are left.
    var cutOff: Double? { if case .cycles(let n) = self { n } else { nil } }

    var text: String {
      switch self {
      case .cycles(let n): n > 0 ? "\(shortest(n)) full cycles" : "conditions only"
      case .days(let d): "\(shortest(d / 7)) weeks"
      }
    }

    /// The dataset without the rows after the last day seen.
    func visible(_ dataset: Dataset) -> Dataset {
      guard case .days(let last) = self else { return dataset }
      var out = dataset
      for i in out.cells.indices {
        let series = out.cells[i].series
        let ages = series.ages.indices.filter { (series.columns["test_time_day"]?[$0] ?? .infinity) <= last }
        out.cells[i].series = series.visible(upTo: ages.last.map { series.ages[$0] } ?? -1)
      }
      return out
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

  private static func two(_ x: Double) -> String { String(format: "%.2f", x) }
}
