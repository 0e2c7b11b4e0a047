internal import NumericalMethods

/// The tables a running loop looks into.
struct PotentialViews {
  let cathode: TableView
  let anodes: TableView

  /// Runs `body` with views of the half-cell tables.
  static func with<R>(_ body: (PotentialViews) -> R) -> R {
    HalfCell.table.pairs.withUnsafeBufferPointer { cathode in
      AnodePotential.stack.withUnsafeBufferPointer { anodes in
        guard let c = cathode.baseAddress, let a = anodes.baseAddress else { preconditionFailure("tables are empty") }
        return body(
          PotentialViews(
            cathode: TableView(base: c, low: HalfCell.range.lowerBound, high: HalfCell.range.upperBound),
            anodes: TableView(base: a, low: AnodePotential.range.lowerBound, high: AnodePotential.range.upperBound)))
      }
    }
  }
}

/// The quasi-static cell at one state: polarisation, end points of charge and discharge, capacity, resistance.
struct LaneElectrode {
  /// Contacted fraction f, connected fraction φ, share lost to rock salt.
  let contact, percolated, rockSaltLoss: Lanes
  /// Electrochemically active area per electrode area.
  let area: Lanes
  /// Capacity of the connected cathode per unit of lithium content, and of the anode [Ah·m⁻²].
  let capacity, anodeCapacity: Lanes
  /// Lithium shared by both electrodes [Ah·m⁻²].
  let lithium: Lanes
  /// Resistances [Ω·m²]: separator, catholyte, interphase with coating, space charge, anode, electronic and contacts.
  let separator, catholyte, interphase, spaceCharge, anode, electronic: Lanes
  /// Their sum.
  let ohmic: Lanes
  /// Exchange current × active area × 4 [A·m⁻²]; see `overpotential`.
  private let exchange: Lanes
  /// Content shift per current, before the content's own factor [m²·A⁻¹].
  private let shiftPerCurrent: Lanes
  private let thermal2: Lanes
  private let lowDiffusion, lowContent, lowWidth: Lanes
  private let anodeTable: SIMD8<Int>
  private let chargeTransfer: Lanes

  init(_ c: LaneCell, _ s: LaneState) {
    let f = LaneMath.clamp(s.contact * LaneMath.exp(-LaneMath.power(s.fatigue, c.contactShape)), 1e-4, 1)
    contact = f
    let share = f / c.initialContact
    // Below a share of the first contact the network falls apart; at 1 the gate is open.
    let gate =
      (LaneMath.exp((c.threshold - 1) * c.thresholdWidth) + 1)
      / (LaneMath.exp((c.threshold - share) * c.thresholdWidth) + 1)
    let network = LaneMath.min(gate, Lanes(repeating: 1)).replacing(with: 1, where: c.threshold .<= 0)
    let patches = 1 - LaneMath.exp(c.patches * LaneMath.log(1 - LaneMath.min(f, Lanes(repeating: 1 - 1e-15))))
    percolated = patches * network * (1 - c.isolation * s.cracks)
    let first = 1 - LaneMath.exp(c.patches * LaneMath.log(1 - LaneMath.min(c.initialContact, Lanes(repeating: 1 - 1e-15))))
    let connected = f * percolated
    let conducting = connected * c.currentFollowsContact + c.initialContact * first * (1 - c.currentFollowsContact)
    area = c.geometricArea * LaneMath.max(conducting, Lanes(repeating: 1e-9))
    let shell = LaneMath.min(s.rockSalt * (s.cracks * 2 + 1) / c.radius, Lanes(repeating: 0.9))
    let core = 1 - shell
    rockSaltLoss = 1 - core * core * core
    capacity = c.fullCapacity * percolated * (core * core * core)
    anodeCapacity = c.anodeCapacity
    lithium = s.lithium * (PhysicalConstants.faraday / 3600)
    exchange = c.exchange * LaneMath.exp(-s.rockSalt * c.rockSaltKinetic) * area * 4
    shiftPerCurrent = (c.crackDiffusion * s.cracks + 1) / (c.diffusion * area)
    thermal2 = c.thermalV * 2
    chargeTransfer = c.thermalV * 4 / exchange
    let open = LaneMath.max(1 - s.oxidised, Lanes(repeating: 1e-3))
    separator = c.separator / s.conductivity
    catholyte = c.catholyte / (s.conductivity * LaneMath.exp(c.oxidationBlocking * LaneMath.log(open)))
    interphase = (c.interphaseResistivity * s.interphase + s.coating * c.coatingResistance) / area
    spaceCharge = c.spaceChargeResistance * s.spaceCharge / area
    anode = (c.anodeResistance + c.anodeResistivity * s.anodeInterphase) / (1 - s.void)
    electronic = c.electronic + c.contactGrowth * s.time.squareRoot()
    ohmic = separator + catholyte + interphase + spaceCharge + anode + electronic
    lowDiffusion = c.lowDiffusion
    lowContent = c.lowContent
    lowWidth = c.lowWidth
    anodeTable = c.anodeTable
  }

  /// Ten-second resistance [Ω·m²] at half charge.
  var resistance: Lanes { ohmic + chargeTransfer }

  /// Charge-transfer resistance [Ω·m²] at half charge.
  var chargeTransferResistance: Lanes { chargeTransfer }

  /// Surface minus mean content at a current (pseudo-steady parabolic profile) and its slope in x.
  @inline(__always) func shift(_ i: Lanes, _ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let e = LaneMath.exp(LaneMath.clamp((x - lowContent) * lowWidth, -60, 60))
    let open = 1 / (e + 1)
    let factor = lowDiffusion + (1 - lowDiffusion) * open
    let value = i * shiftPerCurrent / factor
    return (value, value / factor * (1 - lowDiffusion) * lowWidth * e * open * open)
  }

  /// Kinetic overpotential [V] at a current and surface content, and its slope.
  ///
  /// η = 2RT/F asinh(i / (2 a i₀)), i₀ ∝ 2√(x(1 − x)).
  @inline(__always) func overpotential(_ i: Lanes, _ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let site = LaneMath.max(x * (1 - x), Lanes(repeating: 1e-6))
    let u = i / (exchange * site.squareRoot())
    let root = (u * u + 1).squareRoot()
    let slope = thermal2 * u / root * (x * 2 - 1) / (site * 2)
    return (thermal2 * LaneMath.log(u + root), slope)
  }

  /// Anode potential [V against Li] at a mean cathode content, and its slope in x.
  @inline(__always) func anodePotential(_ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let y = (lithium - x * capacity) / anodeCapacity
    let u = views.anodes.lookup(y, offset: anodeTable)
    let inside = y .> views.anodes.low .& y .< views.anodes.high
    return (u.value, (u.slope * capacity / anodeCapacity * -1).replacing(with: 0, where: .!inside))
  }

  /// Cell voltage in discharge at a mean content, and its slope.
  @inline(__always) func discharge(_ i: Lanes, _ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let move = shift(i, x)
    let surface = x + move.value
    let inside = LaneMath.clamp(surface, 1e-4, 0.9999)
    let u = views.cathode.lookup(inside)
    let eta = overpotential(i, inside)
    let n = anodePotential(x, views)
    let over = LaneMath.max(surface - 0.9999, Lanes()) * 50
    let follows = (u.slope - eta.slope).replacing(with: -50, where: surface .> 0.9999)
    return (u.value - eta.value - i * ohmic - over - n.value, follows * (move.slope + 1) - n.slope)
  }

  /// Cell voltage in charge at a mean content, and its slope.
  @inline(__always) func charge(_ i: Lanes, _ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let move = shift(i, x)
    let inside = LaneMath.clamp(x - move.value, 1e-4, 0.9999)
    let u = views.cathode.lookup(inside)
    let eta = overpotential(i, inside)
    let n = anodePotential(x, views)
    return (u.value + eta.value + i * ohmic - n.value, (u.slope + eta.slope) * (1 - move.slope) - n.slope)
  }

  /// Mean contents at the end of charge and of discharge; the second is never below the first.
  ///
  /// - Parameter start: the end points of a nearby state, to begin from.
  func endPoints(_ c: LaneCell, from start: EndPoints, _ views: PotentialViews) -> EndPoints {
    let charged = Self.solve(c.upperCell, from: start.charged) { charge(c.endCurrent, $0, views) }
    let discharged = Self.solve(c.lowerCell, from: start.discharged) { discharge(c.dischargeCurrent, $0, views) }
    return EndPoints(charged: charged, discharged: LaneMath.max(charged, discharged))
  }

  /// Where a voltage that falls with x passes its target: safeguarded Newton, each lane frozen once it has converged.
  ///
  /// A voltage above the target everywhere gives the upper end of the table, one below it the lower end.
  @inline(__always) private static func solve(
    _ target: Lanes, from start: Lanes, _ voltage: (Lanes) -> (value: Lanes, slope: Lanes)
  ) -> Lanes {
    let bottom = HalfCell.range.lowerBound
    let top = HalfCell.range.upperBound
    var low = Lanes(repeating: bottom)
    var high = Lanes(repeating: top)
    var x = LaneMath.clamp(start, bottom, top)
    var active = LaneMask(repeating: true)
    for _ in 0..<60 {
      let (v, slope) = voltage(x)
      let excess = v - target
      let above = excess .> 0
      low.replace(with: x, where: active .& above)
      high.replace(with: x, where: active .& .!above)
      active .&= .!((above .& x .>= top) .| (.!above .& x .<= bottom))
      let newton = x - excess / slope
      let middle = (low + high) * 0.5
      var next = newton.replacing(with: middle, where: .!(newton .> low .& newton .< high))
      // The first step past an end of the table tries that end.
      next.replace(with: top, where: newton .>= top .& high .>= top)
      next.replace(with: bottom, where: newton .<= bottom .& low .<= bottom)
      let step = next - x
      x.replace(with: next, where: active)
      active .&= .!(step .< 1e-10 .& step .> -1e-10)
      if active == LaneMask(repeating: false) { break }
    }
    return x
  }

  /// Capacity [Ah·m⁻²] between end points.
  func capacity(_ ends: EndPoints) -> Lanes { capacity * (ends.discharged - ends.charged) }
}

/// Mean lithium contents at the end of charge and of discharge.
struct EndPoints {
  var charged = Lanes(repeating: 0.24)
  var discharged = Lanes(repeating: 0.92)
}
