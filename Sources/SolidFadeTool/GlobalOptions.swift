import ArgumentParser
import Foundation
import SolidFade

/// How progress is shown on stderr.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
  case auto, plain, json, off
}

/// When messages are coloured.
enum ColorStyle: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never
}

/// Options that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(name: [.customShort("o"), .long], help: "Output folder (bundle for train, file for report).")
  var out: String?

  @Flag(help: "Print exactly one JSON document (solidfade.result/1) on stdout.")
  var json = false

  @Option(help: "Whole number ≥ 0; the only source of chance.")
  var seed: UInt64 = 1

  @Option(help: "auto, or a number of tasks ≥ 1; never changes a result.")
  var threads = "auto"

  @Flag(name: [.customShort("q"), .long], help: "No progress and no warnings on stderr.")
  var quiet = false

  @Flag(name: [.customShort("v"), .long], help: "More talk on stderr.")
  var verbose: Int

  @Option(help: "auto, plain, json or off.")
  var progress = ProgressStyle.auto

  @Option(help: "auto, always or never; NO_COLOR is honoured.")
  var color = ColorStyle.auto

  @Flag(help: "Replace what stands at --out.")
  var force = false

  mutating func validate() throws {
    guard threads == "auto" || (Int(threads).map { $0 >= 1 } ?? false) else {
      throw ValidationError("--threads is \"\(threads)\"; give auto or a whole number ≥ 1")
    }
  }

  /// Tasks at a time: asked for, else what this process may use.
  var taskCount: Int {
    if let asked = Int(threads) { return asked }
    var count = max(1, ProcessInfo.processInfo.activeProcessorCount)
    if let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) {
      let parts = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
      if parts.count == 2, parts[1] > 0 { count = min(count, max(1, Int((parts[0] / parts[1]).rounded(.up)))) }
    }
    if let slurm = ProcessInfo.processInfo.environment["SLURM_CPUS_PER_TASK"].flatMap(Int.init), slurm >= 1 {
      count = min(count, slurm)
    }
    return count
  }

  /// The output path, for commands that must write.
  func requiredOut(_ what: String) throws -> String {
    guard let out else { throw ValidationError("Missing --out: where to write \(what).") }
    return out
  }
}

/// Reads `0,20,50,21d,2checkups` or `all`; nil stands for all rows.
func parseEarly(_ text: String) throws -> [CutOff?] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    if part == "all" { return nil }
    guard let n = CutOff(part) else {
      throw ValidationError(
        "--early holds \"\(part)\"; give ages ≥ 0, days (21d), check-ups (2checkups) or all, separated by commas")
    }
    return n
  }
}
