"""RESULTS.md from what compare.py measured."""
import importlib.metadata
import platform
import statistics

GOALS = dict(P1=dict(lightgbm=0.5), P2=dict(lightgbm=0.4), P3=dict(lightgbm=0.4, xgboost=0.4, sklearn=0.4),
             P4=dict(lightgbm=0.5, xgboost=0.5, sklearn=0.5))


def plain(value):
    """The results without the predictions."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k != "out"}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def middle(results, key):
    return statistics.median(r[key] for r in results)


def span(results, key, digits=3):
    values = [r[key] for r in results]
    return f"{statistics.median(values):.{digits}g} ({min(values):.{digits}g}–{max(values):.{digits}g})"


def row(*cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def paired(results, name, key="cpu"):
    """Median over the repetitions of ours over a peer's: both ran within minutes, under the same company."""
    return statistics.median(a[key] / b[key] for a, b in zip(results["ours"], results[name]))


def head(*cells):
    return [row(*cells), row(*["---"] * len(cells))]


def verdict(ok):
    return "met" if ok else "**missed**"


def speed(found):
    lines = ["## P1–P4 and P10: binning and training, one thread, processor seconds", "",
             "Median (range) of one fit a data seed; ratios of times are medians of the ratios seed by seed. Errors are means",
             "over the seeds; their ratio is to the median of the three peers' means, with the standard error of the seeds'",
             "own ratios: the law has a product of two columns with no effect of their own, which a greedy tree finds early",
             "or late by chance, in every library.", ""]
    lines += head("Case", "Rows, rounds, growth", "Library", "Seconds", "Ours / peer", "Goal", "Test RMSE", "Others' share")
    for case in found:
        error = {k: statistics.mean(v) for k, v in case["errors"].items()}
        peers = statistics.median(error[k] for k in ("lightgbm", "xgboost", "sklearn"))
        growth = "leaf-wise" if case["depth"] < 0 else f"depth ≤ {case['depth']}"
        for name in ("ours", "lightgbm", "xgboost", "sklearn"):
            results = case["results"][name]
            ratio = paired(case["results"], name)
            goal = GOALS[case["label"]].get(name) if case["depth"] < 0 else None
            text = f"≤ {goal:.2f}: {verdict(ratio <= goal)}" if goal else ""
            quality = f"{error[name]:.4f}"
            if name == "ours":
                own = [a / statistics.median(b) for a, *b in zip(*(case["errors"][k] for k in (
                    "ours", "lightgbm", "xgboost", "sklearn")))]
                noise = statistics.stdev(own) / len(own) ** 0.5 if len(own) > 1 else float("nan")
                quality += (f" ({error[name] / peers:.4f} ± {noise:.4f} ×, goal ≤ 1.005: "
                            f"{verdict(error[name] <= 1.005 * peers)}; {len(own)} seeds)")
            lines.append(row(case["label"], f"{case['rows']:,}, {case['rounds']}, {growth}", name, span(results, "cpu"),
                             "" if name == "ours" else f"{ratio:.2f}", text, quality,
                             f"{100 * statistics.median(r['others'] for r in results):.0f} %"))
    big = {c["rows"]: c for c in found if c["depth"] < 0}
    if 100_000 in big:
        lines += ["", "## P7 and P8: prediction, 100 trees of 100 000 rows, microseconds a row", ""]
        lines += head("Library", "Batch of 20 000", "Ours / peer", "Goal", "One row", "Ours / peer", "Goal")
        results = big[100_000]["results"]
        batch, single = (middle(results["ours"], k) for k in ("predict", "single"))
        goals = {"lightgbm": 0.35, "xgboost": 0.6, "catboost leaf-wise": 0.7}
        for name in results:
            own = (middle(results["ours symmetric"], "predict") if name == "catboost symmetric" else batch)
            b, s = middle(results[name], "predict"), middle(results[name], "single")
            goal = goals.get(name, 1.0 if name == "catboost symmetric" else None)
            text = f"≤ {goal}: {verdict(own / b <= goal)}" if goal else ""
            alone = f"≤ 0.15 and ≤ 5 µs: {verdict(single / s <= 0.15 and single <= 5e-6)}" if name == "lightgbm" else ""
            is_own = name.startswith("ours")
            lines.append(row(name, f"{1e6 * b:.2f}", "" if is_own else f"{own / b:.2f}", text, f"{1e6 * s:.2f}",
                             "" if is_own else f"{single / s:.3f}", alone))
    lines += ["", "## P9: memory above the loaded data, MiB", ""]
    lines += head("Rows", "Ours", "LightGBM", "Ratio", "Goal")
    for rows, goal in ((100_000, 0.6), (1_000_000, 1.0)):
        if rows in big:
            ours, peer = (middle(big[rows]["results"][k], "memory") for k in ("ours", "lightgbm"))
            lines.append(row(f"{rows:,}", f"{ours:.0f}", f"{peer:.0f}", f"{ours / peer:.2f}",
                             f"≤ {goal}: {verdict(ours / peer <= goal)}"))
    return lines


def threads(found):
    quiet = all(len(v) >= 1 for v in found["quiet"].values())
    used = found["quiet"] if quiet else found["every"]
    lines = ["", "## P5 and P6: 100 000 rows, 100 rounds, two threads, wall seconds", "",
             "P5 counts runs in which other processes had less than 5 % of the machine." if quiet else
             "No run of all libraries found the machine quiet: these are all runs, with others' share beside them.", ""]
    lines += head("Library", "Two threads", "Ours / peer", "Others' share", "One core taken", "Slow-down",
                  "One thread, wall")
    ours = middle(used["ours"], "wall")
    for name, results in used.items():
        wall, busy = middle(results, "wall"), middle(found["busy"][name], "wall")
        lines.append(row(name, span(results, "wall"), "" if name == "ours" else f"{ours / wall:.2f}",
                         f"{100 * statistics.median(r['others'] for r in results):.0f} %", f"{busy:.3g}",
                         f"{busy / wall:.2f}", f"{middle(found['one'][name], 'wall'):.3g}"))
    fastest = min(middle(r, "wall") for n, r in used.items() if n != "ours")
    slow = middle(found["busy"]["ours"], "wall") / ours
    lines += ["", f"P5 goal ≤ 0.50 of the fastest: {ours / fastest:.2f}, {verdict(ours / fastest <= 0.5)}. "
                  f"P6 goal ≤ 2.0: {slow:.2f}, {verdict(slow <= 2.0)}."]
    return lines


def distributions(found):
    a, b = found["speed"]["ours"], found["speed"]["NGBoost"]
    ratio = a["cpu"] / b["cpu"]
    lines = ["", "## P11: normal distribution, natural gradient, 5 000 × 40, 200 rounds, depth 3", "",
             f"Ours {a['cpu']:.2f} s (CRPS {a['crps']:.4f}), NGBoost {b['cpu']:.1f} s (CRPS {b['crps']:.4f}): ratio "
             f"{ratio:.4f}, goal ≤ 0.03: {verdict(ratio <= 0.03)}.", "",
             "## P12 and P14: normal distributions on new groups, 250 groups of 20 rows", "",
             f"Each library: {found['count']} random settings (depth, rate, ridge, rows a leaf, shares of rows and columns, its",
             "own choices of growth and rule), at most 2000 rounds, stopped and chosen by CRPS on the same 50 held-out",
             "groups; means over data seeds, test on 500 new groups. LightGBM and XGBoost have no normal model: theirs is",
             "a mean and, by gamma loss on residuals out of five group folds, a variance. Calibration and ensemble take",
             "the settings chosen without them.", ""]
    lines += head("Model", "CRPS", "RMSE", "Coverage of 90 %", "Processor seconds, all settings")
    mean = {n: {k: statistics.mean(r[k] for r in v) for k in ("crps", "rmse", "coverage", "cpu")}
            for n, v in found["models"].items()}
    for name, m in mean.items():
        lines.append(row(name, f"{m['crps']:.4f}", f"{m['rmse']:.4f}", f"{100 * m['coverage']:.1f} %", f"{m['cpu']:.1f}"))
    best = min(m["crps"] for n, m in mean.items() if not n.startswith("ours"))
    crps = mean["ours"]["crps"]
    lines += ["", f"P12 goal ≤ 1.00 × the best peer: {crps / best:.3f} without calibration, {verdict(crps <= best)}. "
                  "P14 goal 88–92 %: " + ", ".join(
                      f"{100 * mean[n]['coverage']:.1f} % ({text}), {verdict(0.88 <= mean[n]['coverage'] <= 0.92)}"
                      for n, text in (("ours, calibrated", "one calibrated model"),
                                      ("ours, ensemble of 10", "ensemble"))) + "."]
    return lines


def crossings(found):
    lines = ["", "## P13: five quantiles (5, 25, 50, 75, 95 %), 5 000 × 40", "",
             "At most 1000 rounds, stopped early on the same 50 held-out groups; test on 500 new groups.", ""]
    lines += head("Library", "Rows with crossed quantiles", "Pinball loss", "Coverage of 5–95 %", "Processor seconds")
    for name, v in found.items():
        m = {k: statistics.mean(r[k] for r in v) for k in v[0]}
        lines.append(row(name, f"{100 * m['crossed']:.1f} %", f"{m['pinball']:.4f}", f"{100 * m['coverage']:.1f} %",
                         f"{m['cpu']:.2f}"))
    return lines


def measured(found):
    if found is None:
        return []
    lines = ["", f"## Measured cells: {found['rows']} cells in {found['groups']} conditions, {found['columns']} columns "
                 "(conditions and first weeks) → log life", "",
             "Five folds by condition, the recipe for few rows in every library (150 rounds, rate 0.05, depth 3).", ""]
    lines += head("Library and model", "RMSE of log life", "CRPS", "Coverage of 90 %", "Processor seconds a fit")
    for name, m in found["models"].items():
        lines.append(row(name, f"{m['rmse']:.4f}", f"{m['crps']:.4f}" if "crps" in m else "",
                         f"{100 * m['coverage']:.1f} %" if "coverage" in m else "", f"{m['cpu']:.3f}"))
    return lines


def markdown(found):
    packages = ["lightgbm", "xgboost", "scikit-learn", "catboost", "ngboost", "numpy"]
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in packages)
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "")
    lines = ["# The learner against its peers", "",
             f"Written by `make bench-learner`; {processor}, Python {platform.python_version()}, {versions}.",
             "Ours is the release build with AVX2. Every fit runs in its own process, in shuffled order. The rows are those",
             "of the performance goals; times of one thread are processor time, so that other processes count little.", ""]
    parts = [("speed", speed), ("threads", threads), ("distributions", distributions), ("crossings", crossings),
             ("measured", measured)]
    for name, write in parts:
        if name in found:
            lines += write(found[name])
    return "\n".join(lines) + "\n"
