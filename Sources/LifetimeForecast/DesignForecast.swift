internal import BatteryData
public import CellModel
internal import NumericalMethods

/// What a model says of a design that has not been built.
public struct DesignForecast: Sendable {
  /// Draws of life [dataset's age]; draw d shares its random numbers with draw d of every other design.
  public var lives: [Double]
  /// Draws of retention at the age asked for.
  public var retention: [Double]
  /// Share of the variance of log life that cells of one line differ by, 0…1; nil where nothing says it.
  public var manufacturingShare: Double?
  /// Why the design lies beyond what taught the model: an input past the 99 % point of training novelty; nil within.
  /// That nothing was seen of a design is true of all and no objection to one.
  public var objection: String?
}

extension LifetimeModel {
  /// Forecasts designs, each beside the same base design and none aware of the others, so that what is said of one does
  /// not hang on its company.
  ///
  /// - Parameters:
  ///   - designs: columns of each design.
  ///   - base: the design that the others are changes of; the level of its laboratory is common to all.
  ///   - fraction: retention that ends life, 0…1.
  ///   - age: age at which retention is asked for.
  /// - Throws: data faults, cancellation.
  public func forecast(
    designs: [CellAttributes], beside base: CellAttributes, fraction: Double, at age: Double, draws: Int, seed: UInt64,
    threads: Int
  ) async throws -> [DesignForecast] {
    guard !designs.isEmpty else { return [] }
    let limit = EndOfLife(fraction: fraction, reference: datasets.first?.endOfLife.reference ?? .first)
    let description = DatasetDescription(
      name: "designs", kind: .measured, family: datasets.first?.family ?? .sulfideSolidState,
      ageColumn: datasets.first?.ageColumn ?? "cycle_count", capacityColumn: "capacity_retention", endOfLife: limit)
    let all = [base] + designs
    let dataset = Dataset(
      description: description,
      cells: all.enumerated().map { i, attributes in CellHistory(id: "design-\(i)", attributes: attributes) })
    // What the simulation says of a design is said against the base; under one name, so that random numbers are common.
    var expected: [String: SulfidePrior] = [:]
    if description.family == .sulfideSolidState {
      let values = try await parallelMap(count: all.count, width: threads) { i in
        try await SulfidePrior.make(
          [CellHistory(id: "design", attributes: all[i])], loneStudy: "designs", seed: seed, threads: 1)["design"]?
          .study
      }
      if let level = values[0] {
        for (i, value) in values.enumerated() {
          expected["design-\(i)"] = value.map { SulfidePrior(study: level, contrast: $0 - level, isAgainstBase: true) }
        }
      }
    }
    let assembly = try await CellAssembly.make(
      dataset, cellIDs: dataset.cells.map(\.id), endOfLife: limit, traits: datasets.first?.traits, longest: 0,
      expected: expected, seed: seed, threads: threads)
    var cells = Array(try assembly.cells(at: 0, forTraining: false).dropFirst())
    // One name for all: their draws share their random numbers.
    for i in cells.indices {
      cells[i].full.id = "design"
      cells[i].observed.id = "design"
    }
    return try await forecast(
      cells, assembly: assembly, asked: 0, draws: draws, limit: limit, variant: nil, seed: seed, threads: threads,
      progress: nil
    ).map {
      DesignForecast(
        lives: $0.levels.lives(), retention: $0.retentionDraws(at: [age])[0],
        manufacturingShare: $0.manufacturingShare, objection: $0.extrapolation)
    }
  }
}
