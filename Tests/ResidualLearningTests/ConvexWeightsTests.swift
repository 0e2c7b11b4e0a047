import NumericalMethods
import Testing

@testable import ResidualLearning

@Suite("Convex stack weights")
struct ConvexWeightsTests {
  static func objective(_ w: [Double], _ predictions: [[Double]], _ target: [Double], _ lambda: Double) -> Double {
    let m = w.count
    var (sum, errors, pull) = (0.0, 0.0, 0.0)
    for i in target.indices {
      var mixed = -target[i]
      for k in 0..<m {
        mixed += w[k] * predictions[k][i]
        errors += (predictions[k][i] - target[i]) * (predictions[k][i] - target[i])
      }
      sum += mixed * mixed
    }
    for k in 0..<m { pull += (w[k] - 1 / Double(m)) * (w[k] - 1 / Double(m)) }
    return sum + lambda * Double(m) * errors / Double(m * target.count) * pull
  }

  @Test("As good as scipy's SLSQP, and at the same place")
  func oracle() throws {
    for stack in try MemberReference.load().stacks {
      let weights = convexWeights(predictions: stack.predictions, target: stack.target, lambda: stack.lambda)
      #expect(largestGap(weights, stack.weights) < 2e-4, "lambda \(stack.lambda): \(weights)")
      let mine = Self.objective(weights, stack.predictions, stack.target, stack.lambda)
      let theirs = Self.objective(stack.weights, stack.predictions, stack.target, stack.lambda)
      #expect(mine <= theirs * (1 + 1e-9))
    }
  }

  @Test("No point of a fine grid on the simplex is better", arguments: [0, 0.5, 3])
  func bruteForce(lambda: Double) {
    for seed in 0..<20 {
      var stream = RandomStream(seed: UInt64(seed), purpose: "stack")
      let target = (0..<12).map { _ in stream.normal() }
      let predictions = (0..<4).map { k in target.map { $0 * 0.3 * Double(k) + stream.normal() } }
      let weights = convexWeights(predictions: predictions, target: target, lambda: lambda)
      #expect(weights.allSatisfy { $0 >= 0 } && abs(weights.reduce(0, +) - 1) < 1e-12, "seed \(seed)")
      let value = Self.objective(weights, predictions, target, lambda)
      for a in 0...20 {
        for b in 0...(20 - a) {
          for c in 0...(20 - a - b) {
            let w = [a, b, c, 20 - a - b - c].map { Double($0) / 20 }
            #expect(value <= Self.objective(w, predictions, target, lambda) + 1e-9, "seed \(seed), weights \(w)")
          }
        }
      }
    }
  }

  @Test("Ten members meet the optimality conditions")
  func optimality() {
    for seed in 0..<50 {
      var stream = RandomStream(seed: UInt64(seed), purpose: "ten")
      let target = (0..<30).map { _ in stream.normal() }
      let predictions = (0..<10).map { _ in target.map { 0.5 * $0 + stream.normal() } }
      let weights = convexWeights(predictions: predictions, target: target, lambda: 0.1)
      let value = Self.objective(weights, predictions, target, 0.1)
      for k in 0..<10 {
        let toward = weights.indices.map { 0.999 * weights[$0] + ($0 == k ? 0.001 : 0) }
        #expect(Self.objective(toward, predictions, target, 0.1) >= value - 1e-9, "seed \(seed), member \(k)")
      }
    }
  }

  @Test("By hand: opposite errors share equally; one member, no rows, equal and perfect members")
  func byHand() {
    #expect(
      largestGap(convexWeights(predictions: [[1, -1], [-1, 1]], target: [0, 0], lambda: 0), [0.5, 0.5]) < 1e-9)
    // Orthogonal errors 1 and 2: weights in proportion to 1/error², 0.8 and 0.2.
    #expect(largestGap(convexWeights(predictions: [[1, 0], [0, 2]], target: [0, 0], lambda: 0), [0.8, 0.2]) < 1e-9)
    #expect(convexWeights(predictions: [[3, 4]], target: [0, 1], lambda: 0.5) == [1])
    #expect(convexWeights(predictions: [], target: [], lambda: 0.5) == [])
    #expect(convexWeights(predictions: [[], []], target: [], lambda: 0.5) == [0.5, 0.5])
    #expect(convexWeights(predictions: [[1, 2], [1, 2]], target: [1, 2], lambda: 0.5) == [0.5, 0.5])
    let equal = convexWeights(predictions: [[1, 2], [1, 2]], target: [2, 2], lambda: 0)
    #expect(largestGap(equal, [0.5, 0.5]) < 1e-3)
  }
}
