import Glibc
import ResidualLearning

/// One fit in one process: reads raw tables, fits, predicts, prints one JSON line. `compare.py` calls it.
@main
struct Main {
  static func main() {
    do {
      try run(Arguments(Array(CommandLine.arguments.dropFirst())))
    } catch {
      print("{\"error\": \"\(error)\"}")
      exit(1)
    }
  }

  static func run(_ arguments: Arguments) throws {
    let columns = arguments.int("columns")
    func table(_ name: String) -> FeatureTable {
      let values = arguments.numbers(name)
      let rows = values.count / max(1, columns)
      return FeatureTable(
        names: (0..<columns).map { "x\($0)" },
        columns: (0..<columns).map { Array(values[($0 * rows)..<(($0 + 1) * rows)]) })
    }
    let train = table("x")
    let target = arguments.numbers("y")
    let test = table("test")
    let validation = arguments.text("validation").isEmpty ? nil : arguments.numbers("validation").map { $0 != 0 }
    var options = BoostingOptions()
    options.rounds = arguments.int("rounds", 100)
    options.learningRate = arguments.double("rate", 0.1)
    options.maxLeaves = arguments.int("leaves", 31)
    options.maxDepth = arguments.int("depth", 30)
    options.minRows = arguments.int("minRows", 20)
    options.lambda = arguments.double("lambda", 1)
    options.rowSubsample = arguments.double("rowShare", 1)
    options.columnSubsample = arguments.double("columnShare", 1)
    options.patience = arguments.int("patience", 30)
    options.growth = TreeGrowth(rawValue: arguments.text("growth", "leafWise")) ?? .leafWise
    let width = arguments.int("threads", 1)
    let loaded = peakMemoryMiB()
    let (cpu, wall) = (processorSeconds(), wallSeconds())
    let model = try options.fit(
      train, target: target, weights: nil, validation: validation, stream: 1, width: width)
    let fields: [(String, Double)] = [
      ("cpu", processorSeconds() - cpu), ("wall", wallSeconds() - wall), ("memory", peakMemoryMiB() - loaded),
      ("trees", Double(model.treeCount)),
    ]
    let predicted = predict(model, test)
    if !arguments.text("out").isEmpty { arguments.write("out", predicted.values) }
    let all = fields + [("predict", predicted.batchSeconds), ("single", predicted.singleSeconds)]
    print("{" + all.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}")
  }

  /// Predictions, and the seconds a row takes in a batch and alone.
  static func predict(
    _ model: BoostedTrees, _ test: FeatureTable
  ) -> (values: [Double], batchSeconds: Double, singleSeconds: Double) {
    var values = model.predict(test)
    var batch = Double.infinity
    for _ in 0..<5 {
      let begin = processorSeconds()
      values = model.predict(test)
      batch = min(batch, (processorSeconds() - begin) / Double(test.rowCount))
    }
    let rows = (0..<min(2000, test.rowCount)).map { i in (0..<test.columnCount).map { test[i, $0] } }
    var single = Double.infinity
    for _ in 0..<5 {
      let begin = processorSeconds()
      var sum = 0.0
      for row in rows { sum += model.predict(row: row) }
      single = min(single, (processorSeconds() - begin) / Double(rows.count))
      if sum.isNaN { single = .nan }
    }
    return (values, batch, single)
  }
}
