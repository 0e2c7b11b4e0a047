"""Life of two designs from Python: predict.py LIBRARY MODEL (the library is built by `make library`)."""
import ctypes
import json
import sys

library = ctypes.CDLL(sys.argv[1])
library.solidfade_predict_json.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
library.solidfade_free.argtypes = [ctypes.c_void_p]
design = {"cathode_material": "NCM811", "electrolyte_material": "Li6PS5Cl", "anode_material": "Li-In",
          "upper_cutoff_v": 4.3, "voltage_reference": "Li", "temperature_celsius": 25, "stack_pressure_mpa": 50}
request = {"model": sys.argv[2], "seed": 1, "cells": [
    {"cell_id": "bare", "coating_class": "none", **design},
    {"cell_id": "coated", "coating": "LiNbO3", **design}]}
answer = ctypes.c_void_p()
code = library.solidfade_predict_json(json.dumps(request).encode(), ctypes.byref(answer))
result = json.loads(ctypes.string_at(answer))
library.solidfade_free(answer)
for cell in result.get("cells", []):
    print(cell["cell_id"], "P(life >= 500) =", round(cell["life"]["p_life_ge"]["500"], 3))
sys.exit("; ".join(e["message"] for e in result["errors"]) or code)
