internal import CellModel
internal import NumericalMethods

/// Eight cells on their way through a protocol.
///
/// Heun's method on closed-form updates: rates at the start of a step, a predicted end, rates there, and the step
/// again with the mean. Lanes never meet, so a cell's numbers do not depend on its neighbours.
struct LaneRun {
  let cells: ArraySlice<SulfideCell>
  let request: SimulationRequest
  let views: PotentialViews
  private let horizon: Double
  /// Ages that a step must not pass.
  private let landings: [Double]

  private(set) var age = 0.0
  private(set) var state: LaneState
  private(set) var ends = EndPoints()
  /// State from which retention counts; the present one until it is reached.
  private(set) var reference: LaneState
  private var isPastReference = false
  private var cellsByConditions: [CycleConditions: LaneCell] = [:]
  private var blocks: [CycleConditions: LaneBlock] = [:]
  private var nextAge = 0
  private var nextCurve = 0
  private var nextLanding = 0
  private var record: LaneRecord
  private var watch: LaneWatch

  /// One to eight cells; missing lanes repeat the last.
  init(_ cells: ArraySlice<SulfideCell>, _ request: SimulationRequest, _ views: PotentialViews) {
    self.cells = cells
    self.request = request
    self.views = views
    let plain = LaneCell(cells, CycleConditions(), without: request.without)
    state = LaneState(fresh: plain)
    reference = state
    horizon = max(request.horizon, request.ages.last ?? 0, request.curveAges.last ?? 0, request.cycling.referenceAge)
    landings = (request.ages + request.curveAges + [request.cycling.referenceAge, horizon]).filter { $0 > 0 }.sorted()
    record = LaneRecord(count: cells.count, request)
    watch = LaneWatch(cells, request)
  }

  /// Runs the protocol to the horizon.
  mutating func run() -> [AgeingTrajectory] {
    if let formation = request.cycling.formation { cycle(formation) }
    while !isDone {
      for block in request.cycling.blocks where !isDone {
        switch block {
        case .cycles(let cycles):
          cycle(cycles)
        case .checkUp(let conditions): measure(conditions)
        case .rateTest(let rates):
          for rate in rates { measure(CycleConditions(dischargeCRate: rate)) }
        case .rest(let rest): self.rest(rest)
        case .press(let press): self.press(press)
        case .moisture(let dose): expose(dose)
        }
      }
    }
    return record.finished(watch)
  }

  private var isDone: Bool {
    age >= horizon - 1e-9 && isPastReference || watch.allDead || stopsAtEndOfLife && watch.allEnded
  }

  /// Whether all that is still wanted of a cell is the end of its life.
  private var stopsAtEndOfLife: Bool {
    request.stopsAtEndOfLife && isPastReference && nextAge == request.ages.count
      && nextCurve == request.curveAges.count
  }

  /// Cycles at one set of conditions, up to their number or the horizon.
  private mutating func cycle(_ cycles: CyclingProtocol.Cycles) {
    let end = age + Double(cycles.count)
    let c = cell(cycles.conditions)
    var b: LaneBlock?
    var last: (ends: EndPoints, cycles: Double)?
    while true {
      let e = LaneElectrode(c, state)
      ends = e.endPoints(c, from: ends, views)
      let q = e.capacity(ends)
      if !isPastReference, age >= request.cycling.referenceAge - 1e-9 {
        setReference(cycles.conditions, LaneBlock(c, e, ends, views))
      }
      if isPastReference, b == nil { b = block(cycles.conditions) }
      let drive = LaneDrive(c, e, ends, capacity: q, views)
      let rates = LaneRates(c, state, e, drive, capacity: q, current: c.dischargeCurrent)
      observe(c, cycles.conditions, e, q, rates, b)
      if isDone || age >= end - 1e-9 { return }
      let n = stepLength(end)
      let predicted = rates.advance(state, c, cycles: n, time: rates.cycleS * n)
      let later = LaneElectrode(c, predicted)
      let near = last.map { ends.extrapolated(from: $0.ends, $0.cycles, next: n) } ?? ends
      let laterEnds = later.endPoints(c, from: near, views)
      let laterCapacity = later.capacity(laterEnds)
      let laterDrive = LaneDrive(c, later, laterEnds, capacity: laterCapacity, views)
      let mean = rates.averaged(
        with: LaneRates(c, predicted, later, laterDrive, capacity: laterCapacity, current: c.dischargeCurrent))
      state = mean.advance(state, c, cycles: n, time: mean.cycleS * n)
      age = age + n >= end - 1e-9 ? end : age + n
      last = (ends, n)
      ends = laterEnds
    }
  }

  private mutating func cell(_ conditions: CycleConditions) -> LaneCell {
    if let found = cellsByConditions[conditions] { return found }
    let made = LaneCell(cells, conditions, without: request.without)
    cellsByConditions[conditions] = made
    return made
  }

  /// Cycles of the next step: never past the block, a requested age or the horizon.
  private mutating func stepLength(_ end: Double) -> Double {
    while nextLanding < landings.count, landings[nextLanding] <= age + 1e-9 { nextLanding += 1 }
    let room = nextLanding < landings.count ? min(landings[nextLanding], end) - age : end - age
    return min(request.step(at: age), room)
  }

  private mutating func setReference(_ conditions: CycleConditions, _ present: LaneBlock) {
    reference = state
    blocks = [conditions: present]
    isPastReference = true
    for early in record.pending {
      let b = block(early.conditions)
      let c = cell(early.conditions)
      record.setRetention(early.index, b.capacity)
      if request.attribution {
        record.append(
          LaneAttribution(c, reference: reference, aged: early.state, ends: early.ends, b, views), watch)
      }
    }
    record.pending = []
  }

  /// What the reference state gives under a set of conditions.
  private mutating func block(_ conditions: CycleConditions) -> LaneBlock {
    if let found = blocks[conditions] { return found }
    let c = cell(conditions)
    let e = LaneElectrode(c, reference)
    let at = e.endPoints(c, from: EndPoints(), views)
    let made = LaneBlock(c, e, at, views)
    blocks[conditions] = made
    return made
  }

  /// Reports what was asked for at this age and watches for the end.
  private mutating func observe(
    _ c: LaneCell, _ conditions: CycleConditions, _ e: LaneElectrode, _ q: Lanes, _ rates: LaneRates, _ b: LaneBlock?
  ) {
    watch.check(at: age, state, e, capacity: q)
    if let b {
      let energy = request.energyLimit == nil ? b.energy : e.energy(c, ends, views)
      watch.look(at: age, state, c, e, ends, capacity: q, energy: energy, reference: b, views)
    }
    while nextAge < request.ages.count, age >= request.ages[nextAge] - 1e-9 {
      nextAge += 1
      if b == nil { record.pending.append((record.count, conditions, state, ends)) }
      let middle = b?.middle ?? (ends.charged + ends.discharged) * 0.5
      let donated = rates.oxidationPerS * rates.cycleS * (1 - state.oxidised) * c.donatedPerOxidised
      let efficiency = 1 - donated * (PhysicalConstants.faraday / 3600) / LaneMath.max(q, Lanes(repeating: 1e-9))
      record.append(
        age, state, e, capacity: q, energy: e.energy(c, ends, views), reference: b?.capacity,
        margin: (
          c.upperCell - e.charge(c.chargeCurrent, middle, views).value,
          e.discharge(c.dischargeCurrent, middle, views).value - c.lowerCell
        ), efficiency: LaneMath.clamp(efficiency, 0, 1), watch)
      if request.attribution, let b {
        record.append(LaneAttribution(c, reference: reference, aged: state, ends: ends, b, views), watch)
      }
    }
    while nextCurve < request.curveAges.count, age >= request.curveAges[nextCurve] - 1e-9 {
      nextCurve += 1
      record.appendCurve(age, c, e, ends, points: request.curvePoints, views, watch)
    }
    if stopsAtEndOfLife { watch.closeEnded() }
  }

  /// A measurement that leaves the cell as it is.
  private mutating func measure(_ conditions: CycleConditions) {
    let c = LaneCell(cells, conditions, without: request.without)
    let e = LaneElectrode(c, state)
    record.append(
      checkUp: age, c, e, e.endPoints(c, from: ends, views),
      curvePoints: request.keepsCheckUpCurves ? request.curvePoints : nil, views, watch)
  }

  /// A rest at open circuit: chemistry alone, at the potential and temperature of the rest.
  private mutating func rest(_ rest: CyclingProtocol.Rest) {
    let c = LaneCell(cells, CycleConditions(temperatureK: rest.temperatureK), without: request.without)
    let potential = rest.potentialV.map { Lanes(repeating: $0) } ?? c.upperLi
    var content = Lanes()
    for l in 0..<Lanes.scalarCount { content[l] = HalfCell.lithiumContent(potentialV: potential[l]) }
    let drive = LaneDrive(c, restingAt: potential, content: content)
    // Growth laws are exact at constant drive. What couples them slows as the root of time: parts grow to match.
    let parts = 16
    for part in 0..<parts {
      let t = Lanes(repeating: rest.durationS * Double(2 * part + 1) / Double(parts * parts))
      let rates = LaneRates(c, state, LaneElectrode(c, state), drive, capacity: Lanes(), current: Lanes())
      let predicted = rates.advance(state, c, cycles: 0, time: t)
      let later = LaneRates(c, predicted, LaneElectrode(c, predicted), drive, capacity: Lanes(), current: Lanes())
      state = rates.averaged(with: later).advance(state, c, cycles: 0, time: t)
    }
  }

  /// Sets the stack pressure anew and undoes a share of the fatigue.
  ///
  /// - Source: recovery under large pressure: doi:10.1039/d0ta06985j.
  private mutating func press(_ press: CyclingProtocol.Press) {
    state.setPressure =
      press.pressurePa.map { Lanes(repeating: max($0, LaneCell.leastPressure)) } ?? cell(CycleConditions()).pressure
    state.pressure = state.setPressure
    state.fatigue *= 1 - press.recovery
  }

  /// Moist air: conductivity, contact and cathode surface suffer in proportion to the dose.
  ///
  /// - Source: H₂S and rock salt at the cathode: doi:10.1002/cssc.202501033 [73–76]; sizes assumed.
  private mutating func expose(_ dose: Double) {
    let c = cell(CycleConditions())
    let effect = LaneMath.clamp(c.moisture * dose, 0, 2)
    state.conductivity *= 1 - LaneMath.min(effect * 0.5, Lanes(repeating: 0.95))
    state.rockSalt = LaneMath.min(state.rockSalt + effect * 2e-9, c.radius * 0.9)
    // Counted as fatigue: shake-down would win back a loss of the contact itself within a few cycles.
    let lost = LaneMath.min(effect * 0.1, Lanes(repeating: 0.5))
    let worn = LaneMath.power(state.fatigue, c.contactShape) - LaneMath.log(1 - lost)
    state.fatigue = LaneMath.power(worn, 1 / c.contactShape)
  }
}

/// What the reference state gives under a set of conditions.
struct LaneBlock {
  /// Capacity [Ah·m⁻²], energy [Wh·m⁻²], resistance [Ω·m²].
  let capacity, energy, resistance: Lanes
  /// Content half-way between the end points.
  let middle: Lanes

  init(_ c: LaneCell, _ e: LaneElectrode, _ ends: EndPoints, _ views: PotentialViews) {
    capacity = e.capacity(ends)
    energy = e.energy(c, ends, views)
    resistance = e.resistance
    middle = (ends.charged + ends.discharged) * 0.5
  }
}
