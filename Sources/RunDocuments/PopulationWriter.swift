package import SolidFade

/// Virtual populations of built cells as document, table and text.
package struct PopulationWriter {
  package var populations: [(cellID: String, population: BuiltPopulation)]

  /// Whether the cells come from any laboratory.
  package var isAcrossLabs: Bool

  package init(_ populations: [(cellID: String, population: BuiltPopulation)], isAcrossLabs: Bool) {
    self.populations = populations
    self.isAcrossLabs = isAcrossLabs
  }

  /// Names of the shares of the lots.
  private static let lotNames = BuiltPopulation.lotShares.map { "q" + ($0 < 0.1 ? "0" : "") + shortest($0 * 100) }

  /// The `population` key of the document.
  package var tree: JSONTree {
    func interval(_ i: BuiltPopulation.Interval) -> [String: JSONTree] {
      ["mean": .number(i.mean), "q05": .number(i.low), "q95": .number(i.high)]
    }
    func estimate(_ e: SobolIndices.Estimate) -> JSONTree {
      .object(["value": .number(e.value), "low": .number(e.low), "high": .number(e.high)])
    }
    return .array(
      populations.map { id, p in
        .object([
          "cell_id": .string(id),
          "yield": .array(
            p.yields.map {
              .object(
                interval($0.share).merging([
                  "target": .number($0.target), "standard_error": .number($0.standardError),
                ]) { $1 })
            }),
          "across": .string(isAcrossLabs ? "labs" : "line"),
          "lots": p.lots.isEmpty
            ? .null
            : .object([
              "lots": .integer(Int64(BuiltPopulation.lotDraws.lots)),
              "cells_per_lot": .integer(Int64(BuiltPopulation.lotDraws.cells)),
              "yield": .array(
                p.lots.map { lot in
                  var one: [String: JSONTree] = ["target": .number(lot.target)]
                  for (name, q) in zip(Self.lotNames, lot.quantiles) { one[name] = .object(interval(q)) }
                  return .object(one)
                }),
            ]),
          "life_percentiles": .array(
            p.percentiles.map { share, life in .object(interval(life).merging(["share": .number(share)]) { $1 }) }),
          "variance_of_log_life": .object([
            "model": .number(p.variance.model), "manufacturing": .number(p.variance.manufacturing),
            "measurement": .number(p.variance.measurement),
            "manufacturing_explained": ResultDocument.real(p.explained),
          ]),
          "tolerances": .array(
            p.tolerances.map {
              .object([
                "names": .array($0.names.map { .string($0) }), "first": estimate($0.first), "total": estimate($0.total),
              ])
            }),
          "early_failure": p.earlyFailure.map { .object(interval($0)) } ?? .null,
          "rare_failure": p.rare.map(Self.tree) ?? .null,
        ])
      })
  }

  private static func tree(_ r: BuiltPopulation.RareFailure) -> JSONTree {
    .object([
      "target": .number(r.target), "probability": .number(r.probability.best.probability),
      "relative_error": ResultDocument.real(r.probability.best.relativeError),
      "several_regions": .bool(r.probability.hasSeveralRegions),
      "importance": ResultDocument.real(r.probability.importance?.probability),
      "subset": .number(r.probability.subset.probability),
    ])
  }

  /// `population.csv`: one number a row.
  package var table: [UInt8] {
    var table = CSVWriter(header: ["cell_id", "item", "name", "mean", "q05", "q95", "standard_error"])
    for (id, p) in populations {
      func row(_ item: String, _ name: String, _ mean: Double, _ low: Double?, _ high: Double?, _ error: Double? = nil)
      {
        table.append([.text(id), .text(item), .text(name), .number(mean), .number(low), .number(high), .number(error)])
      }
      for y in p.yields {
        row("yield", "p_life_ge_\(shortest(y.target))", y.share.mean, y.share.low, y.share.high, y.standardError)
      }
      for lot in p.lots {
        for (name, q) in zip(Self.lotNames, lot.quantiles) {
          row("lot_yield_\(name)", "p_life_ge_\(shortest(lot.target))", q.mean, q.low, q.high)
        }
      }
      for (share, life) in p.percentiles {
        row("life_percentile", shortest((share * 100).rounded()), life.mean, life.low, life.high)
      }
      row("variance_of_log_life", "model", p.variance.model, nil, nil)
      row("variance_of_log_life", "manufacturing", p.variance.manufacturing, nil, nil)
      row("variance_of_log_life", "measurement", p.variance.measurement, nil, nil)
      for t in p.tolerances {
        let name = t.names.joined(separator: "+")
        row("tolerance_first", name, t.first.value, t.first.low, t.first.high)
        row("tolerance_total", name, t.total.value, t.total.low, t.total.high)
      }
      if let e = p.earlyFailure { row("early_failure", "probability", e.mean, e.low, e.high) }
      if let r = p.rare {
        let best = r.probability.best
        row(
          "rare_failure", "p_life_lt_\(shortest(r.target))", best.probability, nil, nil,
          best.probability * best.relativeError)
      }
    }
    return table.bytes
  }

  /// For people.
  package var text: String {
    var out = ""
    for (id, p) in populations {
      let whose = isAcrossLabs ? "as any laboratory builds it" : "as built"
      var rows = [["\(id), \(whose): life ≥", "share of cells", "5 %", "95 %"]]
      for y in p.yields {
        rows.append(
          [shortest(y.target)] + [y.share.mean, y.share.low, y.share.high].map { Tables.significant($0) })
      }
      out += Tables.aligned(rows)
      if !p.lots.isEmpty {
        var table = [["yield below that of lots: life ≥", "5 % of them", "half", "95 %"]]
        for lot in p.lots {
          table.append(
            [shortest(lot.target)]
              + lot.quantiles.map {
                "\(Tables.significant($0.mean)) (\(Tables.significant($0.low))…\(Tables.significant($0.high)))"
              })
        }
        out += Tables.aligned(table)
      }
      let v = p.variance
      let all = max(v.model + v.manufacturing + v.measurement, 1e-300)
      let parts = [("model", v.model), ("manufacturing", v.manufacturing), ("measurement", v.measurement)]
      out += "variance of log life \(Tables.significant(all)): "
      out += parts.map { "\($0) \(Tables.significant($1 / all))" }.joined(separator: ", ") + "\n"
      if !p.tolerances.isEmpty {
        var ranking = [["tolerance", "alone", "with the others"]]
        for t in p.tolerances {
          ranking.append(
            [t.names.joined(separator: "+")]
              + [t.first, t.total].map {
                "\(Tables.significant($0.value)) (\(Tables.significant($0.low))…\(Tables.significant($0.high)))"
              })
        }
        out += Tables.aligned(ranking)
      }
      if let r = p.rare {
        let best = r.probability.best
        let size = best.probability < 1e-7 ? "below 1e-7" : Self.scientific(best.probability)
        out += "life < \(shortest(r.target)) at the median of what is not known: \(size)"
        out += best.relativeError.isFinite ? " ± \(Tables.significant(best.relativeError * 100)) %" : ""
        out += r.probability.hasSeveralRegions ? ", failures lie in several regions\n" : "\n"
      }
      out += "\n"
    }
    return out
  }

  private static func scientific(_ x: Double) -> String {
    var power = 0
    var y = x
    while y < 1, power > -300 { (y, power) = (y * 10, power - 1) }
    return "\(shortest((y * 10).rounded() / 10))e\(power)"
  }
}
