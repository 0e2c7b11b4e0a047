/// Trees laid out for prediction: 16 bytes a node, and a table of values for each tree with one split a level.
///
/// A leaf points at itself and sends every value left, so all rows take as many steps as the tree is deep, without a
/// branch; eight walks are interleaved so that their loads overlap. Values are added tree after tree in every path.
struct ForestKernel: Sendable, Hashable {
  private struct Node: Sendable, Hashable, BitwiseCopyable {
    var threshold: Double
    /// Place among `features`; the highest bit is set where missing values go left.
    var feature: UInt32
    var left: UInt32
  }

  private struct Level: Sendable, Hashable, BitwiseCopyable {
    var threshold: Double
    var feature: Int
    var missingLeft: Bool
  }

  /// One tree: nodes from `first`, or levels from `first` and their values in `table`.
  private struct Shape: Sendable, Hashable, BitwiseCopyable {
    var isSymmetric: Bool
    var first: Int
    var depth: Int
    var table: Int
  }

  /// Columns that any tree splits, ascending; never empty.
  private let features: [Int]
  private let nodes: [Node]
  private let values: [Double]
  private let levels: [Level]
  private let tables: [Double]
  private let shapes: [Shape]
  private let baseScore: Double

  private static let blockRows = 64
  /// Deepest tree that becomes a table.
  private static let deepestTable = 10

  /// Lays out trees without categorical splits, checked by `BoostedTrees`.
  init(
    baseScore: Double, roots: [UInt32], feature: [UInt16], threshold: [Double], left: [UInt32], flags: [UInt8],
    leaf: [Double]
  ) {
    var isUsed = Set<Int>([0])
    for i in left.indices where left[i] != 0 { isUsed.insert(Int(feature[i])) }
    let features = isUsed.sorted()
    var place = [Int](repeating: 0, count: (features.last ?? 0) + 1)
    for (k, f) in features.enumerated() { place[f] = k }
    var nodes: [Node] = []
    var levels: [Level] = []
    var tables: [Double] = []
    var shapes: [Shape] = []
    for tree in roots.indices {
      let begin = Int(roots[tree])
      let end = tree + 1 < roots.count ? Int(roots[tree + 1]) : left.count
      var depths = [Int](repeating: 0, count: end - begin)
      for i in begin..<end where left[i] != 0 {
        for child in [Int(left[i]), Int(left[i]) + 1] { depths[child - begin] = depths[i - begin] + 1 }
      }
      let depth = depths.max() ?? 0
      // The node that stands for each level, and whether all others of the level split alike.
      var model = [Int](repeating: -1, count: depth)
      var isSymmetric = depth <= Self.deepestTable
      for i in begin..<end where left[i] != 0 && isSymmetric {
        let k = depths[i - begin]
        if model[k] < 0 { model[k] = i }
        let m = model[k]
        isSymmetric = feature[i] == feature[m] && threshold[i] == threshold[m] && flags[i] == flags[m]
      }
      // A table much larger than the tree would waste memory.
      if isSymmetric && 1 << depth <= 4 * (end - begin) {
        shapes.append(Shape(isSymmetric: true, first: levels.count, depth: depth, table: tables.count))
        for i in model {
          levels.append(
            Level(threshold: threshold[i], feature: place[Int(feature[i])], missingLeft: flags[i] & 1 == 1))
        }
        for index in 0..<(1 << depth) {
          var i = begin
          var k = depth - 1
          while left[i] != 0 {
            i = Int(left[i]) + (index >> k & 1)
            k -= 1
          }
          tables.append(leaf[i])
        }
      } else {
        shapes.append(Shape(isSymmetric: false, first: nodes.count, depth: depth, table: 0))
      }
      if shapes[tree].isSymmetric { continue }
      for i in begin..<end {
        let isLeaf = left[i] == 0
        let missingLeft: UInt32 = isLeaf || flags[i] & 1 == 1 ? 1 << 31 : 0
        nodes.append(
          Node(
            threshold: isLeaf ? .infinity : threshold[i],
            feature: UInt32(isLeaf ? 0 : place[Int(feature[i])]) | missingLeft,
            left: UInt32(isLeaf ? i - begin : Int(left[i]) - begin)))
      }
    }
    self.features = features
    self.nodes = nodes
    self.levels = levels
    self.tables = tables
    self.shapes = shapes
    self.baseScore = baseScore
    var values: [Double] = []
    for (tree, shape) in shapes.enumerated() where !shape.isSymmetric {
      let end = tree + 1 < roots.count ? Int(roots[tree + 1]) : left.count
      values += leaf[Int(roots[tree])..<end]
    }
    self.values = values
  }

  /// One step of a walk.
  @inline(__always)
  private static func step(_ nodes: UnsafePointer<Node>, _ i: UInt32, _ row: UnsafePointer<Double>) -> UInt32 {
    let node = nodes[Int(truncatingIfNeeded: i)]
    let value = row[Int(truncatingIfNeeded: node.feature & 0x7fff_ffff)]
    let above: UInt32 = value > node.threshold ? 1 : 0
    let missing: UInt32 = value != value ? 1 : 0
    return node.left &+ (above | (missing & ((node.feature &>> 31) ^ 1)))
  }

  // MARK: One row

  /// The score of one row with all columns of the table.
  func score(_ row: UnsafeBufferPointer<Double>) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: features.count) { x in
      guard let x = x.baseAddress else { return baseScore }
      for (k, feature) in features.enumerated() { x[k] = feature < row.count ? row[feature] : 0 }
      return nodes.withUnsafeBufferPointer { nodes in
        values.withUnsafeBufferPointer { values in
          levels.withUnsafeBufferPointer { levels in
            shapes.withUnsafeBufferPointer { shapes in
              var sum = baseScore
              var tree = 0
              while tree < shapes.count {
                let shape = shapes[tree]
                if shape.isSymmetric {
                  sum += tables[shape.table &+ Self.index(levels, shape, x)]
                  tree &+= 1
                } else if let nodes = nodes.baseAddress, let values = values.baseAddress {
                  var end = tree &+ 1
                  while end < min(tree &+ 8, shapes.count) && !shapes[end].isSymmetric { end &+= 1 }
                  Self.walk(nodes, values, UnsafeBufferPointer(rebasing: shapes[tree..<end]), x, &sum)
                  tree = end
                } else {
                  tree &+= 1
                }
              }
              return sum
            }
          }
        }
      }
    }
  }

  /// The place in the table of a symmetric tree.
  @inline(__always)
  private static func index(
    _ levels: UnsafeBufferPointer<Level>, _ shape: Shape, _ x: UnsafePointer<Double>
  ) -> Int {
    var index = 0
    for k in shape.first..<(shape.first &+ shape.depth) {
      let value = x[levels[k].feature]
      let right = value > levels[k].threshold || (value != value && !levels[k].missingLeft)
      index = index &<< 1 | (right ? 1 : 0)
    }
    return index
  }

  /// Adds the values of up to eight trees, walked together.
  @inline(__always)
  private static func walk(
    _ nodes: UnsafePointer<Node>, _ values: UnsafePointer<Double>, _ shapes: UnsafeBufferPointer<Shape>,
    _ x: UnsafePointer<Double>, _ sum: inout Double
  ) {
    var place = SIMD8<UInt32>(repeating: 0)
    var depth = 0
    for shape in shapes { depth = max(depth, shape.depth) }
    if shapes.count == 8 {
      let (n0, n1, n2, n3) = (
        nodes + shapes[0].first, nodes + shapes[1].first, nodes + shapes[2].first, nodes + shapes[3].first
      )
      let (n4, n5, n6, n7) = (
        nodes + shapes[4].first, nodes + shapes[5].first, nodes + shapes[6].first, nodes + shapes[7].first
      )
      var (a0, a1, a2, a3): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      var (a4, a5, a6, a7): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      for _ in 0..<depth {
        a0 = step(n0, a0, x)
        a1 = step(n1, a1, x)
        a2 = step(n2, a2, x)
        a3 = step(n3, a3, x)
        a4 = step(n4, a4, x)
        a5 = step(n5, a5, x)
        a6 = step(n6, a6, x)
        a7 = step(n7, a7, x)
      }
      place = SIMD8(a0, a1, a2, a3, a4, a5, a6, a7)
    } else {
      for (k, shape) in shapes.enumerated() {
        for _ in 0..<shape.depth { place[k] = step(nodes + shape.first, place[k], x) }
      }
    }
    for (k, shape) in shapes.enumerated() { sum += values[shape.first &+ Int(truncatingIfNeeded: place[k])] }
  }

  // MARK: Many rows

  /// The scores of all rows of a column-major table.
  func scores(_ storage: UnsafeBufferPointer<Double>, rowCount: Int) -> [Double] {
    [Double](unsafeUninitializedCapacity: rowCount) { out, count in
      count = rowCount
      guard let out = out.baseAddress else { return }
      let width = features.count
      let zero = ScratchMemory<Double>(repeating: 0, count: Self.blockRows)
      let block = ScratchMemory<Double>(Self.blockRows * width)
      defer { withExtendedLifetime((zero, block)) {} }
      let hasWalks = shapes.contains { !$0.isSymmetric }
      var begin = 0
      while begin < rowCount {
        let rows = min(Self.blockRows, rowCount - begin)
        // A table without columns can only have trees without splits.
        if hasWalks {
          for (k, feature) in features.enumerated() {
            var from = UnsafePointer(zero.base)
            if !storage.isEmpty, let base = storage.baseAddress { from = base + (feature * rowCount + begin) }
            for i in 0..<rows { block.base[i &* width &+ k] = from[i] }
          }
        }
        for i in 0..<rows { out[begin + i] = baseScore }
        for shape in shapes {
          if shape.isSymmetric {
            addTable(shape, storage, rowCount, begin..<(begin + rows), out)
          } else {
            addWalks(shape, block.base, width, rows, out + begin)
          }
        }
        begin += rows
      }
    }
  }

  private func addTable(
    _ shape: Shape, _ storage: UnsafeBufferPointer<Double>, _ rowCount: Int, _ rows: Range<Int>,
    _ out: UnsafeMutablePointer<Double>
  ) {
    levels.withUnsafeBufferPointer { levels in
      tables.withUnsafeBufferPointer { tables in
        let table = tables.baseAddress.map { $0 + shape.table }
        guard let table else { return }
        var i = rows.lowerBound
        while i &+ 8 <= rows.upperBound {
          var index = SIMD8<Int64>(repeating: 0)
          for k in shape.first..<(shape.first &+ shape.depth) {
            guard let base = storage.baseAddress else { return }
            let level = levels[k]
            let value = UnsafeRawPointer(base + (features[level.feature] &* rowCount &+ i))
              .loadUnaligned(as: SIMD8<Double>.self)
            // NaN is neither above nor at or below.
            let right = level.missingLeft ? value .> level.threshold : .!(value .<= level.threshold)
            index = (index &<< 1).replacing(with: index &<< 1 | 1, where: right)
          }
          for j in 0..<8 { out[i &+ j] += table[Int(index[j])] }
          i &+= 8
        }
        while i < rows.upperBound {
          var index = 0
          for k in shape.first..<(shape.first &+ shape.depth) {
            let level = levels[k]
            let value = storage[features[level.feature] * rowCount + i]
            let right = value > level.threshold || (value.isNaN && !level.missingLeft)
            index = index << 1 | (right ? 1 : 0)
          }
          out[i] += table[index]
          i &+= 1
        }
      }
    }
  }

  private func addWalks(
    _ shape: Shape, _ block: UnsafePointer<Double>, _ width: Int, _ rows: Int, _ out: UnsafeMutablePointer<Double>
  ) {
    nodes.withUnsafeBufferPointer { nodes in
      values.withUnsafeBufferPointer { values in
        guard let base = nodes.baseAddress, let all = values.baseAddress else { return }
        let nodes = base + shape.first
        let values = all + shape.first
        var i = 0
        while i &+ 8 <= rows {
          let x0 = block + i &* width
          let (x1, x2, x3, x4) = (x0 + width, x0 + 2 &* width, x0 + 3 &* width, x0 + 4 &* width)
          let (x5, x6, x7) = (x0 + 5 &* width, x0 + 6 &* width, x0 + 7 &* width)
          var (a0, a1, a2, a3): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
          var (a4, a5, a6, a7): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
          for _ in 0..<shape.depth {
            a0 = Self.step(nodes, a0, x0)
            a1 = Self.step(nodes, a1, x1)
            a2 = Self.step(nodes, a2, x2)
            a3 = Self.step(nodes, a3, x3)
            a4 = Self.step(nodes, a4, x4)
            a5 = Self.step(nodes, a5, x5)
            a6 = Self.step(nodes, a6, x6)
            a7 = Self.step(nodes, a7, x7)
          }
          out[i] += values[Int(a0)]
          out[i &+ 1] += values[Int(a1)]
          out[i &+ 2] += values[Int(a2)]
          out[i &+ 3] += values[Int(a3)]
          out[i &+ 4] += values[Int(a4)]
          out[i &+ 5] += values[Int(a5)]
          out[i &+ 6] += values[Int(a6)]
          out[i &+ 7] += values[Int(a7)]
          i &+= 8
        }
        while i < rows {
          var place: UInt32 = 0
          for _ in 0..<shape.depth { place = Self.step(nodes, place, block + i &* width) }
          out[i] += values[Int(place)]
          i &+= 1
        }
      }
    }
  }
}
