import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade notebook`: a run folder in, a Jupyter notebook out.
struct NotebookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notebook", abstract: "Write a Jupyter notebook that reads a run.",
    discussion: """
      It needs pandas and matplotlib to run, and nothing of SolidFade.

      Example:
        solidfade notebook study -o study.ipynb
      """)

  @Argument(help: "Folder written by predict or optimize with -o.") var run: String
  @Flag(help: "Leave outputs out.") var noOutputs = false
  @OptionGroup var global: GlobalOptions

  func validate() throws { _ = try global.requiredOut("the notebook") }

  func run() async throws {
    try await CommandRun(name: "notebook", global: global).run {
      let out = try global.requiredOut("the notebook")
      let files = Set((try? FileManager.default.contentsOfDirectory(atPath: run)) ?? [])
      let notebook: Notebook
      do {
        notebook = try RunNotebook.make(run: relative(run, to: out), files: files) { name in
          (try? String(contentsOfFile: run + "/" + name, encoding: .utf8)) ?? ""
        }
      } catch let error as RunNotebook.UnknownRun {
        throw DataFaults(
          DataFault(
            "E001", file: run, "is no folder of a run that a notebook can show", help: "expected \(error.expected)"))
      }
      try AtomicWrite.file(out, Array(try notebook.json(keepsOutputs: !noOutputs)) + [10], replacing: global.force)
      return Outcome(document: ["file": .string(out)], text: "Wrote \(out)\n")
    }
  }

  /// The run's folder as seen from the notebook's.
  private func relative(_ path: String, to notebook: String) -> String {
    let from = URL(fileURLWithPath: notebook).deletingLastPathComponent().standardizedFileURL.pathComponents
    let to = URL(fileURLWithPath: path).standardizedFileURL.pathComponents
    let shared = zip(from, to).prefix { $0 == $1 }.count
    let parts = from.dropFirst(shared).map { _ in ".." } + to.dropFirst(shared)
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }
}
