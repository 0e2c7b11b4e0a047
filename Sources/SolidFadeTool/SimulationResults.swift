import Foundation
import RunDocuments
import SolidFade

/// Simulated cells laid out as JSON, tables and text.
struct SimulationResults {
  let request: SimulationRequest
  let draws: Int
  let cycles: Int
  /// Each cell with its sound runs.
  private(set) var cells: [(history: CellHistory, runs: [AgeingTrajectory], designs: [CellDesign], loopGain: Double?)] =
    []
  private(set) var faults: [DataWarning] = []
  private var documents: [JSONTree] = []
  private let keepsSeries: Bool

  /// - Parameter keepsSeries: whether tables will be written; else the series of a cell are summarised and let go.
  init(request: SimulationRequest, draws: Int, cycles: Int, keepsSeries: Bool) {
    self.request = request
    self.draws = draws
    self.cycles = cycles
    self.keepsSeries = keepsSeries
  }

  /// Takes the runs of a cell; those whose numerics failed become warnings with the step.
  mutating func add(
    _ history: CellHistory, _ runs: [AgeingTrajectory], of members: [SulfideCell], loopGain: Double? = nil
  ) {
    for (d, run) in runs.enumerated() {
      guard let fault = run.fault else { continue }
      faults.append(
        DataWarning(
          "W060", field: fault.state,
          "\(history.id), draw \(d): \(fault.state) is not a number at cycle \(shortest(fault.age)); run left out",
          help: "check the parameters"))
    }
    let sound = runs.indices.filter { runs[$0].fault == nil }
    var kept = sound.map { runs[$0] }
    documents.append(.object(document(history, kept, loopGain)))
    if !keepsSeries, draws > 1 { kept = kept.map { $0.withoutStates() } }
    cells.append((history, kept, sound.map { members[$0].design }, loopGain))
  }

  var hasNoSoundRun: Bool { !cells.isEmpty && cells.allSatisfy(\.runs.isEmpty) }

  /// The error when nothing is left.
  var firstFault: any Error { NumericalFailure(faults: faults) }

  private static let levels = ForecastWriter.quantiles

  private func list(_ x: [Double]) -> JSONTree { .array(x.map { ResultDocument.real($0) }) }

  /// A series over the ages: of one draw as it is, of many as quantiles at each age.
  private func spread(_ runs: [AgeingTrajectory], _ series: (AgeingTrajectory) -> [Double]) -> JSONTree {
    let all = runs.map(series)
    let ages = request.ages.indices
    if draws == 1 { return list(all.first ?? ages.map { _ in .nan }) }
    return .object([
      "quantiles": .array(
        ages.map { k in
          let sorted = all.map { $0[k] }.sorted()
          return list(sorted.isEmpty ? [] : Self.levels.map { quantile(ofSorted: sorted, $0) })
        })
    ])
  }

  /// The command's keys of the JSON document.
  var document: [String: JSONTree] {
    [
      "age": .string("cycle_count"), "draws": .integer(Int64(draws)), "tier": .string("A"),
      "quantiles": list(Self.levels), "end_of_life": .number(request.limit),
      "cells": .array(documents),
    ]
  }

  private func document(
    _ history: CellHistory, _ runs: [AgeingTrajectory], _ loopGain: Double?
  ) -> [String: JSONTree] {
    var states: [String: JSONTree] = [:]
    for state in DegradationState.paths {
      states[state.name] = spread(runs) { $0.states.map { $0[keyPath: state.path] } }
    }
    var parts: [String: JSONTree] = [:]
    for part in ResistanceSplit.parts {
      parts[part.name] = spread(runs) { $0.resistances.map { $0[keyPath: part.path] * 1e4 } }
    }
    let lives = runs.compactMap(\.life).sorted()
    var out: [String: JSONTree] = [
      "cell_id": .string(history.id), "age": list(request.ages),
      "capacity_retention": spread(runs) { $0.capacityRetention },
      "areal_capacity_mah_cm2": spread(runs) { $0.arealCapacityAhPerM2.map { $0 * 0.1 } },
      "areal_energy_mwh_cm2": spread(runs) { $0.arealEnergyWhPerM2.map { $0 * 0.1 } },
      "area_resistance_ohm_cm2": spread(runs) { $0.areaResistanceOhmM2.map { $0 * 1e4 } },
      "resistance_parts_ohm_cm2": .object(parts), "states": .object(states),
    ]
    if draws == 1, let run = runs.first {
      out["life"] = ResultDocument.real(run.life)
      out["knee"] = ResultDocument.real(run.knee)
      out["loop_gain"] = ResultDocument.real(loopGain)
      out["failure"] = .object([
        "mode": ResultDocument.text(run.failure?.mode.rawValue), "age": ResultDocument.real(run.failure?.age),
      ])
      out["failures"] = .array(
        run.failures.map { .object(["mode": .string($0.mode.rawValue), "age": .number($0.age)]) })
      out["mechanisms"] = .array(mechanisms(run, at: run.ages.count - 1))
    } else {
      let risks = CompetingRisks(runs, ages: request.ages)
      out["life"] = .object([
        "reached": .number(runs.isEmpty ? 0 : Double(lives.count) / Double(runs.count)),
        "quantiles": list(Self.levels.map { life(at: $0, lives, of: runs.count) ?? .nan }),
      ])
      out["failure_p"] = .object(
        Dictionary(uniqueKeysWithValues: risks.incidence.map { ($0.key.rawValue, ResultDocument.real($0.value.last)) }))
      out["cumulative_incidence"] = .object(
        Dictionary(uniqueKeysWithValues: risks.incidence.map { ($0.key.rawValue, list($0.value)) }))
    }
    return out
  }

  /// A quantile of life, nil beyond the simulated cycles.
  private func life(at level: Double, _ lives: [Double], of count: Int) -> Double? {
    let rank = Int((level * Double(count)).rounded(.up))
    return rank >= 1 && rank <= lives.count ? lives[rank - 1] : nil
  }

  private func mechanisms(_ run: AgeingTrajectory, at k: Int) -> [JSONTree] {
    guard run.losses.indices.contains(k) else { return [] }
    let whole = 1 - run.capacityRetention[k]
    return MechanismShares.mechanisms.map { m in
      let loss = run.losses[k][m]
      return .object([
        "mechanism": .string(m.rawValue), "age": .number(run.ages[k]), "loss_mean": .number(loss),
        "share": whole > 1e-9 ? .number(loss / whole) : .null,
        "resistance_growth_ohm_cm2": .number(run.resistanceGrowth[k][m] * 1e4),
      ])
    }
  }

  /// The tables of `--out`, without `run.json`.
  var files: [String: [UInt8]] {
    var trajectory = CSVWriter(
      header: [
        "cell_id", "draw", "cycle_count", "capacity_retention", "areal_capacity_mah_cm2", "areal_energy_mwh_cm2",
        "area_resistance_ohm_cm2", "coulombic_efficiency",
      ] + ResistanceSplit.parts.map { "resistance_\($0.name)_ohm_cm2" })
    var states = CSVWriter(header: ["cell_id", "draw", "cycle_count"] + DegradationState.paths.map(\.name))
    var mechanisms = CSVWriter(header: [
      "cell_id", "cycle_count", "mechanism", "loss_mean", "share", "resistance_growth_ohm_cm2",
    ])
    var life = CSVWriter(header: ["cell_id", "draw", "threshold", "life", "knee", "failure_mode", "failure_age"])
    var incidence = CSVWriter(header: ["cell_id", "cycle_count", "failure_mode", "cumulative_incidence"])
    var curves = CSVWriter(header: ["cell_id", "draw", "cycle_count", "voltage_volt", "areal_capacity_mah_cm2"])
    var checkUps = CSVWriter(header: [
      "cell_id", "draw", "cycle_count", "current_density_ma_cm2", "areal_capacity_mah_cm2", "area_resistance_ohm_cm2",
    ])
    for (history, runs, _, _) in cells {
      let id = CSVWriter.Field.text(history.id)
      for (d, r) in runs.enumerated() {
        for k in r.ages.indices {
          let head: [CSVWriter.Field] = [id, .integer(d), .number(r.ages[k])]
          trajectory.append(
            head + [
              .number(r.capacityRetention[k]), .number(r.arealCapacityAhPerM2[k] * 0.1),
              .number(r.arealEnergyWhPerM2[k] * 0.1), .number(r.resistances[k].totalOhmM2 * 1e4),
              .number(r.coulombicEfficiency[k]),
            ] + ResistanceSplit.parts.map { .number(r.resistances[k][keyPath: $0.path] * 1e4) })
          states.append(head + DegradationState.paths.map { .number(r.states[k][keyPath: $0.path]) })
        }
        for k in r.losses.indices {
          let whole = 1 - r.capacityRetention[k]
          for m in MechanismShares.mechanisms {
            let loss = r.losses[k][m]
            mechanisms.append([
              id, .number(r.ages[k]), .text(m.rawValue), .number(loss), .number(whole > 1e-9 ? loss / whole : nil),
              .number(r.resistanceGrowth[k][m] * 1e4),
            ])
          }
        }
        life.append([
          id, .integer(d), .number(request.limit), .number(r.life), .number(r.knee),
          .text(r.failure?.mode.rawValue), .number(r.failure?.age),
        ])
        for curve in r.curves {
          for (v, q) in zip(curve.voltageV, curve.capacityAhPerM2) {
            curves.append([id, .integer(d), .number(curve.age), .number(v), .number(q * 0.1)])
          }
        }
        for c in r.checkUps {
          checkUps.append([
            id, .integer(d), .number(c.age), .number(c.dischargeCurrentAPerM2 * 0.1),
            .number(c.arealCapacityAhPerM2 * 0.1), .number(c.areaResistanceOhmM2 * 1e4),
          ])
        }
      }
      let risks = CompetingRisks(runs, ages: request.ages)
      for (mode, shares) in risks.incidence.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        for (age, share) in zip(risks.ages, shares) {
          incidence.append([id, .number(age), .text(mode.rawValue), .number(share)])
        }
      }
    }
    var out = [
      "trajectory.csv": trajectory.bytes, "states.csv": states.bytes, "mechanisms.csv": mechanisms.bytes,
      "life.csv": life.bytes, "incidence.csv": incidence.bytes,
      "summary.json": JSONTree.object(document).serialized(pretty: true),
    ]
    if !request.curveAges.isEmpty { out["curves.csv"] = curves.bytes }
    if cells.contains(where: { $0.runs.contains { !$0.checkUps.isEmpty } }) { out["checkups.csv"] = checkUps.bytes }
    return out
  }

  /// The printed table and, on a terminal, a plot of each of a few cells.
  var text: String {
    var rows = [
      ["cell", "draws", "retention at \(cycles)", "life to \(shortest(request.limit * 100)) %", "main cause"]
    ]
    for (history, runs, _, _) in cells {
      guard !runs.isEmpty else {
        rows.append([history.id, "0", "–", "–", "numerics failed"])
        continue
      }
      let last = runs.compactMap(\.capacityRetention.last).sorted()
      let lives = runs.compactMap(\.life).sorted()
      let median = life(at: 0.5, lives, of: runs.count)
      rows.append([
        history.id, "\(runs.count)", Tables.significant(quantile(ofSorted: last, 0.5)),
        median.map { shortest($0.rounded()) } ?? "> \(cycles)", cause(runs),
      ])
    }
    return Tables.aligned(rows) + (cells.count <= 4 ? cells.map { plot($0.history.id, $0.runs) }.joined() : "")
  }

  private func cause(_ runs: [AgeingTrajectory]) -> String {
    if draws == 1 { return runs[0].losses.last?.dominant.rawValue ?? "–" }
    var counts: [FailureMode: Int] = [:]
    for run in runs { if let mode = run.failure?.mode { counts[mode, default: 0] += 1 } }
    guard let (mode, count) = counts.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }) else {
      return "none fails"
    }
    return "\(mode.rawValue) (\(Tables.significant(100 * Double(count) / Double(runs.count))) %)"
  }

  /// Retention over age as characters: the median, and the middle nine tenths as dots.
  private func plot(_ id: String, _ runs: [AgeingTrajectory]) -> String {
    guard isatty(1) == 1, let ages = runs.first?.ages else { return "" }
    let width = 60
    let height = 12
    let low = max(0, min(0.5, (runs.compactMap { $0.capacityRetention.min() }.sorted().first ?? 0.5) - 0.02))
    var grid = Array(repeating: Array(repeating: Character(" "), count: width), count: height)
    func row(_ q: Double) -> Int {
      height - 1 - Int((min(max((q - low) / (1.02 - low), 0), 1) * Double(height - 1)).rounded())
    }
    for c in 0..<width {
      let age = ages[0] + ((ages.last ?? 1) - ages[0]) * Double(c) / Double(width - 1)
      let values = runs.map { interpolate(age, $0.ages, $0.capacityRetention) }.sorted()
      if runs.count > 1 {
        for r in row(quantile(ofSorted: values, 0.95))...row(quantile(ofSorted: values, 0.05)) { grid[r][c] = "·" }
      }
      let limit = row(request.limit)
      if grid[limit][c] == " " { grid[limit][c] = "-" }
      grid[row(quantile(ofSorted: values, 0.5))][c] = "*"
    }
    let label = Tables.significant(low * 100)
    let lines = grid.enumerated().map { k, line in
      (k == 0
        ? "102 %" : k == height - 1 ? String(repeating: " ", count: max(0, 3 - label.count)) + label + " %" : "     ")
        + " |" + String(line)
    }
    return "\n\(id)\n" + lines.joined(separator: "\n") + "\n       1" + String(repeating: " ", count: width - 8)
      + "\(cycles) cycles\n"
  }
}
