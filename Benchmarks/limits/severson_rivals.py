"""Fourteen learners on the published Severson split, each scored by cross-validation of the 41 training cells and on
the 42 cells of the primary test without b2c1.

Usage: python severson_rivals.py FOLDER   (FOLDER: the dataset matr-severson)
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from scipy.stats import kurtosis, skew, spearmanr
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.model_selection import RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
root = sys.argv[1]
split = json.load(open(f"{root}/splits.json"))["severson"]
cells = pd.read_csv(f"{root}/cells.csv").set_index("cell_id")
cycles = pd.read_csv(f"{root}/cycles.csv").set_index("cell_id")


def change(cell):
    """Median of the curves of cycles 98-100 minus that of cycles 9-11, on the cell's 1000 voltages, by 1.1 Ah."""
    table = pd.read_csv(f"{root}/curves/{cell}.csv.gz")
    ages = {int(c[1:]): c for c in table.columns if c[1:].isdigit()}

    def middle(wanted):
        return table[[ages[a] for a in wanted if a in ages]].median(axis=1).values

    return (middle([98, 99, 100]) - middle([9, 10, 11])) / 1.1


def trend(cell):
    """Start, rise, loss and late slope of the capacity up to cycle 100."""
    seen = cycles.loc[cell]
    seen = seen[seen.cycle_count <= 100]
    n, q = seen.cycle_count.values, seen.cycle_discharging_capacity_ah.values
    start = q[:5].mean()
    return [start, q.max() - start, q[-5:].mean() - start, np.polyfit(n[n > 50], q[n > 50], 1)[0] * 100]


def inputs(names):
    curves = np.array([change(c) for c in names])
    size = lambda v: np.log10(np.abs(v) + 1e-9)
    moments = [curves.min(1), curves.mean(1), curves.var(1), skew(curves, axis=1), kurtosis(curves, axis=1)]
    return {
        "statistics": np.column_stack([size(m) for m in moments]),
        "trend": np.array([trend(c) for c in names]),
        "curve": curves[:, :1000].reshape(len(names), 50, 20).mean(2),
    }


def linear():
    kernel = ConstantKernel(1, (1e-4, 1e3)) * DotProduct(1) + WhiteKernel(0.05)
    return make_pipeline(
        StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=1, random_state=0))


def process():
    kernel = ConstantKernel(1) * RBF(3, (0.5, 50)) + ConstantKernel(0.1, (1e-4, 1e2)) * DotProduct(1) + WhiteKernel(0.05)
    return make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True, random_state=0))


def components(count):
    return make_pipeline(StandardScaler(), PCA(count), LinearRegression())


def least_squares(count):
    return make_pipeline(StandardScaler(), PLSRegression(count, scale=False))


def ridge():
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-4, 4, 30)))


bent = lambda a: np.arcsinh(a["curve"] / 0.002)
shape = lambda a: a["curve"] / a["curve"].std(1, keepdims=True)
learners = {
    "variance alone": (LinearRegression, lambda a: a["statistics"][:, [2]]),
    "5 statistics, linear": (linear, lambda a: a["statistics"]),
    "5 statistics and trend, process": (process, lambda a: np.c_[a["statistics"], a["trend"]]),
    "3 statistics and trend, linear": (linear, lambda a: np.c_[a["statistics"][:, :3], a["trend"]]),
    "5 statistics and trend, linear": (linear, lambda a: np.c_[a["statistics"], a["trend"]]),
    "curve, 12 principal components": (lambda: components(12), lambda a: a["curve"]),
    "curve, 8 principal components": (lambda: components(8), lambda a: a["curve"]),
    "curve, partial least squares 6": (lambda: least_squares(6), lambda a: a["curve"]),
    "curve, partial least squares 9": (lambda: least_squares(9), lambda a: a["curve"]),
    "curve, ridge": (ridge, lambda a: a["curve"]),
    "bent curve, ridge": (ridge, bent),
    "bent curve, partial least squares 6": (lambda: least_squares(6), bent),
    "bent curve, process": (process, bent),
    "statistics, trend and shape, linear": (linear, lambda a: np.c_[a["statistics"], a["trend"], shape(a)]),
}
train, test = split["train"], [c for c in split["primary_test"] if c != "b2c1"]
known, asked = inputs(train), inputs(test)
life, truth = (cells.loc[c, "observed_life"].values.astype(float) for c in (train, test))
print("| learner | RMSE, cross-validated | MAPE % | RMSE, primary test | MAPE % |\n|---|---|---|---|---|")
scores = []
for name, (make, choose) in learners.items():
    x = choose(known)
    guess = np.zeros((5, len(train)))
    for r, (fit, held) in enumerate(RepeatedKFold(n_splits=10, n_repeats=5, random_state=0).split(x)):
        guess[r // 10][held] = np.ravel(make().fit(x[fit], np.log(life)[fit]).predict(x[held]))
    inside = np.exp(guess) - life
    outside = np.exp(np.ravel(make().fit(x, np.log(life)).predict(choose(asked)))) - truth
    row = [
        np.sqrt((inside**2).mean()), 100 * np.abs(inside / life).mean(),
        np.sqrt((outside**2).mean()), 100 * np.abs(outside / truth).mean(),
    ]
    scores.append(row)
    print(f"| {name} | {row[0]:.0f} | {row[1]:.1f} | {row[2]:.0f} | {row[3]:.1f} |")
scores = np.array(scores)
print(f"\nRank correlation of the two RMSE: {spearmanr(scores[:, 0], scores[:, 2])[0]:.2f}; of the two MAPE: "
      f"{spearmanr(scores[:, 1], scores[:, 3])[0]:.2f}.")
