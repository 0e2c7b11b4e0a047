/// The last steps of a search: the ends of the front and its knee moved by small steps along one variable after another.
///
/// Each start keeps its own weights (augmented Chebyshev distance to the ideal point, so that a member moves towards
/// better without leaving its place on the front); reals move both ways by a step that halves after a barren round,
/// ranks and words to each neighbour in turn.
///
/// - Source: R. Hooke and T. A. Jeeves, J. ACM 8 (1961) 212, doi:10.1145/321062.321069 (pattern search); R. E. Steuer and
///   E.-U. Choo, Math. Program. 26 (1983) 326, doi:10.1007/BF02591870 (augmented Chebyshev distance).
struct LocalPolish: Sendable, Codable {
  /// One member on its way.
  private struct Walk: Sendable, Codable {
    var best: Evaluated
    var weights: [Double]
    var step = firstStep
    /// Gene to be moved next, and whether the round so far found anything better.
    var gene = 0
    var improved = false
    var tries: [[Double]] = []
  }

  private static let firstStep = 0.05
  private static let lastStep = 0.003

  private let kinds: [GeneKind]
  private let low: [Double]
  private let span: [Double]
  private var walks: [Walk] = []

  /// A polish of the best of each objective and of the member nearest to the ideal point; nothing for an empty archive.
  init(_ archive: [Evaluated], _ kinds: [GeneKind]) {
    self.kinds = kinds
    let points = archive.map(\.objectives)
    let (low, span) = HypervolumeSelection.bounds(points)
    self.low = low
    self.span = span
    let scaled = points.map { p in p.indices.map { (p[$0] - low[$0]) / span[$0] } }
    guard let dimensions = scaled.first?.count else { return }
    var starts = (0..<dimensions).compactMap { k in
      scaled.indices.min { (scaled[$0][k], archive[$0].index) < (scaled[$1][k], archive[$1].index) }
    }
    if let knee = scaled.indices.min(by: { (scaled[$0].reduce(0, +), $0) < (scaled[$1].reduce(0, +), $1) }) {
      starts.append(knee)
    }
    for i in starts.reduce(into: [Int](), { if !$0.contains($1) { $0.append($1) } }) {
      // On the ray from the ideal point through a member, all weighted distances are alike.
      let raw = scaled[i].map { 1 / ($0 + 0.05) }
      let sum = raw.reduce(0, +)
      walks.append(Walk(best: archive[i], weights: raw.map { $0 / sum }))
    }
  }

  /// Where each walk is.
  var best: [Evaluated] { walks.map(\.best) }

  /// The points to evaluate next; none when all walks have ended.
  mutating func ask() -> [[Double]] {
    for w in walks.indices {
      while walks[w].tries.isEmpty, walks[w].step >= Self.lastStep {
        walks[w].tries = neighbours(walks[w])
        if walks[w].tries.isEmpty { advance(w) }
      }
    }
    return walks.flatMap(\.tries)
  }

  /// What they gave, in the same order; the last may be missing when a budget ends.
  mutating func tell(_ results: [Evaluated]) {
    var left = results[...]
    for w in walks.indices where !walks[w].tries.isEmpty {
      let own = left.prefix(walks[w].tries.count)
      left = left.dropFirst(own.count)
      if let better = own.min(by: { cost($0, walks[w]) < cost($1, walks[w]) }),
        cost(better, walks[w]) < cost(walks[w].best, walks[w])
      {
        walks[w].best = better
        walks[w].improved = true
      }
      walks[w].tries = []
      advance(w)
    }
  }

  private mutating func advance(_ w: Int) {
    walks[w].gene += 1
    guard walks[w].gene == kinds.count else { return }
    walks[w].gene = 0
    if !walks[w].improved { walks[w].step /= 2 }
    walks[w].improved = false
  }

  private func cost(_ point: Evaluated, _ walk: Walk) -> Double {
    let x = point.objectives.indices.map { walk.weights[$0] * (point.objectives[$0] - low[$0]) / span[$0] }
    return (x.max() ?? 0) + 0.05 * x.reduce(0, +) + 1e3 * point.violations.reduce(0, +)
  }

  private func neighbours(_ walk: Walk) -> [[Double]] {
    func moved(_ g: Double) -> [Double] {
      var out = walk.best.genes
      out[walk.gene] = g
      return out
    }
    let g = walk.best.genes[walk.gene]
    switch kinds[walk.gene] {
    case .real: return [max(g - walk.step, 0), min(g + walk.step, 1)].filter { $0 != g }.map(moved)
    // Neighbours of a rank do not come nearer when the step halves.
    case _ where walk.step < Self.firstStep: return []
    case .ordinal(let n): return [g - 1, g + 1].filter { $0 >= 0 && $0 < Double(n) }.map(moved)
    case .category(let n): return (0..<n).map(Double.init).filter { $0 != g }.map(moved)
    }
  }
}
