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
    if isPlane(points) { return ranksInPlane(points) }
    let rows = Rows(points)
    var dominated = [[Int]](repeating: [], count: n)
    var above = [Int](repeating: 0, count: n)
    for i in 0..<n {
      for j in (i + 1)..<max(n, i + 1) {
        switch rows.compare(i, j) {
        case .first:
          dominated[i].append(j)
          above[j] += 1
        case .second:
          dominated[j].append(i)
          above[i] += 1
        case .neither, .equal: break
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

  private static func isPlane(_ points: [[Double]]) -> Bool {
    points.allSatisfy { $0.count == 2 && !$0[0].isNaN && !$0[1].isNaN }
  }

  /// Ranks in the plane: from left to right, a point belongs to the first front whose last point, its lowest so far, does
  /// not dominate it.
  ///
  /// - Source: M. T. Jensen, IEEE Trans. Evol. Comput. 7 (2003) 503, doi:10.1109/TEVC.2003.817234.
  private static func ranksInPlane(_ points: [[Double]]) -> [Int] {
    let sorted = points.indices.map { (x: points[$0][0], y: points[$0][1], index: $0) }
      .sorted { $0.x < $1.x || ($0.x == $1.x && $0.y < $1.y) }
    var out = [Int](repeating: 0, count: points.count)
    var last: [(x: Double, y: Double)] = []
    for p in sorted {
      var (low, high) = (0, last.count)
      while low < high {
        let middle = (low + high) / 2
        let q = last[middle]
        if q.y <= p.y && (q.x < p.x || q.y < p.y) { low = middle + 1 } else { high = middle }
      }
      out[p.index] = low
      if low == last.count { last.append((p.x, p.y)) } else { last[low] = (p.x, p.y) }
    }
    return out
  }

  /// The points that nothing dominates; of equal points the first.
  public static func nondominated(_ points: [[Double]]) -> [Int] {
    let rows = Rows(points)
    return points.indices.filter { i in
      !points.indices.contains { j in
        guard j != i else { return false }
        let found = rows.compare(j, i)
        return found == .first || (found == .equal && j < i)
      }
    }
  }

  /// Points one after another in one array.
  struct Rows {
    private let numbers: [Double]
    private let width: Int

    init(_ points: [[Double]]) {
      width = points.first?.count ?? 0
      numbers = points.flatMap { $0 }
    }

    /// Which of two points dominates the other.
    enum Comparison { case first, second, neither, equal }

    func compare(_ i: Int, _ j: Int) -> Comparison {
      var (isLess, isMore, isEqual) = (false, false, true)
      for k in 0..<width {
        let (x, y) = (numbers[i * width + k], numbers[j * width + k])
        if x < y { isLess = true }
        if x > y { isMore = true }
        if x != y { isEqual = false }
      }
      if isEqual { return .equal }
      return isLess == isMore ? .neither : isLess ? .first : .second
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
    var stairs = Stairs()
    for (k, p) in order.enumerated() {
      if d == 3 {
        stairs.insert(p[0], p[1])
      } else {
        front.append(Array(p.dropLast()))
        let kept = nondominated(front)
        if kept.count < front.count { front = kept.map { front[$0] } }
      }
      let end = k + 1 < order.count ? order[k + 1][d - 1] : reference[d - 1]
      guard end > p[d - 1] else { continue }
      total += (end - p[d - 1]) * (d == 3 ? stairs.area(lower[0], lower[1]) : volume(front, lower))
    }
    return total
  }

  /// A front in the plane that grows point by point, from left to right and so from high to low.
  private struct Stairs {
    private var points: [(x: Double, y: Double)] = []

    mutating func insert(_ x: Double, _ y: Double) {
      var (low, high) = (0, points.count)
      while low < high {
        let middle = (low + high) / 2
        if points[middle].x < x { low = middle + 1 } else { high = middle }
      }
      if low > 0, points[low - 1].y <= y { return }
      if low < points.count, points[low].x == x, points[low].y <= y { return }
      var end = low
      while end < points.count, points[end].y >= y { end += 1 }
      points.replaceSubrange(low..<end, with: [(x, y)])
    }

    func area(_ right: Double, _ above: Double) -> Double {
      var (total, top) = (0.0, above)
      for p in points where p.y < top {
        total += (right - p.x) * (top - p.y)
        top = p.y
      }
      return total
    }
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
