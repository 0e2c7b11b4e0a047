extension SafeTensors {
  /// The weights of an ensemble by the names PyTorch gives them: `member.0.layer.0.weight` (outputs × inputs, 32-bit)
  /// and `member.0.layer.0.bias`, with the encoding of the inputs as `input.mean`, `input.scale` and `input.masked`.
  ///
  /// For other tools; `ModelFile` is the form that reads back.
  public init(weightsOf model: DistributionNetwork) {
    self.init(model.networks, model.encoding)
    tensors["output.centre"] = Tensor([model.scale.centre], shape: [])
    tensors["output.scale"] = Tensor([model.scale.scale], shape: [])
    tensors["output.log_spread"] = Tensor([model.scale.logSpread], shape: [])
    metadata["family"] = model.family.rawValue
  }

  /// The weights of an ensemble of quantiles, named as those of distributions.
  public init(weightsOf model: QuantileNetwork) {
    self.init(model.networks, model.encoding)
    tensors["output.centre"] = Tensor([model.scale.centre], shape: [])
    tensors["output.scale"] = Tensor([model.scale.scale], shape: [])
    tensors["output.log_gaps"] = Tensor(model.scale.logGaps)
    tensors["output.levels"] = Tensor(model.levels)
  }

  private init(_ networks: [Network<Float>], _ encoding: InputEncoding) {
    self.init()
    for (k, network) in networks.enumerated() {
      for (l, layer) in network.layers.enumerated() {
        var transposed: [Float] = []
        for o in 0..<layer.outputs {
          for i in 0..<layer.inputs { transposed.append(network.parameters[layer.offset + i * layer.outputs + o]) }
        }
        tensors["member.\(k).layer.\(l).weight"] = Tensor(.float32(transposed), shape: [layer.outputs, layer.inputs])
        tensors["member.\(k).layer.\(l).bias"] = Tensor(.float32(Array(network.parameters[layer.biases])))
      }
      metadata["activation"] = network.activation.rawValue
    }
    tensors["input.mean"] = Tensor(encoding.means)
    tensors["input.scale"] = Tensor(encoding.scales)
    tensors["input.masked"] = Tensor(.uint32(encoding.masked.map { UInt32($0) }))
  }
}
