import Foundation
import Testing

/// `solidfade simulate`: outputs, repeatability, refusals.
@Suite(.enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct SimulateCommandTests {
  private static let header =
    "cell_id,cathode_material,morphology,coating,electrolyte_material,anode_material,upper_cutoff_v,lower_cutoff_v,"
    + "voltage_reference,discharge_c_rate,temperature_celsius,stack_pressure_mpa,areal_loading_mg_cm2\n"
  private static let bare = "a,NCM811,single,none,Li6PS5Cl,LiIn,4.3,2.5,Li,0.3,25,50,10\n"

  private func place(_ row: String = bare) throws -> Workplace {
    let place = try Workplace()
    try place.write("cells.csv", Array((Self.header + row).utf8))
    return place
  }

  private func cell(_ output: Tool.Output) throws -> [String: Any] {
    let cells = try #require(try output.document()["cells"] as? [[String: Any]])
    return try #require(cells.first)
  }

  @Test("A nominal run names its states, mechanisms and failures; losses add up")
  func nominal() throws {
    let place = try place()
    let run = try Tool.run(
      ["simulate", place.at("cells.csv"), "--cycles", "400", "--curves", "1,400", "--json", "-o", place.at("run")])
    #expect(run.code == 0, "\(run.error)")
    let a = try cell(run)
    let retention = try #require(a["capacity_retention"] as? [Double])
    #expect(retention[0] == 1 && (retention.last ?? 1) < 1)
    let mechanisms = try #require(a["mechanisms"] as? [[String: Any]])
    let sum = mechanisms.compactMap { $0["loss_mean"] as? Double }.reduce(0, +)
    #expect(abs(sum - (1 - (retention.last ?? 0))) < 1e-8)
    #expect(((a["states"] as? [String: Any])?["interphase_thickness_m"] as? [Double])?.count == retention.count)
    let files = try FileManager.default.contentsOfDirectory(atPath: place.at("run")).sorted()
    #expect(
      files == [
        "curves.csv", "incidence.csv", "life.csv", "mechanisms.csv", "run.json", "states.csv", "summary.json",
        "trajectory.csv",
      ])
    let curves = try String(contentsOfFile: place.at("run/curves.csv"), encoding: .utf8)
    #expect(curves.split(separator: "\n").count == 401)
  }

  @Test("Draws: the same bytes for any number of threads, causes that add up")
  func draws() throws {
    let place = try place()
    let arguments = ["simulate", place.at("cells.csv"), "--cycles", "300", "--draws", "40", "--json"]
    let one = try Tool.run(arguments + ["--threads", "1"])
    let three = try Tool.run(arguments + ["--threads", "3"])
    #expect(one.code == 0 && one.out == three.out)
    let incidence = try #require(try cell(one)["cumulative_incidence"] as? [String: [Double]])
    let last = incidence.values.compactMap(\.last).reduce(0, +)
    #expect(last > 0 && last <= 1 + 1e-12)
    for shares in incidence.values { #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 <= $1 }) }
  }

  @Test("A protocol: check-ups are written, a rest ages, re-pressing heals")
  func testProtocol() throws {
    let place = try place()
    try place.write(
      "p.json",
      Array(
        """
        {"formation": {"cycles": 2, "discharge_c_rate": 0.05, "charge_c_rate": 0.05},
         "blocks": [{"cycles": 50}, {"check_up": {"discharge_c_rate": 0.05}}, {"rest_h": 100, "potential_v": 4.2},
                    {"press_mpa": 80, "recovery": 0.5}, {"rate_test": [0.1, 1]}]}
        """.utf8))
    let run = try Tool.run(
      ["simulate", place.at("cells.csv"), "--cycles", "120", "--protocol", place.at("p.json"), "-o", place.at("run")])
    #expect(run.code == 0, "\(run.error)")
    let checkUps = try String(contentsOfFile: place.at("run/checkups.csv"), encoding: .utf8)
    // Two full turns of a check-up and two rates each.
    #expect(checkUps.split(separator: "\n").count == 1 + 2 * 3)
  }

  @Test("An own material is used, and its faults are named")
  func ownMaterial() throws {
    let place = try place("a,NCM811,single,MyCoat,Li6PS5Cl,LiIn,4.3,2.5,Li,0.3,25,50,10\n")
    let unknown = try Tool.run(["simulate", place.at("cells.csv"), "--color", "never"])
    #expect(unknown.code == 2 && unknown.error.contains("cells.csv:2") && unknown.error.contains("MyCoat"))
    let row = """
      {"name": "MyCoat", "kind": "coating", "class": "oxide", "summary": "own", "citation": "own cells",
       "changes": [{"parameter": "PARAMETER", "operation": "multiply", "value": 0.2, "source": "own cells"}]}
      """
    try place.write("m.json", Array(row.replacing("PARAMETER", with: "fatigue_rate_per_cycle").utf8))
    let known = try Tool.run(["simulate", place.at("cells.csv"), "--materials", place.at("m.json"), "--json"])
    #expect(known.code == 0, "\(known.error)")
    try place.write("bad.json", Array(row.replacing("PARAMETER", with: "fatigue_rate").utf8))
    let bad = try Tool.run(
      ["simulate", place.at("cells.csv"), "--materials", place.at("bad.json"), "--color", "never"])
    #expect(bad.code == 2 && bad.error.contains("bad.json") && bad.error.contains("unknown parameter"))
  }

  @Test(
    "Impossible designs are refused with field and range",
    arguments: [
      ("a,NCM811,single,none,Li6PS5Cl,LiIn,4.3,2.5,Li,0.3,25,-1,10\n", "stack_pressure_mpa"),
      ("a,NCM811,single,none,Li6PS5Cl,LiIn,2.4,2.5,Li,0.3,25,50,10\n", "upper_cutoff_v"),
      ("a,NCM811,single,none,Unobtainium,LiIn,4.3,2.5,Li,0.3,25,50,10\n", "electrolyte_material"),
      ("a,NCM811,hexagonal,none,Li6PS5Cl,LiIn,4.3,2.5,Li,0.3,25,50,10\n", "morphology"),
    ])
  func refused(row: String, field: String) throws {
    let place = try place(row)
    let run = try Tool.run(["simulate", place.at("cells.csv"), "-o", place.at("run"), "--color", "never"])
    #expect(run.code == 2 && run.error.contains(field), "\(run.error)")
    #expect(run.error.split(separator: "\n").count { $0.hasPrefix("error[") } == 1)
    #expect(!FileManager.default.fileExists(atPath: place.at("run")))
  }

  @Test(
    "A protocol that cannot be carried out is refused with block and field",
    arguments: [
      (#"{"blocks": [{"cycles": 0}]}"#, "count"), (#"{"blocks": [{"rest_h": 5}]}"#, "no block of cycles"),
      (#"{"blocks": [{"cycles": 5, "upper_cutoff": 4}]}"#, "upper_cutoff"), ("{\"blocks\": [", "not well-formed"),
    ])
  func brokenProtocol(text: String, naming: String) throws {
    let place = try place()
    try place.write("p.json", Array(text.utf8))
    let run = try Tool.run(
      ["simulate", place.at("cells.csv"), "--protocol", place.at("p.json"), "--color", "never"])
    #expect(run.code == 2 && run.error.contains("p.json") && run.error.contains(naming), "\(run.error)")
  }
}
