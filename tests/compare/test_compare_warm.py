"""After warm(), no face of the room compiles anything more."""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
import numpy as np
import numba.core.dispatcher
from midstream_lab import compare
from midstream_lab.feed import Block

def entries():
    return {f"{name}.{key}": len(value.signatures) for name, module in list(sys.modules.items())
            if name.startswith("midstream_lab.kernels.compare") for key, value in vars(module).items()
            if isinstance(value, numba.core.dispatcher.Dispatcher)}

list(compare.warm())
before = entries()
rng = np.random.default_rng(0)
fixed = rng.standard_normal(300)
fixed.flags.writeable = False
two = rng.standard_normal((9, 2))
for x in (rng.standard_normal(300), fixed, list(fixed), fixed.astype(np.float32), fixed[::2], two):
    for options in ({}, {"window": 290}, {"cost": "absolute"}, {"penalty": 1}, {"weight": 1}, {"itakura": 2.5},
                    {"step_pattern": "symmetric2"}, {"open_begin": True, "step_pattern": "asymmetric"}):
        compare.dtw_distance(x, x, **options)
        compare.dtw(x, x, cost_matrix=True, **options)
for x in (rng.standard_normal(300), fixed, list(fixed), fixed.astype(np.float32), fixed[::2]):
    compare.matrix_profile(x, window=8, n_jobs=2); compare.join_profile(x, x[:50], window=8)
    for measure in ("euclidean", "dtw"):
        compare.find(x[:9], x, k=3, measure=measure)
    compare.distance_profile(x[:9], x, normalize=False)
    compare.SpringMonitor(x[:9], 1).update(Block(first=0, start=0, columns=(np.asarray(x),)))
for a in ("spam" * 400, list(range(400)), np.arange(400, dtype=np.int8), ["x", (1, 2)], np.array(["x", "y"])):
    compare.edit_distance(a, a[::-1]); compare.edit_alignment(a[:9], a[:7], transpose=0.5); compare.lcs(a, a[::-1])
    compare.edit_distance(a, a, delete=3, transpose=2)
print(json.dumps({k: v for k, v in entries().items() if v != before[k]}))
"""


def test_after_warm_no_face_compiles_anything() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {}
