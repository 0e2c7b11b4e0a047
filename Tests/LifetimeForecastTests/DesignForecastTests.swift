import BatteryData
import CellModel
import Foundation
import Testing

@testable import DegradationPhysics
@testable import LifetimeForecast

/// Designs that have not been built, and how far they are from what was published.
@Suite struct DesignForecastTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test("The table of the published domain is that of the shipped literature")
  func publishedDomain() throws {
    let dataset = try DatasetReader.read(Self.root.appendingPathComponent("datasets/sulfide-literature").path)
    for (column, stated) in PublishedDomain.columns {
      let found = dataset.cells.compactMap { $0.attributes.numbers[column] }.filter(\.isFinite)
      #expect(found.count == stated.cells && Set(found).count == stated.values, "\(column)")
      #expect(found.min() == stated.range.lowerBound && found.max() == stated.range.upperBound, "\(column)")
    }
    for (column, words) in PublishedDomain.words {
      #expect(Set(dataset.cells.compactMap { $0.attributes.text(column) }).isSubset(of: words), "\(column)")
    }
    #expect(PublishedDomain.objection("stack_pressure_mpa", 20) == nil)
    #expect(PublishedDomain.objection("stack_pressure_mpa", 400) != nil)
    #expect(PublishedDomain.objection("particle_d50_um", 5) != nil, "two values are no variation")
    #expect(PublishedDomain.objection("separator_thickness_um", 30) != nil)
    #expect(PublishedDomain.objection("morphology", "single") == nil)
    #expect(PublishedDomain.objection("morphology", "flakes") != nil)
  }

  @Test("What is said of a design does not hang on its company, and shares its random numbers with the others")
  func independent() async throws {
    let path = Self.root.appendingPathComponent("models/sulfide-nmc811.solidfade").path
    let model = try await LifetimeModel(contentsOf: path)
    var base = CellAttributes()
    base.texts = [
      "cathode_material": "NCM811", "coating": "none", "electrolyte_material": "Li6PS5Cl", "anode_material": "Li-In",
    ]
    base.numbers = ["upper_cutoff_v": 4.3, "temperature_celsius": 25, "discharge_c_rate": 0.3]
    var coated = base
    coated.texts["coating"] = "LiNbO3"
    func forecast(_ designs: [CellAttributes], seed: UInt64 = 1) async throws -> [DesignForecast] {
      try await model.forecast(
        designs: designs, beside: base, fraction: 0.8, at: 200, draws: 200, seed: seed, threads: 2)
    }
    let both = try await forecast([base, coated])
    let alone = try await forecast([coated])
    #expect(zip(both[1].lives, alone[0].lives).allSatisfy { abs($0 / $1 - 1) < 1e-6 })
    // Common random numbers: the better design is better draw by draw.
    #expect(zip(both[0].lives, both[1].lives).count { $0 < $1 } > 190)
    #expect(try await forecast([coated], seed: 2)[0].lives != alone[0].lives)
    #expect(both[0].retention.count == 200 && both[0].retention.allSatisfy { (0...1.1).contains($0) })
  }
}
