import BatteryData
import CellModel
import Foundation

/// A temporary folder that is removed at the end of its use.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "solidfade-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }
}

/// A small dataset as text, to be broken in one place.
struct TextDataset {
  var json =
    #"{"schema": "solidfade.dataset/1", "name": "t", "kind": "measured", "cell_family": "liquid", "age": "cycle_count", "capacity": "cycle_discharging_capacity_ah", "end_of_life": {"fraction": 0.8, "reference": "first"}}"#
  var cells = "cell_id,group_id,nominal_capacity_ah,status\nA,g,1,completed\nB,g,1,failed\n"
  var cycles = "cell_id,cycle_count,cycle_discharging_capacity_ah\nA,1,1.0\nA,2,0.9\nA,3,0.7\nB,1,1.0\nB,2,0.95\n"
  var splits: String?

  func write(to folder: TemporaryFolder) throws {
    try folder.write("dataset.json", json)
    try folder.write("cells.csv", cells)
    try folder.write("cycles.csv", cycles)
    if let splits { try folder.write("splits.json", splits) }
  }

  func read() throws -> Dataset {
    let folder = try TemporaryFolder()
    try write(to: folder)
    return try DatasetReader.read(folder.path)
  }

  /// The faults of reading; empty when it reads.
  func faults() throws -> [DataFault] {
    do { _ = try read() } catch let error as DataFaults { return error.faults }
    return []
  }
}
