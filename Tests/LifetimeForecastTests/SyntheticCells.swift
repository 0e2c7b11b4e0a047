import BatteryData
import CellModel
import NumericalMethods

@testable import LifetimeForecast

/// Cells drawn from the generic ageing law with conditions and cell-to-cell spread.
enum SyntheticCells {
  static let description = DatasetDescription(
    name: "synthetic", kind: .simulated, family: .liquid, capacityColumn: "capacity_retention",
    endOfLife: EndOfLife(fraction: 0.8, reference: .first))

  static func make(_ count: Int, seed: UInt64, prefix: String = "s") -> [CellHistory] {
    (0..<count).map { i in
      var stream = RandomStream(seed: seed, purpose: "synthetic-\(prefix)", key: UInt64(i))
      let temperature = [25.0, 35, 45][stream.index(below: 3)]
      let rate = [0.5, 1, 2][stream.index(below: 3)]
      let p = min(max(0.75 + 0.08 * stream.normal(), 0.4), 1.2)
      let life = _exp(6.5 - 0.03 * (temperature - 25) - 0.3 * _log(rate) + 0.2 * stream.normal())
      let ages = (1..<(Int(life * 1.3) + 3)).map(Double.init)
      let retention = ages.map { t in
        1 - 0.2 * (0.85 * _pow(t / life, p) + 0.15 * _pow(t / life, 6)) + 0.001 * stream.normal()
      }
      return CellHistory(
        id: "\(prefix)\(i)",
        attributes: CellAttributes(
          numbers: [
            "temperature_celsius": temperature, "charge_c_rate": rate, "discharge_c_rate": 1, "observed_life": life,
          ], texts: ["group_id": "\(temperature)-\(rate)"]),
        series: CycleSeries(ages: ages, capacities: retention))
    }
  }

  static func assembly(_ cells: [CellHistory]) throws -> CellAssembly {
    let preparation = CellPreparation(description: description, endOfLife: description.endOfLife)
    let traits = try RecordTraits(retentions: cells.map { try preparation.relative($0).retention })
    return CellAssembly(
      description: description, endOfLife: description.endOfLife, traits: traits, histories: cells,
      sulfidePrior: [:])
  }

  static func core(
    _ cells: [CellHistory], at age: CutOff, kinds: [MemberKind] = [.law, .groupProcess, .process, .screened],
    threads: Int = 2, seed: UInt64 = 1
  ) async throws -> ForecastCore {
    try await ForecastCore.fit(
      try assembly(cells).cells(at: age, forTraining: true), at: age, schemes: [.cell], foldCount: 10, presence: 0.6,
      extraColumns: [], kinds: kinds, variants: [.hybrid], seed: seed, threads: threads, progress: nil)
  }

  /// Life draws, ascending, for each cell.
  static func lives(
    _ core: ForecastCore, _ cells: [CellHistory], traits: RecordTraits, at age: CutOff, seed: UInt64 = 1
  ) throws -> [[Double]] {
    var view = try assembly(cells)
    view.traits = traits
    let inputs = try view.cells(at: age, forTraining: false)
    let e = try core.expectations(inputs, variant: .hybrid)
    return inputs.indices.compactMap { i in
      core.draw(inputs[i], e[i], variant: .hybrid, count: 400, seed: seed)?.lives().sorted()
    }
  }
}
