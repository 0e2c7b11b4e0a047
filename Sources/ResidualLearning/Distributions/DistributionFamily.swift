/// A family of distributions with a location-like parameter `a` and a log scale or log shape `b`.
public enum DistributionFamily: Sendable, Hashable {
  /// a = mean μ, b = log of the standard deviation σ.
  case normal
  /// a = median μ, b = log of the scale σ; (y − μ)/σ is Student's t with 1 ≤ degrees of freedom ≤ 1000.
  case studentT(degreesOfFreedom: Double)
  /// The logarithm of the value is normal: a = its mean, b = log of its standard deviation.
  case logNormal
  /// a = log of the scale, b = log of the shape.
  case weibull
  /// a = log of the scale (the median), b = log of the shape.
  case logLogistic

  /// Whether values are positive; a and b are then those of the logarithm of the value.
  public var isPositive: Bool {
    switch self {
    case .normal, .studentT: false
    case .logNormal, .weibull, .logLogistic: true
    }
  }

  /// Whether a greater b is a narrower distribution.
  var hasShape: Bool { self == .weibull || self == .logLogistic }
}

/// As text: the family's name, Student's with its degrees of freedom in brackets.
extension DistributionFamily: RawRepresentable, Codable {
  /// The family of a text; `nil` for an unknown name or degrees of freedom outside 1…1000.
  public init?(rawValue: String) {
    switch rawValue {
    case "normal": self = .normal
    case "logNormal": self = .logNormal
    case "weibull": self = .weibull
    case "logLogistic": self = .logLogistic
    default:
      guard rawValue.hasPrefix("studentT("), rawValue.hasSuffix(")"),
        let degrees = Double(rawValue.dropFirst(9).dropLast()), (1...1000).contains(degrees)
      else { return nil }
      self = .studentT(degreesOfFreedom: degrees)
    }
  }

  /// The text of the family.
  public var rawValue: String {
    switch self {
    case .normal: "normal"
    case .studentT(let degrees): "studentT(\(degrees))"
    case .logNormal: "logNormal"
    case .weibull: "weibull"
    case .logLogistic: "logLogistic"
    }
  }
}

/// What is known of a row's target.
public enum Observation: Sendable, Hashable {
  /// The value itself.
  case exact(Double)
  /// The value is above this: right-censored.
  case above(Double)
  /// The value is at or below this: left-censored.
  case below(Double)
  /// The value is above the first and at or below the second, first < second: interval-censored.
  case between(Double, Double)
}
