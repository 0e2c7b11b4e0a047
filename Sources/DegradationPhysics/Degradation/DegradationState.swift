/// What degradation has changed in a cell. Names are those of the outputs.
public struct DegradationState: Sendable, Hashable, Codable {
  /// Contacted share of the active surface, f.
  public var contactFraction: Double
  /// Contact fatigue, w.
  public var contactFatigue: Double
  /// Connected share of the active material, φ.
  public var percolatedFraction: Double
  /// Crack density 0…1, κ.
  public var crackDensity: Double
  /// Mean cathode interphase thickness [m], δ.
  public var interphaseThicknessM: Double
  /// Space-charge occupation 0…1, S.
  public var spaceCharge: Double
  /// Oxidised share of the catholyte, q.
  public var oxidisedFraction: Double
  /// Rock-salt shell [m].
  public var rockSaltThicknessM: Double
  /// Coating coverage 0…1.
  public var coatingCoverage: Double
  /// Dopant or getter reserve 0…1.
  public var protectionReserve: Double
  /// Anode interphase [m].
  public var anodeInterphaseM: Double
  /// Void share of the anode interface.
  public var voidFraction: Double
  /// Lithium shared by the electrodes [mol·m⁻²].
  public var lithiumMolPerM2: Double
  /// Lithium held in rock salt, anode interphase, isolated particles and dead anode [mol·m⁻²].
  public var trappedLithiumMolPerM2: Double
  /// Lithium donated so far by oxidised electrolyte [mol·m⁻²].
  public var donatedLithiumMolPerM2: Double
  /// Accumulated short hazard.
  public var shortHazard: Double
  /// Stack pressure [Pa].
  public var stackPressurePa: Double
  /// Conductivity left after moisture, 1 dry.
  public var conductivityLeft: Double
  /// Time since assembly [s].
  public var timeS: Double
  /// Charge passed in discharge [Ah·m⁻²].
  public var throughputAhPerM2: Double

  /// The states by their names in outputs, SI.
  public static let paths: [(name: String, path: any KeyPath<DegradationState, Double> & Sendable)] = [
    ("contact_fraction", \.contactFraction), ("contact_fatigue", \.contactFatigue),
    ("percolated_fraction", \.percolatedFraction), ("crack_density", \.crackDensity),
    ("interphase_thickness_m", \.interphaseThicknessM), ("space_charge", \.spaceCharge),
    ("oxidised_electrolyte_fraction", \.oxidisedFraction), ("rock_salt_thickness_m", \.rockSaltThicknessM),
    ("coating_coverage", \.coatingCoverage), ("protection_reserve", \.protectionReserve),
    ("anode_interphase_m", \.anodeInterphaseM), ("void_fraction", \.voidFraction),
    ("lithium_mol_m2", \.lithiumMolPerM2), ("trapped_lithium_mol_m2", \.trappedLithiumMolPerM2),
    ("donated_lithium_mol_m2", \.donatedLithiumMolPerM2), ("short_hazard", \.shortHazard),
    ("stack_pressure_pa", \.stackPressurePa), ("conductivity_left", \.conductivityLeft), ("time_s", \.timeS),
    ("throughput_ah_m2", \.throughputAhPerM2),
  ]

  /// The states under their names.
  public var named: [(name: String, value: Double)] { Self.paths.map { ($0.name, self[keyPath: $0.path]) } }
}
