internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The grid of capacity levels between now and the end of life, as shares of the headroom; 1 is the end of life.
enum LevelGrid {
  static let shares = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.35]
  /// Index of the level that is the end of life.
  static let endIndex = 10
  /// Smallest headroom between retention now and the end of life.
  static let smallestHeadroom = 2e-3
}

/// When a cell, seen from age N, reaches each level.
struct LevelTarget {
  /// Remaining age at each level; NaN where not reached.
  var remaining: [Double]
  /// Remaining age up to which the record (or the stated life) says something.
  var censoredAfter: Double
  /// Retention now.
  var start: Double

  /// The target of one training cell from its whole record.
  ///
  /// - Parameters:
  ///   - cell: prepared from all rows.
  ///   - now: retention at `age` as a forecast would see it.
  ///   - age: N.
  init(_ cell: PreparedCell, now: Double, at age: Double) {
    let top = max(now, cell.endFraction + LevelGrid.smallestHeadroom)
    var ages = LevelGrid.shares.map { cell.crossing(top + $0 * (cell.endFraction - top), after: age) - age }
    start = top
    censoredAfter = max(cell.lastAge - age, 1e-3)
    if cell.life.isFinite {
      let end = LevelGrid.endIndex
      let life = cell.life - age
      for k in 0..<end { ages[k] = ages[k].isFinite ? min(ages[k], life) : life }
      ages[end] = life
      if ages[(end + 1)...].allSatisfy(\.isFinite) {
        for k in (end + 1)..<ages.count { ages[k] = max(ages[k], life) }
      }
      censoredAfter = max(censoredAfter, life)
    }
    var highest = -1.0
    for k in ages.indices where ages[k].isFinite {
      highest = max(highest, ages[k])
      ages[k] = highest
    }
    remaining = ages
  }
}

/// z = log(T + δ) and back.
struct LevelScale: Sendable, Hashable, Codable {
  /// δ: one per cent of the median remaining life in training.
  var offset: Double

  func forward(_ remaining: Double) -> Double { log(max(remaining, 0) + offset) }
  func inverse(_ z: Double) -> Double { max(exp(min(z, 40)) - offset, 0) }
}
