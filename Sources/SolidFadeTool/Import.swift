import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// How numbers are written in a table.
enum DecimalSign: String, ExpressibleByArgument, CaseIterable {
  case auto, point, comma
}

/// Which physics the imported cells belong to.
enum FamilyName: String, ExpressibleByArgument, CaseIterable {
  case sulfideSolidState = "sulfide_solid_state"
  case liquid, other
}

/// `solidfade import`: tables in, a dataset folder out.
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn tables with one row per cycle into a dataset folder.",
    discussion: """
      Comma, semicolon and tab tables are read; headers are known as `solidfade columns` lists them. Others are named
      in a map file:
        [columns]
        cycle_count = "Cycle_Index"
        cycle_discharging_capacity_ah = "Q_dis"
        [cell]
        temperature_celsius = 25
      Examples:
        solidfade import A01.csv A02.csv -d mydata
        solidfade import summary.csv -d mydata --map map.toml --mass-mg 12.4
      """)

  @Argument(help: "Tables, each one cell or several with a column cell_id.") var files: [String]
  @Option(name: [.customShort("d"), .customLong("dataset")], help: "Dataset folder to write.") var folder: String
  @Option(help: "Name of the cell, for one file; the file's name otherwise.") var cell: String?
  @Option(help: "TOML file that names columns and states what is known of the cells.") var map: String?
  @Option(help: "auto, point or comma.") var decimal = DecimalSign.auto
  @Option(name: .customLong("mass-mg"), help: "Mass of cathode active material of each cell [mg].") var mass: Double?
  @Option(name: .customLong("area-cm2"), help: "Electrode area of each cell [cm²].") var area: Double?
  @Option(help: "Name of the dataset; the folder's otherwise.") var name: String?
  @Option(help: "sulfide_solid_state, liquid or other.") var family = FamilyName.sulfideSolidState
  @OptionGroup var global: GlobalOptions

  func validate() throws {
    if files.isEmpty { throw ValidationError("Missing FILE: name at least one table.") }
    if cell != nil, files.count > 1 { throw ValidationError("--cell names one cell; give one FILE with it.") }
    if global.out != nil { throw ValidationError("import writes to --dataset DIR; leave --out away.") }
    for (option, value) in [("--mass-mg", mass), ("--area-cm2", area)] {
      if let value, !(value > 0 && value.isFinite) { throw ValidationError("\(option) must be a number > 0.") }
    }
    if let name, name.isEmpty || name.contains("/") || name.contains(":") {
      throw ValidationError("--name holds / or :, or is empty.")
    }
  }

  func run() async throws {
    // The folder is this command's output: it must be free, and is cleaned up after an interruption.
    var options = global
    options.out = folder
    try await CommandRun(name: "import", global: options).run {
      var table = TableImport()
      if let map { table.map = try ImportMap(contentsOf: map) }
      if let mass { table.map.numbers["cathode_active_mass_mg"] = mass }
      if let area { table.map.numbers["electrode_area_cm2"] = area }
      table.decimal = TableImport.Decimal(rawValue: decimal.rawValue) ?? .auto
      table.cellID = cell
      let result = try table.read(files)
      let title = name ?? URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent.replacing(":", with: "-")
      let description = DatasetDescription(
        name: title, kind: .measured, family: CellFamily(rawValue: family.rawValue) ?? .other,
        ageColumn: result.ageColumn,
        capacityColumn: result.capacityColumn, endOfLife: EndOfLife(fraction: 0.8, reference: .first),
        texts: ["title": title, "version": "1"])
      try AtomicWrite.folder(
        folder, files: DatasetWriter.files(description, cells: result.cells, readme: readme(title, result)),
        replacing: global.force)
      let rows = result.cells.reduce(0) { $0 + $1.series.count }
      var outcome = Outcome(warnings: result.warnings)
      outcome.document = [
        "dataset": .object([
          "name": .string(title), "kind": .string(description.kind.rawValue), "cell_family": .string(family.rawValue),
          "age": .string(result.ageColumn), "capacity": .string(result.capacityColumn),
          "n_cells": .integer(Int64(result.cells.count)), "n_rows": .integer(Int64(rows)),
        ]), "folder": .string(folder),
      ]
      outcome.text =
        "Wrote \(folder): \(result.cells.count) cells, \(rows) rows; age \(result.ageColumn), capacity \(result.capacityColumn), \(family.rawValue)\n"
      return outcome
    }
  }

  private func readme(_ title: String, _ result: TableImport.Result) -> String {
    var text = "# \(title)\n\nImported by `solidfade import` \(toolVersion). State here how the cells were made and "
    text += "measured, under which licence the data stand, and what to be careful about.\n\nSources:\n\n"
    for source in result.sources { text += "- `\(source.name)`, SHA-256 `\(source.sha256)`\n" }
    text += "\nLife ends at 0.8 of the first capacity; change `end_of_life` in `dataset.json` if another limit holds.\n"
    for warning in result.warnings { text += "\nNot taken over: \(warning.message)\n" }
    return text
  }
}
