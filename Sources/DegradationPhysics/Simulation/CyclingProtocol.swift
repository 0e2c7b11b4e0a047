/// How a cell is tested: formation once, then blocks carried out in order and repeated until the age asked for.
///
/// What a block does not state is the design's own.
public struct CyclingProtocol: Sendable, Hashable {
  /// One block.
  public enum Block: Sendable, Hashable {
    /// Cycles that age the cell.
    case cycles(Cycles)
    /// A measurement of capacity at its own conditions that does not age the cell.
    case checkUp(CycleConditions)
    /// A rest at open circuit.
    case rest(Rest)
    /// Stack pressure set anew, with a share of the contact fatigue undone.
    case press(Press)
    /// Capacities at several discharge rates [1/h], without ageing.
    case rateTest(rates: [Double])
    /// Exposure to moist air: 1 is the dose that halves the conductivity.
    case moisture(dose: Double)
  }

  /// A run of cycles.
  public struct Cycles: Sendable, Hashable {
    /// Number of cycles, ≥ 1.
    public var count: Int
    /// Conditions.
    public var conditions: CycleConditions

    /// Cycles at conditions; the design's own unless stated.
    public init(_ count: Int, _ conditions: CycleConditions = CycleConditions()) {
      self.count = count
      self.conditions = conditions
    }
  }

  /// A rest.
  public struct Rest: Sendable, Hashable {
    /// Duration [s], > 0.
    public var durationS: Double
    /// Cathode potential held [V against Li]; nil is the design's upper cut-off.
    public var potentialV: Double?
    /// Temperature [K]; nil is the design's own.
    public var temperatureK: Double?

    /// A rest from its parts.
    public init(durationS: Double, potentialV: Double? = nil, temperatureK: Double? = nil) {
      self.durationS = durationS
      self.potentialV = potentialV
      self.temperatureK = temperatureK
    }
  }

  /// A re-pressing.
  public struct Press: Sendable, Hashable {
    /// New stack pressure [Pa]; nil restores the design's own.
    public var pressurePa: Double?
    /// Share of the contact fatigue undone, 0…1 (recovery under large pressure: doi:10.1039/d0ta06985j).
    public var recovery: Double

    /// A re-pressing from its parts.
    public init(pressurePa: Double? = nil, recovery: Double) {
      self.pressurePa = pressurePa
      self.recovery = recovery
    }
  }

  /// Cycles done once at the start; retention counts from their end. Without formation it counts from cycle 1.
  public var formation: Cycles?
  /// The blocks of one turn.
  public var blocks: [Block]

  /// A protocol of blocks.
  public init(_ blocks: [Block], formation: Cycles? = nil) {
    self.blocks = blocks
    self.formation = formation
  }

  /// The design's own cycle, over and over.
  public static let plain = CyclingProtocol([.cycles(Cycles(1_000_000))])

  /// The age from which retention counts [cycles].
  public var referenceAge: Double { Double(formation?.count ?? 1) }
}

/// Conditions of a cycle that differ from the design's own; nil is the design's.
public struct CycleConditions: Sendable, Hashable {
  /// Charge rate [1/h].
  public var chargeCRate: Double?
  /// Discharge rate [1/h].
  public var dischargeCRate: Double?
  /// Upper cut-off [V against Li].
  public var upperCutoffV: Double?
  /// Lower cut-off [V against Li].
  public var lowerCutoffV: Double?
  /// Temperature [K].
  public var temperatureK: Double?
  /// Current left at the end of the constant-voltage charge, as a share; 1 is no hold.
  public var chargeEndShare: Double?
  /// Rest per cycle [s].
  public var restS: Double?

  /// Conditions from their parts.
  public init(
    chargeCRate: Double? = nil, dischargeCRate: Double? = nil, upperCutoffV: Double? = nil,
    lowerCutoffV: Double? = nil, temperatureK: Double? = nil, chargeEndShare: Double? = nil, restS: Double? = nil
  ) {
    self.chargeCRate = chargeCRate
    self.dischargeCRate = dischargeCRate
    self.upperCutoffV = upperCutoffV
    self.lowerCutoffV = lowerCutoffV
    self.temperatureK = temperatureK
    self.chargeEndShare = chargeEndShare
    self.restS = restS
  }

  /// The design under these conditions.
  func applied(to design: CellDesign) -> CellDesign {
    var d = design
    if let chargeCRate { d.chargeCurrentAPerM2 = chargeCRate * design.oneCAPerM2 }
    if let dischargeCRate { d.dischargeCurrentAPerM2 = dischargeCRate * design.oneCAPerM2 }
    d.upperCutoffV = upperCutoffV ?? d.upperCutoffV
    d.lowerCutoffV = lowerCutoffV ?? d.lowerCutoffV
    d.temperatureK = temperatureK ?? d.temperatureK
    d.chargeEndShare = chargeEndShare ?? d.chargeEndShare
    d.restS = restS ?? d.restS
    return d
  }
}

/// A protocol that cannot be carried out.
public struct ProtocolError: Error, Hashable, Sendable {
  /// Number of the block, from 1; 0 is formation.
  public var block: Int
  /// The quantity at fault.
  public var field: String
  /// What was found.
  public var found: String
  /// What is allowed.
  public var allowed: String
}

extension CyclingProtocol {
  /// Checks every block.
  ///
  /// - Throws: `ProtocolError`.
  public func validate() throws(ProtocolError) {
    func check(
      _ value: Double?, _ field: String, _ range: ClosedRange<Double>, _ block: Int
    ) throws(ProtocolError) {
      guard let value, !(value.isFinite && range.contains(value)) else { return }
      throw ProtocolError(
        block: block, field: field, found: "\(value)", allowed: "\(range.lowerBound)…\(range.upperBound)")
    }
    func check(_ c: CycleConditions, _ k: Int) throws(ProtocolError) {
      try check(c.chargeCRate, "charge_c_rate", 1e-4...200, k)
      try check(c.dischargeCRate, "discharge_c_rate", 1e-4...200, k)
      try check(c.upperCutoffV, "upper_cutoff_v", 0...6, k)
      try check(c.lowerCutoffV, "lower_cutoff_v", 0...6, k)
      try check(c.temperatureK, "temperature_k", 213.15...473.15, k)
      try check(c.chargeEndShare, "charge_end_share", 1e-3...1, k)
      try check(c.restS, "rest_s", 0...1e9, k)
      if let upper = c.upperCutoffV, let lower = c.lowerCutoffV, !(upper > lower) {
        throw ProtocolError(
          block: k, field: "upper_cutoff_v", found: "\(upper)", allowed: "above the lower cut-off of \(lower)")
      }
    }
    if let formation {
      try check(Double(formation.count), "count", 1...1e4, 0)
      try check(formation.conditions, 0)
    }
    var ages = false
    for (index, block) in blocks.enumerated() {
      let k = index + 1
      switch block {
      case .cycles(let c):
        try check(Double(c.count), "count", 1...1e7, k)
        try check(c.conditions, k)
        ages = true
      case .checkUp(let c): try check(c, k)
      case .rest(let r):
        try check(r.durationS, "duration_s", 0...1e10, k)
        try check(r.potentialV, "potential_v", 0...6, k)
        try check(r.temperatureK, "temperature_k", 213.15...473.15, k)
      case .press(let p):
        try check(p.pressurePa, "pressure_pa", 0...1e9, k)
        try check(p.recovery, "recovery", 0...1, k)
      case .rateTest(let rates):
        for rate in rates { try check(rate, "rates", 1e-4...200, k) }
      case .moisture(let dose): try check(dose, "dose", 0...1, k)
      }
    }
    if !ages {
      throw ProtocolError(block: blocks.count, field: "blocks", found: "no block of cycles", allowed: "one or more")
    }
  }
}
