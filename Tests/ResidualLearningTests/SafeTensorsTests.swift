import Foundation
import ResidualLearning
import NumericalMethods
import Testing

@Suite("Safetensors files")
struct SafeTensorsTests {
  let sample = SafeTensors(
    tensors: [
      "weights": Tensor([1, -2.5, .pi, 4, .leastNonzeroMagnitude, 6], shape: [2, 3]),
      "small": Tensor(.float32([0.1, -7])),
      "feature": Tensor(.uint16([0, 65_535, 12])),
      "node": Tensor(.uint32([4_000_000_000])),
      "bin": Tensor(.uint8([1, 2, 255]), shape: [3, 1]),
      "one": Tensor([9], shape: []),
      "none": Tensor([], shape: [0, 4]),
    ], metadata: ["format": "trees/\"1\""])

  /// A file from a header's text and data.
  func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  @Test("What is written reads back equal, with equal bytes each time")
  func roundTrip() throws {
    let bytes = sample.encoded()
    #expect(try SafeTensors(decoding: bytes) == sample)
    #expect(try SafeTensors(decoding: bytes).encoded() == bytes)
    #expect(try SafeTensors(decoding: SafeTensors().encoded()) == SafeTensors())
  }

  @Test("The bytes are those of the format")
  func layout() throws {
    let bytes = SafeTensors(tensors: ["b": Tensor(.uint8([7])), "a": Tensor(.uint16([258])), "c": Tensor([1])])
      .encoded()
    let header =
      #"{"a":{"data_offsets":[8,10],"dtype":"U16","shape":[1]},"b":{"data_offsets":[10,11],"dtype":"U8","shape":[1]},"#
      + #""c":{"data_offsets":[0,8],"dtype":"F64","shape":[1]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(bytes == file(padded, [0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 2, 1, 7]))
  }

  @Test("Faults have their own error")
  func faults() {
    func fails(_ bytes: [UInt8], _ error: SafeTensorsError, _ line: Int = #line) {
      #expect(
        throws: error, sourceLocation: SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
      ) {
        try SafeTensors(decoding: bytes)
      }
    }
    func one(_ dtype: String, _ shape: String, _ offsets: String, _ count: Int) -> [UInt8] {
      file(
        #"{"x":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#,
        [UInt8](repeating: 0, count: count))
    }
    fails([1, 2, 3], .truncated(headerBytes: 8, available: 3))
    fails([255, 255, 255, 255, 255, 255, 255, 255, 0], .truncated(headerBytes: .max, available: 1))
    fails(file("not json"), .unreadableHeader("not the JSON object of the format"))
    fails(file("[]"), .unreadableHeader("not the JSON object of the format"))
    fails(one("F64", "[1.5]", "[0,8]", 8), .unreadableHeader("tensor \"x\" has no type, shape or offsets"))
    fails(one("I64", "[1]", "[0,8]", 8), .unknownType(tensor: "x", type: "I64"))
    fails(one("F64", "[-1]", "[0,8]", 8), .badShape(tensor: "x", shape: [-1]))
    fails(
      one("F64", "[4294967296,4294967296]", "[0,8]", 8), .badShape(tensor: "x", shape: [4_294_967_296, 4_294_967_296]))
    fails(
      one("U8", "[9223372036854775807,2]", "[0,8]", 8), .badShape(tensor: "x", shape: [.max, 2]))
    fails(one("F64", "[2]", "[0,8]", 8), .badOffsets(tensor: "x", offsets: [0, 8]))
    fails(one("F64", "[1]", "[8,0]", 8), .badOffsets(tensor: "x", offsets: [8, 0]))
    fails(one("F64", "[1]", "[-8,0]", 8), .badOffsets(tensor: "x", offsets: [-8, 0]))
    fails(one("F64", "[1]", "[0,8,16]", 8), .badOffsets(tensor: "x", offsets: [0, 8, 16]))
    fails(one("F64", "[1]", "[8,16]", 8), .badOffsets(tensor: "x", offsets: [8, 16]))
    fails(one("F64", "[1]", "[0,8]", 9), .overlapOrGap(atByte: 8))
    fails(one("F64", "[1]", "[1,9]", 9), .overlapOrGap(atByte: 0))
    let two =
      #"{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#
    fails(file(two, [1, 2, 3]), .overlapOrGap(atByte: 1))
  }

  @Test("A tensor is asked for with its type and shape")
  func access() throws {
    #expect(try sample.doubles("weights", shape: [2, 3])[2] == .pi)
    #expect(throws: SafeTensorsError.missing(tensor: "absent")) { try sample.doubles("absent") }
    #expect(throws: SafeTensorsError.unexpected(tensor: "bin", found: "U8", expected: "F64")) {
      try sample.doubles("bin")
    }
    #expect(throws: SafeTensorsError.unexpected(tensor: "weights", found: "shape [2, 3]", expected: "shape [6]")) {
      try sample.doubles("weights", shape: [6])
    }
  }

  @Test("Truncated at any byte: an error each time")
  func truncated() throws {
    let bytes = sample.encoded()
    for n in bytes.indices {
      #expect(throws: SafeTensorsError.self, "cut at \(n)") { try SafeTensors(decoding: Array(bytes.prefix(n))) }
    }
  }

  @Test("Any flipped bit is an error or another content of the same size, never a trap")
  func flipped() throws {
    let bytes = sample.encoded()
    let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
    var refused = 0
    for bit in 0..<(bytes.count * 8) {
      var wrong = bytes
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        let read = try SafeTensors(decoding: wrong)
        #expect(read.encoded().count <= bytes.count + 64)
      } catch { refused += 1 }
    }
    #expect(refused > header * 8 / 2 && refused <= header * 8)
  }

  @Test("Random bytes behind a plausible length never trap", arguments: 0..<50)
  func noise(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "fuzz")
    let count = stream.index(below: 200)
    let text = (0..<count).map { _ in Array(#"{}[]",:0123456789-eFU64shape"#.utf8)[stream.index(below: 28)] }
    #expect(throws: SafeTensorsError.self) {
      try SafeTensors(decoding: file(String(decoding: text, as: UTF8.self) + "!"))
    }
  }
}
