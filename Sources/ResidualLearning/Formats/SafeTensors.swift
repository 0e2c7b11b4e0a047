/// Number types of a tensor.
public enum TensorType: String, Sendable, Hashable, CaseIterable {
  /// 64-bit real.
  case float64 = "F64"
  /// 32-bit real.
  case float32 = "F32"
  /// 32-bit whole number ≥ 0.
  case uint32 = "U32"
  /// 16-bit whole number ≥ 0.
  case uint16 = "U16"
  /// 8-bit whole number ≥ 0.
  case uint8 = "U8"

  /// Bytes of one number.
  public var width: Int {
    switch self {
    case .float64: 8
    case .float32, .uint32: 4
    case .uint16: 2
    case .uint8: 1
    }
  }
}

/// The numbers of a tensor, row-major.
public enum TensorValues: Sendable, Hashable {
  /// 64-bit reals.
  case float64([Double])
  /// 32-bit reals.
  case float32([Float])
  /// 32-bit whole numbers.
  case uint32([UInt32])
  /// 16-bit whole numbers.
  case uint16([UInt16])
  /// 8-bit whole numbers.
  case uint8([UInt8])

  /// How many numbers.
  public var count: Int {
    switch self {
    case .float64(let values): values.count
    case .float32(let values): values.count
    case .uint32(let values): values.count
    case .uint16(let values): values.count
    case .uint8(let values): values.count
    }
  }

  /// Their type.
  public var type: TensorType {
    switch self {
    case .float64: .float64
    case .float32: .float32
    case .uint32: .uint32
    case .uint16: .uint16
    case .uint8: .uint8
    }
  }

  /// Little-endian bytes.
  fileprivate func append(to bytes: inout [UInt8]) {
    func append<T>(_ words: [T]) { words.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    switch self {
    case .float64(let values): append(values.map(\.bitPattern.littleEndian))
    case .float32(let values): append(values.map(\.bitPattern.littleEndian))
    case .uint32(let values): append(values.map(\.littleEndian))
    case .uint16(let values): append(values.map(\.littleEndian))
    case .uint8(let values): append(values)
    }
  }

  /// Numbers from little-endian bytes, a whole number of them.
  fileprivate init(_ type: TensorType, _ bytes: ArraySlice<UInt8>) {
    func words<T: FixedWidthInteger>(_: T.Type) -> [T] {
      let count = bytes.count / MemoryLayout<T>.size
      return [T](unsafeUninitializedCapacity: count) { words, filled in
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(words).copyMemory(from: $0) }
        for k in 0..<count { words[k] = T(littleEndian: words[k]) }
        filled = count
      }
    }
    switch type {
    case .float64: self = .float64(words(UInt64.self).map(Double.init(bitPattern:)))
    case .float32: self = .float32(words(UInt32.self).map(Float.init(bitPattern:)))
    case .uint32: self = .uint32(words(UInt32.self))
    case .uint16: self = .uint16(words(UInt16.self))
    case .uint8: self = .uint8(Array(bytes))
    }
  }
}

/// An array of numbers with a shape; no dimension means one number.
public struct Tensor: Sendable, Hashable {
  /// Length of each dimension, the last one running fastest.
  public let shape: [Int]
  /// The numbers.
  public let values: TensorValues

  /// A tensor over row-major values; one dimension when no shape is given.
  public init(_ values: TensorValues, shape: [Int]? = nil) {
    let shape = shape ?? [values.count]
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// A tensor of 64-bit reals.
  public init(_ values: [Double], shape: [Int]? = nil) { self.init(.float64(values), shape: shape) }
}

/// What is wrong in the bytes of a safetensors file.
public enum SafeTensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file ends before the header does, or the header's length is absurd.
  case truncated(headerBytes: UInt64, available: Int)
  /// The header is not the JSON object it has to be.
  case unreadableHeader(String)
  /// A number type that is not supported.
  case unknownType(tensor: String, type: String)
  /// A negative dimension, or more numbers than fit in memory's addresses.
  case badShape(tensor: String, shape: [Int])
  /// Offsets outside the file, backwards, or not the length that type and shape ask for.
  case badOffsets(tensor: String, offsets: [Int])
  /// Two tensors share bytes, or bytes belong to none.
  case overlapOrGap(atByte: Int)
  /// No tensor of that name.
  case missing(tensor: String)
  /// The tensor is there, with another type or shape than its use asks for.
  case unexpected(tensor: String, found: String, expected: String)

  /// One sentence.
  public var description: String {
    switch self {
    case .truncated(let header, let available):
      "the header says \(header) bytes, \(available) are there"
    case .unreadableHeader(let reason): "the header cannot be read: \(reason)"
    case .unknownType(let tensor, let type):
      "tensor \"\(tensor)\": type \(type), expected F64, F32, U32, U16 or U8"
    case .badShape(let tensor, let shape): "tensor \"\(tensor)\": impossible shape \(shape)"
    case .badOffsets(let tensor, let offsets):
      "tensor \"\(tensor)\": offsets \(offsets) do not fit its shape and the file"
    case .overlapOrGap(let byte): "byte \(byte) of the data belongs to no tensor or to two"
    case .missing(let tensor): "tensor \"\(tensor)\" is missing"
    case .unexpected(let tensor, let found, let expected): "tensor \"\(tensor)\": \(found), expected \(expected)"
    }
  }
}

/// Named tensors in the safetensors format: 8 bytes of header length, a JSON header, the numbers; little-endian.
///
/// - Source: github.com/huggingface/safetensors, format description.
public struct SafeTensors: Sendable, Hashable {
  /// The tensors by name.
  public var tensors: [String: Tensor]
  /// Free text by key.
  public var metadata: [String: String]

  /// A file's content from its parts.
  public init(tensors: [String: Tensor] = [:], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The largest header that is read [bytes].
  static let largestHeader = 100_000_000

  /// The bytes of the file: wide types first, then by name, so that every number is aligned and equal content gives
  /// equal bytes.
  public func encoded() -> [UInt8] {
    let names = tensors.keys.sorted()
    let order = TensorType.allCases.flatMap { type in names.filter { tensors[$0]?.values.type == type } }
    var header: [String: JSONTree] = [:]
    if !metadata.isEmpty { header["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
    var data: [UInt8] = []
    for name in order {
      guard let tensor = tensors[name] else { continue }
      let start = data.count
      tensor.values.append(to: &data)
      header[name] = .object([
        "dtype": .string(tensor.values.type.rawValue), "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
        "data_offsets": .array([.integer(Int64(start)), .integer(Int64(data.count))]),
      ])
    }
    var text = JSONTree.object(header).serialized()
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    var out: [UInt8] = []
    out.reserveCapacity(8 + text.count + data.count)
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { out.append(contentsOf: $0) }
    return out + text + data
  }

  /// Reads the bytes of a file; every length and offset is checked before it is used.
  ///
  /// - Throws: `SafeTensorsError`.
  public init(decoding bytes: [UInt8]) throws(SafeTensorsError) {
    guard bytes.count >= 8 else { throw .truncated(headerBytes: 8, available: bytes.count) }
    var length: UInt64 = 0
    for k in 0..<8 { length |= UInt64(bytes[k]) << UInt64(8 * k) }
    guard length <= UInt64(min(bytes.count - 8, Self.largestHeader)) else {
      throw .truncated(headerBytes: length, available: bytes.count - 8)
    }
    let dataStart = 8 + Int(length)
    let header: [String: JSONTree]
    do {
      guard case .object(let members) = try JSONTree(parsing: Array(bytes[8..<dataStart])) else {
        throw SafeTensorsError.unreadableHeader("not the JSON object of the format")
      }
      header = members
    } catch { throw .unreadableHeader("not the JSON object of the format") }
    var texts: [String: String] = [:]
    if let metadata = header["__metadata__"] {
      guard case .object(let members) = metadata else { throw .unreadableHeader("metadata is not an object") }
      for (key, value) in members {
        guard case .string(let text) = value else { throw .unreadableHeader("metadata \"\(key)\" is not a text") }
        texts[key] = text
      }
    }
    let size = bytes.count - dataStart
    var spans: [(start: Int, end: Int)] = []
    var found: [String: Tensor] = [:]
    for (name, entry) in header.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
      guard case .object(let members) = entry, case .string(let typeName)? = members["dtype"],
        let shape = members["shape"]?.integers, let offsets = members["data_offsets"]?.integers
      else { throw .unreadableHeader("tensor \"\(name)\" has no type, shape or offsets") }
      guard let type = TensorType(rawValue: typeName) else { throw .unknownType(tensor: name, type: typeName) }
      var length = type.width
      for dimension in shape {
        let (product, overflow) = length.multipliedReportingOverflow(by: dimension)
        guard dimension >= 0, !overflow else { throw .badShape(tensor: name, shape: shape) }
        length = product
      }
      guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= size,
        offsets[1] - offsets[0] == length
      else { throw .badOffsets(tensor: name, offsets: offsets) }
      spans.append((offsets[0], offsets[1]))
      found[name] = Tensor(
        TensorValues(type, bytes[(dataStart + offsets[0])..<(dataStart + offsets[1])]), shape: shape)
    }
    var next = 0
    for span in spans.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
      guard span.start == next else { throw .overlapOrGap(atByte: min(span.start, next)) }
      next = span.end
    }
    guard next == size else { throw .overlapOrGap(atByte: next) }
    tensors = found
    metadata = texts
  }

  /// The 64-bit reals of a tensor.
  ///
  /// - Parameters:
  ///   - name: its name.
  ///   - shape: the shape it must have; nil for any.
  /// - Throws: `SafeTensorsError.missing` or `.unexpected`.
  public func doubles(_ name: String, shape: [Int]? = nil) throws(SafeTensorsError) -> [Double] {
    let tensor = try tensor(name, shape: shape)
    guard case .float64(let values) = tensor.values else {
      throw .unexpected(tensor: name, found: tensor.values.type.rawValue, expected: "F64")
    }
    return values
  }

  /// A tensor that must be there.
  ///
  /// - Throws: `SafeTensorsError.missing` or `.unexpected`.
  public func tensor(_ name: String, shape: [Int]? = nil) throws(SafeTensorsError) -> Tensor {
    guard let tensor = tensors[name] else { throw .missing(tensor: name) }
    if let shape, shape != tensor.shape {
      throw .unexpected(tensor: name, found: "shape \(tensor.shape)", expected: "shape \(shape)")
    }
    return tensor
  }
}
