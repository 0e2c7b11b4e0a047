internal import Dispatch
internal import Foundation
internal import RunDocuments
internal import SolidFade
internal import Synchronization

/// Version of the library as a NUL-terminated text that must not be freed.
@_cdecl("solidfade_version")
public func version() -> UnsafePointer<CChar>? { UnsafePointer(bitPattern: versionAddress) }

/// Address of a text that lives as long as the process and is never written to.
private let versionAddress = UInt(bitPattern: strdup(toolVersion))

/// Forecasts cells; see `solidfade.h` for the request.
@_cdecl("solidfade_predict_json")
public func predictJSON(
  _ request: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answer("predict", request, result) { try await ForecastRun($0).run().outcome }
}

/// Searches a design space; see `solidfade.h` for the request.
@_cdecl("solidfade_optimize_json")
public func optimizeJSON(
  _ request: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  answer("optimize", request, result) { request in
    let search = try SearchRun(request)
    defer { request.removeFiles() }
    return try await search.run().outcome
  }
}

/// Frees a result; NULL is allowed.
@_cdecl("solidfade_free")
public func free(_ text: UnsafeMutablePointer<CChar>?) { Foundation.free(text) }

/// Runs a request to its one JSON document; the code is that of the command.
private func answer(
  _ command: String, _ request: UnsafePointer<CChar>?, _ result: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
  _ body: @escaping @Sendable (Request) async throws -> Outcome
) -> Int32 {
  let text = request.map { String(cString: $0) } ?? ""
  let box = Answer()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    var seed: UInt64 = 1
    do {
      let read = try Request(text)
      seed = try read.seed()
      let outcome = try await body(read)
      box.set(outcome.json(command: command, seed: seed), outcome.exit)
    } catch {
      let (status, faults) = ExitStatus.of(error)
      box.set(ResultDocument.failure(command: command, seed: seed, faults, exit: status), status)
    }
    done.signal()
  }
  done.wait()
  let (json, code) = box.get()
  result?.pointee = strdup(json)
  return code
}

/// Hands the document from the task to the caller, who waits for it.
private final class Answer: Sendable {
  private let value = Mutex<(json: String, code: Int32)>(("", 0))

  func set(_ json: String, _ code: Int32) { value.withLock { $0 = (json, code) } }
  func get() -> (String, Int32) { value.withLock { ($0.json, $0.code) } }
}
