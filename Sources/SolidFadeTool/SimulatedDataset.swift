import Foundation
import SolidFade

/// Simulated cells as a dataset of kind `simulated`: check-ups with measurement noise, draws as replicates.
struct SimulatedDataset {
  private let results: SimulationResults
  private let name: String
  private let seed: UInt64

  /// Noise of capacity and of resistance, relative (assumed).
  private static let capacityNoise = 0.002
  private static let resistanceNoise = 0.01

  init(_ results: SimulationResults, name: String, seed: UInt64) {
    self.results = results
    self.name = name
    self.seed = seed
  }

  /// The files of the dataset folder.
  var files: [String: [UInt8]] {
    let description = DatasetDescription(
      name: name, kind: .simulated, family: .sulfideSolidState, capacityColumn: "capacity_retention",
      endOfLife: EndOfLife(fraction: results.request.limit, reference: .first),
      texts: [
        "title": "Simulated sulfide cells",
        "description":
          "written by solidfade simulate \(toolVersion), seed \(seed); no measurement stands behind it",
        "version": "1", "license": "Apache-2.0", "citation": "SolidFade", "source": "solidfade simulate --as-dataset",
      ])
    let cells = results.cells.flatMap { history, runs, _ in
      runs.enumerated().map { d, run in
        measured(run, of: history, id: runs.count == 1 ? history.id : "\(history.id)-\(d + 1)")
      }
    }
    return DatasetWriter.files(description, cells: cells, readme: readme)
  }

  /// A run as a tester would have recorded it: first row, then every reported age after ten, until far below use.
  private func measured(_ run: AgeingTrajectory, of history: CellHistory, id: String) -> CellHistory {
    var attributes = history.attributes
    for column in ["observed_life", "first_failure_cycle"] { attributes.numbers[column] = nil }
    for column in ["failure_mode", "reason"] { attributes.texts[column] = nil }
    attributes.texts["status"] = CellStatus.stopped.rawValue
    attributes.texts["group_id"] = history.groupID
    var stream = RandomStream(seed: seed, purpose: "simulated-noise", key: stableHash(id))
    var ages: [Double] = []
    var retention: [Double] = []
    var resistance: [Double] = []
    for k in run.ages.indices where run.ages[k] == 1 || run.ages[k] > 10 {
      let q = run.capacityRetention[k] * (1 + Self.capacityNoise * stream.normal())
      let r = run.resistances[k].totalOhmM2 * 1e4 * (1 + Self.resistanceNoise * stream.normal())
      ages.append(run.ages[k])
      retention.append((q * 1e5).rounded() / 1e5)
      resistance.append((r * 10).rounded() / 10)
      if q < 0.6 { break }
    }
    return CellHistory(
      id: id, attributes: attributes,
      series: CycleSeries(
        ages: ages, capacities: retention, columns: ["area_resistance_ohm_cm2": resistance]))
  }

  private var readme: String {
    """
    # \(name)

    SIMULATED by `solidfade simulate \(toolVersion) --draws \(results.draws) --cycles \(results.cycles) --seed \(seed) --as-dataset`.
    Every number comes from the physics model with its prior spread of parameters and 0.2 % noise; none was measured.
    Replicates of one design (`group_id`) are draws. Simulated cells are far more regular than real ones: use them to
    try the tool and to test it, never to judge its skill.

    """
  }
}
