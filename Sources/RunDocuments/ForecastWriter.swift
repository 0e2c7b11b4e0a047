package import SolidFade

/// Forecasts as JSON document, tables and text.
package struct ForecastWriter {
  /// A forecast and what its draws say; the draws themselves are not kept.
  package struct Cell: Sendable {
    package var forecast: FadeForecast
    package var life: LifetimeDistribution
    fileprivate var path: Path

    /// Variance of log life that the noise of one measured retention adds: noise over slope at the median life.
    package var lifeVarianceOfMeasuring: Double

    /// Whether nothing is claimed of the cell.
    package var isRefused: Bool { life.status == .refused }

    /// - Parameter isForced: whether a cell too far from training gets its forecast all the same.
    package init(_ forecast: FadeForecast, ageColumn: String, isForced: Bool) {
      guard forecast.refusal == nil || isForced else {
        self.forecast = forecast.withheld()
        life = LifetimeDistribution(status: .refused, horizon: forecast.horizon, draws: [])
        path = Path(noise: forecast.measurementNoise)
        lifeVarianceOfMeasuring = 0
        return
      }
      self.forecast = forecast.withoutDraws()
      life = forecast.life
      path = Path(forecast, isWhole: ageColumn == "cycle_count")
      let middle = life.draws.isEmpty ? 1 : quantile(ofSorted: life.draws, 0.5)
      let around = forecast.retentionDraws(at: [0.9 * middle, 1.1 * middle]).map { quantile(ofSorted: $0, 0.5) }
      let slope = max((around[0] - around[1]) / 0.2, 1e-6)
      lifeVarianceOfMeasuring = min(forecast.measurementNoise / slope, 3) * min(forecast.measurementNoise / slope, 3)
    }
  }

  package var cells: [Cell]
  package var ageColumn: String
  package var draws: Int
  package var sha: String

  package init(cells: [Cell], ageColumn: String, draws: Int, sha: String) {
    self.cells = cells
    self.ageColumn = ageColumn
    self.draws = draws
    self.sha = sha
  }

  package static let quantiles = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
  package static let names = ["q025", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "q975"]
  package static let ages = [100.0, 300, 500, 1000]

  private var isWhole: Bool { ageColumn == "cycle_count" }

  /// Retention of one forecast on its grid.
  fileprivate struct Path: Sendable {
    var ages: [Double]
    var mean: [Double]
    var sd: [Double]
    var quantiles: [[Double]]
    /// Share of the variance that is between cells built alike, per age; nil where it is not known.
    var shares: [Double?]
    var noise: Double

    /// Nothing.
    init(noise: Double) {
      (ages, mean, sd, quantiles, shares, self.noise) = ([], [], [], [], [], noise)
    }

    init(_ f: FadeForecast, isWhole: Bool) {
      ages = f.grid(whole: isWhole)
      let values = f.retentionDraws(at: ages)
      mean = values.map { SolidFade.mean($0) }
      sd = values.map { standardDeviation($0) }
      quantiles = values.map { v in ForecastWriter.quantiles.map { quantile(ofSorted: v, $0) } }
      shares = values.map { f.manufacturingShare(atRetention: quantile(ofSorted: $0, 0.5)) }
      noise = f.measurementNoise
    }

    var sdModel: [Double] { zip(sd, shares).map { $0 * (1 - ($1 ?? 0)).squareRoot() } }
    var sdManufacturing: [Double?] { zip(sd, shares).map { s, share in share.map { s * $0.squareRoot() } } }
  }

  package var document: [String: JSONTree] {
    func list(_ x: [Double]) -> JSONTree { .array(x.map { ResultDocument.real($0) }) }
    let trees = cells.map { cell -> JSONTree in
      let (f, p, life) = (cell.forecast, cell.path, cell.life)
      let lifeTree: JSONTree = .object([
        "status": .string(life.status.rawValue), "observed": ResultDocument.real(life.observed),
        "horizon": .number(life.horizon), "mean": ResultDocument.real(life.mean),
        "sd": ResultDocument.real(life.standardDeviation),
        "quantiles": .array(Self.quantiles.map { ResultDocument.real(life.quantile($0)) }),
        "p_beyond_horizon": cell.isRefused ? .null : .number(life.probabilityBeyondHorizon),
        "p_life_ge": .object(
          Dictionary(
            uniqueKeysWithValues: Self.ages.map {
              (shortest($0), cell.isRefused ? .null : .number(life.probability(atLeast: $0)))
            })),
      ])
      let retention: JSONTree = .object([
        "quantity": .string("capacity_retention"), "unit": .string("1"), "age": list(p.ages), "mean": list(p.mean),
        "sd": list(p.sd), "quantiles": .array(p.quantiles.map(list)), "sd_model": list(p.sdModel),
        "sd_manufacturing": .array(p.sdManufacturing.map { ResultDocument.real($0) }),
        "sd_measurement": list(p.ages.map { _ in p.noise }),
      ])
      return .object([
        "cell_id": .string(f.cellID), "early": .number(f.early), "in_domain": .bool(f.inDomain),
        "domain_reasons": .array(f.domainReasons.map { .string($0) }), "novelty": ResultDocument.real(f.novelty),
        "refusal": ResultDocument.text(f.refusal), "physics_status": .string(f.physicsStatus),
        "nearest_training_group": ResultDocument.text(f.nearestTrainingGroup), "life": lifeTree,
        "end_of_life": .object([
          "fraction": .number(f.endOfLife.fraction), "reference": .string(f.endOfLife.reference.text),
        ]),
        "failure_p": .object(
          Dictionary(uniqueKeysWithValues: f.failureProbabilities.map { ($0.key.rawValue, .number($0.value)) })),
        "forecast": .array(cell.isRefused ? [] : [retention] + resistance(f)),
        "observed": .object(["age": list(f.observedAges), "capacity_retention": list(f.observedRetention)]),
        "mechanisms": .array(
          f.mechanisms.map {
            .object([
              "mechanism": .string($0.mechanism.rawValue), "age": .number($0.age), "loss_mean": .number($0.lossMean),
              "share": ResultDocument.real($0.share),
            ])
          }),
      ])
    }
    let limit = cells.first?.forecast.endOfLife
    return [
      "bundle_sha256": .string(sha), "age": .string(ageColumn), "draws": .integer(Int64(draws)),
      "quantiles": list(Self.quantiles),
      "end_of_life": limit.map {
        .object(["fraction": .number($0.fraction), "reference": .string($0.reference.text)])
      } ?? .null, "cells": .array(trees), "population": .null,
    ]
  }

  private func resistance(_ f: FadeForecast) -> [JSONTree] {
    guard !f.areaResistance.isEmpty else { return [] }
    let sorted = f.areaResistance.map { ($0.age, $0.values.map { $0 * 1e4 }.sorted()) }
    return [
      .object([
        "quantity": .string("area_resistance_ohm_cm2"), "unit": .string("ohm cm2"),
        "age": .array(sorted.map { .number($0.0) }), "mean": .array(sorted.map { ResultDocument.real(mean($0.1)) }),
        "sd": .array(sorted.map { ResultDocument.real(standardDeviation($0.1)) }),
        "quantiles": .array(
          sorted.map { r in .array(Self.quantiles.map { ResultDocument.real(quantile(ofSorted: r.1, $0)) }) }),
      ])
    ]
  }

  /// Tables and the document as files.
  package func files(_ document: [String: JSONTree], threads: Int) async throws -> [String: [UInt8]] {
    var summary = document
    summary["schema"] = .string("solidfade.result/1")
    summary["command"] = .string("predict")
    let tree = JSONTree.object(summary)
    let parts = stride(from: 0, to: max(cells.count, 1), by: Self.batch).map { cells[$0...].prefix(Self.batch) }
    // The document is the longest piece of work, and is taken first.
    var written = try await parallelMap(count: parts.count + 1, width: threads) { k in
      k == 0 ? ["summary.json": tree.serialized(pretty: true)] : tables(parts[k - 1], isFirst: k == 1)
    }
    var files: [String: [UInt8]] = [:]
    for name in Set(written.flatMap(\.keys)) {
      let length = written.reduce(0) { $0 + ($1[name]?.count ?? 0) }
      var bytes: [UInt8] = []
      for k in written.indices {
        guard let part = written[k].removeValue(forKey: name) else { continue }
        if bytes.isEmpty { bytes = part } else { bytes += part }
        bytes.reserveCapacity(length)
      }
      files[name] = bytes
    }
    return files
  }

  /// Cells whose rows are written together.
  private static let batch = 256

  /// Rows of forecast, life and mechanisms of some cells, with their headers for the first.
  private func tables(_ cells: ArraySlice<Cell>, isFirst: Bool) -> [String: [UInt8]] {
    var forecast = CSVWriter(
      header: ["cell_id", ageColumn, "quantity", "unit", "mean", "sd"] + Self.names
        + ["sd_model", "sd_manufacturing", "sd_measurement", "observed", "in_domain"], continuing: !isFirst)
    var life = CSVWriter(
      header: ["cell_id", "threshold", "reference", "status", "horizon", "mean", "sd"] + Self.names
        + ["p_beyond_horizon", "p_life_ge_100", "p_life_ge_300", "p_life_ge_500", "p_life_ge_1000", "b10"]
        + FailureMode.allCases.map { "failure_p_" + $0.rawValue }
        + ["in_domain", "nearest_training_group", "refusal"], continuing: !isFirst)
    var mechanisms = CSVWriter(
      header: ["cell_id", ageColumn, "mechanism", "loss_mean", "q05", "q95", "share"], continuing: !isFirst)
    for cell in cells {
      let (f, p) = (cell.forecast, cell.path)
      let (sdModel, sdManufacturing) = (p.sdModel, p.sdManufacturing)
      for (age, q) in zip(f.observedAges, f.observedRetention) {
        forecast.append(
          [.text(f.cellID), .number(age), .text("capacity_retention"), .text("1"), .number(q), .number(nil)]
            + Self.names.map { _ in .number(nil) }
            + [.number(nil), .number(nil), .number(p.noise), .bool(true), .bool(f.inDomain)])
      }
      for (k, age) in p.ages.enumerated() where f.observedAges.last.map({ age > $0 }) ?? true {
        forecast.append(
          [
            .text(f.cellID), .number(age), .text("capacity_retention"), .text("1"), .number(p.mean[k]),
            .number(p.sd[k]),
          ]
            + p.quantiles[k].map { .number($0) }
            + [.number(sdModel[k]), .number(sdManufacturing[k]), .number(p.noise), .bool(false), .bool(f.inDomain)])
      }
      for (age, values) in f.areaResistance {
        let r = values.map { $0 * 1e4 }.sorted()
        forecast.append(
          [
            .text(f.cellID), .number(age), .text("area_resistance_ohm_cm2"), .text("ohm cm2"), .number(mean(r)),
            .number(standardDeviation(r)),
          ] + Self.quantiles.map { .number(quantile(ofSorted: r, $0)) }
            + [.number(nil), .number(nil), .number(nil), .bool(false), .bool(f.inDomain)])
      }
      let l = cell.life
      life.append(
        [
          .text(f.cellID), .number(f.endOfLife.fraction), .text(f.endOfLife.reference.text), .text(l.status.rawValue),
          .number(l.horizon), .number(l.mean), .number(l.standardDeviation),
        ] + Self.quantiles.map { .number(l.quantile($0)) } + [
          .number(cell.isRefused ? nil : l.probabilityBeyondHorizon)
        ]
          + Self.ages.map { .number(cell.isRefused ? nil : l.probability(atLeast: $0)) } + [.number(l.quantile(0.1))]
          + FailureMode.allCases.map { .number(f.failureProbabilities[$0]) }
          + [.bool(f.inDomain), .text(f.nearestTrainingGroup), .text(f.refusal)])
      for m in f.mechanisms {
        mechanisms.append([
          .text(f.cellID), .number(m.age), .text(m.mechanism.rawValue), .number(m.lossMean), .number(m.q05),
          .number(m.q95), .number(m.share),
        ])
      }
    }
    return ["forecast.csv": forecast.bytes, "life.csv": life.bytes, "mechanisms.csv": mechanisms.bytes]
  }

  package var text: String {
    func show(_ x: Double?) -> String { x.map { shortest($0.rounded()) } ?? "beyond horizon" }
    var rows = [["cell", "seen to", "status", "life q05", "median", "q95", "P(life ≥ 500)", "in domain"]]
    for cell in cells {
      let (f, l) = (cell.forecast, cell.life)
      if cell.isRefused {
        rows.append([f.cellID, shortest(f.early), l.status.rawValue, "–", "–", "–", "–", "no"])
        continue
      }
      rows.append([
        f.cellID, shortest(f.early), l.status.rawValue, show(l.quantile(0.05)), show(l.quantile(0.5)),
        show(l.quantile(0.95)), Tables.significant(l.probability(atLeast: 500)), f.inDomain ? "yes" : "no",
      ])
    }
    let unit = isWhole ? "cycles" : "equivalent full cycles"
    return "Life in \(unit) to \(shortest((cells.first?.forecast.endOfLife.fraction ?? 0.8) * 100)) % of capacity\n"
      + Tables.aligned(rows)
  }
}
