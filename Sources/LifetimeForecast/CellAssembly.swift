internal import BatteryData
internal import CellModel
internal import DegradationPhysics
internal import NumericalMethods

/// Cells of one dataset on their way into the core: cleaned, curves attached, cut at N.
struct CellAssembly: Sendable {
  var description: DatasetDescription
  var endOfLife: EndOfLife
  var traits: RecordTraits
  var histories: [CellHistory]
  /// What the sulfide simulation expects, by cell id; empty for other families.
  var sulfidePrior: [String: SulfidePrior]

  /// Cells with their curves up to `longest`, the latest age that any forecast will see.
  ///
  /// - Parameter expected: what the simulation expects, where it is known; nil to simulate it.
  static func make(
    _ dataset: Dataset, cellIDs: [String], endOfLife: EndOfLife, traits: RecordTraits?, longest: Double,
    expected: [String: SulfidePrior]? = nil, seed: UInt64, threads: Int
  ) async throws -> CellAssembly {
    let wanted = Set(cellIDs)
    var histories = dataset.cells.filter { wanted.contains($0.id) && $0.status != .excluded }
    if longest > 0 {
      let curves = try await DatasetReader.readCurves(
        dataset, cellIDs: histories.map(\.id), upTo: longest.isFinite ? longest : nil, threads: threads)
      for i in histories.indices { histories[i].curves = curves[histories[i].id] ?? histories[i].curves }
    }
    let preparation = CellPreparation(description: dataset.description, endOfLife: endOfLife)
    let known = try traits ?? RecordTraits(retentions: histories.map { try preparation.relative($0).retention })
    var prior = expected ?? [:]
    if expected == nil, dataset.description.family == .sulfideSolidState {
      prior = try await SulfidePrior.make(
        histories, loneStudy: dataset.description.kind == .literature ? nil : dataset.description.name, seed: seed,
        threads: threads)
    }
    return CellAssembly(
      description: dataset.description, endOfLife: endOfLife, traits: known, histories: histories, sulfidePrior: prior)
  }

  /// The cells as a forecast from a cut-off sees them; nil means all rows of each cell.
  ///
  /// - Parameter forTraining: keep the whole record beside the visible part.
  func cells(at cutOff: CutOff?, forTraining: Bool) throws -> [CoreCell] {
    let preparation = CellPreparation(description: description, endOfLife: endOfLife)
    return try histories.map { history in
      let age = try cutOff?.age(in: history) ?? (history.series.ages.last ?? 0)
      // Nothing after N may be seen, not even by a centred filter or through the outcome columns.
      var visible = history
      visible.series = age > 0 ? history.series.visible(upTo: age) : CycleSeries()
      let observed = try prepareVisible(visible, history, preparation)
      let full = forTraining ? try preparation.prepare(history, traits: traits) : observed
      let reach = observed.ages.isEmpty ? 0 : min(age, observed.lastAge)
      return CoreCell(
        full: full, observed: observed, age: traits.isDense && forTraining ? age : reach,
        sulfidePrior: sulfidePrior[history.id])
    }
  }

  /// Prepares the visible rows; outcome columns are removed, and the capacity reference is that of visible rows.
  private func prepareVisible(
    _ visible: CellHistory, _ history: CellHistory, _ preparation: CellPreparation
  ) throws -> PreparedCell {
    var cell = visible
    for column in ["observed_life", "first_failure_cycle"] { cell.attributes.numbers[column] = nil }
    for column in ["status", "failure_mode", "reason"] { cell.attributes.texts[column] = nil }
    return try preparation.prepare(cell, traits: traits)
  }
}

/// What the sulfide simulation expects of a cell, on the scale of log fade, ln(−ln retention), after 100 cycles.
///
/// Published lives show that the simulation tells variants of one study apart and says little about the level of a
/// study: the two parts are separate inputs.
struct SulfidePrior: Sendable, Hashable {
  /// Mean over the cells of the same study (`lab_id`) in the dataset at hand.
  var study: Double
  /// This cell minus that mean; 0 for a study of one cell.
  var contrast: Double
  /// Whether `study` is what is expected of a base design, whatever the company.
  var isAgainstBase = false

  /// - Parameter loneStudy: the study of cells that name none; nil makes each its own.
  static func make(
    _ cells: [CellHistory], loneStudy: String?, seed: UInt64, threads: Int
  ) async throws -> [String: SulfidePrior] {
    let values = try await SulfidePopulation(detail: .classes).meanLogFade(cells, seed: seed, threads: threads)
    var studies: [String: [Double]] = [:]
    for cell in cells {
      if let z = values[cell.id], z.isFinite {
        studies[cell.attributes.text("lab_id") ?? loneStudy ?? cell.id, default: []].append(z)
      }
    }
    var out: [String: SulfidePrior] = [:]
    for cell in cells {
      guard let z = values[cell.id], z.isFinite,
        let study = studies[cell.attributes.text("lab_id") ?? loneStudy ?? cell.id]
      else {
        continue
      }
      let level = mean(study)
      out[cell.id] = SulfidePrior(study: level, contrast: z - level)
    }
    return out
  }
}
