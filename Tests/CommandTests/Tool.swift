import BatteryData
import CellModel
import Foundation

/// Runs the built `solidfade` binary.
enum Tool {
  struct Output {
    var code: Int32
    var out: String
    var error: String

    /// The one JSON document on stdout.
    func document() throws -> [String: Any] {
      let object = try JSONSerialization.jsonObject(with: Data(out.utf8))
      return object as? [String: Any] ?? [:]
    }
  }

  /// The binary beside the test bundle; nil when it was not built.
  static let path: String? = {
    let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folders = [beside, root.appendingPathComponent(".build/release"), root.appendingPathComponent(".build/debug")]
    return folders.map { $0.appendingPathComponent("solidfade").path }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }()

  static func run(_ arguments: [String]) throws -> Output {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "solidfade")
    process.arguments = arguments
    let out = Pipe()
    let error = Pipe()
    process.standardOutput = out
    process.standardError = error
    try process.run()
    // Both pipes are drained at once: a full one would stop the tool.
    let other = Drain(error.fileHandleForReading)
    other.start()
    let text = out.fileHandleForReading.readDataToEndOfFile()
    let message = other.wait()
    process.waitUntilExit()
    return Output(
      code: process.terminationStatus, out: String(decoding: text, as: UTF8.self),
      error: String(decoding: message, as: UTF8.self))
  }
}

/// Reads a pipe to its end on a thread of its own.
private final class Drain: Sendable {
  private let handle: FileHandle
  private let box = Mailbox()

  init(_ handle: FileHandle) { self.handle = handle }

  func start() {
    let handle = handle
    let box = box
    Thread.detachNewThread { box.put(handle.readDataToEndOfFile()) }
  }

  func wait() -> Data { box.take() }
}

/// Hands one value from a thread to another.
private final class Mailbox: Sendable {
  private let pipe = Pipe()

  func put(_ data: Data) {
    pipe.fileHandleForWriting.write(data)
    try? pipe.fileHandleForWriting.close()
  }

  func take() -> Data { pipe.fileHandleForReading.readDataToEndOfFile() }
}

/// A temporary folder that is removed at the end of its use.
final class Workplace: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "solidfade-commands-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func at(_ name: String) -> String { path + "/" + name }

  /// Names in the folder, hidden ones too.
  func names() -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: at(name))
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func edit(_ name: String, _ old: String, _ new: String) throws {
    let text = try String(contentsOfFile: at(name), encoding: .utf8)
    try write(name, Array(text.replacing(old, with: new, maxReplacements: 1).utf8))
  }

  /// A dataset of cells that fade by a square root and a bend.
  func dataset(_ name: String, cells count: Int, splits: String? = nil) throws {
    let d = DatasetDescription(
      name: name, kind: .simulated, family: .liquid, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    let cells = (0..<count).map { i -> CellHistory in
      let life = 60 + 4 * Double(i) + 3 * Double((i * 7) % 5)
      let ages = (1...90).map(Double.init)
      let fade = ages.map { 0.2 * (0.8 * ($0 / life).squareRoot() + 0.2 * ($0 / life) * ($0 / life)) }
      return CellHistory(
        id: "c\(i)",
        attributes: CellAttributes(numbers: ["temperature_celsius": 25 + Double(i % 3), "discharge_c_rate": 1]),
        series: CycleSeries(
          ages: ages, capacities: fade.enumerated().map { 1 - $1 + 0.0005 * Double(($0 * 13 + i * 5) % 7 - 3) }))
    }
    for (file, bytes) in DatasetWriter.files(d, cells: cells, readme: "synthetic\n") {
      try write("\(name)/\(file)", bytes)
    }
    if let splits { try write("\(name)/splits.json", Array(splits.utf8)) }
  }

  /// A dataset of published checkpoints of sulfide cells.
  func literature(_ name: String, _ cells: [CellHistory]) throws {
    let d = DatasetDescription(
      name: name, kind: .literature, family: .sulfideSolidState, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
    for (file, bytes) in DatasetWriter.files(d, cells: cells, readme: "invented checkpoints\n") {
      try write("\(name)/\(file)", bytes)
    }
  }
}
