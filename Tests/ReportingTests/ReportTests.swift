import Foundation
import Testing

@testable import Reporting

@Suite("HTML report")
struct ReportTests {
  @Test("Ticks are round and hold the range")
  func ticks() {
    #expect(Axis(0...100).ticks == [0, 20, 40, 60, 80, 100])
    let axis = Axis(3.2...7.9)
    #expect(axis.low <= 3.2 && axis.high >= 7.9)
    #expect(axis.ticks == [3, 4, 5, 6, 7, 8])
    #expect(Axis.label(0.25) == "0.25")
    #expect(Axis.label(1200) == "1200")
    #expect(Axis(5...5).high > 5)
  }

  private let summary = """
    {"age": "cycle_count", "draws": 100, "bundle_sha256": "abcdef0123456789", "quantiles": [0.05, 0.5, 0.95],
     "cells": [{"cell_id": "A<03>", "early": 50, "in_domain": false, "domain_reasons": ["temperature outside"],
       "life": {"status": "forecast", "observed": null, "horizon": 900, "quantiles": [301, 433, null],
                "p_beyond_horizon": 0.06, "p_life_ge": {"100": 1, "500": 0.26}},
       "end_of_life": {"fraction": 0.8, "reference": "first"}, "failure_p": {"capacity": 0.9},
       "forecast": [{"quantity": "capacity_retention", "unit": "1", "age": [50, 100, 200], "mean": [0.97, 0.95, 0.9],
                     "quantiles": [[0.96, 0.97, 0.98], [0.93, 0.95, 0.96], [0.85, 0.9, 0.93]]}],
       "observed": {"age": [1, 50], "capacity_retention": [1, 0.97]},
       "mechanisms": [{"mechanism": "contact_loss", "age": 100, "loss_mean": 0.04},
                      {"mechanism": "contact_loss", "age": 200, "loss_mean": 0.08},
                      {"mechanism": "unexplained", "age": 200, "loss_mean": -0.01}]}]}
    """

  @Test("The page holds the numbers, escapes names, and needs no network")
  func page() throws {
    let page = try HTMLReport.page([("run", Data(summary.utf8))], title: "T & U")
    #expect(page.contains("Median life 433 cycles to 80 %"))
    #expect(page.contains("between 301 and beyond 900"))
    #expect(page.contains("A&lt;03&gt;"))
    #expect(!page.contains("A<03>"))
    #expect(page.contains("T &amp; U"))
    #expect(page.contains("temperature outside"))
    #expect(page.contains("26 %"))
    #expect(page.components(separatedBy: "<svg").count == 4)
    #expect(!page.contains("http://") && !page.contains("https://"))
  }

  @Test("A summary that is not one is refused by name")
  func unreadable() {
    let error = #expect(throws: ReportError.self) { try HTMLReport.page([("broken", Data("[1".utf8))], title: nil) }
    guard case .unreadable(let run, _)? = error else { return }
    #expect(run == "broken")
  }
}
