internal import CellModel
internal import NumericalMethods

/// Which cells are kept together when a training cell is predicted out of fold: the kind of question the errors answer.
enum FoldScheme: String, Sendable, Hashable, Codable, CaseIterable {
  /// A new cell of a known group.
  case cell
  /// A cell of a new group of replicates: a new condition or study.
  case group
  /// A cell from elsewhere, asked of a model that saw too few batches to learn what a new one does: the errors are
  /// those of new groups, and no evidence sets one member above another.
  case elsewhere
  /// A cell of a new batch.
  case batch
  /// A cell of a dataset never seen.
  case dataset

  /// Whether it is of whole batches or datasets, few of which have been seen.
  var isFar: Bool { self == .batch || self == .dataset }
}

/// How the training cells fall into the units of one scheme, and the units into folds.
struct FoldPlan: Sendable {
  var scheme: FoldScheme
  /// Unit of each cell.
  var units: [Int]
  /// Fold of each cell, in one or more assignments of the units to folds.
  var assignments: [[Int]]

  init(scheme: FoldScheme, units: [Int], folds: [Int]...) {
    self.scheme = scheme
    self.units = units
    assignments = folds
  }

  /// Training cells below which one assignment of them to folds decides too much: the weights of the stack, learnt from
  /// a few dozen cells, hang on which of them share a fold.
  static let steadyCells = 500
  /// Most assignments.
  static let mostAssignments = 5

  /// Smallest number of cells in a batch or dataset that can be held out.
  static let smallestUnit = 5

  /// The plans that the training cells allow, among those wanted.
  ///
  /// - Parameters:
  ///   - groups: group of each cell.
  static func make(
    _ wanted: [FoldScheme], cells: [PreparedCell], groups: [Int], foldCount: Int, seed: UInt64, cutOff: CutOff
  ) -> [FoldPlan] {
    wanted.compactMap { scheme in
      let units: [Int]
      switch scheme {
      case .cell: units = Array(cells.indices)
      case .group: units = groups
      case .elsewhere: return nil
      case .batch: units = numbers(cells.map(\.batch))
      case .dataset: units = numbers(cells.map(\.dataset))
      }
      if scheme.isFar {
        let sizes = Dictionary(grouping: units) { $0 }.mapValues(\.count)
        if sizes.values.filter({ $0 >= smallestUnit }).count < 3 { return nil }
      }
      let count = (units.max() ?? -1) + 1
      guard count >= 2 else { return nil }
      // Held out one by one, units fall into the same folds every time.
      let repeats = scheme.isFar || foldCount >= count ? 1 : (steadyCells + cells.count - 1) / cells.count
      var stream = RandomStream(seed: seed, purpose: "folds-\(scheme.rawValue)", key: cutOff.streamKey)
      var plan = FoldPlan(scheme: scheme, units: units)
      for _ in 0..<min(repeats, mostAssignments) {
        let order = stream.permutation(count)
        plan.assignments.append(units.map { order[$0] % min(foldCount, count) })
      }
      return plan
    }
  }

  /// The same folds for another question.
  func asked(as other: FoldScheme) -> FoldPlan {
    var out = self
    out.scheme = other
    return out
  }

  /// Weights of the cells, mean 1, by which every unit counts alike.
  var unitWeights: [Double] {
    var sizes = [Double](repeating: 0, count: (units.max() ?? 0) + 1)
    for u in units { sizes[u] += 1 }
    let each = Double(units.count) / Double(sizes.count)
    return units.map { each / sizes[$0] }
  }

  /// Numbers for names, in alphabetical order.
  private static func numbers(_ names: [String]) -> [Int] {
    let all = Set(names).sorted()
    return names.map { all.firstIndex(of: $0) ?? 0 }
  }
}

extension PreparedCell {
  /// Dataset and batch; cells that state none are one batch.
  var batch: String { dataset + "/" + (attributes.text("batch_id") ?? "") }
}
