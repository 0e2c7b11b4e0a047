#!/usr/bin/env python3
"""Reference values for the Gaussian process, the screened linear model, the network and the stack weights.

Independent formulation with numpy, scipy and scikit-learn. Writes Tests/ResidualLearningTests/Reference/members.json.
Usage: python3 scripts/reference/members.py        (pip install numpy scipy scikit-learn)
"""
import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from sklearn.neural_network import MLPRegressor


def parts(a, b, ga, gb, blocks, linear, radial, group, factor):
    out = [np.ones((len(a), len(b)))]
    squares = lambda p, q: ((p[:, None, :] - q[None]) ** 2).sum(-1)
    for j in blocks:
        p, q, d = a[:, j], b[:, j], len(j)
        if linear:
            out.append(p @ q.T / d)
        if radial:
            out.append(np.exp(-0.5 * squares(p, q) / (factor * d)))
    if radial and a.shape[1]:
        out.append(np.exp(-0.5 * squares(a, b) / (factor * a.shape[1])))
    if group:
        out.append((ga[:, None] == gb[None]).astype(float))
    return out


def process(x, y, g, blocks, xt, gt, linear=True, radial=True, group=True, factor=1.0, iterations=40):
    n = len(y)
    centre, scale = y.mean(), y.std() + 1e-9
    z = (y - centre) / scale
    ks = parts(x, x, g, g, blocks, linear, radial, group, factor) + [np.eye(n)]
    p = len(ks)
    means = np.log(np.r_[1.0, np.full(p - 2, 0.5 / max(p - 2, 1)), 0.2])
    deviations = np.r_[0.5, np.full(p - 2, 2.0), 1.0]

    def objective(theta):
        v = np.exp(theta)
        k = sum(a * b for a, b in zip(v, ks)) + 1e-6 * np.eye(n)
        factor_ = cho_factor(k, lower=True)
        alpha, inverse = cho_solve(factor_, z), cho_solve(factor_, np.eye(n))
        a = np.outer(alpha, alpha) - inverse
        value = 0.5 * z @ alpha + np.log(np.diag(factor_[0])).sum() + 0.5 * (((theta - means) / deviations) ** 2).sum()
        gradient = np.array([-0.5 * np.sum(a * v_ * b) for v_, b in zip(v, ks)]) + (theta - means) / deviations**2
        return value, gradient

    start_value, start_gradient = objective(means)
    found = minimize(objective, means, jac=True, method="L-BFGS-B", bounds=[(-9, 3)] * p, options=dict(maxiter=iterations))
    v = np.exp(found.x)
    k = sum(a * b for a, b in zip(v, ks)) + 1e-6 * np.eye(n)
    inverse = np.linalg.inv(k)
    cross = sum(a * b for a, b in zip(v, parts(xt, x, gt, g, blocks, linear, radial, group, factor)))
    own = np.array([sum(a * b[0, 0] for a, b in zip(v, parts(xt[i:i + 1], xt[i:i + 1], gt[i:i + 1], gt[i:i + 1], blocks,
                                                             linear, radial, group, factor))) for i in range(len(xt))])
    variance = own - np.einsum("ij,jk,ik->i", cross, inverse, cross) + v[-1]
    return dict(linear=linear, radial=radial, group=group, lengthScaleFactor=factor, startValue=start_value,
                startGradient=start_gradient.tolist(), value=float(found.fun), variances=v.tolist(),
                mean=(centre + scale * (cross @ inverse @ z)).tolist(),
                standardDeviation=(scale * np.sqrt(np.maximum(variance, 1e-6))).tolist())


def screened(x, y, blocks, xt):
    r = np.array([abs(np.corrcoef(x[:, j], y)[0, 1]) for j in range(x.shape[1])])
    r = r / np.sqrt((r**2).mean() + 1e-12)
    none = np.zeros(len(x), int)
    out = process(x * r, y, none, blocks, xt * r, np.zeros(len(xt), int), True, False, False)
    return dict(scales=r.tolist(), value=out["value"], mean=out["mean"], standardDeviation=out["standardDeviation"])


def stack(p, y, lam):
    k = p.shape[1]
    equal = np.ones(k) / k
    d = p - y[:, None]
    pull = lam * np.mean(d**2)
    objective = lambda w: (d @ w) @ (d @ w) + pull * ((w - equal) ** 2).sum() * k
    found = minimize(objective, equal, bounds=[(0, 1)] * k, constraints=[dict(type="eq", fun=lambda w: w.sum() - 1)],
                     method="SLSQP", options=dict(ftol=1e-14, maxiter=1000))
    return dict(predictions=p.T.tolist(), target=y.tolist(), weights=found.x.tolist(), **{"lambda": lam})


def main():
    rng = np.random.default_rng(7)
    blocks = [[0, 1, 2], [3, 4], [5]]
    n, m = 30, 8
    x, xt = np.round(rng.standard_normal((n, 6)), 4), np.round(rng.standard_normal((m, 6)), 4)
    g, gt = rng.integers(0, 8, n), rng.integers(0, 10, m)
    effect = rng.standard_normal(10) * 0.4
    law = lambda a, b: 5 + 0.8 * a[:, 0] + np.sin(2 * a[:, 3]) + 0.3 * a[:, 1] * a[:, 5] + effect[b]
    y = np.round(law(x, g) + 0.2 * rng.standard_normal(n), 4)
    z = (y - y.mean()) / y.std()
    network = MLPRegressor(hidden_layer_sizes=(16,), activation="tanh", alpha=3.0, solver="lbfgs", max_iter=80)
    losses, predictions = [], []
    for seed in range(20):
        network.set_params(random_state=seed).fit(x, z)
        weights = sum((w**2).sum() for w in network.coefs_)
        losses.append(0.5 * ((network.predict(x) - z) ** 2).mean() + 1.5 / n * weights)
        predictions.append(y.mean() + y.std() * network.predict(xt))
    members = np.c_[law(x, g), y.mean() + 0 * y, y + 0.5 * rng.standard_normal(n), -y]
    out = dict(
        versions=dict(numpy=np.__version__, scipy=scipy.__version__, sklearn=sklearn.__version__),
        x=x.tolist(), target=y.tolist(), groups=g.tolist(), blocks=blocks, newX=xt.tolist(), newGroups=gt.tolist(),
        processes=[process(x, y, g, blocks, xt, gt), process(x, y, g, blocks, xt, gt, group=False, factor=3.0),
                   process(x, y, g, blocks[:2], xt, gt, radial=False)],
        screened=screened(x, y, blocks, xt),
        network=dict(losses=losses, mean=np.mean(predictions, 0).tolist(), spread=np.std(predictions, 0).tolist()),
        stacks=[stack(np.round(members, 4), y, lam) for lam in (0.0, 0.5, 5.0)],
    )
    folder = pathlib.Path(__file__).resolve().parents[2] / "Tests/ResidualLearningTests/Reference"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(out, separators=(",", ":"))
    (folder / "members.json").write_text(text + "\n")


main()
