#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Seconds on a clock of the system.
func seconds(_ clock: clockid_t) -> Double {
  var t = timespec()
  clock_gettime(clock, &t)
  return Double(t.tv_sec) + 1e-9 * Double(t.tv_nsec)
}

/// Wall and processor time of some work [s].
struct Timing {
  var wall: Double
  var cpu: Double

  /// Times `body`, whose result is returned so that nothing is optimised away.
  static func of<R>(_ body: () async throws -> R) async rethrows -> (Timing, R) {
    let wall = seconds(CLOCK_MONOTONIC)
    let cpu = seconds(CLOCK_PROCESS_CPUTIME_ID)
    let result = try await body()
    return (Timing(wall: seconds(CLOCK_MONOTONIC) - wall, cpu: seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu), result)
  }
}
