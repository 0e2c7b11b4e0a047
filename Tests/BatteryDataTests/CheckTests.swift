import BatteryData
import CellModel
import Testing

@Suite struct CheckTests {
  private func description(_ capacity: String = "capacity_retention") -> DatasetDescription {
    DatasetDescription(
      name: "c", kind: .measured, family: .sulfideSolidState, capacityColumn: capacity,
      endOfLife: EndOfLife(fraction: 0.8, reference: .first))
  }

  private func cell(_ id: String, _ change: (inout CellHistory) -> Void = { _ in }) -> CellHistory {
    let salt = Double(id.utf8.reduce(0) { Int($0) + Int($1) }) * 1e-6
    let ages = (1...40).map(Double.init)
    var cell = CellHistory(
      id: id, attributes: CellAttributes(texts: ["group_id": "g"]),
      series: CycleSeries(ages: ages, capacities: ages.map { 1 - 0.002 * $0 - salt * $0 }))
    change(&cell)
    return cell
  }

  private func rules(
    _ cells: [CellHistory], capacity: String = "capacity_retention", splits: [String: [String: [String]]] = [:]
  )
    -> [String: Severity]
  {
    let dataset = Dataset(description: description(capacity), cells: cells, splits: splits)
    let report = DatasetChecks.run(dataset, protocolName: "none")
    return Dictionary(report.findings.map { ($0.rule, $0.severity) }, uniquingKeysWith: max)
  }

  @Test func soundCellsHaveNoFinding() { #expect(rules([cell("A"), cell("B")]).isEmpty) }

  @Test func eachDataRule() {
    #expect(rules([cell("A") { $0.series.capacities[20] = -1 }])["D003"] == .error)
    let back = cell("A") { $0.series.columns["test_time_second"] = (1...40).map { $0 == 30 ? 5 : Double($0) * 7200 } }
    #expect(rules([back])["D004"] == .warn)
    let milliseconds = cell("A") {
      $0.series.columns["test_time_second"] = (1...40).map { Double($0) * 7_200_000 }
      $0.attributes.numbers = ["charge_c_rate": 1, "discharge_c_rate": 1]
    }
    #expect(rules([milliseconds])["D004"] == .error)
    #expect(rules([cell("A") { $0.series.capacities = $0.series.capacities.map { $0 * 100 } }])["D005"] == .warn)
    #expect(rules([cell("A")], capacity: "specific_discharging_capacity_mah_g")["D005"] == .warn)
    let efficient = cell("A") {
      $0.series.columns["coulombic_efficiency"] = [Double](repeating: 0.99, count: 39) + [1.03]
    }
    #expect(rules([efficient])["D006"] == .warn)
    #expect(rules([cell("A") { $0.series.capacities[20] = 0.5 }])["D007"] == .warn)
    #expect(
      rules([
        cell("A") {
          $0.series.capacities[20] = 0.5; $0.series.flags[20] = .glitch
        }
      ]).isEmpty)
    let copy = cell("A") { $0.id = "B" }
    #expect(rules([cell("A"), copy])["D008"] == .error)
    #expect(rules([cell("A")], capacity: "cycle_discharging_capacity_ah")["D009"] == .warn)
    let leak = ["s": ["train": ["A", "B"], "test": ["B"]]]
    #expect(rules([cell("A"), cell("B")], splits: leak)["D010"] == .error)
  }

  @Test func protocolRulesAndScore() throws {
    let bare = Dataset(description: description(), cells: [cell("A"), cell("B")])
    let report = DatasetChecks.run(bare, protocolName: "assb")
    let found = Set(report.findings.map(\.rule))
    #expect(found.isSuperset(of: ["P001", "P002", "P003", "P004", "P005", "P006", "P007", "P008", "P010"]))
    let full = ["A", "B", "C"].map { id in
      cell(id) {
        for name in [
          "stack_pressure_mpa", "areal_loading_mg_cm2", "electrode_area_cm2", "cathode_thickness_um",
          "separator_thickness_um", "discharge_c_rate", "c_rate_basis_mah_g", "current_density_ma_cm2",
          "temperature_celsius", "h2o_ppm", "upper_cutoff_v", "lower_cutoff_v",
        ] { $0.attributes.numbers[name] = 1 }
        $0.attributes.numbers["initial_ocv_v"] = 2.0
        for name in ["pressure_control", "pretreatment"] { $0.attributes.texts[name] = "stated" }
        $0.attributes.texts["voltage_reference"] = "InLi"
        if id == "C" { $0.attributes.texts["status"] = "failed" }
      }
    }
    let best = DatasetChecks.run(Dataset(description: description(), cells: full), protocolName: "assb")
    #expect(best.findings.isEmpty)
    let group = try #require(best.groups.first)
    #expect(group.score == 1)
    #expect(group.cells == 3 && group.failed == 1)
    let worst = try #require(report.groups.first?.score)
    #expect(worst > 0 && worst < 0.5)
    // 2.0 V vs InLi is 2.62 V vs Li; 2.0 V vs Li is outside the window.
    var shifted = full
    shifted[0].attributes.texts["voltage_reference"] = "Li"
    shifted[1].series.columns["applied_pressure_pa"] = (0..<40).map { 1e6 * (1 - 0.005 * Double($0)) }
    let off = DatasetChecks.run(Dataset(description: description(), cells: shifted), protocolName: "assb").findings
    #expect(off.map(\.rule) == ["P003", "P004"])
    #expect(off.map(\.cellID) == ["A", "B"])
    #expect(report.only("P00?").findings.allSatisfy { $0.rule.hasPrefix("P00") })
    #expect(report.only("D*").findings.isEmpty)
  }

  /// Wilson's interval by hand: 1 of 2 gives 0.5 ± z/(1 + z²/2) · √(1/8 + z²/16).
  @Test func wilson() {
    let half = wilsonInterval(successes: 1, trials: 2)
    #expect(abs(half.lowerBound - 0.09453) < 1e-4 && abs(half.upperBound - 0.90547) < 1e-4)
    #expect(wilsonInterval(successes: 0, trials: 10).lowerBound == 0)
    #expect(abs(wilsonInterval(successes: 0, trials: 10).upperBound - 0.27753) < 1e-4)
    #expect(wilsonInterval(successes: 0, trials: 0) == 0...1)
  }

  @Test func lifeRules() {
    let d = description()
    func outcome(_ change: (inout CellHistory) -> Void) -> LifeRules.Outcome {
      var c = CellHistory(id: "A", series: CycleSeries(ages: [10, 20, 30], capacities: [1, 0.9, 0.7]))
      change(&c)
      return LifeRules.outcome(c, in: d)
    }
    if case .crossed(let after, let until, let life) = outcome({ _ in }) {
      #expect(after == 20 && until == 30 && abs(life - 25) < 1e-9)
    } else {
      Issue.record("a crossing was expected")
    }
    #expect(outcome { $0.series.flags[2] = .glitch } == .censored(30))
    #expect(outcome { $0.attributes.numbers["observed_life"] = 33 } == .stated(33))
    #expect(outcome { $0.attributes.texts["status"] = "failed" } == .failed(30))
    #expect(outcome { $0.attributes.texts["status"] = "excluded" } == .excluded)
    #expect(outcome { $0.series.capacities = [0.7, 0.6, 0.5] } == .crossed(after: 0, until: 10, life: 10))
  }

  @Test func faultsOfReadingBecomeFindings() throws {
    var data = TextDataset()
    data.cycles = data.cycles.replacing("A,2,", with: "A,0,").replacing("B,2,0.95", with: "B,1.5,x")
    let faults = try data.faults()
    let report = try #require(DatasetChecks.report(DataFaults(faults), protocolName: "none"))
    #expect(report.findings.map(\.rule) == ["D001", "D002"])
    #expect(report.findings.map(\.line) == [3, 6])
    #expect(report.findings.map(\.column) == [3, 3])
    #expect(DatasetChecks.report(DataFaults(DataFault("E002", "damaged")), protocolName: "none") == nil)
  }
}
