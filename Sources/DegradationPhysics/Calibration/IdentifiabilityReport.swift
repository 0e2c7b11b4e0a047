internal import NumericalMethods

/// Which parameters, and which combinations of them, data can move: a Fisher analysis in units of the prior.
///
/// For data that exist, or for a test that is planned (`CellObservations(planned:…)`).
public struct IdentifiabilityReport: Sendable, Hashable, Codable {
  /// A combination of parameters that the data see.
  public struct Direction: Sendable, Hashable, Codable {
    /// Prior standard deviation of the response in noise standard deviations; the data move it when above 1.
    public var singularValue: Double
    /// Parameters by the size of their part, the largest first, up to those of a tenth of the direction's square.
    public var parts: [Part]
  }

  /// A parameter's part in a direction of unit length.
  public struct Part: Sendable, Hashable, Codable {
    /// The parameter.
    public var parameter: Parameter
    /// Component; the sign is common to the direction, and the largest part is positive.
    public var weight: Double
  }

  /// A parameter and how far the data narrow it.
  public struct Narrowing: Sendable, Hashable, Codable {
    /// The parameter.
    public var parameter: Parameter
    /// Posterior over prior standard deviation of the recipe's value; 1 when it stays at its prior.
    public var spreadRatio: Double
  }

  /// Singular values, descending.
  public var singularValues: [Double]
  /// Directions with a singular value above 1.
  public var directions: [Direction]
  /// All uncertain parameters of the recipe, the most narrowed first.
  public var parameters: [Narrowing]

  /// Number of directions that the data move by more than the noise.
  public var identified: Int { directions.count }

  /// Parameters that stay at their prior: ratio above .95.
  public var unmoved: [Parameter] { parameters.filter { $0.spreadRatio > 0.95 }.map(\.parameter) }

  /// Analyses data at the nominal parameters, or at a recipe's posterior mean.
  ///
  /// - Parameters:
  ///   - data: cells with their ages and noise; the observed values hardly matter.
  ///   - recipe: where to differentiate; nil for the nominal parameters.
  ///   - threads: tasks at the same time.
  /// - Throws: `CancellationError`.
  public init(_ data: CalibrationData, at recipe: CalibratedRecipe? = nil, threads: Int = 1) async throws {
    let space = CalibrationSpace(data)
    var z = [Double](repeating: 0, count: space.count)
    if let recipe {
      for (p, value) in zip(recipe.parameters, recipe.mean) {
        if let j = space.recipe.firstIndex(of: p) { z[j] = value }
      }
    }
    let jacobian = try await CalibrationForward(data, space).jacobian(z, threads: threads).jacobian
    let laplace = try LaplacePosterior(
      mean: z, jacobian: jacobian, weights: [Double](repeating: 1, count: jacobian.rows))
    let values = laplace.information.prefix(min(jacobian.rows, space.count)).map { $0.squareRoot() }
    singularValues = values
    directions = values.indices.filter { values[$0] > 1 }.map { k in
      Direction(singularValue: values[k], parts: Self.parts(laplace.directions.row(k), space))
    }
    let variances = laplace.variances
    parameters = space.recipe.indices.map {
      Narrowing(parameter: space.recipe[$0], spreadRatio: max(variances[$0], 0).squareRoot())
    }.sorted { ($0.spreadRatio, $0.parameter.rawValue) < ($1.spreadRatio, $1.parameter.rawValue) }
  }

  /// Recipe and cell parts of a parameter together, with the sign of the larger.
  private static func parts(_ v: [Double], _ space: CalibrationSpace) -> [Part] {
    var squares = [Double](repeating: 0, count: Parameter.allCases.count)
    var signs = squares
    for (i, x) in v.enumerated() {
      let p = space.parameter(i).rawValue
      squares[p] += x * x
      signs[p] += x
    }
    let found = Parameter.allCases.filter { squares[$0.rawValue] >= 0.1 }
      .sorted { (squares[$1.rawValue], $0.rawValue) < (squares[$0.rawValue], $1.rawValue) }
    let lead = (found.first.map { signs[$0.rawValue] } ?? 1) < 0 ? -1.0 : 1.0
    return found.map { p in
      let size = squares[p.rawValue].squareRoot()
      return Part(parameter: p, weight: signs[p.rawValue] * lead < 0 ? -size : size)
    }
  }
}
