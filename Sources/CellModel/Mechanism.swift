/// The degradation mechanisms, named as in switches, tables and reports.
public enum Mechanism: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// Loss of contact between particle and electrolyte.
  case contactLoss = "contact_loss"
  /// Cracks in the cathode particles.
  case cracking
  /// Growth of the cathode | sulfide interphase.
  case cathodeInterphase = "cathode_interphase"
  /// The space-charge layer.
  case spaceCharge = "space_charge"
  /// Oxidation of the sulfide in the catholyte.
  case electrolyteOxidation = "electrolyte_oxidation"
  /// Oxygen loss and rock salt at the particle surface.
  case rockSalt = "rock_salt"
  /// Anode interphase, voids and lithium inventory.
  case anode
  /// The learner's part of a forecast.
  case unexplained

  /// Declaration order.
  public static func < (a: Mechanism, b: Mechanism) -> Bool {
    (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
  }
}

/// How a cell can end.
public enum FailureMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// Capacity at its limit.
  case capacity
  /// Energy at its limit.
  case energy
  /// Resistance at its limit.
  case resistance
  /// Internal short.
  case short
  /// Contact collapse.
  case contact
  /// Lithium inventory exhausted.
  case inventory
  /// Rejected at assembly.
  case assembly
}
