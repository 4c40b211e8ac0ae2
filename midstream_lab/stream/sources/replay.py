"""A recording as a stream source: at its own rate, faster or slower, with pause and resume."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr

from ...errors import InputError
from ...feed import SequenceSource
from ...feed.schema import Block, Source
from ..frames import moved
from .pacing import SLOT, Paced, Pacer, Speed

__all__ = ["Replay"]


class Replay(Paced):
    """Replays a sequence: a dataset, a file (``Replay(read("flow.csv"))``), a sound at its sampling rate, a recording.

    Parameters
    ----------
    x : DataArray, Dataset, array_like or Source
        What `midstream_lab.sequence` takes, and what `midstream_lab.read` returns. Missing rows stay missing: they are
        gaps of the stream. Or a `Source` that can wait and comes to an end, of which only a few rows are in memory at
        a time: a `Recording`, or a CSV file that is too large, as ``Lines("large.csv", follow=False, time="t")``.
    speed : float or "max", optional
        Multiple of the sequence's own rate; default 1. ``"max"`` sends as fast as the readers take it.
    loop : bool, optional
        Start again at the end, with rows and time counted on; default False.
    chunk : int, optional
        Most rows in a block; default 4,096.
    rate : float, optional
        Rows per second at speed 1, where time has no seconds: months, years, business days, a bare index.
    name : str, optional
        Default the name of the sequence.

    Raises
    ------
    InputError
        If the sequence has no seconds and neither `rate` nor ``speed="max"`` is given.

    Examples
    --------
    >>> import threading
    >>> replay = Replay([0.0, 0.5, 1.0], dt="1/360", speed="max")
    >>> [block.columns[0].tolist() for block in replay.blocks(threading.Event())]
    [[0.0, 0.5, 1.0]]
    """

    def __init__(
        self,
        x: Any,
        *,
        speed: Speed = 1.0,
        loop: bool = False,
        chunk: int | None = None,
        rate: float | None = None,
        name: str | None = None,
        dt: Any = None,
    ) -> None:
        self._pacer = Pacer(speed)
        self._source = _as_source(x, dt=dt, chunk=chunk)
        self.schema = self._source.schema
        own = getattr(x, "name", None)
        self.name = name or (own if isinstance(own, str) else None) or "sequence"
        self.loop = loop
        self._first = self._due_from = 0
        self._seconds = self._scale(rate)

    def __len__(self) -> int:
        return self._round[0]

    def seek(self, row: int, *, due: int | None = None) -> None:
        """Let the next run begin at `row` instead of at 0; with `due`, the rows before that one are sent at once."""
        if row < 0:
            raise InputError(f"a row is 0 or more, not {row}")
        self._first = row
        self._due_from = row if due is None else max(row, due)

    def blocks(self, stop: Any) -> Iterator[Block]:
        """Yield the rows when they are due, until they end or `stop` is set."""
        first, due = self._first, self._due_from
        self._first = self._due_from = 0
        # what a round of a loop adds to rows and ticks
        rows, ticks = self._round if self.loop else (0, 0)
        rounds = first // rows if rows else 0
        begun = False
        if first and not rounds and callable(seek := getattr(self._source, "seek", None)):
            seek(first)  # which saves reading what comes before
        while not stop.is_set() and (rounds == 0 or self.loop):
            for block in self._source.blocks(stop):
                block = moved(block, rows=rounds * rows, ticks=rounds * ticks)
                skip, early = _before(block, first), _before(block, due)
                if skip < early:
                    yield block.cut(skip, early, step=self.schema.time.step)
                if early == len(block):
                    continue
                if early:
                    block = block.cut(early, len(block), step=self.schema.time.step)
                if not begun:
                    begun = True
                    self._pacer.restart(self._time_of(block, 0))
                yield from self._when_due(block, stop)
                if stop.is_set():
                    return
            rounds += 1

    @cached_property
    def _round(self) -> tuple[int, int]:
        """Rows and ticks from the beginning of a round of a loop to that of the next."""
        rows, step, seen, begin, end = 0, self.schema.time.step, 0, 0, 0
        for block in self._source.blocks(threading.Event()):
            begin, end = begin if seen else block.start, block.end_tick(step)
            rows, seen = block.stop, seen + len(block)
        if not rows:
            raise InputError(f"{self.name!r} has no rows, which cannot be replayed")
        # irregular: from the first row to the last, and a mean interval more
        return rows, rows * step if step else end - begin + max(1, (end - begin) // max(1, seen - 1))

    def _when_due(self, block: Block, stop: threading.Event) -> Iterator[Block]:
        at, rows = 0, len(block)
        while at < rows and self._pacer.wait(self._time_of(block, at), stop):
            due = self._due(block, at)
            yield block.cut(at, due, step=self.schema.time.step)
            at = due

    def _due(self, block: Block, at: int) -> int:
        """Rows of the block whose time has come, at least one beyond `at`, or comes within the slot."""
        speed = self._pacer.speed
        if speed == "max":
            return len(block)
        now = self._pacer.position() + SLOT * speed
        if block.ticks is not None:
            due = int(np.searchsorted(block.ticks, now / self._seconds, side="right"))
        else:
            ahead = (now - self._time_of(block, 0)) / (self.schema.time.step * block.stride * self._seconds)
            due = math.floor(min(ahead, len(block))) + 1
        return min(max(due, at + 1), len(block))

    def _time_of(self, block: Block, row: int) -> float:
        """Source time of a row of the block, in seconds at speed 1."""
        if block.ticks is not None:
            return int(block.ticks[row]) * self._seconds
        return (block.start + row * block.stride * self.schema.time.step) * self._seconds

    def _scale(self, rate: float | None) -> float:
        """Seconds of one tick at speed 1."""
        time = self.schema.time
        if rate is not None:
            if not 0 < rate < float("inf"):
                raise InputError(f"rate must be a positive number of rows per second, not {rate!r}")
            if not time.regular:
                raise InputError("an irregular sequence has no rate; choose speed=")
            return 1.0 / (rate * time.step)
        if time.calendar or time.unit == "tick":
            if self.speed != "max":
                raise InputError(
                    f"the time of this sequence counts in {time.unit}s, which do not say how fast to replay it; "
                    f"give rate=... in rows per second, or speed='max'"
                )
            return 1.0
        return float(time.tick)


def _before(block: Block, row: int) -> int:
    """How many rows of the block come before `row`."""
    return min(max(0, -(-(row - block.first) // block.stride)), len(block))


def _as_source(x: Any, *, dt: Any, chunk: int | None) -> SequenceSource | Source:
    """A source of the rows that does not look at the clock."""
    if isinstance(x, (xr.DataArray, xr.Dataset)) or not isinstance(x, Source):
        return SequenceSource(x, dt=dt, **({} if chunk is None else {"chunk": chunk}))
    if x.live or dt is not None or chunk is not None:
        raise InputError(
            "only a source that can wait is replayed, with its own dt and blocks; serve a live one as it is"
        )
    return x
