import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

/// Small fitted models of every kind.
struct SmallModels {
  var table: FeatureTable
  var trees: BoostedTrees
  var distribution: DistributionTrees
  var quantiles: QuantileTrees
  var network: DistributionNetwork
  var quantileNetwork: QuantileNetwork

  init() throws {
    var stream = RandomStream(seed: 2, purpose: "small")
    var x = Matrix(rows: 120, columns: 3)
    for k in x.storage.indices { x.storage[k] = stream.uniform() < 0.1 ? .nan : stream.normal() }
    table = FeatureTable(names: ["a", "b b", "ç"], x)
    let target = (0..<120).map { i in (x[i, 0].isNaN ? 2 : x[i, 0]) + 0.2 * stream.normal() }
    var options = BoostingOptions.fewRows(120)
    options.rounds = 6
    trees = try options.fit(table, target: target, weights: nil, stream: 1)
    distribution = try DistributionBoosting(trees: options).fit(table, target: target, weights: nil, stream: 1)
    quantiles = try QuantileBoosting(trees: options, levels: [0.1, 0.5, 0.9]).fit(
      table, target: target, weights: nil, stream: 1)
    let training = NetworkTraining(hidden: [5], epochs: 2, batch: 32, members: 2)
    network = try DistributionNetworkOptions(training: training).fit(table, target: target, stream: 1)
    quantileNetwork = try QuantileNetworkOptions(training: training, levels: [0.1, 0.9]).fit(
      table, target: target, stream: 1)
  }
}

@Suite("Files of fitted models")
struct ModelFileTests {
  @Test("Every kind of model reads back with the same bits, and equal models give equal bytes")
  func roundTrip() throws {
    let models = try SmallModels()
    func check<Model: Codable & Equatable>(_ model: Model) throws {
      let bytes = try ModelFile.encode(model)
      let read = try ModelFile.decode(Model.self, from: bytes)
      #expect(read == model)
      #expect(try ModelFile.encode(read) == bytes)
    }
    try check(models.trees)
    try check(models.distribution)
    try check(models.quantiles)
    try check(models.network)
    try check(models.quantileNetwork)
    let conformal = try SplitConformal(target: [1, 2, 3], mean: [1, 1, 1], deviation: [1, 2, 3])
    try check(conformal)
    let read = try ModelFile.decode(DistributionNetwork.self, from: ModelFile.encode(models.network))
    #expect(read.predict(models.table) == models.network.predict(models.table))
  }

  @Test("Another kind, a later version and a changed text are named")
  func refusals() throws {
    let models = try SmallModels()
    let bytes = try ModelFile.encode(models.trees)
    #expect(throws: LearningError.self) { try ModelFile.decode(DistributionTrees.self, from: bytes) }
    var file = try SafeTensors(decoding: bytes)
    file.metadata["version"] = "2"
    #expect(throws: LearningError.unsupported("version 2 of model files")) {
      try ModelFile.decode(BoostedTrees.self, from: file.encoded())
    }
    file = try SafeTensors(decoding: bytes)
    file.metadata["model"] = file.metadata["model"]?.replacing("\"baseScore\":", with: "\"baseScore\":1")
    #expect(throws: LearningError.corruptModel("the checksum does not fit the content")) {
      try ModelFile.decode(BoostedTrees.self, from: file.encoded())
    }
    #expect(throws: LearningError.corruptModel("not a model file")) {
      try ModelFile.decode(BoostedTrees.self, from: SafeTensors().encoded())
    }
  }

  @Test("Truncated at any byte and with any bit flipped: a typed error each time")
  func damaged() throws {
    let models = try SmallModels()
    var stream = RandomStream(seed: 5, purpose: "fuzz")
    func check<Model: Codable>(_ model: Model) throws {
      let bytes = try ModelFile.encode(model)
      for n in stride(from: 0, to: bytes.count, by: 7) {
        #expect(throws: LearningError.self, "cut at \(n)") {
          try ModelFile.decode(Model.self, from: Array(bytes.prefix(n)))
        }
      }
      for _ in 0..<800 {
        var wrong = bytes
        let bit = stream.index(below: 8 * bytes.count)
        wrong[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: LearningError.self, "bit \(bit)") { try ModelFile.decode(Model.self, from: wrong) }
      }
    }
    try check(models.trees)
    try check(models.network)
  }

  @Test("Behind a right checksum, damaged numbers are still refused or harmless")
  func edited() throws {
    let models = try SmallModels()
    var stream = RandomStream(seed: 6, purpose: "fuzz")
    // The same archive without the checksum before it.
    let (json, tensors) = try ArchiveEncoder().encode(models.trees)
    var refused = 0
    for _ in 0..<2000 {
      var text = json
      var file = SafeTensors(archived: tensors)
      if stream.uniform() < 0.5 {
        text[stream.index(below: text.count)] ^= 1 << UInt8(stream.index(below: 8))
      } else {
        let name = file.tensors.keys.sorted()[stream.index(below: file.tensors.count)]
        var bytes = SafeTensors(tensors: ["x": file.tensors[name]!]).encoded()
        bytes[bytes.count - 1 - stream.index(below: file.tensors[name]!.values.count)] ^=
          1 << UInt8(stream.index(below: 8))
        file.tensors[name] = try SafeTensors(decoding: bytes).tensors["x"]
      }
      do {
        let read = try ArchiveDecoder().decode(BoostedTrees.self, json: text, tensors: file.archived)
        if read.featureNames.count == 3 { #expect(read.predict(models.table).count == 120) }
      } catch { refused += 1 }
    }
    #expect(refused > 300)
  }

  @Test("A list or an object where a whole number belongs is an error, not an endless search")
  func wholeNumbers() throws {
    struct Counted: Codable, Equatable { var n: UInt8 }
    func read(_ value: String) throws -> Counted {
      try ArchiveDecoder().decode(
        Counted.self, json: Array("{\"n\": \(value)}".utf8), tensors: ["t": .integers([1, 2])])
    }
    #expect(try read("255") == Counted(n: 255))
    for wrong in ["{}", "[1]", "{\"tensor\": \"t\"}", "1.5", "\"1\"", "256", "-1", "true", "null"] {
      #expect(throws: DecodingError.self, "\(wrong)") { try read(wrong) }
    }
  }

  @Test("A half character in JSON is an error, not a trap")
  func halfCharacter() throws {
    #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: Array(#""\ud800\u0000""#.utf8)) }
    #expect(try JSONTree(parsing: Array(#""\ud83d\ude00""#.utf8)) == .string("😀"))
    #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: Array("[NaN]".utf8)) }
    #expect(try JSONTree(parsing: Array("[-Infinity]".utf8), nonFinite: true) == .array([.number(-.infinity)]))
  }
}
