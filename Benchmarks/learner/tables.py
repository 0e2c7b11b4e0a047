"""The tables of the comparison, written as raw little-endian doubles, columns one after another."""
import csv
import pathlib

import numpy as np

COLUMNS = 40


def plain(rows, seed):
    """40 normal columns, 5 % missing in five and 30 % in three; a smooth and stepped law of nine of them."""
    r = np.random.default_rng(seed)
    x = r.normal(size=(rows, COLUMNS))
    y = (2 * np.sin(1.5 * x[:, 0]) + x[:, 1] * x[:, 2] + 1.5 * np.abs(x[:, 3]) + 2 * (x[:, 4] > 0.3) * x[:, 5]
         + 0.5 * x[:, 6] ** 2 + 0.8 * x[:, 7] + x[:, 8] + r.normal(size=rows))
    for j in range(10, 15):
        x[r.random(rows) < 0.05, j] = np.nan
    for j in range(15, 18):
        x[r.random(rows) < 0.30, j] = np.nan
    return x, y


def grouped(groups, per_group, seed):
    """Groups of rows that share half of the columns and an unseen effect; the spread varies by row."""
    r = np.random.default_rng(seed)
    n = groups * per_group
    group = np.repeat(np.arange(groups), per_group)
    shared = r.normal(size=(groups, COLUMNS))[group]
    x = np.where(np.arange(COLUMNS)[None, :] < 20, shared, r.normal(size=(n, COLUMNS)))
    mean = (2 * np.sin(1.5 * x[:, 0]) + x[:, 20] * x[:, 1] + 1.5 * np.abs(x[:, 21]) + 2 * (x[:, 2] > 0.3) * x[:, 22]
            + 0.5 * x[:, 23] ** 2 + 0.8 * x[:, 3])
    spread = np.exp(-0.3 + 0.5 * x[:, 4] + 0.4 * np.tanh(x[:, 24]))
    y = mean + 0.5 * r.normal(size=groups)[group] + spread * r.normal(size=n)
    for j in [10, 11, 12, 30, 31]:
        x[r.random(n) < 0.05, j] = np.nan
    for j in [15, 16, 17]:
        x[r.random(n) < 0.30, j] = np.nan
    return x, y, group


def measured(folder):
    """Measured cells: conditions and early capacities of a cell against the log of its life; None where absent."""
    path = pathlib.Path(folder) / "isu-ilcc-nmc" / "cells.csv"
    if not path.exists():
        return None
    rows = [r for r in csv.DictReader(path.open()) if r["observed_life"]]
    names = ["charge_c_rate", "discharge_c_rate", "depth_of_discharge"] + [k for k in rows[0] if k.startswith("early_")]
    x = np.array([[float(r[k]) if r[k] else np.nan for k in names] for r in rows])
    y = np.log([float(r["observed_life"]) for r in rows])
    return x, y, np.array([int(r["group_id"]) for r in rows])


def write(folder, name, array):
    """Writes an array by columns; returns its path."""
    path = pathlib.Path(folder) / name
    np.ascontiguousarray(np.asarray(array, dtype="<f8").T).tofile(path)
    return str(path)


def read(path, columns):
    """The rows of a table written by `write`."""
    return np.ascontiguousarray(np.fromfile(path, "<f8").reshape(columns, -1).T)
