#!/usr/bin/env python3
"""Reference values for the curve features, on curves and series made by formula as in FeatureTests.swift.

Independent formulation with numpy, scipy and scikit-learn. Writes
Tests/DegradationPhysicsTests/Reference/features.json. With the curves of a measured cell as argument it prints the
features of their difference at age 100 instead, the numbers that MeasuredFeatureTests.swift compares with.
Usage: python3 scripts/reference/features.py [CURVES.csv.gz]     (pip install numpy scipy scikit-learn)
"""
import json
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.isotonic import IsotonicRegression

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "DegradationPhysicsTests" / "Reference" / "features.json"


def curve(v, age):
    """Discharged capacity [Ah] of the formula cell."""
    shift = 0.0004 * age
    q = 0.6 / (1 + np.exp((v - 3.2 + shift) / 0.03)) + 0.5 * (1 - 0.0005 * age) / (1 + np.exp((v - 2.9 + shift) / 0.05))
    return q + 2e-5 * np.sin(1e4 * v + age)


def monotone(v_falling, q):
    return IsotonicRegression().fit_transform(np.arange(len(q)), q)


def difference(v, curves, early, late):
    """Features of the difference of medians; v falls."""
    m = {a: monotone(v, curves[a]) for a in early + late}
    grid = np.linspace(v.min(), v.max(), 1000)
    on = lambda a: np.interp(grid, v[::-1], m[a][::-1])
    d = np.median([on(a) for a in late], 0) - np.median([on(a) for a in early], 0)
    first = m[early[0]] if min(curves) == early[0] else monotone(v, curves[min(curves)])
    d = d / (first[-1] - first[0])
    log = lambda x: float(np.log10(max(abs(x), 1e-12)))
    return dict(
        dq_logvar=log(d.var()), dq_logmin=log(d.min()), dq_logmean=log(d.mean()), dq_skew=float(stats.skew(d)),
        dq_kurt=float(stats.kurtosis(d)), dq_centroid_v=float((np.abs(d) * grid).sum() / np.abs(d).sum()))


def series():
    age = np.arange(1, 121, dtype=float)
    q = 1.02 - 0.002 * age**0.7 + 1e-4 * np.sin(3 * age)
    loss, since = (q[0] - q)[1:], age[1:] - age[0]
    use = loss > 1e-3
    return dict(
        q_first=q[0], q_at2=q[1], q_max_minus_2=q.max() - q[1], q_slope_all=np.polyfit(age, q, 1)[0],
        q_slope_last10=np.polyfit(age[-10:], q[-10:], 1)[0], q_curvature=2 * np.polyfit(age, q, 2)[0],
        fade_exponent=np.polyfit(np.log(since[use]), np.log(loss[use]), 1)[0])


def main():
    if len(sys.argv) > 1:
        table = np.genfromtxt(sys.argv[1], delimiter=",", names=True)
        curves = {int(n[1:]): table[n] for n in table.dtype.names[1:]}
        near = lambda ages: [a for a in ages if a in curves]
        late = near(range(10, 101))[-3:]
        print(json.dumps(difference(table["voltage_volt"], curves, near(range(10, 101))[:3], late), indent=1))
        return
    v = np.linspace(3.6, 2.4, 700)
    curves = {a: curve(v, a) for a in range(2, 121)}
    out = dict(
        versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
        at100=difference(v, curves, [10, 11, 12], [98, 99, 100]), at40=difference(v, curves, [2, 3, 4], [38, 39, 40]),
        series={k: float(x) for k, x in series().items()})
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(out, indent=1) + "\n")


main()
