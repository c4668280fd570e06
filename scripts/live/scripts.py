"""Runs the scripts that SCRIPTS=folder npx jest layers/kerasScripts writes, and compares their y with Keras' in __tests__/reference/kerasLayers.json.
python3 scripts/live/scripts.py folder
"""

import contextlib
import io
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np

folder = sys.argv[1]
cases = json.load(open("__tests__/reference/kerasLayers.json"))["cases"]
good = bad = 0
for name in sorted(os.listdir(folder), key=lambda n: (n.split(".")[1], int(n.split(".")[0]))):
    at, target, _ = name.split(".")
    case = cases[int(at)]
    own = {"__name__": "script"}
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(open(os.path.join(folder, name)).read(), name, "exec"), own)
        y = np.asarray(own["y"], dtype="float64").flatten()
        wanted = np.array([float(v) for v in case["y"]])
        off = np.abs(y - wanted).max() / max(1, np.abs(wanted).max()) if y.size == wanted.size else np.inf
        if off > 5e-6:
            raise ValueError(f"off by {off}")
        good += 1
    except Exception as error:
        bad += 1
        print(f"{target} {case['line']}: {type(error).__name__} {str(error)[:160]}")
print(f"{good} scripts give Keras' y, {bad} do not")
