internal import Foundation

/// A notebook that reads the tables of a run and shows them.
public enum RunNotebook {
  /// What a folder must hold.
  public struct UnknownRun: Error, Sendable {
    /// Files that would do.
    public var expected =
      "forecast.csv and life.csv of predict, front.csv and history.csv of optimize, or plan.csv and acceleration.csv of plan"
  }

  /// The notebook of a run.
  ///
  /// - Parameters:
  ///   - run: path of the run's folder relative to the notebook.
  ///   - files: names of the files in it.
  ///   - table: text of a file of the run.
  /// - Throws: `UnknownRun`.
  public static func make(run: String, files: Set<String>, table: (String) -> String) throws -> Notebook {
    if files.isSuperset(of: ["forecast.csv", "life.csv"]) {
      return Notebook(forecast(run, files, table))
    }
    if files.isSuperset(of: ["front.csv", "history.csv"]) { return Notebook(study(run, table)) }
    if files.isSuperset(of: ["plan.csv", "acceleration.csv"]) { return Notebook(plan(run, files, table)) }
    throw UnknownRun()
  }

  private static func load(_ run: String, _ tables: [String]) -> Notebook.Cell {
    // `continue` is a word of the language.
    let reads = tables.map { "\($0 == "continue" ? "running" : $0) = pd.read_csv(run / \"\($0).csv\")" }.joined(
      separator: "\n")
    return .code("import matplotlib.pyplot as plt\nimport pandas as pd\n\n\(reads)", output: nil)
  }

  private static func parameters(_ run: String) -> Notebook.Cell {
    .code("from pathlib import Path\n\nrun = Path(\"\(run)\")  # folder of the run", output: nil, isParameters: true)
  }

  private static func forecast(_ run: String, _ files: Set<String>, _ table: (String) -> String) -> [Notebook.Cell] {
    let hasMechanisms = files.contains("mechanisms.csv")
    let hasPopulation = files.contains("population.csv")
    let life = CSVText(table("life.csv"))
    let columns = ["cell_id", "q05", "q50", "q95", "p_life_ge_500", "in_domain"]
    var cells: [Notebook.Cell] = [
      .markdown(
        "# Forecast of capacity fade and life\n\nWritten by `solidfade notebook`; it reads the tables of the run."),
      parameters(run),
      load(
        run, ["forecast", "life"] + (hasMechanisms ? ["mechanisms"] : []) + (hasPopulation ? ["population"] : [])),
      .markdown("## Life\n\nAge at the end of life: 5, 50 and 95 % quantile (empty beyond the horizon)."),
      .code(
        "columns = [\(columns.map { "\"\($0)\"" }.joined(separator: ", "))]\nprint(pd.read_csv(run / \"life.csv\", dtype=str)[columns].to_csv(index=False).strip())",
        output: life.selecting(columns)),
      .markdown("## Retention\n\nMedian, 50 and 90 % bands; points are what was seen."),
      .code(
        """
        age = forecast.columns[1]
        rows = forecast[forecast.quantity == "capacity_retention"]
        figure, axes = plt.subplots()
        for cell, part in rows.groupby("cell_id", sort=False):
            seen, ahead = part[part.observed], part[~part.observed]
            line, = axes.plot(ahead[age], ahead.q50, label=cell)
            axes.fill_between(ahead[age], ahead.q05, ahead.q95, alpha=0.12, color=line.get_color())
            axes.fill_between(ahead[age], ahead.q25, ahead.q75, alpha=0.2, color=line.get_color())
            axes.plot(seen[age], seen["mean"], ".", color=line.get_color(), markersize=2)
        axes.set(xlabel=age.replace("_", " "), ylabel="capacity retention / 1")
        axes.legend()
        plt.show()
        """, output: nil),
    ]
    if hasMechanisms {
      cells += [
        .markdown("## Why it fades\n\nMean loss by mechanism at the last age; `unexplained` is what the learners add."),
        .code(
          """
          if len(mechanisms):
              last = mechanisms[mechanisms[age] == mechanisms.groupby("cell_id")[age].transform("max")]
              print(last.pivot(index="cell_id", columns="mechanism", values="loss_mean").round(4).to_csv().strip())
          """, output: nil),
      ]
    }
    if hasPopulation { cells += population(table("population.csv")) }
    return cells
  }

  private static func population(_ table: String) -> [Notebook.Cell] {
    [
      .markdown(
        "## As built\n\nShare of the cells of a design that reach a life; the interval is what is not known of all cells "
          + "alike. Then which tolerance costs most."),
      .code("print((run / \"population.csv\").read_text().strip())", output: CSVText(table).text),
      .code(
        """
        yields = population[population["item"] == "yield"].copy()
        yields["life"] = yields["name"].str.replace("p_life_ge_", "").astype(float)
        figure, axes = plt.subplots()
        for cell, part in yields.groupby("cell_id", sort=False):
            line, = axes.plot(part["life"], part["mean"], "o-", label=cell)
            axes.fill_between(part["life"], part["q05"], part["q95"], alpha=0.15, color=line.get_color())
        axes.set(xlabel="life / cycles", ylabel="share of cells / 1", ylim=(0, 1))
        axes.legend()
        plt.show()
        """, output: nil),
    ]
  }

  private static func plan(_ run: String, _ files: Set<String>, _ table: (String) -> String) -> [Notebook.Cell] {
    var cells: [Notebook.Cell] = [
      .markdown("# Test plan\n\nWritten by `solidfade notebook`; it reads the tables of the run."), parameters(run),
      load(run, ["plan", "acceleration"] + (files.contains("continue.csv") ? ["continue"] : [])),
      .markdown(
        "## Three styles\n\nThe optimal plan narrows the life interval most if the model is right; the compromise and the "
          + "balanced plan give some of that away to show where it is wrong."),
      .code("print((run / \"plan.csv\").read_text().strip())", output: CSVText(table("plan.csv")).text),
      .code(
        """
        after = plan.groupby("style", sort=False).interval_width_after.first()
        figure, axes = plt.subplots()
        axes.bar(["now", *after.index], [plan.interval_width_now.iloc[0], *after])
        axes.set(ylabel="width of the 90 % life interval / cycles")
        plt.show()
        """, output: nil),
      .markdown(
        "## Acceleration\n\nLife at use over life under test: 5, 50 and 95 % quantile; a flag where another mechanism "
          + "leads than at use."),
      .code(
        """
        figure, axes = plt.subplots()
        middle = acceleration.factor_q50
        axes.errorbar(middle, acceleration.condition_id, fmt="o",
                      xerr=[middle - acceleration.factor_q05, acceleration.factor_q95 - middle])
        flagged = acceleration[acceleration.mechanism_flag]
        axes.plot(flagged.factor_q50, flagged.condition_id, "s", mfc="none", ms=12, label="another mechanism leads")
        axes.set(xlabel="acceleration factor / 1", xscale="log")
        axes.legend()
        plt.show()
        """, output: nil),
    ]
    if files.contains("continue.csv") {
      cells += [
        .markdown("## Running cells"),
        .code("print((run / \"continue.csv\").read_text().strip())", output: CSVText(table("continue.csv")).text),
      ]
    }
    return cells
  }

  private static func study(_ run: String, _ table: (String) -> String) -> [Notebook.Cell] {
    let front = CSVText(table("front.csv"))
    return [
      .markdown("# Design study\n\nWritten by `solidfade notebook`; it reads the tables of the run."), parameters(run),
      load(run, ["front", "history"]),
      .markdown("## The front\n\nDesigns that none beats in every objective, judged on fresh virtual cells."),
      .code("print((run / \"front.csv\").read_text().strip())", output: front.text),
      .markdown("## What was tried"),
      .code(
        """
        variables = list(history.columns[1:list(front.columns).index(
            next(c for c in front.columns if c.endswith(("_mean",)) or "_q" in c or c.startswith("p_")))])
        objectives = [c for c in front.columns if c not in variables + ["design_id", "verdict", "n_draws", "evaluation",
                                                                      "in_domain", "outside"]
                      and not c.endswith(("_q05", "_q50", "_q95")) and not c.startswith("p_constraint")]
        print(len(history), "designs evaluated,", int(history.feasible.sum()), "feasible; objectives:", *objectives)
        if len(objectives) > 1:
            figure, axes = plt.subplots()
            axes.plot(history[objectives[0]], history[objectives[1]], ".", alpha=0.4, label="tried")
            axes.plot(front[objectives[0]], front[objectives[1]], "o", label="front, fresh cells")
            axes.set(xlabel=objectives[0].replace("_", " "), ylabel=objectives[1].replace("_", " "))
            axes.legend()
            plt.show()
        """, output: nil),
    ]
  }
}

/// A small table as text, for outputs that a notebook repeats.
private struct CSVText {
  var text: String

  init(_ text: String) { self.text = text.trimmingCharacters(in: .newlines) }

  /// The table with some of its columns; fields of these tables hold no commas of their own in these columns.
  func selecting(_ columns: [String]) -> String? {
    let rows = text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    guard let header = rows.first, !text.contains("\"") else { return nil }
    let places = columns.compactMap { name in header.firstIndex { $0 == name } }
    guard places.count == columns.count else { return nil }
    return rows.map { row in places.map { $0 < row.count ? String(row[$0]) : "" }.joined(separator: ",") }
      .joined(separator: "\n")
  }
}
