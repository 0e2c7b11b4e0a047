#!/usr/bin/env python3
"""Our exported files in the programs that own the formats: LightGBM, XGBoost, onnxruntime, safetensors, PyTorch, shap.

The test "Exports" writes the files and our own predictions when EXPORT_FOLDER names a folder; this script reads them,
compares, and on success records the files' hashes in Tests/ResidualLearningTests/Reference/exports.json, which the
same test checks from then on.
Usage: EXPORT_FOLDER=/tmp/exports swift test --filter ExportTests; python3 scripts/reference/exports.py /tmp/exports
       (pip install lightgbm xgboost onnx onnxruntime safetensors torch shap numpy)
"""
import json
import pathlib
import sys

import lightgbm
import numpy as np
import onnx
import onnxruntime
import safetensors.torch
import shap
import torch
import xgboost

FILE = pathlib.Path(__file__).parents[2] / "Tests" / "ResidualLearningTests" / "Reference" / "exports.json"
FOLDER = pathlib.Path(sys.argv[1])
failures = []


def load(name):
    return {k: np.array([int(b) for b in v], dtype=np.uint64).view(float)
            for k, v in json.loads((FOLDER / name).read_text()).items()}


def compare(what, theirs, ours, tolerance, rows=True):
    """The largest gap in units of the largest value; a row on the wrong side of a cut would show as a whole leaf."""
    ours, theirs = np.asarray(ours, float).reshape(-1), np.asarray(theirs, float).reshape(-1)
    gap = np.abs(ours - theirs).max() / np.abs(ours).max()
    wrong = int((np.abs(ours - theirs) > 1e-4 * np.abs(ours).max()).sum())
    if not (gap <= tolerance) or len(ours) != len(theirs):
        failures.append(what)
    print(f"{'FAIL' if what in failures else 'ok':5}{what:42} {len(ours):6} values, gap {gap:.1e}"
          + (f", wrong side {wrong}" if rows else ""))


def run(name, rows, precision):
    model = onnx.load(FOLDER / name)
    if not name.startswith(("regression", "edges", "outputs")) or "regressor" in name:
        onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(str(FOLDER / name), providers=["CPUExecutionProvider"])
    kind = np.float32 if precision == "float32" else np.float64
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(None, {"features": rows.astype(kind)})))


def trees(name, columns, outputs):
    data = load(f"{name}.json")
    rows, rows32 = (data[k].reshape(-1, columns) for k in ("rows", "rows32"))
    booster = lightgbm.Booster(model_file=str(FOLDER / f"{name}.txt"))
    compare(f"{name}: LightGBM, 64 bit", booster.predict(rows, raw_score=True), data["sums"], 1e-12)
    # XGBoost refuses infinite values.
    finite = ~np.isinf(rows32).any(axis=1)
    model = xgboost.Booster(model_file=str(FOLDER / f"{name}.xgboost.json"))
    sums32 = data["sums32"].reshape(-1, outputs)
    compare(f"{name}: XGBoost, 32 bit", model.inplace_predict(rows32[finite].astype(np.float32), validate_features=False),
            sums32[finite], 1e-6)
    for form in ("regressor", "ensemble"):
        compare(f"{name}: onnxruntime {form}, 32 bit", run(f"{name}-{form}-float32.onnx", rows32, "float32")["sums"],
                sums32, 1e-6)
        compare(f"{name}: onnxruntime {form}, 64 bit", run(f"{name}-{form}-float64.onnx", rows, "float64")["sums"],
                data["sums"], 1e-12 if form == "ensemble" else 1e-6)
    if "explained" in data:
        explained = data["explained"].reshape(-1, columns)
        theirs = shap.TreeExplainer(booster)
        compare(f"{name}: shap, by path", theirs.shap_values(explained), data["values"], 1e-6, rows=False)
        compare(f"{name}: shap, expected value", np.ravel(theirs.expected_value), data["base"], 1e-6, rows=False)
        compare(f"{name}: LightGBM's own contributions", booster.predict(explained, pred_contrib=True)[:, :-1],
                data["values"], 1e-6, rows=False)
        compare(f"{name}: shap, interactions", theirs.shap_interaction_values(explained[:5]), data["interactions"], 1e-6,
                rows=False)
        background = data["background"].reshape(-1, columns)
        against = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
        # Here shap rounds to 32 bits, so that values on a cut change sides: the random rows only, and whole ones, since
        # with a missing value on one side its values do not add up to the prediction.
        whole = ~np.isnan(explained).any(axis=1) & (np.arange(len(explained)) < 20)
        compare(f"{name}: shap, interventional", against.shap_values(explained[whole]),
                data["interventional"].reshape(-1, columns)[whole], 1e-6, rows=False)



def network():
    data = load("network.json")
    rows = data["rows"].reshape(-1, 4)
    # 32-bit inputs round what the encoding subtracts from.
    for precision in ("float32", "float64"):
        out = run(f"network-{precision}.onnx", rows, precision)
        compare(f"network: onnxruntime {precision}, mean", out["mean"], data["mean"], 1e-5, rows=False)
        compare(f"network: onnxruntime {precision}, deviation", out["standard_deviation"], data["deviation"], 1e-5,
                rows=False)
        values = run(f"quantiles-{precision}.onnx", rows, precision)["quantiles"]
        compare(f"quantiles: onnxruntime {precision}", values, load("quantiles.json")["quantiles"], 1e-5, rows=False)
    tensors = safetensors.torch.load_file(FOLDER / "network.safetensors")
    x = (rows - tensors["input.mean"].numpy()) / tensors["input.scale"].numpy()
    masks = np.isnan(rows)[:, tensors["input.masked"].numpy().astype(int)]
    x = np.concatenate([np.clip(np.nan_to_num(x, nan=0, posinf=10, neginf=-10), -10, 10), masks], axis=1)
    means, spreads = [], []
    for member in range(2):
        net = torch.nn.Sequential(*[layer for k in range(3) for layer in (
            torch.nn.Linear(*tensors[f"member.{member}.layer.{k}.weight"].T.shape), torch.nn.ReLU())][:-1])
        net.load_state_dict({f"{2 * k}.{part}": tensors[f"member.{member}.layer.{k}.{part}"]
                             for k in range(3) for part in ("weight", "bias")})
        out = net(torch.tensor(x, dtype=torch.float32)).detach().numpy().astype(float)
        means.append(tensors["output.centre"].item() + tensors["output.scale"].item() * out[:, 0])
        spreads.append(np.exp(tensors["output.log_spread"].item() + np.clip(out[:, 1], -8, 8)))
    compare("network: PyTorch from safetensors, mean", np.mean(means, axis=0), data["mean"], 1e-5, rows=False)
    deviation = np.sqrt(np.mean(np.square(spreads), axis=0) + np.var(means, axis=0))
    compare("network: PyTorch from safetensors, deviation", deviation, data["deviation"], 1e-5, rows=False)


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return f"{value:x}"


trees("regression", 4, 1)
trees("outputs", 4, 3)
trees("edges", 2, 2)
network()
if failures:
    sys.exit(f"{len(failures)} comparisons failed")
versions = {m.__name__: m.__version__ for m in (lightgbm, xgboost, onnx, onnxruntime, safetensors, torch, shap)}
hashes = {p.name: fnv(p.read_bytes()) for p in sorted(FOLDER.iterdir())
          if not p.name.endswith(".json") or p.name.endswith(".xgboost.json")}
FILE.write_text(json.dumps(dict(versions=versions, hashes=hashes), indent=1))
