"""All pairs and the nearest neighbour beside the packages that people use for it, one thread each, same arrays.

The answers are compared first; the best peer counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bench_compare import fastest
from compare_peers import VERSIONS
from invariant_peers import PEERS, Peer
from report import record, write

from midstream_lab.compare import nearest, pairwise

ROUNDS = 3
WINDOW = 12


def arrays() -> dict[str, np.ndarray]:
    """Random walks: 200 for all pairs, one to look for among 2,000."""
    rng = np.random.default_rng(0)
    walks = {name: rng.standard_normal((n, 128)).cumsum(axis=1) for name, n in (("X", 200), ("many", 2000))}
    return {**walks, "query": rng.standard_normal(128).cumsum(), "window": np.array(WINDOW)}


def ask(given: dict[str, np.ndarray], peer: Peer) -> dict[str, dict[str, Any]]:
    """What the peers answer, and their fastest times."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "series.npz"
        np.savez(file, **given)
        command = [str(peer.python), str(PEERS / "pairwise.py"), str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> int:
    """Ours and the peers in turn, three rounds; the medians are kept."""
    peer = Peer.find("compare")
    if peer is None:
        return 1
    given = arrays()
    found = nearest(given["query"], given["many"], window=WINDOW)
    rows = {
        "": ("pairwise", "200 walks of 128", 20, lambda: pairwise(given["X"]), pairwise(given["X"]).values.ravel()),
        "_nearest": (
            "nearest", "2,000 walks of 128, band of 10%", 50,
            lambda: nearest(given["query"], given["many"], window=WINDOW),
            np.array([found["distance"].item(), found["index"].item()]),
        ),
    }  # fmt: skip
    ours: dict[str, list[float]] = {kind: [] for kind in rows}
    theirs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for kind, (_, _, repeat, job, _) in rows.items():
            ours[kind].append(fastest(job, repeat))
        for name, told in ask(given, peer).items():
            theirs.setdefault(name, []).append(1e3 * told["seconds"])
            answer = rows["_nearest" if name.endswith("_nearest") else ""][-1]
            answered = np.array(told["answer"])
            if not np.allclose(answered, answer, rtol=1e-9, atol=1e-9):
                raise SystemExit(f"{name} gives other answers")
    records = []
    for kind, (name, case, _, _, _) in rows.items():
        peers = {p: float(np.median(theirs[p + kind])) for p in ("aeon", "dtaidistance", "tslearn")}
        best = min(peers, key=lambda p: peers[p])
        records.append(
            record(
                name,
                case,
                float(np.median(ours[kind])),
                "ms",
                peer=VERSIONS[best],
                peer_value=peers[best],
                goal={"figure": "ratio", "at_least": 8},
                note="one thread; " + "; ".join(f"{VERSIONS[p]} {v:.3g}" for p, v in peers.items() if p != best),
            )
        )
    write("pairwise", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
