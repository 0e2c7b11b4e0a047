/// Names of materials as people write them.
///
/// A text becomes words of lower-case letters and digits; sub- and superscripts become digits, Greek letters their
/// names, and a point stays only inside a number. A name is found where consecutive words joined give its own words
/// joined: "Li-In", "LiIn" and "In/LiIn" all hold `liin`, "LiNbO₃ 1–3 nm" holds `linbo3`, but "Li6PS5Cl0.5Br0.5"
/// does not hold `li6ps5cl`.
enum MaterialText {
  struct Word: Hashable {
    var text: String
    /// Number of "/" or "|" before this word.
    var part: Int
  }

  private static let replacements: [Character: String] = {
    var map: [Character: String] = [
      "ₓ": "x", "ˣ": "x", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "µ": "u", "μ": "u",
    ]
    for (k, c) in "₀₁₂₃₄₅₆₇₈₉".enumerated() { map[c] = "\(k)" }
    for (k, c) in "⁰¹²³⁴⁵⁶⁷⁸⁹".enumerated() { map[c] = "\(k)" }
    return map
  }()

  static func words(_ text: String) -> [Word] {
    let flat = Array(text.flatMap { replacements[$0] ?? $0.lowercased() })
    var words: [Word] = []
    var open = ""
    var part = 0
    func isDigit(_ k: Int) -> Bool { flat.indices.contains(k) && flat[k].isASCII && flat[k].isNumber }
    func close() {
      if !open.isEmpty { words.append(Word(text: open, part: part)) }
      open = ""
    }
    for (k, c) in flat.enumerated() {
      if c.isLetter || c.isNumber || (c == "." && isDigit(k - 1) && isDigit(k + 1)) {
        open.append(c)
      } else {
        close()
        if c == "/" || c == "|" { part += 1 }
      }
    }
    close()
    return words
  }

  /// The words of a name joined: two spellings with one key are the same name.
  static func key(_ text: String) -> String { words(text).map(\.text).joined() }

  /// The three names nearest to a text by edit distance of their keys, in the order of the list among equals.
  static func nearest(to text: String, among names: [String], count: Int = 3) -> [String] {
    let wanted = Array(key(text))
    let scored = names.enumerated().map { (distance($1, wanted), $0, $1) }
    return scored.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.prefix(count).map(\.2)
  }

  /// Levenshtein distance over the longer length.
  private static func distance(_ name: String, _ wanted: [Character]) -> Double {
    let other = Array(key(name))
    guard !wanted.isEmpty, !other.isEmpty else { return 1 }
    var row = Array(0...other.count)
    for (i, a) in wanted.enumerated() {
      var previous = row[0]
      row[0] = i + 1
      for (j, b) in other.enumerated() {
        let cost = previous + (a == b ? 0 : 1)
        previous = row[j + 1]
        row[j + 1] = min(cost, previous + 1, row[j] + 1)
      }
    }
    return Double(row[other.count]) / Double(max(wanted.count, other.count))
  }
}
