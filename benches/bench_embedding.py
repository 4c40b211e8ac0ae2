"""Choosing an embedding: mutual information and Cao's test beside neurokit2, and the peak memory of long sequences."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
from bench_invariants import row, same
from embedding_peers import VERSION
from invariant_peers import Peer
from report import record, write

from midstream_lab.attractors import estimate_embedding_dim, false_neighbours, mutual_information, systems

#: What may be held at once, in MB.
MOST = 4096
#: Length and call of what must stay within it; each runs in a process of its own.
LONG = (
    ("embed", 1_000_000, "embed(x, delay=6, dim=5)"),
    ("divergence_curve", 200_000, "divergence_curve(x, dt=1 / 60)"),
    ("divergence_curve, Kantz", 200_000, 'divergence_curve(x, dt=1 / 60, method="kantz")'),
    ("lyapunov_max", 200_000, "lyapunov_max(x, dt=1 / 60)"),
    ("estimate_embedding_dim", 200_000, "estimate_embedding_dim(x)"),
    ("false_neighbours", 200_000, "false_neighbours(x)"),
    ("embedding_report", 200_000, "embedding_report(x)"),
    ("correlation_dimension", 200_000, "correlation_dimension(x)"),
)
CHILD = """
import json, resource, sys, time
from midstream_lab.attractors import *
x = systems.Lorenz().trajectory({n}, rng=1).values[:, 0].copy()
start = time.perf_counter()
{call}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
json.dump([peak / (2**20 if sys.platform == "darwin" else 2**10), time.perf_counter() - start], sys.stdout)
"""


def beside_peer(x: np.ndarray) -> list[dict[str, Any]]:
    """What neurokit2 does too, on the same samples; its conventions are told in embedding_peers.py."""
    peer = Peer.find("neurokit")
    if peer is None:
        return []

    def information() -> Any:
        return mutual_information(x, max_lag=50, bins=16)

    labels = np.argsort(np.argsort(x)) * 16 // len(x)
    told = peer.run("information", labels, bins=16, max_lag=50, repeat=3)
    note = same("mutual_information", information()[1:] / math.log(2.0), told["bits"])
    rows = [row("mutual_information", "Lorenz, n=5000, lags 1 to 50, 16 bins", information, VERSION, told, 15, note)]
    told = peer.run("delay", x, max_lag=50, repeat=3)
    note = f"its default, a smoothed histogram: it takes a delay of {told['delay']:.0f}"
    rows.append(row("mutual_information", "the same, to its default", information, VERSION, told, 15, note))
    options = {"delay": 6, "max_dim": 8, "theiler": 10}

    def cao() -> Any:
        return estimate_embedding_dim(x, **options)

    told = peer.run("cao", x, **options, repeat=3)
    note = f"E2: {same('cao', cao()['e2'], told['e2'])}; false neighbours included"
    rows.append(row("estimate_embedding_dim", "Lorenz, n=5000, Cao up to 8", cao, VERSION, told, 6, note))

    def false() -> Any:
        return false_neighbours(x, **options)

    told = peer.run("fnn", x, **options, ratio=15.0, repeat=3)
    note = f"by ratio: {same('fnn', false()['by_ratio'], told['by_ratio'])}"
    return [*rows, row("false_neighbours", "Lorenz, n=5000, up to 8", false, VERSION, told, 6, note)]


def in_memory(name: str, n: int, call: str) -> dict[str, Any]:
    """Peak memory of a process that makes one call."""
    child = [sys.executable, "-c", CHILD.format(n=n, call=call)]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    peak, seconds = json.loads(done.stdout)
    return record(
        name,
        f"Lorenz, n={n:,}: peak memory of the process",
        peak,
        "MB",
        goal={"figure": "ours", "at_most": MOST},
        note=f"the first call, {seconds:.0f} s",
    )


def main() -> int:
    rows = beside_peer(systems.Lorenz().trajectory(5000, rng=1).values[:, 0].copy())
    rows += [in_memory(*job) for job in LONG]
    for found in rows:
        print(found["bench"], "|", found["case"], f"| {found['ours']:.4g} {found['unit']}", found["peer_value"] or "")
    write("embedding", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
