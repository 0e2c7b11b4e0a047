public import NumericalMethods

/// Why a full-cell curve could not be fitted.
public enum FullCellFitError: Error, Hashable, Sendable {
  /// The curve is not fit for it.
  case refused(CurveRefusal)
  /// No start led to a minimum.
  case failed(LeastSquaresError)
}

/// Electrode capacities, lithium inventory and resistance that explain a slow discharge curve by the half-cell curves.
///
/// V(Q) = U_p(x + Δ g(x)) − U_n(y) − ΔV, x = x₀ + Q/Q_p, y = (n − x Q_p)/Q_n, where x₀ follows from the charge that ended
/// at the upper cut-off. Δ g(x) is how far the surface of the cathode's particles runs ahead of their mean content, with g
/// the shape that the falling diffusion of NCM811 near x = 1 gives it (`LaneElectrode.shift`): without it the end of a
/// slow discharge looks like an emptying anode. Residuals are the voltage (standard deviation 2 mV) and, with weight 0.3,
/// its Savitzky–Golay derivative in units of its own noise; several starts, bounded Levenberg–Marquardt.
///
/// - Source: M. Dubarry, C. Truchot, B. Y. Liaw, J. Power Sources 219 (2012) 204, doi:10.1016/j.jpowsour.2012.07.016;
///   C. R. Birkl et al., J. Power Sources 341 (2017) 373, doi:10.1016/j.jpowsour.2016.12.011.
/// - Valid: NCM811 against the anodes of `AnodePotential`, rates up to C/2, better C/10 or less.
public struct FullCellFit: Sendable, Hashable {
  /// What is fitted, in the order of the covariance.
  public enum Quantity: Int, Sendable, Hashable, CaseIterable {
    /// Capacity of the positive electrode, x from 0 to 1.
    case positive
    /// Capacity of the negative electrode, y from 0 to 1.
    case negative
    /// Lithium shared by the two.
    case lithium
    /// Voltage drop across the resistance.
    case ohmicDrop
  }

  /// Capacity of the positive electrode [Ah].
  public var positiveAh: Double
  /// Capacity of the negative electrode [Ah]; without meaning when unidentifiable.
  public var negativeAh: Double
  /// Lithium shared by the two electrodes [Ah]; without meaning when unidentifiable.
  public var lithiumAh: Double
  /// Voltage drop across the resistance at the curve's current [V].
  public var ohmicDropV: Double
  /// Surface less mean content Δ of the cathode in the middle of the discharge; near x = 1 it is several times that.
  public var diffusionShift: Double
  /// Covariance of the quantities in the order of `Quantity`, whatever Δ may be; NaN in the rows and columns of the
  /// unidentifiable.
  public var covariance: Matrix
  /// Smallest over largest singular value of the Jacobian, capacities in units of the curve's, the drop in 20 mV.
  public var singularValueRatio: Double
  /// Quantities on which the curve says nothing, in declaration order.
  public var unidentifiable: [Quantity]
  /// Root mean square of the voltage residual [V].
  public var residualV: Double

  /// Singular value ratio below which a direction counts as unidentifiable.
  public static let leastRatio = 1e-5

  /// Fits one curve.
  ///
  /// - Parameters:
  ///   - curve: a slow discharge from the upper cut-off.
  ///   - upperCutoffV: cell voltage at which the charge ended [V].
  ///   - endOfChargeCurrentShare: current at the end of the charge over that of the discharge; 0 for a long rest at the
  ///     cut-off.
  ///   - fresh: fit of an earlier curve of this cell, for further starts.
  /// - Throws: `FullCellFitError`.
  public init(
    _ curve: DischargeCurve, anode: AnodePotential, upperCutoffV: Double, endOfChargeCurrentShare: Double = 0,
    fresh: FullCellFit? = nil
  ) throws(FullCellFitError) {
    if let refusal = curve.refusal { throw .refused(refusal) }
    func problem(points: Int) -> FullCellProblem {
      FullCellProblem(curve, anode, upperCutoffV, endOfChargeCurrentShare, points: points)
    }
    // A few steps from every start on few points, then the best three to the end on all.
    let coarse = problem(points: DischargeCurve.fewestPoints)
    let whole = problem(points: min(max(curve.rawCount, DischargeCurve.fewestPoints), DischargeCurve.gridPoints))
    let begun = try coarse.minimize(coarse.starts(fresh), iterations: 10)
    let best = try whole.minimize(begun.prefix(3).map(\.x), iterations: 100)[0]
    positiveAh = best.x[0]
    negativeAh = best.x[1]
    lithiumAh = best.x[2]
    ohmicDropV = best.x[3]
    diffusionShift = FullCellProblem.shift(best.x)
    singularValueRatio = best.singularValueRatio
    let largest = best.singularValues[0]
    let silent = best.singularValues.indices.filter { best.singularValues[$0] < Self.leastRatio * largest }
    unidentifiable = Quantity.allCases.filter { quantity in
      // A silent direction is the fault of each quantity with a part in it of over a tenth (assumed).
      silent.contains { abs(best.directions[$0, quantity.rawValue]) > 0.1 }
    }
    (covariance, residualV) = whole.covariance(best, without: unidentifiable)
  }

  /// The fitted value of a quantity [Ah, or V for the drop].
  public func value(_ quantity: Quantity) -> Double {
    switch quantity {
    case .positive: positiveAh
    case .negative: negativeAh
    case .lithium: lithiumAh
    case .ohmicDrop: ohmicDropV
    }
  }
}

/// The residuals of one curve as a function of (Q_p, Q_n, n, ΔV, Δ), or of the first four with Δ = 0.
private struct FullCellProblem {
  /// Discharged capacities [Ah] since the end of the charge, even, and from the first to the last.
  let q: [Double]
  let span: Double
  let voltages: [Double]
  let cathode: ExtendedPotential
  let anode: ExtendedPotential
  let upperCutoff: Double
  let endShare: Double
  let derivative: SavitzkyGolay
  /// Weight of the derivative's residuals over the noise gain of the filter.
  let derivativeWeight: Double

  /// Standard deviation of a measured voltage [V].
  static let sigma = 0.002
  private static let slowing = DiffusionSlowing()

  init(
    _ curve: DischargeCurve, _ anode: AnodePotential, _ upperCutoff: Double, _ endShare: Double, points count: Int
  ) {
    let origin = curve.limitsAh.lowerBound
    let span = curve.spanAh
    q = (0..<count).map { origin + span * Double($0) / Double(count - 1) }
    voltages = q.map { curve.voltageV(atAh: $0) }
    self.span = span
    cathode = ExtendedPotential(table: HalfCell.table)
    self.anode = ExtendedPotential(table: AnodePotential.tables[anode.rawValue])
    self.upperCutoff = upperCutoff
    self.endShare = endShare
    derivative = SavitzkyGolay(window: 2 * (count / 40) + 1, derivative: 1)
    let gain = derivative.centralWeights.reduce(0) { $0 + $1 * $1 }.squareRoot()
    derivativeWeight = 0.3 / gain
  }

  // Content windows of a working cell: x spans 0.2…0.98 of NCM811, y at least 0.05 of the anode (assumed).
  var lower: [Double] { [span / 0.98, span / 1.05, 0.5 * span, 0, 0] }
  var upper: [Double] { [5 * span, 20 * span, 20 * span, 0.5, 0.1] }
  var scales: [Double] { [span, span, span, 0.02, 0.02] }

  /// The shift of parameters.
  static func shift(_ p: [Double]) -> Double { p.count > 4 ? p[4] : 0 }

  /// Starts with and without a shift: usual windows of content (assumed), and an earlier fit with each part less.
  func starts(_ fresh: FullCellFit?) -> [[Double]] {
    var out: [[Double]] = []
    if let fresh {
      for (p, n, l) in [(1.0, 1.0, 1.0), (0.92, 1, 0.97), (1, 0.92, 0.97), (1, 1, 0.92), (0.9, 0.9, 0.9)] {
        out.append([
          fresh.positiveAh * p, fresh.negativeAh * n, fresh.lithiumAh * l, fresh.ohmicDropV, fresh.diffusionShift,
        ])
      }
    }
    for positive in [0.6, 0.68, 0.76] {
      for (negative, charged) in [(0.6, 0.7), (0.6, 0.9), (0.75, 0.95), (0.9, 0.97)] {
        out.append([span / positive, span / negative, 0.22 * span / positive + charged * span / negative, 0.02, 0.003])
      }
    }
    return out + out.map { Array($0.prefix(4)) }
  }

  /// The information criterion of G. Schwarz, Ann. Stat. 6 (1978) 461, where a direction needs very strong evidence, ten
  /// more (R. E. Kass, A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773): one that explains no more than noise would, such
  /// as an anode that runs empty within the last points, does not pay for itself.
  private func criterion(_ s: LeastSquaresSolution) -> Double {
    let n = Double(q.count)
    let seen = s.singularValues.filter { $0 >= FullCellFit.leastRatio * s.singularValues[0] }.count
    return n * _log(max(s.cost, .leastNormalMagnitude)) + Double(seen) * (_log(n) + 10)
  }

  /// Local minima from starts, best criterion first; at least one.
  func minimize(_ starts: [[Double]], iterations: Int) throws(FullCellFitError) -> [LeastSquaresSolution] {
    var found: [LeastSquaresSolution] = []
    var fault = LeastSquaresError.noConvergence
    var options = LeastSquaresOptions()
    options.iterations = iterations
    options.costTolerance = 1e-10
    for start in starts {
      do {
        found.append(
          try minimizeLeastSquares(
            start: start, lower: Array(lower.prefix(start.count)), upper: Array(upper.prefix(start.count)),
            scales: Array(scales.prefix(start.count)), options: options, residuals: residuals))
      } catch { fault = error }
    }
    if found.isEmpty { throw .failed(fault) }
    let scores = found.map(criterion)
    // Equals keep the order of their starts.
    return found.indices.sorted { scores[$0] != scores[$1] ? scores[$0] < scores[$1] : $0 < $1 }.map { found[$0] }
  }

  /// The voltage but for the drop when the surface runs Δ g(x) ahead of the mean, and its slope in x.
  private func voltage(_ x: Double, _ p: [Double], shift: Double) -> (value: Double, slope: Double) {
    let ahead = Self.slowing.value(x)
    let positive = cathode.lookup(x + shift * ahead.value)
    let negative = anode.lookup((p[2] - x * p[0]) / p[1])
    return (
      positive.value - negative.value, positive.slope * (1 + shift * ahead.slope) + negative.slope * p[0] / p[1]
    )
  }

  /// The content at which the charge ended; the voltage falls with it. Newton between bounds.
  private func chargedContent(_ p: [Double]) -> Double {
    let target = upperCutoff - endShare * p[3]
    var low = -0.3
    var high = 1.2
    var x = 0.25
    for _ in 0..<60 {
      let (v, slope) = voltage(x, p, shift: -endShare * Self.shift(p))
      if v > target { low = x } else { high = x }
      let newton = x - (v - target) / slope
      let next = newton > low && newton < high ? newton : 0.5 * (low + high)
      if abs(next - x) < 1e-13 { return next }
      x = next
    }
    return x
  }

  private func model(_ p: [Double]) -> [Double] {
    let start = chargedContent(p)
    return q.map { voltage(start + $0 / p[0], p, shift: Self.shift(p)).value - p[3] }
  }

  func residuals(_ p: [Double]) -> [Double] {
    let gap = zip(model(p), voltages).map { ($0 - $1) / Self.sigma }
    return gap + derivative.apply(gap).map { $0 * derivativeWeight }
  }

  /// Covariance of the identifiable quantities and the voltage residual.
  ///
  /// Both kinds of residual come from the same noise e: with r = W e the estimate moves by (JᵀJ)⁻¹JᵀW e, whose
  /// covariance uses the noise found in the voltage residuals.
  func covariance(_ found: LeastSquaresSolution, without silent: [FullCellFit.Quantity]) -> (Matrix, Double) {
    let n = q.count
    let gap = Array(found.residuals.prefix(n))
    let squares = gap.reduce(0) { $0 + $1 * $1 }
    let residual = (squares / Double(n)).squareRoot() * Self.sigma
    let keep = FullCellFit.Quantity.allCases.filter { !silent.contains($0) }.map(\.rawValue)
    var out = Matrix(rows: 4, columns: 4, repeating: .nan)
    // The shift is free like the rest, unless it rests on its bound.
    let columns = Self.shift(found.x) > 0 ? keep + [4] : keep
    let j = found.jacobian.selecting(columns: columns)
    guard let factor = try? Cholesky(Matrix.product(j, transposed: true, j)) else { return (out, residual) }
    // B = WᵀJ: the rows of the voltage plus those of the derivative carried back through the filter.
    var b = j.selecting(rows: Array(0..<n))
    for c in columns.indices {
      let back = derivative.applyTransposed(Array(j.column(c).suffix(n)))
      for i in 0..<n { b[i, c] += derivativeWeight * back[i] }
    }
    let c = factor.solve(rows: b)
    let spread = Matrix.product(c, transposed: true, c)
    let noise = squares / Double(n - columns.count)
    for (a, i) in keep.enumerated() { for (d, k) in keep.enumerated() { out[i, k] = spread[a, d] * noise } }
    return (out, residual)
  }
}

/// How much further the surface runs ahead of the mean at a content than at a small one, g(x) = (1 + e)/(1 + d e),
/// e = exp((x − x_k)/w), with the nominal d, x_k and w of the model.
private struct DiffusionSlowing {
  private let factor, content, inverseWidth: Double

  init() {
    factor = Parameter.lowDiffusionFactor.row.nominal
    content = Parameter.lowDiffusionContent.row.nominal
    inverseWidth = 1 / Parameter.lowDiffusionWidth.row.nominal
  }

  /// Value and slope.
  func value(_ x: Double) -> (value: Double, slope: Double) {
    let e = _exp(min((x - content) * inverseWidth, 60))
    let inverse = 1 / (1 + factor * e)
    return ((1 + e) * inverse, e * (1 - factor) * inverseWidth * inverse * inverse)
  }
}

/// A half-cell curve carried on straight beyond its table, so that a fit feels its way back.
private struct ExtendedPotential {
  let table: PotentialTable

  /// Value and slope at a content.
  func lookup(_ x: Double) -> (value: Double, slope: Double) {
    let low = table.range.lowerBound
    let high = table.range.upperBound
    let inside = min(max(x, low), high)
    let scale = Double(PotentialTable.nodes - 1) / (high - low)
    let position = (inside - low) * scale
    let k = min(Int(position), PotentialTable.nodes - 2)
    let t = position - Double(k)
    let (v0, s0, v1, s1) = (table.pairs[2 * k], table.pairs[2 * k + 1], table.pairs[2 * k + 2], table.pairs[2 * k + 3])
    // The cubic with these values and slopes at the nodes.
    let c2 = 3 * (v1 - v0) - 2 * s0 - s1
    let c3 = s0 + s1 - 2 * (v1 - v0)
    let slope = ((3 * c3 * t + 2 * c2) * t + s0) * scale
    return (((c3 * t + c2) * t + s0) * t + v0 + (x - inside) * slope, slope)
  }
}
