internal import Foundation
package import SolidFade

/// A forecast asked for outside the training domain with `--strict-domain`.
package struct OutsideDomain: Error {
  package var cells: [(id: String, reason: String)]

  package init(cells: [(id: String, reason: String)]) { self.cells = cells }
}

/// Every run failed in its numerics.
package struct NumericalFailure: Error {
  package var faults: [DataFault]

  package init(faults: [DataFault]) { self.faults = faults }
}

/// Exit codes and messages of errors, in one place.
package enum ExitStatus {
  package static let done: Int32 = 0
  package static let findings: Int32 = 1
  package static let invalid: Int32 = 2
  package static let bundle: Int32 = 3
  package static let numerical: Int32 = 4
  package static let domain: Int32 = 5
  package static let partial: Int32 = 6
  package static let internalFault: Int32 = 70
  package static let interrupted: Int32 = 130

  /// The exit code of an error and the faults to report.
  package static func of(_ error: any Error) -> (code: Int32, faults: [DataFault]) {
    switch error {
    case let e as DataFaults: return (invalid, e.faults)
    case let e as DataFault: return (invalid, [e])
    case let e as CellRefusal:
      return (invalid, [DataFault("E040", file: "cells.csv", field: e.field, e.message, help: e.help)])
    case let e as TrainingError: return (invalid, [fault(e)])
    case let e as EvaluationError: return (invalid, [fault(e)])
    case let e as BundleError:
      return (bundle, [DataFault(e.code, file: e.file, e.message, help: e.help)])
    case let e as OutsideDomain:
      return (
        domain,
        e.cells.map {
          DataFault(
            "E050", field: $0.id, "cell \($0.id) lies outside the training domain: \($0.reason)",
            help: "train on such cells, or drop --strict-domain and read the interval with care")
        }
      )
    case let e as LearningError:
      return (
        numerical, [DataFault("E060", "the learners failed: \(e)", help: "check the data with `solidfade check`")]
      )
    case let e as LinearAlgebraError:
      return (numerical, [DataFault("E060", "a matrix could not be factored: \(e)", help: "check the data")])
    case let e as NumericalFailure: return (numerical, e.faults)
    case is CancellationError: return (interrupted, [DataFault("E130", "interrupted", help: nil)])
    default:
      return (
        internalFault, [DataFault("E070", "unexpected: \(error)", help: "please report this with the command line")]
      )
    }
  }

  private static func fault(_ error: TrainingError) -> DataFault {
    switch error {
    case .tooFewCells(let found, let needed, let early):
      DataFault(
        "E041", field: "--early",
        "\(found) cells were seen and alive at cut-off \(early.text), at least \(needed) are needed",
        help: "choose an earlier cut-off (--early) or add cells")
    case .mixedAges(let columns):
      DataFault(
        "E042", field: "age", "the datasets count age in different units: \(columns.joined(separator: ", "))",
        help: "train one model for each")
    case .unknownKind(let kind, let allowed):
      DataFault("E043", field: "--kind", "no kind \"\(kind)\"; there are \(allowed.joined(separator: ", "))", help: nil)
    case .unknownGrouping(let column, let allowed):
      DataFault(
        "E044", field: "--group-by", "cannot group by \"\(column)\"; choose from \(allowed.joined(separator: ", "))",
        help: nil)
    }
  }

  private static func fault(_ error: EvaluationError) -> DataFault {
    switch error {
    case .overlap(let dataset, let cells):
      let some = cells.prefix(5).joined(separator: ", ") + (cells.count > 5 ? " …" : "")
      return DataFault(
        "E045", field: "cell_id",
        "\(cells.count) cells of \(dataset) were used in training (by id, or as a copy of a training record): \(some)",
        help: "score on cells the model has not seen (--split), or train without these")
    case .nothingLeft(let dataset, let reason):
      return DataFault(
        "E046", field: "cell_id", "no cell of \(dataset) is left to score: \(reason)",
        help: "train on a part of the dataset (--split) and evaluate another")
    }
  }
}
