"""How often `lyapunov_max` answers and how right it is, on systems it was never tuned on, beside its peers.

Each segment has a random start; flows have 5000 samples at 30 to 60 to the dominant period, maps 5000
iterates. ``--noise 0.01`` adds white noise of 1% of the standard deviation. ``--set tuning`` shows the
systems on which thresholds and weights were set.

The peers get the first of the segments that ours answered: nolds with its defaults and the Theiler window of ours;
neurokit2, which chooses none of them, with the delay and the dimension of ours too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from bars import Row, Run, shortfalls, summarise
from held_out import HELD_OUT
from invariant_peers import PEERS, Peer
from known import TUNING, Case, segment
from report import record, write

from midstream_lab.attractors import lyapunov_max

NAMES = {"nolds": "nolds 0.6.1", "neurokit": "neurokit2 0.2.12"}
#: Segments of each system that the peers get.
BESIDE = 10


def estimate(x: np.ndarray, dt: float, truth: float) -> tuple[Run, dict[str, int]]:
    """One segment by ours, with the delay, the dimension and the Theiler window that it chose."""
    found = lyapunov_max(x, dt=dt)
    low, high = found["interval"].values
    run = Run(truth=truth, value=float(found["exponent"]), low=low, high=high, ok=found["status"].item() == "ok")
    names = {"delay": "delay", "dim": "embedding_dim", "theiler": "theiler"}
    return run, {short: int(found.attrs.get(name, 0)) for short, name in names.items()}


def ask(name: str, peer: Peer, segments: np.ndarray, options: list[dict[str, int]]) -> np.ndarray:
    """The peer's exponent of each segment, per sample."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.npy"
        np.save(file, segments)
        command = [str(peer.python), str(PEERS / "exponents.py"), name, str(file), json.dumps(options)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return np.array(json.loads(done.stdout))


def rows_of(name: str, row: Row, note: str) -> list[dict[str, Any]]:
    """The figures of one system as records of the table; errors and widths only where anything was answered."""
    whole = name == "all"
    bars = [
        ("lyapunov_max: median relative error", row.error, "of the truth", "at_most", 0.15),
        ("coverage of the 0.90 interval", row.coverage, "of answers", "at_least", 0.82 if whole else 0.70),
        ("median width of the interval", row.width, "of the value", "at_most", 0.60),
        ("answered", row.answered, "of segments", "at_least", 0.60 if whole else 0.40),
        ("confidently wrong", row.wrong, "of segments", "at_most", 0.02 if whole else 0.05),
    ]
    return [
        record(
            what, name, figure, unit,
            better="higher" if side == "at_least" else "lower", goal={"figure": "ours", side: bar}, note=note,
        )
        for what, figure, unit, side, bar in bars
        if np.isfinite(figure)
    ]  # fmt: skip


def measure(
    cases: dict[str, Case], noise: float, count: int, peers: dict[str, Peer]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Every case at one level of noise, printed as it comes: the rows of ours, and those beside the peers."""
    level = f", {noise:.0%} noise" if noise else ""
    note = f"{count} segments{level}"
    runs: dict[str, list[Run]] = {}
    pooled: dict[str, list[np.ndarray]] = {name: [] for name in ("ours", *peers)}
    ours, beside = [], []

    def compare(name: str, errors: dict[str, np.ndarray], what: str) -> str:
        mine = float(np.median(errors["ours"]))
        middle = {short: float(np.median(errors[short])) for short in peers}
        job = "lyapunov_max beside peers: median relative error"
        for short, figure in middle.items():
            beside.append(
                record(job, name, mine, "of the truth", peer=NAMES[short], peer_value=figure, note=what + level)
            )
        return "".join(f", {short} error {figure:.3f} (ours {mine:.3f})" for short, figure in middle.items())

    for name, case in cases.items():
        runs[name], told = [], []
        for seed in range(count):
            x, dt = segment(case, np.random.default_rng([2026, seed]), noise=noise)
            run, options = estimate(x, dt, case.truth)
            runs[name].append(run)
            if run.ok and len(told) < BESIDE:
                told.append((x, dt, options, run.value))
        ours += rows_of(name, row := summarise(runs[name]), note)
        line = f"{name} ({note}): {row}"
        if told and peers:
            segments, steps, options, values = zip(*told, strict=True)
            found = {short: ask(short, peer, np.array(segments), list(options)) for short, peer in peers.items()}
            found = {"ours": np.array(values)} | {short: each / np.array(steps) for short, each in found.items()}
            errors = {short: np.abs(each / case.truth - 1.0) for short, each in found.items()}
            for short, each in errors.items():
                pooled[short].append(each)
            line += compare(name, errors, f"the {len(told)} first segments that ours answered")
        print(line, flush=True)
    whole = summarise([run for some in runs.values() for run in some])
    line = f"all ({note}): {whole}; below the bar: {shortfalls(runs) or 'nothing'}"
    if peers and pooled["ours"]:
        line += compare("all", {short: np.concatenate(each) for short, each in pooled.items()}, "those of all systems")
    print(line, flush=True)
    return ours + rows_of("all", whole, note), beside


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--noise", type=float, nargs="*", default=[0.0, 0.01])
    parser.add_argument("--set", choices=("reported", "tuning"), default="reported")
    args = parser.parse_args()
    if args.set == "tuning":
        for noise in args.noise:
            measure(TUNING, noise, args.segments, {})
        return 0
    peers = {name: peer for name in NAMES if (peer := Peer.find(name))}
    records: list[dict[str, Any]] = []
    for noise in args.noise:
        for rows in measure(HELD_OUT, noise, args.segments, peers):
            records += rows
        write("accuracy", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
