/// An equal mixture of distributions, one a member of an ensemble.
public struct MixtureDistribution: Sendable, Hashable, Codable {
  /// The parts; at least one.
  public let parts: [FittedDistribution]

  /// A mixture of at least one part.
  public init(_ parts: [FittedDistribution]) {
    precondition(!parts.isEmpty, "a mixture of no distributions")
    self.parts = parts
  }

  /// The mean of the parts' means.
  public var mean: Double { parts.reduce(0) { $0 + $1.mean } / Double(parts.count) }

  /// The mean of the parts' variances plus the variance of their means.
  public var variance: Double {
    let centre = mean
    return parts.reduce(0) { sum, part in
      let deviation = part.standardDeviation
      return sum + deviation * deviation + (part.mean - centre) * (part.mean - centre)
    } / Double(parts.count)
  }

  /// The square root of the variance.
  public var standardDeviation: Double { variance.squareRoot() }

  /// The probability of a value at or below `x`.
  public func cumulative(_ x: Double) -> Double {
    parts.reduce(0) { $0 + $1.cumulative(x) } / Double(parts.count)
  }

  /// The value with probability `p` at or below it, 0 < p < 1, by bisection to the last bits.
  public func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of probability \(p)")
    let each = parts.map { $0.quantile(p) }
    var low = each.min() ?? 0
    var high = each.max() ?? 0
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle <= low || middle >= high || high - low <= 1e-14 * max(abs(low), abs(high)) { break }
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}
