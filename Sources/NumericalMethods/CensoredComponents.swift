#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Components of variance where some values are only known to lie above a bound, or between two: lives of cells that
/// were stopped or still run, or that ended between two check-ups far apart.
///
/// Gibbs sampling: condition means and effects given the values; each unknown value given those, from the normal cut to
/// its interval; each standard deviation by a slice sampler on the restricted likelihood of the completed values, in which
/// means and effects are integrated out, so that small components do not stick.
///
/// - Source: M. A. Tanner and W. H. Wong, J. Am. Stat. Assoc. 82 (1987) 528 (data augmentation); R. M. Neal, Ann. Stat. 31
///   (2003) 705, doi:10.1214/aos/1056562461 (slice sampling).
struct CensoredComponents {
  /// Sweeps thrown away, and kept.
  static let sweeps = (first: 100, kept: 400)

  /// The standard deviations (outer, inner, residual) of each sweep kept; 0 for one that is not estimable.
  let draws: [[Double]]

  init(
    _ all: [VarianceComponents.Observation], scales: [Double], kept: Int = CensoredComponents.sweeps.kept, seed: UInt64
  ) {
    var state = State(all, scales: scales)
    var draws: [[Double]] = []
    for sweep in 0..<(Self.sweeps.first + kept) {
      var stream = RandomStream(seed: seed, purpose: "censored-components", draw: sweep)
      state.drawDeviations(&stream)
      for _ in 0..<3 { state.drawEffects(&stream) }
      state.drawValues(&stream)
      if sweep >= Self.sweeps.first { draws.append(state.sd) }
    }
    self.draws = draws
  }

  private struct State {
    var data: [VarianceComponents.Observation]
    /// Where each value lies, of those not known.
    let bounds: [ClosedRange<Double>?]
    let scales: [Double]
    let isEstimable: [Bool]
    var sd: [Double]
    /// Units of each value by level: condition, outer, inner.
    let units: [[Int]]
    var effects: [[Double]]

    init(_ all: [VarianceComponents.Observation], scales: [Double]) {
      data = all
      bounds = all.map { $0.isKnown ? nil : $0.value...$0.upper }
      self.scales = scales
      let likelihood = NestedLikelihood(all)
      // The scatter within units is part of all that is seen.
      var estimable = likelihood.freedom.map { $0 > 0 }
      estimable[2] = estimable.contains(true)
      // Where all ends of intervals coincide they do not say where to begin.
      let spread = max(likelihood.overallSpread, 0.1 * scales[2])
      isEstimable = estimable
      sd = estimable.map { $0 ? spread / 2 : 0 }
      func numbered(_ names: [[Int]]) -> [Int] {
        let order = Dictionary(
          uniqueKeysWithValues: Set(names).sorted { $0.lexicographicallyPrecedes($1) }.enumerated().map { ($1, $0) })
        return names.map { order[$0] ?? 0 }
      }
      units = [
        numbered(all.map { [$0.condition] }), numbered(all.map { [$0.outer] }),
        numbered(all.map { [$0.outer, $0.inner] }),
      ]
      effects = units.map { [Double](repeating: 0, count: ($0.max() ?? -1) + 1) }
      // First guesses: a little above a bound, the middle of an interval.
      for i in data.indices {
        data[i].value += data[i].isLowerBound ? 0.5 * spread : (data[i].upper - data[i].value) / 2
      }
    }

    /// Log density of a standard deviation's logarithm, the others as they are.
    private func density(_ k: Int, _ x: Double, _ likelihood: NestedLikelihood) -> Double {
      var point = sd
      point[k] = exp(x)
      let ratio = point[k] / scales[k]
      return likelihood.log(outer: point[0], inner: point[1], residual: max(point[2], 1e-9)) + x
        - 2 * log(1 + ratio * ratio / 3)
    }

    mutating func drawDeviations(_ stream: inout RandomStream) {
      let likelihood = NestedLikelihood(data)
      for k in 0..<3 where isEstimable[k] {
        let now = log(sd[k])
        let height = density(k, now, likelihood) + log(stream.uniform())
        // Stepping out from an interval of one, then shrinking.
        var low = now - stream.uniform()
        var high = low + 1
        let floor = log(1e-4 * scales[k])
        while low > floor, density(k, low, likelihood) > height { low -= 1 }
        while high < log(1e3 * scales[k]), density(k, high, likelihood) > height { high += 1 }
        low = max(low, floor)
        for _ in 0..<60 {
          let x = low + (high - low) * stream.uniform()
          if density(k, x, likelihood) > height {
            sd[k] = exp(x)
            break
          }
          if x < now { low = x } else { high = x }
        }
      }
    }

    /// Condition means (flat prior) and the effects of outer and inner units, level by level.
    mutating func drawEffects(_ stream: inout RandomStream) {
      let noise = max(sd[2] * sd[2], 1e-12)
      for level in 0..<3 {
        let prior = level == 0 ? 0 : 1 / max(sd[level - 1] * sd[level - 1], 1e-12)
        var sums = [Double](repeating: 0, count: effects[level].count)
        var counts = sums
        for i in data.indices {
          let others = (0..<3).reduce(0.0) { $0 + ($1 == level ? 0 : effects[$1][units[$1][i]]) }
          sums[units[level][i]] += data[i].value - others
          counts[units[level][i]] += 1
        }
        for u in sums.indices {
          let precision = counts[u] / noise + prior
          effects[level][u] = sums[u] / noise / precision + stream.normal() / precision.squareRoot()
        }
        if level > 0, !isEstimable[level - 1] { effects[level] = effects[level].map { _ in 0 } }
      }
    }

    /// Values that are not known, from the normal cut to where they lie.
    mutating func drawValues(_ stream: inout RandomStream) {
      for i in data.indices {
        guard let range = bounds[i] else { continue }
        let centre = (0..<3).reduce(0.0) { $0 + effects[$1][units[$1][i]] }
        let scale = max(sd[2], 1e-9)
        let z = NormalDistribution.quantile(
          stream.uniform(), from: (range.lowerBound - centre) / scale, to: (range.upperBound - centre) / scale)
        data[i].value = min(max(centre + scale * z, range.lowerBound), range.upperBound)
      }
    }
  }
}
