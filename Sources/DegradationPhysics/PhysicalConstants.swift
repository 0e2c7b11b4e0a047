#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Constants of nature (2019 SI) and the reference temperature of all rate constants.
public enum PhysicalConstants {
  /// Faraday constant [C·mol⁻¹].
  public static let faraday = 96_485.332_12
  /// Gas constant [J·mol⁻¹·K⁻¹].
  public static let gas = 8.314_462_618
  /// Reference temperature [K].
  public static let referenceTemperatureK = 298.15
}

/// exp[−E/R (1/T − 1/298.15 K)]: 1 at 25 °C, above 1 when warmer.
///
/// - Parameters:
///   - energy: activation energy [J·mol⁻¹].
///   - T: temperature [K], positive.
@inline(__always) func arrhenius(_ energy: Double, temperatureK T: Double) -> Double {
  exp(-energy / PhysicalConstants.gas * (1 / T - 1 / PhysicalConstants.referenceTemperatureK))
}

@inline(__always) func _exp(_ x: Double) -> Double { exp(x) }
@inline(__always) func _log(_ x: Double) -> Double { log(x) }
@inline(__always) func _pow(_ x: Double, _ p: Double) -> Double { pow(x, p) }
@inline(__always) func _asinh(_ x: Double) -> Double { asinh(x) }
