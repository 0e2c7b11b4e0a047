public import BatteryData
internal import CellModel
public import DegradationPhysics
internal import NumericalMethods

/// What a few cells of a new dataset taught a core: where its forecasts of that dataset lie, how steeply truth follows
/// them there, and how far it scatters.
struct DatasetCorrection: Sendable, Hashable, Codable {
  /// truth = forecast + offset + slope · (forecast − centre) at one level, with what is not known of it.
  struct Line: Sendable, Hashable, Codable {
    var centre = 0.0
    var offset = 0.0
    var slope = 0.0
    /// Variances of offset and slope, which are independent at the centre.
    var offsetVariance = 0.0
    var slopeVariance = 0.0
    /// Variance of the groups about the line.
    var scatter = 0.0
    /// Degrees of freedom behind it.
    var freedom = 1.0

    func shift(_ forecast: Double) -> Double { offset + slope * (forecast - centre) }

    /// Standard deviation of a new group's z.
    func deviation(_ forecast: Double) -> Double {
      let x = forecast - centre
      return (scatter + offsetVariance + x * x * slopeVariance).squareRoot()
    }
  }

  var dataset: String
  /// Whether of cells whose fade has been read: what is expected of the others is another thing.
  var isRead: Bool
  /// One line a level.
  var lines: [Line]

  /// The corrected level vector.
  func applied(to levels: [Double]) -> [Double] { zip(levels, lines).map { $0 + $1.shift($0) } }
}

/// What a group of one's own cells showed at one level.
struct GroupError: Sendable, Hashable {
  var forecast: Double
  var error: Double
  /// What it counts for, 0…1: less than one where records end before the level.
  var weight = 1.0
}

extension DatasetCorrection.Line {
  /// Groups that the scatter within the datasets of training counts for; assumed.
  private static let priorFreedom = 4.0

  /// Bayesian regression of the errors of a dataset's own groups on what was forecast of them.
  ///
  /// The offset of a dataset and its slope are random effects: normal with the variances that the datasets of training
  /// show, or the dataset at hand. The scatter is the mean of theirs and its own by degrees of freedom, in turn with the
  /// line.
  ///
  /// - Parameters:
  ///   - between: variance of the offset.
  ///   - slope: what the slopes of other datasets are, and how groups scatter about them.
  /// - Source: C. E. McCulloch and S. R. Searle, Generalized, Linear, and Mixed Models, Wiley 2001, section 6.4 (best
  ///   prediction of random effects).
  init(_ groups: [GroupError], between: Double, slope prior: LevelSlope) {
    scatter = prior.scatter
    let m = groups.reduce(0) { $0 + $1.weight }
    guard m > 0 else {
      (offsetVariance, slopeVariance, slope, freedom) = (between, prior.variance, prior.mean, Self.priorFreedom)
      centre = mean(groups.map(\.forecast))
      return
    }
    centre = groups.reduce(0) { $0 + $1.weight * $1.forecast } / m
    let sx = groups.reduce(0) { $0 + $1.weight * ($1.forecast - centre) * ($1.forecast - centre) }
    let sy = groups.reduce(0) { $0 + $1.weight * $1.error }
    let sxy = groups.reduce(0) { $0 + $1.weight * ($1.forecast - centre) * $1.error }
    for _ in 0..<5 {
      // Centred, offset and slope are independent.
      offsetVariance = 1 / (1 / max(between, 1e-9) + m / scatter)
      slopeVariance = 1 / (1 / max(prior.variance, 1e-9) + sx / scatter)
      offset = offsetVariance * sy / scatter
      self.slope = slopeVariance * (sxy / scatter + prior.mean / max(prior.variance, 1e-9))
      let rest = groups.reduce(0) { sum, g in
        let e = g.error - shift(g.forecast)
        return sum + g.weight * e * e
      }
      // What the data spend on the line.
      let spent = m * offsetVariance / scatter + sx * slopeVariance / scatter
      freedom = Self.priorFreedom + max(m - spent, 0)
      scatter = max((Self.priorFreedom * prior.scatter + rest) / freedom, 1e-6)
    }
  }
}

/// Errors of one's own cells at every level, those beyond the end of a record among them.
///
/// Cells whose records end early are those that live long: left out, the others would speak for the dataset. Where a
/// level was not reached, the error is that of the level before, at least what the record has outlived.
struct OwnErrors {
  /// Truth less forecast, cells × levels.
  var errors: Matrix
  /// What each counts for, 0…1.
  var weights: Matrix

  /// - Parameters:
  ///   - remaining: z of each level that a cell reached; nil for the others.
  ///   - outlived: z up to which each record says something.
  ///   - expected: z per level that was forecast.
  ///   - pool: how errors of neighbouring levels go together.
  init(_ remaining: [[Double?]], outlived: [Double], expected: [[Double]], pool: ResidualPool) {
    let count = expected.first?.count ?? 0
    errors = Matrix(rows: expected.count, columns: count)
    weights = errors
    for k in 0..<count {
      let (deviation, step) = pool.step(to: k)
      let kept = 1 - step * step / (deviation * deviation)
      for i in expected.indices {
        if let z = remaining[i][k] {
          errors[i, k] = z - expected[i][k]
          weights[i, k] = 1
          continue
        }
        let (before, known) = k > 0 ? (errors[i, k - 1], weights[i, k - 1]) : (0, 0)
        // A mean beyond the bound, by the law of a normal error cut off there.
        let scale = k > 0 ? step : deviation
        let bound = (outlived[i] - expected[i][k] - before) / scale
        let tail = max(NormalDistribution.cumulative(-bound), 1e-300)
        let hazard = bound > 8 ? bound + 1 / bound : NormalDistribution.density(bound) / tail
        errors[i, k] = before + scale * hazard
        // What the level before tells of this one, and the part of the rest that the bound takes away.
        let told = min(max(hazard * (hazard - bound), 0), 1)
        weights[i, k] = k > 0 ? known * kept + (1 - kept) * told : told
      }
    }
  }
}

/// How truth follows forecasts within datasets, at one level: error = slope · (forecast − the dataset's mean) + scatter.
struct LevelSlope: Sendable, Hashable, Codable {
  /// Mean of the slopes of datasets.
  var mean: Double
  /// Their variance.
  var variance: Double
  /// Variance of cells about the line of their dataset.
  var scatter: Double

  /// Without datasets to learn from: truth follows forecasts, give or take as much again (assumed; the measured liquid
  /// datasets differ by about that).
  static func unknown(scatter: Double) -> LevelSlope { LevelSlope(mean: 0, variance: 1, scatter: scatter) }

  /// From forecasts and errors of datasets held out.
  ///
  /// - Source: R. DerSimonian and N. Laird, Control. Clin. Trials 7 (1986) 177, doi:10.1016/0197-2456(86)90046-2
  ///   (moment estimate of the variance between).
  init?(_ datasets: [[(forecast: Double, error: Double)]]) {
    var found: [(slope: Double, variance: Double)] = []
    var (rest, freedom) = (0.0, 0.0)
    for cells in datasets where cells.count >= FoldPlan.smallestUnit {
      let (x, y) = (NumericalMethods.mean(cells.map(\.forecast)), NumericalMethods.mean(cells.map(\.error)))
      let sx = cells.reduce(0) { $0 + ($1.forecast - x) * ($1.forecast - x) }
      guard sx > 1e-9 else { continue }
      let slope = cells.reduce(0) { $0 + ($1.forecast - x) * ($1.error - y) } / sx
      let own = cells.reduce(0) { sum, c in
        let e = c.error - y - slope * (c.forecast - x)
        return sum + e * e
      }
      let left = Double(cells.count - 2)
      found.append((slope, max(own / left / sx, 1e-9)))
      rest += own
      freedom += left
    }
    guard found.count >= DatasetExperts.fewest else { return nil }
    let weights = found.map { 1 / $0.variance }
    let sum = weights.reduce(0, +)
    let fixed = zip(found, weights).reduce(0) { $0 + $1.0.slope * $1.1 } / sum
    let q = zip(found, weights).reduce(0) { $0 + $1.1 * ($1.0.slope - fixed) * ($1.0.slope - fixed) }
    let squares = weights.reduce(0) { $0 + $1 * $1 }
    let between = max((q - Double(found.count - 1)) / (sum - squares / sum), 0.01)
    let random = found.map { 1 / ($0.variance + between) }
    mean = zip(found, random).reduce(0) { $0 + $1.0.slope * $1.1 } / random.reduce(0, +)
    variance = between
    scatter = max(rest / max(freedom, 1), 1e-6)
  }

  private init(mean: Double, variance: Double, scatter: Double) {
    self.mean = mean
    self.variance = variance
    self.scatter = scatter
  }
}

extension ForecastCore {
  /// What cells of one dataset teach, those whose fade has been read and the others apart. Groups are the sample: six
  /// replicates of one condition show one condition.
  func corrections(by cells: [CoreCell], variant: ModelVariant) throws -> [DatasetCorrection] {
    let own = cells.filter { Self.isEligible($0, at: cutOff) }
    return try [true, false].compactMap { isRead in
      try correction(by: own.filter { $0.isRead == isRead }, isRead: isRead, variant: variant)
    }
  }

  private func correction(by own: [CoreCell], isRead: Bool, variant: ModelVariant) throws -> DatasetCorrection? {
    guard let first = own.first, let near = pool(variant, for: [.cell, .group]) else { return nil }
    let wide = pools.filter { $0.variant == variant }.max { $0.scheme.breadth < $1.scheme.breadth } ?? near
    let expected = try expectations(own, variant: variant).map(\.levels)
    let targets = own.map { cell in
      let now =
        cutOff.isDesign ? initialRetention : cell.observed.currentRetention(at: cell.age) ?? initialRetention
      return LevelTarget(cell.full, now: now, at: cutOff.isDesign ? 0 : cell.age)
    }
    let found = OwnErrors(
      targets.map { t in (0..<levelCount).map { t.remaining[$0].isFinite ? scale.forward(t.remaining[$0]) : nil } },
      outlived: targets.map { scale.forward($0.censoredAfter) }, expected: expected, pool: wide)
    let members = Dictionary(grouping: own.indices) { own[$0].full.group }.sorted { $0.key < $1.key }.map(\.value)
    let lines = (0..<levelCount).map { k in
      let groups = members.map { cells in
        GroupError(
          forecast: mean(cells.map { expected[$0][k] }), error: mean(cells.map { found.errors[$0, k] }),
          weight: mean(cells.map { found.weights[$0, k] }))
      }
      var (known, within, units) = wide.variances(level: k)
      var slope = wide.slopes[safe: k] ?? .unknown(scatter: max(within, 1e-6))
      if !isRead, !wide.unread.isEmpty {
        // Nothing read, more is unknown.
        let others = wide.variances(level: k, of: wide.unread)
        (known, within) = (max(known, others.between), max(within, others.within))
        slope.scatter = max(slope.scatter, others.within)
      }
      // The dataset at hand is one more sample of how datasets differ.
      let count = max(groups.reduce(0) { $0 + $1.weight }, 1e-9)
      let centre = groups.reduce(0) { $0 + $1.weight * $1.error } / count
      let between = (known * Double(units) + max(centre * centre - within / count, 0)) / Double(units + 1)
      return DatasetCorrection.Line(groups, between: between, slope: slope)
    }
    return DatasetCorrection(dataset: first.full.dataset, isRead: isRead, lines: lines)
  }
}

extension FoldScheme {
  /// How wide a question it answers.
  var breadth: Int { FoldScheme.allCases.firstIndex(of: self) ?? 0 }
}

extension ResidualPool {
  /// Variance of the residuals between its units and within them, and the number of units.
  ///
  /// - Parameter rows: the cells to ask; nil for those whose errors were measured.
  func variances(level k: Int, of rows: [Int]? = nil) -> (between: Double, within: Double, units: Int) {
    var groups: [Int: [Double]] = [:]
    for j in rows ?? units.indices.filter({ !silent.contains($0) }) {
      groups[units[j], default: []].append(residuals[j, k])
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
      longest: cores.map(\.cutOff.longest).max() ?? 0, seed: seed, threads: threads)
    var taught = false
    if let study {
      let cells = try assembly.cells(at: 0, forTraining: true)
      out.study = try study.adding(cells)
      taught = !cells.isEmpty
    }
    for c in out.cores.indices {
      let cells = try assembly.cells(at: out.cores[c].cutOff, forTraining: true)
      guard let variant = kind.variants.first else { continue }
      var core = out.cores[c].answering(for: description.name)
      let learnt = try core.corrections(by: cells, variant: variant)
      if learnt.isEmpty { continue }
      core.corrections.removeAll { $0.dataset == description.name }
      core.corrections += learnt
      if let h = out.cores[c].homes.firstIndex(where: { $0.dataset == core.dataset }) {
        out.cores[c].homes[h] = core
      } else {
        out.cores[c] = core
      }
      taught = true
    }
    guard taught else { throw TrainingError.tooFewCells(found: 0, needed: 1, early: cores.first?.cutOff ?? 0) }
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
    _ dataset: Dataset, cellIDs: [String], early: CutOff?, seed: UInt64, threads: Int
  ) async throws -> [StudyForecast.Contrast] {
    guard let study, let variant = kind.variants.first, (2...Self.mostContrasts).contains(cellIDs.count) else {
      return []
    }
    let known = trained(on: dataset.description.name)
    let assembly = try await CellAssembly.make(
      dataset, cellIDs: cellIDs, endOfLife: known?.endOfLife ?? dataset.description.endOfLife, traits: known?.traits,
      longest: early?.longest ?? .infinity, seed: seed, threads: threads)
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
