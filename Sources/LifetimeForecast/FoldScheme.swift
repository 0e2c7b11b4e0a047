internal import CellModel
internal import NumericalMethods

/// Which cells are kept together when a training cell is predicted out of fold: the kind of question the errors answer.
enum FoldScheme: String, Sendable, Hashable, Codable, CaseIterable {
  /// A new cell of a known group.
  case cell
  /// A cell of a new group of replicates: a new condition or study.
  case group
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
  /// Fold of each cell.
  var folds: [Int]

  /// Smallest number of cells in a batch or dataset that can be held out.
  static let smallestUnit = 5

  /// The plans that the training cells allow, among those wanted.
  ///
  /// - Parameters:
  ///   - groups: group of each cell.
  static func make(
    _ wanted: [FoldScheme], cells: [PreparedCell], groups: [Int], foldCount: Int, seed: UInt64, age: Double
  ) -> [FoldPlan] {
    wanted.compactMap { scheme in
      let units: [Int]
      switch scheme {
      case .cell: units = Array(cells.indices)
      case .group: units = groups
      case .batch: units = numbers(cells.map(\.batch))
      case .dataset: units = numbers(cells.map(\.dataset))
      }
      if scheme.isFar {
        let sizes = Dictionary(grouping: units) { $0 }.mapValues(\.count)
        if sizes.values.filter({ $0 >= smallestUnit }).count < 3 { return nil }
      }
      let count = (units.max() ?? -1) + 1
      guard count >= 2 else { return nil }
      var stream = RandomStream(seed: seed, purpose: "folds-\(scheme.rawValue)", key: UInt64(age))
      let order = stream.permutation(count)
      return FoldPlan(scheme: scheme, units: units, folds: units.map { order[$0] % min(foldCount, count) })
    }
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
