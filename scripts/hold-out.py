"""Links a dataset folder into a new one with a split that holds out a quarter of its cells (papers, for literature)."""
import csv
import json
import os
import random
import sys

source, target = sys.argv[1:3]
os.makedirs(target)
for name in os.listdir(source):
    if name != "splits.json":
        os.symlink(os.path.abspath(os.path.join(source, name)), os.path.join(target, name))
with open(os.path.join(source, "cells.csv"), newline="") as table:
    cells = list(csv.DictReader(table))
with open(os.path.join(source, "dataset.json")) as text:
    unit = "lab_id" if json.load(text)["kind"] == "literature" else "cell_id"
units = sorted({cell[unit] for cell in cells})
random.Random(1).shuffle(units)
held = set(units[: max(1, len(units) // 4)])
parts = {
    "train": [cell["cell_id"] for cell in cells if cell[unit] not in held],
    "test": [cell["cell_id"] for cell in cells if cell[unit] in held],
}
with open(os.path.join(target, "splits.json"), "w") as out:
    json.dump({"held-out": parts}, out)
