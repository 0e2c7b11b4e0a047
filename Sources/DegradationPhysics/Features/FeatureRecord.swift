public import CellModel

/// What the feature extractor is given of a cell, measured or simulated.
public struct FeatureRecord: Sendable, Hashable {
  /// Observations; rows flagged other than `ok` are not used.
  public var series: CycleSeries
  /// The series' capacity column: `cycle_discharging_capacity_ah`, `specific_discharging_capacity_mah_g` or
  /// `capacity_retention`.
  public var capacityColumn: String
  /// Capacity that stands for retention 1, in the unit of that column.
  public var referenceCapacity: Double
  /// Discharge curves.
  public var discharge: VoltageCurves?
  /// Charge curves: for each age the charged capacity [Ah] when the voltage has risen to the grid value.
  public var charge: VoltageCurves?
  /// Discharge rate of the curves [1/h]; NaN when not known.
  public var curveCRate: Double
  /// Upper cut-off [V, cell], needed for degradation modes; NaN when not known.
  public var upperCutoffV: Double
  /// Current at the end of the charge over that of the discharge curves; 0 for a long rest at the cut-off.
  public var endOfChargeCurrentShare: Double
  /// The anode of a cell with an NCM811 cathode; nil for any other cell, which then has no dQ/dV peaks and no modes.
  public var anode: AnodePotential?

  /// A record from its parts.
  public init(
    series: CycleSeries, capacityColumn: String, referenceCapacity: Double, discharge: VoltageCurves? = nil,
    charge: VoltageCurves? = nil, curveCRate: Double = .nan, upperCutoffV: Double = .nan,
    endOfChargeCurrentShare: Double = 0, anode: AnodePotential? = nil
  ) {
    self.series = series
    self.capacityColumn = capacityColumn
    self.referenceCapacity = referenceCapacity
    self.discharge = discharge
    self.charge = charge
    self.curveCRate = curveCRate
    self.upperCutoffV = upperCutoffV
    self.endOfChargeCurrentShare = endOfChargeCurrentShare
    self.anode = anode
  }

  /// The record as it stood at an age: good rows, and curves of ages without a bad row.
  func visible(upTo age: Double) -> FeatureRecord {
    var out = self
    let seen = series.visible(upTo: age)
    let good = (0..<seen.count).filter { seen.flags[$0] == .ok }
    let bad = Set((0..<seen.count).filter { seen.flags[$0] != .ok }.map { seen.ages[$0] })
    out.series = CycleSeries(
      ages: good.map { seen.ages[$0] }, capacities: good.map { seen.capacities[$0] },
      columns: seen.columns.mapValues { column in good.map { column[$0] } })
    func curves(_ all: VoltageCurves?) -> VoltageCurves? {
      all.map { all in
        let use = all.ages.indices.filter { all.ages[$0] <= age && !bad.contains(all.ages[$0]) }
        return VoltageCurves(
          voltagesV: all.voltagesV, ages: use.map { all.ages[$0] }, dischargedAh: use.map { all.dischargedAh[$0] })
      }
    }
    out.discharge = curves(discharge)
    out.charge = curves(charge)
    return out
  }
}
