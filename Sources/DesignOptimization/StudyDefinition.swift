internal import Foundation
internal import NumericalMethods

/// A number read off the draws of a metric.
public enum DesignStatistic: Sendable, Hashable {
  /// The mean.
  case mean
  /// The quantile at a probability in (0, 1).
  case quantile(Double)
  /// The share of draws at or above a value.
  case probabilityAtLeast(Double)

  /// Reads `mean`, `q05` … `q95`, `p_ge:500`.
  public init?(_ text: String) {
    if text == "mean" {
      self = .mean
    } else if text.hasPrefix("q"), let percent = Double(text.dropFirst()), percent > 0, percent < 100 {
      self = .quantile(percent / 100)
    } else if text.hasPrefix("p_ge:"), let value = Double(text.dropFirst(5)) {
      self = .probabilityAtLeast(value)
    } else {
      return nil
    }
  }

  /// The statistic of ascending draws.
  func value(ofSorted draws: [Double]) -> Double {
    switch self {
    case .mean: return draws.reduce(0, +) / Double(max(draws.count, 1))
    case .quantile(let p):
      let position = p * Double(draws.count - 1)
      let low = Int(position)
      let w = position - Double(low)
      return w == 0 ? draws[low] : draws[low] * (1 - w) + draws[min(low + 1, draws.count - 1)] * w
    case .probabilityAtLeast(let limit): return Double(draws.count { $0 >= limit }) / Double(max(draws.count, 1))
    }
  }
}

/// What a study wants.
public struct DesignObjective: Sendable, Hashable {
  /// A metric of the evaluator, `cost`, or a column of the design.
  public var metric: String
  /// Whether more is better.
  public var isMaximised: Bool
  /// How draws become one number.
  public var statistic: DesignStatistic

  /// An objective.
  public init(metric: String, isMaximised: Bool, statistic: DesignStatistic = .mean) {
    self.metric = metric
    self.isMaximised = isMaximised
    self.statistic = statistic
  }
}

/// A limit that must hold with a probability over the virtual cells of a design.
public struct ChanceConstraint: Sendable, Hashable {
  /// A metric of the evaluator.
  public var metric: String
  /// Whether the metric must be at least the limit (else at most).
  public var isLowerBound: Bool
  /// The limit.
  public var limit: Double
  /// Probability with which it must hold, in (0, 1).
  public var probability: Double

  /// A constraint.
  public init(metric: String, isLowerBound: Bool, limit: Double, probability: Double) {
    self.metric = metric
    self.isLowerBound = isLowerBound
    self.limit = limit
    self.probability = probability
  }

  /// The constraint as text.
  public var text: String { "P(\(metric) \(isLowerBound ? ">=" : "<=") \(limit)) >= \(probability)" }

  /// Share of draws that keep the limit.
  func share(_ draws: [Double]) -> Double {
    Double(draws.count { isLowerBound ? $0 >= limit : $0 <= limit }) / Double(max(draws.count, 1))
  }

  /// Whether draws say that the limit is not kept: the 99 % interval of Jeffreys lies below the probability.
  func isLost(_ draws: [Double]) -> Bool { chance(draws).quantile(0.995) < probability }

  /// Whether draws leave open if the limit is kept: the 99 % interval of Jeffreys holds the probability.
  func isOpen(_ draws: [Double]) -> Bool { !isLost(draws) && chance(draws).quantile(0.005) < probability }

  /// What draws say of the probability that the limit is kept.
  ///
  /// - Source: L. D. Brown, T. T. Cai and A. DasGupta, Stat. Sci. 16 (2001) 101, doi:10.1214/ss/1009213286.
  private func chance(_ draws: [Double]) -> BetaDistribution {
    let kept = share(draws) * Double(draws.count)
    return BetaDistribution(kept + 0.5, Double(draws.count) - kept + 0.5)
  }

  /// How far the draw that must keep the limit is from it, in units of `scale`; it points the way even where no draw
  /// keeps the limit.
  ///
  /// Of n draws ⌈(n + 1) · probability⌉ must keep it (all, where that is more than n): then the next cell keeps it with
  /// the probability, on average over draws. The plain quantile would let half of the designs at the limit break it.
  func margin(ofSorted draws: [Double], scale: Double) -> Double {
    let n = draws.count
    let keeping = min(Int((Double(n + 1) * probability - 1e-9).rounded(.up)), n)
    return max(isLowerBound ? limit - draws[n - keeping] : draws[keeping - 1] - limit, 0) / scale
  }
}

/// What an evaluator says of one design: draws of each metric, or why there are none.
public struct DesignDraws: Sendable, Hashable {
  /// Draws by metric; the same number for each.
  public var metrics: [String: [Double]]
  /// What hinders the evaluation of this design from the start.
  public let hindrance: String?
  /// Draws that could not be simulated.
  public private(set) var failures: Int
  /// Why the design lies outside what the evaluator was taught by, by column, or under "" for the design as a whole.
  public var objections: [String: String]

  /// Draws of a design.
  public init(
    metrics: [String: [Double]], hindrance: String? = nil, failures: Int = 0, objections: [String: String] = [:]
  ) {
    self.metrics = metrics
    self.hindrance = hindrance
    self.failures = failures
    self.objections = objections
  }

  /// Number of draws.
  var count: Int { metrics.values.map(\.count).max() ?? 0 }

  /// Why nothing can be said of the design: what hinders it, or more than 5 % of its draws that failed.
  public var fault: String? {
    if let hindrance { return hindrance }
    guard Double(failures) > 0.05 * Double(count) else { return nil }
    return "numerical: \(failures) of \(count) virtual cells could not be simulated"
  }

  /// These draws and further ones.
  mutating func append(_ more: DesignDraws) {
    for name in metrics.keys { metrics[name]? += more.metrics[name] ?? [] }
    failures += more.failures
  }
}

/// Anything that can say what a design would do: a simulation, a fitted model, a test function.
///
/// Draw d of every design must share its random numbers (common random numbers), so that designs differ by design alone.
public protocol DesignEvaluator: Sendable {
  /// Names of the metrics it gives.
  var metrics: [String] { get }

  /// Draws of every design, in order.
  ///
  /// - Parameters:
  ///   - designs: columns in the units of their names.
  ///   - draws: number of virtual cells each.
  ///   - seed: another seed gives fresh virtual cells.
  func evaluate(_ designs: [[String: DesignValue]], draws: Int, seed: UInt64) async throws -> [DesignDraws]

  /// Some of these draws: those of `range`, the same numbers as in the whole. With them, designs that cannot keep a limit
  /// are left after few draws.
  ///
  /// - Returns: nil where draws come only as a whole, which is the default.
  func evaluate(
    _ designs: [[String: DesignValue]], draws range: Range<Int>, seed: UInt64
  ) async throws -> [DesignDraws]?
}

extension DesignEvaluator {
  /// Draws come only as a whole.
  public func evaluate(
    _ designs: [[String: DesignValue]], draws range: Range<Int>, seed: UInt64
  ) async throws -> [DesignDraws]? { nil }
}

/// Objectives, limits and effort of a study.
public struct StudyDefinition: Sendable {
  /// The designs that may be built.
  public var space: DesignSpace
  /// One to four objectives.
  public var objectives: [DesignObjective]
  /// Limits over virtual cells.
  public var chances: [ChanceConstraint]
  /// Cost of a design; nil for none.
  public var cost: Expression?
  /// Virtual cells of a design in the search; powers of two use their points best. Chance constraints that these leave
  /// open are judged on up to 1024 where that could change the front.
  public var draws = 128
  /// Whether a design outside what the evaluator was taught by, as a whole, counts as one that breaks a constraint.
  public var staysInDomain = true
  /// That constraint as text.
  public static let domainText = "within what the model was taught by"
  /// Virtual cells of a design on the front, drawn afresh.
  public var verifyingDraws = 1024
  /// Designs to evaluate.
  public var budget = 500
  /// The only source of chance.
  public var seed: UInt64 = 1

  /// A study.
  ///
  /// - Throws: `DesignSpaceError` for no objective or more than four, a metric that neither the evaluator nor the space
  ///   gives, probabilities outside (0, 1), a budget below 80 or fewer than 32 draws.
  public init(
    space: DesignSpace, objectives: [DesignObjective], chances: [ChanceConstraint] = [], cost: Expression? = nil,
    metrics: [String]
  ) throws(DesignSpaceError) {
    guard (1...4).contains(objectives.count) else {
      throw DesignSpaceError(
        part: "objective", message: "\(objectives.count) objectives, expected 1 to 4",
        help: "state what is wanted: objective = [ { metric = \"life\", goal = \"max\" } ]")
    }
    let columns = Set(space.variables.map(\.name) + space.linked.map(\.name) + space.base.keys)
    for o in objectives where !metrics.contains(o.metric) && !(o.metric == "cost" && cost != nil) {
      guard columns.contains(o.metric) else {
        throw DesignSpaceError(
          part: "objective \"\(o.metric)\"",
          message: "no such metric; there are \(metrics.joined(separator: ", ")) and the columns of the design",
          help: "correct the metric")
      }
    }
    for c in chances {
      guard metrics.contains(c.metric) else {
        throw DesignSpaceError(
          part: "constraint \"\(c.metric)\"", message: "no such metric; there are \(metrics.joined(separator: ", "))",
          help: "correct the metric; limits on columns are expressions")
      }
      guard c.probability > 0, c.probability < 1 else {
        throw DesignSpaceError(
          part: "constraint \"\(c.metric)\"",
          message: "probability \(c.probability), expected between 0 and 1, without the ends",
          help: "0.9 for nine cells in ten")
      }
    }
    if let name = cost?.names.first(where: { !columns.contains($0) }) {
      throw DesignSpaceError(
        part: "cost", message: "\"\(name)\" is no column of the design",
        help: "correct the name, or state it in the base design")
    }
    self.space = space
    self.objectives = objectives
    self.chances = chances
    self.cost = cost
  }

  /// A design in full, and how far each constraint of the space is from holding.
  ///
  /// - Throws: `DesignSpaceError` naming the formula that has no value for it.
  func design(
    _ genes: [Double]
  ) throws(DesignSpaceError) -> (values: [String: DesignValue], violations: [Double]) {
    let values = try space.design(genes)
    let violations = try space.violations(values)
    if let cost {
      do throws(ExpressionError) { _ = try cost.value { values[$0] } } catch {
        throw DesignSpaceError(part: "cost", message: "in \"\(cost.text)\": \(error.message)", column: error.column)
      }
    }
    return (values, violations)
  }

  /// Refuses a formula that has no value for more than half of some designs.
  func checkFormulas(_ genes: [[Double]]) throws(DesignSpaceError) {
    var errors: [DesignSpaceError] = []
    for g in genes { do throws(DesignSpaceError) { _ = try design(g) } catch { errors.append(error) } }
    let parts = Dictionary(grouping: errors, by: \.part)
    guard let (_, most) = parts.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }),
      2 * most.count > genes.count
    else { return }
    throw DesignSpaceError(
      part: most[0].part,
      message: "has no value for \(most.count) of the first \(genes.count) designs: \(most[0].message)",
      column: most[0].column, help: "narrow the bounds, or write the formula so that it has a value everywhere")
  }
}
