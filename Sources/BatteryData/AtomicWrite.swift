internal import Foundation

/// Writes files and folders whole or not at all: under a temporary name beside the target, then renamed.
public enum AtomicWrite {
  /// Whether something is in the way of a new output folder.
  public static func isOccupied(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    if !isFolder.boolValue { return true }
    return (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == false
  }

  /// Writes a folder of files; a name may hold one `/`.
  ///
  /// - Throws: `DataFaults` (E309) when the folder is there and not empty, unless `replacing`; E310 when it cannot be
  ///   written.
  public static func folder(_ path: String, files: [String: [UInt8]], replacing: Bool) throws(DataFaults) {
    if !replacing, isOccupied(path) {
      throw DataFaults(
        DataFault(
          "E309", file: path, "exists and is not empty", help: "give another name, or replace it with --force"))
    }
    let manager = FileManager.default
    let target = URL(fileURLWithPath: path).standardizedFileURL
    let parent = target.deletingLastPathComponent()
    let temporary = parent.appendingPathComponent(".\(target.lastPathComponent).partial-\(getpid())")
    let old = parent.appendingPathComponent(".\(target.lastPathComponent).old-\(getpid())")
    do {
      try manager.createDirectory(at: parent, withIntermediateDirectories: true)
      try? manager.removeItem(at: temporary)
      try manager.createDirectory(at: temporary, withIntermediateDirectories: false)
      for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
        let file = temporary.appendingPathComponent(name)
        try manager.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try write(bytes, to: file)
      }
      if manager.fileExists(atPath: target.path) {
        try manager.moveItem(at: target, to: old)
        do { try manager.moveItem(at: temporary, to: target) } catch {
          try manager.moveItem(at: old, to: target)
          throw error
        }
        try manager.removeItem(at: old)
      } else {
        try manager.moveItem(at: temporary, to: target)
      }
    } catch {
      try? manager.removeItem(at: temporary)
      throw DataFaults(unwritable(path, error))
    }
  }

  /// Writes bytes without copying them: tables of many cells are long.
  private static func write(_ bytes: [UInt8], to file: URL, options: Data.WritingOptions = []) throws {
    try bytes.withUnsafeBytes { raw in
      guard let start = raw.baseAddress else { return try Data().write(to: file, options: options) }
      let data = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: raw.count, deallocator: .none)
      try data.write(to: file, options: options)
    }
  }

  /// Writes one file.
  ///
  /// - Throws: `DataFaults` (E309, E310) as for a folder.
  public static func file(_ path: String, _ bytes: [UInt8], replacing: Bool) throws(DataFaults) {
    if !replacing, FileManager.default.fileExists(atPath: path) {
      throw DataFaults(
        DataFault("E309", file: path, "exists", help: "give another name, or replace it with --force"))
    }
    do {
      let url = URL(fileURLWithPath: path)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try write(bytes, to: url, options: .atomic)
    } catch { throw DataFaults(unwritable(path, error)) }
  }

  /// Removes temporary folders this process has left beside a target, after an interruption.
  public static func removePartial(beside path: String) {
    let target = URL(fileURLWithPath: path).standardizedFileURL
    let partial = target.deletingLastPathComponent()
      .appendingPathComponent(".\(target.lastPathComponent).partial-\(getpid())")
    try? FileManager.default.removeItem(at: partial)
  }

  private static func unwritable(_ path: String, _ error: any Error) -> DataFault {
    DataFault("E310", file: path, "cannot be written: \(error.localizedDescription)", help: "check rights and space")
  }
}
