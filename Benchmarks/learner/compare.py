"""Measures the learner against its peers and writes RESULTS.md; see README.md.

Usage: python compare.py BENCH_EXECUTABLE DATA_FOLDER [--quick] [--only P1,P2,…]
Each fit runs in a process of its own; the order is shuffled within every repetition; medians are reported.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from scipy.stats import norm

import report
import tables

HERE = pathlib.Path(__file__).parent
LEAF_WISE = dict(rate=0.1, leaves=31, depth=-1, minRows=20, threads=1, **{"lambda": 1.0})
LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]


def jiffies():
    """Busy and total time of the machine's processors."""
    parts = [int(v) for v in open("/proc/stat").readline().split()[1:9]]
    return sum(parts) - parts[3] - parts[4], sum(parts)


class Runner:
    def __init__(self, bench, folder):
        self.bench, self.folder, self.others = bench, folder, []

    def fit(self, library, **a):
        """One fit: its times, memory and predictions."""
        a = {**LEAF_WISE, "columns": tables.COLUMNS, "task": "squared", "library": library, **a}
        a["out"] = f"{self.folder}/out.bin"
        environment = dict(os.environ, OMP_NUM_THREADS=str(a["threads"]), OPENBLAS_NUM_THREADS="1",
                           MKL_NUM_THREADS="1")
        if library == "ours":
            words = dict(a, depth=a["depth"] if a["depth"] > 0 else 30)
            command = [self.bench] + [w for k, v in words.items() for w in (k, str(v))]
        else:
            command = [sys.executable, str(HERE / "peer.py"), json.dumps(a, default=str)]
        before, spent = jiffies(), os.times()
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=HERE)
        after, now = jiffies(), os.times()
        if done.returncode != 0:
            raise SystemExit(f"{library} {a}: {done.stdout} {done.stderr[-2000:]}")
        own = (now.children_user + now.children_system - spent.children_user - spent.children_system) * 100
        result = json.loads(done.stdout.strip().splitlines()[-1])
        result["others"] = max(0.0, (after[0] - before[0] - own) / max(1, after[1] - before[1]))
        rows = os.path.getsize(a["test"]) // 8 // a["columns"]
        result["out"] = np.fromfile(a["out"], "<f8").reshape(-1, rows).T
        return result

    def rounds(self, repetitions, cases):
        """Fits of all cases, shuffled within each repetition: lists of results by name."""
        out = {name: [] for name, _, _ in cases}
        for repetition in range(repetitions):
            order = cases[:]
            random.Random(repetition).shuffle(order)
            for name, library, a in order:
                out[name].append(self.fit(library, **a))
        return out

    def table(self, name, x, y, group=None):
        """Arguments that name a written training table."""
        a = dict(x=tables.write(self.folder, name + "x", x), y=tables.write(self.folder, name + "y", y),
                 columns=x.shape[1])
        if group is not None:
            a["groups"] = tables.write(self.folder, name + "g", group)
        return a


def rmse(out, y):
    return float(np.sqrt(np.mean((out[:, 0] - y) ** 2)))


def normal_scores(out, y):
    m, s = out[:, 0], out[:, 1]
    z = (y - m) / s
    crps = s * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    return dict(crps=float(crps.mean()), coverage=float(np.mean(np.abs(z) <= norm.ppf(0.95))),
                rmse=float(np.sqrt(np.mean((y - m) ** 2))))


def speed(run, quick, seeds):
    """P1–P4, P7–P10: time, prediction, memory and error of squared loss."""
    out = []
    for label, rows, rounds, draws in [
            ("P1", 500, 200, 2 * seeds), ("P2", 5000, 200, 2 * seeds), ("P3", 100_000, 100, 2 * seeds),
            ("P4", 1_000_000, 100, seeds)]:
        if quick and rows > 10_000:
            continue
        for depth in [-1, 6] if rows <= 100_000 else [-1]:
            results, errors = {}, {}
            for seed in range(draws if not quick else 1):
                x, y = tables.plain(rows, 100 + seed)
                xt, yt = tables.plain(20_000, 900 + seed)
                a = dict(run.table("t", x, y), test=tables.write(run.folder, "tt", xt), rounds=rounds, depth=depth,
                         timed=rows == 100_000)
                names = ["ours", "lightgbm", "xgboost", "sklearn"]
                cases = [(n, n, a) for n in names]
                if rows == 100_000 and depth < 0 and seed == 0:
                    cases += [("catboost leaf-wise", "catboost", dict(a, growth="leafWise")),
                              ("catboost symmetric", "catboost", dict(a, depth=6)),
                              ("ours symmetric", "ours", dict(a, growth="symmetric", depth=6, leaves=64))]
                for name, found in run.rounds(1, cases).items():
                    results.setdefault(name, []).extend(found)
                    errors.setdefault(name, []).append(rmse(found[0]["out"], yt))
            out.append(dict(label=label, rows=rows, rounds=rounds, depth=depth, results=results, errors=errors))
            print(label, depth, {k: statistics.median(r["cpu"] for r in v) for k, v in results.items()}, flush=True)
    return out


def threads(run, quick, seeds):
    """P5 and P6: two threads, alone and with one core taken; at most four tries for a quiet machine."""
    rows, rounds = (100_000, 100) if not quick else (20_000, 20)
    x, y = tables.plain(rows, 100)
    a = dict(run.table("t", x, y), test=tables.write(run.folder, "tt", x[:1000]), rounds=rounds, threads=2)
    names = ["ours", "lightgbm", "xgboost", "sklearn"]
    quiet = {n: [] for n in names}
    every = {n: [] for n in names}
    for attempt in range(4 if not quick else 1):
        for name, found in run.rounds(1, [(n, n, a) for n in names]).items():
            every[name].append(found[0])
            if found[0]["others"] < 0.05:
                quiet[name].append(found[0])
        if all(len(v) >= 3 for v in quiet.values()):
            break
    burner = subprocess.Popen(["taskset", "-c", "0", sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(1)
        busy = run.rounds(2 if not quick else 1, [(n, n, a) for n in names])
    finally:
        burner.kill()
    one = run.rounds(2, [(n, n, dict(a, threads=1)) for n in names])
    return dict(quiet=quiet, every=every, busy=busy, one=one)


def tuned(run, task, library, base, grid, x, y, group, held, xt, yt, score, more=None):
    """The model of a small grid with the best score on the held-out groups, by its score on new groups."""
    v = np.isin(group, held)
    best = None
    cpu = 0.0
    a = dict(base, task=task, validation=tables.write(run.folder, "v", v.astype(float)),
             test=tables.write(run.folder, "vt", np.r_[x[v], xt]), patience=50, **(more or {}))
    for options in grid:
        found = run.fit(library, **{**a, **options})
        cpu += found["cpu"]
        inner = score(found["out"][: v.sum()], y[v])
        if best is None or inner < best[0]:
            best = (inner, found["out"][v.sum():], options)
    return best[1], best[2], cpu


def settings(library, count, seed):
    """Random settings of a library: the same ranges for what all have, its own choices beside them."""
    r = np.random.default_rng(1000 + seed)
    out = []
    for _ in range(count):
        depth, rows, columns = int(r.integers(2, 7)), float(r.choice([0.5, 0.75, 1])), float(r.choice([0.5, 0.75, 1]))
        a = {"depth": depth, "leaves": 2 ** depth, "rate": float(np.exp(r.uniform(np.log(0.03), np.log(0.2)))),
             "minRows": int(r.choice([5, 10, 20, 40])), "lambda": float(np.exp(r.uniform(np.log(0.3), np.log(30))))}
        growth, rule, shared = r.choice(["symmetric", "leafWise"]), r.choice(["crps", "logScore"]), int(r.integers(2))
        if library == "ours":
            a.update(rowShare=rows, columnShare=columns, growth=growth, rule=rule, shared=shared)
        elif library == "lightgbm":
            a["more"] = dict(bagging_fraction=rows, bagging_freq=1, feature_fraction=columns)
        elif library == "xgboost":
            a["more"] = dict(subsample=rows, colsample_bytree=columns)
        elif library == "catboost":
            a["growth"] = growth
            a["more"] = dict(bootstrap_type="Bernoulli", subsample=rows, rsm=columns)
        else:
            a["more"] = dict(minibatch_frac=rows, col_sample=columns)
        out.append(a)
    return out


def distributions(run, quick, seeds):
    """P11, P12 and P14: normal distributions on groups."""
    out = dict(speed={}, models={}, count=16 if not quick else 2)
    for seed in range(min(seeds, 3) if not quick else 1):
        x, y, group = tables.grouped(250, 20, 10 + seed)
        xt, yt, _ = tables.grouped(500, 20, 50 + seed)
        base = run.table("d", x, y, group)
        test = tables.write(run.folder, "dt", xt)
        if seed == 0:
            a = dict(base, test=test, task="normal", rounds=200, depth=3, leaves=8)
            for name, library in [("ours", "ours"), ("NGBoost", "ngboost")]:
                found = [run.fit(library, **a) for _ in range(3 if library == "ours" else 1)]
                out["speed"][name] = dict(cpu=statistics.median(f["cpu"] for f in found),
                                          **normal_scores(found[0]["out"], yt))
        held = np.random.default_rng(seed).permutation(250)[:50]
        rounds = 2000 if not quick else 100
        for name, library in [("ours", "ours"), ("CatBoost", "catboost"), ("LightGBM, two steps", "lightgbm"),
                              ("XGBoost, two steps", "xgboost"), ("NGBoost", "ngboost")]:
            found, options, cpu = tuned(run, "normal", library, dict(base, rounds=rounds),
                                        settings(library, out["count"], seed), x, y, group, held, xt, yt,
                                        lambda o, t: normal_scores(o, t)["crps"])
            out["models"].setdefault(name, []).append(dict(normal_scores(found, yt), cpu=cpu, options=options))
            print(name, out["models"][name][-1], flush=True)
            if library == "ours":
                best = options
        # Calibrated models and ensembles take the settings that were chosen without them.
        found, _, cpu = tuned(run, "normal", "ours", dict(base, rounds=rounds), [dict(best, calibrate=1)], x, y, group,
                              held, xt, yt, lambda o, t: normal_scores(o, t)["crps"])
        out["models"].setdefault("ours, calibrated", []).append(dict(normal_scores(found, yt), cpu=cpu, options={}))
        found = run.fit("ours", **dict(base, task="ensemble", test=test, rounds=rounds, patience=50, threads=2, **best))
        out["models"].setdefault("ours, ensemble of 10", []).append(
            dict(normal_scores(found["out"], yt), cpu=found["cpu"], options={}))
        print("ensemble", out["models"]["ours, ensemble of 10"][-1], flush=True)
    return out


def crossings(run, quick, seeds):
    """P13: quantiles of a grouped table, stopped early on held-out groups where the library can."""
    out = {}
    for seed in range(min(seeds, 3) if not quick else 1):
        x, y, group = tables.grouped(250, 20, 10 + seed)
        xt, yt, _ = tables.grouped(500, 20, 50 + seed)
        v = np.isin(group, np.random.default_rng(seed).permutation(250)[:50])
        base = dict(run.table("q", x, y, group), test=tables.write(run.folder, "qt", xt), task="quantile", rounds=1000,
                    patience=50, validation=tables.write(run.folder, "qv", v.astype(float)))
        symmetric = dict(depth=4, leaves=16, growth="symmetric")
        cases = [("ours, leaf-wise", "ours", {}), ("ours, leaf-wise, calibrated", "ours", dict(calibrate=1)),
                 ("ours, symmetric", "ours", symmetric),
                 ("ours, symmetric, calibrated", "ours", dict(symmetric, calibrate=1)),
                 ("LightGBM", "lightgbm", {}), ("XGBoost", "xgboost", {}),
                 ("scikit-learn, 200 rounds", "sklearn", dict(rounds=200, validation=None)),
                 ("CatBoost, symmetric", "catboost", dict(depth=4))]
        for name, library, more in cases:
            levels = LEVELS if library != "ours" else ",".join(map(str, LEVELS))
            found = run.fit(library, **{**base, "levels": levels, **more})
            q = found["out"]
            error = yt[:, None] - q
            pinball = np.maximum(np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error).mean()
            out.setdefault(name, []).append(dict(
                crossed=float(np.mean((np.diff(q, axis=1) < 0).any(axis=1))), pinball=float(pinball), cpu=found["cpu"],
                coverage=float(np.mean((yt >= q[:, 0]) & (yt <= q[:, 4])))))
            print(name, out[name][-1], flush=True)
    return out


def measured(run, data, quick):
    """A measured table: five folds by group, all folds' predictions scored together."""
    table = tables.measured(data)
    if table is None:
        return None
    x, y, group = table
    names = np.random.default_rng(3).permutation(np.unique(group))
    few = dict(rounds=150, rate=0.05, leaves=6, depth=3, minRows=10, rowShare=0.7, columnShare=0.5, **{"lambda": 2.0})
    bagged = dict(bagging_fraction=0.7, bagging_freq=1, feature_fraction=0.5)
    cases = [("squared", "ours", few), ("squared", "lightgbm", dict(few, more=bagged)),
             ("squared", "xgboost", dict(few, more=dict(subsample=0.7, colsample_bytree=0.5))),
             ("squared", "sklearn", few), ("squared", "catboost", dict(few, depth=3)),
             ("normal", "ours", dict(few, rule="crps", leaves=8)), ("ensemble", "ours", dict(few, rule="crps", leaves=8)),
             ("normal", "ngboost", few), ("normal", "catboost", few)]
    out = {"rows": len(y), "columns": x.shape[1], "groups": len(names), "models": {}}
    for task, library, options in cases:
        predicted, cpu = None, []
        for fold in range(5):
            test = np.isin(group, names[fold::5])
            base = run.table("m", x[~test], y[~test], group[~test])
            found = run.fit(library, **{**base, "task": task, "test": tables.write(run.folder, "mt", x[test]), **options})
            cpu.append(found["cpu"])
            if predicted is None:
                predicted = np.zeros((len(y), found["out"].shape[1]))
            predicted[test] = found["out"]
        scores = normal_scores(predicted, y) if task != "squared" else dict(rmse=rmse(predicted, y))
        out["models"][f"{library}, {task}"] = dict(scores, cpu=statistics.median(cpu))
        print(library, task, out["models"][f"{library}, {task}"], flush=True)
    return out


PARTS = dict(speed=speed, threads=threads, distributions=distributions, crossings=crossings, measured=measured)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bench")
    p.add_argument("data")
    p.add_argument("--quick", action="store_true", help="small sizes, to try the script")
    p.add_argument("--seeds", type=int, default=5, help="data seeds of P4, half of those of P1–P3; at most 3 of the others")
    p.add_argument("--only", default=",".join(PARTS), help="parts to measure; the others keep their last results")
    a = p.parse_args()
    store = HERE / ".build" / "results.json"
    kept = json.loads(store.read_text()) if store.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        run = Runner(str(pathlib.Path(a.bench).resolve()), folder)
        for name in a.only.split(","):
            found = measured(run, a.data, a.quick) if name == "measured" else PARTS[name](run, a.quick, a.seeds)
            kept[name] = report.plain(found)
            store.write_text(json.dumps(kept))
    if not a.quick:
        (HERE / "RESULTS.md").write_text(report.markdown(kept))


if __name__ == "__main__":
    main()
