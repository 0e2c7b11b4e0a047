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
  private func losses(_ anode: AnodePotential, noiseV: Double, seed: UInt64) throws -> (
    found: DegradationModes, truth: [Double]
  ) {
    let (fresh, aged, upper, lower) = anode == .graphite ? Self.graphite : Self.silicon
    let a = try #require(discharge(fresh, anode, from: upper, to: lower, noiseV: noiseV, seed: 2 * seed))
    let b = try #require(discharge(aged, anode, from: upper, to: lower, noiseV: noiseV, seed: 2 * seed + 1))
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

  @Test("With 2 mV of noise every loss is within a point, ten seeds", arguments: [AnodePotential.graphite, .silicon])
  func noisy(anode: AnodePotential) throws {
    var scores: [Double] = []
    var worst = 0.0
    for seed in 1...10 {
      let (found, truth) = try losses(anode, noiseV: 0.002, seed: UInt64(seed))
      #expect(found.unidentifiable == [])
      let values = [found.positiveLoss, found.negativeLoss, found.lithiumLoss]
      for k in 0..<3 {
        worst = max(worst, abs(values[k] - truth[k]))
        print(anode, seed, k, values[k]-truth[k], found.covariance[k, k].squareRoot())
        scores.append((values[k] - truth[k]) / found.covariance[k, k].squareRoot())
      }
    }
    #expect(worst < 0.01, "worst error \(worst)")
    // Root mean square of 30 correlated standard scores; pooling of rising voltages makes the noise not quite normal.
    let calibration = (scores.reduce(0) { $0 + $1 * $1 } / Double(scores.count)).squareRoot()
    #expect(calibration > 0.4 && calibration < 2, "standard scores of \(calibration)")
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
    print("mode", mode, found, found.covariance[1,1].squareRoot())
    for (k, value) in [found.positiveLoss, found.negativeLoss, found.lithiumLoss].enumerated() {
      #expect(abs(value - (k == mode ? 0.07 : 0)) < 0.01, "loss \(k) \(value)")
    }
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
