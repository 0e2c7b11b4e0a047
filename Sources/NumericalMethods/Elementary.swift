#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Natural logarithm.
@usableFromInline func _log(_ x: Double) -> Double { log(x) }

/// log(1 + eᶻ) without overflow.
public func softplus(_ z: Double) -> Double { z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)) }

/// sign(x) · log(1 + |x| / scale): a logarithm that passes through zero.
public func signedLog(_ x: Double, scale: Double) -> Double {
  let value = log1p(abs(x) / scale)
  return x < 0 ? -value : (x > 0 ? value : 0)
}
