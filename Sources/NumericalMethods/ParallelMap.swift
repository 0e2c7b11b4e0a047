internal import Synchronization

/// The next index that nobody has taken.
private final class Turn: Sendable {
  private let next = Atomic(0)

  func take() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }
}

/// Computes `body(0)`, `body(1)`, … on at most `width` tasks and returns the results in index order.
///
/// The only place that makes tasks: index order in, index order out, so results never depend on `width`.
/// - Throws: the error of the lowest failing index, or `CancellationError`.
public func parallelMap<T: Sendable>(
  count: Int, width: Int, _ body: @escaping @Sendable (Int) async throws -> T
) async throws -> [T] {
  let tasks = max(1, min(width, count))
  let parts = try await withThrowingTaskGroup(of: [(Int, Result<T, any Error>)].self) { group in
    // Bodies differ in length: who is done takes the next.
    let turn = Turn()
    for _ in 0..<tasks {
      group.addTask {
        var mine: [(Int, Result<T, any Error>)] = []
        while case let i = turn.take(), i < count {
          try Task.checkCancellation()
          do { mine.append((i, .success(try await body(i)))) } catch { mine.append((i, .failure(error))) }
        }
        return mine
      }
    }
    var all: [(Int, Result<T, any Error>)] = []
    all.reserveCapacity(count)
    for try await part in group { all += part }
    return all
  }
  return try parts.sorted { $0.0 < $1.0 }.map { try $0.1.get() }
}
