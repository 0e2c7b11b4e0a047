/// The JSON form of XGBoost's models, as version 3.2 writes it: what `Booster.save_model("….json")` writes and
/// `load_model` reads.
///
/// XGBoost goes left for values *below* a 32-bit threshold, so the number after our threshold is written; values that
/// are 32-bit numbers take the same side. Leaves are rounded to 32 bits.
///
/// - Source: XGBoost 3.2, `doc/model.schema` and `src/tree/io_utils.h`.
public enum XGBoostJSON {
  // MARK: Writing

  /// Models as the bytes of a JSON file; several outputs are stored as the targets of one model.
  ///
  /// - Throws: `LearningError.sizes` when the features differ or there is no output, `.unsupported` for categorical splits
  ///   or linear leaves.
  public static func encode(_ outputs: [BoostedTrees]) throws(LearningError) -> [UInt8] {
    let names = try sharedFeatures(outputs)
    var trees: [String] = []
    var info: [Int] = []
    var starts = [0]
    let rounds = outputs.reduce(0) { max($0, $1.treeCount) }
    for round in 0..<rounds {
      for (k, model) in outputs.enumerated() where round < model.treeCount {
        trees.append(tree(model, round, id: trees.count))
        info.append(k)
      }
      starts.append(trees.count)
    }
    // Names are an option of the format; characters it refuses would make the file unreadable.
    let allowed = names.allSatisfy { name in !name.contains { "[]<".contains($0) } } && Set(names).count == names.count
    let features = allowed ? JSONTree.array(names.map { .string($0) }) : .array([])
    let types = allowed ? JSONTree.array(names.map { _ in .string("float") }) : .array([])
    func text(_ tree: JSONTree) -> String { String(decoding: tree.serialized(), as: UTF8.self) }
    let base = outputs.map { short(Float($0.baseScore)) }.joined(separator: ",")
    let out =
      #"{"learner":{"attributes":{},"feature_names":"# + text(features) + #","feature_types":"# + text(types)
      + #","gradient_booster":{"model":{"cats":{"enc":[],"feature_segments":[],"sorted_idx":[]},"#
      + #""gbtree_model_param":{"num_parallel_tree":"1","num_trees":""# + "\(trees.count)" + #""},"iteration_indptr":"#
      + "\(starts)" + #","tree_info":"# + "\(info)" + #","trees":["# + trees.joined(separator: ",")
      + #"]},"name":"gbtree"},"learner_model_param":{"base_score":"["# + base
      + #"]","boost_from_average":"0","num_class":"0","num_feature":""# + "\(names.count)" + #"","num_target":""#
      + "\(outputs.count)" + #""},"objective":{"name":"reg:squarederror","reg_loss_param":{"scale_pos_weight":"1"}}},"#
      + #""version":[3,2,0]}"#
    return Array(out.utf8)
  }

  private static func tree(_ model: BoostedTrees, _ round: Int, id: Int) -> String {
    let nodes = model.nodes(ofTree: round)
    let base = nodes.lowerBound
    let values = model.nodeValues(nodes)
    var parents = [Int](repeating: Int(Int32.max), count: nodes.count)
    for i in nodes where model.left[i] != 0 {
      parents[Int(model.left[i]) - base] = i - base
      parents[Int(model.left[i]) + 1 - base] = i - base
    }
    func list<T>(_ name: String, _ value: (Int) -> T) -> String {
      "\"\(name)\":[\(nodes.map { "\(value($0))" }.joined(separator: ","))],"
    }
    func isSplit(_ i: Int) -> Bool { model.left[i] != 0 }
    return "{" + list("base_weights") { short(Float(values[$0 - base])) }
      + #""categories":[],"categories_nodes":[],"categories_segments":[],"categories_sizes":[],"#
      + list("default_left") { model.flags[$0] } + "\"id\":\(id),"
      + list("left_children") { isSplit($0) ? Int(model.left[$0]) - base : -1 }
      + list("loss_changes") { short(Float(model.gain[$0])) } + list("parents") { parents[$0 - base] }
      + list("right_children") { isSplit($0) ? Int(model.left[$0]) + 1 - base : -1 }
      + list("split_conditions") {
        short(isSplit($0) ? model.threshold[$0].floatAtOrBelow.nextUp : Float(model.leaf[$0]))
      } + list("split_indices") { model.feature[$0] } + list("split_type") { _ in 0 }
      + list("sum_hessian") { short(Float(model.cover[$0])) }
      + #""tree_param":{"num_deleted":"0","num_feature":""# + "\(model.featureNames.count)" + #"","num_nodes":""#
      + "\(nodes.count)" + #"","size_leaf_vector":"1"}}"#
  }

  /// A number in the spelling of the format.
  private static func short(_ x: Float) -> String {
    x.isFinite ? "\(x)" : (x > 0 ? "Infinity" : "-Infinity")
  }

  // MARK: Reading

  /// The models of a file, one an output.
  ///
  /// A value takes the side XGBoost would send it to after rounding it to 32 bits.
  ///
  /// - Throws: `LearningError.corruptModel` for bytes that break the format, `.unsupported` for another booster than
  ///   `gbtree`, categorical splits, leaves with vectors, or an objective whose output is not the sum of its trees.
  public static func decode(_ bytes: [UInt8]) throws(LearningError) -> [BoostedTrees] {
    let file: JSONTree
    do { file = try JSONTree(parsing: bytes, nonFinite: true) } catch {
      throw .corruptModel("line \(error.line), column \(error.column): \(error.message)")
    }
    let learner = file["learner"]
    let booster = learner?["gradient_booster"]
    guard let name = booster?["name"]?.text else { throw .corruptModel("no gradient booster") }
    guard name == "gbtree" else { throw .unsupported("booster \(name)") }
    guard let objective = learner?["objective"]?["name"]?.text else { throw .corruptModel("no objective") }
    let plain = ["reg:squarederror", "reg:absoluteerror", "reg:quantileerror", "reg:pseudohubererror"]
    guard plain.contains(objective) else { throw .unsupported("objective \(objective)") }
    let parameters = learner?["learner_model_param"]
    guard let columns = parameters?["num_feature"]?.text.flatMap({ Int($0) }), (1...65_536).contains(columns) else {
      throw .corruptModel("number of features")
    }
    let targets = parameters?["num_target"]?.text.flatMap { Int($0) } ?? 1
    guard (1...65_536).contains(targets) else { throw .corruptModel("\(targets) targets") }
    let bases = try baseScores(parameters?["base_score"]?.text ?? "", targets: targets)
    var names: [String] = []
    if case .array(let values)? = learner?["feature_names"] { names = values.compactMap(\.text) }
    if names.count != columns { names = (0..<columns).map { "f\($0)" } }
    guard case .array(let trees)? = booster?["model"]?["trees"], let info = booster?["model"]?["tree_info"]?.integers,
      info.count == trees.count
    else { throw .corruptModel("no trees, or no outputs of theirs") }
    var assemblies = [TreeAssembly](repeating: TreeAssembly(), count: targets)
    for (k, tree) in trees.enumerated() {
      guard info[k] >= 0, info[k] < targets else { throw .corruptModel("tree \(k) belongs to output \(info[k])") }
      try assemblies[info[k]].append(nodes(tree, k, columns: columns), tree: k)
    }
    var out: [BoostedTrees] = []
    for (assembly, base) in zip(assemblies, bases) { out.append(try assembly.trees(names, baseScore: base)) }
    return out
  }

  /// One base score a target, from a number (before version 3) or an array inside the text.
  private static func baseScores(_ text: String, targets: Int) throws(LearningError) -> [Double] {
    let words = text.filter { $0 != "[" && $0 != "]" && $0 != " " }.split(separator: ",")
    let values = words.compactMap { Float($0).map { Double($0) } }
    guard values.count == words.count, values.count == targets || values.count == 1 else {
      throw .corruptModel("base score \"\(text)\" for \(targets) targets")
    }
    return values.count == targets ? values : [Double](repeating: values[0], count: targets)
  }

  private static func nodes(_ tree: JSONTree, _ k: Int, columns: Int) throws(LearningError) -> [TreeAssembly.Node] {
    if let size = tree["tree_param"]?["size_leaf_vector"]?.text, size != "0", size != "1" {
      throw .unsupported("leaves with vectors (tree \(k))")
    }
    guard let left = tree["left_children"]?.integers, let right = tree["right_children"]?.integers,
      let feature = tree["split_indices"]?.integers, let condition = tree["split_conditions"]?.numbers,
      let missingLeft = tree["default_left"]?.flags, let gain = tree["loss_changes"]?.numbers,
      let cover = tree["sum_hessian"]?.numbers
    else { throw .corruptModel("tree \(k) lacks an array") }
    let n = left.count
    guard
      [right.count, feature.count, condition.count, missingLeft.count, gain.count, cover.count]
        == .init(repeating: n, count: 6)
    else {
      throw .corruptModel("tree \(k) has arrays of different lengths")
    }
    if let types = tree["split_type"]?.integers, types.contains(where: { $0 != 0 }) {
      throw .unsupported("categorical splits (tree \(k))")
    }
    var out: [TreeAssembly.Node] = []
    for i in 0..<n {
      var node = TreeAssembly.Node(gain: gain[i], cover: cover[i])
      if left[i] == -1 && right[i] == -1 {
        node.value = condition[i]
      } else {
        guard feature[i] >= 0, feature[i] < columns, !condition[i].isNaN else {
          throw .corruptModel("tree \(k): node \(i) splits feature \(feature[i]) at \(condition[i])")
        }
        node.children = (left[i], right[i])
        node.feature = feature[i]
        node.missingLeft = missingLeft[i]
        node.threshold = Float(condition[i]).greatestRoundingBelow
      }
      out.append(node)
    }
    return out
  }
}

extension JSONTree {
  /// The elements of an array of 0 and 1, or of false and true.
  fileprivate var flags: [Bool]? {
    guard case .array(let values) = self else { return nil }
    var out: [Bool] = []
    for value in values {
      switch value {
      case .bool(let flag): out.append(flag)
      case .integer(let whole) where whole == 0 || whole == 1: out.append(whole == 1)
      default: return nil
      }
    }
    return out
  }
}

extension Double {
  /// The greatest 32-bit number that is not above this.
  var floatAtOrBelow: Float {
    let near = Float(self)
    return Double(near) > self ? near.nextDown : near
  }
}

extension Float {
  /// The greatest `Double` that rounds to a 32-bit number below this one.
  var greatestRoundingBelow: Double {
    if self == -.infinity { return -.infinity }
    let below = nextDown
    if below == -.infinity { return -.infinity }
    if self == .infinity {
      // Numbers from half a step above the greatest 32-bit one on round to infinity.
      return (Double(Float.greatestFiniteMagnitude) + 0x1p103).nextDown
    }
    let middle = (Double(below) + Double(self)) / 2
    // A number half-way rounds to the neighbour with an even last bit.
    return below.significandBitPattern & 1 == 0 ? middle : middle.nextDown
  }
}
