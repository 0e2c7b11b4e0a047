internal import NumericalMethods

/// Coefficients of eight cells under one set of conditions: all that does not change while they age.
struct LaneCell {
  /// Lithium content of the cathode as assembled.
  static let fullLithium = 0.9985
  /// Least stack pressure [Pa]: the weight of the parts.
  static let leastPressure = 1e3
  /// Mean lithium content of isolated particles and of rock salt (assumed: half charge).
  static let inactiveContent = 0.6

  /// Time of the constant-voltage hold, as a factor on the time of a charge and a discharge (assumed 5 %).
  static let holdAllowance = 1.05

  /// Share of particles with at least one contact out of `patches` possible ones, each made with probability f.
  @inline(__always) static func connected(_ f: Lanes, patches: Lanes) -> Lanes {
    1 - LaneMath.exp(patches * LaneMath.log(1 - LaneMath.min(f, Lanes(repeating: 1 - 1e-15))))
  }

  // Conditions.
  let temperature, thermalV, chargeCurrent, dischargeCurrent, endCurrent, upperCell, lowerCell, upperLi, lowerLi: Lanes
  let rest, pressure: Lanes
  // Electrodes.
  let fullCapacity, geometricArea, radius, anodeCapacity, anodeContent, anodeReference: Lanes
  let anodeOffset, anodeSlope, graphite: Lanes
  let hasGraphite: Bool
  let exchange, rockSaltKinetic, diffusion, lowDiffusion, lowContent, lowWidth: Lanes
  let separator, catholyte, oxidationBlocking, electronic, interphaseResistivity, coatingResistance: Lanes
  let spaceChargeResistance, anodeResistance, anodeResistivity, contactGrowth: Lanes
  // Contact, strain, cracks.
  let initialContact, initialPercolated, initialCracks, initialInterphase, initialCoverage, initialReserve: Lanes
  let contactShape, patches, threshold, thresholdWidth, isolation, crackDiffusion: Lanes
  let conformity, roughness, gapSmoothing, gapShare, ratchet, shakeDown: Lanes
  let fatigueRate, strainExponent, fatigueInterphase, fatigueCurrent, fatiguePressure, fatiguePressureOffset: Lanes
  let strainScale, strainLinear, strainCollapse, collapseContent, collapseWidth, collapseSaturation,
    collapseScale: Lanes
  let crackRate, crackOffset, crackStress, crackSurface, crackRockSalt: Lanes
  // Chemistry.
  let reaction, interphaseDiffusion, potentialFactor, referencePotential, oxidationWeight, oxidationOpening,
    passivation, leak: Lanes
  let shielding, electrolyteShielding, spaceChargeTime: Lanes
  let onset, onsetWidth, oxidationRate, oxidationPassivation, oxygenGain, donatedPerOxidised: Lanes
  let rockSaltRate, oxygenContent, oxygenWidth, rockSaltPassivation, reserveThickness, moisture: Lanes
  let coatingWear, coatingOxidationWear, healing: Lanes
  // Anode.
  let anodeReaction, anodeDiffusion, anodeSaturation, anodeLithium, inventoryLoss: Lanes
  let shortRate, shortPressure, shortCurrent, shortWidth, shortCapacity: Lanes
  let voidRate, voidClosure, voidPressure, voidCurrent, voidExponent: Lanes
  let pressureTime, pressureFinal, breathing: Lanes
  let siteConcentration: Lanes
  // Switches: 1 on, 0 off.
  let currentFollowsContact: Double
  let polarises: Double
  let inventoryFollows: Double

  /// - Parameter cells: one to eight cells; missing lanes repeat the last.
  init(_ cells: ArraySlice<SulfideCell>, _ conditions: CycleConditions, without off: Set<Coupling>) {
    let base = cells.startIndex
    let last = cells.count - 1
    let designs = cells.map { conditions.applied(to: $0.design) }
    func design(_ f: (CellDesign) -> Double) -> Lanes {
      var v = Lanes()
      for l in 0..<Lanes.scalarCount { v[l] = f(designs[min(l, last)]) }
      return v
    }
    func value(_ p: Parameter) -> Lanes {
      var v = Lanes()
      for l in 0..<Lanes.scalarCount { v[l] = cells[base + min(l, last)].parameters[p] }
      return v
    }
    func on(_ c: Coupling) -> Double { off.contains(c) ? 0 : 1 }
    let T = design { $0.temperatureK }
    temperature = T
    let inverse = 1 / T - 1 / PhysicalConstants.referenceTemperatureK
    func arrhenius(_ p: Parameter) -> Lanes { LaneMath.exp(value(p) * inverse * (-1 / PhysicalConstants.gas)) }
    thermalV = T * (PhysicalConstants.gas / PhysicalConstants.faraday)
    chargeCurrent = design { $0.chargeCurrentAPerM2 }
    dischargeCurrent = design { $0.dischargeCurrentAPerM2 }
    endCurrent = chargeCurrent * design { $0.chargeEndShare }
    anodeReference = design { $0.anode.referenceV }
    upperLi = design { $0.upperCutoffV }
    lowerLi = design { $0.lowerCutoffV }
    upperCell = upperLi - anodeReference
    lowerCell = lowerLi - anodeReference
    rest = design { $0.restS }
    pressure = design { max($0.stackPressurePa, Self.leastPressure) }
    let loading = design { $0.loadingKgPerM2 }
    let density = value(.cathodeDensity)
    radius = value(.particleRadius)
    fullCapacity = loading * value(.theoreticalCapacity)
    geometricArea = loading * 3 / (density * radius)
    siteConcentration = value(.siteConcentration)
    anodeCapacity = fullCapacity * value(.anodeCapacityRatio)
    anodeContent = value(.anodeInitialContent)
    anodeOffset = design { $0.anode.line.offset }
    anodeSlope = design { $0.anode.line.slope }
    graphite = design { $0.anode == .graphite ? 1 : 0 }
    hasGraphite = designs.contains { $0.anode == .graphite }
    exchange = value(.exchangeCurrent) * arrhenius(.exchangeActivation)
    rockSaltKinetic = on(.rockSaltToKinetics) / value(.rockSaltKinetic)
    diffusion =
      value(.diffusivity) * arrhenius(.diffusionActivation) * siteConcentration * (5 * PhysicalConstants.faraday)
      / radius
    lowDiffusion = value(.lowDiffusionFactor)
    lowContent = value(.lowDiffusionContent)
    lowWidth = 1 / value(.lowDiffusionWidth)
    let conduction = arrhenius(.conductivityActivation)
    let sigma = value(.conductivity) * conduction
    separator = value(.separatorThickness) / sigma
    let layer = loading / (density * value(.activeFraction))
    catholyte = layer * value(.tortuosity) / (sigma * value(.electrolyteFraction) * 3)
    oxidationBlocking = value(.oxidationBlocking) * on(.oxidationToConduction)
    electronic = value(.electronicResistance)
    interphaseResistivity = value(.interphaseResistivity) / conduction
    coatingResistance = value(.coatingResistance)
    spaceChargeResistance = value(.spaceChargeResistance)
    anodeResistance = value(.anodeResistance)
    anodeResistivity = value(.anodeResistivity) / conduction
    contactGrowth = value(.catholyteContactGrowth)
    initialContact = value(.initialContact)
    initialCracks = value(.initialCrackDensity)
    initialInterphase = value(.initialInterphase)
    initialCoverage = value(.initialCoverage)
    initialReserve = value(.protectionReserve)
    contactShape = value(.contactShape)
    patches = value(.contactPatches)
    threshold = value(.percolationThreshold)
    thresholdWidth = 1 / value(.percolationWidth)
    isolation = value(.crackIsolation) * on(.cracksToIsolation)
    initialPercolated = Self.connected(initialContact, patches: patches) * (1 - isolation * initialCracks)
    crackDiffusion = value(.crackDiffusionGain) * on(.cracksToDiffusion)
    conformity = radius / value(.conformityModulus)
    gapSmoothing = value(.gapSmoothing)
    roughness = gapSmoothing / value(.roughness)
    gapShare = value(.gapShare) * radius * (1.0 / 3)
    ratchet = value(.gapRatchet) * on(.fatigueToGap)
    shakeDown = 1 / value(.shakeDownCycles)
    fatigueRate = value(.fatigueRate)
    strainExponent = value(.fatigueStrainExponent)
    fatigueInterphase = value(.fatigueInterphaseGain) * (on(.interphaseToContact) / 20e-9)
    fatigueCurrent = value(.fatigueCurrentGain)
    fatiguePressure = value(.fatiguePressure)
    fatiguePressureOffset = value(.fatiguePressureOffset)
    strainScale = value(.strainScale)
    strainLinear = value(.strainLinear)
    strainCollapse = value(.strainCollapse)
    collapseContent = value(.collapseContent)
    collapseWidth = 1 / value(.collapseWidth)
    // Scaled so that the collapse at 4.3 V against Li (x 0.236) is that of the free exponential: saturation bends the rest.
    collapseSaturation = 1 / value(.collapseSaturation)
    let anchor = LaneMath.exp((collapseContent - 0.236) * collapseWidth) - 1
    collapseScale = anchor * collapseSaturation + 1
    crackRate = value(.crackRate) * value(.crackMorphologyFactor)
    crackOffset = initialCracks
    crackStress = value(.crackDiffusionStress) * on(.diffusionToCracks)
    crackSurface = value(.crackSurfaceGain) * on(.cracksToSurface)
    crackRockSalt = Lanes(repeating: on(.cracksToSurface))
    let interphaseArrhenius = arrhenius(.interphaseActivation)
    reaction = value(.interphaseReaction) * interphaseArrhenius
    interphaseDiffusion = value(.interphaseDiffusion) * interphaseArrhenius
    potentialFactor = value(.interphasePotentialFactor) / thermalV
    referencePotential = value(.interphaseReferencePotential)
    oxidationWeight = value(.interphaseOxidationWeight)
    oxidationOpening = value(.interphaseOxidationOpening)
    passivation = -1 / value(.interphasePassivation)
    leak = value(.coatingLeak)
    shielding = value(.spaceChargeShielding)
    electrolyteShielding = value(.spaceChargeElectrolyte)
    spaceChargeTime = 1 / value(.spaceChargeTime)
    onset = value(.oxidationOnset)
    onsetWidth = 1 / value(.oxidationWidth)
    let carbon = value(.carbonGain) * (value(.carbonArea) - 1) + 1
    oxidationRate = value(.oxidationRate) * interphaseArrhenius * LaneMath.max(carbon, Lanes())
    oxidationPassivation = 1 / value(.oxidationPassivation)
    oxygenGain = value(.oxygenGain) * (on(.oxygenToOxidation) / 1e-15)
    donatedPerOxidised =
      value(.oxidationElectrons) * value(.electrolyteFraction) * layer * value(.electrolyteDensity)
      / value(.electrolyteMolarMass)
    rockSaltRate = value(.rockSaltRate) * arrhenius(.rockSaltActivation)
    oxygenContent = value(.oxygenLossContent)
    oxygenWidth = 1 / value(.oxygenLossWidth)
    rockSaltPassivation = value(.rockSaltPassivation)
    reserveThickness = 1 / value(.reserveThickness)
    moisture = value(.moistureSensitivity)
    coatingWear = value(.coatingWear) * on(.wearToCoating)
    coatingOxidationWear = value(.coatingOxidationWear) * on(.wearToCoating)
    healing =
      value(.healingRate) * on(.oxidationToHealing)
      / (LaneMath.exp((lowerLi - value(.healingPotential)) * 10) + 1)
    anodeReaction = value(.anodeReaction) * interphaseArrhenius
    anodeDiffusion = value(.anodeDiffusion) * interphaseArrhenius
    anodeSaturation = 1 / value(.anodeSaturation)
    anodeLithium = value(.anodeInterphaseLithium)
    inventoryLoss = value(.inventoryLoss) * fullCapacity * (3600 / PhysicalConstants.faraday)
    shortRate = value(.shortRate)
    shortPressure = 1 / value(.shortPressure)
    shortCurrent = value(.shortCurrent)
    shortWidth = 1 / value(.shortCurrentWidth)
    shortCapacity = 1 / value(.shortCapacity)
    voidRate = value(.voidRate)
    voidClosure = value(.voidClosure)
    voidPressure = 1 / value(.voidPressure)
    voidCurrent = value(.voidCurrent)
    voidExponent = value(.voidExponent)
    pressureTime = 1 / value(.pressureRelaxation)
    pressureFinal = value(.pressureFinalShare)
    breathing = 1 - value(.pressureBreathing)
    currentFollowsContact = on(.contactToCurrent)
    polarises = on(.polarisationToChemistry)
    inventoryFollows = on(.sideReactionsToInventory)
  }
}
