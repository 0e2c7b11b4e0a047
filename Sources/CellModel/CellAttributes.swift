/// What is known of a cell and its test before the first cycle: one row of `cells.csv`.
///
/// Keys are the column names of the dataset format; numbers are in the unit the name ends in. A column that is empty
/// in the file is absent here: absent means "not stated", never "none".
public struct CellAttributes: Sendable, Hashable, Codable {
  /// Numeric columns that the column dictionary knows, in the unit of their name.
  public var numbers: [String: Double]
  /// Text columns, and every unknown column as text.
  public var texts: [String: String]

  /// Attributes from their values.
  public init(numbers: [String: Double] = [:], texts: [String: String] = [:]) {
    self.numbers = numbers
    self.texts = texts
  }

  /// The number of a column; NaN when not stated.
  public func number(_ column: String) -> Double { numbers[column] ?? .nan }

  /// The text of a column; nil when not stated.
  public func text(_ column: String) -> String? { texts[column] }
}
