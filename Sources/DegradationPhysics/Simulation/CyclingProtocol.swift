/// How a cell is tested: blocks carried out in order, repeated until the cycles asked for are done.
///
/// What a block does not state is the design's own.
public struct CyclingProtocol: Sendable, Hashable, Codable {
  /// One block.
  public enum Block: Sendable, Hashable, Codable {
    /// Cycles that age the cell.
    case cycles(Cycles)
    /// A measurement of capacity at its own conditions that does not age the cell.
    case checkUp(CycleConditions)
    /// A rest at open circuit.
    case rest(Rest)
    /// Stack pressure set anew, with a share of the contact fatigue undone.
    case press(Press)
    /// Capacities at several discharge rates [C on the design's own rate basis], without ageing.
    case rateTest(rates: [Double])
    /// Exposure to moist air: 1 is the dose that halves the conductivity.
    case moisture(dose: Double)
  }

  /// A run of cycles.
  public struct Cycles: Sendable, Hashable, Codable {
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
  public struct Rest: Sendable, Hashable, Codable {
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
  public struct Press: Sendable, Hashable, Codable {
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

  /// The blocks of one turn.
  public var blocks: [Block]

  /// A protocol of blocks.
  public init(_ blocks: [Block]) { self.blocks = blocks }

  /// The design's own cycle, over and over.
  public static let plain = CyclingProtocol([.cycles(Cycles(1_000_000))])
}

/// Conditions of a cycle that differ from the design's own; nil is the design's.
public struct CycleConditions: Sendable, Hashable, Codable {
  /// Charge rate relative to the design's.
  public var chargeRateFactor: Double?
  /// Discharge rate relative to the design's.
  public var dischargeRateFactor: Double?
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
    chargeRateFactor: Double? = nil, dischargeRateFactor: Double? = nil, upperCutoffV: Double? = nil,
    lowerCutoffV: Double? = nil, temperatureK: Double? = nil, chargeEndShare: Double? = nil, restS: Double? = nil
  ) {
    self.chargeRateFactor = chargeRateFactor
    self.dischargeRateFactor = dischargeRateFactor
    self.upperCutoffV = upperCutoffV
    self.lowerCutoffV = lowerCutoffV
    self.temperatureK = temperatureK
    self.chargeEndShare = chargeEndShare
    self.restS = restS
  }

  /// The design under these conditions.
  func applied(to design: CellDesign) -> CellDesign {
    var d = design
    d.chargeCurrentAPerM2 *= chargeRateFactor ?? 1
    d.dischargeCurrentAPerM2 *= dischargeRateFactor ?? 1
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
  /// Number of the block, from 1.
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
    var ages = false
    for (k, block) in blocks.enumerated() {
      func check(_ value: Double?, _ field: String, _ range: ClosedRange<Double>) throws(ProtocolError) {
        guard let value, !(value.isFinite && range.contains(value)) else { return }
        throw ProtocolError(
          block: k + 1, field: field, found: "\(value)", allowed: "\(range.lowerBound)…\(range.upperBound)")
      }
      func check(_ c: CycleConditions) throws(ProtocolError) {
        try check(c.chargeRateFactor, "charge_rate_factor", 1e-4...1e4)
        try check(c.dischargeRateFactor, "discharge_rate_factor", 1e-4...1e4)
        try check(c.upperCutoffV, "upper_cutoff_v", 0...6)
        try check(c.lowerCutoffV, "lower_cutoff_v", 0...6)
        try check(c.temperatureK, "temperature_k", 213.15...473.15)
        try check(c.chargeEndShare, "charge_end_share", 1e-3...1)
        try check(c.restS, "rest_s", 0...1e9)
      }
      switch block {
      case .cycles(let c):
        try check(Double(c.count), "count", 1...1e7)
        try check(c.conditions)
        ages = true
      case .checkUp(let c): try check(c)
      case .rest(let r):
        try check(r.durationS, "duration_s", 0...1e10)
        try check(r.potentialV, "potential_v", 0...6)
        try check(r.temperatureK, "temperature_k", 213.15...473.15)
      case .press(let p):
        try check(p.pressurePa, "pressure_pa", 0...1e9)
        try check(p.recovery, "recovery", 0...1)
      case .rateTest(let rates):
        for rate in rates { try check(rate, "rates", 1e-4...200) }
      case .moisture(let dose): try check(dose, "dose", 0...1)
      }
    }
    if !ages {
      throw ProtocolError(block: blocks.count, field: "blocks", found: "no block of cycles", allowed: "one or more")
    }
  }
}
