/// The figures of a forecast.
enum Figures {
  private static func column(_ rows: [[Double?]], _ k: Int) -> [Double] { rows.map { $0[k] ?? .nan } }

  /// Retention over age: what was seen, the median, and 50, 80 and 95 % bands.
  static func fan(_ cell: ForecastSummary.Cell, quantiles: [Double], unit: String) -> String? {
    guard let q = cell.forecast.first(where: { $0.quantity == "capacity_retention" }), q.age.count > 1,
      q.quantiles.allSatisfy({ $0.count == quantiles.count })
    else { return nil }
    func at(_ p: Double) -> [Double]? {
      quantiles.firstIndex { abs($0 - p) < 1e-9 }.map { column(q.quantiles, $0).map { $0 * 100 } }
    }
    guard let middle = at(0.5) else { return nil }
    let limit = (cell.end_of_life?.fraction ?? 0.8) * 100
    let seen = zip(cell.observed?.age ?? [], (cell.observed?.capacity_retention ?? []).map { $0 * 100 }).map {
      ($0, $1)
    }
    // The far tail of a band may fall to nothing; the figure keeps to the range that matters.
    let lowest = min(at(0.025)?.filter(\.isFinite).min() ?? limit, limit - 5, seen.map(\.1).min() ?? limit)
    let floor = max(lowest, min(limit - 30, seen.map(\.1).min() ?? limit), 0)
    let highest = max(100, at(0.975)?.filter(\.isFinite).max() ?? 100, seen.map(\.1).max() ?? 100)
    var chart = Chart(
      x: Axis(0...(q.age.last ?? 1)), y: Axis(floor...highest, count: 8), xTitle: "age / \(unit)",
      yTitle: "capacity retention / %")
    for (low, high, name) in [(0.025, 0.975, "band3"), (0.1, 0.9, "band2"), (0.25, 0.75, "band1")] {
      if let a = at(low), let b = at(high) { chart.band(q.age, a, b, class: name) }
    }
    chart.line(Array(zip(q.age, middle)), class: "median")
    chart.dots(thinned(seen, to: 150), class: "seen")
    chart.mark(y: limit, "end of life, \(Axis.label(limit)) %", class: "limit")
    if cell.early > 0, cell.early < chart.x.high { chart.mark(x: cell.early, "forecast from here", class: "now") }
    return chart.svg(label: "Capacity retention of \(cell.cell_id): observed points, median forecast and bands")
  }

  private static func thinned(_ points: [(Double, Double)], to limit: Int) -> [(Double, Double)] {
    guard points.count > limit else { return points }
    return (0..<limit).map { points[$0 * (points.count - 1) / (limit - 1)] }
  }

  /// P(life ≥ age), read off the life quantiles, with the 90 % interval shaded.
  static func survival(_ cell: ForecastSummary.Cell, quantiles: [Double], unit: String) -> String? {
    let life = cell.life
    guard life.quantiles.count == quantiles.count else { return nil }
    let known = zip(quantiles, life.quantiles).compactMap { p, age in age.map { ($0, 1 - p) } }
    guard known.count > 1, let first = known.first, let last = known.last else { return nil }
    let start = max(cell.early, 0)
    let beyond = life.p_beyond_horizon ?? 0
    let end = beyond > 0.025 ? life.horizon : last.0 * 1.1
    var points = [(start, 1.0)]
    if first.0 > start { points.append((start + (first.0 - start) * 0.8, 1 - quantiles[0] * 0.3)) }
    points += known
    if beyond <= 0.025 { points.append((end, 0.002)) }
    var chart = Chart(
      x: Axis(0...max(end, start + 1)), y: Axis(0...100), xTitle: "age / \(unit)", yTitle: "P(life ≥ age) / %")
    func age(_ p: Double) -> Double? { quantiles.firstIndex { abs($0 - p) < 1e-9 }.flatMap { life.quantiles[$0] } }
    if let low = age(0.05) { chart.band([low, age(0.95) ?? end], [0, 0], [100, 100], class: "interval") }
    chart.line(points.map { ($0.0, $0.1 * 100) }, class: "median")
    chart.dots(known.map { ($0.0, $0.1 * 100) }, class: "knot")
    if let middle = age(0.5) { chart.mark(x: middle, "median \(Axis.label(middle.rounded()))", class: "now") }
    if beyond > 0.001 { chart.mark(x: life.horizon, "horizon", class: "limit") }
    return chart.svg(label: "Life distribution of \(cell.cell_id)")
  }

  static let mechanismNames: [(key: String, title: String)] = [
    ("contact_loss", "contact loss"), ("cracking", "cracking"), ("cathode_interphase", "cathode interphase"),
    ("space_charge", "space charge"), ("electrolyte_oxidation", "electrolyte oxidation"), ("rock_salt", "rock salt"),
    ("anode", "anode"), ("unexplained", "unexplained (learnt)"),
  ]

  /// Mean loss by mechanism over age, stacked; negative parts (a better cell than simulated) below zero.
  static func mechanisms(_ cell: ForecastSummary.Cell, unit: String) -> String? {
    guard let losses = cell.mechanisms, !losses.isEmpty else { return nil }
    let ages = Set(losses.map(\.age)).sorted()
    func loss(_ name: String, _ age: Double) -> Double {
      100 * (losses.first { $0.mechanism == name && $0.age == age }?.loss_mean ?? 0)
    }
    // A design starts without loss; a running cell starts where it is.
    let fromStart = cell.early <= 0 && (ages.first ?? 0) > 1
    let xs = (fromStart ? [0] : []) + ages
    let top = ages.map { a in mechanismNames.reduce(0) { $0 + max(loss($1.key, a), 0) } }.max() ?? 1
    let low = ages.map { a in mechanismNames.reduce(0) { $0 + min(loss($1.key, a), 0) } }.min() ?? 0
    var chart = Chart(
      x: Axis((xs.first ?? 0)...(ages.last ?? 1)), y: Axis(min(low, 0)...max(top, 1)), xTitle: "age / \(unit)",
      yTitle: "loss of retention / points")
    var up = [Double](repeating: 0, count: xs.count)
    var down = up
    for (k, mechanism) in mechanismNames.enumerated() {
      let values = (fromStart ? [0] : []) + ages.map { loss(mechanism.key, $0) }
      let raised = zip(up, values).map { $0 + max($1, 0) }
      let lowered = zip(down, values).map { $0 + min($1, 0) }
      chart.band(xs, up, raised, class: "m\(k)")
      if lowered != down { chart.band(xs, lowered, down, class: "m\(k)") }
      up = raised
      down = lowered
    }
    let total = zip(up, down).map { $0 + $1 }
    chart.line(Array(zip(xs, total)), class: "total")
    return chart.svg(label: "Loss of retention of \(cell.cell_id) by mechanism")
  }
}
