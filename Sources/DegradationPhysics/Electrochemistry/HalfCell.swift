internal import NumericalMethods

/// The open-circuit curve of NCM811 against lithium as a sum of galleries, x(U) = Σ Xⱼ / (1 + exp[F(U − Uⱼ)/(R T₀ wⱼ)]).
///
/// - Source: form of M. W. Verbrugge et al., J. Electrochem. Soc. 164 (2017) E3243 (multi-species, multi-reaction);
///   galleries fitted to the NMC811 function of C.-H. Chen et al., J. Electrochem. Soc. 167 (2020) 080534,
///   doi:10.1149/1945-7111/ab9050, for x 0.295…0.90, and to recalled anchors beyond (assumed).
/// - Valid: 0.02 ≤ x ≤ 0.9985, about 2.6…4.7 V against Li.
public enum HalfCell {
  private static let galleries = [
    Gallery(x: 0.10421, u: 3.61858, w: 1.12275), Gallery(x: 0.08346, u: 3.73292, w: 1.15302),
    Gallery(x: 0.46456, u: 3.95776, w: 7.45386), Gallery(x: 0.05499, u: 4.19188, w: 0.41595),
    Gallery(x: 0.29279, u: 4.44168, w: 17.31076),
  ]

  /// Range of lithium content that the tables hold.
  public static let range = 0.02...0.9985

  /// Lithium content x at a potential [V against Li], 0…1.
  public static func lithiumContent(potentialV u: Double) -> Double { Gallery.content(galleries, u).value }

  static let table = PotentialTable(range) { Gallery.potential(galleries, at: $0, within: 1...7) }

  /// Potential [V against Li] at a lithium content, clamped to `range`; cubic between 2048 nodes.
  public static func potentialV(lithiumContent x: Double) -> Double { table.value(x) }
}

/// One gallery of sites: X / (1 + exp[F(U − U₀)/(R T₀ w)]).
struct Gallery {
  let x: Double
  let u: Double
  let w: Double

  /// Summed content and its slope at a potential.
  static func content(_ galleries: [Gallery], _ potential: Double) -> (value: Double, slope: Double) {
    let f = PhysicalConstants.faraday / PhysicalConstants.gas / PhysicalConstants.referenceTemperatureK
    var value = 0.0
    var slope = 0.0
    for g in galleries {
      let e = _exp(min(max(f * (potential - g.u) / g.w, -200), 200))
      value += g.x / (1 + e)
      slope -= g.x * f / g.w * e / ((1 + e) * (1 + e))
    }
    return (value, slope)
  }

  /// Potential and dU/dx at a content, by Newton's steps within a shrinking bracket: the content falls strictly.
  static func potential(
    _ galleries: [Gallery], at x: Double, within range: ClosedRange<Double>
  ) -> (value: Double, slope: Double) {
    var (low, high) = (range.lowerBound, range.upperBound)
    var u = 0.5 * (low + high)
    for _ in 0..<100 {
      let (value, slope) = content(galleries, u)
      if value > x { low = u } else { high = u }
      let step = u - (value - x) / slope
      let next = step > low && step < high ? step : 0.5 * (low + high)
      let isDone = abs(next - u) <= 4 * u.ulp
      u = next
      if isDone { break }
    }
    return (u, 1 / content(galleries, u).slope)
  }
}
