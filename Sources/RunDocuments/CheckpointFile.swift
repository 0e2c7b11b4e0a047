internal import Foundation
internal import SolidFade

/// The evaluations of a search in a file, so that a run that was broken off goes on where it was.
struct CheckpointFile {
  private struct Content: Codable {
    var schema = "solidfade.checkpoint/1"
    var study: String
    var reached: StudyCheckpoint
  }

  private let path: String
  private let study: String

  /// - Parameter study: fingerprint of everything that an evaluation hangs on.
  init(_ path: String, of study: String) throws {
    self.path = path
    self.study = study
  }

  /// What an earlier run reached; nil where there is no file.
  ///
  /// - Throws: `DataFaults` for a file of another study, or one that is no checkpoint.
  func read() throws -> StudyCheckpoint? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let content = try? decoder.decode(Content.self, from: data) else {
      throw fault("is no checkpoint of a search")
    }
    guard content.study == study else {
      throw fault("belongs to another study: space, spread, model, limit, horizon, seed or version differ")
    }
    return content.reached
  }

  /// Replaces the file as a whole.
  func write(_ reached: StudyCheckpoint) throws {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let data = try encoder.encode(Content(study: study, reached: reached))
    try AtomicWrite.file(path, Array(data), replacing: true)
  }

  private func fault(_ message: String) -> DataFaults {
    DataFaults(
      DataFault(
        "E076", file: path, field: "--checkpoint", message, help: "name another file, or delete this one to begin anew")
    )
  }
}
