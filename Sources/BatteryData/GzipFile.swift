internal import CZlib

/// Reads a file in chunks, unpacking gzip where it is gzip.
struct GzipReader: ~Copyable {
  private let file: gzFile
  private let name: String
  private let isGzip: Bool

  /// Opens a file.
  ///
  /// - Throws: `DataFaults` (E001, E002).
  init(path: String, name: String) throws(DataFaults) {
    guard let opened = gzopen(path, "rb") else {
      throw DataFaults(DataFault("E001", file: name, "cannot be opened", help: "check the path and your rights to it"))
    }
    gzbuffer(opened, 1 << 17)
    file = opened
    self.name = name
    isGzip = path.hasSuffix(".gz")
  }

  deinit { gzclose(file) }

  /// The next bytes; empty at the end.
  ///
  /// - Throws: `DataFaults` (E002) for a truncated or damaged gzip file.
  func next(into buffer: inout [UInt8]) throws(DataFaults) -> Int {
    let capacity = buffer.count
    let read = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32(capacity)) }
    if read < Int32(capacity) {
      var status: Int32 = 0
      let text = gzerror(file, &status).map { String(cString: $0) } ?? ""
      if read < 0 || status == Z_BUF_ERROR || status == Z_DATA_ERROR {
        let what = status == Z_BUF_ERROR ? "the gzip data end too early (truncated file)" : "damaged gzip data: \(text)"
        throw DataFaults(DataFault("E002", file: name, what, help: "copy or download the file again"))
      }
      if isGzip, gzdirect(file) == 1, read > 0 {
        throw DataFaults(DataFault("E002", file: name, "not a gzip file", help: "pack it, or remove the ending .gz"))
      }
    }
    return Int(read)
  }

  /// All bytes of a file.
  static func readAll(path: String, name: String) throws(DataFaults) -> [UInt8] {
    let reader = try GzipReader(path: path, name: name)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var out: [UInt8] = []
    while true {
      let n = try reader.next(into: &buffer)
      if n == 0 { return out }
      out += buffer[0..<n]
    }
  }
}

/// Packs bytes as a gzip file whose bytes repeat: no name, time 0.
public func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var out = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
  var input = bytes
  let capacity = out.count
  let count = input.withUnsafeMutableBufferPointer { source in
    out.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(capacity)
      deflate(&stream, Z_FINISH)
      return capacity - Int(stream.avail_out)
    }
  }
  return Array(out[0..<count])
}
