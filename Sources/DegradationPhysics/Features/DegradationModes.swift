public import NumericalMethods

/// Losses of the two electrodes and of lithium between a fresh and an aged curve of one cell.
///
/// A loss is 1 − aged/fresh; NaN when either curve says nothing on it: against lithium or indium–lithium with lithium to
/// spare the anode and the inventory stay dark, and only the loss of the positive electrode and the resistance are known.
/// Loss of positive electrode does not tell isolated particles from rock salt.
///
/// - Source: C. R. Birkl et al., J. Power Sources 341 (2017) 373, doi:10.1016/j.jpowsour.2016.12.011.
public struct DegradationModes: Sendable, Hashable {
  /// Loss of active positive electrode, LAM_p [fraction].
  public var positiveLoss: Double
  /// Loss of active negative electrode, LAM_n [fraction]; NaN when unidentifiable.
  public var negativeLoss: Double
  /// Loss of lithium inventory, LLI [fraction]; NaN when unidentifiable.
  public var lithiumLoss: Double
  /// Growth of the voltage drop across the resistance [V].
  public var ohmicDropGrowthV: Double
  /// Covariance of the four, in that order; NaN where unidentifiable.
  public var covariance: Matrix
  /// Quantities on which one of the curves says nothing, in declaration order.
  public var unidentifiable: [FullCellFit.Quantity]

  /// Compares two fits of one cell at the same current.
  public init(fresh: FullCellFit, aged: FullCellFit) {
    let all = FullCellFit.Quantity.allCases
    let dark = all.filter { fresh.unidentifiable.contains($0) || aged.unidentifiable.contains($0) }
    func loss(_ quantity: FullCellFit.Quantity) -> Double {
      dark.contains(quantity) ? .nan : 1 - aged.value(quantity) / fresh.value(quantity)
    }
    positiveLoss = loss(.positive)
    negativeLoss = loss(.negative)
    lithiumLoss = loss(.lithium)
    ohmicDropGrowthV = dark.contains(.ohmicDrop) ? .nan : aged.ohmicDropV - fresh.ohmicDropV
    unidentifiable = dark
    // First-order propagation; the two fits are independent.
    let byAged = all.map { $0 == .ohmicDrop ? 1 : -1 / fresh.value($0) }
    let byFresh = all.map { $0 == .ohmicDrop ? -1 : aged.value($0) / (fresh.value($0) * fresh.value($0)) }
    covariance = Matrix(rows: 4, columns: 4)
    for i in 0..<4 {
      for j in 0..<4 {
        covariance[i, j] =
          byAged[i] * aged.covariance[i, j] * byAged[j] + byFresh[i] * fresh.covariance[i, j] * byFresh[j]
      }
    }
  }
}
