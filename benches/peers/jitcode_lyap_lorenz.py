"""Run in the peer's environment: ``python jitcode_lyap_lorenz.py '{"time": 1000}'`` prints JSON."""

import json
import sys
import time
import warnings

import numpy as np
from jitcode import jitcode_lyap, y

warnings.simplefilter("ignore")
options = json.loads(sys.argv[1])
f = [10 * (y(1) - y(0)), y(0) * (28 - y(2)) - y(1), y(0) * y(1) - 8.0 / 3.0 * y(2)]
start = time.perf_counter()
system = jitcode_lyap(f, n_lyap=3)
system.set_integrator(options["integrator"], rtol=options["rtol"], atol=options["rtol"])
system.compile_C()
compiled = time.perf_counter() - start
seconds = []
for _ in range(options["repeat"]):
    system.set_initial_value(np.array(options["initial"]), 0.0)
    start = time.perf_counter()
    every = options["every"]
    growth, weights = [], []
    for t in every * np.arange(1, round(options["time"] / every) + 1):
        _, local, _ = system.integrate(t)
        growth.append(local)
    seconds.append(time.perf_counter() - start)
json.dump({"spectrum": np.mean(growth, axis=0).tolist(), "seconds": min(seconds), "compile": compiled}, sys.stdout)
