internal import NumericalMethods

/// Log fade of published cells by a Gaussian mixed model around the simulation.
///
/// y = a + p·ln(n/100) + b·ln(n_max/100) + r_B·z̄ + r_W·(z − z̄) + x′β + u_study + v_cell + (s_cell + s_study)·ln(n/100) + w_cell(ln n) + e
///
/// with y = ln(−ln retention) after n cycles, z what the simulation expects after 100 cycles, z̄ its mean over the cells
/// of the study, n_max the longest cycle number of the study x the inputs and w a process that wanders over a factor e of age (fade is not
/// quite straight on these scales). Across studies the simulation carries
/// little of the level, within one it carries the contrast: hence z̄ and z − z̄. Everything is Gaussian, so fit and
/// forecast are closed forms but for six strengths, found by their marginal likelihood. Forecasts are Student's t with
/// 6 degrees of freedom (assumed: bare cells fail in ways nobody explains).
///
/// - Source of mixed models by marginal likelihood: D. A. Harville, J. Am. Stat. Assoc. 72 (1977) 320,
///   doi:10.2307/2286796.
public struct StudyRegression: Sendable, Hashable, Codable {
  /// Which terms take part.
  public struct Form: Sendable, Hashable, Codable {
    /// The simulation.
    public var physics = true
    /// The inputs.
    public var inputs = true
    /// What only a published cell has: the horizon of its paper and whether it is the modified variant.
    public var published = false

    /// A form from its parts.
    public init(physics: Bool = true, inputs: Bool = true, published: Bool = false) {
      self.physics = physics
      self.inputs = inputs
      self.published = published
    }
  }

  /// The terms.
  public let form: Form
  /// Training cells and rows.
  public let cells: [StudyCell]
  let rows: [StudyRow]
  /// Scale of the inputs' spreads, then standard deviations of study, cell, cell slope, study slope and cell path.
  public let strengths: [Double]

  /// Degrees of freedom of the forecast.
  static let freedom = 6.0
  private static let priorStrengths = [1, 0.6, 0.35, 0.12, 0.1, 0.2]
  private static let priorSpreads = [0.4, 0.5, 0.4, 0.4, 0.4, 0.4]
  /// Variance of a forecast beside the model's own.
  private static let floor = 4e-4

  /// Fits the strengths to rows.
  ///
  /// - Throws: `StudyError.noRows`.
  public init(_ cells: [StudyCell], rows: [StudyRow], form: Form) throws(StudyError) {
    self.form = form
    self.cells = cells
    self.rows = rows
    guard !rows.isEmpty else { throw .noRows }
    let system = StudySystem(
      form: form, cells: cells, points: rows.map { StudyPoint(cell: $0.cell, x: _log($0.cycles / 100)) })
    let y = zip(rows, system.mean).map { SulfidePopulation.logFade($0.retention) - $1 }
    let noise = rows.map { $0.logFadeError * $0.logFadeError }
    let start = Self.priorStrengths.map(_log)
    let found = minimizeLBFGS(
      start: start, lower: start.map { $0 - 3 }, upper: start.map { $0 + 3 }, iterations: 40
    ) { theta in
      let k = system.covariance(theta.map { _exp($0) }, noise: noise)
      guard let factor = try? Cholesky(k) else { return (.infinity, theta.map { _ in 0 }) }
      let alpha = factor.solve(y)
      let inverse = factor.inverse
      var value = 0.5 * factor.logDeterminant + 0.5 * zip(y, alpha).reduce(0) { $0 + $1.0 * $1.1 }
      var gradient = theta
      for p in theta.indices {
        var trace = 0.0
        for i in y.indices {
          for j in y.indices { trace += (inverse[i, j] - alpha[i] * alpha[j]) * system.parts[p][i, j] }
        }
        let z = (theta[p] - start[p]) / Self.priorSpreads[p]
        gradient[p] = trace * _exp(2 * theta[p]) + z / Self.priorSpreads[p]
        value += 0.5 * z * z
      }
      return (value, gradient)
    }
    strengths = found.x.map { _exp($0) }
  }

  /// The same regression with further cells and rows (`cell` counting among the new ones).
  public func adding(_ more: [StudyCell], rows new: [StudyRow]) -> StudyRegression {
    StudyRegression(
      form: form, cells: cells + more,
      rows: rows
        + new.map {
          StudyRow(cell: cells.count + $0.cell, cycles: $0.cycles, retention: $0.retention, error: $0.error)
        }, strengths: strengths)
  }

  private init(form: Form, cells: [StudyCell], rows: [StudyRow], strengths: [Double]) {
    self.form = form
    self.cells = cells
    self.rows = rows
    self.strengths = strengths
  }

  /// Names of the inputs of a cell that lie outside those of the training cells.
  public func unfamiliar(_ cell: StudyCell) -> [String] {
    StudyFeature.standard.indices.filter { f in
      guard let value = cell.inputs[f] else { return false }
      let known = cells.compactMap { $0.inputs[f] }
      return value < (known.min() ?? .infinity) - 1e-9 || value > (known.max() ?? -.infinity) + 1e-9
    }.map { StudyFeature.standard[$0].name }
  }

  /// The forecast of new cells, jointly.
  ///
  /// - Parameters:
  ///   - new: cells of one or more studies that training has not seen.
  ///   - seen: retentions seen of them, `cell` counting among `new`.
  /// - Throws: `StudyError.singular` where the covariance cannot be factored.
  public func forecast(_ new: [StudyCell], seen: [StudyRow] = []) throws(StudyError) -> StudyForecast {
    let all = cells + new
    var points = rows.map { StudyPoint(cell: $0.cell, x: _log($0.cycles / 100)) }
    points += seen.map { StudyPoint(cell: cells.count + $0.cell, x: _log($0.cycles / 100)) }
    let known = points.count
    // A cell's path ahead is drawn straight in ln n, through where it is and where it will be.
    let anchors = new.indices.map { c in
      let last = seen.filter { $0.cell == c }.map(\.cycles).max()
      let x = last.map { _log($0 / 100) } ?? 0
      return (x, x + StudyForecast.reach)
    }
    for c in new.indices { points += [anchors[c].0, anchors[c].1].map { StudyPoint(cell: cells.count + c, x: $0) } }
    let system = StudySystem(form: form, cells: all, points: points)
    let told = rows + seen
    let noise = told.map { $0.logFadeError * $0.logFadeError } + [Double](repeating: 0, count: points.count - known)
    let k = system.covariance(strengths, noise: noise)
    let first = Array(0..<known)
    let last = Array(known..<points.count)
    let cross = k.selecting(rows: last).selecting(columns: first)
    do {
      let factor = try Cholesky(k.selecting(rows: first).selecting(columns: first))
      let weights = factor.solve(told.indices.map { SulfidePopulation.logFade(told[$0].retention) - system.mean[$0] })
      var mean = cross.times(weights)
      for i in last.indices { mean[i] += system.mean[known + i] }
      var covariance = k.selecting(rows: last).selecting(columns: last)
      let solved = last.indices.map { factor.solve(cross.row($0)) }
      for i in last.indices {
        for j in last.indices {
          covariance[i, j] -= zip(solved[i], cross.row(j)).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
      return StudyForecast(
        cells: new, anchors: anchors.map(\.0), mean: mean, covariance: covariance, floor: Self.floor)
    } catch { throw .singular }
  }
}

/// What keeps a study regression from being fitted or used.
public enum StudyError: Error, Hashable, Sendable {
  /// No retention to learn from.
  case noRows
  /// A covariance that cannot be factored.
  case singular
}

/// A place where the regression is asked: a cell and x = ln(n/100).
struct StudyPoint: Sendable {
  var cell: Int
  var x: Double
}

/// Prior mean and covariance of log fade at some points.
struct StudySystem {
  /// Prior mean, the coefficients at theirs.
  let mean: [Double]
  /// Covariance that no strength scales.
  let fixed: Matrix
  /// Covariance per unit of strength squared: inputs, study, cell, cell slope, study slope, cell
  /// path.
  let parts: [Matrix]

  /// Prior mean and standard deviation of the terms' coefficients.
  private static let intercept = 2.0
  private static let exponent = (mean: 0.6, spread: 0.12)
  private static let horizon = (mean: -0.4, spread: 0.2)
  private static let between = (mean: 0.0, spread: 0.3)
  private static let within = (mean: 1.0, spread: 0.3)
  /// z is counted from here, about its mean.
  private static let centre = -2.0

  init(form: StudyRegression.Form, cells: [StudyCell], points: [StudyPoint]) {
    var studies: [String: [Double]] = [:]
    for cell in cells {
      if let z = cell.simulated { studies[cell.study, default: []].append(z) }
    }
    let level = cells.map { cell in
      (cell.level ?? studies[cell.study].map { NumericalMethods.mean($0) }).map { $0 - Self.centre } ?? 0
    }
    let contrast = cells.indices.map { c in
      cells[c].simulated.map { $0 - Self.centre - level[c] } ?? 0
    }
    let features = StudyFeature.standard + [StudyFeature.modified]
    let values = cells.map { cell in
      zip(features, cell.inputs + [form.published ? cell.modified : 0]).map { $1 ?? $0.unstated.mean }
    }
    let unstated = cells.map { cell in
      zip(features, cell.inputs + [0]).map { $1 == nil ? $0.unstated.spread * $0.spread : 0 }
    }
    let spreads = features.map(\.spread)
    let reach = cells.map { _log(min(max($0.horizon ?? 100, 20), 2300) / 100) }
    let usesPhysics = form.physics ? 1.0 : 0
    let usesHorizon = form.published ? 1.0 : 0
    let n = points.count
    mean = points.map { p in
      Self.exponent.mean * p.x + usesHorizon * Self.horizon.mean * reach[p.cell]
        + usesPhysics * (Self.between.mean * level[p.cell] + Self.within.mean * contrast[p.cell])
    }
    var fixed = Matrix(rows: n, columns: n)
    var parts = [Matrix](repeating: fixed, count: 6)
    func square(_ x: Double) -> Double { x * x }
    for i in 0..<n {
      for j in 0...i {
        let (p, q) = (points[i], points[j])
        let isSameStudy = cells[p.cell].study == cells[q.cell].study
        let slopes = p.x * q.x
        var value = square(Self.intercept) + square(Self.exponent.spread) * slopes
        value += usesHorizon * square(Self.horizon.spread) * reach[p.cell] * reach[q.cell]
        value += usesPhysics * square(Self.between.spread) * level[p.cell] * level[q.cell]
        value += usesPhysics * square(Self.within.spread) * contrast[p.cell] * contrast[q.cell]
        var shared = 0.0
        if form.inputs {
          for f in spreads.indices {
            shared += square(spreads[f]) * values[p.cell][f] * values[q.cell][f]
            // What a paper does not state it hides for all of its cells.
            if isSameStudy { shared += unstated[p.cell][f] * unstated[q.cell][f] }
          }
        }
        let entries = [
          shared, isSameStudy ? 1 : 0, p.cell == q.cell ? 1 : 0, p.cell == q.cell ? slopes : 0,
          isSameStudy ? slopes : 0, p.cell == q.cell ? _exp(-abs(p.x - q.x)) : 0,
        ]
        fixed[i, j] = value
        fixed[j, i] = value
        for (k, entry) in entries.enumerated() {
          parts[k][i, j] = entry
          parts[k][j, i] = entry
        }
      }
    }
    self.fixed = fixed
    self.parts = parts
  }

  /// The covariance for given strengths, reading errors on the diagonal.
  func covariance(_ strengths: [Double], noise: [Double]) -> Matrix {
    var k = fixed
    for (part, strength) in zip(parts, strengths) {
      let square = strength * strength
      for e in k.storage.indices { k.storage[e] += square * part.storage[e] }
    }
    for i in noise.indices { k[i, i] += noise[i] + 1e-9 }
    return k
  }
}
