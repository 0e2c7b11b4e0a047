import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

/// Design of section "seed checkpoints": 10 mg cm⁻², 25 °C, 50 MPa, C/5, single crystal against Li-In.
private func attributes(_ numbers: [String: Double] = [:], _ texts: [String: String] = [:]) -> CellAttributes {
  CellAttributes(
    numbers: [
      "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.3,
      "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2,
    ].merging(numbers) { $1 },
    texts: ["morphology": "single", "anode_class": "LiIn", "coating_class": "none", "voltage_reference": "Li"]
      .merging(texts) { $1 })
}

private func retention(
  _ numbers: [String: Double] = [:], _ texts: [String: String] = [:], at age: Double = 300
) throws -> Double {
  try #require(try SulfideAgeing(attributes(numbers, texts)).run(ages: [age]).capacityRetention.last)
}

@Suite("Sulfide ageing")
struct SulfideAgeingTests {
  @Test("Half cell: x(U(x)) returns, x falls with U, and the anchors hold")
  func halfCell() {
    for k in 1..<200 {
      let x = 0.02 + 0.97 * Double(k) / 200
      #expect(abs(HalfCell.lithiumContent(potentialV: HalfCell.potentialV(lithiumContent: x)) - x) < 2e-5)
      #expect(HalfCell.potentialV(lithiumContent: x) > HalfCell.potentialV(lithiumContent: x + 0.004))
    }
    for (u, x) in [(3.7, 0.7386), (4.0, 0.4754), (4.2, 0.3050), (4.3, 0.2361), (4.5, 0.1627)] {
      #expect(abs(HalfCell.lithiumContent(potentialV: u) - x) < 1e-3)
    }
  }

  @Test("Interphase: parabolic and linear limits, and any split of the time gives the same")
  func interphaseLimits() {
    let t = 3.6e6
    let parabolic = InterphaseGrowth.advance(thicknessM: 0, reactionMPerS: 1e10, diffusionM2PerS: 1e-22, timeS: t)
    #expect(abs(parabolic / (2 * 1e-22 * t).squareRoot() - 1) < 1e-9)
    let linear = InterphaseGrowth.advance(thicknessM: 0, reactionMPerS: 1e-14, diffusionM2PerS: 1e10, timeS: t)
    #expect(abs(linear / (1e-14 * t) - 1) < 1e-9)
    var split = 2e-9
    for _ in 0..<1000 {
      split = InterphaseGrowth.advance(thicknessM: split, reactionMPerS: 8e-14, diffusionM2PerS: 6e-22, timeS: t / 1000)
    }
    let whole = InterphaseGrowth.advance(thicknessM: 2e-9, reactionMPerS: 8e-14, diffusionM2PerS: 6e-22, timeS: t)
    #expect(abs(split / whole - 1) < 1e-12)
  }

  @Test("Without rates nothing fades")
  func noRates() throws {
    var cell = try SulfideAgeing(attributes())
    for path in [
      \.fatigueRatePerCycle, \.crackRatePerCycle, \.interphaseReactionMPerS, \.oxidationRatePerS, \.rockSaltRateMPerS,
      \.spaceChargeOhmM2, \.anodeDiffusionM2PerS, \.gapShare,
    ] as [WritableKeyPath<SulfideParameters, Double>] { cell.parameters[keyPath: path] = 0 }
    // Already relaxed: the softplus of the gap at rest is part of the start.
    let p = cell.parameters
    let rest = _exp(
      -p.gapSmoothingM / p.roughnessM * softplus(-p.particleRadiusM * 50e6 / p.conformityModulusPa / p.gapSmoothingM))
    cell.parameters.initialContact = p.initialContact
    let q = try #require(try cell.run(ages: [1000]).capacityRetention.last)
    #expect(abs(q - 1) < 2 * (1 - rest) + 1e-5)
  }

  @Test("At vanishing current the capacity is that of the open-circuit curve")
  func openCircuitLimit() throws {
    let cell = try SulfideAgeing(attributes(["discharge_c_rate": 1e-4, "lower_cutoff_v": 3.0]))
    let state = DegradationState(fresh: cell.parameters)
    let solver = VoltageSolver(cell.design, cell.parameters, state)
    let expected =
      0.1 * 275.5 * solver.percolated
      * (HalfCell.lithiumContent(potentialV: 3.0) - HalfCell.lithiumContent(potentialV: 4.3))
    #expect(abs(solver.capacity(solver.endPoints()) / expected - 1) < 0.01)
  }

  @Test("Small currents: linear kinetics, η = RT i / (F a i₀), within 1 %")
  func linearKinetics() throws {
    let cell = try SulfideAgeing(attributes())
    let solver = VoltageSolver(cell.design, cell.parameters, DegradationState(fresh: cell.parameters))
    let slope = solver.overpotential(1e-6, 0.5) / 1e-6
    let i = 0.2 * 2 * 0.0256926 / slope
    #expect(abs(solver.overpotential(i, 0.5) / (i * slope) - 1) < 0.01)
  }

  @Test("Percolation runs from none to all, and one patch is the contact itself")
  func percolation() throws {
    var cell = try SulfideAgeing(attributes())
    cell.parameters.crackIsolation = 0
    var s = DegradationState(fresh: cell.parameters)
    var last = 0.0
    for f in [1e-4, 0.1, 0.3, 0.6, 0.9, 1] {
      s.contactFraction = f
      let value = VoltageSolver(cell.design, cell.parameters, s).percolated
      #expect(value > last)
      last = value
    }
    #expect(abs(last - 1) < 1e-6)
    cell.parameters.contactPatches = 1
    s.contactFraction = 0.37
    #expect(abs(VoltageSolver(cell.design, cell.parameters, s).percolated - 0.37) < 1e-12)
  }

  @Test("Strain: 5.0 % polycrystal, 2.4 % single crystal at 4.3 V")
  func strain() throws {
    let single = try SulfideAgeing(attributes()).parameters
    let poly = try SulfideAgeing(attributes([:], ["morphology": "poly"])).parameters
    #expect(abs(100 * DriveFactors.strain(single, (0.24, 0.92)) - 2.4) < 0.15)
    #expect(abs(100 * DriveFactors.strain(poly, (0.24, 0.92)) - 5.0) < 0.25)
  }

  @Test("More contact gives more capacity, more of any damage less")
  func monotoneInStates() throws {
    let cell = try SulfideAgeing(attributes(["discharge_c_rate": 0.5]))
    var s = DegradationState(fresh: cell.parameters)
    func capacity(_ s: DegradationState) -> Double {
      let v = VoltageSolver(cell.design, cell.parameters, s)
      return v.capacity(v.endPoints())
    }
    s.contactFraction = 0.5
    let base = capacity(s)
    func changed(_ change: (inout DegradationState) -> Void) -> Double {
      var t = s
      change(&t)
      return capacity(t)
    }
    #expect(changed { $0.contactFraction = 0.55 } > base)
    #expect(changed { $0.interphaseThicknessM += 20e-9 } < base)
    #expect(changed { $0.oxidisedFraction = 0.2 } < base)
    #expect(changed { $0.rockSaltThicknessM = 20e-9 } < base)
    #expect(changed { $0.crackDensity = 0.6 } < base)
  }

  @Test("Long steps agree with single cycles within 0.002 of retention")
  func smallStepAgrees() throws {
    let cell = try SulfideAgeing(attributes(["upper_cutoff_v": 4.4]))
    let coarse = try #require(try cell.run(ages: [500]).capacityRetention.last)
    let fine = try #require(try cell.run(ages: Array(stride(from: 1.0, through: 500, by: 1))).capacityRetention.last)
    #expect(abs(coarse - fine) < 2e-3)
  }

  @Test("Orderings of the literature hold")
  func orderings() throws {
    let bare = try retention()
    #expect(try retention([:], ["coating_class": "oxide"]) > bare)
    #expect(try retention([:], ["morphology": "poly"]) < bare)
    #expect(try retention(["upper_cutoff_v": 4.5]) < bare)
    #expect(try retention(["stack_pressure_mpa": 2]) < bare)
    #expect(try retention(["temperature_celsius": 60]) < bare)
    #expect(try retention([:], ["electrolyte_class": "argyrodite_modified"]) > bare)
    let coated = try retention(["upper_cutoff_v": 4.5], ["coating_class": "oxide"])
    let doped = try retention(["upper_cutoff_v": 4.5], ["dopant": "Zr"])
    let both = try retention(["upper_cutoff_v": 4.5], ["coating_class": "oxide", "dopant": "Zr"])
    #expect(both > coated && both > doped)
    #expect(
      try retention([:], ["coating_class": "oxide", "morphology": "poly"]) > retention([:], ["morphology": "poly"]))
  }

  @Test("Losses by mechanism add up to the loss, to rounding")
  func attribution() throws {
    let run = try SulfideAgeing(attributes(["upper_cutoff_v": 4.4])).run(ages: [100, 400], attribution: true)
    for (q, parts) in zip(run.capacityRetention, run.losses) {
      #expect(abs(parts.values.reduce(0, +) - (1 - q)) < 1e-12)
      #expect(parts.count == 7)
    }
    #expect((run.losses[1][.contactLoss] ?? 0) > 0)
  }

  @Test("Extreme designs never give NaN, trap or hang")
  func extremes() throws {
    var stream = RandomStream(seed: 4, purpose: "extremes")
    for _ in 0..<400 {
      func between(_ a: Double, _ b: Double) -> Double { a + (b - a) * stream.uniform() }
      let a = attributes(
        [
          "temperature_celsius": between(-40, 120), "stack_pressure_mpa": between(0, 1000),
          "discharge_c_rate": 0.01 * _pow(1000, stream.uniform()), "upper_cutoff_v": between(3, 5),
          "lower_cutoff_v": between(2, 2.9), "areal_loading_mg_cm2": between(0.5, 100),
        ], ["morphology": stream.uniform() < 0.5 ? "poly" : "single"])
      let run = try SulfideAgeing(a).run(ages: [10, 1000])
      for q in run.capacityRetention { #expect(q.isFinite && q >= 0) }
      for s in run.states { for v in s.named { #expect(v.value.isFinite, "\(v.name)") } }
    }
  }

  @Test(
    "Impossible designs are refused by name",
    arguments: [
      ("stack_pressure_mpa", -1.0), ("active_mass_fraction", 1.2), ("upper_cutoff_v", 2.0),
      ("temperature_celsius", .nan),
    ])
  func refused(field: String, value: Double) {
    let error = #expect(throws: DesignError.self) { try CellDesign(attributes([field: value])) }
    #expect(error?.field == field)
  }

  @Test("Published checkpoints: the simulation stays in the reported range")
  func checkpoints() throws {
    // A coated single crystal at 4.5 V and 1 mA cm⁻²: 94 % after 500 cycles (Feng et al. 2025, reference 95).
    let coated = try retention(
      ["upper_cutoff_v": 4.5, "discharge_c_rate": 0.5], ["coating_class": "oxide"], at: 500)
    #expect((0.75...0.99).contains(coated), "coated single crystal, 500 cycles: \(coated)")
    let bare = try retention(["upper_cutoff_v": 4.3], ["morphology": "poly"], at: 100)
    #expect((0.55...0.95).contains(bare), "bare polycrystal, 100 cycles: \(bare)")
  }
}
