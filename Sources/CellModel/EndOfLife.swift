/// What retention is relative to.
public enum CapacityReference: Sendable, Hashable, Codable {
  /// The nominal capacity stated for the cell.
  case nominal
  /// The first ageing row with a good flag.
  case first
  /// The largest good value.
  case max
  /// The mean of the good rows with ages in the range.
  case mean(ClosedRange<Double>)

  /// Reads `nominal`, `first`, `max` or `mean:2-4`; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "nominal": self = .nominal
    case "first": self = .first
    case "max": self = .max
    default:
      guard text.hasPrefix("mean:") else { return nil }
      let parts = text.dropFirst(5).split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
      guard parts.count == 2, let a = parts[0], let b = parts[1], a >= 0, a <= b else { return nil }
      self = .mean(a...b)
    }
  }

  /// The spelling that `init` reads.
  public var text: String {
    switch self {
    case .nominal: "nominal"
    case .first: "first"
    case .max: "max"
    case .mean(let ages):
      "mean:\(Self.short(ages.lowerBound))-\(Self.short(ages.upperBound))"
    }
  }

  private static func short(_ x: Double) -> String { x == x.rounded() ? String(Int(x)) : String(x) }
}

/// The limit that ends a cell's life.
public struct EndOfLife: Sendable, Hashable, Codable {
  /// Retention at or below which life ends, in (0, 1).
  public var fraction: Double
  /// What that retention is relative to.
  public var reference: CapacityReference

  /// A limit from its fraction and reference.
  public init(fraction: Double, reference: CapacityReference) {
    self.fraction = fraction
    self.reference = reference
  }
}

/// What a record says about a life.
public enum ObservedLife: Sendable, Hashable, Codable {
  /// Stated by the source, or crossed between two rows: the event, with the interval it lies in.
  case reached(age: Double, after: Double)
  /// Not yet reached at this age: right-censored.
  case censored(after: Double)
}
