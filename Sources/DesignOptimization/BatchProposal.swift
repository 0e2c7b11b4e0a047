internal import NumericalMethods
internal import ResidualLearning

/// Which designs to build and measure next, from what was measured so far.
///
/// A Gaussian process an objective learns what measurements differ by from a forecast. Joint sample paths over a pool of
/// designs say what each would add to the measured front; designs are picked one after another by the largest mean
/// gain of hypervolume, so a batch does not ask the same question twice.
///
/// - Source: S. Daulton, M. Balandat and E. Bakshy, NeurIPS 34 (2021), arXiv:2105.08195 (noisy expected hypervolume
///   improvement); here on a discrete pool, without gradients.
public struct BatchProposal: Sendable {
  /// A design that was built and measured.
  public struct Measured: Sendable, Hashable {
    /// Its columns.
    public var design: [String: DesignValue]
    /// One value an objective, as measured.
    public var values: [Double]
    /// The batch it was built in; nil where that is not known.
    public var batch: String?
    /// Objectives of which the value is a bound: the truth is at least it. A cell that is still running has lived so long.
    public var atLeast: Set<Int>

    /// A measured design.
    public init(
      design: [String: DesignValue], values: [Double], batch: String? = nil, atLeast: Set<Int> = []
    ) {
      self.design = design
      self.values = values
      self.batch = batch
      self.atLeast = atLeast
    }
  }

  /// Why a design is asked for.
  public enum Reason: String, Sendable, Hashable {
    /// It is expected to be good.
    case exploit
    /// Little is known there: its spread is more than half of the gain it could bring.
    case explore
    /// It was measured in a batch before: what the new batch does to it, it does to all.
    case control
  }

  /// A design to build.
  public struct Pick: Sendable, Hashable {
    /// Its columns.
    public var design: [String: DesignValue]
    /// Expected value of each objective.
    public var expected: [Double]
    /// Standard deviation of what is not known of each objective, without the noise of a measurement.
    public var spread: [Double]
    /// Expected gain of hypervolume beside the picks before it, in units of the measured range of each objective.
    public var gain: Double
    /// Probability that no measured design is at least as good in every objective.
    public var probabilityNotDominated: Double
    /// Why.
    public var reason: Reason
  }

  /// The designs, in the order in which they were picked.
  public var picks: [Pick]

  /// Designs in the pool.
  private static let poolSize = 256
  /// Joint sample paths.
  private static let paths = 128
  /// Most designs of one batch.
  public static let largestBatch = 16

  /// Proposes a batch.
  ///
  /// Cells of one batch share an effect of their own (partial pooling) where several batches were measured. Where batches
  /// are named, the last of two or more designs is a control: the best measured one, built again, by which the effect of
  /// the new batch will be told from that of its designs.
  ///
  /// - Parameters:
  ///   - count: designs to build, 1…16.
  ///   - space: the designs that may be built.
  ///   - isMaximised: for each objective (one to three) whether more is better.
  ///   - measured: at least three different designs within the space; the order does not matter. Designs outside teach the
  ///     model and are no part of the measured front.
  ///   - reference: a value of each objective that is just not worth having; by default the worst measured and a tenth
  ///     of the range beyond.
  ///   - forecast: what is expected of designs before any measurement, one row a design, empty for one that cannot be
  ///     forecast; zeros for all by default.
  /// - Throws: `DesignSpaceError`, `LearningError`, what `forecast` throws.
  public init(
    _ count: Int, in space: DesignSpace, isMaximised: [Bool], measured unordered: [Measured],
    reference: [Double]? = nil, seed: UInt64,
    forecast: ([[String: DesignValue]]) async throws -> [[Double]] = { $0.map { _ in [] } }
  ) async throws {
    guard (1...Self.largestBatch).contains(count) else {
      throw DesignSpaceError(part: "batch", message: "\(count) designs, expected 1 to \(Self.largestBatch)")
    }
    guard (1...3).contains(isMaximised.count) else {
      throw DesignSpaceError(part: "objective", message: "\(isMaximised.count) objectives, expected 1 to 3")
    }
    let signs = isMaximised.map { $0 ? -1.0 : 1 }
    let (measured, genes, inside) = try Self.checked(unordered, space, isMaximised.count)
    // Objectives to be small, in units of the measured range.
    let low = signs.indices.map { k in inside.map { signs[k] * measured[$0].values[k] }.min() ?? 0 }
    let high = signs.indices.map { k in inside.map { signs[k] * measured[$0].values[k] }.max() ?? 1 }
    let span = zip(low, high).map { max($1 - $0, 1e-12) }
    func scaled(_ values: [Double]) -> [Double] {
      values.indices.map { (signs[$0] * values[$0] - low[$0]) / span[$0] }
    }
    let corner = reference.map(scaled) ?? signs.map { _ in 1.1 }

    let pool = try Self.pool(
      space, front: Self.front(inside.map { genes[$0] }, inside.map { scaled(measured[$0].values) }), seed)
    guard pool.count >= count else {
      throw DesignSpaceError(
        part: "constraint", message: "only \(pool.count) designs of the space keep all constraints")
    }
    let known = genes.count
    let all = genes + pool.map(\.genes)
    let designs = measured.map(\.design) + pool.map(\.design)
    let prior = try await forecast(designs)
    let isForecast = prior.contains { !$0.isEmpty }
    guard !isForecast || prior.prefix(known).allSatisfy({ !$0.isEmpty }) else {
      throw DesignSpaceError(part: "measured", message: "a measured design cannot be forecast")
    }
    let inputs = Matrix(all.map { Self.coordinates($0, space) })
    let batches = Set(measured.compactMap(\.batch)).sorted()
    let groups = measured.map { m in m.batch.flatMap { batches.firstIndex(of: $0) } ?? -1 }
    var joint: [(mean: [Double], factor: Cholesky)] = []
    for k in signs.indices {
      func expected(_ i: Int) -> Double { prior[i].isEmpty ? 0 : (signs[k] * prior[i][k]) / span[k] }
      let offsets = all.indices.map(expected)
      var target = (0..<known).map { scaled(measured[$0].values)[k] - offsets[$0] }
      func fit(_ rows: [Int]) throws(LearningError) -> GaussianProcess {
        try GaussianProcessOptions(group: batches.count > 1, lengthScaleFactor: 0.3).fit(
          Matrix(rows.map { inputs.row($0) }), target: rows.map { target[$0] }, groups: rows.map { groups[$0] },
          blocks: [Array(0..<inputs.columns)])
      }
      // A bound counts as what the other cells expect beyond it.
      let bounds = (0..<known).filter { measured[$0].atLeast.contains(k) }
      if !bounds.isEmpty {
        let exact = (0..<known).filter { !bounds.contains($0) }
        guard Set(exact.map { genes[$0] }).count >= 3 else {
          throw DesignSpaceError(
            part: "measured", message: "fewer than 3 different designs whose value is more than a bound")
        }
        let (mean, deviation) = try fit(exact).predict(
          Matrix(bounds.map { inputs.row($0) }), groups: bounds.map { groups[$0] })
        for (n, i) in bounds.enumerated() {
          target[i] = Self.beyond(target[i], mean[n], deviation[n], isAbove: signs[k] > 0)
        }
      }
      let process = try fit(Array(0..<known))
      var (mean, covariance) = try process.joint(inputs, groups: Array(repeating: -1, count: all.count))
      for i in all.indices { mean[i] += offsets[i] }
      joint.append((mean, try Self.factored(&covariance)))
    }
    // Paths stay the same for all picks of a batch, so that gains compare.
    let values = (0..<Self.paths).map { p in
      joint.enumerated().map { k, j -> [Double] in
        var stream = RandomStream(seed: seed, purpose: "batch-path", key: UInt64(k), draw: p)
        let z = all.indices.map { _ in stream.normal() }
        return all.indices.map { i in j.mean[i] + (0...i).reduce(0.0) { $0 + j.factor.lower(i, $1) * z[$1] } }
      }
    }
    func point(_ p: Int, _ i: Int) -> [Double] { signs.indices.map { values[p][$0][i] } }
    var fronts = (0..<Self.paths).map { p in inside.map { point(p, $0) } }
    picks = []
    // Where others are forecast, a design that cannot be is none to build.
    var left = Set((known..<all.count).filter { !isForecast || !prior[$0].isEmpty })
    guard left.count >= count else {
      throw DesignSpaceError(part: "batch", message: "only \(left.count) designs of the space can be forecast")
    }
    func pick(_ i: Int, gain: Double, _ reason: Reason) -> Pick {
      let free = (0..<Self.paths).count { p in
        let x = point(p, i)
        return !inside.contains { ParetoFront.dominates(point(p, $0), x) }
      }
      return Pick(
        design: designs[i],
        expected: signs.indices.map { signs[$0] * (joint[$0].mean[i] * span[$0] + low[$0]) },
        spread: joint.indices.map { k in
          span[k]
            * (0...i).reduce(0.0) { $0 + joint[k].factor.lower(i, $1) * joint[k].factor.lower(i, $1) }.squareRoot()
        }, gain: gain, probabilityNotDominated: Double(free) / Double(Self.paths), reason: reason)
    }
    // The design that most cells showed, among those that none is expected to beat.
    let named = inside.filter { groups[$0] >= 0 }
    let front = ParetoFront.nondominated(named.map { i in joint.map { $0.mean[i] } }).map { named[$0] }
    let control =
      count < 2 ? nil : front.max { a, b in genes.count { $0 == genes[a] } < genes.count { $0 == genes[b] } }
    for _ in 0..<(count - (control == nil ? 0 : 1)) {
      let before = fronts.map { ParetoFront.hypervolume($0, reference: corner) }
      var best = (gain: -1.0, index: -1)
      for i in left.sorted() {
        var gain = 0.0
        for p in 0..<Self.paths {
          let x = point(p, i)
          guard zip(x, corner).allSatisfy({ $0 < $1 }),
            !fronts[p].contains(where: { $0 == x || ParetoFront.dominates($0, x) })
          else { continue }
          gain += ParetoFront.hypervolume(fronts[p] + [x], reference: corner) - before[p]
        }
        if gain / Double(Self.paths) > best.gain { best = (gain / Double(Self.paths), i) }
      }
      let i = best.index
      left.remove(i)
      // With its expected values alone it would gain this much.
      let centre = joint.map { $0.mean[i] }
      let certain =
        fronts.indices.reduce(0.0) {
          $0 + ParetoFront.hypervolume(fronts[$1] + [centre], reference: corner) - before[$1]
        } / Double(Self.paths)
      picks.append(pick(i, gain: best.gain, certain < best.gain / 2 ? .explore : .exploit))
      for p in 0..<Self.paths { fronts[p].append(point(p, i)) }
    }
    if let control { picks.append(pick(control, gain: 0, .control)) }
  }

  /// Mean of a normal distribution beyond a bound.
  ///
  /// - Source: N. L. Johnson, S. Kotz and N. Balakrishnan, Continuous Univariate Distributions 1, 2nd ed., Wiley 1994,
  ///   section 13.10.1.
  static func beyond(_ bound: Double, _ mean: Double, _ deviation: Double, isAbove: Bool) -> Double {
    let side = isAbove ? 1.0 : -1
    let a = side * (bound - mean) / deviation
    let tail = NormalDistribution.cumulative(-a)
    // Far out, the tail is that of an exponential.
    let step = a > 8 ? a + 1 / a : NormalDistribution.density(a) / tail
    return mean + side * deviation * step
  }

  /// Measured designs in an order of their own, each with its genes, and the places of those within the space.
  private static func checked(
    _ measured: [Measured], _ space: DesignSpace, _ objectives: Int
  ) throws(DesignSpaceError) -> ([Measured], [[Double]], inside: [Int]) {
    var rows: [(measured: Measured, genes: [Double], isInside: Bool)] = []
    for (k, m) in measured.enumerated() {
      let part = "measured[\(k)]"
      guard m.values.count == objectives, m.values.allSatisfy(\.isFinite) else {
        throw DesignSpaceError(part: part, message: "\(m.values), expected \(objectives) finite values")
      }
      let inside = space.genes(m.design)
      guard let genes = inside ?? space.extendedGenes(m.design) else {
        throw DesignSpaceError(part: part, message: "has a value that the space has no place for")
      }
      rows.append((m, genes, inside != nil))
    }
    let different = Set(rows.filter(\.isInside).map(\.genes)).count
    guard different >= 3 else {
      throw DesignSpaceError(
        part: "measured", message: "\(different) different designs within the space, expected 3 or more")
    }
    rows.sort { a, b in
      let (x, y) = (a.genes + a.measured.values, b.genes + b.measured.values)
      return x.lexicographicallyPrecedes(y) || (x == y && (a.measured.batch ?? "") < (b.measured.batch ?? ""))
    }
    return (rows.map(\.measured), rows.map(\.genes), rows.indices.filter { rows[$0].isInside })
  }

  private static func front(_ genes: [[Double]], _ points: [[Double]]) -> [[Double]] {
    ParetoFront.nondominated(points).map { genes[$0] }
  }

  /// Designs that keep the constraints of the space: half near the measured front, the rest spread evenly.
  private static func pool(
    _ space: DesignSpace, front: [[Double]], _ seed: UInt64
  ) throws -> [(genes: [Double], design: [String: DesignValue])] {
    var out: [(genes: [Double], design: [String: DesignValue])] = []
    var seen: Set<[Double]> = []
    func add(_ genes: [Double]) {
      guard seen.insert(genes).inserted, let design = try? space.design(genes),
        (try? space.violations(design))?.allSatisfy({ $0 <= 0 }) ?? false
      else { return }
      out.append((genes, design))
    }
    var stream = RandomStream(seed: seed, purpose: "batch-near")
    var tries = 0
    while out.count < poolSize / 2, tries < 20 * poolSize {
      let parent = front[tries % front.count]
      tries += 1
      let near =
        zip(space.variables, parent).map { v, g -> Double in
          if v.isReal {
            // Neighbours at all distances, from a hundredth of the range up.
            let width = 0.01 * 20 * stream.uniform() * stream.uniform() + 0.01
            return min(max(g + width * stream.normal(), 0), 1)
          }
          return stream.uniform() < 0.2 ? Double(stream.index(below: v.choices)) : g
        }
      add(space.repaired(near))
    }
    let points = SobolPoints(dimensions: space.variables.count, seed: seed, purpose: "batch-pool")
    for i in 0..<(8 * poolSize) where out.count < poolSize {
      let even = zip(space.variables, points.point(i)).map { v, u in v.isReal ? u : Double(Int(u * Double(v.choices))) }
      add(space.spread(even, seed: seed, point: i))
    }
    return out
  }

  /// Inputs of the process: shares of a range, shares of the ranks, one column a word.
  private static func coordinates(_ genes: [Double], _ space: DesignSpace) -> [Double] {
    zip(space.variables, genes).flatMap { v, g -> [Double] in
      switch v.range {
      case .real: [2 * g - 1]
      case .ordinal(let values): [values.count > 1 ? 2 * g / Double(values.count - 1) - 1 : 0]
      case .category(let words): words.indices.map { $0 == Int(g) ? 1 : 0 }
      }
    }
  }

  /// Factors a covariance, with more on the diagonal until it works.
  private static func factored(_ covariance: inout Matrix) throws -> Cholesky {
    var jitter = 1e-8
    while true {
      for i in 0..<covariance.rows { covariance[i, i] += jitter }
      do throws(LinearAlgebraError) { return try Cholesky(covariance) } catch {
        guard jitter < 1e-4 else { throw error }
        jitter *= 10
      }
    }
  }
}
