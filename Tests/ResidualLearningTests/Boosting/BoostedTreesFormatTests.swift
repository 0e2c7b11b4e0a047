import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Stored trees")
struct BoostedTreesFormatTests {
  func model() throws -> BoostedTrees {
    // Only whether x is missing matters, so that the first cut is +∞.
    let x: [Double] = (0..<60).map { $0 % 3 == 0 ? .nan : Double($0 % 7) }
    let z = (0..<60).map { Double($0 * 37 % 60) }
    let table = FeatureTable(names: ["x", "z"], columns: [x, z])
    return try BoostingOptions.fewRows(60).fit(
      table, target: (0..<60).map { x[$0].isNaN ? 9 : z[$0] / 60 }, weights: nil, stream: 1)
  }

  @Test("JSON gives back the same bits, infinite thresholds included")
  func roundTrip() throws {
    let model = try model()
    #expect(model.threshold.contains(.infinity))
    let data = try JSONEncoder().encode(model)
    #expect(try JSONDecoder().decode(BoostedTrees.self, from: data) == model)
    let distribution = try DistributionTrees(family: .weibull, location: model, spread: model, spreadBounds: -3...4)
    let again = try JSONDecoder().decode(DistributionTrees.self, from: JSONEncoder().encode(distribution))
    #expect(again == distribution)
    let quantiles = try QuantileTrees(levels: [0.1, 0.9], outputs: [model, model])
    #expect(try JSONDecoder().decode(QuantileTrees.self, from: JSONEncoder().encode(quantiles)) == quantiles)
  }

  /// The arrays of a model of one tree with two leaves, each to be spoilt.
  struct Parts {
    var names = ["x", "y"]
    var base = 1.0
    var roots: [UInt32] = [0]
    var feature: [UInt16] = [1, 0, 0]
    var threshold: [Double] = [0.5, 0, 0]
    var left: [UInt32] = [1, 0, 0]
    var flags: [UInt8] = [1, 0, 0]
    var leaf: [Double] = [0, -1, 1]
    var gain: [Double] = [2, 0, 0]
    var cover: [Double] = [5, 3, 2]

    func model() throws -> BoostedTrees {
      try BoostedTrees(
        featureNames: names, baseScore: base, roots: roots, feature: feature, threshold: threshold, left: left,
        flags: flags, leaf: leaf, gain: gain, cover: cover)
    }
  }

  @Test("Every broken rule is refused with a typed error")
  func corrupt() throws {
    let table = FeatureTable(names: ["x", "y"], columns: [[0, 0, 0], [0.5, 0.6, .nan]])
    #expect(try Parts().model().predict(table) == [0, 2, 0])
    let faults: [(inout Parts) -> Void] = [
      { $0.base = .nan }, { $0.roots = [] }, { $0.roots = [1] }, { $0.roots = [0, 0] }, { $0.roots = [0, 9] },
      { $0.roots = [0, 1] }, { $0.feature[0] = 2 }, { $0.feature.removeLast() }, { $0.threshold[0] = .nan },
      { $0.threshold = [] }, { $0.left[0] = 2 }, { $0.left[0] = 7 }, { $0.left[0] = .max }, { $0.left[1] = 1 },
      { $0.left[2] = 1 }, { $0.left[0] = 0 }, { $0.flags[0] = 2 }, { $0.leaf[1] = .infinity }, { $0.gain[0] = -1 },
      { $0.cover[0] = .nan }, { $0.names = ["x"] },
    ]
    for (i, fault) in faults.enumerated() {
      var parts = Parts()
      fault(&parts)
      #expect(throws: LearningError.self, "fault \(i)") { try parts.model() }
    }
  }

  @Test("Random arrays are refused or predict without a trap")
  func fuzzed() {
    var stream = RandomStream(seed: 3, purpose: "fuzz")
    let table = FeatureTable(names: ["x", "y"], columns: [[0, .nan, 9], [0.5, .infinity, .nan]])
    var accepted = 0
    for _ in 0..<20_000 {
      var parts = Parts()
      let n = 1 + stream.index(below: 7)
      parts.roots = stream.uniform() < 0.5 ? [0] : [0, UInt32(stream.index(below: 4))]
      parts.feature = (0..<n).map { _ in UInt16(stream.index(below: 3)) }
      parts.threshold = (0..<n).map { _ in stream.normal() }
      parts.left = (0..<n).map { _ in UInt32(stream.index(below: 3) * stream.index(below: 4)) }
      parts.flags = (0..<n).map { _ in UInt8(stream.index(below: 2)) }
      parts.leaf = parts.threshold
      parts.gain = (0..<n).map { _ in 1 }
      parts.cover = parts.gain
      guard let model = try? parts.model() else { continue }
      accepted += 1
      #expect(model.predict(table).allSatisfy { $0.isFinite })
    }
    #expect(accepted > 10)
  }
}
