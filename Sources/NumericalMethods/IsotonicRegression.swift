/// The non-decreasing sequence nearest to `values` in weighted least squares, by pooling adjacent violators.
///
/// - Parameters:
///   - values: finite numbers.
///   - weights: positive, one a value; nil for equal weights.
/// - Returns: a value for each position; neighbours that were pooled share their weighted mean.
/// - Source: M. Ayer et al., Ann. Math. Stat. 26 (1955) 641.
public func isotonicRegression(_ values: [Double], weights: [Double]? = nil) -> [Double] {
  precondition(weights.map { $0.count == values.count } ?? true, "weights for other values")
  var blocks: [(mean: Double, weight: Double, count: Int)] = []
  blocks.reserveCapacity(values.count)
  for i in values.indices {
    var block = (mean: values[i], weight: weights?[i] ?? 1, count: 1)
    while let last = blocks.last, last.mean > block.mean {
      let weight = last.weight + block.weight
      block = ((last.mean * last.weight + block.mean * block.weight) / weight, weight, last.count + block.count)
      blocks.removeLast()
    }
    blocks.append(block)
  }
  return blocks.flatMap { [Double](repeating: $0.mean, count: $0.count) }
}
