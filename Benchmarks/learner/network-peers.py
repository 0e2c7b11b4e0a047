#!/usr/bin/env python3
"""Times and scores of the network beside PyTorch and scikit-learn (rows P15 and P16 of the performance goals).

Usage: network-peers.py BENCHMARK [REPETITIONS] [SEEDS]     (pip install torch scikit-learn; see network.sh)

Every fit runs in its own process on one thread, in an order shuffled inside each repetition; time is CPU time of the
process around the fit alone, on the same raw tables. P15: 40-64-64-2, 50 000 rows, batches of 256, 50 epochs; medians
and ranges. P16: mean negative log density on 20 000 further rows over seeds. scikit-learn fits squared loss only
(40-64-64-1): its time is compared, its RMSE shown.
"""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np

TRAIN, TEST, COLUMNS, EPOCHS = 50_000, 20_000, 40, 50


def make(folder):
    """Smooth and bent effects, an interaction, and noise that depends on two columns."""
    g = np.random.default_rng(20240501)
    for part, rows in (("train", TRAIN), ("test", TEST)):
        x = g.normal(size=(rows, COLUMNS))
        y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + np.abs(x[:, 3]) + 0.3 * x[:, 4:10].sum(axis=1)
        y += (0.15 + 0.35 / (1 + np.exp(-2 * x[:, 5] + x[:, 10]))) * g.normal(size=rows)
        x.tofile(folder / f"{part}-x.bin")
        y.tofile(folder / f"{part}-y.bin")


def load(folder):
    out = []
    for part in ("train", "test"):
        y = np.fromfile(folder / f"{part}-y.bin")
        out += [np.fromfile(folder / f"{part}-x.bin").reshape(len(y), -1), y]
    return out


def report(seconds, mean, deviation, y):
    z = (y - mean) / deviation
    print(json.dumps(dict(
        seconds=seconds, nll=float(np.mean(0.5 * z * z + np.log(deviation))),
        rmse=float(np.sqrt(np.mean((y - mean) ** 2))))))


def pytorch(folder, epochs, seed):
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    x, y, test_x, test_y = load(folder)
    start = time.process_time()
    m, s, c, d = x.mean(0), x.std(0), y.mean(), y.std()
    a = torch.tensor((x - m) / s, dtype=torch.float32)
    b = torch.tensor((y - c) / d, dtype=torch.float32)
    net = torch.nn.Sequential(
        torch.nn.Linear(COLUMNS, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(epochs):
        order = torch.randperm(len(b))
        for rows in order.split(256):
            out = net(a[rows])
            log_sigma = out[:, 1].clamp(-8, 8)
            loss = (log_sigma + 0.5 * ((b[rows] - out[:, 0]) * torch.exp(-log_sigma)) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
    seconds = time.process_time() - start
    with torch.no_grad():
        out = net(torch.tensor((test_x - m) / s, dtype=torch.float32)).numpy().astype(float)
    report(seconds, c + d * out[:, 0], d * np.exp(np.clip(out[:, 1], -8, 8)), test_y)


def scikit_learn(folder, epochs, seed):
    import warnings

    from sklearn.neural_network import MLPRegressor

    warnings.simplefilter("ignore")
    x, y, test_x, test_y = load(folder)
    start = time.process_time()
    m, s, c, d = x.mean(0), x.std(0), y.mean(), y.std()
    a, b = ((x - m) / s).astype(np.float32), ((y - c) / d).astype(np.float32)
    net = MLPRegressor(hidden_layer_sizes=(64, 64), alpha=0, batch_size=256, max_iter=epochs, n_iter_no_change=epochs, random_state=seed)
    net.fit(a, b)
    seconds = time.process_time() - start
    mean = c + d * net.predict(((test_x - m) / s).astype(np.float32)).astype(float)
    report(seconds, mean, np.full(len(test_y), np.sqrt(np.mean((test_y - mean) ** 2))), test_y)


def busy():
    """CPU time of the whole machine so far, idle time left out [s]."""
    fields = [int(v) for v in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def main():
    binary, repetitions, seeds = sys.argv[1], int((sys.argv + [3] * 4)[2]), int((sys.argv + [5] * 4)[3])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make(folder)

        def run(who, seed):
            if who == "ours":
                command = [binary, name, str(EPOCHS), str(seed)]
            else:
                command = [sys.executable, __file__, who, name, str(EPOCHS), str(seed)]
            before, start, children = busy(), time.time(), os.times()
            out = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            now = os.times()
            own = now.children_user + now.children_system - children.children_user - children.children_system
            out["others"] = max(0.0, busy() - before - own) / (time.time() - start) / os.cpu_count()
            return out

        results = {who: [] for who in ("ours", "pytorch", "scikit-learn")}
        for repetition in range(max(repetitions, seeds)):
            order = [who for who in results if who != "scikit-learn" or repetition < repetitions]
            random.Random(repetition).shuffle(order)
            for who in order:
                results[who].append(run(who, repetition + 1))
        import sklearn
        import torch

        print(f"PyTorch {torch.__version__}, scikit-learn {sklearn.__version__}, numpy {np.__version__}, 1 thread")
        for who, all in results.items():
            seconds = sorted(r["seconds"] for r in all[:repetitions])
            nll, rmse = (np.array([r[key] for r in all]) for key in ("nll", "rmse"))
            others = max(r["others"] for r in all)
            print(
                f"{who:13} fit {np.median(seconds):6.2f} s ({seconds[0]:.2f}-{seconds[-1]:.2f})  NLL {nll.mean():.4f} "
                f"SD {nll.std(ddof=1) if len(nll) > 1 else 0:.4f}  RMSE {rmse.mean():.4f}  others {100 * others:.0f} %")
        ours = results["ours"]
        median = {who: np.median([r["seconds"] for r in all[:repetitions]]) for who, all in results.items()}
        print(f"P15 ours/PyTorch {median['ours'] / median['pytorch']:.3f} (goal 0.25)")
        print(f"P15 ours/scikit-learn {median['ours'] / median['scikit-learn']:.3f} (goal 0.40)")
        gap = np.mean([r["nll"] for r in ours]) - np.mean([r["nll"] for r in results["pytorch"]])
        spread = np.std([r["nll"] for r in results["pytorch"]], ddof=1)
        print(f"P16 NLL ours - PyTorch {gap:+.4f}, SD of PyTorch's seeds {spread:.4f} (goal: at most 1 SD)")
        print(
            f"prediction {np.median([r['batch_us'] for r in ours]):.2f} us a row in a batch, "
            f"{np.median([r['row_us'] for r in ours]):.2f} us one by one")


if sys.argv[1] in ("pytorch", "scikit-learn"):
    {"pytorch": pytorch, "scikit-learn": scikit_learn}[sys.argv[1]](
        pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    main()
