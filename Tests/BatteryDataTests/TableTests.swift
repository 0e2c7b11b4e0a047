import CellModel
import Foundation
import Testing

@testable import BatteryData

@Suite struct NumberTests {
  private func parse(_ text: String) -> Double? {
    Array(text.utf8).withUnsafeBufferPointer { parseDecimal($0) }
  }

  /// Against the standard library's correctly rounded reading.
  @Test func agreesWithTheStandardLibrary() {
    var state: UInt64 = 12345
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    var wrong = 0
    for _ in 0..<10_000 {
      var text = next() % 2 == 0 ? "-" : ""
      for _ in 0..<(1 + next() % 20) { text += String(next() % 10) }
      if next() % 4 != 0 {
        text += "."
        for _ in 0..<(next() % 20) { text += String(next() % 10) }
      }
      if next() % 3 == 0 { text += "e\(Int(next() % 620) - 330)" }
      let found = parse(text)
      let wanted = Double(text.hasSuffix(".") ? text + "0" : text.replacing(".e", with: ".0e"))
      if found?.bitPattern != wanted?.bitPattern { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test func refusesWhatIsNoNumber() {
    for text in ["", "-", ".", "e5", "1e", "1e+", "1,5", "0x10", "1.2.3", "1 2", "inf", "--1", "1a"] {
      #expect(parse(text) == nil, "\(text)")
    }
    #expect(parse(" 1.5\t") == 1.5)
    #expect(parse("+.5") == 0.5)
  }
}

@Suite struct TableTests {
  private func rows(_ text: String) throws -> [[String]] {
    let folder = try TemporaryFolder()
    try folder.write("t.csv", text)
    var out: [[String]] = []
    try CSVReader(path: folder.path + "/t.csv", name: "t.csv").forEachRow { row throws(DataFaults) in
      out.append((0..<row.count).map { row.text($0) ?? "?" })
    }
    return out
  }

  @Test func quotesLineEndsAndByteOrderMark() throws {
    let wanted = [["a", "b"], ["x, y", "say \"hi\""], ["", "two\nlines"]]
    let text = "a,b\n\"x, y\",\"say \"\"hi\"\"\"\n,\"two\nlines\"\n"
    #expect(try rows(text) == wanted)
    #expect(try rows("\u{feff}" + text) == wanted)
    #expect(try rows("\n" + text + "\n\n") == wanted)
    #expect(try rows(String(text.dropLast())) == wanted)
    #expect(try rows("a,b\r\n1,\"2\"\r\n3,\r\n") == [["a", "b"], ["1", "2"], ["3", ""]])
  }

  @Test func writtenTablesReadBack() throws {
    var table = CSVWriter(header: ["t", "x"])
    let texts = ["plain", "a,b", "quote \" inside", "line\nbreak", "µ Ω"]
    let numbers = [0.1, 1e-300, .leastNonzeroMagnitude, 123_456_789, -0.3, 1.7976931348623157e308]
    for (i, number) in numbers.enumerated() { table.append([.text(texts[i % texts.count]), .number(number)]) }
    let read = try rows(String(decoding: table.bytes, as: UTF8.self))
    for (i, number) in numbers.enumerated() {
      #expect(read[i + 1][0] == texts[i % texts.count])
      #expect(TextTable.number(read[i + 1][1])?.bitPattern == number.bitPattern)
    }
  }

  @Test func unitsAreConverted() throws {
    func value(_ header: String, _ x: Double, _ table: ColumnDefinition.Table = .cycles) throws -> (String, Double)? {
      try ColumnDictionary.match(header, table: table).map { ($0.column.name, $0.factor * x + $0.offset) }
    }
    let capacity = try #require(try value("Cycle Discharging Capacity / mAh", 250))
    #expect(capacity == ("cycle_discharging_capacity_ah", 0.25))
    let kelvin = try #require(try value("ambient temperature [K]", 298.15))
    #expect(kelvin.0 == "ambient_temperature_celsius" && abs(kelvin.1 - 25) < 1e-9)
    let percent = try #require(try value("Coulombic Efficiency (%)", 99.5))
    #expect(percent.0 == "coulombic_efficiency" && abs(percent.1 - 0.995) < 1e-12)
    #expect(try value("Test Time (h)", 2)?.1 == 7200)
    #expect(try value("something else", 1) == nil)
    #expect(throws: DataFault.self) { try value("discharge capacity (V)", 1) }
  }
}

@Suite struct DatasetWriterTests {
  @Test func roundTrip() async throws {
    let description = DatasetDescription(
      name: "round", kind: .simulated, family: .sulfideSolidState,
      capacityColumn: "specific_discharging_capacity_mah_g",
      endOfLife: EndOfLife(fraction: 0.7, reference: .mean(2...4)),
      texts: ["title": "Quotes \" and \\ and\nlines", "license": "CC0"])
    let cells = [
      CellHistory(
        id: "A, 1",
        attributes: CellAttributes(
          numbers: ["temperature_celsius": 25, "stack_pressure_mpa": 0.1 + 0.2],
          texts: ["cathode_material": "NCM, \"811\"", "house_code": "x7"]),
        series: CycleSeries(
          ages: [1, 2, 5], capacities: [180.1, .nan, 170], columns: ["coulombic_efficiency": [0.9, 0.99, .nan]],
          flags: [.ok, .glitch, .ok]),
        curves: VoltageCurves(voltagesV: [3, 3.5, 4], ages: [1, 5], dischargedAh: [[0.3, 0.2, 0], [0.25, 0.1, 0]])),
      CellHistory(id: "B", series: CycleSeries()),
      CellHistory(id: "C", series: CycleSeries(ages: [0], capacities: [1.0 / 3])),
    ]
    let folder = try TemporaryFolder()
    let path = folder.path + "/round"
    try AtomicWrite.folder(path, files: DatasetWriter.files(description, cells: cells, readme: "r\n"), replacing: false)
    let read = try DatasetReader.read(path)
    #expect(read.description.name == "round" && read.description.kind == .simulated)
    #expect(read.description.family == .sulfideSolidState)
    #expect(read.description.endOfLife == description.endOfLife)
    #expect(read.description.texts["title"] == description.texts["title"])
    #expect(read.cells.map(\.id) == cells.map(\.id))
    for (a, b) in zip(read.cells, cells) {
      #expect(a.attributes == b.attributes)
      #expect(a.series.ages == b.series.ages)
      #expect(a.series.flags == b.series.flags)
      #expect(a.series.capacities.map(\.isNaN) == b.series.capacities.map(\.isNaN))
      for (x, y) in zip(a.series.capacities, b.series.capacities) where y.isFinite { #expect(x == y) }
    }
    #expect(read.cells[0].series.columns["coulombic_efficiency"]?.prefix(2) == [0.9, 0.99])
    let curves = try await DatasetReader.readCurves(read, cellIDs: read.cells.map(\.id), upTo: nil, threads: 1)
    #expect(curves["A, 1"] == cells[0].curves)
    #expect(curves.count == 1)
    #expect(throws: DataFaults.self) { try AtomicWrite.folder(path, files: [:], replacing: false) }
  }
}

@Suite struct AtomicWriteTests {
  @Test("Files of a folder are read back as they were, empty and long ones too")
  func lengths() throws {
    let folder = try TemporaryFolder()
    let files: [String: [UInt8]] = [
      "empty": [], "one": [7], "sub/long": (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31) },
    ]
    try AtomicWrite.folder(folder.path + "/out", files: files, replacing: false)
    for (name, bytes) in files {
      let found = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/out/" + name))
      // Compared apart: a report of millions of bytes would take hours.
      let isSame = [UInt8](found) == bytes
      #expect(isSame, "\(name): \(found.count) bytes")
    }
    try AtomicWrite.file(folder.path + "/alone", [], replacing: false)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/alone")).isEmpty)
  }
}

@Suite struct SharedDatasetTests {
  /// Datasets beside the project, when they are there.
  static let folders: [String] = {
    let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("../shared/data").standardizedFileURL.path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: shared)) ?? []
    return names.sorted().map { shared + "/" + $0 }.filter {
      FileManager.default.fileExists(atPath: $0 + "/dataset.json")
    }
  }()

  @Test(.enabled(if: !folders.isEmpty, "skipped: no ../shared/data beside the project"), arguments: folders)
  func reads(_ path: String) throws {
    let dataset = try DatasetReader.read(path)
    #expect(!dataset.cells.isEmpty)
    let report = DatasetChecks.run(dataset, protocolName: DatasetChecks.defaultProtocol(dataset.description.family))
    #expect(report.count(.error) == 0)
    #expect(report.groups.reduce(0) { $0 + $1.cells } == dataset.cells.count)
    let life = try #require(report.life)
    #expect(life.events + life.intervals + life.censored + life.failed + life.excluded == dataset.cells.count)
  }
}
