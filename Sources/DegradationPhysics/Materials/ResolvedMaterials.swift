/// The materials of a cell found in the library, and all they change in the parameters, in order.
public struct ResolvedMaterials: Sendable, Hashable {
  /// How a row was found.
  public enum Basis: String, Sendable, Hashable, Codable {
    /// By its name.
    case named
    /// By its name, though the stated class is another.
    case differsFromClass
    /// The row of its class, for a text that the library does not know or a class alone.
    case generic
    /// Not stated; the usual material.
    case assumed
  }

  /// Which row a column was given.
  public struct Choice: Sendable, Hashable, Codable {
    /// Column of `cells.csv`.
    public var column: String
    /// What stood there.
    public var text: String
    /// Name of the row.
    public var material: String
    /// How it was found.
    public var basis: Basis
  }

  /// A change and whose it is.
  public struct Step: Sendable, Hashable {
    /// The change.
    public var change: ParameterChange
    /// Name of its material, or the column that states it.
    public var origin: String
    /// Which strength scales it: an index into `strengths`; nil where it is certain.
    public var strength: Int?
  }

  /// Rows used.
  public internal(set) var choices: [Choice] = []
  /// Columns not stated, whose nominal values are assumed.
  public internal(set) var missing: [String] = []
  /// All changes, in the order of application.
  public internal(set) var steps: [Step] = []
  /// Materials whose strength is unsure, by name, in the order of their first change.
  public internal(set) var strengths: [String] = []
  /// The kind of each of `strengths`; nil where a column states a number.
  public internal(set) var kinds: [MaterialKind?] = []
  /// Parameters that a column states outright; their prior spread between recipes does not apply.
  public internal(set) var stated: [Parameter] = []
  /// Counter electrode.
  public internal(set) var anode: AnodePotential = .lithiumIndium

  /// The parameters at given strengths of the materials.
  ///
  /// - Parameters:
  ///   - base: parameters of the reference cell. Spreads of an ensemble are best drawn *after* this, on its result: a
  ///     row that sets a value would take a draw made before away.
  ///   - strength: a standard normal draw for material k of `strengths`; 0 is the median and the nominal set. One k is
  ///     one material throughout the recipe.
  public func parameters(
    base: ParameterSet = ParameterSet(), strength: (Int) -> Double = { _ in 0 }
  ) -> ParameterSet {
    let z = strengths.indices.map(strength)
    var set = base
    for step in steps { step.change.apply(to: &set, strength: step.strength.map { z[$0] } ?? 0) }
    return set
  }

  mutating func append(_ changes: [ParameterChange], of origin: String, kind: MaterialKind? = nil) {
    for change in changes {
      var k: Int?
      if change.spread > 0 {
        if let known = strengths.firstIndex(of: origin) {
          k = known
        } else {
          k = strengths.count
          strengths.append(origin)
          kinds.append(kind)
        }
      }
      steps.append(Step(change: change, origin: origin, strength: k))
    }
  }
}
