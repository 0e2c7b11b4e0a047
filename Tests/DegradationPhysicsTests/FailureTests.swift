import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("How cells end")
struct FailureTests {
  @Test("V11: at a constant hazard λ the share of shorted cells is 1 − e^(−λt), within binomial error of 10 000 cells")
  func binomial() async throws {
    let base = try testCell(["stack_pressure_mpa": 400], anode: "Li") {
      $0.stopMechanics()
      $0.stopChemistry()
      $0[.shortRate] = 5.6e-8
      $0[.shortPressure] = 1e9
    }
    let n = 10_000
    let cells = (0..<n).map { k in
      var cell = base
      var stream = RandomStream(seed: 11, purpose: "short", key: UInt64(k))
      cell.shortThreshold = -_log(stream.uniform())
      return cell
    }
    let ages = [20.0, 60, 150]
    let runs = try await SulfideAgeing.run(cells, SimulationRequest(ages: ages), threads: 2)
    let hazard = runs[0].states.map(\.shortHazard)
    let time = runs[0].states.map(\.timeS)
    #expect(hazard[2] > 0.1)
    for k in ages.indices {
      #expect(abs(hazard[k] / hazard[0] / (time[k] / time[0]) - 1) < 1e-9)
      let expected = 1 - _exp(-hazard[k])
      let shorted = Double(runs.filter { r in r.failures.contains { $0.mode == .short && $0.age <= ages[k] } }.count)
      let sd = (expected * (1 - expected) / Double(n)).squareRoot()
      #expect(abs(shorted / Double(n) - expected) < 4 * sd, "\(shorted) of \(n), expected \(expected)")
    }
    // The age itself: hazard is linear in it.
    let rate = hazard[2] / ages[2]
    for (cell, r) in zip(cells.prefix(200), runs) {
      if let short = r.failures.first(where: { $0.mode == .short }), short.age > 2 {
        #expect(abs(short.age * rate / cell.shortThreshold - 1) < 1e-6)
      }
    }
  }

  @Test("Life is where the straight line between two steps meets the limit")
  func interpolation() throws {
    let cell = try testCell(["upper_cutoff_v": 4.4])
    var request = SimulationRequest(ages: (1...600).map(Double.init))
    request.limit = 0.85
    let r = SulfideAgeing.run(cell, request)
    let life = try #require(r.life)
    let k = try #require(r.capacityRetention.firstIndex { $0 <= 0.85 })
    let (a, b) = (r.capacityRetention[k - 1], r.capacityRetention[k])
    #expect(abs(life - (r.ages[k - 1] + (a - 0.85) / (a - b))) < 1e-9)
    #expect(r.failures.contains { $0.mode == .capacity && $0.age == life })
    // Long steps give the same life within their error.
    let plain = try #require(SulfideAgeing.run(cell, .life(horizon: 600, limit: 0.85)).life)
    #expect(abs(plain / life - 1) < 0.01)
    #expect(SulfideAgeing.run(cell, .life(horizon: life - 1, limit: 0.85)).life == nil)
  }

  @Test("Energy and resistance fail at their own limits")
  func energyAndResistance() throws {
    var request = SimulationRequest(ages: (1...400).map(Double.init))
    request.energyLimit = 0.9
    request.resistanceFactor = 1.3
    request.limit = 0.5
    let r = SulfideAgeing.run(try testCell(["upper_cutoff_v": 4.4]), request)
    let energy = try #require(r.failures.first { $0.mode == .energy }).age
    let resistance = try #require(r.failures.first { $0.mode == .resistance }).age
    #expect(abs(interpolate(energy, r.ages, r.arealEnergyWhPerM2) / r.arealEnergyWhPerM2[0] - 0.9) < 1e-6)
    #expect(abs(interpolate(resistance, r.ages, r.areaResistanceOhmM2) / r.areaResistanceOhmM2[0] - 1.3) < 1e-6)
    #expect(r.failures == r.failures.sorted { $0.age < $1.age } && r.failure == r.failures.first)
    // Energy fades before capacity: polarisation takes its part.
    #expect(interpolate(energy, r.ages, r.capacityRetention) > 0.9)
    request.energyLimit = nil
    request.resistanceFactor = nil
    let fewer = SulfideAgeing.run(try testCell(["upper_cutoff_v": 4.4]), request).failures
    #expect(!fewer.contains { $0.mode == .energy || $0.mode == .resistance })
  }

  @Test("Contact collapse: contact times connection at 0.15, or an anode hollowed by voids")
  func contact() throws {
    let worn = try testCell(["upper_cutoff_v": 4.2, "discharge_c_rate": 0.05]) {
      $0[.fatigueRate] = 0.02
      $0[.contactShape] = 1
    }
    let r = SulfideAgeing.run(worn, SimulationRequest(ages: (0...300).map(Double.init)))
    let age = try #require(r.failures.first { $0.mode == .contact }).age
    let product = r.states.map { $0.contactFraction * $0.percolatedFraction }
    #expect(abs(interpolate(age, r.ages, product) - 0.15) < 1e-6)

    let hollow = try testCell(["discharge_c_rate": 1, "stack_pressure_mpa": 1], anode: "Li") {
      $0.stopMechanics()
      $0[.voidRate] = 0.05
      $0[.voidClosure] = 0.001
    }
    let v = SulfideAgeing.run(hollow, SimulationRequest(ages: [400]))
    #expect(v.failures.contains { $0.mode == .contact })
    #expect(try #require(v.states.last).voidFraction > 0.9 && v.fault == nil)
  }

  @Test("Lithium consumed on silicon ends the life as inventory; a large excess on Li-In never does")
  func inventory() throws {
    func run(_ anode: String, loss: Double) throws -> AgeingTrajectory {
      let cell = try testCell(["stack_pressure_mpa": 100], anode: anode) {
        $0.stopMechanics()
        $0.stopChemistry()
        $0[.inventoryLoss] = loss
        $0[.anodeInitialContent] = anode == "silicon" ? 0 : 0.5
      }
      return SulfideAgeing.run(cell, SimulationRequest(ages: [1, 200, 400, 1000]))
    }
    let silicon = try run("silicon", loss: 4.5e-4)
    let life = try #require(silicon.life)
    #expect(silicon.failure?.mode == .inventory)
    // A fifth of the capacity, after the lithium the cathode keeps at the end of the first discharge.
    #expect((300...900).contains(life), "\(life)")
    #expect(zip(silicon.capacityRetention, silicon.capacityRetention.dropFirst()).allSatisfy { $0 > $1 })
    let alloy = try run("LiIn", loss: 4.5e-4)
    #expect(alloy.life == nil && abs((alloy.capacityRetention.last ?? 0) - 1) < 1e-3)
    // A sloping anode is no empty anode: the same silicon with lithium to spare fails by capacity.
    let polarised = try testCell(["upper_cutoff_v": 4.5], anode: "silicon") { $0[.anodeInitialContent] = 0.3 }
    let p = SulfideAgeing.run(polarised, SimulationRequest(ages: [600]))
    #expect(p.failures.contains { $0.mode == .capacity } && !p.failures.contains { $0.mode == .inventory })
  }

  @Test("Long after its lithium is gone a cell reports nothing but zeros")
  func exhausted() throws {
    let cell = try testCell(anode: "silicon") {
      $0[.inventoryLoss] = 1e-2
      $0[.anodeInitialContent] = 0
    }
    var request = SimulationRequest(ages: [10, 1000, 20_000])
    request.attribution = true
    request.energyLimit = 0.7
    let r = SulfideAgeing.run(cell, request)
    #expect(r.fault == nil && r.capacityRetention[1] == 0 && r.capacityRetention[2] == 0)
    #expect(r.arealEnergyWhPerM2[2] == 0 && r.coulombicEfficiency.allSatisfy { (0...1).contains($0) })
    #expect(r.states.allSatisfy { $0.lithiumMolPerM2 >= 0 })
    #expect(abs(r.losses[2].values.reduce(0, +) - 1) < 1e-9)
    #expect(r.failures.contains { $0.mode == .contact })
  }

  @Test("A cell that gives nothing from the start has no retention and its life ends at the reference")
  func deadOnArrival() throws {
    let cell = try testCell(["discharge_c_rate": 200])
    let r = SulfideAgeing.run(cell, SimulationRequest(ages: [0, 1, 100]))
    #expect(r.capacityRetention == [0, 0, 0] && r.life == 1 && r.fault == nil)
    #expect(r.states.allSatisfy { s in DegradationState.names.allSatisfy { s[$0].isFinite } })
    // Nothing is cycled, so nothing is strained.
    #expect((r.states.last?.contactFatigue ?? 1) < 1e-200)
  }

  @Test("Numerics that fail are marked with the step and the state, and what came before is kept")
  func fault() throws {
    let cell = try testCell { $0[.interphaseResistivity] = .infinity }
    let r = SulfideAgeing.run(cell, SimulationRequest(ages: [0, 10]))
    #expect(r.fault != nil && r.ages.count < 2)
    let broken = try testCell { $0[.oxidationRate] = .nan }
    var request = SimulationRequest(ages: [0, 2, 30])
    request.cycling = CyclingProtocol([.cycles(.init(10))], formation: .init(5))
    let b = SulfideAgeing.run(broken, request)
    // By the end of the first step it has gone through all states.
    #expect(b.fault?.age == 1 && DegradationState.names.contains(b.fault?.state ?? ""))
    #expect(b.ages == [0])
  }

  @Test("The knee of two straight lines is where they meet; a line, a root and a slowing fade have none")
  func knee() {
    let ages = (0...100).map { 10 * Double($0) }
    func curve(_ bend: Double, noise: Double) -> [Double] {
      var stream = RandomStream(seed: 3, purpose: "knee")
      return ages.map { 1 - 1e-4 * $0 - 8e-4 * max(0, $0 - bend) + noise * stream.normal() }
    }
    for bend in [300.0, 600, 850] {
      #expect(Knee.age(ages, curve(bend, noise: 0)) == bend)
      #expect(abs((Knee.age(ages, curve(bend, noise: 2e-3)) ?? 0) - bend) <= 20)
    }
    #expect(Knee.age(ages, ages.map { 1 - 2e-4 * $0 }) == nil)
    #expect(Knee.age(ages, ages.map { 1 - 0.01 * $0.squareRoot() }) == nil)
    #expect(Knee.age(ages, ages.map { 0.8 + 0.2 * _exp(-$0 / 200) }) == nil)
    #expect(Knee.age(ages, ages.map { _ in 1 }) == nil)
    #expect(Knee.age(Array(ages.prefix(5)), Array(curve(300, noise: 0).prefix(5))) == nil)
    // A fade that turns steep gradually bends late in the record.
    let gradual = Knee.age(ages, ages.map { 1 - 0.05 * $0 / 1000 - 0.4 * _pow($0 / 1000, 8) })
    #expect((600...950).contains(gradual ?? 0))
  }
}
