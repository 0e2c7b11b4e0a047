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
    #expect(space.violations(design) == [0])
    #expect(abs(space.violations(try space.design([1, 0, 0, 0]))[0] - 0.07) < 1e-12)
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
