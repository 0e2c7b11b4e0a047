public import CellModel
internal import NumericalMethods

extension VoltageCurves {
  /// Points of the voltage grid of simulated curves.
  public static let simulatedPoints = 1000

  /// Simulated discharge curves on the even voltage grid between the cut-offs of their design, as a data file holds them.
  ///
  /// The grid depends on the design alone. Voltages above the first of a curve are not reached in its discharge: NaN.
  /// - Parameters:
  ///   - curves: curves of `AgeingTrajectory`; 500 points and more keep the corners. Noisy voltages are made monotone.
  ///   - design: the design that was simulated.
  ///   - areaM2: electrode area [m²], > 0.
  public init(
    simulated curves: [SimulatedCurve], of design: CellDesign, areaM2: Double = 1
  ) {
    let top = design.upperCutoffV - design.anode.referenceV
    let step = (design.upperCutoffV - design.lowerCutoffV) / Double(Self.simulatedPoints - 1)
    let grid = (0..<Self.simulatedPoints).map { top - step * Double($0) }
    let columns = curves.map { simulated -> [Double] in
      guard
        let curve = DischargeCurve(
          voltagesV: simulated.voltageV, dischargedAh: simulated.capacityAhPerM2.map { $0 * areaM2 }, cRate: .nan)
      else { return grid.map { _ in .nan } }
      // The curve ends at the lower cut-off, but for the tolerance of its end point.
      return grid.map { $0 > curve.limitsV.upperBound ? .nan : curve.dischargedAh(atV: $0) }
    }
    self.init(voltagesV: grid, ages: curves.map(\.age), dischargedAh: columns)
  }
}

extension FeatureRecord {
  /// The record of a simulated cell of 1 m², for the extractor of measured ones.
  ///
  /// Capacity, mean voltage and energy of each reported age after the fresh state, ten-second resistance, coulombic
  /// efficiency, temperature and discharge curves, all without noise; there are no charge curves. Rows and curves up to
  /// an age do not depend on how much longer the simulation goes on.
  /// - Parameters:
  ///   - run: a trajectory with one set of conditions for all its cycles; with a report at age 1 or later.
  ///   - design: its design.
  public init(simulated run: AgeingTrajectory, of design: CellDesign) {
    let rows = run.ages.indices.filter { run.ages[$0] > 0 && run.arealCapacityAhPerM2[$0] > 0 }
    let capacities = rows.map { run.arealCapacityAhPerM2[$0] }
    let energies = rows.map { run.arealEnergyWhPerM2[$0] }
    let celsius = design.temperatureK - 273.15
    let reference = rows.first.map { run.arealCapacityAhPerM2[$0] / run.capacityRetention[$0] } ?? 1
    self.init(
      series: CycleSeries(
        ages: rows.map { run.ages[$0] }, capacities: capacities,
        columns: [
          "area_resistance_ohm_cm2": rows.map { run.resistances[$0].totalOhmM2 * 1e4 },
          "coulombic_efficiency": rows.map { run.coulombicEfficiency[$0] },
          "cycle_discharging_energy_wh": energies,
          "mean_discharge_voltage_v": zip(energies, capacities).map { $0 / $1 },
          "ambient_temperature_celsius": rows.map { _ in celsius },
        ]), capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: reference,
      discharge: run.curves.isEmpty ? nil : VoltageCurves(simulated: run.curves, of: design),
      curveCRate: design.dischargeCurrentAPerM2 / design.oneCAPerM2,
      upperCutoffV: design.upperCutoffV - design.anode.referenceV,
      endOfChargeCurrentShare: design.chargeEndShare * design.chargeCurrentAPerM2 / design.dischargeCurrentAPerM2,
      anode: design.anode)
  }
}
