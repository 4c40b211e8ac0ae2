"""Records what `sent` says until it is killed: a process for each kill, forked from one that has imported everything.

Run by test_record_kills.py, which gives a line of JSON for each process and gets a line when it is dead.
"""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.stream.storage import record, store
from midstream_lab.stream.storage.disk import Disk
from midstream_lab.timebase import TimeBase

CHUNK = 256
#: Of every so many rows the last ones never come.
PERIOD, LOST = 1000, 31
SCHEMAS = {
    "regular": Schema(
        channels=(Channel(name="x", unit="mV"), Channel(name="n", kind="int")),
        time=TimeBase.from_dt("1/360"),
    ),
    "irregular": Schema(
        channels=(Channel(name="x"), Channel(name="on", kind="bool"), Channel(name="word", kind="text")),
        time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0, epoch="2026-01-01"),
    ),
}


def numbers(begin: int, end: int) -> np.ndarray:
    """Sequence numbers of the rows that are sent as ``begin:end``."""
    at = np.arange(begin, end)
    return at + LOST * (at // (PERIOD - LOST))


def columns(rows: np.ndarray, schema: Schema) -> tuple[np.ndarray, ...]:
    """What the rows of these numbers hold."""
    made = {
        "float": np.sin(rows * 1.1),
        "int": rows * 7919,
        "bool": rows % 3 == 0,
        "text": np.array([f"ä{row}" for row in rows], object),
    }
    return tuple(made[channel.kind] for channel in schema.channels)


def ticks(rows: np.ndarray) -> np.ndarray:
    return rows * 1_000_003 + rows % 7


def blocks(begin: int, end: int, schema: Schema) -> list[Block]:
    """The rows sent as ``begin:end``, in unbroken blocks."""
    rows = numbers(begin, end)
    found = []
    for part in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        times = None if schema.time.regular else ticks(part)
        start = int(part[0]) if times is None else int(times[0])
        found.append(Block(first=int(part[0]), start=start, columns=columns(part, schema), ticks=times))
    return found


class Deadly(Disk):
    """A disk under which the process dies in the middle of a change."""

    def __init__(self, at: int, share: float) -> None:
        self.left = at
        self.share = share

    def write(self, handle: int, data: bytes) -> None:
        if self._due():
            super().write(handle, data[: int(len(data) * self.share)])
            die()
        super().write(handle, data)

    def sync(self, handle: int) -> None:
        if self._due():
            die()
        super().sync(handle)

    def replace(self, source: Path, target: Path) -> None:
        if self._due():
            if self.share < 0.5:
                super().replace(source, target)
            die()
        super().replace(source, target)

    def folder(self, path: Path) -> None:
        if self._due():
            die()
        super().folder(path)

    def _due(self) -> bool:
        self.left -= 1
        return self.left == 0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(job: dict[str, Any]) -> None:
    """Record from the row that is sent as number ``job["begin"]`` on; says in a file how many rows were written."""
    schema = SCHEMAS[job["schema"]]
    if job["at"]:
        store.Disk = lambda: Deadly(job["at"], job["share"])  # type: ignore[assignment, misc]
    with open(job["said"], "r+b") as file:
        said = mmap.mmap(file.fileno(), 8)
    rng = random.Random(job["seed"])
    feed = Feed(schema, window=4096)
    recorder = record(feed, job["path"], chunk=CHUNK, continues=True, sync_seconds=0.01)
    at = job["begin"]
    while True:
        size = rng.choice([1, 7, 60, 300])
        for block in blocks(at, at + size, schema):
            feed.wait_room(len(block))
            feed.append(block)
        at += size
        said[:8] = recorder.rows.to_bytes(8, "little")


def main() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            try:
                run(job)
            finally:
                os._exit(1)
        if not job["at"]:
            time.sleep(job["delay"])
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)


if __name__ == "__main__":
    main()
