import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Study regression")
struct StudyRegressionTests {
  @Test("Student's t with 6 degrees of freedom is that of the tables")
  func studentT() {
    // Abramowitz and Stegun, table 26.10.
    #expect(abs(StudentT.quantile(0.95, freedom: 6) - 1.943) < 5e-4)
    #expect(abs(StudentT.quantile(0.995, freedom: 6) - 3.707) < 5e-4)
    #expect(abs(StudentT.cumulative(0, freedom: 6) - 0.5) < 1e-12)
    // Median of χ² with 6 degrees of freedom: 5.348.
    let median = StudentT.chi(0.5, freedom: 6)
    #expect(abs(6 * median * median - 5.348) < 1e-3)
  }

  /// Cells of two variants in each of several papers, fading with exponent 0.6 and, where doped, half as fast.
  private func papers(_ count: Int, seed: UInt64) -> (cells: [StudyCell], rows: [StudyRow]) {
    var stream = RandomStream(seed: seed, purpose: "papers")
    var cells: [StudyCell] = []
    var rows: [StudyRow] = []
    for paper in 0..<count {
      let level = -1.6 + 0.3 * stream.normal()
      for doped in [false, true] {
        let attributes = CellAttributes(texts: ["lab_id": "p\(paper)", "dopant": doped ? "Nb" : "none"])
        cells.append(StudyCell(CellHistory(id: "p\(paper)-\(doped)", attributes: attributes), simulated: nil))
        for n in [20.0, 100] {
          let y = level + (doped ? -0.7 : 0) + 0.6 * _log(n / 100)
          rows.append(StudyRow(cell: cells.count - 1, cycles: n, retention: _exp(-_exp(y)), error: 0.01))
        }
      }
    }
    return (cells, rows)
  }

  @Test("A remedy shared by many papers is found for a new one, surely enough")
  func recovery() throws {
    let (cells, rows) = papers(12, seed: 1)
    let model = try StudyRegression(cells, rows: rows, form: .init(physics: false))
    let (new, _) = papers(13, seed: 1)
    let forecast = try model.forecast(Array(new.suffix(2)))
    let contrast = forecast.contrast(1, 0)
    #expect(contrast.difference < -0.4 && contrast.difference > -1)
    #expect(contrast.probabilityFirstBetter > 0.9)
    #expect(contrast.rateRatio[0] < 0.5 && contrast.rateRatio[2] > 0.5)
    #expect(forecast.logFade(0, cycles: 400).mean > forecast.logFade(0, cycles: 100).mean)
    let lower = forecast.retention(0, cycles: 100, quantile: 0.05)
    #expect(lower < forecast.retention(0, cycles: 100, quantile: 0.95))
  }

  @Test("What is seen of the cell itself sharpens its forecast, and rows of others in any order change nothing")
  func ownRows() throws {
    let (cells, rows) = papers(8, seed: 2)
    let model = try StudyRegression(cells, rows: rows, form: .init(physics: false))
    let (new, all) = papers(9, seed: 2)
    let own = all.filter { $0.cell == 16 && $0.cycles == 100 }.map {
      StudyRow(cell: 0, cycles: $0.cycles, retention: $0.retention, error: $0.error)
    }
    let blind = try model.forecast([new[16]])
    let told = try model.forecast([new[16]], seen: own)
    #expect(
      told.logFade(0, cycles: 200).standardDeviation < 0.7 * blind.logFade(0, cycles: 200).standardDeviation)
    let again = try StudyRegression(cells, rows: rows.reversed(), form: .init(physics: false))
    #expect(abs(try again.forecast([new[16]]).logFade(0, cycles: 200).mean - blind.logFade(0, cycles: 200).mean) < 1e-4)
    let grown = model.adding([new[16]], rows: own)
    #expect(grown.cells.count == 17)
    #expect(throws: StudyError.noRows) { try StudyRegression(cells, rows: [], form: .init()) }
  }

  @Test("Draws of paths have the spread of the closed form")
  func draws() throws {
    let (cells, rows) = papers(8, seed: 3)
    let model = try StudyRegression(cells, rows: rows, form: .init(physics: false))
    let forecast = try model.forecast([papers(9, seed: 3).cells[17]])
    let paths = forecast.paths(0, count: 4000, seed: 1)
    let (m, s) = forecast.logFade(0, cycles: 100)
    #expect(abs(mean(paths.map(\.level)) - m) < 4 * s / 4000.0.squareRoot())
    #expect(abs(standardDeviation(paths.map(\.level)) / s - 1) < 0.1)
    #expect(paths.allSatisfy { $0.slope >= 0.1 })
  }
}
