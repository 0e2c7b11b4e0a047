internal import NumericalMethods

/// What one cycle asks of the materials: averages over twelve nodes of lithium content.
struct DriveFactors {
  /// Charge-weighted potential factor of the interphase, 1 at the reference potential.
  var chemical = 0.0
  /// Oxidation factor: 0 far below the onset, linear above.
  var oxidation = 0.0
  /// Oxygen-loss factor, by lithium content.
  var oxygen = 0.0
  /// Particle strain of the cycle.
  var strain = 0.0
  /// Duration of a cycle [s].
  var durationS = 0.0

  static let nodes = 12

  init(_ cell: VoltageSolver, _ ends: (charged: Double, discharged: Double), capacityAhPerM2 q: Double) {
    let p = cell.p
    let d = cell.design
    let i = d.chargeCurrentAPerM2
    let thermal = PhysicalConstants.faraday / (PhysicalConstants.gas * d.temperatureK)
    let span = ends.discharged - ends.charged
    for k in 0..<Self.nodes {
      let x = ends.charged + span * (Double(k) + 0.5) / Double(Self.nodes)
      let surface = min(max(x - cell.surfaceShift(i, min(x, 0.8)), 0.01), 0.999)
      let charging = min(
        HalfCell.potentialV(lithiumContent: surface) + cell.overpotential(i, surface)
          + i * (cell.interphaseOhmM2 + cell.spaceChargeOhmM2), d.upperCutoffV)
      let resting = HalfCell.potentialV(lithiumContent: x)
      for phi in [charging, resting] {
        chemical += _exp(p.interphasePotentialFactor * thermal * (phi - p.interphaseReferenceV))
        oxidation += softplus((phi - p.oxidationOnsetV) / p.oxidationWidthV) / 0.693_147_180_559_945_3
      }
      for content in [surface, x] { oxygen += softplus((p.oxygenLossContent - content) / p.oxygenLossWidth) }
    }
    let count = Double(2 * Self.nodes)
    chemical /= count
    oxidation /= count
    oxygen /= count
    strain = Self.strain(p, ends)
    durationS =
      1.05 * 3600 * q * (1 / max(i, 1e-9) + 1 / max(d.dischargeCurrentAPerM2, 1e-9)) + d.restS
  }

  /// Anisotropic strain between the end points: linear, plus the collapse below 40 % lithium, which grows exponentially.
  ///
  /// - Source: doi:10.1039/d3ee04115h; 5.0 % (poly) and 2.4 % (single) at 4.3 V.
  static func strain(_ p: SulfideParameters, _ ends: (charged: Double, discharged: Double)) -> Double {
    let depth = max(0, p.collapseContent - ends.charged) / p.collapseWidth
    return p.strainScale
      * (p.strainLinear * (ends.discharged - ends.charged) + p.strainCollapse * (_exp(depth) - 1))
  }
}
