public import CellModel

/// Quality of data (D rules) and conformance with a test protocol (P rules).
///
/// | rule | what |
/// |---|---|
/// | D001 | ages increase, rows of a cell together, voltage grids monotone |
/// | D002 | counts are whole, numbers are numbers |
/// | D003 | signs |
/// | D004 | clocks: set back, or off by a factor of 1000 |
/// | D005 | values plausible for their unit |
/// | D006 | coulombic efficiency at most 1.02 |
/// | D007 | single rows far off their neighbours (robust z above 8) |
/// | D008 | cells twice, under one name or two |
/// | D009 | a mass, an area or a nominal capacity to compare cells by |
/// | D010 | the same cell or replicate in training and test parts |
/// | P001 | replicates in each group |
/// | P002 | failed cells are listed |
/// | P003 | initial open-circuit voltage in its window |
/// | P004 | stack pressure stated and held |
/// | P005 | loading, area, thickness |
/// | P006 | currents per area and as a rate with its basis |
/// | P007 | temperature stated and held |
/// | P008 | pre-treatment and atmosphere |
/// | P010 | cut-offs with their reference electrode |
///
/// P009 (formation separated) and P011 (material sources) are not judged: the tables do not hold what they need.
public enum DatasetChecks {
  /// What the protocol rules expect.
  public struct Limits: Sendable, Hashable {
    /// Fewest replicates of a group.
    public var replicates = 3
    /// Window of the initial open-circuit voltage [V vs Li⁺/Li].
    public var openCircuitV = 2.5...2.7
    /// Largest relative drift of the stack pressure over a test.
    public var pressureDrift = 0.1
    /// Largest deviation from the stated temperature [K].
    public var temperatureK = 2.0

    /// The limits that hold unless told otherwise.
    public init() {}
  }

  /// The protocol that fits a dataset: `assb` for sulfide solid-state cells, `none` for others.
  public static func defaultProtocol(_ family: CellFamily) -> String {
    family == .sulfideSolidState ? "assb" : "none"
  }

  /// Checks a dataset that was read.
  ///
  /// - Parameter protocolName: `assb`, or `none` to check the data alone.
  public static func run(_ dataset: Dataset, protocolName: String, limits: Limits = Limits()) -> CheckReport {
    var findings = DataRules(dataset: dataset).findings()
    let rules = protocolName == "assb" ? ProtocolRules(dataset: dataset, limits: limits) : nil
    findings += rules?.findings() ?? []
    return CheckReport(
      protocolName: protocolName, findings: sorted(findings), groups: groups(dataset, rules), life: life(dataset))
  }

  /// The faults of a reading as findings; nil when one of them keeps the tables from being understood at all.
  ///
  /// The reading stops at the first file with faults, so other files may hold more.
  public static func report(_ error: DataFaults, protocolName: String) -> CheckReport? {
    let rules = [
      "E021": "D002", "E022": "D002", "E024": "D005", "E025": "D001", "E026": "D001", "E027": "D008", "E028": "D010",
    ]
    var findings: [Finding] = []
    for fault in error.faults {
      guard var rule = rules[fault.code] else { return nil }
      if fault.code == "E024", fault.field == "cycle_count" || fault.field == "equivalent_full_cycles" {
        rule = "D003"
      }
      if fault.field == "voltage_volt" { rule = "D001" }
      if fault.code == "E028", fault.field == "cell_id" { rule = "D008" }
      let parts = fault.message.split(separator: ", expected ", maxSplits: 1).map(String.init)
      findings.append(
        Finding(
          rule, .error, file: fault.file, line: fault.line, column: fault.column, field: fault.field,
          value: parts.first ?? fault.message, expected: parts.count > 1 ? parts[1] : (fault.help ?? ""),
          help: fault.help ?? "mend it and check again"))
    }
    return CheckReport(protocolName: protocolName, findings: sorted(findings), groups: [], life: nil)
  }

  /// By rule; findings of one rule stay in the order they were made.
  private static func sorted(_ findings: [Finding]) -> [Finding] {
    findings.enumerated().sorted { ($0.element.rule, $0.offset) < ($1.element.rule, $1.offset) }.map(\.element)
  }

  private static func groups(_ dataset: Dataset, _ rules: ProtocolRules?) -> [CheckReport.Group] {
    var order: [String] = []
    var members: [String: [CellHistory]] = [:]
    for cell in dataset.cells {
      if members[cell.groupID] == nil { order.append(cell.groupID) }
      members[cell.groupID, default: []].append(cell)
    }
    return order.map { id in
      let cells = members[id] ?? []
      let failed = cells.count { $0.status == .failed }
      return CheckReport.Group(
        id: id, cells: cells.count, failed: failed,
        failureInterval: wilsonInterval(successes: failed, trials: cells.count), score: rules?.score(cells))
    }
  }

  private static func life(_ dataset: Dataset) -> CheckReport.Life {
    var life = CheckReport.Life()
    for cell in dataset.cells {
      switch LifeRules.outcome(cell, in: dataset.description) {
      case .stated: life.events += 1
      case .crossed: life.intervals += 1
      case .censored: life.censored += 1
      case .failed: life.failed += 1
      case .excluded: life.excluded += 1
      }
    }
    return life
  }
}
