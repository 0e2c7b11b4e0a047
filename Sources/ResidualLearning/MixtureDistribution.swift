internal import NumericalMethods

/// A mixture of distributions with equal shares, as an ensemble gives it.
public struct MixtureDistribution: Sendable, Codable, Hashable {
  /// The components, at least one.
  public let components: [FittedDistribution]

  /// A mixture of at least one component.
  public init(_ components: [FittedDistribution]) {
    precondition(!components.isEmpty, "a mixture of nothing")
    self.components = components
  }

  /// The mean of the components' means.
  public var mean: Double { components.reduce(0) { $0 + $1.mean } / Double(components.count) }

  /// The root of the mean of the variances plus the variance of the means.
  public var standardDeviation: Double {
    let centre = mean
    let variance = components.reduce(0.0) { sum, one in
      let (deviation, shift) = (one.standardDeviation, one.mean - centre)
      return sum + deviation * deviation + shift * shift
    }
    return (variance / Double(components.count)).squareRoot()
  }

  /// The probability of a value at or below `x`.
  public func cumulative(_ x: Double) -> Double {
    components.reduce(0) { $0 + $1.cumulative(x) } / Double(components.count)
  }

  /// The value with probability `p` at or below it, 0 < p < 1; to the last bit that bisection can tell apart.
  public func quantile(_ p: Double) -> Double {
    let own = components.map { $0.quantile(p) }.sorted()
    var (low, high) = (own[0], own[own.count - 1])
    // The mixture's quantile lies between those of its components.
    while true {
      let middle = low + (high - low) / 2
      if !(middle > low && middle < high) { return high }
      if cumulative(middle) < p { low = middle } else { high = middle }
    }
  }
}
