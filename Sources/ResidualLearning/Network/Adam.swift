#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
internal import NumericalMethods

/// Stochastic gradient steps scaled by running moments, with weight decay apart from the gradient.
///
/// - Source: D. P. Kingma and J. Ba, arXiv:1412.6980, algorithm 1 (β₁ = 0.9, β₂ = 0.999, ε = 1e-8); decay after
///   I. Loshchilov and F. Hutter, arXiv:1711.05101, algorithm 2.
struct Adam<Scalar: BLASScalar> {
  /// Length of a step.
  let learningRate: Double
  /// Share of the weights (not the biases) taken off per unit of learning rate.
  let weightDecay: Double
  private var first: [Scalar]
  private var second: [Scalar]
  private var steps = 0

  init(parameters: Int, learningRate: Double, weightDecay: Double) {
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    first = [Scalar](repeating: 0, count: parameters)
    second = first
  }

  /// Takes one step against the gradient.
  mutating func step(_ network: inout Network<Scalar>, gradient: [Scalar]) {
    precondition(gradient.count == first.count && network.parameters.count == first.count, "another network")
    steps += 1
    let decay = Scalar(1 - learningRate * weightDecay)
    let rate = Scalar(learningRate / (1 - pow(0.9, Double(steps))))
    let correction = Scalar(1 / (1 - pow(0.999, Double(steps))))
    let layers = network.layers
    network.parameters.withUnsafeMutableBufferPointer { parameters in
      if weightDecay != 0 {
        for layer in layers { for k in layer.weights { parameters[k] *= decay } }
      }
      gradient.withUnsafeBufferPointer { gradient in
        first.withUnsafeMutableBufferPointer { first in
          second.withUnsafeMutableBufferPointer { second in
            let (b1, b2): (Scalar, Scalar) = (0.9, 0.999)
            let (c1, c2) = (1 - b1, 1 - b2)
            for k in 0..<gradient.count {
              let g = gradient[k]
              let m = b1 * first[k] + c1 * g
              let v = b2 * second[k] + c2 * g * g
              first[k] = m
              second[k] = v
              parameters[k] -= rate * m / ((correction * v).squareRoot() + 1e-8)
            }
          }
        }
      }
    }
  }
}
