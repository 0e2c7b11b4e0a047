import ArgumentParser
import RunDocuments
import SolidFade

/// From which findings on `check` fails.
enum FailOn: String, ExpressibleByArgument, CaseIterable {
  case error, warn, info, never

  func reached(by report: CheckReport) -> Bool {
    guard let limit = Severity(rawValue: rawValue) else { return false }
    return report.findings.contains { $0.severity >= limit }
  }
}

/// Which expectations `check` applies.
enum CheckProtocol: String, ExpressibleByArgument, CaseIterable {
  case assb, none
}

/// `solidfade check`: data quality and protocol.
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check the quality of a dataset and what it states about its tests.",
    discussion: """
      Exit code 1 when a finding reaches --fail-on; 2 when the files cannot be read as tables at all.
      Examples:
        solidfade check mydata
        solidfade check mydata --protocol assb --fail-on warn --json
        solidfade check mydata --only 'P*' -o checked
      """)

  @Argument(help: "Dataset folder.") var data: String
  @Option(name: .customLong("protocol"), help: "assb or none; assb for sulfide_solid_state unless told otherwise.")
  var protocolName: CheckProtocol?
  @Option(name: .customLong("fail-on"), help: "error, warn, info or never.") var failOn = FailOn.error
  @Option(help: "Only rules that fit this pattern, such as 'P*'.") var only: String?
  @OptionGroup var global: GlobalOptions

  func run() async throws {
    let run = CommandRun(name: "check", global: global)
    try await run.run {
      var dataset: Dataset?
      var report: CheckReport
      do {
        let read = try DatasetReader.read(data)
        _ = try await DatasetReader.readCurves(
          read, cellIDs: read.cells.map(\.id), upTo: nil, threads: global.taskCount)
        dataset = read
        let name = protocolName?.rawValue ?? DatasetChecks.defaultProtocol(read.description.family)
        report = DatasetChecks.run(read, protocolName: name)
      } catch let faults as DataFaults {
        guard let made = DatasetChecks.report(faults, protocolName: protocolName?.rawValue ?? "none") else {
          throw faults
        }
        report = made
      }
      if let only { report = report.only(only) }
      var outcome = Outcome(warnings: dataset?.warnings ?? [])
      outcome.document = document(report, dataset)
      outcome.text = text(report, dataset)
      outcome.exit = failOn.reached(by: report) ? ExitStatus.findings : ExitStatus.done
      if let out = global.out {
        try AtomicWrite.folder(
          out,
          files: [
            "findings.csv": table(report), "summary.json": JSONTree.object(outcome.document).serialized(pretty: true),
            "run.json": RunRecord.bytes(command: "check", inputs: [data], global: global),
          ], replacing: global.force)
        outcome.text += "Wrote \(out)\n"
      }
      return outcome
    }
  }

  private func document(_ report: CheckReport, _ dataset: Dataset?) -> [String: JSONTree] {
    func whole(_ i: Int) -> JSONTree { .integer(Int64(i)) }
    var out: [String: JSONTree] = [
      "dataset": .null, "protocol": .string(report.protocolName), "life": .null,
      "counts": .object(
        Dictionary(uniqueKeysWithValues: Severity.allCases.map { ($0.rawValue, whole(report.count($0))) })),
      "findings": .array(
        report.findings.map { f in
          .object([
            "rule": .string(f.rule), "severity": .string(f.severity.rawValue), "cell_id": ResultDocument.text(f.cellID),
            "file": ResultDocument.text(f.file), "line": ResultDocument.whole(f.line),
            "column": ResultDocument.whole(f.column),
            "field": ResultDocument.text(f.field), "value": .string(f.value), "expected": .string(f.expected),
            "help": .string(f.help),
          ])
        }),
      "groups": .array(
        report.groups.map { g in
          .object([
            "group_id": .string(g.id), "n_cells": whole(g.cells), "n_failed": whole(g.failed),
            "failure_rate": .number(Double(g.failed) / Double(g.cells)),
            "failure_rate_ci": .array([
              .number(g.failureInterval.lowerBound), .number(g.failureInterval.upperBound),
            ]), "score": ResultDocument.real(g.score),
          ])
        }),
    ]
    if let dataset {
      let d = dataset.description
      out["dataset"] = .object([
        "name": .string(d.name), "kind": .string(d.kind.rawValue), "cell_family": .string(d.family.rawValue),
        "age": .string(d.ageColumn), "n_cells": whole(dataset.cells.count),
        "n_rows": whole(dataset.cells.reduce(0) { $0 + $1.series.count }),
      ])
    }
    if let life = report.life {
      out["life"] = .object([
        "n_event": whole(life.events), "n_interval": whole(life.intervals), "n_censored": whole(life.censored),
        "n_failed": whole(life.failed), "n_excluded": whole(life.excluded),
      ])
    }
    return out
  }

  private func table(_ report: CheckReport) -> [UInt8] {
    var table = CSVWriter(
      header: ["rule", "severity", "cell_id", "file", "line", "column", "field", "value", "expected", "help"])
    for f in report.findings {
      table.append([
        .text(f.rule), .text(f.severity.rawValue), .text(f.cellID), .text(f.file), .integer(f.line),
        .integer(f.column), .text(f.field), .text(f.value), .text(f.expected), .text(f.help),
      ])
    }
    return table.bytes
  }

  private func text(_ report: CheckReport, _ dataset: Dataset?) -> String {
    var out = ""
    if let dataset {
      let rows = dataset.cells.reduce(0) { $0 + $1.series.count }
      out +=
        "Dataset \(dataset.description.name) (\(dataset.description.kind.rawValue)): \(dataset.cells.count) cells, \(rows) rows; protocol \(report.protocolName)\n"
    }
    for f in report.findings {
      let place = [f.file, f.line.map(String.init), f.column.map(String.init)].compactMap { $0 }.joined(separator: ":")
      let cell = f.cellID.map { " cell \($0):" } ?? ""
      let field = f.field.map { " \($0):" } ?? ""
      out += "\(f.severity.rawValue)[\(f.rule)] \(place):\(cell)\(field) \(f.value)\n"
      out += "  expected: \(f.expected)\n  help: \(f.help)\n"
    }
    if let life = report.life {
      out +=
        "Life: \(life.events) stated, \(life.intervals) crossed, \(life.censored) censored, \(life.failed) failed, \(life.excluded) excluded\n"
    }
    let counts = Severity.allCases.reversed().map { "\(report.count($0)) \($0.rawValue)" }.joined(separator: ", ")
    return out + "Findings: \(counts)\n"
  }
}
