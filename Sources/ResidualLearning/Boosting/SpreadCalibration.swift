internal import NumericalMethods

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What to add to b of all distributions so that they are as certain as rows they did not learn from allow.
///
/// Trees that fit their rows too well call the rest too certain; one number from unseen groups sets that right. Where all
/// observations are exact, the central 90 % intervals hold 90 % of the weight; else the log score is least.
///
/// - Parameters:
///   - parts: mixtures of distributions, at least one a row.
///   - observations: what was observed, in the same order.
///   - weights: weight of each row.
/// - Returns: the change of b, within ±log 10; 0 for no rows.
func spreadShift(_ parts: [[FittedDistribution]], _ observations: [Observation], weights: [Double]) -> Double {
  guard let family = parts.first?.first?.family else { return 0 }
  var values: [Double] = []
  for case .exact(let y) in observations { values.append(y) }
  return values.count == observations.count
    ? coveringShift(parts, family, values, weights) : scoringShift(parts, family, observations, weights)
}

/// The shift with which central 90 % intervals hold 90 % of the weight, by bisection.
private func coveringShift(
  _ parts: [[FittedDistribution]], _ family: DistributionFamily, _ values: [Double], _ weights: [Double]
) -> Double {
  let total = weights.reduce(0, +)
  func covered(_ shift: Double) -> Double {
    var sum = 0.0
    for (row, part) in parts.enumerated() {
      let below = part.reduce(0) { $0 + FittedDistribution(family, a: $1.a, b: $1.b + shift).cumulative(values[row]) }
      if abs(below / Double(part.count) - 0.5) <= 0.45 { sum += weights[row] }
    }
    return sum / total
  }
  // The end with the narrow distributions, and the one with the wide ones.
  var (narrow, wide) = family.hasShape ? (log(10.0), -log(10.0)) : (-log(10.0), log(10.0))
  for _ in 0..<40 {
    let middle = (narrow + wide) / 2
    if covered(middle) < 0.9 { narrow = middle } else { wide = middle }
  }
  return (narrow + wide) / 2
}

/// The shift with the least log score, by golden section.
private func scoringShift(
  _ parts: [[FittedDistribution]], _ family: DistributionFamily, _ observations: [Observation], _ weights: [Double]
) -> Double {
  let score = Score(.logScore, family)
  func total(_ shift: Double) -> Double {
    var sum = 0.0
    for (row, part) in parts.enumerated() {
      let values = part.map { score.evaluate(a: $0.a, b: $0.b + shift, observations[row]).value }
      // −log of the mean likelihood, taken relative to the greatest one.
      let least = values.min() ?? 0
      guard least.isFinite else { return .infinity }
      let mean = values.reduce(0) { $0 + exp(least - $1) } / Double(values.count)
      sum += weights[row] * (least - log(mean))
    }
    return sum
  }
  // The score has one minimum in practice.
  let best = goldenSection(in: -log(10.0)...log(10.0), steps: 40, total)
  return total(best) < total(0) ? best : 0
}

extension DistributionTrees {
  /// The same trees with `shift` added to every b.
  func shiftingSpread(by shift: Double) throws(LearningError) -> DistributionTrees {
    return try DistributionTrees(
      family: family, location: location, spread: spread.shiftingBase(by: shift), spreadBounds: spreadBounds)
  }
}

extension BoostedTrees {
  /// The same trees with `shift` added to the base score.
  func shiftingBase(by shift: Double) throws(LearningError) -> BoostedTrees {
    try BoostedTrees(
      featureNames: featureNames, baseScore: baseScore + shift, roots: roots, feature: feature, threshold: threshold,
      left: left, flags: flags, leaf: leaf, gain: gain, cover: cover, levels: levels, linear: linear)
  }
}
