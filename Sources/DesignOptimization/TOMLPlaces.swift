/// Where each key of a TOML file stands, for faults that name line and column.
///
/// Reads files that a parser has found well-formed; the parser itself forgets where values stood. Paths are written
/// `levels.lab`, `parameter[2].dist`.
///
/// - Source: TOML 1.0.0, https://toml.io/en/v1.0.0.
struct TOMLPlaces {
  /// A position, both from 1; columns count Unicode scalars.
  struct Place: Hashable {
    var line: Int
    var column: Int
  }

  /// Place of the value of a key, of the header of a table, by path.
  private(set) var places: [String: Place] = [:]

  private let text: [Unicode.Scalar]
  private var at = 0
  private var line = 1
  private var lineStart = 0
  /// Tables so far of each array of tables.
  private var tables: [String: Int] = [:]

  init(_ text: String) {
    self.text = Array(text.unicodeScalars)
    var base = ""
    while true {
      skipSpace()
      guard let c = peek else { break }
      if c == "[" {
        let place = here
        let isArray = peek(1) == "["
        step(isArray ? 2 : 1)
        base = table(key(), isArray: isArray)
        places[base] = place
        while let c = peek, c == "]" || c == " " || c == "\t" { step() }
      } else {
        pair(in: base)
      }
    }
  }

  private var here: Place { Place(line: line, column: at - lineStart + 1) }
  private var peek: Unicode.Scalar? { at < text.count ? text[at] : nil }
  private func peek(_ n: Int) -> Unicode.Scalar? { at + n < text.count ? text[at + n] : nil }

  private mutating func step(_ n: Int = 1) {
    for _ in 0..<n where at < text.count {
      if text[at] == "\n" { (line, lineStart) = (line + 1, at + 1) }
      at += 1
    }
  }

  /// Skips blanks, line ends, commas and comments.
  private mutating func skipSpace() {
    while let c = peek {
      if c == "#" {
        while let c = peek, c != "\n" { step() }
      } else if c == " " || c == "\t" || c == "\n" || c == "\r" || c == "," {
        step()
      } else {
        return
      }
    }
  }

  /// The path of a table header; names of arrays of tables stand for their last table.
  private mutating func table(_ parts: [String], isArray: Bool) -> String {
    var path = ""
    for (k, part) in parts.enumerated() {
      path += path.isEmpty ? part : "." + part
      if isArray, k == parts.count - 1 {
        tables[path, default: 0] += 1
      }
      if let count = tables[path] { path += "[\(count - 1)]" }
    }
    return path
  }

  private mutating func pair(in base: String) {
    let path = ([base].filter { !$0.isEmpty } + key()).joined(separator: ".")
    while let c = peek, c == " " || c == "\t" || c == "=" { step() }
    value(path)
  }

  /// The parts of a dotted key.
  private mutating func key() -> [String] {
    var parts: [String] = []
    while let c = peek {
      if c == "\"" || c == "'" {
        let start = at + 1
        string()
        parts.append(joined(start, at - 1))
      } else if c == "=" || c == "]" || c == "\n" {
        break
      } else if c == "." || c == " " || c == "\t" {
        step()
      } else {
        let start = at
        while let c = peek, !(".= ]\t\n".unicodeScalars.contains(c)) { step() }
        parts.append(joined(start, at))
      }
    }
    return parts
  }

  private func joined(_ start: Int, _ end: Int) -> String {
    var out = String.UnicodeScalarView()
    if start < end { out.append(contentsOf: text[start..<end]) }
    return String(out)
  }

  private mutating func value(_ path: String) {
    places[path] = here
    switch peek {
    case "\"", "'": string()
    case "[":
      step()
      var k = 0
      skipSpace()
      while let c = peek, c != "]" {
        value("\(path)[\(k)]")
        k += 1
        skipSpace()
      }
      step()
    case "{":
      step()
      skipSpace()
      while let c = peek, c != "}" {
        pair(in: path)
        skipSpace()
      }
      step()
    default:
      while let c = peek, !(",]}#\n".unicodeScalars.contains(c)) { step() }
    }
  }

  /// Skips a string of any of the four kinds.
  private mutating func string() {
    guard let mark = peek else { return }
    if peek(1) == mark, peek(2) == mark {
      step(3)
      while at < text.count, !(peek == mark && peek(1) == mark && peek(2) == mark) {
        step(mark == "\"" && peek == "\\" ? 2 : 1)
      }
      // Up to two marks may stand before the three that end it.
      step(3)
      while peek == mark { step() }
    } else {
      step()
      while let c = peek, c != mark, c != "\n" { step(mark == "\"" && c == "\\" ? 2 : 1) }
      step()
    }
  }
}
