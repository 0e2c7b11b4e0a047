import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

/// Fixed models, not trained here, and the files written from them. `scripts/reference/exports.py` has the programs
/// that own the formats read the same files and compares what they predict; it stores the hash of each file it checked.
struct ExportedFiles {
  /// Files by name.
  private(set) var files: [String: [UInt8]] = [:]

  init() throws {
    let cases = try InterchangeReference.load().cases
    let regression = try cases[0].read()
    let edges = try Self.edges()
    try add("regression", regression, cases[0].table, explained: true)
    try add("outputs", cases[2].read(), cases[2].table, explained: false)
    try add("edges", edges, Self.edgeRows(), explained: false)
    let reference = try NetworkReferenceTests.load()
    let x = Matrix(rows: 96, columns: 5, storage: reference.inputs.map { Double($0) })
    var rows = x.selecting(rows: Array(0..<12))
    (rows[3, 1], rows[4, 4], rows[5, 0], rows[6, 2]) = (.nan, .nan, 1e30, -.infinity)
    for column in 0..<5 { rows[7, column] = .nan }
    let table = FeatureTable(names: ["a", "b", "c", "d", "e"], rows)
    // The last parameters of the reference as two members; one input in five is a mask.
    let encoding = InputEncoding(means: [0.1, 0, -2, 3], scales: [1, 0.5, 2, 4], masked: [1])
    let inputs = FeatureTable(names: ["a", "b", "c", "d"], rows.selecting(columns: [0, 1, 2, 3]))
    let normal = reference.cases[0]
    let members = try [normal.last, normal.first].map {
      try Network(sizes: normal.sizes, activation: .relu, parameters: $0)
    }
    let scale = DistributionScale(family: .normal, centre: 7, scale: 3, logSpread: log(3))
    let network = try DistributionNetwork(
      checking: inputs.names, encoding: encoding, scale: scale, networks: members)
    #expect(table.columnCount == 5)
    let predicted = network.predict(inputs)
    for precision in ONNXPrecision.allCases {
      files["network-\(precision).onnx"] = ONNXNetwork.encode(network, precision: precision)
    }
    files["network.safetensors"] = SafeTensors(weightsOf: network).encoded()
    files["network.json"] = rowFile([
      "rows": inputs.values, "mean": predicted.map(\.mean), "deviation": predicted.map(\.standardDeviation),
    ])
    let levels = reference.cases[2]
    let quantileScale = QuantileScale(
      levels: reference.levels, centre: 7, scale: 3, logGaps: [0.5, -0.2, 0, 0.3])
    let quantiles = try QuantileNetwork(
      checking: inputs.names, encoding: encoding, scale: quantileScale,
      networks: [levels.last, levels.first].map {
        try Network(sizes: levels.sizes, activation: .tanh, parameters: $0)
      })
    for precision in ONNXPrecision.allCases {
      files["quantiles-\(precision).onnx"] = ONNXNetwork.encode(quantiles, precision: precision)
    }
    files["quantiles.json"] = rowFile(["rows": inputs.values, "quantiles": quantiles.predict(inputs).flatMap { $0 }])
  }

  /// Two outputs with thresholds that no 32-bit number holds, both ways for missing values, infinite cuts, a tree of one
  /// leaf, and fewer trees in one output.
  static func edges() throws -> [BoostedTrees] {
    let cuts: [Double] = [0.1, 1e-30, -0.30000000000000004, .infinity, -.infinity, 1e300, -1e300, 16_777_217]
    var assembly = TreeAssembly()
    for (k, cut) in cuts.enumerated() {
      try assembly.append(
        [
          TreeAssembly.Node(
            feature: k % 2, threshold: cut, missingLeft: k % 3 == 0, children: (1, 2), gain: 1, cover: 10),
          TreeAssembly.Node(value: Double(1 << k), cover: 4),
          TreeAssembly.Node(
            feature: (k + 1) % 2, threshold: -cut, missingLeft: k % 2 == 0, children: (3, 4), gain: 1, cover: 6),
          TreeAssembly.Node(value: -0.25 * Double(1 << k), cover: 2), TreeAssembly.Node(value: 0.125, cover: 4),
        ], tree: k)
    }
    try assembly.append([TreeAssembly.Node(value: 0.5, cover: 10)], tree: cuts.count)
    var small = TreeAssembly()
    try small.append([TreeAssembly.Node(value: 3, cover: 10)], tree: 0)
    return [
      try assembly.trees(["first feature", "x,y"], baseScore: 1.5),
      try small.trees(["first feature", "x,y"], baseScore: -0.75),
    ]
  }

  /// All pairs of values on and beside every cut, missing and infinite ones included.
  static func edgeRows() -> FeatureTable {
    var values: [Double] = [.nan, .infinity, -.infinity, 0, -0.0, 1, -1]
    for cut in [0.1, 1e-30, 0.30000000000000004, 1e300, 16_777_217] as [Double] {
      for signed in [cut, -cut] { values += [signed, signed.nextUp, signed.nextDown, Double(Float(signed))] }
    }
    let pairs = values.flatMap { a in values.map { (a, $0) } }
    return FeatureTable(names: ["first feature", "x,y"], columns: [pairs.map(\.0), pairs.map(\.1)])
  }

  private mutating func add(
    _ name: String, _ models: [BoostedTrees], _ table: FeatureTable, explained: Bool
  ) throws {
    files["\(name).txt"] = Array(try LightGBMText.encode(models).utf8)
    files["\(name).xgboost.json"] = try XGBoostJSON.encode(models)
    for precision in ONNXPrecision.allCases {
      for form in ONNXTrees.Operator.allCases {
        files["\(name)-\(form)-\(precision).onnx"] = try ONNXTrees.encode(
          models, precision: precision, operator: form)
      }
    }
    let single = FeatureTable(
      names: table.names,
      columns: (0..<table.columnCount).map { j in table.column(j).map { Double(Float($0)) } })
    func sums(_ table: FeatureTable) -> [Double] {
      let all = models.map { $0.predict(table) }
      return (0..<table.rowCount).flatMap { row in all.map { $0[row] } }
    }
    var arrays = [
      "rows": table.values, "sums": sums(table), "rows32": single.values, "sums32": sums(single),
    ]
    if explained {
      let finite = (0..<table.rowCount).filter { row in
        (0..<table.columnCount).allSatisfy { !table[row, $0].isInfinite }
      }
      let rows = table.selecting(rows: Array(finite.prefix(40)))
      // Rows for which shap's interventional values add up: see the script.
      let whole = finite.filter { row in (0..<table.columnCount).allSatisfy { !table[row, $0].isNaN } }
      let background = table.selecting(rows: whole.filter { $0 < 20 })
      let explainer = try TreeExplainer(models[0])
      arrays["explained"] = rows.values
      arrays["base"] = [explainer.base]
      arrays["values"] = explainer.values(rows).flatMap { $0 }
      arrays["interactions"] = (0..<5).flatMap { row in
        explainer.interactions(row: (0..<rows.columnCount).map { rows[row, $0] }).flatMap { $0 }
      }
      arrays["background"] = background.values
      arrays["interventional"] = try TreeExplainer(models[0], background: background).values(rows).flatMap { $0 }
    }
    files["\(name).json"] = rowFile(arrays)
  }

  /// Arrays of numbers as 64-bit patterns.
  private func rowFile(_ arrays: [String: [Double]]) -> [UInt8] {
    JSONTree.object(arrays.mapValues { .array($0.map { .string("\($0.bitPattern)") }) }).serialized()
  }
}

extension FeatureTable {
  /// The values, row after row.
  fileprivate var values: [Double] {
    (0..<rowCount).flatMap { row in (0..<columnCount).map { self[row, $0] } }
  }
}

@Suite("Exports")
struct ExportTests {
  /// 64-bit FNV-1a.
  static func hash(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return String(hash, radix: 16)
  }

  @Test("The files are those that their owners read and predicted with, byte for byte")
  func checked() throws {
    let files = try ExportedFiles().files
    if let folder = ProcessInfo.processInfo.environment["EXPORT_FOLDER"] {
      // For scripts/reference/exports.py, which checks them and records the hashes anew.
      for (name, bytes) in files { try Data(bytes).write(to: URL(fileURLWithPath: folder).appending(path: name)) }
      return
    }
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Reference/exports.json")
    struct Checked: Decodable { var hashes: [String: String] }
    let checked = try JSONDecoder().decode(Checked.self, from: Data(contentsOf: file)).hashes
    for (name, bytes) in files where !name.hasSuffix(".json") || name.hasSuffix(".xgboost.json") {
      #expect(checked[name] == Self.hash(bytes), "\(name) is not the file that was checked")
    }
  }

  @Test("Through both text forms the edge cases keep every row on its side")
  func edges() throws {
    let models = try ExportedFiles.edges()
    let rows = ExportedFiles.edgeRows()
    let text = try LightGBMText.decode(LightGBMText.encode(models))
    #expect(text.map { $0.predict(rows) } == models.map { $0.predict(rows) })
    #expect(text[0].featureNames == ["first_feature", "x_y"])
    let single = FeatureTable(
      names: rows.names, columns: [0, 1].map { rows.column($0).map { Double(Float($0)) } })
    // XGBoost takes no infinite values; the number after an infinite cut does not exist.
    let kept = (0..<rows.rowCount).filter { row in (0..<2).allSatisfy { !single[row, $0].isInfinite } }
    let finite = single.selecting(rows: kept)
    let json = try XGBoostJSON.decode(XGBoostJSON.encode(models))
    #expect(json.map { $0.predict(finite) } == models.map { $0.predict(finite) })
  }

  @Test("Models that do not share their features are refused")
  func refused() throws {
    let (a, b) = (try ExportedFiles.edges()[0], try InterchangeReference.load().cases[0].read()[0])
    #expect(throws: LearningError.self) { try LightGBMText.encode([a, b]) }
    #expect(throws: LearningError.self) { try XGBoostJSON.encode([]) }
    #expect(throws: LearningError.self) { try ONNXTrees.encode([b, a]) }
  }
}
