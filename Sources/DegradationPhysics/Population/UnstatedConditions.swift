internal import CellModel
internal import NumericalMethods

/// Conditions that a study does not state, drawn from what published cells use (assumed shares).
enum UnstatedConditions {
  /// The columns of a cell with every empty condition filled by a draw that the cells of its study share.
  static func drawn(_ cell: CellHistory, study: UInt64, draw d: Int, seed: UInt64) -> CellAttributes {
    var a = cell.attributes
    var stream = RandomStream(seed: seed, purpose: "sulfide-conditions", key: study, draw: d)
    let u = (0..<8).map { _ in stream.uniform() }
    func pick<T>(_ values: [(T, Double)], _ u: Double) -> T? {
      var sum = 0.0
      for (value, share) in values {
        sum += share
        if u <= sum { return value }
      }
      return values.last?.0
    }
    func around(_ median: Double, _ logSpread: Double, _ u: Double, _ range: ClosedRange<Double>) -> Double {
      min(max(median * _exp(logSpread * NormalDistribution.quantile(u)), range.lowerBound), range.upperBound)
    }
    func fill(_ column: String, _ value: @autoclosure () -> Double?) {
      if a.numbers[column] == nil { a.numbers[column] = value() }
    }
    func fill(_ column: String, beside other: String? = nil, _ text: @autoclosure () -> String?) {
      if a.texts[column] == nil, other.flatMap({ a.texts[$0] }) == nil { a.texts[column] = text() }
    }
    fill("temperature_celsius", pick([(25.0, 0.7), (30, 0.15), (60, 0.15)], u[0]))
    fill("stack_pressure_mpa", around(50, 0.9, u[1], 2...300))
    if a.numbers["areal_loading_mg_cm2"] == nil {
      // Current and rate together give the loading.
      if let i = a.numbers["current_density_ma_cm2"], let rate = a.numbers["discharge_c_rate"], rate > 0 {
        a.numbers["areal_loading_mg_cm2"] = min(max(i / rate / 0.2, 0.01), 500)
      } else {
        a.numbers["areal_loading_mg_cm2"] = around(10, 0.45, u[2], 2...60)
      }
    }
    if a.numbers["upper_cutoff_v"] == nil {
      a.numbers["upper_cutoff_v"] = pick([(4.2, 0.12), (4.25, 0.18), (4.3, 0.5), (4.4, 0.12), (4.5, 0.08)], u[3])
      a.texts["voltage_reference"] = "Li"
    }
    if a.numbers["current_density_ma_cm2"] == nil { fill("discharge_c_rate", around(0.2, 0.7, u[4], 0.05...2)) }
    fill("morphology", u[5] < ((a.numbers["nickel_fraction"] ?? 0.8) < 0.7 ? 0.25 : 0.4) ? "single" : "poly")
    let coated = u[6] < (a.text("control_or_modified") == "control" ? 0.2 : 0.3)
    fill("coating_class", beside: "coating", coated ? "oxide" : "none")
    fill("anode_class", beside: "anode_material", pick([("LiIn", 0.6), ("Li", 0.3), ("graphite", 0.1)], u[7]))
    return a
  }

  /// The columns of a cell's materials that may differ from draw to draw.
  static let drawnMaterials = ["morphology", "coating_class", "anode_class"]

  /// The columns that say what a cell is made of: those of the test are left out, since they differ from draw to draw.
  static func materials(_ a: CellAttributes) -> CellAttributes {
    var m = a
    for column in [
      "temperature_celsius", "stack_pressure_mpa", "upper_cutoff_v", "discharge_c_rate", "areal_loading_mg_cm2",
    ] { m.numbers[column] = nil }
    return m
  }
}
