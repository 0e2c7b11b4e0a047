public import NumericalMethods

/// Rows of named numeric features; NaN means "missing", and infinities are ordered as numbers.
public struct FeatureTable: Sendable, Hashable {
  /// Name of each column, in column order.
  public var names: [String] {
    willSet { precondition(newValue.count == names.count, "\(newValue.count) names for \(names.count) columns") }
  }
  /// Number of rows.
  public let rowCount: Int
  /// The values, column after column.
  let storage: [Double]

  /// Number of columns.
  public var columnCount: Int { names.count }

  /// A table from its columns, all of the same length.
  public init(names: [String], columns: [[Double]]) {
    precondition(names.count == columns.count, "\(names.count) names for \(columns.count) columns")
    rowCount = columns.first?.count ?? 0
    var storage: [Double] = []
    storage.reserveCapacity(rowCount * columns.count)
    for column in columns {
      precondition(column.count == rowCount, "columns of \(rowCount) and \(column.count) rows")
      storage += column
    }
    self.names = names
    self.storage = storage
  }

  /// A table from a matrix with one column a feature.
  public init(names: [String], _ matrix: Matrix) {
    precondition(names.count == matrix.columns, "\(names.count) names for \(matrix.columns) columns")
    self.names = names
    rowCount = matrix.rows
    storage = matrix.transposed.storage
  }

  private init(names: [String], rowCount: Int, storage: [Double]) {
    self.names = names
    self.rowCount = rowCount
    self.storage = storage
  }

  /// The value of row `row` in column `column`, both from 0; NaN where missing.
  public subscript(row: Int, column: Int) -> Double {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return storage[column * rowCount + row]
  }

  /// The values of one column.
  public func column(_ index: Int) -> [Double] { Array(columnSlice(index)) }

  /// The table of the named rows, in the given order; a row may be named more than once.
  public func selecting(rows: [Int]) -> FeatureTable {
    var out: [Double] = []
    out.reserveCapacity(rows.count * columnCount)
    for column in 0..<columnCount { for row in rows { out.append(self[row, column]) } }
    return FeatureTable(names: names, rowCount: rows.count, storage: out)
  }

  func columnSlice(_ index: Int) -> ArraySlice<Double> { storage[(index * rowCount)..<((index + 1) * rowCount)] }
}
