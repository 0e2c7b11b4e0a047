/// Bytes of a protocol buffer message: fields by number, written in order.
///
/// - Source: protobuf.dev, "Encoding".
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A whole number.
  mutating func write(_ field: Int, _ value: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// Bytes, a text or a message.
  mutating func write(_ field: Int, _ content: [UInt8]) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(content.count))
    bytes += content
  }

  mutating func write(_ field: Int, _ text: String) { write(field, Array(text.utf8)) }
  mutating func write(_ field: Int, _ message: ProtobufMessage) { write(field, message.bytes) }

  /// Whole numbers in one field.
  mutating func write(_ field: Int, packed values: [Int]) {
    var inner = ProtobufMessage()
    for value in values { inner.varint(UInt64(bitPattern: Int64(value))) }
    write(field, inner.bytes)
  }
}

/// Number types of an ONNX tensor, with their code.
public enum ONNXPrecision: Int, Sendable, Hashable, CaseIterable {
  /// 32-bit reals: what every runtime takes.
  case float32 = 1
  /// 64-bit reals: the same sides and sums as ours, where the runtime takes them.
  case float64 = 11
}

/// The messages of an ONNX model that our exports need.
///
/// - Source: ONNX, `onnx/onnx.proto` (IR version 8).
struct ONNXGraph {
  private var nodes: [ProtobufMessage] = []
  private var initializers: [ProtobufMessage] = []
  private var inputs: [ProtobufMessage] = []
  private var outputs: [ProtobufMessage] = []

  /// A tensor's numbers.
  enum Values {
    case float([Float])
    case double([Double])
    case integer([Int])
    case byte([UInt8])
  }

  /// An attribute of a node.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case text(String)
    case texts([String])
    case tensor(Values)
  }

  private static func tensor(_ name: String, _ values: Values, shape: [Int]?) -> ProtobufMessage {
    var out = ProtobufMessage()
    func raw<T>(_ words: [T]) -> [UInt8] { words.withUnsafeBytes { Array($0) } }
    let (type, count, bytes): (Int, Int, [UInt8])
    switch values {
    case .float(let v): (type, count, bytes) = (1, v.count, raw(v.map(\.bitPattern.littleEndian)))
    case .double(let v): (type, count, bytes) = (11, v.count, raw(v.map(\.bitPattern.littleEndian)))
    case .integer(let v): (type, count, bytes) = (7, v.count, raw(v.map { Int64($0).littleEndian }))
    case .byte(let v): (type, count, bytes) = (2, v.count, v)
    }
    for length in shape ?? [count] { out.write(1, length) }
    out.write(2, type)
    out.write(8, name)
    out.write(9, bytes)
    return out
  }

  /// A constant of the graph; no dimension means one number.
  mutating func constant(_ name: String, _ values: Values, shape: [Int]? = nil) -> String {
    initializers.append(Self.tensor(name, values, shape: shape))
    return name
  }

  /// A table at the border: any number of rows, `columns` columns.
  private static func border(_ name: String, _ precision: ONNXPrecision, columns: Int) -> ProtobufMessage {
    var (rows, width, shape, type, outer, out) = (
      ProtobufMessage(), ProtobufMessage(), ProtobufMessage(), ProtobufMessage(), ProtobufMessage(), ProtobufMessage()
    )
    rows.write(2, "rows")
    width.write(1, columns)
    shape.write(1, rows)
    shape.write(1, width)
    type.write(1, precision.rawValue)
    type.write(2, shape)
    outer.write(1, type)
    out.write(1, name)
    out.write(2, outer)
    return out
  }

  mutating func input(_ name: String, _ precision: ONNXPrecision, columns: Int) -> String {
    inputs.append(Self.border(name, precision, columns: columns))
    return name
  }

  mutating func output(_ name: String, _ precision: ONNXPrecision, columns: Int) {
    outputs.append(Self.border(name, precision, columns: columns))
  }

  /// Appends an operation with one output, whose name it returns.
  mutating func apply(
    _ operation: String, _ inputs: [String], domain: String = "", attributes: [(String, Attribute)] = [],
    named name: String? = nil
  ) -> String {
    let name = name ?? "\(operation)\(nodes.count)"
    var node = ProtobufMessage()
    for input in inputs { node.write(1, input) }
    node.write(2, name)
    node.write(3, name)
    node.write(4, operation)
    for (key, value) in attributes {
      var attribute = ProtobufMessage()
      attribute.write(1, key)
      switch value {
      case .integer(let v):
        attribute.write(3, v)
        attribute.write(20, 2)
      case .text(let v):
        attribute.write(4, v)
        attribute.write(20, 3)
      case .tensor(let v):
        attribute.write(5, Self.tensor(key, v, shape: nil))
        attribute.write(20, 4)
      case .integers(let v):
        attribute.write(8, packed: v)
        attribute.write(20, 7)
      case .texts(let v):
        for text in v { attribute.write(9, text) }
        attribute.write(20, 8)
      }
      node.write(5, attribute)
    }
    if !domain.isEmpty { node.write(7, domain) }
    nodes.append(node)
    return name
  }

  /// The bytes of the model.
  ///
  /// - Parameter operators: version of each set of operators, by domain.
  func model(_ name: String, operators: [(domain: String, version: Int)]) -> [UInt8] {
    var graph = ProtobufMessage()
    for node in nodes { graph.write(1, node) }
    graph.write(2, name)
    for tensor in initializers { graph.write(5, tensor) }
    for input in inputs { graph.write(11, input) }
    for output in outputs { graph.write(12, output) }
    var model = ProtobufMessage()
    model.write(1, 8)
    model.write(2, "ResidualLearning")
    model.write(7, graph)
    for set in operators {
      var version = ProtobufMessage()
      version.write(1, set.domain)
      version.write(2, set.version)
      model.write(8, version)
    }
    return model.bytes
  }
}
