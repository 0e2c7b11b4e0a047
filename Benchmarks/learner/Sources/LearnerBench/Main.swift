import Glibc
import ResidualLearning

/// One fit in one process: reads raw tables, fits, predicts, prints one JSON line. `compare.py` calls it.
@main
struct Main {
  static func main() async {
    do {
      try await run(Arguments(Array(CommandLine.arguments.dropFirst())))
    } catch {
      print("{\"error\": \"\(error)\"}")
      exit(1)
    }
  }

  static func run(_ arguments: Arguments) async throws {
    let train = table(arguments, "x")
    let test = table(arguments, "test")
    let target = arguments.numbers("y")
    let groups = arguments.numbers("groups").map { Int($0) }
    let marks = arguments.numbers("validation").map { $0 != 0 }
    let validation = marks.isEmpty ? nil : marks
    let options = options(arguments)
    let width = arguments.int("threads", 1)
    resetPeakMemory()
    let loaded = memoryMiB("VmRSS")
    let (cpu, wall) = (processorSeconds(), wallSeconds())
    func report(_ trees: Int) {
      print("{\"cpu\": \(processorSeconds() - cpu), \"wall\": \(wallSeconds() - wall), \"trees\": \(trees)}")
    }
    let task = arguments.text("task", "squared")
    if task == "squared" {
      let model = try options.fit(
        train, target: target, weights: nil, validation: validation, stream: 1, width: width)
      let (cpuTime, wallTime, memory) = (processorSeconds() - cpu, wallSeconds() - wall, memoryMiB("VmHWM") - loaded)
      let predicted = predict(model, test)
      arguments.write("out", predicted.values)
      print(
        "{\"cpu\": \(cpuTime), \"wall\": \(wallTime), \"memory\": \(memory), \"trees\": \(model.treeCount), "
          + "\"predict\": \(predicted.batchSeconds), \"single\": \(predicted.singleSeconds)}")
    } else if task == "quantile" {
      let levels = arguments.text("levels").split(separator: ",").compactMap { Double($0) }
      var boosting = QuantileBoosting(trees: options, levels: levels)
      boosting.calibrates = arguments.int("calibrate") == 1
      let model = try boosting.fit(
        train, target: target, weights: nil, validation: validation, stream: 1, width: width)
      report(model.outputs[levels.count / 2].treeCount)
      arguments.write("out", columns(model.predict(test)))
    } else {
      let family = DistributionFamily(rawValue: arguments.text("family", "normal")) ?? .normal
      var boosting = DistributionBoosting(
        trees: options, family: family, rule: ScoringRule(rawValue: arguments.text("rule", "logScore")) ?? .logScore)
      boosting.sharedTrees = arguments.int("shared") == 1
      boosting.calibratesSpread = arguments.int("calibrate") == 1
      if task == "ensemble" {
        var ensemble = EnsembleBoosting(member: boosting)
        ensemble.members = arguments.int("members", 10)
        ensemble.calibratesSpread = arguments.int("calibrate", 1) == 1
        let model = try await ensemble.fit(
          train, observations: target.map { .exact($0) }, groups: groups, weights: nil, stream: 1, width: width)
        report(model.members[0].location.treeCount)
        let found = model.predict(test)
        arguments.write("out", found.map(\.mean) + found.map(\.standardDeviation))
      } else {
        let model = try boosting.fit(
          train, target: target, weights: nil, validation: validation, stream: 1, width: width)
        report(model.location.treeCount)
        let found = model.predict(test)
        arguments.write("out", found.map(\.mean) + found.map(\.standardDeviation))
      }
    }
  }

  /// Rows as one column after another.
  static func columns(_ rows: [[Double]]) -> [Double] {
    (0..<(rows.first?.count ?? 0)).flatMap { k in rows.map { $0[k] } }
  }

  static func table(_ arguments: Arguments, _ name: String) -> FeatureTable {
    let columns = arguments.int("columns")
    let values = arguments.numbers(name)
    let rows = values.count / max(1, columns)
    return FeatureTable(
      names: (0..<columns).map { "x\($0)" },
      columns: (0..<columns).map { Array(values[($0 * rows)..<(($0 + 1) * rows)]) })
  }

  static func options(_ arguments: Arguments) -> BoostingOptions {
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
    options.maxBins = arguments.int("bins", 255)
    options.growth = TreeGrowth(rawValue: arguments.text("growth", "leafWise")) ?? .leafWise
    return options
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
