internal import CellModel
internal import NumericalMethods

/// A place where the physics and published data were found to disagree, and what is left of it.
public struct Contradiction: Sendable, Hashable {
  /// One number of it.
  public struct Quantity: Sendable, Hashable {
    /// What it is.
    public var name: String
    /// Published.
    public var published: Double
    /// What the first prototype gave; nil where it was not reported.
    public var before: Double?
    /// What the prior gives now; NaN where the dataset lacks the cells.
    public var now: Double
    /// What the fit that has not seen the paper gives; nil for what no fold predicts.
    public var heldOut: Double?
    /// Difference from the published value that counts as agreement.
    public var tolerance: Double

    /// Mended within the tolerance; better when two thirds of the former error or less is left.
    public var verdict: String {
      guard now.isFinite, published.isFinite else { return "not in the data" }
      let error = abs(now - published)
      if error <= tolerance { return "mended" }
      if let before, error <= abs(before - published) * 2 / 3 { return "better, not mended" }
      return "not mended"
    }
  }

  /// Topic.
  public var topic: String
  /// Its numbers.
  public var quantities: [Quantity]
  /// Why it stands as it does.
  public var reason: String

  /// Difference of log fade within which a contrast agrees: the reading error of two values (assumed).
  static let contrastTolerance = 0.4
}

extension PhysicsValidation {
  /// The contradictions found when the first prototype met the data, with their numbers of today.
  ///
  /// - Throws: `DesignError`, `CancellationError`.
  public func contradictions(threads: Int) async throws -> [Contradiction] {
    let prior = predictions(.prior) ?? []
    let heldOut = predictions(.heldOut) ?? []
    func row(_ cell: String, _ cycle: Double? = nil) -> Int? {
      published.rows.indices.last { published.cell($0).id == cell && (cycle == nil || published.cycles[$0] == cycle) }
    }
    func contrast(_ name: String, _ a: String, _ b: String, before: Double? = nil) -> Contradiction.Quantity {
      let tolerance = Contradiction.contrastTolerance
      guard let i = row(a), let j = row(b) else {
        return .init(name: name, published: .nan, before: before, now: .nan, heldOut: nil, tolerance: tolerance)
      }
      let seen =
        SulfidePopulation.logFade(published.rows[i].retention) - SulfidePopulation.logFade(published.rows[j].retention)
      return .init(
        name: name, published: seen, before: before, now: prior[i].logFade - prior[j].logFade,
        heldOut: heldOut[i].logFade - heldOut[j].logFade, tolerance: tolerance)
    }
    return [
      Contradiction(
        topic: "Time law",
        quantities: residuals(prior, heldOut, before: [2.0, 1.2, 0, -2.3])
          + (try await exponents(threads: threads)),
        reason:
          "The contact's Weibull shape went from .6 to .45 after a measured record and the capacitance of kang2023, and "
          + "the interphase closes. What is left beyond 320 cycles is at least partly selection: good cells are cycled "
          + "longer. That is no physics and is left alone."),
      Contradiction(
        topic: "Bare cells", quantities: [bareMedian(prior, heldOut)],
        reason:
          "Contact fatigue was raised and the first contact lowered; bare cells also fail in ways nobody explains."),
      Contradiction(
        topic: "Coatings",
        quantities: [
          coatedMedian(prior, heldOut),
          contrast("LiNbO3 2 nm less bare (bong2023)", "bong2023-Nb1", "bong2023-bare"),
          contrast("LiNbO3 5.5 nm less bare", "bong2023-Nb2", "bong2023-bare"),
          contrast("LiNbO3 13.5 nm less bare", "bong2023-Nb3", "bong2023-bare"),
          coatedResistance(),
        ],
        reason:
          "Thickness saturates as measured. The drop of charge-transfer resistance of one series (16–22 ×) is larger "
          + "than capacities allow; b_k stays between the two."),
      Contradiction(
        topic: "Cut-off",
        quantities: [
          contrast("4.0 less 4.3 V (koerver2017jmca)", "koerver2017jmca-4.0V", "koerver2017jmca-4.3V", before: -1.8),
          contrast("4.6 less 4.3 V", "koerver2017jmca-4.6V", "koerver2017jmca-4.3V", before: 1.9),
          contrast("5.0 less 4.3 V", "koerver2017jmca-5.0V", "koerver2017jmca-4.3V", before: 2.9),
          contrast("4.6 less 4.3 V (kochetkov2022)", "kochetkov2022-LYZC-4.6", "kochetkov2022-LYZC-4.3"),
          try interphasePerVolt(),
        ],
        reason:
          "Collapse strain now saturates with overcharge. kochetkov2022 is doubtful (rate and retention of the 4.6 V "
          + "cell disagree). Resistance per volt is 3.2 discharged and 6.7 charged; the model's is at half charge."),
      Contradiction(
        topic: "Single crystal and polycrystal",
        quantities: [
          contrast("PC less SC (jung2023)", "jung2023-PC", "jung2023-SC", before: 2.9)
        ],
        reason: "Crack rate lowered, single-crystal strain .48 → .55, strain exponent 3."),
      Contradiction(
        topic: "Grain and pressure (zhou2025)",
        quantities: [
          contrast("2 less 30 MPa, coarse", "zhou2025-coarse-2MPa", "zhou2025-coarse-30MPa", before: 1.03),
          contrast("2 less 30 MPa, fine", "zhou2025-fine-2MPa", "zhou2025-fine-30MPa", before: 1.2),
          contrast("fine less coarse, 30 MPa", "zhou2025-fine-30MPa", "zhou2025-coarse-30MPa", before: -0.4),
          contrast("fine less coarse, 10 MPa", "zhou2025-fine-10MPa", "zhou2025-coarse-10MPa", before: -0.4),
          contrast("fine less coarse, 2 MPa", "zhou2025-fine-2MPa", "zhou2025-coarse-2MPa", before: -0.4),
        ],
        reason:
          "Fine grain needs less pressure (P_a × .4). One paper; the row of fine grain was fitted on it, so these "
          + "five are not blind, unlike everything else here."),
      Contradiction(
        topic: "Contact knee", quantities: [knee(prior, heldOut)],
        reason:
          "A percolation threshold at .22 of the first contact was added; one cell shows it. No knee skill is claimed."),
      Contradiction(
        topic: "Halide catholyte and halide coatings",
        quantities: [
          contrast(
            "Li3InCl6 catholyte less Li6PS5Cl (rosenbach2023)", "rosenbach2023-LIC-catholyte", "rosenbach2023-LPSCl"),
          contrast("the same with Li3InCl6 interlayer", "rosenbach2023-LIC-bilayer", "rosenbach2023-LPSCl"),
          contrast("Li3InCl6 coating less bare (cha2024)", "cha2024-LIC", "cha2024-bare"),
          contrast("Li3YCl6 coating less bare", "cha2024-LYC", "cha2024-bare"),
          contrast("Li2ZrCl6 coating less bare", "cha2024-LZC", "cha2024-bare"),
        ],
        reason: Self.halideReason),
      Contradiction(
        topic: "Chlorine-rich argyrodite",
        quantities: [
          contrast("Li5.5PS4.5Cl1.5 less Li6PS5Cl (zuo2022)", "zuo2022-LPSCl1.5", "zuo2022-LPSCl"),
          contrast("the same (liu2022)", "liu2022-LPSCl1.5", "liu2022-LPSCl"),
        ],
        reason: "D_p × .45 from parabolic slopes. liu2022's control (31 % after 100) is worse than any mechanism here."),
    ]
  }

  static let halideReason =
    "Papers disagree. One measured a halide | sulfide contact that grows 5–20 Ω cm² in 50 cycles, which costs "
    + "millivolts; in rosenbach2023 the same contact, where it meets the active material (three phases), took 83 % of the "
    + "capacity in 100 cycles, and an interlayer that keeps the sulfide away from it spared most of that. No growth rate "
    + "fits both, and a class row must not be fitted to one cell, so the rows stand as the impedance gave them. Among "
    + "halide coatings only named rows differ; the class cannot rank them."

  /// Published less predicted log fade by horizon, mean over cells.
  private func residuals(
    _ prior: [CheckpointPrediction], _ heldOut: [CheckpointPrediction], before: [Double]
  ) -> [Contradiction.Quantity] {
    zip(Self.horizons, before).map { horizon, former in
      let rows = published.scored.filter { horizon.cycles.contains(published.rows[$0].cycles) }
      var perCell: [Int: Double] = [:]
      for k in rows { perCell[published.rows[k].cell, default: 0] += 1 }
      func value(_ p: [CheckpointPrediction]) -> Double {
        let total = rows.reduce(0.0) { sum, k in
          let row = published.rows[k]
          return sum + (SulfidePopulation.logFade(row.retention) - p[k].logFade) / (perCell[row.cell] ?? 1)
        }
        return total / Double(perCell.count)
      }
      return Contradiction.Quantity(
        name: "published less predicted log fade, \(horizon.name)", published: 0, before: former, now: value(prior),
        heldOut: value(heldOut), tolerance: Contradiction.contrastTolerance)
    }
  }

  /// Slopes of log fade in log cycle of a design like the one measured record.
  private func exponents(threads: Int) async throws -> [Contradiction.Quantity] {
    let cell = CellHistory(
      id: "measured record",
      attributes: CellAttributes(
        numbers: ["nickel_fraction": 0.5, "upper_cutoff_v": 4.3, "discharge_c_rate": 0.1, "temperature_celsius": 25],
        texts: [
          "cathode_material": "NCM523", "electrolyte_class": "argyrodite", "anode_class": "LiIn",
          "coating_class": "none", "voltage_reference": "Li",
        ]))
    let spans: [(name: String, from: Double, to: Double, published: Double)] = [
      ("exponent of log fade, n 5…25", 5, 25, 0.89), ("exponent of log fade, n 400…475", 400, 475, 0.33),
    ]
    var fades: [[Double]] = []
    for p in populations {
      let draws = try base.draws(cell, count: members, seed: p.seed)
      let request = SimulationRequest(ages: spans.flatMap { [$0.from + 1, $0.to + 1] })
      fades += try await SulfideAgeing.run(draws, request, threads: threads).map { run in
        run.capacityRetention.map { _log(max(1 - $0, 1e-6)) }
      }
    }
    return spans.enumerated().map { k, span in
      let slopes = fades.compactMap { f -> Double? in
        f.count == 2 * spans.count ? (f[2 * k + 1] - f[2 * k]) / _log(span.to / span.from) : nil
      }
      return Contradiction.Quantity(
        name: span.name + " (Tohoku record)", published: span.published, before: nil, now: median(slopes), heldOut: nil,
        tolerance: 0.2)
    }
  }

  private func bareMedian(_ prior: [CheckpointPrediction], _ heldOut: [CheckpointPrediction]) -> Contradiction.Quantity
  {
    let rows = published.scored.filter {
      published.cell($0).attributes.text("coating_class") == "none" && (60..<130).contains(published.rows[$0].cycles)
    }
    return Contradiction.Quantity(
      name: "median retention of bare cells, 60 ≤ n < 130",
      published: median(rows.map { published.rows[$0].retention }),
      before: 0.89, now: median(rows.map { prior[$0].quantile(0.5) }),
      heldOut: median(rows.map { heldOut[$0].quantile(0.5) }), tolerance: 0.05)
  }

  private func coatedMedian(
    _ prior: [CheckpointPrediction], _ heldOut: [CheckpointPrediction]
  ) -> Contradiction.Quantity {
    var seen: [Double] = []
    var now: [Double] = []
    var fitted: [Double] = []
    for c in contrasts where c.kind == .coatedBare {
      // Coated less bare, whichever comes first.
      let sign = published.cell(c.first).attributes.text("coating_class") == "none" ? -1.0 : 1
      seen.append(sign * c.observed)
      now.append(sign * (prior[c.first].logFade - prior[c.second].logFade))
      fitted.append(sign * (heldOut[c.first].logFade - heldOut[c.second].logFade))
    }
    return Contradiction.Quantity(
      name: "coated less bare, median of \(seen.count) pairs", published: median(seen), before: -0.9, now: median(now),
      heldOut: median(fitted), tolerance: Contradiction.contrastTolerance)
  }

  /// Logarithm of the bare over the coated charge-transfer resistance of a classical coating.
  private func coatedResistance() -> Contradiction.Quantity {
    let p = try? base.library.resolve(SeedCheckpoint.stated([:], ["coating": "LiNbO3"])).parameters(base: base.base)
    let now = p.map { -_log(1 - $0[.initialCoverage] * (1 - $0[.coatingLeak])) } ?? .nan
    return Contradiction.Quantity(
      name: "ln of charge-transfer resistance, bare over coated (Kim 2025, 16–22 ×)", published: 2.93, before: 1.66,
      now: now, heldOut: nil, tolerance: 0.2)
  }

  /// d ln R/dV of the interphase after 25 cycles from 4.0 to 4.6 V, nominal.
  private func interphasePerVolt() throws(DesignError) -> Contradiction.Quantity {
    var logs: [Double] = []
    for cutoff in [4.0, 4.6] {
      let a = SeedCheckpoint.stated(
        ["upper_cutoff_v": cutoff, "discharge_c_rate": 0.1, "stack_pressure_mpa": 70],
        ["electrolyte_material": "beta-Li3PS4", "electrolyte_class": "thiophosphate"])
      let materials = try base.library.resolve(a)
      let cell = SulfideCell(
        design: try CellDesign(a, anode: materials.anode), parameters: materials.parameters(base: base.base))
      let run = SulfideAgeing.run(cell, SimulationRequest(ages: [25]))
      logs.append(_log(run.resistances.last?.interphaseOhmM2 ?? .nan))
    }
    return Contradiction.Quantity(
      name: "d ln R/dV of the interphase, 4.0–4.6 V, cycle 25 (3.2–6.7 published)", published: 4.95, before: nil,
      now: (logs[1] - logs[0]) / 0.6, heldOut: nil, tolerance: 1.75)
  }

  /// The worst twentieth of the draws that agree with the knee cell at its first checkpoint, at its second.
  private func knee(_ prior: [CheckpointPrediction], _ heldOut: [CheckpointPrediction]) -> Contradiction.Quantity {
    let rows = published.rows.indices.filter { published.cell($0).id == "kang2023-LiIn" }
    func value(_ p: [CheckpointPrediction]) -> Double {
      guard rows.count == 2 else { return .nan }
      let seen = published.rows[rows[0]].retention
      let later = zip(p[rows[0]].draws, p[rows[1]].draws).filter { abs($0.0 - seen) <= 0.05 }.map(\.1).sorted()
      return later.isEmpty ? .nan : quantile(ofSorted: later, 0.05)
    }
    return Contradiction.Quantity(
      name: "kang2023-LiIn at cycle 200, 5 % of the draws within 5 points at cycle 100",
      published: rows.count == 2 ? published.rows[rows[1]].retention : .nan, before: nil, now: value(prior),
      heldOut: value(heldOut), tolerance: 0.1)
  }
}
