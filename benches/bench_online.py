"""Samples a second that the online twins sustain on one core, by hand and through a feed, beside the batch each time.

The answers are compared before the times: a twin that is exact must end with what the batch says of its last window.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from report import record, write

from midstream_lab.attractors import (
    OnlineDivergence,
    OnlineEmbedding,
    OnlineNeighbours,
    OnlinePermutationEntropy,
    OnlineRecurrenceRate,
    OnlineRqa,
    OnlineZeroOne,
    divergence_curve,
    embed,
    permutation_entropy,
    rqa,
    systems,
    zero_one_test,
)
from midstream_lab.attractors.online import Twin
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase

WINDOW, EVERY, ROWS, GOAL = 4096, 100, 20_000, 10_000
VECTORS = {"delay": 6, "embedding_dim": 3, "theiler": 40}
PLOT = {"radius": 1.5, **VECTORS}
SCHEMA = Schema(channels=(Channel(name="x"),), time=TimeBase(unit="step"))


@dataclass(frozen=True, kw_only=True)
class Job:
    """A twin, the batch function beside it, and the variable in which the two must agree."""

    make: Callable[[], Twin]
    batch: Callable[[np.ndarray], xr.Dataset]
    variable: str
    every: int = EVERY


JOBS = {
    "embedding, m=3": Job(
        make=lambda: OnlineEmbedding(window=WINDOW, delay=6, dim=3),
        batch=lambda x: embed(x, delay=6, dim=3).to_dataset(name="embedding"),
        variable="embedding",
    ),
    "permutation entropy, order 5": Job(
        make=lambda: OnlinePermutationEntropy(window=WINDOW, every=EVERY, order=5),
        batch=lambda x: permutation_entropy(x, order=5),
        variable="entropy",
    ),
    "recurrence rate, m=3": Job(
        make=lambda: OnlineRecurrenceRate(window=WINDOW, every=EVERY, **PLOT),
        batch=lambda x: rqa(x, rate=None, **PLOT),
        variable="recurrence_rate",
    ),
    "rqa, m=3": Job(
        make=lambda: OnlineRqa(window=WINDOW, every=EVERY, **PLOT),
        batch=lambda x: rqa(x, rate=None, **PLOT),
        variable="determinism",
    ),
    "nearest neighbours, m=3": Job(
        make=lambda: OnlineNeighbours(window=WINDOW, every=EVERY, **VECTORS),
        batch=lambda x: divergence_curve(x, dt=1, steps=2, **VECTORS),
        variable="",
    ),
    "divergence, m=3, 100 steps": Job(
        make=lambda: OnlineDivergence(window=WINDOW, every=EVERY, steps=100, **VECTORS),
        batch=lambda x: divergence_curve(x, dt=1, steps=100, **VECTORS),
        variable="divergence",
    ),
    "divergence, m=3, 100 steps, half-life 1,000": Job(
        make=lambda: OnlineDivergence(window=WINDOW, every=EVERY, steps=100, half_life=1000, **VECTORS),
        batch=lambda x: divergence_curve(x, dt=1, steps=100, **VECTORS),
        variable="",
    ),
    "0-1 test in blocks": Job(
        make=lambda: OnlineZeroOne(window=WINDOW), batch=zero_one_test, variable="", every=WINDOW
    ),
}


def agree(name: str, job: Job, x: np.ndarray) -> str:
    """A note that the twin ends with the batch's answer; the bench ends if it does not."""
    if not job.variable:
        return ""
    twin = job.make()
    for block in blocks(x, 1000):
        twin.update(block)
    told, expected = twin.result()[job.variable].values, job.batch(x[-WINDOW:])[job.variable].values
    if not np.array_equal(told, expected):
        raise SystemExit(f"{name}: the twin says {told}, the batch {expected}")
    return "; the same as the batch"


def blocks(x: np.ndarray, size: int) -> list[Block]:
    """`x` in blocks of `size` rows."""
    return [Block(first=i, start=i, columns=(x[i : i + size],)) for i in range(0, len(x), size)]


def by_hand(make: Callable[[], Twin], x: np.ndarray, size: int) -> float:
    """Rows a second that `update` takes once the window is full."""
    twin = make()
    twin.update(Block(first=0, start=0, columns=(x[:WINDOW],)))
    work = [Block(first=i, start=i, columns=(x[i : i + size],)) for i in range(WINDOW, len(x), size)]
    start = time.perf_counter()
    for block in work:
        twin.update(block)
    return (len(x) - WINDOW) / (time.perf_counter() - start)


def through_a_feed(make: Callable[[], Twin], x: np.ndarray, size: int) -> float:
    """Rows a second from the first append to the last result, without loss; the window has to fill first."""
    feed = Feed(SCHEMA)
    found = feed.pipe(make(), policy="block")
    work = blocks(x, size)
    start = time.perf_counter()
    for block in work:
        feed.wait_room(size, timeout=60)
        feed.append(block)
    feed.close()
    if not found.wait(timeout=120):
        raise SystemExit("the feed did not end")
    rate = len(x) / (time.perf_counter() - start)
    if found.error is not None or found.counts.received == 0 or found.counts.dropped:
        raise SystemExit(f"the feed gave {found.counts} ({found.error})")
    return rate


def anew(job: Job, x: np.ndarray) -> float:
    """Rows a second where the batch function is called on the window at every hop: the fastest of 3."""
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        job.batch(x[-WINDOW:])
        seconds.append(time.perf_counter() - start)
    return job.every / min(seconds[1:])


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    x = systems.Lorenz().trajectory(WINDOW + ROWS, rng=1).values[:, 0].copy()
    rows: list[dict[str, Any]] = []
    for name, job in JOBS.items():
        note, peer = agree(name, job, x), anew(job, x)
        ways = {
            "by hand, blocks of 100": lambda job=job: by_hand(job.make, x, 100),
            "by hand, blocks of 1,000": lambda job=job: by_hand(job.make, x, 1000),
            "through a feed, blocks of 100": lambda job=job: through_a_feed(job.make, x, 100),
        }
        for way, measure in ways.items():
            case = f"{name}: {way}"
            result = "a result per block" if job.every == WINDOW else f"a result every {EVERY}"
            rows.append(
                record(
                    f"online, window {WINDOW:,}",
                    case,
                    measure(),
                    "rows/s",
                    better="higher",
                    peer="batch anew each time",
                    peer_value=peer,
                    goal={"figure": "ours", "at_least": GOAL},
                    note=f"Lorenz, {ROWS:,} rows on one core; {result}{note}",
                )
            )
            print(case, f"| {rows[-1]['ours']:.0f} rows/s, batch {peer:.0f}", flush=True)
    write("online", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
