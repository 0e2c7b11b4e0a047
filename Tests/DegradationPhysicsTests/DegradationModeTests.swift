import CellModel
import DegradationPhysics
import NumericalMethods
import Testing

/// A cell by its electrode capacities, lithium [Ah] and voltage drop [V].
private struct Electrodes {
  var positive, negative, lithium, drop: Double
}

/// The discharge of such a cell between cut-offs, inverted on a fine grid: even in capacity.
private func discharge(
  _ cell: Electrodes, _ anode: AnodePotential, from upper: Double, to lower: Double, points: Int = 1200, noiseV: Double,
  seed: UInt64
) -> DischargeCurve? {
  func openCircuit(_ x: Double) -> Double {
    HalfCell.potentialV(lithiumContent: x)
      - anode.potentialV(lithiumContent: (cell.lithium - x * cell.positive) / cell.negative)
  }
  let low = max(0.021, (cell.lithium - cell.negative) / cell.positive)
  let high = min(0.998, cell.lithium / cell.positive)
  let x = (0..<6000).map { low + (high - low) * Double($0) / 5999 }
  let v = x.map(openCircuit)
  let start = interpolate(-upper, v.map { -$0 }, x)
  let end = interpolate(-(lower + cell.drop), v.map { -$0 }, x)
  let q = (0..<points).map { (end - start) * cell.positive * Double($0) / Double(points - 1) }
  var stream = RandomStream(seed: seed, purpose: "noise")
  let measured = q.map { openCircuit(start + $0 / cell.positive) - cell.drop + noiseV * stream.normal() }
  return DischargeCurve(voltagesV: measured, dischargedAh: q, cRate: 0.05)
}

@Suite("Degradation modes from full-cell curves (V20)")
struct DegradationModeTests {
  private static let graphite = (
    fresh: Electrodes(positive: 5, negative: 5.2, lithium: 5.9, drop: 0.01),
    aged: Electrodes(positive: 4.6, negative: 4.7, lithium: 5.2, drop: 0.02), upper: 4.2, lower: 2.7
  )
  private static let silicon = (
    fresh: Electrodes(positive: 5, negative: 6.5, lithium: 5.9, drop: 0.02),
    aged: Electrodes(positive: 4.6, negative: 6, lithium: 5.2, drop: 0.03), upper: 4.15, lower: 2.5
  )

  /// Losses found, and true ones, in the order LAM_p, LAM_n, LLI.
  private func losses(_ anode: AnodePotential, points: Int = 1200, noiseV: Double, seed: UInt64) throws -> (
    found: DegradationModes, truth: [Double]
  ) {
    let (fresh, aged, upper, lower) = anode == .graphite ? Self.graphite : Self.silicon
    let a = try #require(
      discharge(fresh, anode, from: upper, to: lower, points: points, noiseV: noiseV, seed: 2 * seed))
    let b = try #require(
      discharge(aged, anode, from: upper, to: lower, points: points, noiseV: noiseV, seed: 2 * seed + 1))
    let first = try FullCellFit(a, anode: anode, upperCutoffV: upper)
    let last = try FullCellFit(b, anode: anode, upperCutoffV: upper, fresh: first)
    let truth = [
      1 - aged.positive / fresh.positive, 1 - aged.negative / fresh.negative, 1 - aged.lithium / fresh.lithium,
    ]
    return (DegradationModes(fresh: first, aged: last), truth)
  }

  @Test("Without noise the losses are exact", arguments: [AnodePotential.graphite, .silicon])
  func exact(anode: AnodePotential) throws {
    let (found, truth) = try losses(anode, noiseV: 0, seed: 0)
    #expect(found.unidentifiable == [])
    // Straight interpolation of the test's end points on 6000 nodes leaves 1e-5.
    #expect(abs(found.positiveLoss - truth[0]) < 2e-4 && abs(found.negativeLoss - truth[1]) < 2e-4)
    #expect(abs(found.lithiumLoss - truth[2]) < 2e-4 && abs(found.ohmicDropGrowthV - 0.01) < 2e-4)
  }

  @Test(
    "With 2 mV of noise and a sample a minute at C/20 every loss is within a point, ten seeds",
    arguments: [AnodePotential.graphite, .silicon])
  func noisy(anode: AnodePotential) throws {
    for seed in 1...10 {
      let (found, truth) = try losses(anode, noiseV: 0.002, seed: UInt64(seed))
      #expect(found.unidentifiable == [])
      for (k, value) in [found.positiveLoss, found.negativeLoss, found.lithiumLoss].enumerated() {
        #expect(abs(value - truth[k]) < 0.01, "loss \(k) of seed \(seed): \(value)")
      }
    }
  }

  @Test(
    "Errors are as large as the covariance says", arguments: [AnodePotential.graphite, .silicon])
  func calibrated(anode: AnodePotential) throws {
    var scores: [Double] = []
    for seed in 1...20 {
      let (found, truth) = try losses(anode, points: 200, noiseV: 0.002, seed: UInt64(100 + seed))
      for (k, value) in [found.positiveLoss, found.negativeLoss, found.lithiumLoss].enumerated() {
        scores.append((value - truth[k]) / found.covariance[k, k].squareRoot())
      }
    }
    // 60 standard scores, LAM_n and LLI correlated: the root mean square has a standard error of about 0.15. Ends and
    // interpolation to the fit's grid leave it a little above 1.
    let spread = (scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)).squareRoot()
    #expect(spread > 0.6 && spread < 1.6, "standard scores of \(spread)")
  }

  @Test(
    "Against a flat anode with lithium to spare only the cathode and the drop are known",
    arguments: [AnodePotential.lithiumIndium, .lithium, .titanate], [1, 2, 3])
  func flat(anode: AnodePotential, seed: Int) throws {
    let fresh = Electrodes(positive: 5, negative: 50, lithium: 30, drop: 0.02)
    let aged = Electrodes(positive: 4.6, negative: 50, lithium: 29.5, drop: 0.03)
    let plateau = anode.referenceV
    let fits = try [fresh, aged].enumerated().map { k, cell in
      let curve = try #require(
        discharge(
          cell, anode, from: 4.3 - plateau, to: 2.6 - plateau, noiseV: 0.002, seed: UInt64(10 * seed + k)))
      return try FullCellFit(curve, anode: anode, upperCutoffV: 4.3 - plateau)
    }
    for fit in fits {
      #expect(fit.unidentifiable == [.negative, .lithium])
      #expect(fit.singularValueRatio < FullCellFit.leastRatio)
      #expect(fit.covariance[1, 1].isNaN && fit.covariance[0, 2].isNaN && fit.covariance[0, 0] > 0)
    }
    let found = DegradationModes(fresh: fits[0], aged: fits[1])
    #expect(found.negativeLoss.isNaN && found.lithiumLoss.isNaN)
    #expect(abs(found.positiveLoss - 0.08) < 0.01 && abs(found.ohmicDropGrowthV - 0.01) < 2e-3)
  }

  @Test("Pure losses are told apart", arguments: [0, 1, 2])
  func separate(mode: Int) throws {
    let fresh = Self.graphite.fresh
    var aged = fresh
    switch mode {
    case 0: aged.positive *= 0.93
    case 1: aged.negative *= 0.93
    default: aged.lithium *= 0.93
    }
    let fits = try [fresh, aged].map { cell in
      let curve = try #require(discharge(cell, .graphite, from: 4.2, to: 2.7, noiseV: 0.002, seed: UInt64(40 + mode)))
      return try FullCellFit(curve, anode: .graphite, upperCutoffV: 4.2)
    }
    let found = DegradationModes(fresh: fits[0], aged: fits[1])
    for (k, value) in [found.positiveLoss, found.negativeLoss, found.lithiumLoss].enumerated() {
      // A smaller cathode empties less of the anode: its stages below y = 0.27 stay unseen, LAM_n is known to 2 %.
      let deviation = found.covariance[k, k].squareRoot()
      #expect(deviation < 0.025)
      #expect(abs(value - (k == mode ? 0.07 : 0)) < max(0.01, 3 * deviation), "loss \(k) \(value)")
    }
  }

  @Test("An indium–lithium anode that runs empty shows its lithium")
  func emptied() throws {
    let cell = Electrodes(positive: 5, negative: 8, lithium: 4.2, drop: 0.02)
    let curve = try #require(
      discharge(cell, .lithiumIndium, from: 3.7, to: 1.9, noiseV: 0.002, seed: 3))
    let fit = try FullCellFit(curve, anode: .lithiumIndium, upperCutoffV: 3.7)
    #expect(!fit.unidentifiable.contains(.lithium))
    #expect(abs(fit.lithiumAh / 4.2 - 1) < 0.01 && abs(fit.positiveAh / 5 - 1) < 0.01, "\(fit)")
  }

  @Test("A charge that ended at a current, short of equilibrium, is allowed for")
  func endOfCharge() throws {
    let cell = Electrodes(positive: 5, negative: 5.2, lithium: 5.9, drop: 0.06)
    let curve = try #require(discharge(cell, .graphite, from: 4.2 - 0.5 * 0.06, to: 2.7, noiseV: 0, seed: 0))
    let fit = try FullCellFit(curve, anode: .graphite, upperCutoffV: 4.2, endOfChargeCurrentShare: 0.5)
    let naive = try FullCellFit(curve, anode: .graphite, upperCutoffV: 4.2)
    #expect(abs(fit.positiveAh / 5 - 1) < 2e-4 && abs(fit.ohmicDropV - 0.06) < 2e-4)
    #expect(abs(naive.positiveAh / 5 - 1) > 5e-3)
  }

  /// The features of two curves on a voltage grid, as a file or a simulation holds them.
  private func features(
    _ cells: [Electrodes], _ anode: AnodePotential, from upper: Double, to lower: Double, cRate: Double
  ) throws -> [String: Double] {
    let grid = (0..<1000).map { upper - 0.03 - (upper - 0.03 - lower) * Double($0) / 999 }
    let curves = try cells.map { cell in
      try #require(discharge(cell, anode, from: upper, to: lower, noiseV: 0, seed: 1))
    }
    let record = FeatureRecord(
      series: CycleSeries(ages: [0, 500], capacities: curves.map(\.spanAh)),
      capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: curves[0].spanAh,
      discharge: VoltageCurves(
        voltagesV: grid, ages: [0, 500], dischargedAh: curves.map { c in grid.map { c.dischargedAh(atV: $0) } }),
      curveCRate: cRate, upperCutoffV: upper, anode: anode)
    return Dictionary(uniqueKeysWithValues: CurveFeatures.extract(record, upTo: 500).map { ($0.name, $0.value) })
  }

  @Test("The extractor reports modes and peaks of a slow cell, and none of a fast one")
  func extracted() throws {
    let (fresh, aged, upper, lower) = Self.graphite
    let slow = try features([fresh, aged], .graphite, from: upper, to: lower, cRate: 0.05)
    // The grid cuts the first 30 mV off, so the first capacity is not that of the cut-off: a shift of 1e-3.
    for (name, value) in [
      "lam_p": 1 - aged.positive / fresh.positive, "lam_n": 1 - aged.negative / fresh.negative,
      "lli": 1 - aged.lithium / fresh.lithium,
    ] { #expect(abs((slow[name] ?? .nan) - value) < 0.01, "\(name) \(slow[name] ?? .nan)") }
    let fast = try features([fresh, aged], .graphite, from: upper, to: lower, cRate: 1)
    for name in ["lam_p", "lam_n", "lli", "dvdq_feature_distance", "dqdv_peak1_shift_v", "dqdv_peak3_height_ratio"] {
      #expect(fast[name]?.isNaN == true, "\(name)")
    }
    #expect(fast["dq_logvar"] == slow["dq_logvar"] && fast["dq_logvar"]?.isFinite == true)
  }

  @Test("Against indium–lithium the peaks shift by the drop and shrink with the cathode")
  func peaks() throws {
    let plateau = AnodePotential.lithiumIndium.referenceV
    let found = try features(
      [
        Electrodes(positive: 5, negative: 50, lithium: 30, drop: 0.02),
        Electrodes(positive: 4.6, negative: 50, lithium: 29.5, drop: 0.03),
      ], .lithiumIndium, from: 4.35 - plateau, to: 2.6 - plateau, cRate: 0.05)
    for k in 1...3 {
      #expect(abs((found["dqdv_peak\(k)_shift_v"] ?? .nan) + 0.01) < 1e-3, "\(k)")
      #expect(abs((found["dqdv_peak\(k)_height_ratio"] ?? .nan) - 0.92) < 0.005, "\(k)")
    }
    #expect(abs((found["lam_p"] ?? .nan) - 0.08) < 0.01)
    #expect(found["lam_n"]?.isNaN == true && found["lli"]?.isNaN == true)
  }

  @Test("Few points and fast curves are refused")
  func refused() throws {
    let v = (0..<79).map { 4.2 - 0.015 * Double($0) }
    let q = (0..<79).map { 0.05 * Double($0) }
    let short = try #require(DischargeCurve(voltagesV: v, dischargedAh: q, cRate: 0.05))
    #expect(throws: FullCellFitError.refused(.tooFewPoints(79))) {
      try FullCellFit(short, anode: .graphite, upperCutoffV: 4.2)
    }
    let grid = (0..<200).map { 4.2 - 0.0075 * Double($0) }
    let fast = try #require(DischargeCurve(gridV: grid, dischargedAh: grid.map { 4.2 - $0 }, cRate: 1))
    #expect(throws: FullCellFitError.refused(.rateTooHigh(cRate: 1))) {
      try FullCellFit(fast, anode: .graphite, upperCutoffV: 4.2)
    }
  }
}
