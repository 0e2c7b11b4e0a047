import NumericalMethods
import Testing

@testable import DegradationPhysics

private func run(
  _ cell: SulfideCell, _ cycling: CyclingProtocol, ages: [Double], without: Set<Coupling> = []
) -> AgeingTrajectory {
  var request = SimulationRequest(ages: ages)
  request.cycling = cycling
  request.without = without
  return SulfideAgeing.run(cell, request)
}

/// A cell on which neither cycling nor time leaves a trace.
private func eternal(_ numbers: [String: Double] = [:]) throws -> SulfideCell {
  try testCell(["stack_pressure_mpa": 400].merging(numbers) { $1 }) {
    $0.stopMechanics()
    $0.stopChemistry()
  }
}

@Suite("Protocols")
struct ProtocolTests {
  @Test("Retention counts from the end of formation, under the conditions of each age")
  func formation() throws {
    let cell = try testCell()
    let slow = CycleConditions(chargeCRate: 0.05, dischargeCRate: 0.05)
    let r = run(
      cell, CyclingProtocol([.cycles(.init(1000))], formation: .init(4, slow)), ages: [0, 2, 4, 5, 50])
    // The reference: the state after four slow cycles, and what it gives at C/5 and at C/20.
    #expect(abs(r.capacityRetention[2] - 1) < 1e-8)
    #expect(r.arealCapacityAhPerM2[2] > r.arealCapacityAhPerM2[3] * 1.02)
    #expect(r.capacityRetention[0] > 1 && r.capacityRetention[3] < 1 && r.capacityRetention[3] > 0.97)
    #expect(abs(r.capacityRetention[0] - r.arealCapacityAhPerM2[0] / r.arealCapacityAhPerM2[2]) < 1e-8)
    // Without formation it counts from cycle 1.
    let plain = run(cell, .plain, ages: [0, 1, 50])
    // Reference and run search the same end points from different starts.
    #expect(abs(plain.capacityRetention[1] - 1) < 1e-8)
    #expect(abs(plain.capacityRetention[2] - plain.arealCapacityAhPerM2[2] / plain.arealCapacityAhPerM2[1]) < 1e-8)
  }

  @Test("A change of conditions shows in capacity, not in retention")
  func conditions() throws {
    let fast = CycleConditions(dischargeCRate: 1)
    let warm = CycleConditions(temperatureK: 333.15)
    let low = CycleConditions(upperCutoffV: 4.2)
    let r = run(
      try eternal(),
      CyclingProtocol([.cycles(.init(10)), .cycles(.init(10, fast)), .cycles(.init(10, warm)), .cycles(.init(10, low))]
      ),
      ages: [5, 15, 25, 35, 45])
    for q in r.capacityRetention { #expect(abs(q - 1) < 1e-6) }
    let q = r.arealCapacityAhPerM2
    #expect(q[1] < q[0] && q[2] > q[0] && q[3] < q[0] && abs(q[4] / q[0] - 1) < 1e-6)
    // Resistance knows temperature, not rate.
    #expect(abs(r.areaResistanceOhmM2[1] / r.areaResistanceOhmM2[0] - 1) < 1e-9)
    #expect(r.areaResistanceOhmM2[2] < 0.5 * r.areaResistanceOhmM2[0])
  }

  @Test("Blocks repeat in order; warm blocks age by their own clock")
  func blocks() throws {
    let cell = try testCell()
    let warm = CycleConditions(temperatureK: 333.15)
    let mixed = run(cell, CyclingProtocol([.cycles(.init(10)), .cycles(.init(10, warm))]), ages: [200])
    let cool = run(cell, .plain, ages: [200])
    let hot = run(cell, CyclingProtocol([.cycles(.init(1000, warm))]), ages: [200])
    func thickness(_ r: AgeingTrajectory) -> Double { r.states.last?.interphaseThicknessM ?? .nan }
    #expect(thickness(mixed) > thickness(cool) && thickness(mixed) < thickness(hot))
    // The design at that temperature and the block at that temperature are the same test.
    let design = run(try testCell(["temperature_celsius": 60]), .plain, ages: [200])
    #expect(abs(thickness(hot) / thickness(design) - 1) < 1e-12)
    #expect(abs((hot.capacityRetention.last ?? 0) - (design.capacityRetention.last ?? 1)) < 1e-12)
  }

  @Test("Check-ups and rate tests measure in their order and do not age the cell")
  func checkUps() throws {
    let cell = try testCell()
    let measured = run(
      cell,
      CyclingProtocol([
        .cycles(.init(50)), .checkUp(CycleConditions(chargeCRate: 0.05, dischargeCRate: 0.05)),
        .rateTest(rates: [2, 0.1, 1]),
      ]), ages: [10, 50, 200])
    let plain = run(cell, CyclingProtocol([.cycles(.init(50))]), ages: [10, 50, 200])
    #expect(measured.states == plain.states)
    // The search for end points begins elsewhere after a measurement.
    for (a, b) in zip(measured.arealCapacityAhPerM2, plain.arealCapacityAhPerM2) { #expect(abs(a / b - 1) < 1e-10) }
    let first = Array(measured.checkUps.prefix(4))
    #expect(first.map(\.age) == [50, 50, 50, 50])
    for (c, rate) in zip(first, [0.05, 2, 0.1, 1]) { #expect(abs(c.dischargeCurrentAPerM2 / (rate * 20) - 1) < 1e-12) }
    #expect(first[0].arealCapacityAhPerM2 > first[2].arealCapacityAhPerM2)
    #expect(first[2].arealCapacityAhPerM2 > first[3].arealCapacityAhPerM2)
    #expect(first[3].arealCapacityAhPerM2 > first[1].arealCapacityAhPerM2)
    #expect(Set(measured.checkUps.map(\.age)).isSubset(of: [50, 100, 150, 200]))
  }

  @Test("A rest is calendar time alone; hotter and higher potentials age more")
  func rest() throws {
    func stored(_ rest: CyclingProtocol.Rest?) throws -> DegradationState {
      let blocks: [CyclingProtocol.Block] = (rest.map { [.rest($0)] } ?? []) + [.cycles(.init(100))]
      return try #require(run(try testCell(), CyclingProtocol(blocks), ages: [0]).states.first)
    }
    let fresh = try stored(nil)
    let month = try stored(.init(durationS: 2.6e6))
    #expect(month.timeS == 2.6e6 && month.throughputAhPerM2 == 0)
    #expect(month.contactFatigue == 0 && abs(month.crackDensity - fresh.crackDensity) < 1e-15)
    #expect(abs(month.contactFraction - fresh.contactFraction) < 1e-15 && month.voidFraction == 0)
    #expect(month.interphaseThicknessM > fresh.interphaseThicknessM && month.spaceCharge > 0.99)
    #expect(
      month.oxidisedFraction > 0 && month.rockSaltThicknessM > 0 && month.anodeInterphaseM > fresh.anodeInterphaseM)
    let low = try stored(.init(durationS: 2.6e6, potentialV: 3.7))
    let hot = try stored(.init(durationS: 2.6e6, temperatureK: 333.15))
    #expect(
      low.interphaseThicknessM < month.interphaseThicknessM && low.oxidisedFraction < 0.1 * month.oxidisedFraction)
    #expect(hot.interphaseThicknessM > month.interphaseThicknessM && hot.rockSaltThicknessM > month.rockSaltThicknessM)
    // A rest in parts is the same rest, a year in twelve months too.
    for duration in [2.6e6, 3.15e7] {
      func oxidised(_ parts: Int) throws -> DegradationState {
        let part = CyclingProtocol.Block.rest(.init(durationS: duration / Double(parts)))
        let cycling = CyclingProtocol(Array(repeating: part, count: parts) + [.cycles(.init(9))])
        return try #require(run(try testCell(), cycling, ages: [0]).states.first)
      }
      let whole = try oxidised(1)
      let split = try oxidised(12)
      #expect(abs(split.interphaseThicknessM / whole.interphaseThicknessM - 1) < 1e-9)
      #expect(abs(split.rockSaltThicknessM / whole.rockSaltThicknessM - 1) < 1e-9)
      #expect(abs(split.oxidisedFraction / whole.oxidisedFraction - 1) < 3e-3)
    }
  }

  @Test("Re-pressing heals a share of the fatigue and restores or changes the pressure")
  func press() throws {
    let cell = try testCell(["upper_cutoff_v": 4.4])
    func pressed(_ press: CyclingProtocol.Press?) throws -> (DegradationState, Double) {
      let once: [CyclingProtocol.Block] = press.map { [.press($0)] } ?? []
      // One turn only: the second block outlasts the horizon.
      let r = run(cell, CyclingProtocol([.cycles(.init(100))] + once + [.cycles(.init(10_000))]), ages: [101])
      return (try #require(r.states.last), try #require(r.capacityRetention.last))
    }
    let (without, q) = try pressed(nil)
    let (half, healed) = try pressed(.init(recovery: 0.5))
    let (all, _) = try pressed(.init(pressurePa: 100e6, recovery: 1))
    #expect(abs(half.contactFatigue / without.contactFatigue - 0.5) < 0.02)
    #expect(half.contactFraction > without.contactFraction && healed > q)
    #expect(all.contactFatigue < 0.05 * without.contactFatigue)
    #expect(without.stackPressurePa < 50e6 && half.stackPressurePa > without.stackPressurePa)
    #expect(abs(all.stackPressurePa / 100e6 - 1) < 0.01)
    // What is not contact stays.
    #expect(half.interphaseThicknessM > 0.999 * without.interphaseThicknessM)
  }

  @Test("Moist air costs conductivity, cathode surface and contact, in proportion, for good")
  func moisture() throws {
    func exposed(_ dose: Double, sensitivity: Double = 1, at age: Double = 0) throws -> DegradationState {
      let cell = try testCell(["stack_pressure_mpa": 400]) {
        $0.stopMechanics()
        $0.stopChemistry()
        $0[.moistureSensitivity] = sensitivity
      }
      return try #require(
        run(cell, CyclingProtocol([.moisture(dose: dose), .cycles(.init(1000))]), ages: [age]).states.last)
    }
    let dry = try exposed(0)
    let wet = try exposed(1)
    #expect(dry.conductivityLeft == 1 && abs(wet.conductivityLeft - 0.5) < 1e-12)
    #expect(abs(wet.rockSaltThicknessM - dry.rockSaltThicknessM - 2e-9) < 1e-15)
    #expect(abs(wet.contactFraction / dry.contactFraction - 0.9) < 1e-9)
    #expect(abs((try exposed(1, at: 200)).contactFraction / (try exposed(0, at: 200)).contactFraction - 0.9) < 1e-9)
    #expect(abs((try exposed(1, sensitivity: 0.3)).conductivityLeft - 0.85) < 1e-12)
  }

  @Test("Pressure drifts from what was set towards its final share, and the weight of the parts remains")
  func pressure() throws {
    let cell = try testCell {
      $0.stopChemistry()
      $0[.pressureRelaxation] = 1e6
      $0[.pressureFinalShare] = 0.6
    }
    let r = SulfideAgeing.run(cell, SimulationRequest(ages: [10, 400]))
    let t = r.states[0].timeS
    #expect(abs(r.states[0].stackPressurePa / (50e6 * (0.6 + 0.4 * _exp(-t / 1e6))) - 1) < 1e-9)
    #expect(abs(r.states[1].stackPressurePa / 30e6 - 1) < 1e-3)
    let loose = SulfideAgeing.run(try testCell(["stack_pressure_mpa": 0]), SimulationRequest(ages: [5]))
    #expect((loose.states.last?.stackPressurePa ?? 0) > 0 && loose.fault == nil)
  }

  @Test("A protocol that cannot be carried out is refused by block and field")
  func refused() {
    typealias Block = CyclingProtocol.Block
    let one = Block.cycles(.init(1))
    let faults: [(CyclingProtocol, Int, String)] = [
      (CyclingProtocol([]), 0, "blocks"),
      (CyclingProtocol([.rest(.init(durationS: 1))]), 1, "blocks"),
      (CyclingProtocol([.cycles(.init(0))]), 1, "count"),
      (CyclingProtocol([one], formation: .init(0)), 0, "count"),
      (CyclingProtocol([one, .cycles(.init(1, CycleConditions(dischargeCRate: -1)))]), 2, "discharge_c_rate"),
      (CyclingProtocol([.checkUp(CycleConditions(chargeCRate: .nan)), one]), 1, "charge_c_rate"),
      (CyclingProtocol([.checkUp(CycleConditions(upperCutoffV: 2.5, lowerCutoffV: 4)), one]), 1, "upper_cutoff_v"),
      (CyclingProtocol([.checkUp(CycleConditions(temperatureK: 25)), one]), 1, "temperature_k"),
      (CyclingProtocol([.checkUp(CycleConditions(chargeEndShare: 0)), one]), 1, "charge_end_share"),
      (CyclingProtocol([.checkUp(CycleConditions(restS: -1)), one]), 1, "rest_s"),
      (CyclingProtocol([one, .rest(.init(durationS: -5))]), 2, "duration_s"),
      (CyclingProtocol([one, .rest(.init(durationS: 1, potentialV: 9))]), 2, "potential_v"),
      (CyclingProtocol([one, .press(.init(pressurePa: -1, recovery: 0))]), 2, "pressure_pa"),
      (CyclingProtocol([one, .press(.init(recovery: 1.5))]), 2, "recovery"),
      (CyclingProtocol([one, .rateTest(rates: [0.1, 0])]), 2, "rates"),
      (CyclingProtocol([one, .moisture(dose: 2)]), 2, "dose"),
    ]
    for (cycling, block, field) in faults {
      let error = #expect(throws: ProtocolError.self) { try cycling.validate() }
      #expect(error?.field == field && error?.block == block, "\(field)")
    }
    #expect(throws: Never.self) { try CyclingProtocol.plain.validate() }
  }
}
