#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
internal import NumericalMethods

/// What the outputs of a network mean, and how well they fit the rows.
protocol NetworkHead: Sendable {
  /// Outputs a row.
  var outputs: Int { get }

  /// The weighted mean score of rows, lower is better.
  ///
  /// - Parameters:
  ///   - values: the network's outputs, row-major.
  ///   - rows: which row of the target stands behind each row of outputs.
  ///   - gradient: set to the derivative with respect to the outputs.
  func loss(_ values: [Float], rows: ArraySlice<Int>, gradient: inout [Float]) -> Double
}

/// Raw outputs stay within ± this where they become the logarithm of a scale.
private let largestLog = 8.0

/// The log of a scale from a raw output.
private func bounded(_ raw: Float) -> Double { min(max(Double(raw), -largestLog), largestLog) }

/// A derivative, or 0 where it would push an output further beyond its bound; the way back stays open.
private func inward(_ slope: Double, at raw: Float) -> Double {
  (Double(raw) > largestLog && slope < 0) || (Double(raw) < -largestLog && slope > 0) ? 0 : slope
}

/// How two outputs near 0 and of unit scale become the parameters of a distribution of the target.
struct DistributionScale: Sendable, Hashable, Codable {
  /// Family of the distribution.
  let family: DistributionFamily
  /// a = `centre` + `scale` · first output.
  let centre: Double
  /// Positive.
  let scale: Double
  /// b = `logSpread` + second output, which is kept within ± 8.
  let logSpread: Double

  /// The scale that makes two zeros a distribution like that of the observations.
  init(_ family: DistributionFamily, _ observations: [Observation]) throws(LearningError) {
    var points: [Double] = []
    for (row, observation) in observations.enumerated() {
      let point = observation.nearest
      guard !family.isPositive || point > 0 else { throw .notFinite("logarithm of the observation", row: row) }
      points.append(family.isPositive ? log(point) : point)
    }
    let deviation = standardDeviation(points)
    let middle = mean(points)
    self.family = family
    // A constant target leaves only its size to measure by.
    scale = deviation > 1e-9 * abs(middle) ? deviation : max(1e-6 * abs(middle), 1e-9)
    switch family {
    case .weibull:
      // The log of a Weibull value has standard deviation π / (√6 shape) and mean log scale − 0.5772 / shape.
      logSpread = log(Double.pi / 6.0.squareRoot()) - log(scale)
      centre = middle + 0.5772 * exp(-logSpread)
    case .logLogistic:
      // The log of a log-logistic value has standard deviation π / (√3 shape).
      logSpread = log(Double.pi / 3.0.squareRoot()) - log(scale)
      centre = middle
    case .studentT(let degrees) where degrees > 2:
      logSpread = log(scale) + 0.5 * log((degrees - 2) / degrees)
      centre = middle
    case .normal, .logNormal, .studentT:
      logSpread = log(scale)
      centre = middle
    }
  }

  init(family: DistributionFamily, centre: Double, scale: Double, logSpread: Double) {
    self.family = family
    self.centre = centre
    self.scale = scale
    self.logSpread = logSpread
  }

  /// The distribution behind two outputs.
  func distribution(_ first: Float, _ second: Float) -> FittedDistribution {
    FittedDistribution(family, a: centre + scale * Double(first), b: logSpread + bounded(second))
  }

  /// Whether the numbers can belong to a scale.
  var isValid: Bool { centre.isFinite && scale.isFinite && scale > 0 && logSpread.isFinite }
}

/// Two outputs as a distribution, judged by a proper score.
struct DistributionHead: NetworkHead {
  let scale: DistributionScale
  let rule: ScoringRule
  let observations: [Observation]
  /// One a row, or none.
  let weights: [Double]
  let outputs = 2

  func loss(_ values: [Float], rows: ArraySlice<Int>, gradient: inout [Float]) -> Double {
    // The score of a target in units of its own scale: CRPS has the unit of the target.
    let unit = rule == .crps ? 1 / scale.scale : 1
    let share = unit / Double(rows.count)
    var sum = 0.0
    for (i, row) in rows.enumerated() {
      let raw = values[2 * i + 1]
      let one = scale.distribution(values[2 * i], raw)
      let value = rule.value(scale.family, a: one.a, b: one.b, observations[row])
      let slope = rule.gradient(scale.family, a: one.a, b: one.b, observations[row])
      let weight = weights.isEmpty ? share : share * weights[row]
      sum += weight * value
      gradient[2 * i] = Float(weight * slope.a * scale.scale)
      gradient[2 * i + 1] = Float(inward(weight * slope.b, at: raw))
    }
    return sum
  }
}

/// How outputs become quantiles that cannot cross: the middle one, and the logs of the gaps between neighbours.
struct QuantileScale: Sendable, Hashable, Codable {
  /// Probabilities, ascending.
  let levels: [Double]
  /// What the middle quantile starts from.
  let centre: Double
  /// Unit of the middle output, positive.
  let scale: Double
  /// Log of each gap to start from; 0 at the middle.
  let logGaps: [Double]

  /// The scale that makes zeros the quantiles of the target.
  init(_ levels: [Double], _ target: [Double]) {
    let sorted = target.sorted()
    let deviation = standardDeviation(target)
    let unit = deviation > 1e-9 * abs(sorted[0]) ? deviation : max(1e-6 * abs(sorted[0]), 1e-9)
    let start = levels.map { quantile(ofSorted: sorted, $0) }
    let middle = levels.count / 2
    self.levels = levels
    centre = start[middle]
    scale = unit
    logGaps = levels.indices.map { k in
      if k == middle { return 0 }
      return log(max(k > middle ? start[k] - start[k - 1] : start[k + 1] - start[k], 1e-3 * unit))
    }
  }

  init(levels: [Double], centre: Double, scale: Double, logGaps: [Double]) {
    self.levels = levels
    self.centre = centre
    self.scale = scale
    self.logGaps = logGaps
  }

  /// The middle quantile and the logs of the gaps behind the outputs of a row.
  func parameters(_ values: ArraySlice<Float>) -> [Double] {
    let middle = levels.count / 2
    return levels.indices.map { k in
      let raw = values[values.startIndex + k]
      return k == middle ? centre + scale * Double(raw) : logGaps[k] + bounded(raw)
    }
  }

  /// The quantiles behind the outputs of a row.
  func quantiles(_ values: ArraySlice<Float>) -> [Double] {
    QuantileTrees.quantiles(parameters(values), middle: levels.count / 2)
  }

  /// Whether the parts can belong to a scale.
  var isValid: Bool {
    !levels.isEmpty && zip(levels, levels.dropFirst()).allSatisfy { $0 < $1 }
      && levels.allSatisfy { $0 > 0 && $0 < 1 } && logGaps.count == levels.count && logGaps.allSatisfy(\.isFinite)
      && centre.isFinite && scale.isFinite && scale > 0
  }
}

/// Outputs as quantiles, judged by the sum of their pinball losses in units of the target's spread.
struct QuantileHead: NetworkHead {
  let scale: QuantileScale
  let target: [Double]
  /// One a row, or none.
  let weights: [Double]
  var outputs: Int { scale.levels.count }

  func loss(_ values: [Float], rows: ArraySlice<Int>, gradient: inout [Float]) -> Double {
    let (levels, count, middle) = (scale.levels, scale.levels.count, scale.levels.count / 2)
    let share = 1 / (scale.scale * Double(rows.count))
    var sum = 0.0
    var slopes = [Double](repeating: 0, count: count)
    for (i, row) in rows.enumerated() {
      let own = values[(i * count)..<((i + 1) * count)]
      let parameters = scale.parameters(own)
      let q = QuantileTrees.quantiles(parameters, middle: middle)
      let weight = weights.isEmpty ? share : share * weights[row]
      for k in 0..<count {
        let error = target[row] - q[k]
        sum += weight * (error >= 0 ? levels[k] * error : (levels[k] - 1) * error)
        slopes[k] = weight * (error >= 0 ? -levels[k] : 1 - levels[k])
      }
      // A quantile moves with every gap between it and the middle.
      var outer = 0.0
      for k in stride(from: count - 1, to: middle, by: -1) {
        outer += slopes[k]
        gradient[i * count + k] = Float(inward(outer * exp(parameters[k]), at: own[own.startIndex + k]))
      }
      outer = 0
      for k in 0..<middle {
        outer += slopes[k]
        gradient[i * count + k] = Float(inward(-outer * exp(parameters[k]), at: own[own.startIndex + k]))
      }
      gradient[i * count + middle] = Float(scale.scale * slopes.reduce(0, +))
    }
    return sum
  }
}

extension Observation {
  /// A value in, or at the border of, what is known.
  var nearest: Double {
    switch self {
    case .exact(let y), .above(let y), .below(let y): y
    case .between(let low, let high): low + (high - low) / 2
    }
  }

  /// Whether all values are finite and in order.
  var isOrdered: Bool {
    if case .between(let low, let high) = self, !(low < high) { return false }
    return nearest.isFinite
  }
}
