#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import CellModel
internal import NumericalMethods

/// How build parameters scatter about their design value.
public struct ManufacturingVariability: Sendable, Hashable {
  /// One build parameter.
  public struct Parameter: Sendable, Hashable {
    /// Column of `cells.csv`.
    public var name: String
    /// Its distribution about the design value.
    public var spread: Spread
    /// Limits relative to the design value; a draw beyond is not built.
    public var limits: ClosedRange<Double>?
    /// Level that shares a draw: each cell, or each batch.
    public var isPerBatch: Bool
    /// Values that can be at all, in the unit of the column; a draw beyond is not built.
    public var allowed: ClosedRange<Double>?

    /// A build parameter.
    public init(
      _ name: String, _ spread: Spread, limits: ClosedRange<Double>? = nil, isPerBatch: Bool = false,
      allowed: ClosedRange<Double>? = nil
    ) {
      self.name = name
      self.spread = spread
      self.limits = limits
      self.isPerBatch = isPerBatch
      self.allowed = allowed
    }

    /// The probabilities between which draws about a design value stay.
    func inside(_ value: Double) -> ClosedRange<Double> {
      var (low, high) = (limits?.lowerBound ?? -.infinity, limits?.upperBound ?? .infinity)
      if let allowed, value != 0 {
        let ends = [allowed.lowerBound / value - 1, allowed.upperBound / value - 1].sorted()
        (low, high) = (max(low, ends[0]), min(high, ends[1]))
      }
      let p = spread.cumulative(1 + low)
      return p...max(spread.cumulative(1 + high), p)
    }

    /// The share of the distribution that limits and allowed values cut off about a design value, 0…1.
    public func cutShare(about value: Double) -> Double {
      let inside = inside(value)
      return 1 - (inside.upperBound - inside.lowerBound)
    }
  }

  /// Distributions, relative to the design value.
  public enum Spread: Sendable, Hashable {
    /// Normal with this relative standard deviation.
    case normal(Double)
    /// Log-normal with this standard deviation of the logarithm and median 1.
    case lognormal(Double)
    /// Even between relative limits.
    case uniform(ClosedRange<Double>)
    /// Triangular between relative limits with its peak at the design value.
    case triangular(ClosedRange<Double>)
    /// Beta between relative limits with a relative mode: the larger the weight, the narrower; 0 is uniform, 4 usual.
    case beta(ClosedRange<Double>, mode: Double, weight: Double)

    /// The standard distribution behind a beta spread.
    ///
    /// - Source: D. G. Malcolm, J. H. Roseboom, C. E. Clark and W. Fazar, Oper. Res. 7 (1959) 646,
    ///   doi:10.1287/opre.7.5.646, with a weight in place of 4.
    private static func standard(_ range: ClosedRange<Double>, _ mode: Double, _ weight: Double) -> BetaDistribution {
      let share = (mode - range.lowerBound) / (range.upperBound - range.lowerBound)
      return BetaDistribution(1 + weight * share, 1 + weight * (1 - share))
    }

    /// The quantile of the relative value at probability `p`.
    ///
    /// - Source: triangular: M. Evans, N. Hastings and B. Peacock, Statistical Distributions, Wiley 2000, chapter 40.
    public func quantile(_ p: Double) -> Double {
      switch self {
      case .normal(let sd): return 1 + sd * NormalDistribution.quantile(p)
      case .lognormal(let sd): return exp(sd * NormalDistribution.quantile(p))
      case .uniform(let range): return 1 + range.lowerBound + p * (range.upperBound - range.lowerBound)
      case .triangular(let range):
        let (a, b) = (range.lowerBound, range.upperBound)
        let peak = -a / (b - a)
        if p < peak { return 1 + a + (p * (b - a) * -a).squareRoot() }
        return 1 + b - ((1 - p) * (b - a) * b).squareRoot()
      case .beta(let range, let mode, let weight):
        let share = Self.standard(range, mode, weight).quantile(p)
        return 1 + range.lowerBound + share * (range.upperBound - range.lowerBound)
      }
    }

    /// The probability below a relative value.
    public func cumulative(_ x: Double) -> Double {
      switch self {
      case .normal(let sd): return NormalDistribution.cumulative((x - 1) / sd)
      case .lognormal(let sd): return x > 0 ? NormalDistribution.cumulative(log(x) / sd) : 0
      case .uniform(let range):
        return min(max((x - 1 - range.lowerBound) / (range.upperBound - range.lowerBound), 0), 1)
      case .triangular(let range):
        let (a, b, d) = (range.lowerBound, range.upperBound, x - 1)
        if d <= a { return 0 }
        if d >= b { return 1 }
        return d < 0 ? (d - a) * (d - a) / ((b - a) * -a) : 1 - (b - d) * (b - d) / ((b - a) * b)
      case .beta(let range, let mode, let weight):
        return Self.standard(range, mode, weight).cumulative(
          (x - 1 - range.lowerBound) / (range.upperBound - range.lowerBound))
      }
    }
  }

  /// A correlation of the latent normal variables of two parameters.
  public struct Correlation: Sendable, Hashable {
    /// The parameters.
    public var first: String
    /// See `first`.
    public var second: String
    /// Latent correlation in (−1, 1).
    public var rho: Double

    /// A correlation.
    public init(_ first: String, _ second: String, rho: Double) {
      self.first = first
      self.second = second
      self.rho = rho
    }
  }

  /// Standard deviations of log life between labs, batches and cells.
  public struct Levels: Sendable, Hashable {
    /// Between labs.
    public var lab: Double
    /// Between batches of a lab.
    public var batch: Double
    /// Between cells of a batch.
    public var cell: Double

    /// Levels; none scatters where not stated.
    public init(lab: Double = 0, batch: Double = 0, cell: Double = 0) {
      self.lab = lab
      self.batch = batch
      self.cell = cell
    }
  }

  /// What is known of the probability of an early failure: a Beta distribution.
  public struct EarlyFailure: Sendable, Hashable {
    /// What was known before any cell was counted.
    public enum Prior: String, Sendable, Hashable, CaseIterable {
      /// Beta(1, 19): one cell in twenty (assumed).
      case weak
      /// Beta(½, ½).
      ///
      /// - Source: L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16 (2001) 101, doi:10.1214/ss/1009213286.
      case jeffreys

      /// The exponents.
      public var exponents: (alpha: Double, beta: Double) { self == .weak ? (1, 19) : (0.5, 0.5) }
    }

    /// Exponents of the distribution, both above 0.
    public var alpha: Double
    /// See `alpha`.
    public var beta: Double
    /// Age up to which a failure is early, above 0 [the dataset's age unit].
    public var until: Double

    /// A distribution.
    public init(alpha: Double, beta: Double, until: Double = 10) {
      self.alpha = alpha
      self.beta = beta
      self.until = until
    }

    /// What counting says: `failed` of `of` cells.
    public init(failed: Double, of: Double, prior: Prior = .weak, until: Double = 10) {
      let (a, b) = prior.exponents
      self.init(alpha: a + failed, beta: b + of - failed, until: until)
    }

    /// The mean probability.
    public var mean: Double { alpha / (alpha + beta) }

    /// The share of early failures that have happened by an age: they count as spread evenly up to `until` (assumed).
    func share(by age: Double) -> Double { min(max(age / until, 0), 1) }
  }

  /// Scatter of log life not explained by the parameters below.
  public var levels = Levels()
  /// Equally likely levels, where a fit has left them uncertain; empty where `levels` are as good as known.
  public var posterior: [Levels] = []
  /// Build parameters that scatter.
  public private(set) var parameters: [Parameter]
  /// Their correlations.
  public private(set) var correlations: [Correlation]
  /// Early failures; nil where nothing is known.
  public var earlyFailure: EarlyFailure?
  /// Whether these are the tolerances of the line that the model's training cells came from: their effect is then part of
  /// the scatter that `levels` states. Otherwise it adds to it.
  public var describesTraining = true
  private let factor: Cholesky?

  /// Nothing scatters.
  public static let none = ManufacturingVariability()

  private init() {
    parameters = []
    correlations = []
    factor = nil
  }

  /// Parameters and correlations.
  ///
  /// A parameter may scatter between batches and between cells of a batch: it is then named twice, once for each.
  ///
  /// - Throws: `DesignSpaceError` for a spread that is not positive, limits that leave nothing, a parameter named twice on
  ///   one level, a correlation of an unknown parameter or of one on two levels, or outside (−1, 1), a matrix of
  ///   correlations that is not positive definite.
  public init(_ parameters: [Parameter], correlations: [Correlation] = []) throws(DesignSpaceError) {
    for p in parameters {
      try Self.check(p)
      guard parameters.count(where: { $0.name == p.name && $0.isPerBatch == p.isPerBatch }) == 1 else {
        throw DesignSpaceError(
          part: "parameter \"\(p.name)\"", message: "is named twice on the level \(p.isPerBatch ? "batch" : "cell")",
          help: "keep one of them, or give one level = \"batch\"")
      }
    }
    let n = parameters.count
    var matrix = Matrix(rows: n, columns: n)
    for i in 0..<n { matrix[i, i] = 1 }
    var pairs: [(Int, Int)] = []
    for c in correlations {
      let part = "correlation \"\(c.first)\", \"\(c.second)\""
      func place(_ name: String) throws(DesignSpaceError) -> Int {
        let found = parameters.indices.filter { parameters[$0].name == name }
        guard found.count == 1 else {
          throw DesignSpaceError(
            part: part,
            message: found.isEmpty
              ? "\"\(name)\" is no parameter of this file" : "\"\(name)\" scatters on two levels, expected one",
            help: found.isEmpty
              ? "there are \(parameters.map(\.name).joined(separator: ", "))" : "keep one level of it")
        }
        return found[0]
      }
      let (i, j) = (try place(c.first), try place(c.second))
      guard i != j else {
        throw DesignSpaceError(part: part, message: "a and b are the same", help: "name two parameters")
      }
      guard abs(c.rho) < 1 else {
        throw DesignSpaceError(
          part: part, message: "rho \(c.rho), expected between -1 and 1, without the ends",
          help: "parameters that follow each other exactly are one: drop the other")
      }
      matrix[i, j] = c.rho
      matrix[j, i] = c.rho
      pairs.append((i, j))
    }
    if n > 0, (try? Cholesky(matrix)) == nil { throw Self.contradiction(matrix, pairs, parameters.map(\.name)) }
    self.parameters = parameters
    self.correlations = correlations
    factor = n > 0 ? try? Cholesky(matrix) : nil
  }

  private static func check(_ p: Parameter) throws(DesignSpaceError) {
    let part = "parameter \"\(p.name)\""
    switch p.spread {
    case .normal(let sd), .lognormal(let sd):
      guard sd > 0, sd <= 3 else {
        throw DesignSpaceError(
          part: part, message: "sd \(sd), expected above 0, at most 3", help: "0.05 is 5 % of the design value")
      }
    case .uniform(let r), .triangular(let r), .beta(let r, _, _):
      guard r.lowerBound < r.upperBound, r.lowerBound > -1 else {
        throw DesignSpaceError(
          part: part, message: "relative limits \(r), expected ascending, above -1",
          help: "-0.2 is 20 % below the design value")
      }
      if case .triangular = p.spread, !(r.lowerBound < 0 && r.upperBound > 0) {
        throw DesignSpaceError(
          part: part, message: "relative limits \(r) must lie on both sides of the design value",
          help: "a peak elsewhere: dist = \"beta\" with mode_rel")
      }
      if case .beta(_, let mode, let weight) = p.spread {
        guard r.contains(mode) else {
          throw DesignSpaceError(
            part: part, message: "mode_rel \(mode), expected within \(r.lowerBound)…\(r.upperBound)",
            help: "0 is the design value")
        }
        guard weight >= 0, weight <= 1e4 else {
          throw DesignSpaceError(part: part, message: "weight \(weight), expected 0…10000", help: "4 is usual")
        }
      }
    }
    if let l = p.limits {
      let mass = p.spread.cumulative(1 + l.upperBound) - p.spread.cumulative(1 + l.lowerBound)
      guard mass > 1e-6 else {
        throw DesignSpaceError(
          part: part, message: "the limits \(l.lowerBound)…\(l.upperBound) exclude the distribution",
          help: "widen min_rel and max_rel, or move the design")
      }
    }
  }

  /// The fewest parameters whose correlations cannot hold together, and what the last of these would have to be.
  private static func contradiction(_ matrix: Matrix, _ pairs: [(Int, Int)], _ names: [String]) -> DesignSpaceError {
    func isPositive(_ block: [Int], _ change: (pair: (Int, Int), rho: Double)? = nil) -> Bool {
      var m = Matrix(rows: block.count, columns: block.count)
      for (p, i) in block.enumerated() {
        for (q, j) in block.enumerated() {
          m[p, q] = change.map { $0.pair == (i, j) || $0.pair == (j, i) } ?? false ? change?.rho ?? 0 : matrix[i, j]
        }
      }
      return (try? Cholesky(m)) != nil
    }
    // Blocks of three and four; larger ones at fault are rare, and named as a whole.
    var blocks = names.indices.map { [$0] }
    var found = Array(names.indices)
    for _ in 2...4 where found.count == names.count {
      blocks = blocks.flatMap { b in ((b.last ?? 0) + 1..<max(names.count, (b.last ?? 0) + 1)).map { b + [$0] } }
      if let block = blocks.first(where: { !isPositive($0) }) { found = block }
      if blocks.count > 20_000 { break }
    }
    let last = pairs.last { found.contains($0.0) && found.contains($0.1) } ?? (0, 0)
    let inside = (-99...99).map { Double($0) / 100 }.filter { isPositive(found, (last, $0)) }
    var message =
      "rho \(matrix[last.0, last.1]): the correlations of \(found.map { names[$0] }.joined(separator: ", ")) "
    message += "contradict each other; with the others fixed, "
    if let low = inside.first, let high = inside.last {
      message += "rho(\(names[last.0]), \(names[last.1])) must lie in "
      message += "(\(low), \(high))"
    } else {
      message += "no rho(\(names[last.0]), \(names[last.1])) would do"
    }
    return DesignSpaceError(
      part: "correlation \"\(names[last.0])\", \"\(names[last.1])\"", message: message,
      help: "correct this rho or one of the others")
  }

  /// Cells as built, on scrambled Sobol points: draw d of every design shares its random numbers, whatever the count.
  ///
  /// A count that is a power of two keeps all of the gain of these points.
  ///
  /// - Parameters:
  ///   - design: columns as designed; a parameter that it does not state does not scatter.
  ///   - perBatch: cells of one batch.
  public func builds(_ design: CellAttributes, count: Int, perBatch: Int = 1, seed: UInt64) -> [CellAttributes] {
    let cells = SobolPoints(dimensions: parameters.count, seed: seed, purpose: "variability-cell")
    let lots = SobolPoints(dimensions: parameters.count, seed: seed, purpose: "variability-batch")
    return (0..<count).map { d in
      let (own, lot) = (cells.point(d), lots.point(d / max(perBatch, 1)))
      return built(
        design,
        parameters.indices.map { NormalDistribution.quantile(parameters[$0].isPerBatch ? lot[$0] : own[$0]) })
    }
  }

  /// The cell that independent standard normal numbers, one a parameter, build of a design.
  func built(_ design: CellAttributes, _ e: [Double]) -> CellAttributes {
    guard let factor else { return design }
    let z = e.indices.map { i in (0...i).reduce(0.0) { $0 + factor.lower(i, $1) * e[$1] } }
    var out = design
    for (k, p) in parameters.enumerated() {
      // A parameter on two levels: the cell scatters about what its batch is.
      guard let value = out.numbers[p.name] else { continue }
      let inside = p.inside(value)
      let u = inside.lowerBound + NormalDistribution.cumulative(z[k]) * (inside.upperBound - inside.lowerBound)
      out.numbers[p.name] = value * p.spread.quantile(min(max(u, 1e-15), 1 - 1e-15))
    }
    return out
  }

  /// Parameters that a chain of correlations joins, and both levels of one parameter, by their places; each group varies
  /// as one.
  var groups: [[Int]] {
    var label = Array(parameters.indices)
    let pairs =
      correlations.filter { $0.rho != 0 }.map { ($0.first, $0.second) } + parameters.map { ($0.name, $0.name) }
    for (first, second) in pairs {
      guard let i = parameters.firstIndex(where: { $0.name == first }),
        let j = parameters.lastIndex(where: { $0.name == second })
      else { continue }
      let (keep, drop) = (min(label[i], label[j]), max(label[i], label[j]))
      for k in label.indices where label[k] == drop { label[k] = keep }
    }
    return Set(label).sorted().map { g in label.indices.filter { label[$0] == g } }
  }

  /// Equal when they say the same.
  public static func == (a: ManufacturingVariability, b: ManufacturingVariability) -> Bool {
    a.parameters == b.parameters && a.correlations == b.correlations && a.levels == b.levels
      && a.posterior == b.posterior && a.earlyFailure == b.earlyFailure && a.describesTraining == b.describesTraining
  }

  /// Hashes parameters and levels.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(parameters)
    hasher.combine(levels)
  }
}
