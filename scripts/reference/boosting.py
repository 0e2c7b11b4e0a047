#!/usr/bin/env python3
"""Reference values for gradient boosting and for scores of distributions.

Boosting: LightGBM and scikit-learn on data that `BoostingReference.swift` makes by the same arithmetic (SplitMix64).
Scores: scipy and scoringrules. Writes Tests/ResidualLearningTests/Reference/boosting.json and scores.json.
Usage: python3 scripts/reference/boosting.py     (pip install lightgbm scikit-learn scipy scoringrules)
"""
import json
import pathlib

import lightgbm
import numpy as np
import scipy
import scoringrules
import sklearn
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor

FOLDER = pathlib.Path(__file__).parents[2] / "Tests" / "ResidualLearningTests" / "Reference"
TEST_ROWS = 1000


def uniform(seed, index):
    """SplitMix64 of (seed, index) as a number in [0, 1)."""
    with np.errstate(over="ignore"):
        z = (np.uint64(seed) << np.uint64(40)) + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(float) * 2.0**-53


def table(kind, rows, columns, levels, seed=0):
    rows += TEST_ROWS
    u = uniform(1000 * seed + kind, np.arange(rows * columns)).reshape(rows, columns)
    if levels:
        u = np.floor(u * levels) / levels
    noise = sum(uniform(1000 * seed + 100 + kind * 4 + k, np.arange(rows)) for k in range(4)) - 2.0
    x = [u[:, j].copy() for j in range(columns)]
    if kind == 0:
        y = 10 * x[0] * x[1] + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + noise
    elif kind == 1:
        y = 3.0 * (x[0] > 0.5) + 4.0 * ((x[1] > 0.3) & (x[2] > 0.6)) + noise
    elif kind == 2:
        gone = uniform(1000 * seed + 50, np.arange(rows)) < 0.2
        y = 8 * np.abs(x[0] - 0.5) + 5 * x[1] ** 3 + 2.0 * gone + noise
        u[gone, 0] = np.nan
    elif kind == 3:
        y = 60 * (x[0] - 0.5) * (x[1] - 0.5) * (x[2] - 0.5) + x[3] + 0.5 * noise
    else:
        y = 4 * x[0] + 3 * x[1] * x[2] + 2 * (x[3] > 0.5) + 0.5 * noise
    return u, y


def rmse(p, y):
    return float(np.sqrt(np.mean((p - y) ** 2)))


def fit(u, y, rows, rounds, **options):
    settings = dict(objective="regression", verbose=-1, num_threads=1, deterministic=True, min_data_in_bin=1,
                    min_sum_hessian_in_leaf=0.0, feature_pre_filter=False, seed=1)
    settings.update(options)
    return lightgbm.train(settings, lightgbm.Dataset(u[:rows], y[:rows], params=settings), rounds)


def boosting():
    leaf = dict(learning_rate=0.1, num_leaves=15, min_data_in_leaf=10, lambda_l2=1.0)
    rows, columns = 800, 8

    def walk(node):
        if "split_feature" not in node:
            return []
        return [node["split_feature"]] + walk(node["left_child"]) + walk(node["right_child"])

    cases = []
    for kind in range(5):
        u, y = table(kind, rows, columns, 64)
        model = fit(u, y, rows, 100, **leaf)
        cases.append(dict(
            kind=kind, rows=rows, columns=columns, levels=64, targetSum=float(y.sum()),
            firstTreeFeatures=sorted(walk(model.dump_model()["tree_info"][0]["tree_structure"])),
            firstTree=[float(v) for v in model.predict(u[:12], num_iteration=1)],
            rmse=rmse(model.predict(u[rows:]), y[rows:])))
    continuous = []
    for kind in range(5):
        ours, theirs = [], []
        for seed in range(20):
            u, y = table(kind, rows, columns, 0, seed)
            ours.append(rmse(fit(u, y, rows, 100, **leaf).predict(u[rows:]), y[rows:]))
            peer = HistGradientBoostingRegressor(max_iter=100, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=10,
                                                 l2_regularization=1.0, early_stopping=False).fit(u[:rows], y[:rows])
            theirs.append(rmse(peer.predict(u[rows:]), y[rows:]))
        continuous.append(dict(kind=kind, rows=rows, columns=columns, seeds=20, rmse=float(np.mean(ours)),
                               rmseScikitLearn=float(np.mean(theirs))))
    recipes = []
    for kind, rows in [(4, 40), (4, 120), (0, 100), (2, 150)]:
        columns = 40
        u, y = table(kind, rows, columns, 0)
        scores = [rmse(fit(u, y, rows, 150, learning_rate=0.05, num_leaves=6, max_depth=3, lambda_l2=2.0,
                           min_data_in_leaf=max(3, min(10, rows // 12)), bagging_fraction=0.7, bagging_freq=1,
                           feature_fraction=0.5, min_data_in_bin=3, seed=s).predict(u[rows:]), y[rows:]) for s in range(20)]
        recipes.append(dict(kind=kind, rows=rows, columns=columns, levels=0, targetSum=float(y.sum()),
                            rmse=float(np.mean(scores)), spread=float(np.std(scores))))
    return dict(versions=dict(lightgbm=lightgbm.__version__, scikitLearn=sklearn.__version__, numpy=np.__version__),
                cases=cases, continuous=continuous, recipes=recipes)


def log_minus(a, b):
    """log(exp a − exp b) for a > b."""
    return a + np.log(-np.expm1(b - a))


def scores():
    out = []

    def censored(family, a, b, law, times):
        for t in times:
            lower, upper = t, t + 0.3 * abs(t) + 0.1
            tail = law.logsf if law.sf(lower) < 0.5 else None
            between = log_minus(law.logsf(lower), law.logsf(upper)) if tail else log_minus(law.logcdf(upper), law.logcdf(lower))
            out.append(dict(family=family, a=a, b=b, value=t, upper=upper, exact=-law.logpdf(t), above=-law.logsf(t),
                            below=-law.logcdf(t), between=-between))

    for m, s in [(0.0, 1.0), (2.0, 0.3), (-1.0, 5.0)]:
        censored("normal", m, float(np.log(s)), stats.norm(m, s), [m + s * z for z in (-9.0, -2.0, -0.1, 0.7, 3.0, 12.0)])
    for m, s in [(0.0, 1.0), (6.0, 0.4)]:
        law = stats.lognorm(s, scale=np.exp(m))
        censored("logNormal", m, float(np.log(s)), law, [float(np.exp(m + s * z)) for z in (-3.0, -0.5, 0.2, 4.0)])
    for scale, shape in [(1.0, 1.0), (800.0, 3.5), (5.0, 0.6)]:
        law = stats.weibull_min(shape, scale=scale)
        censored("weibull", float(np.log(scale)), float(np.log(shape)), law, [scale * r for r in (0.05, 0.8, 1.1, 2.0)])
    crps = [dict(mean=m, standardDeviation=s, value=v, crps=float(scoringrules.crps_normal(v, m, s)))
            for m, s, v in [(0.0, 1.0, 0.0), (0.0, 1.0, 3.0), (2.0, 0.5, -1.0), (-4.0, 20.0, 7.5), (1e3, 150.0, 820.0)]]
    return dict(versions=dict(scipy=scipy.__version__, scoringrules=scoringrules.__version__),
                logScores=[{k: (v if isinstance(v, str) else float(v)) for k, v in r.items()} for r in out], crps=crps)


if __name__ == "__main__":
    for name, content in [("boosting", boosting()), ("scores", scores())]:
        (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
