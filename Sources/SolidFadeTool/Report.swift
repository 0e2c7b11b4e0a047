import ArgumentParser
import Foundation
import RunDocuments
import SolidFade

/// `solidfade report`: run folders in, one page out.
struct Report: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a self-contained HTML page on forecasts, scores, studies and plans.",
    discussion: """
      Examples:
        solidfade report forecast -o report.html
        solidfade report new-design running -o report.html --title "Cell A against B"
        solidfade report scores -o scores.html --force
        solidfade report study plan -o decision.html
      """)

  @Argument(help: "Folders written by predict, evaluate, optimize or plan with -o.") var runs: [String]
  @Option(help: "Title of the page.") var title: String?
  @OptionGroup var global: GlobalOptions

  func validate() throws { _ = try global.requiredOut("the page") }

  func run() async throws {
    try await CommandRun(name: "report", global: global).run {
      let out = try global.requiredOut("the page")
      let summaries = try runs.map { run -> (name: String, summary: Data) in
        let names = ["summary.json", "optimize.json"]
        guard let data = names.lazy.compactMap({ FileManager.default.contents(atPath: run + "/" + $0) }).first else {
          throw DataFaults(
            DataFault(
              "E001", file: run + "/summary.json", "does not exist or cannot be read",
              help: "give a folder that predict, evaluate, optimize or plan wrote with -o"))
        }
        return ((run as NSString).lastPathComponent, data)
      }
      let page: String
      do { page = try HTMLReport.page(summaries, title: title) } catch ReportError.unreadable(let run, let reason) {
        throw DataFaults(
          DataFault("E010", file: run + "/summary.json", "cannot be read: \(reason)", help: "write the run again"))
      }
      try AtomicWrite.file(out, Array(page.utf8), replacing: global.force)
      return Outcome(document: ["file": .string(out)], text: "Wrote \(out)\n")
    }
  }
}
