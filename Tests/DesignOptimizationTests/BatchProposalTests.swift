import NumericalMethods
import Testing

@testable import DesignOptimization

/// What to build next, where the answer is known.
@Suite("Next batch to build") struct BatchProposalTests {
  /// BNH's objectives on the unit square, scaled by 140 and 50, both to be small.
  private static func truth(_ d: [String: DesignValue]) -> [Double] {
    let (x, y) = (5 * (d["x"]?.number ?? .nan), 3 * (d["y"]?.number ?? .nan))
    return [(4 * x * x + 4 * y * y) / 140, ((x - 5) * (x - 5) + (y - 5) * (y - 5)) / 50]
  }

  private static func space() throws -> DesignSpace {
    try DesignSpace(
      variables: ["x", "y"].map { DesignVariable($0, .real(0...1, isLogarithmic: false)) })
  }

  /// Best hypervolume with reference (1, 1).
  private static let best = 0.75488

  @Test("Five batches of four after eight starts reach .96 of the best hypervolume, median of nine (D25)")
  func bnh() async throws {
    let space = try Self.space()
    var shares: [Double] = []
    for seed in 1...9 {
      var noise = RandomStream(seed: UInt64(seed), purpose: "test-noise")
      func measured(_ d: [String: DesignValue]) -> BatchProposal.Measured {
        BatchProposal.Measured(design: d, values: Self.truth(d).map { $0 + 0.03 * noise.normal() })
      }
      let points = SobolPoints(dimensions: 2, seed: UInt64(seed), purpose: "test-start")
      var all = try (0..<8).map { measured(try space.design(points.point($0))) }
      for batch in 0..<5 {
        let next = try await BatchProposal(
          4, in: space, isMaximised: [false, false], measured: all, reference: [1, 1],
          seed: UInt64(10 * seed + batch))
        all += next.picks.map { measured($0.design) }
      }
      let reached = ParetoFront.hypervolume(all.map { Self.truth($0.design) }, reference: [1, 1])
      shares.append(reached / Self.best)
    }
    let middle = median(shares)
    #expect(middle >= 0.96, "\(shares)")
  }

  @Test("The same measurements in any order give the same batch (D25); constraints and words are kept")
  func order() async throws {
    let space = try DesignSpace(
      variables: [
        DesignVariable("x", .real(0...1, isLogarithmic: false)), DesignVariable("k", .category(["bad", "good"])),
        DesignVariable("r", .ordinal([1, 2, 3])),
      ], constraints: [try Expression("x <= 0.8")])
    var stream = RandomStream(seed: 3, purpose: "test-order")
    let all = try (0..<12).map { i -> BatchProposal.Measured in
      let design = try space.design([0.8 * stream.uniform(), Double(i % 2), Double(i % 3)])
      let value = (design["x"]?.number ?? 0) + (design["k"] == .text("good") ? 1 : 0) - (design["r"]?.number ?? 0)
      return BatchProposal.Measured(design: design, values: [value])
    }
    let a = try await BatchProposal(3, in: space, isMaximised: [true], measured: all, seed: 1)
    let b = try await BatchProposal(3, in: space, isMaximised: [true], measured: all.reversed(), seed: 1)
    #expect(a.picks == b.picks)
    #expect(Set(a.picks.map(\.design)).count == 3)
    #expect(a.picks.allSatisfy { $0.design["x"]?.number ?? 1 <= 0.8 })
    #expect(a.picks[0].design["k"] == .text("good") && a.picks[0].design["r"] == .number(1))
    #expect(a.picks[0].expected[0] > 0.5 && a.picks[0].gain >= a.picks[1].gain)
  }

  @Test("A forecast that knows the truth leaves little to explore")
  func forecast() async throws {
    let space = try Self.space()
    let points = SobolPoints(dimensions: 2, seed: 5, purpose: "test-start")
    let all = try (0..<6).map { i -> BatchProposal.Measured in
      let design = try space.design(points.point(i))
      return BatchProposal.Measured(design: design, values: Self.truth(design))
    }
    let next = try await BatchProposal(
      4, in: space, isMaximised: [false, false], measured: all, reference: [1, 1], seed: 1
    ) { $0.map(Self.truth) }
    for pick in next.picks {
      #expect(zip(pick.expected, Self.truth(pick.design)).allSatisfy { abs($0 - $1) < 0.01 })
      #expect(pick.reason == .exploit)
    }
  }

  @Test("A design beyond the space teaches its neighbours and is no part of the front to beat")
  func beyondSpace() async throws {
    let space = try DesignSpace(variables: [
      DesignVariable("x", .real(0...1, isLogarithmic: false)), DesignVariable("k", .category(["a", "b"])),
    ])
    #expect(space.extendedGenes(["x": .number(1.5), "k": .text("z")]) == [1.5, -1])
    #expect(space.extendedGenes(["x": .text("a"), "k": .text("a")]) == nil)
    #expect(DesignVariable("o", .ordinal([1, 2, 4])).extendedGene(.number(3)) == 1.5)
    #expect(DesignVariable("o", .ordinal([1, 2, 4])).extendedGene(.number(6)) == 3)
    #expect(try #require(DesignVariable("l", .real(1...10, isLogarithmic: true)).extendedGene(.number(100))) == 2)
    func proposal(_ value: Double) async throws -> BatchProposal.Pick {
      var all = try (0..<8).map { i -> BatchProposal.Measured in
        BatchProposal.Measured(design: try space.design([Double(i) / 10, Double(i % 2)]), values: [Double(i) / 10])
      }
      for word in ["a", "b"] {
        all.append(BatchProposal.Measured(design: ["x": .number(1.1), "k": .text(word)], values: [value]))
      }
      return try await BatchProposal(1, in: space, isMaximised: [true], measured: all, seed: 1).picks[0]
    }
    let (rising, falling) = (try await proposal(1.1), try await proposal(-1))
    #expect((rising.design["x"]?.number ?? 0) > 0.8 && (rising.design["x"]?.number ?? 9) <= 1)
    // It lies above all of the space, and still a pick may gain: it is not to be beaten.
    #expect(rising.gain > 0.05 && rising.expected[0] > falling.expected[0])
    #expect((falling.design["x"]?.number ?? 1) < 0.95)
  }

  @Test("What cannot be asked is refused by name")
  func refused() async throws {
    let space = try Self.space()
    let one = BatchProposal.Measured(design: try space.design([0.1, 0.2]), values: [1, 1])
    await #expect(throws: DesignSpaceError.self) {
      try await BatchProposal(1, in: space, isMaximised: [true, true], measured: [one, one, one], seed: 1)
    }
    await #expect(throws: DesignSpaceError.self) {
      try await BatchProposal(0, in: space, isMaximised: [true, true], measured: [one], seed: 1)
    }
    await #expect(throws: DesignSpaceError.self) {
      let outside = BatchProposal.Measured(design: ["x": .number(2), "y": .number(0)], values: [1, 1])
      _ = try await BatchProposal(1, in: space, isMaximised: [true, true], measured: [outside], seed: 1)
    }
  }

  @Test("Where batches are named, one design of a batch is a control, and an effect of batches is told from designs")
  func control() async throws {
    let space = try DesignSpace(variables: [DesignVariable("x", .real(0...1, isLogarithmic: false))])
    // The second batch is worse by .5 whatever its design, and holds the better designs.
    func measured(named: Bool) throws -> [BatchProposal.Measured] {
      try (0..<16).map { i in
        let x = 0.05 + 0.06 * Double(i % 8) + (i < 8 ? 0 : 0.05)
        return BatchProposal.Measured(
          design: try space.design([x]), values: [x - (i < 8 ? 0 : 0.5) + 0.002 * Double(i % 3)],
          batch: named ? (i < 8 ? "a" : "b") : nil)
      }
    }
    let named = try await BatchProposal(4, in: space, isMaximised: [true], measured: measured(named: true), seed: 1)
    #expect(named.picks.map(\.reason).filter { $0 == .control }.count == 1 && named.picks.count == 4)
    let control = try #require(named.picks.last)
    #expect(control.reason == .control)
    #expect(try measured(named: true).contains { $0.design == control.design })
    // The line goes on upwards in both batches: the best is beyond what was measured.
    #expect((named.picks[0].design["x"]?.number ?? 0) > 0.55)
    let nameless = try await BatchProposal(4, in: space, isMaximised: [true], measured: measured(named: false), seed: 1)
    #expect(!nameless.picks.contains { $0.reason == .control })
    #expect(named.picks[0].spread[0] < nameless.picks[0].spread[0])
    let one = try await BatchProposal(1, in: space, isMaximised: [true], measured: measured(named: true), seed: 1)
    #expect(one.picks[0].reason != .control)
  }

  @Test("A running cell counts as what the others expect beyond its age, not as dead at it")
  func bounds() async throws {
    #expect(abs(BatchProposal.beyond(0, 0, 1, isAbove: true) - 0.797_884_560_8) < 1e-9)
    #expect(abs(BatchProposal.beyond(1, 0, 1, isAbove: true) - 1.525_135_276_2) < 1e-9)
    #expect(abs(BatchProposal.beyond(-10, 0, 1, isAbove: false) + 10.098) < 0.003)
    let space = try DesignSpace(variables: [DesignVariable("x", .real(0...1, isLogarithmic: false))])
    // Life rises with x; the cells of the largest x are young.
    func proposal(_ isBound: Bool) async throws -> BatchProposal {
      let all = try (0..<12).map { i -> BatchProposal.Measured in
        let x = Double(i) / 11
        let isYoung = i >= 9
        return BatchProposal.Measured(
          design: try space.design([x]), values: [isYoung ? 100 : 200 + 500 * x + Double(i % 3)],
          atLeast: isYoung && isBound ? [0] : [])
      }
      return try await BatchProposal(1, in: space, isMaximised: [true], measured: all, seed: 1)
    }
    let running = try await proposal(true).picks[0]
    let dead = try await proposal(false).picks[0]
    #expect((running.design["x"]?.number ?? 0) > 0.7 && running.expected[0] > 540)
    #expect((dead.design["x"]?.number ?? 1) < 0.65 && dead.expected[0] < 500)
  }
}
