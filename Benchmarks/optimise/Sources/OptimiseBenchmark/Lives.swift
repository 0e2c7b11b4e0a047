import DesignOptimization
import Foundation
import NumericalMethods

/// Lives under stress and under censoring, for `lives.py`.
enum Lives: String {
  case accelerated
  case arrhenius
  case censored

  func run(_ arguments: [String]) throws {
    let numbers = arguments.compactMap { Double($0) }
    switch self {
    case .accelerated:
      let plan = AcceleratedTest(.weibullQuantile(0.1), inUse: numbers[0], atHighest: numbers[1]).optimum
      print(plan.levels[0], plan.shares[0], plan.variance)
    case .arrhenius:
      let boltzmann = 8.617333262e-5
      func ages(_ celsius: Double) -> AccelerationFactor.Ages {
        let life = exp(numbers[0] / boltzmann / (celsius + 273.15)) * 1e-3
        return .init(early: [life / 4, life / 4], end: [life, life])
      }
      let factor = AccelerationFactor(use: ages(numbers[1]), test: ages(numbers[2]), useShares: [1], testShares: [1])
      print(factor.factor[1])
    case .censored:
      let rows = try String(contentsOfFile: arguments[0], encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: ",").compactMap { Double($0) }
      }
      let found = VarianceComponents(rows.map { .init($0[0], upTo: $0[1]) }, seed: 1).residual
      print(found.q05, found.median, found.q95)
    }
  }
}
