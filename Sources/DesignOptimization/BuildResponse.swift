#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif
public import CellModel
public import DegradationPhysics
internal import NumericalMethods

/// How the simulated life of a design answers to what is built: nominal physics, only the build columns differ.
public struct BuildResponse: Sendable {
  /// The design.
  public let design: CellAttributes
  /// Simulated life of the design as drawn [cycles].
  public let life: Double
  private let library: MaterialsLibrary
  private let request: SimulationRequest
  private let threads: Int

  /// Longest life that is looked for [cycles].
  private static let longest = 20_000.0
  /// Lives beyond this multiple of the design's count as this long.
  private static let reach = 4.0

  /// The response about a design; nil where it lives longer than 20 000 cycles or is a design that does not run.
  ///
  /// - Parameter limit: retention that ends life.
  /// - Throws: `DesignError`.
  public init?(
    _ design: CellAttributes, library: MaterialsLibrary = .standard, limit: Double, threads: Int
  ) throws(DesignError) {
    let run = SulfideAgeing.run(
      try SulfideCell(design, library: library), SimulationRequest.life(horizon: Self.longest, limit: limit))
    guard run.fault == nil, let life = run.life, life >= 1 else { return nil }
    self.design = design
    self.life = life
    self.library = library
    self.threads = threads
    request = .life(horizon: min(Self.reach * life + 20, Self.longest), limit: limit)
  }

  /// ln(life / life of the design) of each build. What cannot be built or simulated lives one cycle.
  public func shifts(_ builds: [CellAttributes]) async throws -> [Double] {
    var cells: [SulfideCell] = []
    var places: [Int] = []
    for (k, build) in builds.enumerated() {
      guard let cell = try? SulfideCell(build, library: library) else { continue }
      cells.append(cell)
      places.append(k)
    }
    var out = [Double](repeating: -log(life), count: builds.count)
    for (run, k) in zip(try await SulfideAgeing.run(cells, request, threads: threads), places) where run.fault == nil {
      out[k] = log(max(run.life ?? request.horizon, 1) / life)
    }
    return out
  }
}
