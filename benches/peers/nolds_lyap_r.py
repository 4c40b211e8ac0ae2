"""Run in the peer's environment: ``python nolds_lyap_r.py x.npy '{"min_tsep": 40, "repeat": 3}'`` prints JSON."""

import json
import sys
import time
import warnings

import nolds
import numpy as np

x = np.load(sys.argv[1])
options = json.loads(sys.argv[2])
repeat = options.pop("repeat", 1)
warnings.simplefilter("ignore")
seconds = []
for _ in range(repeat):
    start = time.perf_counter()
    exponent, (steps, curve, line) = nolds.lyap_r(x, fit="poly", debug_data=True, **options)
    seconds.append(time.perf_counter() - start)
json.dump(
    {
        "exponent": float(exponent),
        "steps": np.asarray(steps).tolist(),
        "curve": np.asarray(curve, dtype=float).tolist(),
        "seconds": min(seconds),
    },
    sys.stdout,
)
