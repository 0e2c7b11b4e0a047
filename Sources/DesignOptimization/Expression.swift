internal import Foundation

/// A value of a design: a number in the unit of its name, or a word.
public enum DesignValue: Sendable, Hashable, Codable {
  /// A number.
  case number(Double)
  /// A word.
  case text(String)

  /// The number; nil for a word.
  public var number: Double? { if case .number(let x) = self { x } else { nil } }
  /// The word; nil for a number.
  public var text: String? { if case .text(let t) = self { t } else { nil } }

  /// Reads a JSON number or string.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let x = try? container.decode(Double.self) {
      self = .number(x)
    } else {
      self = .text(try container.decode(String.self))
    }
  }

  /// Writes a JSON number or string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .number(let x): try container.encode(x)
    case .text(let t): try container.encode(t)
    }
  }
}

/// What is wrong with a formula, and where.
public struct ExpressionError: Error, Hashable, Sendable {
  /// Column in the formula, from 1; nil when it went wrong on evaluation of the whole.
  public var column: Int
  /// What was found and what was expected.
  public var message: String
}

/// A formula over the values of a design.
///
/// `+ - * / ^`, brackets, comparisons (which give 1 or 0), `min max exp log sqrt`, and words in quotes:
/// `stack_pressure_mpa * 0.1 + (coating != 'none') * 2`.
public struct Expression: Sendable, Hashable {
  /// The formula as written.
  public let text: String
  /// Names it reads, in order of first use.
  public let names: [String]
  private let root: Node

  fileprivate indirect enum Node: Sendable, Hashable {
    case number(Double)
    case word(String)
    case name(String, column: Int)
    case negative(Node)
    case binary(String, Node, Node, column: Int)
    case call(String, [Node], column: Int)
  }

  /// Functions and how many arguments they take.
  static let functions: [String: ClosedRange<Int>] = [
    "min": 1...8, "max": 1...8, "exp": 1...1, "log": 1...1, "sqrt": 1...1,
  ]

  /// Parses a formula.
  public init(_ text: String) throws(ExpressionError) {
    var parser = try ExpressionParser(text)
    root = try parser.whole()
    self.text = text
    names = parser.names
  }

  /// The value of the formula as a number.
  ///
  /// - Throws: `ExpressionError` at the part that has no value: an unknown name, a word where a number is due, division
  ///   by zero, the logarithm or root of a number outside its range.
  public func value(_ lookup: (String) -> DesignValue?) throws(ExpressionError) -> Double {
    switch try evaluate(root, lookup) {
    case .number(let x): return x
    case .text(let t): throw ExpressionError(column: 1, message: "found the word '\(t)', expected a number")
    }
  }

  private func evaluate(_ node: Node, _ lookup: (String) -> DesignValue?) throws(ExpressionError) -> DesignValue {
    switch node {
    case .number(let x): return .number(x)
    case .word(let t): return .text(t)
    case .name(let name, let column):
      guard let value = lookup(name) else {
        throw ExpressionError(column: column, message: "\"\(name)\" has no value for this design")
      }
      return value
    case .negative(let inner): return .number(-(try number(inner, lookup, column: 1)))
    case .binary(let op, let a, let b, let column):
      if op == "==" || op == "!=" {
        let (x, y) = (try evaluate(a, lookup), try evaluate(b, lookup))
        return .number((x == y) == (op == "==") ? 1 : 0)
      }
      let (x, y) = (try number(a, lookup, column: column), try number(b, lookup, column: column))
      switch op {
      case "+": return .number(x + y)
      case "-": return .number(x - y)
      case "*": return .number(x * y)
      case "/":
        guard y != 0 else { throw ExpressionError(column: column, message: "division by zero") }
        return .number(x / y)
      case "^":
        let power = pow(x, y)
        guard power.isFinite else {
          throw ExpressionError(column: column, message: "\(x) to the power \(y) is not a finite number")
        }
        return .number(power)
      case "<": return .number(x < y ? 1 : 0)
      case "<=": return .number(x <= y ? 1 : 0)
      case ">": return .number(x > y ? 1 : 0)
      default: return .number(x >= y ? 1 : 0)
      }
    case .call(let name, let arguments, let column):
      var values: [Double] = []
      for a in arguments { values.append(try number(a, lookup, column: column)) }
      switch name {
      case "min": return .number(values.min() ?? 0)
      case "max": return .number(values.max() ?? 0)
      case "exp": return .number(exp(values[0]))
      case "log":
        guard values[0] > 0 else { throw ExpressionError(column: column, message: "log of \(values[0])") }
        return .number(log(values[0]))
      default:
        guard values[0] >= 0 else { throw ExpressionError(column: column, message: "sqrt of \(values[0])") }
        return .number(values[0].squareRoot())
      }
    }
  }

  private func number(_ node: Node, _ lookup: (String) -> DesignValue?, column: Int) throws(ExpressionError) -> Double {
    switch try evaluate(node, lookup) {
    case .number(let x): return x
    case .text(let t):
      throw ExpressionError(column: column, message: "found the word '\(t)', expected a number")
    }
  }

  /// How far a comparison at the top is from holding, in units of its sides; 0 where it holds.
  ///
  /// `a >= b` gives max(0, b − a); a formula that is no comparison holds where it is not 0.
  func violation(_ lookup: (String) -> DesignValue?) throws(ExpressionError) -> Double {
    guard case .binary(let op, let a, let b, let column) = root, ["<", "<=", ">", ">="].contains(op) else {
      return try value(lookup) != 0 ? 0 : 1
    }
    let (x, y) = (try number(a, lookup, column: column), try number(b, lookup, column: column))
    let gap = op.hasPrefix("<") ? x - y : y - x
    // Sides that should fulfil the constraint exactly may differ by rounding.
    let rounding = 1e-12 * max(abs(x), abs(y))
    return gap > rounding || (gap == 0 && op.count == 1) ? max(gap, 1e-12) : 0
  }
}

/// Recursive descent over the characters of a formula.
private struct ExpressionParser {
  private struct Token {
    enum Kind { case number(Double), word(String), name(String), symbol(String), end }
    var kind: Kind
    var column: Int
    var shown: String
  }

  private var tokens: [Token] = []
  private var position = 0
  var names: [String] = []

  init(_ text: String) throws(ExpressionError) {
    let characters = Array(text)
    var i = 0
    while i < characters.count {
      let c = characters[i]
      let column = i + 1
      if c.isWhitespace {
        i += 1
      } else if c.isASCII, c.isNumber || (c == "." && i + 1 < characters.count && characters[i + 1].isNumber) {
        var end = i
        while end < characters.count {
          let d = characters[end]
          let isExponent = (d == "+" || d == "-") && (characters[end - 1] == "e" || characters[end - 1] == "E")
          guard d.isNumber || d == "." || d == "e" || d == "E" || (isExponent && end > i) else { break }
          end += 1
        }
        let shown = String(characters[i..<end])
        guard let value = Double(shown) else {
          throw ExpressionError(column: column, message: "found \"\(shown)\", expected a number")
        }
        tokens.append(Token(kind: .number(value), column: column, shown: shown))
        i = end
      } else if c.isLetter || c == "_" {
        var end = i
        while end < characters.count, characters[end].isLetter || characters[end].isNumber || characters[end] == "_" {
          end += 1
        }
        let shown = String(characters[i..<end])
        tokens.append(Token(kind: .name(shown), column: column, shown: shown))
        i = end
      } else if c == "'" || c == "\"" {
        guard let end = characters[(i + 1)...].firstIndex(of: c) else {
          throw ExpressionError(column: column, message: "the quote that opens here is never closed")
        }
        let word = String(characters[(i + 1)..<end])
        tokens.append(Token(kind: .word(word), column: column, shown: "'\(word)'"))
        i = end + 1
      } else {
        let two = i + 1 < characters.count ? String(characters[i...(i + 1)]) : ""
        let symbol = ["<=", ">=", "==", "!="].contains(two) ? two : String(c)
        guard symbol.count == 2 || "+-*/^(),<>".contains(symbol) else {
          throw ExpressionError(column: column, message: "found \"\(c)\", expected a value or an operator")
        }
        tokens.append(Token(kind: .symbol(symbol), column: column, shown: symbol))
        i += symbol.count
      }
    }
    tokens.append(Token(kind: .end, column: characters.count + 1, shown: "the end"))
  }

  private var next: Token { tokens[position] }

  private mutating func take(_ symbols: [String]) -> Token? {
    guard case .symbol(let s) = next.kind, symbols.contains(s) else { return nil }
    position += 1
    return tokens[position - 1]
  }

  private func expected(_ what: String) -> ExpressionError {
    ExpressionError(column: next.column, message: "found \(next.shown), expected \(what)")
  }

  mutating func whole() throws(ExpressionError) -> Expression.Node {
    let node = try comparison()
    guard case .end = next.kind else { throw expected("an operator or the end") }
    return node
  }

  private mutating func comparison() throws(ExpressionError) -> Expression.Node {
    let left = try sum()
    guard let op = take(["<", "<=", ">", ">=", "==", "!="]) else { return left }
    return .binary(op.shown, left, try sum(), column: op.column)
  }

  private mutating func sum() throws(ExpressionError) -> Expression.Node {
    var node = try product()
    while let op = take(["+", "-"]) { node = .binary(op.shown, node, try product(), column: op.column) }
    return node
  }

  private mutating func product() throws(ExpressionError) -> Expression.Node {
    var node = try unary()
    while let op = take(["*", "/"]) { node = .binary(op.shown, node, try unary(), column: op.column) }
    return node
  }

  private mutating func unary() throws(ExpressionError) -> Expression.Node {
    if take(["-"]) != nil { return .negative(try unary()) }
    let base = try primary()
    guard let op = take(["^"]) else { return base }
    return .binary("^", base, try unary(), column: op.column)
  }

  private mutating func primary() throws(ExpressionError) -> Expression.Node {
    let token = next
    switch token.kind {
    case .number(let x):
      position += 1
      return .number(x)
    case .word(let t):
      position += 1
      return .word(t)
    case .name(let name):
      position += 1
      guard take(["("]) != nil else {
        if !names.contains(name) { names.append(name) }
        return .name(name, column: token.column)
      }
      guard let allowed = Expression.functions[name] else {
        throw ExpressionError(
          column: token.column,
          message: "\"\(name)\" is no function; there are \(Expression.functions.keys.sorted().joined(separator: ", "))"
        )
      }
      var arguments = [try comparison()]
      while take([","]) != nil { arguments.append(try comparison()) }
      guard take([")"]) != nil else { throw expected("a closing bracket") }
      guard allowed.contains(arguments.count) else {
        throw ExpressionError(
          column: token.column,
          message: "\(name) takes \(allowed.upperBound == 1 ? "one value" : "one to eight values")")
      }
      return .call(name, arguments, column: token.column)
    case .symbol("("):
      position += 1
      let inner = try comparison()
      guard take([")"]) != nil else { throw expected("a closing bracket") }
      return inner
    default: throw expected("a value")
    }
  }
}
