import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Threads of one fit")
struct ThreadTests {
  @Test("Every item is done once at any width, many small jobs in a row", arguments: [1, 2, 3, 7])
  func pool(width: Int) {
    let pool = HelperPool(width: width)
    for job in 0..<2000 {
      let count = job % 13
      let done = ScratchMemory<Int>(repeating: 0, count: max(1, count))
      pool.run(count) { item, thread in
        #expect(thread >= 0 && thread < width)
        done.base[item] += item + 1
      }
      #expect((0..<count).allSatisfy { done.base[$0] == $0 + 1 })
    }
  }

  @Test("The same bits with 1, 2, 3 and 7 threads", arguments: TreeGrowth.allCases)
  func sameBits(growth: TreeGrowth) throws {
    // Enough rows for shared histograms, partitions and sums.
    let problem = BoostingProblem(kind: 2, rows: 20_000, columns: 20)
    var options = BoostingOptions()
    options.rounds = 4
    options.growth = growth
    options.maxDepth = 5
    let (table, target) = (problem.trainTable, problem.trainTarget)
    let alone = try options.fit(table, target: target, weights: nil, stream: 1)
    #expect(alone.treeCount == 4)
    let weights = (0..<20_000).map { 0.5 + Double($0 % 5) }
    var sampled = options
    sampled.rowSubsample = 0.8
    sampled.columnSubsample = 0.6
    let watched = (0..<20_000).map { $0 % 7 == 0 }
    let weighted = try sampled.fit(table, target: target, weights: weights, validation: watched, stream: 1)
    for width in [2, 3, 7] {
      #expect(try options.fit(table, target: target, weights: nil, stream: 1, width: width) == alone)
      #expect(
        try sampled.fit(table, target: target, weights: weights, validation: watched, stream: 1, width: width)
          == weighted)
    }
  }

  @Test("Distributions and quantiles too", arguments: [false, true])
  func sameBitsOfDistributions(shared: Bool) throws {
    let problem = BoostingProblem(kind: 0, rows: 9000, columns: 9)
    let (table, target) = (problem.trainTable, problem.trainTarget)
    var boosting = DistributionBoosting(rule: .crps)
    boosting.trees.rounds = 3
    boosting.sharedTrees = shared
    var quantiles = QuantileBoosting(levels: [0.1, 0.5, 0.9])
    quantiles.trees.rounds = 2
    let one = try boosting.fit(table, target: target, weights: nil, stream: 1)
    let three = try quantiles.fit(table, target: target, weights: nil, stream: 1)
    for width in [2, 3, 7] {
      #expect(try boosting.fit(table, target: target, weights: nil, stream: 1, width: width) == one)
      #expect(try quantiles.fit(table, target: target, weights: nil, stream: 1, width: width) == three)
    }
  }

  @Test("Ensembles are the same at any width")
  func ensembles() async throws {
    let problem = BoostingProblem(kind: 0, rows: 120, columns: 6)
    var ensemble = EnsembleBoosting()
    ensemble.members = 5
    ensemble.member.trees.rounds = 20
    let observations = problem.trainTarget.map { Observation.exact($0) }
    let groups = (0..<120).map { $0 / 6 }
    let alone = try await ensemble.fit(
      problem.trainTable, observations: observations, groups: groups, weights: nil, stream: 4)
    for width in [2, 3, 7] {
      let other = try await ensemble.fit(
        problem.trainTable, observations: observations, groups: groups, weights: nil, stream: 4, width: width)
      #expect(other == alone)
    }
    #expect(Set(alone.members).count == 5)
  }
}
