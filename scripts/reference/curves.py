#!/usr/bin/env python3
"""Reference values for least squares, Savitzky-Golay filters, isotonic regression and singular values.

Writes Tests/NumericalMethodsTests/Reference/curves.json.
Usage: python3 scripts/reference/curves.py     (pip install numpy scipy scikit-learn)
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import least_squares
from scipy.signal import savgol_filter
from sklearn.isotonic import IsotonicRegression

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "NumericalMethodsTests" / "Reference" / "curves.json"


def problem(name, residuals, start, lower, upper):
    found = least_squares(residuals, start, bounds=(lower, upper), xtol=1e-15, ftol=1e-15, gtol=1e-15, jac="3-point")
    jacobian = found.jac
    return dict(
        name=name, start=start, lower=lower, upper=upper, x=list(found.x), cost=float(found.cost),
        singular=list(np.linalg.svd(jacobian, compute_uv=False)),
        covariance=np.linalg.inv(jacobian.T @ jacobian).tolist())


def decay(t, y):
    return lambda p: p[0] * np.exp(-p[1] * t) + p[2] - y


def main():
    rng = np.random.default_rng(7)
    t = np.linspace(0, 4, 25)
    y = 2.5 * np.exp(-1.3 * t) + 0.5 + 0.05 * rng.standard_normal(25)
    signal = np.cumsum(rng.standard_normal(40))
    weights = rng.uniform(0.5, 2, 40)
    matrix = rng.standard_normal((7, 4))
    out = dict(
        versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
        t=list(t), y=list(y),
        problems=[
            problem("free", decay(t, y), [1.0, 0.5, 0.0], [-10.0] * 3, [10.0] * 3),
            problem("bounded", decay(t, y), [1.0, 0.5, 0.6], [0.0, 0.0, 0.55], [10.0, 10.0, 1.0]),
        ],
        signal=list(signal), weights=list(weights),
        isotonic=list(IsotonicRegression().fit_transform(np.arange(40), signal)),
        isotonicWeighted=list(IsotonicRegression().fit_transform(np.arange(40), signal, sample_weight=weights)),
        filters=[
            dict(window=w, order=o, derivative=d, values=list(savgol_filter(signal, w, o, deriv=d, delta=0.1)))
            for w, o, d in [(7, 3, 0), (7, 3, 1), (11, 3, 1), (9, 2, 2), (21, 4, 2), (5, 4, 0)]
        ],
        matrix=matrix.tolist(), singular=list(np.linalg.svd(matrix, compute_uv=False)))
    FILE.write_text(json.dumps(out, indent=1) + "\n")


main()
