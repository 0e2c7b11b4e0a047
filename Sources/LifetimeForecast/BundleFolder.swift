internal import BatteryData
internal import Foundation

/// What is wrong with a bundle, which file, and what to do. The tool ends with exit code 3.
public struct BundleError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Stable code: E301 not a bundle, E302 unreadable `bundle.json`, E303 newer format, E304 file missing, E305 wrong
  /// length, E306 wrong hash, E307 unusable file name, E308 content that cannot be used.
  public var code: String
  /// The file, as a path the user can open.
  public var file: String
  /// What was found and what was expected.
  public var message: String
  /// What to do.
  public var help: String

  /// An error from its parts.
  public init(code: String, file: String, message: String, help: String) {
    self.code = code
    self.file = file
    self.message = message
    self.help = help
  }

  /// `error[CODE]: FILE: MESSAGE` and the help.
  public var description: String { "error[\(code)]: \(file): \(message)\n  help: \(help)" }

  /// A file whose bytes are as written but whose content cannot be used.
  public static func unusable(_ file: String, _ message: String) -> BundleError {
    BundleError(code: "E308", file: file, message: message, help: "train the model again with this version")
  }
}

/// A dataset that a bundle was trained on.
public struct BundleDataset: Sendable, Hashable, Codable {
  /// Its name.
  public var name: String
  /// SHA-256 of each of its files, in hexadecimal.
  public var fingerprints: [String: String]

  /// A dataset from its parts.
  public init(name: String, fingerprints: [String: String]) {
    self.name = name
    self.fingerprints = fingerprints
  }
}

/// A cell that a bundle was trained on; `evaluate` refuses it.
public struct BundleCell: Sendable, Hashable, Codable {
  /// Its id in its dataset.
  public var id: String
  /// Name of its dataset.
  public var dataset: String
  /// Hash of the first rows of its record; nil for records too short to tell cells apart.
  public var record: String?

  /// A cell from its parts.
  public init(id: String, dataset: String, record: String?) {
    self.id = id
    self.dataset = dataset
    self.record = record
  }

  private enum CodingKeys: String, CodingKey {
    case id, dataset
    case record = "record_sha256"
  }

  /// Writes every key; a missing hash is `null`.
  public func encode(to encoder: any Encoder) throws {
    var out = encoder.container(keyedBy: CodingKeys.self)
    try out.encode(id, forKey: .id)
    try out.encode(dataset, forKey: .dataset)
    try out.encode(record, forKey: .record)
  }
}

/// The content of a model bundle: named files, and where they come from.
public struct BundleContents: Sendable, Hashable {
  /// Version of the tool that wrote it.
  public var toolVersion: String
  /// Seed of the training.
  public var seed: UInt64
  /// Datasets it was trained on.
  public var datasets: [BundleDataset]
  /// Cells it was trained on.
  public var trainingCells: [BundleCell]
  /// SHA-256 of the bundle it was updated from; nil for one that was trained afresh.
  public var parent: String?
  /// Bytes of each file by name; `bundle.json` is made, not given.
  public var files: [String: [UInt8]]

  /// Content from its parts.
  public init(
    toolVersion: String, seed: UInt64, datasets: [BundleDataset], trainingCells: [BundleCell], parent: String? = nil,
    files: [String: [UInt8]]
  ) {
    self.toolVersion = toolVersion
    self.seed = seed
    self.datasets = datasets
    self.trainingCells = trainingCells
    self.parent = parent
    self.files = files
  }

  /// The bytes of a file that the bundle must have.
  ///
  /// - Throws: `BundleError`.
  public func file(_ name: String) throws(BundleError) -> [UInt8] {
    guard let bytes = files[name] else {
      throw BundleError(
        code: "E304", file: name, message: "the bundle has no such file", help: "train the model again")
    }
    return bytes
  }
}

/// Writes and reads bundle folders: `bundle.json` with the SHA-256 of every other file beside it.
public struct BundleFolder: Sendable {
  /// SHA-256 of `bundle.json`, which names all other hashes.
  public let sha256: String
  private let path: String
  private let manifest: Manifest

  /// The format of the bundles that are written.
  public static let format = "solidfade.bundle/1"
  private static let family = "solidfade.bundle"
  private static let major = 1
  private static let manifestName = "bundle.json"

  private struct FileEntry: Codable, Sendable {
    var bytes: Int
    var sha256: String
  }

  /// Only the format: read first, since a newer one may have changed all the rest.
  private struct Format: Decodable {
    var format: String
  }

  private struct Manifest: Codable, Sendable {
    var format: String
    var version: String
    var seed: UInt64
    var datasets: [BundleDataset]
    var training_cells: [BundleCell]
    var parent: String?
    var files: [String: FileEntry]

    func encode(to encoder: any Encoder) throws {
      var out = encoder.container(keyedBy: CodingKeys.self)
      try out.encode(format, forKey: .format)
      try out.encode(version, forKey: .version)
      try out.encode(seed, forKey: .seed)
      try out.encode(datasets, forKey: .datasets)
      try out.encode(training_cells, forKey: .training_cells)
      try out.encode(parent, forKey: .parent)
      try out.encode(files, forKey: .files)
    }
  }

  /// Writes a bundle as a whole or not at all. Equal content gives equal bytes; there is no time stamp.
  ///
  /// - Parameters:
  ///   - contents: what to write.
  ///   - path: the folder.
  ///   - replacing: whether what is there may be replaced; otherwise only an empty folder is.
  /// - Returns: the bundle's SHA-256, that of its `bundle.json`, which names all other hashes.
  /// - Throws: `BundleError`, or the file system's error.
  @discardableResult
  public static func write(_ contents: BundleContents, to path: String, replacing: Bool = false) throws -> String {
    for name in contents.files.keys.sorted() where !isPlain(name) {
      throw badName(name, in: path)
    }
    let manifest = Manifest(
      format: format, version: contents.toolVersion, seed: contents.seed, datasets: contents.datasets,
      training_cells: contents.trainingCells, parent: contents.parent,
      files: contents.files.mapValues { FileEntry(bytes: $0.count, sha256: BatteryData.sha256($0)) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let head = Array(try encoder.encode(manifest)) + [UInt8(ascii: "\n")]
    try AtomicWrite.folder(path, files: contents.files.merging([manifestName: head]) { $1 }, replacing: replacing)
    return BatteryData.sha256(head)
  }

  /// Reads a bundle's `bundle.json`.
  ///
  /// - Throws: `BundleError`.
  public init(_ path: String) throws(BundleError) {
    let head = path + "/" + Self.manifestName
    guard let data = FileManager.default.contents(atPath: head) else {
      throw BundleError(
        code: "E301", file: path, message: "not a model bundle: no readable bundle.json",
        help: "give the folder that 'solidfade train -o' wrote")
    }
    self.path = path
    manifest = try Self.decode(data, head)
    sha256 = BatteryData.sha256(Array(data))
  }

  /// Names of the files.
  public var names: [String] { manifest.files.keys.sorted() }

  /// The datasets it was trained on.
  public var datasets: [BundleDataset] { manifest.datasets }

  /// The content of some files, each verified against `bundle.json`. The others are not touched.
  ///
  /// - Parameter names: those to read; nil for all. What `bundle.json` does not name is left out.
  /// - Throws: `BundleError`.
  public func contents(of names: [String]? = nil) throws(BundleError) -> BundleContents {
    let chosen = Set(names ?? self.names)
    var files: [String: [UInt8]] = [:]
    for (name, entry) in manifest.files.sorted(by: { $0.key < $1.key }) where chosen.contains(name) {
      guard Self.isPlain(name) else { throw Self.badName(name, in: path + "/" + Self.manifestName) }
      let file = path + "/" + name
      guard let data = FileManager.default.contents(atPath: file) else {
        throw Self.damaged("E304", file, "missing or unreadable; bundle.json names it")
      }
      let bytes = Array(data)
      guard bytes.count == entry.bytes else {
        throw Self.damaged("E305", file, "\(bytes.count) bytes, expected \(entry.bytes)")
      }
      let hash = BatteryData.sha256(bytes)
      guard hash == entry.sha256 else {
        throw Self.damaged("E306", file, "SHA-256 \(hash), expected \(entry.sha256)")
      }
      files[name] = bytes
    }
    return BundleContents(
      toolVersion: manifest.version, seed: manifest.seed, datasets: manifest.datasets,
      trainingCells: manifest.training_cells, parent: manifest.parent, files: files)
  }

  private static func decode(_ data: Data, _ path: String) throws(BundleError) -> Manifest {
    func unreadable(_ why: String) -> BundleError {
      BundleError(
        code: "E302", file: path, message: why, help: "copy the bundle again, or train the model again")
    }
    let decoder = JSONDecoder()
    guard let found = try? decoder.decode(Format.self, from: data) else {
      throw unreadable("not a JSON object with the key \"format\"")
    }
    let parts = found.format.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0] == family, let number = Int(parts[1]), number >= 1 else {
      throw unreadable("format \"\(found.format)\", expected \"\(format)\"")
    }
    guard number <= major else {
      throw BundleError(
        code: "E303", file: path, message: "format \"\(found.format)\" is newer than \"\(format)\"",
        help: "use a newer solidfade, or train the model with this one")
    }
    do { return try decoder.decode(Manifest.self, from: data) } catch {
      throw unreadable(reason(error))
    }
  }

  private static func reason(_ error: any Error) -> String {
    func path(_ keys: [any CodingKey]) -> String { keys.map(\.stringValue).joined(separator: ".") }
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return "key \"\(path(context.codingPath + [key]))\" is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      return "key \"\(path(context.codingPath))\" cannot be used"
    default: return "cannot be decoded"
    }
  }

  private static func damaged(_ code: String, _ file: String, _ message: String) -> BundleError {
    BundleError(
      code: code, file: file, message: message, help: "the bundle was changed or damaged: copy it again, or retrain")
  }

  private static func badName(_ name: String, in path: String) -> BundleError {
    BundleError(
      code: "E307", file: path, message: "file name \"\(name)\" is not a plain name", help: "train the model again")
  }

  /// A name that stays inside the folder.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name != manifestName && !name.hasPrefix(".")
      && !name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || $0.value < 32 }
  }
}
