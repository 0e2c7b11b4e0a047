#!/usr/bin/env python3
"""Models of LightGBM and XGBoost with their own predictions, for the tests of our readers.

Rows hold missing and infinite values, values on a cut and beside it. Numbers are stored as 64-bit patterns.
Writes Tests/ResidualLearningTests/Reference/interchange.json.
Usage: python3 scripts/reference/interchange.py     (pip install lightgbm xgboost numpy)
"""
import json
import pathlib

import lightgbm
import numpy as np
import xgboost

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "ResidualLearningTests" / "Reference" / "interchange.json"


def bits(values):
    return [str(v) for v in np.asarray(values, float).reshape(-1).view(np.uint64)]


def rows(x, cuts, g, infinite):
    """Random rows, then one for each cut with the value on it and on both sides."""
    out = [r.copy() for r in x[:20]]
    for column, cut in cuts:
        for value in (cut, np.nextafter(cut, np.inf), np.nextafter(cut, -np.inf), float(np.float32(cut)),
                      float(np.nextafter(np.float32(cut), np.float32(-np.inf)))):
            row = x[g.integers(len(x))].copy()
            row[column] = value
            out.append(row)
    for value in (np.nan, 0.0, -0.0) + ((np.inf, -np.inf) if infinite else (3e38, -3e38)):
        out += [np.where(np.arange(x.shape[1]) == j, value, x[1]) for j in range(x.shape[1])]
    out.append(np.full(x.shape[1], np.nan))
    return np.array(out)


def main():
    g = np.random.default_rng(12)
    x = g.normal(size=(400, 4))
    x[g.uniform(size=400) < 0.2, 0] = np.nan
    x[g.uniform(size=400) < 0.2, 2] = np.nan
    x[:, 3] = np.round(3 * x[:, 3])
    y = 2 * np.nan_to_num(x[:, 0], nan=1.5) + x[:, 1] * np.nan_to_num(x[:, 2]) + 0.3 * x[:, 3] + 0.1 * g.normal(size=400)
    cases = []

    def add(form, model, table, sums):
        sums = np.asarray(sums, float).reshape(len(table), -1)
        cases.append(dict(form=form, model=model, columns=4, rows=bits(table), outputs=sums.shape[1], sums=bits(sums)))

    base = dict(verbose=-1, num_threads=1, deterministic=True, min_data_in_leaf=8)
    for name, options in dict(
            regression=dict(objective="regression", num_leaves=9),
            missing_as_zero_value=dict(objective="quantile", alpha=0.8, num_leaves=5, use_missing=False),
            outputs=dict(objective="multiclass", num_class=3, num_leaves=4)).items():
        label = y if name != "outputs" else np.digitize(y, [-1, 1])
        booster = lightgbm.train({**base, **options}, lightgbm.Dataset(x, label), 6 if name != "outputs" else 2)
        cuts = [(t["split_feature"], t["threshold"]) for t in splits(booster)][:6]
        table = rows(x, cuts, g, infinite=True)
        text = booster.model_to_string()
        text = text[:text.index("\nparameters:")] + "\n"
        add("lightgbm", text, table, booster.predict(table, raw_score=True))
    for options in (dict(objective="reg:squarederror", max_depth=3), dict(objective="reg:quantileerror", max_depth=2,
                                                                          quantile_alpha=[0.1, 0.9])):
        booster = xgboost.train(dict(eta=0.3, nthread=1, **options), xgboost.DMatrix(x, y), 4)
        model = json.loads(booster.save_raw("json"))
        trees = model["learner"]["gradient_booster"]["model"]["trees"]
        cuts = [(t["split_indices"][i], t["split_conditions"][i]) for t in trees
                for i in range(len(t["left_children"])) if t["left_children"][i] >= 0][:6]
        # Half-way between a 32-bit cut and its neighbour, where rounding decides.
        halves = [(c, (float(np.float32(v)) + float(np.nextafter(np.float32(v), np.float32(-np.inf)))) / 2)
                  for c, v in cuts]
        table = rows(x, cuts + halves, g, infinite=False)
        add("xgboost", json.dumps(model, separators=(",", ":")), table, booster.predict(xgboost.DMatrix(table), output_margin=True))
    FILE.write_text(json.dumps(dict(lightgbm=lightgbm.__version__, xgboost=xgboost.__version__, cases=cases)))


def splits(booster):
    def walk(node):
        if "split_feature" in node:
            yield node
            yield from walk(node["left_child"])
            yield from walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        yield from walk(tree["tree_structure"])


main()
