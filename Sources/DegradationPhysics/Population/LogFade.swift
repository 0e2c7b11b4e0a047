public import CellModel
internal import NumericalMethods

extension SulfidePopulation {
  /// Log fade, ln(−ln retention), on which power-law fade is straight in the logarithm of age; retention is held
  /// within 0.02…0.995.
  public static func logFade(_ retention: Double) -> Double { _log(-_log(min(max(retention, 0.02), 0.995))) }

  /// Mean over draws of the log fade after a number of cycles, for each cell by id.
  ///
  /// NaN for a cell that cannot be simulated (an impossible design).
  /// - Throws: `CancellationError`.
  public func meanLogFade(
    _ cells: [CellHistory], cycles: Double = 100, draws: Int = 128, seed: UInt64, threads: Int
  ) async throws -> [String: Double] {
    var out: [String: Double] = [:]
    for cell in cells {
      guard let members = try? self.draws(cell, count: draws, seed: seed) else {
        out[cell.id] = .nan
        continue
      }
      let runs = try await SulfideAgeing.run(members, SimulationRequest(ages: [cycles + 1]), threads: threads)
      let values = runs.compactMap(\.capacityRetention.last).map(Self.logFade)
      out[cell.id] = mean(values)
    }
    return out
  }
}
