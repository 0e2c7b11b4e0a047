import Testing

@testable import DesignOptimization

@Suite struct ExpressionTests {
  private let values: [String: DesignValue] = [
    "stack_pressure_mpa": .number(20), "coating": .text("LiNbO3"), "x": .number(-2), "zero": .number(0),
  ]

  @Test(
    "Values",
    arguments: [
      ("1 + 2 * 3 ^ 2", 19.0), ("(1 + 2) * 3", 9), ("-x ^ 2", -4), ("2 ^ 3 ^ 2", 512), ("2 ^ -1", 0.5),
      ("stack_pressure_mpa * 0.1 + (coating != 'none') * 2", 4), ("coating == \"LiNbO3\"", 1), ("min(3, 1, 2)", 1),
      ("max(x, 0) + exp(0) + log(1) + sqrt(16)", 5), ("1.5e-3*2", 0.003), ("3 - 2 - 1", 0), ("8 / 4 / 2", 1),
      ("x < 0", 1), ("x >= 0", 0), (".5 + 1", 1.5),
    ])
  func values(text: String, expected: Double) throws {
    #expect(abs(try Expression(text).value { values[$0] } - expected) < 1e-12)
  }

  @Test(
    "Faults point at their column",
    arguments: [
      ("1 +", 4, "the end"), ("1 + * 2", 5, "*"), ("foo(1)", 1, "no function"), ("(1 + 2", 7, "closing"),
      ("'abc", 1, "never closed"), ("1 $ 2", 3, "$"), ("sqrt(1, 2)", 1, "one value"), ("1.2.3", 1, "1.2.3"),
      ("1 2", 3, "operator"),
    ])
  func syntax(text: String, column: Int, word: String) {
    do {
      _ = try Expression(text)
      Issue.record("\(text) was read")
    } catch {
      #expect(error.column == column && error.message.contains(word), "\(text): \(error)")
    }
  }

  @Test(
    "No value: unknown names, words as numbers, division by zero, logarithm and root out of range",
    arguments: [("1 / zero", 3), ("log(x)", 1), ("sqrt(x)", 1), ("1 + y", 5), ("coating * 2", 9), ("x ^ 0.5", 3)])
  func evaluation(text: String, column: Int) throws {
    let formula = try Expression(text)
    do {
      let value = try formula.value { values[$0] }
      Issue.record("\(text) gave \(value)")
    } catch {
      #expect(error.column == column, "\(text): \(error)")
    }
  }

  @Test("Violations are distances")
  func violations() throws {
    func gap(_ t: String) throws -> Double { try Expression(t).violation { values[$0] } }
    #expect(try gap("stack_pressure_mpa <= 12") == 8)
    #expect(try gap("stack_pressure_mpa >= 12") == 0)
    #expect(try gap("stack_pressure_mpa < 20") > 0)
    #expect(try gap("coating == 'none'") == 1)
    #expect(try gap("0.1 + 0.2 <= 0.3") == 0)
  }
}
