/// One observed quantity of one cell relative to its value at a reference age.
///
/// The error of the reference is shared by all values, so they are correlated: with v_i the value of a ratio, 1 for the
/// logarithm of one, cov(i, j) = sd² (δ_ij + v_i v_j / m) where m rows were averaged for the reference.
public struct ObservedChannel: Sendable, Hashable {
  /// What the values are.
  public enum Quantity: Sendable, Hashable {
    /// Discharge capacity over that at the reference age.
    case retention
    /// Natural logarithm of the area resistance over that at the reference age.
    case logResistance
  }

  /// The quantity.
  public var quantity: Quantity
  /// Age of the reference [cycles].
  public var referenceAge: Double
  /// Rows averaged for the reference, ≥ 1.
  public var referenceRows: Int
  /// Ages [cycles], ascending, above `referenceAge`.
  public var ages: [Double]
  /// Observed values at those ages.
  public var values: [Double]
  /// Standard deviation of one row's error, of the ratio or its logarithm; > 0.
  public var sd: Double

  /// A channel from its parts.
  public init(
    _ quantity: Quantity, referenceAge: Double, referenceRows: Int = 1, ages: [Double], values: [Double], sd: Double
  ) {
    precondition(ages.count == values.count && sd > 0 && referenceRows > 0, "a channel of unequal parts")
    self.quantity = quantity
    self.referenceAge = referenceAge
    self.referenceRows = referenceRows
    self.ages = ages
    self.values = values
    self.sd = sd
  }

  /// Errors of the values made independent with unit variance, by the symmetric root of the inverse covariance, which
  /// keeps each as close to its own observation as can be.
  func whitened(_ errors: [Double]) -> [Double] {
    let w = quantity == .retention ? values : [Double](repeating: 1, count: values.count)
    let square = w.reduce(0) { $0 + $1 * $1 }
    guard square > 0 else { return errors.map { $0 / sd } }
    let along = zip(errors, w).reduce(0) { $0 + $1.0 * $1.1 } / square
    let factor = 1 - 1 / (1 + square / Double(referenceRows)).squareRoot()
    return zip(errors, w).map { ($0 - factor * along * $1) / sd }
  }

  /// The simulated values at the ages of a trajectory that has them all.
  ///
  /// Where the numerics failed the cell counts as dead: no capacity, a hundredfold resistance.
  func predicted(_ run: AgeingTrajectory) -> [Double] {
    func at(_ age: Double, _ series: [Double]) -> Double? {
      run.ages.firstIndex { $0 >= age - 1e-6 }.map { series[$0] }
    }
    switch quantity {
    case .retention:
      let reference = at(referenceAge, run.arealCapacityAhPerM2) ?? 0
      return ages.map { age in
        reference > 0 ? (at(age, run.arealCapacityAhPerM2) ?? 0) / reference : 0
      }
    case .logResistance:
      let resistances = run.areaResistanceOhmM2
      let hundred = 100.0
      let dead = _log(hundred)
      guard let reference = at(referenceAge, resistances) else { return ages.map { _ in dead } }
      return ages.map { age in at(age, resistances).map { _log($0 / reference) } ?? dead }
    }
  }
}
