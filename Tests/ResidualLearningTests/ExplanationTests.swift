import Foundation
import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Explanations")
struct ExplanationTests {
  static func problem(rows: Int = 250, columns: Int = 6, seed: UInt64 = 4) throws -> (FeatureTable, BoostedTrees) {
    var stream = RandomStream(seed: seed, purpose: "explained")
    var x = Matrix(rows: rows, columns: columns)
    for k in x.storage.indices { x.storage[k] = stream.uniform() < 0.1 ? .nan : (4 * stream.normal()).rounded() / 4 }
    let table = FeatureTable(names: (0..<columns).map { "f\($0)" }, x)
    func known(_ i: Int, _ j: Int) -> Double { x[i, j].isNaN ? 1.3 : x[i, j] }
    let target = (0..<rows).map { i in
      known(i, 0) * known(i, 1) + abs(known(i, 2)) + 0.5 * known(i, 3) + 0.1 * stream.normal()
    }
    var options = BoostingOptions()
    options.rounds = 12
    options.maxLeaves = 10
    options.minRows = 5
    options.learningRate = 0.3
    return (table, try options.fit(table, target: target, weights: nil, stream: 1))
  }

  /// The expected output of trees when only the features in `known` have the row's values: those of a split that is
  /// not known go both ways by the shares of the training rows.
  static func expectation(_ trees: BoostedTrees, _ row: [Double], known: Set<Int>) -> Double {
    func value(_ i: Int) -> Double {
      guard trees.left[i] != 0 else { return trees.leaf[i] }
      let left = Int(trees.left[i])
      if known.contains(Int(trees.feature[i])) {
        let x = row[Int(trees.feature[i])]
        let goesLeft = x.isNaN ? trees.flags[i] == 1 : x <= trees.threshold[i]
        return value(goesLeft ? left : left + 1)
      }
      let (l, r) = (trees.cover[left], trees.cover[left + 1])
      return (l * value(left) + r * value(left + 1)) / (l + r)
    }
    return trees.roots.reduce(trees.baseScore) { $0 + value(Int($1)) }
  }

  /// Shapley values by all subsets.
  static func bruteForce(_ count: Int, _ game: (Set<Int>) -> Double) -> [Double] {
    let values = (0..<(1 << count)).map { mask in game(Set((0..<count).filter { mask >> $0 & 1 == 1 })) }
    var factorial = [1.0]
    for k in 1...count { factorial.append(factorial[k - 1] * Double(k)) }
    return (0..<count).map { i in
      (0..<(1 << count)).filter { $0 >> i & 1 == 0 }.reduce(0) { sum, mask in
        let size = mask.nonzeroBitCount
        let weight = factorial[size] * factorial[count - size - 1] / factorial[count]
        return sum + weight * (values[mask | 1 << i] - values[mask])
      }
    }
  }

  @Test("Path-dependent values are those of all subsets, and add up to the prediction")
  func pathDependent() throws {
    let (table, trees) = try Self.problem()
    let explainer = try TreeExplainer(trees)
    let all = explainer.values(table)
    let predictions = trees.predict(table)
    #expect(abs(explainer.base - Self.expectation(trees, [], known: [])) < 1e-12)
    for row in 0..<table.rowCount {
      #expect(abs(explainer.base + all[row].reduce(0, +) - predictions[row]) < 1e-10)
    }
    for row in stride(from: 0, to: 250, by: 25) {
      let x = (0..<6).map { table[row, $0] }
      let exact = Self.bruteForce(6) { Self.expectation(trees, x, known: $0) }
      #expect(largestGap(all[row], exact) < 1e-10, "row \(row)")
    }
  }

  @Test("Interventional values are those of all subsets against the background")
  func interventional() throws {
    let (table, trees) = try Self.problem()
    let background = table.selecting(rows: Array(0..<15))
    let explainer = try TreeExplainer(trees, background: background)
    for row in stride(from: 3, to: 250, by: 40) {
      let x = (0..<6).map { table[row, $0] }
      let exact = Self.bruteForce(6) { known in
        let mixed = FeatureTable(
          names: table.names,
          columns: (0..<6).map { j in
            known.contains(j) ? [Double](repeating: x[j], count: 15) : background.column(j)
          })
        return mean(trees.predict(mixed))
      }
      let values = explainer.values(row: x)
      #expect(largestGap(values, exact) < 1e-10, "row \(row)")
      #expect(abs(explainer.base + values.reduce(0, +) - trees.predict(table)[row]) < 1e-10)
    }
  }

  @Test("Interactions are those of all subsets; rows add up to the values")
  func interactions() throws {
    let (table, trees) = try Self.problem()
    let explainer = try TreeExplainer(trees)
    for row in [0, 100, 200] {
      let x = (0..<6).map { table[row, $0] }
      let found = explainer.interactions(row: x)
      #expect(largestGap(found.map { $0.reduce(0, +) }, explainer.values(row: x)) < 1e-10)
      for i in 0..<6 {
        for j in 0..<i {
          // Half of the difference that j makes to the value of i.
          let others = (0..<6).filter { $0 != j }
          func value(_ with: Bool) -> Double {
            let exact = Self.bruteForce(5) { known in
              let mapped = Set(known.map { others[$0] })
              return Self.expectation(trees, x, known: with ? mapped.union([j]) : mapped)
            }
            return exact[others.firstIndex(of: i)!]
          }
          #expect(abs(found[i][j] - 0.5 * (value(true) - value(false))) < 1e-10)
          #expect(found[i][j] == found[j][i])
        }
      }
    }
    // A product interacts, a sum of other features does not.
    let strength = (0..<250).map { row in explainer.interactions(row: (0..<6).map { table[row, $0] }) }
    #expect(mean(strength.map { abs($0[0][1]) }) > 3 * mean(strength.map { abs($0[2][3]) }))
  }

  @Test("Deep trees over forty features stay exact: an additive model's values are its terms")
  func deep() throws {
    // One tree a feature, so that each value is the tree's output minus its mean.
    var stream = RandomStream(seed: 5, purpose: "deep")
    let x = (0..<40).map { _ in (0..<200).map { _ in stream.normal() } }
    let table = FeatureTable(names: (0..<40).map { "f\($0)" }, columns: x)
    var options = BoostingOptions()
    options.rounds = 1
    options.learningRate = 1
    options.maxLeaves = 200
    options.minRows = 1
    let chain = try options.fit(table, target: (0..<200).map { _ in stream.normal() }, weights: nil, stream: 1)
    let explainer = try TreeExplainer(chain)
    let predictions = chain.predict(table)
    for (row, values) in explainer.values(table).enumerated() {
      #expect(abs(explainer.base + values.reduce(0, +) - predictions[row]) < 1e-10)
    }
  }

  @Test("Gauss's rule is exact to the degree it promises")
  func gauss() {
    for n in 1...40 {
      let (points, weights) = gaussLegendre(n)
      for degree in [0, 1, n, 2 * n - 1] {
        let sum = zip(points, weights).reduce(0) { $0 + $1.1 * pow($1.0, Double(degree)) }
        #expect(abs(sum - 1 / Double(degree + 1)) < 1e-14, "\(n) points, degree \(degree)")
      }
    }
  }

  @Test("Orders of features: exact sums for any model, and near the exact values of trees")
  func permutations() throws {
    let (table, trees) = try Self.problem()
    let background = table.selecting(rows: Array(0..<15))
    let row = (0..<6).map { table[100, $0] }
    let explainer = PermutationExplainer(background: background, orders: 1500, stream: 1)
    let (base, values) = explainer.explain(row: row) { trees.predict($0) }
    #expect(abs(base + values.reduce(0, +) - trees.predict(table)[100]) < 1e-10)
    let exact = try TreeExplainer(trees, background: background).values(row: row)
    // Monte Carlo of 3000 orders; the largest values are of size 1.
    #expect(largestGap(values, exact) < 0.05)
    let quantiles = PermutationExplainer(background: background, orders: 2, stream: 1).explain(row: row) {
      trees.predict($0).map { exp($0) }
    }
    #expect(abs(quantiles.base + quantiles.values.reduce(0, +) - exp(trees.predict(table)[100])) < 1e-9)
  }

  @Test("Partial effects of a known function")
  func partial() {
    var stream = RandomStream(seed: 6, purpose: "partial")
    let a = (0..<2000).map { _ in stream.uniform() }
    let b = a.map { $0 + 0.01 * stream.normal() }
    let table = FeatureTable(names: ["a", "b"], columns: [a, b])
    func predict(_ table: FeatureTable) -> [Double] {
      (0..<table.rowCount).map { table[$0, 0] * table[$0, 0] + 3 * table[$0, 1] }
    }
    let effect = PartialEffect.dependence(of: 0, at: [0, 0.5, 1], over: table, predict)
    let offset = 3 * mean(b)
    #expect(largestGap(effect.mean, [offset, 0.25 + offset, 1 + offset]) < 1e-12)
    #expect(effect.rows[7] == [3 * b[7], 0.25 + 3 * b[7], 1 + 3 * b[7]])
    // b follows a, but only a's own part is accumulated: x² − 1/3.
    let local = PartialEffect.accumulated(of: 0, over: table, predict)
    for (x, y) in zip(local.points, local.mean) { #expect(abs(y - (x * x - 1 / 3.0)) < 0.02) }
    #expect(PartialEffect.accumulated(of: 0, over: table.selecting(rows: [1]), predict).mean.allSatisfy { $0 == 0 })
  }
}
