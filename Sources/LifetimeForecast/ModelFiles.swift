internal import BatteryData
internal import CellModel
internal import Foundation
internal import NumericalMethods
internal import ResidualLearning

/// The files of a bundle.
enum ModelFiles {
  static let model = "model.json"
  static let weights = "weights.safetensors"
  static let baselines = "rivals.json"
  static let baselineWeights = "rivals.safetensors"
  static let replay = "replay.json"
  static let scores = "metrics.json"
}

/// The two files of a core: files of their own, so that a forecast reads no more than it needs.
struct CoreFile: Hashable, Comparable {
  var cutOff: CutOff
  /// The one dataset of several that it learnt from, by its place in `bundle.json`; nil for all of them.
  var dataset: Int?

  var json: String { stem + ".json" }
  var weights: String { stem + ".safetensors" }
  private var stem: String { "cutoff-\(cutOff.text)" + (dataset.map { "\(Self.mark)\($0)" } ?? "") }
  private static let mark = ".dataset-"

  init(_ cutOff: CutOff, dataset: Int? = nil) { (self.cutOff, self.dataset) = (cutOff, dataset) }

  /// From the name of the JSON file; nil for other files.
  init?(_ name: String) {
    guard name.hasPrefix("cutoff-"), name.hasSuffix(".json") else { return nil }
    let parts = name.dropFirst(7).dropLast(5).components(separatedBy: Self.mark)
    guard parts.count <= 2, let cutOff = CutOff(parts[0]) else { return nil }
    self.init(cutOff, dataset: parts.count == 2 ? Int(parts[1]) : nil)
    if parts.count == 2, dataset == nil { return nil }
  }

  static func < (a: CoreFile, b: CoreFile) -> Bool {
    a.cutOff == b.cutOff ? a.dataset ?? -1 < b.dataset ?? -1 : a.cutOff < b.cutOff
  }
}

extension LifetimeModel {
  /// Writes the model as a bundle folder; nothing is left half-written.
  ///
  /// - Parameters:
  ///   - path: folder to make.
  ///   - replacing: replace a bundle that is there.
  /// - Returns: SHA-256 of the bundle's manifest.
  public func write(to path: String, replacing: Bool = false) throws -> String {
    try BundleFolder.write(try bundleContents(), to: path, replacing: replacing)
  }

  /// Reads a bundle, every file checked against its hash.
  ///
  /// - Throws: `BundleError` when a file is missing, changed, damaged or of a newer format.
  public init(contentsOf path: String, threads: Int = 1) async throws {
    try await self.init(BundleFolder(path).contents(), threads: threads)
  }

  /// Reads a bundle and gives its hash beside the model.
  ///
  public static func read(_ path: String, threads: Int) async throws -> (model: LifetimeModel, sha256: String) {
    let bundle = try BundleFolder(path)
    return (try await LifetimeModel(bundle.contents(), threads: threads), bundle.sha256)
  }

  /// Reads no more of a bundle than forecasts need: no scores, no other cut-offs, and for a dataset whose own core
  /// answers for its cells no other core.
  ///
  /// - Parameters:
  ///   - dataset: its name; nil for cells of any.
  ///   - ages: forecasts will be asked from these ages only.
  /// - Throws: `BundleError`.
  public static func read(
    _ path: String, forecasting dataset: String?, from ages: [Double], threads: Int
  ) async throws -> (model: LifetimeModel, sha256: String) {
    let bundle = try BundleFolder(path)
    let parts = bundle.names.compactMap { CoreFile($0) }
    let known = Set(parts.map(\.cutOff))
    // Which of the others a cell has reached, only its record tells.
    let byAge = known.filter { $0.measure == .age }.map(\.value).sorted()
    let asked = Set(ages.compactMap { age in Self.cutoff(for: age, among: byAge) }.map { CutOff($0) })
      .union(known.filter { $0.measure != .age })
    func model(_ parts: [CoreFile]) async throws -> LifetimeModel {
      let files = [ModelFiles.model, ModelFiles.weights] + parts.flatMap { [$0.json, $0.weights] }
      return try await LifetimeModel(bundle.contents(of: files), threads: threads)
    }
    let needed = parts.filter { asked.contains($0.cutOff) }
    let number = bundle.datasets.firstIndex { $0.name == dataset }
    let own = number == nil ? [] : needed.filter { $0.dataset == number }
    if !own.isEmpty, own.count == asked.count {
      let alone = try await model(own)
      if alone.cores.allSatisfy(\.answersItsOwn) { return (alone, bundle.sha256) }
    }
    return (try await model(needed), bundle.sha256)
  }

  init(_ contents: BundleContents, threads: Int = 1) async throws {
    self = try Self.decoded(LifetimeModel.self, contents, ModelFiles.model, ModelFiles.weights)
    let files = contents.files.keys.compactMap { CoreFile($0) }.sorted()
    let found = try await parallelMap(count: files.count, width: threads) {
      try Self.decoded(ForecastCore.self, contents, files[$0].json, files[$0].weights)
    }
    for (file, core) in zip(files, found) {
      if file.dataset != nil, let last = cores.indices.last, cores[last].cutOff == file.cutOff {
        cores[last].homes.append(core)
      } else {
        cores.append(core)
      }
    }
    for c in cores.indices { cores[c].homes.sort { $0.dataset ?? "" < $1.dataset ?? "" } }
    if contents.files[ModelFiles.baselines] != nil {
      baselines = try Self.decoded(
        [BaselineSet].self, contents, ModelFiles.baselines, ModelFiles.baselineWeights)
    }
    if let scores = contents.files[ModelFiles.scores] {
      do { outOfFold = try JSONDecoder().decode([ScoreRow].self, from: Data(scores)) } catch {
        throw BundleError.unusable(ModelFiles.scores, "\(error)")
      }
    }
    try checkConsistency()
  }

  private static func decoded<Part: Decodable>(
    _ type: Part.Type, _ contents: BundleContents, _ json: String, _ weights: String
  ) throws -> Part {
    let tensors: SafeTensors
    do { tensors = try SafeTensors(decoding: try contents.file(weights)) } catch let error as BundleError {
      throw error
    } catch {
      throw BundleError.unusable(weights, "\(error)")
    }
    do {
      return try ArchiveDecoder().decode(type, json: try contents.file(json), tensors: tensors.archived)
    } catch let error as BundleError {
      throw error
    } catch {
      throw BundleError.unusable(json, "\(error)")
    }
  }

  /// Sizes that the forecast relies on; a file may have been edited and hashed again.
  private func checkConsistency() throws(BundleError) {
    func require(_ condition: Bool, _ what: String) throws(BundleError) {
      if !condition { throw BundleError.unusable(ModelFiles.model, what) }
    }
    for core in cores.flatMap({ [$0] + $0.homes }) {
      let k = core.levelCount
      let n = core.cellIDs.count
      try require((1...LevelGrid.shares.count).contains(k), "level count \(k)")
      try require(n >= 3 && core.noveltyPoints.count == 2, "a core of \(n) cells")
      try require(core.meanLevels.count == k && core.components.columns == k, "sizes of the level vectors")
      try require(core.components.rows == core.members.count, "number of components")
      try require(
        core.offsets.rows == n && core.offsets.columns == RepresentationResidual.shares.count, "size of the offsets")
      let width = core.scaler.features.count
      try require(
        core.scaler.means.count == width && core.scaler.spreads.count == width
          && core.scaler.asinhScales.count == width, "sizes of the feature scales")
      try require(core.corrections.allSatisfy { $0.lines.count == k }, "sizes of the corrections")
      try require(
        core.experts?.names.allSatisfy { name in core.homes.contains { $0.dataset == name } } ?? true,
        "experts without a core")
      try require(
        core.experts?.calibrations.allSatisfy { c in
          [c.slopes, c.recordSlopes, c.forecastCentres, c.pullCentres, c.truthCentres].allSatisfy { $0.count == k }
        } ?? true, "sizes of the calibrations")
      try require(
        core.pools.allSatisfy { ($0.silent + $0.unread).allSatisfy((0..<n).contains) }, "silent cells of a pool")
      for member in core.members.joined() {
        try require(member.columns.allSatisfy { (0..<width).contains($0) }, "columns of member \(member.kind.rawValue)")
      }
      for pool in core.pools {
        try require(
          pool.residuals.rows == n && pool.residuals.columns == k && pool.units.count == n
            && pool.units.allSatisfy { $0 >= 0 } && pool.spread.count == n && pool.covarianceRoot.rows == k
            && pool.covarianceRoot.columns == k && pool.horizonScale.count == 2
            && pool.horizonScale.allSatisfy { $0.count == 5 }, "sizes of the residual pool")
        try require(
          pool.weights.count == core.members.count
            && zip(pool.weights, core.members).allSatisfy { $0.count == $1.count }, "sizes of the stack weights")
      }
    }
  }

  func bundleContents() throws -> BundleContents {
    var files: [String: [UInt8]] = [:]
    func add(_ part: some Encodable, _ json: String, _ weights: String) throws {
      let (text, tensors) = try ArchiveEncoder().encode(part)
      files[json] = text
      files[weights] = SafeTensors(archived: tensors).encoded()
    }
    var shell = self
    shell.cores = []
    shell.baselines = []
    shell.outOfFold = []
    try add(shell, ModelFiles.model, ModelFiles.weights)
    for core in cores {
      for home in core.homes {
        let file = CoreFile(core.cutOff, dataset: datasets.firstIndex { $0.name == home.dataset })
        try add(home, file.json, file.weights)
      }
      var common = core
      common.homes = []
      try add(common, CoreFile(core.cutOff).json, CoreFile(core.cutOff).weights)
    }
    try add(baselines, ModelFiles.baselines, ModelFiles.baselineWeights)
    for (name, value) in try sideFiles() { files[name] = value }
    files[ModelFiles.replay] = try ModelReplay(self).encoded()
    return BundleContents(
      toolVersion: toolVersion, seed: seed,
      datasets: datasets.map { BundleDataset(name: $0.name, fingerprints: $0.fingerprints) },
      trainingCells: datasets.flatMap { d in
        d.cells.map { BundleCell(id: $0.id, dataset: d.name, record: $0.recordHash) }
      }, parent: parent, files: files)
  }

  /// Views of the model for people and other tools: what stands in `model.json`, by topic.
  private func sideFiles() throws -> [String: [UInt8]] {
    struct Physics: Encodable {
      var cutoffs: [Cutoff]
      struct Cutoff: Encodable {
        var early: CutOff
        var dataset: String?
        var law: AgeingLawUpdate
        var law_weight: [Double]
      }
    }
    struct Domain: Encodable {
      var early: CutOff
      var dataset: String?
      var features: [String]
      var means: [Double]
      var spreads: [Double]
      var novelty_95: Double
      var novelty_99: Double
      var groups: [String]
    }
    struct Calibration: Encodable {
      var early: CutOff
      var dataset: String?
      var scheme: String
      var variant: String
      var scale_50: [Double]
      var scale_90: [Double]
      var cells: Int
    }
    struct Configuration: Encodable {
      var kind: String
      var early: [CutOff]
      var folds: Int
      var group_by: String
      var seed: UInt64
      var use_columns: [String]
      var notes: [String]
    }
    func encode(_ value: some Encodable) throws -> [UInt8] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      return Array(try encoder.encode(value))
    }
    // Each core and those of its single datasets.
    let all = cores.flatMap { [$0] + $0.homes }
    let physics = Physics(
      cutoffs: all.map { core in
        let index = core.members.map { $0.firstIndex { $0.kind == .law } }
        let weights = core.pools.first?.weights ?? []
        return Physics.Cutoff(
          early: core.cutOff, dataset: core.dataset, law: core.law,
          law_weight: zip(weights, index).map { w, i in i.map { w[$0] } ?? 0 })
      })
    let domain = all.map {
      Domain(
        early: $0.cutOff, dataset: $0.dataset, features: $0.scaler.features.map { "\($0.block.rawValue)/\($0.name)" },
        means: $0.scaler.means,
        spreads: $0.scaler.spreads, novelty_95: $0.noveltyPoints[0], novelty_99: $0.noveltyPoints[1], groups: $0.groups)
    }
    let calibration = all.flatMap { core in
      core.pools.map {
        Calibration(
          early: core.cutOff, dataset: core.dataset, scheme: $0.scheme.rawValue, variant: $0.variant.rawValue,
          scale_50: $0.horizonScale[0],
          scale_90: $0.horizonScale[1], cells: $0.residuals.rows)
      }
    }
    let configuration = Configuration(
      kind: kind.name, early: early, folds: folds, group_by: groupBy, seed: seed, use_columns: extraColumns,
      notes: notes)
    return [
      "physics.json": try encode(physics), "domain.json": try encode(domain),
      "calibration.json": try encode(calibration), "config.json": try encode(configuration),
      ModelFiles.scores: try encode(outOfFold), "MODEL_CARD.md": Array(cardText.utf8),
    ]
  }

  /// The model card.
  public var cardText: String {
    let limits = datasets.first.map { "\($0.endOfLife.fraction) of \($0.endOfLife.reference.text)" } ?? ""
    return ModelCard.text(
      ModelCardFacts(
        name: datasets.map(\.name).joined(separator: "+"), kind: kind.name, version: toolVersion,
        license: "Apache-2.0",
        datasets: datasets.map {
          ModelCardFacts.DatasetFact(
            name: $0.name + ($0.split.map { " (\($0))" } ?? ""), title: $0.texts["title"] ?? "",
            kind: $0.kind.rawValue, cellFamily: $0.family.rawValue, license: $0.texts["license"] ?? "",
            citation: $0.texts["citation"] ?? "", cells: $0.cells.count, censored: $0.censored)
        }, ageColumn: datasets.first?.ageColumn ?? "cycle_count", endOfLife: limits, early: early.map { $0 },
        scores: outOfFold, sensitivity: sensitivity,
        limits: [
          "Ages beyond \(Self.horizonFactor) times the longest training record are not claimed.",
          "Cells unlike the training cells are flagged `in_domain: false`; their intervals are widened, not proven.",
        ] + notes))
  }

  /// The members of the stack by weight on the leading component.
  private var sensitivity: [String] {
    cores.flatMap { $0.homes.isEmpty ? [$0] : $0.homes }.compactMap { core in
      guard let pool = core.pools.first, let members = core.members.first, let weights = pool.weights.first else {
        return nil
      }
      let parts = zip(members, weights).filter { $1 >= 0.005 }.sorted { $0.1 > $1.1 }
        .map { "\($0.kind.rawValue) \(($1 * 100).rounded() / 100)" }
      let name = cores.contains { !$0.homes.isEmpty } ? core.dataset.map { "\($0), " } ?? "" : ""
      return "\(name)early \(core.cutOff.text): \(parts.joined(separator: ", "))"
    }
  }
}
