internal import BatteryData
internal import Foundation
internal import TOMLKit

/// Which column of a table is which, and what is known of its cells, as a TOML file states it.
///
/// ```toml
/// [columns]                                   # column of the dataset format = header in the table
/// cycle_count = "Cycle_Index"
/// cycle_discharging_capacity_ah = "Q_dis"
/// [cell]                                      # columns of cells.csv for all imported cells
/// temperature_celsius = 25
/// cathode_material = "NCM811"
/// ```
public struct ImportMap: Sendable, Hashable {
  /// Header in the table by column of the dataset format.
  public var columns: [String: String]
  /// Numbers of `cells.csv`, in the unit of the name.
  public var numbers: [String: Double]
  /// Texts of `cells.csv`.
  public var texts: [String: String]

  /// A map from its parts.
  public init(columns: [String: String] = [:], numbers: [String: Double] = [:], texts: [String: String] = [:]) {
    self.columns = columns
    self.numbers = numbers
    self.texts = texts
  }

  /// Reads a map file.
  ///
  /// - Throws: `DataFaults` (E001, E010, E014).
  public init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataFaults(DataFault("E001", file: path, "cannot be read", help: "check the path and your rights to it"))
    }
    let object: Any
    do {
      let json = try TOMLTable(string: String(decoding: data, as: UTF8.self)).convert(to: .json)
      object = try JSONSerialization.jsonObject(with: Data(json.utf8))
    } catch {
      throw DataFaults(
        DataFault("E010", file: path, "not well-formed TOML: \(error)", help: "see the example of `import --help`"))
    }
    self.init()
    var faults: [DataFault] = []
    for (section, value) in (object as? [String: Any] ?? [:]).sorted(by: { $0.key < $1.key }) {
      guard section == "columns" || section == "cell", let entries = value as? [String: Any] else {
        faults.append(
          DataFault("E014", file: path, field: section, "expected the tables [columns] and [cell]", help: nil))
        continue
      }
      let table: ColumnDefinition.Table = section == "columns" ? .cycles : .cells
      for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
        let known = ColumnDictionary.all.first { $0.table == table && $0.name == key }
        let isText = known.map { $0.kind == .text } ?? true
        if table == .cycles, let header = entry as? String, known != nil {
          columns[key] = header
        } else if table == .cells, key != "cell_id", let text = entry as? String, isText {
          texts[key] = text
        } else if table == .cells, !isText, let number = (entry as? NSNumber)?.doubleValue {
          numbers[key] = number
        } else {
          faults.append(
            DataFault(
              "E014", file: path, field: "\(section).\(key)",
              known == nil ? "no column \"\(key)\" in the dataset format" : "a value of the wrong kind",
              help: "`solidfade columns` lists the columns"))
        }
      }
    }
    if !faults.isEmpty { throw DataFaults(faults) }
  }
}
