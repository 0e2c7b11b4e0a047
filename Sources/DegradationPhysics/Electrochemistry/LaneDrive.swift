internal import NumericalMethods

/// What one cycle, or a rest, asks of the materials: averages over lithium content.
struct LaneDrive {
  /// Potential factor of the interphase, 1 at the reference potential.
  var chemical = Lanes()
  /// Oxidation factor: 0 far below the onset, linear above.
  var oxidation = Lanes()
  /// Oxygen-loss factor, by lithium content of the surface.
  var oxygen = Lanes()
  /// Particle strain of the cycle.
  var strain = Lanes()
  /// Duration of a cycle [s]; 0 for a rest.
  var duration = Lanes()

  /// Gauss–Legendre nodes and weights on 0…1, eight points: closer to the integral than 12 midpoints (tested).
  static let nodes: [(at: Double, weight: Double)] = {
    let half: [(Double, Double)] = [
      (0.183_434_642_495_649_8, 0.362_683_783_378_362_0), (0.525_532_409_916_329_0, 0.313_706_645_877_887_3),
      (0.796_666_477_413_626_7, 0.222_381_034_453_374_5), (0.960_289_856_497_536_3, 0.101_228_536_290_376_3),
    ]
    return half.reversed().map { (0.5 - 0.5 * $0.0, 0.5 * $0.1) } + half.map { (0.5 + 0.5 * $0.0, 0.5 * $0.1) }
  }()

  private static let inverseLn2 = 1 / 0.693_147_180_559_945_3

  /// A full cycle between end points.
  ///
  /// The interphase sees the potential of the charging surface, held below the cut-off, for one half of the cycle and
  /// the open-circuit potential for the other.
  init(
    _ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, capacity q: Lanes, _ views: PotentialViews,
    nodes: [(at: Double, weight: Double)] = Self.nodes
  ) {
    let i = c.chargeCurrent
    let span = ends.discharged - ends.charged
    let drop = i * (e.interphase + e.spaceCharge)
    for node in nodes {
      let x = ends.charged + span * node.at
      let shift = e.chargeShift(i, x).value
      let surface = LaneMath.clamp(x - shift * c.polarises, 0.01, 0.999)
      let eta = e.overpotential(i, surface).value
      let potential = views.cathode.lookup(surface).value + (eta + drop) * c.polarises
      let resting = views.cathode.lookup(x).value
      add(c, LaneMath.min(potential, c.upperLi), weight: 0.5 * node.weight)
      add(c, resting, weight: 0.5 * node.weight)
      oxygen += c.oxygenFactor(surface) * (0.5 * node.weight)
      oxygen += c.oxygenFactor(x) * (0.5 * node.weight)
    }
    strain = c.strain(ends)
    let hours = (1 / c.chargeCurrent + 1 / c.dischargeCurrent) * q * LaneCell.holdAllowance
    duration = hours * 3600 + c.rest
  }

  /// A rest at a held potential [V against Li] and the content that goes with it.
  init(_ c: LaneCell, restingAt potential: Lanes, content x: Lanes) {
    add(c, potential, weight: 1)
    oxygen = c.oxygenFactor(x)
  }

  @inline(__always) private mutating func add(_ c: LaneCell, _ potential: Lanes, weight: Double) {
    chemical += LaneMath.exp(c.potentialFactor * (potential - c.referencePotential)) * weight
    oxidation +=
      LaneMath.softplus((potential - c.onset) * c.onsetWidth) * (weight * Self.inverseLn2)
  }
}
