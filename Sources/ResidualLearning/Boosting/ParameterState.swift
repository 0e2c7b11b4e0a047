#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif
import NumericalMethods

/// The parameters of every row's distribution during a fit, and the step the trees of a round would take.
struct ParameterState {
  let start: (a: Double, b: Double)
  /// Least and greatest b: a thousandth to a thousand times the spread of the targets.
  let bounds: ClosedRange<Double>
  let stepA: ScratchMemory<Double>
  let stepB: ScratchMemory<Double>
  private let a: ScratchMemory<Double>
  private let b: ScratchMemory<Double>
  private let score: Score
  private let observations: [Observation]
  private let weights: [Double]?

  /// Longest step of one row, in the score's metric.
  private static let longestStep = 10.0

  /// Starts every row at the one distribution that fits the training rows best.
  init(
    _ options: DistributionBoosting, _ run: BoostingRun, _ observations: [Observation]
  ) throws(LearningError) {
    let n = run.rowCount
    score = Score(options.rule, options.family)
    self.observations = observations
    weights = run.weights
    let guess = try Self.guess(options.family, observations, run.training)
    bounds = guess.bounds
    start = try Self.start(score, observations, run, from: (guess.a, guess.b), bounds: guess.bounds)
    a = ScratchMemory(repeating: start.a, count: n)
    b = ScratchMemory(repeating: start.b, count: n)
    stepA = ScratchMemory(repeating: 0, count: n)
    stepB = ScratchMemory(repeating: 0, count: n)
  }

  /// The summed score of some rows after `step` times the trees' values.
  func score(_ run: BoostingRun, _ rows: [UInt32], step: Double) -> Double {
    let (a, b, stepA, stepB) = (a.base, b.base, stepA.base, stepB.base)
    return observations.withUnsafeBufferPointer { observations in
      run.sum(rows) { i in
        let value = score.evaluate(
          a: a[i] + step * stepA[i], b: clamped(b[i] + step * stepB[i]), observations[i]
        ).value
        return weights.map { $0[i] * value } ?? value
      }
    }
  }

  /// Takes the step.
  func advance(_ run: BoostingRun, step: Double) {
    for rows in [run.training, run.validation] {
      for row in rows {
        a.base[Int(row)] += step * stepA.base[Int(row)]
        b.base[Int(row)] += step * stepB.base[Int(row)]
      }
    }
  }

  /// Writes the natural gradients of the training rows; returns the mean metric of each parameter, by which the gains of
  /// shared trees are weighed.
  ///
  /// - Throws: `LearningError.notFinite` for the first row whose score is not finite.
  func setGradients(_ run: BoostingRun) throws(LearningError) -> [Double] {
    let target = run.gradients.base
    let n = run.rowCount
    let rows = run.training
    let (a, b) = (a.base, b.base)
    let chunk = PackedGradients.chunk
    let chunks = (rows.count + chunk - 1) / chunk
    var partial = [Partial](repeating: Partial(), count: chunks)
    partial.withUnsafeMutableBufferPointer { partial in
      observations.withUnsafeBufferPointer { observations in
        let partial = UnsafeMutableBufferPointer(rebasing: partial[...])
        run.pool.run(chunks) { item, _ in
          var sums = Partial()
          for k in (item * chunk)..<min(rows.count, (item + 1) * chunk) {
            let i = Int(rows[k])
            guard let step = Self.step(score, a: a[i], b: b[i], bounds, observations[i]) else {
              sums.faultyRow = sums.faultyRow ?? i
              continue
            }
            let weight = weights?[i] ?? 1
            target[i] = weight * step.a
            target[n &+ i] = weight * step.b
            let metric = score.metric(a: a[i], b: clamped(b[i]))
            sums.metricA += weight * metric.aa
            sums.metricB += weight * metric.bb
            sums.weight += weight
          }
          partial[item] = sums
        }
      }
    }
    if let row = partial.compactMap(\.faultyRow).first { throw .notFinite("score", row: row) }
    let weight = partial.reduce(0) { $0 + $1.weight }
    return [partial.reduce(0) { $0 + $1.metricA } / weight, partial.reduce(0) { $0 + $1.metricB } / weight]
  }

  private struct Partial {
    var metricA = 0.0
    var metricB = 0.0
    var weight = 0.0
    var faultyRow: Int?
  }

  @inline(__always) private func clamped(_ b: Double) -> Double { min(max(b, bounds.lowerBound), bounds.upperBound) }

  /// The natural gradient of one row, no longer than `longestStep` and not out of the bounds of b; nil: not finite.
  @inline(__always)
  private static func step(
    _ score: Score, a: Double, b unbounded: Double, _ bounds: ClosedRange<Double>, _ observation: Observation
  ) -> (a: Double, b: Double)? {
    let b = min(max(unbounded, bounds.lowerBound), bounds.upperBound)
    let all = score.naturalStep(a: a, b: b, observation)
    guard all.value.isFinite && all.a.isFinite && all.b.isFinite else { return nil }
    let length = max(0, all.squaredLength).squareRoot()
    let factor = length > longestStep ? longestStep / length : 1
    let isOutward = (unbounded <= bounds.lowerBound && all.b > 0) || (unbounded >= bounds.upperBound && all.b < 0)
    return (factor * all.a, isOutward ? 0 : factor * all.b)
  }

  // MARK: Start

  /// Moments of the targets as parameters, and the bounds of b.
  private static func guess(
    _ family: DistributionFamily, _ observations: [Observation], _ rows: [UInt32]
  ) throws(LearningError) -> (a: Double, b: Double, bounds: ClosedRange<Double>) {
    var points: [Double] = []
    for row in rows {
      let point = observations[Int(row)].point
      if family.isPositive {
        guard point > 0 else { throw .notFinite("logarithm of the observation", row: Int(row)) }
        points.append(log(point))
      } else {
        points.append(point)
      }
    }
    let centre = mean(points)
    let sorted = points.sorted()
    let middleHalf = quantile(ofSorted: sorted, 0.75) - quantile(ofSorted: sorted, 0.25)
    let deviation = standardDeviation(points)
    let robust = middleHalf > 0 ? middleHalf / 1.349 : deviation
    let spread = robust > 0 ? robust : max(abs(centre), 1) * 1e-6
    let thousand = 3 * log(10.0)
    // The log of a value with shape 1 has this standard deviation; a shape is one over a spread.
    let unit: Double
    switch family {
    case .weibull: unit = log(Double.pi / 6.0.squareRoot())
    case .logLogistic: unit = log(Double.pi / 3.0.squareRoot())
    case .normal, .logNormal, .studentT: unit = 0
    }
    let sign = family.hasShape ? -1.0 : 1.0
    let middle = unit + sign * log(spread)
    let bounds = (middle - thousand)...(middle + thousand)
    let b = min(max(unit + sign * log(max(deviation, spread)), bounds.lowerBound), bounds.upperBound)
    return (family == .weibull ? centre + 0.5772 * exp(-b) : centre, b, bounds)
  }

  /// Natural-gradient descent of one distribution for all rows.
  private static func start(
    _ score: Score, _ observations: [Observation], _ run: BoostingRun, from guess: (a: Double, b: Double),
    bounds: ClosedRange<Double>
  ) throws(LearningError) -> (a: Double, b: Double) {
    let weights = run.weights
    var (a, b) = guess
    func total(_ a: Double, _ b: Double) -> Double {
      run.sum(run.training) { (weights?[$0] ?? 1) * score.evaluate(a: a, b: b, observations[$0]).value }
    }
    let weight = run.sum(run.training) { weights?[$0] ?? 1 }
    var best = total(a, b)
    for _ in 0..<100 {
      var sum = (a: 0.0, b: 0.0)
      for row in run.training {
        let i = Int(row)
        guard let one = step(score, a: a, b: b, bounds, observations[i]) else { throw .notFinite("score", row: i) }
        sum.a += (weights?[i] ?? 1) * one.a / weight
        sum.b += (weights?[i] ?? 1) * one.b / weight
      }
      var scale = 1.0
      var next = best
      var trial = (a: a, b: b)
      for _ in 0..<30 {
        trial = (a - scale * sum.a, min(max(b - scale * sum.b, bounds.lowerBound), bounds.upperBound))
        next = total(trial.a, trial.b)
        if next < best { break }
        scale /= 2
      }
      guard next < best else { break }
      let fall = best - next
      (a, b) = trial
      best = next
      if fall < 1e-12 * max(abs(best), 1) { break }
    }
    return (a, b)
  }
}

extension Observation {
  /// A value in or at the border of what is known.
  fileprivate var point: Double {
    switch self {
    case .exact(let y), .above(let y), .below(let y): return y
    case .between(let low, let high): return low + (high - low) / 2
    }
  }

  /// Whether all values are finite and in order.
  var isProper: Bool {
    switch self {
    case .exact(let y), .above(let y), .below(let y): return y.isFinite
    case .between(let low, let high): return low.isFinite && high.isFinite && low < high
    }
  }
}
