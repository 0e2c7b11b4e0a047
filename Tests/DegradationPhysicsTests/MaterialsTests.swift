import CellModel
import Foundation
import Testing

@testable import DegradationPhysics

private let library = MaterialsLibrary.standard

private func cell(_ texts: [String: String], _ numbers: [String: Double] = [:]) -> CellAttributes {
  CellAttributes(numbers: numbers, texts: texts)
}

private func parameters(_ texts: [String: String], _ numbers: [String: Double] = [:]) throws -> ParameterSet {
  try library.parameters(of: cell(texts, numbers))
}

private func fault(_ texts: [String: String], _ numbers: [String: Double] = [:]) throws -> DesignError {
  try #require(throws: DesignError.self) { try library.resolve(cell(texts, numbers)) }
}

/// What the coating still lets through: 1 − θ + θ b.
private func leak(_ p: ParameterSet) -> Double { 1 - p[.initialCoverage] * (1 - p[.coatingLeak]) }

@Suite("Materials library")
struct MaterialsLibraryTests {
  @Test("Every row is sound: changes in range, sources and citations there, classes known")
  func rowsAreSound() {
    #expect(library.materials.count > 80)
    for material in library.materials {
      #expect(material.fault == nil, "\(material.name)")
      #expect(!material.summary.isEmpty && !material.citation.isEmpty, "\(material.name)")
      for change in material.changes {
        #expect(!change.source.isEmpty)
        let plain = ["doi:", "assumed", "recalled", "formula", "Energy", "primary source", "stoichiometry"]
        #expect(plain.contains { change.source.contains($0) }, "\(material.name): \(change.source)")
      }
    }
  }

  @Test("Names and aliases are unique within a kind")
  func aliasesAreUnique() {
    for kind in MaterialKind.allCases {
      var owner: [String: String] = [:]
      for material in library.materials where material.kind == kind {
        for key in Set(([material.name] + material.aliases).map(MaterialText.key)) {
          #expect(owner[key] == nil, "\(kind) \(key): \(owner[key] ?? "") and \(material.name)")
          owner[key] = material.name
        }
        #expect(library.find(material.name, kind)?.name == material.name)
        for alias in material.aliases { #expect(library.find(alias, kind)?.name == material.name, "\(alias)") }
      }
    }
  }

  @Test("Every class has its row, and combinations name rows that exist")
  func classesAndCombinations() {
    for kind in MaterialKind.allCases {
      for name in kind.classes { #expect(library.classRow(name, kind) != nil, "\(kind) \(name)") }
    }
    for row in library.materials {
      for part in row.combines {
        #expect(library.materials.contains { $0.name == part && $0.kind != .synergy }, "\(row.name): \(part)")
      }
    }
  }

  @Test(
    "The review's remedies are found by the review's words",
    arguments: [
      ("PEDOT semiconductor film", MaterialKind.coating, "PEDOT"),
      ("Li3P1+ₓO4S4₋ₓ coating with a sulfur content gradient", .coating, "gradient Li3P1+xO4S4-x"),
      ("Li–Ta–O–F halogen oxide", .coating, "Li-Ta-O-F"), ("flash-sintered LLTO", .coating, "LLTO"),
      ("LiNbO₃", .coating, "LiNbO3"), ("LNO", .coating, "LiNbO3"), ("LiAlO2", .coating, "LiAlO2"),
      ("Li2O", .coating, "Li2O"), ("LiOH", .coating, "LiOH"), ("Li3PO4", .coating, "Li3PO4"),
      ("Li2SiOₓ", .coating, "Li2SiOx"), ("Li2ZrO3", .coating, "Li2ZrO3"), ("Li3VO4", .coating, "Li3VO4"),
      ("Li5FeO4", .coating, "Li5FeO4"), ("F doping", .dopant, "F"), ("Ta/Nb", .dopant, "Ta/Nb"),
      ("Ti2O3 based dopant", .dopant, "Ti2O3"), ("Zr + LLZAO", .synergy, "CD-LLZAO"),
      ("NCM811@CD-LLZAO", .synergy, "CD-LLZAO"), ("Li3PO4 coating + B/P co-doping", .synergy, "Li3PO4 + B/P"),
      ("Li7TaO6 + Ta", .synergy, "Li7TaO6 + Ta"), ("Li2ZrO3 + Al at 2 MPa", .synergy, "AZ@SC811"),
      ("Li3InCl6 mediator", .electrolyte, "Li5.5PS4.5Cl1.5 + Li3InCl6"),
      ("O-doped bromide", .electrolyte, "Li6PS4.7O0.3Br"),
      ("Li6PS4.7O0.3Br", .electrolyte, "Li6PS4.7O0.3Br"), ("Ge/Si/Sb iodide", .electrolyte, "Ge/Si/Sb-Li6PS5I"),
      ("self-healing Li6PS5Cl at 2.0-4.3 V", .electrolyte, "Li6PS5Cl, self-healing"),
      ("Li6PS5Cl", .electrolyte, "Li6PS5Cl"), ("LPSCl", .electrolyte, "Li6PS5Cl"),
      ("LGPS", .electrolyte, "Li10GeP2S12"),
      ("Li₅.₅PS₄.₅Cl₁.₅", .electrolyte, "Li5.5PS4.5Cl1.5"), ("β-Li3PS4", .electrolyte, "beta-Li3PS4"),
      ("glassy Li3PS4", .electrolyte, "Li3PS4 glass"), ("Li6PS5Br", .electrolyte, "Li6PS5Br"),
      ("Li3InCl6", .electrolyte, "Li3InCl6"), ("In/LiIn", .anode, "LiIn"), ("µ-Si", .anode, "silicon"),
    ])
  func found(_ words: String, _ kind: MaterialKind, _ name: String) {
    #expect(library.find(words, kind)?.name == name)
  }

  @Test("A longer formula is not taken for the shorter one inside it")
  func notInside() {
    #expect(library.find("Li6PS5Cl0.5Br0.5", .electrolyte) == nil)
    #expect(library.find("LiAlO2", .dopant) == nil)
    #expect(library.find("NCM5231", .cathode) == nil)
  }
}

@Suite("Materials of a cell")
struct ResolvedMaterialsTests {
  @Test("Nothing stated is the nominal cell, and everything is listed as missing")
  func nothingStated() throws {
    let resolved = try library.resolve(CellAttributes())
    #expect(resolved.parameters() == ParameterSet())
    #expect(resolved.steps.isEmpty && resolved.choices.isEmpty)
    for column in ["cathode_material", "coating", "dopant", "electrolyte_material", "anode_material", "morphology"] {
      #expect(resolved.missing.contains(column))
    }
    let bare = try library.resolve(cell(["coating": "none", "dopant": "none", "morphology": "single"]))
    #expect(bare.parameters() == ParameterSet())
    #expect(!bare.missing.contains("coating") && !bare.missing.contains("dopant"))
  }

  @Test("Every published cell resolves, by its materials and by their classes", arguments: ["published", "measured"])
  func publishedCells(_ which: String) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file =
      which == "published"
      ? root.appending(path: "datasets/sulfide-literature/cells.csv")
      : root.appending(path: "../shared/data/osbad-tohoku-ncm523-lpscl/cells.csv")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      #expect(which == "measured", "the published cells are part of the repository")
      return
    }
    let cells = table(text)
    #expect(cells.count >= (which == "published" ? 73 : 1))
    for attributes in cells {
      let id = attributes.text("cell_id") ?? ""
      do {
        let named = try library.resolve(attributes)
        for basis in named.choices { #expect(basis.basis != .differsFromClass, "\(id): \(basis)") }
        for detail in MaterialsLibrary.Detail.allCases {
          let set = try library.resolve(attributes, detail: detail).parameters()
          for p in Parameter.allCases { #expect(p.row.range.contains(set[p]), "\(id): \(p.row.name)") }
        }
      } catch { Issue.record("\(id): \(error)") }
    }
  }

  /// A table with quoted fields; a number where the whole field is one.
  private func table(_ text: String) -> [CellAttributes] {
    var rows: [[String]] = [[""]]
    var quoted = false
    for c in text {
      if c == "\"" {
        quoted.toggle()
      } else if c.isNewline, !quoted {
        rows.append([""])
      } else if c == ",", !quoted {
        rows[rows.count - 1].append("")
      } else {
        rows[rows.count - 1][rows[rows.count - 1].count - 1].append(c)
      }
    }
    let header = rows.removeFirst()
    return rows.filter { $0.count == header.count }.map { row in
      var attributes = CellAttributes()
      for (column, value) in zip(header, row) where !value.isEmpty {
        if let number = Double(value) { attributes.numbers[column] = number } else { attributes.texts[column] = value }
      }
      return attributes
    }
  }

  @Test("Unknown text with a class takes the row of the class and says so")
  func generic() throws {
    let resolved = try library.resolve(cell(["coating": "Unobtainium oxide 7", "coating_class": "phosphate"]))
    // The stated class counts, not the word in the text.
    #expect(
      resolved.choices == [
        .init(column: "coating", text: "Unobtainium oxide 7", material: "phosphate", basis: .generic)
      ])
    let sulfur = try library.resolve(cell(["coating": "0.2 wt% S", "coating_class": "sulfur"]))
    #expect(sulfur.choices.first?.material == "S" && sulfur.choices.first?.basis == .named)
    let other = try library.resolve(cell(["coating": "LiNbO3", "coating_class": "phosphate"]))
    #expect(other.choices.first?.material == "LiNbO3" && other.choices.first?.basis == .differsFromClass)
    let electrolyte = try library.resolve(
      cell(["electrolyte_material": "Li5.7PS4.7Cl1.3", "electrolyte_class": "argyrodite_cl_rich"]))
    #expect(electrolyte.choices.first?.basis == .generic)
    #expect(try electrolyte.parameters() == parameters(["electrolyte_material": "Li5.5PS4.5Cl1.5"]))
  }

  @Test("Unknown text without a class is refused with the column, the nearest names and the way out")
  func unknown() throws {
    let coating = try fault(["coating": "LiNbO4"])
    #expect(coating.field == "coating" && coating.found == "LiNbO4")
    #expect(coating.allowed.contains("LiNbO3") && coating.allowed.contains("JSON file"))
    #expect(coating.allowed.contains("coating_class"))
    #expect(try fault(["dopant": "Xx"]).field == "dopant")
    #expect(try fault(["morphology": "round"]).field == "morphology")
    #expect(try fault(["anode_material": "sodium"]).field == "anode_material")
    #expect(try fault(["cathode_material": "LiFePO4"]).field == "cathode_material")
    #expect(try fault(["electrolyte_material": "garnet / Li6PS5Cl"]).field == "electrolyte_material")
    let kind = try fault(["coating_class": "ceramic"])
    #expect(kind.field == "coating_class" && kind.allowed.contains("oxide, phosphate, halide"))
    #expect(try fault(["coating": "none", "coating_class": "oxide"]).field == "coating_class")
  }

  @Test(
    "A number outside its range is refused with the range",
    arguments: [
      ("particle_d50_um", 1e4), ("nickel_fraction", 1.2), ("conductivity_ms_cm", -1), ("conductivity_ms_cm", .nan),
      ("separator_thickness_um", 0), ("np_ratio", 0.1), ("fabrication_pressure_mpa", 0), ("coating_thickness_nm", -2),
      ("carbon_mass_fraction", 1.5), ("cathode_porosity", 0.95),
    ])
  func range(_ column: String, _ value: Double) throws {
    let fault = try fault(["coating": "LiNbO3"], [column: value])
    #expect(fault.field == column && fault.allowed.contains("…"))
  }

  @Test("Nickel content: strain falls and oxygen is safer below NCM811, and a contradiction is refused")
  func nickel() throws {
    let ncm811 = try parameters(["cathode_material": "NCM811"])
    // 5.1 % against 1.2 % volume change.
    let low = try parameters(["cathode_material": "NMC111"])
    #expect(abs(low[.strainScale] / ncm811[.strainScale] - 1.2 / 5.1) < 1e-9)
    #expect(abs(ncm811[.strainScale] / ParameterSet()[.strainScale] - 1) < 1e-12)
    #expect(low[.oxygenLossContent] < ncm811[.oxygenLossContent])
    #expect(abs(ncm811[.theoreticalCapacity] - 275.5) < 0.1)
    #expect(abs(try parameters(["cathode_material": "LCO"])[.theoreticalCapacity] - 273.8) < 0.1)
    #expect(try parameters(["cathode_material": "NCM"], ["nickel_fraction": 0.9])[.strainScale] > ncm811[.strainScale])
    #expect(try fault(["cathode_material": "NCM811"], ["nickel_fraction": 0.5]).field == "nickel_fraction")
    // Polycrystals keep the effect of nickel.
    let poly = try parameters(["cathode_material": "NMC111", "morphology": "poly"])
    #expect(abs(poly[.strainScale] - 1.2 / 5.1) < 1e-9)
    #expect(poly[.crackMorphologyFactor] == 3.5 && poly[.particleRadius] == 4.5e-6)
  }

  @Test("Coverage combines as 1 − Π(1 − θ)")
  func coverage() throws {
    let both = try parameters(["coating": "LiNbO3 + Li3InCl6"])
    #expect(abs(both[.initialCoverage] - (1 - 0.08 * 0.4)) < 1e-12)
    let mediator = try parameters([
      "coating": "LiNbO3", "electrolyte_material": "Li5.5PS4.5Cl1.5 with Li3InCl6 in the composite",
    ])
    #expect(abs(mediator[.initialCoverage] - (1 - 0.08 * 0.4)) < 1e-12)
  }

  @Test("Thickness: coverage .97(1 − exp(−t/1.3 nm)), resistance in proportion")
  func thickness() throws {
    let nominal = ParameterSet()[.coatingResistance]
    for t in [0.5, 2, 5.5, 13.5, 100] {
      let p = try parameters(["coating": "LiNbO3"], ["coating_thickness_nm": t])
      #expect(abs(p[.initialCoverage] - 0.97 * (1 - exp(-t / 1.3))) < 1e-12)
      #expect(abs(p[.coatingResistance] / nominal - t / 5) < 1e-12)
    }
    // Rows above the classical coverage never lose by thickness beyond their own.
    #expect(try parameters(["coating": "LTOF"], ["coating_thickness_nm": 50])[.initialCoverage] == 0.97)
    #expect(try fault([:], ["coating_thickness_nm": 5]).field == "coating_thickness_nm")
  }

  @Test("Pressing: nominal at 380 MPa, contact and conductivity fall below, cracks grow above")
  func pressing() throws {
    let p380 = try parameters([:], ["fabrication_pressure_mpa": 380])
    for p in [Parameter.initialContact, .conductivity, .initialCrackDensity] {
      #expect(abs(p380[p] / ParameterSet()[p] - 1) < 1e-12)
    }
    let low = try parameters([:], ["fabrication_pressure_mpa": 100])
    // 0.75 (1 − exp(−p/150 MPa)) is 0.69 at 380 MPa to three digits.
    #expect(abs(low[.initialContact] - 0.75 * (1 - exp(-100.0 / 150))) < 1e-3)
    #expect(low[.conductivity] < p380[.conductivity])
    let high = try parameters([:], ["fabrication_pressure_mpa": 760])
    #expect(abs(high[.initialCrackDensity] - (ParameterSet()[.initialCrackDensity] + 0.03)) < 1e-12)
    // A stated conductivity was measured on the pressed pellet.
    let stated = try parameters([:], ["fabrication_pressure_mpa": 100, "conductivity_ms_cm": 3])
    #expect(abs(stated[.conductivity] - 0.3) < 1e-12)
  }

  @Test("Synergy: coating and dopant together are one row, stronger than either alone")
  func synergy() throws {
    for (coating, dopant, name) in [
      ("Li2ZrO3", "Al", "AZ@SC811"), ("Li3PO4", "B+P", "Li3PO4 + B/P"), ("Li7TaO6", "Ta", "Li7TaO6 + Ta"),
      ("LLZAO", "Zr", "CD-LLZAO"), ("LiNbO3", "Ta+Nb", "Ta/Nb + LiNbO3"),
    ] {
      let resolved = try library.resolve(cell(["coating": coating, "dopant": dopant]))
      #expect(resolved.choices.map(\.material) == [name])
      let both = resolved.parameters()
      #expect(try both == parameters(["dopant": name]))
      let singles = [try parameters(["coating": coating]), try parameters(["dopant": dopant])]
      for single in singles {
        for p in [Parameter.fatigueRate, .crackRate, .rockSaltRate, .strainScale] {
          #expect(both[p] <= single[p], "\(name): \(p.row.name)")
        }
        #expect(both[.crackRate] < single[.crackRate])
        #expect(leak(both) <= leak(single))
      }
    }
    // Without a row of their own they multiply.
    let product = try parameters(["coating": "LiNbO3", "dopant": "W"])
    #expect(abs(product[.fatigueRate] / ParameterSet()[.fatigueRate] - 0.5 * 0.6) < 1e-12)
  }

  @Test("Corrections from the published cells: chlorine-rich, fine grain, zero strain, halide against a sulfide")
  func corrections() throws {
    let base = try parameters(["electrolyte_material": "Li6PS5Cl"])
    let rich = try parameters(["electrolyte_material": "Li5.5PS4.5Cl1.5"])
    #expect(abs(rich[.interphaseDiffusion] / base[.interphaseDiffusion] - 0.45) < 1e-12)
    #expect(abs(rich[.conductivity] / base[.conductivity] - 2.7) < 0.05)
    let fine = try parameters(["electrolyte_grain": "fine"])
    #expect(abs(fine[.fatiguePressure] / ParameterSet()[.fatiguePressure] - 0.4) < 1e-12)
    #expect(fine[.fatigueRate] < ParameterSet()[.fatigueRate] && fine[.tortuosity] < ParameterSet()[.tortuosity])
    let titanate = try library.resolve(cell(["anode_material": "LTO (zero strain)"]))
    #expect(titanate.anode == .titanate && titanate.choices.first?.basis == .named)
    #expect(abs(titanate.parameters()[.fatigueRate] / ParameterSet()[.fatigueRate] - 0.7) < 1e-12)
    #expect(try parameters(["coating": "oxide"])[.coatingLeak] == 0.08)
    #expect(try parameters(["electrolyte_material": "self-healing Li6PS5Cl"])[.healingRate] == 0.02)
  }

  @Test("Catholyte and separator: conduction from the separator, interphase from the catholyte")
  func catholyte() throws {
    let text = "Li3InCl6 catholyte / Li5.5PS4.5Cl1.5"
    let resolved = try library.resolve(cell(["electrolyte_material": text, "electrolyte_class": "halide"]))
    #expect(resolved.choices.map(\.material) == ["Li3InCl6", "Li5.5PS4.5Cl1.5"])
    let p = resolved.parameters()
    #expect(p[.conductivity] == 0.6)
    #expect(abs(p[.tortuosity] / ParameterSet()[.tortuosity] - 0.6 / 0.12) < 1e-9)
    #expect(abs(p[.interphaseDiffusion] / ParameterSet()[.interphaseDiffusion] - 0.37) < 1e-12)
    // 20 Ω cm² after 50 cycles at C/5, 1.6e6 s.
    #expect(abs(p[.catholyteContactGrowth] * 1.6e6.squareRoot() * 1e4 - 20) < 1)
    let scandium = try library.resolve(
      cell(["electrolyte_material": "Li2Sc1/3In1/3Cl4 catholyte / Li5.5PS4.5Cl1.5"]))
    #expect(scandium.choices.map(\.material) == ["Li2Sc1/3In1/3Cl4", "Li5.5PS4.5Cl1.5"])
    let alone = try library.resolve(cell(["electrolyte_material": "Li3InCl6"]))
    #expect(alone.choices.last?.basis == .assumed && alone.choices.last?.material == "Li6PS5Cl")
    let same = try library.resolve(cell(["electrolyte_material": "Li3InCl6 / Li2ZrCl6"]))
    #expect(same.parameters()[.catholyteContactGrowth] == 0)
    let layered = try library.resolve(
      cell(["electrolyte_material": "Ge/Si/Sb-substituted Li6PS5I + Li3InCl6 interlayer"]))
    #expect(layered.choices.map(\.material) == ["Ge/Si/Sb-Li6PS5I + Li3InCl6"])
  }

  @Test("Mass fractions become volume fractions that leave the pores, and carbon-free is its own case")
  func composition() throws {
    let p = try parameters(
      [:],
      [
        "active_mass_fraction": 0.7, "electrolyte_mass_fraction": 0.27, "carbon_mass_fraction": 0.03,
        "cathode_porosity": 0.14,
      ])
    let volumes = [0.7 / 4770, 0.27 / 1700, 0.03 / 2000]
    #expect(abs(p[.activeFraction] - 0.86 * volumes[0] / volumes.reduce(0, +)) < 1e-12)
    #expect(abs(p[.electrolyteFraction] - 0.86 * volumes[1] / volumes.reduce(0, +)) < 1e-12)
    #expect(abs(p[.carbonArea] - 1) < 1e-12)
    let rest = try parameters(
      [:], ["active_mass_fraction": 0.7, "carbon_mass_fraction": 0.03, "cathode_porosity": 0.14])
    #expect(abs(rest[.electrolyteFraction] - p[.electrolyteFraction]) < 1e-12)
    #expect(
      try fault([:], ["active_mass_fraction": 0.9, "electrolyte_mass_fraction": 0.2]).field == "active_mass_fraction")
    let free = try parameters([:], ["carbon_mass_fraction": 0])
    #expect(free[.carbonArea] == 0 && free[.electronicResistance] > ParameterSet()[.electronicResistance])
    // Ti2O3 conducts in place of carbon.
    let titanium = try parameters(["dopant": "Ti2O3-based"], ["carbon_mass_fraction": 0])
    #expect(titanium[.electronicResistance] == ParameterSet()[.electronicResistance])
    let stated = try library.resolve(cell([:], ["particle_d50_um": 6, "np_ratio": 1.2]))
    #expect(stated.stated == [.particleRadius, .anodeCapacityRatio])
    #expect(stated.parameters()[.particleRadius] == 3e-6)
  }

  @Test("Strengths: zero is nominal, draws repeat, one draw moves all changes of a material the same way")
  func strengths() throws {
    let attributes = cell(
      ["coating": "LiNbO3", "dopant": "F", "electrolyte_material": "Li5.5PS4.5Cl1.5", "morphology": "poly"],
      ["coating_thickness_nm": 5])
    let resolved = try library.resolve(attributes)
    #expect(resolved.strengths == ["poly", "Li5.5PS4.5Cl1.5", "LiNbO3", "F"])
    #expect(try resolved.parameters { _ in 0 } == library.parameters(of: attributes))
    let draw: (Int) -> Double = { [0.3, -1.2, 0.8, 2][$0] }
    #expect(resolved.parameters(strength: draw) == resolved.parameters(strength: draw))
    #expect(try resolved == library.resolve(attributes))
    let nominal = resolved.parameters()
    let strong = resolved.parameters { $0 == 2 ? 1.0 : 0 }
    for p in [Parameter.fatigueRate, .crackRate, .rockSaltRate] {
      #expect(abs(strong[p] / nominal[p] - exp(-0.4)) < 1e-12)
    }
    #expect(strong[.initialCoverage] > nominal[.initialCoverage] && strong[.initialCoverage] < 1)
    #expect(strong[.interphaseDiffusion] == nominal[.interphaseDiffusion])
    // The median of monotone draws is the nominal set.
    let values = (-50...50).map { z in resolved.parameters { _ in Double(z) / 20 }[.fatigueRate] }.sorted()
    #expect(values[50] == nominal[.fatigueRate])
    for z in [-6.0, 6.0] {
      let set = resolved.parameters { _ in z }
      for p in Parameter.allCases { #expect(p.row.range.contains(set[p]), "\(p.row.name)") }
    }
  }

  @Test("Classes only: a published remedy is no better than its class")
  func classesOnly() throws {
    let named = cell(["coating": "Li-Ta-O-F", "dopant": "Ti2O3"])
    let hidden = try library.resolve(named, detail: .classes)
    #expect(hidden.choices.map(\.material) == ["halide", "cation"])
    let synergy = try library.resolve(cell(["coating": "AZ@SC811"]), detail: .classes)
    #expect(synergy.choices.map(\.material) == ["oxide", "cation"])
  }
}

@Suite("Materials as JSON")
struct MaterialCodingTests {
  private func decode(_ json: String) throws -> Material {
    try JSONDecoder().decode(Material.self, from: Data(json.utf8))
  }

  private func message(_ json: String) throws -> String {
    let error = try #require(throws: DecodingError.self) { try decode(json) }
    guard case .dataCorrupted(let context) = error else { return "\(error)" }
    return context.debugDescription
  }

  private func material(
    kind: String = "coating", name: String = "LiXYZ", parameter: String = "fatigue_rate_per_cycle",
    operation: String = "multiply", value: String = "0.5", source: String = "own cells 12–20", more: String = ""
  ) -> String {
    """
    { "name": "\(name)", "kind": "\(kind)", "class": "oxide", "citation": "own work"\(more),
      "changes": [ { "parameter": "\(parameter)", "operation": "\(operation)", "value": \(value),
                     "source": "\(source)" } ] }
    """
  }

  @Test("Every row survives a round trip")
  func roundTrip() throws {
    let data = try JSONEncoder().encode(library.materials)
    #expect(try JSONDecoder().decode([Material].self, from: data) == library.materials)
  }

  @Test("A user's own material is used by its name and by its alias, and may replace a row")
  func own() throws {
    let own = try decode(material(more: ", \"aliases\": [\"my coat\"]"))
    #expect(own.changes.first?.spread == 0.4 && own.changes.first?.confidence == .assumed)
    let wider = library.adding([own])
    let p = try wider.parameters(of: cell(["coating": "My-Coat 3 nm"]))
    #expect(abs(p[.fatigueRate] / ParameterSet()[.fatigueRate] - 0.5) < 1e-12)
    let replaced = library.adding([try decode(material(name: "Li-NbO3", value: "0.25"))])
    let q = try replaced.parameters(of: cell(["coating": "LiNbO3"]))
    #expect(abs(q[.fatigueRate] / ParameterSet()[.fatigueRate] - 0.25) < 1e-12)
    #expect(replaced.materials.count == library.materials.count)
    // Its old aliases went with it.
    #expect(replaced.find("lithium niobate", .coating) == nil)
  }

  @Test("Faults are refused with the field, what was found and what is allowed")
  func refusals() throws {
    #expect(try message(material(parameter: "fatigue_rate")).contains("fatigue_rate_per_cycle"))
    #expect(try message(material(operation: "divide")).contains("set, multiply, add, cover, at_least, at_most"))
    #expect(try message(material(kind: "paint")).contains("cathode, morphology, coating"))
    #expect(try message(material(name: " - ")).hasPrefix("name:"))
    #expect(try message(material(source: " ")).hasPrefix("fatigue_rate_per_cycle.source"))
    #expect(try message(material(operation: "set", value: "7")).contains("expected 0.0…1.0 cycle⁻¹"))
    #expect(try message(material(value: "-1")).contains("a factor of 0.0…"))
    #expect(try message(material(parameter: "oxidation_onset_v", operation: "add", value: "9")).contains("V"))
    #expect(try message(material(parameter: "oxidation_onset_v", operation: "cover")).contains("not a share"))
    #expect(try message(material(kind: "anode")).contains("LiIn, Li, LTO"))
    #expect(try message(material(kind: "dopant")).contains("no class for a dopant"))
    #expect(try message(material(more: ", \"summry\": \"x\"")).contains("unknown field \"summry\""))
    #expect(try message(material(more: ", \"nickel_fraction\": 0.8")).contains("cathodes only"))
    #expect(throws: DecodingError.self) { try decode("{ \"name\": \"x\" }") }
  }
}
