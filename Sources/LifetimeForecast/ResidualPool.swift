internal import NumericalMethods

/// Which part of the model forecasts.
public enum ModelVariant: String, Sendable, Hashable, Codable, CaseIterable {
  /// The whole stack.
  case hybrid
  /// The ageing law alone.
  case physics
  /// The learners without the law.
  case ml
  /// Ridge regression alone, a rival.
  case ridge
  /// Boosted trees alone, a rival.
  case boosting

  /// Whether it is there to be compared with.
  var isRival: Bool { self == .ridge || self == .boosting }

  /// The name in `metrics`.
  public var name: String { isRival ? "baseline:" + rawValue : rawValue }

  /// The members that take part. Plain regression and the plain mean are for cells unlike those of training, where
  /// richer members may carry nothing over.
  func allows(_ kind: MemberKind, _ scheme: FoldScheme) -> Bool {
    let isPlain = kind == .ridge || kind == .population
    return switch self {
    case .hybrid: scheme.isFar || !isPlain
    case .physics: kind == .law
    case .ml: kind != .law && (scheme.isFar || !isPlain)
    case .ridge: kind == .ridge
    case .boosting: kind == .boosting
    }
  }
}

/// Weights of the members, and the errors they made on training cells out of fold: the predictive distribution.
struct ResidualPool: Sendable, Hashable, Codable {
  var scheme: FoldScheme
  /// Unit (cell, group, batch …) of each training cell under that scheme.
  var units: [Int]
  /// Cells from whose errors no forecast is drawn: those of units of few cells that reached the end of life (what they
  /// would have erred there by is a guess, not a measurement), and those of which nothing had been read.
  var silent: [Int] = []
  /// Cells of datasets held out of which nothing had been read, and whose errors were measured all the same.
  var unread: [Int] = []
  var variant: ModelVariant
  /// Weight of each member, per component.
  var weights: [[Double]]
  /// Out-of-fold level vectors of the training cells, cells × levels; needed in training only, and not kept in files.
  var expected = Matrix(rows: 0, columns: 0)
  /// Residual vectors, cells × levels.
  var residuals: Matrix
  /// Root of their covariance, for smoothing.
  var covarianceRoot: Matrix
  /// Out-of-fold predictive spread of each training cell.
  var spread: [Double]
  /// Scale of the inner half (row 0) and of the 90 % range (row 1) in five bins of horizon.
  var horizonScale: [[Double]]
  /// How truth follows forecasts within datasets held out, per level; empty under other schemes.
  var slopes: [LevelSlope] = []

  private enum CodingKeys: String, CodingKey {
    case scheme, units, silent, unread, variant, weights, residuals, covarianceRoot, spread, horizonScale, slopes
  }

  init(
    plan: FoldPlan, variant: ModelVariant, weights: [[Double]], expected: Matrix, residuals: Matrix,
    spread: [Double], finished: [Bool], unread: [Int] = []
  ) throws {
    scheme = plan.scheme
    units = plan.units
    self.variant = variant
    self.weights = weights
    self.expected = expected
    self.residuals = residuals
    self.spread = spread
    var c = sampleCovariance(residuals)
    for k in 0..<c.rows { c[k, k] += 1e-6 }
    covarianceRoot = try squareRoot(c)
    horizonScale = [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2)
    if scheme.isFar {
      let cells = Dictionary(grouping: units.indices) { units[$0] }
      let unfinished = cells.values.filter { own in 2 * own.count { finished[$0] } < own.count }
      // A pool of guesses is better than none.
      if cells.count - unfinished.count >= 2 { silent = Array(unfinished.joined()) }
      self.unread = unread.filter { !silent.contains($0) }
      let all = Set(silent + unread)
      if Set(units.indices.filter { !all.contains($0) }.map { units[$0] }).count >= 2 { silent = Array(all) }
      silent.sort()
    }
    if scheme == .dataset {
      let sets = Dictionary(grouping: units.indices.filter { !silent.contains($0) }) { units[$0] }
        .sorted { $0.key < $1.key }
      slopes = (0..<residuals.columns).compactMap { k in
        LevelSlope(sets.map { _, cells in cells.map { (forecast: expected[$0, k], error: residuals[$0, k]) } })
      }
      if slopes.count < residuals.columns { slopes = [] }
    }
  }

  /// How much wider a cell of predictive spread `s` scatters than training cell `j`.
  private func ratio(_ s: Double, _ j: Int) -> Double { min(max(s / spread[j], 0.5), 3) }

  /// Standard deviation of the errors at a level, and of what they differ by from those of the level before.
  func step(to k: Int) -> (deviation: Double, step: Double) {
    func size(_ f: (Int) -> Double) -> Double {
      max((0..<covarianceRoot.columns).reduce(0) { $0 + f($1) * f($1) }.squareRoot(), 1e-6)
    }
    let deviation = size { covarianceRoot[k, $0] }
    guard k > 0 else { return (deviation, deviation) }
    return (deviation, min(size { covarianceRoot[k, $0] - covarianceRoot[k - 1, $0] }, deviation))
  }

  /// A scatter known of the cells asked about, in place of the pool's own errors.
  struct Scatter: Sendable {
    /// Standard deviation of z per level.
    var deviations: [Double]
    /// Degrees of freedom behind it.
    var freedom: Double
  }

  /// The scatter of a cell of a whole new unit. A few units say how large the error of the next one may be, and are too
  /// few for a shape: their largest errors, drawn as they are, would be stretched once more for their small number. Nil
  /// for pools of many units.
  func unitScatter() -> Scatter? {
    guard scheme.isFar else { return nil }
    let own = Dictionary(grouping: units.indices.filter { !silent.contains($0) }) { units[$0] }
      .sorted { $0.key < $1.key }.map(\.value)
    let n = Double(own.count)
    guard n > 1 else { return nil }
    let deviations = (0..<residuals.columns).map { k in
      let centre = mean(own.map { cells in mean(cells.map { residuals[$0, k] }) })
      let square = mean(
        own.map { cells in mean(cells.map { (residuals[$0, k] - centre) * (residuals[$0, k] - centre) }) })
      return (square * (n + 1) / (n - 1)).squareRoot()
    }
    // The calibration of experts took a centre and two slopes from the same datasets.
    return Scatter(deviations: deviations, freedom: max(scheme == .dataset ? n - 3 : n - 1, 1))
  }

  /// A scatter, at each level no less than the pool's own.
  func scatter(atLeast other: Scatter, widening: Double) -> Scatter {
    let own = unitScatter()?.deviations ?? other.deviations.indices.map { step(to: $0).deviation * widening }
    return Scatter(deviations: zip(own, other.deviations).map(max), freedom: other.freedom)
  }

  /// Draws of the level vector of one cell around its expected one.
  ///
  /// - Parameters:
  ///   - expected: z per level.
  ///   - spread: the cell's own predictive spread, compared with those of the pool.
  ///   - widening: further factor on the spread (out of domain), 1 inside.
  ///   - scatter: the scatter where it is known otherwise.
  ///   - excluded: a training cell to leave out of the pool.
  /// - Returns: draws × levels of z, non-decreasing in the level, and the pool cell behind each draw.
  func draws(
    _ count: Int, expected m: [Double], spread s: Double?, widening: Double, scatter: Scatter?,
    excluding excluded: Int?, stream: RandomStream
  ) -> (z: Matrix, source: [Int]) {
    var stream = stream
    // The units are the sample: each speaks as often as any other, and few of them say little about the next one.
    var members = [[Int]](repeating: [], count: (units.max() ?? 0) + 1)
    let rows = residuals.storage.isEmpty ? 0 : residuals.rows
    for j in 0..<rows where j != excluded && !silent.contains(j) {
      members[units[j]].append(j)
    }
    members.removeAll(where: \.isEmpty)
    let n = members.count
    let order = stream.permutation(count)
    let bandwidth = 1.06 * _pow(Double(residuals.rows), -0.2)
    let shrink = 1 / (1 + bandwidth * bandwidth).squareRoot()
    let inflation = (Double(n + 1) / Double(max(n - 1, 1))).squareRoot()
    // The pool mixes datasets of large and small errors, which no one dataset does: of a scatter known otherwise, only
    // how the levels move together is taken from it.
    let known = scatter.map { own -> (factors: [Double], freedom: Double) in
      let factors = m.indices.map { k in
        own.deviations[min(k, own.deviations.count - 1)]
          / covarianceRoot.row(k).reduce(0) { $0 + $1 * $1 }.squareRoot()
      }
      return (factors, own.freedom)
    }
    // Which way a few whole units erred says nothing about the next one.
    let centre = m.indices.map { k in
      scheme == .cell ? 0 : mean(members.map { unit in mean(unit.map { residuals[$0, k] }) })
    }
    var z = Matrix(rows: count, columns: m.count)
    var source = [Int](repeating: 0, count: count)
    var scratch = Scratch(count: m.count)
    for d in 0..<count {
      let place = order[d] % n
      let j = members[place][(order[d] / n) % members[place].count]
      source[d] = j
      if let known {
        drawInOrder(&scratch, m, factors: known.factors, freedom: known.freedom, stream: &stream)
        for k in m.indices { z[d, k] = scratch.levels[k] }
        continue
      }
      let ratio = s.map { self.ratio($0, j) } ?? 1
      drawNoise(&scratch, stream: &stream)
      let tail = studentFactor(freedom: Double(n - 1), stream.normal())
      var highest = -Double.infinity
      for k in m.indices {
        let e = (residuals[j, k] - centre[k] + bandwidth * scratch.noise[k]) * shrink * inflation * ratio * widening
        highest = max(highest, m[k] + e * tail)
        z[d, k] = highest
      }
    }
    return (z, source)
  }

  /// How far levels that were judged apart may cross, in log age. Exact order would make the most of the least sure thing
  /// here, how the errors of neighbouring levels differ. Of .1, .3 and no order at all, .3 on datasets held out: better paths
  /// on seven of eight, longer lives than true on one (Severson, CRPS 218 to 260), where .1 gives 414.
  private static let crossing = 0.3

  /// Room for one draw, used for all of them.
  private struct Scratch {
    var levels: [Double]
    var normals: [Double]
    var noise: [Double]

    init(count: Int) {
      levels = [Double](repeating: 0, count: count)
      (normals, noise) = (levels, levels)
    }
  }

  /// Draws noise with the covariance of the residuals into `scratch.noise`.
  private func drawNoise(_ scratch: inout Scratch, stream: inout RandomStream) {
    for k in scratch.normals.indices { scratch.normals[k] = stream.normal() }
    covarianceRoot.multiply(scratch.normals, into: &scratch.noise)
  }

  /// Draws the level vector into `scratch.levels`, given that levels are reached in order: what is said of the first
  /// levels also says that the end of life is not before them. By rejection; after 64 draws the last one is taken.
  private func drawInOrder(
    _ scratch: inout Scratch, _ m: [Double], factors: [Double], freedom: Double, stream: inout RandomStream
  ) {
    for _ in 0..<64 {
      drawNoise(&scratch, stream: &stream)
      let tail = studentFactor(freedom: freedom, stream.normal())
      var square = 0.0
      for k in m.indices {
        scratch.levels[k] = m[k] + factors[k] * scratch.noise[k] * tail
        guard k > 0 else { continue }
        let back = max(scratch.levels[k - 1] - scratch.levels[k], 0) / Self.crossing
        square += back * back
      }
      if stream.uniform() < _exp(-square / 2) { break }
    }
    // Where levels still cross, the end of life is the one to be right about.
    let end = min(LevelGrid.endIndex, m.count - 1)
    for k in (0..<end).reversed() { scratch.levels[k] = min(scratch.levels[k], scratch.levels[k + 1]) }
    for k in m.indices.dropFirst(end + 1) { scratch.levels[k] = max(scratch.levels[k], scratch.levels[k - 1]) }
  }
}

/// √(ν/χ²_ν) at the normal deviate `z`: what turns normal draws into Student's t, by the cube-root transformation.
///
/// - Source: E. B. Wilson and M. M. Hilferty, Proc. Natl. Acad. Sci. 17 (1931) 684, doi:10.1073/pnas.17.12.684.
func studentFactor(freedom: Double, _ z: Double) -> Double {
  let v = 2 / (9 * max(freedom, 2))
  let root = max(1 - v + z * v.squareRoot(), 0.2)
  return 1 / (root * root * root).squareRoot()
}
