import CellModel
import DegradationPhysics
import NumericalMethods
import Testing

@testable import LifetimeForecast

/// What the sulfide simulation says of a cell that runs already.
@Suite struct MechanismForecastTests {
  @Test("Resistance goes on from the one measured, and follows how it grew")
  func record() async throws {
    var cell = CellHistory(id: "A", attributes: CellAttributes())
    cell.attributes.texts = [
      "cathode_material": "NCM811", "electrolyte_material": "Li6PS5Cl", "anode_material": "Li-In",
      "coating_class": "none", "voltage_reference": "Li",
    ]
    cell.attributes.numbers = [
      "upper_cutoff_v": 4.3, "temperature_celsius": 25, "stack_pressure_mpa": 50, "discharge_c_rate": 0.3,
    ]
    let ages = [1.0, 25, 50, 75, 100]
    let draws = LevelDraws(
      remaining: Matrix((0..<200).map { d in LevelGrid.shares.map { $0 * (150 + Double(d)) } }), age: 100, start: 0.95,
      endFraction: 0.8, horizonScale: [[Double]](repeating: [Double](repeating: 1, count: 5), count: 2),
      measurementNoise: 0)
    func growth(_ perCycle: Double) async throws -> (first: Double, last: Double) {
      var running = cell
      running.series = CycleSeries(
        ages: ages, capacities: ages.map { 1 - 0.0005 * $0 },
        columns: ["area_resistance_ohm_cm2": ages.map { 30 * (1 + perCycle * $0) }])
      let found = try #require(
        try await MechanismForecast(running, forecast: draws, horizon: 600, seed: 1, threads: 2))
      let (first, last) = (try #require(found.resistance.first), try #require(found.resistance.last))
      #expect(first.age == 100)
      // Every draw starts from the last measurement.
      let measured = 30 * (1 + perCycle * 100) * 1e-4
      #expect(first.values.allSatisfy { abs($0 / measured - 1) < 1e-9 })
      return (median(first.values), median(last.values))
    }
    let slow = try await growth(0.001)
    let fast = try await growth(0.02)
    #expect(fast.last / fast.first > slow.last / slow.first)
  }
}
