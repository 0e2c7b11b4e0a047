public import CellModel
internal import NumericalMethods

/// Sulfide cells with everything drawn that is not known: the prior of the ageing model, or its calibrated posterior.
///
/// Four levels, each with its own stream of random numbers: what nobody knows of the physics (`global`, shared by all
/// cells of a draw), the recipe and the conditions a study does not state (shared by its `lab_id`), and each cell's
/// manufacturing scatter.
public struct SulfidePopulation: Sendable {
  /// Materials.
  public var library: MaterialsLibrary
  /// Parameters of the reference cell that materials and draws start from.
  public var base: ParameterSet
  /// Whether rows of named materials may be used, or only those of their class.
  public var detail: MaterialsLibrary.Detail
  /// What data have taught about the global level; nil is the prior.
  public var calibration: GlobalCalibration?
  /// Whether all that is not known of the physics, the recipe and the conditions stays at its centre, so that draws differ
  /// by the scatter of cells alone.
  public var holdsUnknown = false
  /// Probability that a cell is rejected at assembly (assumed 0.05 for a line; 0 for cells that were published).
  public var assemblyRejects: Double

  /// A population.
  public init(
    library: MaterialsLibrary = .standard, base: ParameterSet = ParameterSet(),
    detail: MaterialsLibrary.Detail = .named,
    calibration: GlobalCalibration? = nil, assemblyRejects: Double = 0
  ) {
    self.library = library
    self.base = base
    self.detail = detail
    self.calibration = calibration
    self.assemblyRejects = assemblyRejects
  }

  /// Share of the variance between recipes that is ignorance of the physics rather than difference between recipes
  /// (assumed half).
  static let globalShare = 0.5

  private func assembled(
    _ cell: CellHistory, _ attributes: CellAttributes, _ materials: ResolvedMaterials, study: UInt64, global: [Double],
    draw d: Int, seed: UInt64
  ) throws(DesignError) -> SulfideCell {
    var recipe = RandomStream(seed: seed, purpose: "sulfide-recipe", key: study, draw: d)
    var own = RandomStream(seed: seed, purpose: "sulfide-cell", key: stableHash(cell.id), draw: d)
    let shared = Self.globalShare.squareRoot()
    let separate = (1 - Self.globalShare).squareRoot()
    var z = GlobalLevel.uncertain.map { _ in holdsUnknown ? 0 : recipe.normal() }
    Correlation.apply(to: &z)
    let strengths = materials.strengths.indices.map { k -> Double in
      let name = materials.strengths[k]
      var stream = RandomStream(seed: seed, purpose: "sulfide-strength \(name)", key: study, draw: d)
      let common = materials.kinds[k].flatMap { GlobalLevel.index(of: $0) }.map { global[$0] } ?? 0
      return shared * common + (holdsUnknown ? 0 : separate * stream.normal())
    }
    var p = materials.parameters(base: base) { strengths[$0] }
    for (k, parameter) in GlobalLevel.uncertain.enumerated() {
      let spread = GlobalLevel.spreads[k]
      let scatter = spread.cell > 0 ? own.normal() * spread.cell : 0
      let common = materials.stated.contains(parameter) ? 0 : shared * global[k] + separate * z[k]
      p.shift(parameter, by: spread.recipe * common + scatter)
    }
    var out = SulfideCell(design: try CellDesign(attributes, anode: materials.anode), parameters: p)
    out.shortThreshold = -_log(own.uniform())
    out.isRejectedAtAssembly = own.uniform() < assemblyRejects
    return out
  }

  /// The global level of a draw about its mean, in prior standard deviations.
  private static func globalDraw(_ d: Int, about mean: [Double], seed: UInt64) -> [Double] {
    var stream = RandomStream(seed: seed, purpose: "sulfide-global", draw: d)
    return mean.map { stream.normal() + $0 }
  }

  /// Draws of one cell.
  ///
  /// - Returns: `draws` cells; draw d of every cell of a run shares its global level, and of a study its recipe.
  /// - Throws: `DesignError`.
  public func draws(_ cell: CellHistory, count: Int, seed: UInt64) throws(DesignError) -> [SulfideCell] {
    try draws(cell, builds: [CellAttributes](repeating: cell.attributes, count: count), seed: seed)
  }

  /// One draw of each of several builds of one cell.
  ///
  /// - Parameters:
  ///   - id: the cell, by which its scatter is drawn.
  ///   - builds: columns of build d.
  /// - Throws: `DesignError`.
  public func draws(_ id: String, builds: [CellAttributes], seed: UInt64) throws(DesignError) -> [SulfideCell] {
    guard let first = builds.first else { return [] }
    return try draws(CellHistory(id: id, attributes: first), builds: builds, seed: seed)
  }

  private func draws(_ cell: CellHistory, builds: [CellAttributes], seed: UInt64) throws(DesignError) -> [SulfideCell] {
    let study = stableHash(cell.attributes.text("lab_id") ?? cell.id)
    let mean = calibration?.values ?? Array(repeating: 0, count: GlobalLevel.count)
    var known: [[String?]: ResolvedMaterials] = [:]
    var out: [SulfideCell] = []
    out.reserveCapacity(builds.count)
    for d in builds.indices {
      let built = CellHistory(id: cell.id, attributes: builds[d])
      let attributes =
        holdsUnknown
        ? UnstatedConditions.central(built) : UnstatedConditions.drawn(built, study: study, draw: d, seed: seed)
      let key = UnstatedConditions.drawnMaterials.map(attributes.text)
      let materials: ResolvedMaterials
      if let found = known[key] {
        materials = found
      } else {
        materials = try library.resolve(UnstatedConditions.materials(attributes), detail: detail)
        known[key] = materials
      }
      let global = holdsUnknown ? mean : Self.globalDraw(d, about: mean, seed: seed)
      out.append(try assembled(cell, attributes, materials, study: study, global: global, draw: d, seed: seed))
    }
    return out
  }
}

/// What is uncertain about the physics as such: parameters with a spread between recipes, and the strength of each
/// kind of material.
public enum GlobalLevel {
  /// Parameters that are drawn.
  static let uncertain = Parameter.allCases.filter { $0.row.recipeSpread > 0 || $0.row.cellSpread > 0 }

  /// Their spreads between recipes and from cell to cell.
  static let spreads = uncertain.map { (recipe: $0.row.recipeSpread, cell: $0.row.cellSpread) }

  /// Number of dimensions.
  public static let count = uncertain.count + MaterialKind.allCases.count

  /// Names of the dimensions: parameters as in files, then `strength_of_KIND`.
  public static let names =
    uncertain.map(\.row.name) + MaterialKind.allCases.map { "strength_of_\($0.rawValue)" }

  static func index(of kind: MaterialKind) -> Int? {
    MaterialKind.allCases.firstIndex(of: kind).map { uncertain.count + $0 }
  }
}

/// Correlations between the draws of a recipe (assumed signs and sizes).
enum Correlation {
  static let pairs: [(Parameter, Parameter, Double)] = [
    (.particleRadius, .roughness, 0.3), (.initialContact, .tortuosity, -0.4), (.initialCoverage, .coatingLeak, -0.5),
  ]

  private static let indices: [(Int, Int, Double)] = pairs.compactMap { a, b, rho in
    guard let i = GlobalLevel.uncertain.firstIndex(of: a), let j = GlobalLevel.uncertain.firstIndex(of: b) else {
      return nil
    }
    return (i, j, rho)
  }

  /// Correlates independent standard normal draws.
  static func apply(to z: inout [Double]) {
    for (i, j, rho) in indices { z[j] = rho * z[i] + (1 - rho * rho).squareRoot() * z[j] }
  }
}

/// What data have taught about the global level: a shift of its mean, in prior standard deviations.
public struct GlobalCalibration: Sendable, Hashable {
  /// Shift by the name of its dimension; those not named stay at the prior.
  public var shift: [String: Double]

  /// A calibration from shifts in the order of `GlobalLevel.names`.
  init(shift: [Double]) {
    self.shift = Dictionary(
      uniqueKeysWithValues: zip(GlobalLevel.names, shift).filter { $0.1 != 0 }.map { ($0.0, $0.1) })
  }

  /// A calibration from named shifts.
  public init(shift: [String: Double]) { self.shift = shift }

  /// The shift of every dimension, in the order of `GlobalLevel.names`.
  var values: [Double] { GlobalLevel.names.map { shift[$0] ?? 0 } }
}

extension GlobalCalibration: Codable {
  private enum Key: String, CodingKey { case shift }

  /// Reads `{"shift": {NAME: standard deviations}}`; other keys are ignored.
  ///
  /// - Throws: `DecodingError` for a name that is no dimension, or a shift beyond ±10.
  public init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: Key.self)
    shift = try object.decode([String: Double].self, forKey: .shift)
    for name in shift.keys.sorted() {
      guard GlobalLevel.names.contains(name) else {
        throw DecodingError.dataCorruptedError(
          forKey: .shift, in: object, debugDescription: "unknown dimension \"\(name)\"")
      }
      guard let z = shift[name], abs(z) <= 10 else {
        throw DecodingError.dataCorruptedError(
          forKey: .shift, in: object,
          debugDescription: "\(name) is \(shift[name] ?? .nan), expected −10…10 prior standard deviations")
      }
    }
  }

  /// Writes the shifts by name.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(shift, forKey: .shift)
  }
}
