// One material is one JSON object:
//
//     { "name": "LiXYZ", "kind": "coating", "class": "oxide", "aliases": ["LXYZ"], "summary": "…", "citation": "…",
//       "changes": [ { "parameter": "fatigue_rate_per_cycle", "operation": "multiply", "value": 0.5,
//                      "spread": 0.4, "source": "own cells 12–20", "confidence": "measured" } ] }

extension ParameterChange: Codable {
  private enum Field: String, CodingKey, CaseIterable { case parameter, operation, value, spread, source, confidence }

  /// Reads a change. `spread` is 0.4 when absent, 0 for `set`; `confidence` is `assumed` when absent.
  ///
  /// - Throws: `DecodingError` naming the field, what was found and what is allowed.
  public init(from decoder: any Decoder) throws {
    try AnyField.refuseUnknown(in: decoder, known: Field.allCases.map(\.rawValue))
    let object = try decoder.container(keyedBy: Field.self)
    let name = try object.decode(String.self, forKey: .parameter)
    guard let parameter = Parameter(name: name) else {
      let near = MaterialText.nearest(to: name, among: Parameter.allCases.map(\.row.name)).joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        forKey: .parameter, in: object, debugDescription: "unknown parameter \"\(name)\"; nearest: \(near)")
    }
    let operation = try object.decodeNamed(Operation.self, forKey: .operation)
    self.init(
      parameter, operation, try object.decode(Double.self, forKey: .value),
      spread: try object.decodeIfPresent(Double.self, forKey: .spread) ?? (operation == .set ? 0 : Self.remedySpread),
      source: try object.decode(String.self, forKey: .source),
      confidence: object.contains(.confidence) ? try object.decodeNamed(Confidence.self, forKey: .confidence) : .assumed
    )
    if let fault { throw DecodingError(fault, at: object.codingPath) }
  }

  /// Writes every field.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Field.self)
    try object.encode(parameter.row.name, forKey: .parameter)
    try object.encode(operation, forKey: .operation)
    try object.encode(value, forKey: .value)
    try object.encode(spread, forKey: .spread)
    try object.encode(source, forKey: .source)
    try object.encode(confidence, forKey: .confidence)
  }
}

extension Material: Codable {
  private enum Field: String, CodingKey, CaseIterable {
    case name, kind, aliases, summary, citation, combines, changes
    case materialClass = "class"
    case nickelFraction = "nickel_fraction"
  }

  /// Reads a material; `name`, `kind`, `citation`, `changes` and, where the kind has classes, `class` are required.
  ///
  /// - Throws: `DecodingError` naming the field, what was found and what is allowed.
  public init(from decoder: any Decoder) throws {
    try AnyField.refuseUnknown(in: decoder, known: Field.allCases.map(\.rawValue))
    let object = try decoder.container(keyedBy: Field.self)
    self.init(
      try object.decode(String.self, forKey: .name), try object.decodeNamed(MaterialKind.self, forKey: .kind),
      class: try object.decodeIfPresent(String.self, forKey: .materialClass),
      aliases: try object.decodeIfPresent([String].self, forKey: .aliases) ?? [],
      summary: try object.decodeIfPresent(String.self, forKey: .summary) ?? "",
      citation: try object.decode(String.self, forKey: .citation),
      nickelFraction: try object.decodeIfPresent(Double.self, forKey: .nickelFraction),
      combines: try object.decodeIfPresent([String].self, forKey: .combines) ?? [],
      changes: try object.decode([ParameterChange].self, forKey: .changes))
    if let fault { throw DecodingError(fault, at: object.codingPath) }
  }

  /// Writes every field; `class` and `nickel_fraction` only where there are any.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Field.self)
    try object.encode(name, forKey: .name)
    try object.encode(kind, forKey: .kind)
    try object.encodeIfPresent(materialClass, forKey: .materialClass)
    try object.encode(aliases, forKey: .aliases)
    try object.encode(summary, forKey: .summary)
    try object.encode(citation, forKey: .citation)
    try object.encodeIfPresent(nickelFraction, forKey: .nickelFraction)
    try object.encode(combines, forKey: .combines)
    try object.encode(changes, forKey: .changes)
  }
}

/// Any key of an object, to see those that nobody reads.
private struct AnyField: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }

  static func refuseUnknown(in decoder: any Decoder, known: [String]) throws {
    let object = try decoder.container(keyedBy: AnyField.self)
    for key in object.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) where !known.contains(key.stringValue) {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: object,
        debugDescription: "unknown field \"\(key.stringValue)\"; known: \(known.joined(separator: ", "))")
    }
  }
}

extension KeyedDecodingContainer {
  /// A word of a closed list; the error names the list.
  fileprivate func decodeNamed<Word: RawRepresentable & CaseIterable>(_: Word.Type, forKey key: Key) throws -> Word
  where Word.RawValue == String {
    let text = try decode(String.self, forKey: key)
    guard let word = Word(rawValue: text) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self,
        debugDescription:
          "unknown \(key.stringValue) \"\(text)\"; allowed: \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return word
  }
}

extension DecodingError {
  fileprivate init(_ fault: DesignError, at path: [any CodingKey]) {
    self = .dataCorrupted(
      Context(
        codingPath: path, debugDescription: "\(fault.field): found \(fault.found), expected \(fault.allowed)"))
  }
}
