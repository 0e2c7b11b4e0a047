public import CellModel
internal import NumericalMethods

/// What keeps a simulation from going on.
public enum SimulationError: Error, Hashable, Sendable {
  /// A state is not a number; the cycle where it happened.
  case notFinite(cycle: Double)
}

/// The mechanistic ageing of an NCM | sulfide cell: contact, cracks, interphase, space charge, oxidation, rock salt,
/// coating wear and the anode, coupled through the potential, the local current and the strain of each cycle.
///
/// Capacity is never imposed: it follows from the end points of charge and discharge at the state of each age. This
/// is a bracketing prior. Most of its parameters are not identified by a fade curve.
public struct SulfideAgeing: Sendable {
  /// The design and its protocol.
  public var design: CellDesign
  /// The parameters.
  public var parameters: SulfideParameters

  /// A cell from its parts.
  public init(design: CellDesign, parameters: SulfideParameters) {
    self.design = design
    self.parameters = parameters
  }

  /// A cell from its columns with nominal parameters of its materials.
  ///
  /// - Throws: `DesignError`.
  public init(_ attributes: CellAttributes) throws(DesignError) {
    self.init(design: try CellDesign(attributes), parameters: SulfideMaterials.parameters(attributes))
  }

  /// Capacity below which a cell counts as out of contact.
  static let contactLimit = 0.15

  /// Simulates cycling.
  ///
  /// Steps of Heun's method on closed-form updates: one cycle for the first ten, then up to ten; relative error of
  /// the capacity about 1e-3 against single cycles.
  /// - Parameters:
  ///   - ages: ages to report [cycles], ascending, the first ≥ 1.
  ///   - limit: retention that ends life.
  ///   - resistanceFactor: resistance relative to the first that counts as failure; nil for no such limit.
  ///   - attribution: whether losses are split by mechanism.
  /// - Throws: `SimulationError`.
  public func run(
    ages: [Double], limit: Double = 0.8, resistanceFactor: Double? = nil, attribution: Bool = false
  ) throws(SimulationError) -> AgeingTrajectory {
    var out = AgeingTrajectory()
    let p = parameters
    let fresh = DegradationState(fresh: p)
    var state = fresh
    var age = 1.0
    var first: Double?
    var firstResistance = 0.0
    var previous: (age: Double, retention: Double)?
    var next = 0
    let last = ages.last ?? 1
    while true {
      let cell = VoltageSolver(design, p, state)
      let ends = cell.endPoints()
      let whole = cell.capacity(ends)
      let reference = first ?? whole
      let q = min(whole, reference * (1 - state.inventoryLoss))
      let retention = reference > 0 ? q / reference : 0
      guard q.isFinite, state.contactFraction.isFinite, cell.resistanceOhmM2.isFinite else {
        throw .notFinite(cycle: age)
      }
      if first == nil {
        first = whole
        firstResistance = cell.resistanceOhmM2
      }
      if next < ages.count, age >= ages[next] - 1e-9 {
        out.ages.append(age)
        out.capacityRetention.append(retention)
        out.arealCapacityAhPerM2.append(q)
        out.areaResistanceOhmM2.append(cell.resistanceOhmM2)
        out.states.append(state)
        if attribution { out.losses.append(attribute(state, fresh, reference, retention)) }
        next += 1
      }
      if out.life == nil, retention <= limit {
        out.life =
          previous.map { $0.age + ($0.retention - limit) / max($0.retention - retention, 1e-12) * (age - $0.age) }
          ?? age
      }
      if out.failure == nil {
        if retention <= limit {
          out.failure = (.capacity, out.life ?? age)
        } else if state.contactFraction * cell.percolated < Self.contactLimit || q <= 0 {
          out.failure = (.contact, age)
        } else if let factor = resistanceFactor, cell.resistanceOhmM2 > factor * firstResistance {
          out.failure = (.resistance, age)
        }
      }
      previous = (age, retention)
      guard age < last - 1e-9 else { break }
      var step = age < 11 ? 1 : min(2 + (age / 20).rounded(.down), 10)
      if next < ages.count { step = min(step, ages[next] - age) }
      step = max(min(step, last - age), 1e-6)
      let rates = DegradationRates(cell, state, DriveFactors(cell, ends, capacityAhPerM2: q))
      let predicted = rates.advance(state, cycles: step, p, temperatureK: design.temperatureK)
      let later = VoltageSolver(design, p, predicted)
      let laterEnds = later.endPoints()
      let corrected = rates.averaged(
        with: DegradationRates(
          later, predicted, DriveFactors(later, laterEnds, capacityAhPerM2: later.capacity(laterEnds))))
      state = corrected.advance(state, cycles: step, p, temperatureK: design.temperatureK)
      age += step
    }
    return out
  }

  /// Capacity at a state, as a share of `reference`.
  private func retention(_ s: DegradationState, _ reference: Double) -> Double {
    let cell = VoltageSolver(design, parameters, s)
    return reference > 0 ? min(cell.capacity(cell.endPoints()), reference * (1 - s.inventoryLoss)) / reference : 0
  }

  /// Splits the loss by mechanism: Shapley values of setting each mechanism's states back to fresh.
  ///
  /// - Source: L. S. Shapley, Contributions to the Theory of Games II (1953) 307; parts add up to 1 − retention.
  private func attribute(
    _ aged: DegradationState, _ fresh: DegradationState, _ reference: Double, _ retention: Double
  ) -> [Mechanism: Double] {
    let parts: [(Mechanism, (inout DegradationState) -> Void)] = [
      (
        .contactLoss,
        {
          $0.contactFraction = aged.contactFraction
          $0.contactFatigue = aged.contactFatigue
        }
      ), (.cracking, { $0.crackDensity = aged.crackDensity }),
      (.cathodeInterphase, { $0.interphaseThicknessM = aged.interphaseThicknessM }),
      (.spaceCharge, { $0.spaceCharge = aged.spaceCharge }),
      (.electrolyteOxidation, { $0.oxidisedFraction = aged.oxidisedFraction }),
      (.rockSalt, { $0.rockSaltThicknessM = aged.rockSaltThicknessM }),
      (
        .anode,
        {
          $0.anodeInterphaseM = aged.anodeInterphaseM
          $0.inventoryLoss = aged.inventoryLoss
        }
      ),
    ]
    let n = parts.count
    var base = fresh
    base.coatingCoverage = aged.coatingCoverage
    let values = (0..<(1 << n)).map { mask -> Double in
      var s = base
      for k in 0..<n where mask & (1 << k) != 0 { parts[k].1(&s) }
      return self.retention(s, reference)
    }
    let factorial = (0...n).map { k in (0..<k).reduce(1.0) { $0 * Double($1 + 1) } }
    var out: [Mechanism: Double] = [:]
    for k in 0..<n {
      var share = 0.0
      for mask in 0..<(1 << n) where mask & (1 << k) == 0 {
        let size = mask.nonzeroBitCount
        share +=
          factorial[size] * factorial[n - size - 1] / factorial[n] * (values[mask] - values[mask | (1 << k)])
      }
      out[parts[k].0] = share
    }
    // The wear of the coating changes resistance a little by itself: it counts with the interphase it guards.
    let rest = (1 - retention) - out.values.reduce(0, +)
    out[.cathodeInterphase, default: 0] += rest
    return out
  }
}
