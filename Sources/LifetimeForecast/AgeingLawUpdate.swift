internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The generic ageing law in inverse form, q = q₀ − a·tᵖ, with a population prior on log a: its posterior after the
/// observed part of one cell.
///
/// - Source: the power states of the semi-empirical laws of NREL's BLAST-Lite; p = ½ (parabolic) and 1 (linear).
struct AgeingLawUpdate: Sendable, Hashable, Codable {
  /// One member of the mixture.
  struct Member: Sendable, Hashable, Codable {
    /// p.
    var exponent: Double
    /// Mean of log a over training cells.
    var mean: Double
    /// Its spread, at least 0.25.
    var spread: Double
  }

  var members: [Member]

  /// The population prior from training cells: loss to the end of life (or of the record) and the age of it.
  init(cells: [PreparedCell]) {
    let points = cells.compactMap { cell -> (loss: Double, age: Double)? in
      guard cell.retention.count > 0 else { return nil }
      let early = mean(Array(cell.retention.prefix(5)))
      if cell.life.isFinite { return (early - cell.endFraction, cell.life) }
      return (max(early - (cell.smooth.last ?? early), 2e-3), cell.lastAge)
    }
    members = [0.5, 1].map { p in
      let rates = points.map { log(max($0.loss, 2e-3)) - p * log(max($0.age, 1)) }
      return Member(exponent: p, mean: median(rates), spread: max(1.2 * standardDeviation(rates), 0.25))
    }
  }

  /// Posterior mean and spread of log a on a grid of 81 points over ± 4 spreads.
  ///
  /// q₀ is free (both sides are centred). Neighbouring cycles err together, so n points count as at most 12.
  func posterior(_ member: Member, ages: [Double], retention: [Double], noise: Double) -> (mean: Double, spread: Double)
  {
    let raw = ages.map { pow($0, member.exponent) }
    let mx = mean(raw)
    let my = mean(retention)
    var xx = 0.0
    var xy = 0.0
    var yy = 0.0
    for i in raw.indices {
      let x = raw[i] - mx
      let y = retention[i] - my
      xx += x * x
      xy += x * y
      yy += y * y
    }
    let variance = noise * noise + 1e-8
    let weight = min(1, 12 / Double(ages.count))
    var grid: [Double] = []
    var logs: [Double] = []
    for k in 0...80 {
      let u = -4 + 0.1 * Double(k)
      let g = member.mean + member.spread * u
      let a = exp(g)
      grid.append(g)
      logs.append(-0.5 * weight * (yy + 2 * a * xy + a * a * xx) / variance - 0.5 * u * u)
    }
    let top = logs.max() ?? 0
    let w = logs.map { exp($0 - top) }
    let total = w.reduce(0, +)
    let m = zip(w, grid).reduce(0) { $0 + $1.0 * $1.1 } / total
    let v = zip(w, grid).reduce(0) { $0 + $1.0 * ($1.1 - m) * ($1.1 - m) } / total
    return (m, v.squareRoot())
  }
}
