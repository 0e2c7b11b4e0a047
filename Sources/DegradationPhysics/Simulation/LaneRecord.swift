internal import CellModel
internal import NumericalMethods

/// Collects the reports of eight cells.
struct LaneRecord {
  private var results: [AgeingTrajectory]
  /// Reports made before the reference was known.
  var pending: [(index: Int, conditions: CycleConditions, state: LaneState, ends: EndPoints)] = []
  private(set) var count = 0

  init(count lanes: Int, _ request: SimulationRequest) {
    var empty = AgeingTrajectory()
    let n = request.ages.count
    empty.ages.reserveCapacity(n)
    empty.capacityRetention.reserveCapacity(n)
    empty.arealCapacityAhPerM2.reserveCapacity(n)
    empty.arealEnergyWhPerM2.reserveCapacity(n)
    empty.resistances.reserveCapacity(n)
    empty.states.reserveCapacity(n)
    results = Array(repeating: empty, count: lanes)
  }

  mutating func append(
    _ age: Double, _ s: LaneState, _ e: LaneElectrode, capacity q: Lanes, energy: Lanes, reference: Lanes?,
    margin: (charge: Lanes, discharge: Lanes), efficiency: Lanes, _ watch: LaneWatch
  ) {
    count += 1
    let transfer = e.chargeTransferResistance
    for l in results.indices where watch.isOpen(l) {
      results[l].ages.append(age)
      results[l].arealCapacityAhPerM2.append(q[l])
      results[l].capacityRetention.append(reference.map { $0[l] > 0 ? q[l] / $0[l] : 0 } ?? 0)
      results[l].arealEnergyWhPerM2.append(energy[l])
      results[l].resistances.append(
        ResistanceSplit(
          separatorOhmM2: e.separator[l], catholyteOhmM2: e.catholyte[l], interphaseOhmM2: e.interphase[l],
          spaceChargeOhmM2: e.spaceCharge[l], chargeTransferOhmM2: transfer[l], anodeOhmM2: e.anode[l],
          electronicOhmM2: e.electronic[l]))
      results[l].margins.append(PolarisationMargin(chargeV: margin.charge[l], dischargeV: margin.discharge[l]))
      results[l].coulombicEfficiency.append(efficiency[l])
      results[l].states.append(s.scalar(l, e))
    }
  }

  /// Fills in the retention of an early report once the reference is known.
  mutating func setRetention(_ index: Int, _ reference: Lanes) {
    for l in results.indices where index < results[l].capacityRetention.count {
      results[l].capacityRetention[index] =
        reference[l] > 0 ? results[l].arealCapacityAhPerM2[index] / reference[l] : 0
    }
  }

  mutating func append(_ a: LaneAttribution, _ watch: LaneWatch) {
    for l in results.indices where watch.isOpen(l) {
      results[l].losses.append(MechanismShares(values: a.capacity.map { $0[l] }))
      results[l].resistanceGrowth.append(MechanismShares(values: a.resistance.map { $0[l] }))
    }
  }

  mutating func appendCurve(
    _ age: Double, _ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, points: Int, _ views: PotentialViews,
    _ watch: LaneWatch
  ) {
    for (l, curve) in Self.curves(age, c, e, ends, points: points, views, lanes: open(watch)) {
      results[l].curves.append(curve)
    }
  }

  private func open(_ watch: LaneWatch) -> [Int] { results.indices.filter { watch.isOpen($0) } }

  /// Discharge curves of lanes at even steps of content.
  private static func curves(
    _ age: Double, _ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, points: Int, _ views: PotentialViews,
    lanes: [Int]
  ) -> [(lane: Int, curve: SimulatedCurve)] {
    var voltages = lanes.map { _ in [Double](repeating: 0, count: points) }
    let span = ends.discharged - ends.charged
    for k in 0..<points {
      let v = e.discharge(c.dischargeCurrent, ends.charged + span * (Double(k) / Double(points - 1)), views).value
      for (i, l) in lanes.enumerated() { voltages[i][k] = v[l] }
    }
    let q = e.capacity(ends)
    return lanes.enumerated().map { i, l in
      let step = q[l] / Double(points - 1)
      return (
        l,
        SimulatedCurve(age: age, voltageV: voltages[i], capacityAhPerM2: (0..<points).map { step * Double($0) })
      )
    }
  }

  /// A check-up, with its curves of `curvePoints` points unless that is nil.
  mutating func append(
    checkUp age: Double, _ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, curvePoints: Int?,
    _ views: PotentialViews, _ watch: LaneWatch
  ) {
    let lanes = open(watch)
    let curves = curvePoints.map { Self.curves(age, c, e, ends, points: $0, views, lanes: lanes) }
    let capacity = e.capacity(ends)
    let resistance = e.resistance
    for (i, l) in lanes.enumerated() {
      results[l].checkUps.append(
        CheckUp(
          age: age, dischargeCurrentAPerM2: c.dischargeCurrent[l], arealCapacityAhPerM2: capacity[l],
          areaResistanceOhmM2: resistance[l], curve: curves?[i].curve))
    }
  }

  /// The trajectories with how each cell ended.
  func finished(_ watch: LaneWatch) -> [AgeingTrajectory] {
    results.indices.map { l in
      var r = results[l]
      r.life = watch.lives[l]
      r.failures = watch.failures[l].sorted { ($0.age, $0.mode.rawValue) < ($1.age, $1.mode.rawValue) }
      r.fault = watch.faults[l]
      return r
    }
  }
}
