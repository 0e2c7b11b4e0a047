import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Averages over a cycle, end points and energy")
struct DriveTests {
  private static func midpoints(_ n: Int) -> [(at: Double, weight: Double)] {
    (0..<(n / 2)).map { ((Double($0) + 0.5) / Double(n), 1 / Double(n)) }
  }

  @Test(
    "Eight Gauss points are at least as close to the integral as twelve midpoints",
    arguments: [(4.2, 0.2), (4.3, 0.2), (4.3, 1.0), (4.4, 0.5), (4.5, 0.2), (4.6, 0.1)])
  func quadrature(cutoff: Double, rate: Double) throws {
    Bench.with(try testCell(["upper_cutoff_v": cutoff, "discharge_c_rate": rate])) { b in
      let e = b.electrode
      let ends = b.ends
      func drive(_ nodes: [(at: Double, weight: Double)]) -> [Double] {
        let d = LaneDrive(b.cell, e, ends, capacity: e.capacity(ends), b.views, nodes: nodes)
        return [d.chemical[0], d.oxidation[0], d.oxygen[0]]
      }
      #expect(abs(2 * LaneDrive.nodes.reduce(0) { $0 + $1.weight } - 1) < 1e-15)
      let exact = drive(Self.midpoints(400))
      let gauss = drive(LaneDrive.nodes)
      let even = drive(Self.midpoints(12))
      for k in 0..<3 {
        #expect(abs(gauss[k] / exact[k] - 1) <= abs(even[k] / exact[k] - 1) + 1e-4, "factor \(k)")
        #expect(abs(gauss[k] / exact[k] - 1) < 0.02, "factor \(k)")
      }
    }
  }

  @Test(
    "Voltages at the end points are the cut-offs; charge and discharge voltages never rise with lithium content",
    arguments: ["LiIn", "graphite", "silicon"])
  func endPoints(anode: String) throws {
    for rate in [0.05, 0.2, 1, 3] {
      let cell = try testCell(["discharge_c_rate": rate], anode: anode) { $0[.anodeCapacityRatio] = 1.5 }
      Bench.with(cell) { b in
        let e = b.electrode
        let ends = b.ends
        #expect(abs(e.charge(b.cell.endCurrent, ends.charged, b.views).value[0] - b.cell.upperCell[0]) < 1e-6)
        if b.capacity > 0 {
          let v = e.discharge(b.cell.dischargeCurrent, ends.discharged, b.views).value[0]
          #expect(abs(v - b.cell.lowerCell[0]) < 1e-6)
        }
        var last = (charge: Double.infinity, discharge: Double.infinity)
        for x in stride(from: 0.021, to: 0.998, by: 0.002) {
          let c = e.charge(b.cell.chargeCurrent, Lanes(repeating: x), b.views).value[0]
          let d = e.discharge(b.cell.dischargeCurrent, Lanes(repeating: x), b.views).value[0]
          #expect(c <= last.charge && d <= last.discharge, "x \(x), \(rate)C")
          last = (c, d)
        }
      }
    }
  }

  @Test("End points do not depend on where the search begins")
  func anyStart() throws {
    for rate in [0.1, 1, 4] {
      Bench.with(try testCell(["discharge_c_rate": rate], anode: "silicon")) { b in
        let e = b.electrode
        for (charged, discharged) in [(0.02, 0.9985), (0.9985, 0.02), (0.5, 0.5), (0.95, 0.97)] {
          let start = EndPoints(charged: Lanes(repeating: charged), discharged: Lanes(repeating: discharged))
          let found = e.endPoints(b.cell, from: start, b.views)
          #expect(abs(found.charged[0] - b.ends.charged[0]) < 1e-9)
          #expect(abs(found.discharged[0] - b.ends.discharged[0]) < 1e-9)
        }
      }
    }
  }

  @Test("Slopes of both voltages are their derivatives")
  func slopes() throws {
    Bench.with(try testCell(["discharge_c_rate": 0.5], anode: "graphite")) { b in
      let e = b.electrode
      let i = b.cell.dischargeCurrent
      for x in stride(from: 0.1, to: 0.9, by: 0.013) {
        let h = 1e-7
        func difference(_ v: (Lanes) -> Lanes) -> Double {
          (v(Lanes(repeating: x + h))[0] - v(Lanes(repeating: x - h))[0]) / (2 * h)
        }
        let d = e.discharge(i, Lanes(repeating: x), b.views).slope[0]
        #expect(abs(difference { e.discharge(i, $0, b.views).value } / d - 1) < 1e-3, "discharge at \(x)")
        let c = e.charge(i, Lanes(repeating: x), b.views).slope[0]
        if abs(x - 0.8) > 1e-3 {
          #expect(abs(difference { e.charge(i, $0, b.views).value } / c - 1) < 1e-3, "charge at \(x)")
        }
      }
    }
  }

  @Test("Energy is the area under the reported curve; the curve falls from the rested cell to the cut-off")
  func energy() throws {
    let cell = try testCell()
    var request = SimulationRequest(ages: [50])
    request.curveAges = [50]
    request.curvePoints = 2001
    let r = SulfideAgeing.run(cell, request)
    let curve = try #require(r.curves.first)
    var area = 0.0
    for k in 1..<curve.voltageV.count {
      area +=
        0.5 * (curve.voltageV[k] + curve.voltageV[k - 1]) * (curve.capacityAhPerM2[k] - curve.capacityAhPerM2[k - 1])
    }
    // Sixteen Gauss points across the bends of the open-circuit curve: 1.6e-4.
    #expect(abs(area / (try #require(r.arealEnergyWhPerM2.last)) - 1) < 5e-4)
    #expect(abs((curve.capacityAhPerM2.last ?? 0) / (try #require(r.arealCapacityAhPerM2.last)) - 1) < 1e-12)
    #expect(zip(curve.voltageV, curve.voltageV.dropFirst()).allSatisfy { $0 > $1 })
    #expect(abs((curve.voltageV.last ?? 0) - (2.5 - 0.62)) < 1e-6)
  }

  @Test("A cut-off out of reach ends at the edge of the curve; no window gives no capacity")
  func unreachable() throws {
    func capacity(_ lower: Double, _ upper: Double, rate: Double = 1e-4) throws -> Double {
      let cell = try testCell(["lower_cutoff_v": lower, "upper_cutoff_v": upper, "discharge_c_rate": rate]) {
        $0[.diffusivity] = 1e-10
      }
      return Bench.with(cell) { $0.capacity }
    }
    let whole = try capacity(1.0, 4.3)
    #expect(abs(whole / (try capacity(1.5, 4.3)) - 1) < 1e-12)
    #expect(try capacity(2.5, 5.9) <= 0.1 * 275.5)
    #expect(abs((try capacity(2.5, 5.9)) / (try capacity(2.5, 5.8)) - 1) < 1e-12)
    // 200C cannot be delivered.
    #expect(try capacity(2.5, 4.3, rate: 200) == 0)
  }
}
