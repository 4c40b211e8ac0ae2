"""What both ends of both stacks share in bench_quic.py: a sample, its pace, and the figures of a run."""

from __future__ import annotations

import gc
import json
import struct
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

#: A sample: when it was made, in ns of CLOCK_MONOTONIC, which all processes of this machine share; its number; a value.
SAMPLE = struct.Struct("<qqd")
PERIOD = 0.001
#: Samples at the start that are not counted.
WARM = 200
#: Seconds that the bulk stream has to find its speed.
SETTLE = 1.0
#: A run that has not brought its samples after this many times its length has failed.
PATIENCE = 5
#: The cases in the order of one run: the samples alone, the bulk stream alone, both.
CASES = ("idle", "bulk", "both")


def samples(seconds: float) -> int:
    """How many samples a run of so many seconds has."""
    return WARM + round(seconds / PERIOD)


def pace(count: int) -> Iterator[int]:
    """Count, a number every millisecond by absolute times."""
    begun = time.perf_counter()
    for i in range(count):
        time.sleep(max(0.0, begun + i * PERIOD - time.perf_counter()))
        yield i


class Arrivals:
    """When each sample was sent and came, and how many bytes of the bulk stream had come when."""

    def __init__(self, count: int) -> None:
        self.sent = np.zeros(count, np.int64)
        self.came = np.zeros(count, np.int64)
        self._done = threading.Event()
        self.marks: list[tuple[int, int]] = [(time.perf_counter_ns(), 0)]

    def sample(self, stamp: int, number: int) -> None:
        """A sample has come."""
        self.came[number] = time.perf_counter_ns()
        self.sent[number] = stamp
        if number == len(self.came) - 1:
            self._done.set()

    def bulk(self, size: int) -> None:
        """So many bytes of the bulk stream have come."""
        self.marks.append((time.perf_counter_ns(), self.marks[-1][1] + size))

    def wait(self, seconds: float) -> None:
        """Wait for the last sample."""
        if not self._done.wait(seconds):
            raise TimeoutError(f"{(self.came == 0).sum()} of {len(self.came)} samples have not come in {seconds:g} s")

    def figures(self, begin: int, end: int) -> dict[str, float]:
        """Latency in ms of what was counted, lost samples, and MB/s of the bulk stream between two times in ns."""
        found: dict[str, float] = {}
        came = self.came > 0
        if came.any():
            delay = (self.came - self.sent)[came][WARM:] / 1e6
            found = {"p50": float(np.percentile(delay, 50)), "p99": float(np.percentile(delay, 99))}
            found |= {"most": float(delay.max()), "lost": int((~came).sum())}
        times, sizes = np.array(self.marks).T
        if len(times) > 1:
            moved = np.diff(np.interp([begin, end], times, sizes))[0]
            found["rate"] = float(moved / (end - begin) * 1e3)
        return found


def settle() -> None:
    """Keep imports out of garbage collections, as our command line does."""
    gc.collect()
    gc.freeze()


def say(what: Any) -> None:
    """One line for the bench."""
    print(json.dumps(what), flush=True)


def until_told() -> None:
    """Run until the bench closes our stdin."""
    sys.stdin.read()
