internal import NumericalMethods

/// Degradation states of eight cells.
struct LaneState {
  /// Bounds that keep the cell computable: a share of electrolyte and of anode contact always remains (assumed).
  static let mostOxidised = 0.999
  static let mostVoid = 0.98

  /// Contact that shake-down has left, before fatigue.
  var contact = Lanes()
  var fatigue = Lanes()
  var cracks = Lanes()
  var interphase = Lanes()
  var spaceCharge = Lanes()
  var oxidised = Lanes()
  var rockSalt = Lanes()
  var coating = Lanes()
  var reserve = Lanes()
  var anodeInterphase = Lanes()
  var void = Lanes()
  var lithium = Lanes()
  var trapped = Lanes()
  var donated = Lanes()
  var hazard = Lanes()
  var pressure = Lanes()
  /// Pressure that was last set, from which it drifts.
  var setPressure = Lanes()
  var conductivity = Lanes(repeating: 1)
  var time = Lanes()
  var throughput = Lanes()

  /// Fresh cells.
  init(fresh c: LaneCell) {
    contact = LaneMath.clamp(c.initialContact, 1e-4, 1)
    cracks = LaneMath.clamp(c.initialCracks, 0, 1 - 1e-9)
    interphase = c.initialInterphase
    coating = LaneMath.clamp(c.initialCoverage, 0, 1)
    reserve = LaneMath.clamp(c.initialReserve, 0, 1)
    anodeInterphase = Lanes(repeating: 1e-9)
    pressure = c.pressure
    setPressure = c.pressure
    let ampereHours =
      c.fullCapacity * c.initialPercolated * LaneCell.fullLithium + c.anodeCapacity * c.anodeContent
    lithium = ampereHours * (3600 / PhysicalConstants.faraday)
  }

  /// The states of one lane.
  func scalar(_ l: Int, _ e: LaneElectrode) -> DegradationState {
    // Again held to what there is: converting back may round up.
    let inactive = LaneMath.min(e.inactive * (3600 / PhysicalConstants.faraday), lithium)
    return DegradationState(
      contactFraction: e.contact[l], contactFatigue: fatigue[l], percolatedFraction: e.percolated[l],
      crackDensity: cracks[l], interphaseThicknessM: interphase[l], spaceCharge: spaceCharge[l],
      oxidisedFraction: oxidised[l], rockSaltThicknessM: rockSalt[l], coatingCoverage: coating[l],
      protectionReserve: reserve[l], anodeInterphaseM: anodeInterphase[l], voidFraction: void[l],
      lithiumMolPerM2: lithium[l] - inactive[l], trappedLithiumMolPerM2: trapped[l] + inactive[l],
      donatedLithiumMolPerM2: donated[l],
      shortHazard: hazard[l], stackPressurePa: pressure[l], conductivityLeft: conductivity[l], timeS: time[l],
      throughputAhPerM2: throughput[l])
  }

  /// Finite when every state is.
  var probe: Lanes {
    let a = contact + fatigue + cracks + interphase + spaceCharge + oxidised + rockSalt + coating
    return a + reserve + anodeInterphase + void + lithium + hazard * 1e-30 + pressure + time
  }

  /// The first state of a lane that is not finite.
  func faulty(_ l: Int) -> String? {
    let values: [(String, Lanes)] = [
      ("contact", contact), ("contact_fatigue", fatigue), ("crack_density", cracks),
      ("interphase_thickness_m", interphase), ("space_charge", spaceCharge),
      ("oxidised_electrolyte_fraction", oxidised), ("rock_salt_thickness_m", rockSalt), ("coating_coverage", coating),
      ("protection_reserve", reserve), ("anode_interphase_m", anodeInterphase), ("void_fraction", void),
      ("lithium_mol_m2", lithium), ("short_hazard", hazard), ("stack_pressure_pa", pressure), ("time_s", time),
    ]
    return values.first { !$0.1[l].isFinite }?.0
  }
}
