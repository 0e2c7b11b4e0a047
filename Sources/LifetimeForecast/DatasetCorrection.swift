public import BatteryData
internal import CellModel
public import DegradationPhysics
internal import NumericalMethods

/// What a few cells of a new dataset taught a core: where its forecasts of that dataset lie, and how far they scatter.
struct DatasetCorrection: Sendable, Hashable, Codable {
  var dataset: String
  /// Added to z, per level.
  var shift: [Double]
  /// Spread relative to that of the pool of single cells.
  var widening: Double
}

extension ForecastCore {
  /// Learns from cells of one dataset, the rest of the core unchanged.
  ///
  /// A dataset's own level is a random effect: with m cells of mean error ē it is estimated by τ²/(τ² + σ²/m)·ē, where
  /// τ² is the variance between datasets (or groups) of the pool and σ² that within them. What remains unknown of it
  /// widens the forecasts, and so does a scatter larger than the pool's, which counts like four cells.
  ///
  /// - Source: C. E. McCulloch and S. R. Searle, Generalized, Linear, and Mixed Models, Wiley 2001, section 6.4 (best
  ///   prediction of random effects).
  func corrected(with cells: [CoreCell], variant: ModelVariant) throws -> DatasetCorrection? {
    let own = cells.filter { Self.isEligible($0.full, at: age) }
    guard let first = own.first, let near = pool(variant, for: [.cell, .group]) else { return nil }
    let wide = pools.filter { $0.variant == variant }.max { $0.scheme.breadth < $1.scheme.breadth } ?? near
    let expected = try expectations(own, variant: variant)
    let errors = own.indices.map { i -> [Double?] in
      let now = age > 0 ? own[i].observed.currentRetention(at: own[i].age) ?? initialRetention : initialRetention
      let target = LevelTarget(own[i].full, now: now, at: age > 0 ? own[i].age : 0)
      return (0..<levelCount).map { k in
        target.remaining[k].isFinite ? scale.forward(target.remaining[k]) - expected[i].levels[k] : nil
      }
    }
    var shift = [Double](repeating: 0, count: levelCount)
    var widening: Double?
    for k in (0..<levelCount) {
      let seen = errors.compactMap { $0[k] }
      let (known, within, units) = wide.variances(level: k)
      guard !seen.isEmpty else {
        shift[k] = k > 0 ? shift[k - 1] : 0
        continue
      }
      let m = Double(seen.count)
      let centre = mean(seen)
      // The dataset at hand is one more sample of how datasets differ.
      let between = (known * Double(units) + max(centre * centre - within / m, 0)) / Double(units + 1)
      let weight = between / max(between + within / m, 1e-12)
      shift[k] = weight * centre
      if k == min(LevelGrid.endIndex, levelCount - 1) || widening == nil {
        let typical = max(near.typicalVariance(level: k), 1e-9)
        let scatter =
          (4 * within + seen.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }) / (4 + max(m - 1, 0))
        widening = min(max(((scatter + (1 - weight) * between) / typical).squareRoot(), 0.5), 5)
      }
    }
    return DatasetCorrection(dataset: first.full.dataset, shift: shift, widening: widening ?? 1)
  }
}

extension FoldScheme {
  /// How wide a question it answers.
  var breadth: Int { FoldScheme.allCases.firstIndex(of: self) ?? 0 }
}

extension ResidualPool {
  /// Variance of the residuals between its units and within them, and the number of units.
  func variances(level k: Int) -> (between: Double, within: Double, units: Int) {
    var groups: [Int: [Double]] = [:]
    for (j, unit) in units.enumerated() where !unfinished.contains(unit) {
      groups[unit, default: []].append(residuals[j, k])
    }
    let lists = groups.keys.sorted().compactMap { groups[$0] }
    let means = lists.map { mean($0) }
    let between = means.reduce(0) { $0 + $1 * $1 } / Double(max(means.count, 1))
    var within = 0.0
    var freedom = 0.0
    for (list, centre) in zip(lists, means) {
      within += list.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
      freedom += Double(list.count - 1)
    }
    return (between, freedom > 0 ? within / freedom : between, lists.count)
  }
}

extension LifetimeModel {
  /// The model recalibrated on a few cells of a dataset it was not trained on; nothing is refitted.
  ///
  /// - Parameters:
  ///   - part: the cells; their whole records are read.
  ///   - parent: hash of the bundle this model was read from.
  /// - Throws: `TrainingError.tooFewCells` when no cell can teach any cut-off.
  public func updated(with part: TrainingPart, parent: String?, threads: Int) async throws -> LifetimeModel {
    var out = self
    out.parent = parent
    let description = part.dataset.description
    let known = trained(on: description.name)
    let limit = known?.endOfLife ?? description.endOfLife
    let assembly = try await CellAssembly.make(
      part.dataset, cellIDs: part.cellIDs, endOfLife: limit, traits: known?.traits,
      longest: cores.map(\.age).max() ?? 0, seed: seed, threads: threads)
    var taught = false
    if let study {
      let cells = try assembly.cells(at: 0, forTraining: true)
      out.study = try study.adding(cells)
      taught = !cells.isEmpty
    }
    for c in out.cores.indices {
      let cells = try assembly.cells(at: out.cores[c].age, forTraining: true)
      guard let variant = kind.variants.first,
        let correction = try out.cores[c].corrected(with: cells, variant: variant)
      else { continue }
      out.cores[c].corrections.removeAll { $0.dataset == description.name }
      out.cores[c].corrections.append(correction)
      taught = true
    }
    guard taught else { throw TrainingError.tooFewCells(found: 0, needed: 1, early: cores.first?.age ?? 0) }
    if known == nil {
      let cells = try assembly.cells(at: 0, forTraining: true)
      out.datasets.append(
        TrainedDataset(
          name: description.name, kind: description.kind, family: description.family,
          ageColumn: description.ageColumn, endOfLife: limit, split: part.split,
          cells: assembly.histories.map { TrainedCell(id: $0.id, recordHash: recordHash($0.series)) },
          censored: cells.count { !$0.full.life.isFinite },
          texts: description.texts.filter { ["title", "license", "citation", "source", "version"].contains($0.key) },
          fingerprints: part.dataset.fingerprints, traits: assembly.traits))
    }
    out.notes.append("recalibrated on \(assembly.histories.count) cells of \(description.name)")
    return out
  }

  /// Most designs that are put against each other.
  static let mostContrasts = 500

  /// How the designs of one table compare: each against the one it names in `compared_with`, else against the first
  /// of its study. Empty for models that were not taught by publications, and for more than 500 designs.
  ///
  /// - Throws: data faults, cancellation.
  public func contrasts(
    _ dataset: Dataset, cellIDs: [String], early: Double?, seed: UInt64, threads: Int
  ) async throws -> [StudyForecast.Contrast] {
    guard let study, let variant = kind.variants.first, (2...Self.mostContrasts).contains(cellIDs.count) else {
      return []
    }
    let known = trained(on: dataset.description.name)
    let assembly = try await CellAssembly.make(
      dataset, cellIDs: cellIDs, endOfLife: known?.endOfLife ?? dataset.description.endOfLife, traits: known?.traits,
      longest: early ?? .infinity, seed: seed, threads: threads)
    let cells = try assembly.cells(at: early, forTraining: false)
    guard let joint = try study.forecast(cells, variant: variant) else { return [] }
    var out: [StudyForecast.Contrast] = []
    for (i, cell) in joint.cells.enumerated() {
      let named = cells[i].full.attributes.text("compared_with")
      let reference =
        joint.cells.firstIndex { $0.study == cell.study && $0.id == named }
        ?? joint.cells.firstIndex { $0.study == cell.study }
      if let reference, reference != i { out.append(joint.contrast(i, reference)) }
    }
    return out
  }
}
