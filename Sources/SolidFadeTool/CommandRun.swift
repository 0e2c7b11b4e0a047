import ArgumentParser
import Dispatch
import Foundation
import RunDocuments
import SolidFade

/// Runs a command: signals, warnings, errors and the one JSON document.
struct CommandRun {
  var name: String
  var global: GlobalOptions

  /// Runs `body` and leaves the process with its exit code.
  func run(_ body: () async throws -> Outcome) async throws {
    let signals = watchSignals()
    defer { for s in signals { s.cancel() } }
    let code: Int32
    do {
      if let out = global.out, !global.force, name != "report", AtomicWrite.isOccupied(out) {
        throw DataFaults(
          DataFault("E309", file: out, "exists and is not empty", help: "give another name, or replace it with --force")
        )
      }
      let outcome = try await body()
      for warning in outcome.warnings { say(warning, isError: false) }
      if global.json {
        print(outcome.json(command: name, seed: global.seed))
      } else if !outcome.text.isEmpty {
        print(outcome.text, terminator: outcome.text.hasSuffix("\n") ? "" : "\n")
      }
      code = outcome.exit
    } catch let error as ValidationError {
      throw error
    } catch {
      let (status, faults) = ExitStatus.of(error)
      for fault in faults { say(fault, isError: true) }
      if global.json { print(ResultDocument.failure(command: name, seed: global.seed, faults, exit: status)) }
      code = status
    }
    if code != 0 { throw ExitCode(code) }
  }

  private func say(_ f: DataFault, isError: Bool) {
    if !isError, global.quiet { return }
    let kind = isError ? "error" : "warning"
    let place = f.place.isEmpty ? "" : " \(f.place):"
    var line = "\(kind)[\(f.code)]:\(place) \(f.message)"
    if usesColor { line = "\u{1b}[\(isError ? "31" : "33")m\(kind)\u{1b}[0m" + line.dropFirst(kind.count) }
    if let help = f.help { line += "\n  help: \(help)" }
    Self.toStandardError(line + "\n")
  }

  private var usesColor: Bool {
    switch global.color {
    case .always: true
    case .never: false
    case .auto: isatty(2) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }
  }

  static func toStandardError(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  /// SIGINT and SIGTERM remove the temporary output and leave with 130 or 143.
  private func watchSignals() -> [any DispatchSourceSignal] {
    let out = global.out
    return [(SIGINT, Int32(130)), (SIGTERM, Int32(143))].map { number, code in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if let out { AtomicWrite.removePartial(beside: out) }
        CommandRun.toStandardError("\ninterrupted\n")
        _exit(code)
      }
      source.resume()
      return source
    }
  }

  /// A receiver of progress, by the style asked for.
  var progress: (@Sendable (ProgressEvent) -> Void)? {
    if global.quiet || global.progress == .off { return nil }
    let isTerminal = isatty(2) == 1
    switch global.progress {
    case .json: return ProgressLine(style: .json).report
    case .plain: return ProgressLine(style: .plain).report
    default: return ProgressLine(style: isTerminal ? .terminal : .plain).report
    }
  }
}

/// Writes progress to stderr.
struct ProgressLine: Sendable {
  enum Style: Sendable { case terminal, plain, json }
  var style: Style
  private let start = Date()

  init(style: Style) { self.style = style }

  /// One line per step on a terminal; otherwise one line per tenth of a stage.
  func report(_ e: ProgressEvent) {
    let elapsed = Date().timeIntervalSince(start)
    switch style {
    case .json:
      let stage = JSONTree.string(e.stage).serialized()
      CommandRun.toStandardError(
        "{\"t\":\(shortest((elapsed * 1000).rounded() / 1000)),\"stage\":\(String(decoding: stage, as: UTF8.self)),\"done\":\(e.done),\"total\":\(e.total)}\n"
      )
    case .terminal:
      let left = e.done > 0 ? elapsed * Double(e.total - e.done) / Double(e.done) : .nan
      let rate = elapsed > 0 ? Double(e.done) / elapsed : 0
      let eta = left.isFinite ? ", ETA \(Int(left.rounded(.up))) s" : ""
      let pace = e.done > 0 ? ", \(shortest((rate * 10).rounded() / 10))/s" : ""
      CommandRun.toStandardError(
        "\r\u{1b}[K\(e.stage): \(e.done)/\(e.total)\(pace)\(eta)" + (e.done >= e.total ? "\n" : ""))
    case .plain:
      let tenth = max(1, e.total / 10)
      if e.done % tenth == 0 || e.done == e.total {
        CommandRun.toStandardError("\(e.stage): \(e.done)/\(e.total) after \(Int(elapsed)) s\n")
      }
    }
  }
}
