/// Trees as ONNX models.
public enum ONNXTrees {
  /// Which operator holds the trees.
  public enum Operator: Sendable, Hashable, CaseIterable {
    /// `TreeEnsembleRegressor` of `ai.onnx.ml` 3, which runtimes read widely; its output is 32-bit.
    case regressor
    /// `TreeEnsemble` of `ai.onnx.ml` 5, its replacement.
    case ensemble
  }

  /// Models as the bytes of an ONNX file with input `features` (rows × features) and output `sums` (rows × outputs).
  ///
  /// With 32-bit inputs the greatest 32-bit number at or below each threshold is written, so that every 32-bit value
  /// takes the same side; with 64-bit ones the thresholds are ours.
  ///
  /// - Throws: `LearningError.sizes` when the features differ or there is no output, `.unsupported` for categorical splits
  ///   or linear leaves.
  public static func encode(
    _ outputs: [BoostedTrees], precision: ONNXPrecision = .float32, operator form: Operator = .regressor
  ) throws(LearningError) -> [UInt8] {
    let names = try sharedFeatures(outputs)
    func numbers(_ values: [Double]) -> ONNXGraph.Values {
      precision == .float64 ? .double(values) : .float(values.map { Float($0) })
    }
    func thresholds(_ values: [Double]) -> ONNXGraph.Values {
      precision == .float64 ? .double(values) : .float(values.map(\.floatAtOrBelow))
    }
    var graph = ONNXGraph()
    let input = graph.input("features", precision, columns: names.count)
    // The older operator gives 32-bit sums whatever its inputs.
    graph.output("sums", form == .regressor ? .float32 : precision, columns: outputs.count)
    let base = outputs.map(\.baseScore)
    switch form {
    case .regressor:
      let trees = Regressor(outputs)
      var attributes: [(String, ONNXGraph.Attribute)] = [
        ("n_targets", .integer(outputs.count)), ("aggregate_function", .text("SUM")), ("post_transform", .text("NONE")),
        ("nodes_treeids", .integers(trees.tree)), ("nodes_nodeids", .integers(trees.node)),
        ("nodes_featureids", .integers(trees.feature)),
        ("nodes_modes", .texts(trees.isLeaf.map { $0 ? "LEAF" : "BRANCH_LEQ" })),
        ("nodes_truenodeids", .integers(trees.left)), ("nodes_falsenodeids", .integers(trees.right)),
        ("nodes_missing_value_tracks_true", .integers(trees.missing)),
        ("target_treeids", .integers(trees.leafTree)), ("target_nodeids", .integers(trees.leafNode)),
        ("target_ids", .integers(trees.leafOutput)),
      ]
      // The attributes of reals are 32-bit; tensors hold either.
      attributes.append(("nodes_values_as_tensor", .tensor(thresholds(trees.threshold))))
      attributes.append(("target_weights_as_tensor", .tensor(numbers(trees.leafValue))))
      attributes.append(("base_values_as_tensor", .tensor(numbers(base))))
      _ = graph.apply(
        "TreeEnsembleRegressor", [input], domain: "ai.onnx.ml", attributes: attributes, named: "sums")
      return graph.model("trees", operators: [("", 17), ("ai.onnx.ml", 3)])
    case .ensemble:
      let trees = Ensemble(outputs)
      let sums = graph.apply(
        "TreeEnsemble", [input], domain: "ai.onnx.ml",
        attributes: [
          ("n_targets", .integer(outputs.count)), ("aggregate_function", .integer(1)), ("post_transform", .integer(0)),
          ("tree_roots", .integers(trees.roots)), ("nodes_featureids", .integers(trees.feature)),
          ("nodes_modes", .tensor(.byte(trees.feature.map { _ in 0 }))),
          ("nodes_splits", .tensor(thresholds(trees.threshold))),
          ("nodes_truenodeids", .integers(trees.left)), ("nodes_trueleafs", .integers(trees.leftIsLeaf)),
          ("nodes_falsenodeids", .integers(trees.right)), ("nodes_falseleafs", .integers(trees.rightIsLeaf)),
          ("nodes_missing_value_tracks_true", .integers(trees.missing)),
          ("leaf_targetids", .integers(trees.leafOutput)), ("leaf_weights", .tensor(numbers(trees.leafValue))),
        ])
      let offset = graph.constant("base", numbers(base), shape: [1, base.count])
      _ = graph.apply("Add", [sums, offset], named: "sums")
      return graph.model("trees", operators: [("", 17), ("ai.onnx.ml", 5)])
    }
  }

  /// The arrays of the older operator: nodes by tree and number, leaves among them.
  private struct Regressor {
    var (tree, node, feature, left, right, missing): ([Int], [Int], [Int], [Int], [Int], [Int]) = (
      [], [], [], [], [], []
    )
    var threshold: [Double] = []
    var isLeaf: [Bool] = []
    var (leafTree, leafNode, leafOutput): ([Int], [Int], [Int]) = ([], [], [])
    var leafValue: [Double] = []

    init(_ outputs: [BoostedTrees]) {
      var count = 0
      for (output, model) in outputs.enumerated() {
        for t in model.roots.indices {
          let nodes = model.nodes(ofTree: t)
          for i in nodes { append(model, i, base: nodes.lowerBound, tree: count, output: output) }
          count += 1
        }
      }
      // The operator wants at least one tree.
      if count == 0 { appendLeaf(tree: 0, node: 0, output: 0, value: 0) }
    }

    private mutating func append(_ model: BoostedTrees, _ i: Int, base: Int, tree t: Int, output: Int) {
      guard model.left[i] != 0 else {
        return appendLeaf(tree: t, node: i - base, output: output, value: model.leaf[i])
      }
      tree.append(t)
      node.append(i - base)
      isLeaf.append(false)
      feature.append(Int(model.feature[i]))
      threshold.append(model.threshold[i])
      left.append(Int(model.left[i]) - base)
      right.append(Int(model.left[i]) + 1 - base)
      missing.append(Int(model.flags[i]))
    }

    private mutating func appendLeaf(tree t: Int, node n: Int, output: Int, value: Double) {
      tree.append(t)
      node.append(n)
      isLeaf.append(true)
      for array in [\Regressor.feature, \.left, \.right, \.missing] { self[keyPath: array].append(0) }
      threshold.append(0)
      leafTree.append(t)
      leafNode.append(n)
      leafOutput.append(output)
      leafValue.append(value)
    }
  }

  /// The arrays of the newer operator: splits and leaves apart, no tree without a split.
  private struct Ensemble {
    var (roots, feature, left, right): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    var (leftIsLeaf, rightIsLeaf, missing): ([Int], [Int], [Int]) = ([], [], [])
    var threshold: [Double] = []
    var leafOutput: [Int] = []
    var leafValue: [Double] = []

    init(_ outputs: [BoostedTrees]) {
      for (output, model) in outputs.enumerated() {
        for t in model.roots.indices {
          let nodes = model.nodes(ofTree: t)
          if nodes.count == 1 {
            appendStump(model.leaf[nodes.lowerBound], output: output)
            continue
          }
          roots.append(feature.count)
          var place = [Int](repeating: 0, count: nodes.count)
          var splits = feature.count
          for i in nodes {
            if model.left[i] != 0 {
              place[i - nodes.lowerBound] = splits
              splits += 1
            } else {
              place[i - nodes.lowerBound] = leafValue.count
              leafValue.append(model.leaf[i])
              leafOutput.append(output)
            }
          }
          for i in nodes where model.left[i] != 0 {
            let (l, r) = (Int(model.left[i]), Int(model.left[i]) + 1)
            feature.append(Int(model.feature[i]))
            threshold.append(model.threshold[i])
            missing.append(Int(model.flags[i]))
            left.append(place[l - nodes.lowerBound])
            right.append(place[r - nodes.lowerBound])
            leftIsLeaf.append(model.left[l] == 0 ? 1 : 0)
            rightIsLeaf.append(model.left[r] == 0 ? 1 : 0)
          }
        }
      }
      if roots.isEmpty { appendStump(0, output: 0) }
    }

    /// A split with the same leaf on both sides.
    private mutating func appendStump(_ value: Double, output: Int) {
      roots.append(feature.count)
      feature.append(0)
      threshold.append(0)
      missing.append(1)
      for _ in 0..<2 {
        leafValue.append(value)
        leafOutput.append(output)
      }
      left.append(leafValue.count - 2)
      right.append(leafValue.count - 1)
      leftIsLeaf.append(1)
      rightIsLeaf.append(1)
    }
  }
}
