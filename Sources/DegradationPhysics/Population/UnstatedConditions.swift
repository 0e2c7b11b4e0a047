internal import CellModel
internal import NumericalMethods

/// What published cells use of a condition, assumed where a study does not state it.
public enum AssumedCondition: Sendable, Hashable {
  /// Values and their shares, which add up to 1.
  case choices([Choice])
  /// A log-normal distribution held within a range.
  case logNormal(median: Double, logSpread: Double, range: ClosedRange<Double>)

  /// One value and its share.
  public struct Choice: Sendable, Hashable {
    /// The value, in the unit of the column.
    public var value: Double
    /// Its share.
    public var share: Double
  }

  /// The value that a uniform draw picks.
  func value(at u: Double) -> Double {
    switch self {
    case .choices(let choices):
      var sum = 0.0
      for choice in choices {
        sum += choice.share
        if u <= sum { return choice.value }
      }
      return choices[choices.count - 1].value
    case .logNormal(let median, let logSpread, let range):
      return min(max(median * _exp(logSpread * NormalDistribution.quantile(u)), range.lowerBound), range.upperBound)
    }
  }

  /// Distance of a value from the mean in standard deviations, with its sign; in logarithms where log-normal.
  public func standardScore(_ x: Double) -> Double {
    switch self {
    case .choices(let choices):
      let mean = choices.reduce(0.0) { $0 + $1.share * $1.value }
      let variance = choices.reduce(0.0) { $0 + $1.share * ($1.value - mean) * ($1.value - mean) }
      return (x - mean) / variance.squareRoot()
    case .logNormal(let median, let logSpread, _): return _log(x / median) / logSpread
    }
  }
}

/// Conditions that a study does not state, drawn from what published cells use (assumed shares), each on its own.
public enum UnstatedConditions {
  /// Temperature [°C].
  public static let temperatureCelsius = choices((25, 0.7), (30, 0.15), (60, 0.15))
  /// Stack pressure [MPa].
  public static let stackPressureMPa = AssumedCondition.logNormal(median: 50, logSpread: 0.9, range: 2...300)
  /// Active material per area [mg cm⁻²].
  public static let loadingMgPerCm2 = AssumedCondition.logNormal(median: 10, logSpread: 0.45, range: 2...60)
  /// Upper cut-off [V against Li].
  public static let upperCutoffV = choices((4.2, 0.12), (4.25, 0.18), (4.3, 0.5), (4.4, 0.12), (4.5, 0.08))
  /// Discharge rate [1/h].
  public static let dischargeCRate = AssumedCondition.logNormal(median: 0.2, logSpread: 0.7, range: 0.05...2)

  private static func choices(_ values: (Double, Double)...) -> AssumedCondition {
    .choices(values.map { AssumedCondition.Choice(value: $0.0, share: $0.1) })
  }

  /// The columns of a cell with every empty condition filled by a draw that the cells of its study share.
  static func drawn(_ cell: CellHistory, study: UInt64, draw d: Int, seed: UInt64) -> CellAttributes {
    var stream = RandomStream(seed: seed, purpose: "sulfide-conditions", key: study, draw: d)
    return filled(cell, at: (0..<8).map { _ in stream.uniform() })
  }

  /// The columns of a cell with every empty condition filled by the middle of what is assumed.
  static func central(_ cell: CellHistory) -> CellAttributes { filled(cell, at: [Double](repeating: 0.5, count: 8)) }

  private static func filled(_ cell: CellHistory, at u: [Double]) -> CellAttributes {
    var a = cell.attributes
    func fill(_ column: String, _ assumed: AssumedCondition, _ u: Double) {
      if a.numbers[column] == nil { a.numbers[column] = assumed.value(at: u) }
    }
    func fill(_ column: String, beside other: String? = nil, _ text: String) {
      if a.texts[column] == nil, other.flatMap({ a.texts[$0] }) == nil { a.texts[column] = text }
    }
    fill("temperature_celsius", temperatureCelsius, u[0])
    fill("stack_pressure_mpa", stackPressureMPa, u[1])
    if a.numbers["areal_loading_mg_cm2"] == nil {
      // Current and rate together give the loading.
      if let i = a.numbers["current_density_ma_cm2"], let rate = a.numbers["discharge_c_rate"], rate > 0 {
        a.numbers["areal_loading_mg_cm2"] = min(max(i / rate / 0.2, 0.01), 500)
      } else {
        fill("areal_loading_mg_cm2", loadingMgPerCm2, u[2])
      }
    }
    if a.numbers["upper_cutoff_v"] == nil {
      fill("upper_cutoff_v", upperCutoffV, u[3])
      a.texts["voltage_reference"] = "Li"
    }
    if a.numbers["current_density_ma_cm2"] == nil { fill("discharge_c_rate", dischargeCRate, u[4]) }
    fill("morphology", u[5] < ((a.numbers["nickel_fraction"] ?? 0.8) < 0.7 ? 0.25 : 0.4) ? "single" : "poly")
    let coated = u[6] < (a.text("control_or_modified") == "control" ? 0.2 : 0.3)
    fill("coating_class", beside: "coating", coated ? "oxide" : "none")
    fill("anode_class", beside: "anode_material", u[7] <= 0.6 ? "LiIn" : u[7] <= 0.6 + 0.3 ? "Li" : "graphite")
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
