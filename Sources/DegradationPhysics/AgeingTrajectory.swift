public import CellModel

/// A simulated life at chosen ages.
public struct AgeingTrajectory: Sendable, Hashable {
  /// Ages [cycles], from 1.
  public var ages: [Double] = []
  /// Capacity relative to the first cycle.
  public var capacityRetention: [Double] = []
  /// Capacity [Ah·m⁻²].
  public var arealCapacityAhPerM2: [Double] = []
  /// Ten-second resistance per area [Ω·m²].
  public var areaResistanceOhmM2: [Double] = []
  /// States at those ages.
  public var states: [DegradationState] = []
  /// Loss of retention by mechanism at those ages; empty unless asked for. Parts add up to 1 − retention.
  public var losses: [[Mechanism: Double]] = []
  /// Age at which retention falls to the limit; nil when it does not.
  public var life: Double?
  /// What ends the life first.
  public var failure: (mode: FailureMode, age: Double)? {
    get { failureMode.flatMap { m in failureAge.map { (m, $0) } } }
    set {
      failureMode = newValue?.mode
      failureAge = newValue?.age
    }
  }
  private var failureMode: FailureMode?
  private var failureAge: Double?

  init() {}
}

extension DegradationState {
  /// The states under the names of the outputs, SI.
  public var named: [(name: String, value: Double)] {
    [
      ("contact_fraction", contactFraction), ("contact_fatigue", contactFatigue), ("crack_density", crackDensity),
      ("interphase_thickness_m", interphaseThicknessM), ("space_charge", spaceCharge),
      ("oxidised_electrolyte_fraction", oxidisedFraction), ("rock_salt_thickness_m", rockSaltThicknessM),
      ("coating_coverage", coatingCoverage), ("anode_interphase_m", anodeInterphaseM),
      ("inventory_loss", inventoryLoss), ("time_s", timeS),
    ]
  }
}
