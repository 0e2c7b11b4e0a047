internal import BatteryData
public import CellModel
internal import NumericalMethods

/// How far a forecast sees into a record: to an age, to a day of testing, or to a check-up of its own count.
///
/// Days and check-ups give every cell an age N of its own. Tests that are read by the calendar (three weeks of cycling
/// at very different rates) are one question by day and many by age.
public struct CutOff: Sendable, Hashable, Comparable {
  /// What is counted.
  public enum Measure: String, Sendable, Hashable, CaseIterable {
    /// Age in the dataset's own unit.
    case age
    /// Days of testing: `test_time_day`.
    case days = "d"
    /// Rows after the first one.
    case checkups
  }

  /// How much of it, ≥ 0; 0 is the design alone.
  public var value: Double
  /// What is counted.
  public var measure: Measure

  /// Up to a value of a measure.
  public init(_ value: Double, _ measure: Measure = .age) {
    self.value = value
    self.measure = value > 0 ? measure : .age
  }

  /// Reads `50` (age), `21d` or `2checkups`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let measure = Measure.allCases.first { $0 != .age && text.hasSuffix($0.rawValue) } ?? .age
    let digits = measure == .age ? Substring(text) : Substring(text.dropLast(measure.rawValue.count))
    guard let value = Double(digits), value >= 0, value.isFinite else { return nil }
    if measure == .checkups, value != value.rounded() { return nil }
    self.init(value, measure)
  }

  /// The spelling that `init` reads.
  /// `all` for every row.
  public var text: String { value.isFinite ? shortest(value) + (measure == .age ? "" : measure.rawValue) : "all" }

  /// Every row.
  public static let all = CutOff(.infinity)

  /// Whether nothing of a record is seen.
  public var isDesign: Bool { value <= 0 }

  /// By age first, then by day, then by check-up.
  public static func < (a: CutOff, b: CutOff) -> Bool {
    a.measure == b.measure
      ? a.value < b.value
      : Measure.allCases.firstIndex(of: a.measure) ?? 0
        < Measure.allCases.firstIndex(of: b.measure) ?? 0
  }

  /// The age up to which curves may be read: that of the cut-off, all where each cell has its own.
  var longest: Double { measure == .age ? value : .infinity }

  /// Tells the random numbers of cut-offs apart.
  var streamKey: UInt64 { measure == .age && value.isFinite ? UInt64(value) : stableHash(text) }

  /// The age N of a cell: the cut-off itself, or that of the last row it lets through (0 for none).
  ///
  /// - Throws: `CellRefusal` where days are asked of a record without them.
  public func age(in cell: CellHistory) throws(CellRefusal) -> Double {
    let series = cell.series
    switch measure {
    case .age: return value
    case .checkups: return series.ages.prefix(Int(value) + 1).last ?? 0
    case .days:
      guard let days = series.columns["test_time_day"], days.contains(where: \.isFinite) else {
        throw CellRefusal(
          cellID: cell.id, field: "test_time_day",
          message: "\(cell.id): no test_time_day, by which the cut-off \(text) is read",
          help: "add the column, or give the cut-off by age or check-ups (50, 2checkups)")
      }
      return series.ages.indices.last { days[$0] <= value }.map { series.ages[$0] } ?? 0
    }
  }

  /// Whether a record goes on to the cut-off, so that what was learnt there is known of it: a record that is read by
  /// check-ups reaches a day before which its next check-up would not fall.
  func isReached(by series: CycleSeries, seenTo age: Double) -> Bool {
    switch measure {
    case .age: return value <= age
    case .checkups: return series.ages.count { $0 <= age } > Int(value)
    case .days:
      guard let days = series.columns["test_time_day"] else { return false }
      let seen = series.ages.indices.filter { series.ages[$0] <= age && days[$0].isFinite }.map { days[$0] }
      guard let last = seen.last else { return false }
      return last >= value || (seen.count > 1 && 2 * last - seen[seen.count - 2] > value)
    }
  }
}

extension CutOff: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// An age.
  public init(floatLiteral value: Double) { self.init(value) }
  /// An age.
  public init(integerLiteral value: Int) { self.init(Double(value)) }
}

extension CutOff: Codable {
  /// A number for an age, else a text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Double.self) {
      self.init(value)
      return
    }
    let text = try container.decode(String.self)
    guard let read = text == "all" ? .all : CutOff(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a cut-off")
    }
    self = read
  }

  /// A number for an age, else a text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if measure == .age, value.isFinite { try container.encode(value) } else { try container.encode(text) }
  }
}
