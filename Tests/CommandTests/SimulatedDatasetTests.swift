import BatteryData
import CellModel
import Foundation
import Testing

/// `simulate --as-dataset`: what is written reads back, curves too.
@Suite(.serialized, .enabled(if: Tool.path != nil, "skipped: build the product solidfade first"))
struct SimulatedDatasetTests {
  @Test func curvesReadBack() async throws {
    let place = try Workplace()
    try place.write(
      "designs.csv",
      Array(
        """
        cell_id,morphology,anode_class,upper_cutoff_v,lower_cutoff_v,voltage_reference,electrode_area_cm2
        a,single,LiIn,4.3,2.5,Li,
        b,single,LiIn,3.68,1.88,InLi,2

        """.utf8))
    func simulate(_ name: String, threads: String) throws -> Tool.Output {
      try Tool.run([
        "simulate", place.at("designs.csv"), "--cycles", "60", "--draws", "2", "--curves", "1,50", "--as-dataset", "-o",
        place.at(name), "--threads", threads, "-q", "--json",
      ])
    }
    let run = try simulate("s", threads: "1")
    #expect(run.code == 0, "\(run.error)")
    let dataset = try DatasetReader.read(place.at("s"))
    let ids = dataset.cells.map(\.id)
    #expect(ids == ["a-1", "a-2", "b-1", "b-2"])
    let read = try await DatasetReader.readCurves(dataset, cellIDs: ids, upTo: nil, threads: 2)
    #expect(read.count == 4)
    for (id, cell) in zip(ids, dataset.cells) {
      let curves = try #require(read[id])
      #expect(curves.ages == [1, 50] && curves.voltagesV.count == 1000)
      #expect(abs(curves.voltagesV[0] - 3.68) < 1e-9 && abs(curves.voltagesV[999] - 1.88) < 1e-9)
      // Loading times 100…230 mAh g⁻¹; unstated loadings are drawn from 2…60 mg cm⁻².
      let area = id.hasPrefix("b") ? 2.0 : 1
      #expect(cell.attributes.numbers["electrode_area_cm2"] == area)
      let whole = try #require(curves.dischargedAh[0].last)
      #expect(whole > 2e-4 * area && whole < 1.4e-2 * area)
      let reached = curves.dischargedAh[1].filter(\.isFinite)
      #expect(reached.count > 500 && zip(reached, reached.dropFirst()).allSatisfy { $0 <= $1 })
    }
    let early = try await DatasetReader.readCurves(dataset, cellIDs: ["a-1"], upTo: 10, threads: 1)
    #expect(early["a-1"]?.ages == [1])
    #expect(try simulate("t", threads: "2").code == 0)
    for name in ["curves/b-2.csv.gz", "cells.csv", "cycles.csv"] {
      let once = try Data(contentsOf: URL(fileURLWithPath: place.at("s/" + name)))
      #expect(try once == Data(contentsOf: URL(fileURLWithPath: place.at("t/" + name))), "\(name)")
    }
  }
}
