import Foundation
import RunDocuments
import SolidFade

/// Simulated cells as a dataset of kind `simulated`: check-ups with measurement noise, draws as replicates.
struct SimulatedDataset {
  private let results: SimulationResults
  private let name: String
  private let seed: UInt64

  /// Noise of capacity and of resistance, relative (assumed).
  private static let capacityNoise = 0.002
  private static let resistanceNoise = 0.01
  /// Noise of the voltage of a curve [V] (assumed).
  private static let voltageNoise = 0.001

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
    let cells = results.cells.flatMap { history, runs, designs, _ in
      zip(runs, designs).enumerated().map { d, simulated in
        measured(
          simulated.0, simulated.1, of: history, id: runs.count == 1 ? history.id : "\(history.id)-\(d + 1)")
      }
    }
    return DatasetWriter.files(description, cells: cells, readme: readme)
  }

  /// A run as a tester would have recorded it: first row, then every reported age after ten, until far below use.
  private func measured(
    _ run: AgeingTrajectory, _ design: CellDesign, of history: CellHistory, id: String
  ) -> CellHistory {
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
    let recorded = run.curves.filter { $0.age <= ages.last ?? 0 }
    let curves = recorded.isEmpty ? nil : kept(recorded, of: design, id: id, &attributes)
    return CellHistory(
      id: id, attributes: attributes,
      series: CycleSeries(
        ages: ages, capacities: retention, columns: ["area_resistance_ohm_cm2": resistance]), curves: curves)
  }

  /// Curves in Ah of the stated electrode area, or of 1 cm², which is then stated.
  private func kept(
    _ recorded: [SimulatedCurve], of design: CellDesign, id: String, _ attributes: inout CellAttributes
  ) -> VoltageCurves {
    let areaCm2 = attributes.numbers["electrode_area_cm2"] ?? 1
    attributes.numbers["electrode_area_cm2"] = areaCm2
    var stream = RandomStream(seed: seed, purpose: "simulated-curve-noise", key: stableHash(id))
    let noisy = recorded.map { curve in
      var out = curve
      for k in out.voltageV.indices { out.voltageV[k] += Self.voltageNoise * stream.normal() }
      return out
    }
    var out = VoltageCurves(simulated: noisy, of: design, areaM2: areaCm2 * 1e-4)
    let scale = 1e8 / areaCm2
    out.dischargedAh = out.dischargedAh.map { $0.map { ($0 * scale).rounded() / scale } }
    return out
  }

  private var readme: String {
    """
    # \(name)

    SIMULATED by `solidfade simulate \(toolVersion) --draws \(results.draws) --cycles \(results.cycles) --seed \(seed) --as-dataset`.
    Every number comes from the physics model with its prior spread of parameters and noise (0.2 % of capacity, 1 % of
    resistance, 1 mV of voltage in curves); none was measured. Replicates of one design (`group_id`) are draws.
    Simulated cells are far more regular than real ones: use them to try the tool and to test it, never to judge its
    skill.

    """
  }
}
