internal import CellModel
internal import Foundation
internal import NumericalMethods

/// Three synthetic cells with their forecasts, kept in the bundle so that `model verify` can forecast them again.
struct ModelReplay: Codable, Hashable {
  struct Case: Codable, Hashable {
    var early: CutOff
    var ages: [Double]
    var retention: [Double]
    var temperatureCelsius: Double
    /// 5, 50 and 95 % quantiles of life.
    var life: [Double]
  }

  var cases: [Case]

  /// Makes the cases and forecasts them.
  init(_ model: LifetimeModel) {
    cases = []
    if model.study != nil {
      for temperature in [25.0, 35, 45] {
        var one = Case(early: 0, ages: [], retention: [], temperatureCelsius: temperature, life: [])
        one.life = Self.forecast(one, nil, model)
        cases.append(one)
      }
    }
    for core in model.cores {
      for (temperature, loss, exponent) in [(25.0, 0.01, 0.5), (35.0, 0.02, 1.0), (45.0, 0.03, 0.7)] {
        let span = core.cutOff.measure == .age ? max(core.cutOff.value, 1) : core.longestAge / 10
        let ages = !core.cutOff.isDesign ? (1...20).map { span * Double($0) / 20 } : []
        let retention = ages.map { core.initialRetention - loss * _pow($0 / span, exponent) }
        var one = Case(
          early: core.cutOff, ages: ages, retention: retention, temperatureCelsius: temperature, life: [])
        one.life = Self.forecast(one, core, model)
        cases.append(one)
      }
    }
  }

  func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return Array(try encoder.encode(self))
  }

  /// The largest relative difference between the stored forecasts and those of the model now.
  func largestDifference(_ model: LifetimeModel) -> Double? {
    let now = ModelReplay(model)
    guard now.cases.count == cases.count else { return nil }
    var largest = 0.0
    for (a, b) in zip(cases, now.cases) {
      guard a.life.count == b.life.count else { return nil }
      for (x, y) in zip(a.life, b.life) { largest = max(largest, abs(x - y) / max(abs(y), 1e-300)) }
    }
    return largest
  }

  private static func forecast(_ one: Case, _ core: ForecastCore?, _ model: LifetimeModel) -> [Double] {
    guard let variant = model.kind.variants.first, let dataset = model.datasets.first else { return [] }
    let cell = PreparedCell(
      id: "replay-\(Int(one.temperatureCelsius))", dataset: dataset.name, group: dataset.name + "/replay",
      attributes: CellAttributes(numbers: ["temperature_celsius": one.temperatureCelsius]), ages: one.ages,
      retention: one.retention, smooth: one.retention, columns: [:], curves: nil, isDense: dataset.traits.isDense,
      measurementNoise: dataset.traits.measurementNoise, reference: 1, endFraction: dataset.endOfLife.fraction,
      life: .nan, droppedRows: 0)
    let input = CoreCell(full: cell, observed: cell, age: one.ages.last ?? 0, sulfidePrior: nil)
    if let study = model.study, core == nil {
      guard let joint = try? study.forecast([input], variant: variant) else { return [] }
      let lives = study.levels(joint, 0, cell: input, count: 200, seed: model.seed).lives().sorted()
      return [0.05, 0.5, 0.95].map { quantile(ofSorted: lives, $0) }
    }
    guard let core, let e = try? core.expectations([input], variant: variant).first,
      let draws = core.draw(input, e, variant: variant, count: 200, seed: model.seed)
    else { return [] }
    let lives = draws.lives().sorted()
    return [0.05, 0.5, 0.95].map { quantile(ofSorted: lives, $0) }
  }
}

extension LifetimeModel {
  /// Reads a bundle again, checks every hash and forecasts its stored cases once more.
  ///
  /// - Returns: the largest relative difference to the stored forecasts.
  /// - Throws: `BundleError` for a damaged bundle, or one whose forecasts differ by more than 1e-9.
  public static func verify(_ path: String, threads: Int) async throws -> (sha256: String, largestDifference: Double) {
    let bundle = try BundleFolder(path)
    let contents = try bundle.contents()
    let model = try await LifetimeModel(contents, threads: threads)
    let bytes = try contents.file(ModelFiles.replay)
    let replay: ModelReplay
    do { replay = try JSONDecoder().decode(ModelReplay.self, from: Data(bytes)) } catch {
      throw BundleError.unusable(ModelFiles.replay, "\(error)")
    }
    guard let difference = replay.largestDifference(model), difference <= 1e-9 else {
      throw BundleError.unusable(
        ModelFiles.replay, "the model does not reproduce its stored forecasts within 1e-9 relative")
    }
    return (bundle.sha256, difference)
  }
}
