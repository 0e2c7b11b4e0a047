#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import NumericalMethods

/// What a hidden layer does with its sums.
public enum Activation: String, Sendable, Hashable, Codable {
  /// The hyperbolic tangent.
  case tanh
  /// max(0, x).
  case relu
}

/// A multilayer perceptron: hidden layers with one activation, then a layer without.
public struct Network<Scalar: BLASScalar>: Sendable, Hashable, Codable {
  /// Values at the input, after each hidden layer and at the output.
  public let sizes: [Int]
  /// The activation of the hidden layers.
  public let activation: Activation
  /// Weights and biases, layer after layer; see `layers` for the places.
  public internal(set) var parameters: [Scalar]
  /// The layers, first to last.
  public let layers: [DenseLayer]

  /// A network with uniform weights and biases: for tanh in ±√(6 / (inputs + outputs)) of their layer, for ReLU in
  /// ±1/√inputs.
  ///
  /// - Source: X. Glorot and Y. Bengio, AISTATS 2010, eq. 16, biases too as scikit-learn's `MLPRegressor`; Y. LeCun et
  ///   al., "Efficient BackProp", 1998, §4.6, with the variance divided by 3, as PyTorch's `Linear`.
  init(sizes: [Int], activation: Activation, stream: inout RandomStream) {
    self.sizes = sizes
    self.activation = activation
    layers = DenseLayer.stack(sizes)
    parameters = []
    for layer in layers {
      let bound = (activation == .tanh ? 6 / Double(layer.inputs + layer.outputs) : 1 / Double(layer.inputs))
        .squareRoot()
      for _ in layer.weights.lowerBound..<layer.biases.upperBound {
        parameters.append(Scalar(bound * (2 * stream.uniform() - 1)))
      }
    }
  }

  /// A network from its parts, checked.
  ///
  /// - Parameters:
  ///   - sizes: values at the input, after each hidden layer and at the output; each 1…2²⁰.
  ///   - parameters: W (inputs × outputs, row-major) and b of each layer in turn, finite.
  /// - Throws: `LearningError.corruptModel`.
  public init(sizes: [Int], activation: Activation, parameters: [Scalar]) throws(LearningError) {
    // The bounds keep the products of damaged sizes from overflowing.
    let plausible = (2...64).contains(sizes.count) && sizes.allSatisfy { (1...(1 << 20)).contains($0) }
    layers = plausible ? DenseLayer.stack(sizes) : []
    guard layers.last?.biases.upperBound == parameters.count, parameters.allSatisfy(\.isFinite) else {
      throw .corruptModel("\(parameters.count) parameters for layers of \(sizes), or not finite")
    }
    self.sizes = sizes
    self.activation = activation
    self.parameters = parameters
  }

  /// The outputs for rows of inputs, both row-major without gaps.
  public func callAsFunction(_ input: [Scalar], rows: Int) -> [Scalar] {
    var pass = NetworkPass<Scalar>()
    pass.forward(self, input: input, rows: rows)
    return pass.output
  }

  private enum CodingKeys: String, CodingKey { case sizes, activation, parameters }

  /// Decodes a network; sizes or parameters that cannot belong to one are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      sizes: container.decode([Int].self, forKey: .sizes),
      activation: container.decode(Activation.self, forKey: .activation),
      parameters: container.decode([Scalar].self, forKey: .parameters))
  }
}

/// The values inside a network for a batch of rows, kept for the way back.
struct NetworkPass<Scalar: BLASScalar> {
  /// Values after each layer, row-major.
  private var values: [[Scalar]] = []
  /// Derivatives with respect to the sums of each layer, row-major.
  private var deltas: [[Scalar]] = []

  /// What the last layer gave.
  var output: [Scalar] { values[values.count - 1] }

  /// Runs `rows` rows of inputs through the network.
  mutating func forward(_ network: Network<Scalar>, input: [Scalar], rows: Int) {
    let layers = network.layers
    precondition(input.count == rows * layers[0].inputs, "\(input.count) inputs for \(rows) × \(layers[0].inputs)")
    if values.count != layers.count {
      values = [[Scalar]](repeating: [], count: layers.count)
      deltas = values
    }
    for (l, layer) in layers.enumerated() {
      if values[l].count != rows * layer.outputs {
        values[l] = [Scalar](repeating: 0, count: rows * layer.outputs)
        deltas[l] = values[l]
      }
      network.parameters.withUnsafeBufferPointer { parameters in
        let bias = parameters.baseAddress! + layer.biases.lowerBound
        let weights = parameters.baseAddress! + layer.offset
        func run(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>) {
          for i in 0..<rows { (y + i * layer.outputs).update(from: bias, count: layer.outputs) }
          Scalar.multiply(
            rows: rows, columns: layer.outputs, inner: layer.inputs, x, transposedA: false, weights,
            transposedB: false, into: y, adding: true)
          if l < layers.count - 1 { Self.activate(y, count: rows * layer.outputs, network.activation) }
        }
        if l == 0 { run(input, &values[0]) } else { run(values[l - 1], &values[l]) }
      }
    }
  }

  private static func activate(_ y: UnsafeMutablePointer<Scalar>, count: Int, _ activation: Activation) {
    switch activation {
    case .tanh: for i in 0..<count { y[i] = Scalar(tanh(Double(y[i]))) }
    case .relu: rectify(y, by: y, count: count)
    }
  }

  /// Sets to 0 the values `d` where `y` is not positive.
  private static func rectify(_ d: UnsafeMutablePointer<Scalar>, by y: UnsafePointer<Scalar>, count: Int) {
    var done = 0
    // By lines where they exist, since a mispredicted branch a value costs more than the products.
    if let d = d as? UnsafeMutablePointer<Float>, let y = y as? UnsafePointer<Float> {
      while done + 8 <= count {
        let line = UnsafeRawPointer(d + done).loadUnaligned(as: SIMD8<Float>.self)
        let sign = UnsafeRawPointer(y + done).loadUnaligned(as: SIMD8<Float>.self)
        UnsafeMutableRawPointer(d + done).storeBytes(
          of: line.replacing(with: 0, where: sign .<= 0), as: SIMD8<Float>.self)
        done += 8
      }
    }
    for i in done..<count where y[i] <= 0 { d[i] = 0 }
  }

  /// Sets `gradient` to the derivative with respect to the parameters, from that with respect to the outputs of the
  /// batch of the last `forward`.
  mutating func backward(
    _ network: Network<Scalar>, input: [Scalar], rows: Int, outputGradient: [Scalar], into gradient: inout [Scalar]
  ) {
    let layers = network.layers
    deltas[layers.count - 1] = outputGradient
    gradient.withUnsafeMutableBufferPointer { gradient in
      for (l, layer) in layers.enumerated().reversed() {
        let base = gradient.baseAddress!
        Scalar.multiply(
          rows: layer.inputs, columns: layer.outputs, inner: rows, l == 0 ? input : values[l - 1],
          transposedA: true, deltas[l], transposedB: false, into: base + layer.offset, adding: false)
        let bias = base + layer.biases.lowerBound
        for o in 0..<layer.outputs { bias[o] = 0 }
        deltas[l].withUnsafeBufferPointer { d in
          for i in 0..<rows { for o in 0..<layer.outputs { bias[o] += d[i * layer.outputs + o] } }
        }
        guard l > 0 else { continue }
        network.parameters.withUnsafeBufferPointer { parameters in
          Scalar.multiply(
            rows: rows, columns: layer.inputs, inner: layer.outputs, deltas[l], transposedA: false,
            parameters.baseAddress! + layer.offset, transposedB: true, into: &deltas[l - 1], adding: false)
        }
        let count = rows * layer.inputs
        values[l - 1].withUnsafeBufferPointer { y in
          deltas[l - 1].withUnsafeMutableBufferPointer { d in
            switch network.activation {
            case .tanh: for i in 0..<count { d[i] *= 1 - y[i] * y[i] }
            case .relu: Self.rectify(d.baseAddress!, by: y.baseAddress!, count: count)
            }
          }
        }
      }
    }
  }
}
