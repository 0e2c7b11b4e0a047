import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Categories, linear leaves and hostile tables")
struct LeafKindTests {
  var options: BoostingOptions {
    var options = BoostingOptions()
    options.minRows = 2
    options.lambda = 0
    options.learningRate = 1
    options.rounds = 1
    return options
  }

  @Test(
    "One categorical split parts levels that no threshold parts; exhaustive search over subsets agrees",
    arguments: 0..<20)
  func categories(seed: Int) throws {
    var stream = RandomStream(seed: UInt64(seed), purpose: "levels")
    let codes = (0..<60).map { _ in Double(stream.index(below: 7)) }
    let effect = (0..<7).map { _ in stream.normal() }
    let y = codes.map { effect[Int($0)] + 0.1 * stream.normal() }
    var options = options
    options.categoricalFeatures = ["k"]
    options.maxLeaves = 2
    let table = FeatureTable(names: ["k"], columns: [codes])
    let model = try options.fit(table, target: y, weights: nil, stream: 0)
    func loss(_ p: [Double]) -> Double { zip(p, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    var least = Double.infinity
    for mask in 1..<127 {
      let sides = [true, false].map { side in y.indices.filter { (mask >> Int(codes[$0]) & 1 == 1) == side } }
      if sides.contains(where: { $0.count < options.minRows }) { continue }
      least = min(
        least,
        sides.reduce(0.0) { sum, rows in
          let centre = mean(rows.map { y[$0] })
          return sum + rows.reduce(0) { $0 + (y[$1] - centre) * (y[$1] - centre) }
        })
    }
    #expect(abs(loss(model.predict(table)) - least) < 1e-9 * least)
    #expect(model.predict(row: [codes[0]]) == model.predict(table)[0])
    let again = try JSONDecoder().decode(BoostedTrees.self, from: JSONEncoder().encode(model))
    #expect(again == model && !model.levels.isEmpty)
    expectRefusedElsewhere(model, as: "categorical splits")
    for odd in [Double.nan, -1, 63, 64, 1e300, 2.5, .infinity] { #expect(model.predict(row: [odd]).isFinite) }
  }

  /// Forms and explanations that know thresholds and constants alone must not pass over the rest.
  private func expectRefusedElsewhere(_ model: BoostedTrees, as part: String) {
    let refusal = LearningError.unsupported(part)
    #expect(throws: refusal) { try LightGBMText.encode([model]) }
    #expect(throws: refusal) { try XGBoostJSON.encode([model]) }
    #expect(throws: refusal) { try ONNXTrees.encode([model]) }
    #expect(throws: refusal) { try TreeExplainer(model) }
  }

  @Test("Categories that are no codes, unknown names and symmetric trees are refused")
  func refusedCategories() {
    var options = options
    options.categoricalFeatures = ["k"]
    for bad in [-1.0, 64, 0.5, .infinity] {
      let table = FeatureTable(names: ["k"], columns: [[1, 2, bad]])
      #expect(throws: LearningError.self) { try options.fit(table, target: [1, 2, 3], weights: nil, stream: 0) }
    }
    let table = FeatureTable(names: ["k"], columns: [[1, 2, 3]])
    options.growth = .symmetric
    #expect(throws: LearningError.self) { try options.fit(table, target: [1, 2, 3], weights: nil, stream: 0) }
    options.growth = .leafWise
    options.categoricalFeatures = ["z"]
    #expect(throws: LearningError.self) { try options.fit(table, target: [1, 2, 3], weights: nil, stream: 0) }
  }

  @Test("A slope in every leaf: two lines are found exactly, and values stay within the residuals of the leaf")
  func linearLeaves() throws {
    let side = (0..<80).map { $0 < 40 ? 0.0 : 1.0 }
    let x = (0..<80).map { Double($0 % 40) / 40 }
    let y = (0..<80).map { side[$0] == 0 ? 2 * x[$0] : 30 - 3 * x[$0] }
    let table = FeatureTable(names: ["side", "x"], columns: [side, x])
    var options = options
    options.maxLeaves = 2
    options.linearFeatures = ["x"]
    options.linearPenalty = 0
    let model = try options.fit(table, target: y, weights: nil, stream: 0)
    #expect(largestGap(model.predict(table), y) < 1e-9)
    #expect(try JSONDecoder().decode(BoostedTrees.self, from: JSONEncoder().encode(model)) == model)
    expectRefusedElsewhere(model, as: "linear leaves")
    // Far outside: the range of each leaf's rows. Missing: the leaf's constant.
    #expect(abs(model.predict(row: [0, 1e6]) - 2 * 39.0 / 40) < 1e-9)
    #expect(abs(model.predict(row: [0, .nan]) - mean(Array(y[..<40]))) < 1e-9)
    options.monotone = [0, 1]
    #expect(throws: LearningError.self) { try options.fit(table, target: y, weights: nil, stream: 0) }
  }

  @Test("Linear leaves lower the error of a law that is linear within regions")
  func linearLaw() throws {
    let problem = BoostingProblem(kind: 4, rows: 300, columns: 6)
    var plain = BoostingOptions()
    plain.maxLeaves = 8
    plain.rounds = 60
    var linear = plain
    linear.linearFeatures = ["x0", "x1", "x2"]
    let constant = problem.error(
      try plain.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0))
    let sloped = problem.error(
      try linear.fit(problem.trainTable, target: problem.trainTarget, weights: nil, stream: 0))
    #expect(sloped < 0.97 * constant, "\(sloped) for \(constant)")
  }

  @Test("Too many columns is a typed error; many columns and few rows are not")
  func wideTables() throws {
    let wide = FeatureTable(
      names: (0..<65_537).map { "x\($0)" }, columns: [[Double]](repeating: [1, 2], count: 65_537))
    #expect(throws: LearningError.sizes("65537 columns; at most 65536 are possible")) {
      try options.fit(wide, target: [1, 2], weights: nil, stream: 0)
    }
    var stream = RandomStream(seed: 1, purpose: "wide")
    let columns = (0..<3000).map { _ in (0..<30).map { _ in stream.normal() } }
    let table = FeatureTable(names: (0..<3000).map { "x\($0)" }, columns: columns)
    let y = (0..<30).map { 3 * (columns[2017][$0] > 0 ? 1.0 : 0.0) }
    let model = try options.fit(table, target: y, weights: nil, stream: 0, width: 3)
    #expect(largestGap(model.predict(table), y) < 1e-9)
  }

  @Test("A damaged model file is a typed error or a model that predicts, never a trap")
  func damagedFiles() throws {
    var options = options
    options.categoricalFeatures = ["k"]
    options.linearFeatures = ["x"]
    let table = FeatureTable(
      names: ["k", "x"], columns: [(0..<40).map { Double($0 % 5) }, (0..<40).map { Double($0) }])
    let model = try options.fit(table, target: (0..<40).map { Double($0 * $0 % 17) }, weights: nil, stream: 0)
    let bytes = [UInt8](try JSONEncoder().encode(model))
    var stream = RandomStream(seed: 5, purpose: "damage")
    var read = 0
    for trial in 0..<4000 {
      var damaged = bytes
      if trial % 4 == 0 {
        damaged.removeLast(1 + stream.index(below: bytes.count))
      } else {
        for _ in 0..<(1 + trial % 3) {
          // A digit for a digit keeps the file readable and its numbers wrong.
          let place = stream.index(below: bytes.count)
          let isDigit = (48...57).contains(damaged[place])
          damaged[place] =
            isDigit ? UInt8(48 + stream.index(below: 10)) : damaged[place] ^ UInt8(1 << stream.index(below: 8))
        }
      }
      guard let other = try? JSONDecoder().decode(BoostedTrees.self, from: Data(damaged)) else { continue }
      read += 1
      if other.featureNames.count == 2 { #expect(other.predict(table).count == 40) }
    }
    #expect(read > 100)
  }
}
