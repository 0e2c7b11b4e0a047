import Foundation
import NumericalMethods
import Testing

@testable import DegradationPhysics

@Suite("Calibrated recipes as files")
struct CalibrationCodingTests {
  @Test("A recipe survives JSON with the names of its parameters, and draws the same members")
  func roundTrip() throws {
    var c = PhysicsCalibration(seed: 3)
    c.members = 12
    let recipe = c.prior(of: [ParameterSet()])
    let data = try JSONEncoder().encode(recipe)
    #expect(String(decoding: data, as: UTF8.self).contains("\"fatigue_rate_per_cycle\""))
    let back = try JSONDecoder().decode(CalibratedRecipe.self, from: data)
    #expect(back == recipe)
    #expect(
      back.members(nominal: ParameterSet(), count: 30, seed: 1)
        == recipe.members(nominal: ParameterSet(), count: 30, seed: 1))
    let wrong = String(decoding: data, as: UTF8.self).replacingOccurrences(of: "fatigue_rate_per_cycle", with: "luck")
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(CalibratedRecipe.self, from: Data(wrong.utf8)) }
  }
}
