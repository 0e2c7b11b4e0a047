import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Conformal calibration")
struct ConformalTests {
  struct Reference: Decodable {
    struct Split: Decodable {
      var mean: [Double]
      var new: [Double]
      /// Rows × 2 × levels.
      var bounds: [[[Double]]]
    }
    struct Quantiles: Decodable {
      var lower: [Double]
      var upper: [Double]
      var new_lower: [Double]
      var new_upper: [Double]
      var bounds: [[Double]]
    }
    struct Cross: Decodable {
      var target: [Double]
      var mean: [Double]
      var folds: [Int]
      var new: [[Double]]
      var bounds: [[[Double]]]
    }
    var levels: [Double]
    var target: [Double]
    var split: Split
    var quantiles: [Quantiles]
    var cross: Cross

    static func load() throws -> Reference {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/conformal.json")
      return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
    }
  }

  /// 1e-12 of the size of the numbers, which are below 10.
  func expectClose(_ range: ClosedRange<Double>, _ low: Double, _ high: Double, _ what: String) {
    #expect(abs(range.lowerBound - low) < 1e-11 && abs(range.upperBound - high) < 1e-11, "\(what)")
  }

  @Test("Split conformal: MAPIE's bounds on the same scores")
  func split() throws {
    let r = try Reference.load()
    let ones = r.target.map { _ in 1.0 }
    let model = try SplitConformal(target: r.target, mean: r.split.mean, deviation: ones)
    for (k, level) in r.levels.enumerated() {
      for (row, mean) in r.split.new.enumerated() {
        let bounds = r.split.bounds[row]
        expectClose(
          model.interval(mean: mean, deviation: 1, coverage: level), bounds[0][k], bounds[1][k], "\(level), row \(row)")
      }
    }
  }

  @Test("Quantiles: MAPIE's bounds on the same scores")
  func quantiles() throws {
    let r = try Reference.load()
    for (k, one) in r.quantiles.enumerated() {
      let model = try ConformalQuantiles(target: r.target, lower: one.lower, upper: one.upper)
      for row in one.bounds.indices where one.bounds[row][0] <= one.bounds[row][1] {
        expectClose(
          model.interval(lower: one.new_lower[row], upper: one.new_upper[row], coverage: r.levels[2 * k]),
          one.bounds[row][0], one.bounds[row][1], "\(r.levels[2 * k]), row \(row)")
      }
    }
  }

  @Test("CV+: MAPIE's bounds on the same folds")
  func cross() throws {
    let r = try Reference.load()
    let c = r.cross
    let model = try CrossConformal(
      target: c.target, mean: c.mean, deviation: c.target.map { _ in 1 }, folds: c.folds)
    for (k, level) in r.levels.enumerated() {
      for row in c.bounds.indices {
        let range = try model.interval(
          means: c.new.map { $0[row] }, deviations: c.new.map { _ in 1 }, coverage: level)
        expectClose(range, c.bounds[row][0][k], c.bounds[row][1][k], "\(level), row \(row)")
      }
    }
  }

  @Test("The index is ⌈coverage · (n + 1)⌉ exactly, and infinite beyond n")
  func index() throws {
    for n in 1...60 {
      let scores = try ConformalScores((1...n).map { Double($0) }.reversed())
      for percent in 1...99 {
        // Whole numbers only: the smallest k with 100 k ≥ percent · (n + 1).
        let k = (percent * (n + 1) + 99) / 100
        let expected = k <= n ? Double(k) : .infinity
        #expect(scores.threshold(Double(percent) / 100) == expected, "\(percent) % of \(n)")
      }
      #expect(abs(scores.effectiveSampleSize - Double(n)) < 1e-9)
    }
  }

  @Test("Rows of a group share its weight: doubling a group's rows changes nothing")
  func groups() throws {
    let scores = [0.3, 0.1, 0.7, 0.5]
    let single = try ConformalScores(scores)
    let doubled = try ConformalScores(scores + [0.7, 0.7], groups: [0, 1, 2, 3, 2, 2])
    for percent in 1...99 {
      #expect(single.threshold(Double(percent) / 100) == doubled.threshold(Double(percent) / 100))
    }
    #expect(abs(doubled.effectiveSampleSize - 4) < 1e-12)
    let weighted = try ConformalScores(scores, weights: [1, 0, 2, 1])
    #expect(abs(weighted.effectiveSampleSize - 16.0 / 6) < 1e-12)
    // 0.3 has 1 of 5, 0.5 has 2, 0.7 has 4, the new row the last.
    #expect(weighted.threshold(0.2) == 0.3 && weighted.threshold(0.4) == 0.5 && weighted.threshold(0.8) == 0.7)
    #expect(weighted.threshold(0.81) == .infinity)
    #expect(weighted.threshold(0.81, weight: 0) == 0.7)
  }

  @Test("Faults are named; stored scores out of order are refused")
  func faults() throws {
    #expect(throws: LearningError.self) { try ConformalScores([]) }
    #expect(throws: LearningError.notFinite("score", row: 1)) { try ConformalScores([1, .nan]) }
    #expect(throws: LearningError.invalidWeight(-1, row: 0)) { try ConformalScores([1], weights: [-1]) }
    #expect(throws: LearningError.self) { try ConformalScores([1, 2], weights: [0, 0]) }
    #expect(throws: LearningError.self) { try SplitConformal(target: [1], mean: [1], deviation: [0]) }
    #expect(throws: LearningError.sizes("group 4 is in two folds")) {
      try CrossConformal(target: [1, 2], mean: [0, 0], deviation: [1, 1], folds: [0, 1], groups: [4, 4])
    }
    let data = try JSONEncoder().encode(ConformalScores([1, 2, 3]))
    try expectDamageRefused(
      ConformalScores.self, data, [("scores", [3, 2, 1]), ("cumulative", [0, 0, 0]), ("scores", [Double]())])
  }

  /// Repetitions × 20 new rows: mean coverage and twice its standard error between repetitions.
  func coverage(_ covered: [Double]) -> (mean: Double, tolerance: Double) {
    (mean(covered), 2 * standardDeviation(covered, sample: true) / Double(covered.count).squareRoot())
  }

  @Test("200 repetitions: 90 % intervals cover 90 % within two standard errors", arguments: ["split", "quantiles"])
  func nominal(kind: String) throws {
    var stream = RandomStream(seed: 8, purpose: "coverage")
    var covered: [Double] = []
    for _ in 0..<200 {
      // 99 rows, so that the index is exact; the model is wrong about centre and spread.
      let draws = (0..<119).map { _ in (x: stream.normal(), e: stream.normal()) }
      let y = draws.map { $0.x + (0.5 + abs($0.x)) * $0.e }
      let mean = draws.map { 0.8 * $0.x + 0.2 }
      let deviation = draws.map { 0.3 + 0.2 * abs($0.x) }
      var inside = 0
      for new in 99..<119 {
        let range: ClosedRange<Double>
        if kind == "split" {
          range = try SplitConformal(
            target: Array(y[..<99]), mean: Array(mean[..<99]), deviation: Array(deviation[..<99])
          ).interval(mean: mean[new], deviation: deviation[new], coverage: 0.9)
        } else {
          range = try ConformalQuantiles(
            target: Array(y[..<99]), lower: (0..<99).map { mean[$0] - deviation[$0] },
            upper: (0..<99).map { mean[$0] + deviation[$0] }
          ).interval(lower: mean[new] - deviation[new], upper: mean[new] + deviation[new], coverage: 0.9)
        }
        if range.contains(y[new]) { inside += 1 }
      }
      covered.append(Double(inside) / 20)
    }
    let (share, tolerance) = coverage(covered)
    #expect(abs(share - 0.9) < tolerance, "\(share) ± \(tolerance)")
  }

  @Test("Groups with their own offset: calibrated by groups the new group is covered, by rows it is not")
  func newGroups() throws {
    var stream = RandomStream(seed: 9, purpose: "groups")
    var (grouped, plain): ([Double], [Double]) = ([], [])
    for _ in 0..<200 {
      var (y, groups): ([Double], [Int]) = ([], [])
      for group in 0..<10 {
        let offset = 2 * stream.normal()
        // Large groups are the calm ones.
        let size = abs(offset) < 1 ? 40 : 2
        for _ in 0..<size {
          y.append(offset + 0.3 * stream.normal())
          groups.append(group)
        }
      }
      let zeros = y.map { _ in 0.0 }
      let ones = y.map { _ in 1.0 }
      let new = 2 * stream.normal() + 0.3 * stream.normal()
      func covers(_ groups: [Int]?) throws -> Double {
        try SplitConformal(target: y, mean: zeros, deviation: ones, groups: groups)
          .interval(mean: 0, deviation: 1, coverage: 0.8).contains(new) ? 1 : 0
      }
      grouped.append(try covers(groups))
      plain.append(try covers(nil))
    }
    #expect(mean(grouped) > 0.8 - coverage(grouped).tolerance)
    #expect(mean(plain) < 0.7)
  }

  @Test("Under covariate shift weighted intervals cover, unweighted ones do not")
  func shift() throws {
    var stream = RandomStream(seed: 10, purpose: "shift")
    var (weighted, plain, sizes): ([Double], [Double], [Double]) = ([], [], [])
    var options = BoostingOptions()
    options.rounds = 40
    options.maxLeaves = 4
    for repetition in 0..<40 {
      func draw(_ rows: Int, _ shift: Double) -> (FeatureTable, [Double]) {
        let x = (0..<rows).map { _ in stream.normal() + shift }
        let other = (0..<rows).map { _ in stream.normal() }
        return (
          FeatureTable(names: ["x", "other"], columns: [x, other]), x.map { exp(0.8 * $0) * stream.normal() }
        )
      }
      let (present, y) = draw(500, 0)
      let (new, newY) = draw(300, 1)
      let ratio = try DensityRatio(present: present, new: new, options: options, stream: UInt64(repetition))
      let of = ratio(new)
      let zeros = y.map { _ in 0.0 }
      let ones = y.map { _ in 1.0 }
      let aware = try SplitConformal(target: y, mean: zeros, deviation: ones, weights: ratio.weights)
      let naive = try SplitConformal(target: y, mean: zeros, deviation: ones)
      sizes.append(aware.scores.effectiveSampleSize)
      #expect(abs(ratio.effectiveSampleSize - aware.scores.effectiveSampleSize) < 1e-6)
      weighted.append(
        mean(
          (0..<300).map {
            aware.interval(mean: 0, deviation: 1, coverage: 0.9, weight: of[$0]).contains(newY[$0]) ? 1 : 0
          }))
      plain.append(
        mean((0..<300).map { naive.interval(mean: 0, deviation: 1, coverage: 0.9).contains(newY[$0]) ? 1 : 0 }))
    }
    // The ratio is learnt, not known: coverage is near, not at, 90 %.
    #expect(mean(plain) < 0.8)
    #expect(abs(mean(weighted) - 0.9) < 0.04, "\(mean(weighted))")
    // For a shift by one standard deviation the exact weights leave n/e of 500 rows.
    #expect((60...400).contains(mean(sizes)))
  }

  @Test("Simultaneous bands hold whole curves, pointwise ones hold each place")
  func bands() throws {
    var stream = RandomStream(seed: 11, purpose: "curves")
    var (whole, wholePointwise, each): ([Double], [Double], [Double]) = ([], [], [])
    for _ in 0..<200 {
      let curves = (0..<60).map { _ -> [Double] in
        var value = 0.0
        return (0..<6).map { _ in
          value += stream.normal()
          return abs(value)
        }
      }
      let held = Array(curves.dropLast())
      let simultaneous = try ConformalBand(residuals: held, coverage: .simultaneous)
      let pointwise = try ConformalBand(residuals: held, coverage: .pointwise)
      func inside(_ band: ConformalBand) -> [Bool] {
        zip(
          band.band(mean: [Double](repeating: 0, count: 6), deviation: [Double](repeating: 1, count: 6), level: 0.9),
          curves[59]
        ).map { $0.contains($1) }
      }
      whole.append(inside(simultaneous).allSatisfy { $0 } ? 1 : 0)
      wholePointwise.append(inside(pointwise).allSatisfy { $0 } ? 1 : 0)
      each.append(mean(inside(pointwise).map { $0 ? 1 : 0 }))
    }
    #expect(abs(mean(whole) - 0.9) < coverage(whole).tolerance + 1 / 60.0)
    #expect(abs(mean(each) - 0.9) < coverage(each).tolerance + 1 / 60.0)
    #expect(mean(wholePointwise) < mean(whole) - 0.05)
    let partial = try ConformalBand(residuals: [[1, .nan], [2, 3], [0, 1]], coverage: .simultaneous)
    #expect(partial.factor(place: 0, level: 0.5) == 3)
    #expect(
      try ConformalBand(residuals: [[1, .nan], [2, 3], [0, 1]], coverage: .pointwise).factor(place: 0, level: 0.5) == 1)
    #expect(throws: LearningError.self) { try ConformalBand(residuals: [[1, .nan]], coverage: .simultaneous) }
  }
}
