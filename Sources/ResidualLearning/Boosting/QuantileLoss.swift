#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The summed pinball loss of several quantiles, as a function of the middle one and the logs of gaps.
struct QuantileLoss {
  let levels: [Double]
  let target: [Double]
  let weights: [Double]?
  /// Place of the middle quantile.
  var middle: Int { levels.count / 2 }

  /// A pinball loss weight · ρ(at − s) of one variable s.
  private struct Kink: BitwiseCopyable {
    var at: Double
    var weight: Double
    var level: Double
  }

  /// Writes the quantiles of every row, `levels.count` a row.
  func setQuantiles(_ run: BoostingRun, _ parameters: [ScratchMemory<Double>], _ quantiles: ScratchMemory<Double>) {
    let n = run.rowCount
    let count = levels.count
    let middle = middle
    let q = quantiles.base
    let lines = parameters.map(\.base)
    let chunk = PackedGradients.chunk
    run.pool.run((n + chunk - 1) / chunk) { item, _ in
      for i in (item * chunk)..<min(n, (item + 1) * chunk) {
        let row = q + i &* count
        row[middle] = lines[middle][i]
        for k in stride(from: middle + 1, to: count, by: 1) { row[k] = row[k - 1] + exp(lines[k][i]) }
        for k in stride(from: middle - 1, through: 0, by: -1) { row[k] = row[k + 1] - exp(lines[k][i]) }
      }
    }
  }

  /// The weighted loss of one row.
  func value(_ row: Int, _ quantiles: ScratchMemory<Double>) -> Double {
    var sum = 0.0
    for (k, level) in levels.enumerated() {
      let error = target[row] - quantiles.base[row * levels.count + k]
      sum += error >= 0 ? level * error : (level - 1) * error
    }
    return (weights?[row] ?? 1) * sum
  }

  /// Writes the derivatives of the loss by one parameter: the shift of the middle, or the factor on a gap.
  func setGradients(
    _ run: BoostingRun, _ output: Int, _ parameter: ScratchMemory<Double>, _ quantiles: ScratchMemory<Double>
  ) {
    let gradients = run.gradients.base
    let rows = run.training
    let start = output == middle ? 0.0 : 1.0
    let chunk = PackedGradients.chunk
    run.pool.run((rows.count + chunk - 1) / chunk) { item, _ in
      for k in (item * chunk)..<min(rows.count, (item + 1) * chunk) {
        let row = Int(rows[k])
        var sum = 0.0
        forEachKink(row, output, parameter, quantiles) { kink in
          sum += kink.weight * (kink.at < start ? 1 - kink.level : -kink.level)
        }
        gradients[row] = (weights?[row] ?? 1) * sum
      }
    }
  }

  /// Where the loss of some rows is least along one parameter; the lowest such place.
  func bestStep(
    _ output: Int, _ parameter: ScratchMemory<Double>, _ quantiles: ScratchMemory<Double>,
    _ rows: UnsafeBufferPointer<UInt32>
  ) -> Double {
    var kinks: [Kink] = []
    kinks.reserveCapacity(rows.count * levels.count)
    for row in rows {
      let weight = weights?[Int(row)] ?? 1
      forEachKink(Int(row), output, parameter, quantiles) { kink in
        kinks.append(Kink(at: kink.at, weight: weight * kink.weight, level: kink.level))
      }
    }
    kinks.sort { $0.at < $1.at }
    var slope = -kinks.reduce(0) { $0 + $1.weight * $1.level }
    for kink in kinks {
      slope += kink.weight
      if slope >= 0 { return kink.at }
    }
    return kinks.last?.at ?? 0
  }

  /// The kinks of one row's loss along one parameter.
  @inline(__always)
  private func forEachKink(
    _ row: Int, _ output: Int, _ parameter: ScratchMemory<Double>, _ quantiles: ScratchMemory<Double>,
    _ visit: (Kink) -> Void
  ) {
    let q = quantiles.base + row &* levels.count
    let y = target[row]
    if output == middle {
      for k in levels.indices { visit(Kink(at: y - q[k], weight: 1, level: levels[k])) }
      return
    }
    let gap = max(exp(parameter.base[row]), 1e-300)
    if output > middle {
      for k in output..<levels.count { visit(Kink(at: (y - q[k] + gap) / gap, weight: gap, level: levels[k])) }
    } else {
      for k in 0...output { visit(Kink(at: (q[k] + gap - y) / gap, weight: gap, level: 1 - levels[k])) }
    }
  }
}
