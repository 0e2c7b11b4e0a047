import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Identifiability")
struct IdentifiabilityTests {
  private let ages = [1.0, 5, 10, 20, 40, 60, 80, 120, 160, 200]

  private func report(_ cell: SulfideCell, resistance: Bool) async throws -> IdentifiabilityReport {
    try await IdentifiabilityReport(
      CalibrationData([CellObservations(planned: cell, ages: ages, resistance: resistance)]), threads: 2)
  }

  @Test("Two hundred cycles move few directions, more with resistance; most parameters stay at their prior")
  func counts() async throws {
    for cell in [
      try TwinCells.single(["upper_cutoff_v": 4.5, "discharge_c_rate": 0.5]), try TwinCells.poly(),
    ] {
      let capacity = try await report(cell, resistance: false)
      let both = try await report(cell, resistance: true)
      // The prototype saw 2 to 3 and 4 to 5 of 16 parameters; this model sees 2 to 3 and 3 to 4 of 40.
      #expect((2...4).contains(capacity.identified))
      #expect((3...6).contains(both.identified) && both.identified > capacity.identified)
      #expect(both.unmoved.count > both.parameters.count / 2)
      #expect(zip(capacity.singularValues, both.singularValues).allSatisfy { $0 <= $1 + 1e-9 })
      #expect(both.parameters.allSatisfy { $0.spreadRatio > 0 && $0.spreadRatio <= 1 + 1e-9 })
    }
  }

  @Test("The product of interphase resistivity and growth leads; contact follows; moisture and shorts are not seen")
  func leaders() async throws {
    // Of a cell whose interphase leads, whatever the nominal values are.
    let r = try await report(try testCell(["upper_cutoff_v": 4.5, "discharge_c_rate": 0.5]), resistance: true)
    let first = try #require(r.directions.first)
    #expect(first.parts[0].parameter == .interphaseResistivity)
    let growth = try #require(first.parts.first { $0.parameter == .interphaseDiffusion })
    // Only ρ√D acts: in units of spread (.58 and .64) the ratio of the parts is .5 · .64/.58 = .55.
    #expect(abs(growth.weight / first.parts[0].weight - 0.55) < 0.08)
    #expect(r.directions[1].parts.contains { [.fatigueRate, .initialContact, .contactPatches].contains($0.parameter) })
    #expect(Set(r.unmoved).isSuperset(of: [.crackRate, .rockSaltRate, .oxidationRate, .shortRate]))
  }

  @Test("A longer and a more precise test never identifies less")
  func moreData() async throws {
    let cell = try TwinCells.single()
    func values(_ ages: [Double], _ sd: Double) async throws -> [Double] {
      var noise = ObservationNoise()
      noise.retention = sd
      return try await IdentifiabilityReport(
        CalibrationData([CellObservations(planned: cell, ages: ages, resistance: false, noise: noise)])
      ).singularValues
    }
    let short = try await values([1, 20, 60], 0.005)
    // Steps land on other ages, which moves responses by parts in a thousand.
    #expect(zip(short, try await values([1, 20, 60, 120], 0.005)).allSatisfy { $0 < 1.02 * $1 })
    let precise = try await values([1, 20, 60], 0.0025)
    #expect(zip(short, precise).allSatisfy { abs($1 / $0 - 2) < 1e-6 || $0 < 1e-3 })
  }
}
