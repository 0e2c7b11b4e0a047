public import CellModel

/// A simulated life at chosen ages.
public struct AgeingTrajectory: Sendable, Hashable {
  /// Ages [cycles]; fewer than asked for when the numerics failed, see `fault`.
  public internal(set) var ages: [Double] = []
  /// Capacity relative to the reference state under the same conditions.
  public internal(set) var capacityRetention: [Double] = []
  /// Discharge capacity [Ah·m⁻²].
  public internal(set) var arealCapacityAhPerM2: [Double] = []
  /// Discharge energy [Wh·m⁻²].
  public internal(set) var arealEnergyWhPerM2: [Double] = []
  /// Ten-second resistance at half charge and its parts.
  public internal(set) var resistances: [ResistanceSplit] = []
  /// Distance of the charge voltage from the upper cut-off, and of the discharge voltage from the lower one, half-way
  /// between the end points of the fresh cell [V].
  public internal(set) var margins: [PolarisationMargin] = []
  /// Coulombic efficiency of the cathode, 1 less the lithium that oxidised sulfide donates in a cycle.
  public internal(set) var coulombicEfficiency: [Double] = []
  /// States at those ages.
  public internal(set) var states: [DegradationState] = []
  /// Loss of retention by mechanism at those ages, when asked for; parts add up to 1 − retention.
  public internal(set) var losses: [MechanismShares] = []
  /// Growth of resistance by mechanism [Ω·m²]; parts add up to R − R of the reference.
  public internal(set) var resistanceGrowth: [MechanismShares] = []
  /// Discharge curves.
  public internal(set) var curves: [SimulatedCurve] = []
  /// Check-ups and rate tests of the protocol.
  public internal(set) var checkUps: [CheckUp] = []
  /// Age at which capacity falls to the limit; nil when it does not within the horizon.
  public internal(set) var life: Double?
  /// First age of each way to fail that was reached, earliest first.
  public internal(set) var failures: [FailureEvent] = []
  /// What went wrong in the numerics; nil for a sound run.
  public internal(set) var fault: SimulationFault?

  init() {}

  /// What ends the life first.
  public var failure: FailureEvent? { failures.first }

  /// The run with its retention, life and failures alone, for keeping many.
  public func withoutStates() -> AgeingTrajectory {
    var out = AgeingTrajectory()
    out.ages = ages
    out.capacityRetention = capacityRetention
    out.life = life
    out.failures = failures
    out.fault = fault
    return out
  }

  /// Ten-second area resistances [Ω·m²].
  public var areaResistanceOhmM2: [Double] { resistances.map(\.totalOhmM2) }

  /// The knee of the reported retention, if there is one.
  public var knee: Double? { Knee.age(ages, capacityRetention) }
}

/// Room left for polarisation [V].
public struct PolarisationMargin: Sendable, Hashable, Codable {
  /// Upper cut-off less the charge voltage.
  public var chargeV: Double
  /// Discharge voltage less the lower cut-off.
  public var dischargeV: Double
}

/// A way to fail and its age.
public struct FailureEvent: Sendable, Hashable, Codable {
  /// The mode.
  public var mode: FailureMode
  /// The age [cycles], interpolated within a step.
  public var age: Double
}

/// A cell whose numerics failed: where.
public struct SimulationFault: Error, Sendable, Hashable, Codable {
  /// Age of the step [cycles].
  public var age: Double
  /// The first state that is not finite.
  public var state: String
}

/// Ten-second resistance per area at half charge, by part [Ω·m²].
public struct ResistanceSplit: Sendable, Hashable, Codable {
  /// Electrolyte separator.
  public var separatorOhmM2: Double
  /// Electrolyte within the cathode.
  public var catholyteOhmM2: Double
  /// Cathode interphase and coating.
  public var interphaseOhmM2: Double
  /// Space-charge layer.
  public var spaceChargeOhmM2: Double
  /// Charge transfer.
  public var chargeTransferOhmM2: Double
  /// Anode and its interphase.
  public var anodeOhmM2: Double
  /// Electronic and other contacts.
  public var electronicOhmM2: Double

  /// The parts by name.
  public static let parts: [(name: String, path: any KeyPath<ResistanceSplit, Double> & Sendable)] = [
    ("separator", \.separatorOhmM2), ("catholyte", \.catholyteOhmM2), ("interphase", \.interphaseOhmM2),
    ("space_charge", \.spaceChargeOhmM2), ("charge_transfer", \.chargeTransferOhmM2), ("anode", \.anodeOhmM2),
    ("electronic", \.electronicOhmM2),
  ]

  /// The sum.
  public var totalOhmM2: Double {
    separatorOhmM2 + catholyteOhmM2 + interphaseOhmM2 + spaceChargeOhmM2 + chargeTransferOhmM2 + anodeOhmM2
      + electronicOhmM2
  }
}

/// A discharge curve.
public struct SimulatedCurve: Sendable, Hashable, Codable {
  /// Age [cycles].
  public var age: Double
  /// Cell voltage [V], falling.
  public var voltageV: [Double]
  /// Capacity passed [Ah·m⁻²], rising from 0.
  public var capacityAhPerM2: [Double]
}

/// A measurement that does not age the cell.
public struct CheckUp: Sendable, Hashable, Codable {
  /// Age [cycles].
  public var age: Double
  /// Discharge current density [A·m⁻²].
  public var dischargeCurrentAPerM2: Double
  /// Capacity [Ah·m⁻²].
  public var arealCapacityAhPerM2: Double
  /// Ten-second resistance [Ω·m²].
  public var areaResistanceOhmM2: Double
  /// Discharge curve at those conditions, when `SimulationRequest.keepsCheckUpCurves`.
  public var curve: SimulatedCurve?
}

/// A quantity by the mechanisms of the physics.
public struct MechanismShares: Sendable, Hashable, Codable {
  /// The mechanisms in the order of `values`.
  public static let mechanisms: [Mechanism] = Mechanism.allCases.filter { $0 != .unexplained }
  /// The parts, in the order of `mechanisms`.
  public var values: [Double]

  /// The part of a mechanism; 0 for `unexplained`.
  public subscript(_ m: Mechanism) -> Double {
    guard let k = Self.mechanisms.firstIndex(of: m) else { return 0 }
    return values[k]
  }

  /// The largest part.
  public var dominant: Mechanism {
    let k = values.indices.max { (values[$0], -$0) < (values[$1], -$1) } ?? 0
    return Self.mechanisms[k]
  }
}
