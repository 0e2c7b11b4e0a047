#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// A network of `Float` laid out for prediction by a kernel of our own: same bits for one row or many, with or without
/// wide vector instructions, and no call into a library.
///
/// The weights of a layer stand in panels of 16 columns, padded by zeros: panel, then input, then column.
struct PackedNetwork: Sendable, Hashable {
  private static let panel = 16
  private static let tile = 6
  /// Rows that pass through all layers together, so that what is between them stays in the nearest cache.
  private static let block = 48

  private struct Layer: Sendable, Hashable {
    var inputs: Int
    var outputs: Int
    /// Outputs with their padding.
    var padded: Int
    /// Where the padded biases stand, followed by the panels.
    var offset: Int
  }

  private let layers: [Layer]
  private let values: [Float]
  private let activation: Activation
  /// Most values between layers of one row.
  private let widest: Int
  /// Values in and out.
  let inputs: Int
  let outputs: Int

  init(_ network: Network<Float>) {
    var layers: [Layer] = []
    var values: [Float] = []
    for layer in network.layers {
      let padded = (layer.outputs + Self.panel - 1) / Self.panel * Self.panel
      layers.append(Layer(inputs: layer.inputs, outputs: layer.outputs, padded: padded, offset: values.count))
      values += network.parameters[layer.biases]
      values += [Float](repeating: 0, count: padded - layer.outputs)
      for first in stride(from: 0, to: padded, by: Self.panel) {
        for k in 0..<layer.inputs {
          for column in first..<(first + Self.panel) {
            values.append(
              column < layer.outputs ? network.parameters[layer.offset + k * layer.outputs + column] : 0)
          }
        }
      }
    }
    self.layers = layers
    self.values = values
    activation = network.activation
    widest = layers.reduce(0) { max($0, $1.padded) }
    inputs = network.sizes[0]
    outputs = network.sizes[network.sizes.count - 1]
  }

  /// The outputs for `rows` rows of inputs, both row-major without gaps.
  func predict(_ input: [Float], rows: Int) -> [Float] {
    precondition(input.count == rows * inputs, "\(input.count) inputs for \(rows) × \(inputs)")
    var out = [Float](repeating: 0, count: rows * outputs)
    input.withUnsafeBufferPointer { input in
      out.withUnsafeMutableBufferPointer { out in
        guard let input = input.baseAddress, let out = out.baseAddress else { return }
        for first in stride(from: 0, to: rows, by: Self.block) {
          predict(input + first * inputs, rows: min(Self.block, rows - first), into: out + first * outputs)
        }
      }
    }
    return out
  }

  /// The outputs of at most `block` rows.
  func predict(_ input: UnsafePointer<Float>, rows: Int, into out: UnsafeMutablePointer<Float>) {
    precondition(rows <= Self.block, "\(rows) rows at once")
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows * widest) { scratch in
      values.withUnsafeBufferPointer { values in
        guard let base = values.baseAddress, let scratch = scratch.baseAddress else { return }
        var source = input
        var width = inputs
        for (l, layer) in layers.enumerated() {
          let target = scratch + (l & 1) * rows * widest
          let last = l == layers.count - 1
          Self.multiply(
            source, width: width, rows: rows, layer, base + layer.offset, into: target,
            rectified: !last && activation == .relu)
          if !last && activation == .tanh {
            for i in 0..<(rows * layer.padded) { target[i] = Float(tanh(Double(target[i]))) }
          }
          source = UnsafePointer(target)
          width = layer.padded
        }
        for i in 0..<rows { for o in 0..<outputs { out[i * outputs + o] = source[i * width + o] } }
      }
    }
  }

  /// y = x·W + b, or its positive part, for rows of `width` values of which the layer's inputs come first.
  private static func multiply(
    _ x: UnsafePointer<Float>, width: Int, rows: Int, _ layer: Layer, _ parameters: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, rectified: Bool
  ) {
    let weights = parameters + layer.padded
    for first in stride(from: 0, to: layer.padded, by: panel) {
      let w = weights + first * layer.inputs
      let bias = parameters + first
      var row = 0
      while row + tile <= rows {
        sixRows(
          x + row * width, width: width, w, inputs: layer.inputs, bias, into: y + (row * layer.padded + first),
          padded: layer.padded, rectified: rectified)
        row += tile
      }
      while row < rows {
        oneRow(
          x + row * width, w, inputs: layer.inputs, bias, into: y + (row * layer.padded + first), rectified: rectified)
        row += 1
      }
    }
  }

  private typealias Line = SIMD8<Float>

  @inline(__always)
  private static func load(_ p: UnsafePointer<Float>) -> Line {
    UnsafeRawPointer(p).loadUnaligned(as: Line.self)
  }

  @inline(__always)
  private static func store(_ line: Line, _ p: UnsafeMutablePointer<Float>, _ rectified: Bool) {
    let value = rectified ? line.replacing(with: 0, where: line .< 0) : line
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Line.self)
  }

  /// One row by one panel; the sums run over the inputs in order, as in `sixRows`.
  private static func oneRow(
    _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, inputs: Int, _ bias: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, rectified: Bool
  ) {
    var a = load(bias)
    var b = load(bias + 8)
    for k in 0..<inputs {
      let value = x[k]
      a += value * load(w + 16 &* k)
      b += value * load(w + (16 &* k &+ 8))
    }
    store(a, y, rectified)
    store(b, y + 8, rectified)
  }

  /// Six rows by one panel, all sums in registers.
  private static func sixRows(
    _ x: UnsafePointer<Float>, width: Int, _ w: UnsafePointer<Float>, inputs: Int, _ bias: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, padded: Int, rectified: Bool
  ) {
    let (p, q) = (load(bias), load(bias + 8))
    var (a0, a1, a2, a3, a4, a5) = (p, p, p, p, p, p)
    var (b0, b1, b2, b3, b4, b5) = (q, q, q, q, q, q)
    let (x0, x1, x2) = (x, x + width, x + 2 * width)
    let (x3, x4, x5) = (x + 3 * width, x + 4 * width, x + 5 * width)
    for k in 0..<inputs {
      let u = load(w + 16 &* k)
      let v = load(w + (16 &* k &+ 8))
      a0 += x0[k] * u
      b0 += x0[k] * v
      a1 += x1[k] * u
      b1 += x1[k] * v
      a2 += x2[k] * u
      b2 += x2[k] * v
      a3 += x3[k] * u
      b3 += x3[k] * v
      a4 += x4[k] * u
      b4 += x4[k] * v
      a5 += x5[k] * u
      b5 += x5[k] * v
    }
    store(a0, y, rectified)
    store(b0, y + 8, rectified)
    store(a1, y + padded, rectified)
    store(b1, y + (padded + 8), rectified)
    store(a2, y + 2 * padded, rectified)
    store(b2, y + (2 * padded + 8), rectified)
    store(a3, y + 3 * padded, rectified)
    store(b3, y + (3 * padded + 8), rectified)
    store(a4, y + 4 * padded, rectified)
    store(b4, y + (4 * padded + 8), rectified)
    store(a5, y + 5 * padded, rectified)
    store(b5, y + (5 * padded + 8), rectified)
  }
}
