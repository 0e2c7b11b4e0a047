public import CellModel

/// What the rows and outcome columns of a cell say about its life, by the rules of the dataset format.
public enum LifeRules {
  /// How a record bears on capacity life.
  public enum Outcome: Sendable, Hashable {
    /// Life stated by the source, in the age unit of the dataset.
    case stated(Double)
    /// Crossed in (after, until]; life is the linear interpolation.
    case crossed(after: Double, until: Double, life: Double)
    /// Not reached at this age, the last of the record.
    case censored(Double)
    /// Ended by another failure at this age; capacity life is censored there.
    case failed(Double)
    /// Counted, never used.
    case excluded
  }

  /// The outcome of a cell under the dataset's own definition of life.
  ///
  /// A cell without a reference capacity (none stated, no good row) is censored at its last row, or at 0 without rows.
  public static func outcome(_ cell: CellHistory, in description: DatasetDescription) -> Outcome {
    let last = cell.series.ages.last ?? 0
    switch cell.status {
    case .excluded: return .excluded
    case .failed:
      let stated = cell.attributes.number("first_failure_cycle")
      return .failed(stated.isFinite ? stated : last)
    case .completed, .running, .stopped: break
    }
    let stated = cell.attributes.number("observed_life")
    if stated.isFinite { return .stated(stated) }
    let good = goodRows(cell.series)
    guard let reference = reference(cell, good, description), reference > 0 else { return .censored(last) }
    let limit = description.endOfLife.fraction * reference
    var before: (age: Double, capacity: Double)?
    for i in good {
      let age = cell.series.ages[i]
      let capacity = cell.series.capacities[i]
      if capacity <= limit {
        guard let before else { return .crossed(after: 0, until: age, life: age) }
        let share = (before.capacity - limit) / (before.capacity - capacity)
        return .crossed(after: before.age, until: age, life: before.age + share * (age - before.age))
      }
      before = (age, capacity)
    }
    return .censored(last)
  }

  /// Indices of rows with a good flag and a positive capacity.
  static func goodRows(_ series: CycleSeries) -> [Int] {
    (0..<series.count).filter { series.flags[$0] == .ok && series.capacities[$0] > 0 }
  }

  private static func reference(_ cell: CellHistory, _ good: [Int], _ d: DatasetDescription) -> Double? {
    if d.capacityColumn == "capacity_retention" { return 1 }
    let values = good.map { cell.series.capacities[$0] }
    switch d.endOfLife.reference {
    case .nominal:
      let column =
        d.capacityColumn == "specific_discharging_capacity_mah_g"
        ? "nominal_specific_capacity_mah_g" : "nominal_capacity_ah"
      return cell.attributes.numbers[column]
    case .first: return values.first
    case .max: return values.max()
    case .mean(let ages):
      let inside = good.filter { ages.contains(cell.series.ages[$0]) }.map { cell.series.capacities[$0] }
      return inside.isEmpty ? nil : inside.reduce(0, +) / Double(inside.count)
    }
  }
}
