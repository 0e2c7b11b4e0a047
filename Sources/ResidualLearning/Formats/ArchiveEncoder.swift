/// Turns a `Codable` value into a JSON document without long arrays, and those arrays.
///
/// An array of 16 or more numbers is replaced by `{"tensor": NAME}`; NAME is its path in the document.
package struct ArchiveEncoder {
  /// Shortest array that is moved out.
  static let shortest = 16

  package init() {}

  package func encode<T: Encodable>(_ value: T) throws -> (json: [UInt8], tensors: [ArchivedTensor]) {
    let box = Box()
    try value.encode(to: Node(box: box, codingPath: []))
    var tensors: [ArchivedTensor] = []
    let tree = box.tree(path: "", &tensors)
    return (tree.serialized(), tensors)
  }

  /// One value being written.
  fileprivate final class Box {
    var leaf: JSONTree
    var members: [String: Box]?
    var items: [Box]?
    var doubles: [Double]?
    var integers: [Int64]?

    init(_ leaf: JSONTree = .null) { self.leaf = leaf }

    /// Adds a number to a list; a list stays packed while all of it is of one kind.
    func append(_ x: Double) {
      guard integers == nil, items?.isEmpty ?? true else { return append(packed: .init(scalar(x))) }
      if doubles == nil { doubles = [] }
      doubles?.append(x)
    }

    func append(_ i: Int64) {
      guard doubles == nil, items?.isEmpty ?? true else { return append(packed: .init(.integer(i))) }
      if integers == nil { integers = [] }
      integers?.append(i)
    }

    /// Unpacks what was packed, then adds.
    func append(packed box: Box) {
      if items == nil { items = [] }
      if let values = doubles { items?.append(contentsOf: values.map { Box(scalar($0)) }) }
      if let values = integers { items?.append(contentsOf: values.map { Box(.integer($0)) }) }
      doubles = nil
      integers = nil
      items?.append(box)
    }

    func tree(path: String, _ tensors: inout [ArchivedTensor]) -> JSONTree {
      if let members {
        var out: [String: JSONTree] = [:]
        for key in members.keys.sorted() {
          out[key] = members[key]?.tree(path: path.isEmpty ? key : path + "/" + key, &tensors)
        }
        return .object(out)
      }
      if let doubles {
        if doubles.count < ArchiveEncoder.shortest { return .array(doubles.map(ArchiveEncoder.scalar)) }
        tensors.append(ArchivedTensor(name: path, values: .doubles(doubles)))
        return .object(["tensor": .string(path)])
      }
      if let integers {
        if integers.count < ArchiveEncoder.shortest { return .array(integers.map { .integer($0) }) }
        tensors.append(ArchivedTensor(name: path, values: .integers(integers)))
        return .object(["tensor": .string(path)])
      }
      if let items {
        var out: [JSONTree] = []
        for (i, item) in items.enumerated() { out.append(item.tree(path: "\(path)/\(i)", &tensors)) }
        return .array(out)
      }
      return leaf
    }
  }

  fileprivate static func scalar(_ x: Double) -> JSONTree {
    if x.isNaN { return .string("nan") }
    if x.isInfinite { return .string(x > 0 ? "inf" : "-inf") }
    return .number(x)
  }

  fileprivate struct Node: Encoder {
    let box: Box
    var codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      if box.members == nil { box.members = [:] }
      return KeyedEncodingContainer(Keyed(box: box, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      if box.items == nil { box.items = [] }
      return List(box: box, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(box: box, codingPath: codingPath) }
  }

  fileprivate struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let box: Box
    var codingPath: [any CodingKey]

    private func put(_ key: Key, _ leaf: JSONTree) {
      let child = Box()
      child.leaf = leaf
      box.members?[key.stringValue] = child
    }

    func encodeNil(forKey key: Key) { put(key, .null) }
    func encode(_ value: Bool, forKey key: Key) { put(key, .bool(value)) }
    func encode(_ value: String, forKey key: Key) { put(key, .string(value)) }
    func encode(_ value: Double, forKey key: Key) { put(key, scalar(value)) }
    func encode(_ value: Float, forKey key: Key) { put(key, scalar(Double(value))) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
      let child = Box()
      box.members?[key.stringValue] = child
      if let whole = value as? any BinaryInteger {
        child.leaf = .integer(Int64(truncatingIfNeeded: whole))
        return
      }
      try value.encode(to: Node(box: child, codingPath: codingPath + [key]))
    }

    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> {
      child(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { child(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { Node(box: box, codingPath: codingPath) }
    func superEncoder(forKey key: Key) -> any Encoder { child(key) }

    private func child(_ key: Key) -> Node {
      let made = Box()
      box.members?[key.stringValue] = made
      return Node(box: made, codingPath: codingPath + [key])
    }
  }

  fileprivate struct List: UnkeyedEncodingContainer {
    let box: Box
    var codingPath: [any CodingKey]
    var count: Int { max(box.items?.count ?? 0, box.doubles?.count ?? 0, box.integers?.count ?? 0) }

    private func put(_ leaf: JSONTree) {
      let child = Box()
      child.leaf = leaf
      box.append(packed: child)
    }

    func encodeNil() { put(.null) }
    func encode(_ value: Bool) { put(.bool(value)) }
    func encode(_ value: String) { put(.string(value)) }
    func encode(_ value: Double) { box.append(value) }
    func encode(_ value: Float) { box.append(Double(value)) }

    func encode<T: Encodable>(_ value: T) throws {
      if let x = value as? Double {
        box.append(x)
      } else if let x = value as? Float {
        box.append(Double(x))
      } else if let whole = value as? any BinaryInteger {
        box.append(Int64(truncatingIfNeeded: whole))
      } else {
        let child = Box()
        box.append(packed: child)
        try value.encode(to: Node(box: child, codingPath: codingPath))
      }
    }

    func nestedContainer<N: CodingKey>(keyedBy type: N.Type) -> KeyedEncodingContainer<N> {
      child().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
    func superEncoder() -> any Encoder { child() }

    private func child() -> Node {
      let made = Box()
      box.append(packed: made)
      return Node(box: made, codingPath: codingPath)
    }
  }

  fileprivate struct Single: SingleValueEncodingContainer {
    let box: Box
    var codingPath: [any CodingKey]

    func encodeNil() { box.leaf = .null }
    func encode(_ value: Bool) { box.leaf = .bool(value) }
    func encode(_ value: String) { box.leaf = .string(value) }
    func encode(_ value: Double) { box.leaf = scalar(value) }
    func encode(_ value: Float) { box.leaf = scalar(Double(value)) }

    func encode<T: Encodable>(_ value: T) throws {
      if let whole = value as? any BinaryInteger {
        box.leaf = .integer(Int64(truncatingIfNeeded: whole))
      } else {
        try value.encode(to: Node(box: box, codingPath: codingPath))
      }
    }
  }
}
