public import CellModel

/// How far measured rows are from the truth.
public struct ObservationNoise: Sendable, Hashable, Codable {
  /// Standard deviation of a retention (0.5 %: assumed, usual of a cycler and its temperature).
  public var retention = 0.005
  /// Standard deviation of the logarithm of a resistance (5 %: assumed).
  public var logResistance = 0.05

  /// The assumed noise.
  public init() {}
}

/// What was observed of one cell up to some age, with its design and the nominal parameters of its materials.
public struct CellObservations: Sendable, Hashable {
  /// Most ages of a channel.
  static let mostAges = 12

  /// The design and the nominal parameters.
  public var cell: SulfideCell
  /// The observed quantities; empty when nothing was observed.
  public var channels: [ObservedChannel]

  /// Observations from their parts.
  public init(cell: SulfideCell, channels: [ObservedChannel] = []) {
    self.cell = cell
    self.channels = channels
  }

  /// Takes at most twelve good rows of a record, evenly spaced in √age; resistance where the record has
  /// `area_resistance_ohm_cm2`.
  ///
  /// Rows after `cutoff` are never looked at. A channel is left out when it has no two good rows.
  /// - Parameters:
  ///   - cell: the design and the nominal parameters.
  ///   - series: the record; its ages count cycles.
  ///   - cutoff: last age that may be seen [cycles].
  ///   - reference: ages whose mean is the reference; nil for the first good row.
  ///   - noise: errors of a row.
  public init(
    cell: SulfideCell, series: CycleSeries, upTo cutoff: Double, reference: ClosedRange<Double>? = nil,
    noise: ObservationNoise = ObservationNoise()
  ) {
    self.cell = cell
    let seen = series.visible(upTo: cutoff)
    let resistances = seen.columns["area_resistance_ohm_cm2"] ?? []
    channels = [
      Self.channel(.retention, seen, seen.capacities, reference, noise.retention),
      Self.channel(.logResistance, seen, resistances, reference, noise.logResistance),
    ].compactMap { $0 }
  }

  /// A test that is planned: what the nominal cell would show without noise.
  ///
  /// - Parameters:
  ///   - ages: ages to be measured [cycles], ascending; the first is the reference.
  ///   - resistance: whether resistance is measured as well as capacity.
  public init(
    planned cell: SulfideCell, ages: [Double], resistance: Bool, cycling: CyclingProtocol = .plain,
    noise: ObservationNoise = ObservationNoise()
  ) {
    precondition(ages.count > 1, "a plan of \(ages.count) ages")
    var request = SimulationRequest(ages: ages)
    request.cycling = cycling
    let run = SulfideAgeing.run(cell, request)
    func channel(_ quantity: ObservedChannel.Quantity, _ sd: Double) -> ObservedChannel {
      var c = ObservedChannel(
        quantity, referenceAge: ages[0], ages: Array(ages.dropFirst()),
        values: ages.dropFirst().map { _ in 0 }, sd: sd)
      c.values = c.predicted(run)
      return c
    }
    self.cell = cell
    channels = [channel(.retention, noise.retention)]
    if resistance { channels.append(channel(.logResistance, noise.logResistance)) }
  }

  /// Number of observations.
  public var count: Int { channels.reduce(0) { $0 + $1.ages.count } }

  /// Half the squared whitened misfit of a simulation that reports all `ages`; −log of its likelihood but for a constant.
  public func misfit(_ run: AgeingTrajectory) -> Double {
    channels.reduce(0.0) { sum, channel in
      let errors = channel.whitened(zip(channel.predicted(run), channel.values).map { $0 - $1 })
      return sum + errors.reduce(0) { $0 + $1 * $1 } / 2
    }
  }

  /// All ages that a simulation must report, ascending.
  public var ages: [Double] {
    var sorted: [Double] = []
    for age in channels.flatMap({ [$0.referenceAge] + $0.ages }).sorted() where sorted.last != age {
      sorted.append(age)
    }
    return sorted
  }

  private static func channel(
    _ quantity: ObservedChannel.Quantity, _ series: CycleSeries, _ column: [Double],
    _ reference: ClosedRange<Double>?, _ sd: Double
  ) -> ObservedChannel? {
    let good = column.indices.filter { series.flags[$0] == .ok && column[$0].isFinite && column[$0] > 0 }
    guard let first = good.first else { return nil }
    let base = reference.map { range in good.filter { range.contains(series.ages[$0]) } } ?? [first]
    guard let last = base.last else { return nil }
    let n = Double(base.count)
    let value = base.reduce(0) { $0 + column[$1] } / n
    let rows = spread(good.filter { $0 > last }, series.ages)
    guard !rows.isEmpty else { return nil }
    let ratios = rows.map { column[$0] / value }
    return ObservedChannel(
      quantity, referenceAge: base.reduce(0) { $0 + series.ages[$1] } / n, referenceRows: base.count,
      ages: rows.map { series.ages[$0] }, values: quantity == .retention ? ratios : ratios.map { _log($0) }, sd: sd)
  }

  /// The rows nearest to ages evenly spaced in √age, first and last among them, each once.
  private static func spread(_ rows: [Int], _ ages: [Double]) -> [Int] {
    guard rows.count > mostAges else { return rows }
    let low = ages[rows[0]].squareRoot()
    let high = ages[rows[rows.count - 1]].squareRoot()
    var taken: [Int] = []
    var next = 0
    for k in 0..<mostAges {
      let root = low + (high - low) * Double(k) / Double(mostAges - 1)
      // Rows left must suffice for the ages left.
      let end = rows.count - (mostAges - k)
      while next < end, abs(ages[rows[next + 1]] - root * root) <= abs(ages[rows[next]] - root * root) { next += 1 }
      taken.append(rows[next])
      next += 1
    }
    return taken
  }
}

/// The observed cells of one recipe: one laboratory and one set of materials.
public struct CalibrationData: Sendable, Hashable {
  /// The cells.
  public var cells: [CellObservations]
  /// How they were tested.
  public var cycling: CyclingProtocol
  /// Parameters that were measured for this recipe, whose spread between recipes does not apply.
  public var stated: Set<Parameter>

  /// Data from its parts.
  public init(_ cells: [CellObservations], cycling: CyclingProtocol = .plain, stated: Set<Parameter> = []) {
    self.cells = cells
    self.cycling = cycling
    self.stated = stated
  }

  /// Number of observations.
  public var count: Int { cells.reduce(0) { $0 + $1.count } }
}
