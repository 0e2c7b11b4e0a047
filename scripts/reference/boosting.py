#!/usr/bin/env python3
"""Reference values for gradient boosting and for scores of distributions.

Boosting: LightGBM, XGBoost, NGBoost and scikit-learn on data that `BoostingReference.swift` makes by the same arithmetic (SplitMix64).
Scores: scipy and scoringrules. Writes Tests/ResidualLearningTests/Reference/boosting.json and scores.json.
Usage: python3 scripts/reference/boosting.py     (pip install lightgbm xgboost ngboost scikit-learn scipy scoringrules)
"""
import json
import pathlib

import lightgbm
import ngboost
import numpy as np
import scipy
import scoringrules
import sklearn
import xgboost
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.tree import DecisionTreeRegressor

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
    return dict(versions=dict(lightgbm=lightgbm.__version__, scikitLearn=sklearn.__version__, numpy=np.__version__,
                              xgboost=xgboost.__version__, ngboost=ngboost.__version__),
                cases=cases, depthWise=depth_wise(), natural=natural(), continuous=continuous, recipes=recipes)


def depth_wise():
    """XGBoost, level by level, on columns of 64 values: the first tree, and the error of 100."""
    rows, columns, out = 800, 8, []
    for kind in range(5):
        u, y = table(kind, rows, columns, 64)
        settings = dict(tree_method="hist", max_depth=4, learning_rate=0.1, min_child_weight=10, reg_lambda=1.0,
                        max_bin=255, nthread=1, base_score=float(y[:rows].mean()))
        model = xgboost.train(settings, xgboost.DMatrix(u[:rows], y[:rows]), 100)
        splits = [line.split("[f")[1].split("<")[0] for line in model.get_dump()[0].splitlines() if "[f" in line]
        out.append(dict(kind=kind, rows=rows, columns=columns, levels=64, firstTreeFeatures=sorted(map(int, splits)),
                        firstTree=[float(v) for v in model.predict(xgboost.DMatrix(u[:12]), iteration_range=(0, 1))],
                        rmse=rmse(model.predict(xgboost.DMatrix(u[rows:])), y[rows:])))
    return out


def natural():
    """NGBoost with stumps on columns of 16 values: parameters after one round, test log score after 50.

    No row lies so far out that our clipping of steps at length 10 would act.
    """
    rows, columns = 400, 5
    u, y = table(4, rows, columns, 16)
    y = np.where(u[:, 4] > 0.5, 1.0, 0.7) * (y - y.mean()) + y.mean()
    base = DecisionTreeRegressor(criterion="squared_error", max_depth=1, min_samples_leaf=5, random_state=0)
    model = ngboost.NGBRegressor(n_estimators=50, learning_rate=0.1, Base=base, verbose=False, random_state=0,
                                 minibatch_frac=1.0, tol=0)
    model.fit(u[:rows], y[:rows])
    one = model.pred_dist(u[:12], max_iter=1)
    all_rounds = model.pred_dist(u[rows:])
    return dict(rows=rows, columns=columns, levels=16, firstScale=float(model.scalings[0]),
                firstLocation=[float(v) for v in one.loc], firstLogDeviation=[float(np.log(v)) for v in one.scale],
                logScore=float(-np.mean(stats.norm.logpdf(y[rows:], all_rounds.loc, all_rounds.scale))))


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
    for m, s, degrees in [(0.0, 1.0, 1.0), (2.0, 0.3, 2.5), (-1.0, 5.0, 5.0), (0.5, 2.0, 40.0), (0.0, 1.0, 1000.0)]:
        law = stats.t(degrees, m, s)
        # scipy's tail fails beyond some 10 scales for many degrees of freedom.
        reach = (-9.0, -2.0, -0.1, 0.7, 3.0, 12.0) if degrees < 20 else (-4.0, -2.0, -0.1, 0.7, 3.0)
        censored(f"studentT({degrees})", m, float(np.log(s)), law, [m + s * z for z in reach])
    for scale, shape in [(1.0, 1.0), (800.0, 3.5), (5.0, 0.6)]:
        law = stats.fisk(shape, scale=scale)
        censored("logLogistic", float(np.log(scale)), float(np.log(shape)), law, [scale * r for r in (0.05, 0.8, 1.1, 2.0)])
    for scale, shape in [(1.0, 1.0), (800.0, 3.5), (5.0, 0.6)]:
        law = stats.weibull_min(shape, scale=scale)
        censored("weibull", float(np.log(scale)), float(np.log(shape)), law, [scale * r for r in (0.05, 0.8, 1.1, 2.0)])
    crps = [dict(family="normal", a=m, b=float(np.log(s)), value=v, crps=float(scoringrules.crps_normal(v, m, s)))
            for m, s, v in [(0.0, 1.0, 0.0), (0.0, 1.0, 3.0), (2.0, 0.5, -1.0), (-4.0, 20.0, 7.5), (1e3, 150.0, 820.0)]]
    crps += [dict(family="logNormal", a=m, b=float(np.log(s)), value=v, crps=float(scoringrules.crps_lognormal(v, m, s)))
             for m, s, v in [(0.0, 1.0, 1.0), (0.5, 0.3, 3.0), (6.0, 0.4, 250.0), (-1.0, 1.5, 0.2)]]
    crps += [dict(family=f"studentT({d})", a=m, b=float(np.log(s)), value=v, crps=float(scoringrules.crps_t(v, d, m, s)))
             for m, s, d, v in [(0.0, 1.0, 5.0, 0.3), (2.0, 0.5, 2.5, -1.0), (-4.0, 20.0, 40.0, 7.5), (0.0, 1.0, 1.5, 9.0)]]
    return dict(versions=dict(scipy=scipy.__version__, scoringrules=scoringrules.__version__),
                logScores=[{k: (v if isinstance(v, str) else float(v)) for k, v in r.items()} for r in out], crps=crps)


if __name__ == "__main__":
    for name, content in [("boosting", boosting()), ("scores", scores())]:
        (FOLDER / f"{name}.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
