/// One thing wrong in a data file: where, what was found, what was expected.
///
/// | code | meaning |
/// |---|---|
/// | E001 | file or folder not found |
/// | E002 | file cannot be read (rights, damaged gzip) |
/// | E003 | not UTF-8 |
/// | E010 | JSON or TOML is not well formed |
/// | E011 | a required key is missing or of the wrong kind |
/// | E012 | a newer schema |
/// | E013 | a file does not have its stated SHA-256 |
/// | E014 | a value that is not one of those allowed |
/// | E020 | a required column is missing, or named twice |
/// | E021 | not a whole number |
/// | E022 | not a number |
/// | E023 | a row with too few or too many fields, or a quote left open |
/// | E024 | a number outside its allowed range |
/// | E025 | ages of a cell do not increase |
/// | E026 | rows of a cell are not together |
/// | E027 | a cell twice |
/// | E028 | a cell that `cells.csv` does not hold |
/// | E029 | the file holds no rows |
/// | E030 | a split or part that does not exist |
/// | E031 | a cell that does not exist |
/// | E032 | a unit that cannot be converted |
/// | E033 | no column of an imported table can be taken for one that is needed |
/// | E034 | a record over time where one row per cycle is expected |
/// | E035 | the decimal sign cannot be told |
public struct DataFault: Error, Hashable, Sendable {
  /// Stable code.
  public var code: String
  /// File as the user named it.
  public var file: String?
  /// Line from 1.
  public var line: Int?
  /// Column of the line, from 1.
  public var column: Int?
  /// Name of the column or key.
  public var field: String?
  /// What was found and what was expected.
  public var message: String
  /// What to do.
  public var help: String?

  /// A fault from its parts.
  public init(
    _ code: String, file: String? = nil, line: Int? = nil, column: Int? = nil, field: String? = nil, _ message: String,
    help: String? = nil
  ) {
    self.code = code
    self.file = file
    self.line = line
    self.column = column
    self.field = field
    self.message = message
    self.help = help
  }

  /// `file:line:column`, as far as known.
  public var place: String {
    [file, line.map(String.init), column.map(String.init)].compactMap { $0 }.joined(separator: ":")
  }
}

/// Something that can be used, but that a user should know.
public typealias DataWarning = DataFault

/// All faults of a reading, reported together.
public struct DataFaults: Error, Hashable, Sendable {
  /// The faults, in file order.
  public var faults: [DataFault]

  /// A report from its faults.
  public init(_ faults: [DataFault]) { self.faults = faults }

  /// A report of one fault.
  public init(_ fault: DataFault) { faults = [fault] }
}

/// Collects faults of one file and stops listing after the fiftieth.
struct FaultList {
  private(set) var faults: [DataFault] = []
  private var more = 0
  static let limit = 50

  var isEmpty: Bool { faults.isEmpty }

  mutating func add(_ fault: DataFault) {
    if faults.count < Self.limit { faults.append(fault) } else { more += 1 }
  }

  mutating func add(_ others: [DataFault]) { for f in others { add(f) } }

  func throwIfAny() throws(DataFaults) {
    guard !faults.isEmpty else { return }
    var all = faults
    if more > 0, let last = faults.last {
      all.append(DataFault(last.code, file: last.file, "and \(more) more faults", help: "mend these and read again"))
    }
    throw DataFaults(all)
  }
}
