/// What a simulation is asked for.
public struct SimulationRequest: Sendable, Hashable {
  /// Ages to report [cycles], ascending, ≥ 0; 0 is the fresh cell.
  public var ages: [Double]
  /// Last age to simulate [cycles]; at least the last of `ages` and `curveAges`.
  public var horizon: Double
  /// Ages at which discharge curves are kept, ascending.
  public var curveAges: [Double] = []
  /// Whether check-ups and rate tests keep their discharge curves.
  public var keepsCheckUpCurves = false
  /// Points of a curve, ≥ 2.
  public var curvePoints = 200
  /// Retention of capacity that ends life, in (0, 1).
  public var limit = 0.8
  /// Retention of energy that counts as failure; nil for no such limit.
  public var energyLimit: Double?
  /// Resistance relative to the reference that counts as failure; nil for no such limit.
  public var resistanceFactor: Double?
  /// Whether losses are split by mechanism at each of `ages`.
  public var attribution = false
  /// Whether to stop once a cell's life has ended and nothing more was asked for.
  public var stopsAtEndOfLife = false
  /// Arrows of the coupling diagram switched off.
  public var without: Set<Coupling> = []
  /// How the cells are tested.
  public var cycling = CyclingProtocol.plain
  /// Length of a step relative to the usual; smaller is finer (for tests of convergence).
  public var stepFactor = 1.0

  /// A request for states at ages.
  public init(ages: [Double], horizon: Double? = nil) {
    self.ages = ages
    self.horizon = max(horizon ?? 0, ages.last ?? 0)
  }

  /// A request for lives alone.
  public static func life(horizon: Double, limit: Double = 0.8) -> SimulationRequest {
    var r = SimulationRequest(ages: [], horizon: horizon)
    r.limit = limit
    r.stopsAtEndOfLife = true
    return r
  }

  /// Stops on a request that no caller should make: its run would not end, or its answers would be out of order.
  func check() {
    func ascends(_ ages: [Double]) -> Bool {
      ages.allSatisfy { $0 >= 0 && $0.isFinite } && zip(ages, ages.dropFirst()).allSatisfy { $0 <= $1 }
    }
    precondition(ascends(ages) && ascends(curveAges) && horizon.isFinite, "ages must ascend from 0 and be finite")
    precondition(curvePoints >= 2, "a curve of \(curvePoints) points")
    let cycles = cycling.blocks.contains { if case .cycles(let c) = $0 { c.count >= 1 } else { false } }
    precondition(cycles, "a protocol without cycles never ends")
  }

  /// Cycles to the end of the next step, before it is cut at a requested age.
  ///
  /// One for the first ten cycles, then growing to ten: capacity is within 1e-3 of the limit of fine steps, or
  /// within half a cycle where it falls steeply (tested at 4.2…4.4 V).
  func step(at age: Double) -> Double {
    let whole = age < 10 ? 1 : min(2 + (age / 20).rounded(.down), 10)
    return max(whole * stepFactor, 1e-3)
  }
}
