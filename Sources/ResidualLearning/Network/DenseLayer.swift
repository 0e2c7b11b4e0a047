/// The place of a fully connected layer, y = activation(x·W + b), in the flat parameters of its network.
public struct DenseLayer: Sendable, Hashable {
  /// Values that come in.
  public let inputs: Int
  /// Values that go out.
  public let outputs: Int
  /// Where the first weight stands; W is `inputs` × `outputs`, row-major.
  public let offset: Int

  /// Where W stands in the parameters.
  public var weights: Range<Int> { offset..<(offset + inputs * outputs) }
  /// Where b stands in the parameters, right after W.
  public var biases: Range<Int> { (offset + inputs * outputs)..<(offset + (inputs + 1) * outputs) }

  /// The layers between successive sizes, one after the other.
  static func stack(_ sizes: [Int]) -> [DenseLayer] {
    var offset = 0
    return zip(sizes, sizes.dropFirst()).map { inputs, outputs in
      let layer = DenseLayer(inputs: inputs, outputs: outputs, offset: offset)
      offset = layer.biases.upperBound
      return layer
    }
  }
}
