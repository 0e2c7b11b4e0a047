/// Numbers moved out of a JSON document.
package enum ArchivedValues: Sendable, Hashable {
  case doubles([Double])
  case integers([Int64])
}

/// An array of numbers with its place in the document.
package struct ArchivedTensor: Sendable, Hashable {
  package var name: String
  package var values: ArchivedValues
}

extension SafeTensors {
  /// Ending of the name of an array of 64-bit whole numbers, stored as pairs of 32-bit words, low word first.
  private static let wideEnding = "#64"

  /// Arrays of an archive; whole numbers are stored in the smallest unsigned type that holds them.
  package init(archived: [ArchivedTensor]) {
    var out: [String: Tensor] = [:]
    for t in archived {
      switch t.values {
      case .doubles(let values): out[t.name] = Tensor(values)
      case .integers(let values):
        let top = values.max() ?? 0
        if (values.min() ?? 0) < 0 || top > 0xffff_ffff {
          let words = values.flatMap { [UInt32(truncatingIfNeeded: $0), UInt32(truncatingIfNeeded: $0 >> 32)] }
          out[t.name + Self.wideEnding] = Tensor(.uint32(words))
        } else if top <= 0xff {
          out[t.name] = Tensor(.uint8(values.map { UInt8($0) }))
        } else if top <= 0xffff {
          out[t.name] = Tensor(.uint16(values.map { UInt16($0) }))
        } else {
          out[t.name] = Tensor(.uint32(values.map { UInt32($0) }))
        }
      }
    }
    self.init(tensors: out)
  }

  /// The arrays for an archive decoder.
  package var archived: [String: ArchivedValues] {
    var out: [String: ArchivedValues] = [:]
    for (name, t) in tensors {
      switch t.values {
      case .float64(let v): out[name] = .doubles(v)
      case .float32(let v): out[name] = .doubles(v.map(Double.init))
      case .uint16(let v): out[name] = .integers(v.map(Int64.init))
      case .uint8(let v): out[name] = .integers(v.map(Int64.init))
      case .uint32(let v):
        if name.hasSuffix(Self.wideEnding) {
          let wide = stride(from: 0, to: v.count - 1, by: 2).map {
            Int64(bitPattern: UInt64(v[$0]) | UInt64(v[$0 + 1]) << 32)
          }
          out[String(name.dropLast(Self.wideEnding.count))] = .integers(wide)
        } else {
          out[name] = .integers(v.map(Int64.init))
        }
      }
    }
    return out
  }
}
