/// The library's own file of a fitted model: a safetensors file whose metadata hold the model as JSON, with its long
/// arrays moved out into tensors.
///
/// Equal models give equal bytes, and reading gives back the same bits. Every index, length and value is checked on
/// reading, after a checksum of the whole content, so that damage is an error and never a wrong prediction or a trap.
public enum ModelFile {
  /// The version of the layout that is written; versions up to this one are read.
  public static let version = 1

  /// The bytes of a model's file.
  ///
  /// - Throws: `LearningError.numericalFailure` when the model cannot be written.
  public static func encode<Model: Encodable>(_ model: Model) throws(LearningError) -> [UInt8] {
    let archive: (json: [UInt8], tensors: [ArchivedTensor])
    do { archive = try ArchiveEncoder().encode(model) } catch { throw .numericalFailure("\(error)") }
    var file = SafeTensors(archived: archive.tensors)
    file.metadata = [
      "format": "residual-learning", "version": "\(version)", "kind": "\(Model.self)",
      "model": String(decoding: archive.json, as: UTF8.self),
    ]
    file.metadata["checksum"] = checksum(file)
    return file.encoded()
  }

  /// The model of a file.
  ///
  /// - Throws: `LearningError.corruptModel` when the bytes are damaged, hold another kind of model or break a rule of
  ///   it; `.unsupported` for a later version.
  public static func decode<Model: Decodable>(_ type: Model.Type, from bytes: [UInt8]) throws(LearningError) -> Model {
    var file: SafeTensors
    do { file = try SafeTensors(decoding: bytes) } catch { throw .corruptModel("\(error)") }
    guard file.metadata["format"] == "residual-learning", let found = file.metadata["version"].flatMap({ Int($0) })
    else { throw .corruptModel("not a model file") }
    guard (1...version).contains(found) else { throw .unsupported("version \(found) of model files") }
    let stored = file.metadata.removeValue(forKey: "checksum")
    guard stored == checksum(file) else { throw .corruptModel("the checksum does not fit the content") }
    guard file.metadata["kind"] == "\(type)" else {
      throw .corruptModel("a model of kind \(file.metadata["kind"] ?? "unknown"), expected \(type)")
    }
    let json = Array((file.metadata["model"] ?? "").utf8)
    do { return try ArchiveDecoder().decode(type, json: json, tensors: file.archived) } catch {
      throw .corruptModel("\(error)")
    }
  }

  /// 64-bit FNV-1a of everything but the checksum itself, as hexadecimal digits.
  ///
  /// - Source: G. Fowler, L. C. Noll, K.-P. Vo, "FNV hash", constants of the 64-bit form.
  private static func checksum(_ file: SafeTensors) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in file.encoded() { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
