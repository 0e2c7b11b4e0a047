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
    let (file, evaluator) = try search.study()
    let definition = file.definition
    let measured = try measurements(definition)
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
    return output(batch, definition)
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

  /// The rows of the table as designs of the space with what was measured of them.
  private func measurements(_ definition: StudyDefinition) throws -> [BatchProposal.Measured] {
    let table = try DatasetReader.read(observed)
    return try table.cells.map { cell in
      let line = table.lines[cell.id]?.cells
      var design = definition.space.base
      for v in definition.space.variables {
        if let x = cell.attributes.numbers[v.name], x.isFinite {
          design[v.name] = .number(x)
        } else if let text = cell.attributes.text(v.name) {
          design[v.name] = .text(text)
        } else {
          throw fault(v.name, "cell \(cell.id) does not state it", line: line)
        }
      }
      guard let genes = definition.space.genes(design) else {
        let odd = definition.space.variables.first { v in
          (try? DesignSpace(variables: [v])).flatMap { $0.genes(design) } == nil
        }
        // Every value alone is allowed: a mixture does not add up.
        throw fault(
          odd?.name ?? definition.space.mixtures.flatMap(\.names).joined(separator: ", "),
          "cell \(cell.id) lies outside the space", line: line)
      }
      design = (try? definition.space.design(genes)) ?? design
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
