/// How much a finding weighs.
public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing.
  case info
  /// Likely to mislead a model or a reader.
  case warn
  /// Wrong: results from these data cannot be trusted.
  case error

  /// Declaration order.
  public static func < (a: Severity, b: Severity) -> Bool {
    (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
  }
}

/// One thing that a check found.
public struct Finding: Sendable, Hashable {
  /// `D001`…`D010` for data, `P001`…`P011` for the protocol.
  public var rule: String
  /// How much it weighs.
  public var severity: Severity
  /// The cell, where it is one cell's.
  public var cellID: String?
  /// File as the user named its folder.
  public var file: String?
  /// Line from 1.
  public var line: Int?
  /// Column of the line, from 1.
  public var column: Int?
  /// Name of the column or key.
  public var field: String?
  /// What was found.
  public var value: String
  /// What was expected.
  public var expected: String
  /// What to do.
  public var help: String

  /// A finding from its parts.
  public init(
    _ rule: String, _ severity: Severity, cellID: String? = nil, file: String? = nil, line: Int? = nil,
    column: Int? = nil, field: String? = nil, value: String, expected: String, help: String
  ) {
    self.rule = rule
    self.severity = severity
    self.cellID = cellID
    self.file = file
    self.line = line
    self.column = column
    self.field = field
    self.value = value
    self.expected = expected
    self.help = help
  }
}

/// What the checks say about a dataset.
public struct CheckReport: Sendable, Hashable {
  /// Replicates of one recipe.
  public struct Group: Sendable, Hashable {
    /// `group_id`, or the cell's own id.
    public var id: String
    /// Cells built, failed and excluded ones included.
    public var cells: Int
    /// Cells with status `failed`.
    public var failed: Int
    /// 95 % Wilson interval of the failure rate, in [0, 1].
    public var failureInterval: ClosedRange<Double>
    /// Share of the protocol's expectations that the group's cells satisfy, in [0, 1]; nil without a protocol.
    public var score: Double?
  }

  /// How the cells' records bear on life.
  public struct Life: Sendable, Hashable {
    /// Life stated by the source.
    public var events = 0
    /// Life crossed between two rows.
    public var intervals = 0
    /// Life not reached.
    public var censored = 0
    /// Ended by another failure.
    public var failed = 0
    /// Never used.
    public var excluded = 0
  }

  /// `assb` or `none`.
  public var protocolName: String
  /// Findings by rule, then in file order.
  public var findings: [Finding]
  /// Groups in order of their first cell; empty where the dataset could not be read whole.
  public var groups: [Group]
  /// Life summary; nil where the dataset could not be read whole.
  public var life: Life?

  /// Findings of one severity.
  public func count(_ severity: Severity) -> Int { findings.count { $0.severity == severity } }

  /// The report with those findings whose rule fits a pattern such as `P*` or `D00?`.
  public func only(_ pattern: String) -> CheckReport {
    var out = self
    out.findings = findings.filter { Self.fits(Array($0.rule), Array(pattern)) }
    return out
  }

  private static func fits(_ text: [Character], _ pattern: [Character]) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    let rest = Array(pattern.dropFirst())
    if first == "*" { return (0...text.count).contains { fits(Array(text.dropFirst($0)), rest) } }
    guard let head = text.first else { return false }
    return (first == "?" || first == head) && fits(Array(text.dropFirst()), rest)
  }
}

/// 95 % Wilson score interval of a proportion (Wilson 1927); [0, 1] without trials.
public func wilsonInterval(successes: Int, trials: Int) -> ClosedRange<Double> {
  guard trials > 0 else { return 0...1 }
  let z = 1.959963984540054
  let n = Double(trials)
  let p = Double(successes) / n
  let scale = 1 + z * z / n
  let centre = (p + z * z / (2 * n)) / scale
  let half = z / scale * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
  let low = successes == 0 ? 0 : max(0, centre - half)
  let high = successes == trials ? 1 : min(1, centre + half)
  return low...high
}
