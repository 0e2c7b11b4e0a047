import Glibc

/// Command-line pairs `name value`, and files of raw little-endian doubles.
struct Arguments {
  private var values: [String: String] = [:]

  init(_ words: [String]) {
    var i = 0
    while i + 1 < words.count {
      values[words[i]] = words[i + 1]
      i += 2
    }
  }

  func text(_ name: String, _ fallback: String = "") -> String { values[name] ?? fallback }
  func int(_ name: String, _ fallback: Int = 0) -> Int { values[name].flatMap { Int($0) } ?? fallback }
  func double(_ name: String, _ fallback: Double = 0) -> Double { values[name].flatMap { Double($0) } ?? fallback }

  /// The doubles of a file.
  func numbers(_ name: String) -> [Double] {
    guard let file = fopen(text(name), "rb") else { return [] }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file) / 8
    rewind(file)
    return [Double](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = fread(buffer.baseAddress, 8, count, file)
    }
  }

  /// Writes doubles to a file.
  func write(_ name: String, _ numbers: [Double]) {
    guard let file = fopen(text(name), "wb") else { return }
    defer { fclose(file) }
    fwrite(numbers, 8, numbers.count, file)
  }
}

/// Seconds of the process's processor time, all threads together.
func processorSeconds() -> Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

/// Seconds of a clock that never goes back.
func wallSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

private func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Starts the peak of the process's memory anew.
func resetPeakMemory() {
  guard let file = fopen("/proc/self/clear_refs", "w") else { return }
  fputs("5", file)
  fclose(file)
}

/// A line of the process's status, as `VmRSS` or `VmHWM` [MiB].
func memoryMiB(_ key: String) -> Double {
  guard let file = fopen("/proc/self/status", "r") else { return .nan }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, 256, file) != nil {
    let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(whereSeparator: { $0 == ":" || $0 == " " || $0 == "\t" })
    if words.count > 1, words[0] == key { return (Double(words[1]) ?? .nan) / 1024 }
  }
  return .nan
}
