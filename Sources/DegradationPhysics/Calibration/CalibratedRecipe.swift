public import NumericalMethods

/// What data have to say about the parameters of a recipe, or of one cell of it: an ensemble of the posterior.
///
/// Members hold every uncertain parameter of the prior. Directions that the data identify follow the posterior; all
/// others keep the draws of the prior, so that what is not identified is propagated.
public struct CalibratedRecipe: Sendable, Hashable, Codable {
  /// What the parameters were conditioned on.
  public enum Status: String, Sendable, Hashable, Codable {
    /// Nothing: the prior.
    case prior
    /// Cells of the recipe.
    case dataset
    /// The early cycles of this very cell.
    case cell
  }

  /// How the posterior was found.
  public enum Method: String, Sendable, Hashable, Codable {
    /// Draws of the prior.
    case prior
    /// Normal distribution at the most probable parameters, with the curvature there.
    case laplace
    /// Ensemble smoother, as the responses bend too much for the former.
    case smoother
  }

  /// A parameter that was moved further than its prior can explain.
  public struct Warning: Sendable, Hashable, Codable {
    /// The parameter.
    public var parameter: Parameter
    /// Its deviation in prior standard deviations.
    public var deviation: Double
  }

  /// What the parameters were conditioned on.
  public var status: Status
  /// How.
  public var method: Method
  /// Parameters shared by the recipe, in the order of the columns of `ensemble`.
  public var parameters: [Parameter]
  /// Parameters in which cells differ, in the order of the columns of `cellEnsemble`.
  public var cellParameters: [Parameter]
  /// Posterior mean of the recipe's deviations, in units of the spread between recipes.
  public var mean: [Double]
  /// Posterior members (rows) of the recipe's deviations, in the same units.
  public var ensemble: Matrix
  /// For status `cell`, that cell's own deviations in each member, in units of the spread from cell to cell.
  public var cellEnsemble: Matrix?
  /// How well the most probable parameters of a recipe, or the mean response of a cell's members, describe what was
  /// observed.
  public var residuals: ResidualSummary
  /// Parameters beyond three prior standard deviations: a sign that the model, not the parameter, is at fault.
  public var warnings: [Warning]
  /// Whether the cell is not one that this model describes, see `PhysicsCalibration.update`.
  public var isOutOfModel = false

  /// Covariance of the recipe's deviations, from the ensemble.
  public var covariance: Matrix { ensemble.columnCovariance }

  /// Posterior over prior standard deviation of a recipe's parameter; 1 for one that is not uncertain.
  public func spreadRatio(_ p: Parameter) -> Double {
    guard let j = parameters.firstIndex(of: p) else { return 1 }
    let column = Matrix(rows: ensemble.rows, columns: 1, storage: ensemble.column(j))
    return column.columnCovariance[0, 0].squareRoot()
  }

  /// The parameters at the posterior mean, for a design of this recipe with these nominal values.
  public func parameters(nominal: ParameterSet) -> ParameterSet {
    let own = cellEnsemble?.columnMeans ?? []
    return nominal.shifted(parameters, mean[...], cellEnsemble == nil ? [] : cellParameters, own[...])
  }

  /// Members of the posterior for a cell of this recipe.
  ///
  /// With status `cell` they are that cell's; otherwise each is a new cell of the recipe, with deviations drawn from the
  /// spread from cell to cell. Above the size of the ensemble, members of the recipe repeat, their cells do not.
  /// - Parameters:
  ///   - nominal: nominal parameters of the cell's materials.
  ///   - count: number of members.
  ///   - seed: of the choice and the draws.
  public func members(nominal: ParameterSet, count: Int, seed: UInt64) -> [ParameterSet] {
    var choice = RandomStream(seed: seed, purpose: "recipe members")
    let order = choice.permutation(ensemble.rows)
    return (0..<count).map { k in
      let row = order[k % order.count]
      let own: [Double]
      if let cellEnsemble {
        own = cellEnsemble.row(row)
      } else {
        var stream = RandomStream(seed: seed, purpose: "cell deviations", draw: k)
        own = cellParameters.map { _ in stream.normal() }
      }
      return nominal.shifted(parameters, ensemble.row(row)[...], cellParameters, own[...])
    }
  }
}

/// How well a calibrated model describes the observations, in standard deviations of their noise.
public struct ResidualSummary: Sendable, Hashable, Codable {
  /// Number of observations.
  public var count = 0
  /// Root mean square; about 1 when model and noise are right.
  public var rootMeanSquare = 0.0
  /// Largest absolute value.
  public var largest = 0.0
  /// Correlation of neighbours in age; about 0 when the misfit is noise, near 1 when the model has the wrong shape.
  public var neighbourCorrelation = 0.0

  /// The summary of nothing.
  public init() {}

  /// Summarises residuals, each inner array those of one channel in ascending age.
  init(_ channels: [[Double]]) {
    let all = channels.flatMap { $0 }
    count = all.count
    guard count > 0 else { return }
    let square = all.reduce(0) { $0 + $1 * $1 }
    rootMeanSquare = (square / Double(count)).squareRoot()
    largest = all.reduce(0) { max($0, abs($1)) }
    let pairs = channels.flatMap { zip($0, $0.dropFirst()) }
    guard !pairs.isEmpty, square > 0 else { return }
    let products = pairs.reduce(0) { $0 + $1.0 * $1.1 } / Double(pairs.count)
    neighbourCorrelation = products / (square / Double(count))
  }
}
