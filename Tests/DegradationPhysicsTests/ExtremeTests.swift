import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

/// Draws designs, parameters and protocols far beyond sense, but within the allowed ranges.
private struct Draws {
  var stream: RandomStream

  init(_ draw: Int) { stream = RandomStream(seed: 4, purpose: "extremes", draw: draw) }

  mutating func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * stream.uniform() }
  mutating func log(_ a: Double, _ b: Double) -> Double { a * _pow(b / a, stream.uniform()) }

  mutating func cell() throws -> SulfideCell {
    let anodes = ["LiIn", "Li", "anode_free", "LTO", "graphite", "silicon"]
    let lower = between(2, 4.8)
    let numbers = [
      "temperature_celsius": between(-40, 120), "stack_pressure_mpa": stream.uniform() < 0.1 ? 0 : between(0, 1000),
      "discharge_c_rate": log(0.01, 10), "charge_c_rate": log(0.01, 10), "lower_cutoff_v": lower,
      "upper_cutoff_v": between(lower + 0.01, 5), "areal_loading_mg_cm2": log(0.1, 500),
    ]
    var p = ParameterSet()
    let style = stream.index(below: 3)
    for parameter in Parameter.allCases {
      let row = parameter.row
      switch style {
      case 0: break  // nominal materials
      case 1:
        p.shift(
          parameter, by: 3 * max(row.recipeSpread, 0.2 * abs(row.scale == .linear ? row.nominal : 1)) * stream.normal())
      default: p[parameter] = anywhere(row)
      }
    }
    var cell = SulfideCell(
      design: try testDesign(numbers, anode: anodes[stream.index(below: anodes.count)]), parameters: p)
    cell.shortThreshold = -_log(stream.uniform())
    return cell
  }

  /// Anywhere within the range of a parameter, its ends included.
  private mutating func anywhere(_ row: Parameter.Row) -> Double {
    let range = row.range
    let u = stream.uniform()
    if u < 0.05 { return range.lowerBound }
    if u < 0.1 { return range.upperBound }
    if row.scale == .log, range.upperBound > 0 {
      return log(max(range.lowerBound, range.upperBound * 1e-12), range.upperBound)
    }
    return between(range.lowerBound, range.upperBound)
  }

  mutating func conditions() -> CycleConditions {
    var c = CycleConditions()
    if stream.uniform() < 0.4 { c.chargeCRate = log(0.01, 10) }
    if stream.uniform() < 0.4 { c.dischargeCRate = log(0.01, 10) }
    if stream.uniform() < 0.3 { c.temperatureK = between(233, 393) }
    if stream.uniform() < 0.3 { c.upperCutoffV = between(2, 5) }
    if stream.uniform() < 0.3 { c.chargeEndShare = log(1e-3, 1) }
    if stream.uniform() < 0.3 { c.restS = between(0, 1e5) }
    return c
  }

  mutating func cycling() -> CyclingProtocol {
    var blocks: [CyclingProtocol.Block] = [.cycles(.init(1 + stream.index(below: 60), conditions()))]
    for _ in 0..<stream.index(below: 5) {
      switch stream.index(below: 6) {
      case 0: blocks.append(.cycles(.init(1 + stream.index(below: 30), conditions())))
      case 1: blocks.append(.checkUp(conditions()))
      case 2:
        blocks.append(.rest(.init(durationS: log(1, 1e9), potentialV: stream.uniform() < 0.5 ? between(2, 5) : nil)))
      case 3: blocks.append(.press(.init(pressurePa: between(0, 1e9), recovery: stream.uniform())))
      case 4: blocks.append(.rateTest(rates: [0.01, 1, 10]))
      default: blocks.append(.moisture(dose: stream.uniform()))
      }
    }
    return CyclingProtocol(
      blocks, formation: stream.uniform() < 0.5 ? .init(1 + stream.index(below: 5), conditions()) : nil)
  }
}

/// What is wrong with a trajectory; nil when nothing is.
private func complaint(_ r: AgeingTrajectory, asked: Int) -> String? {
  if let fault = r.fault { return "fault in \(fault.state) at \(fault.age)" }
  if r.ages.count != asked { return "\(r.ages.count) of \(asked) ages" }
  if !(r.life.map { $0 >= 0 && $0.isFinite } ?? true) { return "life" }
  if !r.failures.allSatisfy({ $0.age >= 0 && $0.age.isFinite }) { return "failure age" }
  let sound: [(String, [Double], ClosedRange<Double>)] = [
    ("retention", r.capacityRetention, 0...1e300), ("capacity", r.arealCapacityAhPerM2, 0...1e6),
    ("energy", r.arealEnergyWhPerM2, 0...1e7), ("resistance", r.areaResistanceOhmM2, 0...1e300),
    ("efficiency", r.coulombicEfficiency, 0...1),
    ("margins", r.margins.flatMap { [$0.chargeV, $0.dischargeV] }, -1e300...1e300),
    ("losses", r.losses.flatMap(\.values), -1e300...1e300),
    ("growth", r.resistanceGrowth.flatMap(\.values), -1e300...1e300),
    ("curves", r.curves.flatMap { $0.voltageV + $0.capacityAhPerM2 }, -1e300...1e300),
    ("check-ups", r.checkUps.flatMap { [$0.arealCapacityAhPerM2, $0.areaResistanceOhmM2] }, 0...1e300),
  ]
  for (name, values, range) in sound {
    if let bad = values.first(where: { !range.contains($0) }) { return "\(name) \(bad)" }
  }
  for s in r.states {
    if let bad = DegradationState.names.first(where: { !s[$0].isFinite }) { return "\(bad) \(s[bad])" }
    let shares = [
      s.contactFraction, s.percolatedFraction, s.crackDensity, s.spaceCharge, s.oxidisedFraction, s.coatingCoverage,
      s.protectionReserve, s.voidFraction,
    ]
    if let bad = shares.first(where: { !(-1e-9...1.000_000_001).contains($0) }) { return "share \(bad)" }
    let amounts = [
      s.interphaseThicknessM, s.rockSaltThicknessM, s.anodeInterphaseM, s.contactFatigue, s.shortHazard,
      s.stackPressurePa, s.timeS, s.throughputAhPerM2, s.lithiumMolPerM2,
    ]
    if let bad = amounts.first(where: { !($0 >= 0) }) { return "amount \(bad)" }
  }
  return nil
}

@Suite("Extreme designs")
struct ExtremeTests {
  @Test("10 000 random designs of −40…120 °C, 0…1000 MPa, 0.01…10C and 2…5 V end with sound numbers")
  func tenThousand() async throws {
    var wrong: [String] = []
    for batch in 0..<1250 {
      var draws = Draws(batch)
      var request = SimulationRequest(ages: [0, 1, 7, 150])
      request.cycling = draws.cycling()
      try request.cycling.validate()
      request.curveAges = [7]
      request.curvePoints = 5
      request.energyLimit = 0.7
      request.resistanceFactor = 2
      request.attribution = batch % 10 == 0
      let cells = try (0..<8).map { _ in try draws.cell() }
      for (k, r) in try await SulfideAgeing.run(cells, request).enumerated() {
        if let c = complaint(r, asked: 4) { wrong.append("batch \(batch), cell \(k): \(c)") }
      }
    }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(20))")
  }

  @Test("100 000 cycles of random cells end with sound numbers")
  func hundredThousandCycles() async throws {
    var cells: [SulfideCell] = []
    for k in 0..<64 {
      var draws = Draws(5000 + k)
      cells.append(try draws.cell())
    }
    var request = SimulationRequest(ages: [1, 1000, 1e5])
    request.attribution = true
    request.energyLimit = 0.7
    let runs = try await SulfideAgeing.run(cells, request, threads: 2)
    let wrong = runs.enumerated().compactMap { k, r in complaint(r, asked: 3).map { "cell \(k): \($0)" } }
    #expect(wrong.isEmpty, "\(wrong.count): \(wrong.prefix(20))")
  }

  @Test(
    "What no cell can have is refused by field, with the range",
    arguments: [
      ("stack_pressure_mpa", -1.0), ("active_mass_fraction", 1.2), ("cathode_porosity", -0.1), ("upper_cutoff_v", 2.0),
      ("temperature_celsius", .nan), ("temperature_celsius", -300), ("charge_c_rate", -1), ("charge_c_rate", .nan),
      ("discharge_c_rate", 0), ("discharge_c_rate", .infinity), ("c_rate_basis_mah_g", 0),
      ("counter_potential_v", .nan), ("areal_loading_mg_cm2", 0), ("electrolyte_mass_fraction", 1.01),
    ])
  func refused(field: String, value: Double) throws {
    let error = #expect(throws: DesignError.self) { try testDesign([field: value]) }
    #expect(error?.field == field)
    #expect(error?.allowed.isEmpty == false && error?.found.isEmpty == false)
  }

  @Test("Fractions that add up to more than the whole are refused; a current density is checked like a rate")
  func refusedTogether() {
    let crowded = ["active_mass_fraction": 0.8, "electrolyte_mass_fraction": 0.4]
    #expect(throws: DesignError.self) { try testDesign(crowded) }
    #expect(throws: Never.self) {
      try testDesign(["active_mass_fraction": 0.7, "electrolyte_mass_fraction": 0.27, "carbon_mass_fraction": 0.03])
    }
    for density in [-1, 0, .nan, 1e9] {
      let error = #expect(throws: DesignError.self) {
        try CellDesign(CellAttributes(numbers: ["current_density_ma_cm2": density]))
      }
      #expect(error?.field == "current_density_ma_cm2")
    }
  }
}
