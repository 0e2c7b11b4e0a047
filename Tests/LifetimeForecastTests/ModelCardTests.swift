import LifetimeForecast
import Testing

@Suite("Model card")
struct ModelCardTests {
  func facts(title: String = "Cells") -> ModelCardFacts {
    var life = LifeScores()
    life.rmse = Score(71.04, interval: [60.06, 90])
    life.coverage90 = Score(0.926)
    return ModelCardFacts(
      name: "m", kind: "hybrid", version: "0.1.0", license: "Apache-2.0",
      datasets: [
        .init(
          name: "mydata", title: title, kind: "measured", cellFamily: "liquid", license: "CC BY 4.0", citation: "doi:1",
          cells: 12, censored: 3)
      ], ageColumn: "cycle_count", endOfLife: "0.8 of nominal", early: [0, nil],
      scores: [
        ScoreRow(
          model: "hybrid", part: "out_of_fold", dataset: "mydata", kind: "measured", cellFamily: "liquid", split: nil,
          early: 100, age: "cycle_count", counts: CellCounts(cells: 11, censored: 3, skipped: 1), life: life,
          trajectory: TrajectoryScores())
      ], sensitivity: [], limits: ["Few groups."])
  }

  @Test("Head, data, scores and limits are there")
  func content() {
    let text = ModelCard.text(facts())
    #expect(text.hasPrefix("---\nlicense: \"Apache-2.0\"\nlibrary_name: solidfade\ntags:\n"))
    #expect(text.contains("datasets:\n- \"mydata\"\n"))
    #expect(text.contains("| mydata: Cells | measured | liquid | 12 | 3 | CC BY 4.0 | doi:1 |"))
    #expect(text.contains("| hybrid | out_of_fold | mydata | 100 | 11 | 71.0 [60.1, 90.0] | – | – | 0.93 | – |"))
    #expect(text.contains("seen up to age: 0, all rows."))
    #expect(text.contains("- Few groups.") && text.contains("Not assessed."))
    #expect(text.hasSuffix("- mydata: doi:1\n"))
  }

  @Test("A dataset's words cannot break the head or a table")
  func escaping() {
    let text = ModelCard.text(facts(title: "a | b\n---\n# c \"d\""))
    #expect(text.contains("| mydata: a \\| b --- # c \"d\" |"))
    #expect(text.split(separator: "\n").filter { $0 == "---" }.count == 2)
  }
}
