public import CellModel

/// How a population of cells ends: cumulative incidence of each cause.
///
/// A cell counts for the cause that ends it first; the incidences add up to the share of cells that have ended. All
/// cells are followed to the same horizon, so the estimate of Aalen and Johansen is the plain share.
/// - Source: O. O. Aalen and S. Johansen, Scand. J. Stat. 5 (1978) 141.
public struct CompetingRisks: Sendable, Hashable {
  /// Ages [cycles].
  public let ages: [Double]
  /// Share of cells that a cause has ended by each age, for causes that occur.
  public let incidence: [FailureMode: [Double]]

  /// Counts first failures.
  ///
  /// - Parameters:
  ///   - runs: trajectories to one horizon; those with a fault in their numerics are left out.
  ///   - ages: ascending.
  public init(_ runs: [AgeingTrajectory], ages: [Double]) {
    let sound = runs.filter { $0.fault == nil }
    self.ages = ages
    var shares: [FailureMode: [Double]] = [:]
    for mode in FailureMode.allCases {
      let first = sound.compactMap(\.failure).filter { $0.mode == mode }.map(\.age).sorted()
      guard !first.isEmpty else { continue }
      var k = 0
      shares[mode] = ages.map { age in
        while k < first.count, first[k] <= age { k += 1 }
        return Double(k) / Double(sound.count)
      }
    }
    incidence = shares
  }
}
