import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Calibration")
struct CalibrationTests {
  private func calibration(_ seed: UInt64 = 1, threads: Int = 2) -> PhysicsCalibration {
    var c = PhysicsCalibration(seed: seed)
    c.threads = threads
    return c
  }

  /// A calibration small enough to repeat often.
  private func small(threads: Int = 2) -> PhysicsCalibration {
    var c = calibration(threads: threads)
    c.starts = 3
    c.members = 40
    return c
  }

  private func observed(_ seed: UInt64, upTo cutoff: Double, last: Int) throws -> CellObservations {
    let base = try TwinCells.single()
    let truth = TwinCells.draw(base, seed: seed)
    return CellObservations(cell: base, series: TwinCells.record(truth.cell, last: last, seed: seed), upTo: cutoff)
  }

  @Test("Without observations the prior stays, member by member")
  func prior() async throws {
    let base = try TwinCells.single()
    let c = calibration()
    let prior = c.prior(of: [base.parameters])
    let fit = try await c.fit(CalibrationData([CellObservations(cell: base)]))
    #expect(fit == prior && fit.status == .prior)
    let update = try await c.update(prior, with: CellObservations(cell: base))
    #expect(update == prior)
    // Spread of the members is that of the table: 200 draws know a standard deviation within 5 %, 4 sd of that.
    let drawn = prior.members(nominal: base.parameters, count: 200, seed: 3)
    for p in [Parameter.fatigueRate, .interphaseResistivity, .conductivity, .electrolyteFraction] {
      let logs = Matrix(rows: 200, columns: 1, storage: drawn.map { _log($0[p] / base.parameters[p]) })
      let spread = (p.row.recipeSpread * p.row.recipeSpread + p.row.cellSpread * p.row.cellSpread).squareRoot()
      #expect(abs(logs.columnCovariance[0, 0].squareRoot() / spread - 1) < 0.2, "\(p)")
    }
    #expect(drawn.allSatisfy { $0[.theoreticalCapacity] == base.parameters[.theoreticalCapacity] })
  }

  @Test("Twin experiments: posteriors cover the truth at their nominal rate")
  func coverage() async throws {
    let base = try TwinCells.single()
    var (inside, sharper, cells) = (0, 0, 0)
    var squares: [Double] = []
    var fits: [Double] = []
    for seed in UInt64(0)..<30 {
      let truth = TwinCells.draw(base, seed: seed)
      let o = CellObservations(cell: base, series: TwinCells.record(truth.cell, last: 100, seed: seed), upTo: 100)
      let c = calibration(seed)
      let prior = c.prior(of: [base.parameters])
      let cell = try await c.update(prior, with: o)
      #expect(cell.status == .cell && cell.method == .smoother)
      for (j, p) in cell.parameters.enumerated() {
        let error = (truth.deviations[j] - cell.mean[j]) / cell.spreadRatio(p)
        squares.append(error * error)
      }
      let actual = SulfideAgeing.run(truth.cell, SimulationRequest(ages: [300])).capacityRetention[0]
      func interval(_ r: CalibratedRecipe) async throws -> ClosedRange<Double> {
        let q = try await TwinCells.retentions(
          r.members(nominal: base.parameters, count: 200, seed: 7), base.design, age: 300)
        return q[10]...q[189]
      }
      let after = try await interval(cell)
      let before = try await interval(prior)
      if after.contains(actual) { inside += 1 }
      if after.upperBound - after.lowerBound < before.upperBound - before.lowerBound { sharper += 1 }
      fits.append(cell.residuals.rootMeanSquare)
      cells += 1
    }
    // 27 of 30 expected; fewer than 22 has a probability of .2 %.
    #expect(inside >= 22, "\(inside) of \(cells) lie in the 90 % interval at cycle 300")
    #expect(sharper >= 28, "\(sharper) of \(cells) are sharper than the prior")
    // 1 when the spread is right; ensembles of 200 lose a little of it.
    let rms = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    #expect((0.9...1.25).contains(rms), "standardised errors of the parameters: \(rms)")
    #expect(fits.sorted()[15] < 1.2, "median misfit \(fits.sorted()[15])")
  }

  @Test("At the most probable parameters of a recipe the misfit is white and of the size of the noise")
  func whiteResiduals() async throws {
    let base = try TwinCells.single()
    var (square, correlation, count) = (0.0, 0.0, 0.0)
    for seed in UInt64(0)..<10 {
      let cells = (0..<3).map { k in
        CellObservations(
          cell: base,
          series: TwinCells.record(
            TwinCells.draw(base, seed: seed, cell: k).cell, last: 80, seed: 9 * seed + UInt64(k)),
          upTo: 80)
      }
      let fit = try await calibration(seed).fit(CalibrationData(cells))
      #expect(fit.status == .dataset && fit.residuals.count == cells.reduce(0) { $0 + $1.count })
      #expect(fit.warnings.isEmpty)
      square += fit.residuals.rootMeanSquare * fit.residuals.rootMeanSquare
      correlation += fit.residuals.neighbourCorrelation
      count += 1
    }
    // 72 residuals a recipe with some ten directions fitted: below 1, and slightly negative correlation.
    #expect((0.75...1.1).contains((square / count).squareRoot()), "\((square / count).squareRoot())")
    #expect((-0.2...0.1).contains(correlation / count), "\(correlation / count)")
  }

  @Test("More cells of a recipe narrow it, and each cell's own cycles narrow that cell further")
  func hierarchy() async throws {
    let base = try TwinCells.single()
    let records = (0..<6).map {
      TwinCells.record(TwinCells.draw(base, seed: 4, cell: $0).cell, last: 100, seed: UInt64($0))
    }
    let all = records.map { CellObservations(cell: base, series: $0, upTo: 100) }
    let c = calibration()
    let one = try await c.fit(CalibrationData(Array(all.prefix(1))))
    let five = try await c.fit(CalibrationData(Array(all.prefix(5))))
    func size(_ r: CalibratedRecipe) -> Double { r.parameters.reduce(0) { $0 + r.spreadRatio($1) } }
    #expect(size(five) < size(one))
    func width(_ r: CalibratedRecipe) async throws -> Double {
      let q = try await TwinCells.retentions(
        r.members(nominal: base.parameters, count: 200, seed: 2), base.design, age: 200)
      return q[189] - q[10]
    }
    let sixth = try await c.update(five, with: CellObservations(cell: base, series: records[5], upTo: 30))
    #expect(sixth.status == .cell && sixth.cellEnsemble?.rows == 200)
    let (prior, recipe, cell) = (
      try await width(c.prior(of: [base.parameters])), try await width(five), try await width(sixth)
    )
    #expect(cell < recipe && recipe < prior)
  }

  @Test("Rows after the cut-off change nothing")
  func noLookAhead() async throws {
    let base = try TwinCells.single()
    let full = TwinCells.record(TwinCells.draw(base, seed: 3).cell, last: 120, seed: 3)
    var other = full
    for k in 60..<120 { other.capacities[k] = 0.1 }
    let c = small()
    let a = CellObservations(cell: base, series: full, upTo: 60)
    let b = CellObservations(cell: base, series: other, upTo: 60)
    #expect(try await c.fit(CalibrationData([a])) == c.fit(CalibrationData([b])))
    let prior = c.prior(of: [base.parameters])
    #expect(try await c.update(prior, with: a) == c.update(prior, with: b))
  }

  @Test("Equal bits for any number of threads, other bits for another seed")
  func deterministic() async throws {
    let o = try observed(5, upTo: 60, last: 60)
    let data = CalibrationData([o, try observed(5, upTo: 40, last: 40)])
    let reference = try await small(threads: 1).fit(data)
    let update = try await small(threads: 1).update(reference, with: o)
    for threads in [2, 3, 7] {
      #expect(try await small(threads: threads).fit(data) == reference)
      #expect(try await small(threads: threads).update(reference, with: o) == update)
    }
    var another = small()
    another.seed = 2
    #expect(try await another.fit(data).ensemble != reference.ensemble)
  }

  @Test("A record no cell of the prior can show is out of model; one wrong row is not")
  func outOfModel() async throws {
    let base = try TwinCells.single()
    let c = small()
    let prior = c.prior(of: [base.parameters])
    var record = TwinCells.record(base, last: 60, seed: 1)
    #expect(try await !c.update(prior, with: CellObservations(cell: base, series: record, upTo: 60)).isOutOfModel)
    // Capacity that doubles: no mechanism gives that.
    for k in record.ages.indices { record.capacities[k] *= 1 + record.ages[k] / 60 }
    #expect(try await c.update(prior, with: CellObservations(cell: base, series: record, upTo: 60)).isOutOfModel)
  }

  @Test("One wrong row moves the forecast by less than it would without Huber's loss")
  func outlier() async throws {
    let base = try TwinCells.single()
    let clean = TwinCells.record(TwinCells.draw(base, seed: 8).cell, last: 100, seed: 8)
    let taken = CellObservations(cell: base, series: clean, upTo: 100).channels[0].ages[8]
    var spoilt = clean
    spoilt.capacities[Int(taken) - 1] *= 0.9
    func forecast(_ s: CycleSeries, huber: Double) async throws -> Double {
      var c = calibration()
      c.huber = huber
      let cell = try await c.update(
        c.prior(of: [base.parameters]), with: CellObservations(cell: base, series: s, upTo: 100))
      return try await TwinCells.retentions(
        cell.members(nominal: base.parameters, count: 200, seed: 2), base.design, age: 200)[100]
    }
    let truth = try await forecast(clean, huber: 2)
    let robust = abs(try await forecast(spoilt, huber: 2) - truth)
    let plain = abs(try await forecast(spoilt, huber: 1e6) - truth)
    #expect(robust < 0.5 * plain, "\(robust) and \(plain)")
  }

  @Test("A record that only unlikely parameters explain draws a warning")
  func guarded() async throws {
    let base = try TwinCells.single()
    var far = base
    far.parameters.shift(.fatigueRate, by: 6 * Parameter.fatigueRate.row.recipeSpread)
    var c = small()
    c.free = [.fatigueRate]
    // All else was measured: the fatigue alone must explain the fade.
    let others = Set(Parameter.allCases.filter { $0.row.recipeSpread > 0 && $0 != .fatigueRate })
    let o = CellObservations(cell: base, series: TwinCells.record(far, last: 100, seed: 2), upTo: 100)
    let fit = try await c.fit(CalibrationData([o], stated: others))
    #expect(fit.parameters == [.fatigueRate])
    #expect(fit.warnings.map(\.parameter) == [.fatigueRate])
    #expect((fit.warnings.first?.deviation ?? 0) > 3)
  }

  @Test("Cracks are searched for in polycrystals, oxidation where cut-offs differ above 4.4 V")
  func freeParameters() throws {
    let single = CellObservations(cell: try TwinCells.single())
    #expect(PhysicsCalibration.identifiable(CalibrationData([single])).count == 6)
    let poly = CellObservations(cell: try TwinCells.poly())
    #expect(PhysicsCalibration.identifiable(CalibrationData([poly])).last == .crackRate)
    let high = CellObservations(cell: try TwinCells.single(["upper_cutoff_v": 4.5]))
    #expect(PhysicsCalibration.identifiable(CalibrationData([single, high])).last == .oxidationOnset)
    #expect(!PhysicsCalibration.identifiable(CalibrationData([high])).contains(.oxidationOnset))
  }
}
