import NumericalMethods
import Testing

@testable import DegradationPhysics

/// Quantities at one aged state, before anything has moved.
private func quantities(_ cell: SulfideCell, without off: Set<Coupling>) -> [String: Double] {
  Bench.with(
    cell, without: off,
    { s in
      s.contact = Lanes(repeating: 0.6)
      s.fatigue = Lanes(repeating: 0.05)
      s.cracks = Lanes(repeating: 0.3)
      s.interphase = Lanes(repeating: 20e-9)
      s.oxidised = Lanes(repeating: 0.05)
      s.rockSalt = Lanes(repeating: 2e-9)
      s.spaceCharge = Lanes(repeating: 0.8)
    }
  ) { b in
    let e = b.electrode
    let i = b.cell.dischargeCurrent
    let half = Lanes(repeating: 0.5)
    // Fixed end points: what the arrows do through capacity is second order.
    let drive = LaneDrive(b.cell, e, EndPoints(), capacity: Lanes(repeating: 15), b.views)
    let r = LaneRates(b.cell, b.state, e, drive, capacity: Lanes(repeating: 15), current: i)
    let next = r.advance(b.state, b.cell, cycles: 1, time: Lanes(repeating: 3e4))
    let values: [String: Lanes] = [
      "contact": e.contact, "connected": e.percolated, "area": e.area, "catholyte": e.catholyte,
      "kinetics": e.overpotential(i, half) * e.area, "profile": e.shift(i, half) * e.area,
      "shared lithium": next.lithium - e.inactive * b.cell.inventoryFollows, "potential": drive.chemical,
      "strain": drive.strain, "contact target": r.contactTarget, "fatigue": r.fatiguePerCycle,
      "healing": r.healingPerCycle, "cracking": r.crackPerCycle, "interphase": r.reaction / drive.chemical,
      "oxidation": r.oxidationPerS / drive.oxidation, "rock salt": r.rockSaltPerS / drive.oxygen,
      "coating wear": r.coatingWearPerCycle,
    ]
    return values.mapValues { $0[0] }
  }
}

@Suite("Couplings")
struct CouplingTests {
  /// Cells in which every arrow carries something.
  private static func cell() throws -> SulfideCell {
    try testCell(["upper_cutoff_v": 4.4, "lower_cutoff_v": 2.0]) {
      $0[.healingRate] = 0.02
      $0[.initialCoverage] = 0.5
      $0[.interphaseOxidationWeight] = 0
    }
  }

  /// What follows from another potential at the surface.
  private static let chemistry: Set<String> = ["potential", "coating wear", "shared lithium"]
  /// What follows from another current per active area.
  private static let crowding: Set<String> = chemistry.union(["area", "kinetics", "fatigue", "cracking", "oxidation"])

  /// What each arrow acts on at first order; "oxidation" is beyond its own potential factor, by the oxygen released.
  static let effects: [Coupling: Set<String>] = [
    .interphaseToContact: ["fatigue"],
    .contactToCurrent: crowding,
    .fatigueToGap: ["contact target"],
    .polarisationToChemistry: chemistry.union(["oxidation"]),
    .cracksToSurface: ["interphase", "rock salt", "oxidation", "shared lithium"],
    .cracksToDiffusion: chemistry.union(["profile", "cracking", "oxidation"]),
    .cracksToIsolation: crowding.union(["connected"]),
    .diffusionToCracks: ["cracking"],
    .oxygenToOxidation: ["oxidation", "shared lithium"],
    .oxidationToConduction: ["catholyte"],
    .rockSaltToKinetics: chemistry.union(["kinetics"]),
    .wearToCoating: ["coating wear"],
    .oxidationToHealing: ["healing"],
    .sideReactionsToInventory: ["shared lithium"],
  ]

  @Test("Each switch changes what its arrow points at, and nothing else at first order", arguments: Coupling.allCases)
  func firstOrder(coupling: Coupling) throws {
    let cell = try Self.cell()
    let on = quantities(cell, without: [])
    let off = quantities(cell, without: [coupling])
    let changed = Set(on.keys.filter { abs((off[$0] ?? .nan) / (on[$0] ?? .nan) - 1) > 1e-9 })
    #expect(changed == Self.effects[coupling])
  }

  @Test(
    "Each arrow is felt in a life: capacity, or the states it drives, end up different", arguments: Coupling.allCases)
  func felt(coupling: Coupling) throws {
    let cell = try Self.cell()
    var request = SimulationRequest(ages: [200])
    let on = SulfideAgeing.run(cell, request)
    request.without = [coupling]
    #expect(SulfideAgeing.run(cell, request).states != on.states)
  }

  @Test("Bare at 4.5 V the couplings reinforce each other, and the interphase's stress on contacts is a large part")
  func loopGain() throws {
    let cell = try testCell(["upper_cutoff_v": 4.5])
    let gain = SulfideAgeing.loopGain(cell, age: 200)
    #expect(gain > 1, "\(gain)")
    var request = SimulationRequest(ages: [200])
    let all = try #require(SulfideAgeing.run(cell, request).capacityRetention.last)
    request.without = [.interphaseToContact]
    #expect(try #require(SulfideAgeing.run(cell, request).capacityRetention.last) > all)
  }

  @Test("A cell that does not fade without couplings has no loop gain")
  func noGain() throws {
    let cell = try testCell(["stack_pressure_mpa": 400]) {
      $0.stopMechanics()
      $0.stopChemistry()
    }
    #expect(SulfideAgeing.loopGain(cell, age: 100).isNaN)
  }
}
