"""How often `lyapunov_max` answers and how right it is, beside nolds on the same segments.

Each segment has a random start; flows have 5000 samples at 30 to 60 to the dominant period, maps 5000
iterates. ``--noise 0.01`` adds white noise of 1% of the standard deviation. ``--set tuning`` shows the
systems on which thresholds and weights were set; the four reported ones were never used for that.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from bars import Row, Run, shortfalls, summarise
from known import REPORTED, TUNING, Case, segment
from nolds_peer import NAME, Nolds
from report import record, write

from midstream_lab.attractors import lyapunov_max


def segments(case: Case, count: int, noise: float) -> Iterator[tuple[np.ndarray, float]]:
    """The same segments for every estimator."""
    for seed in range(count):
        yield segment(case, np.random.default_rng([2026, seed]), noise=noise)


def estimate(x: np.ndarray, dt: float, truth: float) -> Run:
    """One segment by ours."""
    found = lyapunov_max(x, dt=dt)
    low, high = found["interval"].values
    return Run(truth=truth, value=float(found["exponent"]), low=low, high=high, ok=found["status"].item() == "ok")


def nolds_error(peer: Nolds, case: Case, count: int, noise: float) -> float:
    """Median relative error of ``nolds.lyap_r`` with its defaults and the Theiler window that ours uses."""
    errors = []
    for x, dt in segments(case, count, noise):
        theiler = int(lyapunov_max(x, dt=dt, draws=1).attrs["theiler"])
        errors.append(abs(peer.lyap_r(x, min_tsep=theiler)["exponent"] / dt / case.truth - 1.0))
    return float(np.median(errors))


def rows_of(name: str, row: Row, peer: float | None, note: str) -> list[dict[str, Any]]:
    """The figures of one system as records of the table."""
    return [
        record(
            "lyapunov_max: median relative error",
            name,
            row.error,
            "of the truth",
            peer=NAME if peer is not None else None,
            peer_value=peer,
            goal={"figure": "ours", "at_most": 0.15},
            note=note,
        ),
        record(
            "coverage of the 0.90 interval",
            name,
            row.coverage,
            "of answers",
            better="higher",
            goal={"figure": "ours", "at_least": 0.82 if name.startswith("all") else 0.70},
            note=note,
        ),
        record(
            "median width of the interval",
            name,
            row.width,
            "of the value",
            goal={"figure": "ours", "at_most": 0.60},
            note=note,
        ),
        record(
            "answered",
            name,
            row.answered,
            "of segments",
            better="higher",
            goal={"figure": "ours", "at_least": 0.60 if name.startswith("all") else 0.40},
            note=note,
        ),
        record(
            "confidently wrong",
            name,
            row.wrong,
            "of segments",
            goal={"figure": "ours", "at_most": 0.02 if name.startswith("all") else 0.05},
            note=note,
        ),
    ]


def measure(cases: dict[str, Case], noise: float, count: int, peer: Nolds | None) -> list[dict[str, Any]]:
    """Every case at one level of noise, printed as it comes."""
    note = f"{count} segments" + (f", {noise:.0%} noise" if noise else "")
    runs, records = {}, []
    for name, case in cases.items():
        runs[name] = [estimate(x, dt, case.truth) for x, dt in segments(case, count, noise)]
        error = nolds_error(peer, case, min(count, 10), noise) if peer else None
        records += rows_of(name, row := summarise(runs[name]), error, note)
        print(f"{name} ({note}): {row}" + (f", nolds error {error:.3f}" if peer else ""), flush=True)
    whole = summarise([run for some in runs.values() for run in some])
    print(f"all ({note}): {whole}; below the bar: {shortfalls(runs) or 'nothing'}", flush=True)
    return records + rows_of("all", whole, None, note)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--noise", type=float, nargs="*", default=[0.0, 0.01])
    parser.add_argument("--set", choices=("reported", "tuning"), default="reported")
    args = parser.parse_args()
    reported = args.set == "reported"
    peer = Nolds.find() if reported else None
    records = []
    for noise in args.noise:
        records += measure(REPORTED if reported else TUNING, noise, args.segments, peer)
        if reported:
            write("accuracy", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
