"""Warping and editing beside the packages that people use for it, on the same arrays; the answers are compared first.

The best peer counts. The first call is in a new process, with the kernels in the cache on disk.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from compare_peers import VERSIONS, ask
from report import record, write

from midstream_lab.compare import dtw, dtw_distance, edit_distance, lcs_length

ROUNDS = 3


def fastest(job: Callable[[], Any], repeat: int) -> float:
    """Fastest of some warm runs, in milliseconds."""
    job()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def changed(a: np.ndarray, edits: int, symbols: int, rng: np.random.Generator) -> np.ndarray:
    """A copy with random substitutions, deletions and insertions."""
    b = a.tolist()
    for _ in range(edits):
        at, kind = int(rng.integers(len(b))), rng.integers(3)
        if kind == 1:
            del b[at]
        elif kind == 2:
            b.insert(at, int(rng.integers(symbols)))
        else:
            b[at] = int(rng.integers(symbols))
    return np.array(b)


def cases() -> tuple[dict[str, np.ndarray], list[tuple[str, str, str, Callable[..., Any], dict[str, Any]]]]:
    """Arrays, and of each row its name, case, pair, our function and (peers, options, goal, repeat)."""
    rng = np.random.default_rng(0)
    arrays: dict[str, np.ndarray] = {}
    rows: list[tuple[str, str, str, Callable[..., Any], dict[str, Any]]] = []
    warping = ["dtaidistance", "aeon"]
    for n, repeat, goal, goal_band, goal_path in (
        (100, 300, 5, None, None),
        (1000, 20, 10, 4, 10),
        (5000, 5, 12, 10, 8),
    ):
        arrays[f"x{n}"], arrays[f"y{n}"] = rng.standard_normal((2, n)).cumsum(axis=1)
        plain = {"peers": warping, "options": {}, "goal": goal, "repeat": repeat}
        band = {"peers": warping, "options": {"window": n // 10}, "goal": goal_band, "repeat": repeat}
        rows.append(("dtw_distance", f"n={n}", f"{n}", dtw_distance, plain))
        if goal_band:
            rows.append(("dtw_distance", f"n={n}, band of 10%", f"{n}", dtw_distance, band))
            path = {"peers": ["aeon_path"], "options": {}, "goal": goal_path, "repeat": repeat}
            rows.append(("dtw, with its path", f"n={n}", f"{n}", lambda x, y: dtw(x, y).distance, path))
    for n, symbols, repeat in ((100, 20, 300), (1000, 20, 50), (10_000, 20, 5), (10_000, 1000, 5)):
        name = f"{n}_{symbols}"
        arrays[f"x{name}"], arrays[f"y{name}"] = rng.integers(0, symbols, (2, n))
        case = f"coded arrays, n={n:,}, {symbols} symbols"
        edit = {"peers": ["rapidfuzz"], "options": {}, "goal": 3, "repeat": repeat}
        rows.append(("edit_distance", case, name, edit_distance, edit))
        common = {"peers": ["rapidfuzz_lcs"], "options": {}, "goal": 3, "repeat": repeat}
        rows.append(("lcs_length", case, name, lcs_length, common))
    arrays["xsimilar"] = rng.integers(0, 20, 10_000)
    arrays["ysimilar"] = changed(arrays["xsimilar"], 1000, 20, rng)
    similar = {"peers": ["edlib", "rapidfuzz"], "options": {}, "goal": 1, "repeat": 9, "text": True}
    rows.append(("edit_distance", "coded arrays, n=10,000, 1,000 random edits", "similar", edit_distance, similar))
    return arrays, rows


def first_call() -> float:
    """Milliseconds of the first `dtw_distance` of a process, after the imports."""
    script = (
        "import time, numpy as np; from midstream_lab.compare import dtw_distance; x = np.arange(100.0)\n"
        "start = time.perf_counter(); dtw_distance(x, x); print(time.perf_counter() - start)"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return 1e3 * float(done.stdout)


def main() -> int:
    """Ours and the peers in turn, three rounds; the medians are kept."""
    arrays, rows = cases()
    jobs = [
        {"job": peer, "a": f"x{pair}", "b": f"y{pair}", "options": more["options"], "repeat": more["repeat"],
         "text": more.get("text", False)}
        for _, _, pair, _, more in rows for peer in more["peers"]
    ]  # fmt: skip
    ours: list[list[float]] = [[] for _ in rows]
    theirs: list[list[dict[str, float]]] = []
    for _ in range(ROUNDS):
        for times, (_, _, pair, function, more) in zip(ours, rows, strict=True):
            a, b = arrays[f"x{pair}"], arrays[f"y{pair}"]
            times.append(fastest(lambda f=function, a=a, b=b, o=more["options"]: f(a, b, **o), more["repeat"]))
        answers = ask(arrays, jobs)
        if answers is None:
            return 1
        theirs.append(answers)
    records, at = [], 0
    for times, (name, case, pair, function, more) in zip(ours, rows, strict=True):
        answer = function(arrays[f"x{pair}"], arrays[f"y{pair}"], **more["options"])
        peers = {}
        for peer in more["peers"]:
            if abs(theirs[0][at]["answer"] - answer) > 1e-9 * abs(answer):
                raise SystemExit(f"{name}, {case}: {answer}, but {peer} says {theirs[0][at]['answer']}")
            peers[peer] = 1e3 * float(np.median([found[at]["seconds"] for found in theirs]))
            at += 1
        best = min(peers, key=lambda peer: peers[peer])
        records.append(
            record(
                name,
                case,
                float(np.median(times)),
                "ms",
                peer=VERSIONS[best],
                peer_value=peers[best],
                goal={"figure": "ratio", "at_least": more["goal"]},
                note="; ".join(f"{VERSIONS[peer]} {value:.3g}" for peer, value in peers.items() if peer != best),
            )
        )
    records.append(
        record(
            "dtw_distance", "first call of a process", first_call(), "ms", note="n=100, kernels in the cache on disk"
        )
    )
    write("compare", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
