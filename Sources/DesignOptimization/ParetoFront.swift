/// Order of designs with several objectives, all to be minimised.
public enum ParetoFront {
  /// Whether `a` is nowhere worse than `b` and somewhere better.
  public static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
    var isBetter = false
    for (x, y) in zip(a, b) {
      if x > y { return false }
      if x < y { isBetter = true }
    }
    return isBetter
  }

  /// Rank of each point: 0 for those that nothing dominates, 1 for those that only rank 0 dominates, …
  public static func ranks(_ points: [[Double]]) -> [Int] {
    let n = points.count
    var dominated = [[Int]](repeating: [], count: n)
    var above = [Int](repeating: 0, count: n)
    for i in 0..<n {
      for j in (i + 1)..<max(n, i + 1) {
        if dominates(points[i], points[j]) {
          dominated[i].append(j)
          above[j] += 1
        } else if dominates(points[j], points[i]) {
          dominated[j].append(i)
          above[i] += 1
        }
      }
    }
    var out = [Int](repeating: 0, count: n)
    var front = (0..<n).filter { above[$0] == 0 }
    var rank = 0
    while !front.isEmpty {
      var next: [Int] = []
      for i in front {
        out[i] = rank
        for j in dominated[i] {
          above[j] -= 1
          if above[j] == 0 { next.append(j) }
        }
      }
      front = next.sorted()
      rank += 1
    }
    return out
  }

  /// The points that nothing dominates; of equal points the first.
  public static func nondominated(_ points: [[Double]]) -> [Int] {
    points.indices.filter { i in
      !points.indices.contains { j in
        j != i && (dominates(points[j], points[i]) || (j < i && points[j] == points[i]))
      }
    }
  }

  /// Volume between the points and `reference` that they dominate; points outside the reference count for nothing.
  ///
  /// Exact for any number of objectives: a sweep in two, slices in more.
  /// - Source: C. M. Fonseca, L. Paquete and M. López-Ibáñez, IEEE CEC 2006, doi:10.1109/CEC.2006.1688440.
  public static func hypervolume(_ points: [[Double]], reference: [Double]) -> Double {
    let inside = points.filter { p in zip(p, reference).allSatisfy { $0 < $1 } }
    return volume(inside, reference)
  }

  private static func volume(_ points: [[Double]], _ reference: [Double]) -> Double {
    let d = reference.count
    guard !points.isEmpty else { return 0 }
    if d == 1 { return reference[0] - (points.map { $0[0] }.min() ?? reference[0]) }
    if d == 2 {
      var total = 0.0
      var top = reference[1]
      for p in points.sorted(by: { ($0[0], $0[1]) < ($1[0], $1[1]) }) where p[1] < top {
        total += (reference[0] - p[0]) * (top - p[1])
        top = p[1]
      }
      return total
    }
    // Slices along the last objective: between two neighbouring values the same points count.
    let order = points.sorted { $0[d - 1] < $1[d - 1] }
    let lower = Array(reference.dropLast())
    var total = 0.0
    var front: [[Double]] = []
    for (k, p) in order.enumerated() {
      front.append(Array(p.dropLast()))
      let kept = nondominated(front)
      if kept.count < front.count { front = kept.map { front[$0] } }
      let end = k + 1 < order.count ? order[k + 1][d - 1] : reference[d - 1]
      if end > p[d - 1] { total += (end - p[d - 1]) * volume(front, lower) }
    }
    return total
  }

  /// What the hypervolume loses with each point, the others kept.
  public static func contributions(_ points: [[Double]], reference: [Double]) -> [Double] {
    if reference.count == 2, nondominated(points).count == points.count { return inPlane(points, reference) }
    let whole = hypervolume(points, reference: reference)
    return points.indices.map { i in
      var rest = points
      rest.remove(at: i)
      return max(whole - hypervolume(rest, reference: reference), 0)
    }
  }

  /// The same for two objectives and points of which none dominates or equals another.
  private static func inPlane(_ points: [[Double]], _ reference: [Double]) -> [Double] {
    var out = [Double](repeating: 0, count: points.count)
    let front = points.indices.filter { points[$0][0] < reference[0] && points[$0][1] < reference[1] }
      .sorted { points[$0][0] < points[$1][0] }
    for (k, i) in front.enumerated() {
      let right = k + 1 < front.count ? points[front[k + 1]][0] : reference[0]
      let top = k > 0 ? points[front[k - 1]][1] : reference[1]
      out[i] = (right - points[i][0]) * (top - points[i][1])
    }
    return out
  }
}
