import Foundation
import LifetimeForecast
import NumericalMethods
import Testing

@Suite("Scores of forecasts")
struct MetricsTests {
  let once = Bootstrap(seed: 1, resamples: 0)

  func cell(
    _ id: String, life: Double?, censored: Double = 0, median: Double? = nil, _ draws: [Double],
    horizon: Double = .infinity, group: String = "g"
  ) -> LifePrediction {
    LifePrediction(
      cellID: id, group: group, observedLife: life, censoredAfter: censored, median: median, draws: draws,
      horizon: horizon)
  }

  @Test("CRPS of four draws by hand, and of one draw, which is the absolute error")
  func crpsByHand() {
    // mean |s − 3| = 9/4; Σ (2i − 5) s = −3 − 2 + 4 + 24 = 23, over 16.
    #expect(ForecastMetrics.crps(ofSorted: [1, 2, 4, 8], observed: 3) == 0.8125)
    #expect(ForecastMetrics.crps(ofSorted: [1, 2, 4, 8], observed: 0) == 2.3125)
    #expect(ForecastMetrics.crps(ofSorted: [5], observed: 7) == 2)
  }

  @Test("CRPS is the integral of the squared distance of the distribution functions", arguments: 0..<20)
  func crpsByIntegration(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "test")
    let draws = (0..<(1 + seed)).map { _ in 10 * stream.uniform() }.sorted()
    let y = -2 + 14 * stream.uniform()
    let step = 1e-4
    var integral = 0.0
    for k in 0..<160_000 {
      let x = -3 + (Double(k) + 0.5) * step
      let share = Double(draws.prefix { $0 <= x }.count) / Double(draws.count)
      let distance = share - (x >= y ? 1 : 0)
      integral += distance * distance * step
    }
    // The mid-point rule errs by at most a step at each of the ≤ 21 jumps.
    #expect(abs(ForecastMetrics.crps(ofSorted: draws, observed: y) - integral) < 21 * step)
  }

  @Test("CRPS of many draws of a normal distribution is its closed form", arguments: [-2.5, 0, 0.7])
  func crpsOfNormal(z: Double) {
    let n = 20_000
    let draws = (0..<n).map { 3 + 2 * NormalDistribution.quantile((Double($0) + 0.5) / Double(n)) }
    let exact =
      2
      * (z * (2 * NormalDistribution.cumulative(z) - 1) + 2 * NormalDistribution.density(z) - 1 / Double.pi.squareRoot())
    #expect(abs(ForecastMetrics.crps(ofSorted: draws, observed: 3 + 2 * z) - exact) < 1e-3)
  }

  @Test("Life scores of three lives and a censored cell, by hand")
  func lifeByHand() {
    let scores = ForecastMetrics.life(
      [
        cell("a", life: 100, median: 110, [90, 100, 110, 120, 130]),
        cell("b", life: 200, median: 160, [150, 155, 160, 165, 170]),
        cell("c", life: 400, median: 400, [200, 300, 400, 500, 600]),
        cell("d", life: nil, censored: 300, median: 150, [100, 150, 200]),
      ], bootstrap: once)
    #expect(abs(scores.rmse.value! - (1700.0 / 3).squareRoot()) < 1e-12)
    #expect(abs(scores.mae.value! - 50.0 / 3) < 1e-12)
    #expect(abs(scores.mape.value! - 100 * (0.1 + 0.2) / 3) < 1e-12)
    #expect(abs(scores.within15.value! - 2.0 / 3) < 1e-12)
    // a: 50 % interval 100…120 holds 100; b: 155…165 does not hold 200; c: 300…500 holds 400.
    #expect(abs(scores.coverage50.value! - 2.0 / 3) < 1e-12)
    // 90 %: 92…128, 151…169, 220…580.
    #expect(abs(scores.coverage90.value! - 2.0 / 3) < 1e-12)
    #expect(abs(scores.width90.value! - (36.0 + 18 + 360) / 3) < 1e-9)
    // Pairs: a<b, a<c, a<d, b<c, b<d count; only b<d is wrong (160 against 150).
    #expect(abs(scores.concordance.value! - 4.0 / 5) < 1e-12)
    let crps = [("a", 100.0, [90.0, 100, 110, 120, 130]), ("b", 200, [150, 155, 160, 165, 170])].map {
      ForecastMetrics.crps(ofSorted: $0.2, observed: $0.1)
    }
    #expect(abs(scores.crps.value! - (crps[0] + crps[1] + 40) / 3) < 1e-9)
    #expect(scores.rmse.interval == nil)
  }

  @Test("Beyond the horizon: the median enters as the horizon, an open interval covers and has no width")
  func horizon() {
    let open = cell("a", life: 900, [500, 600, .infinity, .infinity, .infinity], horizon: 800)
    let scores = ForecastMetrics.life([open], bootstrap: once)
    #expect(scores.mae.value == 100)
    #expect(scores.coverage50.value == 1)
    #expect(scores.coverage90.value == 1)
    #expect(scores.width90.value == nil)
    #expect(scores.crps.value == ForecastMetrics.crps(ofSorted: [500, 600, 800, 800, 800], observed: 900))
    // All mass beyond the horizon and a life before it: not covered.
    let wrong = cell("b", life: 700, [900, 1000, 1100], horizon: 800)
    #expect(ForecastMetrics.life([wrong], bootstrap: once).coverage90.value == 0)
  }

  @Test("Undefined is nil, never 0: no life, no draws, no cell")
  func undefined() {
    let censored = ForecastMetrics.life([cell("a", life: nil, censored: 5, [7])], bootstrap: Bootstrap(seed: 1))
    #expect(censored == LifeScores())
    let point = ForecastMetrics.life([cell("a", life: 10, median: 12, [])], bootstrap: once)
    #expect(point.mae.value == 2)
    #expect(point.crps.value == nil && point.coverage90.value == nil && point.concordance.value == nil)
    #expect(ForecastMetrics.life([], bootstrap: Bootstrap(seed: 1)) == LifeScores())
    #expect(ForecastMetrics.trajectory([], bootstrap: Bootstrap(seed: 1)) == TrajectoryScores())
  }

  @Test("The index of concordance equals the count over all pairs", arguments: 0..<30)
  func concordance(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "test")
    let cells = (0..<(2 + seed)).map { k -> LifePrediction in
      // Few distinct values, so that ties of every sort occur.
      let time = Double(stream.index(below: 6) + 1)
      let isEvent = stream.uniform() < 0.6
      return cell(
        "\(k)", life: isEvent ? time : nil, censored: time, median: Double(stream.index(below: 5)), [])
    }
    var right = 0.0
    var pairs = 0.0
    for a in cells {
      guard let ta = a.observedLife else { continue }
      for b in cells {
        let longer = b.observedLife.map { $0 > ta } ?? (b.censoredAfter >= ta)
        guard longer else { continue }
        pairs += 1
        right += a.median < b.median ? 1 : (a.median == b.median ? 0.5 : 0)
      }
    }
    let found = ForecastMetrics.life(cells, bootstrap: once).concordance.value
    if pairs == 0 { #expect(found == nil) } else { #expect(abs(found! - right / pairs) < 1e-12) }
  }

  @Test("Retention scores by hand: mean over points, then over cells")
  func trajectoryByHand() {
    let first = TrajectoryPrediction(
      cellID: "a", group: "g", observedAge: 0, medianLife: 100, ages: [10, 20], observed: [0.95, 0.90],
      draws: [[0.93, 0.94, 0.95, 0.96, 0.97], [0.93, 0.94, 0.95, 0.96, 0.97]])
    let second = TrajectoryPrediction(
      cellID: "b", group: "g", observedAge: 0, medianLife: 100, ages: [10], observed: [0.90],
      draws: [[0.88, 0.88, 0.88]])
    let scores = ForecastMetrics.trajectory([first, second], bootstrap: once)
    #expect(abs(scores.mae.value! - (2.5 + 2) / 2) < 1e-9)
    #expect(abs(scores.rmse.value! - ((12.5 + 4) / 2).squareRoot()) < 1e-9)
    #expect(abs(scores.coverage50.value! - 0.25) < 1e-12)
    #expect(abs(scores.coverage90.value! - 0.25) < 1e-12)
    // CRPS of a's first point: mean distance .012; Σ (2i − 6) s = .04·.. = (−4·.93 − 2·.94 + 2·.96 + 4·.97) / 25 = .008.
    let a2 = 0.05 - 0.008
    #expect(abs(scores.crps.value! - 100 * ((0.004 + a2) / 2 + 0.02) / 2) < 1e-9)
    // Normal summary of a: q84 − q16 = .0272, q95 − q05 = .036; of b: the floor, .003.
    let s = 100 * 0.5 * (0.0272 / 2 + 0.036 / 3.29)
    func nll(_ error: Double, _ s: Double) -> Double {
      0.5 * log(2 * Double.pi) + log(s) + 0.5 * (error / s) * (error / s)
    }
    #expect(abs(scores.nll.value! - ((nll(0, s) + nll(5, s)) / 2 + nll(2, 0.3)) / 2) < 1e-9)
    // Every central interval covers one point of four (half of one cell of two): |.25 − level| averaged.
    let ece = ForecastMetrics.reliabilityLevels.map { abs(0.25 - $0) }.reduce(0, +) / 11
    #expect(abs(scores.ece.value! - ece) < 1e-12)
  }

  @Test("Calibrated draws have no calibration error and a flat PIT; draws twice as wide have")
  func calibration() {
    func predictions(width: Double) -> [TrajectoryPrediction] {
      (0..<2000).map { k in
        var stream = RandomStream(seed: 3, purpose: "test", draw: k)
        let draws = (0..<199).map { 0.9 + width * 0.02 * NormalDistribution.quantile((Double($0) + 0.5) / 199) }
        return TrajectoryPrediction(
          cellID: "\(k)", group: "g", observedAge: 0, medianLife: 100, ages: [50],
          observed: [0.9 + 0.02 * stream.normal()],
          draws: [draws])
      }
    }
    let good = ForecastMetrics.trajectory(predictions(width: 1), bootstrap: once)
    let wide = ForecastMetrics.trajectory(predictions(width: 2), bootstrap: once)
    #expect(good.ece.value! < 0.02)
    // Twice as wide: coverage of level p is 2Φ(2 z_p) − 1; mean excess over the eleven levels .177.
    #expect(abs(wide.ece.value! - 0.177) < 0.02)
    #expect(good.nll.value! < wide.nll.value!)
    let pit = predictions(width: 1).flatMap(ForecastMetrics.trajectoryPIT).sorted()
    #expect(abs(quantile(ofSorted: pit, 0.1) - 0.1) < 0.03 && abs(quantile(ofSorted: pit, 0.9) - 0.9) < 0.03)
  }

  @Test("Reliability goes by horizon bin, edges belonging to the lower bin")
  func reliability() {
    let p = TrajectoryPrediction(
      cellID: "a", group: "g", observedAge: 100, medianLife: 200, ages: [125, 126, 150, 200, 201],
      observed: [0.9, 0.5, 0.9, 0.9, 0.5], draws: Array(repeating: [0.8, 0.85, 0.9, 0.95, 1], count: 5))
    #expect(ForecastMetrics.horizonBins(p) == [0, 1, 1, 3, 4])
    let rows = ForecastMetrics.reliability([p])
    #expect(rows.count == 4 * 11)
    let ninety = rows.filter { $0.level == 0.9 }
    #expect(ninety.map(\.observed) == [1, 0.5, 1, 0])
    #expect(ninety.map(\.points) == [1, 2, 1, 1])
    #expect(ninety.map(\.horizonTo) == [0.25, 0.5, 1, nil])
  }

  @Test("Intervals: the same for the same seed, the width of a mean's normal interval, wider for groups")
  func intervals() {
    var stream = RandomStream(seed: 9, purpose: "test")
    let cells = (0..<200).map { k in
      cell(
        "\(k)", life: 1000, median: 1000 + 50 + 10 * stream.normal() + (k < 100 ? 20 : -20), [],
        group: k < 100 ? "x\(k / 50)" : "y\(k / 50)")
    }
    let scores = ForecastMetrics.life(cells, bootstrap: Bootstrap(seed: 1))
    let again = ForecastMetrics.life(cells, bootstrap: Bootstrap(seed: 1))
    #expect(scores == again)
    #expect(scores.mae.interval != ForecastMetrics.life(cells, bootstrap: Bootstrap(seed: 2)).mae.interval)
    let errors = cells.map { abs($0.median - 1000) }
    let half = 1.96 * standardDeviation(errors) / Double(errors.count).squareRoot()
    let interval = scores.mae.interval!
    #expect(abs((interval[1] - interval[0]) / 2 / half - 1) < 0.12)
    #expect(interval[0] < scores.mae.value! && interval[1] > scores.mae.value!)
    let grouped = ForecastMetrics.life(cells, bootstrap: Bootstrap(seed: 1, unit: .group)).mae.interval!
    #expect(grouped[1] - grouped[0] > 3 * (interval[1] - interval[0]))
    #expect(ForecastMetrics.life([cells[0]], bootstrap: Bootstrap(seed: 1)).mae.interval == nil)
  }

  @Test("A row has every documented key, null where undefined, and reads back equal")
  func row() throws {
    var life = LifeScores()
    life.rmse = Score(171.2, interval: [130.4, 220.9])
    let row = ScoreRow(
      model: "hybrid", dataset: "mydata", kind: "measured", cellFamily: "liquid", split: "main/test", early: 100,
      age: "cycle_count", counts: CellCounts(cells: 40, censored: 2, skipped: 0), life: life,
      trajectory: TrajectoryScores())
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(row), as: UTF8.self)
    let scores = [
      "life_rmse", "life_mae", "life_mape", "life_within15", "life_crps", "life_coverage50", "life_coverage90",
      "life_width90", "c_index", "retention_mae", "retention_rmse", "retention_crps", "retention_coverage50",
      "retention_coverage90", "retention_nll", "retention_ece",
    ]
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let other = [
      "model", "dataset", "kind", "cell_family", "split", "early", "age", "n_cells", "n_censored", "n_skipped",
      "n_refused",
    ]
    #expect(Set(object.keys) == Set(scores + scores.map { $0 + "_ci" } + other))
    #expect(text.contains(#""early":100,"#))
    #expect(text.contains(#""life_rmse":171.2,"life_rmse_ci":[130.4,220.9]"#))
    #expect(text.contains(#""retention_mae":null,"retention_mae_ci":null"#))
    #expect(try JSONDecoder().decode(ScoreRow.self, from: Data(text.utf8)) == row)
    #expect(Score(.infinity, interval: [1, 2]) == Score())
  }
}
