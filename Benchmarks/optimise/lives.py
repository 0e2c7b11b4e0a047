"""Censored lives and accelerated tests beside lifelines and reliability: lives.py BENCHMARK. Writes LIVES.md beside itself.

Needs lifelines, reliability, numpy, scipy and pandas (`pip install lifelines reliability`).
"""
import os, subprocess, sys, tempfile, warnings
import matplotlib
matplotlib.use("Agg")
import numpy as np
import pandas as pd
from lifelines import LogNormalFitter, WeibullAFTFitter
from reliability.PoF import acceleration_factor
from scipy.integrate import quad

warnings.filterwarnings("ignore")
tool = sys.argv[1]


def ours(*arguments):
    out = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    return [float(x) for x in out.split()]


def information(end):
    """Of one cell on location and scale, ended at the standardised log age: mean products of the scores."""
    c = np.exp(end)
    scores = (lambda z: np.exp(z) - 1, lambda z: z * np.exp(z) - z - 1), (c, end * c)

    def part(a, b):
        inside = quad(lambda z: np.exp(z - np.exp(z)) * scores[0][a](z) * scores[0][b](z), -60, end, epsabs=1e-13, epsrel=1e-13, limit=500)[0]
        return inside + scores[1][a] * scores[1][b] * np.exp(-c)
    return part(0, 0), part(0, 1), part(1, 1)


# Plans of accelerated tests: a log-linear Weibull model fitted to lives that stand for the plan (quantiles of the truth
# at even probabilities, weighted, censored at the end of the test) has the covariance that the plan's variance is about.
cases = []
for use in (.001, .01):
    low, share, variance = ours("accelerated", use, .9)
    z_use, z_high = np.log(-np.log1p(-use)), np.log(-np.log1p(-.9))
    n, points = 1_000_000, 100_000
    parts, total = [], np.zeros((3, 3))
    for x, part in ((low, share), (1, 1 - share)):
        end = z_use + x * (z_high - z_use)
        a, b, c = information(end)
        total += part * np.array([[a, a * x, b], [a * x, a * x * x, b * x], [b, b * x, c]])
        fail = -np.expm1(-np.exp(end))
        z = np.log(-np.log1p(-fail * (np.arange(points) + .5) / points))
        parts.append(pd.DataFrame({"T": np.exp(z - end), "E": 1, "x": x, "w": n * part * fail / points}))
        parts.append(pd.DataFrame({"T": [1.], "E": 0, "x": x, "w": n * part * (1 - fail)}))
    fit = WeibullAFTFitter().fit(pd.concat(parts, ignore_index=True), "T", "E", weights_col="w")
    # Ends at 1 for all: location −z_use at use, scale 1.
    v = fit.variance_matrix_
    rho = float(np.exp(fit.params_["rho_"].iloc[0]))
    d = pd.Series(0., index=v.index)
    d[("lambda_", "Intercept")] = 1
    d[("rho_", "Intercept")] = -np.log(-np.log1p(-.1)) / rho
    wanted = np.array([1, 0, np.log(-np.log1p(-.1))])
    cases.append((use, low, share, variance, float(d @ v @ d) * n * rho ** 2, float(wanted @ np.linalg.solve(total, wanted))))
    print(cases[-1], flush=True)

# Arrhenius' factor.
factors = [(e, acceleration_factor(T_use=25, T_acc=60, Ea=e, print_results=False).AF, ours("arrhenius", e, 25, 60)[0]) for e in (.3, .5, .9)]

# What the product does fit under censoring: the scatter of log lives, by its posterior.
rows = []
random = np.random.default_rng(3)
for name, step, end in (("check-ups 100 apart", 100, np.inf), ("stopped at 600", 0, 600), ("both", 100, 600)):
    life = np.exp(6.2 + .2 * random.normal(size=800))
    low = np.floor(life / step) * step if step else life.copy()
    high = low + step if step else life.copy()
    low, high = np.where(life > end, end, low), np.where(life > end, np.inf, high)
    fit = LogNormalFitter().fit_interval_censoring(low, np.where(high == low, low * (1 + 1e-9), high))
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
        for a, b in zip(np.log(low), np.log(high)): file.write(f"{float(a)!r},{float(b)!r}\n")
    q05, median, q95 = ours("censored", file.name)
    rows.append((name, (life > end).mean(), fit.sigma_, float(fit.summary.loc["sigma_", "se(coef)"]), median, (q95 - q05) / 3.29))
    print(rows[-1], flush=True)

page = """# Censored lives and accelerated tests beside lifelines and reliability

Written by `lives.py`. The product fits no Weibull law to failure times and no life-stress law: lives under stress come from the
physics, and `AcceleratedTest` plans from probabilities. So the fits are compared in what they say of a plan: a log-linear
Weibull model fitted by lifelines' `WeibullAFTFitter` to lives that stand for the best plan of two levels (even quantiles
of the truth; 10 % quantile in use, 90 % of the cells fail at the highest stress), times the number of cells, over σ²; and in the
expected information by SciPy's `quad`.

| fail in use | low level | share there | variance by `AcceleratedTest` | by lifelines' fit | ratio − 1 | by SciPy's integrals, ratio − 1 |
| --- | --- | --- | --- | --- | --- | --- |
""" + "\n".join(f"| {u} | {l:.3f} | {s:.3f} | {v:.3f} | {w:.3f} | {v / w - 1:.1e} | {v / q - 1:.1e} |" for u, l, s, v, w, q in cases) + """

`AccelerationFactor` of one Arrhenius mechanism beside reliability's `acceleration_factor`, 25 to 60 °C:

| eV | ours | reliability | ratio − 1 |
| --- | --- | --- | --- |
""" + "\n".join(f"| {e} | {o:.6f} | {r:.6f} | {o / r - 1:.1e} |" for e, r, o in factors) + """

`variability fit` takes log lives for normal and counts cells that are alive, and those that ended between check-ups far apart, as
such. Its posterior for 800 lives of sd 0.2 beside the maximum of the likelihood by lifelines' `LogNormalFitter`:

| lives | alive | sd by lifelines | standard error | median of ours | its sd |
| --- | --- | --- | --- | --- | --- |
""" + "\n".join(f"| {n} | {c:.2f} | {s:.4f} | {e:.4f} | {m:.4f} | {w:.4f} |" for n, c, s, e, m, w in rows) + "\n"
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "LIVES.md"), "w").write(page)
print(page)
