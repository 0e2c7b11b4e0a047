import BatteryData
import CellModel
import Foundation
import Testing

/// Every fault names its file, line and column.
@Suite struct ReaderFaultTests {
  private func expect(
    _ data: TextDataset, _ code: String, _ file: String, line: Int?, column: Int?, field: String?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let faults = try data.faults()
    #expect(faults.count == 1, sourceLocation: sourceLocation)
    let fault = try #require(faults.first, sourceLocation: sourceLocation)
    #expect(fault.code == code, sourceLocation: sourceLocation)
    #expect(fault.file?.hasSuffix("/" + file) == true, sourceLocation: sourceLocation)
    #expect(fault.line == line, sourceLocation: sourceLocation)
    #expect(fault.column == column, sourceLocation: sourceLocation)
    if let field { #expect(fault.field == field, sourceLocation: sourceLocation) }
  }

  @Test func soundDataRead() throws {
    let data = try TextDataset().read()
    #expect(data.cells.map(\.id) == ["A", "B"])
    #expect(data.cells[0].series.capacities == [1, 0.9, 0.7])
    #expect(data.cells[1].status == .failed)
    #expect(data.lines["B"]?.rows == [5, 6])
  }

  @Test func missingColumn() throws {
    var data = TextDataset()
    data.cycles = "cell_id,cycle_count,energy\nA,1,1\n"
    try expect(data, "E020", "cycles.csv", line: 1, column: 1, field: "cycle_discharging_capacity_ah")
    data = TextDataset()
    data.cells = "id,status\nA,completed\n"
    try expect(data, "E020", "cells.csv", line: 1, column: 1, field: "cell_id")
  }

  @Test func textInANumber() throws {
    var data = TextDataset()
    data.cycles = data.cycles.replacing("A,2,0.9", with: "A,2,bad")
    try expect(data, "E022", "cycles.csv", line: 3, column: 5, field: "cycle_discharging_capacity_ah")
    data = TextDataset()
    data.cells = data.cells.replacing("B,g,1,", with: "B,g,1 Ah,")
    try expect(data, "E022", "cells.csv", line: 3, column: 5, field: "nominal_capacity_ah")
  }

  @Test func cycleNotWhole() throws {
    var data = TextDataset()
    data.cycles = data.cycles.replacing("A,2,", with: "A,2.5,")
    try expect(data, "E021", "cycles.csv", line: 3, column: 3, field: "cycle_count")
  }

  @Test func cyclesDecreaseOrRepeat() throws {
    for age in ["1", "0"] {
      var data = TextDataset()
      data.cycles = data.cycles.replacing("A,2,", with: "A,\(age),")
      try expect(data, "E025", "cycles.csv", line: 3, column: 3, field: "cycle_count")
    }
  }

  @Test func cellTwice() throws {
    var data = TextDataset()
    data.cells += "A,h,1,completed\n"
    try expect(data, "E027", "cells.csv", line: 4, column: 1, field: "cell_id")
  }

  @Test func rowsNotTogether() throws {
    var data = TextDataset()
    data.cycles += "A,4,0.6\n"
    try expect(data, "E026", "cycles.csv", line: 7, column: 1, field: "cell_id")
  }

  @Test func unknownCell() throws {
    var data = TextDataset()
    data.cycles += "C,1,1\n"
    try expect(data, "E028", "cycles.csv", line: 7, column: 1, field: "cell_id")
    data = TextDataset()
    data.splits = #"{"main": {"train": ["A", "X"], "test": ["B"]}}"#
    try expect(data, "E028", "splits.json", line: nil, column: nil, field: "main/train")
  }

  @Test func rangeAndWords() throws {
    var data = TextDataset()
    data.cells = "cell_id,temperature_celsius\nA,25\nB,300\n"
    try expect(data, "E024", "cells.csv", line: 3, column: 3, field: "temperature_celsius")
    data.cells = "cell_id,status\nA,completed\nB,dead\n"
    try expect(data, "E014", "cells.csv", line: 3, column: 3, field: "status")
  }

  @Test func fieldsAndQuotes() throws {
    var data = TextDataset()
    data.cycles = data.cycles.replacing("A,2,0.9", with: "A,2")
    try expect(data, "E023", "cycles.csv", line: 3, column: 3, field: nil)
    data = TextDataset()
    data.cells = "cell_id,note\nA,\"open\nB,x\n"
    try expect(data, "E023", "cells.csv", line: 2, column: 3, field: nil)
  }

  @Test func emptyFiles() throws {
    var data = TextDataset()
    data.cycles = ""
    try expect(data, "E029", "cycles.csv", line: 1, column: nil, field: nil)
    data = TextDataset()
    data.cells = "cell_id,status\n"
    try expect(data, "E029", "cells.csv", line: 1, column: nil, field: nil)
    data = TextDataset()
    data.json = ""
    try expect(data, "E010", "dataset.json", line: nil, column: nil, field: nil)
  }

  @Test func badDescription() throws {
    var data = TextDataset()
    data.json = "{\"schema\": \"solidfade.dataset/1\",\n \"name\": }"
    #expect(try data.faults().map(\.code) == ["E010"])
    data = TextDataset()
    data.json = data.json.replacing("dataset/1", with: "dataset/2")
    try expect(data, "E012", "dataset.json", line: nil, column: nil, field: "schema")
    data = TextDataset()
    data.json = data.json.replacing("\"kind\": \"measured\", ", with: "")
    try expect(data, "E011", "dataset.json", line: nil, column: nil, field: "kind")
  }

  @Test func truncatedGzip() async throws {
    let folder = try TemporaryFolder()
    let data = TextDataset()
    try data.write(to: folder)
    var rows = "cell_id,cycle_count,cycle_discharging_capacity_ah\n"
    for i in 1...2000 { rows += "A,\(i),\(1 / Double(i + 1))\n" }
    let packed = gzipped(Array(rows.utf8))
    try FileManager.default.removeItem(atPath: folder.path + "/cycles.csv")
    try folder.write("cycles.csv.gz", packed)
    #expect(try DatasetReader.read(folder.path).cells[0].series.count == 2000)
    try folder.write("cycles.csv.gz", Array(packed.prefix(packed.count / 2)))
    let error = #expect(throws: DataFaults.self) { try DatasetReader.read(folder.path) }
    #expect(error?.faults.first?.code == "E002")
    #expect(error?.faults.first?.file?.hasSuffix("cycles.csv.gz") == true)
    try folder.write("cycles.csv.gz", packed)
    try folder.write("curves/A.csv.gz", Array(packed.prefix(packed.count / 2)))
    let read = try DatasetReader.read(folder.path)
    await #expect(throws: DataFaults.self) {
      try await DatasetReader.readCurves(read, cellIDs: ["A"], upTo: nil, threads: 1)
    }
  }

  @Test func allFaultsAreReportedTogether() throws {
    var data = TextDataset()
    data.cycles = "cell_id,cycle_count,cycle_discharging_capacity_ah\nA,1,x\nA,2,y\nB,0.5,1\n"
    let faults = try data.faults()
    #expect(faults.map(\.code) == ["E022", "E022", "E021"])
    #expect(faults.map(\.line) == [2, 3, 4])
  }
}
