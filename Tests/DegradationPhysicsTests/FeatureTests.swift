import CellModel
import DegradationPhysics
import Foundation
import NumericalMethods
import Testing

/// Values computed by `scripts/reference/features.py` with numpy, scipy and scikit-learn.
private struct FeatureReference: Decodable {
  var at100: [String: Double]
  var at40: [String: Double]
  var series: [String: Double]

  static func load() throws -> FeatureReference {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Reference/features.json")
    return try JSONDecoder().decode(FeatureReference.self, from: Data(contentsOf: file))
  }
}

/// The formula cell of the reference script.
private func formulaRecord() -> FeatureRecord {
  let v = (0..<700).map { 3.6 - 1.2 * Double($0) / 699 }
  let ages = (2...120).map(Double.init)
  let curves = ages.map { age in
    v.map { v in
      let shift = 0.0004 * age
      return 0.6 / (1 + exp((v - 3.2 + shift) / 0.03)) + 0.5 * (1 - 0.0005 * age) / (1 + exp((v - 2.9 + shift) / 0.05))
        + 2e-5 * sin(1e4 * v + age)
    }
  }
  let rows = (1...120).map(Double.init)
  return FeatureRecord(
    series: CycleSeries(ages: rows, capacities: rows.map { 1.02 - 0.002 * pow($0, 0.7) + 1e-4 * sin(3 * $0) }),
    capacityColumn: "capacity_retention", referenceCapacity: 1,
    discharge: VoltageCurves(voltagesV: v, ages: ages, dischargedAh: curves), curveCRate: 1)
}

private func table(_ features: [(name: String, value: Double)]) -> [String: Double] {
  Dictionary(uniqueKeysWithValues: features.map { ($0.name, $0.value) })
}

@Suite("Features of records and curves")
struct FeatureTests {
  @Test("ΔQ(V) and series features equal numpy's and scipy's")
  func reference() throws {
    let reference = try FeatureReference.load()
    let record = formulaRecord()
    for (age, expected) in [(120.0, reference.at100), (40, reference.at40)] {
      let found = table(CurveFeatures.extract(record, upTo: age))
      for (name, value) in expected {
        // Pooling and interpolation agree to rounding; logarithms and moments of differences lose some of it.
        #expect(abs((found[name] ?? .nan) - value) < 1e-8 * max(1, abs(value)), "\(name) at \(age)")
      }
    }
    let found = table(CurveFeatures.extract(record, upTo: 120))
    for (name, value) in reference.series {
      #expect(abs((found[name] ?? .nan) - value) < 1e-9 * max(1, abs(value)), "\(name)")
    }
  }

  @Test("Every name appears once and in order; what cannot be had is NaN")
  func names() {
    let empty = FeatureRecord(series: CycleSeries(), capacityColumn: "capacity_retention", referenceCapacity: 1)
    let features = CurveFeatures.extract(empty, upTo: 100)
    #expect(features.map(\.name) == CurveFeatures.names && Set(CurveFeatures.names).count == 35)
    #expect(features.allSatisfy { $0.value.isNaN })
  }

  @Test("Rows and curves beyond the cutoff do not change a bit", arguments: [5.0, 40, 99, 100, 110])
  func lookAhead(cutoff: Double) {
    var whole = formulaRecord()
    whole.series.columns = [
      "dc_internal_resistance_ohm": whole.series.ages.map { 0.02 + 1e-5 * $0 },
      "ambient_temperature_celsius": whole.series.ages.map { 25 + sin($0) },
      "coulombic_efficiency": whole.series.ages.map { 0.999 + 1e-5 * cos($0) },
    ]
    whole.curveCRate = 0.1
    whole.anode = .graphite
    whole.upperCutoffV = 3.6
    whole.charge = whole.discharge.map { d in
      VoltageCurves(voltagesV: d.voltagesV, ages: d.ages, dischargedAh: d.dischargedAh.map { $0.map { 1.1 - $0 } })
    }
    var changed = whole
    for k in whole.series.ages.indices where whole.series.ages[k] > cutoff {
      changed.series.capacities[k] = 17
      for name in changed.series.columns.keys { changed.series.columns[name]?[k] = -3 }
    }
    let n = whole.discharge?.ages.count ?? 0
    for k in 0..<n where (whole.discharge?.ages[k] ?? 0) > cutoff {
      changed.discharge?.dischargedAh[k] = whole.discharge?.voltagesV.map { 9 - $0 } ?? []
      changed.charge?.dischargedAh[k] = whole.charge?.voltagesV.map { $0 * 3 } ?? []
    }
    let a = CurveFeatures.extract(whole, upTo: cutoff).map(\.value.bitPattern)
    #expect(a == CurveFeatures.extract(changed, upTo: cutoff).map(\.value.bitPattern))
    // The test must be able to fail: the same change below the cutoff shows.
    #expect(a != CurveFeatures.extract(changed, upTo: 120).map(\.value.bitPattern))
  }

  @Test("Rows flagged as bad, and their curves, are not used")
  func flags() throws {
    var record = formulaRecord()
    record.series.capacities[49] = 5
    record.series.flags[49] = .glitch
    let wrong = try #require(record.discharge).voltagesV.map { 30 - $0 }
    record.discharge?.dischargedAh[98] = wrong  // age 100
    record.series.flags[99] = .interrupted
    let found = table(CurveFeatures.extract(record, upTo: 120))
    #expect((found["q_max_minus_2"] ?? 1) < 0.01)
    // Without age 100 the late curves are those of 97…99: a hundredth less of a quadratic-looking change.
    #expect(abs((found["dq_logvar"] ?? 0) + 2.8465) < 0.02)
  }

  @Test("Columns of the series give resistance, efficiencies, temperature, charge and rest")
  func columns() {
    let ages = (1...8).map(Double.init)
    let series = CycleSeries(
      ages: ages, capacities: [2, 2, 2, 2, 2, 1.8, 1.8, 1.6],
      columns: [
        "area_resistance_ohm_cm2": [32, 31, 30, 20, 20, 21, 40, 62],
        "cycle_charging_capacity_ah": ages.map { _ in 2.5 }, "cycle_discharging_energy_wh": ages.map { _ in 6 },
        "cycle_charging_energy_wh": ages.map { _ in 8 }, "mean_discharge_voltage_v": [3, 3, 3, 3, 3, 2.9, 2.8, 2.5],
        "ambient_temperature_celsius": [20, 30, 25, .nan, 25, 25, 25, 25], "relaxation_v": ages.map { 0.01 * $0 },
        "charge_time_second": ages.map { 100 * $0 }, "cc_charge_ah": ages.map { _ in 1.5 },
        "cv_charge_ah": ages.map { _ in 0.5 },
      ])
    let found = table(
      CurveFeatures.extract(
        FeatureRecord(series: series, capacityColumn: "cycle_discharging_capacity_ah", referenceCapacity: 2),
        upTo: 8))
    let expected = [
      "dcr_first": 31e-4, "dcr_growth": 40 / 31.0 - 1, "dcr_min_age": 4, "ce_mean_gap": 0.2, "energy_efficiency": 0.75,
      "mean_discharge_voltage_drop_v": 0.2, "temperature_mean_k": 298.15, "temperature_max_k": 303.15,
      "relaxation_v": 0.07, "charge_time_first5_s": 300, "cv_fraction": 0.25, "q_first": 1, "q_at2": 1,
    ]
    for (name, value) in expected { #expect(abs((found[name] ?? .nan) - value) < 1e-12, "\(name)") }
    // In specific capacity the charged Ah are no partner for an efficiency.
    let other = FeatureRecord(
      series: series, capacityColumn: "specific_discharging_capacity_mah_g", referenceCapacity: 2)
    #expect(table(CurveFeatures.extract(other, upTo: 8))["ce_mean_gap"]?.isNaN == true)
  }

  @Test("A parabola has its curvature and a power law its exponent, from few rows")
  func laws() {
    let t = [1.0, 4, 9, 30, 65, 120]
    func features(_ q: [Double]) -> [String: Double] {
      table(
        CurveFeatures.extract(
          FeatureRecord(
            series: CycleSeries(ages: t, capacities: q), capacityColumn: "capacity_retention", referenceCapacity: 1),
          upTo: 200))
    }
    #expect(abs((features(t.map { 1 - 1e-3 * $0 - 3e-6 * $0 * $0 })["q_curvature"] ?? 0) + 6e-6) < 1e-15)
    let power = features(t.map { 1 - 4e-3 * pow($0 - 1, 0.55) })
    #expect(abs((power["fade_exponent"] ?? 0) - 0.55) < 1e-10)
    #expect(power["q_at2"].map { $0 > 0.98 && $0 < 1 } == true)
  }

  @Test("Samples off the current or without a value are left out; rising voltages are pooled for Q(V) alone")
  func preprocessing() throws {
    let v = [4.2, 4.1, 4.0, 4.05, 3.9, 3.8, 3.7, 3.6, 3.5, 3.4]
    let q = (0..<10).map { 0.1 * Double($0) }
    let curve = try #require(DischargeCurve(voltagesV: v, dischargedAh: q, cRate: 0.1))
    #expect(abs(curve.dischargedAh(atV: 4.025) - 0.25) < 1e-12 && curve.voltageV(atAh: 0.3) == 4.05)
    var current = [Double](repeating: -1, count: 10)
    current[0] = -1.03
    current[9] = -0.2
    let cut = try #require(DischargeCurve(voltagesV: v, dischargedAh: q, currentsA: current, cRate: 0.1))
    #expect(cut.rawCount == 8 && cut.limitsV == 3.5...4.1)
    #expect(DischargeCurve(voltagesV: Array(v.prefix(7)), dischargedAh: Array(q.prefix(7)), cRate: 0.1) == nil)
    // Trapezoids over nine steps: half the ends and all between.
    #expect(abs(curve.meanVoltageV - 34.45 / 9) < 1e-12)
  }

  @Test("Slow curves of enough points only are differentiated", arguments: [(80, 0.5, true), (79, 0.1, false)])
  func refusal(points: Int, rate: Double, allowed: Bool) throws {
    let v = (0..<points).map { 4.2 - Double($0) / Double(points) }
    func curve(_ rate: Double) -> DischargeCurve? {
      DischargeCurve(gridV: v, dischargedAh: v.map { 4.2 - $0 }, cRate: rate)
    }
    #expect(try #require(curve(rate)).refusal == (allowed ? nil : .tooFewPoints(points)))
    if allowed {
      #expect(try #require(curve(0.51)).refusal == .rateTooHigh(cRate: 0.51))
      #expect(try #require(curve(.nan)).refusal == .rateUnknown)
    }
  }

  /// A capacity of sigmoids: peaks of dQ/dV of height A/4s, area A and width 3.5255 s.
  private func sigmoids(_ peaks: [(v: Double, area: Double, s: Double)], noise: Double = 0) -> [Double] {
    var stream = RandomStream(seed: 5, purpose: "noise")
    return grid.map { v in
      peaks.reduce(0.2 * (4.4 - v)) { $0 + $1.area / (1 + exp((v - $1.v) / $1.s)) } + noise * stream.normal()
    }
  }
  private let grid = (0..<1000).map { 4.4 - 1.4 * Double($0) / 999 }

  @Test("Peaks of known place, height, area and width are found and followed", arguments: [0, 5e-5])
  func peaks(noise: Double) throws {
    let anode = AnodePotential.lithiumIndium.referenceV
    func capacity(_ shift: Double, _ scale: Double) throws -> IncrementalCapacity {
      let q = sigmoids(
        [(3.65 - anode, 0.3, 0.01), (3.8 - anode + shift, 0.4 * scale, 0.012), (4.19 - anode, 0.2, 0.009)],
        noise: noise)
      let curve = try #require(DischargeCurve(gridV: grid, dischargedAh: q, cRate: 0.05))
      return try IncrementalCapacity(curve, limitsV: curve.limitsV)
    }
    // Two steps of 40 mV: beyond one window, followed all the same.
    let curves = try [capacity(0, 1), capacity(-0.04, 0.9), capacity(-0.08, 0.8)]
    let tracks = IncrementalCapacity.track(curves, anodeV: anode)
    let peak = try #require(tracks[1]?.first)
    #expect(abs(peak.positionV - (3.8 - anode)) < 2e-3)
    // The smoothing lowers a peak of this width by 1 %, the base line under the window's ends by 3 %.
    #expect(abs(peak.heightAhPerV / (0.4 / 0.048 + 0.2) - 1) < 0.05, "\(peak.heightAhPerV)")
    #expect(abs(peak.areaAh / 0.4 - 1) < 0.08 && abs(peak.widthV / (3.5255 * 0.012) - 1) < 0.08, "\(peak)")
    let last = try #require(tracks[1]?.last)
    #expect(abs(last.positionV - peak.positionV + 0.08) < 3e-3)
    #expect(abs(last.heightAhPerV / peak.heightAhPerV - 0.8) < 0.04)
    #expect(tracks[0] != nil && tracks[2] != nil)
    // Without a sigmoid there is a slope but no peak.
    let plain = try #require(DischargeCurve(gridV: grid, dischargedAh: sigmoids([], noise: noise), cRate: 0.05))
    #expect(try IncrementalCapacity(plain, limitsV: plain.limitsV).peak(in: 3...3.2) == nil)
  }

  @Test("The distance of the steps of V(Q) shrinks with the electrode")
  func distance() throws {
    func slope(_ scale: Double) throws -> DifferentialVoltage {
      let q = (0..<800).map { scale * Double($0) / 799 }
      func step(_ x: Double, _ height: Double) -> Double { height * 0.5 * (1 - tanh(x / 0.02)) }
      let v = q.map { 3 - 0.3 * $0 / scale + step($0 / scale - 0.3, 0.1) + step($0 / scale - 0.7, 0.08) }
      return try DifferentialVoltage(#require(DischargeCurve(voltagesV: v, dischargedAh: q, cRate: 0.05)))
    }
    let curves = try [slope(1), slope(0.98), slope(0.95)]
    #expect(try #require(DifferentialVoltage.stableDistanceAh([curves[0]])) - 0.4 < 1e-3)
    #expect(abs(try #require(DifferentialVoltage.stableDistanceAh(curves)) - 0.38) < 1e-3)
    #expect(curves[0].features.count == 2)
  }

  @Test("The difference on the grid of the record is that of the medians, point by point")
  func ownGrid() {
    let curves = VoltageCurves(
      voltagesV: [4, 3, 2], ages: [1, 2, 3, 4],
      dischargedAh: [[0, 1, 2], [0, .nan, 2.2], [0, 1.5, 9], [0, 1.1, 1.8]])
    let d = CurveDifference(curves, late: [1, 2, 3], early: [0])
    #expect(d.voltagesV == [4, 3, 2])
    #expect(largestGap(d.values, [0, 0.3, 0.2]) < 1e-12)
    #expect(abs(d.magnitude(atV: 2.5) - 0.25) < 1e-12 && d.magnitude(atV: 5).isNaN)
    #expect(CurveDifference.logMagnitude(0) == -12 && CurveDifference.logMagnitude(-100) == 2)
  }

  @Test("Sparse records compare the first and the last curve, dense ones medians of three")
  func choice() throws {
    let sparse = try #require(CurveDifference.choose([0, 131, 327, 558], upTo: 400))
    #expect(sparse.early == [0] && sparse.late == [2])
    let dense = try #require(CurveDifference.choose((2...150).map(Double.init), upTo: 150))
    #expect(dense.early == [8, 9, 10] && dense.late == [96, 97, 98])
    #expect(CurveDifference.choose([1, 50], upTo: 49) == nil)
  }

  private func largestGap(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? 0 : .infinity
  }
}
