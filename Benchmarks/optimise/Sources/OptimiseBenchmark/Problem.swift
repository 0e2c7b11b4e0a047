import DesignOptimization
import Foundation

/// A test problem: genes, population, evaluations, reference point and what a point gives.
struct Problem {
  var kinds: [GeneKind]
  var size: Int
  var evaluations: Int
  var reference: [Double]
  /// Score the archive (a study) or the final population (the peers' custom).
  var scoresArchive = false
  var body: ([Double]) -> (f: [Double], g: [Double])

  static func named(_ name: String, normals: [[Double]]) -> Problem? {
    let reals = { (n: Int) in [GeneKind](repeating: .real, count: n) }
    switch name {
    case "ZDT1", "ZDT2", "ZDT3", "ZDT4":
      let which = Int(String(name.last ?? "1")) ?? 1
      return Problem(
        kinds: reals(which == 4 ? 10 : 30), size: 100, evaluations: 25_000, reference: [1.1, 1.1], body: zdt(which))
    case "DTLZ2":
      return Problem(
        kinds: reals(12), size: 92, evaluations: 23_000, reference: [1.1, 1.1, 1.1], body: { (dtlz2($0), []) })
    case "C2-DTLZ2":
      return Problem(kinds: reals(12), size: 92, evaluations: 23_000, reference: [1.1, 1.1, 1.1], body: c2dtlz2)
    case "BNH": return Problem(kinds: reals(2), size: 100, evaluations: 10_000, reference: [140, 50], body: bnh)
    case "SRN": return Problem(kinds: reals(2), size: 100, evaluations: 10_000, reference: [250, 10], body: srn)
    case "mixed-500", "mixed-2000":
      let budget = name == "mixed-500" ? 500 : 2000
      return Problem(
        kinds: reals(8) + [.ordinal(5), .category(6), .category(4)], size: budget == 500 ? 20 : 40, evaluations: budget,
        reference: [-5, 0.8], scoresArchive: true, body: { Mixed.values($0, normals) })
    default: return nil
    }
  }

  static func zdt(_ which: Int) -> ([Double]) -> (f: [Double], g: [Double]) {
    { x in
      let rest = x.dropFirst()
      if which == 4 {
        let y = rest.map { -5 + 10 * $0 }
        let g = 1 + 10 * Double(y.count) + y.reduce(0) { $0 + $1 * $1 - 10 * cos(4 * Double.pi * $1) }
        return ([x[0], g * (1 - (x[0] / g).squareRoot())], [])
      }
      let g = 1 + 9 * rest.reduce(0, +) / Double(rest.count)
      let r = x[0] / g
      let h = which == 1 ? 1 - r.squareRoot() : which == 2 ? 1 - r * r : 1 - r.squareRoot() - r * sin(10 * .pi * x[0])
      return ([x[0], g * h], [])
    }
  }

  static func dtlz2(_ x: [Double]) -> [Double] {
    let g = 1 + x.dropFirst(2).reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) }
    let (a, b) = (x[0] * Double.pi / 2, x[1] * Double.pi / 2)
    return [g * cos(a) * cos(b), g * cos(a) * sin(b), g * sin(a)]
  }

  static func c2dtlz2(_ x: [Double]) -> (f: [Double], g: [Double]) {
    let f = dtlz2(x)
    let r = 0.4
    let corners = (0..<3).map { i in
      (f[i] - 1) * (f[i] - 1) + (0..<3).filter { $0 != i }.reduce(0) { $0 + f[$1] * f[$1] } - r * r
    }
    let middle = f.reduce(0) { $0 + ($1 - 1 / 3.0.squareRoot()) * ($1 - 1 / 3.0.squareRoot()) } - r * r
    return (f, [min(corners.min() ?? 0, middle)])
  }

  static func bnh(_ u: [Double]) -> (f: [Double], g: [Double]) {
    let (x, y) = (5 * u[0], 3 * u[1])
    return (
      [4 * x * x + 4 * y * y, (x - 5) * (x - 5) + (y - 5) * (y - 5)],
      [((x - 5) * (x - 5) + y * y - 25) / 25, (7.7 - (x - 8) * (x - 8) - (y + 3) * (y + 3)) / 7.7]
    )
  }

  static func srn(_ u: [Double]) -> (f: [Double], g: [Double]) {
    let (x, y) = (-20 + 40 * u[0], -20 + 40 * u[1])
    return (
      [2 + (x - 2) * (x - 2) + (y - 1) * (y - 1), 9 * x - (y - 1) * (y - 1)],
      [(x * x + y * y - 225) / 225, (x - 3 * y + 10) / 10]
    )
  }
}

/// The mixed design problem: eight reals, an ordinal, two categories, 200 virtual cells, a chance constraint.
enum Mixed {
  static let a = [0, -0.20, 0.93, -0.56, 0.23, -0.05]
  static let b = [-0.09, 0.27, -0.45, -0.25]
  static let o = [
    [0.66, 0.56, 0.28], [0.42, 0.72, 0.79], [0.62, 0.30, 0.73], [0.30, 0.40, 0.41], [0.43, 0.27, 0.31],
    [0.65, 0.25, 0.44],
  ]

  static func values(_ genes: [Double], _ normals: [[Double]]) -> (f: [Double], g: [Double]) {
    let x = genes
    let (rank, ia, ib) = (genes[8], Int(genes[9]), Int(genes[10]))
    var lives: [Double] = []
    var energy = 0.0
    for z in normals {
      let m = 0.6 + 0.25 * x[0] + 0.004 * z[0]
      let c = 0.05 * x[1]
      let p = log(2) + x[2] * log(40) + 0.15 * z[1]
      let h = 0.3 + 0.7 * x[3] * (1 + 0.03 * z[2])
      let v = 0.1 * rank
      var l = 6 + a[ia] + b[ib] - 9 * max(0, m - 0.72 + 0.02 * Double(ib))
      l -= 0.9 * (v - 0.1) * (ia == 0 ? 2 : 1) + 2500 * (c - 0.02) * (c - 0.02)
      l -= 0.12 * (p - 3 - 0.3 * Double(ib)) * (p - 3 - 0.3 * Double(ib)) + 0.5 * (h - 0.6) * (h - 0.6)
      for k in 0..<3 { l -= 1.2 * (x[4 + k] - o[ia][k]) * (x[4 + k] - o[ia][k]) }
      l -= 0.6 * abs(x[7] - 0.3)
      l += 0.1 * z[3] + 0.075 * max(z[4], -1) - (m + 2 * c > 0.86 + 0.02 * z[5] ? 0.8 : 0)
      lives.append(l)
      energy += log(m * (0.5 + h) * (1 + 0.35 * v)) - 0.016 * Double(ia) - 0.1 * c - 0.02 * x[2] - 0.05 * (1 - x[7])
    }
    lives.sort()
    let position = 0.1 * Double(lives.count - 1)
    let low = Int(position)
    let q10 = lives[low] + (position - Double(low)) * (lives[low + 1] - lives[low])
    return ([-q10, -energy / Double(normals.count)], [log(300) - q10, 0.25 * x[0] + 0.05 * x[1] - 0.23])
  }
}
