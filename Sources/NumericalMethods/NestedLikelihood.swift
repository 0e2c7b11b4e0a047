#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The restricted likelihood of nested data, in a time proportional to the units per point.
///
/// But for the scale of all, it is a function of two ratios: of the standard deviations between outer and between inner
/// units to that within them. Given the ratios the scale is in closed form.
struct NestedLikelihood {
  /// Sums of products of an inner unit's columns: its conditions, value, 1; the upper triangle of a square.
  private struct Sums {
    var columns: [Int]
    var products: [Double]
  }

  private let units: [[Sums]]
  private let conditions: Int
  /// Values that inform less the condition means.
  let contrasts: Int
  /// Degrees of freedom of outer units, inner units and values.
  let freedom: [Int]
  /// Standard deviation of the values about their conditions.
  let overallSpread: Double

  init(_ all: [VarianceComponents.Observation]) {
    let counts = Dictionary(all.map { ($0.condition, 1) }, uniquingKeysWith: +)
    var data = all.filter { (counts[$0.condition] ?? 0) > 1 }
    data.sort { ($0.outer, $0.inner, $0.condition) < ($1.outer, $1.inner, $1.condition) }
    let names = Set(data.map(\.condition)).sorted()
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    conditions = names.count
    contrasts = data.count - names.count
    // Values about the mean of their condition: the likelihood does not change, and less is lost to rounding.
    var means = [Double](repeating: 0, count: names.count)
    for i in data.indices {
      let name = data[i].condition
      data[i].condition = places[name] ?? 0
      means[data[i].condition] += data[i].value / Double(counts[name] ?? 1)
    }
    for i in data.indices { data[i].value -= means[data[i].condition] }

    // Cells of one condition, outer and inner unit stand together.
    var units: [[Sums]] = []
    var freeCells = 0
    var start = 0
    while start < data.count {
      let first = data[start]
      let end = data[start...].firstIndex { $0.outer != first.outer || $0.inner != first.inner } ?? data.count
      let own = Set(data[start..<end].map(\.condition)).sorted()
      let columns = own + [conditions, conditions + 1]
      var products = [Double](repeating: 0, count: columns.count * columns.count)
      for o in data[start..<end] {
        let row = [(own.firstIndex(of: o.condition) ?? 0, 1.0), (own.count, o.value), (own.count + 1, 1.0)]
        for (p, x) in row { for (q, y) in row { products[p * columns.count + q] += x * y } }
      }
      if start == 0 || data[start - 1].outer != first.outer { units.append([]) }
      units[units.count - 1].append(Sums(columns: columns, products: products))
      freeCells += end - start - own.count
      start = end
    }
    self.units = units

    // A level is estimable where some unit above it holds at least two of its units within one condition.
    var (freeLabs, freeLots) = (0, 0)
    for c in 0..<conditions {
      let lots = units.map { lab in lab.count { $0.columns.contains(c) } }.filter { $0 > 0 }
      freeLabs += lots.count - 1
      freeLots += lots.reduce(0) { $0 + $1 - 1 }
    }
    let lots = units.reduce(0) { $0 + $1.count }
    freedom = [min(freeLabs, units.count - 1), min(freeLots, lots - 1), freeCells]
    let squares = data.reduce(0) { $0 + $1.value * $1.value }
    overallSpread = (squares / Double(max(contrasts, 1))).squareRoot()
  }

  /// The two parts of −2 log likelihood where the standard deviation within units is 1: determinants, and squares left.
  ///
  /// - Parameters: ratios of the standard deviations between units to that within.
  func unitParts(outer: Double, inner: Double) -> (determinants: Double, squares: Double) {
    let n = conditions + 2
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * n * n) { work in
      work.initialize(repeating: 0)
      // The whole in the first half, an outer unit in the second.
      let second = n * n
      var determinants = 0.0
      for (l, lab) in units.enumerated() {
        if l > 0 { for k in second..<(2 * second) { work[k] = 0 } }
        for lot in lab {
          lot.products.withUnsafeBufferPointer { s in
            let last = lot.columns.count - 1
            let common = inner * inner * s[last * (last + 1) + last]
            if common > 0 { determinants += logarithm(1 + common) }
            let factor = inner * inner / (1 + common)
            for p in 0...last {
              let row = second + lot.columns[p] * n
              let one = factor * s[p * (last + 1) + last]
              for q in p...last { work[row + lot.columns[q]] += s[p * (last + 1) + q] - one * s[q * (last + 1) + last] }
            }
          }
        }
        let common = outer * outer * work[second + n * n - 1]
        if common > 0 { determinants += logarithm(1 + common) }
        let factor = outer * outer / (1 + common)
        for p in 0..<n {
          let one = factor * work[second + p * n + n - 1]
          for q in p..<n { work[p * n + q] += work[second + p * n + q] - one * work[second + q * n + n - 1] }
        }
      }
      // Condition means are eliminated one after another; what is left in the corner are the squares about them.
      for k in 0..<conditions {
        let pivot = work[k * n + k]
        guard pivot > 0 else { return (.infinity, .infinity) }
        determinants += logarithm(pivot)
        for p in (k + 1)...conditions where work[k * n + p] != 0 {
          let share = work[k * n + p] / pivot
          for q in p...conditions { work[p * n + q] -= share * work[k * n + q] }
        }
      }
      return (determinants, max(work[conditions * n + conditions], 0))
    }
  }

  /// Log restricted likelihood up to a constant; `residual` above 0.
  func log(outer: Double, inner: Double, residual: Double) -> Double {
    let parts = unitParts(outer: outer / residual, inner: inner / residual)
    return -0.5
      * (parts.determinants + 2 * Double(contrasts) * logarithm(residual) + parts.squares / (residual * residual))
  }

  /// The standard deviations (outer, inner, residual), none below 0, at the maximum of the restricted likelihood.
  ///
  /// The scale is in closed form; the ratios are searched from the best point of a coarse grid, one after the other.
  func mode() -> [Double] {
    guard freedom[2] > 0, overallSpread > 0 else { return [.nan, .nan, overallSpread] }
    func deviance(_ ratios: [Double]) -> Double {
      let parts = unitParts(outer: ratios[0], inner: ratios[1])
      return parts.determinants + Double(contrasts) * logarithm(max(parts.squares, 1e-300))
    }
    let free = (0..<2).filter { freedom[$0] > 0 }
    let start = [0] + (0..<12).map { 0.02 * pow(2.5, Double($0)) }
    var (best, least) = ([0.0, 0.0], deviance([0, 0]))
    for a in free.contains(0) ? start : [0] {
      for b in free.contains(1) ? start : [0] {
        let value = deviance([a, b])
        if value < least { (best, least) = ([a, b], value) }
      }
    }
    for _ in 0..<(free.count > 1 ? 60 : 1) {
      let before = best
      for k in free {
        let goal = { (x: Double) -> Double in
          var point = best
          point[k] = x
          return deviance(point)
        }
        // Flat to rounding long before 44 steps; so is it near 0, which is a candidate of its own.
        let x = goldenSection(in: (best[k] < 0.03 ? 0 : best[k] / 3)...max(3 * best[k], 0.06), steps: 44, goal)
        best[k] = goal(0) <= goal(x) + 2e-9 ? 0 : x
      }
      if zip(before, best).allSatisfy({ abs($0 - $1) <= 1e-9 * (1 + $1) }) { break }
    }
    let scale = (unitParts(outer: best[0], inner: best[1]).squares / Double(contrasts)).squareRoot()
    return [best[0] * scale, best[1] * scale, scale]
  }
}

private func logarithm(_ x: Double) -> Double { log(x) }
