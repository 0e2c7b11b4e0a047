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

  /// Rise of an empty electrode, 0.7 V e^(−y/0.015) (assumed).
  static let emptyRiseV = 0.7
  static let emptyWidth = 0.015

  /// Straight part of the curve: offset [V] and slope [V].
  var line: (offset: Double, slope: Double) {
    switch self {
    case .lithiumIndium: (0.62, 0)
    case .lithium, .graphite: (0, 0)
    case .titanate: (1.55, 0)
    case .silicon: (0.50, -0.38)
    }
  }

  /// The galleries of graphite; other anodes need no table.
  static let graphiteTable = PotentialTable(range) { y in
    let inside = 2e-3...0.998
    let u = Gallery.potential(galleries, at: min(max(y, inside.lowerBound), inside.upperBound), within: -0.5...2.5)
    return (u.value, inside.contains(y) ? u.slope : 0)
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

  /// The whole curve of each anode, rise included, in the order of the cases.
  static let tables: [PotentialTable] = allCases.map { anode in
    PotentialTable(range) { y in
      let rise = emptyRiseV * _exp(-y / emptyWidth)
      let base: (value: Double, slope: Double) =
        anode == .graphite
        ? Gallery.potential(galleries, at: min(max(y, 2e-3), 0.998), within: -0.5...2.5)
        : (anode.line.offset + anode.line.slope * y, anode.line.slope)
      return (base.value + rise, base.slope - rise / emptyWidth)
    }
  }

  /// Potential [V against Li] at a lithium content, clamped to `range`.
  public func potentialV(lithiumContent y: Double) -> Double {
    Self.tables[rawValue].value(y)
  }
}
