internal import NumericalMethods

/// The counter electrode and its potential against its lithium content y (0 empty, 1 full).
///
/// Plateaus are recalled values. Every curve rises steeply as y → 0: an exhausted anode ends the discharge.
public enum AnodePotential: Int, Sendable, Hashable, Codable, CaseIterable {
  /// Indium–lithium alloy, 0.62 V.
  case lithiumIndium
  /// Lithium metal or lithium plated on a bare collector, 0 V.
  case lithium
  /// Li4Ti5O12, 1.55 V.
  case titanate
  /// Graphite: six galleries, the multi-species set of PyBaMM's example (M. W. Verbrugge et al. 2017).
  case graphite
  /// Micro-silicon: 0.50 − 0.38 y + 0.7 exp(−y/0.015), a smooth surrogate (assumed).
  case silicon

  /// Content range of the tables.
  public static let range = -0.03...1.03

  private static let galleries = [
    Gallery(x: 0.43336, u: 0.08843, w: 0.08611), Gallery(x: 0.23963, u: 0.12799, w: 0.08009),
    Gallery(x: 0.15018, u: 0.14331, w: 0.72469), Gallery(x: 0.05462, u: 0.16984, w: 2.53277),
    Gallery(x: 0.06744, u: 0.21446, w: 0.09470), Gallery(x: 0.05476, u: 0.36325, w: 5.97354),
  ]

  /// Potential and slope without the rise of an empty electrode.
  private func plateau(_ y: Double) -> (value: Double, slope: Double) {
    switch self {
    case .lithiumIndium: (0.62, 0)
    case .lithium: (0, 0)
    case .titanate: (1.55, 0)
    case .silicon: (0.50 - 0.38 * y, -0.38)
    case .graphite: Gallery.potential(Self.galleries, at: min(max(y, 2e-3), 0.998), within: -0.5...2.5)
    }
  }

  private func curve(_ y: Double) -> (value: Double, slope: Double) {
    let base = plateau(y)
    let rise = 0.7 * _exp(-y / 0.015)
    return (base.value + rise, base.slope - rise / 0.015)
  }

  /// The potential used to turn cut-offs against Li into cell voltages [V against Li].
  public var referenceV: Double {
    switch self {
    case .lithiumIndium: 0.62
    case .lithium: 0
    case .titanate: 1.55
    case .graphite: 0.1
    case .silicon: 0.3
    }
  }

  /// All tables in one stack, in the order of the cases.
  static let tables: [PotentialTable] = allCases.map { anode in PotentialTable(range) { anode.curve($0) } }
  static let stack: [Double] = tables.flatMap(\.pairs)

  /// Potential [V against Li] at a lithium content, clamped to `range`.
  public func potentialV(lithiumContent y: Double) -> Double { Self.tables[rawValue].value(y) }
}
