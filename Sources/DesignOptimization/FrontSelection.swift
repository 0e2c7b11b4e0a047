internal import NumericalMethods

/// Thins a front to the points that hold the most hypervolume.
enum HypervolumeSelection {
  /// Removes, one after another, the point whose loss costs least; of two objectives the extremes stay.
  static func keep(_ members: [Evaluated], count: Int) -> [Evaluated] {
    guard members.count > count, let dimensions = members.first?.objectives.count else { return members }
    if dimensions == 1 {
      return Array(members.sorted { ($0.objectives[0], $0.index) < ($1.objectives[0], $1.index) }.prefix(count))
    }
    let (low, span) = bounds(members.map(\.objectives))
    var points = members.map { m in m.objectives.indices.map { (m.objectives[$0] - low[$0]) / span[$0] } }
    var kept = members
    if dimensions == 2 { return keepInPlane(members, points, count) }
    let reference = [Double](repeating: 1.1, count: dimensions)
    while kept.count > count {
      let c = ParetoFront.contributions(points, reference: reference)
      let worst = c.indices.min { (c[$0], -kept[$0].index) < (c[$1], -kept[$1].index) } ?? 0
      points.remove(at: worst)
      kept.remove(at: worst)
    }
    return kept
  }

  /// In two objectives a point's loss depends on its two neighbours alone.
  private static func keepInPlane(_ members: [Evaluated], _ points: [[Double]], _ count: Int) -> [Evaluated] {
    var order = points.indices.sorted {
      (points[$0][0], points[$0][1], members[$0].index) < (points[$1][0], points[$1][1], members[$1].index)
    }
    while order.count > count {
      var worst = 0
      var least = Double.infinity
      for k in order.indices {
        let p = points[order[k]]
        let isExtreme = k == 0 || k == order.count - 1
        let loss =
          isExtreme && order.count > 2
          ? Double.greatestFiniteMagnitude
          : (k + 1 < order.count ? points[order[k + 1]][0] - p[0] : 0.1)
            * (k > 0 ? points[order[k - 1]][1] - p[1] : 0.1)
        if loss < least { (least, worst) = (loss, k) }
      }
      order.remove(at: worst)
    }
    return order.sorted().map { members[$0] }
  }

  /// Smallest value and range of each objective; a range of 0 counts as 1.
  static func bounds(_ points: [[Double]]) -> (low: [Double], span: [Double]) {
    let d = points.first?.count ?? 0
    let low = (0..<d).map { k in points.map { $0[k] }.min() ?? 0 }
    let high = (0..<d).map { k in points.map { $0[k] }.max() ?? 0 }
    return (low, zip(low, high).map { $1 > $0 ? $1 - $0 : 1 })
  }
}

/// Niching by reference directions on the unit simplex, for three or more objectives; of the members of a direction the
/// one of least distance along it and, more heavily, off it is kept.
///
/// - Source: Q. Zhang and H. Li, IEEE Trans. Evol. Comput. 11 (2007) 712, doi:10.1109/TEVC.2007.892759 (penalty-based
///   boundary intersection).
enum ReferenceDirections {
  /// Weight of the distance off a direction; tried on DTLZ2 and C2-DTLZ2.
  private static let penalty = 1.0

  /// Fills `count` places from the last front so that every direction is served.
  ///
  /// - Parameter isFront: whether no member is known to dominate or equal another.
  static func niche(
    _ members: [Evaluated], chosen: [Evaluated], count: Int, isFront: Bool = false, stream: RandomStream
  ) -> [Evaluated] {
    var stream = stream
    let all = chosen + members
    let d = members[0].objectives.count
    let directions = simplex(d, atMost: chosen.count + count)
    let (low, span) = HypervolumeSelection.bounds((isFront ? all : frontier(all)).map(\.objectives))
    let flat = directions.flatMap { $0 }
    let sizes = directions.map { $0.reduce(0) { $0 + $1 * $1 } }
    // The nearest direction, and how far a member is along it and off it.
    func nearest(_ m: Evaluated) -> (direction: Int, distance: Double) {
      let x = m.objectives.indices.map { max((m.objectives[$0] - low[$0]) / span[$0], 0) }
      var best = (0, Double.infinity)
      var along = 0.0
      for (r, size) in sizes.enumerated() {
        var dot = 0.0
        for k in 0..<d { dot += x[k] * flat[r * d + k] }
        let share = dot / size
        var distance = 0.0
        for k in 0..<d {
          let off = x[k] - share * flat[r * d + k]
          distance += off * off
        }
        if distance < best.1 {
          best = (r, distance)
          along = dot / size.squareRoot()
        }
      }
      return (best.0, along + penalty * best.1.squareRoot())
    }
    var load = [Int](repeating: 0, count: directions.count)
    for m in chosen { load[nearest(m).direction] += 1 }
    let places = members.map(nearest)
    var left = [[Int]](repeating: [], count: directions.count)
    for (i, place) in places.enumerated() { left[place.direction].append(i) }
    var out: [Evaluated] = []
    while out.count < count {
      var least = Int.max
      var candidates: [Int] = []
      for r in left.indices where !left[r].isEmpty && load[r] <= least {
        if load[r] < least {
          least = load[r]
          candidates.removeAll(keepingCapacity: true)
        }
        candidates.append(r)
      }
      let r = candidates[stream.index(below: candidates.count)]
      let own = left[r].indices
      let pick =
        least == 0
        ? own.min { places[left[r][$0]].distance < places[left[r][$1]].distance } ?? 0
        : stream.index(below: own.count)
      load[r] += 1
      out.append(members[left[r].remove(at: pick)])
    }
    return out
  }

  private static func frontier(_ all: [Evaluated]) -> [Evaluated] {
    let front = ParetoFront.nondominated(all.map(\.objectives)).map { all[$0] }
    return front.isEmpty ? all : front
  }

  /// The lattice of Das and Dennis on the simplex with at most `count` points (at least one a corner).
  ///
  /// - Source: I. Das and J. E. Dennis, SIAM J. Optim. 8 (1998) 631, doi:10.1137/S1052623496307510.
  static func simplex(_ d: Int, atMost count: Int) -> [[Double]] {
    var best: [[Double]] = []
    for parts in 1...60 {
      var out: [[Double]] = []
      func fill(_ prefix: [Int], _ left: Int) {
        if prefix.count == d - 1 {
          out.append((prefix + [left]).map { Double($0) / Double(parts) })
          return
        }
        for k in 0...left { fill(prefix + [k], left - k) }
      }
      fill([], parts)
      if out.count > count, !best.isEmpty { break }
      best = out
    }
    return best
  }
}
