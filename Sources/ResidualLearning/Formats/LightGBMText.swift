/// The text form of LightGBM's models, version 4: what `Booster.save_model` writes and `model_file` reads.
///
/// Predictions agree to the last bits: thresholds are 64-bit, a value at the threshold goes left in both, and the base
/// score goes into the first tree. LightGBM takes values within ±1e-35 for 0: thresholds in there are read as it uses
/// them, but written ones cannot part such values.
///
/// - Source: LightGBM 4, `src/io/gbdt_model_text.cpp` and `src/io/tree.cpp`.
public enum LightGBMText {
  // MARK: Writing

  /// A model as text; one output is a regression, several are stored as trees in turn.
  ///
  /// - Parameter outputs: models with the same features.
  /// - Throws: `LearningError.sizes` when the features differ or there is no output, `.unsupported` for categorical splits
  ///   or linear leaves.
  public static func encode(_ outputs: [BoostedTrees]) throws(LearningError) -> String {
    let names = try sharedFeatures(outputs)
    let rounds = max(1, outputs.reduce(0) { max($0, $1.treeCount) })
    var blocks: [String] = []
    for round in 0..<rounds {
      for model in outputs { blocks.append(block(model, round: round, index: blocks.count)) }
    }
    var isUsed = [Bool](repeating: false, count: names.count)
    for model in outputs {
      for i in model.left.indices where model.left[i] != 0 { isUsed[Int(model.feature[i])] = true }
    }
    let largest = Double.greatestFiniteMagnitude
    var text = "tree\nversion=v4\nnum_class=\(outputs.count)\nnum_tree_per_iteration=\(outputs.count)\n"
    text +=
      "label_index=0\nmax_feature_idx=\(names.count - 1)\nobjective=\(outputs.count == 1 ? "regression" : "custom")\n"
    text += "feature_names=\(names.map(plain).joined(separator: " "))\n"
    text += "feature_infos=\(isUsed.map { $0 ? "[-\(largest):\(largest)]" : "none" }.joined(separator: " "))\n"
    text += "tree_sizes=\(blocks.map { String($0.utf8.count) }.joined(separator: " "))\n\n"
    return text + blocks.joined() + "end of trees\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"
  }

  /// A name without the characters that LightGBM refuses.
  private static func plain(_ name: String) -> String {
    let text = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { $0.properties.isWhitespace || "\",:[]{}".unicodeScalars.contains($0) ? "_" : $0 }))
    return text.isEmpty ? "_" : text
  }

  /// One tree; beyond the last of a model, one leaf of 0.
  private static func block(_ model: BoostedTrees, round: Int, index: Int) -> String {
    let offset = round == 0 ? model.baseScore : 0
    guard round < model.treeCount else { return single(index, offset, cover: 0) }
    let nodes = model.nodes(ofTree: round)
    guard nodes.count > 1 else {
      return single(index, offset + model.leaf[nodes.lowerBound], cover: model.cover[nodes.lowerBound])
    }
    let splits = nodes.filter { model.left[$0] != 0 }
    let leaves = nodes.filter { model.left[$0] == 0 }
    // A child is the number of a split, or −(number of the leaf) − 1.
    var code = [Int](repeating: 0, count: nodes.count)
    for (k, i) in splits.enumerated() { code[i - nodes.lowerBound] = k }
    for (k, i) in leaves.enumerated() { code[i - nodes.lowerBound] = -k - 1 }
    let values = model.nodeValues(nodes)
    func line<T>(_ name: String, _ all: [Int], _ value: (Int) -> T) -> String {
      "\(name)=\(all.map { "\(value($0))" }.joined(separator: " "))\n"
    }
    var text = "Tree=\(index)\nnum_leaves=\(leaves.count)\nnum_cat=0\n"
    text += line("split_feature", splits) { model.feature[$0] }
    text += line("split_gain", splits) { model.gain[$0] }
    text += line("threshold", splits) { number(model.threshold[$0]) }
    text += line("decision_type", splits) { model.flags[$0] == 1 ? 10 : 8 }
    text += line("left_child", splits) { code[Int(model.left[$0]) - nodes.lowerBound] }
    text += line("right_child", splits) { code[Int(model.left[$0]) + 1 - nodes.lowerBound] }
    text += line("leaf_value", leaves) { offset + model.leaf[$0] }
    text += line("leaf_weight", leaves) { model.cover[$0] }
    text += line("leaf_count", leaves) { rows(model.cover[$0]) }
    text += line("internal_value", splits) { offset + values[$0 - nodes.lowerBound] }
    text += line("internal_weight", splits) { model.cover[$0] }
    text += line("internal_count", splits) { rows(model.cover[$0]) }
    return text + "is_linear=0\nshrinkage=1\n\n\n"
  }

  private static func single(_ index: Int, _ value: Double, cover: Double) -> String {
    "Tree=\(index)\nnum_leaves=1\nnum_cat=0\nsplit_feature=\nsplit_gain=\nthreshold=\ndecision_type=\nleft_child=\n"
      + "right_child=\nleaf_value=\(value)\nleaf_weight=\(cover)\nleaf_count=\(rows(cover))\ninternal_value=\n"
      + "internal_weight=\ninternal_count=\nis_linear=0\nshrinkage=1\n\n\n"
  }

  private static func rows(_ cover: Double) -> Int32 { Int32(min(cover.rounded(), 2_147_483_647)) }
  private static func number(_ x: Double) -> String { x.isInfinite ? (x > 0 ? "inf" : "-inf") : "\(x)" }

  // MARK: Reading

  /// The models of a text, one an output; their sums are raw scores, before any link of the objective.
  ///
  /// - Throws: `LearningError.corruptModel` for text that breaks the format, `.unsupported` for categorical splits,
  ///   linear leaves, zero as missing, or averaged trees.
  public static func decode(_ text: String) throws(LearningError) -> [BoostedTrees] {
    // The words after the trees do not matter.
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
    guard lines.first == "tree" else { throw .corruptModel("line 1 is not \"tree\"") }
    let head = Block(lines.prefix { !$0.hasPrefix("Tree=") && $0 != "end of trees" })
    lines = lines.dropFirst(head.lines)
    if head.lone.contains("average_output") { throw .unsupported("trees whose outputs are averaged") }
    let version = head.values["version"] ?? ""
    guard version == "v4" || version == "v3" else { throw .unsupported("version \"\(version)\"") }
    let names = head.words("feature_names").map(String.init)
    let last = try head.integer("max_feature_idx")
    guard last >= 0, last < 65_536, names.count == last + 1 else {
      throw .corruptModel("\(names.count) feature names for \(last) as the last feature")
    }
    let count = try head.integer("num_tree_per_iteration")
    guard (1...65_536).contains(count) else { throw .corruptModel("\(count) trees per iteration") }
    var assemblies = [TreeAssembly](repeating: TreeAssembly(), count: count)
    var tree = 0
    while let first = lines.first, first.hasPrefix("Tree=") {
      let block = Block(lines.dropFirst().prefix { !$0.hasPrefix("Tree=") && $0 != "end of trees" })
      lines = lines.dropFirst(block.lines + 1)
      try assemblies[tree % count].append(nodes(block, tree: tree, features: names.count), tree: tree)
      tree += 1
    }
    guard lines.first == "end of trees" else { throw .corruptModel("the trees do not end") }
    guard tree % count == 0 else { throw .corruptModel("\(tree) trees for \(count) outputs") }
    var out: [BoostedTrees] = []
    for assembly in assemblies { out.append(try assembly.trees(names, baseScore: 0)) }
    return out
  }

  /// Lines of the form name=value.
  private struct Block {
    var values: [Substring: Substring] = [:]
    /// Lines without a value.
    var lone: [Substring] = []
    var lines = 0

    init(_ source: ArraySlice<Substring>) {
      lines = source.count
      for line in source {
        let line = line.hasSuffix("\r") ? line.dropLast() : line
        guard let equals = line.firstIndex(of: "=") else {
          if !line.isEmpty { lone.append(line) }
          continue
        }
        values[line[..<equals]] = line[line.index(after: equals)...]
      }
    }

    func words(_ name: Substring) -> [Substring] { values[name]?.split(separator: " ") ?? [] }

    func integer(_ name: Substring) throws(LearningError) -> Int {
      guard let text = values[name], let value = Int(text) else {
        throw .corruptModel("\(name) is \"\(values[name] ?? "missing")\"")
      }
      return value
    }

    func integers(_ name: Substring, _ count: Int, tree: Int) throws(LearningError) -> [Int] {
      var out: [Int] = []
      for word in words(name) {
        guard let value = Int(word) else { throw .corruptModel("tree \(tree): \(name) has \"\(word)\"") }
        out.append(value)
      }
      guard out.count == count else { throw .corruptModel("tree \(tree): \(out.count) of \(count) values of \(name)") }
      return out
    }

    func doubles(_ name: Substring, _ count: Int, tree: Int) throws(LearningError) -> [Double] {
      var out: [Double] = []
      for word in words(name) {
        guard let value = Double(word) else { throw .corruptModel("tree \(tree): \(name) has \"\(word)\"") }
        out.append(value)
      }
      guard out.count == count else { throw .corruptModel("tree \(tree): \(out.count) of \(count) values of \(name)") }
      return out
    }
  }

  /// The threshold that does what LightGBM does when it takes values within ±1e-35 (as a 32-bit number) for 0.
  private static func effective(_ threshold: Double) -> Double {
    let zero = Double(1e-35 as Float)
    if threshold >= 0 && threshold < zero { return zero }
    return threshold < 0 && threshold >= -zero ? (-zero).nextDown : threshold
  }

  private static func nodes(_ block: Block, tree: Int, features: Int) throws(LearningError) -> [TreeAssembly.Node] {
    let leaves = try block.integer("num_leaves")
    guard leaves >= 1 else { throw .corruptModel("tree \(tree): \(leaves) leaves") }
    if block.values["num_cat"].map({ $0 != "0" }) ?? false { throw .unsupported("categorical splits (tree \(tree))") }
    if block.values["is_linear"] == "1" { throw .unsupported("linear leaves (tree \(tree))") }
    let splits = leaves - 1
    let values = try block.doubles("leaf_value", leaves, tree: tree)
    // Versions before 4 leave the counts out of trees of one leaf.
    let rows = block.words("leaf_count").isEmpty ? [] : try block.doubles("leaf_count", leaves, tree: tree)
    func leaf(_ k: Int) -> TreeAssembly.Node {
      TreeAssembly.Node(value: values[k], cover: rows.isEmpty ? 0 : rows[k])
    }
    if splits == 0 { return [leaf(0)] }
    let feature = try block.integers("split_feature", splits, tree: tree)
    let threshold = try block.doubles("threshold", splits, tree: tree)
    let decision = try block.integers("decision_type", splits, tree: tree)
    let left = try block.integers("left_child", splits, tree: tree)
    let right = try block.integers("right_child", splits, tree: tree)
    let gain = block.words("split_gain").isEmpty ? [] : try block.doubles("split_gain", splits, tree: tree)
    let counts = block.words("internal_count").isEmpty ? [] : try block.doubles("internal_count", splits, tree: tree)
    func place(_ code: Int) throws(LearningError) -> Int {
      // Splits first, then leaves.
      guard code >= -leaves, code < splits else { throw .corruptModel("tree \(tree): child \(code)") }
      return code >= 0 ? code : splits - code - 1
    }
    var out: [TreeAssembly.Node] = []
    for k in 0..<splits {
      guard feature[k] >= 0, feature[k] < features else { throw .corruptModel("tree \(tree): feature \(feature[k])") }
      if decision[k] & 1 == 1 { throw .unsupported("categorical splits (tree \(tree))") }
      let missingLeft: Bool
      switch (decision[k] >> 2) & 3 {
      case 0: missingLeft = 0 <= threshold[k]  // A missing value counts as 0.
      case 2: missingLeft = decision[k] & 2 == 2
      default: throw .unsupported("zero as a missing value (tree \(tree))")
      }
      out.append(
        TreeAssembly.Node(
          feature: feature[k], threshold: effective(threshold[k]), missingLeft: missingLeft,
          children: (try place(left[k]), try place(right[k])), gain: gain.isEmpty ? 0 : gain[k],
          cover: counts.isEmpty ? 0 : counts[k]))
    }
    return out + (0..<leaves).map(leaf)
  }
}

/// The features that all outputs share; the other forms hold plain numeric trees only.
func sharedFeatures(_ outputs: [BoostedTrees]) throws(LearningError) -> [String] {
  guard let names = outputs.first?.featureNames, !names.isEmpty, outputs.allSatisfy({ $0.featureNames == names }) else {
    throw .sizes("\(outputs.count) outputs that do not share one or more features")
  }
  for trees in outputs { try trees.requirePlain() }
  return names
}
