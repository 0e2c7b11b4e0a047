internal import Foundation
internal import RunDocuments
internal import SolidFade

/// The JSON object that a caller sends. Every key is checked before anything runs.
struct Request: Sendable {
  private let members: [String: JSONTree]
  /// Where tables that came within the request are written to be read; made on first use, removed by `removeFiles`.
  private let folder = NSTemporaryDirectory() + "solidfade-request-" + UUID().uuidString

  init(_ text: String) throws {
    let tree: JSONTree
    do throws(JSONSyntaxError) {
      tree = try JSONTree(parsing: Array(text.utf8))
    } catch {
      throw DataFaults(
        DataFault(
          "E090", file: "request", line: error.line, column: error.column, error.message, help: "send a JSON object"))
    }
    guard case .object(let members) = tree else { throw Self.fault("request", "not a JSON object") }
    self.members = members
  }

  /// Refuses keys that nobody reads.
  func allow(_ keys: [String]) throws {
    let all = keys + ["seed", "threads"]
    if let key = members.keys.sorted().first(where: { !all.contains($0) }) {
      throw Self.fault(key, "unknown key; there are \(all.sorted().joined(separator: ", "))")
    }
  }

  func has(_ key: String) -> Bool { members[key].map { $0 != .null } ?? false }

  func text(_ key: String) throws -> String? {
    switch members[key] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    case .some(let other): throw Self.fault(key, "found \(Self.show(other)), expected a text")
    }
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    let x: Double
    switch members[key] {
    case nil, .null?: return nil
    case .number(let value)?: x = value
    case .integer(let value)?: x = Double(value)
    case .some(let other): throw Self.fault(key, "found \(Self.show(other)), expected a number")
    }
    guard range.contains(x) else {
      throw Self.fault(
        key, "found \(shortest(x)), expected \(shortest(range.lowerBound))…\(shortest(range.upperBound))")
    }
    return x
  }

  /// An age as a number, or a text as the command's `--early` reads it.
  func cutOff(_ key: String) throws -> CutOff? {
    guard case .string(let text)? = members[key] else { return try number(key, in: 0...1e9).map { CutOff($0) } }
    if text == "all" { return nil }
    guard let found = CutOff(text) else {
      throw Self.fault(
        key, "found \"\(text)\", expected an age, a day or a check-up (50, \"21d\", \"2checkups\") or \"all\"")
    }
    return found
  }

  func whole(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    switch members[key] {
    case nil, .null?: return nil
    case .integer(let i)? where range.contains(Int(i)): return Int(i)
    case .some(let other):
      throw Self.fault(
        key, "found \(Self.show(other)), expected a whole number \(range.lowerBound)…\(range.upperBound)")
    }
  }

  func flag(_ key: String) throws -> Bool {
    switch members[key] {
    case nil, .null?: return false
    case .bool(let value)?: return value
    case .some(let other): throw Self.fault(key, "found \(Self.show(other)), expected true or false")
    }
  }

  func seed() throws -> UInt64 { UInt64(try whole("seed", in: 0...Int.max) ?? 1) }

  func threads() throws -> Int {
    try whole("threads", in: 1...1024) ?? max(1, ProcessInfo.processInfo.activeProcessorCount)
  }

  /// A list of objects as the bytes of a table whose columns are all keys that occur.
  func table(_ key: String, first columns: [String]) throws -> [UInt8]? {
    guard has(key), let list = members[key] else { return nil }
    guard case .array(let items) = list, !items.isEmpty else {
      throw Self.fault(key, "found \(Self.show(list)), expected a list of objects")
    }
    let rows = try items.enumerated().map { k, item -> [String: JSONTree] in
      guard case .object(let row) = item else {
        throw Self.fault("\(key)[\(k)]", "found \(Self.show(item)), expected an object")
      }
      return row
    }
    let found = Set(rows.flatMap(\.keys))
    let header = columns.filter(found.contains) + found.subtracting(columns).sorted()
    var table = CSVWriter(header: header)
    for (k, row) in rows.enumerated() {
      table.append(
        try header.map { name in
          switch row[name] {
          case nil, .null?: .text(nil)
          case .string(let text)?: .text(text)
          case .number(let x)?: .number(x)
          case .integer(let i)?: .number(Double(i))
          case .bool(let b)?: .bool(b)
          case .some(let other):
            throw Self.fault("\(key)[\(k)].\(name)", "found \(Self.show(other)), expected a number or a text")
          }
        })
    }
    return table.bytes
  }

  /// Writes a file of the request and gives its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let path = folder + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  var folderPath: String { folder }

  func removeFiles() { try? FileManager.default.removeItem(atPath: folder) }

  static func fault(_ field: String, _ message: String) -> DataFaults {
    DataFaults(DataFault("E090", file: "request", field: field, "\(field): \(message)", help: "see solidfade.h"))
  }

  private static func show(_ tree: JSONTree) -> String {
    let text = String(decoding: tree.serialized(), as: UTF8.self)
    return text.count > 40 ? text.prefix(40) + "…" : text
  }
}

extension ForecastRun {
  /// A forecast as a request asks for it.
  init(_ request: Request) throws {
    try request.allow([
      "dataset", "cells", "cycles", "family", "model", "early", "draws", "eol", "reference", "horizon", "strict_domain",
      "allow_extrapolation",
    ])
    self.init(dataset: try request.dataset(), model: try request.text("model"))
    early = try request.cutOff("early")
    draws = try request.whole("draws", in: Self.allowedDraws) ?? draws
    limit = try request.number("eol", in: SearchRun.allowedLimits)
    if let text = try request.text("reference") {
      guard let reference = CapacityReference(text) else {
        throw Request.fault("reference", "found \"\(text)\", expected first, max, mean:2-4 or nominal")
      }
      self.reference = reference
    }
    horizon = try request.number("horizon", in: 1...1e9)
    isStrict = try request.flag("strict_domain")
    allowsExtrapolation = try request.flag("allow_extrapolation")
    if isStrict, allowsExtrapolation {
      throw Request.fault("allow_extrapolation", "true beside \"strict_domain\"; give one of the two")
    }
    seed = try request.seed()
    threads = try request.threads()
  }
}

extension SearchRun {
  /// A search as a request asks for it.
  init(_ request: Request) throws {
    try request.allow(["space", "space_toml", "model", "budget", "eol", "horizon"])
    switch (try request.text("space"), try request.text("space_toml")) {
    case (let path?, nil): self.init(space: path)
    case (nil, let text?): self.init(space: try request.write("space.toml", Array(text.utf8)))
    default: throw Request.fault("space", "give a path as \"space\", or the file's content as \"space_toml\"")
    }
    model = try request.text("model")
    budget = try request.whole("budget", in: Self.allowedBudgets) ?? budget
    limit = try request.number("eol", in: Self.allowedLimits) ?? limit
    horizon = try request.number("horizon", in: Self.allowedHorizons) ?? horizon
    seed = try request.seed()
    threads = try request.threads()
  }
}

extension Request {
  /// The cells of a request: a dataset on disk, or tables that came with it.
  fileprivate func dataset() throws -> Dataset {
    if let path = try text("dataset") {
      if has("cells") || has("cycles") { throw Self.fault("cells", "beside \"dataset\"; give one of the two") }
      return try DatasetReader.read(path)
    }
    guard let cells = try table("cells", first: ["cell_id"]) else {
      throw Self.fault("cells", "missing; give \"dataset\": PATH or \"cells\": [{…}]")
    }
    defer { removeFiles() }
    do {
      let table = try write("cells.csv", cells)
      guard let cycles = try self.table("cycles", first: ["cell_id", "cycle_count"]) else {
        var dataset = try DatasetReader.read(table)
        if let family = try family() { dataset.description.family = family }
        return dataset
      }
      let columns = String(decoding: cycles.prefix { $0 != 0x0a }, as: UTF8.self).split(separator: ",").map(String.init)
      let capacities = ["cycle_discharging_capacity_ah", "specific_discharging_capacity_mah_g", "capacity_retention"]
      guard let capacity = capacities.first(where: columns.contains) else {
        throw Self.fault("cycles", "no capacity column; expected one of \(capacities.joined(separator: ", "))")
      }
      let age = columns.contains("equivalent_full_cycles") ? "equivalent_full_cycles" : "cycle_count"
      let description: JSONTree = .object([
        "schema": .string("solidfade.dataset/1"), "name": .string("request"), "version": .string("1"),
        "title": .string("cells of a request"), "description": .string(""), "kind": .string("measured"),
        "cell_family": .string((try family() ?? .sulfideSolidState).rawValue), "age": .string(age),
        "capacity": .string(capacity), "license": .string("the caller's"), "citation": .string("the caller"),
        "source": .string("request"),
        "end_of_life": .object(["fraction": .number(0.8), "reference": .string("first")]),
      ])
      _ = try write("dataset.json", description.serialized())
      _ = try write("cycles.csv", cycles)
      return try DatasetReader.read(folderPath)
    } catch let error as DataFaults {
      // Lines of a table are items of a list to the caller, the header being line 1.
      throw DataFaults(
        error.faults.map {
          var fault = $0
          let name = fault.file.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
          fault.file = "request"
          if let name, let line = fault.line, line >= 2 { fault.message = "\(name)[\(line - 2)]: \(fault.message)" }
          fault.line = nil
          fault.column = nil
          return fault
        })
    }
  }

  private func family() throws -> CellFamily? {
    guard let text = try text("family") else { return nil }
    guard let family = CellFamily(rawValue: text) else {
      throw Self.fault(
        "family", "found \"\(text)\", expected \(CellFamily.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return family
  }
}
