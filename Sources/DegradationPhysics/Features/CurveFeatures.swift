internal import CellModel
internal import NumericalMethods

/// The features that measured and simulated records share, as they can be had at an observation cutoff.
///
/// | feature | meaning |
/// |---|---|
/// | `dq_logvar`, `dq_logmin`, `dq_logmean` | log₁₀ of variance, \|minimum\|, \|mean\| of ΔQ(V), floor 1e-12 |
/// | `dq_skew`, `dq_kurt`, `dq_centroid_v` | its skewness, excess kurtosis, \|ΔQ\|-weighted mean voltage |
/// | `q_first`, `q_at2`, `q_max_minus_2` | retention of the first row, at age 2, largest less that at age 2 |
/// | `q_slope_all`, `q_slope_last10`, `q_curvature` | regression slope over all and the last 10 rows, second derivative |
/// | `fade_exponent` | log–log slope of the loss since the first row |
/// | `dcr_first`, `dcr_growth`, `dcr_min_age` | first resistance (Ω, or Ω·m² where the record has areal resistance), relative growth, age of its minimum |
/// | `ce_mean_gap`, `energy_efficiency` | median of 1 − coulombic efficiency; median energy out over energy in |
/// | `mean_discharge_voltage_drop_v` | fall of the mean discharge voltage |
/// | `polarisation_mid_v` | last charge less discharge voltage at half of each capacity |
/// | `dqdv_peak{1,2,3}_shift_v`, `_height_ratio` | last against first curve |
/// | `dvdq_feature_distance` | distance of the two most stable maxima of −dV/dQ over the first curve's capacity |
/// | `lli`, `lam_p`, `lam_n` | degradation modes between first and last curve |
/// | `relaxation_v` | voltage recovered in the rest after discharge, last three (column `relaxation_v`) |
/// | `charge_time_first5_s`, `cv_fraction` | mean charge time of the first five rows; median share of charge at constant voltage |
/// | `temperature_mean_k`, `temperature_max_k` | of `ambient_temperature_celsius` |
///
/// ΔQ(V) is relative to the capacity of the first visible curve. Whatever the record does not allow is NaN: curves that
/// are fast, of unknown rate or of few points give no dQ/dV, dV/dQ and modes (`DischargeCurve.refusal`).
public enum CurveFeatures {
  /// Names, in the order of `extract`.
  public static let names: [String] =
    [
      "dq_logvar", "dq_logmin", "dq_logmean", "dq_skew", "dq_kurt", "dq_centroid_v", "q_first", "q_at2",
      "q_max_minus_2", "q_slope_all", "q_slope_last10", "q_curvature", "fade_exponent", "dcr_first", "dcr_growth",
      "dcr_min_age", "ce_mean_gap", "energy_efficiency", "mean_discharge_voltage_drop_v", "polarisation_mid_v",
    ] + (1...3).flatMap { ["dqdv_peak\($0)_shift_v", "dqdv_peak\($0)_height_ratio"] } + [
      "dvdq_feature_distance", "lli", "lam_p", "lam_n", "relaxation_v", "charge_time_first5_s", "temperature_mean_k",
      "temperature_max_k", "cv_fraction",
    ]

  /// All features at an observation cutoff; nothing of a later age is looked at.
  ///
  /// - Parameters:
  ///   - record: a cell's record; its reference capacity must be positive.
  ///   - age: observation cutoff, in the record's age unit.
  /// - Returns: one value for each of `names`, in that order; NaN for what the record does not allow.
  public static func extract(_ record: FeatureRecord, upTo age: Double) -> [(name: String, value: Double)] {
    precondition(record.referenceCapacity > 0, "reference capacity \(record.referenceCapacity)")
    let seen = record.visible(upTo: age)
    let rows = SeriesFeatures(seen)
    let curves = seen.discharge.map { discharge in
      zip(discharge.ages, discharge.dischargedAh).compactMap { at, capacities in
        DischargeCurve(gridV: discharge.voltagesV, dischargedAh: capacities, cRate: seen.curveCRate).map {
          (age: at, curve: $0)
        }
      }
    }
    var values = difference(curves ?? [], upTo: age)
    let atTwo = rows.atTwo
    values += [
      rows.q.first ?? .nan, atTwo, (rows.q.max() ?? .nan) - atTwo, rows.slope(last: rows.q.count),
      rows.slope(last: 10), rows.curvature, rows.fadeExponent,
    ]
    let (first, growth, leastAge) = rows.resistance
    values += [first, growth, leastAge, rows.efficiencyGap, rows.energyEfficiency]
    let slow = (curves ?? []).map(\.curve)
    values.append(voltageDrop(rows, slow))
    values.append(polarisation(seen, slow.last))
    values += differential(slow, seen.anode)
    values += modes(slow, seen)
    let temperatures = rows.finite("ambient_temperature_celsius").values
    values += [
      rows.latest("relaxation_v"), rows.meanOfFirst(5, "charge_time_second"), kelvin(mean(temperatures)),
      kelvin(temperatures.max() ?? .nan), rows.constantVoltageShare,
    ]
    return zip(names, values).map { ($0, $1.isFinite ? $1 : .nan) }
  }

  private static func kelvin(_ celsius: Double) -> Double { celsius + 273.15 }

  private static func difference(_ curves: [(age: Double, curve: DischargeCurve)], upTo age: Double) -> [Double] {
    let missing = [Double](repeating: .nan, count: 6)
    guard let (early, late) = CurveDifference.choose(curves.map(\.age), upTo: age),
      let d = CurveDifference(
        late: late.map { curves[$0].curve }, early: early.map { curves[$0].curve },
        relativeToAh: curves[0].curve.spanAh)
    else { return missing }
    let log = { CurveDifference.logMagnitude($0) }
    return [
      log(d.variance), log(d.values.min() ?? .nan), log(mean(d.values)), d.skewness, d.excessKurtosis, d.centroidV,
    ]
  }

  private static func voltageDrop(_ rows: SeriesFeatures, _ curves: [DischargeCurve]) -> Double {
    let stated = rows.meanVoltageDrop
    guard stated.isNaN, curves.count >= 2 else { return stated }
    let width = curves.count >= 12 ? 3 : 1
    return median(curves.prefix(width).map(\.meanVoltageV)) - median(curves.suffix(width).map(\.meanVoltageV))
  }

  private static func polarisation(_ record: FeatureRecord, _ discharge: DischargeCurve?) -> Double {
    guard let charge = record.charge, let ages = record.discharge?.ages, let last = charge.ages.last,
      let discharge, ages.last == last,
      // Rising voltage with rising capacity is a falling curve of the negative voltage.
      let mirrored = DischargeCurve(
        gridV: charge.voltagesV.map { -$0 }, dischargedAh: charge.dischargedAh[charge.ages.count - 1],
        cRate: record.curveCRate)
    else { return .nan }
    func middle(_ c: DischargeCurve) -> Double {
      c.voltageV(atAh: 0.5 * (c.limitsAh.lowerBound + c.limitsAh.upperBound))
    }
    return -middle(mirrored) - middle(discharge)
  }

  /// Peaks of dQ/dV and the distance in dV/dQ.
  private static func differential(_ curves: [DischargeCurve], _ anode: AnodePotential?) -> [Double] {
    var peaks = [Double](repeating: .nan, count: 6)
    let slow = curves.filter { $0.refusal == nil }
    guard slow.count >= 2 else { return peaks + [.nan] }
    if let anode, let limits = DischargeCurve.commonLimitsV(slow) {
      let found = IncrementalCapacity.track(
        slow.compactMap { try? IncrementalCapacity($0, limitsV: limits) }, anodeV: anode.referenceV)
      for (k, peak) in found.enumerated() {
        guard let peak else { continue }
        peaks[2 * k] = peak.last.positionV - peak.first.positionV
        peaks[2 * k + 1] = peak.last.heightAhPerV / peak.first.heightAhPerV
      }
    }
    let distance = DifferentialVoltage.stableDistanceAh(slow.compactMap { try? DifferentialVoltage($0) })
    return peaks + [(distance ?? .nan) / slow[0].spanAh]
  }

  /// `lli, lam_p, lam_n`.
  private static func modes(_ curves: [DischargeCurve], _ record: FeatureRecord) -> [Double] {
    let missing = [Double](repeating: .nan, count: 3)
    let slow = curves.filter { $0.refusal == nil }
    guard slow.count >= 2, let anode = record.anode, record.upperCutoffV.isFinite,
      let fresh = try? FullCellFit(
        slow[0], anode: anode, upperCutoffV: record.upperCutoffV,
        endOfChargeCurrentShare: record.endOfChargeCurrentShare),
      let aged = try? FullCellFit(
        slow[slow.count - 1], anode: anode, upperCutoffV: record.upperCutoffV,
        endOfChargeCurrentShare: record.endOfChargeCurrentShare, fresh: fresh)
    else { return missing }
    let found = DegradationModes(fresh: fresh, aged: aged)
    return [found.lithiumLoss, found.positiveLoss, found.negativeLoss]
  }
}
