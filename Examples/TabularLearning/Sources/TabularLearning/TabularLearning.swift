import Foundation
import ResidualLearning

/// The learner alone: concrete strength from an invented recipe, with an interval, its reasons, and a file for others.
@main
enum TabularLearning {
  static func main() async throws {
    let (table, strength, site) = mixes(count: 600)

    // Whole sites are held out: rows of one site are alike.
    let test = site.map { $0 >= 24 }
    let hold = site.map { (18..<24).contains($0) }
    let learn = table.selecting(rows: site.indices.filter { !test[$0] })
    let target = site.indices.filter { !test[$0] }.map { strength[$0] }
    let watched = site.indices.filter { !test[$0] }.map { hold[$0] }

    // Trees: a normal distribution per row.
    let trees = try DistributionBoosting(trees: .fewRows(450)).fit(
      learn, target: target, weights: nil, validation: watched, stream: 1)
    // A deep ensemble for the same rows, its members side by side.
    let network = try await DistributionNetworkOptions(training: NetworkTraining(hidden: [32, 32], batch: 32)).fit(
      learn, observations: target.map { .exact($0) }, validation: watched, stream: 1, width: 2)

    let new = site.indices.filter { test[$0] }
    let unseen = table.selecting(rows: new)
    let ours = trees.predict(unseen)
    print("error on new sites: trees", rootMeanSquare(new.indices.map { ours[$0].mean - strength[new[$0]] }))
    let theirs = network.predict(unseen)
    print("error on new sites: network", rootMeanSquare(new.indices.map { theirs[$0].mean - strength[new[$0]] }))

    // Intervals that hold for a new site, whatever the model got wrong. (The held-out sites chose the number of trees
    // too; keep them apart where that matters.)
    let held = site.indices.filter { hold[$0] }
    let known = trees.predict(table.selecting(rows: held))
    let calibration = try SplitConformal(
      target: held.map { strength[$0] }, mean: known.map(\.mean), deviation: known.map(\.standardDeviation),
      groups: held.map { site[$0] })
    let covered = new.indices.filter { i in
      calibration.interval(mean: ours[i].mean, deviation: ours[i].standardDeviation, coverage: 0.8)
        .contains(strength[new[i]])
    }
    print("80 % intervals cover", Double(covered.count) / Double(new.count))

    // Why this prediction? Shares of the features, which add up to it.
    let explainer = try TreeExplainer(trees.location)
    let shares = explainer.values(row: (0..<unseen.columnCount).map { unseen[0, $0] })
    for (name, share) in zip(table.names, shares) { print("  \(name): \(share)") }
    print("  from a mean of \(explainer.base) to \(ours[0].a)")

    // Files: ours reads back the same bits; the others are for LightGBM, XGBoost and ONNX runtimes.
    let bytes = try ModelFile.encode(trees)
    let read = try ModelFile.decode(DistributionTrees.self, from: bytes)
    print("file of \(bytes.count) bytes, reads back equal: \(read == trees)")
    let folder = URL(fileURLWithPath: CommandLine.arguments.dropFirst().first ?? ".")
    try Data(bytes).write(to: folder.appending(path: "strength.safetensors"))
    try Data(LightGBMText.encode([trees.location]).utf8).write(to: folder.appending(path: "strength.txt"))
    try Data(XGBoostJSON.encode([trees.location, trees.spread])).write(to: folder.appending(path: "strength.json"))
    try Data(ONNXTrees.encode([trees.location, trees.spread])).write(to: folder.appending(path: "strength.onnx"))
    try Data(ONNXNetwork.encode(network)).write(to: folder.appending(path: "network.onnx"))
  }

  /// Invented mixes: strength falls with water, rises with age; sites differ; the fly ash is not always noted.
  static func mixes(count: Int) -> (table: FeatureTable, strength: [Double], site: [Int]) {
    var state: UInt64 = 42
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    let offsets = (0..<30).map { _ in 4 * (uniform() + uniform() + uniform() - 1.5) }
    var columns = [[Double]](repeating: [], count: 4)
    var (strength, sites): ([Double], [Int]) = ([], [])
    for row in 0..<count {
      let (water, age, ash, admixture) = (0.3 + 0.4 * uniform(), 1 + 89 * uniform(), 0.3 * uniform(), uniform())
      let noise = (1 + 4 * water) * (uniform() + uniform() - 1)
      strength.append(
        80 * exp(-1.5 * water) * age / (age + 5) - 20 * ash + 5 * admixture * ash + offsets[row % 30] + noise)
      sites.append(row % 30)
      for (j, value) in [water, age, uniform() < 0.2 ? .nan : ash, admixture].enumerated() { columns[j].append(value) }
    }
    return (FeatureTable(names: ["water", "age", "fly_ash", "admixture"], columns: columns), strength, sites)
  }

  static func rootMeanSquare(_ values: [Double]) -> Double {
    (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
  }
}
