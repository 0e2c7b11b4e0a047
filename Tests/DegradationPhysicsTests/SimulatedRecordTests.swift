import CellModel
import Foundation
import NumericalMethods
import Testing

@testable import DegradationPhysics

private func table(_ record: FeatureRecord, upTo age: Double) -> [String: Double] {
  Dictionary(uniqueKeysWithValues: CurveFeatures.extract(record, upTo: age).map { ($0.name, $0.value) })
}

private func correlation(_ x: [Double], _ y: [Double]) -> Double {
  let (a, b) = (mean(x), mean(y))
  let covariance = zip(x, y).reduce(0.0) { $0 + ($1.0 - a) * ($1.1 - b) } / Double(x.count)
  return covariance / (standardDeviation(x) * standardDeviation(y))
}

@Suite("Simulated cells through the extractor of measured ones")
struct SimulatedRecordTests {
  private static let ages = (1...10).map(Double.init) + stride(from: 20, through: 100, by: 10)

  private func request(_ ages: [Double], curves: [Double], horizon: Double = 0) -> SimulationRequest {
    var r = SimulationRequest(ages: ages, horizon: horizon)
    r.curveAges = curves
    r.curvePoints = 600
    return r
  }

  /// Bare single crystals at 4.5 V, the population of the feature sanity check of the design page.
  private func population(_ count: Int) throws -> [SulfideCell] {
    let cell = CellHistory(
      id: "bare",
      attributes: CellAttributes(
        numbers: [
          "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.5,
          "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2,
        ],
        texts: [
          "morphology": "single", "anode_class": "LiIn", "coating_class": "none", "electrolyte_class": "argyrodite",
          "voltage_reference": "Li",
        ]))
    return try SulfidePopulation().draws(cell, count: count, seed: 1)
  }

  @Test("Early ΔQ(V) and early slope foretell the life of forty bare single crystals")
  func foretells() async throws {
    let cells = try population(40)
    let runs = try await SulfideAgeing.run(cells, request(Self.ages, curves: [10, 100], horizon: 8000), threads: 2)
    let lived = runs.indices.filter { runs[$0].life != nil }
    #expect(lived.count >= 36)
    let features = lived.map { table(FeatureRecord(simulated: runs[$0], of: cells[$0].design), upTo: 100) }
    let life = lived.map { log(runs[$0].life ?? .nan) }
    let variance = correlation(features.map { $0["dq_logvar"] ?? .nan }, life)
    let slope = correlation(features.map { log(-($0["q_slope_all"] ?? .nan)) }, life)
    #expect(variance < -0.5 && slope < variance, "\(variance) \(slope)")
  }

  @Test("A longer simulation changes no bit of the features at an age", arguments: [10.0, 60, 100])
  func lookAhead(age: Double) throws {
    let cell = try testCell(["upper_cutoff_v": 4.4])
    let curves: [Double] = [2, 10, 60, 100]
    let short = SulfideAgeing.run(
      cell, request(Self.ages.filter { $0 <= age }, curves: curves.filter { $0 <= age }))
    let long = SulfideAgeing.run(cell, request(Self.ages + [300, 900], curves: curves + [700], horizon: 1200))
    func bits(_ run: AgeingTrajectory, _ age: Double) -> [UInt64] {
      CurveFeatures.extract(FeatureRecord(simulated: run, of: cell.design), upTo: age).map(\.value.bitPattern)
    }
    #expect(bits(short, age) == bits(long, age))
    #expect(bits(long, 900) != bits(long, age))
  }

  @Test("The record holds the trajectory: capacity, voltage, resistance, grid")
  func record() throws {
    let cell = try testCell()
    let run = SulfideAgeing.run(cell, request([0] + Self.ages, curves: [1, 100]))
    let record = FeatureRecord(simulated: run, of: cell.design)
    #expect(record.series.ages == Self.ages)
    let found = table(record, upTo: 100)
    #expect(abs((found["q_first"] ?? 0) - 1) < 1e-12)
    #expect(abs((found["dcr_first"] ?? 0) / median(Array(run.areaResistanceOhmM2[1...3])) - 1) < 1e-12)
    #expect(found["temperature_mean_k"] == 298.15)
    let curves = try #require(record.discharge)
    #expect(curves.voltagesV.count == 1000 && abs(curves.voltagesV[0] - 3.68) < 1e-12)
    // The last grid voltage is the lower cut-off: the whole capacity, to the tolerance of the end point.
    #expect(abs(curves.dischargedAh[1][999] / (run.arealCapacityAhPerM2.last ?? 0) - 1) < 1e-9)
    let column = curves.dischargedAh[1]
    let v = run.curves[1].voltageV
    #expect(zip(curves.voltagesV, column).allSatisfy { $1.isNaN == ($0 > v[0]) })
    let reached = column.filter(\.isFinite)
    #expect(reached.count > 700 && zip(reached, reached.dropFirst()).allSatisfy { $0 <= $1 })
    // Mean voltage by trapezoids of 600 points against the quadrature of the energy.
    let curve = try #require(
      DischargeCurve(voltagesV: v, dischargedAh: run.curves[1].capacityAhPerM2, cRate: 0.2))
    let energy = run.arealEnergyWhPerM2[run.ages.count - 1]
    #expect(abs(curve.meanVoltageV * curve.spanAh / energy - 1) < 2e-3)
  }

  /// A cell whose contact wears and whose anode takes lithium, with check-ups at C/20 at start and end.
  private func checked(_ anode: String, cycles: Int, seed: UInt64, fatigue: Double = 1) throws -> (
    cell: SulfideCell, run: AgeingTrajectory, fits: [FullCellFit]
  ) {
    var cell = try SulfideCell(
      CellAttributes(
        numbers: [
          "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.3,
          "lower_cutoff_v": 2.8, "discharge_c_rate": 0.2,
        ],
        texts: ["morphology": "single", "anode_class": anode, "voltage_reference": "Li"]))
    cell.parameters[.inventoryLoss] = 3e-4
    cell.parameters[.fatigueRate] *= fatigue
    let slow = CycleConditions(chargeCRate: 0.05, dischargeCRate: 0.05, chargeEndShare: 0.2)
    var request = SimulationRequest(ages: [0, Double(cycles)])
    request.cycling = CyclingProtocol([.checkUp(slow), .cycles(.init(cycles)), .checkUp(slow), .cycles(.init(1))])
    request.horizon = Double(cycles) + 1
    request.curvePoints = 1200
    request.keepsCheckUpCurves = true
    let run = SulfideAgeing.run(cell, request)
    let upper = cell.design.upperCutoffV - cell.design.anode.referenceV
    var stream = RandomStream(seed: seed, purpose: "test noise")
    var fits: [FullCellFit] = []
    for checkUp in run.checkUps.prefix(2) {
      let kept = try #require(checkUp.curve)
      let curve = try #require(
        DischargeCurve(
          voltagesV: kept.voltageV.map { $0 + 0.002 * stream.normal() }, dischargedAh: kept.capacityAhPerM2,
          cRate: 0.05))
      fits.append(
        try FullCellFit(
          curve, anode: cell.design.anode, upperCutoffV: upper, endOfChargeCurrentShare: 0.2, fresh: fits.first))
    }
    return (cell, run, fits)
  }

  /// Losses of cathode and of shared lithium that the states say.
  private func truth(_ cell: SulfideCell, _ run: AgeingTrajectory) -> (positive: Double, lithium: Double) {
    func positive(_ s: DegradationState) -> Double {
      let shell = s.rockSaltThicknessM * (1 + 2 * s.crackDensity) / cell.parameters[.particleRadius]
      return s.percolatedFraction * pow(1 - shell, 3)
    }
    let (a, b) = (run.states[0], run.states[1])
    return (1 - positive(b) / positive(a), 1 - b.lithiumMolPerM2 / a.lithiumMolPerM2)
  }

  @Test(
    "A silicon cell's check-ups at C/20 tell its losses of lithium and cathode within two points",
    arguments: [(100, 1.0), (300, 1), (300, 6)], [1, 2, 3])
  func silicon(ageing: (cycles: Int, fatigue: Double), seed: UInt64) throws {
    let (cell, run, fits) = try checked("silicon", cycles: ageing.cycles, seed: seed, fatigue: ageing.fatigue)
    let found = DegradationModes(fresh: fits[0], aged: fits[1])
    let (positive, lithium) = truth(cell, run)
    #expect(positive > 0.03 && lithium > 0.04)
    #expect(found.unidentifiable.isEmpty)
    #expect(abs(found.positiveLoss - positive) < 0.02 && abs(found.lithiumLoss - lithium) < 0.02)
  }

  @Test(
    "Against indium–lithium the same check-ups tell the loss of cathode and nothing on lithium", arguments: [1, 2, 3])
  func indium(seed: UInt64) throws {
    let (cell, run, fits) = try checked("LiIn", cycles: 200, seed: seed)
    let found = DegradationModes(fresh: fits[0], aged: fits[1])
    #expect(abs(found.positiveLoss - truth(cell, run).positive) < 0.02)
    #expect(found.lithiumLoss.isNaN && found.negativeLoss.isNaN)
  }

  @Test("Check-ups keep curves only when asked, and are the same with and without")
  func checkUps() throws {
    let cell = try testCell()
    var request = SimulationRequest(ages: [40])
    request.cycling = CyclingProtocol([.cycles(.init(20)), .checkUp(CycleConditions(dischargeCRate: 0.05))])
    let plain = SulfideAgeing.run(cell, request)
    request.keepsCheckUpCurves = true
    let kept = SulfideAgeing.run(cell, request)
    #expect(plain.checkUps.allSatisfy { $0.curve == nil } && !plain.checkUps.isEmpty)
    #expect(plain.capacityRetention == kept.capacityRetention)
    for (a, b) in zip(plain.checkUps, kept.checkUps) {
      #expect(a.arealCapacityAhPerM2 == b.arealCapacityAhPerM2 && a.areaResistanceOhmM2 == b.areaResistanceOhmM2)
      #expect(abs((b.curve?.capacityAhPerM2.last ?? 0) / b.arealCapacityAhPerM2 - 1) < 1e-12)
    }
  }
}
