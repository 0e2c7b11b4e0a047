internal import CellModel
internal import Foundation
internal import NumericalMethods

/// Reads dataset folders (`solidfade.dataset/1`), lone tables of cells, and single cells as `PATH:ID`.
public enum DatasetReader {
  /// Reads a dataset.
  ///
  /// - Parameter path: a dataset folder, a `cells.csv` without observations, or either with `:ID` for one cell.
  /// - Throws: `DataFaults`, all faults of a file in one report.
  public static func read(_ path: String) throws(DataFaults) -> Dataset {
    var location = path
    var only: String?
    if !FileManager.default.fileExists(atPath: path), let colon = path.lastIndex(of: ":") {
      location = String(path[..<colon])
      only = String(path[path.index(after: colon)...])
    }
    while location.count > 1, location.hasSuffix("/") { location.removeLast() }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: location, isDirectory: &isFolder) else {
      throw DataFaults(
        DataFault("E001", file: location, "does not exist", help: "give a dataset folder or a cells.csv"))
    }
    var dataset = isFolder.boolValue ? try readFolder(location) : try readLoneCells(location)
    if let only {
      guard dataset.cells.contains(where: { $0.id == only }) else {
        let some = dataset.cells.prefix(8).map(\.id).joined(separator: ", ")
        throw DataFaults(
          DataFault("E031", file: location, field: "cell_id", "no cell \"\(only)\"; there are \(some) …", help: nil))
      }
      dataset.cells.removeAll { $0.id != only }
    }
    return dataset
  }

  // MARK: Folder

  private static func readFolder(_ folder: String) throws(DataFaults) -> Dataset {
    let prefix = folder + "/"
    var fingerprints: [String: String] = [:]
    let (description, stated) = try readDescription(prefix + "dataset.json", &fingerprints)
    var dataset = Dataset(description: description, cells: [], folder: folder)
    try readCells(prefix + "cells.csv", into: &dataset)
    fingerprints["cells.csv"] = try hash(prefix + "cells.csv")
    var cycleFiles: [String] = []
    for name in ["cycles.csv", "cycles.csv.gz"] where FileManager.default.fileExists(atPath: prefix + name) {
      cycleFiles = [name]
      break
    }
    if cycleFiles.isEmpty, let names = try? FileManager.default.contentsOfDirectory(atPath: prefix + "cycles") {
      cycleFiles = names.filter { $0.hasSuffix(".csv") || $0.hasSuffix(".csv.gz") }.sorted().map { "cycles/" + $0 }
    }
    if cycleFiles.isEmpty {
      throw DataFaults(
        DataFault(
          "E001", file: prefix + "cycles.csv", "does not exist",
          help: "add the observations, or give cells.csv alone to forecast designs"))
    }
    let index = Dictionary(uniqueKeysWithValues: dataset.cells.enumerated().map { ($1.id, $0) })
    var seen: Set<String> = []
    for name in cycleFiles {
      try readCycles(prefix + name, index: index, seen: &seen, into: &dataset)
      fingerprints[name] = try hash(prefix + name)
    }
    for (name, expected) in stated.sorted(by: { $0.key < $1.key }) {
      var found = fingerprints[name] ?? ""
      if found.isEmpty { found = try hash(prefix + name) }
      if found != expected.lowercased() {
        throw DataFaults(
          DataFault(
            "E013", file: prefix + name, "SHA-256 \(found), dataset.json states \(expected)",
            help: "the file changed after it was published: fetch it again or remove the stated hash"))
      }
    }
    if FileManager.default.fileExists(atPath: prefix + "splits.json") {
      try readSplits(prefix + "splits.json", into: &dataset)
      fingerprints["splits.json"] = try hash(prefix + "splits.json")
    }
    dataset.fingerprints = fingerprints
    return dataset
  }

  private static func hash(_ path: String) throws(DataFaults) -> String { sha256(try bytes(path)) }

  private static func bytes(_ path: String) throws(DataFaults) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataFaults(
        DataFault(
          FileManager.default.fileExists(atPath: path) ? "E002" : "E001", file: path,
          FileManager.default.fileExists(atPath: path) ? "cannot be read" : "does not exist",
          help: "a dataset folder holds dataset.json, cells.csv and cycles.csv"))
    }
    return Array(data)
  }

  /// Parses a JSON object.
  static func jsonObject(_ path: String, _ bytes: [UInt8]) throws(DataFaults) -> [String: Any] {
    if bytes.isEmpty {
      throw DataFaults(DataFault("E010", file: path, "the file is empty", help: "see the dataset format"))
    }
    do {
      if let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] { return object }
    } catch {
      let text = "\(error)"
      throw DataFaults(
        DataFault(
          "E010", file: path, line: jsonLine(text, bytes), "not well-formed JSON: \(jsonMessage(text))",
          help: "check commas and quotes"))
    }
    throw DataFaults(DataFault("E010", file: path, "the top level must be an object {…}", help: nil))
  }

  private static func jsonMessage(_ text: String) -> String {
    guard let start = text.range(of: "NSDebugDescription=") else { return "it cannot be parsed" }
    let rest = text[start.upperBound...]
    return String(rest.prefix { $0 != "}" && $0 != "\"" })
  }

  /// Line named by Foundation's message, if any.
  private static func jsonLine(_ text: String, _ bytes: [UInt8]) -> Int? {
    guard let r = text.range(of: "around line ") else { return nil }
    return Int(text[r.upperBound...].prefix { $0.isNumber })
  }

  private static func readDescription(
    _ path: String, _ fingerprints: inout [String: String]
  ) throws(DataFaults) -> (DatasetDescription, [String: String]) {
    let raw = try bytes(path)
    fingerprints["dataset.json"] = sha256(raw)
    let object = try jsonObject(path, raw)
    var faults = FaultList()
    func text(_ key: String, required: Bool = true, default value: String = "") -> String {
      if let found = object[key] as? String { return found }
      if required {
        faults.add(
          DataFault("E011", file: path, field: key, "key \"\(key)\" is missing or not text", help: "add it"))
      }
      return value
    }
    func oneOf<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type, _ fallback: T) -> T
    where T.RawValue == String {
      let word = text(key)
      if let value = T(rawValue: word) { return value }
      if object[key] is String {
        let allowed = T.allCases.map(\.rawValue).joined(separator: ", ")
        faults.add(
          DataFault("E014", file: path, field: key, "found \"\(word)\", expected one of \(allowed)", help: nil))
      }
      return fallback
    }
    let schema = text("schema")
    if !schema.isEmpty, schema != "solidfade.dataset/1" {
      let version = schema.hasPrefix("solidfade.dataset/") ? Int(schema.dropFirst(18)) : nil
      faults.add(
        DataFault(
          version.map { $0 > 1 } ?? false ? "E012" : "E014", file: path, field: "schema",
          "found \"\(schema)\", this version reads \"solidfade.dataset/1\"",
          help: "update the tool or convert the dataset"))
    }
    let name = text("name")
    if name.contains("/") || name.contains(":") {
      faults.add(DataFault("E014", file: path, field: "name", "\"\(name)\" holds / or :", help: "choose another name"))
    }
    let kind = oneOf("kind", DatasetKind.self, .measured)
    let family = oneOf("cell_family", CellFamily.self, .other)
    let age = text("age", required: false, default: "cycle_count")
    if age != "cycle_count", age != "equivalent_full_cycles" {
      faults.add(
        DataFault(
          "E014", file: path, field: "age", "found \"\(age)\", expected cycle_count or equivalent_full_cycles",
          help: nil))
    }
    let capacity = text("capacity")
    let capacities = ["cycle_discharging_capacity_ah", "specific_discharging_capacity_mah_g", "capacity_retention"]
    if !capacity.isEmpty, !capacities.contains(capacity) {
      faults.add(
        DataFault(
          "E014", file: path, field: "capacity",
          "found \"\(capacity)\", expected one of \(capacities.joined(separator: ", "))", help: nil))
    }
    var limit = EndOfLife(fraction: 0.8, reference: .first)
    if let end = object["end_of_life"] as? [String: Any], let fraction = (end["fraction"] as? NSNumber)?.doubleValue,
      let word = end["reference"] as? String, let reference = CapacityReference(word), fraction > 0, fraction < 1
    {
      limit = EndOfLife(fraction: fraction, reference: reference)
    } else {
      faults.add(
        DataFault(
          "E011", file: path, field: "end_of_life",
          "expected {\"fraction\": 0…1, \"reference\": \"nominal\" | \"first\" | \"max\" | \"mean:2-4\"}",
          help: "state the life definition of the dataset"))
    }
    if capacity == "capacity_retention", limit.reference == .nominal {
      faults.add(
        DataFault(
          "E014", file: path, field: "end_of_life",
          "reference nominal with capacity_retention, which is relative already",
          help: "use \"first\""))
    }
    try faults.throwIfAny()
    var texts: [String: String] = [:]
    for (key, value) in object { if let value = value as? String { texts[key] = value } }
    let description = DatasetDescription(
      name: name, kind: kind, family: family, ageColumn: age, capacityColumn: capacity, endOfLife: limit, texts: texts)
    return (description, object["sha256"] as? [String: String] ?? [:])
  }

  /// A table of designs without observations.
  private static func readLoneCells(_ path: String) throws(DataFaults) -> Dataset {
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let description = DatasetDescription(
      name: name, kind: .measured, family: .sulfideSolidState, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    var dataset = Dataset(description: description, cells: [])
    try readCells(path, into: &dataset)
    dataset.fingerprints = [URL(fileURLWithPath: path).lastPathComponent: try hash(path)]
    return dataset
  }

  // MARK: Tables

  /// The header of a table: the meaning of each column.
  private struct Header {
    var names: [String]
    var matches: [ColumnDictionary.Match?]

    init(_ row: CSVRow, table: ColumnDefinition.Table, file: String, faults: inout FaultList) {
      names = []
      matches = []
      var taken: [String: Int] = [:]
      for i in 0..<row.count {
        let text = row.text(i) ?? ""
        var match: ColumnDictionary.Match?
        do { match = try ColumnDictionary.match(text, table: table) } catch {
          faults.add(
            DataFault(
              error.code, file: file, line: row.line, column: row.columns[i], field: text, error.message,
              help: error.help))
        }
        let name = match?.column.name ?? text
        if taken[name] != nil {
          faults.add(
            DataFault(
              "E020", file: file, line: row.line, column: row.columns[i], field: name,
              "column \"\(name)\" stands twice",
              help: "remove or rename one"))
        }
        taken[name] = i
        names.append(name)
        matches.append(match)
      }
    }

    func require(_ wanted: [String], _ row: CSVRow, file: String, faults: inout FaultList) {
      for name in wanted where !names.contains(name) {
        faults.add(
          DataFault(
            "E020", file: file, line: row.line, column: 1, field: name,
            "column \"\(name)\" is missing; found \(names.joined(separator: ", "))",
            help: "add it, or rename the column that holds it"))
      }
    }
  }

  private static func fieldCountFault(_ row: CSVRow, _ expected: Int, _ file: String) -> DataFault {
    DataFault(
      "E023", file: file, line: row.line, column: row.columns.last, "found \(row.count) fields, expected \(expected)",
      help: "quote fields that hold commas")
  }

  private static func readCells(_ path: String, into dataset: inout Dataset) throws(DataFaults) {
    var faults = FaultList()
    var header: Header?
    var seen: [String: Int] = [:]
    var cells: [CellHistory] = []
    var lines: [String: Dataset.CellLines] = [:]
    let reader = CSVReader(path: path, name: path)
    try reader.forEachRow { row throws(DataFaults) in
      guard let head = header else {
        let made = Header(row, table: .cells, file: path, faults: &faults)
        made.require(["cell_id"], row, file: path, faults: &faults)
        header = made
        // Rows under a header that is wrong would only repeat its fault.
        try faults.throwIfAny()
        return
      }
      guard row.count == head.names.count else {
        faults.add(fieldCountFault(row, head.names.count, path))
        return
      }
      var attributes = CellAttributes()
      var id = ""
      for i in 0..<row.count where !row.isMissing(i) {
        let name = head.names[i]
        guard let text = row.text(i) else {
          faults.add(DataFault("E003", file: path, line: row.line, column: row.columns[i], field: name, "not UTF-8"))
          continue
        }
        if name == "cell_id" {
          id = text
          continue
        }
        let isKnownNumber = head.matches[i].map { $0.column.kind != .text } ?? false
        let isEarly = head.matches[i] == nil && name.hasPrefix("early_")
        guard isKnownNumber || isEarly else {
          attributes.texts[name] = text
          continue
        }
        guard var value = row.number(i) else {
          if isEarly {
            attributes.texts[name] = text
          } else {
            faults.add(
              DataFault(
                "E022", file: path, line: row.line, column: row.columns[i], field: name,
                "column \"\(name)\": found \"\(text)\", expected a number",
                help: "leave the field empty if it is not known"))
          }
          continue
        }
        if let match = head.matches[i] {
          value = match.factor * value + match.offset
          if let allowed = match.column.allowed, !allowed.contains(value) {
            faults.add(
              DataFault(
                "E024", file: path, line: row.line, column: row.columns[i], field: name,
                "column \"\(name)\": found \(short(value)), expected \(short(allowed.lowerBound))…\(short(allowed.upperBound))",
                help: "check the unit: the name says \(match.column.unit)"))
          }
        }
        attributes.numbers[name] = value
      }
      func bad(_ field: String, _ text: String, _ allowed: [String]) {
        let i = head.names.firstIndex(of: field) ?? 0
        faults.add(
          DataFault(
            "E014", file: path, line: row.line, column: row.columns[i], field: field,
            "column \"\(field)\": found \"\(text)\", expected one of \(allowed.joined(separator: ", "))", help: nil))
      }
      if let status = attributes.text("status"), CellStatus(rawValue: status) == nil {
        bad("status", status, CellStatus.allCases.map(\.rawValue))
      }
      if let word = attributes.text("morphology"), word != "poly", word != "single" {
        bad("morphology", word, ["poly", "single"])
      }
      let column = head.names.firstIndex(of: "cell_id").map { row.columns[$0] }
      if id.isEmpty || id.contains("/") {
        faults.add(
          DataFault(
            "E014", file: path, line: row.line, column: column, field: "cell_id",
            id.isEmpty ? "cell_id is empty" : "cell_id \"\(id)\" holds a /", help: "give every cell a name of its own"))
        return
      }
      if let first = seen[id] {
        faults.add(
          DataFault(
            "E027", file: path, line: row.line, column: column, field: "cell_id",
            "cell \"\(id)\" stands twice; first on line \(first)", help: "give every cell a name of its own"))
        return
      }
      seen[id] = row.line
      lines[id] = Dataset.CellLines(cells: row.line, cyclesFile: nil, rows: [])
      cells.append(CellHistory(id: id, attributes: attributes))
    }
    if header == nil || (cells.isEmpty && faults.isEmpty) {
      faults.add(
        DataFault(
          "E029", file: path, line: 1, header == nil ? "the file is empty" : "no cell after the header",
          help: "one row per cell, header first"))
    }
    try faults.throwIfAny()
    dataset.cells = cells
    dataset.lines = lines
    if let header {
      dataset.unknownColumns = zip(header.names, header.matches).filter { $1 == nil }.map(\.0)
      let plain = dataset.unknownColumns.filter { !$0.hasPrefix("early_") }
      if !plain.isEmpty {
        dataset.warnings.append(
          DataWarning(
            "W001", file: path, field: plain.joined(separator: ","),
            "unknown columns kept as text: \(plain.joined(separator: ", "))",
            help: "they are not used unless --use-columns names them"))
      }
    }
  }

  private static func readCycles(
    _ path: String, index: [String: Int], seen: inout Set<String>, into dataset: inout Dataset
  ) throws(DataFaults) {
    let description = dataset.description
    var faults = FaultList()
    var header: Header?
    var numberColumns: [(Int, String, ColumnDictionary.Match)] = []
    var ageIndex = 0
    var capacityIndex = 0
    var idIndex = 0
    var flagIndex: Int?
    var current = ""
    var currentCell: Int?
    var series = CycleSeries()
    var rowLines: [Int] = []
    var rows = 0
    var badCapacity: [String: Int] = [:]
    var missingAges = 0
    var cells = dataset.cells
    var lines = dataset.lines
    var finished = seen
    let file = path
    func close() {
      guard let k = currentCell else { return }
      cells[k].series = series
      lines[current]?.cyclesFile = file
      lines[current]?.rows = rowLines
    }
    let reader = CSVReader(path: path, name: path)
    try reader.forEachRow { row throws(DataFaults) in
      guard let head = header else {
        let made = Header(row, table: .cycles, file: file, faults: &faults)
        made.require(["cell_id", description.ageColumn, description.capacityColumn], row, file: file, faults: &faults)
        header = made
        idIndex = made.names.firstIndex(of: "cell_id") ?? 0
        ageIndex = made.names.firstIndex(of: description.ageColumn) ?? 0
        capacityIndex = made.names.firstIndex(of: description.capacityColumn) ?? 0
        flagIndex = made.names.firstIndex(of: "quality_flag")
        for (i, match) in made.matches.enumerated() {
          if let match, match.column.kind != .text, i != ageIndex, i != capacityIndex {
            numberColumns.append((i, match.column.name, match))
          }
        }
        try faults.throwIfAny()
        return
      }
      rows += 1
      guard row.count == head.names.count else {
        faults.add(fieldCountFault(row, head.names.count, file))
        return
      }
      func number(_ i: Int) -> Double? {
        guard let match = head.matches[i], let value = row.number(i) else { return nil }
        return match.factor == 1 && match.offset == 0 ? value : match.factor * value + match.offset
      }
      func notANumber(_ i: Int, _ expected: String, code: String = "E022") {
        faults.add(
          DataFault(
            code, file: file, line: row.line, column: row.columns[i], field: head.names[i],
            "column \"\(head.names[i])\": found \"\(row.text(i) ?? "?")\", expected \(expected)",
            help: code == "E021" ? "give the age column as whole cycles" : "leave the field empty if it is not known"))
      }
      let id = row.text(idIndex) ?? ""
      if id != current {
        close()
        if !current.isEmpty { finished.insert(current) }
        current = id
        currentCell = index[id]
        series = CycleSeries()
        rowLines = []
        if currentCell == nil {
          faults.add(
            DataFault(
              "E028", file: file, line: row.line, column: row.columns[idIndex], field: "cell_id",
              "cell \"\(id)\" is not in cells.csv", help: "add a row for it there"))
        } else if finished.contains(id) {
          faults.add(
            DataFault(
              "E026", file: file, line: row.line, column: row.columns[idIndex], field: "cell_id",
              "rows of cell \"\(id)\" are not together", help: "sort the table by cell, then by age"))
        }
      }
      if row.isMissing(ageIndex) {
        missingAges += 1
        return
      }
      guard let age = number(ageIndex) else {
        notANumber(ageIndex, "a number ≥ 0")
        return
      }
      if description.ageColumn == "cycle_count", age != age.rounded() || age < 0 {
        notANumber(ageIndex, "a whole number ≥ 0", code: "E021")
        return
      }
      if age < 0 {
        notANumber(ageIndex, "a number ≥ 0", code: "E024")
        return
      }
      if let last = series.ages.last, !(age > last) {
        faults.add(
          DataFault(
            "E025", file: file, line: row.line, column: row.columns[ageIndex], field: description.ageColumn,
            "cell \"\(id)\": age \(short(age)) after \(short(last)), expected a larger one",
            help: "ages of a cell increase strictly; sort them and remove repeats"))
        return
      }
      var capacity = Double.nan
      if !row.isMissing(capacityIndex) {
        guard let value = number(capacityIndex) else {
          notANumber(capacityIndex, "a number")
          return
        }
        capacity = value
      }
      if !(capacity > 0) { badCapacity[id, default: 0] += 1 }
      series.ages.append(age)
      series.capacities.append(capacity)
      for (i, name, _) in numberColumns {
        var value = Double.nan
        if !row.isMissing(i) {
          if let found = number(i) { value = found } else { notANumber(i, "a number") }
        }
        series.columns[name, default: []].append(value)
      }
      var flag = QualityFlag.ok
      if let i = flagIndex, !row.isEmpty(i) {
        if let found = row.text(i).flatMap(QualityFlag.init) {
          flag = found
        } else {
          notANumber(i, "one of " + QualityFlag.allCases.map(\.rawValue).joined(separator: ", "), code: "E014")
        }
      }
      series.flags.append(flag)
      rowLines.append(row.line)
    }
    close()
    if !current.isEmpty { finished.insert(current) }
    if rows == 0 && faults.isEmpty {
      faults.add(
        DataFault(
          "E029", file: file, line: 1, header == nil ? "the file is empty" : "no row after the header",
          help: "one row per cell and observation"))
    }
    try faults.throwIfAny()
    dataset.cells = cells
    dataset.lines = lines
    seen = finished
    let unknown = zip(header?.names ?? [], header?.matches ?? []).filter { $1 == nil }.map(\.0)
    if !unknown.isEmpty {
      dataset.warnings.append(
        DataWarning(
          "W001", file: file, field: unknown.joined(separator: ","),
          "unknown columns passed over: \(unknown.joined(separator: ", "))",
          help: "see `solidfade columns`"))
    }
    if missingAges > 0 {
      dataset.warnings.append(
        DataWarning(
          "W003", file: file, field: description.ageColumn, "\(missingAges) rows without an age are left out",
          help: "fill the column in"))
    }
    if !badCapacity.isEmpty {
      let total = badCapacity.values.reduce(0, +)
      dataset.warnings.append(
        DataWarning(
          "W002", file: file, field: description.capacityColumn,
          "\(total) rows of \(badCapacity.count) cells have no positive capacity and are left out",
          help: "mark them with quality_flag"))
    }
  }

  private static func readSplits(_ path: String, into dataset: inout Dataset) throws(DataFaults) {
    let object = try jsonObject(path, try bytes(path))
    var faults = FaultList()
    let known = Set(dataset.cells.map(\.id))
    var splits: [String: [String: [String]]] = [:]
    for (name, value) in object.sorted(by: { $0.key < $1.key }) {
      guard let parts = value as? [String: Any] else {
        faults.add(DataFault("E011", file: path, field: name, "expected {\"PART\": [cell_id, …]}", help: nil))
        continue
      }
      for (part, list) in parts.sorted(by: { $0.key < $1.key }) {
        guard let ids = list as? [String] else {
          faults.add(DataFault("E011", file: path, field: "\(name)/\(part)", "expected a list of cell ids", help: nil))
          continue
        }
        for id in ids where !known.contains(id) {
          faults.add(
            DataFault(
              "E028", file: path, field: "\(name)/\(part)", "cell \"\(id)\" is not in cells.csv",
              help: "remove it from the split, or add the cell"))
        }
        splits[name, default: [:]][part] = ids
      }
    }
    try faults.throwIfAny()
    dataset.splits = splits
  }

  static func short(_ x: Double) -> String {
    x == x.rounded() && abs(x) < 1e15 ? String(Int(x)) : String(x)
  }
}
