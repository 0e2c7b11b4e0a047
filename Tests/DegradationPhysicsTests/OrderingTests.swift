import CellModel
import Testing

@testable import DegradationPhysics

/// Orderings that published work agrees on, in the nominal library: which of two cells lives longer.
@Suite struct OrderingTests {
  /// Retention after 300 cycles of a bare polycrystal at 4.3 V, C/5, 25 °C and 50 MPa unless told otherwise.
  private func kept(
    _ texts: [String: String] = [:], _ numbers: [String: Double] = [:], cycles: Double = 300
  ) throws -> Double {
    let cell = try SulfideCell(SeedCheckpoint.stated(numbers, texts))
    return SulfideAgeing.run(cell, SimulationRequest(ages: [cycles])).capacityRetention.last ?? .nan
  }

  @Test("Every kind of coating outlives bare, single crystal and polycrystal", arguments: ["single", "poly"])
  func coated(morphology: String) throws {
    let bare = try kept(["morphology": morphology])
    for kind in MaterialKind.coating.classes where kind != "none" {
      let coated = try kept(["morphology": morphology, "coating": kind, "coating_class": kind])
      #expect(coated > bare, "\(kind): \(coated) against \(bare)")
    }
  }

  @Test("A single crystal outlives a polycrystal, bare and coated", arguments: [nil, "LiNbO3"] as [String?])
  func morphology(coating: String?) throws {
    var texts: [String: String] = [:]
    texts["coating"] = coating
    let poly = try kept(texts)
    texts["morphology"] = "single"
    let single = try kept(texts)
    #expect(single > poly)
  }

  @Test("A synergy outlives the coating alone and the dopant alone", arguments: Material.synergies.map(\.name))
  func synergy(name: String) throws {
    let row = try #require(Material.synergies.first { $0.name == name })
    let library = MaterialsLibrary.standard
    let coating = try #require(row.combines.compactMap { library.find($0, .coating) }.first)
    let dopant = try #require(row.combines.compactMap { library.find($0, .dopant) }.first)
    let both = try kept(["coating": coating.name, "dopant": dopant.name])
    #expect(try both > kept(["coating": coating.name]))
    #expect(try both > kept(["dopant": dopant.name]))
  }

  @Test("4.3 V outlives 4.5 V, bare")
  func cutoff() throws {
    for morphology in ["single", "poly"] {
      #expect(try kept(["morphology": morphology]) > kept(["morphology": morphology], ["upper_cutoff_v": 4.5]))
    }
  }

  @Test("50 MPa outlives 2 MPa, bare")
  func pressure() throws { #expect(try kept() > kept([:], ["stack_pressure_mpa": 2])) }

  @Test("An oxygen-doped electrolyte outlives the undoped one")
  func oxygenDoped() throws {
    let doped = try kept(["electrolyte_material": "Li6PS4.7O0.3Br", "electrolyte_class": "argyrodite_modified"])
    #expect(try doped > kept(["electrolyte_material": "Li6PS5Br"]))
  }

  @Test("With an electrolyte that heals, 2.0 V outlives 2.5 V as lower limit")
  func healing() throws {
    let healing = ["electrolyte_material": "Li6PS5Cl, self-healing"]
    // Healing needs oxidised sulfide, so the cells are charged to where it forms.
    let low: [String: Double] = ["upper_cutoff_v": 4.4, "lower_cutoff_v": 2.0]
    let high: [String: Double] = ["upper_cutoff_v": 4.4, "lower_cutoff_v": 2.5]
    #expect(try kept(healing, low) > kept(healing, high))
  }

  @Test("Every named coating and dopant outlives bare", arguments: Material.coatings + Material.dopants)
  func remedy(material: Material) throws {
    guard material.name != "none" else { return }
    let column = material.kind == .coating ? "coating" : "dopant"
    let kept = try kept([column: material.name])
    #expect(try kept > self.kept(), "\(material.name)")
  }
}
