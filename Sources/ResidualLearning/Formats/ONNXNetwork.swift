/// Networks as ONNX models of standard operators (version 17 of the default set).
public enum ONNXNetwork {
  /// An ensemble of distributions as the bytes of an ONNX file.
  ///
  /// Input `features` (rows × features, NaN for missing); outputs, all 64-bit: `a` and `b` (rows × members), the
  /// parameters of each member's distribution, and for normal ones also `mean` and `standard_deviation` (rows × 1) of
  /// their mixture.
  public static func encode(_ model: DistributionNetwork, precision: ONNXPrecision = .float32) -> [UInt8] {
    var graph = ONNXGraph()
    let inputs = encoding(&graph, model.encoding, precision)
    let scale = model.scale
    let unit = graph.constant("scale", .double([scale.scale]))
    let centre = graph.constant("centre", .double([scale.centre]))
    let spread = graph.constant("log_spread", .double([scale.logSpread]))
    let (first, second) = (graph.constant("first", .integer([0])), graph.constant("second", .integer([1])))
    let bounds = logBounds(&graph)
    var (a, b): ([String], [String]) = ([], [])
    for (k, network) in model.networks.enumerated() {
      let raw = layers(&graph, network, inputs, member: k)
      let location = graph.apply("Gather", [raw, first], attributes: [("axis", .integer(1))])
      a.append(graph.apply("Add", [graph.apply("Mul", [location, unit]), centre]))
      let log = graph.apply("Gather", [raw, second], attributes: [("axis", .integer(1))])
      b.append(graph.apply("Add", [graph.apply("Clip", [log] + bounds), spread]))
    }
    let locations = graph.apply("Concat", a, attributes: [("axis", .integer(1))], named: "a")
    let spreads = graph.apply("Concat", b, attributes: [("axis", .integer(1))], named: "b")
    graph.output("a", .float64, columns: a.count)
    graph.output("b", .float64, columns: b.count)
    if scale.family == .normal {
      let average: [(String, ONNXGraph.Attribute)] = [("axes", .integers([1])), ("keepdims", .integer(1))]
      let mean = graph.apply("ReduceMean", [locations], attributes: average, named: "mean")
      let shift = graph.apply("Sub", [locations, mean])
      let two = graph.constant("two", .double([2]))
      let within = graph.apply("Exp", [graph.apply("Mul", [spreads, two])])
      let variance = graph.apply("Add", [within, graph.apply("Mul", [shift, shift])])
      let total = graph.apply("ReduceMean", [variance], attributes: average)
      _ = graph.apply("Sqrt", [total], named: "standard_deviation")
      graph.output("mean", .float64, columns: 1)
      graph.output("standard_deviation", .float64, columns: 1)
    }
    return graph.model("distribution_network", operators: [("", 17)])
  }

  /// An ensemble of quantiles as the bytes of an ONNX file with input `features` (rows × features, NaN for missing)
  /// and output `quantiles` (rows × levels, 64-bit).
  public static func encode(_ model: QuantileNetwork, precision: ONNXPrecision = .float32) -> [UInt8] {
    var graph = ONNXGraph()
    let inputs = encoding(&graph, model.encoding, precision)
    let (scale, count) = (model.scale, model.levels.count)
    let middle = count / 2
    // A quantile is the middle one plus or minus the gaps between.
    var signs = [Double](repeating: 0, count: count * count)
    for k in 0..<count {
      for gap in 0..<count where (gap > middle && gap <= k) || (gap < middle && gap >= k) {
        signs[gap * count + k] = gap > middle ? 1 : -1
      }
    }
    let unit = graph.constant("scale", .double([scale.scale]))
    let centre = graph.constant("centre", .double([scale.centre]))
    let gaps = graph.constant("log_gaps", .double(scale.logGaps))
    let steps = graph.constant("steps", .double(signs), shape: [count, count])
    let middleIndex = graph.constant("middle", .integer([middle]))
    let bounds = logBounds(&graph)
    var sum = ""
    for (k, network) in model.networks.enumerated() {
      let raw = layers(&graph, network, inputs, member: k)
      let location = graph.apply("Gather", [raw, middleIndex], attributes: [("axis", .integer(1))])
      let start = graph.apply("Add", [graph.apply("Mul", [location, unit]), centre])
      let widths = graph.apply("Exp", [graph.apply("Add", [graph.apply("Clip", [raw] + bounds), gaps])])
      let own = graph.apply("Add", [graph.apply("MatMul", [widths, steps]), start])
      sum = k == 0 ? own : graph.apply("Add", [sum, own])
    }
    let members = graph.constant("members", .double([Double(model.networks.count)]))
    _ = graph.apply("Div", [sum, members], named: "quantiles")
    graph.output("quantiles", .float64, columns: count)
    return graph.model("quantile_network", operators: [("", 17)])
  }

  private static func logBounds(_ graph: inout ONNXGraph) -> [String] {
    [
      graph.constant("lowest_log", .double([-8]), shape: []), graph.constant("highest_log", .double([8]), shape: []),
    ]
  }

  /// The inputs of the networks from the features: standardised and bounded, 0 where missing, then the masks.
  private static func encoding(
    _ graph: inout ONNXGraph, _ encoding: InputEncoding, _ precision: ONNXPrecision
  ) -> String {
    var features = graph.input("features", precision, columns: encoding.means.count)
    if precision == .float32 {
      features = graph.apply("Cast", [features], attributes: [("to", .integer(ONNXPrecision.float64.rawValue))])
    }
    let missing = graph.apply("IsNaN", [features])
    let means = graph.constant("means", .double(encoding.means))
    let scales = graph.constant("scales", .double(encoding.scales))
    let low = graph.constant("lowest", .double([-InputEncoding.bound]), shape: [])
    let high = graph.constant("highest", .double([InputEncoding.bound]), shape: [])
    let zero = graph.constant("zero", .double([0]))
    let scaled = graph.apply("Div", [graph.apply("Sub", [features, means]), scales])
    let filled = graph.apply("Where", [missing, zero, graph.apply("Clip", [scaled, low, high])])
    let inputs = graph.apply("Cast", [filled], attributes: [("to", .integer(ONNXPrecision.float32.rawValue))])
    guard !encoding.masked.isEmpty else { return inputs }
    let columns = graph.constant("masked", .integer(encoding.masked))
    let chosen = graph.apply("Gather", [missing, columns], attributes: [("axis", .integer(1))])
    let masks = graph.apply("Cast", [chosen], attributes: [("to", .integer(ONNXPrecision.float32.rawValue))])
    return graph.apply("Concat", [inputs, masks], attributes: [("axis", .integer(1))])
  }

  /// The outputs of one network, 64-bit.
  private static func layers(
    _ graph: inout ONNXGraph, _ network: Network<Float>, _ inputs: String, member: Int
  ) -> String {
    var values = inputs
    for (l, layer) in network.layers.enumerated() {
      let weights = graph.constant(
        "weight\(member)_\(l)", .float(Array(network.parameters[layer.weights])), shape: [layer.inputs, layer.outputs])
      let biases = graph.constant("bias\(member)_\(l)", .float(Array(network.parameters[layer.biases])))
      values = graph.apply("Gemm", [values, weights, biases])
      if l < network.layers.count - 1 {
        values = graph.apply(network.activation == .relu ? "Relu" : "Tanh", [values])
      }
    }
    return graph.apply("Cast", [values], attributes: [("to", .integer(ONNXPrecision.float64.rawValue))])
  }
}
