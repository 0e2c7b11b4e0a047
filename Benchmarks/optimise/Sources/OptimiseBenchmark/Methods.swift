import Foundation
import NumericalMethods

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

  /// Components of sets of `set,outer,inner,value`: set, seconds, and the modes of the restricted likelihood.
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
      let start = Date()
      let found = VarianceComponents(data, prior: .init(outer: 50, inner: 50, residual: 50))
      print(name, Date().timeIntervalSince(start), found.outer.mode, found.inner.mode, found.residual.mode)
    }
  }
}
