#!/usr/bin/env python3
"""Reference steps of network training by PyTorch: the same start, batches and heads.

Writes Tests/ResidualLearningTests/Reference/network.json: for each head the start, the loss of the first and of the
hundredth batch, and the parameters after 1 and 100 steps (W as inputs x outputs, then b, layer after layer).
Usage: python3 scripts/reference/network.py     (pip install torch numpy)
"""
import json
import pathlib

import numpy as np
import torch

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "ResidualLearningTests" / "Reference" / "network.json"
ROWS, COLUMNS, BATCH, STEPS, RATE, DECAY = 96, 5, 16, 100, 0.01, 0.1
LEVELS = [0.1, 0.5, 0.8, 0.95]


def short(values):
    """32-bit values as the shortest text that reads back equal."""
    return [float(f"{v:.9g}") for v in values]


def flat(net):
    out = []
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            out += layer.weight.detach().T.reshape(-1).tolist() + layer.bias.detach().tolist()
    return short(out)


def normal(target):
    c, d = target.mean().item(), target.std(correction=0).item()

    def loss(out, rows):
        sigma = d * torch.exp(out[:, 1].clamp(-8, 8))
        # Without the constant the score would differ from a log density.
        return -torch.distributions.Normal(c + d * out[:, 0], sigma).log_prob(target[rows]).mean()

    return 2, loss


def weibull(target, censored):
    logs = torch.log(target)
    c, d = logs.mean().item(), logs.std(correction=0).item()
    log_shape = np.log(np.pi / np.sqrt(6)) - np.log(d)
    centre = c + 0.5772 * np.exp(-log_shape)

    def loss(out, rows):
        w = torch.distributions.Weibull(
            torch.exp(centre + d * out[:, 0]), torch.exp(log_shape + out[:, 1].clamp(-8, 8)), validate_args=False)
        y = target[rows]
        above = (y / w.scale) ** w.concentration
        return torch.where(censored[rows], above, -w.log_prob(y)).mean()

    return 2, loss


def quantiles(target):
    d = target.std(correction=0).item()
    start = np.quantile(target.numpy(), LEVELS)
    middle = len(LEVELS) // 2
    gaps = [0 if k == middle else np.log(max(start[k] - start[k - 1] if k > middle else start[k + 1] - start[k], 1e-3 * d))
            for k in range(len(LEVELS))]

    def loss(out, rows):
        q = [None] * len(LEVELS)
        q[middle] = start[middle] + d * out[:, middle]
        for k in range(middle + 1, len(LEVELS)):
            q[k] = q[k - 1] + torch.exp(gaps[k] + out[:, k].clamp(-8, 8))
        for k in range(middle - 1, -1, -1):
            q[k] = q[k + 1] - torch.exp(gaps[k] + out[:, k].clamp(-8, 8))
        error = target[rows][:, None] - torch.stack(q, 1)
        level = torch.tensor(LEVELS)
        return (torch.maximum(level * error, (level - 1) * error).sum(1) / d).mean()

    return len(LEVELS), loss


def main():
    g = np.random.default_rng(7)
    x = g.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    signal = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] + (0.2 + 0.3 * np.abs(x[:, 2])) * g.normal(size=ROWS)
    order = [[int(i) for i in g.permutation(ROWS)[:BATCH]] for _ in range(STEPS)]
    censored = g.uniform(size=ROWS) < 0.3
    values = {"normal": 3 * signal + 7, "weibull": np.exp(4 + 0.5 * signal), "quantiles": 3 * signal + 7}
    a = torch.tensor(x)
    cases = []
    for name, value in values.items():
        value = np.round(value, 6)
        target = torch.tensor(value, dtype=torch.float64)
        outputs, loss = {"normal": lambda: normal(target), "quantiles": lambda: quantiles(target),
                         "weibull": lambda: weibull(target, torch.tensor(censored))}[name]()
        torch.manual_seed(3)
        net = torch.nn.Sequential(torch.nn.Linear(COLUMNS, 8), torch.nn.ReLU(), torch.nn.Linear(8, 6), torch.nn.ReLU(),
                                  torch.nn.Linear(6, outputs))
        weights = [p for n, p in net.named_parameters() if n.endswith("weight")]
        biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
        adam = torch.optim.AdamW(
            [dict(params=weights, weight_decay=DECAY), dict(params=biases, weight_decay=0.0)], lr=RATE)
        case = dict(head=name, target=value.tolist(), sizes=[COLUMNS, 8, 6, outputs], start=flat(net), losses=[])
        for step, rows in enumerate(order):
            score = loss(net(a[rows]).double(), rows)
            adam.zero_grad()
            score.backward()
            adam.step()
            if step in (0, STEPS - 1):
                case["losses"].append(score.item())
                case["first" if step == 0 else "last"] = flat(net)
        cases.append(case)
    FILE.write_text(json.dumps(dict(
        torch=torch.__version__, inputs=short(x.reshape(-1)), order=order, rate=RATE, decay=DECAY,
        levels=LEVELS, censored=[bool(c) for c in censored], cases=cases)))


main()
