extension Parameter: Codable {
  /// Reads the name that the parameter has in files.
  ///
  /// - Throws: `DecodingError` for an unknown name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let found = Parameter(name: name) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "unknown parameter \"\(name)\"")
    }
    self = found
  }

  /// Writes the name that the parameter has in files.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(row.name)
  }
}
