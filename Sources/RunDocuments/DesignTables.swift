internal import SolidFade

extension DesignValue {
  /// As a field of a table.
  var field: CSVWriter.Field {
    switch self {
    case .number(let x): .number(x)
    case .text(let t): .text(t)
    }
  }

  /// In a JSON document.
  var tree: JSONTree {
    switch self {
    case .number(let x): ResultDocument.real(x)
    case .text(let t): .string(t)
    }
  }

  /// For people.
  var shown: String {
    switch self {
    case .number(let x): Tables.significant(x)
    case .text(let t): t
    }
  }
}
