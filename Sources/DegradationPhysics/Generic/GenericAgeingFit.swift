public import NumericalMethods

/// A mixture of generic laws fitted to one record: maximum a posteriori with Laplace uncertainty for each law, weights
/// by how well the first 70 % foretold the last 30 %.
public struct GenericAgeingFit: Sendable, Hashable, Codable {
  /// Which losses a law has.
  public enum Form: String, Sendable, Hashable, Codable, CaseIterable {
    /// Loss with √age.
    case sqrt
    /// Loss with age.
    case linear
    /// Loss with a free power of age between (a sum of √ and linear is one such path within noise).
    case power
    /// A power and break-in.
    case breakIn = "break_in"
    /// A power and a knee, whose age keeps its prior unless the record bends.
    case knee
  }

  /// One fitted law.
  public struct Member: Sendable, Hashable, Codable {
    /// Its form.
    public var form: Form
    /// Most probable parameters: q₀, log rate, exponent, then break-in or log knee age, by form.
    public var parameters: [Double]
    /// Covariance of the parameters (Laplace).
    public var covariance: Matrix
    /// Weight in the mixture, 0…1.
    public var weight: Double

    /// The law at given parameters, with its scale q₀.
    func law(_ x: [Double]) -> (scale: Double, law: GenericAgeing) {
      var law = GenericAgeing()
      law.cycleRate = _exp(x[1])
      switch form {
      case .sqrt: law.cycleExponent = 0.5
      case .linear: law.cycleExponent = 1
      case .power, .breakIn, .knee: law.cycleExponent = min(max(x[2], 0.3), 1.5)
      }
      if form == .breakIn { law.breakIn = min(max(x[3], -0.05), 0.05) }
      if form == .knee { law.kneeAge = _exp(x[3]) }
      return (x[0], law)
    }

    func retention(_ x: [Double], at ages: [Double]) -> [Double] {
      let (scale, law) = law(x)
      return law.retention(at: ages).map { scale * $0 }
    }
  }

  /// The laws with their weights, best first by form order.
  public var members: [Member]
  /// Noise of one point, as used.
  public var noise: Double

  /// What is believed before a record is seen.
  public struct Prior: Sendable, Hashable, Codable {
    /// Mean and spread of log rate for a √ law, per equivalent full cycle^½.
    public var logRate = -4.5
    /// See `logRate`.
    public var logRateSpread = 1.5
    /// Mean and spread of log knee age: the population's; a knee is never read off an unbent record.
    public var logKneeAge = 7.0
    /// See `logKneeAge`.
    public var logKneeSpread = 0.7
    /// The prior of a record of which nothing is known.
    public init() {}
  }

  /// Fits all forms to a record.
  ///
  /// - Parameters:
  ///   - ages: ascending [EFC or cycles], at least three.
  ///   - retention: at those ages.
  ///   - noise: standard deviation of one point, > 0.
  public static func fit(ages: [Double], retention: [Double], noise: Double, prior: Prior = Prior()) -> GenericAgeingFit
  {
    let n = ages.count
    let head = max(2, Int(0.7 * Double(n)))
    var scores: [Double] = []
    var members: [Member] = []
    for form in Form.allCases {
      let early = map(form, Array(ages.prefix(head)), Array(retention.prefix(head)), noise, prior)
      let foretold = early.retention(early.parameters, at: Array(ages.dropFirst(head)))
      let sd = early.deviation(at: Array(ages.dropFirst(head)))
      var score = 0.0
      for k in foretold.indices {
        let variance = noise * noise + sd[k] * sd[k]
        let e = retention[head + k] - foretold[k]
        score -= 0.5 * (e * e / variance + _log(variance))
      }
      // Neighbouring points err together: a long tail counts as at most six points.
      scores.append(score * min(1, 6 / Double(max(n - head, 1))))
      members.append(map(form, ages, retention, noise, prior))
    }
    let top = scores.max() ?? 0
    let weights = scores.map { _exp($0 - top) }
    let total = weights.reduce(0, +)
    for k in members.indices { members[k].weight = weights[k] / total }
    return GenericAgeingFit(members: members, noise: noise)
  }

  /// Mean and standard deviation of retention at ages, over laws and their parameters.
  public func forecast(at ages: [Double]) -> (mean: [Double], standardDeviation: [Double]) {
    var mean = [Double](repeating: 0, count: ages.count)
    var second = mean
    for member in members {
      let q = member.retention(member.parameters, at: ages)
      let sd = member.deviation(at: ages)
      for k in ages.indices {
        mean[k] += member.weight * q[k]
        second[k] += member.weight * (q[k] * q[k] + sd[k] * sd[k])
      }
    }
    return (mean, mean.indices.map { max(second[$0] - mean[$0] * mean[$0], 0).squareRoot() })
  }

  /// First age at which the mean forecast is at or below a limit, within a horizon; nil if never.
  public func life(limit: Double, horizon: Double) -> Double? {
    let ages = (0...2000).map { horizon * Double($0) / 2000 }
    let q = forecast(at: ages).mean
    guard let k = q.firstIndex(where: { $0 <= limit }), k > 0 else { return q[0] <= limit ? 0 : nil }
    let w = (q[k - 1] - limit) / max(q[k - 1] - q[k], 1e-12)
    return ages[k - 1] + w * (ages[k] - ages[k - 1])
  }

  private static func map(
    _ form: Form, _ ages: [Double], _ retention: [Double], _ noise: Double, _ prior: Prior
  ) -> Member {
    var means = [retention.first ?? 1, prior.logRate]
    var spreads = [0.01, prior.logRateSpread]
    var lower = [0.5, -25.0]
    var upper = [1.5, 2.0]
    switch form {
    case .sqrt: break
    // A linear law reaches the same loss after 100 cycles at a tenth of the rate.
    case .linear: means[1] = prior.logRate - _log(10)
    case .power, .breakIn, .knee:
      means.append(0.65)
      spreads.append(0.25)
      lower.append(0.3)
      upper.append(1.5)
    }
    if form == .breakIn {
      means.append(0)
      spreads.append(0.015)
      lower.append(-0.05)
      upper.append(0.05)
    }
    if form == .knee {
      means.append(prior.logKneeAge)
      spreads.append(prior.logKneeSpread)
      lower.append(0)
      upper.append(20)
    }
    var member = Member(form: form, parameters: means, covariance: Matrix(rows: 0, columns: 0), weight: 0)
    // Neighbouring points err together: n points count as at most twelve.
    let effective = min(1, 12 / Double(max(ages.count, 1)))
    // Parameters are searched in units of their prior spread.
    func unscaled(_ u: [Double]) -> [Double] { u.indices.map { means[$0] + spreads[$0] * u[$0] } }
    func residuals(_ u: [Double]) -> [Double] {
      let q = member.retention(unscaled(u), at: ages)
      return q.indices.map { (retention[$0] - q[$0]) / noise * effective.squareRoot() } + u
    }
    func jacobian(_ u: [Double]) -> Matrix {
      let count = ages.count + u.count
      var j = Matrix(rows: count, columns: u.count)
      for c in u.indices {
        var up = u
        var down = u
        up[c] += 1e-4
        down[c] -= 1e-4
        let a = residuals(up)
        let b = residuals(down)
        for r in 0..<count { j[r, c] = (a[r] - b[r]) / 2e-4 }
      }
      return j
    }
    let low = lower.indices.map { (lower[$0] - means[$0]) / spreads[$0] }
    let high = upper.indices.map { (upper[$0] - means[$0]) / spreads[$0] }
    var best: (x: [Double], value: Double)?
    let starts: [Double] = [0, -1.5, 1.5]
    for s in starts {
      var u = [Double](repeating: 0, count: means.count)
      u[1] = s
      let found = minimizeLBFGS(start: u, lower: low, upper: high, iterations: 80) { x in
        let r = residuals(x)
        let j = jacobian(x)
        let g = x.indices.map { c in r.indices.reduce(0.0) { $0 + r[$1] * j[$1, c] } }
        return (0.5 * r.reduce(0) { $0 + $1 * $1 }, g)
      }
      if best.map({ found.value < $0.value }) ?? true { best = found }
    }
    let u = best?.x ?? [Double](repeating: 0, count: means.count)
    let j = jacobian(u)
    var information = Matrix(rows: u.count, columns: u.count)
    for a in u.indices {
      for b in u.indices { information[a, b] = (0..<j.rows).reduce(0.0) { $0 + j[$1, a] * j[$1, b] } }
    }
    member.parameters = unscaled(u)
    if let factor = try? Cholesky(information) {
      var covariance = factor.inverse
      for a in u.indices { for b in u.indices { covariance[a, b] *= spreads[a] * spreads[b] } }
      member.covariance = covariance
    } else {
      member.covariance = Matrix(rows: u.count, columns: u.count)
      for a in u.indices { member.covariance[a, a] = spreads[a] * spreads[a] }
    }
    return member
  }
}

extension GenericAgeingFit.Member {
  /// Standard deviation of retention from the uncertainty of the parameters (delta method).
  func deviation(at ages: [Double]) -> [Double] {
    let n = parameters.count
    var slopes: [[Double]] = []
    for c in 0..<n {
      let step = max(covariance[c, c].squareRoot() * 0.1, 1e-6)
      var up = parameters
      var down = parameters
      up[c] += step
      down[c] -= step
      slopes.append(zip(retention(up, at: ages), retention(down, at: ages)).map { ($0 - $1) / (2 * step) })
    }
    return ages.indices.map { k in
      var variance = 0.0
      for a in 0..<n { for b in 0..<n { variance += slopes[a][k] * covariance[a, b] * slopes[b][k] } }
      return max(variance, 0).squareRoot()
    }
  }
}
