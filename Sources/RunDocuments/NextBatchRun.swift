internal import Foundation
internal import SolidFade

/// Measured designs in, the designs to build next out: `solidfade optimize --observed`.
package struct NextBatchRun: Sendable {
  /// The study that the designs belong to.
  package var search: SearchRun
  /// Table of built cells: the columns of their designs, and one column a measured objective.
  package var observed: String
  /// Designs to propose, 1…16.
  package var count = 4

  /// Allowed sizes of a batch.
  package static let allowedCounts = 1...BatchProposal.largestBatch

  package init(search: SearchRun, observed: String) {
    self.search = search
    self.observed = observed
  }

  /// The batch as document, text and table.
  package func run() async throws -> (outcome: Outcome, files: [String: [UInt8]]) {
    let (file, evaluator) = try await search.study()
    let definition = file.definition
    let (measured, warnings) = try measurements(definition)
    let (draws, seed) = (definition.draws, search.seed)
    let batch = try await proposal(definition, measured) { designs in
      // What is measured of a cell is compared with the median of what is forecast of it.
      try await evaluator.evaluate(designs, draws: draws, seed: seed).enumerated().map { i, found in
        guard found.fault == nil else { return [] }
        return definition.objectives.map { o in
          let values = (found.metrics[o.metric] ?? [Self.exact(o, designs[i], definition) ?? 0]).sorted()
          return quantile(ofSorted: values, 0.5)
        }
      }
    }
    var found = output(batch, definition)
    found.outcome.warnings = warnings
    return found
  }

  private func proposal(
    _ definition: StudyDefinition, _ measured: [BatchProposal.Measured],
    forecast: ([[String: DesignValue]]) async throws -> [[Double]]
  ) async throws -> BatchProposal {
    do {
      return try await BatchProposal(
        count, in: definition.space, isMaximised: definition.objectives.map(\.isMaximised), measured: measured,
        seed: search.seed, forecast: forecast)
    } catch let error as DesignSpaceError {
      throw fault(error.part, error.message)
    }
  }

  private func fault(_ field: String, _ message: String, line: Int? = nil) -> DataFaults {
    DataFaults(
      DataFault(
        "E074", file: observed, line: line, field: field, "\(field): \(message)",
        help:
          "one row a built cell: the columns of candidates.csv, and one a measured objective (of a running cell: its age)"
      ))
  }

  /// What needs no measurement: cost, and columns of the design.
  private static func exact(
    _ o: DesignObjective, _ design: [String: DesignValue], _ definition: StudyDefinition
  ) -> Double? {
    if o.metric == "cost", let cost = definition.cost { return try? cost.value { design[$0] } }
    return design[o.metric]?.number
  }

  /// Whether the life of a cell is a bound: it is running, or was stopped alive.
  private static func isBound(_ cell: CellHistory) -> Bool { cell.status == .running || cell.status == .stopped }

  /// The rows of the table as designs with what was measured of them, and what to know of them.
  private func measurements(
    _ definition: StudyDefinition
  ) throws -> (measured: [BatchProposal.Measured], warnings: [DataWarning]) {
    let table = try DatasetReader.read(observed)
    let space = definition.space
    var warnings: [DataWarning] = []
    let used = Set(definition.objectives.map(\.metric) + ["life"])
    let odd = table.unknownColumns.filter { !used.contains($0) }
    if !odd.isEmpty {
      warnings.append(
        DataWarning(
          "W001", file: observed, field: odd.joined(separator: ","),
          "columns that no design has are passed over: \(odd.joined(separator: ", "))",
          help: "see `solidfade columns` for known names"))
    }
    let measured = try table.cells.map { cell in
      let line = table.lines[cell.id]?.cells
      var design = space.base
      for v in space.variables {
        if let x = cell.attributes.numbers[v.name], x.isFinite {
          design[v.name] = .number(x)
        } else if let text = cell.attributes.text(v.name) {
          design[v.name] = .text(text)
        } else {
          throw fault(v.name, "cell \(cell.id) does not state it", line: line)
        }
      }
      if let genes = space.genes(design) {
        design = (try? space.design(genes)) ?? design
      } else {
        let odd = space.variables.filter { v in (try? DesignSpace(variables: [v])).flatMap { $0.genes(design) } == nil }
        // Every value alone is allowed: a mixture does not add up.
        let names = odd.isEmpty ? space.mixtures.flatMap(\.names) : odd.map(\.name)
        let values = names.map { name in
          "\(name) \(design[name]?.number.map { shortest($0) } ?? design[name]?.shown ?? "–")"
        }.joined(
          separator: ", ")
        warnings.append(
          DataWarning(
            "W088", file: observed, line: line, field: names.joined(separator: ", "),
            "cell \(cell.id) lies outside the space (\(values)): it teaches the model, and is no part of the measured front",
            help: "widen the space, or drop the row"))
        do throws(DesignSpaceError) { design = try space.completed(design) } catch {
          throw fault(error.part, "cell \(cell.id): \(error.message)", line: line)
        }
      }
      let values = try definition.objectives.map { o -> Double in
        if let value = Self.exact(o, design, definition) { return value }
        for column in o.metric == "life" ? ["life", "observed_life"] : [o.metric] {
          if let x = cell.attributes.numbers[column], x.isFinite { return x }
          if let x = cell.attributes.text(column).flatMap(Double.init), x.isFinite { return x }
        }
        // A cell under test has lived as long as its record.
        if o.metric == "life", Self.isBound(cell), let age = cell.series.ages.last { return age }
        throw fault(
          o.metric, "cell \(cell.id) has no measured \(o.metric == "life" ? "life or observed_life" : o.metric)",
          line: line)
      }
      let bounds = definition.objectives.indices.filter { k in
        definition.objectives[k].metric == "life" && Self.isBound(cell)
      }
      return BatchProposal.Measured(
        design: design, values: values, batch: cell.attributes.text("batch_id"), atLeast: Set(bounds))
    }
    return (measured, warnings)
  }

  private func output(
    _ batch: BatchProposal, _ definition: StudyDefinition
  ) -> (outcome: Outcome, files: [String: [UInt8]]) {
    let names = definition.objectives.map(\.metric)
    let varied = definition.space.variables.map(\.name)
    let columns = Set(batch.picks.flatMap(\.design.keys)).subtracting(["cell_id"]).sorted()
    var table = CSVWriter(
      header: ["cell_id"] + columns + names.flatMap { ["expected_" + $0, "sd_" + $0] }
        + ["gain", "p_not_dominated", "reason"])
    var rows = [["next"] + varied + names + ["gain", "P(not dominated)", "reason"]]
    for (k, pick) in batch.picks.enumerated() {
      let both = zip(pick.expected, pick.spread).flatMap { [CSVWriter.Field.number($0), .number($1)] }
      table.append(
        [.text("n\(k + 1)")] + columns.map { pick.design[$0]?.field ?? .number(nil) } + both
          + [.number(pick.gain), .number(pick.probabilityNotDominated), .text(pick.reason.rawValue)])
      rows.append(
        ["n\(k + 1)"]
          + varied.map { pick.design[$0]?.shown ?? "–" }
          + zip(pick.expected, pick.spread).map { Tables.significant($0) + " ± " + Tables.significant($1) }
          + [
            String(format: "%.3f", pick.gain), Tables.significant(pick.probabilityNotDominated), pick.reason.rawValue,
          ])
    }
    var outcome = Outcome(warnings: [])
    outcome.text =
      Tables.aligned(rows) + "gain: hypervolume beside what was measured, in units of the measured ranges\n"
    if batch.picks.contains(where: { $0.reason == .control }) {
      outcome.text += "control: measured in a batch before; it tells what the new batch does to all of its cells\n"
    }
    outcome.document = [
      "objectives": .array(names.map { .string($0) }),
      "next": .array(
        batch.picks.enumerated().map { k, pick in
          .object([
            "design_id": .string("n\(k + 1)"),
            "design": .object(
              pick.design.mapValues(\.tree)), "expected": .array(pick.expected.map { ResultDocument.real($0) }),
            "sd": .array(pick.spread.map { ResultDocument.real($0) }), "gain": .number(pick.gain),
            "p_not_dominated": .number(pick.probabilityNotDominated), "reason": .string(pick.reason.rawValue),
          ])
        }),
    ]
    return (outcome, ["next.csv": table.bytes])
  }
}
