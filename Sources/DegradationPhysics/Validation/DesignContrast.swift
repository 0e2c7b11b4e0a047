internal import CellModel
internal import NumericalMethods

/// Two cells of one paper at the last cycle that both report: which fades faster, and by how much.
public struct DesignContrast: Sendable, Hashable {
  /// What differs between two cells.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// Upper cut-off.
    case cutoff = "cut-off"
    /// Stack pressure.
    case pressure
    /// Grain of the electrolyte.
    case grain
    /// Single crystal or polycrystal.
    case morphology = "SC/PC"
    /// Counter electrode.
    case anode
    /// A coating against none.
    case coatedBare = "coating/bare"
    /// Electrolyte.
    case electrolyte
    /// Two coatings.
    case coatings = "coat/coat"
    /// Something else.
    case other

    /// The first of the columns in this order that differs.
    init(_ a: CellAttributes, _ b: CellAttributes) {
      func differ(_ column: String) -> Bool {
        a.numbers[column] != b.numbers[column] || a.texts[column] != b.texts[column]
      }
      let isBare = [a, b].contains { $0.text("coating_class") == "none" }
      let columns: [(String, Kind)] = [
        ("upper_cutoff_v", .cutoff), ("stack_pressure_mpa", .pressure), ("electrolyte_grain", .grain),
        ("morphology", .morphology), ("anode_class", .anode), ("coating_class", isBare ? .coatedBare : .coatings),
        ("electrolyte_material", .electrolyte), ("coating", .coatings),
      ]
      self = columns.first { differ($0.0) }?.1 ?? .other
    }
  }

  /// Row of each cell, the one whose id comes first in order first.
  public var rows: (first: Int, second: Int) { (first, second) }
  var first: Int
  var second: Int
  /// What differs.
  public var kind: Kind
  /// Whether the paper compares the two (`compared_with`).
  public var isLinked: Bool
  /// Published log fade of the first less the second.
  public var observed: Double

  /// Least difference of retention that says anything (reading error of 1–2 points).
  static let leastDifference = 0.02

  /// All pairs of cells of one paper, at the last cycle that both report, whose retentions differ by two points.
  static func all(_ published: PublishedCheckpoints) -> [DesignContrast] {
    let rows = published.rows
    var out: [DesignContrast] = []
    for i in rows.indices {
      for j in rows.indices where rows[i].paper == rows[j].paper && published.cycles[i] == published.cycles[j] {
        let a = published.cell(i)
        let b = published.cell(j)
        guard a.id < b.id, abs(rows[i].retention - rows[j].retention) >= leastDifference else { continue }
        let later = rows.indices.contains { k in
          rows[k].cell == rows[i].cell && published.cycles[k] > published.cycles[i]
            && rows.indices.contains { rows[$0].cell == rows[j].cell && published.cycles[$0] == published.cycles[k] }
        }
        guard !later else { continue }
        let linked = a.attributes.text("compared_with") == b.id || b.attributes.text("compared_with") == a.id
        out.append(
          DesignContrast(
            first: i, second: j, kind: Kind(a.attributes, b.attributes), isLinked: linked,
            observed: SulfidePopulation.logFade(rows[i].retention) - SulfidePopulation.logFade(rows[j].retention)))
      }
    }
    return out
  }
}

/// What a forecast says of a contrast.
public struct ContrastForecast: Sendable, Hashable {
  /// Mean predicted difference of log fade.
  public var mean: Double
  /// Its 5, 50 and 95 % quantiles over draws.
  public var quantiles: [Double]

  /// Mean differences smaller than this are a tie.
  static let tie = 0.02

  /// The contrast of two predictions whose draws belong together.
  init(_ first: CheckpointPrediction, _ second: CheckpointPrediction) {
    let differences = zip(first.draws, second.draws).map {
      SulfidePopulation.logFade($0) - SulfidePopulation.logFade($1)
    }
    mean = NumericalMethods.mean(differences)
    let sorted = differences.sorted()
    quantiles = [0.05, 0.5, 0.95].map { quantile(ofSorted: sorted, $0) }
  }

  /// 1 for the right sign, 0 for the wrong one, ½ for a tie.
  public func hit(_ observed: Double) -> Double {
    abs(mean) < Self.tie ? 0.5 : ((mean > 0) == (observed > 0) ? 1 : 0)
  }
}

/// How well contrasts are told.
public struct ContrastSkill: Sendable, Hashable {
  /// Pairs.
  public var pairs: Int
  /// Share with the right sign, ties by half [%]; NaN without pairs.
  public var signs: Double
  /// Correlation of predicted with published difference; NaN below three pairs.
  public var correlation: Double

  init(_ contrasts: [(contrast: DesignContrast, forecast: ContrastForecast)]) {
    pairs = contrasts.count
    signs = 100 * mean(contrasts.map { $0.forecast.hit($0.contrast.observed) })
    let x = contrasts.map(\.forecast.mean)
    let y = contrasts.map(\.contrast.observed)
    let mx = mean(x)
    let my = mean(y)
    var xy = 0.0
    for i in x.indices { xy += (x[i] - mx) * (y[i] - my) }
    let scale = Double(pairs) * standardDeviation(x) * standardDeviation(y)
    correlation = pairs >= 3 && scale > 0 ? xy / scale : .nan
  }
}
