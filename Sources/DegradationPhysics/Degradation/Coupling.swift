/// The arrows of the coupling diagram that can be switched off, one by one, to measure what each is worth.
public enum Coupling: String, Sendable, Hashable, Codable, CaseIterable {
  /// Interphase products stress the contact: interphase thickness → contact fatigue.
  case interphaseToContact = "interphase_to_contact"
  /// Lost contact crowds the current: contact → local current → polarisation and fatigue.
  case contactToCurrent = "contact_to_current"
  /// Fatigue widens the gap that breathing opens.
  case fatigueToGap = "fatigue_to_gap"
  /// Polarisation raises the potential the interphase sees.
  case polarisationToChemistry = "polarisation_to_chemistry"
  /// Cracks bare fresh surface to interphase and rock salt.
  case cracksToSurface = "cracks_to_surface"
  /// Cracks lengthen the diffusion paths.
  case cracksToDiffusion = "cracks_to_diffusion"
  /// Cracks isolate active material.
  case cracksToIsolation = "cracks_to_isolation"
  /// Concentration gradients drive cracks.
  case diffusionToCracks = "diffusion_to_cracks"
  /// Released oxygen oxidises the sulfide.
  case oxygenToOxidation = "oxygen_to_oxidation"
  /// Oxidised sulfide blocks the catholyte.
  case oxidationToConduction = "oxidation_to_conduction"
  /// Rock salt slows the charge transfer.
  case rockSaltToKinetics = "rock_salt_to_kinetics"
  /// Strain and oxidation wear the coating.
  case wearToCoating = "wear_to_coating"
  /// Oxidised sulfur heals contacts on deep discharge.
  case oxidationToHealing = "oxidation_to_healing"
  /// Lithium donated or trapped by side reactions shifts the electrode balance.
  case sideReactionsToInventory = "side_reactions_to_inventory"
}
