internal import NumericalMethods

/// A loss that grows as a power of an exposure and is advanced exactly under changing conditions.
///
/// y = k·zᵖ at constant rate; a step dz at rate k starts from the equivalent exposure (y/k)^(1/p).
/// - Source: the power states of NREL's BLAST-Lite, there by explicit steps that are singular at y = 0.
public struct PowerState: Sendable, Hashable, Codable {
  /// The loss so far.
  public var value: Double

  /// A state; 0 is fresh.
  public init(_ value: Double = 0) { self.value = value }

  /// Advances by an exposure.
  ///
  /// - Parameters:
  ///   - dz: exposure, ≥ 0.
  ///   - k: rate, ≥ 0.
  ///   - p: exponent, > 0.
  public mutating func advance(by dz: Double, rate k: Double, exponent p: Double) {
    guard k > 0, dz > 0 else { return }
    let equivalent = value > 0 ? _pow(value / k, 1 / p) : 0
    value = k * _pow(equivalent + dz, p)
  }
}

/// What one block of ageing asks of a cell, for the generic law.
public struct GenericStress: Sendable, Hashable, Codable {
  /// Calendar time [d].
  public var days: Double
  /// Throughput [equivalent full cycles].
  public var fullCycles: Double
  /// Temperature [K].
  public var temperatureK: Double
  /// Mean state of charge 0…1.
  public var stateOfCharge: Double
  /// Depth of discharge 0…1.
  public var depth: Double
  /// Charge rate [1/h].
  public var chargeRate: Double

  /// A block from its parts.
  public init(
    days: Double, fullCycles: Double, temperatureK: Double = 298.15, stateOfCharge: Double = 0.5, depth: Double = 1,
    chargeRate: Double = 1
  ) {
    self.days = days
    self.fullCycles = fullCycles
    self.temperatureK = temperatureK
    self.stateOfCharge = stateOfCharge
    self.depth = depth
    self.chargeRate = chargeRate
  }
}

/// The semi-empirical law of cells whose physics is not modelled: calendar and cycle losses as power states, break-in,
/// a second limit that makes the knee, and resistance.
///
/// - Source: forms of K. Smith et al. and NREL's BLAST-Lite; exponents published there: LG M50 0.652 calendar and
///   0.442 cycle, Kokam 75 Ah 0.357 and 0.778.
public struct GenericAgeing: Sendable, Hashable, Codable {
  /// Calendar rate [1/dayᵖ], exponent 0.3…1, activation energy [J·mol⁻¹], sensitivity to state of charge.
  public var calendarRate = 0.0
  /// See `calendarRate`.
  public var calendarExponent = 0.5
  /// See `calendarRate`.
  public var calendarActivationJPerMol = 40e3
  /// See `calendarRate`.
  public var chargeStateFactor = 1.0
  /// Cycle rate [1/EFCᵖ], exponent 0.3…1.5, activation energy above 25 °C [J·mol⁻¹].
  public var cycleRate = 0.0
  /// See `cycleRate`.
  public var cycleExponent = 0.65
  /// See `cycleRate`.
  public var cycleActivationJPerMol = 20e3
  /// Activation energy of the low-temperature branch [J·mol⁻¹]: cycling cold hurts too; 0 for none.
  public var coldActivationJPerMol = 0.0
  /// Exponent of the depth of discharge.
  public var depthExponent = 1.0
  /// Exponential factor of the charge rate.
  public var chargeRateFactor = 0.0
  /// Break-in (loss, or gain when negative), |B| < 0.05, and its scale [EFC].
  public var breakIn = 0.0
  /// See `breakIn`.
  public var breakInScale = 30.0
  /// Age at which the second limit would be used up [EFC] and its steepness 2…10; infinite for no knee.
  public var kneeAge = Double.infinity
  /// See `kneeAge`.
  public var kneeExponent = 4.0
  /// Resistance gains per calendar, cycle and second-limit loss.
  public var resistanceGains = [1.0, 1.0, 1.0]

  /// A cell without losses.
  public init() {}

  /// Retention and relative resistance.
  public struct Point: Sendable, Hashable {
    /// Capacity relative to the start.
    public var retention: Double
    /// Resistance relative to the start.
    public var resistance: Double
  }

  /// Smoothing width of the smaller of two limits.
  static let softness = 0.01

  /// The smaller of two numbers, smoothed: −w·log(e^(−a/w) + e^(−b/w)).
  public static func softMinimum(_ a: Double, _ b: Double, width w: Double) -> Double {
    let low = min(a, b)
    return low - w * _log(1 + _exp(-abs(a - b) / w))
  }

  /// Runs blocks of stress one after the other; the point after each.
  public func run(_ blocks: [GenericStress]) -> [Point] {
    var calendar = PowerState()
    var cycle = PowerState()
    var throughput = 0.0
    return blocks.map { b in
      let calendarNow =
        calendarRate * arrhenius(calendarActivationJPerMol, temperatureK: b.temperatureK)
        * _exp(chargeStateFactor * (b.stateOfCharge - 0.5))
      let cold = coldActivationJPerMol > 0 ? 1 / arrhenius(coldActivationJPerMol, temperatureK: b.temperatureK) : 0
      let warm = arrhenius(cycleActivationJPerMol, temperatureK: b.temperatureK)
      let cycleNow =
        cycleRate * (coldActivationJPerMol > 0 ? 0.5 * (warm + cold) : warm) * _pow(max(b.depth, 1e-3), depthExponent)
        * _exp(chargeRateFactor * (b.chargeRate - 1))
      calendar.advance(by: b.days, rate: calendarNow, exponent: calendarExponent)
      cycle.advance(by: b.fullCycles, rate: cycleNow, exponent: cycleExponent)
      throughput += b.fullCycles
      return point(calendar.value, cycle.value, throughput)
    }
  }

  private func point(_ calendar: Double, _ cycle: Double, _ throughput: Double) -> Point {
    let lithium = 1 - calendar - cycle - breakIn * (1 - _exp(-throughput / breakInScale))
    let second = kneeAge.isFinite ? 1.01 - _pow(throughput / kneeAge, kneeExponent) : .infinity
    let retention = second.isFinite ? Self.softMinimum(lithium, second, width: Self.softness) : lithium
    let sites = second.isFinite ? max(0, 1.01 - second) : 0
    return Point(
      retention: retention,
      resistance: 1 + resistanceGains[0] * calendar + resistanceGains[1] * cycle + resistanceGains[2] * sites)
  }

  /// Retention at ages under constant conditions, age in equivalent full cycles.
  public func retention(at ages: [Double]) -> [Double] {
    ages.map { age in
      let cycle = cycleRate > 0 && age > 0 ? cycleRate * _pow(age, cycleExponent) : 0
      return point(0, cycle, max(age, 0)).retention
    }
  }
}
