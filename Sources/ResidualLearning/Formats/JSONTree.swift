/// A JSON document in memory.
public enum JSONTree: Sendable, Hashable {
  /// An object; written with sorted keys.
  case object([String: JSONTree])
  /// An array.
  case array([JSONTree])
  /// A text.
  case string(String)
  /// A real number; not finite ones are written as `null`.
  case number(Double)
  /// A whole number.
  case integer(Int64)
  /// True or false.
  case bool(Bool)
  /// Nothing.
  case null

  /// UTF-8 bytes: keys sorted, numbers in the shortest form that reads back equal.
  public func serialized(pretty: Bool = false) -> [UInt8] {
    var out: [UInt8] = []
    write(&out, pretty ? 0 : nil)
    return out
  }

  private func write(_ out: inout [UInt8], _ indent: Int?) {
    func newLine(_ depth: Int) {
      out.append(0x0a)
      for _ in 0..<(2 * depth) { out.append(0x20) }
    }
    switch self {
    case .null: out += "null".utf8
    case .bool(let value): out += (value ? "true" : "false").utf8
    case .integer(let value): out += String(value).utf8
    case .number(let value): out += Self.text(value).utf8
    case .string(let value): Self.quote(value, &out)
    case .array(let values):
      out.append(0x5b)
      // Arrays of plain values stay on one line.
      let nested = values.contains {
        switch $0 {
        case .object, .array: true
        default: false
        }
      }
      for (i, value) in values.enumerated() {
        if i > 0 { out.append(0x2c) }
        if let indent, nested { newLine(indent + 1) } else if indent != nil, i > 0 { out.append(0x20) }
        value.write(&out, indent.map { $0 + 1 })
      }
      if let indent, nested { newLine(indent) }
      out.append(0x5d)
    case .object(let members):
      out.append(0x7b)
      for (i, key) in members.keys.sorted().enumerated() {
        if i > 0 { out.append(0x2c) }
        if let indent { newLine(indent + 1) }
        Self.quote(key, &out)
        out.append(0x3a)
        if indent != nil { out.append(0x20) }
        members[key]?.write(&out, indent.map { $0 + 1 })
      }
      if let indent, !members.isEmpty { newLine(indent) }
      out.append(0x7d)
    }
  }

  private static func text(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return "\(value)"
  }

  private static func quote(_ text: String, _ out: inout [UInt8]) {
    out.append(0x22)
    for byte in text.utf8 {
      switch byte {
      case 0x22: out += "\\\"".utf8
      case 0x5c: out += "\\\\".utf8
      case 0x0a: out += "\\n".utf8
      case 0x0d: out += "\\r".utf8
      case 0x09: out += "\\t".utf8
      case 0..<0x20:
        let hex = String(byte, radix: 16)
        out += ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8
      default: out.append(byte)
      }
    }
    out.append(0x22)
  }

  /// Reads a document.
  ///
  /// - Parameter nonFinite: whether `NaN`, `Infinity` and `-Infinity` are numbers, as some programs write them.
  /// - Throws: `JSONSyntaxError` for anything that is not JSON, or nested deeper than 200.
  public init(parsing bytes: [UInt8], nonFinite: Bool = false) throws(JSONSyntaxError) {
    var parser = JSONParser(bytes: bytes, nonFinite: nonFinite)
    self = try parser.document()
  }

  /// The elements of an array of whole numbers; `nil` for anything else.
  var integers: [Int]? {
    guard case .array(let values) = self else { return nil }
    var out: [Int] = []
    for value in values {
      guard case .integer(let whole) = value else { return nil }
      out.append(Int(whole))
    }
    return out
  }

  /// The elements of an array of numbers; `nil` for anything else.
  var numbers: [Double]? {
    guard case .array(let values) = self else { return nil }
    var out: [Double] = []
    for value in values {
      switch value {
      case .integer(let whole): out.append(Double(whole))
      case .number(let real): out.append(real)
      default: return nil
      }
    }
    return out
  }

  /// A member of an object; `nil` where there is none.
  subscript(_ key: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  /// The text; `nil` for anything else.
  var text: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }
}

/// Text that is not JSON.
public struct JSONSyntaxError: Error, Hashable, Sendable {
  /// Line from 1.
  public var line: Int
  /// Column from 1.
  public var column: Int
  /// What was expected.
  public var message: String
}

private struct JSONParser {
  let bytes: [UInt8]
  let nonFinite: Bool
  var i = 0

  init(bytes: [UInt8], nonFinite: Bool) {
    self.bytes = bytes
    self.nonFinite = nonFinite
  }

  func fault(_ message: String) -> JSONSyntaxError {
    let before = bytes.prefix(min(i, bytes.count))
    let line = before.count { $0 == 0x0a } + 1
    let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    return JSONSyntaxError(line: line, column: i - start + 1, message: message)
  }

  mutating func space() {
    while i < bytes.count, bytes[i] == 0x20 || bytes[i] == 0x0a || bytes[i] == 0x0d || bytes[i] == 0x09 { i += 1 }
  }

  mutating func document() throws(JSONSyntaxError) -> JSONTree {
    let value = try value(0)
    space()
    if i < bytes.count { throw fault("expected the end of the document") }
    return value
  }

  mutating func value(_ depth: Int) throws(JSONSyntaxError) -> JSONTree {
    if depth > 200 { throw fault("nested too deeply") }
    space()
    guard i < bytes.count else { throw fault("the document ends too early") }
    switch bytes[i] {
    case 0x7b:
      i += 1
      var out: [String: JSONTree] = [:]
      space()
      if i < bytes.count, bytes[i] == 0x7d {
        i += 1
        return .object(out)
      }
      while true {
        space()
        let key = try string()
        space()
        guard i < bytes.count, bytes[i] == 0x3a else { throw fault("expected :") }
        i += 1
        out[key] = try value(depth + 1)
        space()
        guard i < bytes.count else { throw fault("the object is not closed") }
        i += 1
        if bytes[i - 1] == 0x7d { return .object(out) }
        guard bytes[i - 1] == 0x2c else { throw fault("expected , or }") }
      }
    case 0x5b:
      i += 1
      var out: [JSONTree] = []
      space()
      if i < bytes.count, bytes[i] == 0x5d {
        i += 1
        return .array(out)
      }
      while true {
        out.append(try value(depth + 1))
        space()
        guard i < bytes.count else { throw fault("the array is not closed") }
        i += 1
        if bytes[i - 1] == 0x5d { return .array(out) }
        guard bytes[i - 1] == 0x2c else { throw fault("expected , or ]") }
      }
    case 0x22: return .string(try string())
    case 0x74: return try word("true", .bool(true))
    case 0x66: return try word("false", .bool(false))
    case 0x6e: return try word("null", .null)
    case 0x4e where nonFinite: return try word("NaN", .number(.nan))
    case 0x49 where nonFinite: return try word("Infinity", .number(.infinity))
    case 0x2d where nonFinite && bytes[i...].starts(with: "-Infinity".utf8):
      return try word("-Infinity", .number(-.infinity))
    default: return try number()
    }
  }

  mutating func word(_ text: String, _ value: JSONTree) throws(JSONSyntaxError) -> JSONTree {
    guard bytes[i...].starts(with: text.utf8) else { throw fault("expected a value") }
    i += text.utf8.count
    return value
  }

  mutating func number() throws(JSONSyntaxError) -> JSONTree {
    let start = i
    while i < bytes.count, (0x30...0x39).contains(bytes[i]) || [0x2b, 0x2d, 0x2e, 0x65, 0x45].contains(bytes[i]) {
      i += 1
    }
    let text = String(decoding: bytes[start..<i], as: UTF8.self)
    if let whole = Int64(text), !text.hasPrefix("+"), text != "-0" { return .integer(whole) }
    guard let value = Double(text), !text.hasPrefix("+") else {
      i = start
      throw fault("expected a value")
    }
    return .number(value)
  }

  mutating func string() throws(JSONSyntaxError) -> String {
    guard i < bytes.count, bytes[i] == 0x22 else { throw fault("expected a text in quotes") }
    i += 1
    var out: [UInt8] = []
    while i < bytes.count {
      let b = bytes[i]
      i += 1
      if b == 0x22 {
        guard let text = String(validating: out, as: UTF8.self) else { throw fault("not UTF-8") }
        return text
      }
      guard b == 0x5c else {
        out.append(b)
        continue
      }
      guard i < bytes.count else { break }
      let e = bytes[i]
      i += 1
      switch e {
      case 0x22, 0x5c, 0x2f: out.append(e)
      case 0x6e: out.append(0x0a)
      case 0x72: out.append(0x0d)
      case 0x74: out.append(0x09)
      case 0x62: out.append(0x08)
      case 0x66: out.append(0x0c)
      case 0x75:
        var code = try hex()
        if (0xd800..<0xdc00).contains(code), i + 1 < bytes.count, bytes[i] == 0x5c, bytes[i + 1] == 0x75 {
          i += 2
          let low = try hex()
          guard (0xdc00..<0xe000).contains(low) else { throw fault("half of a character") }
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("not a character") }
        out += String(Character(scalar)).utf8
      default: throw fault("unknown escape")
      }
    }
    throw fault("the text is not closed")
  }

  mutating func hex() throws(JSONSyntaxError) -> UInt32 {
    guard i + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[i..<(i + 4)], as: UTF8.self), radix: 16) else {
      throw fault("expected four hexadecimal digits")
    }
    i += 4
    return code
  }
}

extension JSONTree: Codable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ text: String) { stringValue = text }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  /// Reads any JSON value.
  public init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: Key.self) {
      var out: [String: JSONTree] = [:]
      for key in object.allKeys { out[key.stringValue] = try object.decode(JSONTree.self, forKey: key) }
      self = .object(out)
      return
    }
    if var list = try? decoder.unkeyedContainer() {
      var out: [JSONTree] = []
      while !list.isAtEnd { out.append(try list.decode(JSONTree.self)) }
      self = .array(out)
      return
    }
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let b = try? value.decode(Bool.self) {
      self = .bool(b)
    } else if let i = try? value.decode(Int64.self) {
      self = .integer(i)
    } else if let x = try? value.decode(Double.self) {
      self = .number(x)
    } else {
      self = .string(try value.decode(String.self))
    }
  }

  /// Writes any JSON value.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var out = encoder.container(keyedBy: Key.self)
      for key in members.keys.sorted() { try out.encode(members[key] ?? .null, forKey: Key(key)) }
    case .array(let values):
      var out = encoder.unkeyedContainer()
      for value in values { try out.encode(value) }
    case .string(let text):
      var out = encoder.singleValueContainer()
      try out.encode(text)
    case .number(let x):
      var out = encoder.singleValueContainer()
      if x.isFinite { try out.encode(x) } else { try out.encodeNil() }
    case .integer(let i):
      var out = encoder.singleValueContainer()
      try out.encode(i)
    case .bool(let b):
      var out = encoder.singleValueContainer()
      try out.encode(b)
    case .null:
      var out = encoder.singleValueContainer()
      try out.encodeNil()
    }
  }
}
