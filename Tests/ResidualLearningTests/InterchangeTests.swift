import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

/// Models of other programs with their own predictions, from `scripts/reference/interchange.py`.
struct InterchangeReference: Decodable {
  struct Case: Decodable {
    var form: String
    var model: String
    var columns: Int
    var rows: [String]
    var outputs: Int
    var sums: [String]

    var table: FeatureTable {
      let values = doubles(rows)
      return FeatureTable(
        names: (0..<columns).map { "f\($0)" },
        Matrix(rows: values.count / columns, columns: columns, storage: values))
    }
    var expected: [[Double]] {
      let all = doubles(sums)
      return (0..<outputs).map { k in stride(from: k, to: all.count, by: outputs).map { all[$0] } }
    }
    func read() throws -> [BoostedTrees] {
      form == "lightgbm" ? try LightGBMText.decode(model) : try XGBoostJSON.decode(Array(model.utf8))
    }
  }
  var cases: [Case]

  static func load() throws -> InterchangeReference {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/interchange.json")
    return try JSONDecoder().decode(InterchangeReference.self, from: Data(contentsOf: file))
  }
}

/// Numbers from their 64-bit patterns.
func doubles(_ patterns: [String]) -> [Double] { patterns.map { Double(bitPattern: UInt64($0) ?? 0) } }

@Suite("Models of LightGBM and XGBoost")
struct InterchangeTests {
  @Test("Read models predict as their owners do, for missing and infinite values and values on a cut")
  func imported() throws {
    let cases = try InterchangeReference.load().cases
    #expect(cases.map(\.outputs) == [1, 1, 3, 1, 2])
    for (k, one) in cases.enumerated() {
      let models = try one.read()
      #expect(models.count == one.outputs)
      for (model, expected) in zip(models, one.expected) {
        let ours = model.predict(one.table)
        let size = expected.map(abs).max() ?? 0
        // LightGBM sums in 64 bits; XGBoost in 32, over five terms.
        let tolerance = (one.form == "lightgbm" ? 1e-12 : 1e-6) * size
        #expect(largestGap(ours, expected) < tolerance, "case \(k)")
      }
    }
  }

  @Test("What is read and written again predicts the same, base score and missing side included")
  func roundTrip() throws {
    for (k, one) in try InterchangeReference.load().cases.enumerated() {
      let models = try one.read()
      let text = try LightGBMText.decode(LightGBMText.encode(models))
      let json = try XGBoostJSON.decode(XGBoostJSON.encode(models))
      for (j, model) in models.enumerated() {
        let size = one.expected[j].map(abs).max() ?? 0
        #expect(text[j].predict(one.table) == model.predict(one.table), "case \(k) through LightGBM's text")
        if one.form == "xgboost" {
          // The cuts of an XGBoost model are 32-bit already, and so are its leaves.
          #expect(json[j].predict(one.table) == model.predict(one.table), "case \(k) through XGBoost's JSON")
        } else {
          let single = FeatureTable(
            names: one.table.names, columns: (0..<4).map { one.table.column($0).map { Double(Float($0)) } })
          #expect(largestGap(json[j].predict(single), model.predict(single)) < 1e-6 * size, "case \(k) in 32 bits")
        }
      }
      if one.form == "lightgbm" { #expect(try LightGBMText.encode(text) == LightGBMText.encode(models)) }
    }
  }

  @Test("What cannot be held is refused by name")
  func unsupported() throws {
    let cases = try InterchangeReference.load().cases
    let text = cases[0].model
    let json = cases[3].model
    func refused(_ text: String) {
      #expect(
        performing: { try LightGBMText.decode(text) },
        throws: { if case .unsupported? = $0 as? LearningError { true } else { false } })
    }
    refused(text.replacing("num_cat=0", with: "num_cat=1"))
    refused(text.replacing("is_linear=0", with: "is_linear=1"))
    refused(text.replacing("objective=regression", with: "objective=regression\naverage_output"))
    refused(text.replacing("version=v4", with: "version=v9"))
    refused(
      text.replacing(
        "decision_type=", with: "decision_type=4 "
      ).replacing(/decision_type=4 \S+/, with: "decision_type=4"))
    for (from, to) in [
      ("\"gbtree\"", "\"gblinear\""), ("reg:squarederror", "binary:logistic"),
      ("\"size_leaf_vector\":\"1\"", "\"size_leaf_vector\":\"2\""),
      ("\"split_type\":[0", "\"split_type\":[1"),
    ] {
      #expect(
        performing: { try XGBoostJSON.decode(Array(json.replacing(from, with: to).utf8)) },
        throws: { if case .unsupported? = $0 as? LearningError { true } else { false } })
    }
  }

  @Test("A tree that runs in a circle or out of its arrays is refused")
  func circles() throws {
    let cases = try InterchangeReference.load().cases
    for (from, to) in [
      ("left_child=1", "left_child=0"), ("left_child=1", "left_child=-99"), ("left_child=1", "left_child=99"),
      ("split_feature=", "split_feature=9 "), ("num_leaves=9", "num_leaves=8"),
      ("max_feature_idx=3", "max_feature_idx=1"),
      ("tree\n", "three\n"), ("end of trees", "end"), ("leaf_value=", "leaf_value=x"),
    ] {
      #expect(throws: LearningError.self, "\(to)") { try LightGBMText.decode(cases[0].model.replacing(from, with: to)) }
    }
    for (from, to) in [
      ("\"left_children\":[1", "\"left_children\":[0"), ("\"left_children\":[1", "\"left_children\":[-7"),
      ("\"left_children\":[1", "\"left_children\":[7777"), ("\"num_feature\":\"4\"", "\"num_feature\":\"1\""),
      ("\"tree_info\":[0", "\"tree_info\":[5"), ("\"base_score\":\"[", "\"base_score\":\"[1,2,"),
      ("\"split_conditions\":[", "\"split_conditions\":[NaN,"), ("\"trees\":[{", "\"trees\":[{},{"),
    ] {
      #expect(throws: LearningError.self, "\(to)") {
        try XGBoostJSON.decode(Array(cases[3].model.replacing(from, with: to).utf8))
      }
    }
  }

  @Test("Truncated and bit-flipped files are an error or another valid model, never a trap", arguments: [0, 2, 3, 4])
  func fuzzed(index: Int) throws {
    let one = try InterchangeReference.load().cases[index]
    let bytes = Array(one.model.utf8)
    var stream = RandomStream(seed: UInt64(index), purpose: "fuzz")
    func read(_ bytes: [UInt8]) -> Bool {
      do {
        let models =
          one.form == "lightgbm"
          ? try LightGBMText.decode(String(decoding: bytes, as: UTF8.self)) : try XGBoostJSON.decode(bytes)
        // Predictions of what was accepted must not trap either.
        let table = one.table
        for model in models where model.featureNames.count == table.columnCount { _ = model.predict(table) }
        return true
      } catch { return false }
    }
    // What follows the trees in the text form, and white space, may be missing.
    let needed = one.form == "lightgbm" ? one.model.firstRange(of: "end of trees")!.lowerBound : one.model.endIndex
    let length = one.model.utf8.distance(from: one.model.startIndex, to: needed)
    for _ in 0..<300 {
      let cut = stream.index(below: length)
      let isRead = read(Array(bytes.prefix(cut)))
      #expect(!isRead, "cut at \(cut)")
    }
    for _ in 0..<1500 {
      var wrong = bytes
      for _ in 0...stream.index(below: 3) {
        wrong[stream.index(below: wrong.count)] ^= 1 << UInt8(stream.index(below: 8))
      }
      _ = read(wrong)
    }
  }

  @Test("Rounding to 32 bits: the last 64-bit number that rounds below a cut is the last that goes left")
  func rounding() {
    var stream = RandomStream(seed: 3, purpose: "cuts")
    let special: [Float] = [
      0, -0.0, 1, -1, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, 0x1p-140, 3e38,
    ]
    let random = (0..<2000).map { _ in Float(bitPattern: stream.next32()) }.filter { !$0.isNaN }
    for cut in special + random where cut != -.infinity && cut != -.greatestFiniteMagnitude {
      let last = cut.greatestRoundingBelow
      #expect(Float(last) < cut, "\(cut)")
      #expect(!(Float(last.nextUp) < cut), "\(cut)")
    }
    for x in random.map({ Double($0) * 1.000_000_01 }) where x.isFinite {
      let below = x.floatAtOrBelow
      #expect(Double(below) <= x && Double(below.nextUp) > x)
    }
  }
}
