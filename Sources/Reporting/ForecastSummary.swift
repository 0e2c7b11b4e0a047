internal import Foundation

/// The parts of a forecast's `summary.json` that a report shows.
struct ForecastSummary: Decodable {
  struct Life: Decodable {
    var status: String
    var observed: Double?
    var horizon: Double
    var quantiles: [Double?]
    var p_beyond_horizon: Double?
    var p_life_ge: [String: Double?]
  }
  struct Quantity: Decodable {
    var quantity: String
    var age: [Double]
    var mean: [Double?]
    var quantiles: [[Double?]]
  }
  struct Observed: Decodable {
    var age: [Double]
    var capacity_retention: [Double]
  }
  struct Loss: Decodable {
    var mechanism: String
    var age: Double
    var loss_mean: Double
  }
  struct Limit: Decodable {
    var fraction: Double
    var reference: String
  }
  struct Cell: Decodable {
    var cell_id: String
    var early: Double
    var in_domain: Bool
    var domain_reasons: [String]?
    var refusal: String?
    var physics_status: String?
    var nearest_training_group: String?
    var life: Life
    var end_of_life: Limit?
    var failure_p: [String: Double]?
    var forecast: [Quantity]
    var observed: Observed?
    var mechanisms: [Loss]?
  }
  /// A number and its interval.
  struct Interval: Decodable {
    var mean: Double
    var q05: Double
    var q95: Double
  }
  struct Estimate: Decodable {
    var value: Double
    var low: Double
    var high: Double
  }
  struct Population: Decodable {
    struct Yield: Decodable {
      var target: Double
      var mean: Double
      var q05: Double
      var q95: Double
    }
    struct Variance: Decodable {
      var model: Double
      var manufacturing: Double
      var measurement: Double
    }
    struct Tolerance: Decodable {
      var names: [String]
      var first: Estimate
      var total: Estimate
    }
    struct Lots: Decodable {
      struct Yield: Decodable {
        var target: Double
        var q05: Interval
        var q50: Interval
        var q95: Interval
      }
      var yield: [Yield]
    }
    var cell_id: String
    var yield: [Yield]
    var across: String?
    var lots: Lots?
    var variance_of_log_life: Variance
    var tolerances: [Tolerance]
    var early_failure: Interval?
  }
  var command: String?
  var age: String?
  var population: [Population]?
  var bundle_sha256: String?
  var draws: Int?
  var quantiles: [Double]?
  var cells: [Cell]?
  var metrics: [Metric]?

  /// One row of scores.
  struct Metric: Decodable {
    var model: String
    var dataset: String
    var kind: String
    var early: Double?
    var n_cells: Int
    var life_rmse: Double?
    var life_mape: Double?
    var life_crps: Double?
    var life_coverage90: Double?
    var retention_mae: Double?
    var retention_crps: Double?
    var retention_coverage90: Double?
  }

  var ageUnit: String { age == "equivalent_full_cycles" ? "equivalent full cycles" : "cycles" }
}
