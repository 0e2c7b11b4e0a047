import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Losses by mechanism")
struct AttributionTests {
  @Test("Parts of capacity and of resistance add up within 1e-9, before the reference too", arguments: [4.3, 4.5])
  func sums(cutoff: Double) throws {
    for anode in ["LiIn", "silicon"] {
      let cell = try testCell(["upper_cutoff_v": cutoff], anode: anode) {
        $0[.inventoryLoss] = 1e-4
        $0[.initialCoverage] = 0.5
        $0[.catholyteContactGrowth] = 1e-7
      }
      var request = SimulationRequest(ages: [0, 1, 30, 100, 250])
      request.attribution = true
      request.cycling = CyclingProtocol([.cycles(.init(60)), .moisture(dose: 0.2)], formation: .init(3))
      let r = SulfideAgeing.run(cell, request)
      #expect(r.losses.count == r.ages.count && r.resistanceGrowth.count == r.ages.count)
      let reference = try #require(
        SulfideAgeing.run(
          cell,
          {
            var q = request
            q.ages = [3]
            return q
          }()
        ).areaResistanceOhmM2.last)
      for k in r.ages.indices {
        #expect(abs(r.losses[k].values.reduce(0, +) - (1 - r.capacityRetention[k])) < 1e-9)
        #expect(
          abs(r.resistanceGrowth[k].values.reduce(0, +) - (r.areaResistanceOhmM2[k] - reference)) < 1e-9)
      }
    }
  }

  @Test(
    "A mechanism that is off has no part, and the others keep theirs",
    arguments: [Mechanism.cracking, .spaceCharge, .electrolyteOxidation, .rockSalt, .anode, .contactLoss])
  func offMechanism(mechanism: Mechanism) throws {
    let cell = try testCell(["upper_cutoff_v": 4.4, "stack_pressure_mpa": 400]) {
      switch mechanism {
      case .cracking: $0[.crackRate] = 0
      case .spaceCharge: $0[.spaceChargeResistance] = 0
      case .electrolyteOxidation: $0[.oxidationRate] = 0
      case .rockSalt: $0[.rockSaltRate] = 0
      case .anode: $0[.anodeReaction] = 0
      default:
        $0[.fatigueRate] = 0
        $0[.gapShare] = 0
      }
    }
    var request = SimulationRequest(ages: [200])
    request.attribution = true
    let r = SulfideAgeing.run(cell, request)
    let loss = try #require(r.losses.last)
    let growth = try #require(r.resistanceGrowth.last)
    #expect(abs(loss[mechanism]) < 1e-9)
    #expect(abs(growth[mechanism]) < 1e-12)
    for other in MechanismShares.mechanisms where other != mechanism && other != .anode {
      #expect(growth[other] > 0, "\(other)")
    }
    #expect(loss.dominant != mechanism)
  }

  @Test("Two mechanisms that do the same have equal parts")
  func symmetry() throws {
    // A layer of 20 nm of 8e6 Ω m is as much as a full space charge of 0.16 Ω m² on the active surface.
    let cell = try testCell { $0[.initialInterphase] = 0 }
    PotentialViews.with { views in
      var twin = cell
      twin.parameters[.spaceChargeResistance] = 0.16 * 1e-1
      let c = LaneCell([twin], CycleConditions(), without: [])
      let fresh = LaneState(fresh: c)
      var aged = fresh
      aged.spaceCharge = Lanes(repeating: 1)
      aged.interphase = c.spaceChargeResistance / c.interphaseResistivity
      let e = LaneElectrode(c, fresh)
      let ends = e.endPoints(c, from: EndPoints(), views)
      let block = LaneBlock(c, e, ends, views)
      let parts = LaneAttribution(c, reference: fresh, aged: aged, ends: ends, block, views)
      let loss = MechanismShares(values: parts.capacity.map { $0[0] })
      let growth = MechanismShares(values: parts.resistance.map { $0[0] })
      #expect(loss[.cathodeInterphase] > 1e-4)
      #expect(abs(loss[.cathodeInterphase] - loss[.spaceCharge]) < 1e-9)
      #expect(abs(growth[.cathodeInterphase] - growth[.spaceCharge]) < 1e-12)
      for other in [Mechanism.contactLoss, .cracking, .rockSalt, .electrolyteOxidation, .anode] {
        #expect(abs(loss[other]) < 1e-12)
      }
      #expect(loss[.unexplained] == 0)
    }
  }
}
