#!/usr/bin/env python3
"""Conformal intervals by MAPIE on predictions that are stored beside them.

Writes Tests/ResidualLearningTests/Reference/conformal.json.
Usage: python3 scripts/reference/conformal.py     (pip install mapie scikit-learn numpy)
"""
import json
import pathlib

import mapie
import numpy as np
from mapie.regression import ConformalizedQuantileRegressor, CrossConformalRegressor, SplitConformalRegressor
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.model_selection import KFold

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "ResidualLearningTests" / "Reference" / "conformal.json"


def main():
    g = np.random.default_rng(4)
    x = g.normal(size=(160, 2))
    y = x[:, 0] + (0.3 + np.abs(x[:, 1])) * g.standard_t(4, size=160)
    train, hold, new = slice(0, 60), slice(60, 131), slice(131, 141)
    levels = [0.5, 0.8, 0.9, 0.95, 0.97]
    model = LinearRegression().fit(x[train], y[train])
    split = SplitConformalRegressor(model, confidence_level=levels, prefit=True).conformalize(x[hold], y[hold])
    _, bounds = split.predict_interval(x[new])
    out = dict(mapie=mapie.__version__, levels=levels, target=y[hold].tolist(), split=dict(
        mean=model.predict(x[hold]).tolist(), new=model.predict(x[new]).tolist(), bounds=bounds.tolist()))
    # Quantile regression: one object a level, on the same quantiles.
    out["quantiles"] = []
    for level in levels[::2]:
        ends = [(1 - level) / 2, (1 + level) / 2]
        models = [QuantileRegressor(quantile=q, alpha=0).fit(x[train], y[train]) for q in ends + [0.5]]
        cqr = ConformalizedQuantileRegressor(models, confidence_level=level, prefit=True).conformalize(x[hold], y[hold])
        _, bounds = cqr.predict_interval(x[new], symmetric_correction=True)
        out["quantiles"].append(dict(
            lower=models[0].predict(x[hold]).tolist(), upper=models[1].predict(x[hold]).tolist(),
            new_lower=models[0].predict(x[new]).tolist(), new_upper=models[1].predict(x[new]).tolist(),
            bounds=bounds[:, :, 0].tolist()))
    # CV+: MAPIE's folds, models and predictions.
    rows = slice(0, 131)
    folds = KFold(5)
    cross = CrossConformalRegressor(LinearRegression(), confidence_level=levels, method="plus", cv=folds)
    cross.fit_conformalize(x[rows], y[rows])
    _, bounds = cross.predict_interval(x[new])
    fold = np.zeros(131, int)
    mean = np.zeros(131)
    news = []
    for k, (a, b) in enumerate(folds.split(x[rows])):
        m = LinearRegression().fit(x[rows][a], y[rows][a])
        fold[b], mean[b] = k, m.predict(x[rows][b])
        news.append(m.predict(x[new]).tolist())
    out["cross"] = dict(target=y[rows].tolist(), mean=mean.tolist(), folds=fold.tolist(), new=news, bounds=bounds.tolist())
    FILE.write_text(json.dumps(out))


main()
