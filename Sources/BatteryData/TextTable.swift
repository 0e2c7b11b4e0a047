/// A table of text fields with their places, for importers.
package struct TextTable: Sendable {
  /// One row.
  package struct Row: Sendable {
    /// Line of its first byte, from 1.
    package var line: Int
    /// Fields, unquoted.
    package var fields: [String]
    /// Column of the line at which each field starts, from 1.
    package var columns: [Int]
  }

  /// The first row.
  package var header: Row
  /// The rows after it, all as long as the header.
  package var rows: [Row]

  /// Reads a table.
  ///
  /// - Parameter separator: the byte between fields.
  /// - Throws: `DataFaults` (E001, E002, E003, E023, E029).
  package static func read(_ path: String, separator: UInt8) throws(DataFaults) -> TextTable {
    var header: Row?
    var rows: [Row] = []
    try CSVReader(path: path, name: path, separator: separator).forEachRow { row throws(DataFaults) in
      var fields: [String] = []
      for i in 0..<row.count {
        guard let text = row.text(i) else {
          throw DataFaults(
            DataFault(
              "E003", file: path, line: row.line, column: row.columns[i], "not UTF-8",
              help: "save the table as UTF-8 text"))
        }
        fields.append(text)
      }
      let made = Row(line: row.line, fields: fields, columns: row.columns)
      if let header {
        guard fields.count == header.fields.count else {
          throw DataFaults(
            DataFault(
              "E023", file: path, line: row.line, column: row.columns.last,
              "found \(fields.count) fields, expected \(header.fields.count) as in the header",
              help: "give a plain table: one header row, one row per cycle"))
        }
        rows.append(made)
      } else {
        header = made
      }
    }
    guard let header else {
      throw DataFaults(DataFault("E029", file: path, line: 1, "the file is empty", help: "export it again"))
    }
    return TextTable(header: header, rows: rows)
  }

  /// The header alone.
  ///
  /// - Throws: `DataFaults` (E001, E002, E003, E023, E029).
  package static func firstRow(_ path: String, separator: UInt8) throws(DataFaults) -> Row {
    var first: Row?
    do {
      try CSVReader(path: path, name: path, separator: separator).forEachRow { row throws(DataFaults) in
        if first == nil {
          first = Row(line: row.line, fields: (0..<row.count).map { row.text($0) ?? "?" }, columns: row.columns)
        }
      }
    } catch {
      // What follows a header may be no table at all; the header is judged first.
      if first == nil { throw error }
    }
    guard let first else {
      throw DataFaults(DataFault("E029", file: path, line: 1, "the file is empty", help: "export it again"))
    }
    return first
  }

  /// The separator of a table: of tab, semicolon and comma the one most frequent in the first line.
  ///
  /// - Throws: `DataFaults` (E001, E002, E029).
  package static func separator(of path: String) throws(DataFaults) -> UInt8 {
    let reader = try GzipReader(path: path, name: path)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let n = try reader.next(into: &buffer)
    if n == 0 { throw DataFaults(DataFault("E029", file: path, line: 1, "the file is empty", help: "export it again")) }
    let line = buffer[0..<n].prefix { $0 != 0x0a }
    let counts = [UInt8(ascii: "\t"), UInt8(ascii: ";"), UInt8(ascii: ",")].map { s in (s, line.count { $0 == s }) }
    let best = counts.max { $0.1 < $1.1 }
    return best.map { $0.1 > 0 ? $0.0 : UInt8(ascii: ",") } ?? UInt8(ascii: ",")
  }

  /// A field as a number, correctly rounded; nil for anything else.
  package static func number(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBufferPointer { parseDecimal($0) }
  }
}
