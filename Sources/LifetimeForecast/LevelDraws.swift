internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

func _pow(_ x: Double, _ p: Double) -> Double { pow(x, p) }
func _log(_ x: Double) -> Double { log(x) }
func _exp(_ x: Double) -> Double { exp(x) }

/// Joint draws of one cell's future: remaining age at each level, from which life and trajectory are both read.
struct LevelDraws: Sendable {
  /// Draws × levels of remaining age.
  var remaining: Matrix
  /// Age of the forecast, N.
  var age: Double
  /// Retention now.
  var start: Double
  /// Retention that ends life.
  var endFraction: Double
  /// What the levels cannot say: retention offsets at the shares of `RepresentationResidual.shares`, training cells ×
  /// shares.
  var offsets = Matrix(rows: 0, columns: 0)
  /// The row of `offsets` that goes with each draw; empty for none.
  var sources: [Int] = []
  /// Scale of the spread by horizon bin, inner half and 90 % range.
  var horizonScale: [[Double]]
  /// Standard deviation of one measurement.
  var measurementNoise: Double

  var count: Int { remaining.rows }
  var levelCount: Int { remaining.columns }

  /// True where the end of life lies within the levels that training cells reached.
  var reachesEnd: Bool { levelCount > LevelGrid.endIndex }

  /// Age at end of life, per draw. Beyond the last level the path goes straight on.
  func lives() -> [Double] {
    (0..<count).map { d in
      if reachesEnd { return age + remaining[d, LevelGrid.endIndex] }
      let k = levelCount
      let last = remaining[d, k - 1]
      return age + last + slope(d) * (1 - LevelGrid.shares[k - 1])
    }
  }

  /// Remaining age per unit of level share beyond the last level, at least 0.3 of the mean slope.
  func slope(_ d: Int) -> Double {
    let k = levelCount
    let from = max(k - 3, 0)
    let step = (remaining[d, k - 1] - remaining[d, from]) / (LevelGrid.shares[k - 1] - LevelGrid.shares[from])
    return max(step.isFinite ? step : 0, 0.3 * remaining[d, k - 1] / LevelGrid.shares[k - 1] + 1e-6)
  }

  /// What part of the variance of z at each level the given variances are; at most all of it.
  func shares(of variances: [Double], scale: LevelScale) -> [Double] {
    (0..<levelCount).map { k in
      let deviation = standardDeviation(remaining.column(k).map(scale.forward))
      return min(variances[k] / max(deviation * deviation, 1e-12), 1)
    }
  }

  /// Retention at each age, ages × draws, ascending within an age when `sorted`.
  func retention(at ages: [Double], sorted: Bool = false) -> [[Double]] {
    var out = paths(at: ages)
    let middle = median(lives())
    let outerness = Self.outerness(count)
    for i in ages.indices {
      let bin = horizonBin(ages[i], middle)
      let isScaled = horizonScale[0][bin] != 1 || horizonScale[1][bin] != 1
      guard sorted || isScaled else { continue }
      let ranked = ascending(out[i])
      // Stretching keeps the order of the draws, so that quantiles cannot cross.
      let scaled = isScaled ? stretched(ranked, outerness, bin: bin) : ranked
      out[i] = sorted ? scaled : Self.replaced(out[i], ranked, by: scaled)
    }
    for i in out.indices { out[i].withUnsafeMutableBufferPointer { for d in $0.indices { $0[d] = max($0[d], 0) } } }
    return out
  }

  /// Values with the one of each rank replaced; of equal ones the first has the lowest rank.
  private static func replaced(_ values: [Double], _ ranked: [Double], by others: [Double]) -> [Double] {
    var taken = [Int](repeating: 0, count: ranked.count)
    return ranked.withUnsafeBufferPointer { ranked in
      values.map { value in
        // Without branches, which would be guessed wrong every other time.
        var (low, length) = (0, ranked.count)
        while length > 1 {
          let half = length / 2
          low = ranked[low &+ half &- 1] < value ? low &+ half : low
          length -= half
        }
        taken[low] += 1
        return others[low + taken[low] - 1]
      }
    }
  }

  /// Retention at each age before its spread is scaled, ages × draws.
  private func paths(at ages: [Double]) -> [[Double]] {
    let shares = [0] + Array(LevelGrid.shares.prefix(levelCount))
    let pieces = RepresentationResidual.shares
    precondition(
      sources.isEmpty || sources.count == count && offsets.columns == pieces.count,
      "\(sources.count) sources of \(offsets.columns) offsets for \(count) draws")
    precondition((sources.max() ?? -1) < offsets.rows, "a source beyond \(offsets.rows) cells")
    // A whole design fades with the root of age between levels, a running cell straight.
    let isDesign = age <= 0
    let times = ages.map { $0 - age }
    let places = isDesign ? times.map { max($0, 0).squareRoot() } : times
    var knots = [Double](repeating: 0, count: levelCount + 1)
    var flat = [Double](repeating: 0, count: ages.count * count)
    flat.withUnsafeMutableBufferPointer { flat in
      for d in 0..<count {
        for k in 0..<levelCount {
          let time = remaining[d, k] + 1e-9 * Double(k + 1)
          knots[k + 1] = isDesign ? time.squareRoot() : time
        }
        let end = remaining[d, levelCount - 1] + 1e-9 * Double(levelCount)
        let beyond = slope(d)
        knots.withUnsafeBufferPointer { knots in
          shares.withUnsafeBufferPointer { shares in
            var line = BrokenLine(x: knots, y: shares)
            for i in places.indices {
              let t = times[i]
              let share = t <= end ? line(places[i]) : shares[levelCount] + (t - end) / beyond
              flat[i &* count &+ d] = start + share * (endFraction - start)
            }
          }
        }
        guard !sources.isEmpty else { continue }
        let row = (sources[d] * offsets.columns)..<((sources[d] + 1) * offsets.columns)
        pieces.withUnsafeBufferPointer { pieces in
          offsets.storage.withUnsafeBufferPointer { offsets in
            var line = BrokenLine(x: pieces, y: UnsafeBufferPointer(rebasing: offsets[row]))
            for i in times.indices {
              let tau = times[i] / max(end, 1e-9)
              if tau <= 1 { flat[i &* count &+ d] += line(tau) }
            }
          }
        }
      }
    }
    return ages.indices.map { Array(flat[($0 * count)..<(($0 + 1) * count)]) }
  }

  /// Straight between ascending abscissae, level beyond them; looks for a value near that of the last call.
  private struct BrokenLine {
    let x: UnsafeBufferPointer<Double>
    let y: UnsafeBufferPointer<Double>
    var k = 0

    @inline(__always)
    mutating func callAsFunction(_ at: Double) -> Double {
      while k < x.count &- 2, at >= x[k &+ 1] { k &+= 1 }
      while k > 0, at < x[k] { k &-= 1 }
      let w = min(max((at - x[k]) / max(x[k &+ 1] - x[k], 1e-300), 0), 1)
      return y[k] + w * (y[k &+ 1] - y[k])
    }
  }

  /// Bin 0…4 of an age by its share of the median remaining life.
  func horizonBin(_ a: Double, _ medianLife: Double) -> Int {
    let share = (a - age) / max(medianLife - age, 1e-6)
    return [0.25, 0.5, 0.75, 1].count { share > $0 }
  }

  /// How far out of `n` draws each rank lies: 0 in the central half, 1 from 90 % on.
  private static func outerness(_ n: Int) -> [Double] {
    (0..<n).map { rank in
      let u = abs(2 * (Double(rank) + 0.5) / Double(n) - 1)
      return min(max((u - 0.5) / 0.4, 0), 1)
    }
  }

  /// Ascending draws stretched about their median: by the inner scale in the central half, the outer from 90 % on.
  private func stretched(_ ranked: [Double], _ outerness: [Double], bin: Int) -> [Double] {
    let (inner, outer) = (horizonScale[0][bin], horizonScale[1][bin])
    let n = ranked.count
    guard n > 0 else { return [] }
    let middle = (ranked[(n - 1) / 2] + ranked[n / 2]) / 2
    var previous = -Double.infinity
    return zip(ranked, outerness).map { value, w in
      previous = max(previous, middle + ((1 - w) * inner + w * outer) * (value - middle))
      return previous
    }
  }
}

/// What levels cannot say of a path (break-in, scatter of the start): retention minus its reconstruction, on shares
/// of the cell's own span.
enum RepresentationResidual {
  /// 25 shares of the span, denser at the start.
  static let shares: [Double] = (0..<25).map { _pow(Double($0) / 24, 1.5) }

  /// The offsets of one training cell; 0 beyond its record, at most 0.05 in size.
  static func offsets(_ cell: PreparedCell, levels z: [Double], scale: LevelScale, start: Double, age: Double)
    -> [Double]
  {
    let steps = [0] + Array(LevelGrid.shares.prefix(z.count))
    var times = [0.0]
    for (k, value) in z.enumerated() { times.append(scale.inverse(value) + 1e-9 * Double(k + 1)) }
    let end = times[times.count - 1]
    let last = min(cell.lastAge - age, end)
    return shares.map { tau in
      let a = tau * end
      guard a <= last, !cell.ages.isEmpty else { return 0 }
      let share =
        age > 0
        ? interpolate(a, times, steps) : interpolate(a.squareRoot(), times.map { $0.squareRoot() }, steps)
      let rebuilt = start + share * (cell.endFraction - start)
      return min(max(interpolate(age + a, cell.ages, cell.smooth) - rebuilt, -0.05), 0.05)
    }
  }
}
