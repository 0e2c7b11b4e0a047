/// Builds a CSV table (RFC 4180, UTF-8, LF); numbers in the shortest form that reads back equal, missing ones empty.
public struct CSVWriter: Sendable {
  private var out: [UInt8] = []
  private var columns: Int

  /// One field.
  public enum Field: Sendable {
    /// A text; nil is empty.
    case text(String?)
    /// A number; nil and non-finite are empty.
    case number(Double?)
    /// A whole number.
    case integer(Int?)
    /// `true` or `false`.
    case bool(Bool)
  }

  /// A table with its header or, continuing, only the further rows of one.
  public init(header: [String], continuing: Bool = false) {
    columns = header.count
    if !continuing { append(header.map { .text($0) }) }
  }

  /// Adds a row.
  public mutating func append(_ fields: [Field]) {
    precondition(fields.count == columns, "\(fields.count) fields under \(columns) columns")
    for (i, field) in fields.enumerated() {
      if i > 0 { out.append(0x2c) }
      switch field {
      case .text(let text): if let text { write(text) }
      case .number(let x): if let x, x.isFinite { out += shortest(x).utf8 }
      case .integer(let i): if let i { out += String(i).utf8 }
      case .bool(let b): out += (b ? "true" : "false").utf8
      }
    }
    out.append(0x0a)
  }

  private mutating func write(_ text: String) {
    guard text.utf8.contains(where: { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }) else {
      out += text.utf8
      return
    }
    out.append(0x22)
    for byte in text.utf8 {
      if byte == 0x22 { out.append(0x22) }
      out.append(byte)
    }
    out.append(0x22)
  }

  /// The table.
  public var bytes: [UInt8] { out }
}

/// The shortest decimal form that reads back equal; whole numbers without a point.
public func shortest(_ x: Double) -> String {
  x == x.rounded() && abs(x) < 1e15 ? String(Int64(x)) : "\(x)"
}
