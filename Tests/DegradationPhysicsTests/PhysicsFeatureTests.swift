import CellModel
import NumericalMethods
import Testing

@testable import DegradationPhysics

private func table(_ features: [(name: String, value: Double)]) -> [String: Double] {
  Dictionary(uniqueKeysWithValues: features.map { ($0.name, $0.value) })
}

/// A bare single crystal, all conditions stated.
private func bare() -> CellHistory {
  CellHistory(
    id: "bare",
    attributes: CellAttributes(
      numbers: [
        "areal_loading_mg_cm2": 10, "temperature_celsius": 25, "stack_pressure_mpa": 50, "upper_cutoff_v": 4.5,
        "lower_cutoff_v": 2.5, "discharge_c_rate": 0.2, "charge_c_rate": 0.2,
      ],
      texts: [
        "morphology": "single", "anode_class": "LiIn", "coating_class": "none", "electrolyte_class": "argyrodite",
        "voltage_reference": "Li",
      ]))
}

private func draws(_ count: Int) throws -> [SulfideCell] {
  try SulfidePopulation().draws(bare(), count: count, seed: 3)
}

@Suite("Features of the physics")
struct PhysicsFeatureTests {
  @Test("Names are fixed, apart, and those of the design page")
  func names() async throws {
    let names = PhysicsFeatures.names
    #expect(Set(names).count == names.count)
    #expect(
      Array(names.prefix(4)) == [
        "phys_contact_fraction_mean", "phys_contact_fraction_sd", "phys_contact_fatigue_mean",
        "phys_contact_fatigue_sd",
      ])
    #expect(
      Array(names[24..<29]) == [
        "phys_min_stack_pressure_pa_mean", "phys_min_stack_pressure_pa_sd", "phys_loop_gain", "phys_margin_charge_v",
        "phys_margin_discharge_v",
      ])
    #expect(names[29] == "phys_dominant_contact_loss" && names[36] == "phys_life_q10")
    #expect(names[39] == "phys_prior_distance" && names[40] == "upper_cutoff_v")
    #expect(names.last == "electrolyte_missing")
    let ensemble = try await PhysicsEnsemble(try draws(3), at: 20, horizon: 40)
    #expect(PhysicsFeatures.extract(ensemble, bare().attributes).map(\.name) == names)
    #expect(PhysicsFeatures.extract(generic: nil, bare().attributes, horizon: 9).map(\.name) == names)
  }

  @Test("States, margins and dominance are those of the members")
  func values() async throws {
    let members = try draws(20)
    let ensemble = try await PhysicsEnsemble(members, at: 60, horizon: 400)
    let found = table(PhysicsFeatures.extract(ensemble, bare().attributes))
    var request = SimulationRequest(ages: [60])
    request.attribution = true
    let runs = try await SulfideAgeing.run(members, request)
    for name in DegradationState.names where found["phys_\(name)_mean"] != nil {
      let x = runs.map { $0.states[0][name] }
      #expect(found["phys_\(name)_mean"] == mean(x) && found["phys_\(name)_sd"] == standardDeviation(x), "\(name)")
    }
    let share = mean(runs.map { $0.resistances[0].interphaseOhmM2 / $0.areaResistanceOhmM2[0] })
    #expect(found["phys_interphase_resistance_share_mean"] == share && share > 0 && share < 1)
    #expect(found["phys_margin_discharge_v"] == mean(runs.map { $0.margins[0].dischargeV }))
    let contact = Double(runs.count { $0.losses[0].dominant == .contactLoss }) / 20
    #expect(found["phys_dominant_contact_loss"] == contact)
    let dominance = MechanismShares.mechanisms.compactMap { found["phys_dominant_\($0.rawValue)"] }
    #expect(abs(dominance.reduce(0, +) - 1) < 1e-12)
    // A single member's gain is the loop gain of the cell.
    let one = try await PhysicsEnsemble([members[0]], at: 60, horizon: 60)
    let gain = try #require(table(PhysicsFeatures.extract(one, bare().attributes))["phys_loop_gain"])
    #expect(abs(gain / SulfideAgeing.loopGain(members[0], age: 60) - 1) < 1e-12)
  }

  @Test("Life quantiles are those of the members' lives, censored at the horizon")
  func lives() async throws {
    let members = try draws(40)
    let all = try await SulfideAgeing.run(members, .life(horizon: 20_000))
    let lives = all.map { $0.life ?? .infinity }.sorted()
    let horizon = quantile(ofSorted: lives, 0.7).rounded()
    let found = table(
      PhysicsFeatures.extract(try await PhysicsEnsemble(members, at: 10, horizon: horizon), bare().attributes))
    // Steps land on the age of observation: half a cycle, as the step errors allow.
    #expect(abs((found["phys_life_q10"] ?? 0) - quantile(ofSorted: lives, 0.1)) < 0.5)
    #expect(abs((found["phys_life_q50"] ?? 0) - quantile(ofSorted: lives, 0.5)) < 0.5)
    #expect(found["phys_life_q90"] == horizon)
    #expect(quantile(ofSorted: lives, 0.1) < 0.8 * quantile(ofSorted: lives, 0.5))
  }

  @Test("Bits do not depend on threads, nor states on the horizon")
  func bits() async throws {
    let members = try draws(19)
    let a = try await PhysicsEnsemble(members, at: 30, horizon: 200)
    let b = try await PhysicsEnsemble(members, at: 30, horizon: 200, threads: 3)
    let c = try await PhysicsEnsemble(members, at: 30, horizon: 700)
    func bits(_ e: PhysicsEnsemble) -> [UInt64] {
      PhysicsFeatures.extract(e, bare().attributes).map(\.value.bitPattern)
    }
    #expect(bits(a) == bits(b))
    #expect(Array(bits(a).prefix(36)) == Array(bits(c).prefix(36)))
    #expect(bits(a) != bits(c))
  }

  @Test("Members of a posterior narrow what the prior leaves open")
  func posterior() async throws {
    let cell = try SulfideCell(bare().attributes)
    var ensemble = Matrix(rows: 30, columns: 1)
    var stream = RandomStream(seed: 4, purpose: "test")
    for i in 0..<30 { ensemble[i, 0] = 1 + 0.1 * stream.normal() }
    let recipe = CalibratedRecipe(
      status: .dataset, method: .laplace, parameters: [.fatigueRate], cellParameters: [], mean: [1], ensemble: ensemble,
      residuals: ResidualSummary(), warnings: [])
    let members = recipe.members(nominal: cell.parameters, count: 30, seed: 1).map {
      SulfideCell(design: cell.design, parameters: $0)
    }
    let narrow = table(
      PhysicsFeatures.extract(try await PhysicsEnsemble(members, at: 60, horizon: 60), bare().attributes))
    let wide = table(
      PhysicsFeatures.extract(try await PhysicsEnsemble(try draws(30), at: 60, horizon: 60), bare().attributes))
    let sd = "phys_contact_fatigue_sd"
    #expect(try #require(narrow[sd]) < 0.3 * #require(wide[sd]) && narrow[sd] ?? 0 > 0)
  }

  @Test("A cell of the generic law has life and conditions alone")
  func generic() throws {
    let ages = (0...60).map { 2 * Double($0) }
    let fit = GenericAgeingFit.fit(ages: ages, retention: ages.map { 1 - 0.0008 * $0 }, noise: 0.002)
    let attributes = CellAttributes(numbers: ["temperature_celsius": 35, "discharge_c_rate": 1])
    let features = PhysicsFeatures.extract(generic: fit, attributes, horizon: 2000)
    let found = table(features)
    let finite = Set(features.filter { $0.value.isFinite }.map(\.name))
    #expect(
      finite.filter { $0.hasPrefix("phys_") }.sorted() == [
        "phys_life_q10", "phys_life_q50", "phys_life_q90", "phys_prior_distance",
      ])
    let q = ["phys_life_q10", "phys_life_q50", "phys_life_q90"].compactMap { found[$0] }
    #expect(q[0] < q[1] && q[1] < q[2])
    #expect(abs(q[1] - (fit.life(limit: 0.8, horizon: 2000) ?? 0)) < 2)
    #expect(found["temperature_k"] == 308.15 && found["temperature_k_missing"] == 0 && found["anode_missing"] == 1)
  }

  @Test("Conditions are SI against lithium, classes are found by name, what is missing is flagged")
  func conditions() {
    let stated = CellAttributes(
      numbers: [
        "upper_cutoff_v": 3.68, "lower_cutoff_v": 1.88, "current_density_ma_cm2": 0.5, "discharge_c_rate": 0.25,
        "stack_pressure_mpa": 50,
      ],
      texts: [
        "voltage_reference": "InLi", "morphology": "SC", "coating": "ZrO2", "electrolyte_material": "Li10GeP2S12",
        "anode_class": "LiIn",
      ])
    let c = StatedConditions(stated)
    let found = Dictionary(uniqueKeysWithValues: zip(StatedConditions.names, c.values))
    let expected: [String: Double] = [
      "upper_cutoff_v": 4.3, "lower_cutoff_v": 2.5, "discharge_c_rate": 0.25, "stack_pressure_pa": 5e7,
      "areal_loading_kg_m2": 0.1, "morphology_single": 1, "morphology_poly": 0, "coating_oxide": 1, "coating_none": 0,
      "electrolyte_thiophosphate": 1, "anode_liin": 1, "anode_li": 0, "charge_c_rate_missing": 1,
      "temperature_k_missing": 1, "areal_loading_kg_m2_missing": 0, "coating_missing": 0,
    ]
    for (name, value) in expected { #expect(abs((found[name] ?? .nan) - value) < 1e-12, "\(name)") }
    #expect(found["temperature_k"]?.isNaN == true && found["charge_c_rate"]?.isNaN == true)
    let none = StatedConditions(CellAttributes())
    #expect(none.priorDistance == 0 && none.values.suffix(11).allSatisfy { $0 == 1 })
    #expect(none.values.prefix(none.values.count - 11).allSatisfy { $0.isNaN })
  }

  @Test("The distance to the prior counts standard deviations of what is stated")
  func distance() {
    func distance(_ numbers: [String: Double]) -> Double {
      StatedConditions(CellAttributes(numbers: numbers)).priorDistance
    }
    // 0.9 is the spread of the logarithm of pressure, 0.45 that of loading.
    let pressure = distance(["stack_pressure_mpa": 50 * 2.459_603_111_156_95])
    #expect(abs(pressure - 1) < 1e-12)
    let both = distance([
      "stack_pressure_mpa": 50 * 2.459_603_111_156_95, "areal_loading_mg_cm2": 10 / 1.568_312_185_490_17,
    ])
    #expect(abs(both - 2.0.squareRoot()) < 1e-12)
    // Mean 31 °C, variance 0.7·36 + 0.15·1 + 0.15·841.
    #expect(abs(distance(["temperature_celsius": 25]) - 6 / 151.5.squareRoot()) < 1e-12)
    #expect(distance(["stack_pressure_mpa": 0]) > 10 && distance(["stack_pressure_mpa": 0]).isFinite)
    // Draws of the prior itself: the root mean square of two standard scores is the root of two, less what the range
    // of pressure and loading cuts off.
    let squares = (0..<2000).map { d -> Double in
      var stream = RandomStream(seed: 9, purpose: "test", draw: d)
      let numbers = [
        "stack_pressure_mpa": 50 * exponential(0.9 * stream.normal()),
        "areal_loading_mg_cm2": 10 * exponential(0.45 * stream.normal()),
      ]
      let r = distance(numbers)
      return r * r
    }
    // Mean of chi-square with 2 degrees of freedom: standard error 2/√2000.
    #expect(abs(mean(squares) - 2) < 0.15)
  }

  /// eˣ by the library's own lanes, so that the test needs no Foundation.
  private func exponential(_ x: Double) -> Double { LaneMath.exp(Lanes(repeating: x))[0] }
}
