import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Observations for calibration")
struct ObservationTests {
  private func series(_ count: Int, change: (inout CycleSeries) -> Void = { _ in }) -> CycleSeries {
    let ages = (1...count).map { Double($0) }
    var s = CycleSeries(ages: ages, capacities: ages.map { 150 * (1 - 0.01 * $0.squareRoot()) })
    change(&s)
    return s
  }

  @Test("Takes the first good row as reference and at most twelve others, first and last among them, denser early")
  func spread() throws {
    let cell = try TwinCells.single()
    let c = try #require(CellObservations(cell: cell, series: series(400), upTo: 300).channels.first)
    #expect(c.quantity == .retention && c.referenceAge == 1 && c.ages.count == 12)
    #expect(c.ages.first == 2 && c.ages.last == 300)
    let gaps = zip(c.ages, c.ages.dropFirst()).map { $1 - $0 }
    #expect(gaps.allSatisfy { $0 >= 1 } && gaps.last! > 4 * gaps[0])
    for (age, value) in zip(c.ages, c.values) {
      #expect(abs(value - (1 - 0.01 * age.squareRoot()) / 0.99) < 1e-12)
    }
  }

  @Test("Rows that are wrong, empty or after the cut-off have no influence")
  func onlyGoodRows() throws {
    let cell = try TwinCells.single()
    let clean = CellObservations(cell: cell, series: series(50), upTo: 50)
    let late = CellObservations(
      cell: cell, series: series(500) { s in for k in 50..<500 { s.capacities[k] = 1e3 } }, upTo: 50)
    #expect(clean == late)
    let flagged = CellObservations(
      cell: cell,
      series: series(50) { s in
        s.flags[0] = .glitch
        s.capacities[0] = 999
        s.capacities[1] = .nan
      }, upTo: 50)
    #expect(flagged.channels[0].referenceAge == 3 && flagged.channels[0].ages[0] == 4)
    let none = CellObservations(cell: cell, series: series(50), upTo: 1)
    #expect(none.channels.isEmpty && none.count == 0)
  }

  @Test("Averaged references and resistances are read where there are rows for them")
  func channels() throws {
    let o = CellObservations(
      cell: try TwinCells.single(),
      series: series(60) { s in
        s.columns["area_resistance_ohm_cm2"] = s.ages.map { $0 == 10 || $0 == 40 ? $0 : .nan }
      }, upTo: 60, reference: 2...4)
    #expect(o.channels.count == 1, "no resistance in the range of the reference: no channel")
    #expect(o.channels[0].referenceAge == 3 && o.channels[0].referenceRows == 3 && o.channels[0].ages[0] == 5)
    let two = CellObservations(
      cell: try TwinCells.single(),
      series: series(60) { s in
        s.columns["area_resistance_ohm_cm2"] = s.ages.map { $0 == 10 || $0 == 40 ? $0 : .nan }
      }, upTo: 60)
    let r = try #require(two.channels.last)
    #expect(r.quantity == .logResistance && r.referenceAge == 10 && r.ages == [40])
    #expect(abs(r.values[0] - 1.386_294_361) < 1e-8)
  }

  @Test("Whitening undoes the covariance of errors that share a reference")
  func whitening() {
    let values = [0.97, 0.9, 0.8, 0.65]
    let c = ObservedChannel(
      .retention, referenceAge: 1, referenceRows: 2, ages: [2, 9, 30, 80], values: values, sd: 0.01)
    // W is linear: its columns are the images of unit errors. W C Wᵀ must be the identity.
    let w = Matrix((0..<4).map { k in c.whitened((0..<4).map { $0 == k ? 1 : 0 }) }).transposed
    var covariance = Matrix(rows: 4, columns: 4)
    for i in 0..<4 {
      for j in 0..<4 { covariance[i, j] = 1e-4 * ((i == j ? 1 : 0) + values[i] * values[j] / 2) }
    }
    let unit = Matrix.product(Matrix.product(w, covariance), transposed: false, w, transposed: true)
    for (a, b) in zip(unit.storage, Matrix.identity(4).storage) { #expect(abs(a - b) < 1e-12) }
  }
}
