"""Correlation sums, recurrence quantification and entropies, beside the peers on the same arrays.

The answers are compared before the times.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from invariant_peers import Peer
from report import record, write

from midstream_lab.attractors import correlation_sum, permutation_entropy, rqa, systems, zero_one_test


def fastest(job: Callable[[], Any], *, repeat: int = 7) -> float:
    """Fastest of some warm runs, in milliseconds."""
    job()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def same(name: str, ours: Any, theirs: Any, *, within: float = 1e-9) -> str:
    """A note of the largest difference; the bench ends if it is too large."""
    difference = float(np.abs(np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)).max())
    if not difference <= within:
        raise SystemExit(f"{name}: the answers differ by {difference:.0e}, more than {within}")
    return f"the answers differ by at most {difference:.0e}"


def row(bench: str, case: str, job: Callable[[], Any], peer: str, told: dict[str, Any], goal: float, note: str) -> dict:
    """A row with a ratio to a peer."""
    return record(
        bench,
        case,
        fastest(job),
        "ms",
        peer=peer,
        peer_value=1e3 * told["seconds"],
        goal={"figure": "ratio", "at_least": goal},
        note=f"fastest of 7 and 3; {note}",
    )


def beside_peers(x: np.ndarray, noise: np.ndarray) -> list[dict[str, Any]]:
    """What others do too."""
    rows = []
    radii = x.std() * 0.1 * 1.03 ** np.arange(55)
    if nolds := Peer.find("nolds"):
        told = nolds.run("corr_dim", x, dim=5, delay=6, radii=radii.tolist(), repeat=3)

        def pairs() -> Any:
            return correlation_sum(x, radii=radii, delay=6, embedding_dim=5, theiler=0, norm="euclidean")

        # nolds counts every point with itself
        theirs = np.exp(told["log_sum"]) - 1.0 / (len(x) - 4 * 6 - 1)
        note = same("correlation_sum", pairs()["correlation_sum"], theirs, within=1e-12)
        rows.append(row("correlation_sum", "Lorenz, n=5000, m=5, 55 radii", pairs, "nolds 0.6.1", told, 100, note))
    if others := Peer.find("recurrence"):
        told = others.run("rqa", x, dim=3, delay=6, radius=1.5, repeat=3)

        def lines() -> Any:
            return rqa(x, radius=1.5, rate=None, delay=6, embedding_dim=3, theiler=0)

        names = [name for name in told if name != "seconds"]
        note = same("rqa", [float(lines()[name]) for name in names], [told[name] for name in names], within=1e-6)
        rows.append(row("rqa", "Lorenz, n=5000, m=3", lines, "pyunicorn 1.0.0", told, 7, note))
        for order in (3, 5):
            told = others.run("perm_entropy", noise, order=order, repeat=3)

            def entropy(order: int = order) -> Any:
                return permutation_entropy(noise, order=order)

            note = same("permutation_entropy", float(entropy()["entropy"]) / math.log(2.0), told["bits"])
            case = f"noise, n=1,000,000, order {order}"
            rows.append(row("permutation_entropy", case, entropy, "antropy 0.2.3", told, 1, note))
    return rows


def main() -> int:
    x = systems.Lorenz().trajectory(5000, rng=1).values[:, 0].copy()
    noise = np.random.default_rng(0).standard_normal(1_000_000)
    rows = beside_peers(x, noise)
    for name, data in (("Lorenz", x), ("white noise", noise[:5000])):
        taken = fastest(lambda data=data: zero_one_test(data))
        rows.append(record("zero_one_test", f"{name}, n=5000, 100 values of c", taken, "ms", note="fastest of 7"))
    for found in rows:
        print(found["bench"], "|", found["case"], f"| {found['ours']:.4g} {found['unit']}", found["peer_value"] or "")
    write("invariants", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
