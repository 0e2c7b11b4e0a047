import NumericalMethods
import Testing

@Suite struct ParallelMapTests {
  private struct Failure: Error, Equatable { var index: Int }

  @Test("Results come in the order of the indices for any width, however long each takes", arguments: [1, 2, 3, 50])
  func order(width: Int) async throws {
    let found = try await parallelMap(count: 40, width: width) { i in
      if i % 7 == 0 { try await Task.sleep(for: .milliseconds(2)) }
      return i * i
    }
    #expect(found == (0..<40).map { $0 * $0 })
    #expect(try await parallelMap(count: 0, width: width) { $0 }.isEmpty)
  }

  @Test("A long body holds up none of the others")
  func turns() async throws {
    let workers = try await parallelMap(count: 20, width: 2) { i in
      if i == 0 { try await Task.sleep(for: .milliseconds(200)) }
      return ContinuousClock.now
    }
    #expect(workers.dropFirst().allSatisfy { $0 < workers[0] })
  }

  @Test("Of several errors that of the lowest index is thrown")
  func failures() async {
    let failure = await #expect(throws: Failure.self) {
      try await parallelMap(count: 30, width: 3) { i in
        if i == 5 { try await Task.sleep(for: .milliseconds(5)) }
        if i == 5 || i == 6 || i == 29 { throw Failure(index: i) }
      }
    }
    #expect(failure == Failure(index: 5))
  }
}
