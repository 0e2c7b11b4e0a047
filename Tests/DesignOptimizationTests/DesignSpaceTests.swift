import Testing

@testable import DesignOptimization

@Suite struct DesignSpaceTests {
  private func space() throws -> DesignSpace {
    try DesignSpace(
      variables: [
        DesignVariable("active_mass_fraction", .real(0.6...0.85, isLogarithmic: false)),
        DesignVariable("stack_pressure_mpa", .real(2...80, isLogarithmic: true)),
        DesignVariable("upper_cutoff_v", .ordinal([4.1, 4.2, 4.3])),
        DesignVariable("coating", .category(["none", "LiNbO3"])),
      ],
      linked: [
        DesignSpace.Linked(
          name: "total", expression: try Expression("electrolyte_mass_fraction + active_mass_fraction")),
        DesignSpace.Linked(
          name: "electrolyte_mass_fraction",
          expression: try Expression("1 - active_mass_fraction - binder_mass_fraction")),
      ],
      constraints: [try Expression("electrolyte_mass_fraction >= 0.2")], base: ["binder_mass_fraction": .number(0.02)])
  }

  @Test("Genes and designs go over into each other; linked quantities follow, whatever their order")
  func roundTrip() throws {
    let space = try space()
    let design = try space.design([0.5, 0.25, 2, 1])
    #expect(abs((design["active_mass_fraction"]?.number ?? 0) - 0.725) < 1e-12)
    #expect(design["upper_cutoff_v"] == .number(4.3) && design["coating"] == .text("LiNbO3"))
    #expect(abs((design["electrolyte_mass_fraction"]?.number ?? 0) - 0.255) < 1e-12)
    #expect(abs((design["total"]?.number ?? 0) - 0.98) < 1e-12)
    let genes = try #require(space.genes(design))
    #expect(zip(genes, [0.5, 0.25, 2, 1]).allSatisfy { abs($0 - $1) < 1e-9 })
    #expect(try space.violations(design) == [0])
    #expect(abs(try space.violations(try space.design([1, 0, 0, 0]))[0] - 0.07) < 1e-12)
  }

  private func mixture(
    _ bounds: [ClosedRange<Double>] = [0.5...0.9, 0.05...0.4, 0...0.1], names: [String]? = nil,
    total: String = "1 - binder", other: String = "binder"
  ) throws -> DesignSpace {
    let components = ["active", "electrolyte", "carbon"]
    return try DesignSpace(
      variables: zip(components, bounds).map { DesignVariable($0, .real($1, isLogarithmic: false)) }
        + [DesignVariable(other, .real(0.01...0.05, isLogarithmic: false))],
      mixtures: [DesignSpace.Mixture(names: names ?? components, total: try Expression(total))])
  }

  private func sum(_ design: [String: DesignValue]) -> Double {
    ["active", "electrolyte", "carbon", "binder"].reduce(0) { $0 + (design[$1]?.number ?? .nan) }
  }

  @Test("A mixture adds up, to a total that another variable moves; what does not add up is refused or repaired")
  func mixtures() throws {
    let space = try mixture()
    let loose = [0.9, 0.9, 0.9, 0.5]
    #expect(throws: DesignSpaceError.self) { try space.design(loose) }
    let genes = space.repaired(loose)
    let all = sum(try space.design(genes))
    #expect(abs(all - 1) < 1e-12 && genes[3] == 0.5)
    #expect(space.repaired(genes) == genes)
    let held = space.repaired(loose, holding: 0)
    let whole = sum(try space.design(held))
    #expect(abs(held[0] - 0.9) < 1e-12 && abs(whole - 1) < 1e-12)
    var design = try space.design(genes)
    #expect(space.genes(design).map { zip($0, genes).allSatisfy { abs($0 - $1) < 1e-9 } } == true)
    let active = try #require(design["active"]?.number)
    design["active"] = .number(active + 0.0005)
    let rounded = try #require(space.genes(design))
    let near = sum(try space.design(rounded))
    #expect(abs(near - 1) < 1e-12)
    design["active"] = .number(active + 0.01)
    #expect(space.genes(design) == nil)
    #expect(space.spread(genes, seed: 1, point: 0) == genes)
    #expect(space.spread(loose, seed: 1, point: 0) != space.spread(loose, seed: 1, point: 1))
  }

  @Test("Faults of a mixture are named")
  func mixtureFaults() {
    func fault(_ body: () throws -> DesignSpace) -> String {
      do {
        _ = try body()
        return "none"
      } catch let error as DesignSpaceError {
        return error.part + ": " + error.message
      } catch {
        return "\(error)"
      }
    }
    let low: [ClosedRange<Double>] = [0.5...0.6, 0.05...0.1, 0...0.1]
    #expect(fault { try mixture(low, total: "1") }.contains("allow sums from 0.55 to 0.79"))
    #expect(fault { try mixture(names: ["active"]) }.contains("two names"))
    #expect(fault { try mixture(names: ["active", "active"]) }.contains("named twice"))
    #expect(fault { try mixture(names: ["active", "salt"]) }.contains("\"salt\" is no real variable"))
    #expect(fault { try mixture(total: "1 - salt") }.contains("\"salt\", which is not known"))
    #expect(fault { try mixture(total: "1 - carbon") }.contains("mixed itself"))
    #expect(fault { try mixture() } == "none")
  }

  @Test("Faults of a space are named")
  func faults() throws {
    func fault(_ variables: [DesignVariable], linked: [(String, String)] = [], constraint: String? = nil) throws
      -> String
    {
      do {
        _ = try DesignSpace(
          variables: variables,
          linked: try linked.map { DesignSpace.Linked(name: $0.0, expression: try Expression($0.1)) },
          constraints: try constraint.map { [try Expression($0)] } ?? [])
        return "none"
      } catch let error as DesignSpaceError {
        return error.part + ": " + error.message
      } catch {
        return "\(error)"
      }
    }
    let a = DesignVariable("a", .real(0...1, isLogarithmic: false))
    #expect(try fault([]).contains("no variable"))
    #expect(try fault([a, a]).contains("named twice"))
    #expect(try fault([DesignVariable("b", .real(0...1, isLogarithmic: true))]).contains("above 0"))
    #expect(try fault([DesignVariable("b", .real(1...1, isLogarithmic: false))]).contains("ascending"))
    #expect(try fault([DesignVariable("b", .ordinal([2, 1]))]).contains("ascending"))
    #expect(try fault([DesignVariable("b", .category(["x", "x"]))]).contains("different"))
    #expect(try fault([a], linked: [("p", "q + 1"), ("q", "p * 2")]).contains("needs itself"))
    #expect(try fault([a], linked: [("p", "r")]).contains("\"r\" is not known"))
    #expect(try fault([a], constraint: "c > 1").contains("\"c\""))
  }
}
