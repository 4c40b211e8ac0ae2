"""Divergence curves, exponents and mutual information at n = 5000, beside nolds on the same array.

The answers are compared before the times: both give Rosenstein's curve over the same pairs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from nolds_peer import NAME, Nolds
from report import record, write

from midstream_lab.attractors import divergence_curve, lyapunov_max, mutual_information, systems

#: Largest difference of the curves, in nats.
SAME = 1e-6
STEPS = 60


def fastest(job: Callable[[], Any], *, repeat: int = 15) -> float:
    """Fastest of some warm runs, in milliseconds."""
    job()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def compare(name: str, x: np.ndarray, delay: int, dim: int, theiler: int, peer: Nolds | None) -> dict[str, Any]:
    """One divergence curve by both."""

    def ours() -> Any:
        return divergence_curve(x, dt=1, delay=delay, embedding_dim=dim, theiler=theiler, steps=STEPS - 1)

    milliseconds = fastest(ours)
    note, peer_value = "fastest of 15; nolds is not installed here", None
    if peer is not None:
        theirs = peer.lyap_r(x, emb_dim=dim, lag=delay, min_tsep=theiler, trajectory_len=STEPS, repeat=3)
        shift = np.abs(ours()["divergence"].values - np.array(theirs["curve"])).max()
        if shift > SAME:
            raise SystemExit(f"{name}: the curves differ by {shift:.0e} nats, more than {SAME}")
        note = f"fastest of 15 and 3; the curves differ by at most {shift:.0e} nats"
        peer_value = 1e3 * theirs["seconds"]
    return record(
        "divergence_curve",
        f"{name}, n=5000, m={dim}",
        milliseconds,
        "ms",
        peer=NAME if peer else None,
        peer_value=peer_value,
        goal={"figure": "ratio", "at_least": 60} if peer else None,
        note=note,
    )


def main() -> int:
    peer = Nolds.find()
    lorenz = systems.Lorenz().trajectory(5000, rng=1).values[:, 0]
    henon = systems.Henon().trajectory(5000, rng=1).values[:, 0]
    noise = np.random.default_rng(0).standard_normal(5000)
    records = [
        compare("Lorenz", lorenz, 6, 5, 50, peer),
        compare("Henon", henon, 1, 3, 5, peer),
    ]
    for name, x in (("Lorenz", lorenz), ("Henon", henon), ("white noise", noise)):
        taken = fastest(lambda x=x: lyapunov_max(x, dt=1), repeat=5)
        records.append(record("lyapunov_max", f"{name}, n=5000", taken, "ms", note="fastest of 5, with all defaults"))
    taken = fastest(lambda: mutual_information(lorenz, max_lag=50))
    records.append(record("mutual_information", "50 lags, n=5000", taken, "ms", note="fastest of 15"))
    for row in records:
        print(row["bench"], row["case"], f"{row['ours']:.3g} ms", row["peer_value"] or "", row["note"])
    write("attractors", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
