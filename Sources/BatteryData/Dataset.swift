public import CellModel

/// A dataset folder as read.
public struct Dataset: Sendable {
  /// What `dataset.json` says.
  public var description: DatasetDescription
  /// The cells in the order of `cells.csv`; curves are read when asked for.
  public var cells: [CellHistory]
  /// Cells by split and part.
  public var splits: [String: [String: [String]]]
  /// What was noticed in reading.
  public var warnings: [DataWarning]
  /// Folder of the dataset; nil when it was not a folder.
  public var folder: String?
  /// SHA-256 of the files read, by name.
  public var fingerprints: [String: String]
  /// Columns of `cells.csv` that the format does not know.
  public var unknownColumns: [String]
  /// Where each cell stands: line of `cells.csv`, first line of its rows in the cycles file.
  public var lines: [String: CellLines]

  /// Lines of one cell.
  public struct CellLines: Sendable, Hashable {
    /// Line of `cells.csv`.
    public var cells: Int
    /// File of its rows.
    public var cyclesFile: String?
    /// Line of each row.
    public var rows: [Int]
  }

  /// A dataset from its parts.
  public init(
    description: DatasetDescription, cells: [CellHistory], splits: [String: [String: [String]]] = [:],
    warnings: [DataWarning] = [], folder: String? = nil, fingerprints: [String: String] = [:],
    unknownColumns: [String] = [], lines: [String: CellLines] = [:]
  ) {
    self.description = description
    self.cells = cells
    self.splits = splits
    self.warnings = warnings
    self.folder = folder
    self.fingerprints = fingerprints
    self.unknownColumns = unknownColumns
    self.lines = lines
  }

  /// The cells of `--split NAME/PART`, in the dataset's order.
  ///
  /// - Throws: `DataFaults` (E030) listing what exists.
  public func cellIDs(split: String) throws(DataFaults) -> [String] {
    let parts = split.split(separator: "/", maxSplits: 1).map(String.init)
    let listed = splits.keys.sorted().flatMap { name in
      (splits[name] ?? [:]).keys.sorted().map { "\(name)/\($0)" }
    }
    guard parts.count == 2, let ids = splits[parts[0]]?[parts[1]] else {
      let known = listed.isEmpty ? "this dataset has no splits.json" : "it has " + listed.joined(separator: ", ")
      throw DataFaults(
        DataFault(
          "E030", file: folder.map { $0 + "/splits.json" } ?? "splits.json", field: split,
          "dataset \(description.name) has no split \"\(split)\"; \(known)", help: "name one of them as NAME/PART"))
    }
    let wanted = Set(ids)
    return cells.map(\.id).filter { wanted.contains($0) }
  }
}

/// A hash of a record's first ten rows, by which a cell is known again under another name; nil for shorter records.
public func recordHash(_ series: CycleSeries) -> String? {
  guard series.count >= 10 else { return nil }
  var bytes: [UInt8] = []
  for i in 0..<10 {
    for value in [series.ages[i], series.capacities[i]] {
      withUnsafeBytes(of: (value + 0).bitPattern.littleEndian) { bytes += Array($0) }
    }
  }
  return sha256(bytes)
}
