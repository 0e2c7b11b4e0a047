/// What degradation has changed in a cell. Names are those of the outputs.
public struct DegradationState: Sendable, Hashable, Codable {
  /// Contacted share of the active surface, f.
  public var contactFraction: Double
  /// Contact fatigue, w.
  public var contactFatigue = 0.0
  /// Crack density 0…1, κ.
  public var crackDensity: Double
  /// Mean cathode interphase thickness [m], δ.
  public var interphaseThicknessM: Double
  /// Space-charge occupation 0…1, S.
  public var spaceCharge = 0.0
  /// Oxidised share of the catholyte, q.
  public var oxidisedFraction = 0.0
  /// Rock-salt shell [m].
  public var rockSaltThicknessM = 0.0
  /// Coating coverage 0…1.
  public var coatingCoverage: Double
  /// Anode interphase [m].
  public var anodeInterphaseM = 1e-9
  /// Lithium lost for good, as a share of the first capacity.
  public var inventoryLoss = 0.0
  /// Time cycled [s].
  public var timeS = 0.0

  /// The state of a fresh cell.
  public init(fresh p: SulfideParameters) {
    contactFraction = min(max(p.initialContact, 1e-4), 1)
    crackDensity = min(max(p.initialCrackDensity, 0), 1)
    interphaseThicknessM = p.initialInterphaseM
    coatingCoverage = min(max(p.initialCoverage, 0), 1)
  }
}
