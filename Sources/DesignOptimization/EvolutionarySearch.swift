internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// How one gene varies.
public enum GeneKind: Sendable, Hashable, Codable {
  /// A number in [0, 1].
  case real
  /// A rank 0…count − 1 whose neighbours are alike.
  case ordinal(Int)
  /// A label 0…count − 1 without order.
  case category(Int)
}

/// What is known of one point: objectives to be minimised, and how far each constraint is from holding (0: it holds).
public struct Evaluated: Sendable, Hashable, Codable {
  /// Genes.
  public var genes: [Double]
  /// Values to be minimised.
  public var objectives: [Double]
  /// Violations, not negative.
  public var violations: [Double]
  /// Number of the evaluation, from 0.
  public var index = 0

  /// A point with its values.
  public init(genes: [Double], objectives: [Double], violations: [Double]) {
    self.genes = genes
    self.objectives = objectives
    self.violations = violations
  }

  /// Whether every constraint holds.
  public var isFeasible: Bool { violations.allSatisfy { $0 <= 0 } }
}

/// A population search over mixed genes with several objectives and constraints: ask for points, tell what they gave.
///
/// (μ + μ): half of the children by differential evolution, half by simulated binary crossover and polynomial mutation
/// (the shares adapt); survivors by feasibility, rank and least loss of hypervolume, with three or more objectives by
/// reference directions. The same seed gives the same points whatever the caller's threads.
///
/// - Source: K. Deb and R. B. Agrawal, Complex Systems 9 (1995) 115 (crossover, mutation); R. Storn and K. Price, J.
///   Global Optim. 11 (1997) 341; N. Beume, B. Naujoks and M. Emmerich, Eur. J. Oper. Res. 181 (2007) 1653 (hypervolume);
///   K. Deb and H. Jain, IEEE Trans. Evol. Comput. 18 (2014) 577 (reference directions).
public struct EvolutionarySearch: Sendable, Codable {
  private let kinds: [GeneKind]
  private let reals: [Int]
  private let choices: [Int]
  private let size: Int
  private let seed: UInt64
  private var generation = 0
  private var starts: [[Double]]
  private var pending: [[Double]] = []
  private var pendingByDifference: [Bool] = []
  private var differenceShare = 0.5
  private var survivors: [[Double]] = []
  private var local: LocalPolish?
  /// The current population.
  public private(set) var population: [Evaluated] = []
  /// Feasible points that nothing dominates, at most 2000: of two objectives by the first, else in order of evaluation.
  private var kept: [Evaluated] = []
  /// Objectives of `kept`, one point after another; kept up for three and more.
  private var keptObjectives: [Double] = []
  /// Points evaluated so far.
  public private(set) var evaluations = 0

  /// Feasible points that nothing dominates, in order of their evaluation; at most 2000.
  public var archive: [Evaluated] { kept.sorted { $0.index < $1.index } }

  private static let archiveSize = 2000

  private var isMany: Bool { (population.first?.objectives.count ?? 0) >= 3 }

  /// A search.
  ///
  /// - Parameters:
  ///   - kinds: how each gene varies.
  ///   - size: μ, at least 4.
  ///   - starts: points to begin with, beside a Latin hypercube.
  public init(_ kinds: [GeneKind], size: Int, starts: [[Double]] = [], seed: UInt64) {
    precondition(size >= 4, "a population of \(size)")
    self.kinds = kinds
    reals = kinds.indices.filter { kinds[$0] == .real }
    choices = kinds.indices.filter { kinds[$0] != .real }
    self.size = size
    self.starts = starts
    self.seed = seed
  }

  /// Begins anew with other points; the archive stays, and seeds none of them.
  public mutating func restart() {
    population = []
    starts = []
    pending = []
    local = nil
  }

  /// From the next `ask` on, the ends of the archive's front and its knee are moved by small steps; when nothing more is
  /// gained by that, the search goes on as before.
  public mutating func polish() {
    local = LocalPolish(archive, kinds)
    pending = []
  }

  /// Whether the small steps of `polish` go on.
  public var isPolishing: Bool { local != nil }

  /// Whether the points of the last `ask` begin a search, not children of points before.
  var isBeginning: Bool { population.isEmpty && local == nil }

  /// The points to evaluate next, in order. Whoever evaluates others near them tells of those.
  public mutating func ask() -> [[Double]] {
    if !pending.isEmpty { return pending }
    if let steps = local?.ask() {
      if !steps.isEmpty {
        pending = steps
        return pending
      }
      local = nil
    }
    var stream = RandomStream(seed: seed, purpose: "search", draw: generation)
    if population.isEmpty {
      pending = Array(starts.prefix(size)) + firstPoints(size - min(starts.count, size), &stream)
      pendingByDifference = pending.map { _ in false }
    } else {
      pending = []
      pendingByDifference = []
      let order = Self.order(population)
      for k in 0..<size {
        let byDifference = stream.uniform() < differenceShare
        pending.append(child(of: k % population.count, order, byDifference, &stream))
        pendingByDifference.append(byDifference)
      }
    }
    return pending
  }

  /// What the points of `ask` gave, in the same order; the last may be missing when a budget ends.
  public mutating func tell(_ results: [Evaluated]) {
    var children = results
    for k in children.indices {
      children[k].index = evaluations + k
      if children[k].isFeasible { record(children[k]) }
    }
    evaluations += children.count
    let first = evaluations - children.count
    let isPolish = local != nil
    local?.tell(children)
    let kept = Self.survivors(population + children, count: size, seed: seed, generation: generation)
    if !population.isEmpty, !isPolish {
      var counts = [0.0, 0.0]
      for s in kept where s.index >= first { counts[pendingByDifference[s.index - first] ? 1 : 0] += 1 }
      survivors = Array((survivors + [counts]).suffix(5))
      let (a, b) = (survivors.reduce(1) { $0 + $1[0] }, survivors.reduce(1) { $0 + $1[1] })
      // Survivors per child: an operator that is used more must earn more.
      let (perSBX, perDE) = (a / max(1 - differenceShare, 0.05), b / max(differenceShare, 0.05))
      differenceShare = min(max(perDE / (perDE + perSBX), 0.25), 0.75)
    }
    population = kept
    pending = []
    generation += 1
  }

  private mutating func record(_ point: Evaluated) {
    if point.objectives.count == 2 {
      recordInPlane(point)
    } else {
      recordInSpace(point)
    }
    if kept.count > Self.archiveSize {
      // By a tenth or more, so that it is done rarely.
      let stream = RandomStream(seed: seed, purpose: "archive", draw: evaluations)
      kept =
        point.objectives.count < 3
        ? HypervolumeSelection.keep(kept, count: Self.archiveSize * 9 / 10)
        : ReferenceDirections.niche(kept, chosen: [], count: Self.archiveSize / 2, isFront: true, stream: stream)
          .sorted { $0.index < $1.index }
      keptObjectives = kept.flatMap(\.objectives)
    }
  }

  /// Takes a point that nothing kept dominates or equals, in place of those that it dominates.
  private mutating func recordInSpace(_ point: Evaluated) {
    let new = point.objectives
    let width = new.count
    var beaten: [Int] = []
    let isBeaten = keptObjectives.withUnsafeBufferPointer { old in
      for i in kept.indices {
        var (isBetter, isWorse) = (false, false)
        for k in 0..<width {
          let (x, y) = (old[i * width + k], new[k])
          isWorse = isWorse || x < y
          isBetter = isBetter || x > y
        }
        // Of points that do not dominate each other none is dominated by what another dominates.
        if !isBetter { return true }
        if !isWorse { beaten.append(i) }
      }
      return false
    }
    if isBeaten { return }
    for i in beaten.reversed() {
      kept.remove(at: i)
      keptObjectives.removeSubrange((i * width)..<((i + 1) * width))
    }
    kept.append(point)
    keptObjectives += new
  }

  /// A front in the plane falls from left to right: a point's place in it says what it dominates.
  private mutating func recordInPlane(_ point: Evaluated) {
    let (x, y) = (point.objectives[0], point.objectives[1])
    var (low, high) = (0, kept.count)
    while low < high {
      let middle = (low + high) / 2
      if kept[middle].objectives[0] < x { low = middle + 1 } else { high = middle }
    }
    if low > 0, kept[low - 1].objectives[1] <= y { return }
    if low < kept.count, kept[low].objectives[0] == x, kept[low].objectives[1] <= y { return }
    var end = low
    while end < kept.count, kept[end].objectives[1] >= y { end += 1 }
    kept.replaceSubrange(low..<end, with: [point])
  }

  /// A Latin hypercube over reals, balanced over choices.
  private func firstPoints(_ count: Int, _ stream: inout RandomStream) -> [[Double]] {
    guard count > 0 else { return [] }
    var points = [[Double]](repeating: [Double](repeating: 0, count: kinds.count), count: count)
    for (g, kind) in kinds.enumerated() {
      let order = stream.permutation(count)
      for k in 0..<count {
        let u = (Double(order[k]) + stream.uniform()) / Double(count)
        switch kind {
        case .real: points[k][g] = u
        case .ordinal(let n), .category(let n): points[k][g] = Double(min(Int(u * Double(n)), n - 1))
        }
      }
    }
    return points
  }

  /// The better of two, by their places in `order`.
  private func tournament(_ order: [Int], _ stream: inout RandomStream) -> Int {
    let (a, b) = (stream.index(below: population.count), stream.index(below: population.count))
    return order[a] <= order[b] ? a : b
  }

  private func child(of p: Int, _ order: [Int], _ byDifference: Bool, _ stream: inout RandomStream) -> [Double] {
    let parent = byDifference ? population[p].genes : population[tournament(order, &stream)].genes
    let base = population[tournament(order, &stream)].genes
    var out = parent
    let n = Double(kinds.count)
    if byDifference {
      let r = population[stream.index(below: population.count)].genes
      let s = population[stream.index(below: population.count)].genes
      // Many objectives: the front is a surface, along which steps are small.
      let f = (isMany ? [0.1, 0.15, 0.3] : [0.3, 0.5, 0.8])[stream.index(below: 3)]
      let sure = stream.index(below: kinds.count)
      for g in reals {
        if stream.uniform() < 0.7 || g == sure { out[g] = Self.reflected(base[g] + f * (r[g] - s[g])) }
      }
    } else {
      let crosses = stream.uniform() < 0.9
      for g in reals {
        var x = parent[g]
        if crosses, stream.uniform() < 0.5 {
          x = Self.crossed(parent[g], base[g], stream.uniform(), index: isMany ? 30 : 15)
          if stream.uniform() < 0.5 { x = parent[g] + base[g] - x }
        }
        if stream.uniform() < 1 / n { x = Self.mutated(Self.reflected(x), stream.uniform()) }
        out[g] = Self.reflected(x)
      }
    }
    for g in choices {
      let count: Int
      switch kinds[g] {
      case .real: continue
      case .ordinal(let c), .category(let c): count = c
      }
      if stream.uniform() < 0.5 { out[g] = base[g] }
      guard stream.uniform() < 1.5 / n, count > 1 else { continue }
      if case .category = kinds[g] {
        let other = stream.index(below: count - 1)
        out[g] = Double(other >= Int(out[g]) ? other + 1 : other)
      } else {
        let step = stream.uniform() < 0.5 ? -1.0 : 1.0
        let moved = out[g] + step
        out[g] = moved < 0 || moved > Double(count - 1) ? out[g] - step : moved
      }
    }
    return out
  }

  /// Simulated binary crossover of two genes.
  private static func crossed(_ a: Double, _ b: Double, _ u: Double, index: Double) -> Double {
    let power = 1 / (index + 1)
    let beta = u <= 0.5 ? pow(2 * u, power) : pow(1 / (2 * (1 - u)), power)
    return 0.5 * ((1 + beta) * a + (1 - beta) * b)
  }

  /// Polynomial mutation of a gene, distribution index 20, bounded.
  private static func mutated(_ x: Double, _ u: Double) -> Double {
    let eta = 20.0
    let delta: Double
    if u < 0.5 {
      delta = pow(2 * u + (1 - 2 * u) * pow(1 - x, eta + 1), 1 / (eta + 1)) - 1
    } else {
      delta = 1 - pow(2 * (1 - u) + 2 * (u - 0.5) * pow(x, eta + 1), 1 / (eta + 1))
    }
    return x + delta
  }

  private static func reflected(_ x: Double) -> Double {
    var y = x
    if y < 0 { y = -y }
    if y > 1 { y = 2 - y }
    return min(max(y, 0), 1)
  }

  /// Place of each individual: feasible before infeasible, then by rank (of violations where nothing is feasible).
  private static func order(_ all: [Evaluated]) -> [Int] {
    let feasible = all.indices.filter { all[$0].isFeasible }
    var out = [Int](repeating: Int.max, count: all.count)
    let ranks = ParetoFront.ranks(feasible.map { all[$0].objectives })
    for (k, i) in feasible.enumerated() { out[i] = ranks[k] }
    let rest = all.indices.filter { !all[$0].isFeasible }
    let levels =
      feasible.isEmpty
      ? ParetoFront.ranks(rest.map { all[$0].violations })
      : places(rest.map { all[$0].violations.reduce(0, +) })
    for (k, i) in rest.enumerated() { out[i] = all.count + levels[k] }
    return out
  }

  private static func places(_ values: [Double]) -> [Int] {
    var out = [Int](repeating: 0, count: values.count)
    for (place, i) in values.indices.sorted(by: { (values[$0], $0) < (values[$1], $1) }).enumerated() { out[i] = place }
    return out
  }

  /// The first of all points with the same genes.
  private static func distinct(_ all: [Evaluated]) -> [Int] {
    var seen: Set<UInt64> = []
    return all.indices.filter { i in
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325
      // Adding 0 makes −0 and 0 alike.
      for g in all[i].genes { hash = (hash ^ (g + 0).bitPattern) &* 0x9e37_79b9_7f4a_7c15 }
      return seen.insert(hash).inserted || !all[..<i].contains { $0.genes == all[i].genes }
    }
  }

  /// The `count` that live on.
  private static func survivors(_ all: [Evaluated], count: Int, seed: UInt64, generation: Int) -> [Evaluated] {
    // Copies add nothing.
    let distinct = distinct(all)
    let pool = distinct.count >= count ? distinct.map { all[$0] } : all
    guard pool.count > count else { return pool }
    let order = order(pool)
    var levels: [Int: [Int]] = [:]
    for i in pool.indices { levels[order[i], default: []].append(i) }
    var out: [Evaluated] = []
    for (_, places) in levels.sorted(by: { $0.key < $1.key }) {
      let members = places.map { pool[$0] }
      let room = count - out.count
      if members.count <= room {
        out += members
      } else if room > 0 {
        if !members[0].isFeasible {
          out += members.sorted { ($0.violations.reduce(0, +), $0.index) < ($1.violations.reduce(0, +), $1.index) }
            .prefix(room)
        } else if members[0].objectives.count >= 3 {
          out += ReferenceDirections.niche(
            members, chosen: out, count: room,
            stream: RandomStream(seed: seed, purpose: "niche", draw: generation))
        } else {
          out += HypervolumeSelection.keep(members, count: room)
        }
      }
      if out.count == count { break }
    }
    return out
  }
}
