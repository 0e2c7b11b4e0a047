import Foundation
@testable import NumericalMethods

/// Sobol indices and variance components, for `methods.py`.
enum Methods {
  /// Indices of Ishigami's function and of Sobol's g-function with one seed after another: name, seed, seconds, then
  /// value, low and high of each first and total index.
  static func sobol(rows: Int, seeds: Int) async {
    let a = [0, 1, 4.5, 9, 99, 99, 99, 99]
    let functions: [(name: String, dimensions: Int, body: ([Double]) -> Double)] = [
      (
        "ishigami", 3,
        { u in
          let x = u.map { (2 * $0 - 1) * Double.pi }
          return sin(x[0]) + 7 * sin(x[1]) * sin(x[1]) + 0.1 * x[2] * x[2] * x[2] * x[2] * sin(x[0])
        }
      ),
      ("g", 8, { u in zip(u, a).reduce(1) { $0 * (abs(4 * $1.0 - 2) + $1.1) / (1 + $1.1) } }),
    ]
    for f in functions {
      for seed in 1...seeds {
        let start = Date()
        let found = await SobolIndices.estimate(
          groups: (0..<f.dimensions).map { [$0] }, dimensions: f.dimensions, rows: rows, seed: UInt64(seed)
        ) { $0.map(f.body) }
        let seconds = Date().timeIntervalSince(start)
        let numbers = ((found?.first ?? []) + (found?.total ?? [])).flatMap { [$0.value, $0.low, $0.high] }
        print(f.name, seed, seconds, numbers.map { "\($0)" }.joined(separator: " "))
      }
    }
  }

  /// Components of sets of `set,outer,inner,value`: set, seconds of the posterior, seconds of the mode of the restricted
  /// likelihood alone, the modes, and the quantiles 5, 50 and 95 % of each component.
  static func variance(_ path: String) throws {
    var sets: [String: [VarianceComponents.Observation]] = [:]
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      let parts = line.split(separator: ",").map(String.init)
      guard parts.count == 4, let outer = Int(parts[1]), let inner = Int(parts[2]), let value = Double(parts[3]) else {
        fatalError("\(path): \(line)")
      }
      sets[parts[0], default: []].append(.init(value, outer: outer, inner: inner))
    }
    for (name, data) in sets.sorted(by: { $0.key < $1.key }) {
      let posterior = seconds { _ = VarianceComponents(data, prior: .init(outer: 50, inner: 50, residual: 50)) }
      let mode = seconds { _ = NestedLikelihood(data).mode() }
      let found = VarianceComponents(data, prior: .init(outer: 50, inner: 50, residual: 50))
      let levels = [found.outer, found.inner, found.residual]
      let numbers = [posterior, mode] + levels.map(\.mode) + levels.flatMap { [$0.q05, $0.median, $0.q95] }
      print(name, numbers.map { "\($0)" }.joined(separator: " "))
    }
  }

  /// Seconds a call takes, the least of three.
  private static func seconds(_ body: () -> Void) -> Double {
    (0..<3).map { _ in
      let start = Date()
      body()
      return Date().timeIntervalSince(start)
    }.min() ?? 0
  }
}
