import BatteryData
import CellModel
import Foundation
import NumericalMethods
import ResidualLearning
import Testing

@testable import LifetimeForecast

@Suite("Models as files")
struct ModelFileTests {
  /// A small hybrid model of synthetic cells.
  static func model() async throws -> (LifetimeModel, Dataset) {
    let dataset = Dataset(description: SyntheticCells.description, cells: SyntheticCells.make(16, seed: 3))
    var options = TrainerOptions()
    options.early = [0, 40]
    options.folds = 4
    options.threads = 2
    let part = TrainingPart(dataset: dataset, cellIDs: dataset.cells.prefix(12).map(\.id))
    return (try await Trainer(options, toolVersion: "test").fit([part]), dataset)
  }

  @Test("A bundle reads back as the same model, and forecasts the same")
  func roundTrip() async throws {
    let (model, dataset) = try await Self.model()
    let again = try await LifetimeModel(try model.bundleContents(), threads: 2)
    #expect(try again.bundleContents() == model.bundleContents(), "written again, the same bytes")
    #expect(again.baselines == model.baselines)
    let ids = dataset.cells.suffix(2).map(\.id)
    let a = try await model.forecast(dataset, cellIDs: ids, early: 40, draws: 200, seed: 5, threads: 1)
    let b = try await again.forecast(dataset, cellIDs: ids, early: 40, draws: 200, seed: 5, threads: 2)
    #expect(a.map(\.life) == b.map(\.life))
    #expect(a[0].retentionDraws(at: [50, 100, 300]) == b[0].retentionDraws(at: [50, 100, 300]))
  }

  @Test("Only the cut-off that is asked for is read, and it forecasts as the whole model does")
  func oneCutoff() async throws {
    let (model, dataset) = try await Self.model()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let sha = try model.write(to: folder)
    // A damaged file of another cut-off is not so much as opened.
    try Data([0]).write(to: URL(fileURLWithPath: folder + "/cutoff-0.json"))
    await #expect(throws: BundleError.self) { try await LifetimeModel.read(folder, threads: 1) }
    let (part, read) = try await LifetimeModel.read(folder, forecasting: nil, from: [55], threads: 1)
    #expect(part.coreCutOffs == [40] && read == sha)
    let ids = dataset.cells.suffix(2).map(\.id)
    let whole = try await model.forecast(dataset, cellIDs: ids, early: 55, draws: 50, seed: 5, threads: 1)
    let some = try await part.forecast(dataset, cellIDs: ids, early: 55, draws: 50, seed: 5, threads: 1)
    #expect(whole.map(\.life) == some.map(\.life))
  }

  @Test("What cells built alike differ by is a share of the variance of log age, at most all of it")
  func shares() {
    var stream = RandomStream(seed: 2, purpose: "shares")
    let scale = LevelScale(offset: 1)
    let z = Matrix((0..<4000).map { _ in [5 + 0.2 * stream.normal(), 6 + 0.4 * stream.normal()] })
    var remaining = z
    for k in remaining.storage.indices { remaining.storage[k] = scale.inverse(z.storage[k]) }
    let draws = LevelDraws(
      remaining: remaining, age: 0, start: 1, endFraction: 0.8, horizonScale: [], measurementNoise: 0)
    let shares = draws.shares(of: [0.01, 1], scale: scale)
    #expect(abs(shares[0] - 0.25) < 0.02 && shares[1] == 1)
  }

  @Test("The same training gives the same bytes")
  func repeatable() async throws {
    let a = try await Self.model().0.bundleContents()
    let b = try await Self.model().0.bundleContents()
    #expect(a == b)
  }

  @Test("Damaged files give an error or a model that forecasts, never a trap")
  func damaged() async throws {
    let (model, dataset) = try await Self.model()
    let whole = try model.bundleContents()
    let core = CoreFile(40)
    let names = [
      ModelFiles.model, ModelFiles.weights, core.json, core.weights, ModelFiles.baselines, ModelFiles.baselineWeights,
    ]
    var stream = RandomStream(seed: 8, purpose: "damage")
    var refused = 0
    for round in 0..<300 {
      var contents = whole
      let name = names[round / 3 % names.count]
      var bytes = contents.files[name] ?? []
      switch round % 3 {
      case 0: bytes.removeLast(min(bytes.count, 1 + stream.index(below: bytes.count)))
      default:
        for _ in 0..<(1 + stream.index(below: 4)) {
          bytes[stream.index(below: bytes.count)] = UInt8(stream.index(below: 256))
        }
      }
      contents.files[name] = bytes
      do {
        let read = try await LifetimeModel(contents)
        _ = try? await read.forecast(
          dataset, cellIDs: [dataset.cells[15].id], early: 40, draws: 20, seed: 1, threads: 1)
      } catch { refused += 1 }
    }
    #expect(refused > 100, "\(refused) of 300 damaged files were refused")
  }

  @Test("Scoring training cells is refused, also under another name")
  func leakage() async throws {
    let (model, dataset) = try await Self.model()
    await #expect(throws: EvaluationError.self) {
      try await Evaluation.run(
        model, on: dataset, cellIDs: [dataset.cells[0].id], split: nil, early: [0], baselines: [], seed: 1, threads: 1)
    }
    var copied = dataset
    copied.cells = Array(dataset.cells.suffix(4))
    copied.cells[0].series = dataset.cells[0].series
    await #expect(throws: EvaluationError.self) {
      try await Evaluation.run(
        model, on: copied, cellIDs: nil, split: nil, early: [0], baselines: [], seed: 1, threads: 1)
    }
    copied.cells.removeFirst()
    let result = try await Evaluation.run(
      model, on: copied, cellIDs: nil, split: nil, early: [0, 40], baselines: nil, seed: 1, threads: 1)
    #expect(result.rows.contains { $0.model == "hybrid" && $0.early == 40 && $0.counts.cells == 3 })
    #expect(result.rows.contains { $0.model == "baseline:mean" })
  }

  @Test("Too few cells is an error, not an empty model")
  func tooFew() async {
    let dataset = Dataset(description: SyntheticCells.description, cells: SyntheticCells.make(2, seed: 3))
    await #expect(throws: TrainingError.self) {
      try await Trainer(TrainerOptions(), toolVersion: "test")
        .fit([TrainingPart(dataset: dataset, cellIDs: dataset.cells.map(\.id))])
    }
  }
}

@Suite("JSON documents and archives")
struct ArchiveTests {
  @Test("Documents read back equal, with places of faults")
  func documents() throws {
    let text = #"{"a":[1,2.5,-3e-7,true,null],"b":{"c":"q\"\\\n\u00e9 ü"},"d":[]}"#
    let tree = try JSONTree(parsing: Array(text.utf8))
    #expect(try JSONTree(parsing: tree.serialized()) == tree)
    #expect(try JSONTree(parsing: tree.serialized(pretty: true)) == tree)
    #expect(JSONTree.number(.nan).serialized() == Array("null".utf8))
    let fault = #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: Array("{\n  \"a\": 1,\n  b\n}".utf8)) }
    #expect(fault?.line == 3)
    #expect(fault?.column == 3)
    for cut in 1..<text.utf8.count {
      #expect(throws: JSONSyntaxError.self) { try JSONTree(parsing: Array(text.utf8.prefix(cut))) }
    }
  }

  private struct Sample: Codable, Equatable {
    var name: String
    var values: [Double]
    var short: [Double]
    var counts: [Int]
    var wide: [UInt64]
    var nested: [[Double]]
    var flag: Bool?
    var odd: Double
  }

  @Test("Long arrays leave the document and come back, non-finite values too")
  func archive() throws {
    let sample = Sample(
      name: "x", values: (0..<40).map { Double($0) / 3 } + [.infinity, -.infinity], short: [1.5, .infinity],
      counts: Array(0..<20), wide: (0..<20).map { UInt64.max - UInt64($0) },
      nested: [[1, 2], (0..<17).map(Double.init)],
      flag: nil, odd: -0.1)
    let (json, tensors) = try ArchiveEncoder().encode(sample)
    #expect(tensors.map(\.name).sorted() == ["counts", "nested/1", "values", "wide"])
    let stored = try SafeTensors(decoding: SafeTensors(archived: tensors).encoded())
    #expect(try ArchiveDecoder().decode(Sample.self, json: json, tensors: stored.archived) == sample)
    #expect(throws: (any Error).self) { try ArchiveDecoder().decode(Sample.self, json: json, tensors: [:]) }
  }
}
