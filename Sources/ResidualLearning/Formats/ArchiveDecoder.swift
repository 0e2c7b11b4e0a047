/// Reads what `ArchiveEncoder` writes. Damaged input gives a `DecodingError` or `JSONSyntaxError`, never a trap.
package struct ArchiveDecoder {
  package init() {}

  package func decode<T: Decodable>(_ type: T.Type, json: [UInt8], tensors: [String: ArchivedValues]) throws -> T {
    try T(from: Node(tree: try JSONTree(parsing: json), tensors: Tensors(tensors), codingPath: []))
  }

  fileprivate final class Tensors: Sendable {
    let values: [String: ArchivedValues]
    init(_ values: [String: ArchivedValues]) { self.values = values }
  }

  fileprivate static func fault(_ path: [any CodingKey], _ message: String) -> DecodingError {
    .dataCorrupted(DecodingError.Context(codingPath: path, debugDescription: message))
  }

  fileprivate static func real(_ tree: JSONTree) -> Double? {
    switch tree {
    case .number(let x): x
    case .integer(let i): Double(i)
    case .string("nan"): .nan
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    default: nil
    }
  }

  fileprivate struct Node: Decoder {
    let tree: JSONTree
    let tensors: Tensors
    var codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
      guard case .object(let members) = tree else { throw fault(codingPath, "expected an object") }
      return KeyedDecodingContainer(Keyed(members: members, tensors: tensors, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
      switch tree {
      case .array(let items): return List(source: .items(items), tensors: tensors, codingPath: codingPath)
      case .object(let members):
        guard case .string(let name)? = members["tensor"], let values = tensors.values[name] else {
          throw fault(codingPath, "expected a list or a tensor that the file holds")
        }
        switch values {
        case .doubles(let d): return List(source: .doubles(d), tensors: tensors, codingPath: codingPath)
        case .integers(let i): return List(source: .integers(i), tensors: tensors, codingPath: codingPath)
        }
      default: throw fault(codingPath, "expected a list")
      }
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { Single(node: self) }
  }

  /// Decodes one value from a tree.
  fileprivate static func value<T: Decodable>(
    _ type: T.Type, _ tree: JSONTree, _ tensors: Tensors, _ path: [any CodingKey]
  ) throws -> T {
    if case .object(let members) = tree, case .string(let name)? = members["tensor"], let values = tensors.values[name],
      let whole = whole(type, values)
    {
      return whole
    }
    if type == Double.self, let x = real(tree) as? T { return x }
    if type == Float.self, let x = real(tree).map({ Float($0) }) as? T { return x }
    if type == Bool.self, case .bool(let b) = tree, let x = b as? T { return x }
    if type == String.self, case .string(let s) = tree, let x = s as? T { return x }
    switch tree {
    // Of lists and objects it is not asked, for the time it takes; a whole number expected there is found out later.
    case .array, .object: break
    default: if let x = try whole(type, tree, path) { return x }
    }
    if type == Double.self || type == Float.self || type == Bool.self || type == String.self {
      throw fault(path, "expected \(type)")
    }
    return try T(from: Node(tree: tree, tensors: tensors, codingPath: path))
  }

  /// A whole number, where the type is one; nil where it is not.
  private static func whole<T>(_ type: T.Type, _ tree: JSONTree, _ path: [any CodingKey]) throws -> T? {
    guard let integer = type as? any FixedWidthInteger.Type else { return nil }
    guard case .integer(let i) = tree, let x = whole(i, integer) as? T else {
      throw fault(path, "expected a whole number")
    }
    return x
  }

  /// A tensor as the list that was asked for; nil where its numbers must be taken one by one.
  private static func whole<T>(_ type: T.Type, _ values: ArchivedValues) -> T? {
    @inline(__always) func all<I: FixedWidthInteger>(_ i: [Int64], _: I.Type) -> T? {
      var numbers: [I] = []
      numbers.reserveCapacity(i.count)
      for x in i {
        guard let number = whole(x, I.self) else { return nil }
        numbers.append(number)
      }
      return numbers as? T
    }
    return switch values {
    case .doubles(let d) where type == [Double].self: d as? T
    case .doubles(let d) where type == [Float].self: d.map { Float($0) } as? T
    case .integers(let i) where type == [Int].self: all(i, Int.self)
    case .integers(let i) where type == [UInt64].self: all(i, UInt64.self)
    case .integers(let i) where type == [UInt32].self: all(i, UInt32.self)
    case .integers(let i) where type == [UInt16].self: all(i, UInt16.self)
    case .integers(let i) where type == [UInt8].self: all(i, UInt8.self)
    default: nil
    }
  }

  /// A whole number in another type; 64-bit patterns are kept.
  @inline(__always) fileprivate static func whole<I: FixedWidthInteger>(_ i: Int64, _ type: I.Type) -> I? {
    I.bitWidth == 64 ? I(truncatingIfNeeded: i) : I(exactly: i)
  }

  fileprivate struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: JSONTree]
    let tensors: Tensors
    var codingPath: [any CodingKey]
    var allKeys: [Key] { members.keys.sorted().compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

    private func tree(_ key: Key) throws -> JSONTree {
      guard let tree = members[key.stringValue] else {
        throw DecodingError.keyNotFound(
          key, DecodingError.Context(codingPath: codingPath, debugDescription: "key \(key.stringValue) is missing"))
      }
      return tree
    }

    func decodeNil(forKey key: Key) throws -> Bool { try tree(key) == .null }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
      try value(type, tree(key), tensors, codingPath + [key])
    }
    func nestedContainer<N: CodingKey>(keyedBy type: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
      try node(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
      try node(key).unkeyedContainer()
    }
    func superDecoder() -> any Decoder { Node(tree: .object(members), tensors: tensors, codingPath: codingPath) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try node(key) }
    private func node(_ key: Key) throws -> Node {
      Node(tree: try tree(key), tensors: tensors, codingPath: codingPath + [key])
    }
  }

  fileprivate struct List: UnkeyedDecodingContainer {
    enum Source {
      case items([JSONTree])
      case doubles([Double])
      case integers([Int64])
    }

    let source: Source
    let tensors: Tensors
    var codingPath: [any CodingKey]
    var currentIndex = 0

    init(source: Source, tensors: Tensors, codingPath: [any CodingKey]) {
      self.source = source
      self.tensors = tensors
      self.codingPath = codingPath
    }

    var count: Int? {
      switch source {
      case .items(let a): a.count
      case .doubles(let a): a.count
      case .integers(let a): a.count
      }
    }
    var isAtEnd: Bool { currentIndex >= (count ?? 0) }

    private mutating func next() throws -> JSONTree {
      guard !isAtEnd else { throw fault(codingPath, "the list is too short") }
      defer { currentIndex += 1 }
      switch source {
      case .items(let a): return a[currentIndex]
      case .doubles(let a):
        let x = a[currentIndex]
        return x.isFinite ? .number(x) : .string(x.isNaN ? "nan" : (x > 0 ? "inf" : "-inf"))
      case .integers(let a): return .integer(a[currentIndex])
      }
    }

    mutating func decodeNil() throws -> Bool {
      guard !isAtEnd, case .items(let a) = source, a[currentIndex] == .null else { return false }
      currentIndex += 1
      return true
    }

    mutating func decode(_ type: Double.Type) throws -> Double {
      if case .doubles(let a) = source, currentIndex < a.count {
        defer { currentIndex += 1 }
        return a[currentIndex]
      }
      guard let x = real(try next()) else { throw fault(codingPath, "expected a number") }
      return x
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
      if type == Double.self, let x = try decode(Double.self) as? T { return x }
      return try value(type, try next(), tensors, codingPath)
    }
    mutating func nestedContainer<N: CodingKey>(keyedBy type: N.Type) throws -> KeyedDecodingContainer<N> {
      try Node(tree: try next(), tensors: tensors, codingPath: codingPath).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
      try Node(tree: try next(), tensors: tensors, codingPath: codingPath).unkeyedContainer()
    }
    mutating func superDecoder() throws -> any Decoder {
      Node(tree: try next(), tensors: tensors, codingPath: codingPath)
    }
  }

  fileprivate struct Single: SingleValueDecodingContainer {
    let node: Node
    var codingPath: [any CodingKey] { node.codingPath }

    func decodeNil() -> Bool { node.tree == .null }
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
      try whole(type, node.tree, node.codingPath) ?? value(type, node.tree, node.tensors, node.codingPath)
    }
  }
}
