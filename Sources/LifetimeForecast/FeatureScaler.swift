internal import NumericalMethods

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Standardises features on training cells and bounds them: 4·tanh(z/4), so that no linear member runs away.
struct FeatureScaler: Sendable, Hashable, Codable {
  var features: [Feature]
  var means: [Double]
  var spreads: [Double]
  /// Scale of the arcsinh of heavy-tailed `early_*` columns; 0 elsewhere.
  var asinhScales: [Double]
  /// Kinds of input measured beside the record, or stated, of which hardly any training cell has nothing: no member
  /// learnt what to make of a cell that has.
  var expected: [FeatureBlock]

  /// Training cells that lack a kind of input from which it is learnt how such cells fare (assumed).
  private static let fewestLacking = 3

  /// Keeps the features that enough training cells have and that vary.
  ///
  /// - Parameter presence: smallest share of cells that must have a feature.
  init(_ rows: [FeatureValues], presence: Double) {
    let all = Set(rows.flatMap(\.keys)).sorted { ($0.block.order, $0.name) < ($1.block.order, $1.name) }
    features = []
    means = []
    spreads = []
    asinhScales = []
    for feature in all {
      var values = rows.compactMap { $0[feature] }
      guard Double(values.count) > presence * Double(rows.count), standardDeviation(values) > 1e-9 else { continue }
      var scale = 0.0
      if feature.block == .early {
        scale = median(values.map(abs)) + 1e-12
        values = values.map { asinh($0 / scale * 2) }
      }
      features.append(feature)
      asinhScales.append(scale)
      means.append(mean(values))
      spreads.append(standardDeviation(values) + 1e-9)
    }
    expected = []
    expected = [FeatureBlock.condition, .curve, .charge, .early].filter { block in
      has(block) && rows.count { lacks(block, $0) } < Self.fewestLacking
    }
  }

  /// Bounded inputs, cells × features, and the largest |z| of each cell before bounding: its novelty.
  func transform(_ rows: [FeatureValues]) -> (x: Matrix, novelty: [Double]) {
    var x = Matrix(rows: rows.count, columns: features.count)
    var novelty = [Double](repeating: 0, count: rows.count)
    for (i, row) in rows.enumerated() {
      for (j, feature) in features.enumerated() {
        guard var value = row[feature] else { continue }
        if asinhScales[j] > 0 { value = asinh(value / asinhScales[j] * 2) }
        let z = (value - means[j]) / spreads[j]
        novelty[i] = max(novelty[i], abs(z))
        x[i, j] = 4 * tanh(z / 4)
      }
    }
    return (x, novelty)
  }

  /// Expected kinds of which a cell has nothing: the mean of training stands for them, which no measure of distance
  /// notices.
  func absent(_ row: FeatureValues) -> [FeatureBlock] { expected.filter { lacks($0, row) } }

  private func lacks(_ block: FeatureBlock, _ row: FeatureValues) -> Bool {
    features.allSatisfy { $0.block != block || row[$0] == nil }
  }

  /// Features of a cell further out than `limit` standard deviations, the furthest first, with the values at ± `limit`.
  func furthest(
    _ row: FeatureValues, beyond limit: Double
  ) -> [(feature: Feature, value: Double, novelty: Double, range: ClosedRange<Double>)] {
    features.indices.compactMap { j in
      guard let value = row[features[j]] else { return nil }
      let scale = asinhScales[j]
      let z = ((scale > 0 ? asinh(value / scale * 2) : value) - means[j]) / spreads[j]
      guard abs(z) > limit else { return nil }
      func back(_ x: Double) -> Double { scale > 0 ? sinh(x) * scale / 2 : x }
      return (
        features[j], value, abs(z), back(means[j] - limit * spreads[j])...back(means[j] + limit * spreads[j])
      )
    }.sorted { ($1.novelty, $0.feature.name) < ($0.novelty, $1.feature.name) }
  }

  /// Columns of the blocks asked for, and where each block lies among them.
  func columns(where keep: (FeatureBlock) -> Bool) -> (columns: [Int], blocks: [[Int]], names: [FeatureBlock]) {
    let columns = features.indices.filter { keep(features[$0].block) }
    var blocks: [[Int]] = []
    var names: [FeatureBlock] = []
    for block in FeatureBlock.allCases {
      let inside = columns.indices.filter { features[columns[$0]].block == block }
      if !inside.isEmpty {
        blocks.append(inside)
        names.append(block)
      }
    }
    return (columns, blocks, names)
  }

  /// Whether any feature of a block is in use.
  func has(_ block: FeatureBlock) -> Bool { features.contains { $0.block == block } }
}

extension FeatureBlock {
  /// Declaration order, the order of columns.
  var order: Int { FeatureBlock.allCases.firstIndex(of: self) ?? 0 }
}
