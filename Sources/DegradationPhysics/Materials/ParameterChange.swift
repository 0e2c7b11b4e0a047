/// One change that a material makes to one parameter.
///
/// The value is in the unit of the parameter, or a bare factor for `multiply`. `spread` says how unsure the strength
/// of the change is: with a standard normal z the change is stronger for z > 0 and weaker for z < 0, and as written
/// at z = 0, which is the median (`value(strength:)`).
public struct ParameterChange: Sendable, Hashable {
  /// How a value enters.
  public enum Operation: String, Sendable, Hashable, Codable, CaseIterable {
    /// The parameter takes the value.
    case set
    /// The parameter is multiplied by the value.
    case multiply
    /// The value is added.
    case add
    /// Independent covers add up: θ becomes 1 − (1 − θ)(1 − value). For shares only.
    case cover
    /// The parameter is at least the value.
    case atLeast = "at_least"
    /// The parameter is at most the value.
    case atMost = "at_most"
  }

  /// Which parameter.
  public var parameter: Parameter
  /// How.
  public var operation: Operation
  /// The value, in the unit of the parameter; a bare factor for `multiply`.
  public var value: Double
  /// Prior standard deviation of the logarithm of the strength, 0…3; 0 is certain.
  public var spread: Double
  /// Where the value is from: a DOI, or that it is assumed.
  public var source: String
  /// How sure it is.
  public var confidence: Confidence

  /// Allowed spreads.
  public static let spreadRange = 0.0...3.0
  /// Spread of a remedy's strength where nothing better is known (assumed).
  public static let remedySpread = 0.4

  /// A change from its parts. `fault` says what is wrong with it, if anything.
  public init(
    _ parameter: Parameter, _ operation: Operation, _ value: Double, spread: Double = 0, source: String,
    confidence: Confidence = .assumed
  ) {
    self.parameter = parameter
    self.operation = operation
    self.value = value
    self.spread = spread
    self.source = source
    self.confidence = confidence
  }

  /// The value at a strength z, a standard normal draw; `value` itself at z = 0.
  ///
  /// A factor m moves away from 1 with z: m exp(s z) above 1, m exp(−s z) below, so that a strong draw of a remedy is
  /// strong in all its changes. Values that are set move away from the nominal one likewise, sums scale, and a cover
  /// scales the share 1 − θ that it leaves bare by exp(−s z).
  public func value(strength z: Double) -> Double {
    guard spread > 0, z != 0 else { return value }
    switch operation {
    case .multiply: return value * _exp(value < 1 ? -spread * z : spread * z)
    case .add: return value * _exp(spread * z)
    case .cover: return max(0, 1 - (1 - value) * _exp(-spread * z))
    case .set, .atLeast, .atMost: return value * _exp(value < parameter.row.nominal ? -spread * z : spread * z)
    }
  }

  /// Applies the change at a strength z, then holds the parameter within its range.
  func apply(to set: inout ParameterSet, strength z: Double = 0) {
    let v = value(strength: z)
    switch operation {
    case .set: set[parameter] = v
    case .multiply: set[parameter] *= v
    case .add: set[parameter] += v
    case .cover: set[parameter] = 1 - (1 - set[parameter]) * (1 - v)
    case .atLeast: set[parameter] = max(set[parameter], v)
    case .atMost: set[parameter] = min(set[parameter], v)
    }
    set.limit(parameter)
  }

  /// What is wrong with this change: field, found, allowed; nil when nothing is.
  ///
  /// The changed nominal value must stay within the range of the parameter.
  var fault: DesignError? {
    let row = parameter.row
    let low = row.range.lowerBound
    let high = row.range.upperBound
    func bad(_ field: String, _ found: String, _ allowed: String) -> DesignError {
      DesignError(field: "\(row.name).\(field)", found: found, allowed: allowed)
    }
    if source.allSatisfy(\.isWhitespace) { return bad("source", "nothing", "a DOI, a report, or the word assumed") }
    guard spread.isFinite, Self.spreadRange.contains(spread) else { return bad("spread", "\(spread)", "0…3") }
    guard value.isFinite else { return bad("value", "\(value)", "a finite number") }
    switch operation {
    case .set, .atLeast, .atMost:
      return row.range.contains(value) ? nil : bad("value", "\(value)", "\(low)…\(high) \(row.unit)")
    case .multiply:
      if row.nominal == 0 {
        return value >= 0 && value <= 1000 ? nil : bad("value", "factor \(value)", "a factor of 0…1000")
      }
      return row.range.contains(row.nominal * value)
        ? nil : bad("value", "factor \(value)", "a factor of \(low / row.nominal)…\(high / row.nominal)")
    case .add:
      return row.range.contains(row.nominal + value)
        ? nil : bad("value", "\(value)", "\(low - row.nominal)…\(high - row.nominal) \(row.unit)")
    case .cover:
      guard low >= 0, high <= 1 else { return bad("operation", "cover", "another operation: this is not a share") }
      return row.range.contains(value) ? nil : bad("value", "\(value)", "\(low)…\(high)")
    }
  }
}
