/// A value for every parameter of the sulfide model, SI.
public struct ParameterSet: Sendable, Hashable {
  private var values: [Double]

  /// The nominal values.
  public init() { values = Self.nominal }

  private static let nominal = Parameter.allCases.map(\.row.nominal)
  private static let ranges = Parameter.allCases.map(\.row.range)
  private static let scales = Parameter.allCases.map(\.row.scale)

  /// The value of a parameter.
  public subscript(_ p: Parameter) -> Double {
    get { values[p.rawValue] }
    set { values[p.rawValue] = newValue }
  }

  /// The value held within the range of its row.
  mutating func limit(_ p: Parameter) {
    let range = Self.ranges[p.rawValue]
    values[p.rawValue] = min(max(values[p.rawValue], range.lowerBound), range.upperBound)
  }

  /// Moves a parameter by `z` on the scale of its spread: log, logit or straight.
  mutating func shift(_ p: Parameter, by z: Double) {
    guard z != 0 else { return }
    let x = self[p]
    switch Self.scales[p.rawValue] {
    case .log: self[p] = x * _exp(z)
    case .linear: self[p] = x + z
    case .logit: self[p] = x > 0 && x < 1 ? 1 / (1 + (1 - x) / x * _exp(-z)) : x
    }
    limit(p)
  }
}

extension ParameterSet: Codable {
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ s: String) { stringValue = s }
    init?(stringValue s: String) { stringValue = s }
    init?(intValue: Int) { nil }
  }

  /// Reads names and values; a parameter that is not named keeps its nominal value.
  ///
  /// - Throws: `DecodingError` for an unknown name or a value outside its range, with the range.
  public init(from decoder: any Decoder) throws {
    self.init()
    let object = try decoder.container(keyedBy: Name.self)
    for key in object.allKeys {
      guard let p = Parameter(name: key.stringValue) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: object, debugDescription: "unknown parameter \"\(key.stringValue)\"")
      }
      let value = try object.decode(Double.self, forKey: key)
      guard p.row.range.contains(value) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: object,
          debugDescription:
            "\(key.stringValue) is \(value), expected \(p.row.range.lowerBound)…\(p.row.range.upperBound) \(p.row.unit)"
        )
      }
      self[p] = value
    }
  }

  /// Writes every parameter under its name.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Name.self)
    for p in Parameter.allCases { try object.encode(self[p], forKey: Name(p.row.name)) }
  }
}
