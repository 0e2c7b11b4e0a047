#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// One row of a CSV file while it is being read.
struct CSVRow {
  /// Line of the row's first byte, from 1.
  var line: Int
  /// Bytes of all fields, unquoted, one after the other.
  var bytes: [UInt8]
  /// End of each field in `bytes`.
  var ends: [Int]
  /// Column of the line at which each field starts, from 1.
  var columns: [Int]

  var count: Int { ends.count }

  private func range(_ i: Int) -> Range<Int> { (i == 0 ? 0 : ends[i - 1])..<ends[i] }

  func isEmpty(_ i: Int) -> Bool { range(i).isEmpty }

  /// Whether the field says that nothing is known: empty, or one of `nan`, `NaN`, `NA`, `null`.
  func isMissing(_ i: Int) -> Bool {
    let r = range(i)
    guard r.count <= 4 else { return false }
    return r.isEmpty || ["nan", "NaN", "NAN", "NA", "null"].contains(String(decoding: bytes[r], as: UTF8.self))
  }

  /// The field as text; nil when it is not UTF-8.
  func text(_ i: Int) -> String? { String(validating: bytes[range(i)], as: UTF8.self) }

  /// The field as a number: digits, sign, point, exponent; nil for anything else.
  func number(_ i: Int) -> Double? {
    let r = range(i)
    return bytes.withUnsafeBufferPointer { parseDecimal(UnsafeBufferPointer(rebasing: $0[r])) }
  }
}

/// Reads CSV (RFC 4180, UTF-8, LF or CRLF, optional byte order mark) row by row.
struct CSVReader {
  /// Path to open.
  var path: String
  /// Name for messages.
  var name: String
  var separator: UInt8 = 0x2c

  /// Calls `body` with each row, the header first. Empty lines are passed over.
  ///
  /// - Throws: `DataFaults` for a file that cannot be read (E001, E002) or a quote left open (E023).
  func forEachRow(_ body: (inout CSVRow) throws(DataFaults) -> Void) throws(DataFaults) {
    let reader = try GzipReader(path: path, name: name)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var row = CSVRow(line: 1, bytes: [], ends: [], columns: [])
    var line = 1
    var column = 1
    var fieldColumn = 1
    var quoted = false
    var justClosed = false
    var hasContent = false
    var isFirst = true
    while true {
      let n = try reader.next(into: &buffer)
      if n == 0 { break }
      var i = 0
      if isFirst {
        isFirst = false
        if n >= 3, buffer[0] == 0xef, buffer[1] == 0xbb, buffer[2] == 0xbf { i = 3 }
      }
      while i < n {
        let byte = buffer[i]
        i += 1
        if quoted {
          if byte == 0x22 {
            quoted = false
            justClosed = true
          } else {
            row.bytes.append(byte)
          }
          if byte == 0x0a {
            line += 1
            column = 0
          }
        } else if byte == separator {
          row.ends.append(row.bytes.count)
          row.columns.append(fieldColumn)
          fieldColumn = column + 1
          justClosed = false
          hasContent = true
        } else if byte == 0x0a {
          if hasContent || !row.bytes.isEmpty {
            if row.bytes.last == 0x0d, row.bytes.count > (row.ends.last ?? 0) { row.bytes.removeLast() }
            row.ends.append(row.bytes.count)
            row.columns.append(fieldColumn)
            if row.count > 1 || !row.bytes.isEmpty || hasContent { try body(&row) }
          }
          line += 1
          column = 0
          fieldColumn = 1
          row.line = line
          row.bytes.removeAll(keepingCapacity: true)
          row.ends.removeAll(keepingCapacity: true)
          row.columns.removeAll(keepingCapacity: true)
          justClosed = false
          hasContent = false
        } else if byte == 0x22 {
          if justClosed {
            row.bytes.append(byte)
            justClosed = false
          } else if row.bytes.count > (row.ends.last ?? 0) {
            throw DataFaults(
              DataFault(
                "E023", file: name, line: line, column: column, "a quote inside an unquoted field",
                help: "enclose the whole field in quotes and double those inside"))
          }
          quoted = true
          hasContent = true
        } else {
          if justClosed, byte != 0x0d {
            throw DataFaults(
              DataFault(
                "E023", file: name, line: line, column: column, "text after a closing quote",
                help: "enclose the whole field in quotes and double those inside"))
          }
          if !(byte == 0x0d && justClosed) { row.bytes.append(byte) }
        }
        column += 1
      }
    }
    if quoted {
      throw DataFaults(
        DataFault(
          "E023", file: name, line: row.line, column: fieldColumn, "a quote is opened here and never closed",
          help: "close the quote"))
    }
    if hasContent || !row.bytes.isEmpty {
      if row.bytes.last == 0x0d, row.bytes.count > (row.ends.last ?? 0) { row.bytes.removeLast() }
      row.ends.append(row.bytes.count)
      row.columns.append(fieldColumn)
      if row.count > 1 || !row.bytes.isEmpty || hasContent { try body(&row) }
    }
  }
}

private let powersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
]

/// Reads a decimal number, correctly rounded; nil unless all of it is one.
func parseDecimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
  var i = 0
  var end = bytes.count
  while i < end, bytes[i] == 0x20 || bytes[i] == 0x09 { i += 1 }
  while end > i, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
  let start = i
  var isNegative = false
  if i < end, bytes[i] == 0x2d || bytes[i] == 0x2b {
    isNegative = bytes[i] == 0x2d
    i += 1
  }
  var mantissa: UInt64 = 0
  var digits = 0
  var exponent = 0
  var seen = false
  var isFraction = false
  while i < end {
    let b = bytes[i]
    if b >= 0x30, b <= 0x39 {
      seen = true
      if digits < 18 {
        mantissa = mantissa * 10 + UInt64(b - 0x30)
        if mantissa > 0 { digits += 1 }
        if isFraction { exponent -= 1 }
      } else {
        digits += 1
        if !isFraction { exponent += 1 }
      }
    } else if b == 0x2e, !isFraction {
      isFraction = true
    } else {
      break
    }
    i += 1
  }
  guard seen else { return nil }
  if i < end, bytes[i] == 0x65 || bytes[i] == 0x45 {
    i += 1
    var sign = 1
    if i < end, bytes[i] == 0x2d || bytes[i] == 0x2b {
      if bytes[i] == 0x2d { sign = -1 }
      i += 1
    }
    guard i < end else { return nil }
    var value = 0
    while i < end, bytes[i] >= 0x30, bytes[i] <= 0x39 {
      value = min(value * 10 + Int(bytes[i] - 0x30), 99_999)
      i += 1
    }
    exponent += sign * value
  }
  guard i == end else { return nil }
  // Exact where the mantissa is a whole Double and the power of ten too (Clinger 1990); else the C library.
  if digits <= 18, mantissa < (1 << 53), exponent >= -22, exponent <= 22 {
    let m = Double(mantissa)
    let value = exponent < 0 ? m / powersOfTen[-exponent] : m * powersOfTen[exponent]
    return isNegative ? -value : value
  }
  var text = bytes[start..<end].map { CChar(bitPattern: $0) }
  text.append(0)
  return strtod(text, nil)
}
