#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
internal import NumericalMethods

/// A normal distribution from two outputs of a network, μ and log σ, in units of the standardised target.
enum GaussianHead {
  /// log σ stays within ± this.
  static let bound = 8.0

  /// log σ from the raw output.
  static func logDeviation<Scalar: BLASScalar>(_ raw: Scalar) -> Double { min(max(Double(raw), -bound), bound) }

  /// The mean negative log density, log √2π left out, of targets under rows of (μ, log σ).
  ///
  /// - Parameter gradient: set to the derivative with respect to the outputs. Beyond the bound of log σ the value is
  ///   flat but the way back stays open: only the part of the derivative that points further out is zero.
  static func loss<Scalar: BLASScalar>(_ outputs: [Scalar], _ target: [Double], gradient: inout [Scalar]) -> Double {
    let share = 1 / Double(target.count)
    var value = 0.0
    for i in target.indices {
      let raw = Double(outputs[2 * i + 1])
      let s = logDeviation(outputs[2 * i + 1])
      let inverse = exp(-s)
      let z = (target[i] - Double(outputs[2 * i])) * inverse
      value += share * (s + 0.5 * z * z)
      let slope = 1 - z * z
      let outward = (raw > bound && slope < 0) || (raw < -bound && slope > 0)
      gradient[2 * i] = Scalar(-share * z * inverse)
      gradient[2 * i + 1] = outward ? 0 : Scalar(share * slope)
    }
    return value
  }
}
