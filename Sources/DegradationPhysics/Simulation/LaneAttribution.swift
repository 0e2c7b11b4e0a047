internal import CellModel
internal import NumericalMethods

/// Shares of the mechanisms in the lost capacity and the grown resistance of eight cells.
///
/// Shapley values of setting each mechanism's states back to the reference: of all 128 sets of aged mechanisms, a
/// mechanism's share is its mean marginal effect, and the shares add up exactly.
/// - Source: L. S. Shapley, Contributions to the Theory of Games II (1953) 307.
struct LaneAttribution {
  /// Loss of retention by mechanism, in the order of `MechanismShares.mechanisms`.
  var capacity: [Lanes]
  /// Growth of resistance [Ω·m²].
  var resistance: [Lanes]

  init(
    _ c: LaneCell, reference: LaneState, aged: LaneState, ends: EndPoints, _ block: LaneBlock, _ views: PotentialViews
  ) {
    let mechanisms = MechanismShares.mechanisms
    let n = mechanisms.count
    capacity = Array(repeating: Lanes(), count: n)
    resistance = capacity
    let scale = 1 / LaneMath.max(block.capacity, Lanes(repeating: 1e-12))
    let weights = Self.weights(n)
    for set in 0..<(1 << n) {
      var s = reference
      for k in 0..<n where set & (1 << k) != 0 { s.take(mechanisms[k], from: aged) }
      let e = LaneElectrode(c, s)
      let q = e.capacity(e.endPoints(c, from: ends, views)) * scale
      let r = e.resistance
      let size = set.nonzeroBitCount
      for k in 0..<n {
        // A set with k counts against the same set without it.
        let isIn = set & (1 << k) != 0
        let w = isIn ? -weights[size - 1] : weights[size]
        capacity[k] += q * w
        resistance[k] -= r * w
      }
    }
  }

  /// size! (n − size − 1)! / n! for each size of the set without the mechanism.
  private static func weights(_ n: Int) -> [Double] {
    let factorial = (0...n).map { k in (0..<k).reduce(1.0) { $0 * Double($1 + 1) } }
    return (0..<n).map { factorial[$0] * factorial[n - $0 - 1] / factorial[n] }
  }
}

extension LaneState {
  /// Takes over the states that a mechanism owns.
  ///
  /// Coating and ageing contacts between electrolytes count with the interphase, moisture with the electrolyte.
  fileprivate mutating func take(_ m: Mechanism, from o: LaneState) {
    switch m {
    case .contactLoss:
      contact = o.contact
      fatigue = o.fatigue
    case .cracking: cracks = o.cracks
    case .cathodeInterphase:
      interphase = o.interphase
      coating = o.coating
      time = o.time
    case .spaceCharge: spaceCharge = o.spaceCharge
    case .electrolyteOxidation:
      oxidised = o.oxidised
      conductivity = o.conductivity
    case .rockSalt: rockSalt = o.rockSalt
    case .anode:
      anodeInterphase = o.anodeInterphase
      void = o.void
      lithium = o.lithium
    case .unexplained: break
    }
  }
}
