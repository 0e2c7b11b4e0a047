import Foundation
import Testing

@testable import Reporting

@Suite struct NotebookTests {
  private let tables = [
    "life.csv": "cell_id,q05,q50,q95,p_life_ge_500,in_domain,x\nA,1,2,3,0.5,true,9\n",
    "front.csv":
      "design_id,coating,life_q10,life_q50,cell_energy_wh_kg_mean,verdict,n_draws,evaluation\nd1,none,1,2,3,holds,9,0\n",
  ]

  @Test("A notebook has the keys of nbformat 4.5, ids, no execution counts, and what its tables say")
  func forecast() throws {
    let notebook = try RunNotebook.make(
      run: "forecast", files: ["forecast.csv", "life.csv", "mechanisms.csv"], table: { tables[$0] ?? "" })
    let data = try notebook.json()
    #expect(try notebook.json() == data)
    let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(document["nbformat"] as? Int == 4 && document["nbformat_minor"] as? Int == 5)
    #expect(Set(document.keys) == ["cells", "metadata", "nbformat", "nbformat_minor"])
    let cells = try #require(document["cells"] as? [[String: Any]])
    #expect(Set(cells.compactMap { $0["id"] as? String }).count == cells.count)
    for cell in cells where cell["cell_type"] as? String == "code" { #expect(cell["execution_count"] is NSNull) }
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("A,1,2,3,0.5,true"))
    #expect(!String(decoding: try notebook.json(keepsOutputs: false), as: UTF8.self).contains("A,1,2,3,0.5,true"))
  }

  @Test("A study has its front, and a folder that is no run is refused")
  func study() throws {
    let notebook = try RunNotebook.make(
      run: ".", files: ["front.csv", "history.csv"], table: { tables[$0] ?? "" })
    #expect(String(decoding: try notebook.json(), as: UTF8.self).contains("d1,none,1,2,3,holds"))
    #expect(throws: RunNotebook.UnknownRun.self) {
      try RunNotebook.make(run: ".", files: ["cells.csv"], table: { _ in "" })
    }
  }
}
