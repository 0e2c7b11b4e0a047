import CellModel
import Foundation
import LifetimeForecast
import NumericalMethods
import Testing

@Suite("Baselines")
struct BaselineTests {
  /// Whether each value is its expectation to `tolerance`.
  func close(_ values: [Double], _ expected: [Double], _ tolerance: Double = 1e-9) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance }
  }

  func cell(
    _ id: String, _ rows: [(Double, Double)], life: Double? = nil, variance: Double? = nil
  ) -> BaselineCell {
    BaselineCell(
      id: id, group: id, ages: rows.map(\.0), retention: rows.map(\.1), life: life, lastAge: rows.last?.0 ?? life ?? 0,
      curveVariance: variance, eol: 0.8)
  }

  @Test("Kaplan–Meier by hand, with a censored cell at the age of an event")
  func kaplanMeierByHand() {
    let (ages, survival) = kaplanMeier(
      times: [6, 6, 6, 6, 7, 9, 10, 10], events: [true, true, true, false, true, false, true, false])
    #expect(ages == [6, 7, 10])
    #expect(close(survival, [0.625, 0.46875, 0.234375], 1e-15))
  }

  @Test("The training mean draws training lives, given that the cell lives still; censored mass stays open")
  func meanLife() throws {
    let cells = [100.0, 200, 300, 400].map { cell("\($0)", [(1, 1), ($0, 0.8)], life: $0) }
    let fitted = try #require(FittedBaseline.fit(.mean, on: cells, early: 0))
    let fresh = try #require(fitted.life(of: cells[0], observedAge: 0))
    for life in [100.0, 200, 300, 400] { #expect(fresh.draws.filter { $0 == life }.count == 100) }
    let later = try #require(fitted.life(of: cells[0], observedAge: 250))
    #expect(Set(later.draws) == [300, 400])
    #expect(try #require(fitted.life(of: cells[0], observedAge: 400)).draws.allSatisfy { $0 == 400 })
    let open = try #require(
      FittedBaseline.fit(.mean, on: cells.prefix(1) + [cell("r", [(1, 1), (150, 0.9)])], early: 0))
    let draws = try #require(open.life(of: cells[0], observedAge: 0)).draws
    #expect(draws.prefix(200).allSatisfy { $0 == 100 } && draws.suffix(200).allSatisfy { $0 == .infinity })
  }

  @Test("The mean trajectory goes on straight beyond a record, but not below the end of life")
  func meanTrajectory() throws {
    let ended = cell("a", [(0, 1), (100, 0.9), (200, 0.78)], life: 190)
    let running = cell("b", [(0, 1), (50, 0.98), (100, 0.96)])
    // A single checkpoint is a straight line from 1.
    let checkpoint = cell("c", [(100, 0.9)])
    let fitted = try #require(FittedBaseline.fit(.mean, on: [ended, running, checkpoint], early: 0))
    let found = try #require(fitted.retention(of: ended, observedAge: 0, at: [50, 200, 300, 10_000]))
    #expect(close(found.draws[0], [0.95, 0.95, 0.98], 1e-4))
    #expect(close(found.draws[1], [0.78, 0.8, 0.92], 1e-4))
    #expect(close(found.draws[2], [0.78, 0.8, 0.88], 1e-4))
    #expect(close(found.draws[3], [0.78, 0.8, 0.8], 1e-4))
    #expect(close(found.medians, [0.96, 2.5 / 3, 2.46 / 3, 2.38 / 3], 1e-4))
  }

  let rows = [(0, 1.0), (10, 0.99), (25, 0.985), (50, 0.978), (80, 0.975), (100, 0.969)]

  @Test("Square-root and power law equal the reference fits")
  func laws() throws {
    // numpy.polyfit on √age gives 0.9997708195027794, −0.002973434803272739 and the life 4513.851440585539; the power
    // grid ends at ½ with the same life. The training cell itself has that life: its residual is 0.
    let training = [cell("t", rows.map { (Double($0.0), $0.1) }, life: 4513.851440585539)]
    for kind in [BaselineKind.sqrt, .power] {
      let fitted = try #require(FittedBaseline.fit(kind, on: training, early: 100))
      let life = try #require(fitted.life(of: training[0], observedAge: 100))
      #expect(abs(life.median - 4513.851440585539) < 1e-6)
      #expect(life.draws.count == 1 && abs(life.draws[0] - life.median) < 1e-6)
      let q = try #require(fitted.retention(of: training[0], observedAge: 100, at: [400]))
      #expect(abs(q.medians[0] - (0.9997708195027794 - 0.002973434803272739 * 20)) < 1e-12)
    }
    #expect(FittedBaseline.fit(.power, on: training, early: 0) == nil)
  }

  @Test("A law spreads lives by the training cells' log residuals, and never forecasts the past")
  func residuals() throws {
    // Exact √ laws with lives 400 and 1600 from their first rows, but observed lives of half and twice that.
    func law(_ life: Double, observed: Double) -> BaselineCell {
      cell("\(life)", [0, 25, 100].map { ($0, 1 - 0.2 * ($0 / life).squareRoot()) }, life: observed)
    }
    let fitted = try #require(
      FittedBaseline.fit(.sqrt, on: [law(400, observed: 200), law(1600, observed: 3200)], early: 100))
    let found = try #require(fitted.life(of: law(900, observed: 900), observedAge: 100))
    #expect(abs(found.median - 900) < 1e-6)
    #expect(abs(found.draws[0] - 450) < 1e-6 && abs(found.draws[1] - 1800) < 1e-6)
    let short = try #require(fitted.life(of: law(144, observed: 144), observedAge: 100))
    #expect(short.draws[0] == 100)
    // No fade at all: bounded, not infinite.
    let flat = try #require(fitted.life(of: cell("f", [(0, 1), (50, 1), (100, 1)]), observedAge: 100))
    #expect(flat.median == 1e5)
    #expect(fitted.life(of: cell("n", [(50, 1)]), observedAge: 100) == nil)
  }

  @Test("No fade: the last observed retention, spread by what the training cells lost")
  func last() throws {
    let training = [0.9, 0.8].map { end in cell("\(end)", [(0, 1), (100, 0.98), (200, end)]) }
    let fitted = try #require(FittedBaseline.fit(.last, on: training, early: 100))
    let found = try #require(fitted.retention(of: cell("x", [(0, 1), (100, 0.95)]), observedAge: 100, at: [150, 200]))
    #expect(found.medians == [0.95, 0.95])
    #expect(close(found.draws[0], [0.86, 0.91]))
    #expect(close(found.draws[1], [0.77, 0.87]))
    #expect(fitted.life(of: training[0], observedAge: 100) == nil)
    let unseen = try #require(fitted.retention(of: cell("x", []), observedAge: 0, at: [100]))
    #expect(unseen.medians == [1])
  }

  @Test("The variance model is a straight line in the logs; residuals are leave-one-out")
  func varianceByHand() throws {
    // log10 life = 3, 2, 2 at x = −5, −4, −3: slope −½, intercept ⅓ (mean 7/3 at −4).
    let training = [(-5.0, 1000.0), (-4, 100), (-3, 100)].map { point in
      cell("\(point.0)", [(1, 1)], life: point.1, variance: point.0)
    }
    let fitted = try #require(FittedBaseline.fit(.variance, on: training, early: 0))
    let found = try #require(fitted.life(of: cell("x", [(1, 1)], variance: -4), observedAge: 0))
    #expect(abs(log10(found.median) - 7.0 / 3) < 1e-12)
    // Leaving the first out leaves 2 at −5: residual 1. The middle: the line through 3 and 2 gives 2.5: −½.
    // The last: the line through 3, 2 gives 1: residual 1.
    let residuals = found.draws.map { log10($0) - 7.0 / 3 }
    #expect(close(residuals, [-0.5, 1, 1]))
    #expect(fitted.life(of: cell("x", [(1, 1)]), observedAge: 0) == nil)
    #expect(FittedBaseline.fit(.variance, on: Array(training.prefix(2)), early: 0) == nil)
    #expect(FittedBaseline.curveVariance(late: [1, 3, .nan], early: [0, 0, 0]) == 0)
    #expect(FittedBaseline.curveVariance(late: [1, 1], early: [0, 0]) == nil)
  }

  @Test("The curves compared are the last visible one and the earlier one nearest age 10")
  func curves() {
    let table = VoltageCurves(
      voltagesV: [3, 2], ages: [2, 9, 12, 100, 200], dischargedAh: [[0, 0], [0, 1], [0, 5], [0, 21], [0, 99]])
    // 100 against 9: changes 0 and 20, variance 100.
    #expect(FittedBaseline.curveVariance(of: table, upTo: 150) == 2)
    // 9 against 2: variance ¼. Nothing earlier than 2.
    #expect(FittedBaseline.curveVariance(of: table, upTo: 9) == 2 * log10(0.5))
    #expect(FittedBaseline.curveVariance(of: table, upTo: 8) == nil)
  }

  @Test("A fitted baseline reads back equal from JSON", arguments: BaselineKind.allCases)
  func codable(kind: BaselineKind) throws {
    let training = (0..<5).map { k -> BaselineCell in
      let rate = 0.001 * Double(k + 1)
      let rows = (0...10).map { row -> (Double, Double) in (20 * Double(row), 1 - rate * Double(row)) }
      return cell("\(k)", rows, life: 300 + 10 * Double(k), variance: -4 + 0.1 * Double(k * k))
    }
    let fitted = try #require(FittedBaseline.fit(kind, on: training, early: 100))
    let data = try JSONEncoder().encode(fitted)
    #expect(try JSONDecoder().decode(FittedBaseline.self, from: data) == fitted)
    #expect(kind.name == "baseline:\(kind.rawValue)")
  }
}
