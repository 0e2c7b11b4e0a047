import CellModel
import DegradationPhysics
import Foundation
import NumericalMethods
import Testing

/// Datasets beside the project; absent on most machines.
private let data = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/data")
  .standardized.path

private func exists(_ dataset: String) -> Bool {
  FileManager.default.fileExists(atPath: "\(data)/\(dataset)/cells.csv")
}

private func rows(_ text: String) -> [[String]] {
  text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
}

private func table(_ path: String) throws -> [[String]] {
  rows(String(decoding: try Data(contentsOf: URL(filePath: "\(data)/\(path)")), as: UTF8.self))
}

private func curves(_ path: String) throws -> VoltageCurves {
  let unpack = Process()
  unpack.executableURL = URL(filePath: "/usr/bin/env")
  unpack.arguments = ["gzip", "-dc", "\(data)/\(path)"]
  let pipe = Pipe()
  unpack.standardOutput = pipe
  try unpack.run()
  let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  unpack.waitUntilExit()
  let all = rows(text)
  let values = all.dropFirst().map { row in row.map { Double($0) ?? .nan } }
  let ages = all[0].dropFirst().map { Double($0.dropFirst()) ?? .nan }
  return VoltageCurves(
    voltagesV: values.map { $0[0] }, ages: ages, dischargedAh: ages.indices.map { k in values.map { $0[k + 1] } })
}

/// Every cell's rows of age and capacity, for datasets whose third column is capacity.
private func series(_ dataset: String) throws -> [String: CycleSeries] {
  var out: [String: CycleSeries] = [:]
  for row in try table("\(dataset)/cycles.csv").dropFirst() {
    out[row[0], default: CycleSeries()].ages.append(Double(row[1]) ?? .nan)
    out[row[0], default: CycleSeries()].capacities.append(Double(row[2]) ?? .nan)
    out[row[0], default: CycleSeries()].flags.append(.ok)
  }
  return out
}

/// Features by name, NaN for those that could not be had, at which every comparison fails.
private func features(_ record: FeatureRecord, upTo age: Double) -> (String) -> Double {
  let all = Dictionary(uniqueKeysWithValues: CurveFeatures.extract(record, upTo: age).map { ($0.name, $0.value) })
  return { all[$0] ?? .nan }
}

@Suite("Features of measured cells")
struct MeasuredFeatureTests {
  private struct Splits: Decodable { var severson: [String: [String]] }

  @Test(
    "ΔQ(V) of the 41 training cells of Severson et al. tells their life", .enabled(if: exists("matr-severson")))
  func severson() throws {
    let splits = try JSONDecoder().decode(
      Splits.self, from: Data(contentsOf: URL(filePath: "\(data)/matr-severson/splits.json")))
    let train = try #require(splits.severson["train"])
    let cells = try table("matr-severson/cells.csv")
    let column = try #require(cells[0].firstIndex(of: "observed_life"))
    let rows = try series("matr-severson")
    var logVariance: [Double] = []
    var logLife: [Double] = []
    for id in train {
      let record = FeatureRecord(
        series: try #require(rows[id]), capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: 1.1,
        discharge: try curves("matr-severson/curves/\(id).csv.gz"), curveCRate: 4)
      let f = features(record, upTo: 100)
      logVariance.append(f("dq_logvar"))
      logLife.append(log10(try #require(cells.first { $0[0] == id }.flatMap { Double($0[column]) })))
      for name in ["dq_logmin", "dq_logmean", "dq_skew", "dq_kurt", "q_slope_all", "mean_discharge_voltage_drop_v"] {
        #expect(f(name).isFinite, "\(name) of \(id)")
      }
      #expect(f("dq_centroid_v") > 2 && f("dq_centroid_v") < 3.5)
      #expect(abs(f("q_at2") - 0.97) < 0.05)
      // 4C: no derivatives.
      #expect(f("dvdq_feature_distance").isNaN && f("lli").isNaN)
      if id == "b1c1" {
        // scripts/reference/features.py on the same file.
        let numpy = [
          "dq_logvar": -5.245844393609145, "dq_logmin": -2.120162314457688, "dq_logmean": -2.4595134115681887,
          "dq_skew": -0.14709092207670665, "dq_kurt": -1.1914724675590145, "dq_centroid_v": 2.7221566296433175,
        ]
        for (name, value) in numpy { #expect(abs(f(name) - value) < 1e-9, "\(name)") }
      }
    }
    let (a, b) = (mean(logVariance), mean(logLife))
    let covariance = zip(logVariance, logLife).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) } / Double(train.count)
    let correlation = covariance / standardDeviation(logVariance) / standardDeviation(logLife)
    // The paper gives −0.93 over all its cells (recalled).
    #expect(train.count == 41 && correlation < -0.85, "correlation \(correlation)")
  }

  @Test("Series features of NCM811 cells at 25 to 55 °C are sane", .enabled(if: exists("tbsi-ncm811")))
  func ncm811() throws {
    let cells = try series("tbsi-ncm811")
    #expect(cells.count == 24)
    for (id, rows) in cells {
      let record = FeatureRecord(
        series: rows, capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: 1.1, curveCRate: 1)
      let f = features(record, upTo: 100)
      #expect(abs(f("q_first") - 1) < 0.1 && abs(f("q_at2") - 1) < 0.1, "\(id)")
      // At most a fifth of the capacity within the hundred cycles.
      #expect(f("q_slope_all") < 0 && f("q_slope_all") > -2e-3, "\(id) \(f("q_slope_all")) \(f("fade_exponent"))")
      #expect(f("fade_exponent") > 0.2 && f("fade_exponent") < 2.5, "\(id) \(f("q_slope_all")) \(f("fade_exponent"))")
      #expect(f("dq_logvar").isNaN && f("dcr_first").isNaN)
    }
  }

  @Test(
    "Check-ups of NCA cells, half a dozen curves each, give what slow curves give",
    .enabled(if: exists("nca-multistage")))
  func checkUps() throws {
    let rows = try series("nca-multistage")
    let ids = rows.keys.sorted().filter {
      FileManager.default.fileExists(atPath: "\(data)/nca-multistage/curves/\($0).csv.gz")
    }
    #expect(ids.count > 60)
    var distances: [Double] = []
    for id in ids {
      // The rate of the check-ups is not in the files: C/10 assumed.
      let record = FeatureRecord(
        series: try #require(rows[id]), capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: 4.9,
        discharge: try curves("nca-multistage/curves/\(id).csv.gz"), curveCRate: 0.1)
      let f = features(record, upTo: 1000)
      #expect(f("dq_logvar") > -9 && f("dq_logvar") < -2, "\(id) \(f("dq_logvar"))")
      #expect(abs(f("mean_discharge_voltage_drop_v")) < 0.1, "\(id)")
      distances.append(f("dvdq_feature_distance"))
    }
    // One cell type, so one distance, where both features last: 0.28 of the capacity, give or take a tracking error.
    let found = distances.filter(\.isFinite).sorted()
    #expect(found.count > ids.count / 2)
    #expect(
      abs(median(found) - 0.28) < 0.02 && quantile(ofSorted: found, 0.75) - quantile(ofSorted: found, 0.25) < 0.05)
  }
}
