public import BatteryData
public import CellModel
internal import Foundation

/// Reads plain tables with one row per cycle (comma, semicolon or tab between fields) as cells of a dataset.
///
/// Headers are known by the column dictionary, or named by an `ImportMap`. Nothing is guessed: a table without a column
/// that surely holds age and one that surely holds capacity is refused.
public struct TableImport: Sendable {
  /// The decimal sign of a table.
  public enum Decimal: String, Sendable, CaseIterable {
    /// Told from the table: comma only where fields are separated by tab or semicolon.
    case auto
    /// `1.5`
    case point
    /// `1,5`
    case comma
  }

  /// Columns and attributes stated by the user.
  public var map = ImportMap()
  /// Decimal sign.
  public var decimal = Decimal.auto
  /// Name of the cell, for a single file without a column of cells; the file's own name otherwise.
  public var cellID: String?

  /// An import with nothing stated.
  public init() {}

  /// What was read.
  public struct Result: Sendable {
    /// Column that counts age.
    public var ageColumn: String
    /// Column that holds capacity.
    public var capacityColumn: String
    /// The cells, in file order.
    public var cells: [CellHistory]
    /// Columns passed over, for each file that has any (W001).
    public var warnings: [DataWarning]
    /// SHA-256 of the files, in the order given.
    public var sources: [(name: String, sha256: String)]
  }

  /// Reads files, each one cell or several with a column `cell_id`.
  ///
  /// - Throws: `DataFaults`, all faults of a file in one report.
  public func read(_ paths: [String]) throws(DataFaults) -> Result {
    var result: Result?
    for path in paths {
      let one = try read(path)
      guard var all = result else {
        result = one
        continue
      }
      guard all.ageColumn == one.ageColumn, all.capacityColumn == one.capacityColumn else {
        throw DataFaults(
          DataFault(
            "E033", file: path,
            "holds \(one.ageColumn), \(one.capacityColumn); files before it \(all.ageColumn), \(all.capacityColumn)",
            help: "import them as datasets of their own"))
      }
      for cell in one.cells {
        if all.cells.contains(where: { $0.id == cell.id }) {
          throw DataFaults(
            DataFault("E027", file: path, "cell \"\(cell.id)\" comes twice", help: "rename one of the files"))
        }
        all.cells.append(cell)
      }
      all.warnings += one.warnings
      all.sources += one.sources
      result = all
    }
    guard let result else { throw DataFaults(DataFault("E029", "no file to import", help: "name at least one")) }
    return result
  }

  private struct Column {
    var index: Int
    var match: ColumnDictionary.Match
    var name: String { match.column.name }
  }

  private func read(_ path: String) throws(DataFaults) -> Result {
    let separator = try TextTable.separator(of: path)
    // The header is judged before the rows: records over time often have further blocks that are no table.
    let known = try columns(TextTable.firstRow(path, separator: separator), path)
    let table = try TextTable.read(path, separator: separator)
    let numeric = known.filter { $0.match.column.kind != .text }
    let capacity = Self.capacities.first { name in known.contains { $0.name == name } } ?? ""
    let counted = known.first { $0.name == "cycle_count" } ?? known.first { $0.name == "equivalent_full_cycles" }
    let usesComma = try decimalComma(table, numeric, separator, path)
    let idIndex = known.first { $0.name == "cell_id" }?.index
    let age = counted?.name ?? ""
    let others = numeric.map(\.name).filter { $0 != age && $0 != capacity }
    let own = cellID ?? Self.stem(path)
    var faults: [DataFault] = []
    var order: [String] = []
    var series: [String: CycleSeries] = [:]
    for row in table.rows {
      let id = idIndex.map { row.fields[$0] } ?? own
      var values: [String: Double] = [:]
      for column in numeric {
        let text = row.fields[column.index].trimmingCharacters(in: .whitespaces)
        if text.isEmpty || text.lowercased() == "nan" { continue }
        guard let x = TextTable.number(usesComma ? text.replacing(",", with: ".") : text) else {
          faults.append(
            DataFault(
              "E022", file: path, line: row.line, column: row.columns[column.index],
              field: table.header.fields[column.index],
              "column \"\(table.header.fields[column.index])\": found \"\(text)\", expected a number",
              help: "leave the field empty if it is not known"))
          continue
        }
        values[column.name] = column.match.factor * x + column.match.offset
      }
      // A row without an age (a line of totals) has no place in a history.
      guard let now = values[age] else { continue }
      func fault(_ code: String, _ message: String, _ help: String) -> DataFault {
        DataFault(
          code, file: path, line: row.line, column: counted.map { row.columns[$0.index] }, field: age, message,
          help: help)
      }
      let last = series[id]?.ages.last
      if let last, now == last {
        throw DataFaults(
          fault(
            "E034", "age \(shortest(now)) stands in several rows: this looks like a record over time",
            "records over time are not supported yet: export one row per cycle"))
      }
      if now < 0 || (age == "cycle_count" && now != now.rounded()) {
        faults.append(
          fault("E021", "found \(shortest(now)), expected a whole number ≥ 0", "give the age as whole cycles"))
      } else if let last, now < last {
        faults.append(
          fault(
            "E025", "cell \"\(id)\": age \(shortest(now)) after \(shortest(last)), expected a larger one",
            "sort the rows of each cell by age"))
      }
      if series[id] == nil { order.append(id) }
      var grown = series[id] ?? CycleSeries()
      grown.ages.append(now)
      grown.capacities.append(values[capacity] ?? .nan)
      grown.flags.append(.ok)
      for name in others { grown.columns[name, default: []].append(values[name] ?? .nan) }
      series[id] = grown
    }
    if order.isEmpty, faults.isEmpty {
      faults.append(
        DataFault("E029", file: path, line: 1, "no row with an age after the header", help: "export it again"))
    }
    for id in order where id.isEmpty || id.contains("/") {
      faults.append(
        DataFault("E014", file: path, field: "cell_id", "\"\(id)\" cannot name a cell", help: "no /, not empty"))
    }
    if !faults.isEmpty { throw DataFaults(Array(faults.prefix(50))) }
    let attributes = CellAttributes(numbers: map.numbers, texts: map.texts)
    let bytes = FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
    return Result(
      ageColumn: age, capacityColumn: capacity,
      cells: order.map { CellHistory(id: $0, attributes: attributes, series: series[$0] ?? CycleSeries()) },
      warnings: warnings(table, known, path),
      sources: [(URL(fileURLWithPath: path).lastPathComponent, sha256(bytes))])
  }

  private func warnings(_ table: TextTable, _ known: [Column], _ path: String) -> [DataWarning] {
    let used = Set(known.map(\.index))
    let fields = table.header.fields
    let passed = fields.indices.filter { !used.contains($0) }.map { fields[$0] }.joined(separator: ", ")
    if passed.isEmpty { return [] }
    return [
      DataWarning("W001", file: path, "columns passed over: \(passed)", help: "name those you want in a file for --map")
    ]
  }

  private static let capacities = [
    "cycle_discharging_capacity_ah", "specific_discharging_capacity_mah_g", "capacity_retention",
  ]

  private static func stem(_ path: String) -> String {
    var name = URL(fileURLWithPath: path).lastPathComponent
    for ending in [".gz", ".csv", ".tsv", ".txt"] where name.lowercased().hasSuffix(ending) {
      name = String(name.dropLast(ending.count))
    }
    return name
  }

  /// The columns that are known; refuses records over time and tables without age or capacity.
  private func columns(_ header: TextTable.Row, _ path: String) throws(DataFaults) -> [Column] {
    let plain = header.fields.map { $0.lowercased().trimmingCharacters(in: .whitespaces) }
    let overTime = ["voltage", "ecell", "current", "i/ma"].filter { word in plain.contains { $0.hasPrefix(word) } }
    if overTime.count >= 2 {
      throw DataFaults(
        DataFault(
          "E034", file: path, line: header.line, "columns of voltage and current: a record over time",
          help: "records over time are not supported yet: export one row per cycle"))
    }
    let found = header.fields.joined(separator: ", ")
    var out: [Column] = []
    var faults: [DataFault] = []
    for (name, wanted) in map.columns.sorted(by: { $0.key < $1.key }) {
      guard let i = header.fields.firstIndex(of: wanted),
        let column = ColumnDictionary.all.first(where: { $0.table == .cycles && $0.name == name })
      else {
        faults.append(
          DataFault(
            "E033", file: path, line: header.line, field: name, "the map names \"\(wanted)\"; found \(found)",
            help: "spell it as the file does"))
        continue
      }
      // A unit in the header is converted; without one the column's own unit is meant.
      let match = (try? ColumnDictionary.match(wanted, table: .cycles)).flatMap { $0 }
      let own = ColumnDictionary.Match(column: column, factor: 1, offset: 0)
      out.append(Column(index: i, match: match.flatMap { $0.column.name == name ? $0 : nil } ?? own))
    }
    for (i, text) in header.fields.enumerated() where !out.contains(where: { $0.index == i }) {
      let match: ColumnDictionary.Match?
      do { match = try ColumnDictionary.match(text, table: .cycles) } catch {
        faults.append(
          DataFault(
            error.code, file: path, line: header.line, column: header.columns[i], field: text, error.message,
            help: error.help))
        continue
      }
      guard let match, map.columns[match.column.name] == nil else { continue }
      if out.contains(where: { $0.name == match.column.name }) {
        faults.append(
          DataFault(
            "E020", file: path, line: header.line, column: header.columns[i], field: text,
            "two columns mean \(match.column.name)", help: "name the right one in a file for --map"))
        continue
      }
      out.append(Column(index: i, match: match))
    }
    let names = Set(out.map(\.name))
    var missing: [String] = []
    if names.isDisjoint(with: ["cycle_count", "equivalent_full_cycles"]) {
      missing.append("age (cycle_count or equivalent_full_cycles)")
    }
    if names.isDisjoint(with: Self.capacities) {
      missing.append("discharge capacity (\(Self.capacities.joined(separator: ", ")))")
    }
    if !missing.isEmpty {
      faults.append(
        DataFault(
          "E033", file: path, line: header.line,
          "no column is known to hold \(missing.joined(separator: " or ")); found \(found)",
          help: "name it in a file for --map, such as [columns] cycle_discharging_capacity_ah = \"Q_dis\""))
    }
    if !faults.isEmpty { throw DataFaults(faults) }
    return out.sorted { $0.index < $1.index }
  }

  private func decimalComma(
    _ table: TextTable, _ numeric: [Column], _ separator: UInt8, _ path: String
  ) throws(DataFaults) -> Bool {
    if decimal != .auto { return decimal == .comma }
    var comma: TextTable.Row?
    var hasPoint = false
    for row in table.rows {
      for column in numeric {
        let text = row.fields[column.index]
        if text.contains(",") { comma = comma ?? row }
        if text.contains(".") { hasPoint = true }
      }
    }
    guard let comma else { return false }
    if hasPoint || separator == UInt8(ascii: ",") {
      throw DataFaults(
        DataFault(
          "E035", file: path, line: comma.line,
          "numbers hold a comma that may be a decimal sign or may group thousands",
          help: "say which with --decimal comma, or export numbers without groups"))
    }
    return true
  }
}
