#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The standard normal distribution.
public enum NormalDistribution {
  /// Density at `z`.
  public static func density(_ z: Double) -> Double { 0.398_942_280_401_432_7 * exp(-0.5 * z * z) }

  /// Probability of a value at or below `z`.
  public static func cumulative(_ z: Double) -> Double { 0.5 * erfc(-z * 0.707_106_781_186_547_6) }

  /// The value with probability `p` below it, 0 < p < 1; relative error about 1e-15.
  ///
  /// - Source: P. J. Acklam's rational approximation (relative error 1.15e-9), followed by one Halley step on `erfc`.
  public static func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "quantile of probability \(p)")
    var x: Double
    if p < 0.02425 {
      x = tail((-2 * log(p)).squareRoot())
    } else if p > 1 - 0.02425 {
      x = -tail((-2 * log1p(-p)).squareRoot())
    } else {
      x = centre(p - 0.5)
    }
    let error = cumulative(x) - p
    let step = error * 2.506_628_274_631_000_5 * exp(0.5 * x * x)
    x -= step / (1 + 0.5 * x * step)
    return x
  }
  private static func centre(_ q: Double) -> Double {
    let r = q * q
    var above = -3.969683028665376e+01 * r + 2.209460984245205e+02
    above = above * r - 2.759285104469687e+02
    above = above * r + 1.383577518672690e+02
    above = above * r - 3.066479806614716e+01
    above = above * r + 2.506628277459239e+00
    var below = -5.447609879822406e+01 * r + 1.615858368580409e+02
    below = below * r - 1.556989798598866e+02
    below = below * r + 6.680131188771972e+01
    below = below * r - 1.328068155288572e+01
    return above * q / (below * r + 1)
  }

  private static func tail(_ q: Double) -> Double {
    var above = -7.784894002430293e-03 * q - 3.223964580411365e-01
    above = above * q - 2.400758277161838e+00
    above = above * q - 2.549732539343734e+00
    above = above * q + 4.374664141464968e+00
    above = above * q + 2.938163982698783e+00
    var below = 7.784695709041462e-03 * q + 3.224671290700398e-01
    below = below * q + 2.445134137142996e+00
    below = below * q + 3.754408661907416e+00
    return above / (below * q + 1)
  }
}
