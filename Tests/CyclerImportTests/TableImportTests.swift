import BatteryData
import CellModel
import CyclerImport
import Foundation
import Testing

@Suite struct TableImportTests {
  private func read(
    _ text: String, name: String = "X1.csv", _ change: (inout TableImport) -> Void = { _ in }
  ) throws -> TableImport.Result {
    let folder = NSTemporaryDirectory() + "solidfade-import-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    var table = TableImport()
    change(&table)
    return try table.read([folder + "/" + name])
  }

  private func fault(_ text: String, _ change: (inout TableImport) -> Void = { _ in }) -> DataFault? {
    do { _ = try read(text, change) } catch { return (error as? DataFaults)?.faults.first }
    return nil
  }

  @Test func commaTable() throws {
    let result = try read(
      "Cycle_Index,Start_Time,Charge_Capacity (mAh),Discharge_Capacity (mAh)\n1.0,,5,1250\n2.0,x,NaN,1240\n")
    #expect(result.ageColumn == "cycle_count" && result.capacityColumn == "cycle_discharging_capacity_ah")
    let cell = try #require(result.cells.first)
    #expect(cell.id == "X1")
    #expect(cell.series.ages == [1, 2])
    #expect(cell.series.capacities == [1.25, 1.24])
    #expect(cell.series.columns["cycle_charging_capacity_ah"]?.first == 0.005)
    #expect(cell.series.columns["cycle_charging_capacity_ah"]?.last?.isNaN == true)
    #expect(result.warnings.first?.message.contains("Start_Time") == true)
  }

  @Test func decimalComma() throws {
    let semicolon = "cycle_count;capacity_retention\n1;1,0\n2;0,95\n"
    #expect(try read(semicolon).cells[0].series.capacities == [1, 0.95])
    #expect(try read(semicolon.replacing(";", with: "\t")).cells[0].series.capacities == [1, 0.95])
    let quoted = "cycle_count,capacity_retention\n1,\"0,95\"\n"
    #expect(fault(quoted)?.code == "E035")
    #expect(try read(quoted) { $0.decimal = .comma }.cells[0].series.capacities == [0.95])
    #expect(fault("cycle_count;cycle_discharging_capacity_ah\n1;1.234,5\n")?.code == "E035")
    #expect(fault(semicolon) { $0.decimal = .point }?.code == "E022")
  }

  @Test func refusesToGuess() throws {
    let noCapacity = try #require(fault("Cycle_Index,Q_dis,q_dis\n1,2,1\n"))
    #expect(noCapacity.code == "E033" && noCapacity.line == 1)
    #expect(noCapacity.message.contains("Cycle_Index, Q_dis, q_dis"))
    #expect(fault("n,discharge_capacity_ah\n1,2\n")?.code == "E033")
    #expect(fault("cycle,cycle_index,retention\n1,1,1\n")?.code == "E020")
    #expect(fault("Cycle_Index,Voltage (V),Current (A),Discharge_Capacity (Ah)\n1,3,1,0\n")?.code == "E034")
    #expect(fault("cycle,retention\n1,1\n1,0.9\n")?.code == "E034")
    let text = try #require(fault("cycle,retention\n1,1\n2,bad\n"))
    #expect(text.code == "E022" && text.line == 3 && text.column == 3)
    #expect(fault("cycle,retention\n2,1\n1,0.9\n")?.code == "E025")
    #expect(fault("cycle,retention\n1.5,1\n")?.code == "E021")
    #expect(fault("")?.code == "E029")
    #expect(fault("cycle,retention\n")?.code == "E029")
  }

  @Test func mapNamesColumns() throws {
    let path = NSTemporaryDirectory() + "solidfade-map-" + UUID().uuidString + ".toml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    func map(_ text: String) throws -> ImportMap {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      return try ImportMap(contentsOf: path)
    }
    let good = try map(
      """
      [columns]
      cycle_count = "n"
      cycle_discharging_capacity_ah = "Q_dis"
      [cell]
      temperature_celsius = 30
      cathode_material = "NCM811"
      """)
    let cell = try read("n,Q_dis,q_dis\n1,2,1\n2,1.5,0.75\n") { $0.map = good }.cells[0]
    #expect(cell.series.capacities == [2, 1.5])
    #expect(cell.attributes.number("temperature_celsius") == 30)
    #expect(cell.attributes.text("cathode_material") == "NCM811")
    #expect(fault("m,Q_dis\n1,2\n") { $0.map = good }?.code == "E033")
    #expect(throws: DataFaults.self) { try map("[columns]\nno_such_column = \"x\"\n") }
    #expect(throws: DataFaults.self) { try map("[cell]\ntemperature_celsius = \"warm\"\n") }
    #expect(throws: DataFaults.self) { try map("[columns\n") }
  }

  @Test func importedTablesRoundTrip() throws {
    let result = try read("cell_id,cycle,discharge_capacity_mah_g\nA,1,180\nA,2,179.5\nB,1,181\n")
    let d = DatasetDescription(
      name: "i", kind: .measured, family: .other, ageColumn: result.ageColumn, capacityColumn: result.capacityColumn,
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    let path = NSTemporaryDirectory() + "solidfade-round-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    try AtomicWrite.folder(path, files: DatasetWriter.files(d, cells: result.cells, readme: ""), replacing: false)
    #expect(try DatasetReader.read(path).cells == result.cells)
  }
}
