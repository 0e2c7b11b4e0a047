"""Time and memory of training and forecasting, as a page.

Usage: python forecast.py TOOL DATA > forecast.md

TOOL is the release build, DATA the folder of the measured datasets. Every row is run against a rival of the same run, by
turns: pandas reading the same files, or Python importing what a forecast there would need. Machines are noisy: rows are
medians of wall times with the smallest beside them, and the ratio is that of the medians.
"""

import importlib.metadata
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas

GENERAL = "matr-severson matr-clo2020 hust-lfp tongji-nca-ncm tbsi-ncm811 rwth-nmc isu-ilcc-nmc nca-multistage".split()
MODEL = Path(__file__).parent.parent / "models" / "liquid-general.solidfade"
IMPORTS = "import pandas, sklearn.gaussian_process, sklearn.ensemble"
READ = """
import pandas, sys
from pathlib import Path
for folder in sys.argv[1:]:
    for pattern in ("cells.csv", "cycles.csv*", "curves/*"):
        for path in sorted(Path(folder).glob(pattern)):
            pandas.read_csv(path)
"""


def run(command):
    """Wall time [s] and peak resident memory [MB] of a command."""
    # A small process of its own starts the command: a child's peak begins with that of the process it was forked from.
    timer = "import os,subprocess,sys,time\nt=time.perf_counter()\np=subprocess.Popen(sys.argv[1:],stdout=-3,stderr=-3)\n" \
        "_,s,u=os.wait4(p.pid,0)\nprint(time.perf_counter()-t,u.ru_maxrss/1000,s)"
    out = subprocess.run([sys.executable, "-S", "-E", "-c", timer, *map(str, command)], capture_output=True, text=True)
    wall, memory, status = out.stdout.split()
    if status != "0":
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return float(wall), float(memory)


def python(code, *arguments):
    return [sys.executable, "-c", code, *arguments]


def part(source, target, cells, name=None, copies=1, seen=None):
    """A dataset of some cells of another, seen up to an age, under another name where one is given, each copied."""
    target.mkdir()
    head = (source / "dataset.json").read_text()
    if name:
        own = pandas.read_json(source / "dataset.json", typ="series")["name"]
        head = head.replace(f'"{own}"', f'"{name}"')
    (target / "dataset.json").write_text(head)
    for file in ("cells.csv", "cycles.csv"):
        table = pandas.read_csv(source / file, dtype=str, keep_default_na=False)
        table = table[table.cell_id.isin(cells)]
        if seen and file == "cycles.csv":
            table = table[table.cycle_count.astype(float) <= seen]
        if copies > 1:
            table = pandas.concat(
                [table.assign(cell_id=table.cell_id + f"-{k}") for k in range(copies)], ignore_index=True)
        table.to_csv(target / file, index=False)
    for cell in cells:
        for curve in (source / "curves").glob(f"{cell}.csv*"):
            (target / "curves").mkdir(exist_ok=True)
            shutil.copy(curve, target / "curves")


def main():
    tool, data = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as work:
        work = Path(work)
        ids = {d: list(pandas.read_csv(data / d / "cells.csv", dtype=str).cell_id) for d in GENERAL}
        part(data / "matr-severson", work / "known", ids["matr-severson"][1:2])
        part(data / "tbsi-ncm811", work / "foreign", ids["tbsi-ncm811"][:1], name="another-laboratory")
        cells = ids["tbsi-ncm811"][:20]
        part(data / "tbsi-ncm811", work / "many", cells, name="another-laboratory", copies=500, seen=50)
        predict = lambda folder: [tool, "predict", folder, "-m", MODEL, "--early", "50", "-o", work / "out", "--force"]
        severson = data / "matr-severson"
        tasks = [
            ("one cell of a dataset of training, 50 cycles", 0.1, 30, predict(work / "known"), python(IMPORTS),
             "importing pandas and scikit-learn"),
            ("one cell of a dataset never seen, 50 cycles", 0.1, 30, predict(work / "foreign"), python(IMPORTS),
             "importing pandas and scikit-learn"),
            ("10 000 cells of a dataset never seen, 50 cycles", 20, 3, predict(work / "many"),
             python(READ, work / "many"), "pandas reading the same files"),
            ("training on 41 Severson cells, 100 cycles", 3, 5,
             [tool, "train", severson, "--split", "severson/train", "--early", "100", "-o", work / "m", "--force"],
             python(READ, severson), "pandas reading the same files"),
            ("training of liquid-general, four cut-offs", 300, 1,
             [tool, "train", *(data / d for d in GENERAL), "-o", work / "g", "--force"],
             python(READ, *(data / d for d in GENERAL)), "pandas reading the same files"),
        ]
        versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("pandas", "scikit-learn"))
        print(f"""# Time of forecasts

Made by `python Benchmarks/forecast.py TOOL DATA` on {os.cpu_count()} cores; wall times from process start, medians (smallest in
brackets), tool and rival by turns. Rivals: Python {sys.version.split()[0]}, {versions}.

| task | goal, s | found, s | peak memory, MB | rival | its time, s | ratio |
|---|---|---|---|---|---|---|""")
        for name, goal, repeats, command, rival, title in tasks:
            own, other = [], []
            for _ in range(repeats):
                own.append(run(command))
                other.append(run(rival))
            wall = [statistics.median(t for t, _ in times) for times in (own, other)]
            print(
                f"| {name} | {goal} | {wall[0]:.3g} ({min(own)[0]:.3g}) | {max(m for _, m in own):.0f} | {title} | "
                f"{wall[1]:.3g} | {wall[0] / wall[1]:.2f} |", flush=True)


main()
