import NumericalMethods
import Testing

@testable import ResidualLearning

/// A tree grown by trying every split in Double: leaf-wise, ties to the first.
private struct ExhaustiveTree {
  struct Leaf {
    var rows: [Int]
    var depth: Int
  }
  var leaves: [Leaf]

  init(_ x: [[Double]], _ g: [Double], _ options: BoostingOptions) {
    func score(_ rows: [Int]) -> Double {
      let sum = rows.reduce(0) { $0 + g[$1] }
      return sum * sum / (Double(rows.count) + options.lambda)
    }
    func best(_ leaf: Leaf) -> (gain: Double, left: [Int], right: [Int])? {
      guard leaf.depth < options.maxDepth else { return nil }
      var found: (gain: Double, left: [Int], right: [Int])?
      for column in x {
        let values = Set(leaf.rows.map { column[$0] }.filter { !$0.isNaN }).sorted()
        for cut in values {
          for missingLeft in [false, true] {
            let left = leaf.rows.filter { column[$0].isNaN ? missingLeft : column[$0] <= cut }
            let right = leaf.rows.filter { !left.contains($0) }
            guard left.count >= options.minRows, right.count >= options.minRows else { continue }
            let gain = 0.5 * (score(left) + score(right) - score(leaf.rows)) - options.gamma
            if gain > 1e-9 && gain > (found?.gain ?? 0) * (1 + 1e-9) { found = (gain, left, right) }
          }
        }
      }
      return found
    }
    leaves = [Leaf(rows: Array(g.indices), depth: 0)]
    while leaves.count < options.maxLeaves {
      let candidates = leaves.map { best($0) }
      guard let i = candidates.indices.max(by: { candidates[$0]?.gain ?? 0 < candidates[$1]?.gain ?? 0 }),
        let split = candidates[i]
      else { return }
      let depth = leaves[i].depth + 1
      leaves[i] = Leaf(rows: split.left, depth: depth)
      leaves.append(Leaf(rows: split.right, depth: depth))
    }
  }
}

@Suite("Trees")
struct TreeTests {
  @Test("One tree parts the rows as exhaustive search in Double does", arguments: 0..<40)
  func exhaustive(seed: Int) throws {
    var stream = RandomStream(seed: UInt64(seed), purpose: "exhaustive")
    let n = 24
    let x = (0..<4).map { column in
      (0..<n).map { _ in column == 3 && stream.uniform() < 0.3 ? .nan : stream.normal() }
    }
    let y = (0..<n).map { (x[0][$0] > 0 ? 2 : 0) + (x[3][$0].isNaN ? 1 : x[3][$0]) + stream.normal() }
    var options = BoostingOptions()
    options.rounds = 1
    options.learningRate = 1
    options.maxLeaves = 2 + seed % 6
    options.maxDepth = 2 + seed % 3
    options.minRows = 1 + seed % 4
    options.gamma = seed % 5 == 0 ? 0.5 : 0
    let table = FeatureTable(names: ["a", "b", "c", "d"], columns: x)
    let model = try options.fit(table, target: y, weights: nil, stream: 0)
    let base = mean(y)
    let oracle = ExhaustiveTree(x, y.map { base - $0 }, options)
    let found = model.predict(table)
    var expected = [Double](repeating: 0, count: n)
    for leaf in oracle.leaves {
      let sum = leaf.rows.reduce(0) { $0 + y[$1] - base }
      for row in leaf.rows { expected[row] = base + sum / (Double(leaf.rows.count) + options.lambda) }
    }
    if oracle.leaves.count == 1 { expected = expected.map { _ in base } }
    #expect(largestGap(found, expected) < 1e-12, "seed \(seed)")
  }

  @Test("Two leaves by hand: the mean of each side, shrunk by λ and the learning rate")
  func byHand() throws {
    var options = BoostingOptions()
    options.rounds = 1
    options.learningRate = 0.5
    options.maxLeaves = 2
    options.minRows = 1
    options.lambda = 1
    let table = FeatureTable(names: ["x"], columns: [[1, 2, 3, 5]])
    let model = try options.fit(table, target: [0, 0, 0, 4], weights: nil, stream: 0)
    // Mean 1; sides {0, 0, 0} and {4}: −(−3)/(3 + 1) = −0.75 and 3/(1 + 1) = 1.5, halved; cut at (3 + 5)/2.
    #expect(model.predict(table) == [0.625, 0.625, 0.625, 1.75])
    #expect(model.threshold == [4, 0, 0])
    // Gain ½(9/4 + 9/2 − 0).
    #expect(abs(model.gain[0] - 3.375) < 1e-8)
    #expect(model.cover == [4, 3, 1])
    #expect(model.gainImportance == [model.gain[0]])
    #expect(model.splitCount == [1])
  }

  @Test("Symmetric trees use one split a level")
  func symmetricLevels() throws {
    let problem = BoostingProblem(kind: 0, rows: 500, columns: 6)
    var options = BoostingOptions()
    options.growth = .symmetric
    options.maxDepth = 4
    options.rounds = 20
    let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 3)
    for (tree, root) in model.roots.enumerated() {
      var level = [Int(root)]
      while !level.isEmpty {
        let splits = level.filter { model.left[$0] != 0 }
        #expect(Set(splits.map { "\(model.feature[$0]) \(model.threshold[$0])" }).count <= 1, "tree \(tree)")
        level = splits.flatMap { [Int(model.left[$0]), Int(model.left[$0]) + 1] }
      }
    }
    #expect(problem.error(model) < 0.8 * standardDeviation(problem.target))
  }

  @Test("Limits of leaves, depth and rows hold", arguments: TreeGrowth.allCases)
  func limits(growth: TreeGrowth) throws {
    let problem = BoostingProblem(kind: 2, rows: 300, columns: 6)
    var options = BoostingOptions.fewRows(300)
    options.growth = growth
    let model = try options.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 3)
    #expect(model.treeCount > 100)
    for (tree, root) in model.roots.enumerated() {
      let end = tree + 1 < model.treeCount ? Int(model.roots[tree + 1]) : model.left.count
      let nodes = Int(root)..<end
      #expect(nodes.count { model.left[$0] == 0 } <= 6)
      #expect(nodes.allSatisfy { model.cover[$0] >= 10 })
      // A drawn share of 0.7, without replacement.
      #expect(model.cover[Int(root)] == 210)
      var depth = [Int(root): 0]
      for i in nodes where model.left[i] != 0 {
        for child in [Int(model.left[i]), Int(model.left[i]) + 1] { depth[child] = (depth[i] ?? 0) + 1 }
      }
      #expect((depth.values.max() ?? 0) <= 3)
    }
  }

  @Test("Cuts lie between values, never part equal ones, and infinities are ordered")
  func cuts() {
    #expect(Edges.cuts(ofSorted: [1, 1, 2, 4], maxBins: 255, minRows: 1) == [1.5, 3, .infinity])
    #expect(Edges.cuts(ofSorted: [1, 2, 3, 4, 5, 6], maxBins: 255, minRows: 3) == [3.5, .infinity])
    #expect(
      Edges.cuts(ofSorted: [-.infinity, 0, .infinity], maxBins: 9, minRows: 1) == [-.infinity, 0, .infinity])
    #expect(Edges.cuts(ofSorted: [0, 0, 0, 1, 2, 3], maxBins: 2, minRows: 1) == [0.5, .infinity])
    let next = 1.0.nextUp
    #expect(Edges.middle(1, next) == 1)
    #expect(Edges.middle(-.greatestFiniteMagnitude, .greatestFiniteMagnitude) == -.greatestFiniteMagnitude)
    let many = (0..<10_000).map { Double($0) }
    let bins = many.map { BinnedTable.bin(of: $0, Edges.cuts(ofSorted: many, maxBins: 255, minRows: 1)) }
    let sizes = (0..<255).map { bin in bins.count { $0 == bin } }
    #expect(sizes.allSatisfy { $0 == 39 || $0 == 40 })
  }
}
