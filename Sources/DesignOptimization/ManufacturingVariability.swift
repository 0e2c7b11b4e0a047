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

    /// A build parameter.
    public init(_ name: String, _ spread: Spread, limits: ClosedRange<Double>? = nil, isPerBatch: Bool = false) {
      self.name = name
      self.spread = spread
      self.limits = limits
      self.isPerBatch = isPerBatch
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

  /// Standard deviations of log life not explained by the parameters below: between labs, batches, cells.
  public var levels: (lab: Double, batch: Double, cell: Double) {
    get { (levelValues[0], levelValues[1], levelValues[2]) }
    set { levelValues = [newValue.lab, newValue.batch, newValue.cell] }
  }
  private var levelValues = [0.0, 0, 0]
  /// Build parameters that scatter.
  public private(set) var parameters: [Parameter]
  /// Their correlations.
  public private(set) var correlations: [Correlation]
  /// Parameters of the Beta distribution of an early failure; nil where nothing is known.
  public var earlyFailure: (alpha: Double, beta: Double)? {
    get { earlyValues.count == 2 ? (earlyValues[0], earlyValues[1]) : nil }
    set { earlyValues = newValue.map { [$0.alpha, $0.beta] } ?? [] }
  }
  private var earlyValues: [Double] = []
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
  /// - Throws: `DesignSpaceError` for a spread that is not positive, limits that leave nothing, a correlation of an unknown
  ///   parameter or outside (−1, 1), a matrix of correlations that is not positive definite.
  public init(_ parameters: [Parameter], correlations: [Correlation] = []) throws(DesignSpaceError) {
    for p in parameters {
      let part = "parameter \"\(p.name)\""
      switch p.spread {
      case .normal(let sd), .lognormal(let sd):
        guard sd > 0, sd <= 3 else {
          throw DesignSpaceError(part: part, message: "sd \(sd), expected above 0, at most 3")
        }
      case .uniform(let r), .triangular(let r):
        guard r.lowerBound < r.upperBound, r.lowerBound > -1 else {
          throw DesignSpaceError(part: part, message: "relative limits \(r), expected ascending, above -1")
        }
        if case .triangular = p.spread, !(r.lowerBound < 0 && r.upperBound > 0) {
          throw DesignSpaceError(part: part, message: "relative limits \(r) must lie on both sides of the design value")
        }
      }
      if let l = p.limits {
        let mass = p.spread.cumulative(1 + l.upperBound) - p.spread.cumulative(1 + l.lowerBound)
        guard mass > 1e-6 else { throw DesignSpaceError(part: part, message: "the limits exclude the distribution") }
      }
      guard parameters.count(where: { $0.name == p.name }) == 1 else {
        throw DesignSpaceError(part: part, message: "is named twice")
      }
    }
    let n = parameters.count
    var matrix = Matrix(rows: n, columns: n)
    for i in 0..<n { matrix[i, i] = 1 }
    for c in correlations {
      let part = "correlation \"\(c.first)\", \"\(c.second)\""
      guard let i = parameters.firstIndex(where: { $0.name == c.first }),
        let j = parameters.firstIndex(where: { $0.name == c.second }), i != j
      else { throw DesignSpaceError(part: part, message: "names two different parameters of this file") }
      guard abs(c.rho) < 1 else {
        throw DesignSpaceError(part: part, message: "rho \(c.rho), expected between -1 and 1")
      }
      matrix[i, j] = c.rho
      matrix[j, i] = c.rho
      guard (try? Cholesky(matrix)) != nil else {
        let (low, high) = Self.allowed(matrix, i, j)
        throw DesignSpaceError(
          part: part,
          message: "rho \(c.rho) contradicts the correlations before it; it must lie in "
            + "(\((low * 100).rounded() / 100), \((high * 100).rounded() / 100))")
      }
    }
    self.parameters = parameters
    self.correlations = correlations
    factor = n > 0 ? try? Cholesky(matrix) : nil
  }

  /// Values of one element that leave a matrix positive definite, the others fixed.
  private static func allowed(_ matrix: Matrix, _ i: Int, _ j: Int) -> (Double, Double) {
    func works(_ rho: Double) -> Bool {
      var m = matrix
      m[i, j] = rho
      m[j, i] = rho
      return (try? Cholesky(m)) != nil
    }
    let inside = stride(from: -0.99, through: 0.99, by: 0.01).filter(works)
    return (inside.first ?? 0, inside.last ?? 0)
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
      guard let value = design.numbers[p.name] else { continue }
      var u = NormalDistribution.cumulative(z[k])
      if let l = p.limits {
        let low = p.spread.cumulative(1 + l.lowerBound)
        u = low + u * (p.spread.cumulative(1 + l.upperBound) - low)
      }
      out.numbers[p.name] = value * p.spread.quantile(min(max(u, 1e-15), 1 - 1e-15))
    }
    return out
  }

  /// Parameters that a chain of correlations joins, by their places; each group varies as one.
  var groups: [[Int]] {
    var label = Array(parameters.indices)
    for c in correlations where c.rho != 0 {
      guard let i = parameters.firstIndex(where: { $0.name == c.first }),
        let j = parameters.firstIndex(where: { $0.name == c.second })
      else { continue }
      let (keep, drop) = (min(label[i], label[j]), max(label[i], label[j]))
      for k in label.indices where label[k] == drop { label[k] = keep }
    }
    return Set(label).sorted().map { g in label.indices.filter { label[$0] == g } }
  }

  /// Equal when they say the same.
  public static func == (a: ManufacturingVariability, b: ManufacturingVariability) -> Bool {
    a.parameters == b.parameters && a.correlations == b.correlations && a.levelValues == b.levelValues
      && a.earlyValues == b.earlyValues && a.describesTraining == b.describesTraining
  }

  /// Hashes parameters and levels.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(parameters)
    hasher.combine(levelValues)
  }
}
