/// The `p` quantile of ascending values, straight between order statistics (type 7 of Hyndman and Fan, 1996).
public func quantile(ofSorted values: [Double], _ p: Double) -> Double {
  precondition(!values.isEmpty && p >= 0 && p <= 1, "quantile \(p) of \(values.count) values")
  let position = p * Double(values.count - 1)
  let low = Int(position)
  let high = min(low + 1, values.count - 1)
  let w = position - Double(low)
  return w == 0 ? values[low] : values[low] * (1 - w) + values[high] * w
}

/// The median; NaN for no values.
public func median(_ values: [Double]) -> Double {
  values.isEmpty ? .nan : quantile(ofSorted: ascending(values), 0.5)
}

/// The mean; NaN for no values.
public func mean(_ values: [Double]) -> Double {
  values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
}

/// The standard deviation with divisor n (`sample: false`) or n − 1; NaN for no values.
public func standardDeviation(_ values: [Double], sample: Bool = false) -> Double {
  let m = mean(values)
  let divisor = Double(values.count - (sample ? 1 : 0))
  return (values.reduce(0) { $0 + ($1 - m) * ($1 - m) } / divisor).squareRoot()
}

/// Running median over `window` (odd) values; at the ends the border value is repeated.
public func runningMedian(_ values: [Double], window: Int) -> [Double] {
  precondition(window % 2 == 1, "a running median of \(window) values has no middle")
  let half = window / 2
  let n = values.count
  var buffer = [Double](repeating: 0, count: window)
  return (0..<n).map { i in
    for k in 0..<window { buffer[k] = values[min(max(i + k - half, 0), n - 1)] }
    buffer.sort()
    return buffer[half]
  }
}

/// The value at `x` of the broken line through (`xs`, `ys`), `xs` ascending; constant beyond the ends.
public func interpolate(_ x: Double, _ xs: [Double], _ ys: [Double]) -> Double {
  precondition(xs.count == ys.count && !xs.isEmpty, "\(xs.count) abscissae for \(ys.count) ordinates")
  if !(x > xs[0]) { return ys[0] }
  if x >= xs[xs.count - 1] { return ys[xs.count - 1] }
  var low = 0
  var high = xs.count - 1
  while high - low > 1 {
    let middle = (low + high) / 2
    if xs[middle] <= x { low = middle } else { high = middle }
  }
  let span = xs[high] - xs[low]
  return span > 0 ? ys[low] + (ys[high] - ys[low]) * ((x - xs[low]) / span) : ys[high]
}
