internal import NumericalMethods

/// What one cycle, or a rest, asks of the materials: averages over lithium content.
struct LaneDrive {
  /// Potential factor of the interphase, 1 at the reference potential.
  var chemical = Lanes()
  /// Oxidation factor sp((φ − φ_on)/w) / ln 2: 0 far below the onset, linear above.
  var oxidation = Lanes()
  /// Oxygen-loss factor sp((x_on − x)/w) of the surface content x.
  ///
  /// Content, not voltage, drives it (onset beyond 75–80 % delithiation, recalled). Saturates with the content left.
  var oxygen = Lanes()
  /// Particle strain of the cycle.
  var strain = Lanes()
  /// Duration of a cycle [s]; 0 for a rest.
  var duration = Lanes()

  /// Gauss–Legendre nodes and weights on 0…1, eight points: closer to the integral than 12 midpoints (tested).
  ///
  /// A node in the lower half stands for itself and its mirror image 1 − `at`, which have equal weights.
  static let nodes: [(at: Double, weight: Double)] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362_0), (0.525_532_409_916_329_0, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_5), (0.960_289_856_497_536_3, 0.101_228_536_290_376_3),
  ].map { (0.5 - 0.5 * $0.0, 0.5 * $0.1) }

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
      var chemicalSum = Lanes()
      var oxidationSum = LaneMath.SoftplusSum()
      var oxygenSum = LaneMath.SoftplusSum()
      for side in 0..<2 {
        let x = ends.charged + span * (side == 0 ? node.at : 1 - node.at)
        let surface = LaneMath.clamp(x - e.chargeShift(i, x) * c.polarises, 0.01, 0.999)
        let polarised: Lanes =
          views.cathode.lookup(surface).value + (e.overpotential(i, surface) + drop) * c.polarises
        let charging = LaneMath.min(polarised, c.upperLi)
        let resting = views.cathode.lookup(x).value
        chemicalSum += c.potentialResponse(charging) + c.potentialResponse(resting)
        oxidationSum.add((charging - c.onset) * c.onsetWidth)
        oxidationSum.add((resting - c.onset) * c.onsetWidth)
        oxygenSum.add((c.oxygenContent - surface) * c.oxygenWidth)
        oxygenSum.add((c.oxygenContent - x) * c.oxygenWidth)
      }
      let weight = 0.5 * node.weight
      chemical += chemicalSum * weight
      oxidation += oxidationSum.value * (weight * Self.inverseLn2)
      oxygen += oxygenSum.value * weight
    }
    strain = c.strain(ends)
    let hours = (1 / c.chargeCurrent + 1 / c.dischargeCurrent) * q * LaneCell.holdAllowance
    duration = hours * 3600 + c.rest
  }

  /// A rest at a held potential [V against Li] and the content that goes with it.
  init(_ c: LaneCell, restingAt potential: Lanes, content x: Lanes) {
    chemical = c.potentialResponse(potential)
    oxidation = LaneMath.softplus((potential - c.onset) * c.onsetWidth) * Self.inverseLn2
    oxygen = LaneMath.softplus((c.oxygenContent - x) * c.oxygenWidth)
  }
}

extension LaneCell {
  /// How much faster the interphase reacts at a potential [V against Li] than at the reference potential.
  @inline(__always) fileprivate func potentialResponse(_ potential: Lanes) -> Lanes {
    LaneMath.exp(potentialFactor * (potential - referencePotential))
  }
}
