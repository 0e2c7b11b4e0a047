internal import NumericalMethods
internal import ResidualLearning

/// All members fitted to the levels of all training cells, with out-of-fold predictions of each.
struct LevelEnsemble: Sendable {
  /// Mean of z per level: the population law.
  var meanLevels: [Double]
  /// Components, each a unit vector over the levels.
  var components: Matrix
  /// Fitted members of each component.
  var members: [[LevelMember]]
  /// Scores of the training cells on the components, cells × components.
  var scores: Matrix
  /// Out-of-fold predictions by scheme, component, member, then cell by cell for each assignment to folds.
  var outOfFold: [FoldScheme: [[[Double]]]]
  /// Out-of-fold predictive spread of the leading component, by scheme, mean of the assignments.
  var outOfFoldSpread: [FoldScheme: [Double]]

  /// Cells above which processes are not searched again in each fold.
  static let closedFormRows = 250

  /// Fits the members to complete level vectors.
  ///
  /// - Parameters:
  ///   - z: cells × levels.
  ///   - plans: the folds of each scheme.
  static func fit(
    _ z: Matrix, x: Matrix, groups: [Int], scaler: FeatureScaler, plans: [FoldPlan], kinds: [MemberKind],
    previous: LevelEnsemble?, componentCount: Int, seed: UInt64, threads: Int
  ) async throws -> LevelEnsemble {
    let n = z.rows
    let meanLevels = (0..<z.columns).map { mean(z.column($0)) }
    var centred = z
    for i in 0..<n { for k in 0..<z.columns { centred[i, k] -= meanLevels[k] } }
    let eigen = try symmetricEigen(Matrix.product(centred, transposed: true, centred, transposed: false))
    let count = max(1, min(componentCount, z.columns, n - 2))
    var directions: [[Double]] = []
    for c in 0..<count {
      var v = eigen.vectors.row(z.columns - 1 - c)
      if v.reduce(0, +) < 0 { v = v.map { -$0 } }
      directions.append(v)
    }
    let components = Matrix(directions)
    let scores = Matrix.product(centred, transposed: false, components, transposed: true)

    let tasks = (0..<count).flatMap { c in kinds.filter { $0.fits(component: c) }.map { (c, $0) } }
    // The long ones first, so that none is left running alone.
    let order = tasks.indices.filter { tasks[$0].1.isSlow } + tasks.indices.filter { !tasks[$0].1.isSlow }
    let done = try await parallelMap(count: tasks.count, width: threads) { t in
      let (c, kind) = tasks[order[t]]
      let y = scores.column(c)
      let warm = previous?.members[safe: c]?.first { $0.kind == kind }
      let key = seed &+ UInt64(1000 * c)
      let full = try LevelMember(kind, x, y, groups: groups, scaler: scaler, warm: warm, seed: key)
      var oof: [FoldScheme: [Double]] = [:]
      var spread: [FoldScheme: [Double]] = [:]
      for plan in plans where kind.answers(plan.scheme) {
        var sums = [Double](repeating: 0, count: n)
        for folds in plan.assignments {
          let p = try heldOut(
            full, kind, x, y, folds: folds, scheme: plan.scheme, groups: groups, scaler: scaler,
            withSpread: c == 0 && kind == spreadSource(kinds), seed: key)
          oof[plan.scheme, default: []] += p.mean
          for i in 0..<n { sums[i] += p.spread[i] }
        }
        spread[plan.scheme] = sums.map { $0 / Double(plan.assignments.count) }
      }
      return (full, oof, spread)
    }
    var fitted = done
    for (k, t) in order.enumerated() { fitted[t] = done[k] }
    var members = [[LevelMember]](repeating: [], count: count)
    var outOfFold: [FoldScheme: [[[Double]]]] = [:]
    var outOfFoldSpread: [FoldScheme: [Double]] = [:]
    let schemes = plans.map(\.scheme)
    for scheme in schemes { outOfFold[scheme] = [[[Double]]](repeating: [], count: count) }
    for (t, (c, kind)) in tasks.enumerated() {
      members[c].append(fitted[t].0)
      for scheme in schemes {
        outOfFold[scheme]?[c].append(fitted[t].1[scheme] ?? [])
        if c == 0, kind == spreadSource(kinds) { outOfFoldSpread[scheme] = fitted[t].2[scheme] }
      }
    }
    return LevelEnsemble(
      meanLevels: meanLevels, components: components, members: members, scores: scores, outOfFold: outOfFold,
      outOfFoldSpread: outOfFoldSpread)
  }

  /// What a member expects of each cell when fitted without the cells of its fold.
  private static func heldOut(
    _ full: LevelMember, _ kind: MemberKind, _ x: Matrix, _ y: [Double], folds: [Int], scheme: FoldScheme,
    groups: [Int], scaler: FeatureScaler, withSpread: Bool, seed: UInt64
  ) throws -> (mean: [Double], spread: [Double]) {
    let n = y.count
    // Where a fold is a small part of many cells, the strengths found without it are those found with it.
    if n > closedFormRows, scheme == .cell || scheme == .group, let p = try full.leaveFoldsOut(folds) {
      return (p.mean, p.spread ?? [Double](repeating: 1, count: n))
    }
    var prediction = [Double](repeating: 0, count: n)
    var sd = [Double](repeating: 1, count: n)
    for f in Set(folds).sorted() {
      let train = (0..<n).filter { folds[$0] != f }
      let test = (0..<n).filter { folds[$0] == f }
      let member = try LevelMember(
        kind, x.selecting(rows: train), train.map { y[$0] }, groups: train.map { groups[$0] }, scaler: scaler,
        warm: full, seed: seed)
      let known = Set(train.map { groups[$0] })
      let p = try member.predict(
        x.selecting(rows: test), groups: test.map { known.contains(groups[$0]) ? groups[$0] : -1 }, scaler: scaler,
        withSpread: withSpread)
      for (k, i) in test.enumerated() {
        prediction[i] = p.mean[k]
        if let s = p.spread { sd[i] = s[k] }
      }
    }
    return (prediction, sd)
  }

  /// The member whose predictive spread says how much harder one cell is than another.
  static func spreadSource(_ kinds: [MemberKind]) -> MemberKind {
    kinds.contains(.groupProcess) ? .groupProcess : (kinds.first ?? .law)
  }

  /// Convex weights of the allowed members, per component, and their out-of-fold level vectors.
  ///
  /// - Parameters:
  ///   - evenly: members count alike, instead of by what they erred.
  ///   - shifts: what to add to the predictions, by component, member and cell.
  func stacked(
    _ plan: FoldPlan, evenly: Bool = false, shifts: [[[Double]]]? = nil, allowed: (MemberKind) -> Bool
  ) -> (weights: [[Double]], levels: Matrix) {
    let n = scores.rows
    // Batches and datasets differ in size by chance; conditions are what they are.
    let isUneven = plan.scheme.isFar
    // Units are the sample: a few of them allow less of a departure from equal weights than their many cells would.
    let repeats = plan.assignments.count
    let lambda = Double(repeats) * (isUneven ? 0.5 * Double(n) / Double(Set(plan.units).count) : 0.5)
    let roots = isUneven ? plan.unitWeights.map { $0.squareRoot() } : [Double](repeating: 1, count: n)
    var weights: [[Double]] = []
    var levels = Matrix(rows: n, columns: meanLevels.count)
    for i in 0..<n { for k in meanLevels.indices { levels[i, k] = meanLevels[k] } }
    for c in members.indices {
      let use = members[c].indices.filter {
        allowed(members[c][$0].kind) && members[c][$0].kind.answers(plan.scheme)
      }
      let predictions = use.map { m in
        let found = outOfFold[plan.scheme]?[c][m] ?? []
        return shifts.map { all in found.indices.map { found[$0] + all[c][m][$0 % n] } } ?? found
      }
      func weighted(_ values: [Double]) -> [Double] { values.indices.map { values[$0] * roots[$0 % n] } }
      let targets = Array((0..<repeats).map { _ in scores.column(c) }.joined())
      let w =
        use.isEmpty || evenly
        ? use.map { _ in 1 / Double(use.count) }
        : convexWeights(predictions: predictions.map(weighted), target: weighted(targets), lambda: lambda)
      var all = [Double](repeating: 0, count: members[c].count)
      for (k, m) in use.enumerated() { all[m] = w[k] }
      weights.append(all)
      for i in 0..<n {
        let value = use.indices.reduce(0.0) { sum, m in
          sum + w[m] * (0..<repeats).reduce(0.0) { $0 + predictions[m][$1 * n + i] } / Double(repeats)
        }
        for k in meanLevels.indices { levels[i, k] += value * components[c, k] }
      }
    }
    return (weights, levels)
  }
}

extension Array {
  subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
