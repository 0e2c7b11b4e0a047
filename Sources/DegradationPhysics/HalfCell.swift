/// The open-circuit curve of NCM811 against lithium as a sum of galleries, x(U) = Σ Xⱼ / (1 + exp[F(U − Uⱼ)/(R T₀ wⱼ)]).
///
/// - Source: form of M. W. Verbrugge et al., J. Electrochem. Soc. 164 (2017) E3243 (multi-species, multi-reaction);
///   galleries fitted to the NMC811 function of C.-H. Chen et al., J. Electrochem. Soc. 167 (2020) 080534,
///   doi:10.1149/1945-7111/ab9050, for x 0.295…0.90, and to recalled anchors beyond (assumed).
/// - Valid: 0.02 ≤ x ≤ 0.9985, about 2.6…4.7 V against Li.
public enum HalfCell {
  private static let galleries: [(x: Double, u: Double, w: Double)] = [
    (0.10421, 3.61858, 1.12275), (0.08346, 3.73292, 1.15302), (0.46456, 3.95776, 7.45386),
    (0.05499, 4.19188, 0.41595), (0.29279, 4.44168, 17.31076),
  ]

  /// Range of lithium content that the tables hold.
  public static let range = 0.02...0.9985
  private static let nodes = 1024

  /// Lithium content x at a potential [V against Li], 0…1.
  public static func lithiumContent(potentialV u: Double) -> Double {
    let f = PhysicalConstants.faraday / PhysicalConstants.gas / PhysicalConstants.referenceTemperatureK
    return galleries.reduce(0) { $0 + $1.x / (1 + _exp(min(max(f * (u - $1.u) / $1.w, -200), 200))) }
  }

  /// U on even nodes of x, found once by bisection of x(U), which falls strictly.
  private static let table: [Double] = (0..<nodes).map { k in
    let x = range.lowerBound + (range.upperBound - range.lowerBound) * Double(k) / Double(nodes - 1)
    var low = 1.0
    var high = 6.0
    for _ in 0..<60 {
      let middle = 0.5 * (low + high)
      if lithiumContent(potentialV: middle) > x { low = middle } else { high = middle }
    }
    return 0.5 * (low + high)
  }

  /// Potential [V against Li] at a lithium content, clamped to `range`; straight between 1024 nodes.
  public static func potentialV(lithiumContent x: Double) -> Double {
    table.withUnsafeBufferPointer { t in
      let position =
        (min(max(x, range.lowerBound), range.upperBound) - range.lowerBound)
        / (range.upperBound - range.lowerBound) * Double(nodes - 1)
      let k = min(Int(position), nodes - 2)
      return t[k] + (t[k + 1] - t[k]) * (position - Double(k))
    }
  }
}
