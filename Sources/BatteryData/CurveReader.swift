public import CellModel
internal import Foundation
internal import NumericalMethods

extension DatasetReader {
  /// Reads the voltage curves of cells.
  ///
  /// - Parameters:
  ///   - upTo: latest age to keep; nil for all.
  /// - Returns: curves by cell id; a cell without a file is absent.
  /// - Throws: `DataFaults` for a damaged file, `CancellationError`.
  public static func readCurves(
    _ dataset: Dataset, cellIDs: [String], upTo age: Double?, threads: Int
  ) async throws -> [String: VoltageCurves] {
    guard let folder = dataset.folder, FileManager.default.fileExists(atPath: folder + "/curves") else { return [:] }
    let found = try await parallelMap(count: cellIDs.count, width: threads) { i -> VoltageCurves? in
      for ending in [".csv.gz", ".csv"] {
        let path = "\(folder)/curves/\(cellIDs[i])\(ending)"
        if FileManager.default.fileExists(atPath: path) { return try readCurve(path, upTo: age) }
      }
      return nil
    }
    var out: [String: VoltageCurves] = [:]
    for (id, curves) in zip(cellIDs, found) { out[id] = curves }
    return out
  }

  private static func readCurve(_ path: String, upTo limit: Double?) throws(DataFaults) -> VoltageCurves {
    var keep: [Int] = []
    var curves = VoltageCurves(voltagesV: [], ages: [], dischargedAh: [])
    var count = 0
    var rising: Bool?
    try CSVReader(path: path, name: path).forEachRow { row throws(DataFaults) in
      if count == 0 {
        count = row.count
        guard row.text(0) == "voltage_volt" else {
          throw DataFaults(
            DataFault(
              "E020", file: path, line: row.line, column: 1, field: "voltage_volt",
              "first column is \"\(row.text(0) ?? "?")\", expected voltage_volt"))
        }
        var last = -1.0
        for i in 1..<max(row.count, 1) {
          let name = row.text(i) ?? ""
          guard name.hasPrefix("c"), let age = Double(name.dropFirst()), age > last else {
            throw DataFaults(
              DataFault(
                "E014", file: path, line: row.line, column: row.columns[i], field: name,
                "curve \"\(name)\": expected c<age>, ages increasing"))
          }
          last = age
          if limit.map({ age <= $0 }) ?? true {
            keep.append(i)
            curves.ages.append(age)
          }
        }
        curves.dischargedAh = [[Double]](repeating: [], count: keep.count)
        return
      }
      guard row.count == count else {
        throw DataFaults(
          DataFault(
            "E023", file: path, line: row.line, column: row.columns.last, "found \(row.count) fields, expected \(count)"
          ))
      }
      guard let voltage = row.number(0) else {
        throw DataFaults(
          DataFault(
            "E022", file: path, line: row.line, column: 1, field: "voltage_volt",
            "found \"\(row.text(0) ?? "?")\", expected a number"))
      }
      if let last = curves.voltagesV.last {
        let isUp = voltage > last
        if voltage == last || (rising.map { $0 != isUp } ?? false) {
          throw DataFaults(
            DataFault(
              "E024", file: path, line: row.line, column: 1, field: "voltage_volt",
              "the grid is not strictly monotone at \(short(voltage)) V"))
        }
        rising = isUp
      }
      curves.voltagesV.append(voltage)
      for (k, i) in keep.enumerated() {
        var value = Double.nan
        if !row.isMissing(i) {
          guard let found = row.number(i) else {
            throw DataFaults(
              DataFault(
                "E022", file: path, line: row.line, column: row.columns[i],
                "found \"\(row.text(i) ?? "?")\", expected a number"))
          }
          value = found
        }
        curves.dischargedAh[k].append(value)
      }
    }
    if curves.voltagesV.isEmpty { throw DataFaults(DataFault("E029", file: path, line: 1, "the file holds no curve")) }
    return curves
  }
}
