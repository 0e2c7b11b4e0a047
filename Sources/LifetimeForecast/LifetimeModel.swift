public import BatteryData
public import CellModel
internal import DegradationPhysics
internal import NumericalMethods

/// A fitted model: physics, learners and calibration, ready to forecast.
public struct LifetimeModel: Sendable, Codable {
  /// A dataset the model was trained on.
  public struct TrainedDataset: Sendable, Hashable, Codable {
    /// Name.
    public var name: String
    /// Origin of the numbers.
    public var kind: DatasetKind
    /// Physics family.
    public var family: CellFamily
    /// The column that counts age.
    public var ageColumn: String
    /// Limit of life in training.
    public var endOfLife: EndOfLife
    /// `NAME/PART` of the split trained on; nil for all cells.
    public var split: String?
    /// Training cells with the hash of their first rows (nil for short records).
    public var cells: [TrainedCell]
    /// Training cells without an observed life.
    public var censored: Int
    /// Title, licence, citation and other words of the dataset.
    public var texts: [String: String]
    /// SHA-256 of the dataset's files.
    public var fingerprints: [String: String]
    var traits: RecordTraits
  }

  /// A training cell.
  public struct TrainedCell: Sendable, Hashable, Codable {
    /// Id within the dataset.
    public var id: String
    /// Hash of its first rows, by which a copy under another name is found.
    public var recordHash: String?
  }

  /// Kind.
  public var kind: ModelKind
  /// Training data.
  public var datasets: [TrainedDataset]
  /// Cut-offs asked for in training.
  public var early: [CutOff]
  /// Folds of the out-of-fold predictions.
  public var folds: Int
  /// The column held out together, as resolved.
  public var groupBy: String
  /// Seed of training.
  public var seed: UInt64
  /// Version of the tool that trained it.
  public var toolVersion: String
  /// Out-of-fold scores.
  public var outOfFold: [ScoreRow]
  /// What was noticed in training.
  public var notes: [String]
  var extraColumns: [String]
  var cores: [ForecastCore]
  var baselines: [BaselineSet]
  /// Learnt from publications of sulfide cells, in place of the cores.
  var study: StudyModel?
  /// Hash of the bundle that this model recalibrates; nil for one that was trained afresh.
  public var parent: String?

  /// Whether published cells taught the model, rather than measured records.
  public var isTaughtByPublications: Bool { study != nil }

  /// Whether it learnt to forecast designs: from their columns alone, without a record.
  public var forecastsDesigns: Bool { study != nil || cores.contains { $0.cutOff.isDesign } }

  /// Cells whose expectations are worked out together.
  private static let batch = 32

  /// The horizon as a multiple of the longest training record.
  static let horizonFactor = 3.0

  /// The description of a dataset by name, if the model was trained on it.
  public func trained(on name: String) -> TrainedDataset? { datasets.first { $0.name == name } }

  /// The core for a cell: that of the cut-off asked for; else the one that has seen most of the record and no more
  /// than the cell shows, the latest age first among equals; where there is none, the first.
  func core(for cell: CoreCell, _ history: CellHistory?, asked: CutOff?) throws -> Int? {
    if let k = cores.firstIndex(where: { $0.cutOff == asked }) { return k }
    let seen = cell.observed.ages.isEmpty ? 0 : asked.flatMap { $0.measure == .age ? $0.value : nil } ?? cell.age
    let ages = cores.map(\.cutOff).filter { $0.measure == .age }.map(\.value)
    let byAge = Self.cutoff(for: seen, among: ages)
    var best = cores.firstIndex { $0.cutOff == byAge.map { CutOff($0) } }
    var most = byAge ?? -1
    guard let history else { return best ?? cores.indices.first }
    for k in cores.indices where cores[k].cutOff.measure != .age {
      guard cores[k].cutOff.isReached(by: history.series, seenTo: seen) else { continue }
      let own = min(try cores[k].cutOff.age(in: history), seen)
      if own > most { (best, most) = (k, own) }
    }
    return best ?? cores.indices.first
  }

  /// The cut-off by age that forecasts from age `n`.
  static func cutoff(for n: Double, among ages: [Double]) -> Double? { ages.filter { $0 <= n }.max() ?? ages.min() }

  /// Cut-offs of the cores, ascending.
  public var coreCutOffs: [CutOff] { cores.map(\.cutOff) }

  /// Forecasts cells.
  ///
  /// - Parameters:
  ///   - dataset: its description gives units, family and, for a dataset seen in training, the record's traits.
  ///   - cellIDs: cells to forecast, in this order.
  ///   - early: only observations up to this cut-off are seen; nil sees every row.
  ///   - draws: draws of the predictive distribution.
  ///   - endOfLife: the limit; nil for the dataset's own.
  ///   - variant: which part of the model forecasts; nil for all of it.
  ///   - mechanisms: whether the sulfide simulation splits each forecast loss by mechanism (about 0.2 s a cell).
  /// - Throws: `CellRefusal` for a cell that cannot be related to its reference, data faults, cancellation.
  public func forecast(
    _ dataset: Dataset, cellIDs: [String], early: CutOff?, draws: Int, endOfLife: EndOfLife? = nil,
    variant: ModelVariant? = nil, mechanisms: Bool = true, seed: UInt64, threads: Int,
    progress: (@Sendable (ProgressEvent) -> Void)? = nil
  ) async throws -> [FadeForecast] {
    let known = trained(on: dataset.description.name)
    let limit = endOfLife ?? known?.endOfLife ?? dataset.description.endOfLife
    let assembly = try await CellAssembly.make(
      dataset, cellIDs: cellIDs, endOfLife: limit, traits: known?.traits ?? fallbackTraits(dataset),
      longest: early?.longest ?? .infinity, seed: seed, threads: threads)
    let cells = try assembly.cells(at: early, forTraining: false)
    var forecasts = try await forecast(
      cells, assembly: assembly, asked: early, draws: draws, limit: limit, variant: variant, seed: seed,
      threads: threads, progress: progress)
    if mechanisms, dataset.description.family == .sulfideSolidState {
      let histories = Dictionary(uniqueKeysWithValues: assembly.histories.map { ($0.id, $0) })
      for i in forecasts.indices {
        guard let history = histories[forecasts[i].cellID],
          let part = try await MechanismForecast(
            history, forecast: forecasts[i].levels, horizon: forecasts[i].horizon, seed: seed, threads: threads)
        else { continue }
        forecasts[i].mechanisms = part.losses
        forecasts[i].areaResistance = part.resistance
        forecasts[i].failureProbabilities = part.failures
      }
    }
    return forecasts
  }

  /// Traits for a dataset never seen: dense where rows are about as many as the ages they span.
  private func fallbackTraits(_ dataset: Dataset) -> RecordTraits? {
    let spans = dataset.cells.compactMap { cell -> Double? in
      guard cell.series.count > 2, let a = cell.series.ages.first, let b = cell.series.ages.last, b > a else {
        return nil
      }
      return Double(cell.series.count) / (b - a)
    }
    var traits = datasets.first?.traits ?? RecordTraits(retentions: [])
    if !spans.isEmpty {
      let isDense = median(spans) > 0.5
      if isDense != traits.isDense { traits = RecordTraits(isDense: isDense, measurementNoise: isDense ? 2e-3 : 1e-3) }
    }
    return traits
  }

  func forecast(
    _ cells: [CoreCell], assembly: CellAssembly, asked: CutOff?, draws: Int, limit: EndOfLife, variant: ModelVariant?,
    seed: UInt64, threads: Int, progress: (@Sendable (ProgressEvent) -> Void)?
  ) async throws -> [FadeForecast] {
    guard let chosen = variant ?? kind.variants.first else { return [] }
    if let study {
      let parts = StudyModel.independent(cells)
      let found = try await parallelMap(count: parts.count, width: threads) { p -> [FadeForecast] in
        let own = parts[p].map { cells[$0] }
        guard let joint = try study.forecast(own, variant: chosen) else { return [] }
        return own.indices.map { c in
          assemble(
            own[c], study, joint, c, study.levels(joint, c, cell: own[c], count: draws, seed: seed), asked: asked,
            limit: limit)
        }
      }
      let pairs = zip(parts.flatMap { $0 }, found.flatMap { $0 })
      return pairs.sorted { $0.0 < $1.0 }.map(\.1)
    }
    // Cells share a core where they share N; expectations are computed core by core.
    let name = assembly.description.name
    var expectations = [ForecastCore.Expectation?](repeating: nil, count: cells.count)
    var coreOf = [Int](repeating: 0, count: cells.count)
    var views = cells
    let histories = Dictionary(uniqueKeysWithValues: assembly.histories.map { ($0.id, $0) })
    for i in cells.indices { coreOf[i] = try core(for: cells[i], histories[cells[i].full.id], asked: asked) ?? 0 }
    for c in Set(coreOf).sorted() where cores.indices.contains(c) {
      let members = cells.indices.filter { coreOf[$0] == c }
      // A core sees what its training cells had shown; what came since updates its draws.
      if cores[c].cutOff != asked {
        let early = try assembly.cells(at: cores[c].cutOff, forTraining: false)
        let cut = Dictionary(uniqueKeysWithValues: early.map { ($0.full.id, $0) })
        for i in members { if let view = cut[cells[i].full.id], view.age < cells[i].age { views[i] = view } }
      }
      let inputs = views
      let core = try cores[c].answering(for: name).prepared(for: members.map { inputs[$0] }, variant: chosen)
      let parts = stride(from: 0, to: members.count, by: Self.batch).map { Array(members[$0...].prefix(Self.batch)) }
      let found = try await parallelMap(count: parts.count, width: threads) { p in
        try core.expectations(parts[p].map { inputs[$0] }, variant: chosen)
      }
      for (k, i) in members.enumerated() { expectations[i] = found[k / Self.batch][k % Self.batch] }
    }
    let found = expectations
    let inputs = views
    let chosenCores = coreOf
    let done = ProgressCounter(stage: "forecast", total: cells.count, report: progress)
    let results = try await parallelMap(count: cells.count, width: threads) { i -> FadeForecast? in
      guard let e = found[i] else { return nil }
      let core = cores[chosenCores[i]].answering(for: name)
      guard var levels = core.draw(inputs[i], e, variant: chosen, count: draws, seed: seed) else { return nil }
      if cells[i].age > max(core.cutOff.measure == .age ? core.cutOff.value : 0, inputs[i].age) {
        levels = try RunningUpdate.apply(
          levels, cell: cells[i].full, at: cells[i].age, scale: core.scale,
          stream: RandomStream(seed: seed, purpose: "running", key: cells[i].full.streamKey))
      }
      let result = assemble(cells[i], inputs[i], e, core, levels, assembly: assembly, asked: asked, limit: limit)
      await done.step()
      return result
    }
    return results.compactMap { $0 }
  }

  private func assemble(
    _ cell: CoreCell, _ input: CoreCell, _ e: ForecastCore.Expectation, _ core: ForecastCore, _ levels: LevelDraws,
    assembly: CellAssembly, asked: CutOff?, limit: EndOfLife
  ) -> FadeForecast {
    var reasons: [String] = []
    // A table of designs belongs to no dataset; only a record from elsewhere is foreign.
    if trained(on: assembly.description.name) == nil, !cell.observed.ages.isEmpty {
      reasons.append("dataset \(assembly.description.name) was not in training")
    }
    if !core.isInDomain(e) {
      let name = e.mostNovel.map(InputInColumns.column) ?? "an input"
      reasons.append("\(name) lies outside the training cells (novelty \(short(e.novelty)))")
    }
    if !e.absent.isEmpty {
      let kinds = e.absent.map { $0.rawValue }.joined(separator: ", ")
      reasons.append("no inputs of kind \(kinds), which the training cells have")
    }
    let age = Self.age(asked, cell)
    let n = cell.observed.ages.isEmpty ? 0 : age
    if core.cutOff.measure == .age, n < core.cutOff.value {
      reasons.append("age \(short(n)) lies before the first trained cut-off \(core.cutOff.text)")
    } else if core.cutOff != asked, cell.observed.ages.isEmpty, !core.cutOff.isDesign {
      reasons.append("nothing was seen, and the first trained cut-off is \(core.cutOff.text)")
    }
    let seen = cell.observed.ages.indices.filter { _ in !core.cutOff.isDesign }
    let crossed = cell.observed.crossing(limit.fraction, after: -.infinity)
    // Cells of a dataset that taught the model are never too far: their own errors speak.
    var refusal: String?
    if trained(on: assembly.description.name) == nil, !crossed.isFinite {
      if !core.cutOff.isDesign, input.observed.ages.count == 1 {
        refusal = "one reading up to age \(short(n)): nothing is known of its fade, nor of others of its dataset"
      } else if core.isFar(e) {
        refusal = core.strangeness(input)
      }
    }
    return FadeForecast(
      cellID: cell.full.id, early: age, endOfLife: limit, inDomain: reasons.isEmpty,
      domainReasons: reasons, novelty: core.relativeNovelty(e), refusal: refusal,
      extrapolation: core.extrapolation(e), physicsStatus: cell.sulfidePrior == nil ? "dataset" : "prior",
      nearestTrainingGroup: e.groupIsKnown
        ? cell.full.group.split(separator: "/", maxSplits: 1).last.map(String.init) : nil,
      observedAges: seen.map { cell.observed.ages[$0] }, observedRetention: seen.map { cell.observed.retention[$0] },
      horizon: Self.horizonFactor * core.longestAge,
      manufacturingShares: core.withinVariances.map { levels.shares(of: $0, scale: core.scale) }, mechanisms: [],
      failureProbabilities: [:], areaResistance: [], levels: levels,
      observedLife: crossed.isFinite ? crossed : nil)
  }

  private func assemble(
    _ cell: CoreCell, _ study: StudyModel, _ joint: StudyForecast, _ c: Int, _ levels: LevelDraws, asked: CutOff?,
    limit: EndOfLife
  ) -> FadeForecast {
    let unfamiliar = study.unfamiliar(joint, c)
    let reason = "\(unfamiliar.joined(separator: ", ")) outside the published cells that taught the model"
    let crossed = cell.observed.isPublished ? .nan : cell.observed.crossing(limit.fraction, after: -.infinity)
    return FadeForecast(
      cellID: cell.full.id, early: Self.age(asked, cell), endOfLife: limit, inDomain: unfamiliar.isEmpty,
      domainReasons: unfamiliar.isEmpty ? [] : [reason], extrapolation: unfamiliar.isEmpty ? nil : reason,
      physicsStatus: "prior", nearestTrainingGroup: nil, survivorsFrom: StudyModel.survivorsFrom,
      observedAges: cell.observed.isPublished ? [] : cell.observed.ages,
      observedRetention: cell.observed.isPublished ? [] : cell.observed.retention,
      horizon: Self.horizonFactor * study.longestAge, manufacturingShares: nil, mechanisms: [],
      failureProbabilities: [:], areaResistance: [], levels: levels, observedLife: crossed.isFinite ? crossed : nil)
  }

  /// The age N that was asked for, or that the cell has reached.
  private static func age(_ asked: CutOff?, _ cell: CoreCell) -> Double {
    asked.flatMap { $0.measure == .age ? $0.value : nil } ?? cell.age
  }

}

/// At least two decimals, and three digits that count.
func short(_ x: Double) -> String {
  if x == x.rounded() && abs(x) < 1e15 { return String(Int(x)) }
  // Divided by a whole number, not multiplied by its inverse: the nearest number to the decimal is the shortest.
  let parts = max(100, _pow(10, 2 - (_log(abs(x)) / _log(10)).rounded(.down)).rounded())
  return shortest((x * parts).rounded() / parts)
}

/// Counts finished steps of parallel work and reports them.
actor ProgressCounter {
  private var done = 0
  private let stage: String
  private let total: Int
  private let report: (@Sendable (ProgressEvent) -> Void)?

  init(stage: String, total: Int, report: (@Sendable (ProgressEvent) -> Void)?) {
    self.stage = stage
    self.total = total
    self.report = report
  }

  func step() {
    done += 1
    report?(ProgressEvent(stage: stage, done: done, total: total))
  }
}
