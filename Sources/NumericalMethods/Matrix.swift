/// A dense real matrix, row-major.
public struct Matrix: Sendable, Hashable, Codable {
  /// Number of rows.
  public private(set) var rows: Int
  /// Number of columns.
  public private(set) var columns: Int
  /// The elements, row after row; `rows * columns` values.
  public var storage: [Double]

  /// A matrix with every element set to `value`.
  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) × \(columns) does not exist")
    self.rows = rows
    self.columns = columns
    storage = [Double](repeating: value, count: rows * columns)
  }

  /// A matrix from its rows, all of the same length.
  public init(_ rowValues: [[Double]]) {
    rows = rowValues.count
    columns = rowValues.first?.count ?? 0
    storage = []
    storage.reserveCapacity(rows * columns)
    for row in rowValues {
      precondition(row.count == columns, "rows of \(columns) and \(row.count) values")
      storage += row
    }
  }

  /// A matrix over row-major elements.
  public init(rows: Int, columns: Int, storage: [Double]) {
    precondition(storage.count == rows * columns, "\(storage.count) values for \(rows) × \(columns)")
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  /// Decodes a matrix; sizes that disagree with the number of elements are an error.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    rows = try container.decode(Int.self, forKey: .rows)
    columns = try container.decode(Int.self, forKey: .columns)
    storage = try container.decode([Double].self, forKey: .storage)
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard rows >= 0, columns >= 0, !overflow, count == storage.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .storage, in: container, debugDescription: "\(storage.count) values for \(rows) × \(columns)")
    }
  }

  private enum CodingKeys: String, CodingKey { case rows, columns, storage }

  /// The element in row `i`, column `j`, both from 0.
  @inlinable public subscript(i: Int, j: Int) -> Double {
    get { storage[i * columns + j] }
    set { storage[i * columns + j] = newValue }
  }

  /// The values of row `i`.
  public func row(_ i: Int) -> [Double] { Array(storage[(i * columns)..<((i + 1) * columns)]) }

  /// The values of column `j`.
  public func column(_ j: Int) -> [Double] { (0..<rows).map { storage[$0 * columns + j] } }

  /// The matrix of the named rows, in the given order.
  public func selecting(rows indices: [Int]) -> Matrix {
    var out = Matrix(rows: indices.count, columns: columns)
    for (k, i) in indices.enumerated() {
      for j in 0..<columns { out[k, j] = self[i, j] }
    }
    return out
  }

  /// The matrix of the named columns, in the given order.
  public func selecting(columns indices: [Int]) -> Matrix {
    var out = Matrix(rows: rows, columns: indices.count)
    for i in 0..<rows {
      for (k, j) in indices.enumerated() { out[i, k] = self[i, j] }
    }
    return out
  }

  /// The matrix with the columns of `other`, of as many rows, to the right.
  public func beside(_ other: Matrix) -> Matrix {
    precondition(rows == other.rows, "\(rows) rows beside \(other.rows)")
    return Matrix(rows: rows, columns: columns + other.columns, storage: (0..<rows).flatMap { row($0) + other.row($0) })
  }

  /// The transpose.
  public var transposed: Matrix {
    var out = Matrix(rows: columns, columns: rows)
    for i in 0..<rows { for j in 0..<columns { out[j, i] = self[i, j] } }
    return out
  }

  /// The identity of order `n`.
  public static func identity(_ n: Int) -> Matrix {
    var out = Matrix(rows: n, columns: n)
    for i in 0..<n { out[i, i] = 1 }
    return out
  }
}
