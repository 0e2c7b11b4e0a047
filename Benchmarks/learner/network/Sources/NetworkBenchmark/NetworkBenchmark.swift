import Foundation
import ResidualLearning

/// Trains one network on raw little-endian tables and prints one line of JSON.
///
/// Arguments: FOLDER EPOCHS SEED, with FOLDER/{train,test}-{x,y}.bin of Double, 40 columns, row-major.
@main
enum NetworkBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    let (folder, epochs, seed) = (arguments[1], Int(arguments[2]) ?? 50, UInt64(arguments[3]) ?? 1)
    let train = try table(folder, "train")
    let test = try table(folder, "test")
    var options = DistributionNetworkOptions()
    options.training = NetworkTraining(epochs: epochs, weightDecay: 0, members: 1)
    let start = processSeconds()
    let model = try options.fit(train.x, target: train.y, stream: seed)
    let trained = processSeconds()
    let predicted = model.predict(test.x)
    let batch = processSeconds()
    var (score, squares) = (0.0, 0.0)
    for (one, y) in zip(predicted, test.y) {
      let error = y - one.mean
      let z = error / one.standardDeviation
      score += 0.5 * z * z + log(one.standardDeviation)
      squares += error * error
    }
    let rows = (0..<1000).map { i in (0..<test.x.columnCount).map { test.x[i, $0] } }
    let before = processSeconds()
    var sum = 0.0
    for _ in 0..<100 { for row in rows { sum += model.predict(row: row).parts[0].a } }
    let single = processSeconds() - before
    let n = Double(test.y.count)
    print(
      """
      {"seconds": \(trained - start), "nll": \(score / n), "rmse": \((squares / n).squareRoot()), \
      "batch_us": \(1e6 * (batch - trained) / n), "row_us": \(1e6 * single / 1e5), "check": \(sum)}
      """)
  }

  static func processSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  static func table(_ folder: String, _ part: String) throws -> (x: FeatureTable, y: [Double]) {
    let (x, y) = (try doubles("\(folder)/\(part)-x.bin"), try doubles("\(folder)/\(part)-y.bin"))
    let columns = x.count / y.count
    return (
      FeatureTable(
        names: (0..<columns).map { "x\($0)" },
        columns: (0..<columns).map { j in y.indices.map { x[$0 * columns + j] } }), y
    )
  }

  static func doubles(_ path: String) throws -> [Double] {
    try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes { raw in
      stride(from: 0, to: raw.count, by: 8).map { raw.loadUnaligned(fromByteOffset: $0, as: Double.self) }
    }
  }
}
