"""The packages that people compare sequences with, on the same arrays, in an environment made on first use.

``python benches/compare_peers.py`` stores their answers on random pairs in tests/oracles/compare.json.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from invariant_peers import PEERS, Peer

ORACLE = PEERS.parents[1] / "tests" / "oracles" / "compare.json"
VERSIONS = {
    "dtaidistance": "dtaidistance 2.5.1",
    "aeon": "aeon 1.6.0",
    "aeon_path": "aeon 1.6.0",
    "aeon_weighted": "aeon 1.6.0",
    "tslearn": "tslearn 0.10.0",
    "dtw_python": "dtw-python 1.9.0",
    "rapidfuzz": "RapidFuzz 3.14.6",
    "rapidfuzz_osa": "RapidFuzz 3.14.6",
    "rapidfuzz_lcs": "RapidFuzz 3.14.6",
    "edlib": "edlib 1.3.9",
}


def ask(arrays: dict[str, np.ndarray], jobs: list[dict[str, Any]]) -> list[dict[str, float]] | None:
    """Answers and fastest times of the jobs of ``peers/compare.py``; None if the environment cannot be made."""
    peer = Peer.find("compare")
    if peer is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pairs.npz"
        np.savez(file, jobs=np.array(json.dumps(jobs)), **arrays)
        command = [str(peer.python), str(PEERS / "compare.py"), str(file)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def pairs() -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Random walks and codes of many lengths, and what each peer is asked of them."""
    rng = np.random.default_rng(5)
    arrays, jobs = {}, []
    for k in range(25):
        n, m = rng.integers(2, 60, 2).tolist() if k < 20 else rng.integers(140, 400, 2).tolist()
        arrays[f"x{k}"] = rng.standard_normal(n).cumsum().round(3)
        arrays[f"y{k}"] = rng.standard_normal(m).cumsum().round(3)
        arrays[f"z{k}"] = rng.standard_normal(n).cumsum().round(3)
        # equal lengths where a peer has another rule for unequal ones: the bands of dtaidistance, which are wider, and
        # its penalty, with which it finds no path of 55 against 8; the bands of tslearn, which are bent
        asked = [
            ("dtaidistance", "y", {}), ("dtaidistance", "z", {"window": 3}), ("dtaidistance", "z", {"penalty": 0.75}),
            ("aeon", "z", {}), ("aeon_path", "y", {}), ("aeon_weighted", "z", {"weight": 0.05}),
            ("tslearn", "z", {"window": 4}), ("tslearn", "z", {"itakura": 2.0}),
            ("dtw_python", "y", {"step_pattern": "symmetric2"}), ("dtw_python", "z", {"step_pattern": "asymmetric"}),
            ("dtw_python", "z", {"step_pattern": "asymmetric", "open_begin": True, "open_end": True}),
        ]  # fmt: skip
        jobs += [{"job": job, "a": f"x{k}", "b": f"{b}{k}", "options": options} for job, b, options in asked]
    for k in range(40):
        n, m, symbols = (int(rng.integers(1, most)) for most in (400, 400, 30))
        arrays[f"a{k}"], arrays[f"b{k}"] = rng.integers(0, symbols, n), rng.integers(0, symbols, m)
        names = ("rapidfuzz", "rapidfuzz_osa", "rapidfuzz_lcs")
        jobs += [{"job": job, "a": f"a{k}", "b": f"b{k}", "options": {}} for job in names]
    return arrays, jobs


def main() -> int:
    """Store what the peers say."""
    arrays, jobs = pairs()
    answers = ask(arrays, jobs)
    if answers is None:
        return 1
    digest = hashlib.sha256(b"".join(array.astype("<f8").tobytes() for array in arrays.values())).hexdigest()
    told = {
        "command": "make oracles",
        "sha256": digest,
        "arrays": {name: array.tolist() for name, array in arrays.items()},
        "answers": [
            {**job, "version": VERSIONS[job["job"]], "answer": found["answer"]}
            for job, found in zip(jobs, answers, strict=True)
        ],
    }
    ORACLE.write_text(json.dumps(told) + "\n")
    print(f"wrote {ORACLE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
