import CellModel
import Foundation
import NumericalMethods
import Testing

@testable import DegradationPhysics

/// Papers A, B and C with two cells each.
private func papers(_ change: (inout CellHistory) -> Void = { _ in }) -> [CellHistory] {
  ["A", "B", "C"].flatMap { paper in
    ["none", "oxide"].map { coating in
      var cell = CellHistory(
        id: "\(paper)-\(coating)",
        attributes: CellAttributes(
          numbers: ["nickel_fraction": 0.8, "upper_cutoff_v": paper == "B" ? 4.4 : 4.3],
          texts: [
            "lab_id": paper, "coating_class": coating, "voltage_reference": "Li", "morphology": "single",
            "compared_with": "\(paper)-none",
          ]),
        series: CycleSeries(
          ages: [1, 5, 50, 100], capacities: coating == "none" ? [1, 0.97, 0.8, 0.7] : [1, 0.99, 0.9, 0.84]))
      change(&cell)
      return cell
    }
  }
}

private func study(_ published: PublishedCheckpoints, threads: Int = 1) -> CheckpointStudy {
  CheckpointStudy(
    cells: published.cells, rows: published.rows, population: SulfidePopulation(detail: .classes), members: 8, seed: 3,
    threads: threads)
}

@Suite struct CheckpointStudyTests {
  @Test("A paper that is left out never touches the fit that predicts it, to the bit")
  func noLeak() async throws {
    let before = try await PhysicsValidation.run(PublishedCheckpoints(papers()), members: 8, seeds: [3], threads: 2)
    let wild = PublishedCheckpoints(
      papers { cell in
        if cell.attributes.texts["lab_id"] == "B" { cell.series.capacities = [1, 0.5, 0.1, 0.02] }
      })
    let after = try await PhysicsValidation.run(wild, members: 8, seeds: [3], threads: 2)
    let rows = before.published.rows.indices.filter { before.published.rows[$0].paper == "B" }
    #expect(rows.count == 6)
    for k in rows { #expect(before.populations[0].heldOut[k] == after.populations[0].heldOut[k]) }
    #expect(before.populations[0].folds["B"] == after.populations[0].folds["B"])
    // The fit does look at what it may see: the other folds move.
    #expect(before.populations[0].folds["A"] != after.populations[0].folds["A"])
  }

  @Test("The same numbers for any number of threads")
  func threads() async throws {
    let published = PublishedCheckpoints(papers())
    var one = study(published)
    var three = study(published, threads: 3)
    let fit = try await one.fit { $0 != "A" }
    #expect(try await three.fit { $0 != "A" } == fit)
    for k in published.rows.indices {
      let a = try await one.prediction(row: k, point: fit)
      #expect(try await three.prediction(row: k, point: fit) == a)
    }
  }

  @Test("The prior's point is the plain population")
  func plain() async throws {
    let published = PublishedCheckpoints(papers())
    var s = study(published)
    for (k, row) in published.rows.enumerated() {
      let cells = try SulfidePopulation(detail: .classes).draws(published.cell(k), count: 8, seed: 3)
      let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: [row.cycles + 1]))
      let p = try await s.prediction(row: k, point: CheckpointStudy.prior)
      // Ages between are landed on, so a run asked for more ages takes other steps: within the step error.
      for (a, b) in zip(p.draws, runs.map { $0.capacityRetention[0] }) { #expect(abs(a - b) < 2e-3) }
    }
  }

  @Test("A fit is no worse on its own papers than the prior")
  func improves() async throws {
    let published = PublishedCheckpoints(papers())
    var s = study(published)
    let point = try await s.fit { _ in true }
    func score(_ point: [Int]) async throws -> Double {
      var sum = 0.0
      for k in published.scored {
        sum += try await s.prediction(row: k, point: point).score(published.rows[k].retention)
      }
      return sum
    }
    #expect(try await score(point) <= score(CheckpointStudy.prior))
  }

  @Test("What is left out is listed with its reason")
  func omissions() {
    var cells = papers()
    cells[0].attributes.texts["status"] = "excluded"
    cells[0].attributes.texts["reason"] = "duplicate"
    cells[1].series.flags[2] = .excluded
    cells[2].attributes.numbers["reference_cycle"] = 5
    cells[3].series = CycleSeries()
    let p = PublishedCheckpoints(cells)
    func reasons(_ k: Int) -> [String] {
      p.omissions.filter { $0.cellID == cells[k].id }.map { "\($0.cycle.map { "\(Int($0)) " } ?? "")\($0.reason)" }
    }
    #expect(reasons(0) == ["excluded: duplicate"])
    #expect(reasons(1) == ["1 is the reference cycle", "50 excluded"])
    #expect(reasons(2) == ["1 before the reference cycle", "5 is the reference cycle"])
    #expect(reasons(3) == ["no checkpoint published"])
    #expect(p.cells.count == 4)
    #expect(p.rows.filter { p.cells[$0.cell].id == cells[2].id }.map(\.cycles) == [45, 95])
    // Cycle 5 teaches and is not scored.
    #expect(p.rows.filter { p.cells[$0.cell].id == cells[1].id }.map(\.isScored) == [false, true])
  }

  @Test("Score of a distribution: quantiles and sample agree, a spike scores its distance, an outlier more")
  func scores() {
    // A normal sample by its quantiles: CRPS at the centre is σ (√2 − 1)/√π.
    let quantiles = (0..<199).map { 0.7 + 0.1 * NormalDistribution.quantile((Double($0) + 0.5) / 199) }
    let exact = 0.1 * (2.0.squareRoot() - 1) / Double.pi.squareRoot()
    #expect(abs(CheckpointStudy.score(ofQuantiles: quantiles, 0.7) - exact) < 2e-4)
    #expect(abs(CheckpointStudy.score(ofSorted: quantiles, 0.7) - exact) < 6e-4)
    #expect(abs(CheckpointStudy.score(ofSorted: [0.6, 0.6], 0.9) - 0.3) < 1e-15)
    let far = CheckpointForecast(CheckpointPrediction(draws: quantiles), observed: 0.2)
    #expect(!far.passes && far.percentile == 0)
    let near = CheckpointForecast(CheckpointPrediction(draws: quantiles), observed: 0.7)
    #expect(near.passes && abs(near.percentile - 0.5) < 1e-12)
  }

  @Test("Contrasts: last common cycle, the kind by what differs, ties count one half")
  func contrasts() {
    var cells = papers()
    cells[1].series = CycleSeries(ages: [1, 50, 200], capacities: [1, 0.9, 0.8])
    let p = PublishedCheckpoints(cells)
    let all = DesignContrast.all(p)
    #expect(all.count == 3)
    let first = all[0]
    #expect(p.cycles[first.rows.first] == 50 && p.cycles[first.rows.second] == 50)
    #expect(first.kind == .coatedBare && first.isLinked)
    // A-none comes first and fades more.
    #expect(first.observed > 0)
    let same = CheckpointPrediction(draws: [0.8, 0.9])
    #expect(ContrastForecast(same, same).hit(1) == 0.5)
    let worse = CheckpointPrediction(draws: [0.6, 0.7])
    #expect(ContrastForecast(worse, same).hit(1) == 1 && ContrastForecast(same, worse).hit(1) == 0)
  }

  @Test("A calibration reads back, and unknown or absurd shifts are refused")
  func calibration() throws {
    let c = GlobalCalibration(shift: ["crack_rate_per_cycle": -2])
    #expect(try JSONDecoder().decode(GlobalCalibration.self, from: JSONEncoder().encode(c)) == c)
    for bad in [#"{"shift": {"speed": 1}}"#, #"{"shift": {"crack_rate_per_cycle": 99}}"#, "{}"] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(GlobalCalibration.self, from: Data(bad.utf8)) }
    }
  }
}
