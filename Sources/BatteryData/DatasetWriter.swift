public import CellModel

/// Lays a dataset out as the files of a dataset folder (`solidfade.dataset/1`); `AtomicWrite.folder` puts them on disk.
public enum DatasetWriter {
  /// The files of a dataset folder by name.
  ///
  /// - Parameters:
  ///   - description: what `dataset.json` says; its `texts` are kept, except those of the format itself.
  ///   - cells: the cells, in the order they shall have. Numbers are in the unit of their column's name. A dataset
  ///     reads back only when at least one cell has a row.
  ///   - readme: text of `README.md`: what the data are, how they came about, licence, cautions.
  /// - Returns: `dataset.json`, `cells.csv`, `cycles.csv`, `README.md`, and `curves/ID.csv.gz` for cells with curves.
  public static func files(
    _ description: DatasetDescription, cells: [CellHistory], readme: String
  ) -> [String: [UInt8]] {
    var out = [
      "dataset.json": Array(json(description).utf8), "cells.csv": cellTable(cells),
      "cycles.csv": cycleTable(description, cells), "README.md": Array(readme.utf8),
    ]
    for cell in cells {
      if let curves = cell.curves { out["curves/\(cell.id).csv.gz"] = gzipped(curveTable(curves)) }
    }
    return out
  }

  // MARK: dataset.json

  private static func json(_ d: DatasetDescription) -> String {
    let own = [
      ("schema", "solidfade.dataset/1"), ("name", d.name), ("kind", d.kind.rawValue),
      ("cell_family", d.family.rawValue), ("age", d.ageColumn), ("capacity", d.capacityColumn),
    ]
    let taken = Set(own.map(\.0) + ["end_of_life", "sha256"])
    let pairs = own + d.texts.filter { !taken.contains($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let lines = pairs.map { "  \(quoted($0.0)): \(quoted($0.1))" }
    let limit = d.endOfLife
    let last = "{\"fraction\": \(shortest(limit.fraction)), \"reference\": \(quoted(limit.reference.text))}"
    return "{\n" + (lines + ["  \"end_of_life\": " + last]).joined(separator: ",\n") + "\n}\n"
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }

  // MARK: Tables

  /// Names in the order of the column dictionary, unknown ones after them by name.
  private static func ordered(_ names: Set<String>, _ table: ColumnDefinition.Table) -> [String] {
    let known = ColumnDictionary.all.filter { $0.table == table && names.contains($0.name) }.map(\.name)
    return known + names.subtracting(known).sorted()
  }

  private static func cellTable(_ cells: [CellHistory]) -> [UInt8] {
    var used: Set<String> = []
    for cell in cells {
      used.formUnion(cell.attributes.numbers.keys)
      used.formUnion(cell.attributes.texts.keys)
    }
    used.remove("cell_id")
    let names = ordered(used, .cells)
    var table = CSVWriter(header: ["cell_id"] + names)
    for cell in cells {
      table.append(
        [.text(cell.id)]
          + names.map { name in
            cell.attributes.numbers[name].map { .number($0) } ?? .text(cell.attributes.texts[name])
          })
    }
    return table.bytes
  }

  private static func cycleTable(_ description: DatasetDescription, _ cells: [CellHistory]) -> [UInt8] {
    var used: Set<String> = []
    for cell in cells { used.formUnion(cell.series.columns.keys) }
    used.subtract(["cell_id", "quality_flag", description.ageColumn, description.capacityColumn])
    let names = ordered(used, .cycles)
    let isFlagged = cells.contains { $0.series.flags.contains { $0 != .ok } }
    var table = CSVWriter(
      header: ["cell_id", description.ageColumn, description.capacityColumn] + names
        + (isFlagged ? ["quality_flag"] : []))
    for cell in cells {
      let series = cell.series
      for i in 0..<series.count {
        var row: [CSVWriter.Field] = [.text(cell.id), .number(series.ages[i]), .number(series.capacities[i])]
        row += names.map { .number(series.columns[$0].map { $0[i] }) }
        if isFlagged { row.append(.text(series.flags[i].rawValue)) }
        table.append(row)
      }
    }
    return table.bytes
  }

  private static func curveTable(_ curves: VoltageCurves) -> [UInt8] {
    var table = CSVWriter(header: ["voltage_volt"] + curves.ages.map { "c" + shortest($0) })
    for (i, voltage) in curves.voltagesV.enumerated() {
      table.append([.number(voltage)] + curves.dischargedAh.map { .number($0[i]) })
    }
    return table.bytes
  }
}
