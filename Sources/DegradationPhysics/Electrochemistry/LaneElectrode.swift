internal import NumericalMethods

/// The tables a running loop looks into.
struct PotentialViews {
  let cathode: TableView
  let graphite: TableView

  /// Runs `body` with views of the half-cell tables.
  static func with<R>(_ body: (PotentialViews) -> R) -> R {
    HalfCell.table.withView { cathode in
      AnodePotential.graphiteTable.withView { body(PotentialViews(cathode: cathode, graphite: $0)) }
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
  /// Lithium shared by both electrodes, and lithium held in isolated particles and rock salt [Ah·m⁻²].
  let lithium, inactive: Lanes
  /// Resistances [Ω·m²]: separator, catholyte, interphase with coating, space charge, anode, electronic and contacts.
  let separator, catholyte, interphase, spaceCharge, anode, electronic: Lanes
  /// Their sum.
  let ohmic: Lanes
  /// 1 / (exchange current × active area × 4) [m²·A⁻¹]; see `kinetics`.
  private let inverseExchange: Lanes
  /// Content shift per current, before the content's own factor [m²·A⁻¹].
  private let shiftPerCurrent: Lanes
  private let thermal: Lanes
  private let lowDiffusion, lowContent, lowWidth: Lanes
  private let anodeOffset, anodeSlope, graphite: Lanes
  private let hasGraphite: Bool
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
    percolated = LaneCell.connected(f, patches: c.patches) * network * (1 - c.isolation * s.cracks)
    let conducting =
      f * percolated * c.currentFollowsContact
      + c.initialContact * c.initialPercolated * (1 - c.currentFollowsContact)
    area = c.geometricArea * LaneMath.max(conducting, Lanes(repeating: 1e-9))
    let shell = LaneMath.min(s.rockSalt * (s.cracks * 2 + 1) / c.radius, Lanes(repeating: 0.9))
    let core = 1 - shell
    rockSaltLoss = 1 - core * core * core
    capacity = c.fullCapacity * percolated * (core * core * core)
    anodeCapacity = c.anodeCapacity
    let total = s.lithium * (PhysicalConstants.faraday / 3600)
    inactive = LaneMath.min(LaneCell.inactiveContent * (c.fullCapacity * c.initialPercolated - capacity), total)
    lithium = total - inactive * c.inventoryFollows
    // Held where no current worth the name passes any more, so that resistance stays a number.
    let blocked = LaneMath.min(s.rockSalt * c.rockSaltKinetic, Lanes(repeating: 30))
    inverseExchange = 0.25 / (c.exchange * LaneMath.exp(-blocked) * area)
    shiftPerCurrent = (c.crackDiffusion * s.cracks + 1) / (c.diffusion * area)
    thermal = c.thermalV
    chargeTransfer = c.thermalV * 4 * inverseExchange
    let open = LaneMath.max(1 - s.oxidised, Lanes(repeating: 1e-3))
    separator = c.separator / s.conductivity
    catholyte = c.catholyte / (s.conductivity * LaneMath.exp(c.oxidationBlocking * LaneMath.log(open)))
    interphase = (c.interphaseResistivity * s.interphase + s.coating * c.coatingResistance) / area
    spaceCharge = c.spaceChargeResistance * s.spaceCharge / area
    anode = (c.anodeResistance + c.anodeResistivity * s.anodeInterphase) / (1 - s.void)
    electronic = c.electronic + c.contactGrowth * LaneMath.squareRoot(s.time)
    ohmic = separator + catholyte + interphase + spaceCharge + anode + electronic
    lowDiffusion = c.lowDiffusion
    lowContent = c.lowContent
    lowWidth = c.lowWidth
    anodeOffset = c.anodeOffset
    anodeSlope = c.anodeSlope
    graphite = c.graphite
    hasGraphite = c.hasGraphite
  }

  /// Ten-second resistance [Ω·m²] at half charge.
  var resistance: Lanes { ohmic + chargeTransfer }

  /// Charge-transfer resistance [Ω·m²] at half charge.
  var chargeTransferResistance: Lanes { chargeTransfer }

  /// Surface minus mean content at a current: pseudo-steady parabolic profile with D ∝ d + (1 − d)/(1 + e^((x − x_k)/w)).
  @inline(__always) func shift(_ i: Lanes, _ x: Lanes) -> Lanes {
    let e = slowing(x)
    return i * shiftPerCurrent * (e + 1) / (lowDiffusion * e + 1)
  }

  /// As `shift`, with its slope in x.
  @inline(__always) private func shiftAndSlope(_ i: Lanes, _ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let e = slowing(x)
    let inverse = 1 / (lowDiffusion * e + 1)
    let scaled: Lanes = i * shiftPerCurrent * inverse
    return (scaled * (e + 1), scaled * inverse * e * (1 - lowDiffusion) * lowWidth)
  }

  @inline(__always) private func slowing(_ x: Lanes) -> Lanes {
    LaneMath.exp(LaneMath.min((x - lowContent) * lowWidth, Lanes(repeating: 60)))
  }

  /// Content above which a charge leaves the slow content near x = 1 behind, so that its voltage falls with x everywhere.
  private static let chargeLimit = 0.8

  /// As `shift`, for a charge.
  @inline(__always) func chargeShift(_ i: Lanes, _ x: Lanes) -> Lanes {
    shift(i, LaneMath.min(x, Lanes(repeating: Self.chargeLimit)))
  }

  /// Kinetic overpotential [V] at a current and surface content: η = 2RT/F asinh(i / (2 a i₀)), i₀ ∝ 2√(x(1 − x)).
  @inline(__always) func overpotential(_ i: Lanes, _ x: Lanes) -> Lanes { kinetics(i, x).value }

  /// The overpotential, and its slope in x.
  ///
  /// With k = i / (4 a i₀(½)) and s = x(1 − x), asinh(k/√s) is half the logarithm of (k + √(k² + s))² / s.
  @inline(__always) private func kinetics(_ i: Lanes, _ x: Lanes) -> (value: Lanes, slope: Lanes) {
    let site = LaneMath.max(x * (1 - x), Lanes(repeating: 1e-6))
    let k: Lanes = i * inverseExchange
    let square: Lanes = k * k + site
    let inverse = LaneMath.inverseRoot(square)
    let sum: Lanes = k + square * inverse
    let perSite = 1 / site
    return (thermal * LaneMath.log(sum * sum * perSite), thermal * k * inverse * (x * 2 - 1) * perSite)
  }

  /// Anode potential [V against Li] at a mean cathode content, and its slope in x.
  @inline(__always) func anodePotential(_ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let range = AnodePotential.range
    let y: Lanes = (lithium - x * capacity) / anodeCapacity
    let content = LaneMath.clamp(y, range.lowerBound, range.upperBound)
    let rise: Lanes = LaneMath.exp(content * (-1 / AnodePotential.emptyWidth)) * AnodePotential.emptyRiseV
    var value: Lanes = anodeOffset + anodeSlope * content + rise
    var slope: Lanes = anodeSlope - rise * (1 / AnodePotential.emptyWidth)
    if hasGraphite {
      let u = views.graphite.lookup(content)
      value += u.value * graphite
      slope += u.slope * graphite
    }
    let inside = y .> range.lowerBound .& y .< range.upperBound
    return (value, (slope * capacity / anodeCapacity * -1).replacing(with: 0, where: .!inside))
  }

  /// Cell voltage in discharge at a mean content, and its slope.
  @inline(__always) func discharge(_ i: Lanes, _ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let move = shiftAndSlope(i, x)
    let surface = x + move.value
    let inside = LaneMath.clamp(surface, 1e-4, 0.9999)
    let u = views.cathode.lookup(inside)
    let eta = kinetics(i, inside)
    let n = anodePotential(x, views)
    let over = LaneMath.max(surface - 0.9999, Lanes()) * 50
    let follows = (u.slope - eta.slope).replacing(with: -50, where: surface .> 0.9999)
    return (u.value - eta.value - i * ohmic - over - n.value, follows * (move.slope + 1) - n.slope)
  }

  /// Cell voltage in charge at a mean content, and its slope.
  @inline(__always) func charge(_ i: Lanes, _ x: Lanes, _ views: PotentialViews) -> (value: Lanes, slope: Lanes) {
    let move = shiftAndSlope(i, LaneMath.min(x, Lanes(repeating: Self.chargeLimit)))
    let follows = move.slope.replacing(with: 0, where: x .> Self.chargeLimit)
    let inside = LaneMath.clamp(x - move.value, 1e-4, 0.9999)
    let u = views.cathode.lookup(inside)
    let eta = kinetics(i, inside)
    let n = anodePotential(x, views)
    return (u.value + eta.value + i * ohmic - n.value, (u.slope + eta.slope) * (1 - follows) - n.slope)
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
      let newton: Lanes = x - excess / slope
      let middle: Lanes = (low + high) * 0.5
      let isHalving = .!(newton .> low .& newton .< high)
      var next = newton.replacing(with: middle, where: isHalving)
      // The first step past an end of the table tries that end.
      next.replace(with: top, where: newton .>= top .& high .>= top)
      next.replace(with: bottom, where: newton .<= bottom .& low .<= bottom)
      let step = next - x
      x.replace(with: next, where: active)
      // A Newton step this small leaves an error of its square; a halving leaves its own.
      let enough = Lanes(repeating: 1e-6).replacing(with: 1e-12, where: isHalving)
      active .&= .!(step .< enough .& step .> -enough)
      if active == LaneMask(repeating: false) { break }
    }
    return x
  }

  /// Capacity [Ah·m⁻²] between end points.
  func capacity(_ ends: EndPoints) -> Lanes { capacity * (ends.discharged - ends.charged) }

  /// Energy of a discharge [Wh·m⁻²], by Gauss–Legendre quadrature on each half of the discharge.
  func energy(_ c: LaneCell, _ ends: EndPoints, _ views: PotentialViews) -> Lanes {
    let half = (ends.discharged - ends.charged) * 0.5
    var mean = Lanes()
    for start in [ends.charged, ends.charged + half] {
      for node in LaneDrive.nodes {
        for at in [node.at, 1 - node.at] {
          mean += discharge(c.dischargeCurrent, start + half * at, views).value * (0.5 * node.weight)
        }
      }
    }
    return LaneMath.max(mean, Lanes()) * capacity(ends)
  }

  /// Whether the anode ends the discharge: it is empty, or its potential moves faster there than the cathode's.
  func isAnodeLimited(_ c: LaneCell, _ ends: EndPoints, _ views: PotentialViews) -> LaneMask {
    let x = ends.discharged
    let isEmpty = (lithium - x * capacity) .<= anodeCapacity * AnodePotential.range.lowerBound
    let cell = discharge(c.dischargeCurrent, x, views).slope
    return isEmpty .| anodePotential(x, views).slope * 2 .> cell * -1
  }
}

/// Mean lithium contents at the end of charge and of discharge.
struct EndPoints {
  var charged = Lanes(repeating: 0.24)
  var discharged = Lanes(repeating: 0.92)

  /// Where a straight line through end points `n` cycles earlier and these leads in `next` cycles.
  func extrapolated(from earlier: EndPoints, _ n: Double, next: Double) -> EndPoints {
    let share = next / n
    return EndPoints(
      charged: charged + (charged - earlier.charged) * share,
      discharged: discharged + (discharged - earlier.discharged) * share)
  }
}
