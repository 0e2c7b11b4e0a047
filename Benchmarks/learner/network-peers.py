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
        text = markdown(results, repetitions)
        (pathlib.Path(__file__).parent / "NETWORK.md").write_text(text)
        print(text)


def markdown(results, repetitions):
    """The page: times of the first repetitions, losses over all seeds."""
    import sklearn
    import torch

    processor = next((x.split(":")[1].strip() for x in open("/proc/cpuinfo") if "model name" in x), "unknown processor")
    names = {"ours": "ours", "pytorch": "PyTorch", "scikit-learn": "scikit-learn"}
    median = {who: np.median([r["seconds"] for r in all[:repetitions]]) for who, all in results.items()}
    lines = [
        "# The network against its peers: rows P15 and P16", "",
        f"Written by `make bench-learner`; {processor}, PyTorch {torch.__version__.split('+')[0]}, scikit-learn "
        f"{sklearn.__version__},", f"numpy {np.__version__}. 40–64–64–2 network with a Gaussian head (scikit-learn: one "
        "output, squared error), 50 000 rows, batch 256, 50",
        f"epochs, one thread. Medians (ranges) of {repetitions} interleaved fits; losses on held-out rows, mean over "
        f"{len(results['ours'])} seeds. \"Others\" is the",
        "share of the processor's time that other processes took during the median fit.", "",
        "| library | fit [s] | test NLL | SD over seeds | test RMSE | others |", "| --- | --- | --- | --- | --- | --- |"]
    for who, all in results.items():
        seconds = sorted(r["seconds"] for r in all[:repetitions])
        nll, rmse = (np.array([r[key] for r in all]) for key in ("nll", "rmse"))
        spread = nll.std(ddof=1) if len(nll) > 1 else 0
        lines.append(
            f"| {names[who]} | {np.median(seconds):.2f} ({seconds[0]:.2f}–{seconds[-1]:.2f}) | {nll.mean():.4f} | "
            f"{spread:.4f} | {rmse.mean():.4f} | {100 * np.median([r['others'] for r in all]):.0f} % |")
    ours = results["ours"]
    gap = np.mean([r["nll"] for r in ours]) - np.mean([r["nll"] for r in results["pytorch"]])
    spread = np.std([r["nll"] for r in results["pytorch"]], ddof=1)
    rows = [("P15 time, ours / PyTorch", median["ours"] / median["pytorch"], "≤ 0.25", 0.25),
            ("P15 time, ours / scikit-learn", median["ours"] / median["scikit-learn"], "≤ 0.40", 0.40)]
    lines += ["", "| row | found | goal | |", "| --- | --- | --- | --- |"]
    lines += [f"| {a} | {b:.3f} | {c} | {'met' if b <= d else '**missed**'} |" for a, b, c, d in rows]
    lines.append(
        f"| P16 NLL, ours − PyTorch | {gap:+.4f} | at most one SD of PyTorch's seeds, {spread:.4f} | "
        f"{'met' if gap <= spread else '**missed**'} |")
    batch, row = (np.median([r[k] for r in ours]) for k in ("batch_us", "row_us"))
    lines += ["", f"One row is predicted in {row:.2f} µs, {batch:.2f} µs in a batch."]
    return "\n".join(lines) + "\n"


if sys.argv[1] in ("pytorch", "scikit-learn"):
    {"pytorch": pytorch, "scikit-learn": scikit_learn}[sys.argv[1]](
        pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    main()
