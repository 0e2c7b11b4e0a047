public import Foundation

/// A Jupyter notebook (nbformat 4.5) as text; no kernel has run it.
public struct Notebook: Sendable {
  /// One cell.
  public enum Cell: Sendable, Hashable {
    /// Text in Markdown.
    case markdown(String)
    /// Python, with what it prints where that is known; `isParameters` tags the cell for papermill.
    case code(String, output: String?, isParameters: Bool = false)
  }

  /// Cells in order.
  public var cells: [Cell]

  /// A notebook of cells.
  public init(_ cells: [Cell]) { self.cells = cells }

  /// The file: keys sorted, ids by position, the same bytes for the same cells.
  ///
  /// - Parameter keepsOutputs: whether known outputs are embedded.
  public func json(keepsOutputs: Bool = true) throws -> Data {
    func lines(_ text: String) -> [String] {
      let all = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      return all.enumerated().map { $0 < all.count - 1 ? $1 + "\n" : $1 }.filter { !$0.isEmpty }
    }
    var list: [[String: Any]] = []
    for (k, cell) in cells.enumerated() {
      var entry: [String: Any] = ["id": "cell-\(k + 1)", "metadata": [String: Any]()]
      switch cell {
      case .markdown(let text):
        entry["cell_type"] = "markdown"
        entry["source"] = lines(text)
      case .code(let text, let output, let isParameters):
        entry["cell_type"] = "code"
        entry["execution_count"] = NSNull()
        entry["source"] = lines(text)
        if isParameters { entry["metadata"] = ["tags": ["parameters"]] }
        var outputs: [[String: Any]] = []
        if keepsOutputs, let output {
          outputs.append(["name": "stdout", "output_type": "stream", "text": lines(output + "\n")])
        }
        entry["outputs"] = outputs
      }
      list.append(entry)
    }
    let document: [String: Any] = [
      "cells": list,
      "metadata": [
        "kernelspec": ["display_name": "Python 3", "language": "python", "name": "python3"],
        "language_info": ["name": "python"],
      ], "nbformat": 4, "nbformat_minor": 5,
    ]
    return try JSONSerialization.data(
      withJSONObject: document, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
  }
}
